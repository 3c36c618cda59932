/* SPDX-License-Identifier: MIT */
/*
 * A call, failed at each point in turn at which a fault can meet it, and judged each time: the
 * status, the error's detail, the out-parameters and rows of a failure, the locks it holds, and the
 * same call without the fault; in the end also what has not been freed or closed.
 */
#ifndef KEYWARD_TESTS_FAULT_SWEEP_H
#define KEYWARD_TESTS_FAULT_SWEEP_H

#include "fault/calls.h"
#include "fault/fault.h"

#define POINTS_MAX 50000 /* a call with more fault points than this does not end */
#ifndef POINTS_TRIED     /* CMakeLists.txt: fewer under a sanitizer */
#define POINTS_TRIED 30
#endif

/* Statements prepared and pages read before, or a store just opened. */
enum start { WARM, COLD };

struct tally {
    int points; /* reached */
    int failed; /* at which the call failed */
};

/* Of the stores: where commits are not flushed, each page is written to the log by itself. */
extern enum keyward_durability durability;

/* Fails each point in turn until one is not reached, or only about so many, spread over all of
 * them; each one where KEYWARD_TEST_EVERY_POINT is set in the environment. */
void sweep(const struct call *call, const struct fault *fault, enum fault_length length,
           enum start start, int tried, struct tally *tally);

bool every_point(void);

/* How far apart the points are then, from what the fault has counted. */
int step_of(const struct fault *fault, int tried);

/* Opens w->db, a connection that shares the log's index with the store. */
void look_past_library(struct work *w);

/* Transactions committed to the store, by any connection, up to now. */
uint32_t commits_of(const struct work *w);

/* Prints the tally, and keeps it for the sum; fails the test when fewer points than `floor` failed
 * the call, lest a test pass for want of faults. */
void assert_hit(const char *name, const struct fault *fault, const struct tally *tally, int floor);

void assert_failure(const struct work *w, keyward *store, const char *name,
                    const struct fault *fault, int nth, enum keyward_status status);
void assert_message_is_clean(const struct work *w, const char *message);

/* Nobody holds a lock on the log; `by_process`: another process sees none either, which takes a
 * while to ask. */
void assert_unlocked(struct work *w, const char *name, const struct fault *fault, int nth,
                     bool by_process);

/* ---- what may not be left ---- */

struct holdings {
    int blocks[MEMORY_KINDS];
    int descriptors;
};

/* Of this process, by now. */
/* What SQLite and libsodium allocate once in a process is there before anything is counted. */
void settle(void);

struct holdings holdings_now(void);
void assert_holdings(const char *name, const struct fault *fault, const struct holdings *before);

#endif
