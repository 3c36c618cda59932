/* SPDX-License-Identifier: MIT */
/*
 * The socket that clients connect to. A thread of its own takes them in, as long as there are fewer
 * than may be; who comes when there are as many waits in the socket's queue. (libmicrohttpd, when
 * it listens by itself, hangs up on them.)
 */
#ifndef HTTP_SERVER_LISTENER_H
#define HTTP_SERVER_LISTENER_H

#include "connections.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>

struct listener {
    int socket;
    int stop[2]; /* a pipe: what is written to it ends the thread */
    unsigned port;
    pthread_t thread;
    struct connections *connections;
    struct MHD_Daemon *daemon;
};

/* Binds to an IP address; false, and a line in the log, if it cannot. */
bool listener_open(struct listener *listener, const char *address, unsigned port);

/* Begins to take clients in. */
bool listener_start(struct listener *listener, struct connections *connections,
                    struct MHD_Daemon *daemon);

/* Stops taking them in, and whoever still waits is turned away. */
void listener_stop(struct listener *listener);

/* Without having been started. */
void listener_close(struct listener *listener);

#endif
