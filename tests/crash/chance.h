/* SPDX-License-Identifier: MIT */
/* Random numbers that follow from a seed, for any number of independent sequences. */
#ifndef KEYWARD_TESTS_CRASH_CHANCE_H
#define KEYWARD_TESTS_CRASH_CHANCE_H

#include <stdint.h>

/* splitmix64 */
static inline uint64_t chance_next(uint64_t *state)
{
    uint64_t value = *state += UINT64_C(0x9E3779B97F4A7C15);

    value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
    return value ^ value >> 31;
}

/* 0 to `limit` - 1 */
static inline uint64_t chance_below(uint64_t *state, uint64_t limit)
{
    return chance_next(state) % limit;
}

/* A seed for a sequence of its own. */
static inline uint64_t chance_seed(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t state = a;

    state = chance_next(&state) ^ b;
    state = chance_next(&state) ^ c;
    return chance_next(&state);
}

#endif
