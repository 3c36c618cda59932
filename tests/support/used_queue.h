/* SPDX-License-Identifier: MIT */
/* The commit queue that a call went into last, for who waits until others are in it. The linker
 * leads commit_queue_submit() here (--wrap). */
#ifndef KEYWARD_TESTS_USED_QUEUE_H
#define KEYWARD_TESTS_USED_QUEUE_H

#include "transaction/commit_queue.h"

/* NULL before the first call. */
struct commit_queue *used_queue(void);

/* Returns when so many calls or more wait in it. */
void used_queue_await(int waiting);

#endif
