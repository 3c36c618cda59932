/* SPDX-License-Identifier: MIT */
#include "connection/write_back.h"
#include "connection/file_hook.h"
#include "connection/page.h"
#include "connection/store_file.h"

#include <stdlib.h>
#include <string.h>

#define PORTION (256 * 1024)
#define CLEANED_UP_TO ((sqlite3_int64)1 << 35) /* bytes: half of what page_clean() is for */

struct write_back {
    struct file_hook hook; /* the first member */
    bool in_portions;
    int unflushed; /* bytes */
};

/* Only what is a page of ours, in a file that is not too large. */
static bool may_be_cleaned(const struct write_back *state, sqlite3_file *file, int length)
{
    sqlite3_int64 size;

    return length == STORE_PAGE_SIZE && state->hook.real->xFileSize(file, &size) == SQLITE_OK &&
           size < CLEANED_UP_TO;
}

static int write_page(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at)
{
    struct write_back *state = (struct write_back *)file_hook_of(file);
    unsigned char page[STORE_PAGE_SIZE];
    int code;

    if (may_be_cleaned(state, file, length)) {
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

bool write_back_watch(struct connection *connection)
{
    sqlite3_file *file = NULL;

    connection->write_back = calloc(1, sizeof *connection->write_back);
    if (!connection->write_back)
        return false;
    sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file_hook_put(&connection->write_back->hook, file))
        connection->write_back->hook.methods.xWrite = write_page;
    return true;
}

bool write_back_log(struct connection *connection, bool in_portions, int *copied)
{
    int pages;

    connection->write_back->in_portions = in_portions;
    connection->write_back->unflushed = 0;
    return sqlite3_wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_PASSIVE, &pages,
                                     copied) == SQLITE_OK;
}

bool write_back_and_empty_log(struct connection *connection)
{
    connection->write_back->in_portions = false;
    return sqlite3_wal_checkpoint_v2(connection->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                     NULL) == SQLITE_OK;
}
