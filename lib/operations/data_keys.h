/* SPDX-License-Identifier: MIT */
/* The store's data keys, sealed by the master key. */
#ifndef KEYWARD_OPERATIONS_DATA_KEYS_H
#define KEYWARD_OPERATIONS_DATA_KEYS_H

#include "transaction/transaction.h"

/* Opens the store's data keys, as far as the keyring lacks them: KEYWARD_OK, KEYWARD_NOT_FOUND (the
 * store has none yet), KEYWARD_WRONG_MASTER_KEY or the disk's codes. No request. */
enum keyward_status data_keys_load(struct transaction *transaction, void *request);

/* Binds a new store to the master key and gives it its first data key; where another process has
 * done so meanwhile, nothing. To be loaded afterwards. No request. */
enum keyward_status data_keys_create(struct transaction *transaction, void *request);

/* The data key with that id, which another process may have added since the store was opened.
 * KEYWARD_OK, KEYWARD_CORRUPT (there is no such key), KEYWARD_WRONG_MASTER_KEY (it was added after
 * another process had changed the master key) or the disk's codes. */
enum keyward_status data_key_find(struct transaction *transaction, int64_t id,
                                  const struct data_key **data_key);

/* Opens a sealed secret into `secret`, which has room for what is left without the overhead.
 * KEYWARD_OK, KEYWARD_CORRUPT, or what data_key_find() says. */
enum keyward_status sealed_secret_open(struct transaction *transaction,
                                       const struct seal_place *place, const unsigned char *sealed,
                                       size_t length, unsigned char *secret);

/* The newest one, which seals new secrets. */
enum keyward_status data_key_newest(struct transaction *transaction,
                                    const struct data_key **data_key);

/* The store's master key, and which of the keyring's it was when the store was read. */
struct store_master {
    unsigned char id[MASTER_KEY_ID_BYTES];
    enum keyring_master which;
};

/* For rekey.c: the store's master key (KEYWARD_NOT_FOUND: a new store; KEYWARD_WRONG_MASTER_KEY:
 * not one of the keyring's), the newest data key's id, and a new one's row. */
enum keyward_status data_keys_master(struct transaction *transaction, struct store_master *master);
enum keyward_status data_keys_newest_id(struct transaction *transaction, int64_t *id);
enum keyward_status data_keys_insert(struct transaction *transaction, int64_t id, int64_t at,
                                     const unsigned char sealed[SEALED_DATA_KEY_BYTES]);

/* A new data key, and perhaps a new master key before it. */
struct rekey {
    const keyward_actor *actor;
    bool changes_master_key; /* to the one that the keyring expects */
    unsigned char *data_key; /* guarded: random bytes for the new one */
    unsigned char *work;     /* guarded: room for a data key */
    unsigned char seed[32];  /* random: nonces are drawn from it */
};
enum keyward_status rekey(struct transaction *transaction, void *request);

#endif
