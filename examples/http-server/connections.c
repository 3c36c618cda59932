/* SPDX-License-Identifier: MIT */
#include "connections.h"
#include "moment.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#define NEVER INT64_MAX

/* ---- the watcher ---- */

/* Cuts off who is late, and returns when the next one will be: a deadline that is set meanwhile is
 * further away than the shortest there is. */
static int64_t cut_the_late(struct connections *connections)
{
    int64_t now = clock_us();
    int64_t next = now + (connections->idle_us < connections->request_us ? connections->idle_us
                                                                         : connections->request_us);

    for (struct connection *each = connections->first; each; each = each->next) {
        int64_t deadline = atomic_load(&each->deadline);
        if (deadline <= now) {
            shutdown(each->socket, SHUT_RDWR);
            atomic_store(&each->deadline, NEVER);
        } else if (deadline < next) {
            next = deadline;
        }
    }
    return next;
}

static void *watch(void *context)
{
    struct connections *connections = context;

    pthread_mutex_lock(&connections->mutex);
    while (!connections->stopped) {
        int64_t next = cut_the_late(connections);
        struct timespec until = {.tv_sec = (time_t)(next / 1000000),
                                 .tv_nsec = (long)(next % 1000000) * 1000};
        pthread_cond_timedwait(&connections->changed, &connections->mutex, &until);
    }
    pthread_mutex_unlock(&connections->mutex);
    return NULL;
}

bool connections_start(struct connections *connections, unsigned most, unsigned idle_seconds,
                       unsigned request_seconds)
{
    pthread_condattr_t monotonic;

    *connections = (struct connections){.most = most,
                                        .idle_us = (int64_t)idle_seconds * 1000000,
                                        .request_us = (int64_t)request_seconds * 1000000};
    pthread_mutex_init(&connections->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&connections->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return pthread_create(&connections->watcher, NULL, watch, connections) == 0;
}

void connections_stop(struct connections *connections)
{
    pthread_mutex_lock(&connections->mutex);
    connections->stopped = true;
    pthread_cond_broadcast(&connections->changed);
    pthread_mutex_unlock(&connections->mutex);
    pthread_join(connections->watcher, NULL);
    pthread_cond_destroy(&connections->changed);
    pthread_mutex_destroy(&connections->mutex);
}

/* ---- coming and going ---- */

/* The end of what is read: a request that has come already is still read and answered. One whose
 * bytes wait is about to leave this phase by itself. */
static void close_if_idle(struct connection *connection)
{
    int waiting = 0;

    if (atomic_load(&connection->phase) == PHASE_IDLE &&
        (ioctl(connection->socket, FIONREAD, &waiting) != 0 || waiting == 0))
        shutdown(connection->socket, SHUT_RD);
}

struct connection *connections_add(struct connections *connections, int socket)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (!connection)
        return NULL;
    connection->socket = socket;
    atomic_store(&connection->deadline, clock_us() + connections->idle_us);
    pthread_mutex_lock(&connections->mutex);
    connection->next = connections->first;
    if (connection->next)
        connection->next->previous = connection;
    connections->first = connection;
    connections->count++;
    pthread_mutex_unlock(&connections->mutex);
    if (atomic_load(&connections->draining))
        close_if_idle(connection);
    return connection;
}

void connections_remove(struct connections *connections, struct connection *connection)
{
    if (!connection)
        return;
    pthread_mutex_lock(&connections->mutex);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        connections->first = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    connections->count--;
    connections->places--;
    pthread_cond_broadcast(&connections->changed);
    pthread_mutex_unlock(&connections->mutex);
    free(connection);
}

void connections_enter(struct connections *connections, struct connection *connection,
                       enum phase phase)
{
    int64_t deadline = NEVER;

    if (phase == PHASE_IDLE)
        deadline = clock_us() + connections->idle_us;
    else if (phase != PHASE_WORKING)
        deadline = clock_us() + connections->request_us;
    if (phase != PHASE_HEAD)
        atomic_store(&connection->deadline, deadline);
    atomic_store(&connection->phase, phase);
    if (phase == PHASE_IDLE && atomic_load(&connections->draining))
        close_if_idle(connection);
}

bool connections_take_place(struct connections *connections)
{
    bool taken;

    pthread_mutex_lock(&connections->mutex);
    while (connections->places >= connections->most && !connections_are_draining(connections))
        pthread_cond_wait(&connections->changed, &connections->mutex);
    taken = !connections_are_draining(connections);
    connections->places += taken;
    pthread_mutex_unlock(&connections->mutex);
    return taken;
}

void connections_give_place_back(struct connections *connections)
{
    pthread_mutex_lock(&connections->mutex);
    connections->places--;
    pthread_cond_broadcast(&connections->changed);
    pthread_mutex_unlock(&connections->mutex);
}

unsigned connections_count(struct connections *connections)
{
    unsigned count;

    pthread_mutex_lock(&connections->mutex);
    count = connections->count;
    pthread_mutex_unlock(&connections->mutex);
    return count;
}

/* ---- the end ---- */

bool connections_are_draining(const struct connections *connections)
{
    return atomic_load(&connections->draining);
}

void connections_drain(struct connections *connections)
{
    atomic_store(&connections->draining, true);
    pthread_mutex_lock(&connections->mutex);
    for (struct connection *each = connections->first; each; each = each->next)
        close_if_idle(each);
    pthread_cond_broadcast(&connections->changed);
    pthread_mutex_unlock(&connections->mutex);
}

void connections_wait_for_end(struct connections *connections)
{
    pthread_mutex_lock(&connections->mutex);
    while (connections->count > 0)
        pthread_cond_wait(&connections->changed, &connections->mutex);
    pthread_mutex_unlock(&connections->mutex);
}
