/* SPDX-License-Identifier: MIT */
/* The disk in memory as SQLite sees it: locks and shared memory as on a POSIX system, between the
 * handles of this process. */
#ifndef KEYWARD_TESTS_CRASH_VFS_H
#define KEYWARD_TESTS_CRASH_VFS_H

/* Makes the VFS the default one. It always gives SQLite the same random numbers. */
void disk_vfs_install(void);

#endif
