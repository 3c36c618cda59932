/* SPDX-License-Identifier: MIT */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS 64  /* to each power of two: a figure is right to 1.6 % */
#define HISTOGRAM_POWERS 36 /* up to 2^41 ns, half an hour */
#define HISTOGRAM_SLOTS (HISTOGRAM_STEPS * HISTOGRAM_POWERS)

/* Durations in nanoseconds, counted by their first binary digits. */
struct histogram {
    uint64_t count;
    uint64_t slots[HISTOGRAM_SLOTS];
};

void histogram_add(struct histogram *histogram, uint64_t nanoseconds);
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The nanoseconds that this share (0 to 1) of the durations do not exceed; 0 of none. */
double histogram_quantile(const struct histogram *histogram, double share);

#endif
