/* SPDX-License-Identifier: MIT */
#include "operations/check_tree.h"
#include "operations/audit.h"
#include "operations/audit_tree.h"
#include "operations/check_heads.h"
#include "operations/check_report.h"

#include <stdlib.h>
#include <string.h>

/* The hashes at one level that no hash above covers yet. */
struct tile {
    int64_t position; /* of the first */
    size_t count;
    struct hash hashes[TILE_HASHES + 1]; /* room for what stands to the right, see root() */
};

struct tree_check {
    struct transaction *transaction;
    struct check *check;
    struct tile tiles[TILE_LEVELS];
    struct heads_check *heads;
    struct statement stored; /* rows of audit_tree, in the order in which events complete them */
    bool has_stored;
    struct buffer scratch;
    int64_t size;  /* events so far */
    bool has_bare; /* an event of the tile lacks its leaf hash, the first of them `bare` */
    int64_t bare;
};

/* By the event that completes them, and the lower one first. */
static const struct query all_hashes = {
    QUERY_TREE_ALL, "SELECT level, position, hash, (position + 1) << (8 * level) AS last"
                    " FROM audit_tree ORDER BY last, level"};

static enum keyward_status find_tree_fault(struct tree_check *tree, const char *problem,
                                           int64_t sequence)
{
    return report_finding(tree->check->report, problem, NULL, NULL, NULL, sequence);
}

struct tree_check *tree_check_new(struct transaction *transaction, struct check *check)
{
    struct tree_check *tree = calloc(1, sizeof *tree);

    if (!tree)
        return NULL;
    tree->transaction = transaction;
    tree->check = check;
    tree->stored = statement_begin(transaction->connection, &all_hashes);
    tree->has_stored = statement_row(&tree->stored);
    tree->heads = heads_check_new(transaction, check);
    if (!tree->heads) {
        tree_check_free(tree);
        return NULL;
    }
    return tree;
}

enum keyward_status tree_check_begin(struct tree_check *tree)
{
    return heads_check_begin(tree->heads);
}

void tree_check_free(struct tree_check *tree)
{
    if (!tree)
        return;
    heads_check_free(tree->heads);
    statement_end(&tree->stored);
    buffer_release(&tree->scratch);
    free(tree);
}

/* ---- inner hashes ---- */

static enum keyward_status find_bare(struct tree_check *tree)
{
    enum keyward_status status = KEYWARD_OK;

    if (tree->has_bare)
        status = find_tree_fault(tree, "the event's leaf hash is missing", tree->bare);
    tree->has_bare = false;
    return status;
}

/* The stored rows up to this event that nothing asked for. */
static enum keyward_status skip_strangers(struct tree_check *tree, int level, int64_t position)
{
    enum keyward_status status = KEYWARD_OK;
    int64_t last = (position + 1) << (8 * level);

    while (status == KEYWARD_OK && tree->has_stored) {
        int64_t its_last = statement_number(&tree->stored, 3);
        int its_level = (int)statement_number(&tree->stored, 0);

        if (its_last > last || (its_last == last && its_level >= level))
            break;
        status = find_tree_fault(tree, "the tree has a hash that belongs to no events", tree->size);
        tree->has_stored = statement_row(&tree->stored);
    }
    return status;
}

/* Tiles that an upgrade has not come to yet are the last; before others none may be missing. */
static enum keyward_status compare_hash(struct tree_check *tree, int level, int64_t position,
                                        const struct hash *hash)
{
    enum keyward_status status = skip_strangers(tree, level, position);
    struct statement *stored = &tree->stored;

    if (status != KEYWARD_OK || !tree->has_stored)
        return status;
    if (statement_number(stored, 0) != level || statement_number(stored, 1) != position)
        return find_tree_fault(tree, "the tree lacks the hash of the events up to this one",
                               tree->size);
    if (statement_length(stored, 2) != HASH_BYTES ||
        memcmp(statement_blob(stored, 2), hash->bytes, HASH_BYTES) != 0)
        status = find_tree_fault(tree, "the tree has another hash of the events up to this one",
                                 tree->size);
    if (status == KEYWARD_OK)
        status = find_bare(tree);
    tree->has_stored = statement_row(stored);
    return status;
}

/* There are levels enough: no log fills a tile of the highest. */
static enum keyward_status add_hash(struct tree_check *tree, struct hash hash)
{
    enum keyward_status status = KEYWARD_OK;

    for (int level = 0; status == KEYWARD_OK; level++) {
        struct tile *tile = &tree->tiles[level];
        tile->hashes[tile->count++] = hash;
        if (tile->count < TILE_HASHES)
            break;
        merkle_fold(tile->hashes, TILE_HASHES, &hash);
        status = compare_hash(tree, level + 1, tile->position / TILE_HASHES, &hash);
        tile->position += TILE_HASHES;
        tile->count = 0;
    }
    return status;
}

/* ---- heads ---- */

/* The root of what there is: at each level its hashes, and to their right what is below them. */
static void find_root(struct tree_check *tree, struct hash *root)
{
    bool has_root = false;

    for (int level = 0; level < TILE_LEVELS; level++) {
        struct tile *tile = &tree->tiles[level];
        size_t count = tile->count;
        if (has_root)
            tile->hashes[count++] = *root;
        if (count > 0)
            merkle_fold(tile->hashes, count, root);
        has_root = count > 0;
    }
}

static enum keyward_status check_head(struct tree_check *tree)
{
    struct hash root;

    if (tree->size != heads_check_next(tree->heads))
        return KEYWARD_OK;
    find_root(tree, &root);
    return heads_check_compare(tree->heads, &root);
}

/* ---- events ---- */

/* Those that lack a leaf hash were appended by hand, or before an upgrade, and are the last of a
 * tile that has no hash yet. */
static enum keyward_status check_leaf(struct tree_check *tree, const struct statement *row,
                                      const struct hash *leaf)
{
    const void *stored = statement_blob(row, EVENT_COLUMNS_COUNT);
    int64_t sequence = statement_number(row, 0);
    enum keyward_status status;

    if (tree->tiles[0].count == 0)
        tree->has_bare = false;
    if (!stored) {
        if (!tree->has_bare)
            tree->bare = sequence;
        tree->has_bare = true;
        return KEYWARD_OK;
    }
    status = find_bare(tree);
    if (status == KEYWARD_OK && (statement_length(row, EVENT_COLUMNS_COUNT) != HASH_BYTES ||
                                 memcmp(stored, leaf->bytes, HASH_BYTES) != 0))
        status = find_tree_fault(tree, "the event is not the one that its leaf hash was made of",
                                 sequence);
    return status;
}

/* Of a row that makes no event: the hash that stands in it, so that those behind it keep their
 * places. */
static void stored_leaf(const struct statement *row, struct hash *leaf)
{
    memset(leaf, 0, sizeof *leaf);
    if (statement_length(row, EVENT_COLUMNS_COUNT) == HASH_BYTES)
        memcpy(leaf->bytes, statement_blob(row, EVENT_COLUMNS_COUNT), HASH_BYTES);
}

enum keyward_status tree_check_event(struct tree_check *tree, const struct statement *row)
{
    keyward_event event;
    struct hash leaf;
    bool hides;
    enum keyward_status status = audit_event_of_row(row, &event, &hides);

    tree->size++;
    if (status == KEYWARD_OK && !event_leaf(&tree->scratch, &event, &leaf))
        return KEYWARD_NOMEM;
    if (status != KEYWARD_OK)
        stored_leaf(row, &leaf);
    if (status != KEYWARD_OK || hides)
        status = find_tree_fault(tree, "the event is not one that keyward writes",
                                 statement_number(row, 0));
    if (status == KEYWARD_OK)
        status = check_leaf(tree, row, &leaf);
    if (status == KEYWARD_OK)
        status = add_hash(tree, leaf);
    return status == KEYWARD_OK ? check_head(tree) : status;
}

enum keyward_status tree_check_end(struct tree_check *tree)
{
    enum keyward_status status = KEYWARD_OK, ended;

    while (status == KEYWARD_OK && tree->has_stored) {
        status = find_tree_fault(tree, "the tree has a hash of events that are not there",
                                 statement_number(&tree->stored, 3));
        tree->has_stored = statement_row(&tree->stored);
    }
    ended = statement_end(&tree->stored);
    if (status == KEYWARD_OK)
        status = ended;
    return status == KEYWARD_OK ? heads_check_end(tree->heads, tree->size) : status;
}
