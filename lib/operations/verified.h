/* SPDX-License-Identifier: MIT */
/*
 * What was verified once is verified again without a look-up, as long as nothing in the store has
 * changed.
 *
 * An entry holds what a pair of access key and secret opened, a keyed hash (BLAKE2b) of the pair,
 * never the secret, and the data version that the look-up saw. It counts only while the store still
 * has that very version, so that no entry outlives a change: by a thread, a process or the sqlite3
 * shell.
 */
#ifndef KEYWARD_OPERATIONS_VERIFIED_H
#define KEYWARD_OPERATIONS_VERIFIED_H

#include "connection/data_version.h"

struct verified; /* the entries of a store, shared by its threads without a lock */

/* The fingerprint of a pair. */
struct verified_pair {
    uint64_t words[4];
};

/* NULL: no memory. */
struct verified *verified_new(void);
void verified_free(struct verified **verified); /* wipes */

void verified_fingerprint(const struct verified *verified, const char *access_key,
                          const char *secret, size_t secret_length, struct verified_pair *pair);

/* True, with `identity`, when the pair was verified at this very version of the store and its key
 * has not expired since. */
bool verified_find(const struct verified *verified, const struct verified_pair *pair,
                   const struct data_version *version, int64_t now, keyward_identity *identity);

/* Remembers what the pair opened at this version. */
void verified_keep(struct verified *verified, const struct verified_pair *pair,
                   const struct data_version *version, const keyward_identity *identity);

#endif
