/* SPDX-License-Identifier: MIT */
#include "contest.h"

#include "settings.h"

#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b)
{
    const double *one = a, *other = b;

    return (*one > *other) - (*one < *other);
}

static double median(const double *values, size_t count)
{
    double sorted[CONTEST_ROUNDS_MAX];

    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, by_size);
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

void contest(struct contender *contenders, size_t count)
{
    struct slice slice;

    for (size_t i = 0; i < count; i++)
        contenders[i].run(contenders[i].context, settings.slice_seconds / 2, &slice);
    for (unsigned round = 0; round < settings.rounds; round++) {
        for (size_t i = 0; i < count; i++) {
            struct contender *next = &contenders[round % 2 ? i : count - 1 - i];
            next->run(next->context, settings.slice_seconds, &slice);
            next->rates[round] = slice_rate(&slice);
            histogram_merge(&next->latencies, &slice.latencies);
        }
    }
    for (size_t i = 0; i < count; i++)
        contenders[i].per_second = median(contenders[i].rates, settings.rounds);
}

double contest_ratio(const struct contender *one, const struct contender *other)
{
    double ratios[CONTEST_ROUNDS_MAX];

    for (unsigned round = 0; round < settings.rounds; round++)
        ratios[round] = other->rates[round] > 0 ? one->rates[round] / other->rates[round] : 0;
    return median(ratios, settings.rounds);
}

void run_crew(void *context, double seconds, struct slice *slice)
{
    crew_run(context, seconds, slice);
}
