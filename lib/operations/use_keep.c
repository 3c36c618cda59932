/* SPDX-License-Identifier: MIT */
#include "operations/use_keep.h"
#include "connection/statement.h"
#include "operations/keys.h"
#include "operations/uses.h"

static const struct query keep_use = {
    QUERY_USE_KEEP,
    "INSERT INTO key_details (repo_id, key_id, last_used_at, refused_count, refused_first_at,"
    " refused_last_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (repo_id, key_id) DO UPDATE SET"
    " last_used_at = nullif(max(coalesce(last_used_at, 0), coalesce(?3, 0)), 0),"
    " refused_count = nullif(coalesce(refused_count, 0) + coalesce(?4, 0), 0),"
    " refused_first_at = coalesce(refused_first_at, ?5),"
    " refused_last_at = nullif(max(coalesce(refused_last_at, 0), coalesce(?6, 0)), 0)"};

static enum keyward_status keep_one(struct connection *connection, const struct use_note *note)
{
    const struct use *use = &note->use;
    bool refused = use->refused_count > 0; /* since it was last written */
    struct key_address address;
    struct statement keep;
    enum keyward_status status = key_find_address(connection, note->access_key, &address);

    if (status == KEYWARD_NOT_FOUND)
        return KEYWARD_OK; /* somebody has tampered with the file: keyward_check() tells */
    if (status != KEYWARD_OK)
        return status;
    keep = statement_begin(connection, &keep_use);
    statement_bind_text(&keep, address.repo_id);
    statement_bind_text(&keep, address.key_id);
    statement_bind_optional(&keep, use->last_used_at);
    statement_bind_optional(&keep, use->refused_count);
    statement_bind_optional(&keep, refused ? use->refused_first_at : 0);
    statement_bind_optional(&keep, refused ? use->refused_last_at : 0);
    return statement_run(&keep);
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
