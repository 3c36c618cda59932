/* SPDX-License-Identifier: MIT */
#include "api/new_key.h"
#include "base/result.h"
#include "seal/secret.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* The key as the caller gets it, with room for what the transaction finds out. */
struct key_box {
    keyward_key key; /* the first member: what is handed out and freed */
    char id[UUID_TEXT_SIZE];
    char name[KEYWARD_NAME_MAX + 1];
};

static enum keyward_status draw_secret(const struct services *services, struct key_create *create,
                                       struct new_key *made, char secret[SECRET_SIZE],
                                       size_t *length, struct error *error)
{
    const struct environment *environment = &services->environment;
    unsigned char public_half[ACCESS_KEY_RANDOM_BYTES], private_half[SECRET_RANDOM_BYTES];
    bool drawn = environment_random(environment, public_half, sizeof public_half) &&
                 environment_random(environment, private_half, sizeof private_half) &&
                 environment_random(environment, create->nonce, sizeof create->nonce) &&
                 environment_random(environment, create->id_random, sizeof create->id_random);

    if (drawn) {
        token_access_key(services->prefix, public_half, made->access_key);
        *length = token_secret(services->prefix, private_half, secret);
    }
    sodium_memzero(private_half, sizeof private_half);
    return drawn ? KEYWARD_OK : error_set(error, KEYWARD_IO, "random: reported a failure");
}

static enum keyward_status guard_secret(struct key_create *create, struct new_key *made,
                                        const char *text, size_t length)
{
    char *guarded;

    made->secret = secret_new(length, &guarded);
    if (!made->secret)
        return KEYWARD_NOMEM;
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): secret_new() has put the NUL */
    memcpy(guarded, text, length);
    create->secret = made->secret->text;
    create->secret_length = length;
    return KEYWARD_OK;
}

static struct key_box *box_new(const struct key_create *create)
{
    struct key_box *box = result_new(sizeof *box);
    keyward_key *key = box ? &box->key : NULL;
    bool complete = true;

    if (!key)
        return NULL;
    key->id = box->id;
    key->name = box->name;
    key->expires_at = create->expires_at;
    key->repo_id = result_keep(key, create->repo_id, &complete);
    key->access_key = result_keep(key, create->access_key, &complete);
    key->created_by = result_keep(key, create->actor->user_id, &complete);
    key->predecessor_id = result_keep(key, create->predecessor_id, &complete);
    if (!complete) {
        result_free(box);
        return NULL;
    }
    return box;
}

enum keyward_status new_key_make(const struct services *services, struct key_create *create,
                                 struct new_key *made, struct error *error)
{
    char secret[SECRET_SIZE];
    size_t length = 0;
    enum keyward_status status;

    *made = (struct new_key){.secret = NULL};
    create->imports = create->secret != NULL;
    create->access_key = made->access_key;
    status = draw_secret(services, create, made, secret, &length, error);
    if (status == KEYWARD_OK && !create->imports)
        status = guard_secret(create, made, secret, length);
    sodium_memzero(secret, sizeof secret);
    if (status != KEYWARD_OK)
        return status;
    made->box = box_new(create);
    made->sealed = create->sealed = malloc(create->secret_length + SEAL_OVERHEAD);
    return made->box && made->sealed ? KEYWARD_OK : KEYWARD_NOMEM;
}

void new_key_hand_out(struct new_key *made, const struct key_create *create, keyward_key **key,
                      keyward_secret **secret)
{
    struct key_box *box = made->box;

    strcpy(box->id, create->id);
    strcpy(box->name, create->name);
    box->key.provider = create->provider;
    box->key.created_at = create->created_at;
    *key = &box->key;
    made->box = NULL;
    if (secret) {
        *secret = made->secret;
        made->secret = NULL;
    }
}

void new_key_release(struct new_key *made)
{
    result_free(made->box);
    keyward_secret_free(&made->secret);
    free(made->sealed);
    made->box = NULL;
    made->sealed = NULL;
}
