/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "dataset.h"

#include <stddef.h>

/* A server that keeps the same data and makes the same deletion, equally durable. What fails ends
 * the run. */
struct peer {
    const char *name;      /* in the cases' names */
    const char *title;     /* for a reader */
    const char *settings;  /* what differs from its defaults */
    void (*require)(void); /* ends the run if it is not installed */
    void (*start)(void);
    void (*tell_version)(char *text, size_t size); /* once it has been started */
    void (*load)(const struct sample *sample);
    void *(*connect)(void); /* a client, for one thread */
    void (*delete)(void *client, const struct bench_key *key);
    void (*disconnect)(void *client);
    size_t (*count_deleted)(void);
    size_t (*count_events)(void);
    void (*stop)(void);
};

extern const struct peer peer_postgresql, peer_redis;

#endif
