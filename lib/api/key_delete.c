/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "base/status.h"
#include "operations/keys.h"

static bool deletion_is_valid(struct error *error, const keyward_actor *actor,
                              const keyward_deletion *deletion)
{
    if (!argument_is_known(error, "deletion.reason", reason_is_valid(deletion->reason)) ||
        !argument_is_optional_text(error, "deletion.reason_text", deletion->reason_text,
                                   KEYWARD_LONG_TEXT_MAX))
        return false;
    if (deletion->unless_used_within < 0)
        return argument_is_wrong(error, "deletion.unless_used_within", "must not be negative");
    if (deletion->reason == KEYWARD_REASON_OTHER && !deletion->reason_text && !actor->reason)
        return argument_is_wrong(error, "deletion.reason_text",
                                 "is needed for KEYWARD_REASON_OTHER");
    return true;
}

/* What is the library's word on some statuses only. */
static void settle_deletion(keyward_deletion *deletion, enum keyward_status status)
{
    if (status != KEYWARD_OK && status != KEYWARD_ALREADY_DELETED)
        deletion->deleted_at = deletion->event = 0;
    if (status != KEYWARD_IN_USE)
        deletion->last_used_at = 0;
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

    if (status == KEYWARD_OK)
        status = arguments_status(argument_names_key(error, actor, repo_id, key_id) &&
                                  deletion_is_valid(error, actor, delete.deletion));
    if (status == KEYWARD_OK)
        status = store_write(store, key_delete, &delete, error);
    settle_deletion(delete.deletion, status);
    if (status == KEYWARD_ALREADY_DELETED)
        error_note_deletion(error, delete.deletion->deleted_at, delete.deletion->event);
    if (status == KEYWARD_IN_USE)
        error->detail.last_used_at = delete.deletion->last_used_at;
    return call_end(error, status);
}

static bool request_is_valid(struct error *error, const keyward_actor *actor,
                             const keyward_delete_request *request)
{
    if ((request->key_id != NULL) == (request->access_key != NULL))
        return argument_is_wrong(error, "requests", "set exactly one of key_id and access_key");
    if (request->key_id && (!argument_is_id(error, "requests.repo_id", request->repo_id) ||
                            !argument_is_id(error, "requests.key_id", request->key_id)))
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

static void settle_requests(keyward_delete_request *requests, size_t count,
                            enum keyward_status status)
{
    for (size_t i = 0; requests && i < count && count <= KEYWARD_BATCH_MAX; i++) {
        if (status != KEYWARD_OK)
            requests[i].status = status;
        settle_deletion(&requests[i].deletion, requests[i].status);
    }
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
    settle_requests(requests, count, status);
    return call_end(error, status);
}

enum keyward_status keyward_preview_delete_keys(keyward *store, const keyward_actor *actor,
                                                keyward_delete_request *requests, size_t count,
                                                keyward_changes **changes)
{
    struct key_delete_many many = {.actor = actor, .requests = requests, .count = count};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (changes)
        *changes = NULL;
    if (status == KEYWARD_OK)
        status = arguments_status(requests_are_valid(error, &many) &&
                                  argument_is_given(error, "changes", changes));
    if (status == KEYWARD_OK)
        status = store_change(store, (struct change){key_delete_many, &many, &many.changes, true},
                              changes, error);
    settle_requests(requests, count, status);
    return call_end(error, status);
}

/* ---- all of a selection ---- */

static bool selection_is_valid(struct error *error, const struct key_delete_all *all)
{
    const keyward_selection *selection = all->selection;

    if (!argument_is_actor(error, all->actor) ||
        !argument_is_given(error, "selection", selection) ||
        !argument_is_optional_text(error, "selection.repo_id", selection->repo_id,
                                   KEYWARD_ID_MAX) ||
        !argument_is_optional_text(error, "selection.created_by", selection->created_by,
                                   KEYWARD_ID_MAX))
        return false;
    if (!selection->repo_id && !selection->created_by)
        return argument_is_wrong(error, "selection", "set repo_id, created_by or both");
    return deletion_is_valid(error, all->actor, all->deletion);
}

static enum keyward_status delete_all(keyward *store, struct key_delete_all all, bool preview,
                                      keyward_changes **changes)
{
    keyward_deletion without_reason = {.reason = KEYWARD_REASON_NONE};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (changes)
        *changes = NULL;
    if (!all.deletion)
        all.deletion = &without_reason;
    if (status == KEYWARD_OK)
        status = arguments_status(selection_is_valid(error, &all) &&
                                  (!preview || argument_is_given(error, "changes", changes)));
    if (status == KEYWARD_OK)
        status = store_change(store, (struct change){key_delete_all, &all, &all.changes, preview},
                              changes, error);
    settle_deletion(all.deletion, status);
    return call_end(error, status);
}

enum keyward_status keyward_delete_all_keys(keyward *store, const keyward_actor *actor,
                                            const keyward_selection *selection,
                                            keyward_deletion *deletion, keyward_changes **changes)
{
    struct key_delete_all all = {.actor = actor, .selection = selection, .deletion = deletion};
    return delete_all(store, all, false, changes);
}

enum keyward_status keyward_preview_delete_all_keys(keyward *store, const keyward_actor *actor,
                                                    const keyward_selection *selection,
                                                    keyward_deletion *deletion,
                                                    keyward_changes **changes)
{
    struct key_delete_all all = {.actor = actor, .selection = selection, .deletion = deletion};
    return delete_all(store, all, true, changes);
}
