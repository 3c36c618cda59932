/* SPDX-License-Identifier: MIT */
#include "operations/tiles.h"
#include "base/result.h"
#include "operations/audit.h"
#include "operations/checkpoints.h"
#include "operations/event_text.h"

#define ENTRY_MAX 65535 /* bytes: its length stands in two of them */

static enum keyward_status read_hashes(struct transaction *transaction,
                                       const struct tile_request *tile)
{
    struct hash hashes[TILE_HASHES];
    enum keyward_status status =
        tree_read_tile(transaction, tile->level, tile->position * TILE_HASHES, tile->width, hashes);

    if (status == KEYWARD_OK)
        buffer_add(tile->bytes, hashes, tile->width * HASH_BYTES);
    return status;
}

/* Its length as a big-endian number of two bytes, then the leaf's data. */
static bool add_entry(struct buffer *bytes, struct buffer *scratch, const keyward_event *event)
{
    unsigned char length[2];

    scratch->length = 0;
    event_add_json(scratch, event);
    if (scratch->failed || scratch->length > ENTRY_MAX)
        return false;
    length[0] = (unsigned char)(scratch->length >> 8);
    length[1] = (unsigned char)scratch->length;
    buffer_add(bytes, length, sizeof length);
    buffer_add(bytes, scratch->bytes, scratch->length);
    return true;
}

static enum keyward_status read_entries(struct transaction *transaction,
                                        const struct tile_request *tile)
{
    int64_t first = tile->position * TILE_HASHES;
    keyward_event_list *events = result_new(sizeof *events);
    struct buffer scratch = {.bytes = NULL};
    enum keyward_status status =
        events ? audit_read(transaction, first, first + (int64_t)tile->width, events)
               : KEYWARD_NOMEM;

    if (status == KEYWARD_OK && events->count != tile->width)
        status = error_set(transaction->error, KEYWARD_CORRUPT, "the audit log lacks events");
    for (size_t i = 0; status == KEYWARD_OK && i < events->count; i++)
        if (!add_entry(tile->bytes, &scratch, events->events[i]))
            status = scratch.failed ? KEYWARD_NOMEM : KEYWARD_CORRUPT;
    buffer_release(&scratch);
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
    enum keyward_status status =
        checkpoint_load(transaction, wanted->size, 0, wanted->text, &checkpoint);

    if (status == KEYWARD_OK)
        wanted->size = checkpoint.size;
    return status;
}
