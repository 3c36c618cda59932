/* SPDX-License-Identifier: MIT */
/* Deletions and purges, and their dry runs: these are worked out on a copy of the model. */
#include "fuzz/draw.h"

#include <string.h>

#define REQUESTS_MAX 6

/* ---- drawing ---- */

/* How long ago some key was used, to the millisecond: one more or less makes the difference. */
static int64_t draw_idle_time(struct run *run)
{
    const struct model *model = &run->world->model;
    const struct model_key *key = &model->keys[0];

    if (model->key_count > 0)
        key = &model->keys[input_pick(&run->input, (size_t)model->key_count)];
    return run->now - key->last_used_at;
}

static keyward_deletion draw_deletion(struct run *run)
{
    uint8_t byte = input_byte(&run->input);
    keyward_deletion deletion = {.reason =
                                     (enum keyward_reason)(byte < 240 ? byte % 6 : byte - 242)};

    if (byte >= 128)
        deletion.reason_text = draw_long_text(run);
    byte = input_byte(&run->input);
    if (byte >= 248)
        deletion.unless_used_within = input_number(&run->input);
    else if (byte >= 160)
        deletion.unless_used_within = draw_idle_time(run) + byte % 4 / 3;
    deletion.deleted_at = deletion.event = deletion.last_used_at =
        1234; /* for the library to set */
    return deletion;
}

static bool is_deletion(const keyward_actor *actor, const keyward_deletion *deletion)
{
    return deletion->reason <= KEYWARD_REASON_OTHER &&
           is_optional_text(deletion->reason_text, KEYWARD_LONG_TEXT_MAX) &&
           deletion->unless_used_within >= 0 &&
           (deletion->reason != KEYWARD_REASON_OTHER || deletion->reason_text || actor->reason);
}

/* ---- one deletion in the model ---- */

/* What the library fills in. */
struct outcome {
    enum keyward_status status;
    int64_t deleted_at, event, last_used_at;
};

static struct outcome delete_found(struct model *model, struct model_key *key,
                                   const keyward_actor *actor, const keyward_deletion *deletion,
                                   int64_t now)
{
    struct outcome outcome = {.status = KEYWARD_OK};

    if (key->deleted_event != 0) {
        outcome.status = KEYWARD_ALREADY_DELETED;
    } else if (deletion->unless_used_within > 0 && key->last_used_at != 0 &&
               now - key->last_used_at < deletion->unless_used_within) {
        outcome.status = KEYWARD_IN_USE;
        outcome.last_used_at = key->last_used_at;
        return outcome;
    } else {
        key->deleted_event =
            model_note(model, KEYWARD_KEY_DELETED, actor, key->repo_id, key->id, NULL, now);
        key->deleted_at = model_last_at(model);
        snprintf(key->deleted_by, sizeof key->deleted_by, "%s",
                 actor->user_id ? actor->user_id : "");
        key->holds_name = false;
    }
    outcome.deleted_at = key->deleted_at;
    outcome.event = key->deleted_event;
    return outcome;
}

static struct outcome delete_one(struct model *model, const keyward_actor *actor, const char *repo,
                                 const char *key_id, const keyward_deletion *deletion, int64_t now)
{
    struct outcome outcome = {.status = KEYWARD_OK};
    int number;

    if (!model_allows(model, actor, repo, KEYWARD_WRITER)) {
        model_note(model, KEYWARD_KEY_DELETE_DENIED, actor, repo, key_id, NULL, now);
        outcome.status = KEYWARD_FORBIDDEN;
        return outcome;
    }
    number = key_id ? model_find(model, repo, key_id) : -1;
    if (number < 0) {
        outcome.status = KEYWARD_NOT_FOUND;
        return outcome;
    }
    return delete_found(model, &model->keys[number], actor, deletion, now);
}

static void require_outcome(const keyward_deletion *deletion, const struct outcome *wanted)
{
    REQUIRE(deletion->deleted_at == wanted->deleted_at && deletion->event == wanted->event);
    REQUIRE(deletion->last_used_at == wanted->last_used_at);
}

static void call_delete_key(struct run *run)
{
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct key_name name = draw_key(run);
    keyward_deletion deletion = draw_deletion(run), none = {.reason = KEYWARD_REASON_NONE};
    bool is_plain = draw_seldom(run);
    const keyward_deletion *given = is_plain ? &none : &deletion;
    struct outcome wanted = {.status = KEYWARD_INVALID};

    if (store && is_actor(actor) && is_id(name.repo_id) && is_id(name.key_id) &&
        is_deletion(actor, given))
        wanted = delete_one(&run->world->model, actor, name.repo_id, name.key_id, given, run->now);
    settle(run, store,
           keyward_delete_key(store, actor, name.repo_id, name.key_id, is_plain ? NULL : &deletion),
           wanted.status);
    if (!is_plain)
        require_outcome(&deletion, &wanted);
}

/* ---- many ---- */

struct batch {
    keyward_delete_request requests[REQUESTS_MAX];
    struct outcome wanted[REQUESTS_MAX];
    size_t count;
};

static void draw_batch(struct run *run, struct batch *batch)
{
    const struct model *model = &run->world->model;

    batch->count = input_pick(&run->input, REQUESTS_MAX + 1);
    for (size_t i = 0; i < batch->count; i++) {
        keyward_delete_request *request = &batch->requests[i];
        struct key_name name = draw_key(run);
        uint8_t byte = input_byte(&run->input);
        *request = (keyward_delete_request){.repo_id = name.repo_id, .key_id = name.key_id};
        request->deletion = draw_deletion(run);
        if (byte < 128)
            continue;
        request->access_key = model->key_count > 0 && byte < 224
                                  ? model->keys[byte % model->key_count].access_key
                                  : draw_name(run);
        if (byte != 255)
            request->key_id = NULL;
        if (byte % 2 == 0)
            request->repo_id = NULL;
    }
}

static bool is_batch(const keyward_actor *actor, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const keyward_delete_request *request = &batch->requests[i];
        if ((request->key_id != NULL) == (request->access_key != NULL) ||
            (request->key_id && !(is_id(request->repo_id) && is_id(request->key_id))) ||
            !is_optional_text(request->repo_id, KEYWARD_ID_MAX) ||
            !is_optional_text(request->access_key, KEYWARD_ACCESS_KEY_MAX) ||
            !is_deletion(actor, &request->deletion))
            return false;
    }
    return batch->count > 0;
}

static struct outcome delete_request(struct model *model, const keyward_actor *actor,
                                     const keyward_delete_request *request, int64_t now)
{
    const struct model_key *key;
    int number;

    if (request->key_id)
        return delete_one(model, actor, request->repo_id, request->key_id, &request->deletion, now);
    number = model_find_access_key(model, request->access_key);
    key = number < 0 ? NULL : &model->keys[number];
    if (!key || (request->repo_id && strcmp(request->repo_id, key->repo_id) != 0))
        return delete_one(model, actor, request->repo_id, NULL, &request->deletion, now);
    return delete_one(model, actor, key->repo_id, key->id, &request->deletion, now);
}

/* The same on the model; each call is decided in turn. */
static void delete_batch(struct model *model, const keyward_actor *actor, struct batch *batch,
                         int64_t now)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->wanted[i] = delete_request(model, actor, &batch->requests[i], now);
}

static void require_batch(const struct batch *batch, enum keyward_status status)
{
    const struct outcome nothing = {.status = status};

    for (size_t i = 0; i < batch->count; i++) {
        const struct outcome *wanted = status == KEYWARD_OK ? &batch->wanted[i] : &nothing;
        REQUIRE(batch->requests[i].status == wanted->status);
        require_outcome(&batch->requests[i].deletion, wanted);
    }
}

static void call_delete_keys(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct batch batch;
    enum keyward_status wanted = KEYWARD_INVALID;

    draw_batch(run, &batch);
    if (store && is_actor(actor) && is_batch(actor, &batch)) {
        delete_batch(model, actor, &batch, run->now);
        wanted = KEYWARD_OK;
    }
    settle(run, store, keyward_delete_keys(store, actor, batch.requests, batch.count), wanted);
    require_batch(&batch, wanted);
}

/* ---- what a call wrote, or would write ---- */

static void require_changes(const struct run *run, const keyward_changes *changes,
                            const struct model *before, const struct model *after)
{
    size_t events = (size_t)(after->event_count - before->event_count), keys = 0;

    REQUIRE(changes->event_count == events);
    for (size_t i = 0; i < events; i++) {
        const struct model_event *wanted = &after->events[before->event_count + (int)i];
        REQUIRE(changes->events[i]->action == wanted->action);
        REQUIRE(changes->events[i]->sequence == before->event_count + (int64_t)i + 1);
        if (wanted->action != KEYWARD_KEY_DELETED && wanted->action != KEYWARD_KEY_PURGED)
            continue;
        REQUIRE(keys < changes->key_count && strcmp(changes->keys[keys]->id, wanted->key_id) == 0);
        if (after == &run->world->model)
            require_same_key(run, changes->keys[keys],
                             &after->keys[model_find(after, wanted->repo_id, wanted->key_id)]);
        keys++;
    }
    REQUIRE(changes->key_count == keys);
}

/* A copy of the model to free(), whose secrets stay the model's own. */
static struct model *copy_model(struct run *run)
{
    struct model *copy = malloc(sizeof *copy);

    REQUIRE(copy);
    return memcpy(copy, &run->world->model, sizeof *copy);
}

static void call_preview_delete_keys(struct run *run)
{
    struct model *model = &run->world->model, *after = copy_model(run);
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct batch batch;
    keyward_changes *changes = NULL, **out = draw_seldom(run) ? NULL : &changes;
    enum keyward_status wanted = KEYWARD_INVALID;

    draw_batch(run, &batch);
    if (store && is_actor(actor) && is_batch(actor, &batch) && out) {
        delete_batch(after, actor, &batch, run->now);
        wanted = KEYWARD_OK;
    }
    settle(run, store, keyward_preview_delete_keys(store, actor, batch.requests, batch.count, out),
           wanted);
    require_batch(&batch, wanted);
    REQUIRE((wanted == KEYWARD_OK) == (changes != NULL));
    if (changes)
        require_changes(run, changes, model, after);
    keyward_changes_free(&changes);
    free(after);
}

/* ---- all of a selection ---- */

struct selection_call {
    const keyward_actor *actor;
    keyward_selection selection;
    keyward_deletion deletion;
    struct outcome wanted;
    int64_t in_use;
};

static bool is_selected(const struct model_key *key, const keyward_selection *selection)
{
    return key->deleted_event == 0 &&
           (!selection->repo_id || strcmp(selection->repo_id, key->repo_id) == 0) &&
           (!selection->created_by || strcmp(selection->created_by, key->created_by) == 0);
}

/* In the order in which the library deletes: by repository, then by id. */
static struct model_key *next_selected(struct model *model, const keyward_selection *selection,
                                       const struct model_key *last)
{
    struct model_key *next = NULL;

    for (int i = 0; i < model->key_count; i++) {
        struct model_key *key = &model->keys[i];
        if (!is_selected(key, selection))
            continue;
        if (last && (strcmp(key->repo_id, last->repo_id) < 0 ||
                     (strcmp(key->repo_id, last->repo_id) == 0 && strcmp(key->id, last->id) <= 0)))
            continue;
        if (!next || strcmp(key->repo_id, next->repo_id) < 0 ||
            (strcmp(key->repo_id, next->repo_id) == 0 && strcmp(key->id, next->id) < 0))
            next = key;
    }
    return next;
}

static void delete_selection(struct model *model, struct selection_call *call, int64_t now)
{
    const keyward_selection *selection = &call->selection;
    struct model_key *key = NULL;

    call->wanted = (struct outcome){.status = KEYWARD_OK};
    if (!model_allows(model, call->actor, selection->repo_id, KEYWARD_WRITER)) {
        model_note(model, KEYWARD_KEY_DELETE_DENIED, call->actor, selection->repo_id, NULL,
                   selection->created_by, now);
        call->wanted.status = KEYWARD_FORBIDDEN;
        return;
    }
    while ((key = next_selected(model, selection, key))) {
        struct outcome outcome = delete_found(model, key, call->actor, &call->deletion, now);
        call->in_use += outcome.status == KEYWARD_IN_USE;
        if (outcome.status == KEYWARD_OK)
            call->wanted = outcome;
    }
}

static void draw_selection(struct run *run, struct selection_call *call)
{
    uint8_t byte = input_byte(&run->input);

    memset(call, 0, sizeof *call);
    if (byte < 192)
        call->selection.repo_id = draw_repo(run);
    if (byte % 2)
        call->selection.created_by = draw_user(run);
    call->deletion = draw_deletion(run);
}

static bool is_selection(const struct selection_call *call)
{
    const keyward_selection *selection = &call->selection;

    return is_actor(call->actor) && (selection->repo_id || selection->created_by) &&
           is_optional_text(selection->repo_id, KEYWARD_ID_MAX) &&
           is_optional_text(selection->created_by, KEYWARD_ID_MAX) &&
           is_deletion(call->actor, &call->deletion);
}

static void delete_all(struct run *run, bool is_preview)
{
    struct model *copy = copy_model(run), *real = &run->world->model;
    /* A dry run happens to the copy; otherwise that is what there was before. */
    struct model *before = is_preview ? real : copy, *model = is_preview ? copy : real;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct selection_call call;
    keyward_changes *changes = NULL, **out = draw_seldom(run) ? NULL : &changes;
    enum keyward_status got;

    draw_selection(run, &call);
    call.actor = actor;
    call.wanted.status = KEYWARD_INVALID;
    if (store && is_selection(&call) && (out || !is_preview))
        delete_selection(model, &call, run->now);
    got = (is_preview ? keyward_preview_delete_all_keys : keyward_delete_all_keys)(
        store, actor, &call.selection, &call.deletion, out);
    settle(run, store, got, call.wanted.status);
    require_outcome(&call.deletion, &call.wanted);
    REQUIRE((changes != NULL) == (call.wanted.status == KEYWARD_OK && out));
    if (changes) {
        require_changes(run, changes, before, model);
        REQUIRE(changes->in_use == call.in_use);
    }
    keyward_changes_free(&changes);
    free(copy);
}

static void call_delete_all_keys(struct run *run)
{
    delete_all(run, false);
}

static void call_preview_delete_all_keys(struct run *run)
{
    delete_all(run, true);
}

/* ---- purging ---- */

static enum keyward_status judge_purge(const struct model *model, const struct model_key *key,
                                       int64_t now)
{
    if (key->deleted_event == 0)
        return KEYWARD_NOT_DELETED;
    if (key->purged_event != 0)
        return KEYWARD_PURGED;
    return model->retention > 0 && now - key->deleted_at >= model->retention ? KEYWARD_OK
                                                                             : KEYWARD_RETAINED;
}

static enum keyward_status purge_one(struct model *model, const keyward_actor *actor,
                                     struct model_key *key, int64_t now)
{
    enum keyward_status status = judge_purge(model, key, now);

    if (status == KEYWARD_OK) {
        key->purged_event =
            model_note(model, KEYWARD_KEY_PURGED, actor, key->repo_id, key->id, NULL, now);
        key->purged_at = model_last_at(model);
    }
    return status;
}

static enum keyward_status purge(struct model *model, const keyward_actor *actor, const char *repo,
                                 const char *key_id, int64_t now)
{
    int number = key_id ? model_find(model, repo, key_id) : -1;

    if (!model_allows(model, actor, repo, KEYWARD_ADMIN)) {
        model_note(model, KEYWARD_KEY_PURGE_DENIED, actor, repo, key_id, NULL, now);
        return KEYWARD_FORBIDDEN;
    }
    if (key_id)
        return number < 0 ? KEYWARD_NOT_FOUND : purge_one(model, actor, &model->keys[number], now);
    if (model->retention == 0)
        return KEYWARD_RETAINED;
    for (int i = 0; i < model->key_count; i++)
        if (strcmp(model->keys[i].repo_id, repo) == 0)
            purge_one(model, actor, &model->keys[i], now);
    return KEYWARD_OK;
}

static void purge_keys(struct run *run, bool is_preview)
{
    struct model *copy = copy_model(run), *real = &run->world->model;
    /* A dry run happens to the copy; otherwise that is what there was before. */
    struct model *before = is_preview ? real : copy, *model = is_preview ? copy : real;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct key_name name = draw_key(run);
    keyward_changes *changes = NULL, **out = draw_seldom(run) ? NULL : &changes;
    enum keyward_status wanted = KEYWARD_INVALID, got;

    if (draw_seldom(run))
        name.key_id = NULL;
    if (store && is_actor(actor) && is_id(name.repo_id) &&
        is_optional_text(name.key_id, KEYWARD_ID_MAX) && (out || !is_preview))
        wanted = purge(model, actor, name.repo_id, name.key_id, run->now);
    got = (is_preview ? keyward_preview_purge_keys : keyward_purge_keys)(store, actor, name.repo_id,
                                                                         name.key_id, out);
    settle(run, store, got, wanted);
    REQUIRE((changes != NULL) == (wanted == KEYWARD_OK && out));
    if (changes)
        require_changes(run, changes, before, model);
    keyward_changes_free(&changes);
    free(copy);
}

static void call_purge_keys(struct run *run)
{
    purge_keys(run, false);
}

static void call_preview_purge_keys(struct run *run)
{
    purge_keys(run, true);
}

const struct api_call deletion_calls[] = {
    {"delete_key", call_delete_key},
    {"delete_key", call_delete_key},
    {"delete_keys", call_delete_keys},
    {"preview_delete_keys", call_preview_delete_keys},
    {"delete_all_keys", call_delete_all_keys},
    {"preview_delete_all_keys", call_preview_delete_all_keys},
    {"purge_keys", call_purge_keys},
    {"preview_purge_keys", call_preview_purge_keys},
    {NULL, NULL},
};
