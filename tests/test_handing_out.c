/* SPDX-License-Identifier: MIT */
/* Reading and previewing while each allocation in turn fails, the library's and SQLite's, each
 * piece of a result, and each of SQLite's functions: the call says so, hands out nothing, and the
 * next one works. What writes is test_faults' subject, but for SQLite's functions. */
#include "fault/memory.h"
#include "fault/results.h"
#include "fault/sqlite.h"
#include "support/fixture.h"
#include "support/rows.h"
#include "support/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define KEYS 20 /* of which a preview collects more than its first room holds */

static struct fixture f;
static keyward_key *rotated;
static keyward_delete_request requests[KEYS];
static char ids[KEYS][KEYWARD_KEY_ID_LENGTH + 1];

static void open_fixture(void)
{
    keyward_secret *secret;
    keyward_key *key;
    keyward_text *checkpoint;

    fixture_open(&f);
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    for (size_t i = 0; i < KEYS; i++) {
        key = make_key(&f, "repo-1", "name", NULL);
        strcpy(ids[i], key->id);
        requests[i] = (keyward_delete_request){.repo_id = "repo-1", .key_id = ids[i]};
        keyward_key_free(&key);
    }
    rotated = make_key(&f, "repo-1", "rotated", NULL);
    assert_status(f.store,
                  keyward_rotate_key(f.store, &anna, "repo-1", rotated->id, NULL, &key, &secret),
                  KEYWARD_OK);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    drop_key(&f, "repo-1", rotated->id);
    free(log_key_of(&f));
    append(&f, 300 - (int)count_events(f.path));
    checkpoint = sign_checkpoint(&f); /* for the receipts */
    keyward_text_free(&checkpoint);
}

static void close_fixture(void)
{
    keyward_key_free(&rotated);
    fixture_close(&f);
}

/* ---- calls; each hands out something or says why not ---- */

#define HAND_OUT(call, type, free_it)        \
    do {                                     \
        type *out = (type *)&f;              \
        enum keyward_status status = (call); \
        if (status != KEYWARD_OK)            \
            ck_assert_ptr_null(out);         \
        free_it(&out);                       \
        return status;                       \
    } while (0)

static enum keyward_status list_users(void)
{
    HAND_OUT(keyward_list_users(f.store, &host, "repo-1", NULL, &out), keyward_user_list,
             keyward_user_list_free);
}

static enum keyward_status get_user(void)
{
    HAND_OUT(keyward_get_user(f.store, &host, "repo-1", "anna", &out), keyward_user,
             keyward_user_free);
}

static enum keyward_status list_keys(void)
{
    const keyward_key_query query = {.include = KEYWARD_LIVE_AND_DELETED};

    HAND_OUT(keyward_list_keys(f.store, &host, "repo-1", &query, &out), keyward_key_list,
             keyward_key_list_free);
}

static enum keyward_status get_key(void)
{
    HAND_OUT(keyward_get_key(f.store, &host, "repo-1", rotated->id, KEYWARD_LIVE_AND_DELETED, &out),
             keyward_key, keyward_key_free);
}

static enum keyward_status list_events(void)
{
    const keyward_event_query query = {.oldest_first = true};

    HAND_OUT(keyward_list_events(f.store, &host, &query, &out), keyward_event_list,
             keyward_event_list_free);
}

static enum keyward_status preview(void)
{
    HAND_OUT(keyward_preview_delete_keys(f.store, &host, requests, KEYS, &out), keyward_changes,
             keyward_changes_free);
}

static enum keyward_status get_stats(void)
{
    HAND_OUT(keyward_get_stats(f.store, &out), keyward_stats, keyward_stats_free);
}

static enum keyward_status get_log_key(void)
{
    HAND_OUT(keyward_audit_log_key(f.store, &host, NULL, &out), keyward_text, keyward_text_free);
}

static enum keyward_status get_receipt(void)
{
    HAND_OUT(keyward_audit_receipt(f.store, &host, 7, 0, &out), keyward_text, keyward_text_free);
}

static enum keyward_status check(void)
{
    HAND_OUT(keyward_check(f.store, NULL, &out), keyward_report, keyward_report_free);
}

static enum keyward_status sign(void)
{
    HAND_OUT(keyward_audit_checkpoint(f.store, &host, NULL, 0, &out), keyward_text,
             keyward_text_free);
}

static int drop(void *context, const char *bytes, size_t length)
{
    (void)context;
    (void)bytes;
    (void)length;
    return 0;
}

static enum keyward_status export_events(void)
{
    const keyward_export destination = {.format = KEYWARD_CSV, .write = drop};

    return keyward_export_events(f.store, &host, NULL, &destination);
}

static int drop_file(void *context, const char *path, const void *bytes, size_t length)
{
    (void)path;
    return drop(context, bytes, length);
}

static enum keyward_status publish(void)
{
    const keyward_publication publication = {.write = drop_file};

    return keyward_audit_publish(f.store, &host, &publication);
}

/* The first few hand out results of several pieces. */
static enum keyward_status (*const calls[])(void) = {
    list_users,  get_user,    list_keys, get_key,       list_events, preview,
    get_log_key, get_receipt, get_stats, export_events, publish,     check,
};
#define IN_PIECES 8

/* ---- tests ---- */

/* Fails the first allocation of the call, then the second, until it needs no more of them. */
static int fail_each(enum memory_kind kind, enum keyward_status (*call)(void))
{
    enum keyward_status status;
    int nth, failed;

    for (nth = 1;; nth++) {
        memory_fail(kind, nth, FAIL_ONCE);
        status = call();
        failed = memory_stop();
        if (failed == 0)
            break;
        if (status != KEYWARD_OK) /* SQLite does without some, as those of its page cache */
            assert_status(f.store, status, KEYWARD_NOMEM);
        ck_assert_int_le(failed, 1);
    }
    assert_status(f.store, status, KEYWARD_OK);
    return nth - 1;
}

START_TEST(without_memory_of_the_library_nothing_is_handed_out)
{
    ck_assert_int_gt(fail_each(MEMORY_OF_LIBRARY, calls[_i]), 0);
}
END_TEST

/* The first one, which finds no room that an older one has left. */
START_TEST(without_memory_of_the_library_no_checkpoint_is_signed)
{
    rewrite(&f, "DELETE FROM audit_checkpoints");
    ck_assert_int_gt(fail_each(MEMORY_OF_LIBRARY, sign), 0);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_checkpoints"), 1);
    assert_sound(&f);
}
END_TEST

/* A store just opened has no statement prepared and no page in memory. The check, the last of the
 * calls, has thousands of points; test_faults tries some of them. */
START_TEST(without_memory_of_sqlite_nothing_is_handed_out)
{
    fixture_reopen(&f);
    ck_assert_int_gt(fail_each(MEMORY_OF_SQLITE, calls[_i]), 0);
}
END_TEST

/* ---- pieces of a result ---- */

/* Likewise of the pieces of what the call hands out. */
static int fail_each_piece(enum keyward_status (*call)(void), enum keyward_status success)
{
    enum keyward_status status;
    int nth, failed;

    for (nth = 1;; nth++) {
        results_fail(nth);
        status = call();
        failed = results_stop();
        if (failed == 0)
            break;
        assert_status(f.store, status, KEYWARD_NOMEM);
    }
    assert_status(f.store, status, success);
    return nth - 1;
}

START_TEST(no_result_is_handed_out_that_lacks_a_piece)
{
    ck_assert_int_gt(fail_each_piece(calls[_i], KEYWARD_OK), 0);
}
END_TEST

/* With KEYWARD_CORRUPT there is a report. */
static enum keyward_status find_damage(void)
{
    keyward_report *report = (keyward_report *)&f;
    enum keyward_status status = keyward_check(f.store, NULL, &report);

    ck_assert((status == KEYWARD_CORRUPT) == (report != NULL));
    keyward_report_free(&report);
    return status;
}

START_TEST(no_report_lacks_a_finding)
{
    rewrite(&f, "UPDATE api_keys SET name = 'another' WHERE name = 'rotated';"
                " UPDATE audit_events SET leaf = zeroblob(32) WHERE sequence IN (4, 299)");
    ck_assert_int_gt(fail_each_piece(find_damage, KEYWARD_CORRUPT), 0);
}
END_TEST

/* ---- SQLite's functions ---- */

static enum keyward_status revoke_last_admin(void)
{
    return keyward_revoke(f.store, &anna, "repo-1", "anna");
}

static enum keyward_status reveal(void)
{
    HAND_OUT(keyward_reveal_key(f.store, &host, "repo-1", ids[0], &out), keyward_secret,
             keyward_secret_free);
}

static enum keyward_status change_master_key(void)
{
    static unsigned char next[KEYWARD_MASTER_KEY_BYTES] = "another key of 32 bytes at all";
    const keyward_master_key master_key = {.key = next};
    enum keyward_status status = keyward_change_master_key(f.store, &host, &master_key);

    if (status == KEYWARD_OK)
        next[0]++;
    return status;
}

static enum keyward_status open_with_unique_names(void)
{
    keyward_options options = f.options;
    keyward *opened;
    enum keyward_status status;

    options.names = KEYWARD_NAMES_UNIQUE;
    status = keyward_open(&opened, f.path, &options);
    keyward_close(&opened);
    return status;
}

static enum keyward_status open_new(void)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char path[160];
    keyward *opened = (keyward *)&f;
    enum keyward_status status;

    for (size_t i = 0; i < COUNT(suffixes); i++) {
        snprintf(path, sizeof path, "%s/new.db%s", f.folder, suffixes[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/new.db", f.folder);
    status = keyward_open(&opened, path, &f.options);
    if (status != KEYWARD_OK)
        ck_assert_ptr_null(opened);
    keyward_close(&opened);
    return status;
}

static enum keyward_status create_in(keyward *store)
{
    const keyward_new_key new_key = {.name = "created", .provider = KEYWARD_OPENAI};
    keyward_secret *secret = (keyward_secret *)&f;
    keyward_key *key = (keyward_key *)&f;
    enum keyward_status status =
        keyward_create_key(store, &host, "repo-1", &new_key, &key, &secret);

    if (status != KEYWARD_OK)
        ck_assert(!key && !secret);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    return status;
}

static enum keyward_status create(void)
{
    return create_in(f.store);
}

static keyward *with_unique_names;

static enum keyward_status create_with_taken_name(void)
{
    return create_in(with_unique_names);
}

/* Of the form and with the checksum of one. */
#define UNKNOWN_KEY "kw_ak_3F2NMQHEZvUwGEmIbbfbrD2VlTme"

/* A cause is told of a refusal only, not of a disk that fails. */
static enum keyward_status authenticate_unknown(void)
{
    keyward_identity identity;
    enum keyward_status status =
        keyward_authenticate(f.store, UNKNOWN_KEY, "a secret", 8, &identity);
    enum keyward_cause cause = keyward_last_error(f.store)->cause;

    ck_assert_int_eq(cause, status == KEYWARD_REFUSED ? KEYWARD_CAUSE_UNKNOWN : KEYWARD_CAUSE_NONE);
    return status;
}

static const struct {
    enum keyward_status (*call)(void);
    enum keyward_status success;
} on_sqlite[] = {
    {authenticate_unknown, KEYWARD_REFUSED},
    {list_users, KEYWARD_OK},
    {get_user, KEYWARD_OK},
    {list_keys, KEYWARD_OK},
    {get_key, KEYWARD_OK},
    {list_events, KEYWARD_OK},
    {preview, KEYWARD_OK},
    {get_stats, KEYWARD_OK},
    {get_log_key, KEYWARD_OK},
    {get_receipt, KEYWARD_OK},
    {export_events, KEYWARD_OK},
    {revoke_last_admin, KEYWARD_LAST_ADMIN},
    {sign, KEYWARD_OK},
    {publish, KEYWARD_OK},
    {reveal, KEYWARD_OK},
    {change_master_key, KEYWARD_OK},
    {open_with_unique_names, KEYWARD_NAME_TAKEN},
    {open_new, KEYWARD_OK},
    {check, KEYWARD_OK},
};

/* Fails the calls of one of SQLite's functions in turn, or of all; the first 400 are enough of what
 * is done row by row. */
static void fail_each_call(const char *function, enum keyward_status (*call)(void),
                           enum keyward_status success)
{
    enum keyward_status status;
    int failed = 1;

    for (int nth = 1; failed > 0 && nth < 400; nth++) {
        sqlite_fail_only(function, nth, FAIL_ONCE, SQLITE_IOERR_READ);
        status = call();
        failed = sqlite_stop();
        if (failed == 0 || status != KEYWARD_IO) /* it does without some */
            assert_status(NULL, status, success);
    }
    assert_status(NULL, call(), success);
}

START_TEST(a_function_of_sqlite_that_fails_hands_out_nothing)
{
    fail_each_call(NULL, on_sqlite[_i].call, on_sqlite[_i].success);
    fail_each_call("bind_int64", on_sqlite[_i].call, on_sqlite[_i].success);
    assert_sound(&f);
}
END_TEST

/* What writes opens it each time anew. */
START_TEST(a_function_that_fails_as_another_processes_data_key_is_read_changes_nothing)
{
    keyward *other;

    assert_status(NULL, keyward_open(&other, f.path, &f.options), KEYWARD_OK);
    assert_status(other, keyward_create_data_key(other, &host), KEYWARD_OK);
    keyward_close(&other);
    fail_each_call(NULL, create, KEYWARD_OK);
    assert_sound(&f);
}
END_TEST

static void change_in_between(void *context)
{
    (void)context;
    assert_status(f.store, change_master_key(), KEYWARD_OK);
}

/* Its snapshot is of the old master key, of which nobody has kept anything: but whoever changed it
 * has opened the data keys first. */
START_TEST(a_reader_that_is_overtaken_by_a_change_of_the_master_key_finds_the_data_key)
{
    struct fixture other = f;
    keyward_secret *secret;
    keyward_key *key;

    assert_status(NULL, keyward_open(&other.store, f.path, &f.options), KEYWARD_OK);
    assert_status(other.store, keyward_create_data_key(other.store, &host), KEYWARD_OK);
    key = make_key(&other, "repo-1", "of the other", &secret);
    keyward_close(&other.store);
    sqlite_before("SELECT master_key_id", change_in_between, NULL);
    assert_status(f.store, try_key(&f, key, secret), KEYWARD_OK);
    ck_assert_int_eq(keyward_last_error(f.store)->status, KEYWARD_OK);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM data_keys"), 3); /* it came */
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    assert_sound(&f);
}
END_TEST

START_TEST(a_function_that_fails_as_a_name_is_looked_for_changes_nothing)
{
    keyward_options options = f.options;
    char path[160];

    options.names = KEYWARD_NAMES_UNIQUE;
    snprintf(path, sizeof path, "%s/unique.db", f.folder);
    assert_status(NULL, keyward_open(&with_unique_names, path, &options), KEYWARD_OK);
    assert_status(with_unique_names, create_with_taken_name(), KEYWARD_OK);
    fail_each_call(NULL, create_with_taken_name, KEYWARD_NAME_TAKEN);
    ck_assert_int_eq(sql_number(path, "SELECT count(*) FROM api_keys"), 1);
    keyward_close(&with_unique_names);
}
END_TEST

/* ---- the event that fills a tile ---- */

/* With damage of the log alone keys are deleted all the same; this is of the file. */
static const struct tile_fault {
    const char *function;
    int distance; /* a tile has many rows */
    int code;
    enum keyward_status status;
} tile_faults[] = {
    {"bind_int64", 1, SQLITE_IOERR_READ, KEYWARD_IO},
    {"bind_int64", 1, SQLITE_CORRUPT, KEYWARD_CORRUPT},
    {"step", 17, SQLITE_IOERR_READ, KEYWARD_IO},
    {"step", 17, SQLITE_CORRUPT, KEYWARD_CORRUPT},
};

/* Deletes a key, and whether a call failed under it. */
static bool fail_tile(const struct tile_fault *fault, int nth)
{
    keyward_deletion deletion = {.event = 0};
    char *before = dump(f.path);
    enum keyward_status status;
    bool failed;

    sqlite_fail_only(fault->function, nth, FAIL_ONCE, fault->code);
    status = keyward_delete_key(f.store, &host, "repo-1", ids[0], &deletion);
    failed = sqlite_stop() > 0;
    assert_status(f.store, status, failed ? fault->status : KEYWARD_OK);
    if (failed)
        assert_same_dump(f.path, before);
    else
        free(before);
    return failed;
}

START_TEST(a_tile_that_cannot_be_made_takes_its_event_along)
{
    const struct tile_fault *fault = &tile_faults[_i];
    int nth = 1;

    append(&f, 255 - (int)count_events(f.path) % 256);
    while (fail_tile(fault, nth))
        nth += fault->distance;
    ck_assert_int_gt(nth, 5);
    ck_assert_int_eq(count_events(f.path), 512);
    assert_sound(&f);
    assert_tree(&f);
}
END_TEST

int main(void)
{
    Suite *suite;
    TCase *tests;

    if (!memory_install())
        return EXIT_FAILURE;
    suite = suite_create("handing_out");
    tests = suite_add_case(suite, "memory", open_fixture, close_fixture);

    tcase_add_loop_test(tests, without_memory_of_the_library_nothing_is_handed_out, 0,
                        COUNT(calls));
    tcase_add_test(tests, without_memory_of_the_library_no_checkpoint_is_signed);
    tcase_add_loop_test(tests, no_result_is_handed_out_that_lacks_a_piece, 0, IN_PIECES);
    tcase_add_test(tests, no_report_lacks_a_finding);
    tcase_add_loop_test(tests, without_memory_of_sqlite_nothing_is_handed_out, 0, COUNT(calls) - 1);
    tcase_add_loop_test(tests, a_function_of_sqlite_that_fails_hands_out_nothing, 0,
                        COUNT(on_sqlite));
    tcase_add_test(tests,
                   a_function_that_fails_as_another_processes_data_key_is_read_changes_nothing);
    tcase_add_test(tests,
                   a_reader_that_is_overtaken_by_a_change_of_the_master_key_finds_the_data_key);
    tcase_add_test(tests, a_function_that_fails_as_a_name_is_looked_for_changes_nothing);
    tcase_add_loop_test(tests, a_tile_that_cannot_be_made_takes_its_event_along, 0,
                        COUNT(tile_faults));
    return run_suite(suite);
}
