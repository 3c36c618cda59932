/* SPDX-License-Identifier: MIT */
/* One input of the fuzzer of the API as it runs: two stores, each with a model of what must be in
 * it. */
#ifndef KEYWARD_TESTS_FUZZ_WORLD_H
#define KEYWARD_TESTS_FUZZ_WORLD_H

#include "fuzz/input.h"
#include "fuzz/model.h"
#include "fuzz/require.h"

#include <keyward/keyward.h>

#define WORLDS 2
#define WORLD_CHECKPOINTS 4
#define RUN_PIECES 512

/* A checkpoint that was handed out. */
struct kept_checkpoint {
    char *text;
    int64_t size;
};

struct world {
    char path[96];
    keyward *store; /* NULL: not opened yet */
    struct model model;
    int64_t writes; /* calls since it was opened that wrote an event */
    char *log_key;
    struct kept_checkpoint checkpoints[WORLD_CHECKPOINTS];
    int checkpoint_count;
};

struct run {
    struct input input;
    struct world worlds[WORLDS], *world; /* the one that is called */
    int64_t now;                         /* what all clocks say */
    keyward_actor actor;
    int events_before; /* in the model, before the call */
    bool is_checked;   /* as a whole, at the end */
    void *pieces[RUN_PIECES];
    int piece_count;
};

/* ---- beginning, end, and what comes of a call ---- */

void run_begin(struct run *run, const uint8_t *data, size_t size);
/* The next calls are for this one of the worlds. */
void run_enter(struct run *run, int number);
/* Every store is looked through once more. */
void run_end(struct run *run);

/* The options of a world's store; `master_key` is one of the fuzzer's. */
keyward_options world_options(struct run *run, int master_key);
const unsigned char *master_key_number(int number);
#define MASTER_KEYS 3

/* Memory until the end of the run. */
void *run_piece(struct run *run, size_t size);

/* The call returned what the model says. */
void require_status(const keyward *store, enum keyward_status got, enum keyward_status wanted);

/* And besides, the thread's error record agrees, and the newest event of
 * the log is the model's. */
void settle(struct run *run, const keyward *store, enum keyward_status got,
            enum keyward_status wanted);

/* ---- the calls; each is a function of the API, or a few that go together ---- */

struct api_call {
    const char *name;
    void (*make)(struct run *run);
};
extern const struct api_call access_calls[], key_calls[], deletion_calls[], log_calls[],
    proof_calls[], store_calls[]; /* up to one without name */

/* Every row of the two is the same. */
void require_same_key(const struct run *run, const keyward_key *key,
                      const struct model_key *wanted);

#endif
