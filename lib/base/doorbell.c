/* SPDX-License-Identifier: MIT */
#include "base/doorbell.h"

#include <errno.h>

#ifdef KEYWARD_DOORBELL_IS_A_SEMAPHORE

void doorbell_init(struct doorbell *bell)
{
    sem_init(&bell->rung, 0, 0);
}

void doorbell_destroy(struct doorbell *bell)
{
    sem_destroy(&bell->rung);
}

void doorbell_ring(struct doorbell *bell)
{
    sem_post(&bell->rung);
}

bool doorbell_wait(struct doorbell *bell, const struct deadline *deadline)
{
    int code;

    do
        code = deadline ? sem_clockwait(&bell->rung, CLOCK_MONOTONIC, &deadline->at)
                        : sem_wait(&bell->rung);
    while (code != 0 && errno == EINTR); /* covered by chance: a signal handler has run */
    return code == 0;
}

#else

void doorbell_init(struct doorbell *bell)
{
    pthread_condattr_t monotonic;

    pthread_mutex_init(&bell->mutex, NULL);
    pthread_condattr_init(&monotonic);
#ifndef __APPLE__
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
#endif
    pthread_cond_init(&bell->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    bell->rung = false;
}

void doorbell_destroy(struct doorbell *bell)
{
    pthread_cond_destroy(&bell->changed);
    pthread_mutex_destroy(&bell->mutex);
}

void doorbell_ring(struct doorbell *bell)
{
    pthread_mutex_lock(&bell->mutex);
    bell->rung = true;
    pthread_cond_signal(&bell->changed);
    pthread_mutex_unlock(&bell->mutex);
}

bool doorbell_wait(struct doorbell *bell, const struct deadline *deadline)
{
    int code = 0;
    bool rung;

    pthread_mutex_lock(&bell->mutex);
    while (!bell->rung && code == 0)
        code = deadline ? pthread_cond_timedwait(&bell->changed, &bell->mutex, &deadline->at)
                        : pthread_cond_wait(&bell->changed, &bell->mutex);
    rung = bell->rung;
    pthread_mutex_unlock(&bell->mutex);
    return rung;
}

#endif
