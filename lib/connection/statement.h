/* SPDX-License-Identifier: MIT */
/*
 * Running a prepared statement.
 *
 *     struct statement find = statement_begin(connection, &find_key);
 *     statement_bind_text(&find, repo_id);
 *     if (statement_row(&find))
 *         name = statement_text(&find, 0);
 *     status = statement_end(&find);
 *
 * Parameters are bound in their order. The first failure sticks: what follows does nothing, and
 * statement_end() returns it: also that of a column that found no memory, which is like NULL until
 * then. What a column returns lives until the next row or the end.
 */
#ifndef KEYWARD_CONNECTION_STATEMENT_H
#define KEYWARD_CONNECTION_STATEMENT_H

#include "connection/connection.h"

/* A statement's text and the slot in which a connection keeps it prepared. */
struct query {
    enum query_slot slot;
    const char *sql;
};

struct statement {
    struct connection *connection;
    struct sqlite3_stmt *prepared;
    int bound; /* parameters so far */
    enum keyward_status status;
};

/* Prepares it for later, if it is not yet. */
enum keyward_status statement_prepare(struct connection *connection, const struct query *query);

struct statement statement_begin(struct connection *connection, const struct query *query);

void statement_bind_text(struct statement *statement, const char *text); /* NULL binds NULL */
void statement_bind_number(struct statement *statement, int64_t number);
void statement_bind_optional(struct statement *statement, int64_t number); /* 0 binds NULL */
void statement_bind_blob(struct statement *statement, const void *bytes, size_t length);

/* Moves to the next row; false at the end and after a failure. */
bool statement_row(struct statement *statement);

const char *statement_text(const struct statement *statement, int column); /* NULL for NULL */
int64_t statement_number(const struct statement *statement, int column);   /* 0 for NULL */
bool statement_is_null(const struct statement *statement, int column);
const void *statement_blob(const struct statement *statement, int column);
size_t statement_length(const struct statement *statement, int column); /* of text or blob */

/* Copies a column's text into what is handed out; NULL stays NULL. False: no memory. */
bool statement_copy_text(const struct statement *statement, int column, void *result,
                         const char **copy);

/* Makes the statement ready for its next use and forgets what was bound. */
enum keyward_status statement_end(struct statement *statement);

/* A statement without rows, from binding to end. */
enum keyward_status statement_run(struct statement *statement);

/* The same, for a change of one row: KEYWARD_CORRUPT when that is not there. */
enum keyward_status statement_run_on_one_row(struct statement *statement);

/* A statement without parameters and rows, from begin to end. */
enum keyward_status statement_execute(struct connection *connection, const struct query *query);

#endif
