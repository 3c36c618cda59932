/* SPDX-License-Identifier: MIT */
/* A store that cannot be opened or upgraded: an existing file stays as it was, and the
 * next attempt succeeds. */
#include "fault/sweep.h"
#include "support/tree.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is opened: nothing yet, a store closed in order, or one that a crash left with its log. */
enum found { FOUND_NOTHING, FOUND_STORE, FOUND_CRASHED_STORE, FOUND_KINDS };

static void copy_file(const char *from, const char *to, const char *suffix)
{
    char source[160], target[160];
    unsigned char *bytes;
    size_t size;

    snprintf(source, sizeof source, "%s%s", from, suffix);
    snprintf(target, sizeof target, "%s%s", to, suffix);
    bytes = read_whole(source, &size);
    write_whole(target, bytes, size);
    free(bytes);
}

/* Puts at w->path what is to be opened. The store of the fixture stays open, as its log shows. */
static void prepare_file(struct work *w, enum found found)
{
    char log[160];

    snprintf(w->path, sizeof w->path, "%.60s/opened.db", w->f.folder);
    unlink(w->path);
    snprintf(log, sizeof log, "%s-wal", w->path);
    unlink(log);
    snprintf(log, sizeof log, "%s-shm", w->path);
    unlink(log);
    if (found == FOUND_NOTHING)
        return;
    copy_file(w->f.path, w->path, "");
    copy_file(w->f.path, w->path, "-wal");
    if (found == FOUND_STORE) {
        assert_status(NULL, keyward_open(&w->opened, w->path, &w->f.options), KEYWARD_OK);
        keyward_close(&w->opened);
    }
}

static enum keyward_status run_open(struct work *w)
{
    return keyward_open(&w->opened, w->path, &w->f.options);
}

/* The store that was opened has what it should, and works. */
static void expect_open(struct work *w, enum found found)
{
    struct fixture opened = w->f;
    keyward_key *made;
    int64_t keys = found == FOUND_NOTHING ? 0 : 1;

    opened.store = w->opened;
    snprintf(opened.path, sizeof opened.path, "%s", w->path);
    ck_assert_int_eq(sql_number(opened.path, "SELECT count(*) FROM api_keys"), keys);
    ck_assert_int_eq(sql_number(opened.path, "SELECT count(*) FROM store"), 1);
    ck_assert_int_eq(sql_number(opened.path, "SELECT count(*) FROM data_keys"), 1);
    if (keys > 0)
        assert_status(w->opened, try_key(&opened, w->keys[0], w->secret), KEYWARD_OK);
    made = make_key(&opened, "repo-1", "made after", NULL);
    drop_key(&opened, "repo-1", made->id);
    assert_sound(&opened);
    keyward_key_free(&made);
}

/* A failed open leaves an existing file byte for byte as it was. */
static void open_once(struct work *w, enum found found, const struct fault *fault, int nth,
                      enum fault_length length, struct tally *tally, bool *reached)
{
    unsigned char *before = NULL, *after;
    size_t size = 0, size_after;
    enum keyward_status status;

    if (found != FOUND_NOTHING)
        before = read_whole(w->path, &size);
    fault_begin(fault, nth, length);
    status = run_open(w);
    *reached = fault_end(fault) > 0;
    tally->points += *reached;
    if (status != KEYWARD_OK) {
        ck_assert(*reached);
        ck_assert_ptr_null(w->opened);
        assert_failure(w, NULL, "open", fault, nth, status);
        tally->failed++;
        if (before) {
            after = read_whole(w->path, &size_after);
            ck_assert_msg(size == size_after && memcmp(before, after, size) == 0,
                          "%s %d: a failed open changed the file", fault->name, nth);
            free(after);
        }
        assert_status(NULL, run_open(w), KEYWARD_OK);
    }
    expect_open(w, found);
    keyward_close(&w->opened);
    free(before);
}

/* Of the many allocations and system calls some; each call of the disk, each of the library's own.
 */
static int tried(const struct fault *fault)
{
    if (fault->source == DISK || fault->source == OWN)
        return POINTS_MAX;
    return fault->source == KERNEL ? (POINTS_TRIED + 9) / 10 : POINTS_TRIED;
}

static int choose_opening_step(struct work *w, const struct fault *fault)
{
    fault_begin(fault, POINTS_MAX, FAIL_ONCE);
    assert_status(NULL, run_open(w), KEYWARD_OK);
    ck_assert_int_eq(fault_end(fault), 0);
    keyward_close(&w->opened);
    return step_of(fault, tried(fault));
}

static void fail_opening(enum found found, const struct fault *fault, int floor)
{
    const enum fault_length lengths[] = {FAIL_ONCE, fault_lasting(fault)};
    struct work w = {.round = 0};
    struct tally tally = {0};
    struct holdings before;
    int step;

    settle();
    before = holdings_now();
    fixture_open(&w.f);
    w.f.options.busy_timeout_ms = 0;
    w.f.options.master_key = NULL;
    w.f.options.master_key_file = w.name;
    snprintf(w.name, sizeof w.name, "%.50s/master.key", w.f.folder);
    write_whole(w.name, test_master_key, sizeof test_master_key);
    prepare_key(&w);
    prepare_file(&w, found);
    step = choose_opening_step(&w, fault);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        bool reached = true;
        for (int nth = 1; reached; nth += step) {
            ck_assert_int_lt(nth, POINTS_MAX);
            prepare_file(&w, found);
            open_once(&w, found, fault, nth, lengths[i], &tally, &reached);
        }
    }
    assert_hit("open", fault, &tally, floor);
    free_prepared(&w);
    fixture_close(&w.f);
    assert_holdings("open", fault, &before);
}

START_TEST(a_store_can_be_opened_after_memory_ran_out)
{
    fail_opening((enum found)_i, &sqlite_memory, 10);
    fail_opening((enum found)_i, &library_memory, 10);
}
END_TEST

START_TEST(a_store_can_be_opened_after_a_failed_write)
{
    int floor = _i == FOUND_NOTHING ? 10 : 0; /* a store that is there is only read */

    fail_opening((enum found)_i, &bad_write, floor);
    fail_opening((enum found)_i, &disk_full, floor);
}
END_TEST

START_TEST(a_store_can_be_opened_after_a_failed_flush)
{
    fail_opening((enum found)_i, &bad_sync, _i == FOUND_NOTHING ? 2 : 0);
}
END_TEST

START_TEST(a_store_can_be_opened_after_a_failed_read)
{
    fail_opening((enum found)_i, &bad_read, 2);
}
END_TEST

START_TEST(a_store_can_be_opened_after_other_faults_of_the_disk)
{
    static const struct fault *const others[] = {&bad_lock, &bad_truncate, &bad_map,
                                                 &no_map,   &bad_open,     &bad_size};

    for (size_t i = 0; i < COUNT(others); i++)
        fail_opening((enum found)_i, others[i], others[i] == &bad_truncate ? 0 : 1);
}
END_TEST

START_TEST(a_store_can_be_opened_after_a_system_call_failed)
{
    for (const struct fault *fault = kernel_faults; fault->name; fault++)
        fail_opening((enum found)_i, fault, 0);
    for (const struct fault *fault = own_faults; fault->name; fault++)
        fail_opening((enum found)_i, fault, 0);
}
END_TEST

/* SQLite makes nothing of a folder that cannot be flushed. */
START_TEST(a_folder_that_fails_to_be_flushed_fails_the_open)
{
    static const struct {
        int number;
        enum keyward_status status;
    } errors[] = {{EIO, KEYWARD_IO},      {ENOSPC, KEYWARD_FULL}, {EINTR, KEYWARD_IO},
                  {EINVAL, KEYWARD_OK},   {ENOTSUP, KEYWARD_OK},  {EACCES, KEYWARD_OK},
                  {ENOMEM, KEYWARD_NOMEM}};
    enum keyward_status status;
    struct fixture f;

    fixture_open(&f);
    for (size_t i = 0; i < COUNT(errors); i++) {
        keyward_close(&f.store);
        system_fail(SYSTEM_FSYNC, 1, FAIL_ONCE, errors[i].number);
        status = keyward_open(&f.store, f.path, &f.options);
        ck_assert_int_eq(system_stop(), 1);
        assert_status(NULL, status, errors[i].status);
        ck_assert_ptr_null(strstr(keyward_last_error(NULL)->message, f.folder));
        fixture_reopen(&f);
        assert_sound(&f);
    }
    f.options.durability = KEYWARD_SURVIVES_CRASH; /* then nothing is flushed */
    system_fail(SYSTEM_FSYNC, 1, FAIL_ONCE, EIO);
    fixture_reopen(&f);
    ck_assert_int_eq(system_stop(), 0);
    fixture_close(&f);
}
END_TEST

/* The system's ways of saying that a disk cannot be read, some of which SQLite takes for damage. */
START_TEST(a_disk_that_cannot_be_read_is_not_a_damaged_file)
{
    static const int numbers[] = {EIO, ENXIO, ERANGE, EBADF};
    struct fixture f;
    keyward_key_list *keys;

    fixture_open(&f);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        fixture_reopen(&f);
        unix_fail(UNIX_READ, 1, FAIL_FROM_THEN_ON, numbers[i]);
        assert_status(f.store, keyward_list_keys(f.store, &rita, "repo-1", NULL, &keys),
                      KEYWARD_IO);
        ck_assert_int_gt(unix_stop(), 0);
        ck_assert_int_eq(keyward_last_error(f.store)->sqlite_code & 0xFF, SQLITE_IOERR);
        assert_status(f.store, keyward_list_keys(f.store, &rita, "repo-1", NULL, &keys),
                      KEYWARD_OK);
        keyward_key_list_free(&keys);
    }
    fixture_close(&f);
}
END_TEST

/* ---- an upgrade that fails ---- */

#define OLD_EVENTS 600 /* of a store of schema 2 */

static unsigned char *old_store(size_t *size)
{
    const char *slash = strrchr(__FILE__, '/');
    char path[1024];

    snprintf(path, sizeof path, "%.*s/stores/schema-0002.store", (int)(slash - __FILE__), __FILE__);
    return read_whole(path, size);
}

static void put_old_store(struct fixture *f)
{
    char log[160];
    size_t size;
    unsigned char *bytes = old_store(&size);

    snprintf(log, sizeof log, "%s-wal", f->path);
    unlink(log);
    snprintf(log, sizeof log, "%s-shm", f->path);
    unlink(log);
    write_whole(f->path, bytes, size);
    free(bytes);
    append_by_hand(f, OLD_EVENTS - (int)count_events(f->path));
}

/* Whatever failed: the next open makes up for it, and so does the first checkpoint. */
static void upgrade_once(struct fixture *f, const struct fault *fault, int nth,
                         enum fault_length length, int *failed)
{
    enum keyward_status status;

    put_old_store(f);
    fault_begin(fault, nth, length);
    status = keyward_open(&f->store, f->path, &f->options);
    *failed = fault_end(fault);
    ck_assert_msg(status == KEYWARD_OK || status == fault->status, "%s %d: %s", fault->name, nth,
                  keyward_last_error(NULL)->message);
    if (status == KEYWARD_OK && nth % 2 == 0) {
        keyward_text *checkpoint;
        free(log_key_of(f));
        checkpoint = sign_checkpoint(f);
        keyward_text_free(&checkpoint);
    } else {
        fixture_reopen(f);
    }
    assert_tree(f);
    ck_assert_int_eq(count_events(f->path), OLD_EVENTS);
    assert_sound(f);
    keyward_close(&f->store);
}

START_TEST(an_upgrade_is_made_up_for_after_every_fault)
{
    static const struct fault *const faults[] = {&sqlite_memory, &library_memory, &disk_full,
                                                 &bad_write,     &bad_sync,       &bad_read,
                                                 &bad_lock,      &busy_lock};
    const struct fault *fault = faults[_i];
    struct holdings before;
    struct fixture f;
    int step, reached = 0;

    settle();
    before = holdings_now();
    fixture_init(&f);
    f.options.busy_timeout_ms = 0;
    put_old_store(&f);
    fault_begin(fault, POINTS_MAX, FAIL_ONCE);
    fixture_reopen(&f);
    ck_assert_int_eq(fault_end(fault), 0);
    keyward_close(&f.store);
    step = step_of(fault, fault->source == DISK ? POINTS_MAX : POINTS_TRIED);
    for (enum fault_length length = FAIL_ONCE; length <= FAIL_FROM_THEN_ON; length++) {
        int failed = 1;
        for (int nth = 1; failed > 0; nth += step) {
            upgrade_once(&f, fault, nth, length, &failed);
            reached += failed > 0;
        }
    }
    ck_assert_int_ge(reached, 2);
    fixture_close(&f);
    assert_holdings("upgrade", fault, &before);
}
END_TEST

static Suite *open_suite(void)
{
    Suite *suite = suite_create("faults_open");
    TCase *opened = tcase_create("opening"), *upgraded = tcase_create("upgrading");

    tcase_add_loop_test(opened, a_store_can_be_opened_after_memory_ran_out, 0, FOUND_KINDS);
    tcase_add_loop_test(opened, a_store_can_be_opened_after_a_failed_write, 0, FOUND_KINDS);
    tcase_add_loop_test(opened, a_store_can_be_opened_after_a_failed_flush, 0, FOUND_KINDS);
    tcase_add_loop_test(opened, a_store_can_be_opened_after_a_failed_read, 0, FOUND_KINDS);
    tcase_add_loop_test(opened, a_store_can_be_opened_after_other_faults_of_the_disk, 0,
                        FOUND_KINDS);
    tcase_add_loop_test(opened, a_store_can_be_opened_after_a_system_call_failed, 0, FOUND_KINDS);
    tcase_add_test(opened, a_folder_that_fails_to_be_flushed_fails_the_open);
    tcase_add_test(opened, a_disk_that_cannot_be_read_is_not_a_damaged_file);
    tcase_add_loop_test(upgraded, an_upgrade_is_made_up_for_after_every_fault, 0, 8);
    suite_add_tcase(suite, opened);
    suite_add_tcase(suite, upgraded);
    return suite;
}

int main(void)
{
    if (!fault_install())
        return EXIT_FAILURE;
    return run_suite(open_suite());
}
