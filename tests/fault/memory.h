/* SPDX-License-Identifier: MIT */
/*
 * A memory that runs out on order: SQLite's, by its own configuration, and the library's, by the
 * linker (--wrap of malloc, calloc, strdup, sodium_malloc and sodium_allocarray).
 *
 *     memory_install();                  once, before any use of SQLite
 *     memory_fail(MEMORY_OF_SQLITE, 3, FAIL_ONCE);
 *     status = keyward_delete_key(...);
 *     failed = memory_stop();            how many allocations failed; 0: not reached
 *
 * One fault at a time; for suites of one thread.
 */
#ifndef KEYWARD_TESTS_FAULT_MEMORY_H
#define KEYWARD_TESTS_FAULT_MEMORY_H

#include "fault/vfs.h"

enum memory_kind { MEMORY_OF_SQLITE, MEMORY_OF_LIBRARY };

/* Also switches SQLite's lookaside buffers off, so that each of its allocations is one of these.
 * False when SQLite does not take it. */
bool memory_install(void);

/* Fails the `nth` allocation from here on (1: the next). */
void memory_fail(enum memory_kind kind, int nth, enum fault_length length);

/* Ends the fault and returns how many allocations it failed. */
int memory_stop(void);

/* Allocations since the last memory_fail(), up to memory_stop(). */
int memory_calls(void);

#endif
