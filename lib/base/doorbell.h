/* SPDX-License-Identifier: MIT */
/*
 * What a thread sleeps on until another rings, once.
 *
 * It may lie on the sleeper's stack: the sleeper may destroy it as soon as his wait has returned,
 * even if the one who rang has not returned yet.
 */
#ifndef KEYWARD_BASE_DOORBELL_H
#define KEYWARD_BASE_DOORBELL_H

#include "base/deadline.h"

#include <pthread.h>
#include <semaphore.h>

/* A semaphore rings with less ado than a condition variable, whose sleeper wakes up to wait for the
 * mutex. POSIX let it wait on the monotonic clock only in 2024. */
#if !defined(KEYWARD_DOORBELL_IS_A_CONDITION) && defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 30)
#define KEYWARD_DOORBELL_IS_A_SEMAPHORE
#endif
#endif

struct doorbell {
#ifdef KEYWARD_DOORBELL_IS_A_SEMAPHORE
    sem_t rung;
#else
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool rung;
#endif
};

void doorbell_init(struct doorbell *bell);
void doorbell_destroy(struct doorbell *bell);
void doorbell_ring(struct doorbell *bell);

/* Sleeps until it rings; with a deadline no longer than until then, and false then. */
bool doorbell_wait(struct doorbell *bell, const struct deadline *deadline);

#endif
