/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "operations/keys.h"

static bool purge_is_valid(struct error *error, const struct key_purge *purge)
{
    return argument_is_actor(error, purge->actor) &&
           argument_is_id(error, "repo_id", purge->repo_id) &&
           argument_is_optional_text(error, "key_id", purge->key_id, KEYWARD_ID_MAX);
}

static enum keyward_status purge_keys(keyward *store, struct key_purge *purge, bool preview,
                                      keyward_changes **changes)
{
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (changes)
        *changes = NULL;
    if (status == KEYWARD_OK)
        status = arguments_status(purge_is_valid(error, purge) &&
                                  (!preview || argument_is_given(error, "changes", changes)));
    if (status == KEYWARD_OK)
        status = store_change(store, (struct change){key_purge, purge, &purge->changes, preview},
                              changes, error);
    if (status == KEYWARD_OK && purge->purged && !preview) /* the log may have the secrets still */
        database_empty_log(store->database);
    return call_end(error, status);
}

enum keyward_status keyward_purge_keys(keyward *store, const keyward_actor *actor,
                                       const char *repo_id, const char *key_id,
                                       keyward_changes **changes)
{
    struct key_purge purge = {.actor = actor, .repo_id = repo_id, .key_id = key_id};
    return purge_keys(store, &purge, false, changes);
}

enum keyward_status keyward_preview_purge_keys(keyward *store, const keyward_actor *actor,
                                               const char *repo_id, const char *key_id,
                                               keyward_changes **changes)
{
    struct key_purge purge = {.actor = actor, .repo_id = repo_id, .key_id = key_id};
    return purge_keys(store, &purge, true, changes);
}
