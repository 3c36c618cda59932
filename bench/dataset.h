/* SPDX-License-Identifier: MIT */
#ifndef BENCH_DATASET_H
#define BENCH_DATASET_H

#include <stddef.h>
#include <stdint.h>

/* The data every contender is filled with: repositories of ten keys, and one user who is a writer
 * in each. */
#define DATASET_KEYS_A_REPO 10
#define DATASET_USER "alice"
#define DATASET_ROLE "writer"
#define DATASET_PROVIDER "OPENAI"

/* What comes with each deletion and goes into its event. */
#define DATASET_REASON "rotated"
#define DATASET_REQUEST_ID "req-0123456789abcdef"
#define DATASET_CLIENT_ADDRESS "192.0.2.7"

#define DATASET_REPO_SIZE 16
#define DATASET_NAME_SIZE 32

struct bench_key {
    uint32_t number; /* 0, 1, 2, ... in order of creation; its repository follows from it */
    char id[37];
    char access_key[40];
    char secret[60];
};

/* The keys that the cases use, in random order: all of a data set, or of a larger one a random
 * choice spread over the whole of it. */
struct sample {
    uint64_t seed;
    size_t total;
    size_t count;
    struct bench_key *keys;
};

void dataset_repo(uint32_t number, char repo[DATASET_REPO_SIZE]);
void dataset_name(uint32_t number, char name[DATASET_NAME_SIZE]);

/* A key as keyward would make it, for those who keep it without keyward. */
void dataset_make_key(uint64_t seed, uint32_t number, struct bench_key *key);

void sample_prepare(struct sample *sample, uint64_t seed, size_t total, size_t count);
/* Keeps the key if it is one of the sample's. Threads may call it at once, each key once. */
void sample_offer(struct sample *sample, const struct bench_key *key);
void sample_shuffle(struct sample *sample);
void sample_free(struct sample *sample);

#endif
