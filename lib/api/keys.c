/* SPDX-License-Identifier: MIT */
#include "operations/keys.h"
#include "api/arguments.h"
#include "api/call.h"
#include "base/result.h"
#include "base/status.h"
#include "seal/secret.h"
#include "seal/token.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* What key_create needs besides the caller's words: made before the transaction, wiped after it. */
struct new_secret {
    char access_key[ACCESS_KEY_SIZE];
    keyward_secret *secret;
    unsigned char *sealed;
};

static enum keyward_status make_secret(const struct services *services, struct key_create *create,
                                       struct new_secret *made, struct error *error)
{
    unsigned char public_half[ACCESS_KEY_RANDOM_BYTES], private_half[SECRET_RANDOM_BYTES];
    const struct environment *environment = &services->environment;
    char text[SECRET_SIZE], *guarded;
    enum keyward_status status = KEYWARD_NOMEM;

    if (environment_random(environment, public_half, sizeof public_half) &&
        environment_random(environment, private_half, sizeof private_half) &&
        environment_random(environment, create->nonce, sizeof create->nonce) &&
        environment_random(environment, create->id_random, sizeof create->id_random)) {
        token_access_key(services->prefix, public_half, made->access_key);
        token_secret(services->prefix, private_half, text);
        made->secret = secret_new(strlen(text), &guarded);
        made->sealed = malloc(strlen(text) + SEAL_OVERHEAD);
        if (made->secret && made->sealed) {
            memcpy(guarded, text, strlen(text));
            status = KEYWARD_OK;
        }
    } else {
        status = error_set(error, KEYWARD_IO, "random: reported a failure");
    }
    create->access_key = made->access_key;
    create->secret = made->secret;
    create->sealed = made->sealed;
    sodium_memzero(private_half, sizeof private_half);
    sodium_memzero(text, sizeof text);
    return status;
}

static const char *keep(keyward_key *key, const char *text)
{
    return text ? result_copy(key, text, strlen(text)) : NULL;
}

/* The key as the caller gets it. All its memory is taken before the transaction, since nothing may
 * fail once the key is on the disk. */
struct key_box {
    keyward_key key;
    char id[UUID_TEXT_SIZE];
};

static keyward_key *box_key(const struct key_create *create)
{
    struct key_box *box = result_new(sizeof *box);
    keyward_key *key = box ? &box->key : NULL;

    if (!key)
        return NULL;
    key->id = box->id;
    key->repo_id = keep(key, create->repo_id);
    key->access_key = keep(key, create->access_key);
    key->name = keep(key, create->new_key->name);
    key->provider = create->new_key->provider;
    key->created_by = keep(key, create->actor->user_id);
    if (!key->repo_id || !key->access_key || !key->name ||
        (create->actor->user_id && !key->created_by))
        keyward_key_free(&key);
    return key;
}

static bool creation_is_valid(struct error *error, const struct key_create *create)
{
    return argument_is_actor(error, create->actor) &&
           argument_is_id(error, "repo_id", create->repo_id) &&
           argument_is_given(error, "new_key", create->new_key) &&
           argument_is_text(error, "new_key.name", create->new_key->name, KEYWARD_NAME_MAX) &&
           argument_is_known(error, "new_key.provider",
                             provider_is_valid(create->new_key->provider));
}

static enum keyward_status create_key(keyward *store, struct key_create *create, keyward_key **key,
                                      keyward_secret **secret, struct error *error)
{
    struct new_secret made = {.secret = NULL};
    keyward_key *boxed = NULL;
    enum keyward_status status = make_secret(&store->services, create, &made, error);

    if (status == KEYWARD_OK) {
        boxed = box_key(create);
        status = boxed ? store_write(store, key_create, create, error) : KEYWARD_NOMEM;
    }
    if (status == KEYWARD_OK) {
        memcpy(((struct key_box *)boxed)->id, create->id, sizeof create->id);
        boxed->created_at = create->created_at;
        *key = boxed;
        *secret = made.secret;
        boxed = NULL;
        made.secret = NULL;
    }
    keyward_key_free(&boxed);
    keyward_secret_free(&made.secret);
    free(made.sealed);
    return status;
}

enum keyward_status keyward_create_key(keyward *store, const keyward_actor *actor,
                                       const char *repo_id, const keyward_new_key *new_key,
                                       keyward_key **key, keyward_secret **secret)
{
    struct key_create create = {.actor = actor, .repo_id = repo_id, .new_key = new_key};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (key)
        *key = NULL;
    if (secret)
        *secret = NULL;
    if (status == KEYWARD_OK &&
        !(creation_is_valid(error, &create) && argument_is_given(error, "key", key) &&
          argument_is_given(error, "secret", secret)))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK)
        status = create_key(store, &create, key, secret, error);
    return call_end(error, status);
}

static bool key_is_named(struct error *error, const keyward_actor *actor, const char *repo_id,
                         const char *key_id)
{
    return argument_is_actor(error, actor) && argument_is_id(error, "repo_id", repo_id) &&
           argument_is_id(error, "key_id", key_id);
}

static bool include_is_known(struct error *error, enum keyward_include include)
{
    return argument_is_known(error, "include", (unsigned)include <= KEYWARD_LIVE_AND_DELETED);
}

enum keyward_status keyward_get_key(keyward *store, const keyward_actor *actor, const char *repo_id,
                                    const char *key_id, enum keyward_include include,
                                    keyward_key **key)
{
    struct key_get get = {.actor = actor, .repo_id = repo_id, .key_id = key_id, .include = include};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (key)
        *key = NULL;
    if (status == KEYWARD_OK &&
        !(key_is_named(error, actor, repo_id, key_id) && include_is_known(error, include) &&
          argument_is_given(error, "key", key)))
        status = KEYWARD_INVALID;
    if (status != KEYWARD_OK)
        return call_end(error, status);
    get.key = result_new(sizeof *get.key);
    status = get.key ? database_read(store->database, key_get, &get, error) : KEYWARD_NOMEM;
    if (status == KEYWARD_OK)
        *key = get.key;
    else
        keyward_key_free(&get.key);
    return call_end(error, status);
}

static bool list_is_valid(struct error *error, const struct key_list *list)
{
    return argument_is_actor(error, list->actor) &&
           argument_is_id(error, "repo_id", list->repo_id) &&
           include_is_known(error, list->query.include) &&
           argument_is_optional_text(error, "query.before_key_id", list->query.before_key_id,
                                     KEYWARD_ID_MAX) &&
           argument_is_limit(error, list->query.limit);
}

enum keyward_status keyward_list_keys(keyward *store, const keyward_actor *actor,
                                      const char *repo_id, const keyward_key_query *query,
                                      keyward_key_list **keys)
{
    struct key_list list = {.actor = actor, .repo_id = repo_id};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (keys)
        *keys = NULL;
    if (query)
        list.query = *query;
    if (status == KEYWARD_OK &&
        !(list_is_valid(error, &list) && argument_is_given(error, "keys", keys)))
        status = KEYWARD_INVALID;
    if (status != KEYWARD_OK)
        return call_end(error, status);
    list.query.limit = limit_or_default(list.query.limit);
    list.keys = result_new(sizeof *list.keys);
    status = list.keys ? database_read(store->database, key_list, &list, error) : KEYWARD_NOMEM;
    if (status == KEYWARD_OK)
        *keys = list.keys;
    else
        keyward_key_list_free(&list.keys);
    return call_end(error, status);
}

/* Tells when and by which event the key had been deleted. */
static void note_deletion(struct error *error, int64_t deleted_at, int64_t event)
{
    error->detail.deleted_at = deleted_at;
    error->detail.deleted_event = event;
}

enum keyward_status keyward_rename_key(keyward *store, const keyward_actor *actor,
                                       const char *repo_id, const char *key_id, const char *name)
{
    struct key_change change = {.actor = actor, .repo_id = repo_id, .key_id = key_id, .name = name};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK && !(key_is_named(error, actor, repo_id, key_id) &&
                                  argument_is_text(error, "name", name, KEYWARD_NAME_MAX)))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK)
        status = store_write(store, key_rename, &change, error);
    if (status == KEYWARD_ALREADY_DELETED)
        note_deletion(error, change.found.deleted_at, change.found.deleted_event);
    return call_end(error, status);
}

enum keyward_status keyward_restore_key(keyward *store, const keyward_actor *actor,
                                        const char *repo_id, const char *key_id)
{
    struct key_change change = {.actor = actor, .repo_id = repo_id, .key_id = key_id};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK && !key_is_named(error, actor, repo_id, key_id))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK)
        status = store_write(store, key_restore, &change, error);
    return call_end(error, status);
}

static bool deletion_is_valid(struct error *error, const keyward_actor *actor,
                              const keyward_deletion *deletion)
{
    if (!argument_is_known(error, "deletion.reason", reason_is_valid(deletion->reason)) ||
        !argument_is_optional_text(error, "deletion.reason_text", deletion->reason_text,
                                   KEYWARD_LONG_TEXT_MAX))
        return false;
    return deletion->reason != KEYWARD_REASON_OTHER || deletion->reason_text || actor->reason ||
           argument_is_wrong(error, "deletion.reason_text", "is needed for KEYWARD_REASON_OTHER");
}

/* Time and event are the library's word on KEYWARD_OK and KEYWARD_ALREADY_DELETED only. */
static void settle(keyward_deletion *deletion, enum keyward_status status)
{
    if (status != KEYWARD_OK && status != KEYWARD_ALREADY_DELETED)
        deletion->deleted_at = deletion->event = 0;
}

enum keyward_status keyward_delete_key(keyward *store, const keyward_actor *actor,
                                       const char *repo_id, const char *key_id,
                                       keyward_deletion *deletion)
{
    keyward_deletion without_reason = {.reason = KEYWARD_REASON_NONE};
    struct key_delete delete = {
        .actor = actor,
        .repo_id = repo_id,
        .key_id = key_id,
        .deletion = deletion ? deletion : &without_reason,
    };
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK && !(key_is_named(error, actor, repo_id, key_id) &&
                                  deletion_is_valid(error, actor, delete.deletion)))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK)
        status = store_write(store, key_delete, &delete, error);
    settle(delete.deletion, status);
    if (status == KEYWARD_ALREADY_DELETED)
        note_deletion(error, delete.deletion->deleted_at, delete.deletion->event);
    return call_end(error, status);
}

static bool request_is_valid(struct error *error, const keyward_actor *actor,
                             const keyward_delete_request *request)
{
    if ((request->key_id != NULL) == (request->access_key != NULL))
        return argument_is_wrong(error, "requests", "set exactly one of key_id and access_key");
    if (request->key_id && !(argument_is_id(error, "requests.repo_id", request->repo_id) &&
                             argument_is_id(error, "requests.key_id", request->key_id)))
        return false;
    return argument_is_optional_text(error, "requests.repo_id", request->repo_id, KEYWARD_ID_MAX) &&
           argument_is_optional_text(error, "requests.access_key", request->access_key,
                                     KEYWARD_ACCESS_KEY_MAX) &&
           deletion_is_valid(error, actor, &request->deletion);
}

static bool requests_are_valid(struct error *error, const struct key_delete_many *many)
{
    if (!argument_is_actor(error, many->actor) ||
        !argument_is_given(error, "requests", many->requests))
        return false;
    if (many->count == 0 || many->count > KEYWARD_BATCH_MAX)
        return argument_is_wrong(error, "count", "must be 1 to 65536");
    for (size_t i = 0; i < many->count; i++) {
        if (!request_is_valid(error, many->actor, &many->requests[i]))
            return false;
    }
    return true;
}

enum keyward_status keyward_delete_keys(keyward *store, const keyward_actor *actor,
                                        keyward_delete_request *requests, size_t count)
{
    struct key_delete_many many = {.actor = actor, .requests = requests, .count = count};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK && !requests_are_valid(error, &many))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK)
        status = store_write(store, key_delete_many, &many, error);
    for (size_t i = 0; requests && i < count && count <= KEYWARD_BATCH_MAX; i++) {
        if (status != KEYWARD_OK)
            requests[i].status = status;
        settle(&requests[i].deletion, requests[i].status);
    }
    return call_end(error, status);
}

void keyward_key_free(keyward_key **key)
{
    if (!key)
        return;
    result_free(*key);
    *key = NULL;
}

void keyward_key_list_free(keyward_key_list **keys)
{
    if (!keys)
        return;
    result_free(*keys);
    *keys = NULL;
}
