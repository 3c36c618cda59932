/* SPDX-License-Identifier: MIT */
/*
 * A store of thousands of keys in every state, and pairs to authenticate with that are refused for
 * every cause: what the refusals are compared on, by their instructions and by their time.
 */
#ifndef KEYWARD_TESTS_ATTEMPTS_H
#define KEYWARD_TESTS_ATTEMPTS_H

#include "support/fixture.h"

/* What is wrong with a pair. */
enum attempt_kind {
    UNKNOWN_ACCESS_KEY,
    WRONG_OF_LIVE, /* the key is live, the secret is another key's */
    WRONG_OF_DELETED,
    WRONG_OF_ARCHIVED, /* deleted with others, and put out of the way of the live ones */
    WRONG_OF_EXPIRED,
    RIGHT_OF_DELETED,
    RIGHT_OF_ARCHIVED,
    RIGHT_OF_EXPIRED,
    NOTHING_WRONG,
    ATTEMPT_KINDS
};

/* As "unknown". */
const char *attempt_name(enum attempt_kind kind);

struct attempt {
    const char *access_key, *secret;
};

#define STATES 4 /* of a key: live, deleted, archived, expired */

struct attempts {
    struct fixture f;
    struct made_key *keys;
    size_t count;
    struct sorted_keys {
        const struct made_key **keys;
        size_t count;
    } sorted[STATES]; /* the same by their state */
};

/* Makes the store with `count` keys, and opens it anew, so that nothing is remembered of them. */
void attempts_open(struct attempts *attempts, size_t count);
void attempts_close(struct attempts *attempts);

/* The `number`-th pair of a kind, whose key follows from the number as if it was drawn at random.
 * For an unknown access key the text lives until the next call. */
struct attempt attempt_of(const struct attempts *attempts, enum attempt_kind kind, size_t number);

/* Authenticates, and asserts the status and the cause. */
void attempt_run(const struct attempts *attempts, enum attempt_kind kind, struct attempt attempt);

#endif
