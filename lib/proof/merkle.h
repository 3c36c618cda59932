/* SPDX-License-Identifier: MIT */
/*
 * The tree of a log's hashes (RFC 6962, section 2.1, with SHA-256): its root, proofs that an entry
 * is in the log and that one log continues another, and the checking of both.
 *
 * Who makes a root or a proof keeps the hashes of full subtrees and is asked for them, each once:
 * a root takes as many as its size has bits set. A proof takes one for each of its hashes, but for
 * the one that may cover the tree's right edge: that is made of as many as the number of its leaves
 * has bits set.
 *
 * A proof does not prove the sizes: many a tree of three leaves looks like one of four. They are to
 * be had from where the root comes from, the signed checkpoint.
 */
#ifndef KEYWARD_PROOF_MERKLE_H
#define KEYWARD_PROOF_MERKLE_H

#include <keyward/keyward.h>

#define HASH_BYTES 32
#define PROOF_HASHES_MAX 64
#define TREE_SIZE_MAX ((int64_t)1 << 62)

struct hash {
    unsigned char bytes[HASH_BYTES];
};

/* In the order in which the check uses them: from the leaves up. */
struct merkle_proof {
    size_t count;
    struct hash hashes[PROOF_HASHES_MAX];
};

/* The hash of an entry; `data` may be NULL when it is empty. */
void merkle_leaf(const void *data, size_t length, struct hash *leaf);

/* `node` may be one of the two. */
void merkle_node(const struct hash *left, const struct hash *right, struct hash *node);

/* The root above `count` full subtrees of equal height that stand side by side, at least one. */
void merkle_fold(const struct hash *hashes, size_t count, struct hash *root);

/* Gives the root of the full subtree of leaves [position << level, (position + 1) << level). */
typedef enum keyward_status (*merkle_read)(void *context, int level, int64_t position,
                                           struct hash *hash);

/* These return KEYWARD_OK, what `read` failed with, or KEYWARD_INVALID for a tree, a leaf or an
 * older tree that cannot be; after a failure `root` and `proof` hold nothing of use. */

/* Of the first `size` leaves. Without any it is the hash of nothing. */
enum keyward_status merkle_root(int64_t size, merkle_read read, void *context, struct hash *root);

/* That the leaf `index` is in the tree. */
enum keyward_status merkle_prove_inclusion(int64_t index, int64_t size, merkle_read read,
                                           void *context, struct merkle_proof *proof);

/* That the newer tree begins with the older. Empty where either is both, or the older is empty. */
enum keyward_status merkle_prove_consistency(int64_t old_size, int64_t new_size, merkle_read read,
                                             void *context, struct merkle_proof *proof);

/* Whether the proof holds, and has as many hashes as these sizes ask for. They take anything. */
bool merkle_check_inclusion(const struct hash *leaf, int64_t index, int64_t size,
                            const struct merkle_proof *proof, const struct hash *root);
bool merkle_check_consistency(int64_t old_size, const struct hash *old_root, int64_t new_size,
                              const struct hash *new_root, const struct merkle_proof *proof);

#endif
