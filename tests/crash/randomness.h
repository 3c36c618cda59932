/* SPDX-License-Identifier: MIT */
/* Makes whatever libsodium and SQLite draw in this process follow from a seed. */
#ifndef KEYWARD_TESTS_CRASH_RANDOMNESS_H
#define KEYWARD_TESTS_CRASH_RANDOMNESS_H

#include <stdint.h>

/* Before the first call of the library or of libsodium. */
void randomness_install(void);

/* From here on the numbers are those of this seed. */
void randomness_restart(uint64_t seed);

#endif
