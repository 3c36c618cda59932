/* SPDX-License-Identifier: MIT */
#include "operations/use_keep.h"
#include "connection/statement.h"
#include "operations/keys.h"
#include "operations/uses.h"

#define KEEP_USE(ARCHIVED)                                                                       \
    "UPDATE api_keys SET last_used_at = nullif(max(coalesce(last_used_at, 0), ?3), 0),"          \
    " refused_count = nullif(coalesce(refused_count, 0) + ?4, 0),"                               \
    " refused_first_at = CASE WHEN ?4 = 0 THEN refused_first_at ELSE coalesce(refused_first_at," \
    " ?5) END,"                                                                                  \
    " refused_last_at = CASE WHEN ?4 = 0 THEN refused_last_at"                                   \
    " ELSE max(coalesce(refused_last_at, 0), ?6) END"                                            \
    " WHERE repo_id = ?1 AND archived = " ARCHIVED " AND id = ?2"

static const struct query keep_use = {QUERY_USE_KEEP, KEEP_USE("0")};
static const struct query keep_use_of_archived = {QUERY_USE_KEEP_ARCHIVED, KEEP_USE("1")};

static enum keyward_status keep_in(struct connection *connection, const struct query *query,
                                   const struct key_address *address, const struct use *use)
{
    struct statement keep = statement_begin(connection, query);

    statement_bind_text(&keep, address->repo_id);
    statement_bind_text(&keep, address->key_id);
    statement_bind_number(&keep, use->last_used_at);
    statement_bind_number(&keep, use->refused_count);
    statement_bind_number(&keep, use->refused_first_at);
    statement_bind_number(&keep, use->refused_last_at);
    return statement_run(&keep);
}

static enum keyward_status keep_one(struct connection *connection, const struct use_note *note)
{
    struct key_address address;
    enum keyward_status status = key_find_address(connection, note->access_key, &address);

    if (status == KEYWARD_NOT_FOUND)
        return KEYWARD_OK; /* somebody has tampered with the file: keyward_check() tells */
    if (status == KEYWARD_OK)
        status = keep_in(connection, &keep_use, &address, &note->use);
    if (status == KEYWARD_OK) /* no row of its own there, and nothing happens */
        status = keep_in(connection, &keep_use_of_archived, &address, &note->use);
    return status;
}

enum keyward_status use_keep(struct transaction *transaction, void *request)
{
    struct uses *uses = request;
    struct use_note note;
    enum keyward_status status = KEYWARD_OK;

    while (status == KEYWARD_OK && uses_take(uses, &note))
        status = keep_one(transaction->connection, &note);
    return status;
}

static bool are_due(void *uses)
{
    return uses_are_due(uses);
}

static void settle(void *uses, bool written)
{
    uses_settle(uses, written);
}

struct companion use_companion(struct uses *uses)
{
    return (struct companion){.is_due = are_due, .run = use_keep, .ended = settle, .request = uses};
}
