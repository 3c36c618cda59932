/* SPDX-License-Identifier: MIT */
/* keyward_create_master_key_file() where writing, flushing, closing or memory fails: the key is
 * whole and on the disk, or there is no file. */
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

/* Which calls fail from here on, and how. */
static struct {
    int writes_interrupted; /* so many, with EINTR */
    size_t writes_at_most;  /* bytes each; 0: all */
    int write_error, fsync_error, close_error;
    int flushes_before_error; /* that succeed: the file's own comes first, then the folder's */
    int blocks_left;          /* of guarded memory; -1: no limit */
} fault;

/* ---- the names are the linker's ---- */

ssize_t __real_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_close(int fd);
int __wrap_close(int fd);
void *__real_sodium_malloc(size_t size);
void *__wrap_sodium_malloc(size_t size);

ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
    if (fault.writes_interrupted > 0) {
        fault.writes_interrupted--;
        errno = EINTR;
        return -1;
    }
    if (fault.write_error != 0) {
        errno = fault.write_error;
        return -1;
    }
    return __real_write(
        fd, bytes,
        fault.writes_at_most > 0 && length > fault.writes_at_most ? fault.writes_at_most : length);
}

int __wrap_fsync(int fd)
{
    if (fault.fsync_error == 0 || fault.flushes_before_error-- > 0)
        return __real_fsync(fd);
    errno = fault.fsync_error;
    return -1;
}

int __wrap_close(int fd)
{
    int result = __real_close(fd);

    if (fault.close_error == 0)
        return result;
    errno = fault.close_error;
    return -1;
}

void *__wrap_sodium_malloc(size_t size)
{
    if (fault.blocks_left == 0)
        return NULL;
    if (fault.blocks_left > 0)
        fault.blocks_left--;
    return __real_sodium_malloc(size);
}

/* ---- a test ---- */

static void stop(void)
{
    memset(&fault, 0, sizeof fault);
    fault.blocks_left = -1;
}

static void open_fixture(void)
{
    stop();
    fixture_init(&f);
    snprintf(path, sizeof path, "%s/master.key", f.folder);
}

static void close_fixture(void)
{
    stop();
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

/* The call fails so and leaves nothing; the next one works. */
static void assert_refused(enum keyward_status wanted)
{
    struct stat about;

    assert_status(NULL, keyward_create_master_key_file(path), wanted);
    stop();
    ck_assert_int_eq(lstat(path, &about), -1);
    ck_assert_int_eq(errno, ENOENT);
    assert_status(NULL, keyward_create_master_key_file(path), KEYWARD_OK);
    assert_whole();
}

START_TEST(a_write_that_is_interrupted_goes_on)
{
    fault.writes_interrupted = 3;
    assert_status(NULL, keyward_create_master_key_file(path), KEYWARD_OK);
    ck_assert_int_eq(fault.writes_interrupted, 0);
    assert_whole();
}
END_TEST

START_TEST(a_write_that_takes_a_part_goes_on)
{
    fault.writes_at_most = 7;
    assert_status(NULL, keyward_create_master_key_file(path), KEYWARD_OK);
    assert_whole();
}
END_TEST

static const struct {
    int number;
    enum keyward_status status;
} errors[] = {{EIO, KEYWARD_IO}, {ENOSPC, KEYWARD_FULL}, {EDQUOT, KEYWARD_FULL}};

START_TEST(a_write_that_fails_leaves_no_file)
{
    fault.write_error = errors[_i].number;
    assert_refused(errors[_i].status);
}
END_TEST

START_TEST(a_flush_that_fails_leaves_no_file)
{
    fault.fsync_error = errors[_i].number;
    assert_refused(errors[_i].status);
}
END_TEST

START_TEST(a_flush_of_the_folder_that_fails_leaves_no_file)
{
    fault.fsync_error = errors[_i].number;
    fault.flushes_before_error = 1;
    assert_refused(errors[_i].status);
}
END_TEST

/* Where files lie on another machine, closing tells what writing did not. */
START_TEST(a_close_that_fails_leaves_no_file)
{
    fault.close_error = errors[_i].number;
    assert_refused(errors[_i].status);
}
END_TEST

START_TEST(without_guarded_memory_there_is_no_file)
{
    fault.blocks_left = _i;
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
    tcase_add_loop_test(tests, without_guarded_memory_there_is_no_file, 0, 2);
    return run_suite(suite);
}
