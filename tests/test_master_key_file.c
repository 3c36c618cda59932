/* SPDX-License-Identifier: MIT */
/* keyward_create_master_key_file() where writing, flushing, closing or memory fails: the key is
 * whole and on the disk, or there is no file. */
#include "fault/memory.h"
#include "fault/system.h"
#include "support/fixture.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct fixture f;
static char path[96];

static void open_fixture(void)
{
    fixture_init(&f);
    snprintf(path, sizeof path, "%s/master.key", f.folder);
}

static void close_fixture(void)
{
    system_stop();
    memory_stop();
    unlink(path);
    fixture_close(&f);
}

/* 64 hexadecimal digits and a line end, and a store opens with it. */
static void assert_whole(void)
{
    size_t size;
    unsigned char *line = read_whole(path, &size);

    ck_assert_uint_eq(size, 65);
    ck_assert_uint_eq(strspn((const char *)line, "0123456789abcdef"), 64);
    ck_assert_int_eq(line[64], '\n');
    free(line);
    f.options.master_key = NULL;
    f.options.master_key_file = path;
    fixture_reopen(&f);
}

/* The call fails so, because of what was armed, and leaves nothing; the next one works. */
static void assert_refused(enum keyward_status wanted)
{
    struct stat about;

    assert_status(NULL, keyward_create_master_key_file(path), wanted);
    ck_assert_int_gt(system_stop() + memory_stop(), 0);
    ck_assert_int_eq(lstat(path, &about), -1);
    ck_assert_int_eq(errno, ENOENT);
    assert_status(NULL, keyward_create_master_key_file(path), KEYWARD_OK);
    assert_whole();
}

START_TEST(a_write_that_is_interrupted_goes_on)
{
    system_fail(SYSTEM_WRITE, 1, FAIL_A_FEW, EINTR);
    assert_status(NULL, keyward_create_master_key_file(path), KEYWARD_OK);
    ck_assert_int_gt(system_stop(), 1);
    assert_whole();
}
END_TEST

START_TEST(a_write_that_takes_a_part_goes_on)
{
    system_fail(SYSTEM_WRITE, 1, FAIL_FROM_THEN_ON, SHORT_COUNT);
    assert_status(NULL, keyward_create_master_key_file(path), KEYWARD_OK);
    ck_assert_int_gt(system_stop(), 1);
    assert_whole();
}
END_TEST

static const struct {
    int number;
    enum keyward_status status;
} errors[] = {{EIO, KEYWARD_IO}, {ENOSPC, KEYWARD_FULL}, {EDQUOT, KEYWARD_FULL}};

START_TEST(a_write_that_fails_leaves_no_file)
{
    system_fail(SYSTEM_WRITE, 1, FAIL_FROM_THEN_ON, errors[_i].number);
    assert_refused(errors[_i].status);
}
END_TEST

START_TEST(a_flush_that_fails_leaves_no_file)
{
    system_fail(SYSTEM_FSYNC, 1, FAIL_FROM_THEN_ON, errors[_i].number);
    assert_refused(errors[_i].status);
}
END_TEST

/* The file's own flush comes first. */
START_TEST(a_flush_of_the_folder_that_fails_leaves_no_file)
{
    system_fail(SYSTEM_FSYNC, 2, FAIL_FROM_THEN_ON, errors[_i].number);
    assert_refused(errors[_i].status);
}
END_TEST

/* Where files lie on another machine, closing tells what writing did not. */
START_TEST(a_close_that_fails_leaves_no_file)
{
    system_fail(SYSTEM_CLOSE, 1, FAIL_FROM_THEN_ON, errors[_i].number);
    assert_refused(errors[_i].status);
}
END_TEST

START_TEST(without_guarded_memory_there_is_no_file)
{
    memory_fail(MEMORY_OF_LIBRARY, _i, FAIL_ONCE);
    assert_refused(KEYWARD_NOMEM);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("master_key_file");
    TCase *tests = suite_add_case(suite, "faults", open_fixture, close_fixture);

    tcase_add_test(tests, a_write_that_is_interrupted_goes_on);
    tcase_add_test(tests, a_write_that_takes_a_part_goes_on);
    tcase_add_loop_test(tests, a_write_that_fails_leaves_no_file, 0, COUNT(errors));
    tcase_add_loop_test(tests, a_flush_that_fails_leaves_no_file, 0, COUNT(errors));
    tcase_add_loop_test(tests, a_flush_of_the_folder_that_fails_leaves_no_file, 0, COUNT(errors));
    tcase_add_loop_test(tests, a_close_that_fails_leaves_no_file, 0, COUNT(errors));
    tcase_add_loop_test(tests, without_guarded_memory_there_is_no_file, 1, 3);
    return run_suite(suite);
}
