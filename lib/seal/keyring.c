/* SPDX-License-Identifier: MIT */
#include "seal/keyring.h"

#include <sodium.h>
#include <string.h>

bool keyring_init(struct keyring *keyring)
{
    memset(keyring, 0, sizeof *keyring);
    pthread_mutex_init(&keyring->mutex, NULL);
    keyring->keys = sodium_allocarray(KEYWARD_DATA_KEYS_MAX, sizeof *keyring->keys);
    keyring->drawn = sodium_malloc(sizeof *keyring->drawn);
    keyring->opened = sodium_malloc(sizeof *keyring->opened);
    if (!keyring->keys || !keyring->drawn || !keyring->opened)
        return false;
    sodium_mprotect_readonly(keyring->keys);
    sodium_mprotect_readonly(keyring->opened);
    return true;
}

bool keyring_draw(struct keyring *keyring, const struct environment *environment)
{
    return environment_random(environment, keyring->drawn, sizeof *keyring->drawn);
}

/* ---- master keys ---- */

static void put_master_key(struct master_key **place, struct master_key **key)
{
    if (*place)
        master_key_free(place);
    *place = *key;
    *key = NULL;
    if (*place)
        sodium_mprotect_noaccess(*place);
}

void keyring_hold_master_key(struct keyring *keyring, struct master_key **key)
{
    pthread_mutex_lock(&keyring->mutex);
    put_master_key(&keyring->master_key, key);
    pthread_mutex_unlock(&keyring->mutex);
}

bool keyring_expect_master_key(struct keyring *keyring, struct master_key **next)
{
    bool alone;

    pthread_mutex_lock(&keyring->mutex);
    alone = !keyring->next_master_key;
    if (alone)
        put_master_key(&keyring->next_master_key, next);
    pthread_mutex_unlock(&keyring->mutex);
    return alone;
}

void keyring_settle_master_key(struct keyring *keyring, bool changed)
{
    struct master_key *none = NULL;

    pthread_mutex_lock(&keyring->mutex);
    if (changed)
        put_master_key(&keyring->master_key, &keyring->next_master_key);
    put_master_key(&keyring->next_master_key, &none);
    pthread_mutex_unlock(&keyring->mutex);
}

/* With the mutex. */
static bool has_id(struct master_key *master_key, const unsigned char *id)
{
    bool equal;

    if (!master_key)
        return false;
    sodium_mprotect_readonly(master_key);
    equal = sodium_memcmp(master_key->id, id, sizeof master_key->id) == 0;
    sodium_mprotect_noaccess(master_key);
    return equal;
}

/* With the mutex. */
static enum keyring_master recognise(struct keyring *keyring, const unsigned char *id)
{
    if (has_id(keyring->master_key, id))
        return MASTER_KEY_IN_FORCE;
    return has_id(keyring->next_master_key, id) ? MASTER_KEY_NEXT : MASTER_KEY_UNKNOWN;
}

enum keyring_master keyring_recognise(struct keyring *keyring, const unsigned char *id)
{
    enum keyring_master which;

    pthread_mutex_lock(&keyring->mutex);
    which = recognise(keyring, id);
    pthread_mutex_unlock(&keyring->mutex);
    return which;
}

/* With the mutex. */
static struct master_key *choose(struct keyring *keyring, enum keyring_master which)
{
    return which == MASTER_KEY_NEXT ? keyring->next_master_key : keyring->master_key;
}

void keyring_copy_id(struct keyring *keyring, enum keyring_master of,
                     unsigned char id[MASTER_KEY_ID_BYTES])
{
    struct master_key *master_key;

    pthread_mutex_lock(&keyring->mutex);
    master_key = choose(keyring, of);
    sodium_mprotect_readonly(master_key);
    memcpy(id, master_key->id, MASTER_KEY_ID_BYTES);
    sodium_mprotect_noaccess(master_key);
    pthread_mutex_unlock(&keyring->mutex);
}

/* With the mutex. */
static bool open_with(struct master_key *master_key, int64_t id,
                      const unsigned char sealed[SEALED_DATA_KEY_BYTES], unsigned char *data_key)
{
    bool opens;

    if (!master_key)
        return false;
    sodium_mprotect_readonly(master_key);
    opens = unseal_data_key(master_key->wrapping_key, id, sealed, data_key);
    sodium_mprotect_noaccess(master_key);
    return opens;
}

static void seal_with(struct master_key *master_key, int64_t id,
                      const unsigned char nonce[SEAL_NONCE_BYTES], const unsigned char *data_key,
                      unsigned char sealed[SEALED_DATA_KEY_BYTES])
{
    sodium_mprotect_readonly(master_key);
    seal_data_key(master_key->wrapping_key, id, nonce, data_key, sealed);
    sodium_mprotect_noaccess(master_key);
}

bool keyring_seal(struct keyring *keyring, const unsigned char master_key_id[MASTER_KEY_ID_BYTES],
                  int64_t id, const unsigned char nonce[SEAL_NONCE_BYTES],
                  const unsigned char data_key[SEAL_KEY_BYTES],
                  unsigned char sealed[SEALED_DATA_KEY_BYTES])
{
    enum keyring_master by;

    pthread_mutex_lock(&keyring->mutex);
    by = recognise(keyring, master_key_id);
    if (by != MASTER_KEY_UNKNOWN)
        seal_with(choose(keyring, by), id, nonce, data_key, sealed);
    pthread_mutex_unlock(&keyring->mutex);
    return by != MASTER_KEY_UNKNOWN;
}

bool keyring_seal_anew(struct keyring *keyring, int64_t id,
                       const unsigned char nonce[SEAL_NONCE_BYTES], unsigned char *data_key,
                       unsigned char sealed[SEALED_DATA_KEY_BYTES])
{
    bool opens;

    pthread_mutex_lock(&keyring->mutex);
    opens = open_with(keyring->master_key, id, sealed, data_key);
    if (opens)
        seal_with(keyring->next_master_key, id, nonce, data_key, sealed);
    sodium_memzero(data_key, SEAL_KEY_BYTES);
    pthread_mutex_unlock(&keyring->mutex);
    return opens;
}

/* ---- data keys ---- */

/* With the mutex. */
static bool open_with_either(struct keyring *keyring, int64_t id,
                             const unsigned char sealed[SEALED_DATA_KEY_BYTES],
                             struct data_key *data_key)
{
    data_key->id = id;
    return open_with(keyring->master_key, id, sealed, data_key->key) ||
           open_with(keyring->next_master_key, id, sealed, data_key->key);
}

const struct data_key *keyring_peek(struct keyring *keyring, int64_t id,
                                    const unsigned char sealed[SEALED_DATA_KEY_BYTES])
{
    bool opens;

    pthread_mutex_lock(&keyring->mutex);
    sodium_mprotect_readwrite(keyring->opened);
    opens = open_with_either(keyring, id, sealed, keyring->opened);
    sodium_mprotect_readonly(keyring->opened);
    pthread_mutex_unlock(&keyring->mutex);
    return opens ? keyring->opened : NULL;
}

/* The slot is written before it counts. */
enum keyring_added keyring_add(struct keyring *keyring, int64_t id,
                               const unsigned char sealed[SEALED_DATA_KEY_BYTES])
{
    enum keyring_added added = KEYRING_ADDED;
    struct data_key *slot;
    size_t count;

    pthread_mutex_lock(&keyring->mutex);
    count = atomic_load(&keyring->count);
    slot = &keyring->keys[count];
    if (keyring_find(keyring, id)) {
        added = KEYRING_ADDED;
    } else if (count == KEYWARD_DATA_KEYS_MAX) {
        added = KEYRING_IS_FULL;
    } else {
        sodium_mprotect_readwrite(keyring->keys);
        if (!open_with_either(keyring, id, sealed, slot))
            added = KEYRING_DOES_NOT_OPEN;
        sodium_mprotect_readonly(keyring->keys);
        if (added == KEYRING_ADDED)
            atomic_store(&keyring->count, count + 1);
    }
    pthread_mutex_unlock(&keyring->mutex);
    return added;
}

void keyring_finish(struct keyring *keyring, const char *prefix)
{
    static const char repo_id[] = "decoy", key_id[] = "00000000-0000-7000-8000-000000000000",
                      access_key[] = "kw_ak_0000000000000000000000000000";
    char secret[SECRET_SIZE];
    size_t length;

    length = token_secret(prefix, keyring->drawn->decoy, secret);
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
}

/* By bisection: the ids are in order. */
const struct data_key *keyring_find(const struct keyring *keyring, int64_t id)
{
    size_t low = 0, high = atomic_load_explicit(&keyring->count, memory_order_acquire);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (keyring->keys[middle].id == id)
            return &keyring->keys[middle];
        if (keyring->keys[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct data_key *keyring_current(const struct keyring *keyring)
{
    return &keyring->keys[atomic_load_explicit(&keyring->count, memory_order_acquire) - 1];
}

void keyring_release(struct keyring *keyring)
{
    struct master_key *none = NULL;

    sodium_free(keyring->keys); /* wipes */
    sodium_free(keyring->drawn);
    sodium_free(keyring->opened);
    put_master_key(&keyring->master_key, &none);
    put_master_key(&keyring->next_master_key, &none);
    pthread_mutex_destroy(&keyring->mutex);
    keyring->keys = NULL;
    keyring->drawn = NULL;
    keyring->opened = NULL;
    atomic_store(&keyring->count, 0);
}
