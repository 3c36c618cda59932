/* SPDX-License-Identifier: MIT */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

/* Writes all results as an array of objects, one a line. */
void json_write(const char *path);

#endif
