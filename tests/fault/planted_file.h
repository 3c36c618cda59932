/* SPDX-License-Identifier: MIT */
/*
 * A file of SQLite's that a test has planted: no bytes stand behind it, it takes down what is asked
 * of it, and does as it is told.
 *
 *     struct planted_file file;
 *     planted_file_init(&file);
 *     sqlite_show_file(&file.base);
 *     ...
 *     ck_assert_str_eq(planted_file_told(&file), "size, write 2048 at 0, ");
 */
#ifndef KEYWARD_TESTS_FAULT_PLANTED_FILE_H
#define KEYWARD_TESTS_FAULT_PLANTED_FILE_H

#include <sqlite3.h>

struct planted_file {
    sqlite3_file base; /* the first member */
    sqlite3_io_methods methods;
    sqlite3_int64 size;
    unsigned char bytes[2048]; /* what reading gives and writing leaves: the last page */
    volatile void *shared;     /* what mapping shared memory gives */
    int read_code, write_code, size_code, sync_code, truncate_code, map_code;
    char told[512];
};

/* Open, empty, of the newest version, and without a fault. */
void planted_file_init(struct planted_file *file);

/* What was asked of it since the last time, in order; until it is asked again. */
const char *planted_file_told(struct planted_file *file);

#endif
