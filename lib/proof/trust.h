/* SPDX-License-Identifier: MIT */
/* Whom a verification trusts, and what they say of a checkpoint. */
#ifndef KEYWARD_PROOF_TRUST_H
#define KEYWARD_PROOF_TRUST_H

#include "proof/checkpoint.h"

struct trust {
    struct verifier_key log; /* of KEY_ED25519; its name is the log's origin */
    struct verifier_key witnesses[KEYWARD_WITNESSES_MAX]; /* of KEY_COSIGNATURE, no two the same */
    size_t witness_count;
    size_t witnesses_needed;
};

/* Who has cosigned a checkpoint. */
struct cosigned {
    size_t witnesses; /* each name once */
    int64_t at;       /* ms; by then as many as are needed had, 0: none are needed */
};

/*
 * Checks that the checkpoint is the trusted log's, that the log has signed it and that no known
 * witness's cosignature is wrong. KEYWARD_OK, or KEYWARD_UNPROVEN with a message that begins with
 * `what`. How many witnesses there are is left to trust_require.
 */
enum keyward_status trust_check(const struct trust *trust, const struct checkpoint *checkpoint,
                                const char *what, struct cosigned *cosigned, struct error *error);

/* Checks that as many witnesses as are needed have cosigned. */
enum keyward_status trust_require(const struct trust *trust, const struct cosigned *cosigned,
                                  const char *what, struct error *error);

#endif
