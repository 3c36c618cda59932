/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "base/result.h"
#include "base/status.h"
#include "operations/keys.h"
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
