/* SPDX-License-Identifier: MIT */
#include "transaction/commit_queue.h"

#include <sched.h>
#include <stddef.h>

/* A leader waits for others in all no longer than this, nor than a commit takes: to share one is
 * all there is to gain. For the next one he waits no longer than a lull, the longer the more he
 * expects. */
#define GATHER_US 500
#define LULL_US 50
#define LULL_EACH 6

bool commit_queue_init(struct commit_queue *queue,
                       void (*run_batch)(void *context, struct batch *batch),
                       void (*after_batch)(void *context, bool alone), void *context)
{
    *queue = (struct commit_queue){
        .run_batch = run_batch, .after_batch = after_batch, .context = context};
    return pthread_mutex_init(&queue->mutex, NULL) == 0;
}

void commit_queue_release(struct commit_queue *queue)
{
    pthread_mutex_destroy(&queue->mutex);
}

static enum entry_state state_of(struct queue_entry *entry)
{
    return atomic_load_explicit(&entry->state, memory_order_acquire);
}

static void set_state(struct queue_entry *entry, enum entry_state state)
{
    atomic_store_explicit(&entry->state, state, memory_order_release);
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
        set_state(entry, ENTRY_TAKEN);
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
    set_state(entry, state);
    doorbell_ring(&entry->bell);
}

/* Returns how many callers there are. */
static int pass_the_lead(struct commit_queue *queue, const struct batch *batch)
{
    int callers;

    pthread_mutex_lock(&queue->mutex);
    queue->commit = (3 * queue->commit + batch->commit) / 4;
    callers = batch->count + atomic_load_explicit(&queue->queued, memory_order_relaxed);
    queue->callers = callers;
    if (queue->first)
        wake(queue->first, ENTRY_LEADING);
    else
        queue->led = false;
    pthread_mutex_unlock(&queue->mutex);
    return callers;
}

/* The deadline has passed: leaves the queue unless a leader was faster. */
static bool give_up(struct commit_queue *queue, struct queue_entry *entry)
{
    bool queued;

    pthread_mutex_lock(&queue->mutex);
    queued = state_of(entry) == ENTRY_QUEUED;
    if (queued)
        withdraw(queue, entry);
    pthread_mutex_unlock(&queue->mutex);
    return queued;
}

/* ---- leading ---- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Waits for those who wrote a moment ago, as long as they keep coming. One who writes alone is
 * never kept waiting: nobody else is expected then. */
static bool somebody_comes(struct batch *batch)
{
    struct commit_queue *queue = batch->queue;
    int64_t began, now, lull = queue->callers * LULL_EACH;
    bool came = atomic_load_explicit(&queue->queued, memory_order_relaxed) > 0;

    if (came || batch->count >= queue->callers)
        return came;
    lull = least(lull > LULL_US ? lull : LULL_US, least(GATHER_US, queue->commit) - batch->waited);
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
    int callers;

    pthread_mutex_lock(&queue->mutex);
    join(queue, &batch); /* the leader's own entry is the first */
    pthread_mutex_unlock(&queue->mutex);

    queue->run_batch(queue->context, &batch);

    /* First of all, so that the next batch runs while we wake this one. */
    callers = pass_the_lead(queue, &batch);
    for (entry = batch.first; entry; entry = next) {
        next = entry->next;
        if (entry != self)
            wake(entry, ENTRY_DONE);
    }
    set_state(self, ENTRY_DONE);
    queue->after_batch(queue->context, callers == 1);
}

bool commit_queue_submit(struct commit_queue *queue, struct queue_entry *entry,
                         const struct deadline *deadline)
{
    bool leads, done = true;

    doorbell_init(&entry->bell);
    pthread_mutex_lock(&queue->mutex);
    append(queue, entry);
    leads = !queue->led;
    queue->led = true;
    set_state(entry, leads ? ENTRY_LEADING : ENTRY_QUEUED);
    pthread_mutex_unlock(&queue->mutex);

    if (!leads && !doorbell_wait(&entry->bell, deadline)) {
        done = !give_up(queue, entry);
        if (done) /* somebody has taken it, or passed the lead to it */
            doorbell_wait(&entry->bell, NULL);
    }
    if (done && state_of(entry) == ENTRY_LEADING)
        lead(queue, entry);
    doorbell_destroy(&entry->bell);
    return done;
}
