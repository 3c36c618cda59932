/* SPDX-License-Identifier: MIT */
#include "operations/data_keys.h"
#include "connection/statement.h"

#include <sodium.h>
#include <string.h>

static const struct query read_store = {QUERY_STORE_READ,
                                        "SELECT master_key_id FROM store WHERE id = 1"};
static const struct query create_store = {
    QUERY_STORE_CREATE, "INSERT INTO store (id, created_at, master_key_id) VALUES (1, ?1, ?2)"};
static const struct query read_data_keys = {QUERY_DATA_KEYS_READ,
                                            "SELECT id, sealed FROM data_keys WHERE id < ?1"
                                            " ORDER BY id"};
static const struct query read_newest = {QUERY_DATA_KEY_NEWEST, "SELECT max(id) FROM data_keys"};
static const struct query read_data_key = {QUERY_DATA_KEY_READ,
                                           "SELECT sealed FROM data_keys WHERE id = ?1"};
static const struct query put_data_key = {
    QUERY_DATA_KEY_CREATE, "INSERT INTO data_keys (id, created_at, sealed) VALUES (?1, ?2, ?3)"};

#define FIRST_DATA_KEY 1

enum keyward_status data_keys_master(struct transaction *transaction, struct store_master *master)
{
    struct statement read = statement_begin(transaction->connection, &read_store);
    enum keyward_status ended, status = KEYWARD_NOT_FOUND;

    master->which = MASTER_KEY_UNKNOWN;
    if (statement_row(&read)) {
        if (statement_length(&read, 0) == sizeof master->id) {
            memcpy(master->id, statement_blob(&read, 0), sizeof master->id);
            master->which = keyring_recognise(&transaction->services->keyring, master->id);
        }
        status = master->which == MASTER_KEY_UNKNOWN ? KEYWARD_WRONG_MASTER_KEY : KEYWARD_OK;
    }
    ended = statement_end(&read);
    return ended == KEYWARD_OK ? status : ended;
}

static enum keyward_status add_key(struct transaction *transaction, const struct statement *row)
{
    int64_t id = statement_number(row, 0);
    enum keyring_added added = KEYRING_DOES_NOT_OPEN;

    if (statement_length(row, 1) == SEALED_DATA_KEY_BYTES)
        added = keyring_add(&transaction->services->keyring, id, statement_blob(row, 1));
    if (added == KEYRING_DOES_NOT_OPEN)
        return error_set(transaction->error, KEYWARD_CORRUPT, "a data key does not open");
    if (added == KEYRING_IS_FULL)
        return error_set(transaction->error, KEYWARD_CORRUPT, "there are too many data keys");
    return KEYWARD_OK;
}

/* Not those that the transaction itself has created: the keyring, which outlives it, must not have
 * one that is rolled back, because another would get its id. */
static enum keyward_status open_data_keys(struct transaction *transaction)
{
    struct statement rows = statement_begin(transaction->connection, &read_data_keys);
    int64_t uncommitted = transaction->uncommitted_data_key;
    enum keyward_status ended, status = KEYWARD_OK;
    bool any = false;

    statement_bind_number(&rows, uncommitted > 0 ? uncommitted : INT64_MAX);
    while (status == KEYWARD_OK && statement_row(&rows)) {
        status = add_key(transaction, &rows);
        any = true;
    }
    ended = statement_end(&rows);
    if (status == KEYWARD_OK && ended == KEYWARD_OK && !any)
        return error_set(transaction->error, KEYWARD_CORRUPT, "the store has lost its data keys");
    return status == KEYWARD_OK ? ended : status;
}

enum keyward_status data_keys_load(struct transaction *transaction, void *request)
{
    struct store_master master;
    enum keyward_status status = data_keys_master(transaction, &master);

    (void)request;
    return status == KEYWARD_OK ? open_data_keys(transaction) : status;
}

enum keyward_status data_keys_insert(struct transaction *transaction, int64_t id, int64_t at,
                                     const unsigned char sealed[SEALED_DATA_KEY_BYTES])
{
    struct statement create = statement_begin(transaction->connection, &put_data_key);

    statement_bind_number(&create, id);
    statement_bind_number(&create, at);
    statement_bind_blob(&create, sealed, SEALED_DATA_KEY_BYTES);
    return statement_run(&create);
}

static enum keyward_status write_first_key(struct transaction *transaction, int64_t now,
                                           const unsigned char master_key_id[MASTER_KEY_ID_BYTES])
{
    struct keyring *keyring = &transaction->services->keyring;
    unsigned char sealed[SEALED_DATA_KEY_BYTES];

    /* not covered: nobody changes the master key of a store that is being opened */
    if (!keyring_seal(keyring, master_key_id, FIRST_DATA_KEY, keyring->drawn->data_key_nonce,
                      keyring->drawn->data_key, sealed))
        return KEYWARD_WRONG_MASTER_KEY;
    return data_keys_insert(transaction, FIRST_DATA_KEY, now, sealed);
}

enum keyward_status data_keys_create(struct transaction *transaction, void *request)
{
    int64_t now = environment_now(&transaction->services->environment);
    struct store_master master;
    enum keyward_status status = data_keys_master(transaction, &master);
    struct statement create;

    (void)request;
    if (status != KEYWARD_NOT_FOUND)
        return status;
    keyring_copy_id(&transaction->services->keyring, MASTER_KEY_IN_FORCE, master.id);
    create = statement_begin(transaction->connection, &create_store);
    statement_bind_number(&create, now);
    statement_bind_blob(&create, master.id, sizeof master.id);
    status = statement_run(&create);
    return status == KEYWARD_OK ? write_first_key(transaction, now, master.id) : status;
}

/* ---- those that other processes have added since ---- */

static enum keyward_status require_master(struct transaction *transaction)
{
    struct store_master master;
    enum keyward_status status = data_keys_master(transaction, &master);

    if (status == KEYWARD_WRONG_MASTER_KEY || status == KEYWARD_NOT_FOUND)
        return error_set(transaction->error, KEYWARD_WRONG_MASTER_KEY,
                         "the master key was changed since the store was opened");
    return status;
}

/* The master key of the snapshot may have been changed since by a thread of this process: which has
 * opened all data keys first. */
static enum keyward_status load_newer(struct transaction *transaction, int64_t id,
                                      const struct data_key **data_key)
{
    enum keyward_status status = require_master(transaction);

    if (status == KEYWARD_OK)
        status = open_data_keys(transaction);
    *data_key = keyring_find(&transaction->services->keyring, id);
    if (!*data_key || status == KEYWARD_OK)
        return status;
    error_reset(transaction->error);
    return KEYWARD_OK;
}

/* For a writer, who may see what is undone again: then the next data key has the same id. */
static enum keyward_status open_newer(struct transaction *transaction, int64_t id,
                                      const struct data_key **data_key)
{
    enum keyward_status ended, status = require_master(transaction);
    struct statement read;

    if (status != KEYWARD_OK)
        return status;
    read = statement_begin(transaction->connection, &read_data_key);
    statement_bind_number(&read, id);
    if (statement_row(&read)) {
        if (statement_length(&read, 0) == SEALED_DATA_KEY_BYTES)
            *data_key = keyring_peek(&transaction->services->keyring, id, statement_blob(&read, 0));
        if (!*data_key)
            status = error_set(transaction->error, KEYWARD_CORRUPT, "a data key does not open");
    }
    ended = statement_end(&read);
    return ended == KEYWARD_OK ? status : ended;
}

enum keyward_status data_key_find(struct transaction *transaction, int64_t id,
                                  const struct data_key **data_key)
{
    bool writes = !transaction->guarded;
    enum keyward_status status = KEYWARD_OK;

    *data_key = keyring_find(&transaction->services->keyring, id);
    if (!*data_key)
        status = (writes ? open_newer : load_newer)(transaction, id, data_key);
    if (status == KEYWARD_OK && !*data_key)
        status = error_set(transaction->error, KEYWARD_CORRUPT, "a sealed secret does not open");
    return status;
}

enum keyward_status sealed_secret_open(struct transaction *transaction,
                                       const struct seal_place *place, const unsigned char *sealed,
                                       size_t length, unsigned char *secret)
{
    const struct data_key *data_key;
    enum keyward_status status = data_key_find(transaction, place->data_key_id, &data_key);

    if (status != KEYWARD_OK)
        return status;
    if (length <= SEAL_OVERHEAD || length > SEALED_SECRET_MAX ||
        !unseal_secret(data_key->key, place, sealed, length, secret))
        return error_set(transaction->error, KEYWARD_CORRUPT, "a sealed secret does not open");
    return KEYWARD_OK;
}

enum keyward_status data_keys_newest_id(struct transaction *transaction, int64_t *id)
{
    struct statement read = statement_begin(transaction->connection, &read_newest);

    *id = statement_row(&read) ? statement_number(&read, 0) : 0;
    return statement_end(&read);
}

enum keyward_status data_key_newest(struct transaction *transaction,
                                    const struct data_key **data_key)
{
    int64_t id;
    enum keyward_status status = data_keys_newest_id(transaction, &id);

    *data_key = NULL;
    return status == KEYWARD_OK ? data_key_find(transaction, id, data_key) : status;
}
