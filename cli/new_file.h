/* SPDX-License-Identifier: MIT */
/* A file that must not exist yet, readable by its owner only: for secrets and exports. */
#ifndef KEYWARD_CLI_NEW_FILE_H
#define KEYWARD_CLI_NEW_FILE_H

#include <keyward/keyward.h>

struct new_file {
    const char *path; /* NULL: none */
    int fd;
};

/* KEYWARD_OK, KEYWARD_EXISTS, or why it cannot be made. `path` NULL: nothing is to be written. */
enum keyward_status new_file_open(struct new_file *file, const char *path);

enum keyward_status new_file_write(struct new_file *file, const char *bytes, size_t length);

/* Brings it to the disk and closes it; with a `status` that is not KEYWARD_OK removes it instead.
 * Returns what came of both. */
enum keyward_status new_file_close(struct new_file *file, enum keyward_status status);

#endif
