/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "base/status.h"
#include "operations/keys.h"

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

    if (status == KEYWARD_OK && !(argument_names_key(error, actor, repo_id, key_id) &&
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

    if (status == KEYWARD_OK && !argument_names_key(error, actor, repo_id, key_id))
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

    if (status == KEYWARD_OK && !(argument_names_key(error, actor, repo_id, key_id) &&
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
