/* SPDX-License-Identifier: MIT */
#include "operations/names.h"
#include "connection/statement.h"

static const struct query read_unique = {QUERY_NAMES_ARE_UNIQUE,
                                         "SELECT unique_names FROM store WHERE id = 1"};
static const struct query set_unique = {QUERY_NAMES_SET,
                                        "UPDATE store SET unique_names = ?1 WHERE id = 1"};
static const struct query find_holder = {
    QUERY_NAME_HELD, "SELECT 1 FROM api_keys WHERE repo_id = ?1 AND name = ?2 AND holds_name = 1"
                     " AND deleted_event IS NULL"};

/* A key hands its name on to its successor, as long as that one is live. */
#define WITHOUT_LIVE_SUCCESSOR                                                                \
    " NOT EXISTS (SELECT 1 FROM api_keys AS s WHERE s.repo_id = k.repo_id AND s.archived = 0" \
    " AND s.id = k.successor_id AND s.deleted_event IS NULL)"

static const struct query find_twice = {
    QUERY_NAMES_TWICE,
    "SELECT repo_id, name FROM api_keys AS k WHERE archived = 0 AND deleted_event IS NULL"
    " AND" WITHOUT_LIVE_SUCCESSOR " GROUP BY repo_id, name HAVING count(*) > 1 LIMIT 1"};
static const struct query hold_all = {
    QUERY_NAMES_HOLD, "UPDATE api_keys AS k SET holds_name = 1 WHERE" WITHOUT_LIVE_SUCCESSOR};
static const struct query let_all_go = {QUERY_NAMES_LET_GO,
                                        "UPDATE api_keys SET holds_name = 0 WHERE holds_name = 1"};

enum keyward_status names_are_unique(struct transaction *transaction, bool *unique)
{
    struct statement read = statement_begin(transaction->connection, &read_unique);

    *unique = statement_row(&read) && statement_number(&read, 0) != 0;
    return statement_end(&read);
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
