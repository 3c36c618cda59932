/* SPDX-License-Identifier: MIT */
/* The master key: had from the host, used to derive two keys, and wiped. */
#ifndef KEYWARD_SEAL_MASTER_KEY_H
#define KEYWARD_SEAL_MASTER_KEY_H

#include "base/error.h"
#include "seal/seal.h"

#define MASTER_KEY_ID_BYTES 16

/* What a store needs of the master key, in guarded memory. */
struct master_key {
    unsigned char wrapping_key[SEAL_KEY_BYTES]; /* seals data keys */
    unsigned char id[MASTER_KEY_ID_BYTES];      /* no secret: tells a wrong master key */
};

/*
 * Obtains the master key in the one way that is named and derives from it (libsodium's crypto_kdf).
 * KEYWARD_OK, KEYWARD_NO_MASTER_KEY or KEYWARD_NOMEM. That it is one way is already checked.
 */
enum keyward_status master_key_obtain(const keyward_master_key *source, struct master_key **key,
                                      struct error *error);

/* Wipes and frees; NULL is fine. */
void master_key_free(struct master_key **key);

#endif
