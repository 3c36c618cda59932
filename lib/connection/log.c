/* SPDX-License-Identifier: MIT */
#include "connection/log.h"
#include "connection/log_buffer.h"
#include "connection/open_file.h"
#include "connection/store_file.h"

#include <stdlib.h>
#include <string.h>

/* SQLite's WAL format: a header, then pages with a header each. A store to which VACUUM gave other
 * pages is extended less well, and that is all. */
#define LOG_HEADER 32
#define LOG_PAGE (24 + STORE_PAGE_SIZE)

/* How far ahead of need it is extended, in pieces: SQLite's own write takes no more than 128 KiB.
 */
#define PIECE 16384
#define AHEAD ((sqlite3_int64)16 * PIECE)

static int note_length(void *context, sqlite3 *db, const char *name, int pages)
{
    struct connection *connection = context;

    (void)db;
    (void)name;
    if (pages < connection->log_pages) /* begun anew, and perhaps cut off before */
        connection->log_size = 0;
    connection->log_pages = pages;
    return SQLITE_OK;
}

/* What a transaction meant to append must not be written after it: the place is another's then. */
static void forget_rest(void *buffer)
{
    ((struct log_buffer *)buffer)->length = 0;
}

void log_watch(struct connection *connection, bool flushed)
{
    sqlite3_wal_hook(connection->db, note_length, connection);
    if (flushed)
        connection->log_buffer = calloc(1, sizeof *connection->log_buffer);
    if (connection->log_buffer) { /* without memory for it, it is written as SQLite does */
        sqlite3_rollback_hook(connection->db, forget_rest, connection->log_buffer);
        log_buffer_put(connection->log_buffer, open_log_of(connection));
    }
}

void log_extend(struct connection *connection)
{
    unsigned char zeros[PIECE];
    sqlite3_file *log;
    const sqlite3_io_methods *methods;
    sqlite3_int64 size, end, used = LOG_HEADER + (sqlite3_int64)connection->log_pages * LOG_PAGE;

    if (connection->log_size - used >= AHEAD / 2)
        return;
    log = open_log_of(connection);
    if (!log || log->pMethods->xFileSize(log, &size) != SQLITE_OK)
        return;
    connection->log_size = size;
    /* An empty log has no header yet: SQLite writes that one first. */
    if (size < LOG_HEADER || size - used >= AHEAD / 2)
        return;
    methods = log_buffer_methods(log); /* what fails here must not fail the commit */
    memset(zeros, 0, sizeof zeros);
    for (end = size + AHEAD; size < end; size += PIECE) {
        if (methods->xWrite(log, zeros, PIECE, size) != SQLITE_OK)
            return;
        connection->log_size = size + PIECE;
    }
}
