/* SPDX-License-Identifier: MIT */
#include "fuzz/world.h"

#include "fuzz/place.h"

#include <string.h>

/* ---- memory ---- */

void *run_piece(struct run *run, size_t size)
{
    void *piece = calloc(1, size > 0 ? size : 1);

    REQUIRE(piece && run->piece_count < RUN_PIECES);
    return run->pieces[run->piece_count++] = piece;
}

/* ---- what comes of a call ---- */

static const keyward_actor host = {.is_host = true};

static bool is_same(const char *text, const char *wanted)
{
    return text ? strcmp(text, wanted) == 0 : wanted[0] == '\0';
}

/* The log ends with what the model has appended. */
static void require_newest_event(struct run *run)
{
    const struct model *model = &run->world->model;
    const keyward_event_query query = {.limit = 1};
    keyward_event_list *events;

    REQUIRE(keyward_list_events(run->world->store, &host, &query, &events) == KEYWARD_OK);
    REQUIRE(events->count == (model->event_count > 0));
    if (events->count > 0) {
        const keyward_event *event = events->events[0];
        const struct model_event *wanted = &model->events[model->event_count - 1];
        REQUIRE(event->sequence == model->event_count && event->action == wanted->action);
        REQUIRE(event->at == wanted->at && is_same(event->actor_id, wanted->actor_id));
        REQUIRE(is_same(event->repo_id, wanted->repo_id));
        REQUIRE(is_same(event->key_id, wanted->key_id));
        REQUIRE(is_same(event->user_id, wanted->user_id));
    }
    keyward_event_list_free(&events);
}

/* No secret stands in what is said to an operator. */
static void require_no_secret(const struct run *run, const char *text)
{
    const struct model *model = &run->world->model;

    for (int i = 0; i < model->key_count; i++)
        REQUIRE(!model->keys[i].is_generated || !strstr(text, model->keys[i].secret));
}

void require_status(const keyward *store, enum keyward_status got, enum keyward_status wanted)
{
    if (got != wanted)
        fprintf(stderr, "got %d (%s), wanted %d (%s)\n", (int)got,
                keyward_last_error(store)->message, (int)wanted, keyward_status_text(wanted));
    REQUIRE(got == wanted);
}

void settle(struct run *run, const keyward *store, enum keyward_status got,
            enum keyward_status wanted)
{
    const keyward_error *error = keyward_last_error(store);

    require_status(store, got, wanted);
    REQUIRE(error->status == got && error->message && !strchr(error->message, '\n'));
    require_no_secret(run, error->message);
    if (run->world->model.event_count > run->events_before)
        run->world->writes++;
    require_newest_event(run);
}

void require_same_key(const struct run *run, const keyward_key *key, const struct model_key *wanted)
{
    const struct model *model = &run->world->model;

    REQUIRE(strcmp(key->id, wanted->id) == 0 && strcmp(key->repo_id, wanted->repo_id) == 0);
    REQUIRE(strcmp(key->access_key, wanted->access_key) == 0);
    REQUIRE(strcmp(key->name, wanted->name) == 0 && key->provider == wanted->provider);
    REQUIRE(key->created_at == wanted->created_at && is_same(key->created_by, wanted->created_by));
    REQUIRE(key->deleted_at == wanted->deleted_at && is_same(key->deleted_by, wanted->deleted_by));
    REQUIRE(key->deleted_event == wanted->deleted_event && key->expires_at == wanted->expires_at);
    REQUIRE(key->expired == model_has_expired(wanted, run->now));
    REQUIRE(is_same(key->predecessor_id,
                    wanted->predecessor < 0 ? "" : model->keys[wanted->predecessor].id));
    REQUIRE(
        is_same(key->successor_id, wanted->successor < 0 ? "" : model->keys[wanted->successor].id));
    REQUIRE(key->last_used_at == wanted->last_used_at);
    REQUIRE(key->refused_count == wanted->refused_count &&
            key->refused_first_at == wanted->refused_first_at &&
            key->refused_last_at == wanted->refused_last_at);
    REQUIRE(key->purged_at == wanted->purged_at && key->purged_event == wanted->purged_event);
}

/* ---- beginning and end ---- */

static int64_t tell_time(void *context)
{
    return ((const struct run *)context)->now;
}

const unsigned char *master_key_number(int number)
{
    static const unsigned char keys[MASTER_KEYS][KEYWARD_MASTER_KEY_BYTES + 1] = {
        "0123456789abcdef0123456789abcdef",
        "the second one of thirty-two lett",
        "the third one, of as many letters",
    };
    return keys[number];
}

keyward_options world_options(struct run *run, int master_key)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;

    options.master_key = master_key_number(master_key);
    options.durability = KEYWARD_SURVIVES_CRASH; /* the flush itself is nothing to a fuzzer */
    options.clock = tell_time;
    options.clock_context = run;
    options.purge_retention = run->world->model.retention;
    return options;
}

/* A new store, copied for each run: to make one takes ten times as long. */
static void copy_template(struct run *run, const char *path)
{
    static unsigned char *bytes;
    static size_t length;
    keyward_options options = world_options(run, 0);
    keyward *store;

    if (!bytes) {
        REQUIRE(keyward_open(&store, path, &options) == KEYWARD_OK);
        keyward_close(&store);
        bytes = place_read(path, &length);
        place_remove_store(path);
    }
    place_write(path, bytes, length);
}

void run_enter(struct run *run, int number)
{
    struct world *world = run->world = &run->worlds[number];
    keyward_options options;

    if (world->store)
        return;
    snprintf(world->path, sizeof world->path, "%s/%d.db", place_folder(), number);
    world->model.data_keys = 1;
    world->model.retention = number == 0 ? 5000 : 0;
    copy_template(run, world->path);
    options = world_options(run, 0);
    REQUIRE(keyward_open(&world->store, world->path, &options) == KEYWARD_OK);
}

/* The check takes as long as all else together, so that it is for one input in four. */
void run_begin(struct run *run, const uint8_t *data, size_t size)
{
    uint8_t sum = 0;

    memset(run, 0, sizeof *run);
    run->input = (struct input){data, size};
    run->now = INT64_C(1700000000000);
    for (size_t i = 0; i < size; i++)
        sum ^= data[i];
    run->is_checked = sum % 4 == 0;
    place_seed(1);
    run_enter(run, 0);
}

static void require_sound(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward_report *report;

    REQUIRE(keyward_check(run->world->store, NULL, &report) == KEYWARD_OK);
    REQUIRE(report->keys_checked == model->key_count);
    REQUIRE(report->events_checked == model->event_count && report->findings_total == 0);
    keyward_report_free(&report);
}

/* Every key, by itself: what it is, and whether it opens. */
static void require_keys(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward *store = run->world->store;

    for (int i = 0; i < model->key_count; i++) {
        const struct model_key *wanted = &model->keys[i];
        bool opens = wanted->deleted_event == 0 && !model_has_expired(wanted, run->now);
        keyward_identity identity;
        keyward_key *key;
        REQUIRE(keyward_get_key(store, &host, wanted->repo_id, wanted->id, KEYWARD_LIVE_AND_DELETED,
                                &key) == KEYWARD_OK);
        require_same_key(run, key, wanted);
        keyward_key_free(&key);
        REQUIRE(keyward_authenticate(store, wanted->access_key, wanted->secret,
                                     wanted->secret_length,
                                     &identity) == (opens ? KEYWARD_OK : KEYWARD_REFUSED));
    }
}

void run_end(struct run *run)
{
    for (int i = 0; i < WORLDS; i++) {
        struct world *world = run->world = &run->worlds[i];
        if (!world->store)
            continue;
        require_keys(run);
        if (run->is_checked)
            require_sound(run);
        keyward_close(&world->store);
        place_remove_store(world->path);
        model_release(&world->model);
    }
    for (int i = 0; i < run->piece_count; i++)
        free(run->pieces[i]);
}
