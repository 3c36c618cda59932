/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SQLITE_H
#define BENCH_SQLITE_H

#include <sqlite3.h>
#include <stddef.h>

/* SQLite, where every failure ends the run. */
sqlite3 *sqlite_open(const char *path, int flags);
void sqlite_close(sqlite3 *db);
void sqlite_execute(sqlite3 *db, const char *sql);
sqlite3_stmt *sqlite_prepare(sqlite3 *db, const char *sql);
/* Runs a statement that gives no rows, and resets it. */
void sqlite_run(sqlite3_stmt *statement);
/* Whether there is a row; the caller resets. */
int sqlite_row(sqlite3_stmt *statement);
void sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text);
/* The number that one SELECT gives. */
size_t sqlite_count(const char *path, const char *sql);

#endif
