/* SPDX-License-Identifier: MIT */
/*
 * What proves something of a log, as text: that an entry is in it (https://c2sp.org/tlog-proof, a
 * receipt), and that it continues an earlier state (the body of an add-checkpoint request of
 * https://c2sp.org/tlog-witness, a consistency proof).
 */
#ifndef KEYWARD_PROOF_RECEIPT_H
#define KEYWARD_PROOF_RECEIPT_H

#include "proof/checkpoint.h"

struct receipt {
    struct span extra;   /* in base64; a length of 0: the receipt has none */
    size_t extra_length; /* of the bytes that it stands for */
    int64_t index;       /* below the checkpoint's size */
    struct merkle_proof proof;
    struct checkpoint checkpoint;
};

struct consistency {
    int64_t old_size; /* at most the checkpoint's */
    struct merkle_proof proof;
    struct checkpoint checkpoint;
};

/* Read a whole text strictly, with `what` as its name in messages. KEYWARD_OK, or KEYWARD_UNPROVEN
 * with a message. Neither signatures nor proofs are verified by this. */
enum keyward_status receipt_parse(struct receipt *receipt, const char *text, size_t length,
                                  struct error *error);
enum keyward_status consistency_parse(struct consistency *consistency, const char *text,
                                      size_t length, struct error *error);

/* The extra bytes, for which there is room for `extra_length`. */
void receipt_copy_extra(const struct receipt *receipt, void *bytes);

/* Write one; the checkpoint is text that goes in as it is. Without extra bytes it has no such
 * line. */
void receipt_add(struct buffer *buffer, const void *extra, size_t extra_length, int64_t index,
                 const struct merkle_proof *proof, struct span checkpoint);
void consistency_add(struct buffer *buffer, int64_t old_size, const struct merkle_proof *proof,
                     struct span checkpoint);

#endif
