/* SPDX-License-Identifier: MIT */
#include "operations/audit_tree.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/result.h"
#include "connection/statement.h"
#include "operations/audit.h"
#include "operations/event_text.h"

#include <string.h>

#define TILE_BITS 8

/* A tile is due with each 256th event; a few more when others have been appended by hand. */
#define TILES_AT_ONCE 16

static const struct query read_leaves = {
    QUERY_TREE_LEAVES, "SELECT leaf FROM audit_events WHERE sequence > ?1 AND sequence <= ?2"
                       " ORDER BY sequence"};
static const struct query last_leaf = {QUERY_TREE_LAST_LEAF,
                                       "SELECT max(sequence) FROM audit_events WHERE sequence > ?1"
                                       " AND sequence <= ?2 AND leaf IS NOT NULL"};
static const struct query fill_leaf = {
    QUERY_TREE_FILL_LEAF, "UPDATE audit_events SET leaf = ?1 WHERE sequence = ?2 AND leaf IS NULL"};
static const struct query read_inner_hashes = {
    QUERY_TREE_HASHES, "SELECT hash FROM audit_tree WHERE level = ?1"
                       " AND position >= ?2 AND position < ?3 ORDER BY position"};
static const struct query put_hash = {
    QUERY_TREE_PUT, "INSERT OR IGNORE INTO audit_tree (level, position, hash) VALUES (?1, ?2, ?3)"};
static const struct query last_tile = {QUERY_TREE_LAST,
                                       "SELECT max(position) FROM audit_tree WHERE level = 1"};

bool event_leaf(struct buffer *scratch, const keyward_event *event, struct hash *leaf)
{
    scratch->length = 0;
    event_add_json(scratch, event);
    if (scratch->failed) {
        buffer_release(scratch);
        return false;
    }
    merkle_leaf(scratch->bytes, scratch->length, leaf);
    return true;
}

/* ---- reading ---- */

/* Takes the rows' hashes; `*found` becomes how many stood there before the first that is missing.
 */
static enum keyward_status take_hashes(struct statement *rows, size_t count, struct hash *hashes,
                                       size_t *found)
{
    bool whole = true;

    *found = 0;
    while (statement_row(rows) && *found < count) {
        whole = whole && statement_length(rows, 0) == HASH_BYTES;
        if (whole)
            memcpy(hashes[(*found)++].bytes, statement_blob(rows, 0), HASH_BYTES);
    }
    return statement_end(rows);
}

static enum keyward_status find_leaves(struct transaction *transaction, int64_t first, size_t count,
                                       struct hash *hashes, size_t *found)
{
    struct statement rows = statement_begin(transaction->connection, &read_leaves);

    statement_bind_number(&rows, first);
    statement_bind_number(&rows, first + (int64_t)count);
    return take_hashes(&rows, count, hashes, found);
}

static enum keyward_status find_hashes(struct transaction *transaction, int level, int64_t first,
                                       size_t count, struct hash *hashes, size_t *found)
{
    struct statement rows;

    if (level == 0)
        return find_leaves(transaction, first, count, hashes, found);
    rows = statement_begin(transaction->connection, &read_inner_hashes);
    statement_bind_number(&rows, level);
    statement_bind_number(&rows, first);
    statement_bind_number(&rows, first + (int64_t)count);
    return take_hashes(&rows, count, hashes, found);
}

enum keyward_status tree_read_tile(struct transaction *transaction, int level, int64_t first,
                                   size_t count, struct hash *hashes)
{
    size_t found;
    enum keyward_status status = find_hashes(transaction, level, first, count, hashes, &found);

    if (status == KEYWARD_OK && found < count)
        status = error_set(transaction->error, KEYWARD_CORRUPT,
                           "the tree of the audit log lacks a hash; keyward_check() tells more");
    return status;
}

enum keyward_status tree_read(void *context, int level, int64_t position, struct hash *hash)
{
    struct hash hashes[TILE_HASHES / 2];
    int within = level % TILE_BITS;
    size_t count = (size_t)1 << within;
    enum keyward_status status =
        tree_read_tile(context, level / TILE_BITS, position << within, count, hashes);

    if (status == KEYWARD_OK)
        merkle_fold(hashes, count, hash);
    return status;
}

/* ---- leaves that are missing ---- */

static enum keyward_status put_leaf(struct transaction *transaction, const keyward_event *event)
{
    struct statement fill;
    struct hash leaf;

    if (!event_leaf(transaction->scratch, event, &leaf))
        return KEYWARD_NOMEM;
    fill = statement_begin(transaction->connection, &fill_leaf);
    statement_bind_blob(&fill, leaf.bytes, sizeof leaf.bytes);
    statement_bind_number(&fill, event->sequence);
    return statement_run(&fill);
}

static enum keyward_status find_last_leaf(struct transaction *transaction, int64_t first,
                                          int64_t last, int64_t *found)
{
    struct statement read = statement_begin(transaction->connection, &last_leaf);

    *found = first;
    statement_bind_number(&read, first);
    statement_bind_number(&read, last);
    if (statement_row(&read) && !statement_is_null(&read, 0))
        *found = statement_number(&read, 0);
    return statement_end(&read);
}

/* Of the events after `first` up to `last`, at most a tile of them, those at the end that have
 * none. Before one that has its leaf hash, another has lost it: to make that anew would be to stand
 * for whatever was made of the event. */
static enum keyward_status fill_leaves(struct transaction *transaction, int64_t first, int64_t last)
{
    keyward_event_list *events = result_new(sizeof *events);
    enum keyward_status status =
        events ? find_last_leaf(transaction, first, last, &first) : KEYWARD_NOMEM;

    if (status == KEYWARD_OK)
        status = audit_read(transaction, first, last, events);
    for (size_t i = 0; status == KEYWARD_OK && i < events->count; i++)
        status = put_leaf(transaction, events->events[i]);
    result_free(events);
    return status;
}

enum keyward_status tree_fill_tail(struct transaction *transaction, int64_t size)
{
    struct hash hashes[TILE_HASHES];
    int64_t first = size - size % TILE_HASHES;
    size_t found;
    enum keyward_status status =
        find_leaves(transaction, first, (size_t)(size - first), hashes, &found);

    if (status == KEYWARD_OK && found < (size_t)(size - first))
        status = fill_leaves(transaction, first, size);
    return status;
}

/* ---- growing ---- */

static enum keyward_status put_inner_hash(struct transaction *transaction, int level,
                                          int64_t position, const struct hash *hash)
{
    struct statement put = statement_begin(transaction->connection, &put_hash);

    statement_bind_number(&put, level);
    statement_bind_number(&put, position);
    statement_bind_blob(&put, hash->bytes, sizeof hash->bytes);
    return statement_run(&put);
}

static enum keyward_status read_tile_of_leaves(struct transaction *transaction, int64_t position,
                                               struct hash *hashes)
{
    int64_t first = position * TILE_HASHES;
    size_t found;
    enum keyward_status status = find_leaves(transaction, first, TILE_HASHES, hashes, &found);

    if (status != KEYWARD_OK || found == TILE_HASHES)
        return status;
    status = fill_leaves(transaction, first, first + TILE_HASHES);
    if (status == KEYWARD_OK)
        status = tree_read_tile(transaction, 0, first, TILE_HASHES, hashes);
    return status;
}

/* The root of a full tile of leaves, and of each tile above that it completes. */
static enum keyward_status put_tile(struct transaction *transaction, int64_t position)
{
    struct hash hashes[TILE_HASHES], root;
    enum keyward_status status = read_tile_of_leaves(transaction, position, hashes);

    for (int level = 1; status == KEYWARD_OK; level++, position /= TILE_HASHES) {
        merkle_fold(hashes, TILE_HASHES, &root);
        status = put_inner_hash(transaction, level, position, &root);
        if (status != KEYWARD_OK || (position + 1) % TILE_HASHES != 0)
            break;
        status =
            tree_read_tile(transaction, level, position + 1 - TILE_HASHES, TILE_HASHES, hashes);
    }
    return status;
}

static enum keyward_status find_next_tile(struct transaction *transaction, int64_t *next)
{
    struct statement last = statement_begin(transaction->connection, &last_tile);

    *next = 0;
    if (statement_row(&last) && !statement_is_null(&last, 0))
        *next = statement_number(&last, 0) + 1;
    return statement_end(&last);
}

static enum keyward_status put_tiles(struct transaction *transaction, int64_t size,
                                     struct tree_catch_up *work)
{
    int64_t next, end = size / TILE_HASHES;
    enum keyward_status status = find_next_tile(transaction, &next);

    for (int tiles = work->tiles; status == KEYWARD_OK && next < end && tiles > 0; tiles--)
        status = put_tile(transaction, next++);
    work->complete = status == KEYWARD_OK && next >= end;
    return status;
}

static const struct query count_due = {
    QUERY_TREE_IS_BEHIND, "SELECT sequence / 256 > coalesce((SELECT max(position) + 1 FROM "
                          "audit_tree WHERE level = 1), 0)"
                          " OR leaf IS NULL FROM audit_events ORDER BY sequence DESC LIMIT 1"};

enum keyward_status tree_is_behind(struct transaction *transaction, void *request)
{
    struct statement due = statement_begin(transaction->connection, &count_due);

    *(bool *)request = statement_row(&due) && statement_number(&due, 0) != 0;
    return statement_end(&due);
}

enum keyward_status tree_catch_up(struct transaction *transaction, void *request)
{
    enum keyward_status status = audit_find_end(transaction);

    return status == KEYWARD_OK ? put_tiles(transaction, transaction->last_sequence, request)
                                : status;
}

/* That a hash is missing which the tile needs, because somebody has removed an event, is for the
 * check and the next checkpoint to tell: keys are deleted all the same. */
static bool is_damage_of_the_log(enum keyward_status status, const struct error *error)
{
    return status == KEYWARD_CORRUPT && error->detail.sqlite_code == 0;
}

enum keyward_status tree_grow(struct transaction *transaction, int64_t sequence)
{
    struct tree_catch_up work = {.tiles = TILES_AT_ONCE};
    struct error unheard = {.store_stamp = 0}, *error = transaction->error;
    enum keyward_status status;

    if (sequence % TILE_HASHES != 0)
        return KEYWARD_OK;
    transaction->error = transaction->connection->error = &unheard;
    status = put_tiles(transaction, sequence, &work);
    transaction->error = transaction->connection->error = error;
    if (is_damage_of_the_log(status, &unheard))
        return KEYWARD_OK;
    if (status != KEYWARD_OK)
        error_copy(error, &unheard);
    return status;
}
