/* SPDX-License-Identifier: MIT */
/* The log, where it fails while it is written in pieces, or written back. */
#include "fault/sweep.h"

#include <stdlib.h>

/* ---- a large commit ---- */

#define LARGE 400 /* deletions at once fill more pages than are written to the log at once */

static void make_large_batch(struct fixture *f, keyward_key **keys,
                             keyward_delete_request *requests)
{
    for (int i = 0; i < LARGE; i++) {
        keys[i] = make_key(f, "repo-1", "one of many", NULL);
        requests[i] = (keyward_delete_request){.repo_id = "repo-1", .key_id = keys[i]->id};
    }
}

static void write_a_little(struct fixture *f)
{
    assert_status(f->store, keyward_grant(f->store, &host, "repo-1", "x", KEYWARD_READER),
                  KEYWARD_OK);
    assert_status(f->store, keyward_revoke(f->store, &host, "repo-1", "x"), KEYWARD_OK);
}

/* A write that only extends the log is no part of a commit, and may fail without harm. After this
 * there is none for a while. */
static void have_the_log_extended(struct fixture *f)
{
    int64_t before = log_size(f);

    while (log_size(f) == before)
        write_a_little(f);
}

/* What was written before the fault must not be found by what is committed after it. */
START_TEST(a_large_commit_that_fails_between_two_writes_changes_nothing)
{
    static keyward_key *keys[LARGE];
    static keyward_delete_request requests[LARGE];
    enum keyward_status status = KEYWARD_IO;
    struct fixture f;
    int failed = 0;

    fixture_open(&f);
    make_large_batch(&f, keys, requests);
    have_the_log_extended(&f);
    for (int nth = 1; status != KEYWARD_OK; nth++) {
        fault_begin(&bad_write, nth, FAIL_ONCE);
        status = keyward_delete_keys(f.store, &will, requests, LARGE);
        ck_assert_int_eq(fault_end(&bad_write), status == KEYWARD_OK ? 0 : 1);
        if (status == KEYWARD_OK)
            break;
        assert_status(f.store, status, KEYWARD_IO);
        ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted"), 0);
        write_a_little(&f);
        assert_sound(&f);
        failed++;
    }
    ck_assert_int_ge(failed, 2);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted"), LARGE);
    fixture_reopen(&f);
    assert_sound(&f);
    for (int i = 0; i < LARGE; i++)
        keyward_key_free(&keys[i]);
    fixture_close(&f);
}
END_TEST
/* ---- a log that is begun anew ---- */

/* The change counter of the log's index, by which tests/fault/sweep.c judges, stays where PRAGMA
 * data_version moves: a writer has begun the log anew, and has then failed. */
START_TEST(a_writer_who_begins_the_log_anew_and_fails_has_committed_nothing)
{
    struct fixture f;
    struct work w = {.round = 0};
    int64_t version;
    uint32_t commits;

    fixture_open(&f);
    w.f = f;
    look_past_library(&w);
    number(&w, "PRAGMA wal_checkpoint(PASSIVE)");
    version = number(&w, "PRAGMA data_version");
    commits = commits_of(&w);
    fault_begin(&disk_full, 1, FAIL_FROM_THEN_ON);
    assert_status(f.store, keyward_grant(f.store, &host, "repo-1", "x", KEYWARD_READER),
                  KEYWARD_FULL);
    fault_end(&disk_full);
    ck_assert_int_ne(number(&w, "PRAGMA data_version"), version);
    ck_assert_uint_eq(commits_of(&w), commits);
    assert_status(f.store, keyward_grant(f.store, &host, "repo-1", "x", KEYWARD_READER),
                  KEYWARD_OK);
    ck_assert_uint_eq(commits_of(&w), commits + 1);
    sqlite3_close(w.db);
    fixture_close(&f);
}
END_TEST

/* ---- a checkpoint that fails ---- */

#define LOG_KEYS 2000 /* so many fill more of the log than a commit leaves for later */

/* What is committed is in the log: that it cannot be written back now is nobody's failure. */
static void grow_log_with(const struct fault *fault, int nth)
{
    struct work w = {.round = 0};
    int keys = 0, failed = 0;

    fixture_open(&w.f);
    for (; failed == 0 && keys < LOG_KEYS; keys++) {
        free_prepared(&w);
        fault_begin(fault, nth, FAIL_FROM_THEN_ON);
        prepare_key(&w);
        failed = fault_end(fault);
    }
    ck_assert_msg(failed > 0, "no checkpoint came");
    assert_status(w.f.store, try_key(&w.f, w.keys[0], w.secret), KEYWARD_OK);
    ck_assert_int_eq(sql_number(w.f.path, "SELECT count(*) FROM api_keys"), keys);
    fixture_reopen(&w.f);
    assert_status(w.f.store, try_key(&w.f, w.keys[0], w.secret), KEYWARD_OK);
    assert_sound(&w.f);
    free_prepared(&w);
    fixture_close(&w.f);
}

START_TEST(a_failed_checkpoint_takes_nothing_back)
{
    grow_log_with(&bad_sync, 2);
    grow_log_with(&bad_sync, 3);
}
END_TEST

static Suite *log_suite(void)
{
    Suite *suite = suite_create("faults_log");
    TCase *log = tcase_create("log");

    tcase_add_test(log, a_large_commit_that_fails_between_two_writes_changes_nothing);
    tcase_add_test(log, a_writer_who_begins_the_log_anew_and_fails_has_committed_nothing);
    tcase_add_test(log, a_failed_checkpoint_takes_nothing_back);
    suite_add_tcase(suite, log);
    return suite;
}

int main(void)
{
    if (!fault_install())
        return EXIT_FAILURE;
    return run_suite(log_suite());
}
