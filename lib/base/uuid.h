/* SPDX-License-Identifier: MIT */
/* Key ids: RFC 9562 UUIDs of version 7, as text. */
#ifndef KEYWARD_BASE_UUID_H
#define KEYWARD_BASE_UUID_H

#include <stdint.h>

#define UUID_TEXT_SIZE 37    /* with the NUL */
#define UUID_RANDOM_BYTES 10 /* what uuid_after consumes */

/*
 * A UUIDv7 for `milliseconds` that sorts after `previous` (NULL: none). Where the clock has not
 * moved on since `previous`, or has gone back, its time is kept and the 12 bits behind it count up
 * (RFC 9562, section 6.2, method 1), running over into the time.
 */
void uuid_after(const char *previous, int64_t milliseconds,
                const unsigned char random[UUID_RANDOM_BYTES], char text[UUID_TEXT_SIZE]);

#endif
