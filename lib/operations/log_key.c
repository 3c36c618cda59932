/* SPDX-License-Identifier: MIT */
#include "operations/log_key.h"
#include "connection/statement.h"
#include "operations/data_keys.h"

#include <sodium.h>
#include <string.h>

static const struct query read_log_key = {
    QUERY_LOG_KEY_READ, "SELECT origin, public_key FROM audit_log_key WHERE id = 1"};
static const struct query read_sealed_log_key = {
    QUERY_LOG_KEY_SEALED, "SELECT data_key_id, sealed FROM audit_log_key WHERE id = 1"};
static const struct query put_key = {
    QUERY_LOG_KEY_PUT, "INSERT INTO audit_log_key (id, origin, created_at, public_key,"
                       " data_key_id, sealed) VALUES (1, ?1, ?2, ?3, ?4, ?5)"};

/* ---- reading ---- */

static void fill(struct log_key *key, const char *origin, const unsigned char *public_key)
{
    struct span name = {key->origin, strlen(origin)};

    memset(&key->trust, 0, sizeof key->trust);
    memcpy(key->origin, origin, name.length + 1);
    verifier_key_make(&key->trust.log, KEY_ED25519, name, public_key);
}

static bool row_is_sound(const struct statement *row)
{
    const char *origin = statement_text(row, 0);
    struct span name = {origin, origin ? strlen(origin) : 0};

    return origin && name.length == statement_length(row, 0) && key_name_is_valid(name) &&
           statement_length(row, 1) == PUBLIC_KEY_BYTES;
}

enum keyward_status log_key_read(struct transaction *transaction, struct log_key *key)
{
    struct statement read = statement_begin(transaction->connection, &read_log_key);
    enum keyward_status ended, status = KEYWARD_NOT_FOUND;

    if (statement_row(&read)) {
        status = KEYWARD_CORRUPT;
        if (row_is_sound(&read)) {
            fill(key, statement_text(&read, 0), statement_blob(&read, 1));
            status = KEYWARD_OK;
        }
    }
    ended = statement_end(&read);
    if (ended != KEYWARD_OK)
        return ended;
    if (status == KEYWARD_NOT_FOUND)
        error_set(transaction->error, status,
                  "the audit log has no key yet; keyward_audit_log_key() makes one");
    return status;
}

/* ---- making ---- */

static enum keyward_status put_new_key(struct transaction *transaction,
                                       const struct log_key_make *make, int64_t data_key_id,
                                       const unsigned char *sealed)
{
    struct statement put = statement_begin(transaction->connection, &put_key);

    statement_bind_text(&put, make->origin);
    statement_bind_number(&put, environment_now(&transaction->services->environment));
    statement_bind_blob(&put, make->key.trust.log.public_key, PUBLIC_KEY_BYTES);
    statement_bind_number(&put, data_key_id);
    statement_bind_blob(&put, sealed, SEALED_LOG_SEED_BYTES);
    return statement_run(&put);
}

static enum keyward_status create(struct transaction *transaction, struct log_key_make *make)
{
    unsigned char sealed[SEALED_LOG_SEED_BYTES], public_key[PUBLIC_KEY_BYTES];
    const struct data_key *data_key;
    enum keyward_status status = data_key_newest(transaction, &data_key);

    if (status != KEYWARD_OK)
        return status;
    crypto_sign_ed25519_seed_keypair(public_key, make->secret, make->secret + SECRET_KEY_BYTES);
    fill(&make->key, make->origin, public_key);
    seal_log_seed(data_key->key, data_key->id, make->origin, make->nonce,
                  make->secret + SECRET_KEY_BYTES, sealed);
    return put_new_key(transaction, make, data_key->id, sealed);
}

enum keyward_status log_key_make(struct transaction *transaction, void *request)
{
    struct log_key_make *make = request;
    enum keyward_status status = log_key_read(transaction, &make->key);

    if (status == KEYWARD_NOT_FOUND)
        return create(transaction, make);
    if (status == KEYWARD_OK && strcmp(make->origin, make->key.origin) != 0)
        return error_set(transaction->error, KEYWARD_EXISTS,
                         "the audit log has another origin, and has it for good");
    return status;
}

/* ---- opening ---- */

static enum keyward_status open_seed(struct transaction *transaction, const struct log_key *key,
                                     const struct statement *row, unsigned char *seed)
{
    int64_t data_key_id = statement_number(row, 0);
    const struct data_key *data_key;
    enum keyward_status status = data_key_find(transaction, data_key_id, &data_key);

    if (status == KEYWARD_OK &&
        (statement_length(row, 1) != SEALED_LOG_SEED_BYTES ||
         !unseal_log_seed(data_key->key, data_key_id, key->origin, statement_blob(row, 1), seed)))
        status = error_set(transaction->error, KEYWARD_CORRUPT,
                           "the key of the audit log does not open");
    return status;
}

enum keyward_status log_key_open(struct transaction *transaction, const struct log_key *key,
                                 unsigned char *secret)
{
    struct statement read = statement_begin(transaction->connection, &read_sealed_log_key);
    unsigned char public_key[PUBLIC_KEY_BYTES];
    enum keyward_status ended, status = KEYWARD_CORRUPT;

    if (statement_row(&read))
        status = open_seed(transaction, key, &read, secret + SECRET_KEY_BYTES);
    ended = statement_end(&read);
    if (ended != KEYWARD_OK)
        return ended;
    if (status != KEYWARD_OK)
        return status;
    crypto_sign_ed25519_seed_keypair(public_key, secret, secret + SECRET_KEY_BYTES);
    if (memcmp(public_key, key->trust.log.public_key, sizeof public_key) != 0)
        return error_set(transaction->error, KEYWARD_CORRUPT,
                         "the key of the audit log is not the one that its public half says");
    return KEYWARD_OK;
}
