/* SPDX-License-Identifier: MIT */
/* A point in time on the monotonic clock until which a call may wait. */
#ifndef KEYWARD_BASE_DEADLINE_H
#define KEYWARD_BASE_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct deadline {
    struct timespec at;
};

struct deadline deadline_in(int milliseconds);

/* The monotonic clock in microseconds. */
int64_t monotonic_us(void);

/* Milliseconds left, never negative. */
int deadline_left(const struct deadline *deadline);

/* Sleeps for 100 microseconds, after many pauses for a millisecond; false when the deadline has
 * passed. */
bool deadline_pause(const struct deadline *deadline, int pauses);

#endif
