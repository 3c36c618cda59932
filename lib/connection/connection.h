/* SPDX-License-Identifier: MIT */
/*
 * One SQLite connection: how it is opened, and what its result codes mean.
 *
 * A connection is used by one thread at a time. Its `error` points to the record of the call that
 * uses it now, so that a failure is told to whoever asked.
 */
#ifndef KEYWARD_CONNECTION_CONNECTION_H
#define KEYWARD_CONNECTION_CONNECTION_H

#include "base/deadline.h"
#include "base/error.h"

/* A slot for each prepared statement; its text stands beside the operation that runs it. */
enum query_slot {
    QUERY_BEGIN_READ,
    QUERY_BEGIN_WRITE,
    QUERY_COMMIT,
    QUERY_ROLLBACK,
    QUERY_REHEARSAL_BEGIN,
    QUERY_REHEARSAL_UNDO,
    QUERY_REHEARSAL_END,
    QUERY_STORE_READ,
    QUERY_STORE_CREATE,
    QUERY_DATA_KEYS_READ,
    QUERY_DATA_KEY_NEXT,
    QUERY_DATA_KEY_NEWEST,
    QUERY_DATA_KEY_READ,
    QUERY_DATA_KEY_CREATE,
    QUERY_DATA_KEY_REWRAP,
    QUERY_STORE_REKEY,
    QUERY_NAMES_ARE_UNIQUE,
    QUERY_NAMES_SET,
    QUERY_NAMES_TWICE,
    QUERY_NAMES_HOLD,
    QUERY_NAMES_LET_GO,
    QUERY_NAME_HELD,
    QUERY_NAME_HOLD,
    QUERY_NAME_LET_GO,
    QUERY_ACCESS_ROLE,
    QUERY_ACCESS_PUT,
    QUERY_ACCESS_REMOVE,
    QUERY_ACCESS_OTHER_ADMIN,
    QUERY_ACCESS_GET,
    QUERY_ACCESS_LIST,
    QUERY_AUDIT_LAST,
    QUERY_AUDIT_APPEND,
    QUERY_AUDIT_TIME_OF,
    QUERY_AUDIT_NEWEST_FIRST,
    QUERY_AUDIT_OLDEST_FIRST,
    QUERY_TREE_LEAVES,
    QUERY_TREE_LAST_LEAF,
    QUERY_TREE_FILL_LEAF,
    QUERY_TREE_HASHES,
    QUERY_TREE_PUT,
    QUERY_TREE_LAST,
    QUERY_TREE_IS_BEHIND,
    QUERY_TREE_ALL,
    QUERY_TREE_VERIFY,
    QUERY_LOG_KEY_READ,
    QUERY_LOG_KEY_SEALED,
    QUERY_LOG_KEY_PUT,
    QUERY_CHECKPOINT_AT,
    QUERY_CHECKPOINT_NEWEST,
    QUERY_CHECKPOINT_PUT,
    QUERY_CHECKPOINT_COSIGN,
    QUERY_CHECKPOINTS_ALL,
    QUERY_KEY_NEWEST_ID,
    QUERY_KEY_SEAL,
    QUERY_KEY_INSERT,
    QUERY_KEY_FIND_WITH_OLDER,
    QUERY_KEY_FIND_WITH_NEWER,
    QUERY_KEY_FIND_ARCHIVED,
    QUERY_KEY_ARCHIVE,
    QUERY_KEY_MARK_DELETED,
    QUERY_KEY_MARK_RESTORED,
    QUERY_KEY_GET,
    QUERY_KEY_FIND_BY_ACCESS_KEY,
    QUERY_KEY_LIST,
    QUERY_KEY_LIST_DELETED,
    QUERY_KEY_LIST_ALL,
    QUERY_KEY_RENAME,
    QUERY_KEY_LIFE,
    QUERY_KEY_EXPIRE,
    QUERY_KEY_SUCCEED,
    QUERY_KEY_DETAILS_INSERT,
    QUERY_KEY_SEALED,
    QUERY_KEY_MARK_PURGED,
    QUERY_KEY_SHRED,
    QUERY_KEY_NEXT_LIVE,
    QUERY_KEY_NEXT_LIVE_ANYWHERE,
    QUERY_KEY_NEXT_DELETED,
    QUERY_USE_KEEP,
    QUERY_AUTHENTICATE,
    QUERY_AUTHENTICATE_BEHIND,
    QUERY_AUTHENTICATE_ARCHIVED,
    QUERY_CHECK_TOTALS,
    QUERY_CHECK_FILE,
    QUERY_CHECK_REFERENCES,
    QUERY_CHECK_SCHEMA,
    QUERY_CHECK_KEYS,
    QUERY_CHECK_ORPHANS,
    QUERY_CHECK_DETAILS,
    QUERY_CHECK_NAMES,
    QUERY_CHECK_ACCESS,
    QUERY_CHECK_EVENTS,
    QUERY_CHECK_UNSHOWN,
    QUERY_BACKUP_PAGES,
    QUERY_STATS,
    QUERY_COUNT
};

struct sqlite3;
struct sqlite3_stmt;
struct log_buffer;
struct write_back;

struct connection {
    struct sqlite3 *db;
    struct sqlite3_stmt *statements[QUERY_COUNT]; /* prepared when first used */
    struct error *error;
    bool accepted;    /* see connection_accept_file() */
    int log_pages;    /* see log_watch() */
    int64_t log_size; /* bytes, when last seen: see log_extend() */
    struct log_buffer *log_buffer;
    struct write_back *write_back;
    int busy_timeout_ms;
    struct deadline patience; /* of the wait that goes on */
};

/* How to open one. */
struct connection_options {
    const char *path;
    int busy_timeout_ms;
    enum keyward_durability durability;
};

/*
 * Opens the store's file. `create` makes a new store of a missing or empty one and leaves any other
 * file that is no store untouched. The schema is not looked at.
 * KEYWARD_OK, KEYWARD_NO_FOLDER, KEYWARD_READ_ONLY, KEYWARD_NOT_A_STORE or the disk's codes.
 */
enum keyward_status connection_open(struct connection **connection,
                                    const struct connection_options *options, bool create,
                                    struct error *error);

/* Opens an empty database in memory. */
enum keyward_status connection_open_memory(struct connection **connection, struct error *error);

/* Closes and frees; NULL is fine. */
void connection_close(struct connection **connection);

/* In a child after fork: lets go of the parent's connection without touching its file or its log.
 */
void connection_close_in_child(struct connection **connection);

/* From now on the last close may write the log back into the file, as SQLite does by itself. Until
 * then a file that turns out not to be the caller's keeps its bytes. */
void connection_accept_file(struct connection *connection);

/* For a connection whose statements do by themselves what the schema's triggers do for others. */
enum keyward_status connection_do_without_triggers(struct connection *connection);

/* Whether references between tables are enforced; not inside a transaction. */
enum keyward_status connection_use_foreign_keys(struct connection *connection, bool on);

/* Whether text in double quotes may be a string where it is no name. */
enum keyward_status connection_use_quoted_strings(struct connection *connection, bool on);

/* Drops the pages that are kept in memory; outside of a transaction. */
void connection_forget_pages(struct connection *connection);

/* How long the next statements may wait for another process. */
void connection_set_busy_timeout(struct connection *connection, int milliseconds);

/* True while a transaction is open. */
bool connection_in_transaction(const struct connection *connection);

/* Runs statements that take and return nothing. */
enum keyward_status connection_execute(struct connection *connection, const char *sql);

/* Ends a transaction that "BEGIN" has begun: commits it if all has gone well so far, else undoes
 * it. Returns the first failure. */
enum keyward_status connection_end(struct connection *connection, enum keyward_status status);

/* The first column of the one row that a statement without parameters returns. */
enum keyward_status connection_read_number(struct connection *connection, const char *sql,
                                           int64_t *number);

/* What a row of PRAGMA integrity_check says: KEYWARD_OK, KEYWARD_CORRUPT, or why it could not be
 * told. */
enum keyward_status connection_integrity(struct connection *connection, const char *text);

/* Records a SQLite result code in the error record and returns the status it means. */
enum keyward_status connection_failed(struct connection *connection, int sqlite_code);

#endif
