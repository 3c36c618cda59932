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

struct chance chance_of(uint64_t seed, int number)
{
    return (struct chance){.state = seed + (uint64_t)number * 1000003};
}

/* splitmix64 */
int chance_below(struct chance *chance, int limit)
{
    uint64_t value = chance->state += 0x9E3779B97F4A7C15;

    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
    value = (value ^ value >> 27) * 0x94D049BB133111EB;
    return (int)((value ^ value >> 31) % (uint64_t)limit);
}
