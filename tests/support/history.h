/* SPDX-License-Identifier: MIT */
/*
 * Is what callers saw of a key possible, if each call took effect at one moment between its
 * beginning and its end? A key is a register: live, or deleted by an event. A history of many keys
 * is linearizable when that of each key is (Herlihy and Wing, 1990), and is checked key by key,
 * with the algorithm of Wing and Gong (1993).
 */
#ifndef KEYWARD_TESTS_HISTORY_H
#define KEYWARD_TESTS_HISTORY_H

#include <keyward/keyward.h>
#include <stdio.h>

enum act { ACT_CREATE, ACT_DELETE, ACT_RESTORE, ACT_AUTHENTICATE };

/* A call and what came of it, by a clock that all callers share and that never stands still. */
struct call {
    int64_t began, ended;
    enum act act;
    enum keyward_status status;
    int64_t deletion; /* the event of the deletion that it made or met; 0: none */
    int caller;
};

/* By when they began, as the functions below want them. */
void history_sort(struct call *calls, size_t count);

/* False when there is no order of effects that explains the calls, of which one creates the key. A
 * call that failed has no explanation either. `*explained` is how many calls at most were. */
bool history_is_linearizable(const struct call *calls, size_t count, size_t *explained);

/*
 * The main promise by itself, which follows from that: an authentication that began after a
 * deletion had returned (or after a refusal or ALREADY_DELETED had told of one) succeeds only if a
 * restoring may have come between. Returns one that succeeded nevertheless, with the call that had
 * told of the deletion, or NULL.
 */
const struct call *history_stale_success(const struct call *calls, size_t count,
                                         const struct call **told);

/* Authentications that overlapped with a deletion that succeeded. */
size_t history_races(const struct call *calls, size_t count);

void history_print(FILE *out, const struct call *calls, size_t count);

#endif
