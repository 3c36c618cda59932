/* SPDX-License-Identifier: MIT */
#ifndef BENCH_DELETIONS_H
#define BENCH_DELETIONS_H

#include "dataset.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Who deletes which key: each of a sample is handed out once, to any thread or process. */
struct deletions {
    const struct bench_key *keys;
    size_t count;
    size_t a_slice; /* no more than these in one slice, so that some are left for all */
    _Atomic size_t next, limit;
    _Atomic size_t acknowledged; /* deletes that returned success */
};

/* For a contest: the sample's first `count` keys. */
void deletions_prepare(struct deletions *deletions, const struct sample *sample, size_t count);

/* Before each slice. */
void deletions_open_slice(struct deletions *deletions);

/* Hands out `count` keys, or false: the slice has had its share. */
bool deletions_take(struct deletions *deletions, size_t count, const struct bench_key **keys);

/* Fails the run unless the file holds as many deleted rows and events as were acknowledged. */
void deletions_check(const struct deletions *deletions, const char *where, size_t rows,
                     size_t events);

#endif
