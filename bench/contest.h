/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CONTEST_H
#define BENCH_CONTEST_H

#include "crew.h"

#define CONTEST_ROUNDS_MAX 32

/* One of those measured side by side. */
struct contender {
    void (*run)(void *context, double seconds, struct slice *slice);
    void *context;
    /* What came of it. */
    double rates[CONTEST_ROUNDS_MAX];
    double per_second; /* the median of the rounds */
    struct histogram latencies;
};

/* Lets the contenders work in turn for one short slice each, round after round, the order turned
 * about each time: on a machine that others use, what disturbs one slice disturbs its neighbours
 * too. A first, shorter round warms up and is not counted. */
void contest(struct contender *contenders, size_t count);

/* The median of the rounds' ratios. */
double contest_ratio(const struct contender *one, const struct contender *other);

/* For contenders that have all they need: context is a struct crew. */
void run_crew(void *context, double seconds, struct slice *slice);

#endif
