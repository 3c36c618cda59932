/* SPDX-License-Identifier: MIT */
/* Deleting keys: the event and the mark on the row, in one transaction. */
#include "base/status.h"
#include "connection/statement.h"
#include "operations/access.h"
#include "operations/changes.h"
#include "operations/keys.h"
#include "operations/names.h"
#include "operations/uses.h"

#include <stdio.h>
#include <string.h>

static const struct query mark_deleted = {
    QUERY_KEY_MARK_DELETED,
    "UPDATE api_keys SET deleted_at = ?3, deleted_by = ?4, deleted_event = ?5"
    " WHERE repo_id = ?1 AND archived = 0 AND id = ?2 AND deleted_event IS NULL"};

#define SELECT_NEXT_LIVE                                                            \
    "SELECT repo_id, id FROM api_keys WHERE archived = 0 AND deleted_event IS NULL" \
    " AND (?3 IS NULL OR created_by = ?3)"

static const struct query next_live = {QUERY_KEY_NEXT_LIVE, SELECT_NEXT_LIVE
                                       " AND repo_id = ?1 AND id > ?2 ORDER BY id LIMIT 1"};
static const struct query next_live_anywhere = {QUERY_KEY_NEXT_LIVE_ANYWHERE, SELECT_NEXT_LIVE
                                                " AND (repo_id, archived, id) > (?1, 0, ?2)"
                                                " ORDER BY repo_id, archived, id LIMIT 1"};

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

static enum keyward_status mark_row_deleted(struct connection *connection,
                                            const keyward_event *event)
{
    struct statement mark = statement_begin(connection, &mark_deleted);

    statement_bind_text(&mark, event->repo_id);
    statement_bind_text(&mark, event->key_id);
    statement_bind_number(&mark, event->at);
    statement_bind_text(&mark, event->actor_id);
    statement_bind_number(&mark, event->sequence);
    return statement_run_on_one_row(&mark);
}

/* KEYWARD_IN_USE when the key was used within the time that the deletion names. What could not be
 * noted for want of room may have been this one's. */
static enum keyward_status guard_use(struct transaction *transaction, const char *repo_id,
                                     const char *key_id, keyward_deletion *deletion)
{
    int64_t now = environment_now(&transaction->services->environment), used, missed;
    struct key_life life;
    enum keyward_status status = key_read_life(transaction, repo_id, key_id, &life);

    if (status != KEYWARD_OK)
        return status;
    missed = uses_missed_at(transaction->services->uses);
    used = missed > life.last_used_at ? missed : life.last_used_at;
    if (used == 0 || now - used >= deletion->unless_used_within)
        return KEYWARD_OK;
    deletion->last_used_at = used;
    return KEYWARD_IN_USE;
}

/* A deleted key never blocks its name. */
static enum keyward_status free_name(struct transaction *transaction, const char *repo_id,
                                     const char *key_id)
{
    bool unique;
    enum keyward_status status = names_are_unique(transaction, &unique);

    return status == KEYWARD_OK && unique ? name_let_go(transaction, repo_id, key_id) : status;
}

/* Deletes a key whose actor may. */
static enum keyward_status delete_found(struct transaction *transaction,
                                        const struct key_delete *delete, keyward_event *event)
{
    keyward_deletion *deletion = delete->deletion;
    struct found_key found;
    enum keyward_status status =
        key_find(transaction->connection, delete->repo_id, delete->key_id, &found);

    if (status == KEYWARD_OK && found.deleted) {
        deletion->deleted_at = found.deleted_at;
        deletion->event = found.deleted_event;
        return KEYWARD_ALREADY_DELETED;
    }
    if (status == KEYWARD_OK && deletion->unless_used_within > 0)
        status = guard_use(transaction, delete->repo_id, delete->key_id, deletion);
    if (status != KEYWARD_OK)
        return status;
    event->action = KEYWARD_KEY_DELETED;
    event->name = found.name;
    status = audit_append(transaction, delete->actor, event);
    deletion->deleted_at = event->at;
    deletion->event = event->sequence;
    if (status == KEYWARD_OK)
        status = mark_row_deleted(transaction->connection, event);
    if (status == KEYWARD_OK)
        status = free_name(transaction, delete->repo_id, delete->key_id);
    if (status == KEYWARD_OK)
        status = key_archive(transaction->connection, delete->repo_id, delete->key_id, &found);
    if (status == KEYWARD_OK)
        status = changes_add_key(transaction, delete->repo_id, delete->key_id);
    return status;
}

enum keyward_status key_delete(struct transaction *transaction, void *request)
{
    const struct key_delete *delete = request;
    keyward_event event = attempt_to_delete(delete->repo_id, delete->key_id, delete->deletion);
    enum keyward_status status = access_require(transaction, delete->actor, KEYWARD_WRITER, &event);

    return status == KEYWARD_OK ? delete_found(transaction, delete, &event) : status;
}

/* ---- many, one by one ---- */

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
        status = key_find_address(transaction->connection, request->access_key, &address);
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

    changes_collect(transaction, many->changes);
    for (size_t i = 0; i < many->count; i++) {
        keyward_delete_request *one = &many->requests[i];
        one->status = delete_one(transaction, many->actor, one);
        if (!status_is_decision(one->status))
            return one->status;
    }
    return KEYWARD_OK;
}

/* ---- all of a selection ---- */

/* Finds the live key of the selection after the address; KEYWARD_NOT_FOUND behind the last. */
static enum keyward_status find_next_live(struct connection *connection,
                                          const keyward_selection *selection,
                                          struct key_address *address)
{
    struct statement find =
        statement_begin(connection, selection->repo_id ? &next_live : &next_live_anywhere);
    enum keyward_status ended, status = KEYWARD_NOT_FOUND;

    statement_bind_text(&find, address->repo_id);
    statement_bind_text(&find, address->key_id);
    statement_bind_text(&find, selection->created_by);
    if (statement_row(&find)) {
        snprintf(address->repo_id, sizeof address->repo_id, "%s", statement_text(&find, 0));
        snprintf(address->key_id, sizeof address->key_id, "%s", statement_text(&find, 1));
        status = KEYWARD_OK;
    }
    ended = statement_end(&find);
    return ended == KEYWARD_OK ? status : ended;
}

/* All those whom the selection does not name are none of a writer's but the host's. */
static enum keyward_status require_selection(struct transaction *transaction,
                                             const struct key_delete_all *all)
{
    keyward_event attempt = attempt_to_delete(all->selection->repo_id, NULL, all->deletion);

    attempt.user_id = all->selection->created_by;
    return access_require(transaction, all->actor, KEYWARD_WRITER, &attempt);
}

enum keyward_status key_delete_all(struct transaction *transaction, void *request)
{
    const struct key_delete_all *all = request;
    struct key_address address = {.key_id = ""};
    struct key_delete delete = {
        .actor = all->actor,
        .repo_id = address.repo_id,
        .key_id = address.key_id,
        .deletion = all->deletion,
    };
    int64_t in_use = 0;
    enum keyward_status status;

    changes_collect(transaction, all->changes);
    all->deletion->deleted_at = all->deletion->event = 0; /* there may be none */
    status = require_selection(transaction, all);
    if (status != KEYWARD_OK)
        return status;
    if (all->selection->repo_id)
        strcpy(address.repo_id, all->selection->repo_id);
    while ((status = find_next_live(transaction->connection, all->selection, &address)) ==
           KEYWARD_OK) {
        keyward_event event = attempt_to_delete(address.repo_id, address.key_id, all->deletion);
        status = delete_found(transaction, &delete, &event);
        in_use += status == KEYWARD_IN_USE;
        if (status != KEYWARD_OK && status != KEYWARD_IN_USE)
            return status;
    }
    if (all->changes)
        all->changes->in_use = in_use;
    return status == KEYWARD_NOT_FOUND ? KEYWARD_OK : status;
}
