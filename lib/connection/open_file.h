/* SPDX-License-Identifier: MIT */
/* The files that a connection's SQLite has open. Their struct and their methods are public
 * (sqlite3_file, sqlite3_io_methods). */
#ifndef KEYWARD_CONNECTION_OPEN_FILE_H
#define KEYWARD_CONNECTION_OPEN_FILE_H

#include "connection/connection.h"

#include <sqlite3.h>

/* The store's file; NULL for a database in memory. */
sqlite3_file *open_file_of(struct connection *connection);

/* Its write-ahead log; NULL while there is none. */
sqlite3_file *open_log_of(struct connection *connection);

#endif
