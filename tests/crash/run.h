/* SPDX-License-Identifier: MIT */
/* One run of several workers on a disk in memory, from making the store to closing it, with all
 * that came of it: the trace and the ledger. A seed always gives the same. */
#ifndef KEYWARD_TESTS_CRASH_RUN_H
#define KEYWARD_TESTS_CRASH_RUN_H

#include "crash/ledger.h"
#include "crash/trace.h"

#define RUN_STORE "/disk/keys.db"

struct run {
    uint64_t seed;
    struct trace trace;
    int64_t opened;                  /* by this call the store was there and open */
    int64_t closing;                 /* and at this one it began to be closed */
    int64_t commits, shared_commits; /* of these several callers had a part in so many */
    struct ledger *ledger;
};

/* Makes the run, or fails the test. */
void run_make(struct run *run, uint64_t seed);
void run_free(struct run *run);

#endif
