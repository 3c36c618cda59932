/* SPDX-License-Identifier: MIT */
/*
 * An SQLite that fails on order: its functions, as the library calls them. So each failure can be
 * had that a function may return, also where no disk and no memory brings it about in a test. The
 * linker leads the functions here (fault.cmake has the list).
 *
 *     sqlite_fail(3, FAIL_ONCE, SQLITE_IOERR);   the third call from here on
 *     status = database_write(...);
 *     failed = sqlite_stop();                    how many calls failed; 0: not reached
 *
 * What fails is not done. One fault at a time; for suites of one thread while one is armed.
 */
#ifndef KEYWARD_TESTS_FAULT_SQLITE_H
#define KEYWARD_TESTS_FAULT_SQLITE_H

#include "fault/vfs.h"

#include <sqlite3.h>

/* Fails the `nth` call from here on (1: the next), whichever of the functions it is of. */
void sqlite_fail(int nth, enum fault_length length, int code);

/* The same, counting only calls of the function of this name, without its "sqlite3_". */
void sqlite_fail_only(const char *function, int nth, enum fault_length length, int code);

/* Ends the fault and returns how many calls it failed. */
int sqlite_stop(void);

/* The function of the first call that failed; "none". */
const char *sqlite_failed(void);

/* Runs `act` once, before the next statement whose text begins so is run: what another process may
 * do at that moment. */
void sqlite_before(const char *text, void (*act)(void *context), void *context);

/* From now on SQLite shows this file for any that it has open; NULL: the real one again. */
void sqlite_show_file(sqlite3_file *file);

#endif
