/* SPDX-License-Identifier: MIT */
/*
 * The audit log as a Merkle tree (RFC 6962): an event is the leaf `sequence - 1`, and its data are
 * its canonical JSON. Leaf hashes stand in the events' rows; of each 256 events, of each 256 of
 * those, and so on, the root stands in audit_tree. Whatever else of the tree is asked for is hashed
 * from at most 255 of these at each level.
 */
#ifndef KEYWARD_OPERATIONS_AUDIT_TREE_H
#define KEYWARD_OPERATIONS_AUDIT_TREE_H

#include "proof/merkle.h"
#include "transaction/transaction.h"

#define TILE_HASHES 256
#define TILE_LEVELS 8 /* enough for 2^63 events */

/* The leaf hash of an event; `scratch` keeps its room from one to the next. False: no memory. */
bool event_leaf(struct buffer *scratch, const keyward_event *event, struct hash *leaf);

/* After an event was appended: puts the roots that it completes. */
enum keyward_status tree_grow(struct transaction *transaction, int64_t sequence);

/* Whether there is anything for tree_catch_up() to do; a request of bool. */
enum keyward_status tree_is_behind(struct transaction *transaction, void *request);

/* Gives events that have none their leaf hashes, and the tree what it lacks, so many tiles at a
 * time: after an upgrade, or when somebody has appended by hand. */
struct tree_catch_up {
    int tiles;     /* at most */
    bool complete; /* out: nothing is left to do */
};
enum keyward_status tree_catch_up(struct transaction *transaction, void *request);

/* Likewise for the events behind the last full tile. */
enum keyward_status tree_fill_tail(struct transaction *transaction, int64_t size);

/* `count` hashes of one level of tiles, from the `first` on: leaf hashes at level 0, stored ones
 * above. KEYWARD_CORRUPT where one is missing. */
enum keyward_status tree_read_tile(struct transaction *transaction, int level, int64_t first,
                                   size_t count, struct hash *hashes);

/* A merkle_read; its context is the transaction. KEYWARD_CORRUPT where a hash is missing. */
enum keyward_status tree_read(void *transaction, int level, int64_t position, struct hash *hash);

#endif
