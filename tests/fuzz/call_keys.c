/* SPDX-License-Identifier: MIT */
/* The life of keys but for their deletion. */
#include "fuzz/draw.h"

#include <string.h>

#define OVERLAP_MAX INT64_C(315576000000) /* ten years */

/* ---- creating and rotating ---- */

/* Takes over what the library made up: it must be new, and sort behind what was there. */
static struct model_key *add_key(struct run *run, const keyward_key *key,
                                 const keyward_secret *made, const struct sized_text *imported)
{
    struct model *model = &run->world->model;
    struct model_key *added = &model->keys[model->key_count];

    for (int i = 0; i < model->key_count; i++)
        REQUIRE(strcmp(model->keys[i].repo_id, key->repo_id) != 0 ||
                strcmp(model->keys[i].id, key->id) < 0);
    REQUIRE(model_find_access_key(model, key->access_key) < 0);
    REQUIRE(strlen(key->id) == KEYWARD_KEY_ID_LENGTH);
    memset(added, 0, sizeof *added);
    strcpy(added->id, key->id);
    strcpy(added->repo_id, key->repo_id);
    strcpy(added->access_key, key->access_key);
    added->is_generated = !imported->text;
    REQUIRE(added->is_generated == (made != NULL));
    added->secret_length = made ? made->length : imported->length;
    added->secret = calloc(1, added->secret_length + 1);
    REQUIRE(added->secret);
    memcpy(added->secret, made ? made->text : imported->text, added->secret_length);
    added->predecessor = added->successor = -1;
    model->key_count++;
    return added;
}

static void describe_key(struct run *run, struct model_key *key, const keyward_actor *actor,
                         const char *name, enum keyward_provider provider, int64_t expires_at)
{
    strcpy(key->name, name);
    snprintf(key->created_by, sizeof key->created_by, "%s", actor->user_id ? actor->user_id : "");
    key->provider = provider;
    key->created_at = model_last_at(&run->world->model);
    key->expires_at = expires_at;
    key->holds_name = run->world->model.unique_names;
}

static enum keyward_status wanted_of_creation(const struct run *run, const keyward_actor *actor,
                                              const char *repo, const keyward_new_key *new_key)
{
    const struct model *model = &run->world->model;

    if (!model_allows(model, actor, repo, KEYWARD_WRITER))
        return KEYWARD_FORBIDDEN;
    return model->unique_names && model_is_taken(model, repo, new_key->name) ? KEYWARD_NAME_TAKEN
                                                                             : KEYWARD_OK;
}

static void call_create_key(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    const char *repo = draw_repo(run);
    int provider = input_byte(&run->input);
    struct sized_text import = {.text = NULL};
    keyward_new_key new_key = {
        .name = draw_name(run),
        .provider = (enum keyward_provider)(provider < 250 ? provider % 5 : provider - 247)};
    keyward_key *key = NULL, **key_out = draw_seldom(run) ? NULL : &key;
    keyward_secret *secret = NULL, **secret_out = draw_seldom(run) ? NULL : &secret;
    enum keyward_status wanted = KEYWARD_INVALID, got;

    new_key.expires_at = draw_deadline(run);
    import = draw_secret(run);
    new_key.secret = import.text;
    new_key.secret_length = import.length;
    if (store && is_actor(actor) && is_id(repo) && is_text(new_key.name, KEYWARD_NAME_MAX) &&
        new_key.provider <= KEYWARD_AWS && is_deadline(run, new_key.expires_at) &&
        is_importable(&import) && key_out && (secret_out || import.text))
        wanted = wanted_of_creation(run, actor, repo, &new_key);
    got = keyward_create_key(store, actor, repo, &new_key, key_out, secret_out);
    require_status(store, got, wanted);
    REQUIRE((wanted == KEYWARD_OK) == (key != NULL) && (key || !secret));
    if (wanted == KEYWARD_OK)
        model_note(model, import.text ? KEYWARD_KEY_IMPORTED : KEYWARD_KEY_CREATED, actor, repo,
                   key->id, NULL, run->now);
    if (wanted == KEYWARD_FORBIDDEN)
        model_note(model, import.text ? KEYWARD_KEY_IMPORT_DENIED : KEYWARD_KEY_CREATE_DENIED,
                   actor, repo, NULL, NULL, run->now);
    if (key) {
        struct model_key *added = add_key(run, key, secret, &import);
        describe_key(run, added, actor, new_key.name, new_key.provider, new_key.expires_at);
        require_same_key(run, key, added);
    }
    settle(run, store, got, wanted);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    REQUIRE(!key && !secret);
}

static enum keyward_status wanted_of_rotation(const struct model *model, const keyward_actor *actor,
                                              struct key_name name)
{
    int number = model_find(model, name.repo_id, name.key_id);
    const struct model_key *old = number < 0 ? NULL : &model->keys[number];

    if (!model_allows(model, actor, name.repo_id, KEYWARD_WRITER))
        return KEYWARD_FORBIDDEN;
    if (!old)
        return KEYWARD_NOT_FOUND;
    if (old->deleted_event != 0)
        return KEYWARD_ALREADY_DELETED;
    if (model_has_live_successor(model, old))
        return KEYWARD_ALREADY_ROTATED;
    return model->unique_names && !old->holds_name && model_is_taken(model, name.repo_id, old->name)
               ? KEYWARD_NAME_TAKEN
               : KEYWARD_OK;
}

static void rotate(struct run *run, const keyward_actor *actor, struct model_key *old,
                   const keyward_rotation *rotation, const keyward_key *key,
                   const keyward_secret *secret, const struct sized_text *import)
{
    struct model *model = &run->world->model;
    int64_t overlap = rotation->overlap ? rotation->overlap : KEYWARD_OVERLAP_DEFAULT;
    int64_t deadline =
        run->now < KEYWARD_TIME_MAX - overlap ? run->now + overlap : KEYWARD_TIME_MAX;
    struct model_key *added;

    model_note(model, KEYWARD_KEY_ROTATED, actor, old->repo_id, old->id, NULL, run->now);
    model_note(model, import->text ? KEYWARD_KEY_IMPORTED : KEYWARD_KEY_CREATED, actor,
               old->repo_id, key->id, NULL, run->now);
    added = add_key(run, key, secret, import);
    describe_key(run, added, actor, old->name, old->provider, rotation->expires_at);
    if (old->expires_at == 0 || old->expires_at > deadline)
        old->expires_at = deadline;
    old->holds_name = false;
    old->successor = model->key_count - 1;
    added->predecessor = (int)(old - model->keys);
    require_same_key(run, key, added);
}

static void call_rotate_key(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct key_name name = draw_key(run);
    int overlap = input_byte(&run->input);
    keyward_rotation rotation = {.overlap = overlap < 128   ? 0
                                            : overlap < 250 ? (overlap % 16 - 2) * A_WHILE
                                                            : OVERLAP_MAX + overlap - 252};
    struct sized_text import;
    keyward_key *key = NULL, **key_out = draw_seldom(run) ? NULL : &key;
    keyward_secret *secret = NULL, **secret_out = draw_seldom(run) ? NULL : &secret;
    enum keyward_status wanted = KEYWARD_INVALID, got;

    rotation.expires_at = draw_deadline(run);
    import = draw_secret(run);
    rotation.secret = import.text;
    rotation.secret_length = import.length;
    if (store && is_actor(actor) && is_id(name.repo_id) && is_id(name.key_id) &&
        rotation.overlap >= 0 && rotation.overlap <= OVERLAP_MAX &&
        is_deadline(run, rotation.expires_at) && is_importable(&import) && key_out &&
        (secret_out || import.text))
        wanted = wanted_of_rotation(model, actor, name);
    got =
        keyward_rotate_key(store, actor, name.repo_id, name.key_id, &rotation, key_out, secret_out);
    require_status(store, got, wanted);
    REQUIRE((wanted == KEYWARD_OK) == (key != NULL));
    if (key)
        rotate(run, actor, &model->keys[model_find(model, name.repo_id, name.key_id)], &rotation,
               key, secret, &import);
    if (wanted == KEYWARD_FORBIDDEN)
        model_note(model, KEYWARD_KEY_ROTATE_DENIED, actor, name.repo_id, name.key_id, NULL,
                   run->now);
    settle(run, store, got, wanted);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}

/* ---- changing ---- */

/* The live key of this name whose actor may write. */
static enum keyward_status find_live(struct run *run, const keyward_actor *actor,
                                     struct key_name name, struct model_key **key)
{
    struct model *model = &run->world->model;
    int number = model_find(model, name.repo_id, name.key_id);

    *key = number < 0 ? NULL : &model->keys[number];
    if (!model_allows(model, actor, name.repo_id, KEYWARD_WRITER))
        return KEYWARD_FORBIDDEN;
    if (!*key)
        return KEYWARD_NOT_FOUND;
    return (*key)->deleted_event != 0 ? KEYWARD_ALREADY_DELETED : KEYWARD_OK;
}

static void call_rename_key(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct key_name name = draw_key(run);
    const char *new_name = draw_name(run);
    struct model_key *key = NULL;
    enum keyward_status wanted = KEYWARD_INVALID;

    if (store && is_actor(actor) && is_id(name.repo_id) && is_id(name.key_id) &&
        is_text(new_name, KEYWARD_NAME_MAX))
        wanted = find_live(run, actor, name, &key);
    if (wanted == KEYWARD_FORBIDDEN)
        model_note(model, KEYWARD_KEY_RENAME_DENIED, actor, name.repo_id, name.key_id, NULL,
                   run->now);
    if (wanted == KEYWARD_OK && strcmp(key->name, new_name) != 0) {
        if (model->unique_names && model_is_taken(model, name.repo_id, new_name)) {
            wanted = KEYWARD_NAME_TAKEN;
        } else {
            model_note(model, KEYWARD_KEY_RENAMED, actor, name.repo_id, name.key_id, NULL,
                       run->now);
            strcpy(key->name, new_name);
            key->holds_name = model->unique_names && !model_has_live_successor(model, key);
        }
    }
    settle(run, store, keyward_rename_key(store, actor, name.repo_id, name.key_id, new_name),
           wanted);
}

static void call_set_key_expiry(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct key_name name = draw_key(run);
    int64_t deadline = draw_deadline(run);
    struct model_key *key = NULL;
    enum keyward_status wanted = KEYWARD_INVALID;

    if (store && is_actor(actor) && is_id(name.repo_id) && is_id(name.key_id) &&
        is_deadline(run, deadline))
        wanted = find_live(run, actor, name, &key);
    if (wanted == KEYWARD_FORBIDDEN)
        model_note(model, KEYWARD_KEY_EXPIRY_DENIED, actor, name.repo_id, name.key_id, NULL,
                   run->now);
    if (wanted == KEYWARD_OK && key->expires_at != deadline) {
        model_note(model, KEYWARD_KEY_EXPIRY_SET, actor, name.repo_id, name.key_id, NULL, run->now);
        key->expires_at = deadline;
    }
    settle(run, store, keyward_set_key_expiry(store, actor, name.repo_id, name.key_id, deadline),
           wanted);
}

static enum keyward_status wanted_of_return(const struct model *model, const keyward_actor *actor,
                                            struct key_name name)
{
    int number = model_find(model, name.repo_id, name.key_id);
    const struct model_key *key = number < 0 ? NULL : &model->keys[number];

    if (!model_allows(model, actor, name.repo_id, KEYWARD_ADMIN))
        return KEYWARD_FORBIDDEN;
    if (!key)
        return KEYWARD_NOT_FOUND;
    if (key->deleted_event == 0)
        return KEYWARD_NOT_DELETED;
    if (key->purged_event != 0)
        return KEYWARD_PURGED;
    return model->unique_names && !model_has_live_successor(model, key) &&
                   model_is_taken(model, name.repo_id, key->name)
               ? KEYWARD_NAME_TAKEN
               : KEYWARD_OK;
}

static void call_restore_key(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct key_name name = draw_key(run);
    enum keyward_status wanted = KEYWARD_INVALID;

    if (store && is_actor(actor) && is_id(name.repo_id) && is_id(name.key_id))
        wanted = wanted_of_return(model, actor, name);
    if (wanted == KEYWARD_OK) {
        struct model_key *key = &model->keys[model_find(model, name.repo_id, name.key_id)];
        key->deleted_at = key->deleted_event = 0;
        key->deleted_by[0] = '\0';
        key->holds_name = model->unique_names && !model_has_live_successor(model, key);
    }
    if (wanted == KEYWARD_OK || wanted == KEYWARD_FORBIDDEN)
        model_note(model, wanted == KEYWARD_OK ? KEYWARD_KEY_RESTORED : KEYWARD_KEY_RESTORE_DENIED,
                   actor, name.repo_id, name.key_id, NULL, run->now);
    settle(run, store, keyward_restore_key(store, actor, name.repo_id, name.key_id), wanted);
}

/* ---- looking ---- */

static enum keyward_status wanted_of_revealing(const struct run *run, const keyward_actor *actor,
                                               struct key_name name)
{
    const struct model *model = &run->world->model;
    int number = model_find(model, name.repo_id, name.key_id);

    if (!model_allows(model, actor, name.repo_id, KEYWARD_ADMIN))
        return KEYWARD_FORBIDDEN;
    if (number < 0)
        return KEYWARD_NOT_FOUND;
    if (model->keys[number].deleted_event != 0)
        return KEYWARD_ALREADY_DELETED;
    return model_has_expired(&model->keys[number], run->now) ? KEYWARD_EXPIRED : KEYWARD_OK;
}

static void call_reveal_key(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct key_name name = draw_key(run);
    keyward_secret *secret = NULL, **out = draw_seldom(run) ? NULL : &secret;
    enum keyward_status wanted = KEYWARD_INVALID;

    if (store && is_actor(actor) && is_id(name.repo_id) && is_id(name.key_id) && out)
        wanted = wanted_of_revealing(run, actor, name);
    if (wanted != KEYWARD_INVALID && wanted != KEYWARD_NOT_FOUND)
        model_note(model, wanted == KEYWARD_OK ? KEYWARD_KEY_REVEALED : KEYWARD_KEY_REVEAL_DENIED,
                   actor, name.repo_id, name.key_id, NULL, run->now);
    settle(run, store, keyward_reveal_key(store, actor, name.repo_id, name.key_id, out), wanted);
    REQUIRE((wanted == KEYWARD_OK) == (secret != NULL));
    if (secret) {
        const struct model_key *key = &model->keys[model_find(model, name.repo_id, name.key_id)];
        REQUIRE(secret->length == key->secret_length &&
                memcmp(secret->text, key->secret, secret->length + 1) == 0);
    }
    keyward_secret_free(&secret);
}

static enum keyward_include draw_include(struct run *run)
{
    uint8_t byte = input_byte(&run->input);

    return (enum keyward_include)(byte < 250 ? byte % 3 : byte - 251);
}

static bool is_included(const struct model_key *key, enum keyward_include include)
{
    return include == KEYWARD_LIVE_AND_DELETED ||
           (key->deleted_event != 0) == (include == KEYWARD_DELETED);
}

static bool may_see(const struct model *model, const keyward_actor *actor, const char *repo,
                    enum keyward_include include)
{
    return model_allows(model, actor, repo,
                        include == KEYWARD_LIVE ? KEYWARD_READER : KEYWARD_ADMIN);
}

static void call_get_key(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    struct key_name name = draw_key(run);
    enum keyward_include include = draw_include(run);
    keyward_key *key = NULL, **out = draw_seldom(run) ? NULL : &key;
    enum keyward_status wanted = KEYWARD_INVALID;
    int number = -1;

    if (store && is_actor(actor) && is_id(name.repo_id) && is_id(name.key_id) &&
        include <= KEYWARD_LIVE_AND_DELETED && out) {
        number = model_find(model, name.repo_id, name.key_id);
        if (!may_see(model, actor, name.repo_id, include))
            wanted = KEYWARD_FORBIDDEN;
        else if (number < 0 || !is_included(&model->keys[number], include))
            wanted = KEYWARD_NOT_FOUND;
        else
            wanted = KEYWARD_OK;
    }
    settle(run, store, keyward_get_key(store, actor, name.repo_id, name.key_id, include, out),
           wanted);
    REQUIRE((wanted == KEYWARD_OK) == (key != NULL));
    if (key)
        require_same_key(run, key, &model->keys[number]);
    keyward_key_free(&key);
}

static void require_keys(const struct run *run, const char *repo, const keyward_key_query *query,
                         const keyward_key_list *list)
{
    const struct model *model = &run->world->model;
    size_t limit = query->limit ? (size_t)query->limit : KEYWARD_PAGE_DEFAULT, count = 0;
    bool more = false;

    for (int i = model->key_count - 1; i >= 0; i--) { /* in a repository, ids sort by creation */
        const struct model_key *key = &model->keys[i];
        if (strcmp(key->repo_id, repo) != 0 || !is_included(key, query->include) ||
            (query->before_key_id && strcmp(key->id, query->before_key_id) >= 0))
            continue;
        more = count == limit;
        if (more)
            break;
        REQUIRE(count < list->count);
        require_same_key(run, list->keys[count++], key);
    }
    REQUIRE(list->count == count && list->more == more);
}

static void call_list_keys(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    const char *repo = draw_repo(run);
    keyward_key_query query = {.include = draw_include(run),
                               .before_key_id = draw_seldom(run) ? draw_key(run).key_id : NULL,
                               .limit = draw_limit(run)};
    keyward_key_list *list = NULL, **out = draw_seldom(run) ? NULL : &list;
    enum keyward_status wanted = KEYWARD_INVALID;

    if (store && is_actor(actor) && is_id(repo) && query.include <= KEYWARD_LIVE_AND_DELETED &&
        is_optional_text(query.before_key_id, KEYWARD_ID_MAX) && is_limit(query.limit) && out)
        wanted = may_see(model, actor, repo, query.include) ? KEYWARD_OK : KEYWARD_FORBIDDEN;
    settle(run, store, keyward_list_keys(store, actor, repo, &query, out), wanted);
    REQUIRE((wanted == KEYWARD_OK) == (list != NULL));
    if (list)
        require_keys(run, repo, &query, list);
    keyward_key_list_free(&list);
}

/* ---- authentication ---- */

/* What a host's log says of a pair whose access key exists. */
static enum keyward_cause wanted_cause(const struct run *run, const struct model_key *key,
                                       const struct sized_text *secret)
{
    if (secret->is_mistyped)
        return KEYWARD_CAUSE_MALFORMED;
    if (key->purged_event != 0)
        return KEYWARD_CAUSE_PURGED;
    if (secret->length != key->secret_length ||
        memcmp(secret->text, key->secret, secret->length) != 0)
        return KEYWARD_CAUSE_WRONG_SECRET;
    if (key->deleted_event != 0)
        return KEYWARD_CAUSE_DELETED;
    return model_has_expired(key, run->now) ? KEYWARD_CAUSE_EXPIRED : KEYWARD_CAUSE_NONE;
}

static void note_use(const struct run *run, struct model_key *key, enum keyward_cause cause)
{
    if (cause == KEYWARD_CAUSE_NONE && run->now > key->last_used_at)
        key->last_used_at = run->now;
    if (cause != KEYWARD_CAUSE_DELETED && cause != KEYWARD_CAUSE_EXPIRED)
        return;
    key->refused_count++;
    if (key->refused_first_at == 0)
        key->refused_first_at = run->now;
    if (run->now > key->refused_last_at)
        key->refused_last_at = run->now;
}

static void require_identity(const keyward_identity *identity, const struct model_key *key)
{
    static const keyward_identity nobody;

    if (!key) {
        REQUIRE(memcmp(identity, &nobody, sizeof nobody) == 0);
        return;
    }
    REQUIRE(strcmp(identity->repo_id, key->repo_id) == 0 && strcmp(identity->key_id, key->id) == 0);
    REQUIRE(identity->provider == key->provider && identity->expires_at == key->expires_at);
}

static struct sized_text draw_secret_of(struct run *run, const struct model_key *key)
{
    uint8_t byte = input_byte(&run->input);

    if (key && byte < 200)
        return (struct sized_text){.text = key->secret, .length = key->secret_length};
    return draw_secret(run);
}

static void call_authenticate(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    uint8_t byte = input_byte(&run->input);
    struct model_key *key =
        model->key_count > 0 && byte < 224 ? &model->keys[byte % model->key_count] : NULL;
    const char *access_key = key ? key->access_key : draw_name(run);
    struct sized_text secret = draw_secret_of(run, key);
    keyward_identity identity = {.provider = KEYWARD_AWS},
                     *out = draw_seldom(run) ? NULL : &identity;
    enum keyward_cause cause = KEYWARD_CAUSE_NONE;
    enum keyward_status wanted = KEYWARD_INVALID;

    if (store && is_text(access_key, KEYWARD_ACCESS_KEY_MAX) &&
        is_sized_text(secret.text, secret.length, KEYWARD_SECRET_MAX) && out) {
        if (key)
            cause = wanted_cause(run, key, &secret);
        wanted = key && cause == KEYWARD_CAUSE_NONE ? KEYWARD_OK : KEYWARD_REFUSED;
        if (key)
            note_use(run, key, cause);
    }
    settle(run, store, keyward_authenticate(store, access_key, secret.text, secret.length, out),
           wanted);
    if (out)
        require_identity(out, wanted == KEYWARD_OK ? key : NULL);
    /* settle() has asked for more, so that the cause is gone: ask once more where it does no harm
     */
    if (wanted == KEYWARD_REFUSED && key && cause != KEYWARD_CAUSE_NONE) {
        REQUIRE(keyward_authenticate(store, access_key, secret.text, secret.length, out) ==
                KEYWARD_REFUSED);
        REQUIRE(keyward_last_error(store)->cause == cause);
        REQUIRE(keyward_last_error(store)->deleted_event ==
                (cause == KEYWARD_CAUSE_DELETED ? key->deleted_event : 0));
        note_use(run, key, cause);
    }
}

static void call_flush_uses(struct run *run)
{
    keyward *store = draw_store(run);

    settle(run, store, keyward_flush_uses(store), store ? KEYWARD_OK : KEYWARD_INVALID);
}

const struct api_call key_calls[] = {
    {"create_key", call_create_key},         {"create_key", call_create_key}, /* twice as often */
    {"rotate_key", call_rotate_key},         {"rename_key", call_rename_key},
    {"set_key_expiry", call_set_key_expiry}, {"restore_key", call_restore_key},
    {"reveal_key", call_reveal_key},         {"get_key", call_get_key},
    {"list_keys", call_list_keys},           {"authenticate", call_authenticate},
    {"flush_uses", call_flush_uses},         {NULL, NULL},
};
