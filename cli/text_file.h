/* SPDX-License-Identifier: MIT */
/* What was kept of a log or handed out by it, as text in a file: a checkpoint, a proof, an event.
 */
#ifndef KEYWARD_CLI_TEXT_FILE_H
#define KEYWARD_CLI_TEXT_FILE_H

#include <keyward/keyward.h>

struct text_file {
    const char *path;
    char *bytes; /* with a NUL behind them; NULL: there is no such file */
    size_t length;
};

/* Reads it whole. `path` NULL: there is none, and nothing is read. A file that is empty, has a NUL,
 * or is longer than KEYWARD_RECEIPT_MAX and a line end is KEYWARD_UNPROVEN. To be freed in any
 * case.
 */
enum keyward_status text_file_read(struct text_file *file, const char *path);
void text_file_free(struct text_file *file);

#endif
