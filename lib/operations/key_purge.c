/* SPDX-License-Identifier: MIT */
/* Destroying the sealed secrets of deleted keys: the one exception to their immutability. */
#include "connection/statement.h"
#include "operations/access.h"
#include "operations/changes.h"
#include "operations/keys.h"

#include <stdio.h>

static const struct query mark_purged = {
    QUERY_KEY_MARK_PURGED,
    "INSERT INTO key_details (repo_id, key_id, purged_at, purged_event) VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (repo_id, key_id) DO UPDATE SET purged_at = excluded.purged_at,"
    " purged_event = excluded.purged_event"};
static const struct query shred = {
    QUERY_KEY_SHRED,
    "UPDATE sealed_secrets SET sealed = zeroblob(length(sealed)) WHERE access_key = ?1"};

#define SELECT_NEXT_DELETED(ARCHIVED)                                                         \
    "SELECT id FROM api_keys AS k WHERE repo_id = ?1 AND archived = " ARCHIVED " AND id > ?2" \
    " AND deleted_event IS NOT NULL AND deleted_at <= ?3 AND NOT EXISTS (SELECT 1"            \
    " FROM key_details AS d WHERE d.repo_id = k.repo_id AND d.key_id = k.id"                  \
    " AND d.purged_event IS NOT NULL)"

static const struct query next_deleted = {QUERY_KEY_NEXT_DELETED,
                                          SELECT_NEXT_DELETED("0") " UNION ALL " //
                                          SELECT_NEXT_DELETED("1") " ORDER BY id LIMIT 1"};

static enum keyward_status mark_row_purged(struct connection *connection,
                                           const keyward_event *event)
{
    struct statement mark = statement_begin(connection, &mark_purged);

    statement_bind_text(&mark, event->repo_id);
    statement_bind_text(&mark, event->key_id);
    statement_bind_number(&mark, event->at);
    statement_bind_number(&mark, event->sequence);
    return statement_run(&mark);
}

static enum keyward_status overwrite(struct connection *connection, const char *access_key)
{
    struct statement overwrite = statement_begin(connection, &shred);

    statement_bind_text(&overwrite, access_key);
    return statement_run_on_one_row(&overwrite);
}

static enum keyward_status refuse_all(const struct transaction *transaction)
{
    return error_set(transaction->error, KEYWARD_RETAINED,
                     "purging is off: the store was opened without a retention time for it");
}

static enum keyward_status require_purgeable(const struct transaction *transaction,
                                             const struct found_key *found,
                                             const struct key_life *life)
{
    int64_t retention = transaction->services->purge_retention;
    int64_t now = environment_now(&transaction->services->environment);

    if (!found->deleted)
        return KEYWARD_NOT_DELETED;
    if (life->purged_event != 0)
        return KEYWARD_PURGED;
    if (retention == 0)
        return refuse_all(transaction);
    return now - found->deleted_at >= retention ? KEYWARD_OK : KEYWARD_RETAINED;
}

static enum keyward_status purge_one(struct transaction *transaction, struct key_purge *purge,
                                     const char *key_id)
{
    keyward_event event = {
        .action = KEYWARD_KEY_PURGED, .repo_id = purge->repo_id, .key_id = key_id};
    struct found_key found;
    struct key_life life;
    enum keyward_status status = key_find(transaction->connection, purge->repo_id, key_id, &found);

    if (status == KEYWARD_OK)
        status = key_read_life(transaction, purge->repo_id, key_id, &life);
    if (status == KEYWARD_OK)
        status = require_purgeable(transaction, &found, &life);
    if (status != KEYWARD_OK)
        return status;
    event.name = found.name;
    status = audit_append(transaction, purge->actor, &event);
    if (status == KEYWARD_OK)
        status = mark_row_purged(transaction->connection, &event);
    if (status == KEYWARD_OK)
        status = overwrite(transaction->connection, life.access_key);
    if (status == KEYWARD_OK)
        status = changes_add_key(transaction, purge->repo_id, key_id);
    purge->purged = true;
    return status;
}

/* Finds the key after `id` that may be purged; KEYWARD_NOT_FOUND behind the last. */
static enum keyward_status find_next_deleted(struct transaction *transaction, const char *repo_id,
                                             char id[KEYWARD_ID_MAX + 1])
{
    const struct services *services = transaction->services;
    struct statement find = statement_begin(transaction->connection, &next_deleted);
    enum keyward_status ended, status = KEYWARD_NOT_FOUND;

    statement_bind_text(&find, repo_id);
    statement_bind_text(&find, id);
    statement_bind_number(&find,
                          environment_now(&services->environment) - services->purge_retention);
    if (statement_row(&find)) {
        snprintf(id, KEYWARD_ID_MAX + 1, "%s", statement_text(&find, 0));
        status = KEYWARD_OK;
    }
    ended = statement_end(&find);
    return ended == KEYWARD_OK ? status : ended;
}

static enum keyward_status purge_all(struct transaction *transaction, struct key_purge *purge)
{
    char id[KEYWARD_ID_MAX + 1] = "";
    enum keyward_status status;

    if (transaction->services->purge_retention == 0)
        return refuse_all(transaction);
    while ((status = find_next_deleted(transaction, purge->repo_id, id)) == KEYWARD_OK) {
        status = purge_one(transaction, purge, id);
        if (status != KEYWARD_OK && status != KEYWARD_RETAINED) /* the clock may go back */
            return status;
    }
    return status == KEYWARD_NOT_FOUND ? KEYWARD_OK : status;
}

enum keyward_status key_purge(struct transaction *transaction, void *request)
{
    struct key_purge *purge = request;
    const keyward_event attempt = {
        .action = KEYWARD_KEY_PURGE_DENIED, .repo_id = purge->repo_id, .key_id = purge->key_id};
    enum keyward_status status;

    purge->purged = false;
    changes_collect(transaction, purge->changes);
    status = access_require(transaction, purge->actor, KEYWARD_ADMIN, &attempt);
    if (status != KEYWARD_OK)
        return status;
    return purge->key_id ? purge_one(transaction, purge, purge->key_id)
                         : purge_all(transaction, purge);
}
