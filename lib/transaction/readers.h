/* SPDX-License-Identifier: MIT */
/*
 * Connections for reading, lent to one call at a time and kept with their statements prepared.
 *
 * Idle ones lie in slots that are taken and filled by a single atomic exchange, each thread
 * beginning at a place of its own: readers share no lock with writers and none with each other.
 */
#ifndef KEYWARD_TRANSACTION_READERS_H
#define KEYWARD_TRANSACTION_READERS_H

#include "connection/connection.h"

#include <stdalign.h>
#include <stdatomic.h>

#define READERS_KEPT 64 /* idle ones; more are opened under load and closed after it */

/* A connection and what a reading call needs beside it. */
struct reader {
    struct connection *connection;
    unsigned char *guarded; /* KEYWARD_SECRET_MAX bytes to open a secret in */
};

struct readers {
    const struct connection_options *options;
    struct {
        alignas(64) _Atomic(struct reader *) idle; /* a cache line each */
    } slots[READERS_KEPT];
};

void readers_init(struct readers *readers, const struct connection_options *options);

/* Closes the idle ones, in the given way; none may be lent. */
void readers_release(struct readers *readers, void (*close)(struct connection **connection));

enum keyward_status readers_borrow(struct readers *readers, struct reader **reader,
                                   struct error *error);
void readers_return(struct readers *readers, struct reader *reader);

#endif
