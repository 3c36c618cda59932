/* SPDX-License-Identifier: MIT */
/* The server: a store, who may talk to it, and the connections. */
#ifndef HTTP_SERVER_SERVER_H
#define HTTP_SERVER_SERVER_H

#include "connections.h"
#include "listener.h"
#include "metrics.h"
#include "options.h"
#include "tokens.h"

#include <keyward/keyward.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

struct server {
    keyward *store;
    struct tokens tokens;
    struct connections connections;
    struct metrics metrics;
    pthread_mutex_t history;      /* one reading of the log at a time: it may be long */
    _Atomic int64_t write_failed; /* when a write last failed for the disk's sake, of clock_us();
                                     0: none, or one has gone well since */
    bool logs_access;
    struct MHD_Daemon *daemon;
    struct listener listener;
};

/* Opens the store and begins to listen; false, and a line in the log, if it cannot. */
bool server_start(struct server *server, const struct options *options);

/* Stops listening, lets every running request end, and closes the store. */
void server_stop(struct server *server);

/* What a write came to, for /healthz. */
void server_note_write(struct server *server, enum keyward_status status);

#endif
