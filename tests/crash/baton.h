/* SPDX-License-Identifier: MIT */
/*
 * Threads of which one runs at a time, in an order that follows from a seed alone, so that a run
 * that went wrong can be had again. Who runs has the baton. He may hand it on wherever the disk is
 * called, and does where he would sleep or spin: the linker leads doorbell_wait(), nanosleep() and
 * sched_yield() here, and clock_gettime() and error_place(), since neither the time nor where a
 * thread's memory lies may differ from run to run.
 *
 * That the library's threads really run at once, and without a race, other suites see to.
 */
#ifndef KEYWARD_TESTS_CRASH_BATON_H
#define KEYWARD_TESTS_CRASH_BATON_H

#include <stdint.h>

enum { BATON_THREADS = 16 };

/* Runs so many threads, each with its number from 0, and waits for all of them. */
void baton_run(int count, void (*work)(void *context, int number), void *context, uint64_t seed);

/* Hands the baton on, perhaps. For a thread of no run these do nothing. */
void baton_offer(void);

/* Hands it on to one of the others, if there are any. */
void baton_pass(void);

#endif
