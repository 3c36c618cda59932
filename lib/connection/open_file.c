/* SPDX-License-Identifier: MIT */
#include "connection/open_file.h"

static sqlite3_file *opened(struct connection *connection, int which)
{
    sqlite3_file *file = NULL;

    sqlite3_file_control(connection->db, "main", which, &file);
    return file && file->pMethods ? file : NULL;
}

sqlite3_file *open_file_of(struct connection *connection)
{
    return opened(connection, SQLITE_FCNTL_FILE_POINTER);
}

sqlite3_file *open_log_of(struct connection *connection)
{
    return opened(connection, SQLITE_FCNTL_JOURNAL_POINTER);
}
