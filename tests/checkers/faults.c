/* SPDX-License-Identifier: MIT */
/*
 * A call that meets faults and goes wrong in one way, for the sweep of tests/fault to find.
 *   faults WAY
 */
#include "fault/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *way;
static void *volatile lost;

static bool goes(const char *wrong)
{
    return strcmp(way, wrong) == 0;
}

static enum keyward_status grant(struct work *w)
{
    return keyward_grant(w->f.store, &host, "repo-1", w->name, KEYWARD_READER);
}

static void begin_raw(struct work *w)
{
    static sqlite3 *other;

    sqlite3_open(w->f.path, &other);
    sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL);
}

/* It does these after the fault has met it, as a forgotten line of the library's would. */
static enum keyward_status run_wrong(struct work *w)
{
    enum keyward_status status = grant(w);

    if (status == KEYWARD_OK)
        return status;
    if (goes("leak"))
        lost = malloc(1);
    if (goes("sqlite-leak"))
        lost = sqlite3_malloc(1);
    if (goes("open-file") && dup(STDOUT_FILENO) < 0)
        return KEYWARD_NOMEM;
    if (goes("lock"))
        begin_raw(w);
    if (goes("result"))
        w->deletion.event = 1;
    if (goes("row"))
        sqlite3_exec(w->db, "PRAGMA user_version = 7", NULL, NULL, NULL);
    if (goes("swallowed"))
        return grant(w); /* tried again: a flush that failed becomes a success */
    return goes("code") ? KEYWARD_CORRUPT : status;
}

static void expect_granted(struct work *w)
{
    ck_assert_int_eq(number(w, "SELECT count(*) FROM access WHERE user_id = '%s'", w->name), 1);
}

START_TEST(the_sweep_finds_it)
{
    const struct call call = {"grant",   KEYWARD_OK,     WRITES,          prepare_user,
                              run_wrong, expect_granted, expect_no_result};
    struct tally tally = {0};

    sweep(&call, goes("leak") || goes("sqlite-leak") || goes("open-file") ? &bad_write : &bad_sync,
          FAIL_ONCE, WARM, POINTS_MAX, &tally);
}
END_TEST

int main(int count, char **arguments)
{
    Suite *suite = suite_create("planted faults");
    TCase *tests = tcase_create("planted");

    if (count != 2 || !fault_install())
        return EXIT_FAILURE;
    way = arguments[1];
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_sweep_finds_it);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
