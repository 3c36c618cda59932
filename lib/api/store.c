/* SPDX-License-Identifier: MIT */
#include "api/store.h"
#include "api/arguments.h"
#include "api/call.h"
#include "connection/engine.h"
#include "operations/audit_tree.h"
#include "operations/changes.h"
#include "operations/data_keys.h"
#include "operations/names.h"
#include "operations/use_keep.h"
#include "operations/uses.h"
#include "seal/sodium_check.h"
#include "seal/token.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_TIMEOUT_MAX 3600000 /* ms: an hour */
#define TILES_IN_A_BATCH 64      /* 16,384 events */

enum keyward_status store_check(const keyward *store, struct error *error)
{
    if (!argument_is_given(error, "store", store))
        return KEYWARD_INVALID;
    return fork_guard_is_ours(&store->fork_guard) ? KEYWARD_OK : KEYWARD_FORKED;
}

enum keyward_status store_write(keyward *store, operation run, void *request, struct error *error)
{
    int64_t newest_event;
    enum keyward_status status =
        database_write(store->database, run, request, &newest_event, error);

    if (newest_event > 0 && store->after_commit) {
        struct error kept = *error; /* the callback may call the library, which starts it anew */
        store->after_commit(store->after_commit_context, store, newest_event);
        *error = kept;
    }
    return status;
}

int64_t store_now(const keyward *store)
{
    return environment_now(&store->services.environment);
}

enum keyward_status store_change(keyward *store, struct change change, keyward_changes **changes,
                                 struct error *error)
{
    enum keyward_status status;

    if (changes) {
        *change.collected = changes_new();
        if (!*change.collected)
            return KEYWARD_NOMEM;
    }
    status = change.preview ? database_rehearse(store->database, change.run, change.request, error)
                            : store_write(store, change.run, change.request, error);
    if (status == KEYWARD_OK && changes)
        *changes = *change.collected;
    else
        keyward_changes_free(change.collected);
    return status;
}

static bool one_master_key(struct error *error, const keyward_options *options)
{
    int given = (options->master_key != NULL) + (options->master_key_file != NULL) +
                (options->master_key_callback != NULL);

    return argument_must(error, "options.master_key", given == 1,
                         "set exactly one of master_key, master_key_file and master_key_callback");
}

static bool options_are_valid(struct error *error, const keyward_options *options)
{
    if (!argument_is_given(error, "options", options))
        return false;
    if (options->version != KEYWARD_OPTIONS_VERSION)
        return argument_is_wrong(error, "options.version",
                                 "is not known; start from KEYWARD_OPTIONS_INIT");
    if (options->busy_timeout_ms < 0 || options->busy_timeout_ms > BUSY_TIMEOUT_MAX)
        return argument_is_wrong(error, "options.busy_timeout_ms", "must be 0 to 3600000");
    if (options->access_key_prefix && !token_prefix_is_valid(options->access_key_prefix))
        return argument_is_wrong(error, "options.access_key_prefix",
                                 "must be 1 to 16 of a-z and 0-9");
    if (options->purge_retention < 0)
        return argument_is_wrong(error, "options.purge_retention", "must not be negative");
    return argument_is_known(error, "options.durability",
                             (unsigned)options->durability <= KEYWARD_SURVIVES_CRASH) &&
           argument_is_known(error, "options.names",
                             (unsigned)options->names <= KEYWARD_NAMES_FREE) &&
           one_master_key(error, options);
}

static keyward *store_new(const keyward_options *options)
{
    const char *prefix =
        options->access_key_prefix ? options->access_key_prefix : TOKEN_PREFIX_DEFAULT;
    keyward *store = calloc(1, sizeof *store);

    if (!store)
        return NULL;
    if (!fork_guard_init(&store->fork_guard)) {
        free(store);
        return NULL;
    }
    store->verified = verified_new();
    store->services.uses = uses_new();
    if (!keyring_init(&store->services.keyring) || !store->verified || !store->services.uses) {
        keyward_close(&store);
        return NULL;
    }
    randombytes_buf(&store->stamp, sizeof store->stamp);
    environment_init(&store->services.environment, options);
    strcpy(store->services.prefix, prefix);
    store->services.purge_retention = options->purge_retention;
    store->after_commit = options->after_commit;
    store->after_commit_context = options->after_commit_context;
    return store;
}

/* Opens the data keys before anything of an existing store is touched, so that a wrong master key
 * changes nothing; a new store gets its first one. */
static enum keyward_status unlock(keyward *store, struct error *error)
{
    enum keyward_status status = KEYWARD_NOT_FOUND;
    int64_t newest_event;

    if (!database_is_new(store->database))
        status = database_read(store->database, data_keys_load, NULL, error);
    if (status == KEYWARD_OK || status == KEYWARD_NOT_FOUND) {
        enum keyward_status upgraded = database_upgrade(store->database, error);
        if (upgraded != KEYWARD_OK)
            return upgraded;
    }
    if (status == KEYWARD_NOT_FOUND) {
        status = database_write(store->database, data_keys_create, NULL, &newest_event, error);
        if (status == KEYWARD_OK)
            status = database_read(store->database, data_keys_load, NULL, error);
    }
    return status;
}

static enum keyward_status settle_names(keyward *store, enum keyward_names names,
                                        struct error *error)
{
    int64_t newest_event;

    if (names == KEYWARD_NAMES_KEPT)
        return KEYWARD_OK;
    return database_write(store->database, names_set, &names, &newest_event, error);
}

/* Who is interrupted has done a part of it, and whoever writes later goes on with it. */
enum keyward_status store_catch_up(keyward *store, struct error *error)
{
    struct tree_catch_up work = {.tiles = TILES_IN_A_BATCH};
    int64_t newest_event;
    bool behind = false;
    enum keyward_status status = database_read(store->database, tree_is_behind, &behind, error);

    while (status == KEYWARD_OK && behind) {
        status = database_write(store->database, tree_catch_up, &work, &newest_event, error);
        behind = !work.complete;
    }
    return status;
}

static enum keyward_status open_store(keyward *store, const char *path,
                                      const keyward_options *options, struct error *error)
{
    const struct connection_options connection = {
        .path = path,
        .busy_timeout_ms = options->busy_timeout_ms,
        .durability = options->durability,
    };
    const keyward_master_key source = {options->master_key, options->master_key_file,
                                       options->master_key_callback, options->master_key_context};
    const struct companion companion = use_companion(store->services.uses);
    struct keyring *keyring = &store->services.keyring;
    struct error unheard = {.store_stamp = 0};
    struct master_key *master_key = NULL;
    enum keyward_status status = sodium_check(error);

    if (status == KEYWARD_OK)
        status = engine_check(error);
    if (status == KEYWARD_OK)
        status = master_key_obtain(&source, &master_key, error);
    if (status == KEYWARD_OK)
        keyring_hold_master_key(keyring, &master_key);
    /* Whatever can fail without the file fails before it is made. */
    if (status == KEYWARD_OK && !keyring_draw(keyring, &store->services.environment))
        status = error_set(error, KEYWARD_IO, "random: reported a failure");
    if (status == KEYWARD_OK)
        status = database_open(&store->database, &connection, &store->services, error);
    if (status == KEYWARD_OK)
        status = unlock(store, error);
    if (status == KEYWARD_OK)
        status = settle_names(store, options->names, error);
    if (status != KEYWARD_OK)
        return status;
    keyring_finish(keyring, store->services.prefix);
    database_accept_file(store->database, &companion);
    store_catch_up(store, &unheard); /* a store does without; a checkpoint needs it */
    return KEYWARD_OK;
}

enum keyward_status keyward_open(keyward **store, const char *path, const keyward_options *options)
{
    struct error *error = call_begin(NULL);
    keyward *opened = NULL;
    enum keyward_status status = KEYWARD_INVALID;

    if (!argument_is_given(error, "store", store))
        return call_end(error, status);
    *store = NULL;
    if (!argument_is_store_path(error, path) || !options_are_valid(error, options))
        return call_end(error, status);
    status = KEYWARD_NOMEM;
    if (sodium_init() >= 0) /* 1: somebody else has done it */
        opened = store_new(options);
    if (opened)
        status = open_store(opened, path, options, error);
    if (status == KEYWARD_OK)
        *store = opened;
    else
        keyward_close(&opened);
    return call_end(error, status);
}

/* Nobody can be told of a failure: what is lost is a use or two. */
static void keep_uses(keyward *store)
{
    struct error unheard = {.store_stamp = 0};

    if (store->database)
        store_flush_uses(store, &unheard);
}

void keyward_close(keyward **store)
{
    keyward *closing = store ? *store : NULL;
    int cancel_state;
    bool is_ours;

    if (!closing)
        return;
    *store = NULL;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    is_ours = fork_guard_is_ours(&closing->fork_guard);
    if (is_ours)
        keep_uses(closing);
    database_close(&closing->database, !is_ours);
    verified_free(&closing->verified);
    uses_free(&closing->services.uses);
    keyring_release(&closing->services.keyring);
    fork_guard_release(&closing->fork_guard);
    free(closing);
    pthread_setcancelstate(cancel_state, NULL);
}

const keyward_error *keyward_last_error(const keyward *store)
{
    return error_of_thread(store ? store->stamp : 0);
}
