/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include "crew.h"
#include "deletions.h"

/* The floor: the same deletion and look-up as a careful programmer writes them by hand on SQLite,
 * without any library. */
struct floor;

/* Makes and fills a file; the sample gets its keys. */
void floor_fill(const char *path, struct sample *sample);

/* `batch`: how many deletes a transaction will have. */
struct floor *floor_open(const char *path, size_t batch);
void floor_close(struct floor **floor);

/* Deletes the keys in one durable transaction. */
void floor_delete(struct floor *floor, const struct bench_key *keys, size_t count);

/* What keys are to be deleted, and how many at a time. */
struct floor_deletes {
    struct floor *floor;
    struct deletions deletions;
    size_t batch;
};
void floor_run_deletes(void *context, double seconds, struct slice *slice); /* a contender */

/* A reader is for one thread. */
struct floor_reader;
struct floor_reader *floor_open_reader(const char *path);
void floor_close_reader(struct floor_reader **reader);
/* Whether the secret is that of a live key. */
bool floor_authenticate(struct floor_reader *reader, const char *access_key, const char *secret);

/* Fails the run unless the file has what was acknowledged. */
void floor_check(const char *path, const struct deletions *deletions);

#endif
