/* SPDX-License-Identifier: MIT */
/* Chance that can be had again: random numbers that follow from a seed, in any number of sequences.
 * A sequence is its state; what a thread draws from is its own. */
#ifndef KEYWARD_TESTS_CHANCE_H
#define KEYWARD_TESTS_CHANCE_H

#include <stdint.h>

/* KEYWARD_TEST_SEED, or else a new one; prints it. */
uint64_t chance_seed(void);

/* The state of a worker's own sequence, with his number. */
uint64_t chance_of(uint64_t seed, int number);

/* The state of a sequence that three numbers name. */
uint64_t chance_mix(uint64_t a, uint64_t b, uint64_t c);

uint64_t chance_next(uint64_t *state);

/* 0 to limit - 1 */
uint64_t chance_below(uint64_t *state, uint64_t limit);
int chance_index(uint64_t *state, int limit);

#endif
