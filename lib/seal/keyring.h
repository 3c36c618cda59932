/* SPDX-License-Identifier: MIT */
/*
 * The data keys of an open store, in guarded memory that is read-only once they are loaded, and the
 * decoy: a sealed secret that no access key leads to, opened in place of an unknown one's so that
 * both cost the same.
 */
#ifndef KEYWARD_SEAL_KEYRING_H
#define KEYWARD_SEAL_KEYRING_H

#include "base/environment.h"
#include "seal/seal.h"
#include "seal/token.h"

#define KEYRING_MAX 64 /* data keys in a store */

struct data_key {
    int64_t id;
    unsigned char key[SEAL_KEY_BYTES];
};

struct keyring {
    struct data_key *keys; /* guarded; the last one seals new secrets */
    size_t count;
    struct seal_place decoy_place;
    unsigned char decoy[SEAL_OVERHEAD + SECRET_SIZE - 1];
    size_t decoy_length;
};

/* False: no memory. */
bool keyring_init(struct keyring *keyring);

/* Adds a data key; false when the ring is full. */
bool keyring_add(struct keyring *keyring, int64_t id, const unsigned char key[SEAL_KEY_BYTES]);

/* Seals the decoy, of the length that secrets with this prefix have, and makes the keys read-only.
 * False when there is no randomness. */
bool keyring_finish(struct keyring *keyring, const char *prefix,
                    const struct environment *environment);

/* The key with that id, or NULL. */
const struct data_key *keyring_find(const struct keyring *keyring, int64_t id);

/* The key that seals new secrets. */
const struct data_key *keyring_current(const struct keyring *keyring);

/* Wipes. */
void keyring_release(struct keyring *keyring);

#endif
