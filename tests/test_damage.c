/* SPDX-License-Identifier: MIT */
/* Rows that no keyward writes, as of a damaged file or of a person with a tool that heeds no rule
 * of the schema: each call that meets one says so and hands out nothing. */
#include "seal/keyring.h"
#include "support/fixture.h"
#include "support/tree.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* "live" and "gone" of repo-1, the first live and used, the second deleted; a log with a key. */
static struct fixture f;
static keyward_key *live, *gone;
static keyward_secret *secret;
static bool ring_is_full;

/* ---- the name is the linker's ---- */

enum keyring_added __real_keyring_add(struct keyring *keyring, int64_t id,
                                      const unsigned char sealed[SEALED_DATA_KEY_BYTES]);
enum keyring_added __wrap_keyring_add(struct keyring *keyring, int64_t id,
                                      const unsigned char sealed[SEALED_DATA_KEY_BYTES]);

enum keyring_added __wrap_keyring_add(struct keyring *keyring, int64_t id,
                                      const unsigned char sealed[SEALED_DATA_KEY_BYTES])
{
    return ring_is_full ? KEYRING_IS_FULL : __real_keyring_add(keyring, id, sealed);
}

/* ---- a store ---- */

static void open_fixture(void)
{
    ring_is_full = false;
    fixture_open(&f);
    live = make_key(&f, "repo-1", "live", &secret);
    gone = make_key(&f, "repo-1", "gone", NULL);
    drop_key(&f, "repo-1", gone->id);
    free(log_key_of(&f));
}

static void close_fixture(void)
{
    keyward_key_free(&live);
    keyward_key_free(&gone);
    keyward_secret_free(&secret);
    fixture_close(&f);
}

/* Past every trigger and CHECK. */
static void damage(const char *text)
{
    sqlite3 *db;
    char *message = NULL;

    ck_assert_int_eq(sqlite3_open(f.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &message) == SQLITE_OK, "%s: %s", text,
                  message);
    ck_assert_int_gt(sqlite3_changes(db), 0);
    sqlite3_close(db);
}

/* ---- calls ---- */

static enum keyward_status authenticate(void)
{
    return try_key(&f, live, secret);
}

static enum keyward_status get(void)
{
    keyward_key *key;
    enum keyward_status status =
        keyward_get_key(f.store, &host, "repo-1", live->id, KEYWARD_LIVE, &key);

    if (status != KEYWARD_OK)
        ck_assert_ptr_null(key);
    keyward_key_free(&key);
    return status;
}

static enum keyward_status reveal(void)
{
    keyward_secret *revealed;
    enum keyward_status status = keyward_reveal_key(f.store, &host, "repo-1", live->id, &revealed);

    if (status != KEYWARD_OK)
        ck_assert_ptr_null(revealed);
    keyward_secret_free(&revealed);
    return status;
}

static enum keyward_status rotate(void)
{
    keyward_key *key;
    keyward_secret *successor;
    enum keyward_status status =
        keyward_rotate_key(f.store, &host, "repo-1", live->id, NULL, &key, &successor);

    keyward_key_free(&key);
    keyward_secret_free(&successor);
    return status;
}

static enum keyward_status list_events(void)
{
    keyward_event_list *events;
    enum keyward_status status = keyward_list_events(f.store, &host, NULL, &events);

    if (status != KEYWARD_OK)
        ck_assert_ptr_null(events);
    keyward_event_list_free(&events);
    return status;
}

static enum keyward_status open_again(void)
{
    keyward_close(&f.store);
    return keyward_open(&f.store, f.path, &f.options);
}

static enum keyward_status open_with_a_full_ring(void)
{
    ring_is_full = true;
    return open_again();
}

static enum keyward_status change_master_key(void)
{
    static const unsigned char other[KEYWARD_MASTER_KEY_BYTES] = "another key of 32 bytes at all";
    const keyward_master_key master_key = {.key = other};

    return keyward_change_master_key(f.store, &host, &master_key);
}

static enum keyward_status get_log_key(void)
{
    keyward_text *text;
    enum keyward_status status = keyward_audit_log_key(f.store, &host, NULL, &text);

    if (status != KEYWARD_OK)
        ck_assert_ptr_null(text);
    keyward_text_free(&text);
    return status;
}

static enum keyward_status sign(void)
{
    keyward_text *text;
    enum keyward_status status = keyward_audit_checkpoint(f.store, &host, NULL, 0, &text);

    if (status != KEYWARD_OK)
        ck_assert_ptr_null(text);
    keyward_text_free(&text);
    return status;
}

static int take_file(void *context, const char *path, const void *bytes, size_t length)
{
    (void)context;
    (void)path;
    (void)bytes;
    (void)length;
    return 0;
}

static enum keyward_status publish(void)
{
    const keyward_publication publication = {.write = take_file};

    return keyward_audit_publish(f.store, &host, &publication);
}

static enum keyward_status get_stats(void)
{
    keyward_stats *stats;
    enum keyward_status status = keyward_get_stats(f.store, &stats);

    if (status != KEYWARD_OK)
        ck_assert_ptr_null(stats);
    keyward_stats_free(&stats);
    return status;
}

static enum keyward_status check(void)
{
    keyward_report *report;
    enum keyward_status status = keyward_check(f.store, NULL, &report);

    keyward_report_free(&report);
    return status;
}

/* ---- what is met ---- */

/* Lets the texts of a table be NULL, as no keyward makes it. */
#define TEXTS_MAY_BE_NULL(table)                                                                \
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'TEXT NOT NULL'," \
    " 'TEXT') WHERE name = '" table "'; PRAGMA writable_schema = RESET; "

static const struct {
    const char *damage;
    enum keyward_status (*call)(void);
    enum keyward_status status;
    const char *message; /* NULL: the standard one */
} meetings[] = {
    {"UPDATE audit_events SET sealed_sha256 = x'00' WHERE action = 'key.created'", list_events,
     KEYWARD_CORRUPT, NULL},
    {"UPDATE audit_events SET sealed_sha256 = x'00' WHERE action = 'key.created'", check,
     KEYWARD_CORRUPT, NULL},
    {"UPDATE audit_events SET action = 'none' WHERE sequence = 4", list_events, KEYWARD_CORRUPT,
     NULL},
    {"UPDATE audit_events SET action = 'none' WHERE sequence = 4", sign, KEYWARD_INCONSISTENT,
     "event 4 was changed after it had been appended"},
    {"UPDATE audit_events SET leaf = x'00' WHERE sequence = 4", sign, KEYWARD_INCONSISTENT,
     "event 4 was changed after it had been appended"},
    {"UPDATE audit_events SET leaf = x'00' WHERE sequence = 4", check, KEYWARD_CORRUPT, NULL},
    {"UPDATE audit_events SET leaf = NULL WHERE sequence = 4", sign, KEYWARD_CORRUPT,
     "the tree of the audit log lacks a hash; keyward_check() tells more"},
    {"UPDATE audit_events SET leaf = x'00', action = 'none' WHERE sequence = 4", check,
     KEYWARD_CORRUPT, NULL},
    {"UPDATE api_keys SET provider = 'NONE'", authenticate, KEYWARD_CORRUPT,
     "a key's row is damaged"},
    {"UPDATE api_keys SET provider = 'NONE'", get, KEYWARD_CORRUPT, NULL},
    {"UPDATE api_keys SET provider = 'NONE'", rotate, KEYWARD_CORRUPT, "a key's row is damaged"},
    {TEXTS_MAY_BE_NULL("api_keys") "UPDATE api_keys SET access_key = NULL WHERE name = 'live'", get,
     KEYWARD_CORRUPT, NULL},
    {"DELETE FROM api_keys", check, KEYWARD_CORRUPT, NULL},
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = NULL WHERE name = 'access'",
     check, KEYWARD_CORRUPT, NULL},
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = NULL WHERE name = 'access'",
     check, KEYWARD_CORRUPT, NULL},
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = NULL WHERE name = 'access'",
     check, KEYWARD_CORRUPT, NULL},
    {"UPDATE sealed_secrets SET sealed = x'00'", authenticate, KEYWARD_CORRUPT,
     "a sealed secret does not open"},
    {"UPDATE sealed_secrets SET sealed = x'00'", reveal, KEYWARD_CORRUPT, NULL},
    {"UPDATE sealed_secrets SET sealed = x''", authenticate, KEYWARD_CORRUPT,
     "a sealed secret does not open"},
    {"UPDATE sealed_secrets SET sealed = x'01'", authenticate, KEYWARD_CORRUPT,
     "a sealed secret does not open"},
    {"UPDATE sealed_secrets SET sealed = zeroblob(70000)", authenticate, KEYWARD_CORRUPT,
     "a sealed secret does not open"},
    {"UPDATE sealed_secrets SET sealed = zeroblob(70000)", reveal, KEYWARD_CORRUPT,
     "a sealed secret does not open"},
    {"UPDATE sealed_secrets SET data_key_id = 99", authenticate, KEYWARD_CORRUPT,
     "a sealed secret does not open"},
    {"UPDATE sealed_secrets SET data_key_id = 99", reveal, KEYWARD_CORRUPT,
     "a sealed secret does not open"},
    {"INSERT INTO data_keys VALUES (99, 1, x'00'); UPDATE sealed_secrets SET data_key_id = 99",
     authenticate, KEYWARD_CORRUPT, "a data key does not open"},
    {"INSERT INTO data_keys VALUES (99, 1, x'00'); UPDATE sealed_secrets SET data_key_id = 99",
     reveal, KEYWARD_CORRUPT, "a data key does not open"},
    {"INSERT INTO data_keys VALUES (99, 1, zeroblob(72)); UPDATE sealed_secrets SET data_key_id = "
     "99",
     reveal, KEYWARD_CORRUPT, "a data key does not open"},
    {"DELETE FROM store; UPDATE sealed_secrets SET data_key_id = 99", authenticate,
     KEYWARD_WRONG_MASTER_KEY, "the master key was changed since the store was opened"},
    {"DELETE FROM store; UPDATE sealed_secrets SET data_key_id = 99", reveal,
     KEYWARD_WRONG_MASTER_KEY, "the master key was changed since the store was opened"},
    {"UPDATE store SET master_key_id = x'00'", open_again, KEYWARD_WRONG_MASTER_KEY, NULL},
    {"UPDATE data_keys SET sealed = x'00'", open_again, KEYWARD_CORRUPT,
     "a data key does not open"},
    {"UPDATE data_keys SET sealed = zeroblob(72)", open_again, KEYWARD_CORRUPT,
     "a data key does not open"},
    {"DELETE FROM data_keys", open_again, KEYWARD_CORRUPT, "the store has lost its data keys"},
    {"UPDATE data_keys SET created_at = 1", open_with_a_full_ring, KEYWARD_CORRUPT,
     "there are too many data keys"},
    {"UPDATE data_keys SET sealed = x'00'", change_master_key, KEYWARD_CORRUPT,
     "a data key does not open"},
    {"INSERT INTO data_keys VALUES (0, 1, x'00')", change_master_key, KEYWARD_CORRUPT,
     "a data key does not open"},
    /* the largest id there can be: what opens the store stops before it */
    {"INSERT INTO data_keys VALUES (9223372036854775807, 1, x'00')", change_master_key,
     KEYWARD_CORRUPT, NULL},
    {"INSERT INTO data_keys VALUES (9223372036854775807, 1, zeroblob(72))", change_master_key,
     KEYWARD_CORRUPT, "a data key does not open"},
    {"DELETE FROM store", get_stats, KEYWARD_CORRUPT, NULL},
    {"DELETE FROM store", change_master_key, KEYWARD_WRONG_MASTER_KEY,
     "the master key was changed since the store was opened"},
    {"UPDATE audit_log_key SET public_key = x'00'", get_log_key, KEYWARD_CORRUPT, NULL},
    {"UPDATE audit_log_key SET origin = 'two words'", get_log_key, KEYWARD_CORRUPT, NULL},
    {"UPDATE audit_log_key SET origin = CAST(x'610062' AS TEXT)", get_log_key, KEYWARD_CORRUPT,
     NULL},
    {TEXTS_MAY_BE_NULL("audit_log_key") "UPDATE audit_log_key SET origin = NULL", get_log_key,
     KEYWARD_CORRUPT, NULL},
    {"UPDATE audit_log_key SET sealed = x'00'", sign, KEYWARD_CORRUPT,
     "the key of the audit log does not open"},
    {"UPDATE audit_log_key SET sealed = zeroblob(72)", sign, KEYWARD_CORRUPT,
     "the key of the audit log does not open"},
    {"UPDATE audit_log_key SET sealed = x'00'", check, KEYWARD_CORRUPT, NULL},
};

START_TEST(what_is_damaged_is_told)
{
    enum keyward_status status;
    const char *message;

    damage(meetings[_i].damage);
    status = meetings[_i].call();
    message = keyward_last_error(f.store)->message;
    ck_assert_msg(status == meetings[_i].status, "%s: %d, %s", meetings[_i].damage, (int)status,
                  message);
    if (meetings[_i].message)
        ck_assert_msg(strcmp(message, meetings[_i].message) == 0, "%s: %s", meetings[_i].damage,
                      message);
}
END_TEST

/* An id that is empty cannot be asked for; a leak report names an access key. */
START_TEST(a_key_whose_id_was_taken_is_deleted_by_its_access_key)
{
    keyward_delete_request request = {.access_key = live->access_key};

    damage("UPDATE sealed_secrets SET key_id = '' WHERE access_key ="
           " (SELECT access_key FROM api_keys WHERE name = 'live');"
           "UPDATE api_keys SET id = '' WHERE name = 'live'");
    assert_status(f.store, keyward_delete_keys(f.store, &host, &request, 1), KEYWARD_OK);
    assert_status(f.store, request.status, KEYWARD_OK);
    ck_assert_int_eq(
        sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted_event IS NULL"), 0);
}
END_TEST

START_TEST(a_key_whose_name_was_taken_is_deleted)
{
    keyward_deletion deletion = {.event = 0};
    char query[128];

    damage(TEXTS_MAY_BE_NULL("api_keys") "UPDATE api_keys SET name = NULL WHERE name = 'live'");
    assert_status(f.store, keyward_delete_key(f.store, &host, "repo-1", live->id, &deletion),
                  KEYWARD_OK);
    snprintf(query, sizeof query, "SELECT deleted_event = %lld FROM api_keys WHERE id = '%s'",
             (long long)deletion.event, live->id);
    ck_assert_int_eq(sql_number(f.path, query), 1);
}
END_TEST

/* One of the two marks of a deletion is enough. */
START_TEST(a_key_that_has_lost_the_time_of_its_deletion_is_deleted)
{
    keyward_deletion deletion = {.event = 0};

    damage("UPDATE api_keys SET deleted_at = NULL WHERE name = 'gone'");
    assert_status(f.store, keyward_delete_key(f.store, &host, "repo-1", gone->id, &deletion),
                  KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(deletion.deleted_at, 0);
    ck_assert_int_eq(deletion.event, sql_number(f.path, "SELECT max(sequence) FROM audit_events"));
    assert_status(f.store, check(), KEYWARD_CORRUPT);
}
END_TEST

/* ---- a log of more than one tile ---- */

START_TEST(a_hash_of_the_tree_that_is_too_short_is_found)
{
    append(&f, 300);
    assert_sound(&f);
    damage("UPDATE audit_tree SET hash = x'00' WHERE level = 1 AND position = 0");
    assert_status(f.store, check(), KEYWARD_CORRUPT);
}
END_TEST

/* The first one is what was signed, and is published. */
START_TEST(a_hash_of_the_tree_that_is_there_twice_is_found)
{
    append(&f, 300);
    assert_status(f.store, sign(), KEYWARD_OK);
    damage("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql,"
           " 'KEY (level, position)', 'KEY (level, position, hash)') WHERE name = 'audit_tree';"
           " PRAGMA writable_schema = RESET;"
           " INSERT INTO audit_tree SELECT level, position, CAST(hash || 'x' AS BLOB) FROM "
           "audit_tree");
    assert_status(f.store, publish(), KEYWARD_OK);
    assert_status(f.store, check(), KEYWARD_CORRUPT);
}
END_TEST

/* C2SP's entries have two bytes for their length. */
START_TEST(an_event_that_fits_no_entry_is_not_published)
{
    damage("INSERT INTO audit_events (sequence, at, action, reason_text) SELECT max(sequence) + 1,"
           " max(at), 'key.reveal_denied', hex(zeroblob(40000)) FROM audit_events");
    assert_status(f.store, sign(), KEYWARD_OK); /* which gives it its leaf */
    assert_status(f.store, publish(), KEYWARD_CORRUPT);
}
END_TEST

static char exported[65536];

static int keep_lines(void *context, const char *bytes, size_t length)
{
    (void)context;
    ck_assert_uint_lt(strlen(exported) + length, sizeof exported);
    strncat(exported, bytes, length);
    return 0;
}

START_TEST(an_empty_text_is_an_empty_field)
{
    const keyward_export destination = {.format = KEYWARD_CSV, .write = keep_lines};
    const keyward_event_query last = {.after_sequence = 5, .oldest_first = true};

    exported[0] = '\0';
    damage("UPDATE audit_events SET request_id = '' WHERE sequence = 6");
    assert_status(f.store, keyward_export_events(f.store, &host, &last, &destination), KEYWARD_OK);
    ck_assert_ptr_nonnull(strstr(exported, ",key.deleted,"));
    ck_assert_ptr_null(strstr(exported, "\"\""));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("damage");
    TCase *tests = suite_add_case(suite, "rows", open_fixture, close_fixture);

    tcase_add_loop_test(tests, what_is_damaged_is_told, 0, COUNT(meetings));
    tcase_add_test(tests, a_key_whose_id_was_taken_is_deleted_by_its_access_key);
    tcase_add_test(tests, a_key_whose_name_was_taken_is_deleted);
    tcase_add_test(tests, a_key_that_has_lost_the_time_of_its_deletion_is_deleted);
    tcase_add_test(tests, a_hash_of_the_tree_that_is_too_short_is_found);
    tcase_add_test(tests, a_hash_of_the_tree_that_is_there_twice_is_found);
    tcase_add_test(tests, an_event_that_fits_no_entry_is_not_published);
    tcase_add_test(tests, an_empty_text_is_an_empty_field);
    return run_suite(suite);
}
