/* SPDX-License-Identifier: MIT */
/* New files beside the store's own: made private, named without overwriting, and on the disk. */
#ifndef KEYWARD_BASE_FILE_H
#define KEYWARD_BASE_FILE_H

#include "base/error.h"

/* What an errno from opening or writing a file means to the caller. */
enum keyward_status file_status(int number);

/* Records that the file cannot be written, by errno, and returns the status. */
enum keyward_status file_failed(struct error *error, const char *path);

/* Opens a file that is there, however often a signal interrupts it; -1 with errno. */
int file_open(const char *path, int flags);

/* A descriptor for writing to a new file of mode 0600; -1 with errno, EEXIST for one that is there.
 */
int file_create(const char *path);

/* Gives the file another name in the same folder. False with errno, EEXIST when there is such a
 * name: nothing is ever overwritten. */
bool file_rename(const char *from, const char *to);

/* Flushes the file to the disk; false with errno. It must be open nowhere else in this process:
 * closing a descriptor drops the locks that SQLite has on the same file (fcntl's rule). */
bool file_flush(const char *path);

/* Flushes the folder of the file: a new name is on the disk only then. */
bool file_flush_folder(const char *path);

#endif
