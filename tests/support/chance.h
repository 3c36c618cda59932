/* SPDX-License-Identifier: MIT */
/* Chance that can be had again: KEYWARD_TEST_SEED=<seed> replays it. Each thread has its own. */
#ifndef KEYWARD_TESTS_CHANCE_H
#define KEYWARD_TESTS_CHANCE_H

#include <stdint.h>

struct chance {
    uint64_t state;
};

/* KEYWARD_TEST_SEED, or else a new one; prints it. */
uint64_t chance_seed(void);

/* Of a worker's own, with his number. */
struct chance chance_of(uint64_t seed, int number);

/* 0 to limit - 1 */
int chance_below(struct chance *chance, int limit);

#endif
