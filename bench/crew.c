/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "clock.h"
#include "fail.h"

#include <stdlib.h>
#include <time.h>

double slice_rate(const struct slice *slice)
{
    uint64_t nanoseconds = slice->ended - slice->began;

    return nanoseconds ? (double)slice->done * 1e9 / (double)nanoseconds : 0;
}

void slice_merge(struct slice *into, const struct slice *from)
{
    if (into->began == 0 || from->began < into->began)
        into->began = from->began;
    if (from->ended > into->ended)
        into->ended = from->ended;
    into->done += from->done;
    histogram_merge(&into->latencies, &from->latencies);
}

/* ---- in the crew's threads ---- */

static void wait_for_the_others(struct crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    crew->waiting++;
    pthread_cond_broadcast(&crew->changed);
    while (!crew->open)
        pthread_cond_wait(&crew->changed, &crew->mutex);
    pthread_mutex_unlock(&crew->mutex);
}

static void leave(struct crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    crew->running--;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->mutex);
}

/* One timed call, then the untimed ones. */
static bool go_round(struct crew *crew, struct lane *lane)
{
    uint64_t before = clock_ns();
    size_t done = crew->step(crew->context, lane);

    if (done == 0)
        return false;
    histogram_add(&lane->slice.latencies, clock_ns() - before);
    lane->slice.done += done;
    for (unsigned i = 1; i < crew->timed_every; i++) {
        done = crew->step(crew->context, lane);
        if (done == 0)
            return false;
        lane->slice.done += done;
    }
    return true;
}

static void *work(void *context)
{
    struct lane *lane = context;
    struct crew *crew = lane->crew;

    wait_for_the_others(crew);
    while (!atomic_load_explicit(&crew->stop, memory_order_relaxed) && go_round(crew, lane))
        ;
    lane->slice.ended = clock_ns();
    leave(crew);
    return NULL;
}

/* ---- in the thread that leads it ---- */

void crew_start(struct crew *crew)
{
    crew->lanes = must_allocate(crew->threads, sizeof *crew->lanes);
    crew->waiting = 0;
    crew->running = crew->threads;
    crew->open = false;
    atomic_store(&crew->stop, false);
    pthread_mutex_init(&crew->mutex, NULL);
    pthread_cond_init(&crew->changed, NULL);
    for (unsigned i = 0; i < crew->threads; i++) {
        struct lane *lane = &crew->lanes[i];
        lane->crew = crew;
        lane->number = i;
        lane->random = i + 1;
        if (pthread_create(&lane->thread, NULL, work, lane) != 0)
            die("no thread can be started");
    }
    pthread_mutex_lock(&crew->mutex);
    while (crew->waiting < crew->threads)
        pthread_cond_wait(&crew->changed, &crew->mutex);
    crew->began = clock_ns();
    crew->open = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->mutex);
}

static void wait_until_done(struct crew *crew, double seconds)
{
    struct timespec deadline;
    long nanoseconds;

    clock_gettime(CLOCK_REALTIME, &deadline);
    nanoseconds = deadline.tv_nsec + (long)((seconds - (double)(long)seconds) * 1e9);
    deadline.tv_sec += (time_t)seconds + nanoseconds / 1000000000;
    deadline.tv_nsec = nanoseconds % 1000000000;
    pthread_mutex_lock(&crew->mutex);
    while (crew->running > 0 &&
           pthread_cond_timedwait(&crew->changed, &crew->mutex, &deadline) == 0)
        ;
    pthread_mutex_unlock(&crew->mutex);
}

void crew_finish(struct crew *crew, struct slice *slice)
{
    *slice = (struct slice){.began = crew->began};
    atomic_store(&crew->stop, true);
    for (unsigned i = 0; i < crew->threads; i++) {
        struct lane *lane = &crew->lanes[i];
        pthread_join(lane->thread, NULL);
        lane->slice.began = crew->began;
        slice_merge(slice, &lane->slice);
    }
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->mutex);
    free(crew->lanes);
    crew->lanes = NULL;
}

void crew_run(struct crew *crew, double seconds, struct slice *slice)
{
    crew_start(crew);
    wait_until_done(crew, seconds);
    crew_finish(crew, slice);
    stop_if_interrupted();
}
