/* SPDX-License-Identifier: MIT */
/*
 * Under callgrind: counts the instructions of authentications, for each thing that can be wrong
 * with a pair by itself. refusals.sh runs it and compares.
 */
#include "secrets/attempts.h"

#include <stdlib.h>
#include <valgrind/callgrind.h>

#define KEYS 9600 /* more than the cache of a connection holds */
#define WARM 1000
#define COUNTED 700

static void count(const struct attempts *attempts, enum attempt_kind kind)
{
    for (size_t i = 0; i < WARM + COUNTED; i++) {
        if (i == WARM)
            CALLGRIND_ZERO_STATS;
        attempt_run(attempts, kind, attempt_of(attempts, kind, i));
    }
    CALLGRIND_DUMP_STATS_AT(attempt_name(kind));
}

START_TEST(each_kind_by_itself)
{
    struct attempts attempts;

    attempts_open(&attempts, KEYS);
    CALLGRIND_START_INSTRUMENTATION;
    for (int kind = 0; kind < ATTEMPT_KINDS; kind++)
        count(&attempts, (enum attempt_kind)kind);
    CALLGRIND_STOP_INSTRUMENTATION;
    attempts_close(&attempts);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("count_refusals");
    TCase *tests = tcase_create("counts");

    tcase_add_test(tests, each_kind_by_itself);
    tcase_set_timeout(tests, 0);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
