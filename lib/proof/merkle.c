/* SPDX-License-Identifier: MIT */
#include "proof/merkle.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(HASH_BYTES == crypto_hash_sha256_BYTES, "hash");

/* What is hashed begins with one of these, so that no node can pass for a leaf. */
#define LEAF_PREFIX 0
#define NODE_PREFIX 1

void merkle_leaf(const void *data, size_t length, struct hash *leaf)
{
    static const unsigned char prefix = LEAF_PREFIX;
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &prefix, 1);
    if (length > 0)
        crypto_hash_sha256_update(&state, data, length);
    crypto_hash_sha256_final(&state, leaf->bytes);
}

void merkle_node(const struct hash *left, const struct hash *right, struct hash *node)
{
    unsigned char both[1 + 2 * HASH_BYTES];

    both[0] = NODE_PREFIX;
    memcpy(both + 1, left->bytes, HASH_BYTES);
    memcpy(both + 1 + HASH_BYTES, right->bytes, HASH_BYTES);
    crypto_hash_sha256(node->bytes, both, sizeof both);
}

static void hash_nothing(struct hash *hash)
{
    crypto_hash_sha256(hash->bytes, NULL, 0);
}

static bool hash_equal(const struct hash *one, const struct hash *other)
{
    return memcmp(one->bytes, other->bytes, HASH_BYTES) == 0;
}

void merkle_fold(const struct hash *hashes, size_t count, struct hash *root)
{
    /* The roots of what is full so far, the widest first: one for each bit set in the number of
     * hashes seen. */
    struct hash full[8 * sizeof count];
    size_t depth = 0;

    for (size_t i = 0; i < count; i++) {
        full[depth] = hashes[i];
        for (size_t pairs = i; pairs & 1; pairs >>= 1) {
            depth--;
            merkle_node(&full[depth], &full[depth + 1], &full[depth]);
        }
        depth++;
    }
    for (; depth > 1; depth--)
        merkle_node(&full[depth - 2], &full[depth - 1], &full[depth - 2]);
    *root = full[0]; /* cppcheck-suppress uninitvar ; there is at least one */
}

/* ---- making ---- */

/* The root over the leaves [begin, end), at least one, where `begin` is a multiple of the smallest
 * power of two that is not below their number. From the right edge, each full subtree is joined to
 * what stands to the right of it. */
static enum keyward_status read_range(int64_t begin, int64_t end, merkle_read read, void *context,
                                      struct hash *root)
{
    bool is_first = true;
    struct hash full;

    for (int level = 0; begin < end; level++) {
        enum keyward_status status;

        if (((end - begin) >> level & 1) == 0)
            continue;
        end -= (int64_t)1 << level;
        status = read(context, level, end >> level, is_first ? root : &full);
        if (status != KEYWARD_OK)
            return status;
        if (!is_first)
            merkle_node(&full, root, root);
        is_first = false;
    }
    return KEYWARD_OK;
}

static bool size_is_valid(int64_t size)
{
    return size >= 0 && size <= TREE_SIZE_MAX;
}

enum keyward_status merkle_root(int64_t size, merkle_read read, void *context, struct hash *root)
{
    if (!size_is_valid(size))
        return KEYWARD_INVALID;
    if (size == 0)
        hash_nothing(root);
    return read_range(0, size, read, context, root);
}

/* True for a node that has nobody beside it: it stands for its parent as well. */
static bool is_alone(int64_t position, int64_t last)
{
    return position == last && (position & 1) == 0;
}

/* Adds what stands beside each node on the way from this one to the root. */
static enum keyward_status read_siblings(int level, int64_t position, int64_t size,
                                         merkle_read read, void *context,
                                         struct merkle_proof *proof)
{
    for (int64_t last = (size - 1) >> level; last > 0; last >>= 1, position >>= 1, level++) {
        const int64_t sibling = position ^ 1;
        const int64_t end = sibling < last ? (sibling + 1) << level : size;
        enum keyward_status status;

        if (is_alone(position, last))
            continue;
        status = read_range(sibling << level, end, read, context, &proof->hashes[proof->count++]);
        if (status != KEYWARD_OK)
            return status;
    }
    return KEYWARD_OK;
}

enum keyward_status merkle_prove_inclusion(int64_t index, int64_t size, merkle_read read,
                                           void *context, struct merkle_proof *proof)
{
    proof->count = 0;
    if (!size_is_valid(size) || index < 0 || index >= size)
        return KEYWARD_INVALID;
    return read_siblings(0, index, size, read, context, proof);
}

/* The level of the last of the full subtrees that make up a tree. A consistency proof begins with
 * it: on its way up to the newer root, what stands to the left is all that the older one is of. */
static int last_full_level(int64_t size)
{
    int level = 0;

    while ((size >> level & 1) == 0)
        level++;
    return level;
}

/* True when this last full subtree is all of the tree: its root is known then, and not sent. */
static bool is_full(int64_t size)
{
    return (size & (size - 1)) == 0;
}

enum keyward_status merkle_prove_consistency(int64_t old_size, int64_t new_size, merkle_read read,
                                             void *context, struct merkle_proof *proof)
{
    enum keyward_status status;
    int64_t position;
    int level;

    proof->count = 0;
    if (!size_is_valid(old_size) || !size_is_valid(new_size) || old_size > new_size)
        return KEYWARD_INVALID;
    if (old_size == 0 || old_size == new_size)
        return KEYWARD_OK;
    level = last_full_level(old_size);
    position = (old_size >> level) - 1;
    if (!is_full(old_size)) {
        status = read(context, level, position, &proof->hashes[proof->count++]);
        if (status != KEYWARD_OK)
            return status;
    }
    return read_siblings(level, position, new_size, read, context, proof);
}

/* ---- checking ---- */

/* From the root of a subtree to that of the tree, by the hashes from `used` on, which must be just
 * as many as it takes. `old`, unless NULL, becomes that of the tree that ends with the subtree:
 * only what stands to the left of it is part of that. Reads no more than PROOF_HASHES_MAX hashes,
 * whatever the count says, since there are no more levels. */
static bool climb(int level, int64_t position, int64_t size, const struct merkle_proof *proof,
                  size_t used, struct hash *old, struct hash *root)
{
    for (int64_t last = (size - 1) >> level; last > 0; last >>= 1, position >>= 1) {
        if (is_alone(position, last))
            continue;
        if (used == proof->count)
            return false;
        if (position & 1) {
            merkle_node(&proof->hashes[used], root, root);
            if (old)
                merkle_node(&proof->hashes[used], old, old);
        } else {
            merkle_node(root, &proof->hashes[used], root);
        }
        used++;
    }
    return used == proof->count;
}

bool merkle_check_inclusion(const struct hash *leaf, int64_t index, int64_t size,
                            const struct merkle_proof *proof, const struct hash *root)
{
    struct hash reached = *leaf;

    if (!size_is_valid(size) || index < 0 || index >= size)
        return false;
    return climb(0, index, size, proof, 0, NULL, &reached) && hash_equal(&reached, root);
}

/* Nothing is to be proven then: all begin with the empty tree, and a tree with itself. */
static bool check_without_proof(int64_t old_size, const struct hash *old_root, int64_t new_size,
                                const struct hash *new_root)
{
    struct hash nothing;

    hash_nothing(&nothing);
    if (old_size == 0 && !hash_equal(old_root, &nothing))
        return false;
    return old_size != new_size || hash_equal(old_root, new_root);
}

bool merkle_check_consistency(int64_t old_size, const struct hash *old_root, int64_t new_size,
                              const struct hash *new_root, const struct merkle_proof *proof)
{
    struct hash old, reached;
    size_t used = 0;
    int level;

    if (!size_is_valid(old_size) || !size_is_valid(new_size) || old_size > new_size)
        return false;
    if (old_size == 0 || old_size == new_size)
        return proof->count == 0 && check_without_proof(old_size, old_root, new_size, new_root);
    if (proof->count == 0)
        return false;
    old = is_full(old_size) ? *old_root : proof->hashes[used++];
    reached = old;
    level = last_full_level(old_size);
    return climb(level, (old_size >> level) - 1, new_size, proof, used, &old, &reached) &&
           hash_equal(&old, old_root) && hash_equal(&reached, new_root);
}
