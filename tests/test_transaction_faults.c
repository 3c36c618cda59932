/* SPDX-License-Identifier: MIT */
/*
 * Transactions when any of SQLite's functions fails, each in turn, and when memory or the system
 * does: the caller gets the failure, nothing of his change stays, and the next call works.
 *
 * The linker leads some functions through here: aligned_alloc and pthread_mutex_init, which fail on
 * order; nanosleep, which a test uses to let others do something; monotonic_us, whose clock a test
 * moves on; and log_keeper_is_behind, so that a test need not write 80 MiB first.
 */
#include "connection/statement.h"
#include "fault/memory.h"
#include "fault/sqlite.h"
#include "support/fixture.h"
#include "transaction/commit_queue.h"
#include "transaction/log_keeper.h"
#include "transaction/transaction.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALLS_MAX 500 /* what takes more of SQLite's calls does not end */

/* ---- the linker's names ---- */

static bool no_memory, no_mutex, log_is_behind;
static int64_t moved_on;
static atomic_flag *cleared_by_sleep;
static int sleeps;

extern __typeof__(aligned_alloc) __real_aligned_alloc, __wrap_aligned_alloc;
extern __typeof__(pthread_mutex_init) __real_pthread_mutex_init, __wrap_pthread_mutex_init;
extern __typeof__(nanosleep) __real_nanosleep, __wrap_nanosleep;
extern __typeof__(monotonic_us) __real_monotonic_us, __wrap_monotonic_us;
extern __typeof__(log_keeper_is_behind) __real_log_keeper_is_behind, __wrap_log_keeper_is_behind;

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return no_memory ? NULL : __real_aligned_alloc(alignment, size);
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    return no_mutex ? ENOMEM : __real_pthread_mutex_init(mutex, attributes);
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *rest)
{
    sleeps++;
    if (cleared_by_sleep)
        atomic_flag_clear(cleared_by_sleep);
    return __real_nanosleep(time, rest);
}

int64_t __wrap_monotonic_us(void)
{
    return __real_monotonic_us() + moved_on;
}

bool __wrap_log_keeper_is_behind(const struct log_keeper *keeper)
{
    return log_is_behind || __real_log_keeper_is_behind(keeper);
}

/* ---- a database with one table ---- */

static struct fixture f;
static struct error error;
static struct services services;
static struct database *database;

static enum keyward_status open_database(void)
{
    const struct connection_options options = {.path = f.path,
                                               .durability = KEYWARD_SURVIVES_POWER_LOSS};
    enum keyward_status status;

    error_reset(&error);
    status = database_open(&database, &options, &services, &error);
    if (status == KEYWARD_OK)
        status = database_upgrade(database, &error);
    return status;
}

static void begin(void)
{
    moved_on = 0;

    const struct companion nobody_goes = {.is_due = NULL};

    fixture_init(&f);
    ck_assert_int_ge(sodium_init(), 0);
    ck_assert_int_eq(open_database(), KEYWARD_OK);
    database_accept_file(database, &nobody_goes);
    ck_assert_int_eq(sql(f.path, "CREATE TABLE t (x)"), SQLITE_OK);
}

static void end(void)
{
    database_close(&database, false);
    fixture_close(&f);
}

static int64_t rows(void)
{
    return sql_number(f.path, "SELECT count(*) FROM t");
}

static const struct query put = {QUERY_ACCESS_PUT, "INSERT INTO t VALUES (?)"};
static const struct query count = {QUERY_ACCESS_GET, "SELECT count(*) FROM t"};

static enum keyward_status put_row(struct transaction *transaction, void *request)
{
    struct statement statement = statement_begin(transaction->connection, &put);

    (void)request;
    statement_bind_number(&statement, 7);
    return statement_run(&statement);
}

static enum keyward_status count_rows(struct transaction *transaction, void *request)
{
    struct statement statement = statement_begin(transaction->connection, &count);

    *(int64_t *)request = statement_row(&statement) ? statement_number(&statement, 0) : -1;
    return statement_end(&statement);
}

static enum keyward_status write_row(void)
{
    int64_t event = -1;
    enum keyward_status status;

    error_reset(&error);
    status = database_write(database, put_row, NULL, &event, &error);
    ck_assert_int_eq(event, 0);
    return status;
}

static enum keyward_status rehearse_row(void)
{
    error_reset(&error);
    return database_rehearse(database, put_row, NULL, &error);
}

static enum keyward_status read_rows(void)
{
    int64_t found;

    error_reset(&error);
    return database_read(database, count_rows, &found, &error);
}

/* ---- every call of SQLite fails in turn ---- */

struct work {
    enum keyward_status (*run)(void);
    int written; /* rows, when it has been done */
    enum fault_length length;
};

static const struct work works[] = {
    {write_row, 1, FAIL_ONCE},    {write_row, 1, FAIL_FROM_THEN_ON},
    {rehearse_row, 0, FAIL_ONCE}, {rehearse_row, 0, FAIL_FROM_THEN_ON},
    {read_rows, 0, FAIL_ONCE},    {read_rows, 0, FAIL_FROM_THEN_ON},
};

/* The calls without which it goes on: a writer extends the log for speed alone, and a reader that
 * is opened to read does not write back. */
static bool goes_on(const struct work *work, int nth)
{
    const char *function = sqlite_failed();

    if (work->length == FAIL_FROM_THEN_ON)
        return false;
    if (work->run != read_rows)
        return strcmp(function, "file_control") == 0;
    return (nth == 2 && strcmp(function, "file_control") == 0) ||
           (nth == 12 && strcmp(function, "db_config") == 0);
}

static void fail_call(const struct work *work, int nth, int *failed)
{
    int64_t before = rows();
    enum keyward_status status;
    bool done;

    sqlite_fail(nth, work->length, SQLITE_IOERR_READ);
    status = work->run();
    *failed = sqlite_stop();
    done = *failed == 0 || goes_on(work, nth);
    ck_assert_msg(status == (done ? KEYWARD_OK : KEYWARD_IO), "call %d, of %s: %d", nth,
                  sqlite_failed(), (int)status);
    ck_assert_int_eq(rows(), before + (done ? work->written : 0));
}

/* With a database opened anew, so that its statements are prepared, and with the same one, which
 * has to make up for what it could not undo. */
START_TEST(a_call_fails_whole_and_the_next_one_works)
{
    const struct work *work = &works[_i / 2];
    int failed = 1;

    for (int nth = 1; failed > 0; nth++) {
        ck_assert_int_lt(nth, CALLS_MAX);
        if (_i % 2 == 0) {
            database_close(&database, false);
            ck_assert_int_eq(open_database(), KEYWARD_OK);
        }
        fail_call(work, nth, &failed);
        ck_assert_int_eq(write_row(), KEYWARD_OK);
        ck_assert_int_eq(read_rows(), KEYWARD_OK);
    }
}
END_TEST

START_TEST(nobody_is_kept_by_a_log_that_cannot_be_caught_up_with)
{
    ck_assert_int_eq(write_row(), KEYWARD_OK);
    log_is_behind = true;
    sqlite_fail(1, FAIL_ONCE, SQLITE_BUSY); /* to begin, before */
    ck_assert_int_eq(write_row(), KEYWARD_OK);
    ck_assert_int_eq(sqlite_stop(), 1);
    ck_assert_str_eq(sqlite_failed(), "step");
    ck_assert_int_eq(write_row(), KEYWARD_OK);
    log_is_behind = false;
    ck_assert_int_eq(rows(), 3);
}
END_TEST

/* The file, to be cleaned as it is written back, where the version of its data is, and its log: the
 * calls that find them are the first, the third and the fourth of their kind. Without these it goes
 * on; without the second, which reads the header, it does not. */
START_TEST(opening_fails_whole_and_works_the_next_time)
{
    static const char *const functions[] = {"exec", "db_config", "prepare_v2", "step",
                                            "file_control"};
    int failed = 1;

    for (int nth = 1; failed > 0; nth++) {
        bool goes_on = strcmp(functions[_i], "file_control") == 0 && nth != 2;
        enum keyward_status status;

        ck_assert_int_lt(nth, CALLS_MAX);
        database_close(&database, false);
        sqlite_fail_only(functions[_i], nth, FAIL_ONCE, SQLITE_IOERR_READ);
        status = open_database();
        failed = sqlite_stop();
        ck_assert_int_eq(status, failed > 0 && !goes_on ? KEYWARD_IO : KEYWARD_OK);
        if (status == KEYWARD_OK)
            ck_assert_int_eq(write_row(), KEYWARD_OK);
    }
}
END_TEST

/* ---- memory ---- */

/* The log's buffer is for speed alone. */
START_TEST(each_piece_of_memory_is_missed_in_turn)
{
    static const int opening = 0, reading = 1;
    int failed = 1;

    for (int nth = 1; failed > 0; nth++) {
        enum keyward_status status;

        ck_assert_int_lt(nth, CALLS_MAX);
        database_close(&database, false);
        if (_i == reading)
            ck_assert_int_eq(open_database(), KEYWARD_OK);
        memory_fail(MEMORY_OF_LIBRARY, nth, FAIL_ONCE);
        status = _i == opening ? open_database() : read_rows();
        failed = memory_stop();
        if (_i == opening && failed > 0 && database)
            ck_assert_int_eq(status, KEYWARD_OK);
        else
            ck_assert_int_eq(status, failed > 0 ? KEYWARD_NOMEM : KEYWARD_OK);
        if (status == KEYWARD_OK)
            ck_assert_int_eq(write_row(), KEYWARD_OK);
    }
}
END_TEST

START_TEST(without_memory_or_a_mutex_no_database_is_opened)
{
    bool *const missing[] = {&no_memory, &no_mutex};

    for (int i = 0; i < 2; i++) {
        database_close(&database, false);
        *missing[i] = true;
        ck_assert_int_eq(open_database(), KEYWARD_NOMEM);
        ck_assert_ptr_null(database);
        *missing[i] = false;
        ck_assert_int_eq(open_database(), KEYWARD_OK);
    }
}
END_TEST

/* ---- the companion ---- */

static int companion_runs, companion_failures;

static bool is_always_due(void *request)
{
    (void)request;
    return true;
}

static enum keyward_status go_along(struct transaction *transaction, void *request)
{
    companion_runs++;
    if (companion_runs > companion_failures)
        return put_row(transaction, request);
    return error_set(transaction->error, KEYWARD_FULL, "nobody hears of this");
}

START_TEST(a_companion_that_has_failed_rests_for_a_second)
{
    const struct companion companion = {.is_due = is_always_due, .run = go_along};

    database_accept_file(database, &companion);
    companion_failures = 1;
    ck_assert_int_eq(write_row(), KEYWARD_OK);
    ck_assert_int_eq(companion_runs, 1);
    ck_assert_int_eq(rows(), 1); /* the batch has been run again without it */
    moved_on = 1000000 - 100000;
    ck_assert_int_eq(write_row(), KEYWARD_OK);
    ck_assert_int_eq(companion_runs, 1);
    moved_on = 2000000;
    ck_assert_int_eq(write_row(), KEYWARD_OK);
    ck_assert_int_eq(companion_runs, 2);
    ck_assert_int_eq(rows(), 4);
}
END_TEST

/* ---- the queue ---- */

static void no_batch(void *context, struct batch *batch)
{
    (void)context;
    (void)batch;
}

static void no_rest(void *context, bool alone)
{
    (void)context;
    (void)alone;
}

/* Who withdraws is counted until he is out of the list. */
START_TEST(who_was_seen_to_come_and_has_withdrawn_joins_nothing)
{
    struct commit_queue queue;
    struct queue_entry entry = {.next = NULL};
    struct batch batch = {
        .queue = &queue, .first = &entry, .last = &entry, .count = 1, .open = true};

    ck_assert(commit_queue_init(&queue, no_batch, no_rest, NULL));
    atomic_store(&queue.queued, 1);
    ck_assert_ptr_null(batch_next(&batch, &entry));
    ck_assert_int_eq(batch.count, 1);
    ck_assert_ptr_eq(batch.last, &entry);
    commit_queue_release(&queue);
}
END_TEST

/* ---- the keeper of the log ---- */

static struct connection_options kept;
static struct log_keeper keeper;

static void begin_keeper(void)
{
    begin();
    kept = (struct connection_options){.path = f.path, .durability = KEYWARD_SURVIVES_POWER_LOSS};
    log_keeper_init(&keeper, &kept);
}

static void end_keeper(void)
{
    log_keeper_release(&keeper, connection_close);
    end();
}

#define LONG_LOG 30000    /* pages */
#define LONGEST_LOG 40000 /* at which commits wait */

START_TEST(a_log_that_cannot_be_written_back_is_tried_again_when_it_has_grown)
{
    kept.path = f.folder; /* is no file */
    log_keeper_note(&keeper, LONG_LOG);
    log_keeper_work(&keeper, false);
    ck_assert(log_keeper_is_behind(&keeper));
    log_keeper_catch_up(&keeper);
    ck_assert(!log_keeper_is_behind(&keeper));
    kept.path = f.path;
    sqlite_fail_only("wal_checkpoint_v2", 1, FAIL_ONCE, SQLITE_IOERR_WRITE);
    log_keeper_note(&keeper, LONG_LOG + 4000);
    log_keeper_work(&keeper, false);
    ck_assert_int_eq(sqlite_stop(), 1);
    ck_assert(log_keeper_is_behind(&keeper));
}
END_TEST

START_TEST(a_log_that_no_connection_is_had_to_empty_is_tried_again)
{
    kept.path = f.folder; /* is no file */
    log_keeper_empty(&keeper);
    ck_assert(!log_keeper_was_emptied(&keeper));
    kept.path = f.path;
    moved_on = 200000;
    log_keeper_work(&keeper, true);
    ck_assert(log_keeper_was_emptied(&keeper));
}
END_TEST

START_TEST(a_log_that_is_being_written_back_is_emptied_later)
{
    ck_assert_int_eq(write_row(), KEYWARD_OK);
    ck_assert_int_gt(log_size(&f), 0);
    ck_assert(!atomic_flag_test_and_set(&keeper.busy)); /* another thread does */
    log_keeper_empty(&keeper);
    ck_assert(!log_keeper_was_emptied(&keeper));
    ck_assert_int_gt(log_size(&f), 0);
    atomic_flag_clear(&keeper.busy);
    log_keeper_work(&keeper, true);
    ck_assert(log_keeper_was_emptied(&keeper));
    ck_assert(!log_keeper_was_emptied(&keeper));
    ck_assert_int_eq(log_size(&f), 0);
}
END_TEST

START_TEST(a_log_that_cannot_be_emptied_is_left_alone_for_a_moment)
{
    ck_assert_int_eq(write_row(), KEYWARD_OK);
    sqlite_fail_only("wal_checkpoint_v2", 1, FAIL_FROM_THEN_ON, SQLITE_BUSY);
    log_keeper_empty(&keeper);
    ck_assert_int_eq(sqlite_stop(), 1);
    log_keeper_work(&keeper, true);
    ck_assert(!log_keeper_was_emptied(&keeper));
    moved_on = 200000;
    log_keeper_work(&keeper, true);
    ck_assert(log_keeper_was_emptied(&keeper));
}
END_TEST

/* Only a log that has grown too long is waited for. */
START_TEST(whoever_catches_up_waits_for_the_one_who_writes_the_longest_log_back)
{
    ck_assert(!atomic_flag_test_and_set(&keeper.busy));
    log_keeper_note(&keeper, LONG_LOG);
    sleeps = 0;
    log_keeper_catch_up(&keeper);
    ck_assert_int_eq(sleeps, 0);
    ck_assert(atomic_flag_test_and_set(&keeper.busy)); /* still the other's */
    log_keeper_note(&keeper, LONGEST_LOG);
    cleared_by_sleep = &keeper.busy;
    log_keeper_catch_up(&keeper);
    cleared_by_sleep = NULL;
    ck_assert_int_eq(sleeps, 1);
    ck_assert(!atomic_flag_test_and_set(&keeper.busy));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transaction_faults");
    TCase *tests = suite_add_case(suite, "database", begin, end);
    const int work_count = sizeof works / sizeof *works;

    memory_install();
    tcase_add_loop_test(tests, a_call_fails_whole_and_the_next_one_works, 0, 2 * work_count);
    tcase_add_test(tests, nobody_is_kept_by_a_log_that_cannot_be_caught_up_with);
    tcase_add_loop_test(tests, opening_fails_whole_and_works_the_next_time, 0, 5);
    tcase_add_loop_test(tests, each_piece_of_memory_is_missed_in_turn, 0, 2);
    tcase_add_test(tests, without_memory_or_a_mutex_no_database_is_opened);
    tcase_add_test(tests, a_companion_that_has_failed_rests_for_a_second);
    tcase_add_test(tests, who_was_seen_to_come_and_has_withdrawn_joins_nothing);
    tests = suite_add_case(suite, "keeper of the log", begin_keeper, end_keeper);
    tcase_add_test(tests, a_log_that_cannot_be_written_back_is_tried_again_when_it_has_grown);
    tcase_add_test(tests, a_log_that_no_connection_is_had_to_empty_is_tried_again);
    tcase_add_test(tests, a_log_that_is_being_written_back_is_emptied_later);
    tcase_add_test(tests, a_log_that_cannot_be_emptied_is_left_alone_for_a_moment);
    tcase_add_test(tests, whoever_catches_up_waits_for_the_one_who_writes_the_longest_log_back);
    return run_suite(suite);
}
