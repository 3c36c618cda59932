/* SPDX-License-Identifier: MIT */
/* The two things a store takes from outside: the time and randomness. A test puts its own there. */
#ifndef KEYWARD_BASE_ENVIRONMENT_H
#define KEYWARD_BASE_ENVIRONMENT_H

#include <keyward/keyward.h>

struct environment {
    int64_t (*clock)(void *context);
    void *clock_context;
    int (*random)(void *context, void *buffer, size_t length);
    void *random_context;
};

/* The hooks of the options, the system's own where they are NULL. */
void environment_init(struct environment *environment, const keyward_options *options);

/* Milliseconds since the epoch, UTC. */
int64_t environment_now(const struct environment *environment);

/* Fills `buffer`; false when the hook failed. */
bool environment_random(const struct environment *environment, void *buffer, size_t length);

#endif
