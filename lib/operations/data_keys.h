/* SPDX-License-Identifier: MIT */
/* The store's data keys, sealed by the master key. */
#ifndef KEYWARD_OPERATIONS_DATA_KEYS_H
#define KEYWARD_OPERATIONS_DATA_KEYS_H

#include "seal/master_key.h"
#include "transaction/transaction.h"

struct data_keys {
    const struct master_key *master_key;
    struct keyring *keyring; /* the keys are added to it */
};

/* Opens the store's data keys: KEYWARD_OK, KEYWARD_NOT_FOUND (it has none yet),
 * KEYWARD_WRONG_MASTER_KEY or the disk's codes. */
enum keyward_status data_keys_load(struct transaction *transaction, void *request);

/* Binds a new store to the master key and gives it its first data key, then loads; where another
 * process has done so meanwhile, only loads. */
enum keyward_status data_keys_create(struct transaction *transaction, void *request);

#endif
