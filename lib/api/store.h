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

#endif
