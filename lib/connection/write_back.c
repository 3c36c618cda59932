/* SPDX-License-Identifier: MIT */
#include "connection/write_back.h"

#define PORTION (256 * 1024)

static int write_page(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at)
{
    struct write_back *state = (struct write_back *)file_hook_of(file);
    int code = state->hook.real->xWrite(file, bytes, length, at);

    state->unflushed += length;
    if (code != SQLITE_OK || state->unflushed < PORTION)
        return code;
    state->unflushed = 0;
    return state->hook.real->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

bool write_back_log(struct write_back *state, struct connection *connection, int *copied)
{
    sqlite3_file *file = NULL;
    int pages;

    sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file_hook_put(&state->hook, file))
        state->hook.methods.xWrite = write_page;
    state->unflushed = 0;
    return sqlite3_wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_PASSIVE, &pages,
                                     copied) == SQLITE_OK;
}
