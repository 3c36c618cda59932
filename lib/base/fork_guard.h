/* SPDX-License-Identifier: MIT */
/*
 * Tells whether this is the process that made the guard. SQLite connections and their locks do not
 * survive fork, so a store must know at no cost on each call.
 */
#ifndef KEYWARD_BASE_FORK_GUARD_H
#define KEYWARD_BASE_FORK_GUARD_H

#include <stdbool.h>

struct fork_guard {
    const volatile unsigned char *page; /* one page that the kernel zeroes in a child, or NULL */
    long process;                       /* without such a page: whose guard it is */
};

/* False: no memory. */
bool fork_guard_init(struct fork_guard *guard);

bool fork_guard_is_ours(const struct fork_guard *guard);

void fork_guard_release(struct fork_guard *guard);

#endif
