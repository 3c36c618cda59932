/* SPDX-License-Identifier: MIT */
/*
 * All that a store says when it is asked for everything: each key authenticated with its own secret
 * and with others, keys, users, events, the export, receipts, what is published, statistics. As
 * text, so that a store that was damaged can be compared with what it was.
 *
 * Left out is what no event records, and damage to which therefore nothing in the file can show:
 * uses and refused attempts (schema/0002_life.sql: "bookkeeping [...] it may lag behind, and be
 * lost"), when the store was made, and how many pages its file has; and which checkpoints it has
 * signed, of which whole pages can be lost like a log that is cut: what is proven must hold.
 */
#ifndef KEYWARD_TESTS_DAMAGE_ANSWERS_H
#define KEYWARD_TESTS_DAMAGE_ANSWERS_H

#include "support/fixture.h"

#include <stdbool.h>
#include <stdint.h>

#define KNOWN_KEYS_MAX 40

/* A key as it was handed out. */
struct known_key {
    char repo_id[16], id[KEYWARD_KEY_ID_LENGTH + 1], access_key[64], secret[64];
    bool may_open; /* not deleted in each of the states that the store may be in */
};

struct known_keys {
    size_t count;
    struct known_key keys[KNOWN_KEYS_MAX];
    char log_key[128]; /* what receipts are verified with; "": the log has none yet */
};

struct answers {
    char *text;        /* malloc'd */
    uint64_t opened;   /* a bit for each known key that authenticated */
    uint64_t deleted;  /* and for each of which it was said that it is deleted */
    uint64_t statuses; /* a bit for each status that a call returned */
    const char *wrong; /* what must never be answered, or NULL */
};

/* Asks for everything. Stops at nothing. */
struct answers ask(keyward *store, const struct known_keys *known);

/* Authenticates the key with this secret, and sees that what it opens is its own. */
enum keyward_status ask_key(keyward *store, const struct known_key *key, const char *secret,
                            struct answers *answers);

#endif
