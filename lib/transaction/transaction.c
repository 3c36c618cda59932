/* SPDX-License-Identifier: MIT */
#include "transaction/transaction.h"
#include "base/status.h"
#include "connection/schema.h"
#include "connection/statement.h"
#include "transaction/gate.h"
#include "transaction/readers.h"

#include <stdlib.h>
#include <string.h>

struct database {
    char *path;
    struct connection_options options;
    const struct services *services;
    struct gate writing; /* one writer in this process at a time; SQLite's lock orders processes */
    struct connection *writer;
    int version; /* of the schema, as it was found */
    struct readers readers;
};

static const struct query begin_read = {QUERY_BEGIN_READ, "BEGIN"};
static const struct query begin_write = {QUERY_BEGIN_WRITE, "BEGIN IMMEDIATE"};
static const struct query commit = {QUERY_COMMIT, "COMMIT"};
static const struct query rollback = {QUERY_ROLLBACK, "ROLLBACK"};

static struct database *database_new(const struct connection_options *options,
                                     const struct services *services)
{
    struct database *database = calloc(1, sizeof *database);

    if (!database)
        return NULL;
    database->path = strdup(options->path);
    if (!database->path || !gate_init(&database->writing)) {
        free(database->path);
        free(database);
        return NULL;
    }
    database->options = *options;
    database->options.path = database->path;
    database->services = services;
    if (!readers_init(&database->readers, &database->options)) {
        gate_release(&database->writing);
        free(database->path);
        free(database);
        return NULL;
    }
    return database;
}

enum keyward_status database_open(struct database **database,
                                  const struct connection_options *options,
                                  const struct services *services, struct error *error)
{
    struct database *opened = database_new(options, services);
    enum keyward_status status = opened ? KEYWARD_OK : KEYWARD_NOMEM;

    if (status == KEYWARD_OK)
        status = connection_open(&opened->writer, &opened->options, true, error);
    if (status == KEYWARD_OK)
        status = schema_read_version(opened->writer, &opened->version);
    if (status != KEYWARD_OK)
        database_close(&opened, false);
    *database = opened;
    return status;
}

void database_close(struct database **database, bool in_child)
{
    struct database *closing = *database;

    *database = NULL;
    if (!closing)
        return;
    if (!in_child) {
        readers_release(&closing->readers);
        connection_close(&closing->writer);
        gate_release(&closing->writing);
    }
    free(closing->path);
    free(closing);
}

bool database_is_new(const struct database *database)
{
    return database->version == 0;
}

enum keyward_status database_upgrade(struct database *database, struct error *error)
{
    database->writer->error = error;
    connection_accept_file(database->writer);
    return schema_upgrade(database->writer);
}

/* Ends what is open. A rollback cannot fail in a way that matters: what it cannot undo now, the
 * next reader of the log does, since no commit was written. */
static void abandon(struct transaction *transaction)
{
    if (connection_in_transaction(transaction->connection)) {
        struct error kept = *transaction->error;
        statement_execute(transaction->connection, &rollback);
        *transaction->error = kept; /* the cause, not the clean-up, is what the caller must know */
    }
}

static enum keyward_status write_once(struct transaction *transaction, operation run, void *request)
{
    enum keyward_status committed, status;

    status = statement_execute(transaction->connection, &begin_write);
    if (status != KEYWARD_OK)
        return status;
    status = run(transaction, request);
    if (status_is_decision(status)) {
        committed = statement_execute(transaction->connection, &commit);
        if (committed != KEYWARD_OK)
            status = committed;
    }
    if (!status_is_decision(status)) {
        abandon(transaction);
        transaction->appended = false;
    }
    return status;
}

enum keyward_status database_write(struct database *database, operation run, void *request,
                                   int64_t *newest_event, struct error *error)
{
    struct deadline deadline = deadline_in(database->options.busy_timeout_ms);
    struct transaction transaction = {
        .connection = database->writer,
        .services = database->services,
        .error = error,
    };
    enum keyward_status status;
    int cancel_state;

    *newest_event = 0;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state); /* see transaction.h */
    if (gate_enter(&database->writing, &deadline)) {
        database->writer->error = error;
        connection_set_busy_timeout(database->writer, deadline_left(&deadline));
        status = write_once(&transaction, run, request);
        gate_leave(&database->writing);
    } else {
        status = error_set(error, KEYWARD_BUSY,
                           "other threads kept the store busy for longer than the busy timeout");
    }
    pthread_setcancelstate(cancel_state, NULL);
    if (transaction.appended)
        *newest_event = transaction.last_sequence;
    return status;
}

static enum keyward_status read_snapshot(struct transaction *transaction, operation run,
                                         void *request)
{
    enum keyward_status ended, status = statement_execute(transaction->connection, &begin_read);

    if (status != KEYWARD_OK)
        return status;
    status = run(transaction, request);
    ended = statement_execute(transaction->connection, &commit);
    if (ended != KEYWARD_OK) {
        abandon(transaction);
        if (status_is_decision(status))
            status = ended;
    }
    return status;
}

static enum keyward_status with_reader(struct database *database, operation run, void *request,
                                       bool snapshot, struct error *error)
{
    struct reader *reader;
    struct transaction transaction = {.services = database->services, .error = error};
    enum keyward_status status;
    int cancel_state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    status = readers_borrow(&database->readers, &reader, error);
    if (status == KEYWARD_OK) {
        transaction.connection = reader->connection;
        transaction.guarded = reader->guarded;
        status = snapshot ? read_snapshot(&transaction, run, request) : run(&transaction, request);
        readers_return(&database->readers, reader);
    }
    pthread_setcancelstate(cancel_state, NULL);
    return status;
}

enum keyward_status database_read(struct database *database, operation run, void *request,
                                  struct error *error)
{
    return with_reader(database, run, request, true, error);
}

enum keyward_status database_look_up(struct database *database, operation run, void *request,
                                     struct error *error)
{
    return with_reader(database, run, request, false, error);
}
