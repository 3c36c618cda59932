/* SPDX-License-Identifier: MIT */
#include "connection/log.h"
#include "connection/store_file.h"

#include <sqlite3.h>
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

void log_watch(struct connection *connection)
{
    sqlite3_wal_hook(connection->db, note_length, connection);
}

void log_extend(struct connection *connection)
{
    unsigned char zeros[PIECE];
    sqlite3_file *log = NULL;
    sqlite3_int64 size, end, used = LOG_HEADER + (sqlite3_int64)connection->log_pages * LOG_PAGE;

    if (connection->log_size - used >= AHEAD / 2)
        return;
    if (sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) !=
            SQLITE_OK ||
        !log || !log->pMethods || log->pMethods->xFileSize(log, &size) != SQLITE_OK)
        return;
    connection->log_size = size;
    /* An empty log has no header yet: SQLite writes that one first. */
    if (size < LOG_HEADER || size - used >= AHEAD / 2)
        return;
    memset(zeros, 0, sizeof zeros);
    for (end = size + AHEAD; size < end; size += PIECE) {
        if (log->pMethods->xWrite(log, zeros, PIECE, size) != SQLITE_OK)
            return;
        connection->log_size = size + PIECE;
    }
}

bool log_write_back(struct connection *connection, int *copied)
{
    int pages;

    return sqlite3_wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_PASSIVE, &pages,
                                     copied) == SQLITE_OK;
}
