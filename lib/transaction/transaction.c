/* SPDX-License-Identifier: MIT */
#include "transaction/transaction.h"
#include "base/status.h"
#include "connection/log.h"
#include "connection/schema.h"
#include "connection/statement.h"
#include "transaction/commit_queue.h"
#include "transaction/log_keeper.h"
#include "transaction/readers.h"

#include <stdlib.h>
#include <string.h>

struct database {
    char *path;
    struct connection_options options;
    const struct services *services;
    struct commit_queue queue; /* of this process; SQLite's lock orders processes */
    struct connection *writer;
    int version; /* of the schema, as it was found */
    const volatile uint32_t *data_version;
    struct data_version left;         /* as this process's last commit left it */
    int64_t turn_until, shared_until; /* on the monotonic clock: see begin_in_turn() */
    struct log_keeper log;
    struct readers readers;
};

#define SHARED_US 100000 /* another process is thought to write until it has not for so long */
#define TURN_US 10000    /* so long a process goes on before it lets others in */
#define GIVE_WAY_US 200  /* twice as long as a waiting process sleeps between two looks */

static const struct query begin_read = {QUERY_BEGIN_READ, "BEGIN"};
static const struct query begin_write = {QUERY_BEGIN_WRITE, "BEGIN IMMEDIATE"};
static const struct query commit = {QUERY_COMMIT, "COMMIT"};
static const struct query rollback = {QUERY_ROLLBACK, "ROLLBACK"};

static void run_batch(void *context, struct batch *batch);
static void after_batch(void *context, bool alone);

static struct database *database_new(const struct connection_options *options,
                                     const struct services *services)
{
    struct database *database = aligned_alloc(alignof(struct database), sizeof *database);

    if (!database)
        return NULL;
    memset(database, 0, sizeof *database);
    database->path = strdup(options->path);
    if (!database->path || !commit_queue_init(&database->queue, run_batch, after_batch, database)) {
        free(database->path);
        free(database);
        return NULL;
    }
    database->options = *options;
    database->options.path = database->path;
    database->services = services;
    readers_init(&database->readers, &database->options);
    log_keeper_init(&database->log, &database->options);
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
        status = connection_do_without_triggers(opened->writer);
    if (status == KEYWARD_OK) /* KiB: the writer comes back to the same pages, readers less so */
        status = connection_execute(opened->writer, "PRAGMA cache_size = -32768");
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
    if (in_child) {
        readers_release(&closing->readers, connection_close_in_child);
        log_keeper_release(&closing->log, connection_close_in_child);
        connection_close_in_child(&closing->writer);
    } else {
        readers_release(&closing->readers, connection_close);
        log_keeper_release(&closing->log, connection_close);
        connection_close(&closing->writer);
        commit_queue_release(&closing->queue);
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
    enum keyward_status status = schema_upgrade(database->writer);
    if (status == KEYWARD_OK) {
        database->data_version = data_version_locate(database->writer);
        database_version(database, &database->left);
        log_watch(database->writer, database->options.durability == KEYWARD_SURVIVES_POWER_LOSS);
    }
    return status;
}

void database_accept_file(struct database *database)
{
    connection_accept_file(database->writer);
}

bool database_version(const struct database *database, struct data_version *version)
{
    return data_version_read(database->data_version, version);
}

/* ---- writing ---- */

/* What a caller wants done; the queue knows its first member only. */
struct write {
    struct queue_entry entry;
    operation run;
    void *request;
    struct error *error;
    struct deadline deadline;
    enum keyward_status status;
    int64_t newest_event;
};

static struct write *write_of(struct queue_entry *entry)
{
    return (struct write *)entry;
}

/* Ends what is open. Should even that fail, for want of memory, it is made up for before the next
 * begin. */
static void abandon(struct connection *connection)
{
    struct error unheard = {.store_stamp =
                                0}; /* the cause is what the caller must know, not this */
    struct error *error = connection->error;

    if (!connection_in_transaction(connection))
        return;
    connection->error = &unheard;
    statement_execute(connection, &rollback);
    connection->error = error;
}

static enum keyward_status begin(struct connection *connection, const struct query *how)
{
    abandon(connection);
    return statement_execute(connection, how);
}

static bool others_wrote_last(struct database *database)
{
    struct data_version found;

    return database_version(database, &found) && !data_version_equal(&found, &database->left);
}

/*
 * SQLite's lock is had by whoever asks at the right moment, and a process that commits all the time
 * leaves few of them. So who finds that others write too lets them in between two commits of his
 * own; not between any two, because SQLite reads all pages again that another process may have
 * changed.
 */
static enum keyward_status begin_in_turn(struct database *database)
{
    const struct timespec moment = {.tv_nsec = GIVE_WAY_US * 1000};
    int64_t now = monotonic_us();
    enum keyward_status status;

    if (now >= database->turn_until && now < database->shared_until) {
        if (!others_wrote_last(database))
            nanosleep(&moment, NULL);
        database->turn_until = now + TURN_US;
    }
    status = begin(database->writer, &begin_write);
    if (status == KEYWARD_OK && others_wrote_last(database)) {
        now = monotonic_us();
        database->turn_until = now + TURN_US;
        database->shared_until = now + SHARED_US;
    }
    return status;
}

static void run_one(struct transaction *transaction, struct write *write)
{
    error_reset(write->error); /* of an earlier attempt */
    transaction->error = transaction->connection->error = write->error;
    transaction->appended = false;
    write->status = write->run(transaction, write->request);
    write->newest_event =
        transaction->appended && status_is_decision(write->status) ? transaction->last_sequence : 0;
}

/* A failure that is nobody's own is everybody's. */
static void fail_all(struct queue_entry *entry, enum keyward_status status,
                     const struct error *cause)
{
    for (; entry; entry = entry->next) {
        struct write *write = write_of(entry);
        write->status = status;
        write->newest_event = 0;
        if (write->error != cause)
            error_copy(write->error, cause);
    }
}

/*
 * Runs a batch as one transaction. False when a request failed: all is rolled back then, and nobody
 * has his result yet. When the commit itself fails, all of them have failed: a flush that did not
 * happen is not tried again into a false success.
 */
static bool run_together(struct database *database, struct batch *batch)
{
    struct connection *connection = database->writer;
    struct transaction transaction = {.connection = connection, .services = database->services};
    struct queue_entry *entry;
    enum keyward_status status;
    int64_t began;

    connection->error = write_of(batch->first)->error;
    status = begin_in_turn(database);
    if (status == KEYWARD_OK)
        log_extend(connection);
    for (entry = batch->first; entry && status == KEYWARD_OK; entry = batch_next(batch, entry)) {
        run_one(&transaction, write_of(entry));
        if (!status_is_decision(write_of(entry)->status)) {
            abandon(connection);
            return false;
        }
    }
    connection->error = write_of(batch->first)->error;
    if (status == KEYWARD_OK) {
        began = monotonic_us();
        status = statement_execute(connection, &commit);
        batch->commit = monotonic_us() - began;
    }
    if (status != KEYWARD_OK) {
        abandon(connection);
        fail_all(batch->first, status, connection->error);
    }
    log_keeper_note(&database->log, connection->log_pages);
    database_version(database, &database->left);
    return true;
}

/* The leader waits for other processes as long as he himself may. */
static void be_patient(struct database *database, const struct write *leader)
{
    connection_set_busy_timeout(database->writer, deadline_left(&leader->deadline));
}

/* An empty transaction keeps other processes from committing meanwhile. */
static void catch_up(struct database *database, const struct write *leader)
{
    if (!log_keeper_is_behind(&database->log))
        return;
    be_patient(database, leader);
    database->writer->error = leader->error;
    if (begin(database->writer, &begin_write) == KEYWARD_OK) {
        log_keeper_catch_up(&database->log);
        abandon(database->writer);
    }
}

/* The leader's work. After a failure each request runs alone, so that only the one at fault fails.
 */
static void run_batch(void *context, struct batch *batch)
{
    struct database *database = context;
    struct queue_entry *next;

    catch_up(database, write_of(batch->first));
    be_patient(database, write_of(batch->first));
    if (run_together(database, batch) || batch->count == 1)
        return;
    for (struct queue_entry *entry = batch->first; entry; entry = next) {
        struct batch alone = {.first = entry};
        next = entry->next;
        entry->next = NULL;
        run_together(database, &alone);
        entry->next = next;
    }
}

static void after_batch(void *context, bool alone)
{
    struct database *database = context;
    log_keeper_work(&database->log, alone);
}

enum keyward_status database_write(struct database *database, operation run, void *request,
                                   int64_t *newest_event, struct error *error)
{
    struct write write = {
        .run = run,
        .request = request,
        .error = error,
        .deadline = deadline_in(database->options.busy_timeout_ms),
    };

    if (!commit_queue_submit(&database->queue, &write.entry, &write.deadline))
        write.status =
            error_set(error, KEYWARD_BUSY,
                      "other threads kept the store busy for longer than the busy timeout");
    *newest_event = write.newest_event;
    return write.status;
}

/* ---- reading ---- */

static enum keyward_status read_snapshot(struct transaction *transaction, operation run,
                                         void *request)
{
    struct connection *connection = transaction->connection;
    enum keyward_status ended, status = begin(connection, &begin_read);

    if (status != KEYWARD_OK)
        return status;
    status = run(transaction, request);
    if (!status_is_decision(status)) {
        abandon(connection);
        return status;
    }
    ended = statement_execute(connection, &commit);
    if (ended != KEYWARD_OK)
        abandon(connection);
    return ended == KEYWARD_OK ? status : ended;
}

static enum keyward_status with_reader(struct database *database, operation run, void *request,
                                       bool snapshot, struct error *error)
{
    struct reader *reader;
    struct transaction transaction = {.services = database->services, .error = error};
    enum keyward_status status = readers_borrow(&database->readers, &reader, error);
    if (status == KEYWARD_OK) {
        transaction.connection = reader->connection;
        transaction.guarded = reader->guarded;
        status = snapshot ? read_snapshot(&transaction, run, request) : run(&transaction, request);
        readers_return(&database->readers, reader);
    }
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
