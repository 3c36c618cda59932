/* SPDX-License-Identifier: MIT */
/* The store itself: opening, master keys, check, copy, figures; and the passing of time. */
#include "fuzz/draw.h"

#include "fuzz/place.h"

#include <string.h>
#include <unistd.h>

static const char *path_of(const char *name)
{
    static char path[160];

    snprintf(path, sizeof path, "%s/%s", place_folder(), name);
    return path;
}

/* ---- opening ---- */

static void call_reopen(struct run *run)
{
    struct world *world = run->world;
    struct model *model = &world->model;
    uint8_t byte = input_byte(&run->input);
    keyward_options options;
    enum keyward_status wanted = KEYWARD_OK, got;

    model->retention = byte & 4 ? A_WHILE * (byte >> 4) : 0;
    options = world_options(run, model->master_key);
    options.names = (enum keyward_names)(byte % 3);
    options.access_key_prefix = byte & 8 ? "abcdefghij123456" : NULL;
    if (options.names == KEYWARD_NAMES_UNIQUE && !model->unique_names && model_has_twins(model))
        wanted = KEYWARD_NAME_TAKEN;
    keyward_close(&world->store);
    got = keyward_open(&world->store, world->path, &options);
    REQUIRE(got == wanted && keyward_last_error(NULL)->status == got);
    REQUIRE((world->store != NULL) == (got == KEYWARD_OK));
    if (got != KEYWARD_OK) {
        options.names = KEYWARD_NAMES_KEPT;
        REQUIRE(keyward_open(&world->store, world->path, &options) == KEYWARD_OK);
    } else if (options.names != KEYWARD_NAMES_KEPT) {
        model_set_unique(model, options.names == KEYWARD_NAMES_UNIQUE);
    }
    world->writes = 0;
}

static int no_master_key(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES])
{
    (void)context;
    (void)key;
    return 1;
}

/* Each of these must fail, and leave the file as it is. */
static void call_open_wrongly(struct run *run)
{
    static keyward *store;
    struct world *world = run->world;
    const char *path = world->path;
    keyward_options options = world_options(run, world->model.master_key);
    enum keyward_status wanted = KEYWARD_INVALID;

    switch (input_pick(&run->input, 16)) {
    case 0:
        options.version = input_byte(&run->input) + 2U;
        break;
    case 1:
        options.busy_timeout_ms = input_byte(&run->input) & 1 ? -1 : 3600001;
        break;
    case 2:
        options.durability = (enum keyward_durability)2;
        break;
    case 3:
        options.master_key = NULL;
        break;
    case 4:
        options.master_key_file = world->path; /* and the key besides */
        break;
    case 5:
        options.access_key_prefix = "";
        break;
    case 6:
        options.access_key_prefix = "With a capital";
        break;
    case 7:
        options.purge_retention = -1;
        break;
    case 8:
        options.names = (enum keyward_names)3;
        break;
    case 9:
        path = input_byte(&run->input) & 1 ? ":memory:" : "";
        break;
    case 10:
        path = NULL;
        break;
    case 11:
        options.master_key = NULL;
        options.master_key_callback = no_master_key;
        wanted = KEYWARD_NO_MASTER_KEY;
        break;
    case 12:
        options.master_key = NULL;
        options.master_key_file = world->path; /* which is no key */
        wanted = KEYWARD_NO_MASTER_KEY;
        break;
    case 13:
        options.master_key = master_key_number((world->model.master_key + 1) % MASTER_KEYS);
        wanted = KEYWARD_WRONG_MASTER_KEY;
        break;
    case 14:
        path = path_of("nowhere/keys.db");
        wanted = KEYWARD_NO_FOLDER;
        break;
    default:
        REQUIRE(keyward_open(&store, path, NULL) == KEYWARD_INVALID && !store);
        REQUIRE(keyward_open(NULL, path, &options) == KEYWARD_INVALID);
        return;
    }
    REQUIRE(keyward_open(&store, path, &options) == wanted && !store);
    REQUIRE(keyward_last_error(NULL)->status == wanted);
}

static void call_create_master_key_file(struct run *run)
{
    const char *path = path_of("master.key");
    keyward_options options = world_options(run, 0);
    keyward *store;

    REQUIRE(keyward_create_master_key_file(path) == KEYWARD_OK);
    REQUIRE(keyward_create_master_key_file(path) == KEYWARD_EXISTS);
    REQUIRE(keyward_create_master_key_file(draw_seldom(run) ? NULL : "") == KEYWARD_INVALID);
    options.master_key = NULL;
    options.master_key_file = path;
    REQUIRE(keyward_open(&store, run->world->path, &options) == KEYWARD_WRONG_MASTER_KEY);
    REQUIRE(keyward_last_error(NULL)->status == KEYWARD_WRONG_MASTER_KEY && !store);
    unlink(path);
}

/* ---- keys that seal ---- */

static int give_master_key(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES])
{
    memcpy(key, context, KEYWARD_MASTER_KEY_BYTES);
    return 0;
}

static void call_change_master_key(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    uint8_t byte = input_byte(&run->input);
    int number = byte % MASTER_KEYS;
    const unsigned char *bytes = master_key_number(number);
    keyward_master_key master_key = {.key = bytes};
    enum keyward_status wanted = KEYWARD_OK;

    if (byte >= 128)
        master_key = (keyward_master_key){.callback = byte >= 240 ? no_master_key : give_master_key,
                                          .callback_context = (void *)(uintptr_t)bytes};
    if (byte >= 250)
        master_key.key = bytes; /* and the callback besides */
    if (!store || !is_actor(actor) || byte >= 250)
        wanted = KEYWARD_INVALID;
    else if (!actor->is_host)
        wanted = KEYWARD_FORBIDDEN;
    else if (byte >= 240)
        wanted = KEYWARD_NO_MASTER_KEY;
    else if (number == model->master_key)
        wanted = KEYWARD_INVALID;
    if (wanted == KEYWARD_OK) {
        model_note(model, KEYWARD_MASTER_KEY_CHANGED, actor, NULL, NULL, NULL, run->now);
        model_note(model, KEYWARD_DATA_KEY_CREATED, actor, NULL, NULL, NULL, run->now);
        model->master_key = number;
        model->data_keys++;
    }
    settle(run, store, keyward_change_master_key(store, actor, byte == 255 ? NULL : &master_key),
           wanted);
}

static void call_create_data_key(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    enum keyward_status wanted = KEYWARD_OK;

    if (!store || !is_actor(actor)) {
        wanted = KEYWARD_INVALID;
    } else if (!actor->is_host) {
        wanted = KEYWARD_FORBIDDEN;
    } else {
        model_note(model, KEYWARD_DATA_KEY_CREATED, actor, NULL, NULL, NULL, run->now);
        model->data_keys++;
    }
    settle(run, store, keyward_create_data_key(store, actor), wanted);
}

/* ---- check and copy ---- */

static int stop(void *context, int64_t done, int64_t total)
{
    (void)context;
    REQUIRE(done >= 0 && total >= 0);
    return 1;
}

static void call_check(struct run *run)
{
    struct world *world = run->world;
    keyward *store = draw_store(run);
    const struct kept_checkpoint *kept = &world->checkpoints[0];
    uint8_t byte = input_byte(&run->input);
    keyward_check_options options = {.checkpoint = kept->text,
                                     .checkpoint_length = kept->text ? strlen(kept->text) : 0};
    keyward_report *report = NULL, **out = byte == 255 ? NULL : &report;
    enum keyward_status wanted = KEYWARD_OK;

    if (byte == 254) {
        options.checkpoint = NULL;
        options.checkpoint_length = 1;
    }
    if (byte >= 200 && byte < 250) {
        options.checkpoint = "not a checkpoint";
        options.checkpoint_length = 16;
        wanted = KEYWARD_CORRUPT; /* a finding like any other */
    }
    if (!store || byte >= 254)
        wanted = KEYWARD_INVALID;
    settle(run, store, keyward_check(store, &options, out), wanted);
    REQUIRE((wanted == KEYWARD_INVALID) == (report == NULL));
    if (report) {
        REQUIRE(report->findings_total == (wanted == KEYWARD_CORRUPT));
        REQUIRE(report->events_checked == world->model.event_count);
    }
    keyward_report_free(&report);
}

/* What was copied is the same store. */
static void require_copy(struct run *run, const char *path)
{
    const struct model *model = &run->world->model;
    keyward_options options = world_options(run, model->master_key);
    keyward_report *report = NULL;
    keyward *copy;

    REQUIRE(keyward_open(&copy, path, &options) == KEYWARD_OK);
    REQUIRE(keyward_check(copy, NULL, &report) == KEYWARD_OK);
    REQUIRE(report->keys_checked == model->key_count &&
            report->events_checked == model->event_count);
    keyward_report_free(&report);
    keyward_close(&copy);
}

static void call_backup(struct run *run)
{
    keyward *store = draw_store(run);
    uint8_t byte = input_byte(&run->input);
    const char *path = path_of("copy.db");
    keyward_backup_options options = {.progress = byte & 1 ? stop : NULL};
    enum keyward_status wanted = KEYWARD_OK;

    if (options.progress)
        wanted = KEYWARD_CANCELLED;
    if (byte >= 200) {
        path = byte & 2 ? run->world->path : path_of("nowhere/copy.db");
        wanted = byte & 2 ? KEYWARD_EXISTS : KEYWARD_NO_FOLDER;
    }
    if (byte >= 240)
        path = byte & 2 ? NULL : "";
    if (!store || byte >= 240)
        wanted = KEYWARD_INVALID;
    settle(run, store, keyward_backup(store, path, &options), wanted);
    if (wanted == KEYWARD_OK) {
        require_copy(run, path);
        place_remove_store(path);
    }
}

/* ---- figures ---- */

static bool is_first(const struct model *model, int grant, bool by_user)
{
    for (int i = 0; i < grant; i++)
        if (strcmp(by_user ? model->grants[i].user_id : model->grants[i].repo_id,
                   by_user ? model->grants[grant].user_id : model->grants[grant].repo_id) == 0)
            return false;
    return true;
}

static int64_t count_repositories(const struct model *model)
{
    int64_t count = 0;

    for (int i = 0; i < model->grant_count; i++)
        count += is_first(model, i, false);
    for (int i = 0; i < model->key_count; i++) {
        bool is_counted = false;
        for (int j = 0; j < model->grant_count; j++)
            is_counted =
                is_counted || strcmp(model->grants[j].repo_id, model->keys[i].repo_id) == 0;
        for (int j = 0; j < i; j++)
            is_counted = is_counted || strcmp(model->keys[j].repo_id, model->keys[i].repo_id) == 0;
        count += !is_counted;
    }
    return count;
}

static void require_stats(const struct run *run, const keyward_stats *stats)
{
    const struct model *model = &run->world->model;
    int64_t live = 0, expired = 0, purged = 0, users = 0;

    for (int i = 0; i < model->key_count; i++) {
        const struct model_key *key = &model->keys[i];
        live += key->deleted_event == 0;
        expired += key->deleted_event == 0 && model_has_expired(key, run->now);
        purged += key->purged_event != 0;
    }
    for (int i = 0; i < model->grant_count; i++)
        users += is_first(model, i, true);
    REQUIRE(stats->live_keys == live && stats->expired_keys == expired);
    REQUIRE(stats->deleted_keys == model->key_count - live && stats->purged_keys == purged);
    REQUIRE(stats->repositories == count_repositories(model) && stats->users == users);
    REQUIRE(stats->events == model->event_count && stats->last_event_at == model_last_at(model));
    REQUIRE(stats->first_event_at == (model->event_count > 0 ? model->events[0].at : 0));
    REQUIRE(stats->data_keys == model->data_keys && stats->unique_names == model->unique_names);
}

static void call_get_stats(struct run *run)
{
    keyward *store = draw_store(run);
    keyward_stats *stats = NULL, **out = draw_seldom(run) ? NULL : &stats;

    settle(run, store, keyward_get_stats(store, out), store && out ? KEYWARD_OK : KEYWARD_INVALID);
    REQUIRE((store && out) == (stats != NULL));
    if (stats)
        require_stats(run, stats);
    keyward_stats_free(&stats);
}

static void call_get_activity(struct run *run)
{
    const struct world *world = run->world;
    keyward *store = draw_store(run);
    keyward_activity *activity = NULL, **out = draw_seldom(run) ? NULL : &activity;

    settle(run, store, keyward_get_activity(store, out),
           store && out ? KEYWARD_OK : KEYWARD_INVALID);
    REQUIRE((store && out) == (activity != NULL));
    if (activity) /* of one thread, each call is a commit of its own */
        REQUIRE(activity->writes == world->writes && activity->commits == world->writes &&
                activity->commits_by_size[0] == world->writes);
    keyward_activity_free(&activity);
}

/* ---- words ---- */

static void call_texts(struct run *run)
{
    int number = (int)input_number(&run->input);

    REQUIRE(strlen(keyward_status_text((enum keyward_status)number)) > 0);
    REQUIRE(strlen(keyward_role_text((enum keyward_role)number)) > 0);
    REQUIRE(strlen(keyward_provider_text((enum keyward_provider)number)) > 0);
    REQUIRE(strlen(keyward_reason_text((enum keyward_reason)number)) > 0);
    REQUIRE(strlen(keyward_action_text((enum keyward_action)number)) > 0);
    REQUIRE(strcmp(keyward_version(), KEYWARD_VERSION) == 0);
}

/* ---- time ---- */

#define LATEST (KEYWARD_TIME_MAX + 1000)

/* Mostly on, sometimes back. */
static void call_wait(struct run *run)
{
    uint8_t byte = input_byte(&run->input);
    int64_t step = byte < 240   ? byte % 8 * A_WHILE
                   : byte < 248 ? KEYWARD_USE_PRECISION
                                : (248 - byte) * A_WHILE;

    run->now = byte == 255 ? LATEST : run->now + step;
    if (run->now < 0 || run->now > LATEST)
        run->now = LATEST;
}

static void call_switch(struct run *run)
{
    run_enter(run, run->world == &run->worlds[0]);
}

const struct api_call store_calls[] = {
    {"reopen", call_reopen},
    {"open_wrongly", call_open_wrongly},
    {"create_master_key_file", call_create_master_key_file},
    {"change_master_key", call_change_master_key},
    {"create_data_key", call_create_data_key},
    {"check", call_check},
    {"backup", call_backup},
    {"get_stats", call_get_stats},
    {"get_activity", call_get_activity},
    {"texts", call_texts},
    {"wait", call_wait},
    {"switch", call_switch},
    {NULL, NULL},
};
