/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FAIL_H
#define BENCH_FAIL_H

#include <stddef.h>
#include <stdnoreturn.h>

/* Says why on stderr and ends the program with EXIT_FAILURE; what it started and wrote is cleaned
 * away by atexit. Any thread may call it. */
noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* In a child process: die() ends it at once and leaves the cleaning to the parent. */
void die_quietly_from_now_on(void);

/* From here on SIGINT and SIGTERM only leave a note, which stop_if_interrupted() heeds. */
void catch_interrupts(void);
void stop_if_interrupted(void);

void *must_allocate(size_t count, size_t size); /* zeroed */

#endif
