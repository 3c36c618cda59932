/* SPDX-License-Identifier: MIT */
/* Threads that start at once, and processes. A worker does not assert: it returns what went wrong,
 * and whoever started it asserts. */
#ifndef KEYWARD_TESTS_CREW_H
#define KEYWARD_TESTS_CREW_H

#include <stdbool.h>

/* What a worker has to tell; 0 for what he was asked to do. */
typedef int (*worker)(void *context, int number);

/* Runs so many threads, 64 at most, each with its number from 0, and waits for all; `results` gets
 * what they return and may be NULL: then all must return 0. */
void run_crew(int count, worker work, void *context, int *results);

/* Runs a worker in a process of its own and returns what it returns there (0 to 255). No call of
 * the library may be running. */
int run_process(worker work, void *context);

#endif
