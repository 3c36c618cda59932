/* SPDX-License-Identifier: MIT */
/* Points in time as a person reads and writes them; milliseconds since 1970 everywhere else. */
#ifndef KEYWARD_CLI_MOMENT_H
#define KEYWARD_CLI_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#define MOMENT_SIZE 40

int64_t moment_now(void);

/* Reads a date (2027-01-31: its first moment), a date and time (2027-01-31T12:00, with seconds and
 * fractions if you like, and with Z or an offset; without one it is local, or UTC with `utc`), or
 * "+30d": so much after `now`. NULL, or what is wrong with it. */
const char *moment_parse(const char *text, bool utc, int64_t now, int64_t *at);

/* The same, but a bare duration, as 12h, is so much before `now`. */
const char *moment_parse_past(const char *text, bool utc, int64_t now, int64_t *at);

/* To the second, as moment_parse reads it: with Z for UTC, with the offset for local time. */
const char *moment_text(int64_t at, bool utc, char text[MOMENT_SIZE]);

/* Short forms for narrow terminals: the date alone, and month, day and time of day. */
const char *moment_date(int64_t at, bool utc, char text[MOMENT_SIZE]);
const char *moment_clock(int64_t at, bool utc, char text[MOMENT_SIZE]);

#endif
