/* SPDX-License-Identifier: MIT */
/*
 * Finding a key in order to change it, and keeping deleted keys out of the way of live ones.
 *
 * A deleted key stays where it is until deleted ones lie side by side; then these are archived
 * together. To notice costs little: whoever finds a key steps on to its neighbours, which are on
 * the same page, as long as they are deleted. To the older ones or to the newer ones, as the key's
 * random last digit says: so it is noticed in whatever order keys are deleted.
 */
#include "base/status.h"
#include "connection/statement.h"
#include "operations/keys.h"
#include "operations/uses.h"

#include <string.h>

/* So many deleted ones beside a key are archived together with it, and then all that lie side by
 * side, up to the LIMIT below. */
#define NEIGHBOURS 7

#define SELECT_CURRENT                                         \
    "SELECT id, name, deleted_at, deleted_event FROM api_keys" \
    " WHERE repo_id = ?1 AND archived = 0 AND id "

static const struct query find_with_older = {QUERY_KEY_FIND_WITH_OLDER,
                                             SELECT_CURRENT "<= ?2 ORDER BY id DESC LIMIT 65"};
static const struct query find_with_newer = {QUERY_KEY_FIND_WITH_NEWER,
                                             SELECT_CURRENT ">= ?2 ORDER BY id LIMIT 65"};
static const struct query find_archived = {
    QUERY_KEY_FIND_ARCHIVED, "SELECT id, name, deleted_at, deleted_event FROM api_keys"
                             " WHERE repo_id = ?1 AND archived = 1 AND id = ?2"};
static const struct query archive = {QUERY_KEY_ARCHIVE,
                                     "UPDATE api_keys SET archived = 1"
                                     " WHERE repo_id = ?1 AND archived = 0 AND id BETWEEN ?2 AND ?3"
                                     " AND deleted_event IS NOT NULL"};

static const struct query find_by_access_key = {
    QUERY_KEY_FIND_BY_ACCESS_KEY,
    "SELECT repo_id, key_id FROM sealed_secrets WHERE access_key = ?1"};

#define SELECT_LIFE                                                                           \
    "SELECT k.access_key, k.provider, d.held_name IS NOT NULL, k.expires_at, d.last_used_at," \
    " d.purged_event, s.id IS NOT NULL FROM api_keys AS k"                                    \
    " LEFT JOIN key_details AS d ON d.repo_id = k.repo_id AND d.key_id = k.id"                \
    " LEFT JOIN api_keys AS s ON s.repo_id = k.repo_id AND s.archived = 0"                    \
    " AND s.id = d.successor_id AND s.deleted_event IS NULL"                                  \
    " WHERE k.repo_id = ?1 AND k.id = ?2 AND k.archived = "

static const struct query read_life = {QUERY_KEY_LIFE, SELECT_LIFE "0 UNION ALL " SELECT_LIFE "1"};

enum found_column { FOUND_ID, FOUND_NAME, FOUND_DELETED_AT, FOUND_DELETED_EVENT };

enum life_column {
    LIFE_ACCESS_KEY,
    LIFE_PROVIDER,
    LIFE_HOLDS_NAME,
    LIFE_EXPIRES_AT,
    LIFE_LAST_USED_AT,
    LIFE_PURGED_EVENT,
    LIFE_HAS_LIVE_SUCCESSOR
};

static bool looks_to_older(const char *key_id)
{
    size_t length = strlen(key_id);
    return length > 0 && key_id[length - 1] % 2 == 0;
}

/* What is longer has been tampered with, and leads nowhere. */
static void copy_text(char *copy, const char *text, size_t longest)
{
    copy[0] = '\0';
    if (text)
        strncat(copy, text, longest);
}

static void read_found(const struct statement *row, struct found_key *found)
{
    const char *name = statement_text(row, FOUND_NAME);

    found->deleted_at = statement_number(row, FOUND_DELETED_AT);
    found->deleted_event = statement_number(row, FOUND_DELETED_EVENT);
    /* A single bit can take one of the two marks away. */
    found->deleted =
        !statement_is_null(row, FOUND_DELETED_AT) || !statement_is_null(row, FOUND_DELETED_EVENT);
    copy_text(found->name, name, KEYWARD_NAME_MAX);
}

static void read_neighbours(struct statement *row, struct found_key *found)
{
    const char *id;

    while (statement_row(row) && statement_number(row, FOUND_DELETED_EVENT) != 0) {
        id = statement_text(row, FOUND_ID);
        copy_text(found->farthest_id, id, UUID_TEXT_SIZE - 1);
        found->deleted_neighbours++;
    }
}

static enum keyward_status find_in(struct connection *connection, const struct query *query,
                                   const char *repo_id, const char *key_id, struct found_key *found)
{
    struct statement find = statement_begin(connection, query);
    const char *id = NULL;
    enum keyward_status status;
    bool exists;

    statement_bind_text(&find, repo_id);
    statement_bind_text(&find, key_id);
    if (statement_row(&find))
        id = statement_text(&find, FOUND_ID);
    exists = id && strcmp(id, key_id) == 0;
    if (exists) {
        read_found(&find, found);
        read_neighbours(&find, found);
    }
    status = statement_end(&find);
    return status == KEYWARD_OK && !exists ? KEYWARD_NOT_FOUND : status;
}

enum keyward_status key_find(struct connection *connection, const char *repo_id, const char *key_id,
                             struct found_key *found)
{
    const struct query *current = looks_to_older(key_id) ? &find_with_older : &find_with_newer;
    enum keyward_status status;

    found->deleted_neighbours = 0;
    status = find_in(connection, current, repo_id, key_id, found);
    if (status == KEYWARD_NOT_FOUND)
        status = find_in(connection, &find_archived, repo_id, key_id, found);
    return status;
}

enum keyward_status key_archive(struct connection *connection, const char *repo_id,
                                const char *key_id, const struct found_key *found)
{
    struct statement move;
    bool older = looks_to_older(key_id);

    if (found->deleted_neighbours < NEIGHBOURS)
        return KEYWARD_OK;
    move = statement_begin(connection, &archive);
    statement_bind_text(&move, repo_id);
    statement_bind_text(&move, older ? found->farthest_id : key_id);
    statement_bind_text(&move, older ? key_id : found->farthest_id);
    return statement_run(&move);
}

static enum keyward_status read_life_of(struct transaction *transaction,
                                        const struct statement *row, struct key_life *life)
{
    int provider = provider_value(statement_text(row, LIFE_PROVIDER));
    int64_t noted;

    if (provider < 0)
        return error_set(transaction->error, KEYWARD_CORRUPT, "a key's row is damaged");
    copy_text(life->access_key, statement_text(row, LIFE_ACCESS_KEY), KEYWARD_ACCESS_KEY_MAX);
    life->provider = (enum keyward_provider)provider;
    life->holds_name = statement_number(row, LIFE_HOLDS_NAME) != 0;
    life->has_live_successor = statement_number(row, LIFE_HAS_LIVE_SUCCESSOR) != 0;
    life->expires_at = statement_number(row, LIFE_EXPIRES_AT);
    life->purged_event = statement_number(row, LIFE_PURGED_EVENT);
    life->last_used_at = statement_number(row, LIFE_LAST_USED_AT);
    noted = uses_find(transaction->services->uses, life->access_key).last_used_at;
    if (noted > life->last_used_at)
        life->last_used_at = noted;
    return KEYWARD_OK;
}

enum keyward_status key_read_life(struct transaction *transaction, const char *repo_id,
                                  const char *key_id, struct key_life *life)
{
    struct statement read = statement_begin(transaction->connection, &read_life);
    enum keyward_status ended, status = KEYWARD_NOT_FOUND;

    statement_bind_text(&read, repo_id);
    statement_bind_text(&read, key_id);
    if (statement_row(&read))
        status = read_life_of(transaction, &read, life);
    ended = statement_end(&read);
    return ended == KEYWARD_OK ? status : ended;
}

enum keyward_status key_find_address(struct connection *connection, const char *access_key,
                                     struct key_address *address)
{
    struct statement find = statement_begin(connection, &find_by_access_key);
    enum keyward_status status;
    bool exists;

    statement_bind_text(&find, access_key);
    exists = statement_row(&find);
    if (exists) {
        copy_text(address->repo_id, statement_text(&find, 0), KEYWARD_ID_MAX);
        copy_text(address->key_id, statement_text(&find, 1), KEYWARD_ID_MAX);
    }
    status = statement_end(&find);
    return status == KEYWARD_OK && !exists ? KEYWARD_NOT_FOUND : status;
}
