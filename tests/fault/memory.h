/* SPDX-License-Identifier: MIT */
/*
 * A memory that runs out on order: SQLite's, by its own configuration, and the library's, by the
 * linker, which leads what fault.cmake calls `keyward_memory_calls` here.
 *
 *     memory_install();                  once, before any use of SQLite
 *     memory_fail(MEMORY_OF_SQLITE, 3, FAIL_ONCE);
 *     status = keyward_delete_key(...);
 *     failed = memory_stop();            how many allocations failed; 0: not reached
 *
 * One fault at a time; for suites of one thread while one is armed.
 */
#ifndef KEYWARD_TESTS_FAULT_MEMORY_H
#define KEYWARD_TESTS_FAULT_MEMORY_H

#include "fault/turn.h"

enum memory_kind { MEMORY_OF_SQLITE, MEMORY_OF_LIBRARY, MEMORY_KINDS };

/* Also switches SQLite's lookaside buffers off, so that each of its allocations is one of these.
 * False when SQLite does not take it. */
bool memory_install(void);

/* Fails the `nth` allocation from here on (1: the next). */
void memory_fail(enum memory_kind kind, int nth, enum fault_length length);

/* Ends the fault and returns how many allocations it failed. */
int memory_stop(void);

/* Allocations since the last memory_fail(), up to memory_stop(). */
int memory_calls(void);

/* Blocks that were allocated and not freed, by the test as well as by the library: what a call
 * that has failed leaves behind is the difference. */
int memory_blocks(enum memory_kind kind);

#endif
