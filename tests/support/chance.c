/* SPDX-License-Identifier: MIT */
#include "support/chance.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

uint64_t chance_seed(void)
{
    const char *wanted = getenv("KEYWARD_TEST_SEED");
    uint64_t seed =
        wanted ? strtoull(wanted, NULL, 10) : (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();

    printf("KEYWARD_TEST_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    return seed;
}

uint64_t chance_of(uint64_t seed, int number)
{
    return seed + (uint64_t)number * 1000003;
}

uint64_t chance_mix(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t state = a;

    state = chance_next(&state) ^ b;
    state = chance_next(&state) ^ c;
    return chance_next(&state);
}

/* splitmix64 */
uint64_t chance_next(uint64_t *state)
{
    uint64_t value = *state += UINT64_C(0x9E3779B97F4A7C15);

    value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
    return value ^ value >> 31;
}

uint64_t chance_below(uint64_t *state, uint64_t limit)
{
    return chance_next(state) % limit;
}

int chance_index(uint64_t *state, int limit)
{
    return (int)chance_below(state, (uint64_t)limit);
}
