/* SPDX-License-Identifier: MIT */
#include "support/used_queue.h"

#include <sched.h>
#include <stdatomic.h>

static _Atomic(struct commit_queue *) queue_of_last_call;

bool __real_commit_queue_submit(struct commit_queue *queue, struct queue_entry *entry,
                                const struct deadline *deadline);
bool __wrap_commit_queue_submit(struct commit_queue *queue, struct queue_entry *entry,
                                const struct deadline *deadline);

bool __wrap_commit_queue_submit(struct commit_queue *queue, struct queue_entry *entry,
                                const struct deadline *deadline)
{
    atomic_store(&queue_of_last_call, queue);
    return __real_commit_queue_submit(queue, entry, deadline);
}

struct commit_queue *used_queue(void)
{
    return atomic_load(&queue_of_last_call);
}

void used_queue_await(int waiting)
{
    struct commit_queue *queue = used_queue();

    while (atomic_load(&queue->queued) < waiting)
        sched_yield();
}
