/* SPDX-License-Identifier: MIT */
/* Signed heads of the audit log's tree, and what is proven with them. */
#ifndef KEYWARD_OPERATIONS_CHECKPOINTS_H
#define KEYWARD_OPERATIONS_CHECKPOINTS_H

#include "operations/log_key.h"

/* Compares the events after `after`, so many at most, with their leaf hashes; KEYWARD_INCONSISTENT
 * names the first that is another. */
struct leaves_check {
    int64_t after;        /* in, and out: up to which they are right */
    bool from_checkpoint; /* in: begin after the newest checkpoint instead */
    bool complete;        /* out: there are no more */
};
enum keyward_status checkpoint_check_leaves(struct transaction *transaction, void *request);

/* Signs the head of the tree, unless the log has not grown since the last time; refuses a log that
 * does not continue the last checkpoint or the one that is known. */
struct checkpoint_sign_request {
    struct span known;     /* a checkpoint kept elsewhere; at NULL: none */
    unsigned char *secret; /* guarded: room for LOG_SECRET_BYTES; wiped by who gave it */
    struct buffer note;    /* out; released by who asked */
};
enum keyward_status checkpoint_sign_head(struct transaction *transaction, void *request);

/* Proves that an event is in the log. */
struct receipt_request {
    const keyward_actor *actor;
    int64_t sequence;
    int64_t size;       /* of the checkpoint; 0: the newest */
    struct buffer text; /* out; released by who asked */
};
enum keyward_status receipt_make(struct transaction *transaction, void *request);

/* Proves that the log continues an older state. */
struct consistency_request {
    int64_t old_size;
    int64_t size; /* of the checkpoint; 0: the newest */
    struct buffer text;
};
enum keyward_status consistency_make(struct transaction *transaction, void *request);

/* Keeps what trusted witnesses have cosigned with the checkpoint that it is about. */
struct cosign_request {
    struct span note;
    const struct trust *trust;
};
enum keyward_status checkpoint_cosign(struct transaction *transaction, void *request);

/* For the check: whether a checkpoint of the log is this log's, and its tree's root. */
enum keyward_status checkpoint_read(struct span note, const struct log_key *key, const char *what,
                                    struct checkpoint *checkpoint, struct error *error);

/* Loads the checkpoint over `size` events, or the newest for 0, into `note`, into which
 * `checkpoint` points; it is one that the log's key has signed. KEYWARD_NOT_FOUND where there is
 * none, or none that covers so many events.
 */
enum keyward_status checkpoint_load(struct transaction *transaction, int64_t size, int64_t covers,
                                    struct buffer *note, struct checkpoint *checkpoint);

/* Records that there is no checkpoint as is asked for; returns KEYWARD_NOT_FOUND. */
enum keyward_status checkpoint_missing(struct transaction *transaction);

#endif
