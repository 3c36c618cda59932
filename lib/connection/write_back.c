/* SPDX-License-Identifier: MIT */
#include "connection/write_back.h"
#include "connection/file_hook.h"

#include <stdlib.h>

#define PORTION (256 * 1024)

struct write_back {
    struct file_hook hook; /* the first member */
    bool in_portions;
    int unflushed; /* bytes */
};

static int write_page(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at)
{
    struct write_back *state = (struct write_back *)file_hook_of(file);
    int code = state->hook.real->xWrite(file, bytes, length, at);

    if (code != SQLITE_OK || !state->in_portions)
        return code;
    state->unflushed += length;
    if (state->unflushed < PORTION)
        return SQLITE_OK;
    state->unflushed = 0;
    return state->hook.real->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

/* Without memory for it, the file is written as SQLite does. */
static void divide(struct connection *connection, bool in_portions)
{
    sqlite3_file *file = NULL;

    if (!connection->write_back)
        connection->write_back = calloc(1, sizeof *connection->write_back);
    sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (!connection->write_back)
        return;
    if (file_hook_put(&connection->write_back->hook, file))
        connection->write_back->hook.methods.xWrite = write_page;
    connection->write_back->in_portions = in_portions;
    connection->write_back->unflushed = 0;
}

bool write_back_log(struct connection *connection, bool in_portions, int *copied)
{
    int pages;

    divide(connection, in_portions);
    return sqlite3_wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_PASSIVE, &pages,
                                     copied) == SQLITE_OK;
}

bool write_back_and_empty_log(struct connection *connection)
{
    return sqlite3_wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                     NULL) == SQLITE_OK;
}
