/* SPDX-License-Identifier: MIT */
/* The write-ahead log: how long it is, extended ahead of need, appended to in one piece. */
#ifndef KEYWARD_CONNECTION_LOG_H
#define KEYWARD_CONNECTION_LOG_H

#include "connection/connection.h"

/* To be called once. From now on `connection->log_pages` says how many pages the log had after this
 * connection's last commit, and SQLite leaves writing it back to write_back_log(). `flushed`: this
 * connection flushes each commit, so that a log_buffer may collect it. */
void log_watch(struct connection *connection, bool flushed);

/*
 * Makes sure that the next pages overwrite zeros instead of growing the file, for a flush of data
 * alone is nearly twice as fast as one that must also record a new length. To be called inside a
 * write transaction: nobody else writes to the log then. A failure is none: the log grows as it
 * would.
 *
 * The file's size is remembered, not asked for at each commit: a Linux since 6.13 writes the exact
 * time of a change to a file that was looked at since the last one, which costs the next flush
 * another write.
 */
void log_extend(struct connection *connection);

#endif
