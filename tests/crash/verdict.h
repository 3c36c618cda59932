/* SPDX-License-Identifier: MIT */
/* Compares a store with what the ledger says must be, may be and must not be in it. */
#ifndef KEYWARD_TESTS_CRASH_VERDICT_H
#define KEYWARD_TESTS_CRASH_VERDICT_H

#include "crash/ledger.h"

/* What was acknowledged up to `from` is there; what was not begun by `until` is not. */
struct span {
    int64_t from, until;
};

/* The first thing that is not as it must be. */
struct verdict {
    bool is_bad;
    char text[400];
    int64_t events; /* of the ledger's changes, that the store looked at last has */
};

/*
 * Opens the store at the path and compares: its events with the ledger's changes, without gaps in
 * the sequence; the rows of the keys and users with what these changes come to; each key with its
 * secret; the master key that opened it with the last change of it; all of it with keyward_check().
 * Then makes two changes, for the store goes on, and closes it; those of an earlier look may be
 * there.
 *
 * `master_key`: of a copy, the one it was made under; NO_KEY: the one that is in force. What the
 * ledger does not know of a key that was in doubt, it learns here.
 */
bool verdict_of_store(struct verdict *verdict, struct ledger *ledger, const char *path,
                      struct span span, int master_key);

/* Takes down what is wrong, if it is the first; returns false. */
__attribute__((format(printf, 2, 3))) bool verdict_bad(struct verdict *verdict, const char *format,
                                                       ...);

#endif
