/* SPDX-License-Identifier: MIT */
/* What each function does when a system call under SQLite, or one of the library's own, is
 * interrupted, cut short or fails: the first two nobody notices, but for a flush. */
#include "fault/sweep.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TRIED 2
#else
#define TRIED 3
#endif

/* One start and one length for each fault, in turn, where not every point is wanted. */
static void provoke_some_ways(int index, const struct fault *fault, int turn)
{
    const struct call *call = call_at((size_t)index);
    const enum fault_length lengths[] = {
        FAIL_ONCE, FAIL_A_FEW, fault->status == KEYWARD_OK ? FAIL_A_FEW : FAIL_FROM_THEN_ON};
    struct tally tally = {0};

    for (int way = 0; way < (every_point() ? 6 : 1); way++) {
        int chosen = every_point() ? way : turn % 6;
        sweep(call, fault, lengths[chosen % 3], chosen / 3 ? COLD : WARM, TRIED, &tally);
    }
    if (fault->status == KEYWARD_OK || call->traits & NEVER_FAILS)
        ck_assert_int_eq(tally.failed, 0);
    assert_hit(call->name, fault, &tally, 0);
}

START_TEST(a_system_call_of_sqlite_that_fails_changes_nothing)
{
    int turn = _i;

    if (call_at((size_t)_i)->traits & NEEDS_NO_DISK)
        return;
    for (const struct fault *fault = kernel_faults; fault->name; fault++, turn++)
        provoke_some_ways(_i, fault, turn);
}
END_TEST

START_TEST(a_system_call_of_its_own_that_fails_changes_nothing)
{
    int turn = 0;

    if (!(call_at((size_t)_i)->traits & OWN_FILES))
        return;
    for (const struct fault *fault = own_faults; fault->name; fault++, turn++) {
        provoke_some_ways(_i, fault, turn);
        provoke_some_ways(_i, fault, turn + 4); /* of another length and start */
    }
}
END_TEST

static Suite *system_suite(void)
{
    Suite *suite = suite_create("faults_system");
    TCase *system = tcase_create("system");

    tcase_add_loop_test(system, a_system_call_of_sqlite_that_fails_changes_nothing, 0,
                        (int)call_count());
    tcase_add_loop_test(system, a_system_call_of_its_own_that_fails_changes_nothing, 0,
                        (int)call_count());
    suite_add_tcase(suite, system);
    return suite;
}

int main(void)
{
    if (!fault_install())
        return EXIT_FAILURE;
    return run_suite(system_suite());
}
