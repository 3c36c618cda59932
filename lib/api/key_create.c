/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "api/new_key.h"
#include "base/status.h"

/* How long a rotated key may go on: ten years. */
#define OVERLAP_MAX INT64_C(315576000000)

static bool destinations_are_given(struct error *error, bool imports, keyward_key **key,
                                   keyward_secret **secret)
{
    return argument_is_given(error, "key", key) &&
           (imports || argument_is_given(error, "secret", secret));
}

static void clear(keyward_key **key, keyward_secret **secret)
{
    if (key)
        *key = NULL;
    if (secret)
        *secret = NULL;
}

/* ---- creating ---- */

static bool creation_is_valid(struct error *error, const keyward_actor *actor, const char *repo_id,
                              const keyward_new_key *new_key, int64_t now)
{
    return argument_is_actor(error, actor) && argument_is_id(error, "repo_id", repo_id) &&
           argument_is_given(error, "new_key", new_key) &&
           argument_is_text(error, "new_key.name", new_key->name, KEYWARD_NAME_MAX) &&
           argument_is_known(error, "new_key.provider", provider_is_valid(new_key->provider)) &&
           argument_is_deadline(error, "new_key.expires_at", new_key->expires_at, now) &&
           argument_is_importable(error, "new_key.secret", new_key->secret, new_key->secret_length);
}

static enum keyward_status create_key(keyward *store, const keyward_actor *actor,
                                      const char *repo_id, const keyward_new_key *new_key,
                                      keyward_key **key, keyward_secret **secret,
                                      struct error *error)
{
    struct key_create create = {
        .actor = actor,
        .repo_id = repo_id,
        .name = new_key->name,
        .provider = new_key->provider,
        .expires_at = new_key->expires_at,
        .secret = new_key->secret,
        .secret_length = new_key->secret_length,
    };
    struct new_key made;
    enum keyward_status status = new_key_make(&store->services, &create, &made, error);

    if (status == KEYWARD_OK)
        status = store_write(store, key_create, &create, error);
    if (status == KEYWARD_OK)
        new_key_hand_out(&made, &create, key, secret);
    new_key_release(&made);
    return status;
}

enum keyward_status keyward_create_key(keyward *store, const keyward_actor *actor,
                                       const char *repo_id, const keyward_new_key *new_key,
                                       keyward_key **key, keyward_secret **secret)
{
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    clear(key, secret);
    if (status == KEYWARD_OK)
        status =
            arguments_status(creation_is_valid(error, actor, repo_id, new_key, store_now(store)) &&
                             destinations_are_given(error, new_key->secret != NULL, key, secret));
    if (status == KEYWARD_OK)
        status = create_key(store, actor, repo_id, new_key, key, secret, error);
    return call_end(error, status);
}

/* ---- rotating ---- */

static bool rotation_is_valid(struct error *error, const keyward_rotation *rotation, int64_t now)
{
    if (rotation->overlap < 0 || rotation->overlap > OVERLAP_MAX)
        return argument_is_wrong(error, "rotation.overlap", "must be 0 to ten years");
    return argument_is_deadline(error, "rotation.expires_at", rotation->expires_at, now) &&
           argument_is_importable(error, "rotation.secret", rotation->secret,
                                  rotation->secret_length);
}

static enum keyward_status rotate_key(keyward *store, struct key_rotate *rotate, keyward_key **key,
                                      keyward_secret **secret, struct error *error)
{
    struct new_key made;
    enum keyward_status status = new_key_make(&store->services, &rotate->successor, &made, error);

    if (status == KEYWARD_OK)
        status = store_write(store, key_rotate, rotate, error);
    if (status == KEYWARD_OK)
        new_key_hand_out(&made, &rotate->successor, key, secret);
    new_key_release(&made);
    if (status == KEYWARD_ALREADY_DELETED)
        error_note_deletion(error, rotate->deleted_at, rotate->deleted_event);
    return status;
}

enum keyward_status keyward_rotate_key(keyward *store, const keyward_actor *actor,
                                       const char *repo_id, const char *key_id,
                                       const keyward_rotation *rotation, keyward_key **key,
                                       keyward_secret **secret)
{
    const keyward_rotation defaults = {.overlap = 0}, *how = rotation ? rotation : &defaults;
    struct key_rotate rotate = {
        .successor = {.actor = actor,
                      .repo_id = repo_id,
                      .expires_at = how->expires_at,
                      .secret = how->secret,
                      .secret_length = how->secret_length,
                      .predecessor_id = key_id},
        .key_id = key_id,
        .overlap = how->overlap ? how->overlap : KEYWARD_OVERLAP_DEFAULT,
    };
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    clear(key, secret);
    if (status == KEYWARD_OK)
        status = arguments_status(argument_names_key(error, actor, repo_id, key_id) &&
                                  rotation_is_valid(error, how, store_now(store)) &&
                                  destinations_are_given(error, how->secret != NULL, key, secret));
    if (status == KEYWARD_OK)
        status = rotate_key(store, &rotate, key, secret, error);
    return call_end(error, status);
}
