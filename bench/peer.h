/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "deletions.h"
#include "fixture.h"

#include <stddef.h>

/* A server that keeps the same data and makes the same deletion, equally durable. What fails ends
 * the run. */
struct peer {
    const char *name;      /* in the cases' names */
    const char *title;     /* for a reader */
    const char *settings;  /* what differs from its defaults */
    void (*require)(void); /* ends the run if it is not installed */
    /* Starts it with the fixture's keys, and returns them as it has them. */
    const struct sample *(*start)(const struct fixture *fixture);
    void (*tell_version)(char *text, size_t size); /* once it has been started */
    void *(*connect)(void);                        /* a client, for one thread */
    void (*delete)(void *client, const struct bench_key *key);
    void (*disconnect)(void *client);
    /* Fails the run unless it has what was acknowledged. */
    void (*check)(const struct deletions *deletions);
    void (*stop)(void);
};

extern const struct peer peer_postgresql, peer_redis, peer_http;

#endif
