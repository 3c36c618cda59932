/* SPDX-License-Identifier: MIT */
#include "connection/connection.h"
#include "connection/open_file.h"
#include "connection/store_file.h"
#include "connection/write_back.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum keyward_status status_of(int sqlite_code)
{
    if (sqlite_code == SQLITE_IOERR_NOMEM)
        return KEYWARD_NOMEM;
    switch (sqlite_code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return KEYWARD_BUSY;
    case SQLITE_NOMEM:
        return KEYWARD_NOMEM;
    case SQLITE_FULL:
        return KEYWARD_FULL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return KEYWARD_IO;
    case SQLITE_READONLY:
        return KEYWARD_READ_ONLY;
    default: /* damaged pages, a schema that is not ours any more, a rule of the schema broken */
        return KEYWARD_CORRUPT;
    }
}

/* The last error of the system that the file has met. */
static int errno_of(sqlite3_file *file)
{
    int number = 0;

    if (file)
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
    return number;
}

static bool is_unreadable(int number)
{
    return number == EIO || number == ENXIO || number == ERANGE;
}

/* To SQLite a disk that cannot read has damaged the file; to us these are two. */
static int code_of_disk(struct connection *connection, int sqlite_code)
{
    bool unreadable = (sqlite_code & 0xFF) == SQLITE_CORRUPT &&
                      (is_unreadable(errno_of(open_file_of(connection))) ||
                       is_unreadable(errno_of(open_log_of(connection))));

    return unreadable ? SQLITE_IOERR_CORRUPTFS : sqlite_code;
}

enum keyward_status connection_failed(struct connection *connection, int found)
{
    int sqlite_code = code_of_disk(connection, found);
    enum keyward_status status = status_of(sqlite_code);

    /* SQLite's text for the code, not for the statement: that one may quote SQL. */
    error_set(connection->error, status, "%s (SQLite %d: %s)", keyward_status_text(status),
              sqlite_code, sqlite3_errstr(sqlite_code));
    connection->error->detail.sqlite_code = sqlite_code;
    return status;
}

/* integrity_check puts even what it could not read into its text, with SQLite's code. */
enum keyward_status connection_integrity(struct connection *connection, const char *text)
{
    static const char mark[] = "error code=";
    const char *code = text ? strstr(text, mark) : NULL;
    int number = code ? (int)strtol(code + sizeof mark - 1, NULL, 10) : 0;

    if (text && strcmp(text, "ok") == 0)
        return KEYWARD_OK;
    if (number == 0 || status_of(number) == KEYWARD_CORRUPT)
        return KEYWARD_CORRUPT;
    return connection_failed(connection, number);
}

enum keyward_status connection_execute(struct connection *connection, const char *sql)
{
    int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? KEYWARD_OK : connection_failed(connection, code);
}

enum keyward_status connection_end(struct connection *connection, enum keyward_status status)
{
    if (status == KEYWARD_OK)
        status = connection_execute(connection, "COMMIT");
    if (connection_in_transaction(connection))
        sqlite3_exec(connection->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

enum keyward_status connection_read_number(struct connection *connection, const char *sql,
                                           int64_t *number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? KEYWARD_OK : connection_failed(connection, code);
}

static enum keyward_status set_flag(struct connection *connection, int flag, int value)
{
    int code = sqlite3_db_config(connection->db, flag, value, (int *)NULL);
    return code == SQLITE_OK ? KEYWARD_OK : connection_failed(connection, code);
}

enum keyward_status connection_do_without_triggers(struct connection *connection)
{
    return set_flag(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0);
}

enum keyward_status connection_use_foreign_keys(struct connection *connection, bool on)
{
    return set_flag(connection, SQLITE_DBCONFIG_ENABLE_FKEY, on);
}

enum keyward_status connection_use_quoted_strings(struct connection *connection, bool on)
{
    return set_flag(connection, SQLITE_DBCONFIG_DQS_DML, on);
}

/* SQLite's "Defense Against The Dark Arts": a file somebody prepared must not make us run code. */
static enum keyward_status harden(struct connection *connection)
{
    enum keyward_status status = set_flag(connection, SQLITE_DBCONFIG_DEFENSIVE, 1);

    if (status == KEYWARD_OK)
        status = set_flag(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
    if (status == KEYWARD_OK)
        status = connection_use_foreign_keys(connection, true);
    if (status == KEYWARD_OK)
        status = set_flag(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1);
    if (status == KEYWARD_OK)
        status = connection_use_quoted_strings(connection, false);
    if (status == KEYWARD_OK)
        status = connection_execute(connection, "PRAGMA cell_size_check = ON");
    return status;
}

static enum keyward_status set_durability(struct connection *connection,
                                          enum keyward_durability durability)
{
    /* fullfsync: on macOS a plain fsync does not reach the disk; elsewhere it means nothing. */
    return connection_execute(connection, durability == KEYWARD_SURVIVES_POWER_LOSS
                                              ? "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;"
                                                "PRAGMA checkpoint_fullfsync = ON"
                                              : "PRAGMA synchronous = NORMAL");
}

static enum keyward_status open_database(struct connection **connection, const char *path,
                                         struct error *error)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                      SQLITE_OPEN_EXRESCODE;
    struct connection *opened = calloc(1, sizeof *opened);
    enum keyward_status status = KEYWARD_OK;
    int code;

    *connection = opened;
    if (!opened)
        return KEYWARD_NOMEM;
    opened->error = error;
    code = sqlite3_open_v2(path, &opened->db, flags, NULL);
    if (code != SQLITE_OK) {
        int number = opened->db ? sqlite3_system_errno(opened->db) : 0;
        status = connection_failed(opened, code);
        if ((code & 0xFF) == SQLITE_CANTOPEN && number != 0) {
            status = store_file_failed(number, path, error);
            error->detail.sqlite_code = code;
        }
        connection_close(connection);
    }
    return status;
}

enum keyward_status connection_open(struct connection **connection,
                                    const struct connection_options *options, bool create,
                                    struct error *error)
{
    enum keyward_status status = KEYWARD_OK;
    char *path = store_file_name(options->path);

    *connection = NULL;
    if (!path)
        return KEYWARD_NOMEM;
    if (create)
        status = store_file_create(options->path, error);
    if (status == KEYWARD_OK)
        status = open_database(connection, path, error);
    free(path);
    if (!*connection)
        return status;

    connection_set_busy_timeout(*connection, options->busy_timeout_ms);
    if (!write_back_watch(*connection))
        status = KEYWARD_NOMEM;
    if (status == KEYWARD_OK)
        status = set_flag(*connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1);
    if (status == KEYWARD_OK)
        status = store_file_recognise(*connection, options->path);
    if (status == KEYWARD_OK)
        status = harden(*connection);
    if (status == KEYWARD_OK && create)
        status = store_file_mark(*connection, options->busy_timeout_ms);
    if (status == KEYWARD_OK)
        status = set_durability(*connection, options->durability);
    if (status == KEYWARD_READ_ONLY) /* its log cannot be made */
        error_set(error, status, "the folder of '%.160s' cannot be written", options->path);
    if (status != KEYWARD_OK)
        connection_close(connection);
    return status;
}

enum keyward_status connection_open_memory(struct connection **connection, struct error *error)
{
    enum keyward_status status = open_database(connection, ":memory:", error);

    if (*connection)
        status = harden(*connection);
    if (status != KEYWARD_OK)
        connection_close(connection);
    return status;
}

/* Nothing to write back: the last close may take the empty log away. */
static bool log_is_empty(struct connection *connection)
{
    sqlite3_file *log = open_log_of(connection);
    sqlite3_int64 size = 1;

    if (log)
        log->pMethods->xFileSize(log, &size);
    return size == 0;
}

static void close_and_free(struct connection *connection)
{
    for (int slot = 0; slot < QUERY_COUNT; slot++)
        sqlite3_finalize(connection->statements[slot]);
    sqlite3_close(connection->db);
    free(connection->log_buffer);
    free(connection->write_back);
    free(connection);
}

void connection_close(struct connection **connection)
{
    struct connection *closing = *connection;

    *connection = NULL;
    if (!closing)
        return;
    if (closing->db && !closing->accepted && log_is_empty(closing))
        connection_accept_file(closing);
    if (closing->write_back)
        write_back_prepare(closing, false);
    close_and_free(closing);
}

void connection_close_in_child(struct connection **connection)
{
    struct connection *closing = *connection;

    *connection = NULL;
    if (!closing || connection_in_transaction(closing)) /* its rollback would reach shared memory */
        return;
    sqlite3_db_config(closing->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    close_and_free(closing);
}

void connection_accept_file(struct connection *connection)
{
    connection->accepted = true;
    sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, (int *)NULL);
}

/* SQLite's own busy handler soon sleeps for 100 ms at a time: a process that commits all the time
 * is hardly ever found idle then. */
static int wait_for_others(void *context, int attempts)
{
    struct connection *connection = context;

    if (attempts == 0)
        connection->patience = deadline_in(connection->busy_timeout_ms);
    return deadline_pause(&connection->patience, attempts);
}

void connection_set_busy_timeout(struct connection *connection, int milliseconds)
{
    connection->busy_timeout_ms = milliseconds;
    sqlite3_busy_handler(connection->db, milliseconds > 0 ? wait_for_others : NULL, connection);
}

void connection_forget_pages(struct connection *connection)
{
    sqlite3_db_release_memory(connection->db);
}

bool connection_in_transaction(const struct connection *connection)
{
    return !sqlite3_get_autocommit(connection->db);
}
