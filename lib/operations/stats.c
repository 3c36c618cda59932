/* SPDX-License-Identifier: MIT */
#include "operations/stats.h"
#include "connection/statement.h"

/* Keys are clustered by repository and events numbered without gaps: neither needs sorting, and of
 * the log two rows are read. */
static const struct query count_all = {
    QUERY_STATS,
    "SELECT k.live, k.expired, k.deleted, (SELECT count(purged_event) FROM key_details),"
    " (SELECT count(*) FROM (SELECT DISTINCT repo_id FROM api_keys))"
    " + (SELECT count(*) FROM (SELECT DISTINCT repo_id FROM access AS a WHERE NOT EXISTS"
    "    (SELECT 1 FROM api_keys AS k WHERE k.repo_id = a.repo_id))),"
    " (SELECT count(DISTINCT user_id) FROM access),"
    " (SELECT coalesce(max(sequence), 0) FROM audit_events),"
    " (SELECT at FROM audit_events ORDER BY sequence LIMIT 1),"
    " (SELECT at FROM audit_events ORDER BY sequence DESC LIMIT 1),"
    " (SELECT count(*) FROM data_keys),"
    " (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size),"
    " (SELECT user_version FROM pragma_user_version),"
    " s.unique_names, s.created_at"
    " FROM store AS s, (SELECT count(*) FILTER (WHERE deleted_event IS NULL) AS live,"
    "  count(*) FILTER (WHERE deleted_event IS NULL AND expires_at <= ?1) AS expired,"
    "  count(deleted_event) AS deleted FROM api_keys) AS k"};

enum stats_column {
    LIVE_KEYS,
    EXPIRED_KEYS,
    DELETED_KEYS,
    PURGED_KEYS,
    REPOSITORIES,
    USERS,
    EVENTS,
    FIRST_EVENT_AT,
    LAST_EVENT_AT,
    DATA_KEYS,
    FILE_BYTES,
    SCHEMA_VERSION,
    UNIQUE_NAMES,
    CREATED_AT
};

static void read_row(const struct statement *row, keyward_stats *stats)
{
    stats->live_keys = statement_number(row, LIVE_KEYS);
    stats->expired_keys = statement_number(row, EXPIRED_KEYS);
    stats->deleted_keys = statement_number(row, DELETED_KEYS);
    stats->purged_keys = statement_number(row, PURGED_KEYS);
    stats->repositories = statement_number(row, REPOSITORIES);
    stats->users = statement_number(row, USERS);
    stats->events = statement_number(row, EVENTS);
    stats->first_event_at = statement_number(row, FIRST_EVENT_AT);
    stats->last_event_at = statement_number(row, LAST_EVENT_AT);
    stats->data_keys = statement_number(row, DATA_KEYS);
    stats->file_bytes = statement_number(row, FILE_BYTES);
    stats->schema_version = (int)statement_number(row, SCHEMA_VERSION);
    stats->unique_names = statement_number(row, UNIQUE_NAMES) != 0;
    stats->created_at = statement_number(row, CREATED_AT);
}

enum keyward_status stats_read(struct transaction *transaction, void *request)
{
    struct statement count = statement_begin(transaction->connection, &count_all);
    bool found;
    enum keyward_status status;

    statement_bind_number(&count, environment_now(&transaction->services->environment));
    found = statement_row(&count);
    if (found)
        read_row(&count, request);
    status = statement_end(&count);
    return status == KEYWARD_OK && !found ? KEYWARD_CORRUPT : status;
}
