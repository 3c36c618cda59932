/* SPDX-License-Identifier: MIT */
/*
 * Copies the pages of a connection's database into another file, a portion at a time.
 *
 *     status = backup_begin(&backup, connection, path);
 *     while (status == KEYWARD_OK && backup.left != 0)
 *         status = backup_copy(&backup, 256);
 *     backup_end(&backup);
 *
 * The connection must be in a read transaction from before the first portion to behind the last:
 * while its snapshot stands, the copy never begins anew, whatever others write.
 */
#ifndef KEYWARD_CONNECTION_BACKUP_H
#define KEYWARD_CONNECTION_BACKUP_H

#include "connection/connection.h"

struct sqlite3_backup;

struct backup {
    struct connection *source; /* whose error record tells of every failure */
    struct sqlite3 *target;
    struct sqlite3_backup *copy;
    int left; /* pages to be copied, unknown but not 0 before the first portion */
};

/* `path` is an empty file, to be thrown away after a failure. What is begun is ended in any case.
 */
enum keyward_status backup_begin(struct backup *backup, struct connection *source,
                                 const char *path);

/* Copies up to so many pages. With the last ones the file is complete and flushed. */
enum keyward_status backup_copy(struct backup *backup, int pages);

void backup_end(struct backup *backup);

#endif
