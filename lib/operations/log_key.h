/* SPDX-License-Identifier: MIT */
/* The key that signs the heads of the audit log's tree. Its seed is sealed by a data key. */
#ifndef KEYWARD_OPERATIONS_LOG_KEY_H
#define KEYWARD_OPERATIONS_LOG_KEY_H

#include "proof/trust.h"
#include "transaction/transaction.h"

/* The secret half in guarded memory: libsodium's secret key, and behind it the seed that it is made
 * of. */
#define LOG_SEED_BYTES SEAL_KEY_BYTES
#define LOG_SECRET_BYTES (SECRET_KEY_BYTES + LOG_SEED_BYTES)

struct log_key {
    char origin[KEYWARD_ORIGIN_MAX + 1];
    struct trust trust; /* in its signatures, and in no witnesses; its name points to `origin` */
};

/* KEYWARD_OK, KEYWARD_NOT_FOUND (the log has none yet) or the disk's codes. */
enum keyward_status log_key_read(struct transaction *transaction, struct log_key *key);

/* Reads the key; makes it where there is none. */
struct log_key_make {
    const char *origin;                    /* its name */
    unsigned char *secret;                 /* guarded: LOG_SECRET_BYTES, the seed random */
    unsigned char nonce[SEAL_NONCE_BYTES]; /* random */
    struct log_key key;                    /* out */
};
enum keyward_status log_key_make(struct transaction *transaction, void *request);

/* Opens the secret half into guarded memory of LOG_SECRET_BYTES; whoever asked wipes it. */
enum keyward_status log_key_open(struct transaction *transaction, const struct log_key *key,
                                 unsigned char *secret);

#endif
