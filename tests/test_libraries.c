/* SPDX-License-Identifier: MIT */
/* The SQLite and the libsodium that a process has loaded may be older, or other, than those that
 * keyward was compiled with: no store opens with them, and none is made. */
#include "support/fixture.h"

#include <errno.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the process has loaded, as it says. */
static struct {
    const char *sqlite;
    int sqlite_number;
    bool has_threads;
    const char *omitted; /* a feature that was left out, or NULL */
    const char *sodium;
    int sodium_major, sodium_minor;
} loaded;

/* ---- the names are the linker's ---- */

int __wrap_sqlite3_libversion_number(void);
const char *__wrap_sqlite3_libversion(void);
int __wrap_sqlite3_threadsafe(void);
int __wrap_sqlite3_compileoption_used(const char *option);
int __wrap_sodium_library_version_major(void);
int __wrap_sodium_library_version_minor(void);
const char *__wrap_sodium_version_string(void);

int __wrap_sqlite3_libversion_number(void)
{
    return loaded.sqlite_number;
}

const char *__wrap_sqlite3_libversion(void)
{
    return loaded.sqlite;
}

int __wrap_sqlite3_threadsafe(void)
{
    return loaded.has_threads;
}

int __wrap_sqlite3_compileoption_used(const char *option)
{
    return loaded.omitted && strcmp(option, loaded.omitted) == 0;
}

int __wrap_sodium_library_version_major(void)
{
    return loaded.sodium_major;
}

int __wrap_sodium_library_version_minor(void)
{
    return loaded.sodium_minor;
}

const char *__wrap_sodium_version_string(void)
{
    return loaded.sodium;
}

/* ---- tests ---- */

static struct fixture f;

/* The oldest that will do: what the header says, in SQLite's numbers. */
static void load_the_oldest(void)
{
    int major, minor, patch;

    ck_assert_int_eq(sscanf(KEYWARD_SQLITE_MIN, "%d.%d.%d", &major, &minor, &patch), 3);
    loaded.sqlite = KEYWARD_SQLITE_MIN;
    loaded.sqlite_number = major * 1000000 + minor * 1000 + patch;
    loaded.has_threads = true;
    loaded.omitted = NULL;
    loaded.sodium = KEYWARD_SODIUM_MIN;
    loaded.sodium_major = 10;
    loaded.sodium_minor = 3;
}

static void open_fixture(void)
{
    load_the_oldest();
    fixture_init(&f);
}

static void close_fixture(void)
{
    load_the_oldest();
    fixture_close(&f);
}

static void assert_refused(const char *message)
{
    assert_status(NULL, keyward_open(&f.store, f.path, &f.options), KEYWARD_WRONG_LIBRARY);
    ck_assert_str_eq(keyward_last_error(NULL)->message, message);
    ck_assert_int_eq(keyward_last_error(NULL)->sqlite_code, 0);
    ck_assert_ptr_null(f.store);
    ck_assert_int_eq(access(f.path, F_OK), -1);
    ck_assert_int_eq(errno, ENOENT);
    load_the_oldest();
    fixture_reopen(&f);
}

START_TEST(a_store_opens_with_the_oldest)
{
    fixture_reopen(&f);
}
END_TEST

START_TEST(a_store_opens_with_a_libsodium_that_counts_anew)
{
    loaded.sodium_major++;
    loaded.sodium_minor = 0;
    fixture_reopen(&f);
}
END_TEST

START_TEST(no_store_opens_with_an_older_sqlite)
{
    loaded.sqlite = "3.36.999";
    loaded.sqlite_number--;
    assert_refused("SQLite 3.36.999 is loaded; 3.37.0 or newer is needed");
}
END_TEST

START_TEST(no_store_opens_with_an_sqlite_without_threads)
{
    loaded.has_threads = false;
    assert_refused("the SQLite that is loaded was compiled with SQLITE_THREADSAFE=0");
}
END_TEST

static const char *const omitted[] = {
    "OMIT_WAL", "OMIT_TRIGGER",    "OMIT_FOREIGN_KEY",    "OMIT_CHECK",
    "OMIT_CTE", "OMIT_WINDOWFUNC", "OMIT_INTEGRITY_CHECK"};

START_TEST(no_store_opens_with_an_sqlite_without_what_its_schema_needs)
{
    char message[128];

    snprintf(message, sizeof message, "the SQLite that is loaded was compiled with SQLITE_%s",
             omitted[_i]);
    loaded.omitted = omitted[_i];
    assert_refused(message);
}
END_TEST

START_TEST(no_store_opens_with_an_older_libsodium)
{
    loaded.sodium = "1.0.17";
    loaded.sodium_minor--;
    assert_refused("libsodium 1.0.17 is loaded; 1.0.18 or newer is needed");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("libraries");
    TCase *tests = suite_add_case(suite, "libraries", open_fixture, close_fixture);

    tcase_add_test(tests, a_store_opens_with_the_oldest);
    tcase_add_test(tests, a_store_opens_with_a_libsodium_that_counts_anew);
    tcase_add_test(tests, no_store_opens_with_an_older_sqlite);
    tcase_add_test(tests, no_store_opens_with_an_sqlite_without_threads);
    tcase_add_loop_test(tests, no_store_opens_with_an_sqlite_without_what_its_schema_needs, 0,
                        sizeof omitted / sizeof *omitted);
    tcase_add_test(tests, no_store_opens_with_an_older_libsodium);
    return run_suite(suite);
}
