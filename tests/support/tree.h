/* SPDX-License-Identifier: MIT */
/*
 * The audit log's Merkle tree, made anew from the exported lines by the recursive definition of RFC
 * 6962, section 2.1, with libsodium alone: what the library's own tree, checkpoints and proofs are
 * compared with.
 */
#ifndef KEYWARD_TESTS_TREE_H
#define KEYWARD_TESTS_TREE_H

#include "support/fixture.h"

#define ORIGIN "example.com/keys" /* of the logs in these tests */

struct node {
    unsigned char bytes[32];
};

struct tree {
    size_t count;
    char **lines; /* without their new lines */
    struct node *leaves;
    char *exported;
};

/* Exports all events of the store; tree_close() frees it. */
void tree_open(struct tree *tree, const struct fixture *f);
void tree_close(struct tree *tree);

/* SHA-256(0x00 || data) */
struct node leaf_of(const void *data, size_t length);

/* MTH(D[first:first + count]) */
struct node tree_hash(const struct tree *tree, size_t first, size_t count);

/* PATH(index, D[0:size]) and PROOF(old_size, D[0:size]), as lines of base64; see compose(). */
const char *tree_path(const struct tree *tree, size_t index, size_t size);
const char *tree_proof(const struct tree *tree, size_t old_size, size_t size);

/* Each event's leaf column is the hash of its exported line, the sequences are 1, 2, 3 and so on,
 * and audit_tree has each inner hash that is due, right, and no other. */
void assert_tree_stored(const struct fixture *f, const struct tree *tree);

/* The same of the store as it is now. */
void assert_tree(const struct fixture *f);

/* The log's key, made if there is none, malloc'd. */
char *log_key_of(const struct fixture *f);

/* Signs a checkpoint, or fails the test; freed with keyward_text_free(). */
keyward_text *sign_checkpoint(const struct fixture *f);

/* The text is the checkpoint over the first `size` events of the tree, byte for byte, with this
 * key's signature, which holds, and with no other. */
void assert_checkpoint(const keyward_text *checkpoint, const char *log_key, const struct tree *tree,
                       size_t size);

/* ---- what is done to a store ---- */

/* Runs SQL as if no trigger were there, and puts them back word for word. */
void rewrite(const struct fixture *f, const char *text);

/* Appends so many events by SQL, past the library: without leaf hashes. */
void append_by_hand(const struct fixture *f, int count);

/* Appends so many events through the library, each in a commit of its own. */
void append(const struct fixture *f, int count);

/* ---- chance ---- */

/* Takes KEYWARD_TEST_SEED for the seed, or makes one, and prints it. */
void choose_seed(void);
int below(int limit);

#endif
