/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FOLDER_H
#define BENCH_FOLDER_H

#include <stddef.h>

#define PATH_SIZE 1024

/* Makes the run's own folder below `parent`; it goes when the program ends. */
void folder_make(const char *parent);
const char *folder_path(void);

/* A path in it. */
void folder_file(const char *name, char path[PATH_SIZE]);

/* Copies a closed SQLite file and flushes the copy, so that its writing back disturbs nothing. */
void folder_copy(const char *from, const char *to);
void folder_flush(const char *path);

/* Removes a SQLite file with what lies beside it. */
void folder_remove_store(const char *path);
/* Removes a folder with all it contains. */
void folder_remove(const char *path);

size_t folder_size_of(const char *path);

#endif
