/* SPDX-License-Identifier: MIT */
/*
 * Writes the log back into the file, in portions: each is flushed before the next is written. A
 * disk that was given the whole at once would make every commit wait until it has swallowed it.
 *
 * What a page does not use any more is zeroed on the way (page.h), so that the file never has what
 * was destroyed in the page's cells.
 */
#ifndef KEYWARD_CONNECTION_WRITE_BACK_H
#define KEYWARD_CONNECTION_WRITE_BACK_H

#include "connection/connection.h"

/* Stands before the connection's file from now on, whoever asks SQLite to write back; on close it
 * does so by itself. False: no memory. */
bool write_back_watch(struct connection *connection);

/* To be called before SQLite writes back by itself: when it closes the connection. */
void write_back_prepare(struct connection *connection, bool in_portions);

/* Copies what it can from the log into the file and flushes that, in portions or at once, without
 * waiting for anybody and without making anybody wait. `*copied` is how many of the log's pages are
 * in the file then: when that is all of them, the next writer begins the log anew. */
bool write_back_log(struct connection *connection, bool in_portions, int *copied);

/* Copies all of the log into the file and cuts it to nothing, waiting for others as a statement of
 * the connection does. False when somebody still needs it. */
bool write_back_and_empty_log(struct connection *connection);

#endif
