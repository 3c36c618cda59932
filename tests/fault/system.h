/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail on order: those by which the library itself, and not SQLite, reads, makes,
 * names and flushes files. The linker leads what fault.cmake calls `keyward_system_calls` here.
 *
 *     system_fail(SYSTEM_FSYNC, 2, FAIL_ONCE, EIO);   the second from here on
 *     status = keyward_backup(...);
 *     failed = system_stop();                         how many calls failed; 0: not reached
 *
 * Several kinds may be armed at once; for suites of one thread while one is.
 */
#ifndef KEYWARD_TESTS_FAULT_SYSTEM_H
#define KEYWARD_TESTS_FAULT_SYSTEM_H

#include "fault/turn.h"

#include <stdio.h>

enum system_call {
    SYSTEM_OPEN,
    SYSTEM_READ,
    SYSTEM_WRITE,
    SYSTEM_FSYNC,
    SYSTEM_CLOSE, /* the file is closed, and yet it fails */
    SYSTEM_STAT,
    SYSTEM_MKNOD,
    SYSTEM_RENAMEAT2,
    SYSTEM_LINK,
    SYSTEM_RENAME,
    SYSTEM_MMAP,
    SYSTEM_CALLS
};

/* How the library names a file first, where it must not overwrite another: musl 1.2.3 has no
 * renameat2. */
#ifdef RENAME_NOREPLACE
#define SYSTEM_NAMING SYSTEM_RENAMEAT2
#else
#define SYSTEM_NAMING SYSTEM_LINK
#endif

/* In place of an errno: it succeeds with half of the bytes. */
#define SHORT_COUNT (-1)

/* Fails the `nth` call of a kind (1: the next) with an errno. */
void system_fail(enum system_call kind, int nth, enum fault_length length, int number);

/* Ends all faults and returns how many calls they failed. */
int system_stop(void);

#endif
