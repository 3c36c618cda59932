/* SPDX-License-Identifier: MIT */
/* The audit log in the pieces in which it is published (https://c2sp.org/tlog-tiles). */
#ifndef KEYWARD_OPERATIONS_TILES_H
#define KEYWARD_OPERATIONS_TILES_H

#include "operations/audit_tree.h"

#define TILE_ENTRIES (-1) /* instead of a level: the events themselves */

struct tile_request {
    int level;            /* 0: leaf hashes; or TILE_ENTRIES */
    int64_t position;     /* of the tile at its level */
    size_t width;         /* 1 to TILE_HASHES */
    struct buffer *bytes; /* out */
};
enum keyward_status tile_read(struct transaction *transaction, void *request);

/* The text of the checkpoint over `size` events; 0: the newest, and its size comes back. Whether
 * the tree has its root is looked at. */
struct checkpoint_text {
    int64_t size;
    struct buffer *text;
};
enum keyward_status checkpoint_text(struct transaction *transaction, void *request);

#endif
