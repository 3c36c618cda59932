/* SPDX-License-Identifier: MIT */
/* A new data key, and a new master key. No sealed secret is touched by either. */
#include "connection/statement.h"
#include "operations/audit.h"
#include "operations/data_keys.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const struct query next_data_key = {
    QUERY_DATA_KEY_NEXT, "SELECT id, sealed FROM data_keys WHERE id > ?1 ORDER BY id LIMIT 1"};
static const struct query rewrap_data_key = {QUERY_DATA_KEY_REWRAP,
                                             "UPDATE data_keys SET sealed = ?2 WHERE id = ?1"};
static const struct query change_store = {QUERY_STORE_REKEY,
                                          "UPDATE store SET master_key_id = ?1 WHERE id = 1"};

/* A nonce for each data key, and one for the new one. */
static void draw_nonce(const struct rekey *rekey, int64_t number,
                       unsigned char nonce[SEAL_NONCE_BYTES])
{
    unsigned char message[8];

    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (unsigned char)((uint64_t)number >> (8 * i));
    crypto_generichash(nonce, SEAL_NONCE_BYTES, message, sizeof message, rekey->seed,
                       sizeof rekey->seed);
}

static enum keyward_status append_change(struct transaction *transaction, const struct rekey *rekey,
                                         enum keyward_action action, const char *name)
{
    keyward_event event = {.action = action, .name = name};
    return audit_append(transaction, rekey->actor, &event);
}

/* Finds the data key after `*id`; KEYWARD_NOT_FOUND behind the last. */
static enum keyward_status read_next(struct transaction *transaction, int64_t *id,
                                     unsigned char sealed[SEALED_DATA_KEY_BYTES])
{
    struct statement next = statement_begin(transaction->connection, &next_data_key);
    enum keyward_status ended, status = KEYWARD_NOT_FOUND;

    statement_bind_number(&next, *id);
    if (statement_row(&next)) {
        *id = statement_number(&next, 0);
        status = KEYWARD_CORRUPT;
        if (statement_length(&next, 1) == SEALED_DATA_KEY_BYTES) {
            memcpy(sealed, statement_blob(&next, 1), SEALED_DATA_KEY_BYTES);
            status = KEYWARD_OK;
        }
    }
    ended = statement_end(&next);
    return ended == KEYWARD_OK ? status : ended;
}

static enum keyward_status rewrap_one(struct transaction *transaction, const struct rekey *rekey,
                                      int64_t id, unsigned char sealed[SEALED_DATA_KEY_BYTES])
{
    struct statement rewrap;
    unsigned char nonce[SEAL_NONCE_BYTES];

    draw_nonce(rekey, id, nonce);
    if (!keyring_seal_anew(&transaction->services->keyring, id, nonce, rekey->work, sealed))
        return error_set(transaction->error, KEYWARD_CORRUPT, "a data key does not open");
    rewrap = statement_begin(transaction->connection, &rewrap_data_key);
    statement_bind_number(&rewrap, id);
    statement_bind_blob(&rewrap, sealed, SEALED_DATA_KEY_BYTES);
    return statement_run_on_one_row(&rewrap);
}

static enum keyward_status rewrap_all(struct transaction *transaction, const struct rekey *rekey)
{
    unsigned char sealed[SEALED_DATA_KEY_BYTES];
    enum keyward_status status;
    int64_t id = 0;

    while ((status = read_next(transaction, &id, sealed)) == KEYWARD_OK) {
        status = rewrap_one(transaction, rekey, id, sealed);
        if (status != KEYWARD_OK)
            return status;
    }
    return status == KEYWARD_NOT_FOUND ? KEYWARD_OK : status;
}

/* `id` gets the new one's. */
static enum keyward_status change_master_key(struct transaction *transaction,
                                             const struct rekey *rekey,
                                             unsigned char id[MASTER_KEY_ID_BYTES])
{
    struct statement change;
    /* While the old master key opens them: a reader whose snapshot is older may yet need them. */
    enum keyward_status status = data_keys_load(transaction, NULL);

    if (status == KEYWARD_OK)
        status = append_change(transaction, rekey, KEYWARD_MASTER_KEY_CHANGED, NULL);
    if (status == KEYWARD_OK)
        status = rewrap_all(transaction, rekey);
    if (status != KEYWARD_OK)
        return status;
    keyring_copy_id(&transaction->services->keyring, MASTER_KEY_NEXT, id);
    change = statement_begin(transaction->connection, &change_store);
    statement_bind_blob(&change, id, MASTER_KEY_ID_BYTES);
    return statement_run_on_one_row(&change);
}

static enum keyward_status overtaken(struct transaction *transaction)
{
    return error_set(transaction->error, KEYWARD_WRONG_MASTER_KEY,
                     "the master key was changed since the store was opened");
}

static enum keyward_status create_data_key(struct transaction *transaction,
                                           const struct rekey *rekey,
                                           const unsigned char master_key_id[MASTER_KEY_ID_BYTES])
{
    unsigned char nonce[SEAL_NONCE_BYTES], sealed[SEALED_DATA_KEY_BYTES];
    int64_t newest;
    char name[24];
    enum keyward_status status = data_keys_newest_id(transaction, &newest);

    if (status == KEYWARD_OK && newest >= KEYWARD_DATA_KEYS_MAX)
        status =
            error_set(transaction->error, KEYWARD_FULL,
                      "the store has %d data keys, the most it can have", KEYWARD_DATA_KEYS_MAX);
    if (status != KEYWARD_OK)
        return status;
    draw_nonce(rekey, 0, nonce);
    if (!keyring_seal(&transaction->services->keyring, master_key_id, newest + 1, nonce,
                      rekey->data_key, sealed))
        return overtaken(transaction);
    snprintf(name, sizeof name, "%lld", (long long)newest + 1);
    status = append_change(transaction, rekey, KEYWARD_DATA_KEY_CREATED, name);
    if (status == KEYWARD_OK)
        status = data_keys_insert(transaction, newest + 1, transaction->last_at, sealed);
    if (status == KEYWARD_OK && transaction->uncommitted_data_key == 0)
        transaction->uncommitted_data_key = newest + 1;
    return status;
}

enum keyward_status rekey(struct transaction *transaction, void *request)
{
    const struct rekey *rekey = request;
    struct store_master master;
    enum keyward_status status = data_keys_master(transaction, &master);

    if (status == KEYWARD_WRONG_MASTER_KEY || status == KEYWARD_NOT_FOUND ||
        (status == KEYWARD_OK && rekey->changes_master_key && master.which == MASTER_KEY_NEXT))
        return overtaken(transaction);
    if (status == KEYWARD_OK && rekey->changes_master_key)
        status = change_master_key(transaction, rekey, master.id);
    return status == KEYWARD_OK ? create_data_key(transaction, rekey, master.id) : status;
}
