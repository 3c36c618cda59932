/* SPDX-License-Identifier: MIT */
/* A log's signed tree head (https://c2sp.org/tlog-checkpoint). */
#ifndef KEYWARD_PROOF_CHECKPOINT_H
#define KEYWARD_PROOF_CHECKPOINT_H

#include "proof/merkle.h"
#include "proof/note.h"

#define CHECKPOINT_BODY_MAX NOTE_COSIGNED_MAX /* bytes, extension lines included */

struct checkpoint {
    struct span origin;
    int64_t size;
    struct hash root;
    struct note note;
};

/* Reads what is left of the lines as a checkpoint: at least three lines that are not empty. A tree
 * of no leaves has the one root that there is. KEYWARD_OK, or KEYWARD_UNPROVEN with a message. No
 * signature is verified by this. */
enum keyward_status checkpoint_parse(struct checkpoint *checkpoint, struct lines *lines,
                                     struct error *error);

/* The three lines that are signed. */
void checkpoint_add_body(struct buffer *buffer, struct span origin, int64_t size,
                         const struct hash *root);

/* The whole checkpoint, signed; the origin is the key's name. The buffer must be empty. */
void checkpoint_sign(struct buffer *buffer, const struct verifier_key *key,
                     const unsigned char secret_key[SECRET_KEY_BYTES], int64_t size,
                     const struct hash *root);

/* A hash as one line of base64, and back. */
void hash_add_line(struct buffer *buffer, const struct hash *hash);
bool hash_parse(struct span line, struct hash *hash);

#endif
