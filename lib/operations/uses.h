/* SPDX-License-Identifier: MIT */
/*
 * What authentications note of the keys they meet: when one was last used, and attempts with
 * deleted or expired ones.
 *
 * Any number of threads note in memory, without a lock and without allocating. The notes reach the
 * file with a write of this process (use_keep.c): what is due goes along with whatever is written,
 * each key at most once in KEYWARD_USE_PRECISION.
 */
#ifndef KEYWARD_OPERATIONS_USES_H
#define KEYWARD_OPERATIONS_USES_H

#include <keyward/keyward.h>

#define USES_AT_ONCE 256 /* keys whose notes go with one transaction */

struct uses;

/* What is noted of a key; 0: nothing. */
struct use {
    int64_t last_used_at;
    int64_t refused_count; /* since it was last written */
    int64_t refused_first_at, refused_last_at;
};

/* NULL: no memory. */
struct uses *uses_new(void);
void uses_free(struct uses **uses);

/* ---- by any thread ---- */

void uses_note(struct uses *uses, const char *access_key, int64_t now);
void uses_note_refusal(struct uses *uses, const char *access_key, int64_t now);

/* What this process has noted of a key. */
struct use uses_find(struct uses *uses, const char *access_key);

/* When a use was last not noted for want of room; 0: never. Any key may have been used then. */
int64_t uses_missed_at(struct uses *uses);

/* Marks as due whatever is not in the file yet, and returns how many keys that are. */
size_t uses_make_all_due(struct uses *uses);

bool uses_are_due(struct uses *uses);

/* ---- by one writer at a time ---- */

struct use_note {
    char access_key[KEYWARD_ACCESS_KEY_MAX + 1];
    struct use use;
};

/* Takes the next note that is due. False when there is none, or USES_AT_ONCE are taken. */
bool uses_take(struct uses *uses, struct use_note *note);

/* What was taken is in the file, or is to be taken again. */
void uses_settle(struct uses *uses, bool written);

#endif
