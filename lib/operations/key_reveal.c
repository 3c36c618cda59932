/* SPDX-License-Identifier: MIT */
/* Showing the secret of a live key, and that it was shown. */
#include "base/status.h"
#include "connection/statement.h"
#include "operations/access.h"
#include "operations/data_keys.h"
#include "operations/keys.h"
#include "seal/secret.h"

#include <string.h>

static const struct query read_sealed = {
    QUERY_KEY_SEALED,
    "SELECT data_key_id, sealed, repo_id, key_id FROM sealed_secrets WHERE access_key = ?1"};

enum shown_column { SHOWN_DATA_KEY_ID, SHOWN_SEALED, SHOWN_REPO_ID, SHOWN_KEY_ID };

static enum keyward_status open_secret(struct transaction *transaction, const char *access_key,
                                       const struct statement *row, keyward_secret **secret)
{
    const struct seal_place place = {
        .data_key_id = statement_number(row, SHOWN_DATA_KEY_ID),
        .repo_id = statement_text(row, SHOWN_REPO_ID),
        .repo_id_length = statement_length(row, SHOWN_REPO_ID),
        .key_id = statement_text(row, SHOWN_KEY_ID),
        .key_id_length = statement_length(row, SHOWN_KEY_ID),
        .access_key = access_key,
        .access_key_length = strlen(access_key),
    };
    size_t length = statement_length(row, SHOWN_SEALED);
    char *text;

    if (length <= SEAL_OVERHEAD)
        return KEYWARD_CORRUPT;
    *secret = secret_new(length - SEAL_OVERHEAD, &text);
    return *secret ? sealed_secret_open(transaction, &place, statement_blob(row, SHOWN_SEALED),
                                        length, (unsigned char *)text)
                   : KEYWARD_NOMEM;
}

static enum keyward_status read_secret(struct transaction *transaction, const char *access_key,
                                       keyward_secret **secret)
{
    struct statement read = statement_begin(transaction->connection, &read_sealed);
    enum keyward_status ended, status = KEYWARD_CORRUPT;

    statement_bind_text(&read, access_key);
    if (statement_row(&read))
        status = open_secret(transaction, access_key, &read, secret);
    ended = statement_end(&read);
    return ended == KEYWARD_OK ? status : ended;
}

/* KEYWARD_OK when there is something to show. */
static enum keyward_status require_secret(struct transaction *transaction,
                                          struct key_reveal *reveal, const struct found_key *found,
                                          const struct key_life *life)
{
    if (found->deleted) {
        reveal->deleted_at = found->deleted_at;
        reveal->deleted_event = found->deleted_event;
        return KEYWARD_ALREADY_DELETED;
    }
    if (life->expires_at != 0 &&
        environment_now(&transaction->services->environment) >= life->expires_at) {
        reveal->expired_at = life->expires_at;
        return KEYWARD_EXPIRED;
    }
    return KEYWARD_OK;
}

enum keyward_status key_reveal(struct transaction *transaction, void *request)
{
    struct key_reveal *reveal = request;
    keyward_event event = {
        .action = KEYWARD_KEY_REVEAL_DENIED,
        .repo_id = reveal->repo_id,
        .key_id = reveal->key_id,
    };
    struct found_key found;
    struct key_life life;
    enum keyward_status recorded,
        status = access_require(transaction, reveal->actor, KEYWARD_ADMIN, &event);

    keyward_secret_free(&reveal->secret); /* of an earlier attempt */
    if (status == KEYWARD_OK)
        status = key_find(transaction->connection, reveal->repo_id, reveal->key_id, &found);
    if (status == KEYWARD_OK)
        status = key_read_life(transaction, reveal->repo_id, reveal->key_id, &life);
    if (status != KEYWARD_OK)
        return status;
    status = require_secret(transaction, reveal, &found, &life);
    if (status == KEYWARD_OK)
        event.action = KEYWARD_KEY_REVEALED;
    event.name = found.name;
    recorded = audit_append(transaction, reveal->actor, &event);
    if (recorded != KEYWARD_OK)
        return recorded;
    return status == KEYWARD_OK ? read_secret(transaction, life.access_key, &reveal->secret)
                                : status;
}
