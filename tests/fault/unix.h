/* SPDX-License-Identifier: MIT */
/*
 * The system calls that SQLite makes, failing on order: below its VFS for Unix, by that VFS's own
 * table of calls, and fsync and fdatasync, which are not in it, by taking their names.
 *
 *     unix_install();                                   once
 *     unix_fail(UNIX_WRITE, 2, FAIL_A_FEW, EINTR);      the second from here on, and some more
 *     status = keyward_delete_key(...);
 *     failed = unix_stop();                             how many calls failed; 0: not reached
 *
 * Flushes that are not to fail are skipped: the suites ask what a failing flush does. One fault at
 * a time; for suites of one thread while one is armed.
 */
#ifndef KEYWARD_TESTS_FAULT_UNIX_H
#define KEYWARD_TESTS_FAULT_UNIX_H

#include "fault/turn.h"

enum unix_call {
    UNIX_OPEN,
    UNIX_READ,
    UNIX_WRITE,
    UNIX_FLUSH,
    UNIX_TRUNCATE,
    UNIX_SIZE, /* fstat */
    UNIX_LOCK, /* fcntl, taking a lock; not giving it back */
    UNIX_MAP
};

/* Puts itself under the VFS; false when SQLite has another one here. */
bool unix_install(void);

/* Fails the `nth` call of a kind (1: the next) with an errno, or SHORT_COUNT. */
void unix_fail(enum unix_call kind, int nth, enum fault_length length, int number);

/* Ends the fault and returns how many calls it failed. */
int unix_stop(void);

/* Calls of its kind since the last unix_fail(), up to unix_stop(). */
int unix_calls(void);

#endif
