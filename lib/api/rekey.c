/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "operations/data_keys.h"

#include <sodium.h>

static bool one_new_master_key(struct error *error, const keyward_master_key *master_key)
{
    if (!argument_is_given(error, "master_key", master_key))
        return false;
    return argument_must(error, "master_key",
                         (master_key->key != NULL) + (master_key->file != NULL) +
                                 (master_key->callback != NULL) ==
                             1,
                         "set exactly one of key, file and callback");
}

static enum keyward_status draw_data_key(const struct environment *environment, struct rekey *rekey,
                                         struct error *error)
{
    rekey->data_key = sodium_malloc(SEAL_KEY_BYTES);
    rekey->work = sodium_malloc(SEAL_KEY_BYTES);
    if (!rekey->data_key || !rekey->work)
        return KEYWARD_NOMEM;
    return environment_random(environment, rekey->data_key, SEAL_KEY_BYTES) &&
                   environment_random(environment, rekey->seed, sizeof rekey->seed)
               ? KEYWARD_OK
               : error_set(error, KEYWARD_IO, "random: reported a failure");
}

/* Whether the new data key can be read at once is nobody's trouble: who needs it reads it then. */
static enum keyward_status run_rekey(keyward *store, struct rekey *request, struct error *error)
{
    struct error unheard = {.store_stamp = 0};
    enum keyward_status status = draw_data_key(&store->services.environment, request, error);

    if (status == KEYWARD_OK)
        status = store_write(store, rekey, request, error);
    if (status == KEYWARD_OK)
        database_read(store->database, data_keys_load, NULL, &unheard);
    sodium_free(request->data_key); /* wipes */
    sodium_free(request->work);
    return status;
}

/* Between the two calls of the keyring both master keys open data keys: a thread that meets the new
 * one's already must not be refused. */
static enum keyward_status change(keyward *store, struct rekey *request,
                                  const keyward_master_key *master_key, struct error *error)
{
    struct keyring *keyring = &store->services.keyring;
    struct master_key *next;
    enum keyward_status status = master_key_obtain(master_key, &next, error);

    if (status != KEYWARD_OK)
        return status;
    if (keyring_recognise(keyring, next->id) == MASTER_KEY_IN_FORCE) {
        argument_is_wrong(error, "master_key", "is the one that the store has");
        status = KEYWARD_INVALID;
    } else if (!keyring_expect_master_key(keyring, &next)) {
        status = error_set(error, KEYWARD_BUSY, "another thread is changing the master key");
    } else {
        status = run_rekey(store, request, error);
        keyring_settle_master_key(keyring, status == KEYWARD_OK);
    }
    master_key_free(&next);
    return status;
}

enum keyward_status keyward_change_master_key(keyward *store, const keyward_actor *actor,
                                              const keyward_master_key *master_key)
{
    struct rekey request = {.actor = actor, .changes_master_key = true};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK)
        status = arguments_status(argument_is_actor(error, actor) &&
                                  one_new_master_key(error, master_key));
    if (status == KEYWARD_OK && !actor->is_host)
        status = KEYWARD_FORBIDDEN;
    if (status == KEYWARD_OK)
        status = change(store, &request, master_key, error);
    return call_end(error, status);
}

enum keyward_status keyward_create_data_key(keyward *store, const keyward_actor *actor)
{
    struct rekey request = {.actor = actor};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK && !argument_is_actor(error, actor))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK && !actor->is_host)
        status = KEYWARD_FORBIDDEN;
    if (status == KEYWARD_OK)
        status = run_rekey(store, &request, error);
    return call_end(error, status);
}
