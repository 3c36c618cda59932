/* SPDX-License-Identifier: MIT */
#include "operations/check.h"
#include "base/count.h"
#include "connection/schema.h"
#include "connection/statement.h"
#include "operations/audit.h"
#include "operations/check_report.h"
#include "operations/check_tree.h"
#include "operations/data_keys.h"

#include <sodium.h>
#include <string.h>

#define PROGRESS_EVERY 1024 /* rows */

static const struct query totals = {
    QUERY_CHECK_TOTALS,
    "SELECT (SELECT count(*) FROM api_keys) + (SELECT count(*) FROM audit_events)"};

/* Collected once: a search of the whole log for each key would not do. */
#define RESTORED                    \
    "WITH restored AS MATERIALIZED" \
    " (SELECT sequence, repo_id, key_id FROM audit_events WHERE action = 'key.restored') "

/* The last name and the last deadline that an event gave a key after its creation, and its last
 * successor; SQLite takes the other columns from the row of the max(). */
#define DEADLINES                                                                             \
    ", deadlines AS MATERIALIZED (SELECT max(sequence), repo_id, key_id, expires_at"          \
    " FROM audit_events WHERE action = 'key.expiry_set' OR action = 'key.rotated'"            \
    " GROUP BY repo_id, key_id), successors AS MATERIALIZED (SELECT max(sequence), repo_id,"  \
    " key_id, other_key_id FROM audit_events WHERE action = 'key.rotated' GROUP BY repo_id, " \
    "key_id), names AS MATERIALIZED (SELECT max(sequence), repo_id, key_id, name"             \
    " FROM audit_events WHERE action = 'key.renamed' GROUP BY repo_id, key_id) "

/* The last change of each user's access. */
#define GRANTS                                                                         \
    "WITH grants AS MATERIALIZED (SELECT max(sequence) AS sequence, repo_id, user_id," \
    " action, role, at FROM audit_events WHERE user_id IS NOT NULL"                    \
    " AND (action = 'access.granted' OR action = 'access.revoked')"                    \
    " GROUP BY repo_id, user_id) "

/* Whoever writes the schema by hand may leave any of its columns NULL. */
static const struct query schema_objects = {
    QUERY_CHECK_SCHEMA, "SELECT coalesce(type, '') || ' ' || coalesce(name, ''), coalesce(sql, '')"
                        " FROM sqlite_schema WHERE coalesce(name, '') NOT LIKE 'sqlite\\_%'"
                        " ESCAPE '\\' ORDER BY 1"};

static enum keyward_status report_progress(struct check *check)
{
    const keyward_check_options *options = check->options;

    if (!options || !options->progress)
        return KEYWARD_OK;
    return options->progress(options->progress_context, check->done, check->total) == 0
               ? KEYWARD_OK
               : KEYWARD_CANCELLED;
}

static enum keyward_status one_done(struct check *check)
{
    check->done++;
    return check->done % PROGRESS_EVERY == 0 ? report_progress(check) : KEYWARD_OK;
}

static enum keyward_status count_work(struct transaction *transaction, struct check *check)
{
    struct statement count = statement_begin(transaction->connection, &totals);

    if (statement_row(&count))
        check->total = statement_number(&count, 0);
    return statement_end(&count);
}

/* Merges the objects of the store with those that a new store of its version has. */
static enum keyward_status compare_objects(struct check *check, struct statement *ours,
                                           struct statement *wanted)
{
    enum keyward_status status = KEYWARD_OK;
    bool have = statement_row(ours), want = statement_row(wanted);

    while (status == KEYWARD_OK && (have || want)) {
        const char *name = have ? statement_text(ours, 0) : NULL;
        const char *expected = want ? statement_text(wanted, 0) : NULL;
        int order = !name ? 1 : !expected ? -1 : strcmp(name, expected);

        if (order < 0)
            status = report_finding(check->report, "the schema has what keyward did not put there",
                                    name, NULL, NULL, 0);
        else if (order > 0)
            status = report_finding(check->report, "the schema lacks", expected, NULL, NULL, 0);
        else if (strcmp(statement_text(ours, 1), statement_text(wanted, 1)) != 0)
            status =
                report_finding(check->report, "the schema was changed at", name, NULL, NULL, 0);
        if (order <= 0)
            have = statement_row(ours);
        if (order >= 0)
            want = statement_row(wanted);
    }
    return status;
}

static enum keyward_status check_schema(struct transaction *transaction, struct check *check)
{
    struct connection *fresh;
    enum keyward_status first, second, status = connection_open_memory(&fresh, transaction->error);

    if (status == KEYWARD_OK)
        status = schema_upgrade(fresh);
    if (status == KEYWARD_OK) {
        struct statement ours = statement_begin(transaction->connection, &schema_objects);
        struct statement wanted = statement_begin(fresh, &schema_objects);
        status = compare_objects(check, &ours, &wanted);
        first = statement_end(&ours);
        second = statement_end(&wanted);
        if (status == KEYWARD_OK)
            status = first == KEYWARD_OK ? second : first;
    }
    connection_close(&fresh);
    return status;
}

enum checked_column {
    CHECKED_REPO_ID,
    CHECKED_KEY_ID,
    CHECKED_ACCESS_KEY,
    CHECKED_DATA_KEY_ID,
    CHECKED_SEALED,
    CHECKED_SEALED_SHA256,
    CHECKED_PLACE_FITS,
    CHECKED_CREATION_FITS,
    CHECKED_DELETION_FITS,
    CHECKED_DEADLINE_FITS,
    CHECKED_PURGED,
    CHECKED_PURGE_FITS,
    CHECKED_NAME_FITS
};

/* KEYWARD_CORRUPT is a finding; any other failure, as of a data key that only a newer master key
 * opens, ends the check. */
static enum keyward_status open_secret_and_wipe(struct transaction *transaction,
                                                const struct statement *row)
{
    const struct seal_place place = {
        .data_key_id = statement_number(row, CHECKED_DATA_KEY_ID),
        .repo_id = statement_text(row, CHECKED_REPO_ID),
        .repo_id_length = statement_length(row, CHECKED_REPO_ID),
        .key_id = statement_text(row, CHECKED_KEY_ID),
        .key_id_length = statement_length(row, CHECKED_KEY_ID),
        .access_key = statement_text(row, CHECKED_ACCESS_KEY),
        .access_key_length = statement_length(row, CHECKED_ACCESS_KEY),
    };
    size_t length = statement_length(row, CHECKED_SEALED);
    enum keyward_status status = sealed_secret_open(
        transaction, &place, statement_blob(row, CHECKED_SEALED), length, transaction->guarded);

    if (status == KEYWARD_OK)
        sodium_memzero(transaction->guarded, length - SEAL_OVERHEAD);
    return status;
}

static bool hash_fits(const struct statement *row)
{
    unsigned char hash[crypto_hash_sha256_BYTES];

    if (statement_length(row, CHECKED_SEALED_SHA256) != sizeof hash)
        return false;
    crypto_hash_sha256(hash, statement_blob(row, CHECKED_SEALED),
                       statement_length(row, CHECKED_SEALED));
    return memcmp(hash, statement_blob(row, CHECKED_SEALED_SHA256), sizeof hash) == 0;
}

/* What is wrong with the secret, or NULL, in `*problem`. */
static enum keyward_status check_secret(struct transaction *transaction,
                                        const struct statement *row, const char **problem)
{
    const void *sealed = statement_blob(row, CHECKED_SEALED);
    enum keyward_status status = KEYWARD_OK;

    *problem = NULL;
    if (!sealed) {
        *problem = "the key has no sealed secret";
        return KEYWARD_OK;
    }
    if (statement_number(row, CHECKED_PURGED)) {
        if (sodium_is_zero(sealed, statement_length(row, CHECKED_SEALED)) != 1)
            *problem = "the secret of a purged key is still there";
        return KEYWARD_OK;
    }
    if (statement_number(row, CHECKED_PLACE_FITS))
        status = open_secret_and_wipe(transaction, row);
    if (!statement_number(row, CHECKED_PLACE_FITS) || status == KEYWARD_CORRUPT)
        *problem = "the sealed secret does not open";
    else if (statement_number(row, CHECKED_CREATION_FITS) && !hash_fits(row))
        *problem = "the sealed secret is not the one of the creation event";
    return status == KEYWARD_CORRUPT ? KEYWARD_OK : status;
}

static enum keyward_status check_key(struct transaction *transaction, struct check *check,
                                     const struct statement *row)
{
    static const struct {
        int fits; /* the column */
        const char *problem;
    } rules[] = {
        {CHECKED_CREATION_FITS, "the key has no creation event of its own"},
        {CHECKED_DELETION_FITS, "the key is marked deleted without the event of its deletion"},
        {CHECKED_DEADLINE_FITS, "the key's deadline or successor is not the one of its last event"},
        {CHECKED_PURGE_FITS, "the key is marked purged without the event of it"},
        {CHECKED_NAME_FITS, "the key's name is not the one of its last event"},
    };
    const char *repo_id = statement_text(row, CHECKED_REPO_ID),
               *key_id = statement_text(row, CHECKED_KEY_ID);
    const char *problem;
    enum keyward_status status = check_secret(transaction, row, &problem);

    if (status == KEYWARD_OK && problem)
        status = report_finding(check->report, problem, NULL, repo_id, key_id, 0);
    for (size_t i = 0; status == KEYWARD_OK && i < COUNT(rules); i++) {
        if (!statement_number(row, rules[i].fits))
            status = report_finding(check->report, rules[i].problem, NULL, repo_id, key_id, 0);
    }
    check->report->keys_checked++;
    return status == KEYWARD_OK ? one_done(check) : status;
}

static enum keyward_status check_file(struct transaction *transaction, struct check *check,
                                      const struct statement *row)
{
    const char *text = statement_text(row, 0);
    enum keyward_status status = connection_integrity(transaction->connection, text);

    if (status != KEYWARD_CORRUPT)
        return status;
    return report_finding(check->report, "SQLite's integrity check", text, NULL, NULL, 0);
}

static enum keyward_status check_reference(struct transaction *transaction, struct check *check,
                                           const struct statement *row)
{
    (void)transaction;
    return report_finding(check->report, "a row refers to one that does not exist, in table",
                          statement_text(row, 0), NULL, NULL, 0);
}

static enum keyward_status check_orphan(struct transaction *transaction, struct check *check,
                                        const struct statement *row)
{
    (void)transaction;
    return report_finding(check->report, "a sealed secret belongs to no key", NULL,
                          statement_text(row, 0), statement_text(row, 1), 0);
}

static enum keyward_status check_details(struct transaction *transaction, struct check *check,
                                         const struct statement *row)
{
    const char *problem = statement_number(row, 2) ? "a name is held by no live key that has it"
                                                   : "the details of a key belong to no key";

    (void)transaction;
    return report_finding(check->report, problem, NULL, statement_text(row, 0),
                          statement_text(row, 1), 0);
}

static enum keyward_status check_name(struct transaction *transaction, struct check *check,
                                      const struct statement *row)
{
    (void)transaction;
    return report_finding(check->report, "names are unique, and a live key does not hold its own",
                          NULL, statement_text(row, 0), statement_text(row, 1), 0);
}

static enum keyward_status check_access(struct transaction *transaction, struct check *check,
                                        const struct statement *row)
{
    (void)transaction;
    return report_finding(check->report, "a user's role is not the one of its last event", NULL,
                          statement_text(row, 0), NULL, statement_number(row, 1));
}

static enum keyward_status check_event(struct transaction *transaction, struct check *check,
                                       const struct statement *row)
{
    int64_t sequence = statement_number(row, 0), at = statement_number(row, 1);
    enum keyward_status status = KEYWARD_OK;

    (void)transaction;
    if (sequence != check->last_sequence + 1)
        status = report_finding(check->report, "events before this one are missing", NULL, NULL,
                                NULL, sequence);
    if (status == KEYWARD_OK && check->last_sequence > 0 && at < check->last_at)
        status = report_finding(check->report, "the event is older than the one before it", NULL,
                                NULL, NULL, sequence);
    check->last_sequence = sequence;
    check->last_at = at;
    check->report->events_checked++;
    if (status == KEYWARD_OK)
        status = tree_check_event(check->tree, row);
    return status == KEYWARD_OK ? one_done(check) : status;
}

static enum keyward_status check_unshown(struct transaction *transaction, struct check *check,
                                         const struct statement *row)
{
    const char *problem = "the key of a creation event does not exist";

    (void)transaction;
    if (statement_number(row, 3))
        problem = "the key of a deletion event is not marked with it";
    if (statement_number(row, 4))
        problem = "the key of a purge event is not marked with it";
    return report_finding(check->report, problem, NULL, statement_text(row, 1),
                          statement_text(row, 2), statement_number(row, 0));
}

/* What is looked at, a statement each, and what is made of its rows. */
static const struct check_part {
    const struct query query;
    enum keyward_status (*row)(struct transaction *, struct check *, const struct statement *);
} parts[] = {
    {{QUERY_CHECK_FILE, "PRAGMA integrity_check(100)"}, check_file},
    {{QUERY_CHECK_REFERENCES, "PRAGMA foreign_key_check"}, check_reference},
    {{QUERY_CHECK_KEYS, RESTORED DEADLINES
      "SELECT k.repo_id, k.id, k.access_key, s.data_key_id, s.sealed, c.sealed_sha256,"
      " s.repo_id IS k.repo_id AND s.key_id IS k.id,"
      " (c.action IS 'key.created' OR c.action IS 'key.imported')"
      " AND c.repo_id IS k.repo_id AND c.key_id IS k.id"
      " AND c.other_key_id IS t.predecessor_id AND c.provider IS k.provider"
      " AND c.at IS k.created_at AND c.actor_id IS k.created_by,"
      " k.deleted_event IS NULL OR (d.action IS 'key.deleted' AND d.repo_id IS k.repo_id"
      " AND d.key_id IS k.id AND d.at IS k.deleted_at AND d.actor_id IS k.deleted_by"
      " AND NOT EXISTS (SELECT 1 FROM restored AS r WHERE r.repo_id = k.repo_id"
      " AND r.key_id = k.id AND r.sequence > k.deleted_event)),"
      " k.expires_at IS iif(l.key_id IS NULL, c.expires_at, l.expires_at)"
      " AND t.successor_id IS u.other_key_id,"
      " t.purged_event, t.purged_event IS NULL OR (p.action IS 'key.purged'"
      " AND p.repo_id IS k.repo_id AND p.key_id IS k.id AND p.at IS t.purged_at"
      " AND k.deleted_event IS NOT NULL),"
      " k.name IS iif(n.key_id IS NOT NULL, n.name, iif(c.key_id IS k.id, c.name, k.name))"
      " FROM api_keys AS k"
      " LEFT JOIN sealed_secrets AS s ON s.access_key = k.access_key"
      " LEFT JOIN audit_events AS c ON c.sequence = k.created_event"
      " LEFT JOIN audit_events AS d ON d.sequence = k.deleted_event"
      " LEFT JOIN key_details AS t ON t.repo_id = k.repo_id AND t.key_id = k.id"
      " LEFT JOIN audit_events AS p ON p.sequence = t.purged_event"
      " LEFT JOIN deadlines AS l ON l.repo_id = k.repo_id AND l.key_id = k.id"
      " LEFT JOIN successors AS u ON u.repo_id = k.repo_id AND u.key_id = k.id"
      " LEFT JOIN names AS n ON n.repo_id = k.repo_id AND n.key_id = k.id"},
     check_key},
    {{QUERY_CHECK_ORPHANS,
      "SELECT repo_id, key_id FROM sealed_secrets AS s WHERE NOT EXISTS"
      " (SELECT 1 FROM api_keys AS k WHERE k.repo_id = s.repo_id AND k.archived IN (0, 1)"
      " AND k.id = s.key_id AND k.access_key = s.access_key)"},
     check_orphan},
    {{QUERY_CHECK_DETAILS,
      "SELECT repo_id, key_id, held_name IS NOT NULL FROM key_details AS t WHERE NOT EXISTS"
      " (SELECT 1 FROM api_keys AS k WHERE k.repo_id = t.repo_id AND k.archived IN (0, 1)"
      " AND k.id = t.key_id AND (t.held_name IS NULL"
      " OR (k.name = t.held_name AND k.deleted_event IS NULL"
      " AND (SELECT unique_names FROM store) <> 0)))"},
     check_details},
    /* A key that has handed its name on may not have got it back. */
    {{QUERY_CHECK_NAMES,
      "SELECT k.repo_id, k.id FROM store AS o, api_keys AS k LEFT JOIN key_details AS t"
      " ON t.repo_id = k.repo_id AND t.key_id = k.id WHERE o.unique_names <> 0"
      " AND k.deleted_event IS NULL AND t.held_name IS NULL AND t.successor_id IS NULL"},
     check_name},
    {{QUERY_CHECK_ACCESS, GRANTS
      "SELECT a.repo_id, g.sequence FROM access AS a LEFT JOIN grants AS g"
      " ON g.repo_id = a.repo_id AND g.user_id = a.user_id WHERE g.action IS NOT 'access.granted'"
      " OR g.role IS NOT a.role OR g.at IS NOT a.granted_at"
      " UNION ALL SELECT g.repo_id, g.sequence FROM grants AS g WHERE g.action = 'access.granted'"
      " AND NOT EXISTS (SELECT 1 FROM access AS a WHERE a.repo_id = g.repo_id"
      " AND a.user_id = g.user_id)"},
     check_access},
    {{QUERY_CHECK_EVENTS, "SELECT " EVENT_COLUMNS ", leaf FROM audit_events ORDER BY sequence"},
     check_event},
    {{QUERY_CHECK_UNSHOWN,
      RESTORED "SELECT e.sequence, e.repo_id, e.key_id, e.action = 'key.deleted',"
               " e.action = 'key.purged' FROM audit_events AS e"
               " WHERE ((e.action = 'key.created' OR e.action = 'key.imported') AND NOT EXISTS "
               "(SELECT 1 FROM api_keys AS k"
               "   WHERE k.repo_id = e.repo_id AND k.archived IN (0, 1) AND k.id = e.key_id"
               "   AND k.created_event = e.sequence))"
               " OR (e.action = 'key.deleted' AND NOT EXISTS (SELECT 1 FROM api_keys AS k"
               "   WHERE k.repo_id = e.repo_id AND k.archived IN (0, 1) AND k.id = e.key_id"
               "   AND k.deleted_event = e.sequence)"
               "   AND NOT EXISTS (SELECT 1 FROM restored AS r WHERE r.key_id = e.key_id"
               "   AND r.repo_id = e.repo_id AND r.sequence > e.sequence))"
               " OR (e.action = 'key.purged' AND NOT EXISTS (SELECT 1 FROM key_details AS t"
               "   WHERE t.repo_id = e.repo_id AND t.key_id = e.key_id"
               "   AND t.purged_event = e.sequence))"},
     check_unshown},
};

static enum keyward_status check_part(struct transaction *transaction, struct check *check,
                                      const struct check_part *part)
{
    struct statement rows = statement_begin(transaction->connection, &part->query);
    enum keyward_status ended, status = KEYWARD_OK;

    while (status == KEYWARD_OK && statement_row(&rows))
        status = part->row(transaction, check, &rows);
    ended = statement_end(&rows);
    return status == KEYWARD_OK ? ended : status;
}

enum keyward_status check_store(struct transaction *transaction, void *request)
{
    struct check *check = request;
    enum keyward_status status = count_work(transaction, check);

    if (status == KEYWARD_OK)
        status = report_progress(check);
    if (status == KEYWARD_OK)
        status = check_schema(transaction, check);
    if (status == KEYWARD_OK) {
        check->tree = tree_check_new(transaction, check);
        status = check->tree ? tree_check_begin(check->tree) : KEYWARD_NOMEM;
    }
    for (size_t i = 0; status == KEYWARD_OK && i < COUNT(parts); i++)
        status = check_part(transaction, check, &parts[i]);
    if (status == KEYWARD_OK)
        status = tree_check_end(check->tree);
    if (status == KEYWARD_OK)
        status = report_progress(check);
    tree_check_free(check->tree);
    return status;
}
