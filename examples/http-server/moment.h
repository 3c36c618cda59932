/* SPDX-License-Identifier: MIT */
/* Moments as the API writes them: ISO 8601, UTC, milliseconds. */
#ifndef HTTP_SERVER_MOMENT_H
#define HTTP_SERVER_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#define MOMENT_SIZE 25 /* "2026-11-25T02:18:36.123Z" and a NUL */

/* Milliseconds since the epoch, up to the end of the year 9999. */
const char *moment_format(int64_t at, char text[MOMENT_SIZE]);

/* A date, or a date and time with an optional fraction and an offset; without an offset UTC. */
bool moment_parse(const char *text, int64_t *at);

int64_t moment_now(void);

/* "90s", "30m", "12h", "7d" or "2w" in milliseconds. */
bool duration_parse(const char *text, int64_t *milliseconds);

/* A clock that is never set back, in microseconds: for deadlines and latencies. */
int64_t clock_us(void);

#endif
