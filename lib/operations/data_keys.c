/* SPDX-License-Identifier: MIT */
#include "operations/data_keys.h"
#include "connection/statement.h"

#include <sodium.h>

static const struct query read_store = {QUERY_STORE_READ,
                                        "SELECT master_key_id FROM store WHERE id = 1"};
static const struct query create_store = {
    QUERY_STORE_CREATE, "INSERT INTO store (id, created_at, master_key_id) VALUES (1, ?1, ?2)"};
static const struct query read_data_keys = {QUERY_DATA_KEYS_READ,
                                            "SELECT id, sealed FROM data_keys ORDER BY id"};
static const struct query create_data_key = {
    QUERY_DATA_KEY_CREATE, "INSERT INTO data_keys (id, created_at, sealed) VALUES (1, ?1, ?2)"};

#define FIRST_DATA_KEY 1

static enum keyward_status compare_master_key(struct transaction *transaction,
                                              const struct master_key *master_key)
{
    struct statement read = statement_begin(transaction->connection, &read_store);
    enum keyward_status ended, status = KEYWARD_NOT_FOUND;

    if (statement_row(&read))
        status = statement_length(&read, 0) == MASTER_KEY_ID_BYTES &&
                         sodium_memcmp(statement_blob(&read, 0), master_key->id,
                                       MASTER_KEY_ID_BYTES) == 0
                     ? KEYWARD_OK
                     : KEYWARD_WRONG_MASTER_KEY;
    ended = statement_end(&read);
    return ended == KEYWARD_OK ? status : ended;
}

static enum keyward_status add_key(struct transaction *transaction, const struct data_keys *keys,
                                   const struct statement *row, unsigned char *data_key)
{
    int64_t id = statement_number(row, 0);

    if (statement_length(row, 1) != SEALED_DATA_KEY_BYTES ||
        !unseal_data_key(keys->master_key->wrapping_key, id, statement_blob(row, 1), data_key))
        return error_set(transaction->error, KEYWARD_CORRUPT, "a data key does not open");
    if (!keyring_add(keys->keyring, id, data_key))
        return error_set(transaction->error, KEYWARD_CORRUPT, "there are too many data keys");
    return KEYWARD_OK;
}

static enum keyward_status open_data_keys(struct transaction *transaction,
                                          const struct data_keys *keys)
{
    enum keyward_status ended, status = KEYWARD_OK;
    unsigned char *data_key = sodium_malloc(SEAL_KEY_BYTES);
    struct statement rows;

    if (!data_key)
        return KEYWARD_NOMEM;
    keys->keyring->count = 0;
    rows = statement_begin(transaction->connection, &read_data_keys);
    while (status == KEYWARD_OK && statement_row(&rows))
        status = add_key(transaction, keys, &rows, data_key);
    ended = statement_end(&rows);
    sodium_free(data_key);
    if (status == KEYWARD_OK && ended == KEYWARD_OK && keys->keyring->count == 0)
        return error_set(transaction->error, KEYWARD_CORRUPT, "the store has lost its data keys");
    return status == KEYWARD_OK ? ended : status;
}

enum keyward_status data_keys_load(struct transaction *transaction, void *request)
{
    const struct data_keys *keys = request;
    enum keyward_status status = compare_master_key(transaction, keys->master_key);

    return status == KEYWARD_OK ? open_data_keys(transaction, keys) : status;
}

static enum keyward_status write_data_key(struct transaction *transaction,
                                          const struct data_keys *keys, int64_t now)
{
    const struct keyring_randomness *drawn = keys->keyring->drawn;
    struct statement create = statement_begin(transaction->connection, &create_data_key);
    unsigned char sealed[SEALED_DATA_KEY_BYTES];

    seal_data_key(keys->master_key->wrapping_key, FIRST_DATA_KEY, drawn->data_key_nonce,
                  drawn->data_key, sealed);
    statement_bind_number(&create, now);
    statement_bind_blob(&create, sealed, sizeof sealed);
    return statement_run(&create);
}

enum keyward_status data_keys_create(struct transaction *transaction, void *request)
{
    const struct data_keys *keys = request;
    int64_t now = environment_now(&transaction->services->environment);
    enum keyward_status status = compare_master_key(transaction, keys->master_key);
    struct statement create;

    if (status == KEYWARD_NOT_FOUND) {
        create = statement_begin(transaction->connection, &create_store);
        statement_bind_number(&create, now);
        statement_bind_blob(&create, keys->master_key->id, sizeof keys->master_key->id);
        status = statement_run(&create);
        if (status == KEYWARD_OK)
            status = write_data_key(transaction, keys, now);
    }
    return status == KEYWARD_OK ? open_data_keys(transaction, keys) : status;
}
