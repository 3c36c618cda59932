/* SPDX-License-Identifier: MIT */
/* The schema: what a person with the sqlite3 shell can do and cannot, and how a store grows. */
#include "connection/connection.h"
#include "connection/schema.h"
#include "support/fixture.h"
#include "support/log.h"
#include "support/tree.h"

#include <glob.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- a store to work on ---- */

/* repo-1 with the keys "live", "deleted" and "restored"; repo-2 with the key "elsewhere". Event 11
 * is the newest, and the clock has stood still. */
static void stocked_open(struct fixture *fixture)
{
    static const char *const names[] = {"live", "deleted", "restored"};

    fixture_open(fixture);
    for (size_t i = 0; i < COUNT(names); i++) {
        keyward_key *key = make_key(fixture, "repo-1", names[i], NULL);

        if (i > 0)
            drop_key(fixture, "repo-1", key->id);
        if (i > 1)
            assert_status(fixture->store,
                          keyward_restore_key(fixture->store, &anna, "repo-1", key->id),
                          KEYWARD_OK);
        keyward_key_free(&key);
    }
    keyward_key *key = make_key(fixture, "repo-2", "elsewhere", NULL);
    keyward_key_free(&key);
    assert_status(fixture->store,
                  keyward_grant(fixture->store, &host, "repo-2", "anna", KEYWARD_ADMIN),
                  KEYWARD_OK);
    ck_assert_int_eq(sql_number(fixture->path, "SELECT max(sequence) FROM audit_events"), 11);
}

/* Makes "before" of it, with a successor "after"; a deadline; a deletion; a purge. Event 14 is the
 * newest, and the clock has gone on by 1. */
static void life_open(struct fixture *fixture)
{
    static const char *const names[] = {"before", "expiring", "deleted", "purged"};
    keyward_key *keys[COUNT(names)], *after;
    keyward_secret *secret;

    fixture_open(fixture);
    fixture->options.purge_retention = 1;
    fixture_reopen(fixture);
    for (size_t i = 0; i < COUNT(names); i++)
        keys[i] = make_key(fixture, "repo-1", names[i], NULL);
    assert_status(
        fixture->store,
        keyward_rotate_key(fixture->store, &will, "repo-1", keys[0]->id, NULL, &after, &secret),
        KEYWARD_OK);
    assert_status(fixture->store,
                  keyward_rename_key(fixture->store, &will, "repo-1", after->id, "after"),
                  KEYWARD_OK);
    assert_status(
        fixture->store,
        keyward_set_key_expiry(fixture->store, &will, "repo-1", keys[1]->id, fixture->now + 9000),
        KEYWARD_OK);
    drop_key(fixture, "repo-1", keys[2]->id);
    drop_key(fixture, "repo-1", keys[3]->id);
    fixture->now += 1;
    assert_status(fixture->store,
                  keyward_purge_keys(fixture->store, &anna, "repo-1", keys[3]->id, NULL),
                  KEYWARD_OK);
    for (size_t i = 0; i < COUNT(names); i++)
        keyward_key_free(&keys[i]);
    keyward_key_free(&after);
    keyward_secret_free(&secret);
    ck_assert_int_eq(sql_number(fixture->path, "SELECT max(sequence) FROM audit_events"), 14);
}

/* A log of 304 events, of which a tile is full; a checkpoint covers 303. */
static void log_open(struct fixture *fixture)
{
    keyward_text *checkpoint;

    fixture_open(fixture);
    append_by_hand(fixture, 300);
    fixture_reopen(fixture);
    free(log_key_of(fixture));
    checkpoint = sign_checkpoint(fixture);
    keyward_text_free(&checkpoint);
    append(fixture, 1);
    ck_assert_int_eq(sql_number(fixture->path, "SELECT max(sequence) FROM audit_events"), 304);
}

/* All rows of the store, table by table, as one text. */
static char *dump(const char *path)
{
    static const char text[] =
        "SELECT group_concat(line, char(10)) FROM ("
        " SELECT quote(id) || quote(created_at) || quote(master_key_id) || quote(unique_names)"
        " AS line FROM store"
        " UNION ALL SELECT quote(id) || quote(created_at) || quote(sealed) FROM data_keys"
        " UNION ALL SELECT quote(repo_id) || quote(user_id) || quote(role) || quote(granted_at)"
        " FROM access"
        " UNION ALL SELECT quote(sequence) || quote(at) || quote(action) || quote(actor_id) ||"
        " quote(repo_id) || quote(key_id) || quote(user_id) || quote(name) || quote(previous_name)"
        " || quote(provider) || quote(role) || quote(reason) || quote(reason_text) ||"
        " quote(request_id) || quote(client_address) || quote(user_agent) || quote(sealed_sha256)"
        " || quote(other_key_id) || quote(expires_at) || quote(leaf)"
        " FROM audit_events"
        " UNION ALL SELECT quote(level) || quote(position) || quote(hash) FROM audit_tree"
        " UNION ALL SELECT quote(id) || quote(origin) || quote(created_at) || quote(public_key)"
        " || quote(data_key_id) || quote(sealed) FROM audit_log_key"
        " UNION ALL SELECT quote(size) || quote(signed_at) || quote(note) FROM audit_checkpoints"
        " UNION ALL SELECT quote(access_key) || quote(repo_id) || quote(key_id) ||"
        " quote(data_key_id) || quote(sealed) FROM sealed_secrets"
        " UNION ALL SELECT quote(repo_id) || quote(archived) || quote(deleted) || quote(id) || "
        "quote(access_key) ||"
        " quote(name) || quote(provider) || quote(created_at) || quote(created_by) ||"
        " quote(created_event) || quote(deleted_at) || quote(deleted_by) || quote(deleted_event)"
        " || quote(expires_at) FROM api_keys"
        " UNION ALL SELECT quote(repo_id) || quote(key_id) || quote(predecessor_id) ||"
        " quote(successor_id) || quote(held_name) || quote(purged_at) || quote(purged_event) ||"
        " quote(last_used_at) || quote(refused_count) || quote(refused_first_at) ||"
        " quote(refused_last_at) FROM key_details)";

    return sql_text(path, text);
}

/* The SQL is refused by a rule of the schema, changes nothing, and the store stays sound. */
static void assert_rule_holds(void (*open)(struct fixture *), const char *text)
{
    struct fixture f;
    char *before, *after;
    int code;

    open(&f);
    before = dump(f.path);
    code = sql(f.path, text);
    ck_assert_msg(code == SQLITE_CONSTRAINT, "code %d for: %s", code, text);
    after = dump(f.path);
    ck_assert_str_eq(before, after);
    assert_sound(&f);
    free(before);
    free(after);
    fixture_close(&f);
}

/* The SQL is run, and the store stays sound. */
static void assert_allowed(struct fixture *fixture, const char *text)
{
    int code = sql(fixture->path, text);

    ck_assert_msg(code == SQLITE_OK, "code %d for: %s", code, text);
    assert_sound(fixture);
}

#define NEXT "(SELECT max(sequence) + 1 FROM audit_events)"
#define NOW "(SELECT max(at) FROM audit_events)"
#define KEY(name) "(SELECT id FROM api_keys WHERE name = '" name "')"
#define UNKNOWN "'00000000-0000-7000-8000-000000000000'"

/* An event of the next sequence with these columns and values behind sequence and time. */
#define EVENT(columns, values)                                                               \
    "INSERT INTO audit_events (sequence, at, action, " columns ") SELECT " NEXT ", " NOW "," \
    " " values

/* ---- append-only tables ---- */

static const char *const forbidden[] = {
    /* audit events stay */
    "UPDATE audit_events SET at = at",
    "UPDATE audit_events SET actor_id = 'mallory' WHERE sequence = 1",
    "UPDATE OR REPLACE audit_events SET sequence = 2 WHERE sequence = 1",
    "UPDATE OR IGNORE audit_events SET reason_text = 'other' WHERE sequence = 5",
    "DELETE FROM audit_events",
    "DELETE FROM audit_events WHERE sequence = 11",
    "INSERT OR REPLACE INTO audit_events (sequence, at, action) VALUES (1, 0, 'access.granted')",
    "INSERT OR REPLACE INTO audit_events (sequence, at, action) SELECT 11, " NOW
    ", 'access.granted'",
    "REPLACE INTO audit_events SELECT * FROM audit_events WHERE sequence = 5",
    "INSERT OR IGNORE INTO audit_events (sequence, at, action) VALUES (1, 0, 'access.granted')",
    "INSERT INTO audit_events (sequence, at, action) SELECT 5, " NOW ", 'access.granted'"
    " ON CONFLICT (sequence) DO UPDATE SET at = 0",
    /* and follow each other */
    "INSERT INTO audit_events (sequence, at, action) SELECT 13, " NOW ", 'access.granted'",
    "INSERT INTO audit_events (sequence, at, action) SELECT 0, " NOW ", 'access.granted'",
    "INSERT INTO audit_events (sequence, at, action) SELECT -1, " NOW ", 'access.granted'",
    "INSERT INTO audit_events (sequence, at, action) SELECT NULL, " NOW ", 'access.granted'",
    "INSERT INTO audit_events (at, action) SELECT " NOW ", 'access.granted'",
    "INSERT INTO audit_events (sequence, at, action) SELECT 9223372036854775807, " NOW
    ", 'access.granted'",
    "INSERT INTO audit_events (sequence, at, action) SELECT " NEXT ", " NOW
    " - 1, 'access.granted'",
    /* sealed secrets stay */
    "UPDATE sealed_secrets SET sealed = sealed",
    "UPDATE sealed_secrets SET key_id = " KEY("live"),
    "UPDATE OR REPLACE sealed_secrets SET access_key = 'x'",
    "DELETE FROM sealed_secrets",
    "DELETE FROM sealed_secrets WHERE key_id = " KEY("deleted"),
    "INSERT OR REPLACE INTO sealed_secrets SELECT access_key, repo_id, key_id, data_key_id,"
    " zeroblob(95) FROM sealed_secrets",
    "INSERT OR IGNORE INTO sealed_secrets SELECT * FROM sealed_secrets",
    "INSERT INTO sealed_secrets SELECT access_key, repo_id, key_id, data_key_id, zeroblob(95)"
    " FROM sealed_secrets WHERE true ON CONFLICT DO UPDATE SET sealed = zeroblob(95)",
    /* data keys stay */
    "DELETE FROM data_keys",
};

/* ---- keys ---- */

#define NEW_KEY(how, values)                                                                    \
    how " INTO api_keys (repo_id, archived, id, access_key, name, provider, created_at,"        \
        " created_event, deleted_at, deleted_event) SELECT " values " FROM api_keys WHERE name" \
        " = 'live'"

static const char *const forbidden_for_keys[] = {
    /* are never removed */
    "DELETE FROM api_keys",
    "DELETE FROM api_keys WHERE name = 'deleted'",
    "DELETE FROM api_keys WHERE deleted = 0",
    /* are marked by their event only */
    "UPDATE api_keys SET deleted_at = " NOW ", deleted_by = NULL, deleted_event = " NEXT
    " WHERE name = 'live'",
    "UPDATE api_keys SET deleted_at = " NOW ", deleted_by = NULL, deleted_event = 11"
    " WHERE name = 'live'",
    "UPDATE api_keys SET archived = 1, deleted_at = " NOW ", deleted_by = NULL, deleted_event = 11"
    " WHERE name = 'live'",
    "UPDATE api_keys SET deleted_at = (SELECT at FROM audit_events WHERE action = 'key.deleted'),"
    " deleted_by = NULL, deleted_event = (SELECT sequence FROM audit_events WHERE action ="
    " 'key.deleted') WHERE name = 'restored'",
    "UPDATE api_keys SET deleted_at = NULL, deleted_by = NULL, deleted_event = NULL WHERE name ="
    " 'deleted'",
    "UPDATE OR REPLACE api_keys SET deleted_at = NULL, deleted_by = NULL, deleted_event = NULL",
    "UPDATE OR IGNORE api_keys SET deleted_at = NULL, deleted_by = NULL, deleted_event = NULL",
    "UPDATE api_keys SET deleted_at = deleted_at + 1 WHERE name = 'deleted'",
    "UPDATE api_keys SET deleted_at = deleted_at WHERE name = 'deleted'",
    "UPDATE api_keys SET deleted_by = 'mallory' WHERE name = 'deleted'",
    "UPDATE api_keys SET deleted_event = 1 WHERE name = 'deleted'",
    "UPDATE api_keys SET deleted_by = 'mallory' WHERE name = 'live'",
    /* are archived only when they are deleted, and once */
    "UPDATE api_keys SET archived = 1 WHERE name = 'live'",
    "UPDATE api_keys SET archived = 1",
    "UPDATE OR REPLACE api_keys SET archived = 1 WHERE name = 'restored'",
    "UPDATE api_keys SET archived = 2 WHERE name = 'deleted'",
    "UPDATE api_keys SET archived = -1 WHERE name = 'deleted'",
    "UPDATE api_keys SET archived = NULL WHERE name = 'deleted'",
    "UPDATE api_keys SET archived = 'yes' WHERE name = 'deleted'",
    /* keep what they were born with */
    "UPDATE api_keys SET repo_id = 'repo-2' WHERE name = 'live'",
    "UPDATE api_keys SET id = " UNKNOWN " WHERE name = 'live'",
    "UPDATE OR REPLACE api_keys SET id = " KEY("restored") " WHERE name = 'live'",
    "UPDATE api_keys SET access_key = (SELECT access_key FROM api_keys WHERE name = 'deleted')"
    " WHERE name = 'live'",
    "UPDATE api_keys SET provider = 'AWS'",
    "UPDATE api_keys SET created_at = 0",
    "UPDATE api_keys SET created_by = 'mallory'",
    "UPDATE api_keys SET created_event = 11",
    "UPDATE api_keys SET name = 'x', created_at = 0 WHERE name = 'live'",
    /* are born once, live, with their event and their secret */
    NEW_KEY("INSERT", "repo_id, 0, id, access_key, name, provider, created_at, created_event,"
                      " NULL, NULL"),
    NEW_KEY("INSERT OR REPLACE", "repo_id, 0, id, access_key, 'other', provider, created_at,"
                                 " created_event, NULL, NULL"),
    NEW_KEY("INSERT OR IGNORE", "repo_id, 0, id, access_key, 'other', provider, created_at,"
                                " created_event, NULL, NULL"),
    NEW_KEY("INSERT", "repo_id, 0, id, access_key, name, provider, created_at, created_event, 1,"
                      " 1"),
    NEW_KEY("INSERT", "repo_id, 1, id, access_key, name, provider, created_at, created_event, 1,"
                      " 1"),
    NEW_KEY("INSERT", "repo_id, 1, id, access_key, name, provider, created_at, created_event,"
                      " NULL, NULL"),
    NEW_KEY("INSERT", "repo_id, 0, " UNKNOWN ", access_key, name, provider, created_at,"
                      " created_event, NULL, NULL"),
    NEW_KEY("INSERT", "'repo-2', 0, id, access_key, name, provider, created_at, created_event,"
                      " NULL, NULL"),
    NEW_KEY("INSERT OR REPLACE",
            "repo_id, 0, " KEY("deleted") ", access_key, 'other', provider,"
                                          " created_at, created_event, NULL, NULL"),
};

/* ---- events that mark ---- */

static const char *const forbidden_events[] = {
    EVENT("repo_id, key_id", "'key.deleted', 'repo-1', " UNKNOWN),
    EVENT("repo_id, key_id", "'key.deleted', 'repo-1', " KEY("deleted")),
    EVENT("repo_id, key_id", "'key.deleted', 'repo-2', " KEY("live")),
    EVENT("repo_id, key_id", "'key.deleted', 'none', " KEY("live")),
    EVENT("repo_id", "'key.deleted', 'repo-1'"),
    EVENT("key_id", "'key.deleted', " KEY("live")),
    EVENT("repo_id, key_id", "'key.restored', 'repo-1', " UNKNOWN),
    EVENT("repo_id, key_id", "'key.restored', 'repo-1', " KEY("live")),
    EVENT("repo_id, key_id", "'key.restored', 'repo-1', " KEY("restored")),
    EVENT("repo_id, key_id", "'key.restored', 'repo-2', " KEY("deleted")),
    EVENT("key_id", "'key.restored', " KEY("deleted")),
    EVENT("repo_id", "'key.renamed', 'repo-1'"),
    "INSERT OR IGNORE INTO audit_events (sequence, at, action, repo_id, key_id) SELECT " NEXT
    ", " NOW ", 'key.deleted', 'repo-1', " UNKNOWN,
    "INSERT OR REPLACE INTO audit_events (sequence, at, action, repo_id, key_id) SELECT " NEXT
    ", " NOW ", 'key.deleted', 'repo-1', " KEY("deleted"),
    /* one that is refused takes the good one before it along */
    "BEGIN; " EVENT("repo_id, key_id", "'key.deleted', 'repo-1', " KEY("live")) "; " EVENT(
        "repo_id, key_id", "'key.deleted', 'repo-1', " KEY("live")) "; COMMIT",
    /* nor does an event serve twice */
    "BEGIN; " EVENT(
        "repo_id, key_id",
        "'key.deleted', 'repo-1', " KEY(
            "live")) "; "
                     "UPDATE api_keys SET deleted_at = deleted_at WHERE name = 'live'; COMMIT",
    "BEGIN; " EVENT("repo_id, key_id", "'key.restored', 'repo-1', " KEY(
                                           "deleted")) "; "
                                                       "UPDATE api_keys SET deleted_at = " NOW
                                                       ", deleted_by = NULL, deleted_event = 11"
                                                       " WHERE name = 'deleted'; COMMIT",
};

/* ---- constraints and types ---- */

static const char *const forbidden_values[] = {
    EVENT("repo_id", "'key.vanished', 'repo-1'"),
    EVENT("repo_id", "NULL, 'repo-1'"),
    EVENT("reason", "'access.granted', 'because'"),
    EVENT("sealed_sha256", "'access.granted', zeroblob(31)"),
    EVENT("sealed_sha256", "'access.granted', zeroblob(33)"),
    EVENT("repo_id, key_id", "'key.created', 'repo-1', " UNKNOWN), /* without its hash */
    EVENT("repo_id, sealed_sha256", "'key.created', 'repo-1', zeroblob(32)"),
    "INSERT INTO audit_events (sequence, at, action) SELECT " NEXT ", NULL, 'access.granted'",
    "INSERT INTO audit_events (sequence, at, action) SELECT " NEXT ", 'soon', 'access.granted'",
    EVENT("actor_id", "'access.granted', x'00'"),
    EVENT("sealed_sha256", "'access.granted', '0123456789abcdef0123456789abcdef'"),
    "INSERT INTO access VALUES ('', 'anna', 'admin', 0)",
    "INSERT INTO access VALUES ('repo-1', '', 'admin', 0)",
    "INSERT INTO access VALUES (NULL, 'x', 'admin', 0)",
    "INSERT INTO access VALUES ('repo-1', 'x', 'owner', 0)",
    "INSERT INTO access VALUES ('repo-1', 'x', NULL, 0)",
    "INSERT INTO access VALUES ('repo-1', 'anna', 'admin', 0)", /* twice */
    "INSERT INTO access VALUES ('repo-1', x'78', 'admin', 0)",
    "INSERT INTO access VALUES ('repo-1', 'x', 'admin', 'then')",
    "INSERT INTO access VALUES ('repo-1', 'x', 'admin', 1.5)",
    "INSERT INTO access VALUES (printf('%.256c', 'r'), 'x', 'admin', 0)",
    "INSERT INTO access VALUES ('repo-1', printf('%.255c', 'u') || char(233), 'admin', 0)",
    "UPDATE access SET role = 'Admin'",
    "UPDATE api_keys SET name = '' WHERE name = 'live'",
    "UPDATE api_keys SET name = NULL WHERE name = 'live'",
    "UPDATE api_keys SET name = x'00' WHERE name = 'live'",
    "UPDATE api_keys SET name = printf('%.128c', 'n') || printf('%.128c', 'n')",
    "INSERT INTO store (id, created_at, master_key_id) VALUES (2, 0, zeroblob(16))",
    "INSERT INTO store (id, created_at, master_key_id) VALUES (1, 0, zeroblob(16))",
    "UPDATE store SET master_key_id = zeroblob(15)",
    "UPDATE store SET master_key_id = NULL",
    "INSERT INTO data_keys VALUES (2, 0, zeroblob(71))",
    "INSERT INTO data_keys VALUES (2, 0, zeroblob(73))",
    "INSERT INTO data_keys VALUES (2, 0, 'text')",
    "INSERT INTO data_keys VALUES (2, 'then', zeroblob(72))",
    "INSERT INTO sealed_secrets VALUES ('a', 'r', 'k', 1, zeroblob(40))",
    "INSERT INTO sealed_secrets VALUES ('a', 'r', 'k', 1, zeroblob(65577))",
    "INSERT INTO sealed_secrets VALUES (NULL, 'r', 'k', 1, zeroblob(41))",
    "INSERT INTO sealed_secrets VALUES ('a', 'r', 'k', 'one', zeroblob(41))",
    "PRAGMA foreign_keys = ON; INSERT INTO sealed_secrets VALUES ('a', 'r', 'k', 2, zeroblob(41))",
    "PRAGMA foreign_keys = ON; UPDATE data_keys SET id = 2",
};

/* ---- the rest of a key's life; see life_open() ---- */

#define DETAILS(name) " WHERE key_id = " KEY(name)

static const char *const forbidden_in_life[] = {
    /* a deadline comes with its event */
    "UPDATE api_keys SET expires_at = 1 WHERE name = 'before'",
    "UPDATE api_keys SET expires_at = NULL WHERE name = 'expiring'",
    "UPDATE OR REPLACE api_keys SET expires_at = expires_at + 1",
    EVENT("repo_id, key_id, expires_at", "'key.expiry_set', 'repo-1', " UNKNOWN ", 1"),
    EVENT("repo_id, key_id, expires_at", "'key.expiry_set', 'repo-2', " KEY("after") ", 1"),
    EVENT("repo_id, key_id, expires_at", "'key.expiry_set', 'repo-1', " KEY("deleted") ", 1"),
    EVENT("repo_id, key_id, expires_at", "'key.expiry_set', 'repo-1', " KEY("purged") ", 1"),
    EVENT("key_id, expires_at", "'key.expiry_set', " KEY("after") ", 1"),
    "BEGIN; " EVENT(
        "repo_id, key_id, expires_at",
        "'key.expiry_set', 'repo-1', " KEY(
            "after") ", 1") "; "
                            "UPDATE api_keys SET expires_at = 2 WHERE name = 'after'; COMMIT",
    "BEGIN; " EVENT(
        "repo_id, key_id, expires_at",
        "'key.expiry_set', 'repo-1', " KEY(
            "after") ", 1") "; "
                            "UPDATE api_keys SET expires_at = 1 WHERE name = 'before'; COMMIT",
    /* a successor likewise */
    EVENT("repo_id, key_id, other_key_id", "'key.rotated', 'repo-1', " UNKNOWN ", " KEY("after")),
    EVENT("repo_id, key_id, other_key_id",
          "'key.rotated', 'repo-1', " KEY("deleted") ", " KEY("after")),
    "UPDATE key_details SET successor_id = NULL" DETAILS("before"),
    "UPDATE key_details SET successor_id = " UNKNOWN DETAILS("before"),
    "UPDATE key_details SET successor_id = " KEY("expiring") DETAILS("after"),
    "UPDATE OR REPLACE key_details SET successor_id = " UNKNOWN,
    "UPDATE key_details SET predecessor_id = NULL" DETAILS("after"),
    "UPDATE key_details SET predecessor_id = " KEY("expiring") DETAILS("after"),
    "UPDATE key_details SET predecessor_id = " KEY("expiring") DETAILS("before"),
    "BEGIN; " EVENT("repo_id, key_id, other_key_id",
                    "'key.rotated', 'repo-1', " KEY("after") ", " KEY(
                        "expiring")) "; "
                                     "UPDATE key_details SET successor_id = " UNKNOWN DETAILS(
                                         "after") "; COMMIT",
    "INSERT INTO key_details (repo_id, key_id, successor_id) SELECT 'repo-1', " KEY(
        "expiring") ", " KEY("after"),
    "INSERT INTO key_details (repo_id, key_id, predecessor_id) SELECT 'repo-1', " KEY(
        "expiring") ", " KEY("after"),
    /* a purge likewise, once, of a deleted key */
    EVENT("repo_id, key_id", "'key.purged', 'repo-1', " KEY("after")),
    EVENT("repo_id, key_id", "'key.purged', 'repo-1', " KEY("purged")),
    EVENT("repo_id, key_id", "'key.purged', 'repo-1', " UNKNOWN),
    EVENT("repo_id, key_id", "'key.purged', 'repo-2', " KEY("deleted")),
    EVENT("repo_id", "'key.purged', 'repo-1'"),
    EVENT("repo_id, key_id", "'key.restored', 'repo-1', " KEY("purged")),
    "INSERT INTO key_details (repo_id, key_id, purged_at, purged_event) SELECT 'repo-1', " KEY(
        "deleted") ", " NOW ", 14",
    "INSERT INTO key_details (repo_id, key_id, purged_at) SELECT 'repo-1', " KEY("deleted") ", 1",
    "UPDATE key_details SET purged_at = NULL, purged_event = NULL" DETAILS("purged"),
    "UPDATE key_details SET purged_at = purged_at + 1" DETAILS("purged"),
    "UPDATE key_details SET purged_event = 13" DETAILS("purged"),
    "UPDATE key_details SET purged_at = " NOW ", purged_event = 14" DETAILS("before"),
    "UPDATE sealed_secrets SET sealed = zeroblob(length(sealed))",
    "UPDATE sealed_secrets SET sealed = zeroblob(length(sealed))" DETAILS("deleted"),
    "UPDATE sealed_secrets SET sealed = zeroblob(length(sealed) + 1)" DETAILS("purged"),
    "UPDATE sealed_secrets SET sealed = randomblob(length(sealed))" DETAILS("purged"),
    "UPDATE sealed_secrets SET data_key_id = 2" DETAILS("purged"),
    "DELETE FROM sealed_secrets" DETAILS("purged"),
    /* details stay with their key, and are not replaced */
    "DELETE FROM key_details",
    "DELETE FROM key_details" DETAILS("purged"),
    "UPDATE key_details SET key_id = " KEY("expiring") DETAILS("purged"),
    "UPDATE key_details SET repo_id = 'repo-2'",
    "REPLACE INTO key_details (repo_id, key_id) SELECT repo_id, key_id FROM key_details",
    "REPLACE INTO key_details (repo_id, key_id) SELECT 'repo-1', " KEY("purged"),
    "REPLACE INTO key_details (repo_id, key_id, successor_id) SELECT 'repo-1', " KEY(
        "before") ", " UNKNOWN,
    "INSERT OR IGNORE INTO key_details (repo_id, key_id) SELECT 'repo-1', " KEY("before"),
    /* what is imported brings its secret and its hash as what is created */
    EVENT("repo_id, key_id", "'key.imported', 'repo-1', " UNKNOWN),
    EVENT("repo_id, sealed_sha256", "'key.imported', 'repo-1', zeroblob(32)"),
    EVENT("repo_id, key_id", "'key.forgotten', 'repo-1', " KEY("after")),
    EVENT("repo_id", "'store.vanished', 'repo-1'"),
    EVENT("repo_id", "'key.revealed', 'repo-1'"),
    /* the master key and the data keys change by their event */
    "UPDATE data_keys SET sealed = sealed",
    "UPDATE data_keys SET sealed = randomblob(72)",
    "UPDATE data_keys SET id = 2",
    "UPDATE store SET master_key_id = master_key_id",
    "UPDATE store SET master_key_id = randomblob(16)",
    "UPDATE store SET created_at = 0",
    "UPDATE store SET id = 2",
    "BEGIN; INSERT INTO audit_events (sequence, at, action) SELECT " NEXT ", " NOW
    ", 'store.master_key_changed'; UPDATE data_keys SET id = 2; COMMIT",
    "BEGIN; INSERT INTO audit_events (sequence, at, action) SELECT " NEXT ", " NOW
    ", 'store.master_key_changed'; UPDATE store SET created_at = 0; COMMIT",
    "BEGIN; INSERT INTO audit_events (sequence, at, action) SELECT " NEXT ", " NOW
    ", 'store.data_key_created'; UPDATE data_keys SET sealed = randomblob(72); COMMIT",
    "DELETE FROM data_keys",
    "REPLACE INTO data_keys SELECT * FROM data_keys",
    "REPLACE INTO store SELECT * FROM store",
};

/* ---- the log's tree, key and checkpoints; see log_open() ---- */

/* As if the trigger were not there that forbids them all: what the columns allow. */
#define PAST(trigger, text) "BEGIN; DROP TRIGGER " trigger "; " text "; COMMIT"

#define LOG_KEY_ROW(values) \
    "INSERT INTO audit_log_key (id, origin, created_at, public_key, data_key_id, sealed) " values

static const char *const forbidden_in_the_log[] = {
    /* a leaf hash is keyward's, stays, and does not come later */
    EVENT("leaf", "'access.granted', zeroblob(32)"),
    EVENT("leaf", "'access.granted', (SELECT leaf FROM audit_events WHERE sequence = 304)"),
    "INSERT OR IGNORE INTO audit_events (sequence, at, action, leaf) SELECT " NEXT ", " NOW
    ", 'access.granted', zeroblob(32)",
    "UPDATE audit_events SET leaf = NULL WHERE sequence = 304",
    "UPDATE audit_events SET leaf = zeroblob(32) WHERE sequence = 304",
    PAST("audit_events_come_without_leaf", EVENT("leaf", "'access.granted', zeroblob(31)")),
    PAST("audit_events_come_without_leaf", EVENT("leaf", "'access.granted', zeroblob(33)")),
    PAST("audit_events_come_without_leaf", EVENT("leaf", "'access.granted', zeroblob(0)")),
    PAST("audit_events_come_without_leaf",
         EVENT("leaf", "'access.granted', '0123456789abcdef0123456789abcdef'")),
    "BEGIN; " EVENT("repo_id", "'access.granted', 'repo-1'") "; UPDATE audit_events SET leaf ="
                                                             " zeroblob(32) WHERE leaf IS NULL;"
                                                             " COMMIT",
    /* a hash of the tree is keyward's */
    "INSERT INTO audit_tree VALUES (1, 0, zeroblob(32))",
    "INSERT OR REPLACE INTO audit_tree VALUES (1, 0, zeroblob(32))",
    "INSERT OR IGNORE INTO audit_tree VALUES (1, 0, zeroblob(32))",
    "REPLACE INTO audit_tree SELECT * FROM audit_tree",
    "INSERT INTO audit_tree VALUES (1, 0, zeroblob(32)) ON CONFLICT DO UPDATE SET hash ="
    " zeroblob(32)",
    "BEGIN; WITH RECURSIVE n (i) AS (SELECT 305 UNION ALL SELECT i + 1 FROM n LIMIT 208) INSERT"
    " INTO audit_events (sequence, at, action) SELECT i, " NOW
    ", 'access.granted' FROM n; INSERT INTO audit_tree VALUES (1, 1, zeroblob(32)); COMMIT",
    "INSERT INTO audit_tree VALUES (1, 1, zeroblob(32))",
    "INSERT INTO audit_tree VALUES (1, 9223372036854775807, zeroblob(32))",
    "INSERT INTO audit_tree VALUES (2, 0, zeroblob(32))",
    "INSERT INTO audit_tree VALUES (7, 0, zeroblob(32))",
    "INSERT INTO audit_tree VALUES (0, 0, zeroblob(32))",
    "INSERT INTO audit_tree VALUES (8, 0, zeroblob(32))",
    "INSERT INTO audit_tree VALUES (-1, 0, zeroblob(32))",
    "INSERT INTO audit_tree VALUES (1, -1, zeroblob(32))",
    "INSERT INTO audit_tree VALUES (NULL, 1, zeroblob(32))",
    "INSERT INTO audit_tree VALUES (1, NULL, zeroblob(32))",
    "INSERT INTO audit_tree VALUES (1, 1, NULL)",
    PAST("audit_tree_is_keywards", "INSERT INTO audit_tree VALUES (1, 0, zeroblob(32))"),
    PAST("audit_tree_is_keywards", "INSERT INTO audit_tree VALUES (0, 0, zeroblob(32))"),
    PAST("audit_tree_is_keywards", "INSERT INTO audit_tree VALUES (1, -1, zeroblob(32))"),
    PAST("audit_tree_is_keywards", "INSERT INTO audit_tree VALUES (NULL, 1, zeroblob(32))"),
    PAST("audit_tree_is_keywards", "INSERT INTO audit_tree VALUES (1, NULL, zeroblob(32))"),
    PAST("audit_tree_is_keywards", "INSERT INTO audit_tree VALUES (1, 1, NULL)"),
    "BEGIN; DROP TRIGGER audit_tree_is_keywards; INSERT INTO audit_tree VALUES (1, 1, "
    "zeroblob(31));"
    " COMMIT",
    "BEGIN; DROP TRIGGER audit_tree_is_keywards; INSERT INTO audit_tree VALUES (1, 1,"
    " '0123456789abcdef0123456789abcdef'); COMMIT",
    "BEGIN; DROP TRIGGER audit_tree_is_keywards; INSERT INTO audit_tree VALUES (8, 1, "
    "zeroblob(32));"
    " COMMIT",
    "BEGIN; DROP TRIGGER audit_tree_is_keywards; INSERT INTO audit_tree VALUES (1, 'one', "
    "zeroblob(32));"
    " COMMIT",
    /* and stays */
    "UPDATE audit_tree SET hash = hash",
    "UPDATE audit_tree SET hash = zeroblob(32)",
    "UPDATE OR REPLACE audit_tree SET level = 2",
    "UPDATE OR IGNORE audit_tree SET position = 1",
    "DELETE FROM audit_tree",
    "DELETE FROM audit_tree WHERE position = 0",
    /* the key is one, and for good */
    LOG_KEY_ROW("SELECT 2, origin, created_at, public_key, data_key_id, sealed FROM audit_log_key"),
    LOG_KEY_ROW("SELECT 1, origin, created_at, public_key, data_key_id, sealed FROM audit_log_key"),
    "REPLACE INTO audit_log_key SELECT id, 'other', created_at, public_key, data_key_id, sealed"
    " FROM audit_log_key",
    "INSERT OR IGNORE INTO audit_log_key SELECT * FROM audit_log_key",
    "UPDATE audit_log_key SET origin = origin",
    "UPDATE audit_log_key SET origin = 'other'",
    "UPDATE audit_log_key SET created_at = 0",
    "UPDATE audit_log_key SET public_key = zeroblob(32)",
    "UPDATE audit_log_key SET sealed = zeroblob(72)",
    "UPDATE OR REPLACE audit_log_key SET data_key_id = 2",
    "DELETE FROM audit_log_key",
    "BEGIN; INSERT INTO audit_events (sequence, at, action) SELECT " NEXT ", " NOW
    ", 'store.master_key_changed'; UPDATE audit_log_key SET sealed = randomblob(72); COMMIT",
    /* checkpoints are signed by keyward alone, and stay as signed */
    "INSERT INTO audit_checkpoints VALUES (304, 0, 'x')",
    "INSERT INTO audit_checkpoints SELECT 304, signed_at, note FROM audit_checkpoints",
    "INSERT INTO audit_checkpoints VALUES (303, 0, 'x')",
    "INSERT INTO audit_checkpoints VALUES (302, 0, 'x')",
    "REPLACE INTO audit_checkpoints SELECT size, signed_at, 'x' FROM audit_checkpoints",
    "INSERT OR IGNORE INTO audit_checkpoints SELECT * FROM audit_checkpoints",
    "INSERT INTO audit_checkpoints SELECT size, signed_at, 'x' FROM audit_checkpoints WHERE true"
    " ON CONFLICT DO UPDATE SET note = 'x'",
    PAST("audit_checkpoints_are_keywards", "INSERT INTO audit_checkpoints VALUES (303, 0, 'x')"),
    PAST("audit_checkpoints_are_keywards", "INSERT INTO audit_checkpoints VALUES (0, 0, 'x')"),
    PAST("audit_checkpoints_are_keywards", "INSERT INTO audit_checkpoints VALUES (-5, 0, 'x')"),
    PAST("audit_checkpoints_are_keywards", "INSERT INTO audit_checkpoints VALUES (304, NULL, 'x')"),
    PAST("audit_checkpoints_are_keywards", "INSERT INTO audit_checkpoints VALUES (304, 0, NULL)"),
    PAST("audit_checkpoints_are_keywards",
         "INSERT INTO audit_checkpoints VALUES (304, 'now', 'x')"),
    PAST("audit_checkpoints_are_keywards", "INSERT INTO audit_checkpoints VALUES (304, 0, x'78')"),
    "UPDATE audit_checkpoints SET note = note",
    "UPDATE audit_checkpoints SET note = note || 'x'",
    "UPDATE audit_checkpoints SET note = ''",
    "UPDATE audit_checkpoints SET size = 304",
    "UPDATE audit_checkpoints SET signed_at = signed_at + 1",
    "UPDATE OR REPLACE audit_checkpoints SET size = 304, note = note || 'x'",
    "UPDATE OR IGNORE audit_checkpoints SET note = 'x'",
    "DELETE FROM audit_checkpoints WHERE size = 303",
    "DELETE FROM audit_checkpoints",
};

START_TEST(the_log_keeps_to_its_rules)
{
    assert_rule_holds(log_open, forbidden_in_the_log[_i]);
}
END_TEST

/* In a store that has none yet. */
#define NEW_LOG_KEY(values) PAST("audit_log_key_is_keywards", LOG_KEY_ROW("VALUES (" values ")"))

static const char *const forbidden_keys[] = {
    LOG_KEY_ROW("VALUES (1, 'a', 0, zeroblob(32), 1, zeroblob(72))"), /* it is keyward's */
    "INSERT OR IGNORE INTO audit_log_key VALUES (1, 'a', 0, zeroblob(32), 1, zeroblob(72))",
    "INSERT INTO audit_checkpoints VALUES (11, 0, 'x')",
    NEW_LOG_KEY("2, 'a', 0, zeroblob(32), 1, zeroblob(72)"),
    NEW_LOG_KEY("1, '', 0, zeroblob(32), 1, zeroblob(72)"),
    NEW_LOG_KEY("1, printf('%.256c', 'o'), 0, zeroblob(32), 1, zeroblob(72)"),
    NEW_LOG_KEY("1, printf('%.254c', 'o') || char(233), 0, zeroblob(32), 1, zeroblob(72)"),
    NEW_LOG_KEY("1, NULL, 0, zeroblob(32), 1, zeroblob(72)"),
    NEW_LOG_KEY("1, 'a', NULL, zeroblob(32), 1, zeroblob(72)"),
    NEW_LOG_KEY("1, 'a', 0, zeroblob(31), 1, zeroblob(72)"),
    NEW_LOG_KEY("1, 'a', 0, zeroblob(33), 1, zeroblob(72)"),
    NEW_LOG_KEY("1, 'a', 0, NULL, 1, zeroblob(72)"),
    NEW_LOG_KEY("1, 'a', 0, zeroblob(32), NULL, zeroblob(72)"),
    NEW_LOG_KEY("1, 'a', 0, zeroblob(32), 1, zeroblob(71)"),
    NEW_LOG_KEY("1, 'a', 0, zeroblob(32), 1, zeroblob(73)"),
    NEW_LOG_KEY("1, 'a', 0, zeroblob(32), 1, NULL"),
    "PRAGMA foreign_keys = ON; " NEW_LOG_KEY("1, 'a', 0, zeroblob(32), 2, zeroblob(72)"),
};

START_TEST(the_key_of_the_log_keeps_to_its_rules)
{
    assert_rule_holds(stocked_open, forbidden_keys[_i]);
}
END_TEST

START_TEST(an_outsider_may_append_to_the_log)
{
    struct fixture f;

    log_open(&f);
    assert_allowed(&f, EVENT("repo_id", "'access.granted', 'repo-1'"));
    assert_allowed(&f, EVENT("repo_id, leaf", "'access.granted', 'repo-1', NULL"));
    append_by_hand(&f, 512 - 306);
    assert_allowed(&f, "SELECT 1");
    append(&f, 1);
    fixture_reopen(&f);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_tree"), 2);
    assert_tree(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(the_rest_of_a_life_keeps_to_its_rules)
{
    assert_rule_holds(life_open, forbidden_in_life[_i]);
}
END_TEST

START_TEST(what_was_written_stays)
{
    assert_rule_holds(stocked_open, forbidden[_i]);
}
END_TEST

START_TEST(keys_keep_to_their_rules)
{
    assert_rule_holds(stocked_open, forbidden_for_keys[_i]);
}
END_TEST

START_TEST(an_event_of_a_key_needs_a_key_it_can_happen_to)
{
    assert_rule_holds(stocked_open, forbidden_events[_i]);
}
END_TEST

START_TEST(values_keep_to_their_columns)
{
    assert_rule_holds(stocked_open, forbidden_values[_i]);
}
END_TEST

/* ---- what is allowed ---- */

START_TEST(an_event_of_deletion_marks_its_key)
{
    struct fixture f;

    stocked_open(&f);
    assert_allowed(&f, "INSERT INTO audit_events (sequence, at, action, actor_id, repo_id, key_id)"
                       " SELECT " NEXT
                       ", 1700000005000, 'key.deleted', 'shell', 'repo-1', " KEY("live"));
    ck_assert_int_eq(sql_number(f.path, "SELECT deleted = 1 AND deleted_at = 1700000005000 AND"
                                        " deleted_by = 'shell' AND deleted_event = 12"
                                        " FROM api_keys WHERE name = 'live'"),
                     1);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted = 1"), 2);
    fixture_close(&f);
}
END_TEST

START_TEST(an_event_of_restoration_unmarks_its_key)
{
    struct fixture f;

    stocked_open(&f);
    assert_allowed(&f, EVENT("repo_id, key_id", "'key.restored', 'repo-1', " KEY("deleted")));
    ck_assert_int_eq(sql_number(f.path, "SELECT deleted = 0 AND deleted_at IS NULL AND deleted_by"
                                        " IS NULL AND deleted_event IS NULL FROM api_keys"
                                        " WHERE name = 'deleted'"),
                     1);
    assert_allowed(&f, EVENT("repo_id, key_id", "'key.deleted', 'repo-1', " KEY("deleted")));
    ck_assert_int_eq(sql_number(f.path, "SELECT deleted_event FROM api_keys WHERE name ="
                                        " 'deleted'"),
                     13);
    fixture_close(&f);
}
END_TEST

START_TEST(only_the_key_of_the_event_is_marked)
{
    struct fixture f;
    char *before, *after;
    static const char others[] = "SELECT group_concat(repo_id || deleted || id || name, ' ')"
                                 " FROM api_keys WHERE name <> 'live'";

    stocked_open(&f);
    before = sql_text(f.path, others);
    assert_allowed(&f, EVENT("repo_id, key_id", "'key.deleted', 'repo-1', " KEY("live")));
    after = sql_text(f.path, others);
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
    fixture_close(&f);
}
END_TEST

/* Which is refused as a mistake in the SQL, not by a rule. */
START_TEST(whether_a_key_is_deleted_is_never_written)
{
    static const char *const texts[] = {
        "UPDATE api_keys SET deleted = 1 WHERE name = 'live'",
        "UPDATE api_keys SET deleted = 0",
        "INSERT INTO api_keys (repo_id, deleted, id, access_key, name, provider, created_at,"
        " created_event) SELECT repo_id, 1, id, access_key, name, provider, created_at,"
        " created_event FROM api_keys WHERE name = 'live'",
    };
    struct fixture f;
    char *before, *after;

    stocked_open(&f);
    before = dump(f.path);
    for (size_t i = 0; i < COUNT(texts); i++)
        ck_assert_int_eq(sql(f.path, texts[i]), SQLITE_ERROR);
    after = dump(f.path);
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
    fixture_close(&f);
}
END_TEST

START_TEST(a_deleted_key_may_be_archived_and_its_event_restores_it)
{
    struct fixture f;

    stocked_open(&f);
    assert_allowed(&f, "UPDATE api_keys SET archived = 1 WHERE name = 'deleted'");
    assert_allowed(&f, "UPDATE api_keys SET archived = 0 WHERE name = 'deleted'");
    assert_allowed(&f, "UPDATE api_keys SET archived = 1 WHERE deleted");
    ck_assert_int_eq(
        sql(f.path, EVENT("repo_id, key_id", "'key.deleted', 'repo-1'," KEY("deleted"))),
        SQLITE_CONSTRAINT);
    assert_allowed(&f, EVENT("repo_id, key_id", "'key.restored', 'repo-1', " KEY("deleted")));
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE archived = 0 AND NOT"
                                        " deleted AND deleted_at IS NULL"),
                     4);
    fixture_close(&f);
}
END_TEST

#define GRANT(values) EVENT("repo_id, user_id, role", "'access.granted', " values)
#define RENAME(from, to)                                                               \
    EVENT("repo_id, key_id, name", "'key.renamed', 'repo-1', " KEY(from) ", '" to "'") \
    "; UPDATE api_keys SET name = '" to "' WHERE name = '" from "'"

START_TEST(other_events_and_names_are_free)
{
    struct fixture f;

    stocked_open(&f);
    assert_allowed(
        &f, EVENT("actor_id, repo_id, key_id", "'key.delete_denied', 'x', 'none', " UNKNOWN));
    assert_allowed(&f, "INSERT INTO audit_events (sequence, at, action) SELECT " NEXT
                       ", 9223372036854775807, 'access.granted'");
    assert_allowed(&f, RENAME("live", "another"));
    assert_allowed(
        &f,
        GRANT(
            "'repo-1', 'will', 'reader'") "; UPDATE access SET (role, granted_at) = ('reader', " NOW
                                          ") WHERE user_id = 'will'");
    assert_allowed(
        &f,
        GRANT("printf('%.255c', 'r'), 'x', 'admin'") "; INSERT INTO access VALUES "
                                                     "(printf('%.255c', 'r'), 'x', 'admin', " NOW
                                                     ")");
    fixture_close(&f);
}
END_TEST

START_TEST(an_event_of_a_deadline_sets_it)
{
    struct fixture f;

    life_open(&f);
    assert_allowed(&f, EVENT("repo_id, key_id, expires_at",
                             "'key.expiry_set', 'repo-1', " KEY("after") ", 1700000009999"));
    ck_assert_int_eq(sql_number(f.path, "SELECT expires_at FROM api_keys WHERE name = 'after'"),
                     1700000009999);
    assert_allowed(&f, EVENT("repo_id, key_id", "'key.expiry_set', 'repo-1', " KEY("after")));
    assert_allowed(&f, EVENT("repo_id, key_id", "'key.expiry_set', 'repo-1', " KEY("expiring")));
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys"
                                        " WHERE expires_at IS NOT NULL"),
                     1);
    fixture_close(&f);
}
END_TEST

START_TEST(an_event_of_a_rotation_links_the_key)
{
    struct fixture f;

    life_open(&f);
    assert_allowed(
        &f, EVENT("repo_id, key_id, other_key_id, expires_at",
                  "'key.rotated', 'repo-1', " KEY("after") ", " KEY("expiring") ", 1700000005000"));
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys AS k JOIN key_details AS d"
                                        " ON d.key_id = k.id WHERE name = 'after' AND expires_at ="
                                        " 1700000005000 AND predecessor_id = " KEY(
                                            "before") " AND successor_id = " KEY("expiring")),
                     1);
    assert_allowed(&f, EVENT("repo_id, key_id, other_key_id",
                             "'key.rotated', 'repo-1', " KEY("expiring") ", " KEY("after")));
    fixture_close(&f);
}
END_TEST

START_TEST(an_event_of_a_purge_destroys_the_secret)
{
    struct fixture f;

    life_open(&f);
    for (int archived = 0; archived < 2; archived++) {
        assert_allowed(&f,
                       archived ? "UPDATE api_keys SET archived = 1 WHERE deleted" : "SELECT 1");
        assert_allowed(
            &f, archived ? EVENT("repo_id, key_id", "'key.deleted', 'repo-1', " KEY("after"))
                         : EVENT("repo_id, key_id", "'key.purged', 'repo-1', " KEY("deleted")));
    }
    assert_allowed(&f, "UPDATE api_keys SET archived = 1 WHERE deleted");
    assert_allowed(&f, EVENT("repo_id, key_id", "'key.purged', 'repo-1', " KEY("after")));
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM sealed_secrets WHERE sealed ="
                                        " zeroblob(length(sealed))"),
                     3);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM key_details JOIN audit_events ON"
                                        " sequence = purged_event AND at = purged_at AND action ="
                                        " 'key.purged'"),
                     3);
    fixture_close(&f);
}
END_TEST

START_TEST(bookkeeping_and_other_events_of_a_life_are_free)
{
    struct fixture f;

    life_open(&f);
    assert_allowed(&f, "UPDATE key_details SET last_used_at = 5, refused_count = NULL");
    assert_allowed(&f,
                   "INSERT INTO key_details (repo_id, key_id, last_used_at) SELECT 'repo-1', " KEY(
                       "expiring") ", 7");
    assert_allowed(&f, EVENT("repo_id, key_id", "'key.revealed', 'repo-1', " KEY("after")));
    assert_allowed(&f, EVENT("repo_id", "'key.purge_denied', 'repo-1'"));
    assert_allowed(&f, EVENT("name", "'store.data_key_created', '2'"));
    fixture_close(&f);
}
END_TEST

START_TEST(whoever_renames_a_key_that_holds_its_name_holds_the_new_one)
{
    struct fixture f;
    keyward_key *key;

    life_open(&f);
    f.options.names = KEYWARD_NAMES_UNIQUE;
    fixture_reopen(&f);
    assert_allowed(&f, RENAME("expiring", "renamed"));
    assert_row_of(f.path, "SELECT held_name FROM key_details" DETAILS("renamed"), "renamed");
    ck_assert_int_eq(sql(f.path, "UPDATE api_keys SET name = 'after' WHERE name = 'renamed'"),
                     SQLITE_CONSTRAINT);
    key = make_key(&f, "repo-1", "expiring", NULL); /* it is free again */
    assert_allowed(&f, RENAME("before", "any"));    /* holds none */
    keyward_key_free(&key);
    fixture_close(&f);
}
END_TEST

/* ---- the library does without triggers what they would do ---- */

/* All but what no two keys have in common: ids become the names of keys. */
static char *life_of(const char *path, const char *name)
{
    char query[2048];

    snprintf(query, sizeof query,
             "SELECT quote(k.expires_at) || quote(k.deleted) || quote(k.deleted_at) ||"
             " quote((SELECT name FROM api_keys WHERE id = d.predecessor_id)) ||"
             " quote((SELECT name FROM api_keys WHERE id = d.successor_id)) ||"
             " (d.held_name IS k.name) || quote(d.purged_at) ||"
             " (d.purged_event IS NULL) || (s.sealed = zeroblob(length(s.sealed))) ||"
             " quote((SELECT group_concat(action) FROM audit_events WHERE key_id = k.id))"
             " FROM api_keys AS k JOIN sealed_secrets AS s ON s.key_id = k.id"
             " LEFT JOIN key_details AS d ON d.key_id = k.id WHERE k.name = '%s'",
             name);
    return sql_text(path, query);
}

static void assert_alike(struct fixture *f)
{
    char *ours = life_of(f->path, "library_s"), *theirs = life_of(f->path, "outsider_s");

    ck_assert_pstr_eq(ours, theirs);
    free(ours);
    free(theirs);
    assert_sound(f);
}

/* Appends an event to the outsider's key. */
static void outsider_says(struct fixture *f, const char *action, const char *expires_at,
                          const char *other_key_id)
{
    char text[512];

    snprintf(text, sizeof text,
             "INSERT INTO audit_events (sequence, at, action, repo_id, key_id, name, expires_at,"
             " other_key_id) SELECT " NEXT
             ", %lld, '%s', 'repo-1', " KEY("outsider_s") ","
                                                          " 'outsider_s', %s, %s",
             (long long)f->now, action, expires_at, other_key_id);
    ck_assert_int_eq(sql(f->path, text), SQLITE_OK);
}

/* `_i`: whether names are unique. */
START_TEST(the_library_and_an_outsider_lead_a_key_through_its_life_alike)
{
    struct fixture f;
    keyward_key *ours, *theirs, *other;
    keyward_secret *secret;

    fixture_open(&f);
    f.options.purge_retention = 1;
    f.options.names = _i ? KEYWARD_NAMES_UNIQUE : KEYWARD_NAMES_FREE;
    fixture_reopen(&f);
    ours = make_key(&f, "repo-1", "library_s", NULL);
    theirs = make_key(&f, "repo-1", "outsider_s", NULL);
    assert_alike(&f);
    assert_status(f.store, keyward_set_key_expiry(f.store, &host, "repo-1", ours->id, f.now + 1000),
                  KEYWARD_OK);
    outsider_says(&f, "key.expiry_set", "1700000001000", "NULL");
    assert_alike(&f);
    assert_status(f.store, keyward_set_key_expiry(f.store, &host, "repo-1", ours->id, 0),
                  KEYWARD_OK);
    outsider_says(&f, "key.expiry_set", "NULL", "NULL");
    assert_alike(&f);
    for (int restored = 0; restored < 2; restored++) {
        drop_key(&f, "repo-1", ours->id);
        outsider_says(&f, "key.deleted", "NULL", "NULL");
        assert_alike(&f);
        if (restored)
            break;
        assert_status(f.store, keyward_restore_key(f.store, &host, "repo-1", ours->id), KEYWARD_OK);
        outsider_says(&f, "key.restored", "NULL", "NULL");
        assert_alike(&f);
        assert_status(f.store,
                      keyward_rotate_key(f.store, &host, "repo-1", ours->id, NULL, &other, &secret),
                      KEYWARD_OK);
        assert_status(f.store, keyward_rename_key(f.store, &host, "repo-1", other->id, "other"),
                      KEYWARD_OK);
        outsider_says(&f, "key.rotated", "1700086400000", KEY("other"));
        assert_alike(&f);
        keyward_key_free(&other);
        keyward_secret_free(&secret);
    }
    f.now += 1;
    assert_status(f.store, keyward_purge_keys(f.store, &host, "repo-1", ours->id, NULL),
                  KEYWARD_OK);
    outsider_says(&f, "key.purged", "NULL", "NULL");
    assert_alike(&f);
    keyward_key_free(&ours);
    keyward_key_free(&theirs);
    fixture_close(&f);
}
END_TEST

START_TEST(a_version_below_zero_is_corrupt)
{
    struct fixture f;

    fixture_open(&f);
    keyward_close(&f.store);
    ck_assert_int_eq(sql(f.path, "PRAGMA user_version = -2147483648"), SQLITE_OK);
    assert_status(NULL, keyward_open(&f.store, f.path, &f.options), KEYWARD_CORRUPT);
    ck_assert_str_eq(keyward_last_error(NULL)->message, "the store has schema -2147483648");
    fixture_close(&f);
}
END_TEST

START_TEST(a_new_store_is_marked_as_ours)
{
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(sql_number(f.path, "PRAGMA application_id"), 0x6B777264);
    ck_assert_int_eq(sql_number(f.path, "PRAGMA user_version"), schema_newest_version());
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM pragma_table_list WHERE schema ="
                                        " 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'"
                                        " AND NOT strict"),
                     0);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    fixture_close(&f);
}
END_TEST

/* ---- steps ---- */

#define SCHEMA_TEXT                                                                \
    "SELECT group_concat(type || name || tbl_name || coalesce(sql, ''), ';') FROM" \
    " (SELECT * FROM sqlite_schema ORDER BY type, name)"

START_TEST(two_new_stores_have_the_same_schema)
{
    struct fixture a, b;
    char *of_a, *of_b;

    fixture_open(&a);
    fixture_open(&b);
    of_a = sql_text(a.path, SCHEMA_TEXT);
    of_b = sql_text(b.path, SCHEMA_TEXT);
    ck_assert_str_eq(of_a, of_b);
    fixture_reopen(&a); /* nothing is replayed on a store that is up to date */
    free(of_a);
    of_a = sql_text(a.path, SCHEMA_TEXT);
    ck_assert_str_eq(of_a, of_b);
    free(of_a);
    free(of_b);
    fixture_close(&a);
    fixture_close(&b);
}
END_TEST

static int64_t number_in(struct connection *connection, const char *text)
{
    sqlite3_stmt *statement;
    int64_t number;

    ck_assert_int_eq(sqlite3_prepare_v2(connection->db, text, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static void assert_schema_is(struct connection *connection, int version, bool empty)
{
    int found = -1;

    ck_assert_int_eq(schema_read_version(connection, &found), KEYWARD_OK);
    ck_assert_int_eq(found, version);
    ck_assert_int_eq(number_in(connection, "SELECT count(*) FROM sqlite_schema") == 0, empty);
    ck_assert(!connection_in_transaction(connection));
}

START_TEST(steps_are_taken_up_to_the_version_asked_for)
{
    struct error error = {.store_stamp = 0};
    struct connection *connection;

    ck_assert_int_eq(connection_open_memory(&connection, &error), KEYWARD_OK);
    assert_schema_is(connection, 0, true);
    ck_assert_int_eq(schema_upgrade_to(connection, 0), KEYWARD_OK);
    assert_schema_is(connection, 0, true);
    for (int version = 1; version <= schema_newest_version(); version++) {
        ck_assert_int_eq(schema_upgrade_to(connection, version), KEYWARD_OK);
        assert_schema_is(connection, version, false);
    }
    ck_assert_int_eq(schema_upgrade_to(connection, 0), KEYWARD_OK); /* never back */
    ck_assert_int_eq(schema_upgrade(connection), KEYWARD_OK);
    assert_schema_is(connection, schema_newest_version(), false);
    connection_close(&connection);
    ck_assert_ptr_null(connection);
}
END_TEST

START_TEST(a_step_that_fails_leaves_nothing_of_itself)
{
    struct error error = {.store_stamp = 0};
    struct connection *connection;

    ck_assert_int_eq(connection_open_memory(&connection, &error), KEYWARD_OK);
    /* The last trigger of the first step cannot be made: all before it is undone. */
    ck_assert_int_eq(connection_execute(connection, "CREATE TABLE t (x);"
                                                    "CREATE TRIGGER data_keys_stay AFTER INSERT ON"
                                                    " t BEGIN SELECT 1; END"),
                     KEYWARD_OK);
    ck_assert_int_eq(schema_upgrade(connection), KEYWARD_CORRUPT);
    assert_schema_is(connection, 0, false);
    ck_assert_int_eq(number_in(connection, "SELECT count(*) FROM sqlite_schema"), 2);
    ck_assert_int_eq(connection_execute(connection, "DROP TABLE t"), KEYWARD_OK);
    ck_assert_int_eq(schema_upgrade(connection), KEYWARD_OK);
    assert_schema_is(connection, schema_newest_version(), false);
    connection_close(&connection);
}
END_TEST

START_TEST(a_newer_version_is_refused)
{
    struct error error = {.store_stamp = 0};
    struct connection *connection;
    int version = 0;

    ck_assert_int_eq(connection_open_memory(&connection, &error), KEYWARD_OK);
    ck_assert_int_eq(connection_execute(connection, "PRAGMA user_version = 1000"), KEYWARD_OK);
    ck_assert_int_eq(schema_read_version(connection, &version), KEYWARD_NEWER_SCHEMA);
    ck_assert_ptr_nonnull(strstr(error.detail.message, "1000"));
    ck_assert_int_eq(schema_upgrade(connection), KEYWARD_NEWER_SCHEMA);
    ck_assert_int_eq(number_in(connection, "SELECT count(*) FROM sqlite_schema"), 0);
    connection_close(&connection);
}
END_TEST

/* ---- stores of older versions ---- */

/*
 * stores/schema-NNNN.store is what tell_story() left in a store of that version, closed; from
 * version 2 on it goes on with tell_life(), from version 3 on with tell_proofs(). To add one for a
 * new version, which also prints what is to be added to `told`:
 *
 *     KEYWARD_TEST_KEEP_STORE=tests/stores/schema-NNNN.store build/dev/tests/test_schema
 */
#define KEYS 3
static const char *const first_names[KEYS] = {"deleted", "named at first", "restored"};
static const char *const last_names[KEYS] = {"deleted", "renamed at last", "restored"};

/* The keys of the second part. */
enum life_key { IMPORTED, ROTATED, SUCCESSOR, PURGED, EXPIRING, LIFE };
static const char *const life_names[LIFE] = {"imported", "rotated", "rotated", "purged",
                                             "expiring"};
#define IMPORTED_SECRET "what a provider gave out"
#define LIFE_AT INT64_C(1700000010000)   /* when it begins; a second goes by with each key */
#define LIFE_SEEN INT64_C(1700000100000) /* when it is looked at */

/* What a telling hands out for each key. */
struct pair {
    const char *id, *access_key, *secret;
};

static const struct {
    int version;
    struct pair pairs[KEYS];
    struct pair life[LIFE];
    const char *log_key;
} told[] = {
    {1,
     {{"018bcfe5-6be8-7062-8473-4973e4dffbf9", "kw_ak_3F2NMQHEZvUwGEmIbbfbrD2VlTme",
       "kw_sk_uqLT2doaxMqZamAHcaNrTPazyeHSDrPBLkxuDJ0a0Lr0NUlTl"},
      {"018bcfe5-6fd0-7555-b374-861c3e4a8c5d", "kw_ak_4N52pn9dil331VAxPyTA3F2LihPv",
       "kw_sk_aWEI5ofTjsGIJ736lOn1jJZ5qvrabnpRFglNZM1sZu14a4qw9"},
      {"018bcfe5-73b8-74df-9ea4-62094b54f7bf", "kw_ak_0XqIgvTPMEpHFjb994ihZr2rEq3H",
       "kw_sk_xvD1tP0G5BupiqNAf5QQ5UAonQZxnFcJk5g9vjVB5EY1QFrse"}},
     {{NULL, NULL, NULL}},
     NULL},
    {2,
     {{"018bcfe5-6be8-7062-8473-4973e4dffbf9", "kw_ak_3F2NMQHEZvUwGEmIbbfbrD2VlTme",
       "kw_sk_uqLT2doaxMqZamAHcaNrTPazyeHSDrPBLkxuDJ0a0Lr0NUlTl"},
      {"018bcfe5-6fd0-7555-b374-861c3e4a8c5d", "kw_ak_4N52pn9dil331VAxPyTA3F2LihPv",
       "kw_sk_aWEI5ofTjsGIJ736lOn1jJZ5qvrabnpRFglNZM1sZu14a4qw9"},
      {"018bcfe5-73b8-74df-9ea4-62094b54f7bf", "kw_ak_0XqIgvTPMEpHFjb994ihZr2rEq3H",
       "kw_sk_xvD1tP0G5BupiqNAf5QQ5UAonQZxnFcJk5g9vjVB5EY1QFrse"}},
     {{"018bcfe5-92f8-7291-af3f-621b0d71374d", "kw_ak_6KpREE51Xv92JF8gK9stsG4amSUQ",
       "what a provider gave out"},
      {"018bcfe5-96e0-71c9-9051-f016a689ca50", "kw_ak_044ZYX0RXp7sgwwyCfU9K72AvGxk",
       "kw_sk_q5FVLPNIRiNG1cLJ8RBb69VF14377jLaO6KoQGNjO6L22p6KF"},
      {"018bcfe5-9ac8-70ad-b256-e844ddeb27ce", "kw_ak_4RzbA1fBwON5WfbVgd4k0N1ZvhSH",
       "kw_sk_NnhjClWd3BEQ6EAnNhJ3PNbdLgMt6UUFoPArGn2qA9u0sXOWs"},
      {"018bcfe5-9eb0-7196-a029-908c39ed56f0", "kw_ak_4IkU2iAXq2GGNVV5e08mH72dE7pi",
       "kw_sk_KxPWr5TwCnYUEheBuDMVhGNh1XSL3OGitv6sWhHvMV84cQFzZ"},
      {"018bcfe5-a680-740c-916f-e0d63578fb5a", "kw_ak_2wVR0tXZsiDfUfHPylRNDR226Hys",
       "kw_sk_0w1xrOI9ZgOUFFDbAqHgcn5m7cpa7x4k0Ts2q567MKU0fbuII"}},
     NULL},
    {3,
     {{"018bcfe5-6be8-7062-8473-4973e4dffbf9", "kw_ak_3F2NMQHEZvUwGEmIbbfbrD2VlTme",
       "kw_sk_uqLT2doaxMqZamAHcaNrTPazyeHSDrPBLkxuDJ0a0Lr0NUlTl"},
      {"018bcfe5-6fd0-7555-b374-861c3e4a8c5d", "kw_ak_4N52pn9dil331VAxPyTA3F2LihPv",
       "kw_sk_aWEI5ofTjsGIJ736lOn1jJZ5qvrabnpRFglNZM1sZu14a4qw9"},
      {"018bcfe5-73b8-74df-9ea4-62094b54f7bf", "kw_ak_0XqIgvTPMEpHFjb994ihZr2rEq3H",
       "kw_sk_xvD1tP0G5BupiqNAf5QQ5UAonQZxnFcJk5g9vjVB5EY1QFrse"}},
     {{"018bcfe5-92f8-7291-af3f-621b0d71374d", "kw_ak_6KpREE51Xv92JF8gK9stsG4amSUQ",
       "what a provider gave out"},
      {"018bcfe5-96e0-71c9-9051-f016a689ca50", "kw_ak_044ZYX0RXp7sgwwyCfU9K72AvGxk",
       "kw_sk_q5FVLPNIRiNG1cLJ8RBb69VF14377jLaO6KoQGNjO6L22p6KF"},
      {"018bcfe5-9ac8-70ad-b256-e844ddeb27ce", "kw_ak_4RzbA1fBwON5WfbVgd4k0N1ZvhSH",
       "kw_sk_NnhjClWd3BEQ6EAnNhJ3PNbdLgMt6UUFoPArGn2qA9u0sXOWs"},
      {"018bcfe5-9eb0-7196-a029-908c39ed56f0", "kw_ak_4IkU2iAXq2GGNVV5e08mH72dE7pi",
       "kw_sk_KxPWr5TwCnYUEheBuDMVhGNh1XSL3OGitv6sWhHvMV84cQFzZ"},
      {"018bcfe5-a680-740c-916f-e0d63578fb5a", "kw_ak_2wVR0tXZsiDfUfHPylRNDR226Hys",
       "kw_sk_0w1xrOI9ZgOUFFDbAqHgcn5m7cpa7x4k0Ts2q567MKU0fbuII"}},
     "example.com/keys+160e900b+Adri47nkW2172Dbv9T/8Qb4cWtxyocYewl6aOVhUGLgY"},
};

struct story {
    struct fixture f;
    uint64_t random;
    bool has_life;     /* the second part */
    char log_key[512]; /* the third; else empty */
    struct pair pairs[KEYS], life[LIFE];
    keyward_key *keys[KEYS], *life_keys[LIFE]; /* of a telling, not of a file */
    keyward_secret *secrets[KEYS], *life_secrets[LIFE];
};

/* The same bytes in each telling. */
static int story_random(void *context, void *buffer, size_t length)
{
    uint64_t *state = context;

    for (size_t i = 0; i < length; i++) {
        *state = *state * 6364136223846793005U + 1442695040888963407U;
        ((unsigned char *)buffer)[i] = (unsigned char)(*state >> 56);
    }
    return 0;
}

static void open_story(struct story *story)
{
    static const char *const users[] = {"rita", "will", "anna"};

    memset(story, 0, sizeof *story);
    fixture_init(&story->f);
    story->f.options.random = story_random;
    story->f.options.random_context = &story->random;
    fixture_reopen(&story->f);
    for (int role = KEYWARD_ADMIN; role >= KEYWARD_READER; role--)
        assert_status(story->f.store,
                      keyward_grant(story->f.store, &host, "repo-1", users[role - KEYWARD_READER],
                                    (enum keyward_role)role),
                      KEYWARD_OK);
}

static void create_story_key(struct story *story, int n)
{
    const keyward_new_key new_key = {.name = first_names[n],
                                     .provider = (enum keyward_provider)(KEYWARD_OPENAI + n)};

    story->f.now += 1000;
    assert_status(story->f.store,
                  keyward_create_key(story->f.store, &will, "repo-1", &new_key, &story->keys[n],
                                     &story->secrets[n]),
                  KEYWARD_OK);
    story->pairs[n] =
        (struct pair){story->keys[n]->id, story->keys[n]->access_key, story->secrets[n]->text};
}

/* Three users, and three keys: deleted, renamed, deleted and restored. */
static void tell_story(struct story *story)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_ROTATED, .reason_text = "quarterly"};
    keyward *store;

    open_story(story);
    store = story->f.store;
    for (int n = 0; n < KEYS; n++)
        create_story_key(story, n);
    assert_status(store, keyward_delete_key(store, &will, "repo-1", story->pairs[0].id, &deletion),
                  KEYWARD_OK);
    assert_status(store,
                  keyward_rename_key(store, &will, "repo-1", story->pairs[1].id, last_names[1]),
                  KEYWARD_OK);
    assert_status(store, keyward_delete_key(store, &anna, "repo-1", story->pairs[2].id, NULL),
                  KEYWARD_OK);
    assert_status(store, keyward_delete_key(store, &rita, "repo-1", story->pairs[1].id, NULL),
                  KEYWARD_FORBIDDEN);
    assert_status(store, keyward_restore_key(store, &anna, "repo-1", story->pairs[2].id),
                  KEYWARD_OK);
}

static void create_life_key(struct story *story, enum life_key n)
{
    const keyward_new_key new_key = {.name = life_names[n],
                                     .provider = KEYWARD_AWS,
                                     .secret = n == IMPORTED ? IMPORTED_SECRET : NULL,
                                     .secret_length = n == IMPORTED ? strlen(IMPORTED_SECRET) : 0};
    keyward *store = story->f.store;
    keyward_key **key = &story->life_keys[n];
    keyward_secret **secret = &story->life_secrets[n];

    story->f.now += 1000;
    assert_status(
        store,
        n == SUCCESSOR
            ? keyward_rotate_key(store, &host, "repo-2", story->life[ROTATED].id, NULL, key, secret)
            : keyward_create_key(store, &host, "repo-2", &new_key, key, secret),
        KEYWARD_OK);
    story->life[n] = (struct pair){(*key)->id, (*key)->access_key,
                                   n == IMPORTED ? IMPORTED_SECRET : (*secret)->text};
}

static void change_master_key(struct story *story, const unsigned char *to)
{
    const keyward_master_key master_key = {.key = to};
    assert_status(story->f.store, keyward_change_master_key(story->f.store, &host, &master_key),
                  KEYWARD_OK);
}

static enum keyward_status try_life(struct story *story, enum life_key n)
{
    const struct pair *pair = &story->life[n];
    keyward_identity identity;

    return keyward_authenticate(story->f.store, pair->access_key, pair->secret,
                                strlen(pair->secret), &identity);
}

/* Names that are unique; five keys of the host's in repo-2: imported, rotated, the successor,
 * purged, and one with a deadline; the first was used. The master key was another in between. */
static void tell_life(struct story *story)
{
    static const unsigned char other[KEYWARD_MASTER_KEY_BYTES] = "another master key for a while.";
    keyward_secret *shown;
    keyward *store;

    story->has_life = true;
    story->f.now = LIFE_AT;
    story->f.options.names = KEYWARD_NAMES_UNIQUE;
    story->f.options.purge_retention = 1;
    fixture_reopen(&story->f);
    store = story->f.store;
    for (enum life_key n = IMPORTED; n <= PURGED; n++)
        create_life_key(story, n);
    drop_key(&story->f, "repo-2", story->life[PURGED].id);
    story->f.now += 1000;
    assert_status(store, keyward_purge_keys(store, &host, "repo-2", story->life[PURGED].id, NULL),
                  KEYWARD_OK);
    change_master_key(story, other);
    change_master_key(story, test_master_key);
    create_life_key(story, EXPIRING);
    assert_status(
        store, keyward_set_key_expiry(store, &host, "repo-2", story->life[EXPIRING].id, LIFE_SEEN),
        KEYWARD_OK);
    assert_status(store,
                  keyward_reveal_key(store, &host, "repo-2", story->life[SUCCESSOR].id, &shown),
                  KEYWARD_OK);
    ck_assert_str_eq(shown->text, story->life[SUCCESSOR].secret);
    keyward_secret_free(&shown);
    assert_status(store, try_life(story, IMPORTED), KEYWARD_OK);
}

/* A checkpoint's text that is signed. */
static const char *body_of(const char *checkpoint)
{
    return compose("%.*s", (int)(strstr(checkpoint, "\n\n") + 1 - checkpoint), checkpoint);
}

static void cosign(struct story *story, const char *checkpoint)
{
    struct signer witness = signer_of(4, "witness.example", 3);
    const keyward_trust trust = {
        .log_key = story->log_key, .witness_keys = &witness.key, .witness_count = 1};
    const char *cosigned =
        compose("%s%s", checkpoint, signed_line(&witness, body_of(checkpoint), LIFE_SEEN / 1000));

    assert_status(
        story->f.store,
        keyward_audit_add_cosignatures(story->f.store, &host, &trust, cosigned, strlen(cosigned)),
        KEYWARD_OK);
}

/* The log's key, and a checkpoint with a cosignature. */
static void tell_proofs(struct story *story)
{
    keyward_text *text;

    assert_status(story->f.store, keyward_audit_log_key(story->f.store, &host, ORIGIN, &text),
                  KEYWARD_OK);
    snprintf(story->log_key, sizeof story->log_key, "%s", text->text);
    keyward_text_free(&text);
    text = sign_checkpoint(&story->f);
    cosign(story, text->text);
    keyward_text_free(&text);
}

static void print_pairs(const struct pair *pairs, int count)
{
    for (int n = 0; n < count; n++)
        printf("%s{\"%s\", \"%s\", \"%s\"}", n == 0 ? "{" : ", ", pairs[n].id, pairs[n].access_key,
               pairs[n].secret);
    printf("}");
}

/* Where the environment says so. */
static void keep_store(struct story *story)
{
    const char *path = getenv("KEYWARD_TEST_KEEP_STORE");
    unsigned char *bytes;
    size_t size;

    if (!path)
        return;
    keyward_close(&story->f.store);
    bytes = read_whole(story->f.path, &size);
    write_whole(path, bytes, size);
    free(bytes);
    printf("{%d, ", schema_newest_version());
    print_pairs(story->pairs, KEYS);
    printf(", ");
    print_pairs(story->life, LIFE);
    printf(", \"%s\"},\n", story->log_key);
    fflush(stdout);
    fixture_reopen(&story->f);
}

static void story_close(struct story *story)
{
    for (int n = 0; n < LIFE; n++) {
        keyward_key_free(&story->life_keys[n]);
        keyward_secret_free(&story->life_secrets[n]);
    }
    for (int n = 0; n < KEYS; n++) {
        keyward_key_free(&story->keys[n]);
        keyward_secret_free(&story->secrets[n]);
    }
    fixture_close(&story->f);
}

static glob_t old_stores(void)
{
    const char *slash = strrchr(__FILE__, '/');
    char pattern[1024];
    glob_t found;

    snprintf(pattern, sizeof pattern, "%.*s/stores/schema-*.store",
             slash ? (int)(slash - __FILE__) : 1, slash ? __FILE__ : ".");
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
    return found;
}

static void recall_pairs(struct story *story, int version)
{
    size_t n = 0;

    while (n < COUNT(told) && told[n].version != version)
        n++;
    ck_assert_msg(n < COUNT(told), "nothing is known of the store of version %d", version);
    memcpy(story->pairs, told[n].pairs, sizeof story->pairs);
    memcpy(story->life, told[n].life, sizeof story->life);
    story->has_life = version >= 2;
    if (version >= 3)
        snprintf(story->log_key, sizeof story->log_key, "%s", told[n].log_key);
}

/* Opens a copy of the n-th committed store; the version that wrote it is in its name. */
static int open_old_store(struct story *story, size_t n)
{
    glob_t stores = old_stores();
    unsigned char *bytes;
    size_t size;
    int version = 0;

    memset(story, 0, sizeof *story);
    ck_assert_uint_lt(n, stores.gl_pathc);
    ck_assert_int_eq(sscanf(strstr(stores.gl_pathv[n], "/schema-"), "/schema-%d.store", &version),
                     1);
    bytes = read_whole(stores.gl_pathv[n], &size);
    recall_pairs(story, version);
    fixture_init(&story->f);
    write_whole(story->f.path, bytes, size);
    ck_assert_int_eq(sql_number(story->f.path, "PRAGMA user_version"), version);
    fixture_reopen(&story->f);
    free(bytes);
    globfree(&stores);
    return version;
}

static enum keyward_status try_pair(struct story *story, int n, keyward_identity *identity)
{
    const struct pair *pair = &story->pairs[n];

    return keyward_authenticate(story->f.store, pair->access_key, pair->secret,
                                strlen(pair->secret), identity);
}

static void assert_story_keys(struct story *story)
{
    const keyward_key_query query = {.include = KEYWARD_LIVE_AND_DELETED};
    keyward_key_list *keys;

    assert_status(story->f.store, keyward_list_keys(story->f.store, &anna, "repo-1", &query, &keys),
                  KEYWARD_OK);
    ck_assert_uint_eq(keys->count, KEYS);
    for (int n = 0; n < KEYS; n++) {
        const keyward_key *key = keys->keys[KEYS - 1 - n]; /* they come newest first */
        ck_assert_str_eq(key->id, story->pairs[n].id);
        ck_assert_str_eq(key->access_key, story->pairs[n].access_key);
        ck_assert_str_eq(key->name, last_names[n]);
        ck_assert_str_eq(key->created_by, "will");
        ck_assert_int_eq(key->created_at, 1700000000000 + 1000 * (n + 1));
        ck_assert_int_eq(key->provider, KEYWARD_OPENAI + n);
        ck_assert_int_eq(key->deleted_event, n == 0 ? 7 : 0);
        ck_assert_int_eq(key->deleted_at, n == 0 ? 1700000003000 : 0);
        ck_assert_pstr_eq(key->deleted_by, n == 0 ? "will" : NULL);
    }
    keyward_key_list_free(&keys);
}

static void assert_story_events(struct story *story)
{
    static const enum keyward_action actions[] = {
        KEYWARD_ACCESS_GRANTED, KEYWARD_ACCESS_GRANTED, KEYWARD_ACCESS_GRANTED, KEYWARD_KEY_CREATED,
        KEYWARD_KEY_CREATED, KEYWARD_KEY_CREATED, KEYWARD_KEY_DELETED, KEYWARD_KEY_RENAMED,
        KEYWARD_KEY_DELETED, KEYWARD_KEY_DELETE_DENIED, KEYWARD_KEY_RESTORED,
        /* the second part */
        KEYWARD_KEY_IMPORTED, KEYWARD_KEY_CREATED, KEYWARD_KEY_ROTATED, KEYWARD_KEY_CREATED,
        KEYWARD_KEY_CREATED, KEYWARD_KEY_DELETED, KEYWARD_KEY_PURGED, KEYWARD_MASTER_KEY_CHANGED,
        KEYWARD_DATA_KEY_CREATED, KEYWARD_MASTER_KEY_CHANGED, KEYWARD_DATA_KEY_CREATED,
        KEYWARD_KEY_CREATED, KEYWARD_KEY_EXPIRY_SET, KEYWARD_KEY_REVEALED};
    const size_t first_part = 11;
    keyward_event_list *events = all_events(&story->f);

    ck_assert_uint_eq(events->count, story->has_life ? COUNT(actions) : first_part);
    for (size_t i = 0; i < events->count; i++) {
        ck_assert_uint_eq((size_t)events->events[i]->sequence, i + 1);
        ck_assert_int_eq(events->events[i]->action, actions[i]);
        if (i < first_part)
            ck_assert_str_eq(events->events[i]->repo_id, "repo-1");
    }
    ck_assert_str_eq(events->events[6]->reason, "rotated");
    ck_assert_str_eq(events->events[6]->reason_text, "quarterly");
    ck_assert_str_eq(events->events[7]->previous_name, "named at first");
    ck_assert_str_eq(events->events[7]->name, "renamed at last");
    keyward_event_list_free(&events);
}

/* The pairs work as the story left them. */
static void assert_story_pairs(struct story *story)
{
    keyward_identity identity;

    assert_status(story->f.store, try_pair(story, 0, &identity), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(story->f.store)->cause, KEYWARD_CAUSE_DELETED);
    ck_assert_int_eq(keyward_last_error(story->f.store)->deleted_event, 7);
    for (int n = 1; n < KEYS; n++) {
        assert_status(story->f.store, try_pair(story, n, &identity), KEYWARD_OK);
        ck_assert_str_eq(identity.repo_id, "repo-1");
        ck_assert_str_eq(identity.key_id, story->pairs[n].id);
        ck_assert_int_eq(identity.provider, KEYWARD_OPENAI + n);
    }
}

static keyward_key *life_key(struct story *story, enum life_key n)
{
    keyward_key *key;

    assert_status(story->f.store,
                  keyward_get_key(story->f.store, &host, "repo-2", story->life[n].id,
                                  KEYWARD_LIVE_AND_DELETED, &key),
                  KEYWARD_OK);
    return key;
}

static void assert_life_keys(struct story *story)
{
    for (enum life_key n = 0; n < LIFE; n++) {
        keyward_key *key = life_key(story, n);

        ck_assert_str_eq(key->name, life_names[n]);
        ck_assert_str_eq(key->access_key, story->life[n].access_key);
        ck_assert_pstr_eq(key->predecessor_id, n == SUCCESSOR ? story->life[ROTATED].id : NULL);
        ck_assert_pstr_eq(key->successor_id, n == ROTATED ? story->life[SUCCESSOR].id : NULL);
        ck_assert_int_eq(key->expires_at, n == ROTATED    ? LIFE_AT + 3000 + KEYWARD_OVERLAP_DEFAULT
                                          : n == EXPIRING ? LIFE_SEEN
                                                          : 0);
        ck_assert_int_eq(key->expired, n == EXPIRING);
        ck_assert_int_eq(key->deleted_event, n == PURGED ? 17 : 0);
        ck_assert_int_eq(key->purged_event, n == PURGED ? 18 : 0);
        ck_assert_int_eq(key->purged_at, n == PURGED ? LIFE_AT + 5000 : 0);
        if (n == IMPORTED)
            ck_assert_int_ge(key->last_used_at, LIFE_AT + 6000);
        keyward_key_free(&key);
    }
}

static void assert_life_pairs(struct story *story)
{
    static const enum keyward_cause causes[LIFE] = {
        [PURGED] = KEYWARD_CAUSE_PURGED, [EXPIRING] = KEYWARD_CAUSE_EXPIRED};
    const keyward_new_key new_key = {.name = life_names[SUCCESSOR]};
    keyward_key *key;
    keyward_secret *secret;

    for (enum life_key n = 0; n < LIFE; n++) {
        assert_status(story->f.store, try_life(story, n),
                      causes[n] == KEYWARD_CAUSE_NONE ? KEYWARD_OK : KEYWARD_REFUSED);
        ck_assert_int_eq(keyward_last_error(story->f.store)->cause, causes[n]);
    }
    assert_status(story->f.store,
                  keyward_create_key(story->f.store, &host, "repo-2", &new_key, &key, &secret),
                  KEYWARD_NAME_TAKEN);
}

static void assert_life(struct story *story)
{
    story->f.now = LIFE_SEEN;
    assert_life_keys(story);
    assert_life_pairs(story);
    ck_assert_int_eq(sql_number(story->f.path, "SELECT count(*) FROM data_keys"), 3);
    ck_assert_int_eq(sql_number(story->f.path, "SELECT max(data_key_id) FROM sealed_secrets"), 3);
}

/* Each event has its leaf, and the log goes on where it stood. */
static void assert_proofs(struct story *story)
{
    struct signer witness = signer_of(4, "witness.example", 3);
    const keyward_trust trust = {.log_key = story->log_key,
                                 .witness_keys = &witness.key,
                                 .witness_count = 1,
                                 .witnesses_needed = 1};
    keyward_text *receipt, *key;
    keyward_proven proven;

    assert_status(story->f.store, keyward_audit_log_key(story->f.store, &host, NULL, &key),
                  KEYWARD_OK);
    ck_assert_str_eq(key->text, story->log_key);
    for (int64_t sequence = 1; sequence <= 25; sequence++) {
        assert_status(story->f.store,
                      keyward_audit_receipt(story->f.store, &host, sequence, 0, &receipt),
                      KEYWARD_OK);
        assert_status(
            NULL, keyward_verify_receipt(receipt->text, receipt->length, &trust, NULL, 0, &proven),
            KEYWARD_OK);
        ck_assert_int_eq(proven.sequence, sequence);
        ck_assert_int_eq(proven.size, 25);
        ck_assert_int_eq(proven.witnessed_at, LIFE_SEEN);
        keyward_text_free(&receipt);
    }
    keyward_text_free(&key);
    compose_free();
}

static void assert_story(struct story *story)
{
    ck_assert_int_eq(sql_number(story->f.path, "PRAGMA user_version"), schema_newest_version());
    assert_story_keys(story);
    assert_story_events(story);
    assert_story_pairs(story);
    if (story->has_life)
        assert_life(story);
    if (story->log_key[0] != '\0')
        assert_proofs(story);
    assert_tree(&story->f);
    assert_sound(&story->f);
}

START_TEST(a_store_of_this_version_tells_the_story)
{
    struct story story;

    tell_story(&story);
    tell_life(&story);
    tell_proofs(&story);
    keep_store(&story);
    assert_story(&story);
    fixture_reopen(&story.f);
    assert_story(&story);
    story_close(&story);
}
END_TEST

START_TEST(every_older_store_tells_the_story)
{
    glob_t stores = old_stores();

    for (size_t n = 0; n < stores.gl_pathc; n++) {
        struct story story;

        ck_assert_int_le(open_old_store(&story, n), schema_newest_version());
        assert_story(&story);
        fixture_reopen(&story.f);
        assert_story(&story);
        story_close(&story);
    }
    globfree(&stores);
}
END_TEST

START_TEST(there_is_a_store_of_every_version)
{
    glob_t stores = old_stores();

    ck_assert_uint_eq(stores.gl_pathc, (size_t)schema_newest_version());
    ck_assert_uint_eq(stores.gl_pathc, COUNT(told));
    globfree(&stores);
}
END_TEST

START_TEST(an_older_store_has_the_schema_of_a_new_one)
{
    glob_t stores = old_stores();

    for (size_t n = 0; n < stores.gl_pathc; n++) {
        struct story story;
        struct fixture fresh;
        char *of_old, *of_new;

        open_old_store(&story, n);
        fixture_open(&fresh);
        of_old = sql_text(story.f.path, SCHEMA_TEXT);
        of_new = sql_text(fresh.path, SCHEMA_TEXT);
        ck_assert_msg(strcmp(of_old, of_new) == 0, "the schemas differ"); /* too long to print */
        free(of_old);
        free(of_new);
        fixture_close(&fresh);
        story_close(&story);
    }
    globfree(&stores);
}
END_TEST

START_TEST(an_older_store_goes_on_being_used)
{
    struct story story;
    keyward_identity identity;

    open_old_store(&story, 0);
    assert_status(story.f.store,
                  keyward_delete_key(story.f.store, &will, "repo-1", story.pairs[1].id, NULL),
                  KEYWARD_OK);
    assert_status(story.f.store,
                  keyward_restore_key(story.f.store, &anna, "repo-1", story.pairs[0].id),
                  KEYWARD_OK);
    assert_status(story.f.store, try_pair(&story, 0, &identity), KEYWARD_OK);
    assert_status(story.f.store, try_pair(&story, 1, &identity), KEYWARD_REFUSED);
    assert_sound(&story.f);
    story_close(&story);
}
END_TEST

static TCase *rules(void)
{
    TCase *tests = tcase_create("rules");

    tcase_add_loop_test(tests, what_was_written_stays, 0, COUNT(forbidden));
    tcase_add_loop_test(tests, keys_keep_to_their_rules, 0, COUNT(forbidden_for_keys));
    tcase_add_loop_test(tests, an_event_of_a_key_needs_a_key_it_can_happen_to, 0,
                        COUNT(forbidden_events));
    tcase_add_loop_test(tests, values_keep_to_their_columns, 0, COUNT(forbidden_values));
    tcase_add_loop_test(tests, the_rest_of_a_life_keeps_to_its_rules, 0, COUNT(forbidden_in_life));
    tcase_add_loop_test(tests, the_log_keeps_to_its_rules, 0, COUNT(forbidden_in_the_log));
    tcase_add_loop_test(tests, the_key_of_the_log_keeps_to_its_rules, 0, COUNT(forbidden_keys));
    tcase_add_test(tests, an_outsider_may_append_to_the_log);
    tcase_add_test(tests, an_event_of_a_deadline_sets_it);
    tcase_add_test(tests, an_event_of_a_rotation_links_the_key);
    tcase_add_test(tests, an_event_of_a_purge_destroys_the_secret);
    tcase_add_test(tests, bookkeeping_and_other_events_of_a_life_are_free);
    tcase_add_test(tests, whoever_renames_a_key_that_holds_its_name_holds_the_new_one);
    tcase_add_loop_test(tests, the_library_and_an_outsider_lead_a_key_through_its_life_alike, 0, 2);
    tcase_add_test(tests, an_event_of_deletion_marks_its_key);
    tcase_add_test(tests, an_event_of_restoration_unmarks_its_key);
    tcase_add_test(tests, only_the_key_of_the_event_is_marked);
    tcase_add_test(tests, whether_a_key_is_deleted_is_never_written);
    tcase_add_test(tests, a_deleted_key_may_be_archived_and_its_event_restores_it);
    tcase_add_test(tests, other_events_and_names_are_free);
    tcase_add_test(tests, a_version_below_zero_is_corrupt);
    tcase_add_test(tests, a_new_store_is_marked_as_ours);
    return tests;
}

static TCase *versions(void)
{
    TCase *tests = tcase_create("versions");

    tcase_add_test(tests, two_new_stores_have_the_same_schema);
    tcase_add_test(tests, steps_are_taken_up_to_the_version_asked_for);
    tcase_add_test(tests, a_step_that_fails_leaves_nothing_of_itself);
    tcase_add_test(tests, a_newer_version_is_refused);
    tcase_add_test(tests, a_store_of_this_version_tells_the_story);
    tcase_add_test(tests, every_older_store_tells_the_story);
    tcase_add_test(tests, there_is_a_store_of_every_version);
    tcase_add_test(tests, an_older_store_has_the_schema_of_a_new_one);
    tcase_add_test(tests, an_older_store_goes_on_being_used);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("schema");

    suite_add_tcase(suite, rules());
    suite_add_tcase(suite, versions());
    return run_suite(suite);
}
