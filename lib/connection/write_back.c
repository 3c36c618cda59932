/* SPDX-License-Identifier: MIT */
#include "connection/write_back.h"
#include "connection/file_hook.h"
#include "connection/open_file.h"
#include "connection/page.h"
#include "connection/store_file.h"

#include <stdlib.h>
#include <string.h>

#define PORTION (256 * 1024)
#define CLEANED_UP_TO ((sqlite3_int64)1 << 35) /* bytes: half of what page_clean() is for */

struct write_back {
    struct file_hook hook; /* the first member */
    bool in_portions;
    bool cleans;   /* the file is not too large for that */
    int unflushed; /* bytes */
};

static int write_page(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at)
{
    struct write_back *state = (struct write_back *)file_hook_of(file);
    unsigned char page[STORE_PAGE_SIZE];
    int code;

    if (state->cleans && length == STORE_PAGE_SIZE) {
        memcpy(page, bytes, sizeof page);
        page_clean(page, sizeof page, at == 0);
        bytes = page;
    }
    code = state->hook.real->xWrite(file, bytes, length, at);
    if (code != SQLITE_OK || !state->in_portions)
        return code;
    state->unflushed += length;
    if (state->unflushed < PORTION)
        return SQLITE_OK;
    state->unflushed = 0;
    return state->hook.real->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

/* The size is asked for once: a file that was looked at costs its next flush another write. */
void write_back_prepare(struct connection *connection, bool in_portions)
{
    struct write_back *state = connection->write_back;
    sqlite3_file *file = open_file_of(connection);
    sqlite3_int64 size;

    state->in_portions = in_portions;
    state->unflushed = 0;
    state->cleans =
        file && file->pMethods->xFileSize(file, &size) == SQLITE_OK && size < CLEANED_UP_TO;
}

bool write_back_watch(struct connection *connection)
{
    connection->write_back = calloc(1, sizeof *connection->write_back);
    if (!connection->write_back)
        return false;
    if (file_hook_put(&connection->write_back->hook, open_file_of(connection)))
        connection->write_back->hook.methods.xWrite = write_page;
    return true;
}

bool write_back_log(struct connection *connection, bool in_portions, int *copied)
{
    int pages;

    write_back_prepare(connection, in_portions);
    return sqlite3_wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_PASSIVE, &pages,
                                     copied) == SQLITE_OK;
}

bool write_back_and_empty_log(struct connection *connection)
{
    write_back_prepare(connection, false);
    return sqlite3_wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                     NULL) == SQLITE_OK;
}
