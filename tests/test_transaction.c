/* SPDX-License-Identifier: MIT */
/*
 * What lies between operations and the file: the queue of commits, the reader pool, the data
 * version, what is remembered by it, and the write-ahead log.
 *
 * Nobody sleeps: gates hold a leader at his work while others queue behind him. The linker leads
 * two calls through here: commit_queue_submit, to know the queue of a database, and doorbell_wait,
 * so that a deadline passes when the test says so.
 */
#include "api/new_key.h"
#include "api/store.h"
#include "connection/store_file.h"
#include "connection/write_back.h"
#include "operations/data_keys.h"
#include "operations/verified.h"
#include "support/fixture.h"
#include "support/used_queue.h"
#include "transaction/activity.h"
#include "transaction/commit_queue.h"
#include "transaction/readers.h"
#include "transaction/transaction.h"

#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 50000 /* ms: for whom nobody is meant to meet the deadline */

/* ---- gates: someone waits in one until the test opens it ---- */

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool entered, open;
};

#define GATE_INIT                                                         \
    {                                                                     \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false \
    }

static void gate_pass(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->entered = true;
    pthread_cond_broadcast(&gate->changed);
    while (!gate->open)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

static void gate_await(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    while (!gate->entered)
        pthread_cond_wait(&gate->changed, &gate->mutex);
    pthread_mutex_unlock(&gate->mutex);
}

static void gate_open(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->open = true;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mutex);
}

/* ---- the linker's names ---- */

/* The calling thread's deadlines pass when this opens. */
static _Thread_local struct gate *expiry;

bool __real_doorbell_wait(struct doorbell *bell, const struct deadline *deadline);
bool __wrap_doorbell_wait(struct doorbell *bell, const struct deadline *deadline);

bool __wrap_doorbell_wait(struct doorbell *bell, const struct deadline *deadline)
{
    if (!expiry || !deadline)
        return __real_doorbell_wait(bell, deadline);
    gate_pass(expiry);
    return false;
}

static int queued(struct commit_queue *queue)
{
    int count = 0;

    pthread_mutex_lock(&queue->mutex);
    for (const struct queue_entry *entry = queue->first; entry; entry = entry->next)
        count++;
    pthread_mutex_unlock(&queue->mutex);
    return count;
}

static void await_queued(struct commit_queue *queue, int count)
{
    while (queued(queue) != count)
        sched_yield();
}

/* ---- a queue whose batches are recorded ---- */

#define MOST_JOBS 400

struct job {
    struct queue_entry entry;
    int number, runs, result;
};

struct recorder {
    struct commit_queue queue;
    struct gate *in_job[4]; /* in which this job waits while it is done, or NULL */
    struct gate *hold[4];   /* in which the batch of this number waits, closed, or NULL */
    int batches, sizes[MOST_JOBS];
    pthread_t leaders[MOST_JOBS];
    int served, order[MOST_JOBS];
    atomic_int inside;
    bool together;   /* two leaders at once */
    bool miscounted; /* a batch of another size than it says */
};

static void do_job(struct recorder *recorder, struct job *job)
{
    recorder->order[recorder->served++ % MOST_JOBS] = job->number;
    job->runs++;
    job->result = job->number * 10;
    if (job->number < 4 && recorder->in_job[job->number])
        gate_pass(recorder->in_job[job->number]);
}

/* Only a leader is here, one at a time. */
static void record_batch(void *context, struct batch *batch)
{
    struct recorder *recorder = context;
    int number = recorder->batches++ % MOST_JOBS;

    if (atomic_fetch_add(&recorder->inside, 1) != 0)
        recorder->together = true;
    recorder->leaders[number] = pthread_self();
    recorder->sizes[number] = 0;
    for (struct queue_entry *entry = batch->first; entry; entry = batch_next(batch, entry)) {
        recorder->sizes[number]++;
        do_job(recorder, (struct job *)entry);
    }
    if (batch->count != recorder->sizes[number])
        recorder->miscounted = true;
    if (number < 4 && recorder->hold[number])
        gate_pass(recorder->hold[number]);
    atomic_fetch_sub(&recorder->inside, 1);
}

static atomic_int leads_ended;

static void count_lead(void *context, bool alone)
{
    (void)context;
    (void)alone;
    atomic_fetch_add(&leads_ended, 1);
}

static void recorder_init(struct recorder *recorder)
{
    memset(recorder, 0, sizeof *recorder);
    atomic_store(&leads_ended, 0);
    ck_assert(commit_queue_init(&recorder->queue, record_batch, count_lead, recorder));
}

/* A caller in a thread of his own. */
struct caller {
    struct job job;
    struct commit_queue *queue;
    struct gate *expiry; /* NULL: his deadline is far */
    bool done;
    pthread_t thread;
};

static void *call(void *context)
{
    struct caller *caller = context;
    struct deadline deadline = deadline_in(PATIENCE);

    expiry = caller->expiry;
    caller->done = commit_queue_submit(caller->queue, &caller->job.entry, &deadline);
    return NULL;
}

static void start_caller(struct recorder *recorder, struct caller *caller, int number,
                         struct gate *expires)
{
    *caller = (struct caller){.queue = &recorder->queue, .expiry = expires};
    caller->job.number = number;
    ck_assert_int_eq(pthread_create(&caller->thread, NULL, call, caller), 0);
}

/* The first caller leads and is held; the others queue behind him, in their order. */
static void queue_others(struct recorder *recorder, struct gate *gate, struct caller *callers,
                         int count)
{
    start_caller(recorder, &callers[0], 0, NULL);
    gate_await(gate);
    for (int i = 1; i < count; i++) {
        start_caller(recorder, &callers[i], i, NULL);
        await_queued(&recorder->queue, i);
    }
}

/* His batch is closed: the others are in the next. */
static void queue_behind_leader(struct recorder *recorder, struct gate *gate,
                                struct caller *callers, int count)
{
    recorder->hold[0] = gate;
    queue_others(recorder, gate, callers, count);
}

/* He has just done his own job: the others may join. */
static void queue_while_batch_runs(struct recorder *recorder, struct gate *gate,
                                   struct caller *callers, int count)
{
    recorder->in_job[0] = gate;
    queue_others(recorder, gate, callers, count);
}

static void join_all(struct caller *callers, int count)
{
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(pthread_join(callers[i].thread, NULL), 0);
}

static void assert_ran(const struct caller *caller, bool ran)
{
    ck_assert_int_eq(caller->done, ran);
    ck_assert_int_eq(caller->job.runs, ran);
    ck_assert_int_eq(caller->job.result, ran ? caller->job.number * 10 : 0);
}

/* So many leads there were, and after each of them once what is left to do. */
static void end_recorder(struct recorder *recorder, int batches)
{
    ck_assert_int_eq(recorder->batches, batches);
    ck_assert_int_eq(atomic_load(&leads_ended), batches);
    ck_assert(!recorder->together);
    ck_assert(!recorder->miscounted);
    ck_assert(!recorder->queue.led);
    ck_assert_ptr_null(recorder->queue.first);
    ck_assert_ptr_null(recorder->queue.last);
    commit_queue_release(&recorder->queue);
}

START_TEST(callers_are_served_first_come_first_served_each_with_his_own_result)
{
    struct gate gate = GATE_INIT;
    struct caller callers[21];
    struct recorder recorder;

    recorder_init(&recorder);
    queue_behind_leader(&recorder, &gate, callers, 21);
    gate_open(&gate);
    join_all(callers, 21);
    ck_assert_int_eq(recorder.served, 21);
    for (int i = 0; i < 21; i++) {
        ck_assert_int_eq(recorder.order[i], i);
        assert_ran(&callers[i], true);
    }
    ck_assert_int_eq(recorder.sizes[0], 1);
    ck_assert_int_eq(recorder.sizes[1], 20);
    end_recorder(&recorder, 2);
}
END_TEST

START_TEST(a_batch_is_bounded_and_the_lead_goes_to_the_next_in_the_queue)
{
    static struct caller callers[1 + BATCH_MAX + 40];
    const int count = 1 + BATCH_MAX + 40;
    struct gate gate = GATE_INIT;
    struct recorder recorder;

    recorder_init(&recorder);
    queue_behind_leader(&recorder, &gate, callers, count);
    gate_open(&gate);
    join_all(callers, count);
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(recorder.order[i], i);
        assert_ran(&callers[i], true);
    }
    ck_assert_int_eq(recorder.sizes[0], 1);
    ck_assert_int_eq(recorder.sizes[1], BATCH_MAX);
    ck_assert_int_eq(recorder.sizes[2], 40);
    ck_assert(pthread_equal(recorder.leaders[0], callers[0].thread));
    ck_assert(pthread_equal(recorder.leaders[1], callers[1].thread));
    ck_assert(pthread_equal(recorder.leaders[2], callers[1 + BATCH_MAX].thread));
    end_recorder(&recorder, 3);
}
END_TEST

START_TEST(who_comes_while_a_batch_runs_joins_it)
{
    struct gate gate = GATE_INIT;
    struct caller callers[4];
    struct recorder recorder;

    recorder_init(&recorder);
    queue_while_batch_runs(&recorder, &gate, callers, 4);
    gate_open(&gate);
    join_all(callers, 4);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(recorder.order[i], i);
        assert_ran(&callers[i], true);
    }
    ck_assert_int_eq(recorder.sizes[0], 4);
    ck_assert(pthread_equal(recorder.leaders[0], callers[0].thread));
    end_recorder(&recorder, 1);
}
END_TEST

START_TEST(who_comes_while_those_who_joined_are_served_joins_too)
{
    struct gate gates[3] = {GATE_INIT, GATE_INIT, GATE_INIT};
    struct caller callers[7];
    struct recorder recorder;

    recorder_init(&recorder);
    recorder.in_job[1] = &gates[1]; /* of two who joined, the first, */
    recorder.in_job[3] = &gates[2]; /* and then one who joined alone */
    queue_while_batch_runs(&recorder, &gates[0], callers, 3);
    gate_open(&gates[0]);
    gate_await(&gates[1]);
    start_caller(&recorder, &callers[3], 3, NULL);
    await_queued(&recorder.queue, 1);
    gate_open(&gates[1]);
    gate_await(&gates[2]);
    for (int i = 4; i < 7; i++) {
        start_caller(&recorder, &callers[i], i, NULL);
        await_queued(&recorder.queue, i - 3);
    }
    gate_open(&gates[2]);
    join_all(callers, 7);
    for (int i = 0; i < 7; i++) {
        ck_assert_int_eq(recorder.order[i], i);
        assert_ran(&callers[i], true);
    }
    ck_assert_int_eq(recorder.sizes[0], 7);
    end_recorder(&recorder, 1);
}
END_TEST

START_TEST(a_batch_that_others_join_is_bounded_too)
{
    static struct caller callers[BATCH_MAX + 41];
    const int count = BATCH_MAX + 41;
    struct gate gate = GATE_INIT;
    struct recorder recorder;

    recorder_init(&recorder);
    queue_while_batch_runs(&recorder, &gate, callers, count);
    gate_open(&gate);
    join_all(callers, count);
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(recorder.order[i], i);
        assert_ran(&callers[i], true);
    }
    ck_assert_int_eq(recorder.sizes[0], BATCH_MAX);
    ck_assert_int_eq(recorder.sizes[1], 41);
    ck_assert(pthread_equal(recorder.leaders[1], callers[BATCH_MAX].thread));
    end_recorder(&recorder, 2);
}
END_TEST

/* `_i`: his place among three who queue, behind a closed batch and then behind an open one. */
START_TEST(whose_deadline_passes_in_the_queue_leaves_it_and_never_runs)
{
    const int place = _i % 3, leaver = place + 1;
    const bool open = _i >= 3;
    struct gate gate = GATE_INIT, deadline = GATE_INIT;
    struct caller callers[5];
    struct recorder recorder;
    const int served[] = {0, place == 0 ? 2 : 1, place == 2 ? 2 : 3, 4};

    recorder_init(&recorder);
    (open ? queue_while_batch_runs : queue_behind_leader)(&recorder, &gate, callers, 1);
    for (int i = 1; i <= 3; i++) {
        start_caller(&recorder, &callers[i], i, i == leaver ? &deadline : NULL);
        await_queued(&recorder.queue, i);
    }
    gate_await(&deadline);
    gate_open(&deadline);
    ck_assert_int_eq(pthread_join(callers[leaver].thread, NULL), 0);
    ck_assert_int_eq(queued(&recorder.queue), 2);
    start_caller(&recorder, &callers[4], 4, NULL); /* the end of the queue is still its end */
    await_queued(&recorder.queue, 3);
    gate_open(&gate);
    for (int i = 0; i < 5; i++) {
        if (i != leaver)
            ck_assert_int_eq(pthread_join(callers[i].thread, NULL), 0);
        assert_ran(&callers[i], i != leaver);
    }
    ck_assert_int_eq(recorder.served, 4);
    ck_assert_mem_eq(recorder.order, served, sizeof served);
    end_recorder(&recorder, open ? 1 : 2);
}
END_TEST

START_TEST(a_deadline_that_passes_in_a_leaders_batch_is_too_late)
{
    struct gate first = GATE_INIT, second = GATE_INIT, deadline = GATE_INIT;
    struct caller callers[3];
    struct recorder recorder;

    recorder_init(&recorder);
    recorder.hold[1] = &second;
    queue_behind_leader(&recorder, &first, callers, 2);
    start_caller(&recorder, &callers[2], 2, &deadline);
    await_queued(&recorder.queue, 2);
    gate_await(&deadline);
    gate_open(&first);
    gate_await(&second); /* both are in the second leader's batch */
    gate_open(&deadline);
    gate_open(&second);
    join_all(callers, 3);
    for (int i = 0; i < 3; i++)
        assert_ran(&callers[i], true);
    end_recorder(&recorder, 2);
}
END_TEST

START_TEST(a_deadline_that_passes_in_a_batch_one_has_joined_is_too_late)
{
    struct gate first = GATE_INIT, second = GATE_INIT, deadline = GATE_INIT;
    struct caller callers[3];
    struct recorder recorder;

    recorder_init(&recorder);
    recorder.in_job[1] = &second;
    queue_while_batch_runs(&recorder, &first, callers, 2);
    start_caller(&recorder, &callers[2], 2, &deadline);
    await_queued(&recorder.queue, 2);
    gate_await(&deadline);
    gate_open(&first);
    gate_await(&second); /* both have joined */
    gate_open(&deadline);
    gate_open(&second);
    join_all(callers, 3);
    for (int i = 0; i < 3; i++)
        assert_ran(&callers[i], true);
    end_recorder(&recorder, 1);
}
END_TEST

START_TEST(whose_deadline_passes_when_he_has_been_given_the_lead_leads)
{
    struct gate gate = GATE_INIT, deadline = GATE_INIT;
    struct caller callers[3];
    struct recorder recorder;

    recorder_init(&recorder);
    queue_behind_leader(&recorder, &gate, callers, 1);
    start_caller(&recorder, &callers[1], 1, &deadline);
    await_queued(&recorder.queue, 1);
    start_caller(&recorder, &callers[2], 2, NULL);
    await_queued(&recorder.queue, 2);
    gate_await(&deadline);
    gate_open(&gate);
    ck_assert_int_eq(pthread_join(callers[0].thread, NULL), 0); /* the lead is handed over */
    gate_open(&deadline);
    ck_assert_int_eq(pthread_join(callers[1].thread, NULL), 0);
    ck_assert_int_eq(pthread_join(callers[2].thread, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_ran(&callers[i], true);
    ck_assert_int_eq(recorder.sizes[1], 2);
    ck_assert(pthread_equal(recorder.leaders[1], callers[1].thread));
    end_recorder(&recorder, 2);
}
END_TEST

#define CROWD 16
#define CALLS 500

struct crowd_member {
    struct commit_queue *queue;
    int index, done, wrong;
    pthread_t thread;
};

/* Calls again and again; each fourth deadline has passed before it begins. */
static void *call_often(void *context)
{
    struct crowd_member *member = context;

    for (int i = 0; i < CALLS; i++) {
        struct job job = {.number = member->index * CALLS + i + 1};
        struct deadline deadline = deadline_in(i % 4 == 0 ? 0 : PATIENCE);
        bool done = commit_queue_submit(member->queue, &job.entry, &deadline);
        member->done += done;
        member->wrong += job.runs != done || job.result != (done ? job.number * 10 : 0);
        member->wrong += !done && i % 4 != 0;
    }
    return NULL;
}

START_TEST(in_a_crowd_every_call_runs_once_or_gives_up)
{
    struct crowd_member members[CROWD];
    struct recorder recorder;
    int done = 0;

    recorder_init(&recorder);
    for (int i = 0; i < CROWD; i++) {
        members[i] = (struct crowd_member){.queue = &recorder.queue, .index = i};
        ck_assert_int_eq(pthread_create(&members[i].thread, NULL, call_often, &members[i]), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        ck_assert_int_eq(pthread_join(members[i].thread, NULL), 0);
        ck_assert_int_eq(members[i].wrong, 0);
        done += members[i].done;
    }
    ck_assert_int_eq(recorder.served, done);
    ck_assert_int_ge(done, CROWD * CALLS / 4 * 3);
    end_recorder(&recorder, recorder.batches);
}
END_TEST

/* ---- a database with tables of the test ---- */

struct base {
    struct fixture f; /* for its folder */
    struct services services;
    struct error error;
    struct database *database;
    int commits; /* of tasks */
};

enum task_kind {
    SETUP,      /* makes the tables */
    INSERT,     /* a row */
    REFUSE,     /* a row, then a decision that is a refusal */
    FAIL,       /* a row, then a failure */
    FAIL_ONCE,  /* a failure in its first run only */
    ORPHAN,     /* a row that lets no commit succeed */
    BLOB,       /* 64 KiB of new bytes in one of 64 rows: 33 pages of log */
    HOLD,       /* a row; waits in its gate: whoever comes then joins its batch */
    HOLD_FAIL,  /* the same, then a failure */
    HOLD_COMMIT /* a row; its commit waits in its gate: whoever comes then is in the next batch */
};

struct task {
    enum task_kind kind;
    int64_t number;
    struct gate *gate;
    struct base *base;
    bool rehearsed;
    int runs;
    /* what came of it */
    enum keyward_status status;
    int64_t newest_event;
    struct error error;
    pthread_t thread;
};

static const char *task_sql(enum task_kind kind)
{
    switch (kind) {
    case SETUP:
        return "CREATE TABLE rows (number INTEGER PRIMARY KEY) STRICT;"
               "CREATE TABLE orphans (number INTEGER REFERENCES rows DEFERRABLE INITIALLY "
               "DEFERRED);"
               "CREATE TABLE blobs (number INTEGER PRIMARY KEY, bytes BLOB) -- %d";
    case ORPHAN:
        return "INSERT INTO orphans VALUES (-%d)";
    case BLOB:
        return "REPLACE INTO blobs VALUES (%d %% 64, randomblob(65536))";
    default:
        return "INSERT INTO rows VALUES (%d)";
    }
}

static int pass_commit(void *context)
{
    struct task *task = context;

    task->base->commits++;
    if (task->kind == HOLD_COMMIT)
        gate_pass(task->gate);
    return 0;
}

static enum keyward_status run_task(struct transaction *transaction, void *request)
{
    struct task *task = request;
    char text[400];
    enum keyward_status status;

    task->runs++;
    sqlite3_commit_hook(transaction->connection->db, pass_commit, task); /* of the batch's last */
    sqlite3_snprintf(sizeof text, text, task_sql(task->kind), (int)task->number);
    status = connection_execute(transaction->connection, text);
    if (status != KEYWARD_OK)
        return status;
    if (task->kind == HOLD || task->kind == HOLD_FAIL)
        gate_pass(task->gate);
    transaction->appended = true;
    transaction->last_sequence = task->number;
    if (task->kind == FAIL || task->kind == HOLD_FAIL ||
        (task->kind == FAIL_ONCE && task->runs == 1))
        return error_set(transaction->error, KEYWARD_IO, "task %d failed", (int)task->number);
    return task->kind == REFUSE ? KEYWARD_FORBIDDEN : KEYWARD_OK;
}

static void *write_task(void *context)
{
    struct task *task = context;
    struct database *database = task->base->database;

    task->status = task->rehearsed ? database_rehearse(database, run_task, task, &task->error)
                                   : database_write(database, run_task, task, &task->newest_event,
                                                    &task->error);
    return NULL;
}

static void write_one(struct base *base, enum task_kind kind, int64_t number)
{
    struct task task = {.kind = kind, .number = number, .base = base};

    write_task(&task);
    ck_assert_int_eq(task.status, KEYWARD_OK);
}

static void base_open(struct base *base, enum keyward_durability durability)
{
    struct connection_options options = {.busy_timeout_ms = PATIENCE, .durability = durability};

    memset(base, 0, sizeof *base);
    ck_assert_int_ge(sodium_init(), 0);
    fixture_init(&base->f);
    options.path = base->f.path;
    ck_assert_int_eq(database_open(&base->database, &options, &base->services, &base->error),
                     KEYWARD_OK);
    ck_assert(database_is_new(base->database));
    ck_assert_int_eq(database_upgrade(base->database, &base->error), KEYWARD_OK);
    write_one(base, SETUP, 0);
}

static void base_close(struct base *base)
{
    database_close(&base->database, false);
    fixture_close(&base->f);
}

/* The tasks queue, in their order, behind one that is held; they are the rest of its batch or, with
 * HOLD_COMMIT, a batch of their own. */
static void run_behind(struct base *base, struct task *holder, enum task_kind kind,
                       struct task *tasks, int count)
{
    struct gate gate = GATE_INIT;

    *holder = (struct task){.kind = kind, .number = 1000, .gate = &gate, .base = base};
    base->commits = 0;
    ck_assert_int_eq(pthread_create(&holder->thread, NULL, write_task, holder), 0);
    gate_await(&gate);
    for (int i = 0; i < count; i++) {
        tasks[i].base = base;
        tasks[i].number = i + 1;
        ck_assert_int_eq(pthread_create(&tasks[i].thread, NULL, write_task, &tasks[i]), 0);
        await_queued(used_queue(), i + 1);
    }
    gate_open(&gate);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(pthread_join(tasks[i].thread, NULL), 0);
    ck_assert_int_eq(pthread_join(holder->thread, NULL), 0);
}

static void assert_row(struct base *base, const struct task *task, bool there)
{
    char query[80];

    snprintf(query, sizeof query, "SELECT count(*) FROM rows WHERE number = %d", (int)task->number);
    ck_assert_int_eq(sql_number(base->f.path, query), there);
}

static void assert_done(struct base *base, const struct task *task, enum keyward_status status,
                        int runs)
{
    ck_assert_int_eq(task->status, status);
    ck_assert_int_eq(task->runs, runs);
    ck_assert_int_eq(task->newest_event, task->number);
    ck_assert_int_eq(task->error.detail.status, KEYWARD_OK); /* no failure of an earlier attempt */
    ck_assert_str_eq(task->error.text, "");
    assert_row(base, task, true);
}

static void assert_failed(struct base *base, const struct task *task, int runs)
{
    char message[40];

    snprintf(message, sizeof message, "task %d failed", (int)task->number);
    ck_assert_int_eq(task->status, KEYWARD_IO);
    ck_assert_int_eq(task->runs, runs);
    ck_assert_int_eq(task->newest_event, 0);
    ck_assert_int_eq(task->error.detail.status, KEYWARD_IO);
    ck_assert_str_eq(task->error.detail.message, message);
    assert_row(base, task, false);
}

/* So many commits of each size were counted. What made the tables has no event, and is not. */
static void assert_counted(const struct base *base, int64_t writes,
                           const int64_t commits_by_size[KEYWARD_ACTIVITY_SIZES])
{
    keyward_activity activity;
    int64_t commits = 0;

    database_activity(base->database, &activity);
    for (int i = 0; i < KEYWARD_ACTIVITY_SIZES; i++) {
        ck_assert_int_eq(activity.commits_by_size[i], commits_by_size[i]);
        commits += commits_by_size[i];
    }
    ck_assert_int_eq(activity.commits, commits);
    ck_assert_int_eq(activity.writes, writes);
}

#define COUNTS(...) ((const int64_t[KEYWARD_ACTIVITY_SIZES]){__VA_ARGS__})

/* `_i` in what follows: whether the tasks are a batch of their own or joined one that runs. */
static const enum task_kind holds[] = {HOLD_COMMIT, HOLD};

START_TEST(a_batch_is_one_transaction_and_refusals_are_part_of_it)
{
    struct task holder, tasks[] = {{.kind = INSERT}, {.kind = REFUSE}, {.kind = INSERT}};
    struct base base;

    base_open(&base, KEYWARD_SURVIVES_CRASH);
    run_behind(&base, &holder, holds[_i], tasks, 3);
    assert_done(&base, &holder, KEYWARD_OK, 1);
    assert_done(&base, &tasks[0], KEYWARD_OK, 1);
    assert_done(&base, &tasks[1], KEYWARD_FORBIDDEN, 1);
    assert_done(&base, &tasks[2], KEYWARD_OK, 1);
    ck_assert_int_eq(base.commits, holds[_i] == HOLD ? 1 : 2);
    assert_counted(&base, 4, holds[_i] == HOLD ? COUNTS(0, 0, 1) : COUNTS(1, 0, 1));
    base_close(&base);
}
END_TEST

START_TEST(of_a_batch_only_those_who_fail_fail)
{
    struct task holder, tasks[] = {{.kind = INSERT}, {.kind = FAIL},      {.kind = INSERT},
                                   {.kind = FAIL},   {.kind = FAIL_ONCE}, {.kind = REFUSE}};
    struct base base;

    base_open(&base, KEYWARD_SURVIVES_CRASH);
    run_behind(&base, &holder, holds[_i], tasks, 6);
    assert_done(&base, &holder, KEYWARD_OK, holds[_i] == HOLD ? 2 : 1);
    assert_done(&base, &tasks[0], KEYWARD_OK, 2); /* in the batch, and alone */
    assert_failed(&base, &tasks[1], 2);
    assert_done(&base, &tasks[2], KEYWARD_OK, 1); /* the batch ended before */
    assert_failed(&base, &tasks[3], 1);
    assert_failed(&base, &tasks[4], 1); /* alone at once: that was its first run */
    assert_done(&base, &tasks[5], KEYWARD_FORBIDDEN, 1);
    ck_assert_int_eq(base.commits, 4); /* each alone */
    assert_counted(&base, 4, COUNTS(4));
    base_close(&base);
}
END_TEST

START_TEST(what_failed_in_the_batch_and_not_alone_has_succeeded)
{
    struct task holder, tasks[] = {{.kind = FAIL_ONCE}, {.kind = INSERT}};
    struct base base;

    base_open(&base, KEYWARD_SURVIVES_CRASH);
    run_behind(&base, &holder, holds[_i], tasks, 2);
    assert_done(&base, &holder, KEYWARD_OK, holds[_i] == HOLD ? 2 : 1);
    assert_done(&base, &tasks[0], KEYWARD_OK, 2);
    assert_done(&base, &tasks[1], KEYWARD_OK, 1);
    base_close(&base);
}
END_TEST

START_TEST(who_comes_while_a_leader_fails_is_not_drawn_into_it)
{
    struct task holder, tasks[] = {{.kind = INSERT}, {.kind = REFUSE}, {.kind = INSERT}};
    struct base base;

    base_open(&base, KEYWARD_SURVIVES_CRASH);
    run_behind(&base, &holder, HOLD_FAIL, tasks, 3);
    assert_failed(&base, &holder, 1);
    assert_done(&base, &tasks[0], KEYWARD_OK, 1);
    assert_done(&base, &tasks[1], KEYWARD_FORBIDDEN, 1);
    assert_done(&base, &tasks[2], KEYWARD_OK, 1);
    ck_assert_int_eq(base.commits, 1);
    assert_counted(&base, 3, COUNTS(0, 0, 1));
    base_close(&base);
}
END_TEST

START_TEST(who_fails_alone_is_not_run_again)
{
    struct task task = {.kind = FAIL_ONCE, .number = 1};
    struct base base;

    base_open(&base, KEYWARD_SURVIVES_CRASH);
    task.base = &base;
    write_task(&task);
    assert_failed(&base, &task, 1);
    assert_counted(&base, 0, COUNTS(0));
    base_close(&base);
}
END_TEST

static void assert_commit_failed(struct base *base, const struct task *task, const char *text)
{
    ck_assert_int_eq(task->status, KEYWARD_CORRUPT);
    ck_assert_int_eq(task->runs, 1); /* a commit is not tried again */
    ck_assert_int_eq(task->newest_event, 0);
    ck_assert_int_eq(task->error.detail.status, KEYWARD_CORRUPT);
    ck_assert_int_eq(task->error.detail.sqlite_code, SQLITE_CONSTRAINT_FOREIGNKEY);
    ck_assert_ptr_eq(task->error.detail.message, task->error.text);
    ck_assert_str_eq(task->error.text, text);
    assert_row(base, task, false);
}

START_TEST(a_commit_that_fails_fails_all_of_the_batch)
{
    struct task holder, tasks[] = {{.kind = INSERT}, {.kind = ORPHAN}, {.kind = INSERT}};
    struct base base;

    base_open(&base, KEYWARD_SURVIVES_CRASH);
    run_behind(&base, &holder, holds[_i], tasks, 3);
    for (int i = 0; i < 3; i++)
        assert_commit_failed(&base, &tasks[i], tasks[0].error.text);
    if (holds[_i] == HOLD)
        assert_commit_failed(&base, &holder, tasks[0].error.text);
    else
        assert_done(&base, &holder, KEYWARD_OK, 1);
    ck_assert_int_eq(sql_number(base.f.path, "SELECT count(*) FROM orphans"), 0);
    assert_counted(&base, holds[_i] != HOLD, COUNTS(holds[_i] != HOLD));
    write_one(&base, INSERT, 7); /* the store is usable at once */
    base_close(&base);
}
END_TEST

/* ---- what is counted ---- */

START_TEST(what_is_rehearsed_in_a_batch_is_not_counted)
{
    struct task holder, tasks[] = {{.kind = INSERT, .rehearsed = true},
                                   {.kind = INSERT},
                                   {.kind = REFUSE, .rehearsed = true}};
    struct base base;

    base_open(&base, KEYWARD_SURVIVES_CRASH);
    run_behind(&base, &holder, holds[_i], tasks, 3);
    ck_assert_int_eq(tasks[0].status, KEYWARD_OK);
    ck_assert_int_eq(tasks[2].status, KEYWARD_FORBIDDEN);
    assert_row(&base, &tasks[0], false);
    assert_done(&base, &tasks[1], KEYWARD_OK, 1);
    assert_counted(&base, 2, holds[_i] == HOLD ? COUNTS(0, 1) : COUNTS(2));
    base_close(&base);
}
END_TEST

START_TEST(a_batch_of_rehearsals_is_no_commit)
{
    struct task holder,
        tasks[] = {{.kind = INSERT, .rehearsed = true}, {.kind = INSERT, .rehearsed = true}};
    struct base base;

    base_open(&base, KEYWARD_SURVIVES_CRASH);
    run_behind(&base, &holder, HOLD_COMMIT, tasks, 2);
    assert_counted(&base, 1, COUNTS(1)); /* the holder's */
    base_close(&base);
}
END_TEST

#define COMMITS_COUNTED 300000

static void *count_pairs(void *context)
{
    for (int i = 0; i < COMMITS_COUNTED; i++)
        activity_count(context, 2);
    return NULL;
}

START_TEST(who_finds_a_commit_counted_finds_its_calls)
{
    struct activity activity = {0};
    keyward_activity read = {0};
    pthread_t leader;

    ck_assert_int_eq(pthread_create(&leader, NULL, count_pairs, &activity), 0);
    while (read.commits < COMMITS_COUNTED) {
        activity_read(&activity, &read);
        ck_assert_int_eq(read.commits, read.commits_by_size[1]);
        ck_assert_int_ge(read.writes, 2 * read.commits);
    }
    ck_assert_int_eq(pthread_join(leader, NULL), 0);
    ck_assert_int_eq(read.writes, 2 * COMMITS_COUNTED);
}
END_TEST

/* A power of two and its neighbours, as batches that others joined. */
START_TEST(a_commit_is_counted_by_its_size)
{
    static const struct {
        int calls, size;
    } batches[] = {{2, 1},   {3, 2},   {4, 2},   {5, 3},   {8, 3},  {9, 4},
                   {16, 4},  {17, 5},  {32, 5},  {33, 6},  {64, 6}, {65, 7},
                   {128, 7}, {129, 8}, {255, 8}, {256, 8}, {1, 0}};
    static struct task tasks[BATCH_MAX];
    int64_t writes = 0, commits[KEYWARD_ACTIVITY_SIZES] = {0};
    struct base base;

    base_open(&base, KEYWARD_SURVIVES_CRASH);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        struct task holder;

        memset(tasks, 0, sizeof tasks);
        for (int j = 0; j < batches[i].calls; j++)
            tasks[j].kind = INSERT;
        run_behind(&base, &holder, HOLD, tasks, batches[i].calls - 1);
        ck_assert_int_eq(sql(base.f.path, "DELETE FROM rows"), SQLITE_OK); /* the holder's */
        writes += batches[i].calls;
        commits[batches[i].size]++;
        assert_counted(&base, writes, commits);
    }
    base_close(&base);
}
END_TEST

/* ---- the reader pool ---- */

struct pool {
    struct fixture f;
    struct connection_options options;
    struct error error;
    struct readers readers;
};

static void pool_open(struct pool *pool)
{
    memset(pool, 0, sizeof *pool);
    fixture_open(&pool->f);
    pool->options = (struct connection_options){.path = pool->f.path, .busy_timeout_ms = PATIENCE};
    readers_init(&pool->readers, &pool->options);
}

static void pool_close(struct pool *pool)
{
    readers_release(&pool->readers, connection_close);
    fixture_close(&pool->f);
}

static struct reader *borrow(struct pool *pool, struct error *error)
{
    struct reader *reader;

    ck_assert_int_eq(readers_borrow(&pool->readers, &reader, error), KEYWARD_OK);
    ck_assert_ptr_eq(reader->connection->error, error);
    ck_assert_int_eq(connection_execute(reader->connection, "SELECT count(*) FROM api_keys"),
                     KEYWARD_OK);
    return reader;
}

START_TEST(a_reader_is_lent_to_one_and_lent_again_once_returned)
{
    struct error other = {0};
    struct reader *first, *second;
    struct pool pool;

    pool_open(&pool);
    first = borrow(&pool, &pool.error);
    second = borrow(&pool, &other);
    ck_assert_ptr_ne(first, second);
    readers_return(&pool.readers, first);
    ck_assert_ptr_eq(borrow(&pool, &other), first);
    readers_return(&pool.readers, second);
    readers_return(&pool.readers, first);
    pool_close(&pool);
}
END_TEST

static bool is_among(struct reader *reader, struct reader *const *readers, int count)
{
    for (int i = 0; i < count; i++)
        if (readers[i] == reader)
            return true;
    return false;
}

START_TEST(more_readers_than_are_kept_are_opened_and_closed_again)
{
    struct reader *lent[READERS_KEPT + 8], *again[READERS_KEPT];
    struct pool pool;
    int64_t before, with_kept;

    pool_open(&pool);
    keyward_close(&pool.f.store); /* SQLite keeps files open while another has the store open */
    before = sqlite3_memory_used();
    for (int i = 0; i < READERS_KEPT + 8; i++) {
        lent[i] = borrow(&pool, &pool.error);
        ck_assert(!is_among(lent[i], lent, i));
    }
    for (int i = 0; i < READERS_KEPT; i++)
        readers_return(&pool.readers, lent[i]);
    with_kept = sqlite3_memory_used();
    for (int i = READERS_KEPT; i < READERS_KEPT + 8; i++)
        readers_return(&pool.readers, lent[i]); /* there is no room for these: they are closed */
    ck_assert_int_lt(sqlite3_memory_used(), with_kept);
    for (int i = 0; i < READERS_KEPT; i++) {
        again[i] = borrow(&pool, &pool.error);
        ck_assert(is_among(again[i], lent, READERS_KEPT));
        ck_assert(!is_among(again[i], again, i));
    }
    for (int i = 0; i < READERS_KEPT; i++)
        readers_return(&pool.readers, again[i]);
    readers_release(&pool.readers, connection_close);
    ck_assert_int_eq(sqlite3_memory_used(), before);
    pool_close(&pool);
}
END_TEST

START_TEST(a_reader_that_cannot_be_opened_is_an_error_of_the_caller)
{
    struct reader *reader;
    struct pool pool;

    pool_open(&pool);
    keyward_close(&pool.f.store);
    write_whole(pool.f.path, "no store", 8);
    ck_assert_int_eq(readers_borrow(&pool.readers, &reader, &pool.error), KEYWARD_NOT_A_STORE);
    ck_assert_ptr_null(reader);
    ck_assert_int_eq(pool.error.detail.status, KEYWARD_NOT_A_STORE);
    pool_close(&pool);
}
END_TEST

struct borrower {
    struct pool *pool;
    struct error error;
    int wrong;
    pthread_t thread;
};

/* Writes into what is lent: two at once on one reader would see each other. */
static void *borrow_often(void *context)
{
    struct borrower *self = context;
    struct reader *reader;

    for (int i = 0; i < 200; i++) {
        if (readers_borrow(&self->pool->readers, &reader, &self->error) != KEYWARD_OK) {
            self->wrong++;
            continue;
        }
        memcpy(reader->guarded, &self, sizeof self);
        self->wrong +=
            connection_execute(reader->connection, "SELECT count(*) FROM api_keys") != KEYWARD_OK;
        self->wrong += memcmp(reader->guarded, &self, sizeof self) != 0;
        self->wrong += reader->connection->error != &self->error;
        readers_return(&self->pool->readers, reader);
    }
    return NULL;
}

START_TEST(threads_that_borrow_at_once_never_share_a_reader)
{
    static struct borrower borrowers[8];
    struct pool pool;

    pool_open(&pool);
    for (int i = 0; i < 8; i++) {
        borrowers[i] = (struct borrower){.pool = &pool};
        ck_assert_int_eq(pthread_create(&borrowers[i].thread, NULL, borrow_often, &borrowers[i]),
                         0);
    }
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(pthread_join(borrowers[i].thread, NULL), 0);
        ck_assert_int_eq(borrowers[i].wrong, 0);
    }
    pool_close(&pool);
}
END_TEST

/* ---- the data version ---- */

struct watch {
    struct fixture f;
    struct error error;
    struct connection *connection;
    const volatile uint32_t *header;
    struct data_version seen;
};

static void watch_open(struct watch *watch)
{
    struct connection_options options = {.busy_timeout_ms = PATIENCE};

    memset(watch, 0, sizeof *watch);
    fixture_open(&watch->f);
    options.path = watch->f.path;
    ck_assert_int_eq(connection_open(&watch->connection, &options, false, &watch->error),
                     KEYWARD_OK);
    ck_assert_int_eq(connection_execute(watch->connection, "SELECT count(*) FROM api_keys"),
                     KEYWARD_OK);
    watch->header = data_version_locate(watch->connection);
    ck_assert_ptr_nonnull((const void *)(uintptr_t)watch->header);
    ck_assert(data_version_read(watch->header, &watch->seen));
}

static void watch_close(struct watch *watch)
{
    connection_close(&watch->connection);
    fixture_close(&watch->f);
}

static void assert_changed(struct watch *watch, bool wanted)
{
    struct data_version now;

    ck_assert(data_version_read(watch->header, &now));
    ck_assert_int_eq(data_version_equal(&now, &watch->seen), !wanted);
    watch->seen = now;
}

static void run_shell(const char *path, const char *text)
{
    const char *arguments[] = {"env",  "sqlite3",        "-init", "/dev/null", "-batch", "-bail",
                               "-cmd", ".timeout 50000", path,    text,        NULL};
    extern char **environ;
    pid_t child;
    int status;

    ck_assert_int_eq(posix_spawn(&child, "/usr/bin/env", NULL, NULL,
                                 (char *const *)(uintptr_t)arguments, environ),
                     0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

#define CHANGE_ACCESS "UPDATE access SET granted_at = granted_at + 1"

START_TEST(the_version_changes_with_every_commit_whoever_makes_it)
{
    struct watch watch;

    watch_open(&watch);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(connection_execute(watch.connection, CHANGE_ACCESS), KEYWARD_OK);
        assert_changed(&watch, true);
        ck_assert_int_eq(sql(watch.f.path, CHANGE_ACCESS), SQLITE_OK); /* another connection */
        assert_changed(&watch, true);
        keyward_key *key = make_key(&watch.f, "repo-1", "by the library", NULL);
        assert_changed(&watch, true);
        keyward_key_free(&key);
        run_shell(watch.f.path, CHANGE_ACCESS);
        assert_changed(&watch, true);
    }
    watch_close(&watch);
}
END_TEST

START_TEST(the_version_stays_when_nothing_is_committed)
{
    struct watch watch;
    int copied = 0;

    watch_open(&watch);
    assert_changed(&watch, false);
    ck_assert_int_eq(sql_number(watch.f.path, "SELECT count(*) FROM access"), 3);
    assert_changed(&watch, false);
    run_shell(watch.f.path, "SELECT user_id FROM access WHERE granted_at < 0");
    assert_changed(&watch, false);
    ck_assert_int_eq(sql(watch.f.path, "BEGIN IMMEDIATE;" CHANGE_ACCESS ";ROLLBACK"), SQLITE_OK);
    assert_changed(&watch, false);
    ck_assert_int_eq(sql(watch.f.path, "PRAGMA wal_checkpoint(PASSIVE)"), SQLITE_OK);
    assert_changed(&watch, false);
    ck_assert(write_back_log(watch.connection, true, &copied));
    ck_assert_int_gt(copied, 0);
    assert_changed(&watch, false);
    assert_sound(&watch.f);
    assert_changed(&watch, false);
    watch_close(&watch);
}
END_TEST

START_TEST(the_version_changes_when_the_log_begins_anew)
{
    struct watch watch;
    int copied = 0;

    watch_open(&watch);
    for (int i = 0; i < 3; i++) {
        ck_assert(write_back_log(watch.connection, true, &copied));
        ck_assert_int_gt(copied, 0);
        assert_changed(&watch, false);
        ck_assert_int_eq(sql(watch.f.path, CHANGE_ACCESS), SQLITE_OK);
        assert_changed(&watch, true);
        ck_assert_int_eq(sql(watch.f.path, "PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK);
        assert_changed(&watch, true);
        ck_assert_int_eq(sql(watch.f.path, CHANGE_ACCESS), SQLITE_OK);
        assert_changed(&watch, true);
    }
    watch_close(&watch);
}
END_TEST

START_TEST(a_header_that_is_being_changed_is_no_version)
{
    uint32_t header[2 * DATA_VERSION_WORDS] = {0};
    struct data_version version;

    header[0] = header[DATA_VERSION_WORDS] = 3007000;
    header[3] = header[DATA_VERSION_WORDS + 3] = UINT32_MAX;
    ck_assert(data_version_read(header, &version));
    for (int i = 0; i < 2 * DATA_VERSION_WORDS; i++) {
        header[i] ^= 0x80; /* one of the two copies */
        ck_assert(!data_version_read(header, &version));
        header[i] ^= 0x80;
    }
    header[3] = header[DATA_VERSION_WORDS + 3] = 0; /* not set up */
    ck_assert(!data_version_read(header, &version));
    ck_assert(!data_version_read(NULL, &version));
}
END_TEST

START_TEST(where_there_is_no_shared_memory_there_is_no_version)
{
    struct error error = {0};
    struct connection *connection;

    ck_assert_int_eq(connection_open_memory(&connection, &error), KEYWARD_OK);
    ck_assert_ptr_null((const void *)(uintptr_t)data_version_locate(connection));
    connection_close(&connection);
}
END_TEST

/* ---- what is remembered ---- */

static struct verified_pair pair_of(uint64_t slot, uint64_t rest)
{
    return (struct verified_pair){.words = {slot, rest, rest * 3, rest * 7}};
}

static keyward_identity identity_of(uint64_t number)
{
    keyward_identity identity = {.provider = KEYWARD_AWS};

    snprintf(identity.repo_id, sizeof identity.repo_id, "repo-%llu", (unsigned long long)number);
    snprintf(identity.key_id, sizeof identity.key_id, "key-%llu", (unsigned long long)number);
    return identity;
}

static bool finds(const struct verified *verified, struct verified_pair pair,
                  struct data_version version, uint64_t number)
{
    keyward_identity found = {.provider = KEYWARD_OTHER}, wanted = identity_of(number);

    if (!verified_find(verified, &pair, &version, 0, &found)) {
        ck_assert_str_eq(found.key_id, ""); /* nothing was filled in */
        return false;
    }
    ck_assert_str_eq(found.repo_id, wanted.repo_id);
    ck_assert_str_eq(found.key_id, wanted.key_id);
    ck_assert_int_eq(found.provider, wanted.provider);
    return true;
}

START_TEST(what_was_kept_is_found_for_that_pair_and_that_version_only)
{
    const struct data_version version = {{3007000, 1, 2, 3}};
    struct verified_pair pair = pair_of(5, 1), other = pair;
    struct data_version later = version;
    keyward_identity identity = identity_of(1);
    struct verified *verified;

    ck_assert_int_ge(sodium_init(), 0);
    verified = verified_new();
    ck_assert(!finds(verified, pair, version, 1));
    verified_keep(verified, &pair, &version, &identity);
    ck_assert(finds(verified, pair, version, 1));
    ck_assert(finds(verified, pair, version, 1));
    for (int i = 0; i < DATA_VERSION_WORDS; i++) {
        later.words[i]++;
        ck_assert(!finds(verified, pair, later, 1));
        later.words[i]--;
    }
    for (int i = 0; i < 4; i++) {
        other.words[i] ^= (uint64_t)1 << 63;
        ck_assert(!finds(verified, other, version, 1));
        other.words[i] ^= (uint64_t)1 << 63;
    }
    verified_free(&verified);
    ck_assert_ptr_null(verified);
    verified_free(&verified);
}
END_TEST

START_TEST(an_entry_is_overwritten_by_a_later_version_and_by_another_pair)
{
    const struct data_version first = {{1}}, second = {{2}};
    struct verified_pair pair = pair_of(9, 1), neighbour = pair_of(9, 2);
    keyward_identity one = identity_of(1), two = identity_of(2);
    struct verified *verified;

    ck_assert_int_ge(sodium_init(), 0);
    verified = verified_new();
    verified_keep(verified, &pair, &first, &one);
    verified_keep(verified, &pair, &second, &one);
    ck_assert(!finds(verified, pair, first, 1));
    ck_assert(finds(verified, pair, second, 1));
    verified_keep(verified, &neighbour, &second, &two);
    ck_assert(!finds(verified, pair, second, 1));
    ck_assert(finds(verified, neighbour, second, 2));
    verified_free(&verified);
}
END_TEST

static bool same_pair(const struct verified *verified, const char *access_key, const char *secret,
                      const struct verified_pair *pair)
{
    struct verified_pair made;

    verified_fingerprint(verified, access_key, secret, strlen(secret), &made);
    return memcmp(&made, pair, sizeof made) == 0;
}

START_TEST(a_fingerprint_is_of_the_access_key_the_secret_and_the_store)
{
    struct verified *verified, *other;
    struct verified_pair pair;

    ck_assert_int_ge(sodium_init(), 0);
    verified = verified_new();
    other = verified_new();
    verified_fingerprint(verified, "access", "secret and more", 6, &pair);
    ck_assert(same_pair(verified, "access", "secret", &pair));
    ck_assert(!same_pair(verified, "access", "secret and more", &pair));
    ck_assert(!same_pair(verified, "access", "secreT", &pair));
    ck_assert(!same_pair(verified, "Access", "secret", &pair));
    ck_assert(!same_pair(verified, "accesss", "ecret", &pair));
    ck_assert(!same_pair(verified, "acces", "ssecret", &pair));
    ck_assert(!same_pair(other, "access", "secret", &pair));
    verified_free(&verified);
    verified_free(&other);
}
END_TEST

struct rememberer {
    struct verified *verified;
    uint64_t index;
    int found, wrong;
    pthread_t thread;
};

/* Keeps and finds among entries that all write to; whatever is found is of that very pair. */
static void *keep_and_find(void *context)
{
    struct rememberer *self = context;

    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t number = (i * 7 + self->index) % 32;
        struct verified_pair pair = pair_of(number % 4, number);
        struct data_version version = {{(uint32_t)(number % 2)}};
        keyward_identity found, identity = identity_of(number);

        if (i % 3 == 0)
            verified_keep(self->verified, &pair, &version, &identity);
        if (!verified_find(self->verified, &pair, &version, 0, &found))
            continue;
        self->found++;
        self->wrong += strcmp(found.key_id, identity.key_id) != 0 ||
                       strcmp(found.repo_id, identity.repo_id) != 0;
    }
    return NULL;
}

START_TEST(what_threads_keep_and_find_at_once_is_never_mixed)
{
    struct rememberer threads[8];
    struct verified *verified;
    int found = 0;

    ck_assert_int_ge(sodium_init(), 0);
    verified = verified_new();
    for (int i = 0; i < 8; i++) {
        threads[i] = (struct rememberer){.verified = verified, .index = (uint64_t)i};
        ck_assert_int_eq(pthread_create(&threads[i].thread, NULL, keep_and_find, &threads[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(pthread_join(threads[i].thread, NULL), 0);
        ck_assert_int_eq(threads[i].wrong, 0);
        found += threads[i].found;
    }
    ck_assert_int_gt(found, 0);
    verified_free(&verified);
}
END_TEST

/* ---- the log ---- */

#define LOG_PAGE (24 + STORE_PAGE_SIZE)
#define BLOB_PAGES 33                /* that one BLOB task writes at least */
#define LOG_BOUND (96 * 1024 * 1024) /* above the length at which commits wait for it */
#define BLOB_THREADS 4
#define BLOBS_EACH 800 /* 219 MB in all */

/* How often the log has begun anew: the fourth word of its header. */
static uint32_t log_generation(const struct fixture *f)
{
    unsigned char header[32];
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s-wal", f->path);
    file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(header, 1, sizeof header, file), sizeof header);
    fclose(file);
    return (uint32_t)header[12] << 24 | (uint32_t)header[13] << 16 | (uint32_t)header[14] << 8 |
           header[15];
}

static void *write_blobs(void *context)
{
    struct task *first = context;

    for (int i = 0; i < BLOBS_EACH && first->status == KEYWARD_OK; i++) {
        struct task task = {.kind = BLOB, .number = first->number + i, .base = first->base};
        write_task(&task);
        first->status = task.status;
    }
    return NULL;
}

/* The same file once more, as another process would have it. */
static void base_open_again(struct base *again, const struct base *base)
{
    struct connection_options options = {.path = base->f.path,
                                         .busy_timeout_ms = PATIENCE,
                                         .durability = KEYWARD_SURVIVES_POWER_LOSS};

    memset(again, 0, sizeof *again);
    ck_assert_int_eq(database_open(&again->database, &options, &again->services, &again->error),
                     KEYWARD_OK);
    ck_assert_int_eq(database_upgrade(again->database, &again->error), KEYWARD_OK);
}

static void assert_log_stays_bounded(struct base *const bases[BLOB_THREADS])
{
    struct task tasks[BLOB_THREADS];
    uint32_t generation = log_generation(&bases[0]->f);

    for (int i = 0; i < BLOB_THREADS; i++) {
        tasks[i] = (struct task){.base = bases[i], .number = i * 16};
        ck_assert_int_eq(pthread_create(&tasks[i].thread, NULL, write_blobs, &tasks[i]), 0);
    }
    for (int i = 0; i < BLOB_THREADS; i++) {
        ck_assert_int_eq(pthread_join(tasks[i].thread, NULL), 0);
        ck_assert_int_eq(tasks[i].status, KEYWARD_OK);
    }
    ck_assert_int_gt((int64_t)BLOB_THREADS * BLOBS_EACH * BLOB_PAGES * LOG_PAGE, 2 * LOG_BOUND);
    ck_assert_int_lt(log_size(&bases[0]->f), LOG_BOUND);
    ck_assert_uint_gt(log_generation(&bases[0]->f), generation);
}

/* A log is never cut while the store is open, so that its size at the end is its greatest. */
START_TEST(the_log_stays_bounded_while_threads_commit_without_a_pause)
{
    struct base base;

    base_open(&base, KEYWARD_SURVIVES_POWER_LOSS);
    assert_log_stays_bounded((struct base *const[]){&base, &base, &base, &base});
    base_close(&base);
}
END_TEST

/* What one has copied to the last page, the other would have added to in the meantime. */
START_TEST(the_log_stays_bounded_while_two_who_share_the_file_commit_without_a_pause)
{
    struct base base, other;

    base_open(&base, KEYWARD_SURVIVES_POWER_LOSS);
    base_open_again(&other, &base);
    assert_log_stays_bounded((struct base *const[]){&base, &other, &base, &other});
    database_close(&other.database, false);
    base_close(&base);
}
END_TEST

static sqlite3 *hold_snapshot(const char *path)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM rows", NULL, NULL, NULL),
                     SQLITE_OK);
    return db;
}

static void write_many_blobs(struct base *base, int count)
{
    for (int i = 0; i < count; i++)
        write_one(base, BLOB, i);
}

START_TEST(a_log_that_grew_under_a_readers_snapshot_is_reused_once_he_has_ended)
{
    const int under_snapshot = 600, until_noticed = 125, after = 600;
    int64_t grown, reused;
    uint32_t generation;
    struct base base;
    sqlite3 *reader;

    base_open(&base, KEYWARD_SURVIVES_CRASH);
    write_many_blobs(&base, 1);
    reader = hold_snapshot(base.f.path);
    generation = log_generation(&base.f);
    write_many_blobs(&base, under_snapshot);
    grown = log_size(&base.f);
    ck_assert_int_gt(grown, (int64_t)under_snapshot * BLOB_PAGES * LOG_PAGE);
    ck_assert_uint_eq(log_generation(&base.f), generation);
    ck_assert_int_eq(sqlite3_close(reader), SQLITE_OK);
    write_many_blobs(&base, until_noticed); /* more than the keeper lets pass between two tries */
    reused = log_size(&base.f);
    ck_assert_uint_eq(log_generation(&base.f), generation + 1);
    ck_assert_int_le(reused, grown + (int64_t)until_noticed * 2 * BLOB_PAGES * LOG_PAGE);
    write_many_blobs(&base, after);
    ck_assert_int_eq(log_size(&base.f), reused);
    ck_assert_uint_gt(log_generation(&base.f), generation + 1);
    base_close(&base);
}
END_TEST

static void copy_file(const char *from, const char *to)
{
    size_t size;
    unsigned char *bytes = read_whole(from, &size);

    write_whole(to, bytes, size);
    free(bytes);
}

/* What a crash at this moment would leave: the file and its log, without the shared memory. */
static void copy_as_crashed(const struct fixture *f, const struct fixture *copy)
{
    char from[128], to[128];

    copy_file(f->path, copy->path);
    snprintf(from, sizeof from, "%s-wal", f->path);
    snprintf(to, sizeof to, "%s-wal", copy->path);
    copy_file(from, to);
}

static void assert_crash_leaves(const struct fixture *f, int keys, int deleted)
{
    struct fixture copy;

    fixture_init(&copy);
    copy_as_crashed(f, &copy);
    fixture_reopen(&copy);
    ck_assert_int_eq(sql_number(copy.path, "SELECT count(*) FROM api_keys"), keys);
    ck_assert_int_eq(sql_number(copy.path, "SELECT count(*) FROM api_keys WHERE deleted = 1"),
                     deleted);
    assert_sound(&copy);
    fixture_close(&copy);
}

/* The log ends in pages of zeros that no commit has reached. */
static bool is_extended(const struct fixture *f)
{
    char path[128];
    size_t size, zeros = 0;
    unsigned char *log;

    snprintf(path, sizeof path, "%s-wal", f->path);
    log = read_whole(path, &size);
    while (zeros < size && log[size - 1 - zeros] == 0)
        zeros++;
    free(log);
    return zeros >= LOG_PAGE;
}

/* `_i` in what follows: whether each commit is flushed, and then written in one piece. */
static const enum keyward_durability durabilities[] = {KEYWARD_SURVIVES_CRASH,
                                                       KEYWARD_SURVIVES_POWER_LOSS};

/* The store's first commit makes the log; each later one finds room in it. */
START_TEST(the_log_is_extended_with_zeros_ahead_of_need)
{
    struct base base;

    base_open(&base, durabilities[_i]);
    for (int i = 0; i < 200; i++) {
        write_one(&base, INSERT, i);
        ck_assert(is_extended(&base.f));
    }
    base_close(&base);
}
END_TEST

START_TEST(a_crash_between_any_two_commits_leaves_a_sound_store)
{
    int keys = 1, deleted = 0;
    uint32_t generation;
    struct fixture f;

    fixture_open(&f);
    f.options.durability = durabilities[_i];
    fixture_reopen(&f);
    keyward_key_free(&(keyward_key *){make_key(&f, "repo-1", "first", NULL)});
    generation = log_generation(&f);
    for (int commits = 0; log_generation(&f) == generation || commits % 40 != 0; commits++) {
        keyward_key *key = make_key(&f, "repo-1", "crashed", NULL);

        ck_assert_int_lt(commits, 5000); /* the log must have begun anew by then */
        keys++;
        if (commits % 2 == 0) {
            drop_key(&f, "repo-1", key->id);
            deleted++;
        }
        keyward_key_free(&key);
        if (commits < 40 || commits % 40 == 0 || log_generation(&f) != generation)
            assert_crash_leaves(&f, keys, deleted);
    }
    assert_sound(&f);
    fixture_close(&f);
}
END_TEST

/* ---- a data key that was never committed ---- */

/* What two threads want of one batch: a new data key, and a key that is sealed by it. */
struct sealed_anew {
    struct rekey rekey;
    struct key_create create;
};

static enum keyward_status seal_anew_and_fail(struct transaction *transaction, void *request)
{
    struct sealed_anew *both = request;
    enum keyward_status status = rekey(transaction, &both->rekey);

    if (status == KEYWARD_OK)
        status = key_create(transaction, &both->create);
    return status == KEYWARD_OK ? KEYWARD_IO : status;
}

static void fail_to_seal_anew(keyward *store)
{
    struct error error = {.store_stamp = 0};
    struct new_key made;
    struct sealed_anew both = {
        .rekey = {.actor = &host,
                  .data_key = sodium_malloc(SEAL_KEY_BYTES),
                  .work = sodium_malloc(SEAL_KEY_BYTES)},
        .create = {.actor = &host, .repo_id = "repo-1", .name = "lost", .provider = KEYWARD_AWS}};
    int64_t newest;

    randombytes_buf(both.rekey.data_key, SEAL_KEY_BYTES);
    ck_assert_int_eq(new_key_make(&store->services, &both.create, &made, &error), KEYWARD_OK);
    ck_assert_int_eq(database_write(store->database, seal_anew_and_fail, &both, &newest, &error),
                     KEYWARD_IO);
    new_key_release(&made);
    sodium_free(both.rekey.data_key);
    sodium_free(both.rekey.work);
}

/* What it sealed is gone with it. The next data key has its number, and is another. */
START_TEST(a_data_key_that_was_never_committed_seals_nothing)
{
    struct fixture fixture;
    keyward_secret *before, *after;
    keyward_key *first, *second;

    fixture_open(&fixture);
    first = make_key(&fixture, "repo-1", "before", &before);
    fail_to_seal_anew(fixture.store);
    ck_assert_int_eq(sql_number(fixture.path, "SELECT count(*) FROM data_keys"), 1);
    assert_status(fixture.store, keyward_create_data_key(fixture.store, &host), KEYWARD_OK);
    second = make_key(&fixture, "repo-1", "after", &after);
    ck_assert_int_eq(sql_number(fixture.path, "SELECT max(data_key_id) FROM sealed_secrets"), 2);
    for (int i = 0; i < 2; i++) {
        assert_status(fixture.store, try_key(&fixture, first, before), KEYWARD_OK);
        assert_status(fixture.store, try_key(&fixture, second, after), KEYWARD_OK);
        assert_sound(&fixture);
        fixture_reopen(&fixture);
    }
    keyward_key_free(&first);
    keyward_key_free(&second);
    keyward_secret_free(&before);
    keyward_secret_free(&after);
    fixture_close(&fixture);
}
END_TEST

static void add_queue_tests(Suite *suite)
{
    TCase *queue = tcase_create("queue"), *batches = tcase_create("batches");

    tcase_add_test(queue, callers_are_served_first_come_first_served_each_with_his_own_result);
    tcase_add_test(queue, a_batch_is_bounded_and_the_lead_goes_to_the_next_in_the_queue);
    tcase_add_test(queue, who_comes_while_a_batch_runs_joins_it);
    tcase_add_test(queue, who_comes_while_those_who_joined_are_served_joins_too);
    tcase_add_test(queue, a_batch_that_others_join_is_bounded_too);
    tcase_add_loop_test(queue, whose_deadline_passes_in_the_queue_leaves_it_and_never_runs, 0, 6);
    tcase_add_test(queue, a_deadline_that_passes_in_a_leaders_batch_is_too_late);
    tcase_add_test(queue, a_deadline_that_passes_in_a_batch_one_has_joined_is_too_late);
    tcase_add_test(queue, whose_deadline_passes_when_he_has_been_given_the_lead_leads);
    tcase_add_test(queue, in_a_crowd_every_call_runs_once_or_gives_up);
    suite_add_tcase(suite, queue);
    tcase_add_loop_test(batches, a_batch_is_one_transaction_and_refusals_are_part_of_it, 0, 2);
    tcase_add_loop_test(batches, of_a_batch_only_those_who_fail_fail, 0, 2);
    tcase_add_loop_test(batches, what_failed_in_the_batch_and_not_alone_has_succeeded, 0, 2);
    tcase_add_test(batches, who_comes_while_a_leader_fails_is_not_drawn_into_it);
    tcase_add_test(batches, who_fails_alone_is_not_run_again);
    tcase_add_loop_test(batches, a_commit_that_fails_fails_all_of_the_batch, 0, 2);
    tcase_add_loop_test(batches, what_is_rehearsed_in_a_batch_is_not_counted, 0, 2);
    tcase_add_test(batches, a_batch_of_rehearsals_is_no_commit);
    tcase_add_test(batches, who_finds_a_commit_counted_finds_its_calls);
    tcase_add_test(batches, a_commit_is_counted_by_its_size);
    tcase_add_test(batches, a_data_key_that_was_never_committed_seals_nothing);
    suite_add_tcase(suite, batches);
}

static void add_reading_tests(Suite *suite)
{
    TCase *readers = tcase_create("readers"), *version = tcase_create("version");
    TCase *verified = tcase_create("verified");

    tcase_add_test(readers, a_reader_is_lent_to_one_and_lent_again_once_returned);
    tcase_add_test(readers, more_readers_than_are_kept_are_opened_and_closed_again);
    tcase_add_test(readers, a_reader_that_cannot_be_opened_is_an_error_of_the_caller);
    tcase_add_test(readers, threads_that_borrow_at_once_never_share_a_reader);
    suite_add_tcase(suite, readers);
    tcase_add_test(version, the_version_changes_with_every_commit_whoever_makes_it);
    tcase_add_test(version, the_version_stays_when_nothing_is_committed);
    tcase_add_test(version, the_version_changes_when_the_log_begins_anew);
    tcase_add_test(version, a_header_that_is_being_changed_is_no_version);
    tcase_add_test(version, where_there_is_no_shared_memory_there_is_no_version);
    suite_add_tcase(suite, version);
    tcase_add_test(verified, what_was_kept_is_found_for_that_pair_and_that_version_only);
    tcase_add_test(verified, an_entry_is_overwritten_by_a_later_version_and_by_another_pair);
    tcase_add_test(verified, a_fingerprint_is_of_the_access_key_the_secret_and_the_store);
    tcase_add_test(verified, what_threads_keep_and_find_at_once_is_never_mixed);
    suite_add_tcase(suite, verified);
}

int main(void)
{
    Suite *suite = suite_create("transaction");
    TCase *log = tcase_create("log");

    add_queue_tests(suite);
    add_reading_tests(suite);
    tcase_set_timeout(log, 300);
    tcase_add_test(log, the_log_stays_bounded_while_threads_commit_without_a_pause);
    tcase_add_test(log, the_log_stays_bounded_while_two_who_share_the_file_commit_without_a_pause);
    tcase_add_test(log, a_log_that_grew_under_a_readers_snapshot_is_reused_once_he_has_ended);
    tcase_add_loop_test(log, the_log_is_extended_with_zeros_ahead_of_need, 0, 2);
    tcase_add_loop_test(log, a_crash_between_any_two_commits_leaves_a_sound_store, 0, 2);
    suite_add_tcase(suite, log);
    return run_suite(suite);
}
