/* SPDX-License-Identifier: MIT */
/* What may happen to a key between its creation and its end: another name, another deadline; and
 * its return from a deletion. */
#include "connection/statement.h"
#include "operations/access.h"
#include "operations/keys.h"
#include "operations/names.h"

#include <string.h>

static const struct query mark_restored = {
    QUERY_KEY_MARK_RESTORED,
    "UPDATE api_keys SET archived = 0, deleted_at = NULL, deleted_by = NULL, deleted_event = NULL"
    " WHERE repo_id = ?1 AND archived IN (0, 1) AND id = ?2 AND deleted_event = ?3"};
static const struct query rename_key = {
    QUERY_KEY_RENAME,
    "UPDATE api_keys SET name = ?3 WHERE repo_id = ?1 AND archived = 0 AND id = ?2"};
static const struct query expire_key = {
    QUERY_KEY_EXPIRE,
    "UPDATE api_keys SET expires_at = ?3 WHERE repo_id = ?1 AND archived = 0 AND id = ?2"};

static enum keyward_status put_name(struct connection *connection, const struct key_change *change)
{
    struct statement rename = statement_begin(connection, &rename_key);

    statement_bind_text(&rename, change->repo_id);
    statement_bind_text(&rename, change->key_id);
    statement_bind_text(&rename, change->name);
    return statement_run(&rename);
}

/* That no other key holds the new name; and whether this one is to hold it, as each does that has
 * no live successor. */
static enum keyward_status require_name(struct transaction *transaction,
                                        const struct key_change *change, bool *holds)
{
    struct key_life life = {.holds_name = false};
    enum keyward_status status = key_read_life(transaction, change->repo_id, change->key_id, &life);

    *holds = false;
    if (status == KEYWARD_OK)
        status = names_are_unique(transaction, holds);
    if (status != KEYWARD_OK || !*holds)
        return status;
    *holds = !life.has_live_successor;
    return names_require_free(transaction, change->repo_id, change->name);
}

enum keyward_status key_rename(struct transaction *transaction, void *request)
{
    struct key_change *change = request;
    keyward_event event = {
        .action = KEYWARD_KEY_RENAME_DENIED,
        .repo_id = change->repo_id,
        .key_id = change->key_id,
        .name = change->name,
    };
    bool holds;
    enum keyward_status status = access_require(transaction, change->actor, KEYWARD_WRITER, &event);

    if (status == KEYWARD_OK)
        status = key_find(transaction->connection, change->repo_id, change->key_id, &change->found);
    if (status == KEYWARD_OK && change->found.deleted)
        status = KEYWARD_ALREADY_DELETED;
    if (status != KEYWARD_OK || strcmp(change->found.name, change->name) == 0)
        return status;
    status = require_name(transaction, change, &holds);
    if (status != KEYWARD_OK)
        return status;
    event.action = KEYWARD_KEY_RENAMED;
    event.previous_name = change->found.name;
    status = audit_append(transaction, change->actor, &event);
    if (status == KEYWARD_OK)
        status = put_name(transaction->connection, change);
    if (status == KEYWARD_OK && holds)
        status = name_hold(transaction, change->repo_id, change->key_id, change->name);
    return status;
}

enum keyward_status key_put_deadline(struct connection *connection, const char *repo_id,
                                     const char *key_id, int64_t expires_at)
{
    struct statement expire = statement_begin(connection, &expire_key);

    statement_bind_text(&expire, repo_id);
    statement_bind_text(&expire, key_id);
    statement_bind_optional(&expire, expires_at);
    return statement_run_on_one_row(&expire);
}

enum keyward_status key_expire(struct transaction *transaction, void *request)
{
    struct key_change *change = request;
    keyward_event event = {
        .action = KEYWARD_KEY_EXPIRY_DENIED,
        .repo_id = change->repo_id,
        .key_id = change->key_id,
        .expires_at = change->expires_at,
    };
    struct key_life life = {.expires_at = 0};
    enum keyward_status status = access_require(transaction, change->actor, KEYWARD_WRITER, &event);

    if (status == KEYWARD_OK)
        status = key_find(transaction->connection, change->repo_id, change->key_id, &change->found);
    if (status == KEYWARD_OK && change->found.deleted)
        status = KEYWARD_ALREADY_DELETED;
    if (status == KEYWARD_OK)
        status = key_read_life(transaction, change->repo_id, change->key_id, &life);
    if (status != KEYWARD_OK || life.expires_at == change->expires_at)
        return status;
    event.action = KEYWARD_KEY_EXPIRY_SET;
    event.name = change->found.name;
    status = audit_append(transaction, change->actor, &event);
    if (status == KEYWARD_OK)
        status = key_put_deadline(transaction->connection, change->repo_id, change->key_id,
                                  change->expires_at);
    return status;
}

static enum keyward_status unmark(struct connection *connection, const keyward_event *event,
                                  const struct found_key *found)
{
    struct statement unmark = statement_begin(connection, &mark_restored);

    statement_bind_text(&unmark, event->repo_id);
    statement_bind_text(&unmark, event->key_id);
    statement_bind_number(&unmark, found->deleted_event);
    return statement_run_on_one_row(&unmark);
}

/* KEYWARD_OK when the key can come back: it has its secret, and the name that it is to hold is
 * free. */
static enum keyward_status require_return(struct transaction *transaction,
                                          const struct key_change *change, bool *holds)
{
    struct key_life life;
    enum keyward_status status = key_read_life(transaction, change->repo_id, change->key_id, &life);

    if (status == KEYWARD_OK && life.purged_event != 0)
        return KEYWARD_PURGED;
    if (status == KEYWARD_OK)
        status = names_are_unique(transaction, holds);
    if (status != KEYWARD_OK)
        return status;
    *holds = *holds && !life.has_live_successor;
    return *holds ? names_require_free(transaction, change->repo_id, change->found.name)
                  : KEYWARD_OK;
}

enum keyward_status key_restore(struct transaction *transaction, void *request)
{
    struct key_change *change = request;
    keyward_event event = {
        .action = KEYWARD_KEY_RESTORE_DENIED,
        .repo_id = change->repo_id,
        .key_id = change->key_id,
    };
    bool holds = false;
    enum keyward_status status = access_require(transaction, change->actor, KEYWARD_ADMIN, &event);

    if (status == KEYWARD_OK)
        status = key_find(transaction->connection, change->repo_id, change->key_id, &change->found);
    if (status == KEYWARD_OK && !change->found.deleted)
        status = KEYWARD_NOT_DELETED;
    if (status == KEYWARD_OK)
        status = require_return(transaction, change, &holds);
    if (status != KEYWARD_OK)
        return status;
    event.action = KEYWARD_KEY_RESTORED;
    event.name = change->found.name;
    status = audit_append(transaction, change->actor, &event);
    if (status == KEYWARD_OK)
        status = unmark(transaction->connection, &event, &change->found);
    if (status == KEYWARD_OK && holds)
        status = name_hold(transaction, change->repo_id, change->key_id, change->found.name);
    return status;
}
