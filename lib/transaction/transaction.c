/* SPDX-License-Identifier: MIT */
#include "transaction/transaction.h"
#include "base/status.h"
#include "connection/log.h"
#include "connection/schema.h"
#include "connection/statement.h"
#include "connection/store_file.h"
#include "transaction/activity.h"
#include "transaction/commit_queue.h"
#include "transaction/log_keeper.h"
#include "transaction/readers.h"

#include <stdlib.h>
#include <string.h>

struct database {
    char *path;
    struct connection_options options;
    struct services *services;
    struct companion companion; /* once the store is open for good */
    int64_t companion_rests;    /* until then, on the monotonic clock: it has failed */
    struct commit_queue queue;  /* of this process; SQLite's lock orders processes */
    struct connection *writer;
    struct buffer scratch; /* the writer's */
    int version;           /* of the schema, as it was found */
    const volatile uint32_t *data_version;
    struct data_version left;         /* as this process's last commit left it */
    int64_t turn_until, shared_until; /* on the monotonic clock: see begin_in_turn() */
    struct log_keeper log;
    struct activity activity;
    struct readers readers;
};

#define SHARED_US 100000 /* another process is thought to write until it has not for so long */
#define TURN_US 10000    /* so long a process goes on before it lets others in */
#define REST_US 1000000  /* so long a companion that failed is left at home */
#define GIVE_WAY_US 200  /* twice as long as a waiting process sleeps between two looks */

static const struct query begin_read = {QUERY_BEGIN_READ, "BEGIN"};
static const struct query begin_write = {QUERY_BEGIN_WRITE, "BEGIN IMMEDIATE"};
static const struct query commit = {QUERY_COMMIT, "COMMIT"};
static const struct query rollback = {QUERY_ROLLBACK, "ROLLBACK"};
static const struct query rehearsal_begin = {QUERY_REHEARSAL_BEGIN, "SAVEPOINT rehearsal"};
static const struct query rehearsal_undo = {QUERY_REHEARSAL_UNDO, "ROLLBACK TO rehearsal"};
static const struct query rehearsal_end = {QUERY_REHEARSAL_END, "RELEASE rehearsal"};

static void run_batch(void *context, struct batch *batch);
static void after_batch(void *context, bool alone);

static struct database *database_new(const struct connection_options *options,
                                     struct services *services)
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
                                  struct services *services, struct error *error)
{
    struct database *opened = database_new(options, services);
    enum keyward_status status = opened ? KEYWARD_OK : KEYWARD_NOMEM;

    if (status == KEYWARD_OK)
        status = connection_open(&opened->writer, &opened->options, true, error);
    if (status == KEYWARD_OK)
        status = connection_do_without_triggers(opened->writer);
    if (status == KEYWARD_OK) /* a page that becomes free may hold sealed secrets */
        status = connection_execute(opened->writer, "PRAGMA secure_delete = ON");
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
    buffer_release(&closing->scratch);
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
    bool flushed = database->options.durability == KEYWARD_SURVIVES_POWER_LOSS;

    if (status == KEYWARD_OK && flushed)
        status = store_file_flush_folder(database->writer);
    if (status == KEYWARD_OK) {
        database->data_version = data_version_locate(database->writer);
        database_version(database, &database->left);
        log_watch(database->writer, flushed);
    }
    return status;
}

void database_accept_file(struct database *database, const struct companion *companion)
{
    connection_accept_file(database->writer);
    database->companion = *companion;
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
    bool rehearsed; /* undone again */
    struct error *error;
    struct deadline deadline;
    enum keyward_status status;
    int64_t newest_event;
};

static struct write *write_of(struct queue_entry *entry)
{
    return (struct write *)entry;
}

/* Ends what is open. Should even that fail, it is made up for before the next begin. */
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

/* What undoes it is prepared first: without memory for that, its lock would be kept. */
static enum keyward_status begin(struct connection *connection, const struct query *how)
{
    enum keyward_status status;

    abandon(connection);
    status = statement_prepare(connection, &rollback);
    return status == KEYWARD_OK ? statement_execute(connection, how) : status;
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
    transaction->changes = NULL;
    transaction->appended = false;
    write->status = write->run(transaction, write->request);
    write->newest_event =
        transaction->appended && status_is_decision(write->status) ? transaction->last_sequence : 0;
}

/* The others of the batch find everything as it was. */
static void rehearse_one(struct transaction *transaction, struct write *write)
{
    struct connection *connection = transaction->connection;
    const struct transaction before = *transaction;
    enum keyward_status status;

    connection->error = write->error;
    status = statement_execute(connection, &rehearsal_begin);
    if (status == KEYWARD_OK) {
        run_one(transaction, write);
        status = write->status;
    }
    if (status_is_decision(status)) {
        enum keyward_status undone = statement_execute(connection, &rehearsal_undo);
        if (undone == KEYWARD_OK)
            undone = statement_execute(connection, &rehearsal_end);
        if (undone != KEYWARD_OK)
            status = undone;
    }
    *transaction = before;
    write->status = status;
    write->newest_event = 0;
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

/* Runs each request, and those that come meanwhile; false when one failed. */
static bool run_requests(struct transaction *transaction, struct batch *batch)
{
    for (struct queue_entry *entry = batch->first; entry; entry = batch_next(batch, entry)) {
        struct write *write = write_of(entry);
        (write->rehearsed ? rehearse_one : run_one)(transaction, write);
        if (!status_is_decision(write->status))
            return false;
    }
    return true;
}

static bool companion_goes(const struct database *database, const struct companion *companion)
{
    return companion->is_due && companion->is_due(companion->request) &&
           (database->companion_rests == 0 || monotonic_us() >= database->companion_rests);
}

static bool run_companion(struct transaction *transaction, const struct companion *companion)
{
    struct error unheard = {.store_stamp = 0}, *error = transaction->connection->error;
    enum keyward_status status;

    transaction->error = transaction->connection->error = &unheard;
    transaction->changes = NULL;
    status = companion->run(transaction, companion->request);
    transaction->error = transaction->connection->error = error;
    return status == KEYWARD_OK;
}

/* Those of the batch that have written something: it comes with an event. Of the rehearsed ones
 * nothing is left. */
static int count_writes(const struct batch *batch)
{
    int count = 0;

    for (struct queue_entry *entry = batch->first; entry; entry = entry->next)
        count += write_of(entry)->newest_event > 0;
    return count;
}

/* What has been written goes to the disk; when that fails, all of the batch have failed: a flush
 * that did not happen is not tried again into a false success. */
static void commit_batch(struct database *database, struct batch *batch)
{
    struct connection *connection = database->writer;
    int64_t began = monotonic_us();
    enum keyward_status status;

    connection->error = write_of(batch->first)->error;
    status = statement_execute(connection, &commit);
    batch->commit = monotonic_us() - began;
    if (status != KEYWARD_OK) {
        abandon(connection);
        fail_all(batch->first, status, connection->error);
    }
    activity_count(&database->activity, count_writes(batch));
    if (database->companion.ended)
        database->companion.ended(database->companion.request, status == KEYWARD_OK);
    log_keeper_note(&database->log, connection->log_pages);
    database_version(database, &database->left);
}

static void undo_batch(struct database *database)
{
    abandon(database->writer);
    if (database->companion.ended)
        database->companion.ended(database->companion.request, false);
}

enum outcome { BATCH_ENDED, REQUEST_FAILED, COMPANION_FAILED };

/* Runs a batch as one transaction. Unless it has ended, all is rolled back, and nobody has his
 * result yet. */
static enum outcome run_together(struct database *database, struct batch *batch,
                                 const struct companion *companion)
{
    struct connection *connection = database->writer;
    struct transaction transaction = {
        .connection = connection, .services = database->services, .scratch = &database->scratch};
    enum keyward_status status;

    connection->error = write_of(batch->first)->error;
    status = begin_in_turn(database);
    if (status != KEYWARD_OK) {
        abandon(connection);
        fail_all(batch->first, status, connection->error);
        return BATCH_ENDED;
    }
    log_extend(connection);
    if (!run_requests(&transaction, batch)) {
        undo_batch(database);
        return REQUEST_FAILED;
    }
    if (companion && companion_goes(database, companion) &&
        !run_companion(&transaction, companion)) {
        undo_batch(database);
        database->companion_rests = monotonic_us() + REST_US;
        return COMPANION_FAILED;
    }
    commit_batch(database, batch);
    return BATCH_ENDED;
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

/* The leader's work. After a failure each request runs alone, so that only the one at fault fails;
 * one that was alone and is at fault is not tried twice. */
static void run_batch(void *context, struct batch *batch)
{
    struct database *database = context;
    struct queue_entry *next;
    enum outcome outcome;

    catch_up(database, write_of(batch->first));
    if (log_keeper_was_emptied(&database->log))
        connection_forget_pages(database->writer);
    be_patient(database, write_of(batch->first));
    outcome = run_together(database, batch, &database->companion);
    if (outcome == BATCH_ENDED || (outcome == REQUEST_FAILED && batch->count == 1))
        return;
    for (struct queue_entry *entry = batch->first; entry; entry = next) {
        struct batch alone = {.first = entry};
        next = entry->next;
        entry->next = NULL;
        run_together(database, &alone, NULL);
        entry->next = next;
    }
}

static void after_batch(void *context, bool alone)
{
    struct database *database = context;
    log_keeper_work(&database->log, alone);
}

static enum keyward_status submit(struct database *database, struct write *write)
{
    write->deadline = deadline_in(database->options.busy_timeout_ms);
    if (!commit_queue_submit(&database->queue, &write->entry, &write->deadline))
        write->status =
            error_set(write->error, KEYWARD_BUSY,
                      "other threads kept the store busy for longer than the busy timeout");
    return write->status;
}

enum keyward_status database_write(struct database *database, operation run, void *request,
                                   int64_t *newest_event, struct error *error)
{
    struct write write = {.run = run, .request = request, .error = error};
    enum keyward_status status = submit(database, &write);

    *newest_event = write.newest_event;
    return status;
}

enum keyward_status database_rehearse(struct database *database, operation run, void *request,
                                      struct error *error)
{
    struct write write = {.run = run, .request = request, .error = error, .rehearsed = true};
    return submit(database, &write);
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

void database_activity(const struct database *database, keyward_activity *activity)
{
    activity_read(&database->activity, activity);
}

void database_empty_log(struct database *database)
{
    log_keeper_empty(&database->log);
}
