/* SPDX-License-Identifier: MIT */
#include "connection/statement.h"
#include "operations/access.h"
#include "operations/data_keys.h"
#include "operations/keys.h"
#include "operations/names.h"

#include <sodium.h>
#include <string.h>

static const struct query newest_id = {
    QUERY_KEY_NEWEST_ID,
    "SELECT max(id) FROM (SELECT max(id) AS id FROM api_keys WHERE repo_id = ?1 AND archived = 0"
    " UNION ALL SELECT max(id) FROM api_keys WHERE repo_id = ?1 AND archived = 1)"};
static const struct query keep_sealed = {
    QUERY_KEY_SEAL, "INSERT INTO sealed_secrets (access_key, repo_id, key_id, data_key_id, sealed)"
                    " VALUES (?1, ?2, ?3, ?4, ?5)"};
static const struct query insert_key = {
    QUERY_KEY_INSERT,
    "INSERT INTO api_keys (repo_id, id, access_key, name, provider, created_at, created_by,"
    " created_event, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"};
static const struct query insert_details = {
    QUERY_KEY_DETAILS_INSERT, "INSERT INTO key_details (repo_id, key_id, predecessor_id, held_name)"
                              " VALUES (?1, ?2, ?3, ?4)"};

enum keyward_status key_choose_id(struct transaction *transaction, struct key_create *create)
{
    struct statement newest = statement_begin(transaction->connection, &newest_id);

    statement_bind_text(&newest, create->repo_id);
    if (statement_row(&newest)) /* behind that one, whatever the clock does */
        uuid_after(statement_text(&newest, 0), environment_now(&transaction->services->environment),
                   create->id_random, create->id);
    return statement_end(&newest);
}

static enum keyward_status keep_secret(struct transaction *transaction, struct key_create *create,
                                       const struct data_key *data_key,
                                       unsigned char hash[crypto_hash_sha256_BYTES])
{
    const struct seal_place place = {
        .data_key_id = data_key->id,
        .repo_id = create->repo_id,
        .repo_id_length = strlen(create->repo_id),
        .key_id = create->id,
        .key_id_length = strlen(create->id),
        .access_key = create->access_key,
        .access_key_length = strlen(create->access_key),
    };
    size_t sealed_length = create->secret_length + SEAL_OVERHEAD;
    struct statement keep = statement_begin(transaction->connection, &keep_sealed);

    seal_secret(data_key->key, &place, create->nonce, create->secret, create->secret_length,
                create->sealed);
    crypto_hash_sha256(hash, create->sealed, sealed_length);
    statement_bind_text(&keep, create->access_key);
    statement_bind_text(&keep, create->repo_id);
    statement_bind_text(&keep, create->id);
    statement_bind_number(&keep, data_key->id);
    statement_bind_blob(&keep, create->sealed, sealed_length);
    return statement_run(&keep);
}

static enum keyward_status insert(struct transaction *transaction, const struct key_create *create,
                                  const keyward_event *event)
{
    struct statement insert = statement_begin(transaction->connection, &insert_key);

    statement_bind_text(&insert, create->repo_id);
    statement_bind_text(&insert, create->id);
    statement_bind_text(&insert, create->access_key);
    statement_bind_text(&insert, event->name);
    statement_bind_text(&insert, event->provider);
    statement_bind_number(&insert, event->at);
    statement_bind_text(&insert, event->actor_id);
    statement_bind_number(&insert, event->sequence);
    statement_bind_optional(&insert, create->expires_at);
    return statement_run(&insert);
}

static enum keyward_status put_details(struct transaction *transaction,
                                       const struct key_create *create)
{
    struct statement insert;

    if (!create->predecessor_id && !create->holds_name)
        return KEYWARD_OK;
    insert = statement_begin(transaction->connection, &insert_details);
    statement_bind_text(&insert, create->repo_id);
    statement_bind_text(&insert, create->id);
    statement_bind_text(&insert, create->predecessor_id);
    statement_bind_text(&insert, create->holds_name ? create->name : NULL);
    return statement_run(&insert);
}

enum keyward_status key_put(struct transaction *transaction, struct key_create *create)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    const struct data_key *data_key;
    keyward_event event = {
        .action = create->imports ? KEYWARD_KEY_IMPORTED : KEYWARD_KEY_CREATED,
        .repo_id = create->repo_id,
        .key_id = create->id,
        .name = create->name,
        .provider = keyward_provider_text(create->provider),
        .sealed_sha256 = hash,
        .other_key_id = create->predecessor_id,
        .expires_at = create->expires_at,
    };
    enum keyward_status status = data_key_newest(transaction, &data_key);

    if (status == KEYWARD_OK)
        status = keep_secret(transaction, create, data_key, hash);
    if (status == KEYWARD_OK)
        status = audit_append(transaction, create->actor, &event);
    if (status == KEYWARD_OK)
        status = insert(transaction, create, &event);
    if (status == KEYWARD_OK)
        status = put_details(transaction, create);
    create->created_at = event.at;
    return status;
}

enum keyward_status key_create(struct transaction *transaction, void *request)
{
    struct key_create *create = request;
    const keyward_event attempt = {
        .action = create->imports ? KEYWARD_KEY_IMPORT_DENIED : KEYWARD_KEY_CREATE_DENIED,
        .repo_id = create->repo_id,
        .name = create->name,
        .provider = keyward_provider_text(create->provider),
        .expires_at = create->expires_at,
    };
    enum keyward_status status =
        access_require(transaction, create->actor, KEYWARD_WRITER, &attempt);

    if (status == KEYWARD_OK)
        status = names_are_unique(transaction, &create->holds_name);
    if (status == KEYWARD_OK && create->holds_name)
        status = names_require_free(transaction, create->repo_id, create->name);
    if (status == KEYWARD_OK)
        status = key_choose_id(transaction, create);
    return status == KEYWARD_OK ? key_put(transaction, create) : status;
}
