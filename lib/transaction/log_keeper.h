/* SPDX-License-Identifier: MIT */
/*
 * Keeps the write-ahead log short without making commits wait for it.
 *
 * When the log has grown long, a leader who is done writes it back on a connection of its own while
 * the next batch already runs. What was committed meanwhile is left over, so that under a steady
 * load the log would never begin anew; therefore the next leader, before his batch, copies that
 * small rest.
 */
#ifndef KEYWARD_TRANSACTION_LOG_KEEPER_H
#define KEYWARD_TRANSACTION_LOG_KEEPER_H

#include "connection/connection.h"

#include <stdatomic.h>

struct log_keeper {
    const struct connection_options *options;
    struct connection *connection; /* opened when first needed, by whom `busy` belongs to */
    struct error unheard;          /* nobody waits for this work, and its failure loses nothing */
    atomic_flag busy;
    atomic_int pages;           /* in the log */
    atomic_int commit_pages;    /* that a commit adds, a running mean */
    atomic_int put_off;         /* not to be tried again before the log has so many pages */
    atomic_bool almost;         /* all but a small rest is written back */
    atomic_bool to_empty;       /* see log_keeper_empty() */
    atomic_bool emptied;        /* since log_keeper_was_emptied() was last asked */
    _Atomic int64_t not_before; /* on the monotonic clock: to be emptied, if it could not be */
};

void log_keeper_init(struct log_keeper *keeper, const struct connection_options *options);
void log_keeper_release(struct log_keeper *keeper, void (*close)(struct connection **connection));

/* Writes the log back and cuts it to nothing, so that what it held is gone from the disk; if a
 * reader still needs it, as soon as log_keeper_work() finds that nobody does. Waits for nobody. */
void log_keeper_empty(struct log_keeper *keeper);

/* True once after the log was emptied, to the leader who asks: pages that the writer still has from
 * before then are not as clean as those in the file. */
bool log_keeper_was_emptied(struct log_keeper *keeper);

/* Takes down the log's length after a commit. */
void log_keeper_note(struct log_keeper *keeper, int pages);

/* Writes back a log that has grown long; at most one thread at a time. `alone`: nobody else writes
 * who could be kept waiting by the disk. */
void log_keeper_work(struct log_keeper *keeper, bool alone);

/* Is there a rest that log_keeper_work() had to leave, or is the log too long? */
bool log_keeper_is_behind(const struct log_keeper *keeper);

/* Copies that rest while nobody commits, here or in another process: the caller has the lead and
 * SQLite's lock. The next writer begins the log anew. */
void log_keeper_catch_up(struct log_keeper *keeper);

#endif
