/* SPDX-License-Identifier: MIT */
#include "histogram.h"

#include <stddef.h>

#define STEP_BITS 6

_Static_assert(HISTOGRAM_STEPS == 1 << STEP_BITS, "a power of two is cut into 2^STEP_BITS steps");

static size_t slot_of(uint64_t nanoseconds)
{
    unsigned power, shift;
    size_t slot;

    if (nanoseconds < HISTOGRAM_STEPS)
        return (size_t)nanoseconds;
    power = 63u - (unsigned)__builtin_clzll(nanoseconds);
    shift = power - STEP_BITS;
    slot = (size_t)(shift + 1) * HISTOGRAM_STEPS +
           (size_t)((nanoseconds >> shift) & (HISTOGRAM_STEPS - 1));
    return slot < HISTOGRAM_SLOTS ? slot : HISTOGRAM_SLOTS - 1;
}

/* The middle of what a slot counts. */
static double value_of(size_t slot)
{
    size_t power = slot / HISTOGRAM_STEPS, step = slot % HISTOGRAM_STEPS;
    double width;

    if (power == 0)
        return (double)step;
    width = (double)(1ull << (power - 1));
    return ((double)(HISTOGRAM_STEPS + step) + 0.5) * width;
}

void histogram_add(struct histogram *histogram, uint64_t nanoseconds)
{
    histogram->count++;
    histogram->slots[slot_of(nanoseconds)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    into->count += from->count;
    for (size_t i = 0; i < HISTOGRAM_SLOTS; i++)
        into->slots[i] += from->slots[i];
}

double histogram_quantile(const struct histogram *histogram, double share)
{
    double wanted = share * (double)histogram->count;
    uint64_t seen = 0;

    for (size_t i = 0; i < HISTOGRAM_SLOTS; i++) {
        seen += histogram->slots[i];
        if (seen > 0 && (double)seen >= wanted)
            return value_of(i);
    }
    return 0;
}
