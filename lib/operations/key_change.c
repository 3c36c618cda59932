/* SPDX-License-Identifier: MIT */
/* What may happen to a key after its creation. A deletion and a restoration are their event and the
 * mark on the row, in one transaction. */
#include "base/status.h"
#include "connection/statement.h"
#include "operations/access.h"
#include "operations/keys.h"

#include <string.h>

static const struct query find_by_access_key = {
    QUERY_KEY_FIND_BY_ACCESS_KEY,
    "SELECT repo_id, key_id FROM sealed_secrets WHERE access_key = ?1"};
static const struct query mark_deleted = {
    QUERY_KEY_MARK_DELETED,
    "UPDATE api_keys SET deleted_at = ?3, deleted_by = ?4, deleted_event = ?5"
    " WHERE repo_id = ?1 AND archived = 0 AND id = ?2 AND deleted_event IS NULL"};
static const struct query mark_restored = {
    QUERY_KEY_MARK_RESTORED,
    "UPDATE api_keys SET archived = 0, deleted_at = NULL, deleted_by = NULL, deleted_event = NULL"
    " WHERE repo_id = ?1 AND archived IN (0, 1) AND id = ?2 AND deleted_event = ?3"};
static const struct query rename_key = {
    QUERY_KEY_RENAME,
    "UPDATE api_keys SET name = ?3 WHERE repo_id = ?1 AND archived = 0 AND id = ?2"};

/* The event of an attempt to delete, as it is written when it is refused. */
static keyward_event attempt_to_delete(const char *repo_id, const char *key_id,
                                       const keyward_deletion *deletion)
{
    bool has_reason = deletion->reason != KEYWARD_REASON_NONE;

    return (keyward_event){
        .action = KEYWARD_KEY_DELETE_DENIED,
        .repo_id = repo_id,
        .key_id = key_id,
        .reason = has_reason ? keyward_reason_text(deletion->reason) : NULL,
        .reason_text = deletion->reason_text,
    };
}

static enum keyward_status mark(struct connection *connection, const keyward_event *event)
{
    struct statement mark = statement_begin(connection, &mark_deleted);

    statement_bind_text(&mark, event->repo_id);
    statement_bind_text(&mark, event->key_id);
    statement_bind_number(&mark, event->at);
    statement_bind_text(&mark, event->actor_id);
    statement_bind_number(&mark, event->sequence);
    return statement_run_on_one_row(&mark);
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

enum keyward_status key_delete(struct transaction *transaction, void *request)
{
    struct key_delete *delete = request;
    keyward_deletion *deletion = delete->deletion;
    keyward_event event = attempt_to_delete(delete->repo_id, delete->key_id, deletion);
    struct found_key found;
    enum keyward_status status = access_require(transaction, delete->actor, KEYWARD_WRITER, &event);

    if (status == KEYWARD_OK)
        status = key_find(transaction->connection, delete->repo_id, delete->key_id, &found);
    if (status != KEYWARD_OK)
        return status;
    if (found.deleted) {
        deletion->deleted_at = found.deleted_at;
        deletion->event = found.deleted_event;
        return KEYWARD_ALREADY_DELETED;
    }
    event.action = KEYWARD_KEY_DELETED;
    event.name = found.name;
    status = audit_append(transaction, delete->actor, &event);
    deletion->deleted_at = event.at;
    deletion->event = event.sequence;
    if (status == KEYWARD_OK)
        status = mark(transaction->connection, &event);
    if (status == KEYWARD_OK)
        status = key_archive(transaction->connection, delete->repo_id, delete->key_id, &found);
    return status;
}

enum keyward_status key_restore(struct transaction *transaction, void *request)
{
    struct key_change *change = request;
    keyward_event event = {
        .action = KEYWARD_KEY_RESTORE_DENIED,
        .repo_id = change->repo_id,
        .key_id = change->key_id,
    };
    enum keyward_status status = access_require(transaction, change->actor, KEYWARD_ADMIN, &event);

    if (status == KEYWARD_OK)
        status = key_find(transaction->connection, change->repo_id, change->key_id, &change->found);
    if (status == KEYWARD_OK && !change->found.deleted)
        status = KEYWARD_NOT_DELETED;
    if (status != KEYWARD_OK)
        return status;
    event.action = KEYWARD_KEY_RESTORED;
    event.name = change->found.name;
    status = audit_append(transaction, change->actor, &event);
    if (status == KEYWARD_OK)
        status = unmark(transaction->connection, &event, &change->found);
    return status;
}

static enum keyward_status put_name(struct connection *connection, const struct key_change *change)
{
    struct statement rename = statement_begin(connection, &rename_key);

    statement_bind_text(&rename, change->repo_id);
    statement_bind_text(&rename, change->key_id);
    statement_bind_text(&rename, change->name);
    return statement_run(&rename);
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
    enum keyward_status status = access_require(transaction, change->actor, KEYWARD_WRITER, &event);

    if (status == KEYWARD_OK)
        status = key_find(transaction->connection, change->repo_id, change->key_id, &change->found);
    if (status == KEYWARD_OK && change->found.deleted)
        status = KEYWARD_ALREADY_DELETED;
    if (status != KEYWARD_OK || strcmp(change->found.name, change->name) == 0)
        return status;
    event.action = KEYWARD_KEY_RENAMED;
    event.previous_name = change->found.name;
    status = audit_append(transaction, change->actor, &event);
    if (status == KEYWARD_OK)
        status = put_name(transaction->connection, change);
    return status;
}

/* Where an access key leads. */
struct key_address {
    char repo_id[KEYWARD_ID_MAX + 1], key_id[KEYWARD_ID_MAX + 1];
};

static enum keyward_status find_address(struct connection *connection, const char *access_key,
                                        struct key_address *address)
{
    struct statement find = statement_begin(connection, &find_by_access_key);
    enum keyward_status status;
    bool exists;

    statement_bind_text(&find, access_key);
    exists = statement_row(&find);
    address->repo_id[0] = address->key_id[0] = '\0';
    if (exists) {
        strncat(address->repo_id, statement_text(&find, 0), KEYWARD_ID_MAX);
        strncat(address->key_id, statement_text(&find, 1), KEYWARD_ID_MAX);
    }
    status = statement_end(&find);
    return status == KEYWARD_OK && !exists ? KEYWARD_NOT_FOUND : status;
}

/* An access key that does not exist: what a user may learn of it is what he may do in the
 * repository he named, and nothing when he named none. */
static enum keyward_status answer_unknown(struct transaction *transaction,
                                          const keyward_actor *actor,
                                          const keyward_delete_request *request)
{
    const keyward_event attempt = attempt_to_delete(request->repo_id, NULL, &request->deletion);
    enum keyward_status status = access_require(transaction, actor, KEYWARD_WRITER, &attempt);

    return status == KEYWARD_OK ? KEYWARD_NOT_FOUND : status;
}

static enum keyward_status delete_one(struct transaction *transaction, const keyward_actor *actor,
                                      keyward_delete_request *request)
{
    struct key_address address;
    struct key_delete delete = {
        .actor = actor,
        .repo_id = request->repo_id,
        .key_id = request->key_id,
        .deletion = &request->deletion,
    };
    enum keyward_status status = KEYWARD_OK;

    if (!request->key_id) {
        status = find_address(transaction->connection, request->access_key, &address);
        if (status == KEYWARD_OK && request->repo_id &&
            strcmp(request->repo_id, address.repo_id) != 0)
            status = KEYWARD_NOT_FOUND; /* another repository's is none of this one's */
        if (status == KEYWARD_NOT_FOUND)
            return answer_unknown(transaction, actor, request);
        delete.repo_id = address.repo_id;
        delete.key_id = address.key_id;
    }
    return status == KEYWARD_OK ? key_delete(transaction, &delete) : status;
}

enum keyward_status key_delete_many(struct transaction *transaction, void *request)
{
    struct key_delete_many *many = request;

    for (size_t i = 0; i < many->count; i++) {
        keyward_delete_request *one = &many->requests[i];
        one->status = delete_one(transaction, many->actor, one);
        if (!status_is_decision(one->status))
            return one->status;
    }
    return KEYWARD_OK;
}
