/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "contest.h"

#include <stddef.h>

#define CASE_NAME_SIZE 64

/* A line of the table. What does not apply is 0 or empty. */
struct result {
    char name[CASE_NAME_SIZE];
    double per_second;
    double p50_us, p99_us, p999_us;
    char floor[CASE_NAME_SIZE];
    double floor_per_second, ratio;
    double bytes_a_key, floor_bytes_a_key, memory_bytes; /* growth */
    double pages_a_delete, bytes_a_delete;               /* written to the log */
    double floor_pages_a_delete, floor_bytes_a_delete;
    double keyward_ratio; /* peers: how many times as fast keyward is beside it */
};

void report_section(const char *title, const char *note);
void report_heading(const char *title, const char *note); /* of lines that are no rates */

/* Prints the line and keeps it. */
void report_add(const struct result *result);

/* The line of a contender, and of its floor if it has one. */
struct result report_result(const char *name, const struct contender *contender);
void report_set_floor(struct result *result, const char *name, const struct contender *contender,
                      const struct contender *floor);

/* All lines so far. */
const struct result *report_results(size_t *count);
const struct result *report_find(const char *name); /* NULL: not measured */

/* "1,234,567" */
#define COUNT_TEXT_SIZE 32
const char *count_text(double number, char text[COUNT_TEXT_SIZE]);

#endif
