/* SPDX-License-Identifier: MIT */
/*
 * A disk that fails on order: an SQLite VFS in front of the real one.
 *
 *     vfs_install();                                       once, before any store
 *     vfs_fail(IO_SYNC, 2, FAIL_ONCE, SQLITE_IOERR_FSYNC); the second flush from here on
 *     status = keyward_delete_key(...);
 *     failed = vfs_stop();                                 how many calls failed; 0: not reached
 *
 * A write that fails leaves half of its bytes behind, as a full disk does. Between vfs_stop() and
 * vfs_fail() nothing fails. SQLite's waits for a lock that fails are skipped: the suites are fast.
 * One fault at a time, for all files; for suites of one thread while one is armed, or of several of
 * which only one gets as far as the disk.
 */
#ifndef KEYWARD_TESTS_FAULT_VFS_H
#define KEYWARD_TESTS_FAULT_VFS_H

#include "fault/turn.h"

/* What can fail. */
enum io_kind {
    IO_READ,
    IO_WRITE,
    IO_SYNC,
    IO_TRUNCATE,
    IO_LOCK, /* of the file and of the shared memory; taking one, not giving it back */
    IO_SHM_MAP,
    IO_OPEN,
    IO_FILE_SIZE,
    IO_NOTHING /* but the waits are skipped */
};

/* Makes the VFS the default one. */
void vfs_install(void);

/* Fails the `nth` call of a kind (1: the next) with an SQLite code. */
void vfs_fail(enum io_kind kind, int nth, enum fault_length length, int sqlite_code);

/* Ends the fault and returns how many calls it failed. */
int vfs_stop(void);

/* Calls of its kind since the last vfs_fail(), up to vfs_stop(). */
int vfs_calls(void);

#endif
