/* SPDX-License-Identifier: MIT */
/*
 * Stands between SQLite and one file that it has open: some of the file's methods are replaced, the
 * others stay.
 */
#ifndef KEYWARD_CONNECTION_FILE_HOOK_H
#define KEYWARD_CONNECTION_FILE_HOOK_H

#include <sqlite3.h>
#include <stdbool.h>

struct file_hook {
    sqlite3_io_methods methods; /* the first member: the file's pMethods points to it */
    const sqlite3_io_methods *real;
    struct file_hook *self; /* the file's pMethods is const */
};

/* Puts the hook on an open file with the file's own methods, for the caller to replace some. False
 * when it is there already, or the file is too old for it, or there is none (NULL). The hook must
 * outlive the file. */
bool file_hook_put(struct file_hook *hook, sqlite3_file *file);

/* Inside a replaced method: the file's hook, and with it the struct of which it is the first
 * member. */
struct file_hook *file_hook_of(sqlite3_file *file);

#endif
