/* SPDX-License-Identifier: MIT */
/* The file of a store before its schema: made private, told from other files, marked as ours. */
#ifndef KEYWARD_CONNECTION_STORE_FILE_H
#define KEYWARD_CONNECTION_STORE_FILE_H

#include "connection/connection.h"

/* A deletion changes one row: a small page has less of the rest written with it, to the log and to
 * the file. */
#define STORE_PAGE_SIZE 2048

/* "kwrd": stands in the header of each store. */
#define STORE_APPLICATION_ID 0x6B777264

/* The name to give to SQLite, which must not take "file:..." for a URI; malloc'd, NULL for no
 * memory. */
char *store_file_name(const char *path);

/* Makes an empty file that only its owner can read, if there is none. */
enum keyward_status store_file_create(const char *path, struct error *error);

/* Records what an errno from opening the path means to the caller. */
enum keyward_status store_file_failed(int number, const char *path, struct error *error);

/* KEYWARD_NOT_A_STORE unless the file is empty or carries our mark; KEYWARD_READ_ONLY when it
 * cannot be written. Reads the header without a lock and changes nothing. */
enum keyward_status store_file_recognise(struct connection *connection, const char *path);

/* Flushes the folder of the file and its log: SQLite makes nothing of it when that fails, and what
 * is committed to a log whose name is not on the disk is lost with the power. */
enum keyward_status store_file_flush_folder(struct connection *connection);

/* Marks an empty file as a store and switches it to the write-ahead log, both once for all. */
enum keyward_status store_file_mark(struct connection *connection, int busy_timeout_ms);

#endif
