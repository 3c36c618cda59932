/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "operations/keys.h"
#include "seal/secret.h"

enum keyward_status keyward_rename_key(keyward *store, const keyward_actor *actor,
                                       const char *repo_id, const char *key_id, const char *name)
{
    struct key_change change = {.actor = actor, .repo_id = repo_id, .key_id = key_id, .name = name};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK)
        status = arguments_status(argument_names_key(error, actor, repo_id, key_id) &&
                                  argument_is_text(error, "name", name, KEYWARD_NAME_MAX));
    if (status == KEYWARD_OK)
        status = store_write(store, key_rename, &change, error);
    if (status == KEYWARD_ALREADY_DELETED)
        error_note_deletion(error, change.found.deleted_at, change.found.deleted_event);
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

enum keyward_status keyward_set_key_expiry(keyward *store, const keyward_actor *actor,
                                           const char *repo_id, const char *key_id,
                                           int64_t expires_at)
{
    struct key_change change = {
        .actor = actor, .repo_id = repo_id, .key_id = key_id, .expires_at = expires_at};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK)
        status = arguments_status(
            argument_names_key(error, actor, repo_id, key_id) &&
            argument_is_deadline(error, "expires_at", expires_at, store_now(store)));
    if (status == KEYWARD_OK)
        status = store_write(store, key_expire, &change, error);
    if (status == KEYWARD_ALREADY_DELETED)
        error_note_deletion(error, change.found.deleted_at, change.found.deleted_event);
    return call_end(error, status);
}

enum keyward_status keyward_reveal_key(keyward *store, const keyward_actor *actor,
                                       const char *repo_id, const char *key_id,
                                       keyward_secret **secret)
{
    struct key_reveal reveal = {.actor = actor, .repo_id = repo_id, .key_id = key_id};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (secret)
        *secret = NULL;
    if (status == KEYWARD_OK)
        status = arguments_status(argument_names_key(error, actor, repo_id, key_id) &&
                                  argument_is_given(error, "secret", secret));
    if (status == KEYWARD_OK)
        status = store_write(store, key_reveal, &reveal, error);
    if (status == KEYWARD_OK)
        *secret = reveal.secret;
    else
        keyward_secret_free(&reveal.secret);
    if (status == KEYWARD_ALREADY_DELETED)
        error_note_deletion(error, reveal.deleted_at, reveal.deleted_event);
    if (status == KEYWARD_EXPIRED)
        error->detail.expired_at = reveal.expired_at;
    return call_end(error, status);
}
