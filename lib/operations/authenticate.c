/* SPDX-License-Identifier: MIT */
#include "operations/authenticate.h"
#include "base/status.h"
#include "connection/statement.h"
#include "operations/data_keys.h"
#include "seal/token.h"

#include <sodium.h>
#include <string.h>

/* An unknown access key makes the same searches as a known one: where it would stand the next key
 * does, and what its repository and id lead to is read in its stead, from pages as likely to be in
 * the cache as anybody's. Only in place of the neighbour's sealed secret comes the decoy, ?2: the
 * length of that secret would tell where its key stands. Behind the last key there is only the one
 * before. */
#define FIND_SECRET(comparison, order)                                                     \
    "SELECT s.repo_id, s.key_id, s.data_key_id, CASE WHEN s.access_key = ?1 THEN s.sealed" \
    " ELSE ?2 END, k.provider, k.deleted_at, k.deleted_event, k.expires_at, k.access_key"  \
    " FROM sealed_secrets AS s LEFT JOIN api_keys AS k ON k.repo_id = s.repo_id"           \
    " AND k.archived = 0 AND k.id = s.key_id WHERE s.access_key " comparison               \
    " ?1 ORDER BY s.access_key " order " LIMIT 1"
static const struct query find_secret = {QUERY_AUTHENTICATE, FIND_SECRET(">=", "ASC")};
static const struct query find_before = {QUERY_AUTHENTICATE_BEHIND, FIND_SECRET("<", "DESC")};
static const struct query look_up_archived = {QUERY_AUTHENTICATE_ARCHIVED,
                                              "SELECT deleted_at, deleted_event FROM api_keys"
                                              " WHERE repo_id = ?1 AND archived = 1 AND id = ?2"};

enum secret_column {
    SECRET_REPO_ID,
    SECRET_KEY_ID,
    SECRET_DATA_KEY_ID,
    SECRET_SEALED,
    SECRET_PROVIDER,
    SECRET_DELETED_AT,
    SECRET_DELETED_EVENT,
    SECRET_EXPIRES_AT,
    SECRET_ACCESS_KEY /* of the key's row */
};

/* A sealed secret and where its key stands; for an unknown access key the decoy and the key beside,
 * and the decoy for one whose secret was destroyed. */
struct sealed_secret {
    bool known, destroyed;
    const char *repo_id, *key_id;
    struct seal_place place;
    const unsigned char *sealed;
    size_t length;
};

static bool is_decoy(const struct keyring *keyring, const unsigned char *sealed, size_t length)
{
    return length == keyring->decoy_length && memcmp(sealed, keyring->decoy, length) == 0;
}

static void put_decoy(struct sealed_secret *secret, const struct keyring *keyring)
{
    secret->place = keyring->decoy_place;
    secret->sealed = keyring->decoy;
    secret->length = keyring->decoy_length;
}

static struct sealed_secret sealed_of_row(const struct transaction *transaction,
                                          const struct authentication *request,
                                          const struct statement *row)
{
    const struct keyring *keyring = &transaction->services->keyring;
    struct sealed_secret secret = {
        .repo_id = statement_text(row, SECRET_REPO_ID),
        .key_id = statement_text(row, SECRET_KEY_ID),
        .sealed = statement_blob(row, SECRET_SEALED),
        .length = statement_length(row, SECRET_SEALED),
    };

    secret.known = !is_decoy(keyring, secret.sealed, secret.length);
    secret.destroyed = secret.length > 0 && sodium_is_zero(secret.sealed, secret.length) == 1;
    secret.place = (struct seal_place){
        .data_key_id = statement_number(row, SECRET_DATA_KEY_ID),
        .repo_id = secret.repo_id,
        .repo_id_length = statement_length(row, SECRET_REPO_ID),
        .key_id = secret.key_id,
        .key_id_length = statement_length(row, SECRET_KEY_ID),
        .access_key = request->access_key,
        .access_key_length = strlen(request->access_key),
    };
    if (!secret.known || secret.destroyed)
        put_decoy(&secret, keyring);
    return secret;
}

/* Opens into the reader's guarded memory, compares in constant time, wipes. */
static enum keyward_status compare(struct transaction *transaction,
                                   const struct authentication *request,
                                   const struct sealed_secret *secret, bool *equal)
{
    unsigned char *plain = transaction->guarded;
    size_t length = secret->length - SEAL_OVERHEAD;
    size_t compared = length < request->secret_length ? length : request->secret_length;
    enum keyward_status status =
        sealed_secret_open(transaction, &secret->place, secret->sealed, secret->length, plain);

    if (status != KEYWARD_OK)
        return status;
    *equal =
        (sodium_memcmp(plain, request->secret, compared) == 0) & (length == request->secret_length);
    sodium_memzero(plain, length);
    return KEYWARD_OK;
}

static enum keyward_status identify(struct transaction *transaction,
                                    const struct authentication *request,
                                    const struct sealed_secret *secret, const struct statement *row)
{
    keyward_identity *identity = request->identity;
    int provider = provider_value(statement_text(row, SECRET_PROVIDER));

    /* not covered: what opened was sealed for this place, when its ids were not too long */
    if (provider < 0 || secret->place.repo_id_length >= sizeof identity->repo_id ||
        secret->place.key_id_length >= sizeof identity->key_id)
        return error_set(transaction->error, KEYWARD_CORRUPT, "a key's row is damaged");
    memcpy(identity->repo_id, secret->place.repo_id, secret->place.repo_id_length);
    memcpy(identity->key_id, secret->place.key_id, secret->place.key_id_length);
    identity->provider = (enum keyward_provider)provider;
    identity->expires_at = statement_number(row, SECRET_EXPIRES_AT);
    return KEYWARD_OK;
}

static enum keyward_status refuse(struct authentication *request, enum keyward_cause cause)
{
    request->cause = cause;
    return KEYWARD_REFUSED;
}

/* When and by which event a key was deleted; 0: it was not. */
struct ending {
    int64_t deleted_at, deleted_event;
    bool is_half; /* one of the two is there without the other */
};

/* `row` is where the key is unless it is archived. The first statement is still open, and so both
 * see the same snapshot. */
static enum keyward_status find_ending(struct transaction *transaction,
                                       const struct sealed_secret *secret,
                                       const struct statement *row, struct ending *ending)
{
    struct statement archived = statement_begin(transaction->connection, &look_up_archived);

    ending->deleted_at = statement_number(row, SECRET_DELETED_AT);
    ending->deleted_event = statement_number(row, SECRET_DELETED_EVENT);
    ending->is_half = !statement_is_null(row, SECRET_DELETED_AT) && ending->deleted_event == 0;
    statement_bind_text(&archived, secret->repo_id);
    statement_bind_text(&archived, secret->key_id);
    if (statement_row(&archived)) {
        ending->deleted_at = statement_number(&archived, 0);
        ending->deleted_event = statement_number(&archived, 1);
    }
    return statement_end(&archived);
}

/* Whatever is wrong, the same is done: only a key that opens is spared the search among the
 * archived ones. */
static enum keyward_status find_cause(struct transaction *transaction,
                                      struct authentication *request,
                                      const struct sealed_secret *secret, bool equal,
                                      const struct statement *row)
{
    struct ending ending;
    enum keyward_status status = find_ending(transaction, secret, row, &ending);

    if (status != KEYWARD_OK)
        return status;
    if (!secret->known)
        return refuse(request, KEYWARD_CAUSE_UNKNOWN);
    if (secret->destroyed && ending.deleted_event == 0)
        return error_set(transaction->error, KEYWARD_CORRUPT, "a sealed secret does not open");
    if (!secret->destroyed && !equal)
        return refuse(request, KEYWARD_CAUSE_WRONG_SECRET);
    if (secret->destroyed)
        return refuse(request, KEYWARD_CAUSE_PURGED);
    if (ending.is_half)
        return error_set(transaction->error, KEYWARD_CORRUPT, "a key's row is damaged");
    if (ending.deleted_event != 0) {
        request->deleted_at = ending.deleted_at;
        request->deleted_event = ending.deleted_event;
        return refuse(request, KEYWARD_CAUSE_DELETED);
    }
    request->expired_at = statement_number(row, SECRET_EXPIRES_AT);
    if (request->expired_at == 0)
        return error_set(transaction->error, KEYWARD_CORRUPT, "a key's row is damaged");
    return refuse(request, KEYWARD_CAUSE_EXPIRED);
}

/* In a tree whose order is damaged SQLite finds a neighbour for the row that it looks for. */
static bool is_anothers(const struct statement *row, const char *access_key)
{
    const char *found = statement_text(row, SECRET_ACCESS_KEY);

    return found && strcmp(found, access_key) != 0;
}

/* Both marks of a deletion are looked at: a single bit can take one of them away. */
static bool is_live(const struct statement *row)
{
    return statement_text(row, SECRET_PROVIDER) && statement_is_null(row, SECRET_DELETED_AT) &&
           statement_is_null(row, SECRET_DELETED_EVENT);
}

static bool has_expired(const struct statement *row, int64_t now)
{
    int64_t expires_at = statement_number(row, SECRET_EXPIRES_AT);
    return expires_at != 0 && now >= expires_at;
}

static enum keyward_status judge(struct transaction *transaction, struct authentication *request,
                                 const struct statement *row)
{
    struct sealed_secret secret = sealed_of_row(transaction, request, row);
    bool equal = false;
    enum keyward_status status = compare(transaction, request, &secret, &equal);

    if (status != KEYWARD_OK)
        return status;
    if (secret.known && is_anothers(row, request->access_key))
        return error_set(transaction->error, KEYWARD_CORRUPT, "a key's row is damaged");
    if (secret.known && !secret.destroyed && equal && is_live(row) &&
        !has_expired(row, request->now))
        return identify(transaction, request, &secret, row);
    return find_cause(transaction, request, &secret, equal, row);
}

/* False: there is none, or the statement failed. */
static bool find(struct transaction *transaction, const struct query *query, const char *access_key,
                 struct statement *found)
{
    const struct keyring *keyring = &transaction->services->keyring;

    *found = statement_begin(transaction->connection, query);
    statement_bind_text(found, access_key);
    statement_bind_blob(found, keyring->decoy, keyring->decoy_length);
    return statement_row(found);
}

enum keyward_status authenticate(struct transaction *transaction, void *request)
{
    struct authentication *authentication = request;
    const char *access_key = authentication->access_key;
    struct statement row;
    enum keyward_status ended, status;
    bool found;

    if (!token_is_access_key(access_key, strlen(access_key)) ||
        token_is_mistyped_secret(authentication->secret, authentication->secret_length))
        return refuse(authentication, KEYWARD_CAUSE_MALFORMED);
    found = find(transaction, &find_secret, access_key, &row);
    if (!found && statement_end(&row) == KEYWARD_OK)
        found = find(transaction, &find_before, access_key, &row);
    status = found ? judge(transaction, authentication, &row)
                   : refuse(authentication, KEYWARD_CAUSE_UNKNOWN); /* the store has no keys */
    ended = statement_end(&row);
    return ended == KEYWARD_OK ? status : ended;
}
