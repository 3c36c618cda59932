/* SPDX-License-Identifier: MIT */
#include "connection/statement.h"
#include "base/result.h"

#include <sqlite3.h>

static void note_code(struct statement *statement, int code)
{
    if (code != SQLITE_OK)
        statement->status = connection_failed(statement->connection, code);
}

struct statement statement_begin(struct connection *connection, const struct query *query)
{
    struct statement statement = {.connection = connection, .status = KEYWARD_OK};
    struct sqlite3_stmt **slot = &connection->statements[query->slot];

    if (!*slot)
        note_code(&statement, sqlite3_prepare_v3(connection->db, query->sql, -1,
                                                 SQLITE_PREPARE_PERSISTENT, slot, NULL));
    statement.prepared = *slot;
    return statement;
}

enum keyward_status statement_prepare(struct connection *connection, const struct query *query)
{
    return statement_begin(connection, query).status;
}

void statement_bind_text(struct statement *statement, const char *text)
{
    if (statement->status == KEYWARD_OK)
        note_code(statement, sqlite3_bind_text(statement->prepared, ++statement->bound, text, -1,
                                               SQLITE_STATIC));
}

void statement_bind_number(struct statement *statement, int64_t number)
{
    if (statement->status == KEYWARD_OK)
        note_code(statement, sqlite3_bind_int64(statement->prepared, ++statement->bound, number));
}

void statement_bind_optional(struct statement *statement, int64_t number)
{
    if (number != 0)
        statement_bind_number(statement, number);
    else
        statement_bind_text(statement, NULL);
}

void statement_bind_blob(struct statement *statement, const void *bytes, size_t length)
{
    if (statement->status == KEYWARD_OK)
        note_code(statement, sqlite3_bind_blob64(statement->prepared, ++statement->bound, bytes,
                                                 length, SQLITE_STATIC));
}

bool statement_row(struct statement *statement)
{
    int code;

    if (statement->status != KEYWARD_OK)
        return false;
    code = sqlite3_step(statement->prepared);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        note_code(statement, code);
    return code == SQLITE_ROW;
}

const char *statement_text(const struct statement *statement, int column)
{
    return (const char *)sqlite3_column_text(statement->prepared, column);
}

int64_t statement_number(const struct statement *statement, int column)
{
    return sqlite3_column_int64(statement->prepared, column);
}

bool statement_is_null(const struct statement *statement, int column)
{
    return sqlite3_column_type(statement->prepared, column) == SQLITE_NULL;
}

const void *statement_blob(const struct statement *statement, int column)
{
    return sqlite3_column_blob(statement->prepared, column);
}

size_t statement_length(const struct statement *statement, int column)
{
    return (size_t)sqlite3_column_bytes(statement->prepared, column);
}

bool statement_copy_text(const struct statement *statement, int column, void *result,
                         const char **copy)
{
    const char *text = statement_text(statement, column);

    *copy = result_copy(result, text, statement_length(statement, column));
    return *copy || !text;
}

enum keyward_status statement_end(struct statement *statement)
{
    if (statement->prepared) {
        int code = sqlite3_reset(statement->prepared);
        if (statement->status == KEYWARD_OK) /* else it is what the step has had */
            note_code(statement, code);      /* or a column that found no memory */
        sqlite3_clear_bindings(statement->prepared);
    }
    return statement->status;
}

enum keyward_status statement_run(struct statement *statement)
{
    statement_row(statement);
    return statement_end(statement);
}

enum keyward_status statement_run_on_one_row(struct statement *statement)
{
    statement_row(statement);
    if (statement->status == KEYWARD_OK && sqlite3_changes(statement->connection->db) != 1)
        note_code(statement, SQLITE_CORRUPT);
    return statement_end(statement);
}

enum keyward_status statement_execute(struct connection *connection, const struct query *query)
{
    struct statement statement = statement_begin(connection, query);
    return statement_run(&statement);
}
