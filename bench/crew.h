/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include "histogram.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* What was done in one slice of time. */
struct slice {
    uint64_t began, ended; /* clock_ns() */
    uint64_t done;
    struct histogram latencies; /* one a call, or one in so many */
};

double slice_rate(const struct slice *slice); /* done a second */
void slice_merge(struct slice *into, const struct slice *from);

/* One thread of a crew. */
struct lane {
    struct crew *crew;
    pthread_t thread;
    unsigned number; /* 0, 1, 2, ... */
    uint64_t random; /* a state of its own, see random.h */
    struct slice slice;
};

/* Threads that all begin at once and repeat one step until they are stopped. */
struct crew {
    unsigned threads;
    unsigned
        timed_every; /* 1: each call is timed; 16: one in 16, for calls as short as a clock's */
    /* One call. Returns what it has done: a delete is 1, a batch its size; 0: nothing is left. */
    size_t (*step)(void *context, struct lane *lane);
    void *context;
    /* Private. */
    struct lane *lanes;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned waiting, running;
    bool open;
    atomic_bool stop;
    uint64_t began;
};

/* Lets the crew work for so long, or until nothing is left. */
void crew_run(struct crew *crew, double seconds, struct slice *slice);

/* The same in two halves, for a crew in the background of another. */
void crew_start(struct crew *crew);
void crew_finish(struct crew *crew, struct slice *slice);

#endif
