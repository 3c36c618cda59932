/* SPDX-License-Identifier: MIT */
/*
 * Counts what a database has committed.
 *
 * The leader alone counts, and leaders follow one another under the queue's mutex: so that counting
 * is a load and a store, and no thread ever waits for it. Anybody may read meanwhile.
 */
#ifndef KEYWARD_TRANSACTION_ACTIVITY_H
#define KEYWARD_TRANSACTION_ACTIVITY_H

#include <keyward/keyward.h>
#include <stdatomic.h>

struct activity {
    _Atomic int64_t writes;
    _Atomic int64_t commits_by_size[KEYWARD_ACTIVITY_SIZES];
};

/* A commit that carried so many calls, up to BATCH_MAX; with none of them it is no commit of a
 * caller's. */
void activity_count(struct activity *activity, int calls);

/* The sizes add up to the commits, and all their calls are among the writes. */
void activity_read(const struct activity *activity, keyward_activity *read);

#endif
