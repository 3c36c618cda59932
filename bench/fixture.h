/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FIXTURE_H
#define BENCH_FIXTURE_H

#include "dataset.h"
#include "folder.h"

/* One data set, kept by keyward and by hand. */
struct fixture {
    char subject_path[PATH_SIZE], floor_path[PATH_SIZE];
    struct sample subject_sample, floor_sample;
};

/* Fills both; a case handles at most `sampled` of the keys. */
void fixture_fill(struct fixture *fixture, const char *name, size_t keys, size_t sampled);

/* Fresh copies for one case, so that each starts from the same two files. */
void fixture_copy(const struct fixture *from, struct fixture *copy);
void fixture_remove_files(const struct fixture *fixture);
void fixture_free(struct fixture *fixture);

#endif
