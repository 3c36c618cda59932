/* SPDX-License-Identifier: MIT */
#include "operations/names.h"
#include "connection/statement.h"

static const struct query read_unique = {QUERY_NAMES_ARE_UNIQUE,
                                         "SELECT unique_names FROM store WHERE id = 1"};
static const struct query set_unique = {QUERY_NAMES_SET,
                                        "UPDATE store SET unique_names = ?1 WHERE id = 1"};
static const struct query find_holder = {
    QUERY_NAME_HELD, "SELECT 1 FROM key_details WHERE repo_id = ?1 AND held_name = ?2"};
static const struct query hold = {
    QUERY_NAME_HOLD, "INSERT INTO key_details (repo_id, key_id, held_name) VALUES (?1, ?2, ?3)"
                     " ON CONFLICT (repo_id, key_id) DO UPDATE SET held_name = excluded.held_name"};
static const struct query let_go = {
    QUERY_NAME_LET_GO, "UPDATE key_details SET held_name = NULL"
                       " WHERE repo_id = ?1 AND key_id = ?2 AND held_name IS NOT NULL"};

/* A key hands its name on to its successor, as long as that one is live. */
#define LIVE_WITHOUT_LIVE_SUCCESSOR                                                               \
    " FROM api_keys AS k LEFT JOIN key_details AS d ON d.repo_id = k.repo_id AND d.key_id = k.id" \
    " WHERE k.archived = 0 AND k.deleted_event IS NULL AND NOT EXISTS (SELECT 1"                  \
    " FROM api_keys AS s WHERE s.repo_id = k.repo_id AND s.archived = 0"                          \
    " AND s.id = d.successor_id AND s.deleted_event IS NULL)"

static const struct query find_twice = {QUERY_NAMES_TWICE,
                                        "SELECT k.repo_id, k.name" LIVE_WITHOUT_LIVE_SUCCESSOR
                                        " GROUP BY k.repo_id, k.name HAVING count(*) > 1 LIMIT 1"};
static const struct query hold_all = {
    QUERY_NAMES_HOLD,
    "INSERT INTO key_details (repo_id, key_id, held_name)"
    " SELECT k.repo_id, k.id, k.name" LIVE_WITHOUT_LIVE_SUCCESSOR
    " ON CONFLICT (repo_id, key_id) DO UPDATE SET held_name = excluded.held_name"};
static const struct query let_all_go = {
    QUERY_NAMES_LET_GO, "UPDATE key_details SET held_name = NULL WHERE held_name IS NOT NULL"};

/* Once a transaction: it is asked at each deletion. */
enum keyward_status names_are_unique(struct transaction *transaction, bool *unique)
{
    struct statement read;
    enum keyward_status status = KEYWARD_OK;

    if (transaction->names == KEYWARD_NAMES_KEPT) {
        read = statement_begin(transaction->connection, &read_unique);
        transaction->names = statement_row(&read) && statement_number(&read, 0) != 0
                                 ? KEYWARD_NAMES_UNIQUE
                                 : KEYWARD_NAMES_FREE;
        status = statement_end(&read);
    }
    *unique = transaction->names == KEYWARD_NAMES_UNIQUE;
    return status;
}

enum keyward_status names_require_free(struct transaction *transaction, const char *repo_id,
                                       const char *name)
{
    struct statement find = statement_begin(transaction->connection, &find_holder);
    enum keyward_status status;
    bool held;

    statement_bind_text(&find, repo_id);
    statement_bind_text(&find, name);
    held = statement_row(&find);
    status = statement_end(&find);
    return status == KEYWARD_OK && held ? KEYWARD_NAME_TAKEN : status;
}

enum keyward_status name_hold(struct transaction *transaction, const char *repo_id,
                              const char *key_id, const char *name)
{
    struct statement keep = statement_begin(transaction->connection, &hold);

    statement_bind_text(&keep, repo_id);
    statement_bind_text(&keep, key_id);
    statement_bind_text(&keep, name);
    return statement_run(&keep);
}

enum keyward_status name_let_go(struct transaction *transaction, const char *repo_id,
                                const char *key_id)
{
    struct statement drop = statement_begin(transaction->connection, &let_go);

    statement_bind_text(&drop, repo_id);
    statement_bind_text(&drop, key_id);
    return statement_run(&drop);
}

static enum keyward_status require_no_name_twice(struct transaction *transaction)
{
    struct statement find = statement_begin(transaction->connection, &find_twice);
    enum keyward_status ended, status = KEYWARD_OK;

    if (statement_row(&find))
        status = error_set(transaction->error, KEYWARD_NAME_TAKEN,
                           "two live keys of repository '%.80s' have the name '%.80s'",
                           statement_text(&find, 0), statement_text(&find, 1));
    ended = statement_end(&find);
    return ended == KEYWARD_OK ? status : ended;
}

static enum keyward_status set(struct transaction *transaction, bool unique)
{
    struct statement set = statement_begin(transaction->connection, &set_unique);

    statement_bind_number(&set, unique);
    transaction->names = KEYWARD_NAMES_KEPT; /* to be read again */
    return statement_run_on_one_row(&set);
}

enum keyward_status names_set(struct transaction *transaction, void *request)
{
    bool wanted = *(const enum keyward_names *)request == KEYWARD_NAMES_UNIQUE, unique;
    enum keyward_status status = names_are_unique(transaction, &unique);

    if (status != KEYWARD_OK || unique == wanted)
        return status;
    if (wanted)
        status = require_no_name_twice(transaction);
    if (status == KEYWARD_OK)
        status = statement_execute(transaction->connection, wanted ? &hold_all : &let_all_go);
    return status == KEYWARD_OK ? set(transaction, wanted) : status;
}
