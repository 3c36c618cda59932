/* SPDX-License-Identifier: MIT */
/* What a new key needs before its transaction begins: its secret, and the memory for what the
 * caller gets, since nothing may fail once the key is on the disk. */
#ifndef KEYWARD_API_NEW_KEY_H
#define KEYWARD_API_NEW_KEY_H

#include "api/store.h"
#include "operations/keys.h"
#include "seal/token.h"

struct new_key {
    char access_key[ACCESS_KEY_SIZE];
    keyward_secret *secret; /* generated; NULL: imported */
    unsigned char *sealed;
    struct key_box *box;
};

/* Makes what `create` needs and points it there; the secret is generated unless it is given.
 * Released by new_key_release(), whatever comes of it. */
enum keyward_status new_key_make(const struct services *services, struct key_create *create,
                                 struct new_key *made, struct error *error);

/* After the transaction: what the caller gets. `secret` may be NULL for an imported one. */
void new_key_hand_out(struct new_key *made, const struct key_create *create, keyward_key **key,
                      keyward_secret **secret);

/* Wipes and frees what was not handed out. */
void new_key_release(struct new_key *made);

#endif
