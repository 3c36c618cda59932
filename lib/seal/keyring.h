/* SPDX-License-Identifier: MIT */
/*
 * The data keys of an open store, and what opens those that other processes add, in guarded memory;
 * and the decoy: a sealed secret that no access key leads to, opened in place of an unknown one's
 * so that both cost the same.
 *
 * Data keys are read by any thread without a lock, and only ever added, once they are committed.
 */
#ifndef KEYWARD_SEAL_KEYRING_H
#define KEYWARD_SEAL_KEYRING_H

#include "base/environment.h"
#include "seal/master_key.h"
#include "seal/seal.h"
#include "seal/token.h"

#include <pthread.h>
#include <stdatomic.h>

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
    struct data_key *keys; /* guarded; in order of their ids, the last one seals new secrets */
    atomic_size_t count;
    struct data_key *opened;          /* guarded; see keyring_peek() */
    struct keyring_randomness *drawn; /* guarded; until keyring_finish() */
    pthread_mutex_t mutex;            /* of adding, and of the master keys */
    struct master_key *master_key;    /* guarded, and unreadable but while it is used */
    struct master_key
        *next_master_key; /* likewise: the one that a change is about to put in force */
    struct seal_place decoy_place;
    unsigned char decoy[SEAL_OVERHEAD + SECRET_SIZE - 1];
    size_t decoy_length;
};

/* False: no memory. */
bool keyring_init(struct keyring *keyring);

/* Draws the randomness; false when there is none. */
bool keyring_draw(struct keyring *keyring, const struct environment *environment);

/* Takes the master key over. */
void keyring_hold_master_key(struct keyring *keyring, struct master_key **key);

/* A change of the master key, one at a time: from the first of these on both open data keys, and
 * from the second on the next one alone or, when the change has failed, the old one. False when
 * another thread is changing it. */
bool keyring_expect_master_key(struct keyring *keyring, struct master_key **next);
void keyring_settle_master_key(struct keyring *keyring, bool changed);

enum keyring_master { MASTER_KEY_UNKNOWN, MASTER_KEY_IN_FORCE, MASTER_KEY_NEXT };

/* Whose id (MASTER_KEY_ID_BYTES) this is. */
enum keyring_master keyring_recognise(struct keyring *keyring, const unsigned char *id);

/* Copies the id of one of the two, which the caller knows to be there. */
void keyring_copy_id(struct keyring *keyring, enum keyring_master of,
                     unsigned char id[MASTER_KEY_ID_BYTES]);

/* Opens a sealed data key and adds it, unless it is there; the ids must come in order. */
enum keyring_added { KEYRING_ADDED, KEYRING_DOES_NOT_OPEN, KEYRING_IS_FULL };
enum keyring_added keyring_add(struct keyring *keyring, int64_t id,
                               const unsigned char sealed[SEALED_DATA_KEY_BYTES]);

/* Opens a sealed data key and does not add it: it may be of a transaction that is undone. For one
 * writer at a time, until his next call; NULL when it does not open. */
const struct data_key *keyring_peek(struct keyring *keyring, int64_t id,
                                    const unsigned char sealed[SEALED_DATA_KEY_BYTES]);

/* Seals a data key by the master key with that id: a change that ends meanwhile makes another of
 * the two of it. False when it is neither. */
bool keyring_seal(struct keyring *keyring, const unsigned char master_key_id[MASTER_KEY_ID_BYTES],
                  int64_t id, const unsigned char nonce[SEAL_NONCE_BYTES],
                  const unsigned char data_key[SEAL_KEY_BYTES],
                  unsigned char sealed[SEALED_DATA_KEY_BYTES]);

/* Seals a sealed data key anew by the next master key; false when it does not open. `data_key` is
 * guarded memory, which is wiped. */
bool keyring_seal_anew(struct keyring *keyring, int64_t id,
                       const unsigned char nonce[SEAL_NONCE_BYTES], unsigned char *data_key,
                       unsigned char sealed[SEALED_DATA_KEY_BYTES]);

/* Seals the decoy, of the length that secrets with this prefix have, and wipes the randomness. */
void keyring_finish(struct keyring *keyring, const char *prefix);

/* The key with that id, or NULL. */
const struct data_key *keyring_find(const struct keyring *keyring, int64_t id);

/* The key that seals new secrets. */
const struct data_key *keyring_current(const struct keyring *keyring);

/* Wipes. */
void keyring_release(struct keyring *keyring);

#endif
