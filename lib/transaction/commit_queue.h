/* SPDX-License-Identifier: MIT */
/*
 * Group commit: callers who want to write at the same time share one transaction and one flush.
 *
 * There is no thread behind this. The first caller in the queue becomes the leader: he runs what
 * has queued, first come first served, as one batch, which others join while it runs, and hands the
 * lead to the next in the queue before he wakes those he did the work for. LevelDB's writer queue
 * is the model.
 */
#ifndef KEYWARD_TRANSACTION_COMMIT_QUEUE_H
#define KEYWARD_TRANSACTION_COMMIT_QUEUE_H

#include "base/doorbell.h"

#include <stdatomic.h>

#define BATCH_MAX                                                                   \
    256 /* entries that one leader takes, so that nobody waits for longer than that \
         */

enum entry_state {
    ENTRY_QUEUED,  /* may still withdraw */
    ENTRY_LEADING, /* its thread has the lead */
    ENTRY_TAKEN,   /* in a leader's batch */
    ENTRY_DONE     /* its result is there */
};

/* A caller's place in the queue, on his stack: what is to be done stands behind it in a larger
 * struct. */
struct queue_entry {
    struct queue_entry *next;
    _Atomic(enum entry_state) state;
    struct doorbell bell; /* rings when it leads, or is done */
};

struct commit_queue;

/* What one leader does, in the order in which it came. */
struct batch {
    struct commit_queue *queue;
    struct queue_entry *first, *last;
    int count;
    bool open;      /* others may still join */
    int64_t waited; /* for others, in microseconds */
    int64_t commit; /* what its commit took, in microseconds; set by run_batch */
};

struct commit_queue {
    pthread_mutex_t mutex; /* of the list and of who leads */
    struct queue_entry *first, *last;
    bool led;
    atomic_int queued; /* entries in the list */
    int64_t commit;    /* what a commit takes, in microseconds, a running mean */
    int callers; /* how many wanted to write when the last batch ended: in it, or queued behind */
    /* Does the work of a batch; the entries keep their results. */
    void (*run_batch)(void *context, struct batch *batch);
    /* What is left to do when everybody has his result and the next one leads, if there is one. */
    void (*after_batch)(void *context, bool alone);
    void *context;
};

bool commit_queue_init(struct commit_queue *queue,
                       void (*run_batch)(void *context, struct batch *batch),
                       void (*after_batch)(void *context, bool alone), void *context);
void commit_queue_release(struct commit_queue *queue);

/*
 * Returns true when the entry was done, by this thread or another; false when the deadline passed
 * before any leader had taken it, and for good then.
 */
bool commit_queue_submit(struct commit_queue *queue, struct queue_entry *entry,
                         const struct deadline *deadline);

/*
 * The entry after this one. Who has queued by the time the last one is done joins an open batch,
 * and those who wrote a moment ago are given a moment to come back; NULL when nobody does, and the
 * batch is closed then.
 */
struct queue_entry *batch_next(struct batch *batch, struct queue_entry *entry);

#endif
