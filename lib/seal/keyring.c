/* SPDX-License-Identifier: MIT */
#include "seal/keyring.h"

#include <sodium.h>
#include <string.h>

bool keyring_init(struct keyring *keyring)
{
    memset(keyring, 0, sizeof *keyring);
    keyring->keys = sodium_allocarray(KEYRING_MAX, sizeof *keyring->keys);
    return keyring->keys != NULL;
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

bool keyring_finish(struct keyring *keyring, const char *prefix,
                    const struct environment *environment)
{
    static const char repo_id[] = "decoy", key_id[] = "00000000-0000-7000-8000-000000000000",
                      access_key[] = "kw_ak_0000000000000000000000000000";
    unsigned char nonce[SEAL_NONCE_BYTES], random[SECRET_RANDOM_BYTES];
    char secret[SECRET_SIZE];
    bool ok = environment_random(environment, nonce, sizeof nonce) &&
              environment_random(environment, random, sizeof random);

    if (ok) {
        size_t length;
        token_secret(prefix, random, secret);
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
        seal_secret(keyring_current(keyring)->key, &keyring->decoy_place, nonce, secret, length,
                    keyring->decoy);
        keyring->decoy_length = length + SEAL_OVERHEAD;
        sodium_mprotect_readonly(keyring->keys);
    }
    sodium_memzero(random, sizeof random);
    sodium_memzero(secret, sizeof secret);
    return ok;
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
    keyring->keys = NULL;
    keyring->count = 0;
}
