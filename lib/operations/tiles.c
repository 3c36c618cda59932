/* SPDX-License-Identifier: MIT */
#include "operations/tiles.h"
#include "base/result.h"
#include "operations/audit.h"
#include "operations/checkpoints.h"

#include <inttypes.h>
#include <string.h>

#define ENTRY_MAX 65535 /* bytes: its length stands in two of them */

/* A full tile is the one that its sum, at the level above, was made of: what is published is what
 * was signed. */
static enum keyward_status read_tile(struct transaction *transaction,
                                     const struct tile_request *tile, struct hash *hashes)
{
    int level = tile->level == TILE_ENTRIES ? 0 : tile->level;
    struct hash stored, sum;
    enum keyward_status status =
        tree_read_tile(transaction, level, tile->position * TILE_HASHES, tile->width, hashes);

    if (status != KEYWARD_OK || tile->width < TILE_HASHES)
        return status;
    status = tree_read_tile(transaction, level + 1, tile->position, 1, &stored);
    if (status != KEYWARD_OK)
        return status;
    merkle_fold(hashes, TILE_HASHES, &sum);
    if (memcmp(&stored, &sum, sizeof sum) != 0)
        status = error_set(transaction->error, KEYWARD_INCONSISTENT,
                           "the tree of the audit log was changed; keyward_check() tells more");
    return status;
}

static enum keyward_status read_hashes(struct transaction *transaction,
                                       const struct tile_request *tile)
{
    struct hash hashes[TILE_HASHES];
    enum keyward_status status = read_tile(transaction, tile, hashes);

    if (status == KEYWARD_OK)
        buffer_add(tile->bytes, hashes, tile->width * HASH_BYTES);
    return status;
}

/* Its length as a big-endian number of two bytes, then the leaf's data; `scratch` has them. */
static enum keyward_status add_entry(struct buffer *bytes, const struct buffer *scratch)
{
    unsigned char length[2] = {(unsigned char)(scratch->length >> 8),
                               (unsigned char)scratch->length};

    if (scratch->length > ENTRY_MAX)
        return KEYWARD_CORRUPT;
    buffer_add(bytes, length, sizeof length);
    buffer_add(bytes, scratch->bytes, scratch->length);
    return KEYWARD_OK;
}

/* An event that was changed since it was appended is not published. */
static enum keyward_status add_entries(struct transaction *transaction,
                                       const struct tile_request *tile,
                                       const keyward_event_list *events, const struct hash *leaves)
{
    struct buffer scratch = {.bytes = NULL};
    enum keyward_status status = KEYWARD_OK;
    struct hash leaf;

    for (size_t i = 0; status == KEYWARD_OK && i < events->count; i++) {
        if (!event_leaf(&scratch, events->events[i], &leaf))
            status = KEYWARD_NOMEM;
        else if (memcmp(&leaf, &leaves[i], sizeof leaf) != 0)
            status = error_set(transaction->error, KEYWARD_INCONSISTENT,
                               "event %" PRId64 " was changed after it had been appended",
                               events->events[i]->sequence);
        else
            status = add_entry(tile->bytes, &scratch);
    }
    buffer_release(&scratch);
    return status;
}

static enum keyward_status read_entries(struct transaction *transaction,
                                        const struct tile_request *tile)
{
    int64_t first = tile->position * TILE_HASHES;
    keyward_event_list *events = result_new(sizeof *events);
    struct hash leaves[TILE_HASHES];
    enum keyward_status status =
        events ? audit_read(transaction, first, first + (int64_t)tile->width, events)
               : KEYWARD_NOMEM;

    if (status == KEYWARD_OK && events->count != tile->width)
        status = error_set(transaction->error, KEYWARD_CORRUPT, "the audit log lacks events");
    if (status == KEYWARD_OK)
        status = read_tile(transaction, tile, leaves);
    if (status == KEYWARD_OK)
        status = add_entries(transaction, tile, events, leaves);
    result_free(events);
    return status;
}

enum keyward_status tile_read(struct transaction *transaction, void *request)
{
    const struct tile_request *tile = request;
    enum keyward_status status;

    tile->bytes->length = 0;
    status = (tile->level == TILE_ENTRIES ? read_entries : read_hashes)(transaction, tile);
    return status == KEYWARD_OK && tile->bytes->failed ? KEYWARD_NOMEM : status;
}

enum keyward_status checkpoint_text(struct transaction *transaction, void *request)
{
    struct checkpoint_text *wanted = request;
    struct checkpoint checkpoint;
    struct hash root;
    enum keyward_status status =
        checkpoint_load(transaction, wanted->size, 0, wanted->text, &checkpoint);

    if (status == KEYWARD_OK)
        status = merkle_root(checkpoint.size, tree_read, transaction, &root);
    if (status == KEYWARD_OK && memcmp(&root, &checkpoint.root, sizeof root) != 0)
        status = error_set(transaction->error, KEYWARD_INCONSISTENT,
                           "the events are not those that the checkpoint was signed over");
    if (status == KEYWARD_OK)
        wanted->size = checkpoint.size;
    return status;
}
