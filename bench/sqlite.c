/* SPDX-License-Identifier: MIT */
#include "sqlite.h"

#include "fail.h"

static void must(sqlite3 *db, int code, const char *what)
{
    if (code != SQLITE_OK)
        die("SQLite: %s: %s", what, db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

sqlite3 *sqlite_open(const char *path, int flags)
{
    sqlite3 *db = NULL;

    must(db, sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL), path);
    sqlite3_busy_timeout(db, 10000);
    return db;
}

void sqlite_close(sqlite3 *db)
{
    must(db, sqlite3_close(db), "close");
}

void sqlite_execute(sqlite3 *db, const char *sql)
{
    must(db, sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

sqlite3_stmt *sqlite_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    must(db, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), sql);
    return statement;
}

int sqlite_row(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);

    if (code != SQLITE_ROW && code != SQLITE_DONE)
        must(sqlite3_db_handle(statement), code, sqlite3_sql(statement));
    return code == SQLITE_ROW;
}

void sqlite_run(sqlite3_stmt *statement)
{
    if (sqlite_row(statement))
        die("SQLite: %s: gives rows", sqlite3_sql(statement));
    must(sqlite3_db_handle(statement), sqlite3_reset(statement), sqlite3_sql(statement));
}

void sqlite_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    must(sqlite3_db_handle(statement), sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC),
         sqlite3_sql(statement));
}

size_t sqlite_count(const char *path, const char *sql)
{
    sqlite3 *db = sqlite_open(path, SQLITE_OPEN_READWRITE);
    sqlite3_stmt *statement = sqlite_prepare(db, sql);
    size_t count;

    if (!sqlite_row(statement))
        die("SQLite: %s: gives no row", sql);
    count = (size_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite_close(db);
    return count;
}
