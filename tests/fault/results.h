/* SPDX-License-Identifier: MIT */
/*
 * Results that find no memory, on order. Most pieces of a result lie in memory that it has already,
 * so that few of them can be failed by what allocates; here any can be. The linker leads
 * result_alloc(), result_copy() and result_keep() here (fault.cmake has the list).
 *
 *     results_fail(3);             the third piece from here on
 *     status = keyward_list_keys(...);
 *     failed = results_stop();     0: not reached
 *
 * For suites of one thread.
 */
#ifndef KEYWARD_TESTS_FAULT_RESULTS_H
#define KEYWARD_TESTS_FAULT_RESULTS_H

/* Fails the `nth` piece from here on (1: the next). */
void results_fail(int nth);

/* Ends the fault and returns how many pieces it failed. */
int results_stop(void);

#endif
