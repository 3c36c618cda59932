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

/* The randomness that opening a store can need, drawn before its file is touched. */
struct keyring_randomness {
    unsigned char data_key[SEAL_KEY_BYTES]; /* a new store's first one */
    unsigned char data_key_nonce[SEAL_NONCE_BYTES];
    unsigned char decoy[SECRET_RANDOM_BYTES];
    unsigned char decoy_nonce[SEAL_NONCE_BYTES];
};

struct keyring {
    struct data_key *keys;            /* guarded; the last one seals new secrets */
    struct keyring_randomness *drawn; /* guarded; until keyring_finish() */
    size_t count;
    struct seal_place decoy_place;
    unsigned char decoy[SEAL_OVERHEAD + SECRET_SIZE - 1];
    size_t decoy_length;
};

/* False: no memory. */
bool keyring_init(struct keyring *keyring);

/* Adds a data key; false when the ring is full. */
bool keyring_add(struct keyring *keyring, int64_t id, const unsigned char key[SEAL_KEY_BYTES]);

/* Draws the randomness; false when there is none. */
bool keyring_draw(struct keyring *keyring, const struct environment *environment);

/* Seals the decoy, of the length that secrets with this prefix have, makes the keys read-only and
 * wipes the randomness. */
void keyring_finish(struct keyring *keyring, const char *prefix);

/* The key with that id, or NULL. */
const struct data_key *keyring_find(const struct keyring *keyring, int64_t id);

/* The key that seals new secrets. */
const struct data_key *keyring_current(const struct keyring *keyring);

/* Wipes. */
void keyring_release(struct keyring *keyring);

#endif
