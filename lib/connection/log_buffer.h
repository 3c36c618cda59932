/* SPDX-License-Identifier: MIT */
/*
 * Collects what a commit appends to the write-ahead log, and writes it at once when it is to be
 * flushed: SQLite writes each page and each page's header by themselves.
 *
 * Only for a connection that flushes each commit, for SQLite shows a page in the log to others only
 * after that flush.
 */
#ifndef KEYWARD_CONNECTION_LOG_BUFFER_H
#define KEYWARD_CONNECTION_LOG_BUFFER_H

#include "connection/file_hook.h"

/* SQLite's own write takes less than 128 KiB at once. */
#define LOG_BUFFER_BYTES 65536

struct log_buffer {
    struct file_hook hook;
    sqlite3_int64 at; /* where in the file it begins */
    int length;
    unsigned char bytes[LOG_BUFFER_BYTES];
};

/* Puts the buffer before the log, unless it is there. */
void log_buffer_put(struct log_buffer *buffer, sqlite3_file *log);

/* The methods behind the buffer, if there is one. */
const sqlite3_io_methods *log_buffer_methods(sqlite3_file *log);

#endif
