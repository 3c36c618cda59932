/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include "crew.h"
#include "deletions.h"

#include <keyward/keyward.h>

/* keyward, what this program measures. */

#define SUBJECT_FILL_THREADS 32

extern const keyward_actor subject_host, subject_user;

keyward *subject_open(const char *path, enum keyward_durability durability);

/* Writes the master key of these stores to a file. */
void subject_write_master_key(const char *path);

/* Ends the run unless the call returned KEYWARD_OK. */
void subject_must(keyward *store, enum keyward_status status, const char *what);

/* Makes and fills a store; the sample gets its keys. */
void subject_fill(const char *path, struct sample *sample);

/* What keys are to be deleted, by how many threads. */
struct subject_deletes {
    keyward *store;
    struct deletions *deletions;
    unsigned threads;
    size_t batch; /* 1: keyward_delete_key, else keyward_delete_keys */
};
struct crew subject_delete_crew(struct subject_deletes *deletes);
void subject_run_deletes(void *context, double seconds, struct slice *slice); /* a contender */

/* Fails the run unless the file has what was acknowledged. */
void subject_check(const char *path, const struct deletions *deletions);

#endif
