/* SPDX-License-Identifier: MIT */
/* Connections for reading, lent to one call at a time and kept with their statements prepared. */
#ifndef KEYWARD_TRANSACTION_READERS_H
#define KEYWARD_TRANSACTION_READERS_H

#include "connection/connection.h"

#include <pthread.h>

#define READERS_KEPT 64 /* idle ones; more are opened under load and closed after it */

/* A connection and what a reading call needs beside it. */
struct reader {
    struct connection *connection;
    unsigned char *guarded; /* KEYWARD_SECRET_MAX bytes to open a secret in */
};

struct readers {
    const struct connection_options *options;
    pthread_mutex_t mutex;
    struct reader *idle[READERS_KEPT];
    int idle_count;
};

bool readers_init(struct readers *readers, const struct connection_options *options);

/* Closes the idle ones; none may be lent. */
void readers_release(struct readers *readers);

enum keyward_status readers_borrow(struct readers *readers, struct reader **reader,
                                   struct error *error);
void readers_return(struct readers *readers, struct reader *reader);

#endif
