/* SPDX-License-Identifier: MIT */
/*
 * What a worker asks of a store, at random: keys of his own created, imported, deleted, restored,
 * rotated, renamed, purged, revealed; attempts that are refused; grants; and, for one who keeps the
 * store, changes of the master key, data keys, signed checkpoints and backups. Each change goes
 * into the ledger.
 */
#ifndef KEYWARD_TESTS_CRASH_WORKLOAD_H
#define KEYWARD_TESTS_CRASH_WORKLOAD_H

#include "crash/ledger.h"

struct worker {
    struct ledger *ledger;
    int number; /* his page of the ledger */
    keyward *store;
    const char *path;
    bool keeps_store;
    int64_t (*now)(void); /* the clock of the ledger's changes */
    uint64_t chance;
    /* Set when another process has changed the master key: the store must be opened again. NULL:
     * there are no others. */
    atomic_bool *is_stale;
    void (*acknowledged)(void); /* called after each change; or NULL */
    bool boasts; /* acknowledges what is not done yet, to see that this is found out */
    struct key_state states[KEYS_EACH];
};

/* Makes so many steps, fewer if his page is full, his store is stale or somebody has met a failure.
 */
void worker_work(struct worker *worker, int steps);

/* Where a backup of his goes. */
void backup_path(char path[128], const char *store_path, int worker, int number);

#endif
