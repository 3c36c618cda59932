/* SPDX-License-Identifier: MIT */
/*
 * The open connections, and until when each may keep its thread waiting.
 *
 * A deadline is for a whole phase, and bytes do not push it back: who sends one byte a second is
 * cut off like who sends none. While a request is being worked on there is none.
 */
#ifndef HTTP_SERVER_CONNECTIONS_H
#define HTTP_SERVER_CONNECTIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum phase {
    PHASE_IDLE,      /* until the next request begins */
    PHASE_HEAD,      /* its head, still within the time of the phase before */
    PHASE_RECEIVING, /* the rest of it */
    PHASE_WORKING,
    PHASE_ANSWERING /* until the client has taken the answer */
};

struct request;

struct connection {
    struct connection *next, *previous;
    int socket;
    struct request *request; /* that has begun, and has not ended */
    _Atomic(enum phase) phase;
    _Atomic int64_t deadline; /* of clock_us() */
};

struct connections {
    pthread_mutex_t mutex; /* of the list */
    pthread_cond_t changed;
    struct connection *first;
    unsigned count;
    unsigned places, most; /* taken, by those of the list and those on their way into it */
    atomic_bool draining;
    bool stopped;
    pthread_t watcher;
    int64_t idle_us, request_us;
};

/* Starts the thread that cuts off who is too slow. */
bool connections_start(struct connections *connections, unsigned most, unsigned idle_seconds,
                       unsigned request_seconds);
void connections_stop(struct connections *connections);

/* On a place that was taken; NULL: no memory. */
struct connection *connections_add(struct connections *connections, int socket);
/* Before the socket is closed. */
void connections_remove(struct connections *connections, struct connection *connection);

void connections_enter(struct connections *connections, struct connection *connection,
                       enum phase phase);

/* Waits until there is a place for one more, and takes it; false when it is time to stop. */
bool connections_take_place(struct connections *connections);
/* For one that did not come after all. */
void connections_give_place_back(struct connections *connections);

unsigned connections_count(struct connections *connections);
bool connections_are_draining(const struct connections *connections);

/* From now on there is no room for more, running requests may end, and connections that wait for
 * their next are closed. */
void connections_drain(struct connections *connections);
/* Returns when none is left. */
void connections_wait_for_end(struct connections *connections);

#endif
