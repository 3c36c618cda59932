/* SPDX-License-Identifier: MIT */
#include "seal/keyring.h"

#include <sodium.h>
#include <string.h>

bool keyring_init(struct keyring *keyring)
{
    memset(keyring, 0, sizeof *keyring);
    keyring->keys = sodium_allocarray(KEYRING_MAX, sizeof *keyring->keys);
    keyring->drawn = sodium_malloc(sizeof *keyring->drawn);
    return keyring->keys && keyring->drawn;
}

bool keyring_draw(struct keyring *keyring, const struct environment *environment)
{
    return environment_random(environment, keyring->drawn, sizeof *keyring->drawn);
}

bool keyring_add(struct keyring *keyring, int64_t id, const unsigned char key[SEAL_KEY_BYTES])
{
    struct data_key *slot = &keyring->keys[keyring->count];

    if (keyring->count == KEYRING_MAX)
        return false;
    slot->id = id;
    memcpy(slot->key, key, sizeof slot->key);
    keyring->count++;
    return true;
}

void keyring_finish(struct keyring *keyring, const char *prefix)
{
    static const char repo_id[] = "decoy", key_id[] = "00000000-0000-7000-8000-000000000000",
                      access_key[] = "kw_ak_0000000000000000000000000000";
    char secret[SECRET_SIZE];
    size_t length;

    token_secret(prefix, keyring->drawn->decoy, secret);
    length = strlen(secret);
    keyring->decoy_place = (struct seal_place){
        .data_key_id = keyring_current(keyring)->id,
        .repo_id = repo_id,
        .repo_id_length = sizeof repo_id - 1,
        .key_id = key_id,
        .key_id_length = sizeof key_id - 1,
        .access_key = access_key,
        .access_key_length = sizeof access_key - 1,
    };
    seal_secret(keyring_current(keyring)->key, &keyring->decoy_place, keyring->drawn->decoy_nonce,
                secret, length, keyring->decoy);
    keyring->decoy_length = length + SEAL_OVERHEAD;
    sodium_memzero(secret, sizeof secret);
    sodium_free(keyring->drawn); /* wipes */
    keyring->drawn = NULL;
    sodium_mprotect_readonly(keyring->keys);
}

const struct data_key *keyring_find(const struct keyring *keyring, int64_t id)
{
    for (size_t i = keyring->count; i-- > 0;) {
        if (keyring->keys[i].id == id)
            return &keyring->keys[i];
    }
    return NULL;
}

const struct data_key *keyring_current(const struct keyring *keyring)
{
    return &keyring->keys[keyring->count - 1];
}

void keyring_release(struct keyring *keyring)
{
    sodium_free(keyring->keys); /* wipes */
    sodium_free(keyring->drawn);
    keyring->keys = NULL;
    keyring->drawn = NULL;
    keyring->count = 0;
}
