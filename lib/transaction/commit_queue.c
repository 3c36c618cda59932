/* SPDX-License-Identifier: MIT */
#include "transaction/commit_queue.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>

#define GATHER_US 500 /* a leader waits no longer than this for others in all, */
#define LULL_US 50    /* and for the next one no longer than this, */
#define LULL_EACH 6   /* or than so much for each that is expected */

bool commit_queue_init(struct commit_queue *queue,
                       void (*run_batch)(void *context, struct batch *batch),
                       void (*after_batch)(void *context), void *context)
{
    *queue = (struct commit_queue){
        .run_batch = run_batch, .after_batch = after_batch, .context = context};
    if (pthread_mutex_init(&queue->mutex, NULL) != 0)
        return false;
    if (pthread_condattr_init(&queue->monotonic) != 0) {
        pthread_mutex_destroy(&queue->mutex);
        return false;
    }
#ifndef __APPLE__
    pthread_condattr_setclock(&queue->monotonic, CLOCK_MONOTONIC);
#endif
    return true;
}

void commit_queue_release(struct commit_queue *queue)
{
    pthread_condattr_destroy(&queue->monotonic);
    pthread_mutex_destroy(&queue->mutex);
}

/* ---- the list, under the queue's mutex ---- */

static void append(struct commit_queue *queue, struct queue_entry *entry)
{
    entry->next = NULL;
    if (queue->last)
        queue->last->next = entry;
    else
        queue->first = entry;
    queue->last = entry;
    atomic_fetch_add_explicit(&queue->queued, 1, memory_order_relaxed);
}

static void withdraw(struct commit_queue *queue, struct queue_entry *entry)
{
    struct queue_entry **link = &queue->first, *before = NULL;

    while (*link != entry) {
        before = *link;
        link = &before->next;
    }
    *link = entry->next;
    if (queue->last == entry)
        queue->last = before;
    atomic_fetch_sub_explicit(&queue->queued, 1, memory_order_relaxed);
}

/* Cuts off the front of the queue what the batch has room for and appends it to the batch. */
static void join(struct commit_queue *queue, struct batch *batch)
{
    struct queue_entry *entry = queue->first, *end = NULL;
    int count = 0;

    for (; entry && batch->count + count < BATCH_MAX; entry = entry->next, count++) {
        pthread_mutex_lock(&entry->mutex);
        entry->state = ENTRY_TAKEN;
        pthread_mutex_unlock(&entry->mutex);
        end = entry;
    }
    if (!end)
        return;
    if (batch->last)
        batch->last->next = queue->first;
    else
        batch->first = queue->first;
    batch->last = end;
    batch->count += count;
    end->next = NULL;
    queue->first = entry;
    if (!entry)
        queue->last = NULL;
    atomic_fetch_sub_explicit(&queue->queued, count, memory_order_relaxed);
}

/* ---- sleeping and waking ---- */

/* After this the entry may be gone: its thread returns, and it was on that thread's stack. */
static void wake(struct queue_entry *entry, enum entry_state state)
{
    pthread_mutex_lock(&entry->mutex);
    entry->state = state;
    pthread_cond_signal(&entry->changed);
    pthread_mutex_unlock(&entry->mutex);
}

static void pass_the_lead(struct commit_queue *queue, int served)
{
    pthread_mutex_lock(&queue->mutex);
    queue->callers = served + atomic_load_explicit(&queue->queued, memory_order_relaxed);
    if (queue->first)
        wake(queue->first, ENTRY_LEADING);
    else
        queue->led = false;
    pthread_mutex_unlock(&queue->mutex);
}

/* Sleeps until the entry is leading or done, or the deadline passes while it is only queued. */
static enum entry_state sleep_until_changed(struct queue_entry *entry,
                                            const struct deadline *deadline)
{
    enum entry_state state;
    int code = 0;

    pthread_mutex_lock(&entry->mutex);
    while (entry->state == ENTRY_TAKEN || (entry->state == ENTRY_QUEUED && code == 0)) {
        if (entry->state == ENTRY_TAKEN)
            pthread_cond_wait(&entry->changed, &entry->mutex);
        else
            code = pthread_cond_timedwait(&entry->changed, &entry->mutex, &deadline->at);
    }
    state = entry->state;
    pthread_mutex_unlock(&entry->mutex);
    return state;
}

/* The deadline has passed: leaves the queue unless a leader was faster. */
static bool give_up(struct commit_queue *queue, struct queue_entry *entry)
{
    bool queued;

    pthread_mutex_lock(&queue->mutex);
    pthread_mutex_lock(&entry->mutex);
    queued = entry->state == ENTRY_QUEUED;
    pthread_mutex_unlock(&entry->mutex);
    if (queued)
        withdraw(queue, entry);
    pthread_mutex_unlock(&queue->mutex);
    return queued;
}

/* ---- leading ---- */

/* Waits for those who wrote a moment ago, as long as they keep coming. One who writes alone is
 * never kept waiting: nobody else is expected then. */
static bool somebody_comes(struct batch *batch)
{
    struct commit_queue *queue = batch->queue;
    int64_t began, now, lull = queue->callers * LULL_EACH;
    bool came = atomic_load_explicit(&queue->queued, memory_order_relaxed) > 0;

    if (came || batch->count >= queue->callers)
        return came;
    if (lull < LULL_US)
        lull = LULL_US;
    if (lull > GATHER_US - batch->waited)
        lull = GATHER_US - batch->waited;
    began = now = monotonic_us();
    while (!came && now - began < lull) {
        sched_yield();
        came = atomic_load_explicit(&queue->queued, memory_order_relaxed) > 0;
        now = monotonic_us();
    }
    batch->waited += now - began;
    return came;
}

struct queue_entry *batch_next(struct batch *batch, struct queue_entry *entry)
{
    if (entry->next || !batch->open)
        return entry->next;
    batch->open = batch->count < BATCH_MAX && somebody_comes(batch);
    if (batch->open) {
        pthread_mutex_lock(&batch->queue->mutex);
        join(batch->queue, batch);
        pthread_mutex_unlock(&batch->queue->mutex);
    }
    return entry->next;
}

static void lead(struct commit_queue *queue, struct queue_entry *self)
{
    struct batch batch = {.queue = queue, .open = true};
    struct queue_entry *entry, *next;

    pthread_mutex_lock(&queue->mutex);
    join(queue, &batch); /* the leader's own entry is the first */
    pthread_mutex_unlock(&queue->mutex);

    queue->run_batch(queue->context, &batch);

    pass_the_lead(queue,
                  batch.count); /* first of all: the next batch runs while we wake this one */
    for (entry = batch.first; entry; entry = next) {
        next = entry->next;
        if (entry != self)
            wake(entry, ENTRY_DONE);
    }
    self->state = ENTRY_DONE;
    queue->after_batch(queue->context);
}

bool commit_queue_submit(struct commit_queue *queue, struct queue_entry *entry,
                         const struct deadline *deadline)
{
    enum entry_state state = ENTRY_QUEUED;
    bool done = true;

    pthread_mutex_init(&entry->mutex, NULL);
    pthread_cond_init(&entry->changed, &queue->monotonic);
    pthread_mutex_lock(&queue->mutex);
    append(queue, entry);
    if (!queue->led) {
        queue->led = true;
        state = ENTRY_LEADING;
    }
    entry->state = state;
    pthread_mutex_unlock(&queue->mutex);

    while (done && state == ENTRY_QUEUED) {
        state = sleep_until_changed(entry, deadline);
        if (state == ENTRY_QUEUED)
            done = !give_up(queue, entry);
    }
    if (state == ENTRY_LEADING)
        lead(queue, entry);
    pthread_cond_destroy(&entry->changed);
    pthread_mutex_destroy(&entry->mutex);
    return done;
}
