/* SPDX-License-Identifier: MIT */
/* The handle, and how a public function reaches the database. */
#ifndef KEYWARD_API_STORE_H
#define KEYWARD_API_STORE_H

#include "base/fork_guard.h"
#include "operations/verified.h"
#include "transaction/transaction.h"

struct keyward {
    struct fork_guard fork_guard;
    uint64_t stamp; /* random: whose call an error record is about */
    struct database *database;
    struct services services;
    struct verified *verified; /* pairs that need no look-up while nothing changes */
    void (*after_commit)(void *context, keyward *store, int64_t sequence);
    void *after_commit_context;
};

/* KEYWARD_OK when the store may be used in this process, KEYWARD_INVALID or KEYWARD_FORKED. */
enum keyward_status store_check(const keyward *store, struct error *error);

/* Runs a writing operation and, outside of everything, the host's callback. */
enum keyward_status store_write(keyward *store, operation run, void *request, struct error *error);

/* A writing operation that collects its changes where `collected` points. */
struct change {
    operation run;
    void *request;
    keyward_changes **collected;
    bool preview; /* undone again */
};

/* Runs it, and hands out the changes on KEYWARD_OK; NULL: nobody wants them. */
enum keyward_status store_change(keyward *store, struct change change, keyward_changes **changes,
                                 struct error *error);

/* Writes all that authentications have noted. */
enum keyward_status store_flush_uses(keyward *store, struct error *error);

/* Gives events that an earlier version, or somebody by hand, has appended their place in the log's
 * tree, in batches. */
enum keyward_status store_catch_up(keyward *store, struct error *error);

/* By the store's clock. */
int64_t store_now(const keyward *store);

#endif
