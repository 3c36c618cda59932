/* SPDX-License-Identifier: MIT */
#include "transaction/activity.h"
#include "transaction/commit_queue.h"

#include <assert.h>

static_assert(BATCH_MAX == 1 << (KEYWARD_ACTIVITY_SIZES - 1), "the last size is a full batch's");

static void add(_Atomic int64_t *counter, int64_t count)
{
    int64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + count, memory_order_release);
}

void activity_count(struct activity *activity, int calls)
{
    int size = 0;

    if (calls == 0)
        return;
    while (calls > 1 << size)
        size++;
    add(&activity->writes, calls); /* first, so that who sees the commit sees its calls */
    add(&activity->commits_by_size[size], 1);
}

void activity_read(const struct activity *activity, keyward_activity *read)
{
    read->commits = 0;
    for (int i = 0; i < KEYWARD_ACTIVITY_SIZES; i++) {
        read->commits_by_size[i] =
            atomic_load_explicit(&activity->commits_by_size[i], memory_order_acquire);
        read->commits += read->commits_by_size[i];
    }
    read->writes = atomic_load_explicit(&activity->writes, memory_order_relaxed);
}
