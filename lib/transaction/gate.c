/* SPDX-License-Identifier: MIT */
#include "transaction/gate.h"

#include <stddef.h>

/* A waiting thread's place in the queue, on its stack. */
struct gate_place {
    struct gate_place *next;
    pthread_cond_t turn;
    bool admitted; /* the one who left has handed the gate over */
};

bool gate_init(struct gate *gate)
{
    gate->first = gate->last = NULL;
    gate->taken = false;
    if (pthread_mutex_init(&gate->mutex, NULL) != 0)
        return false;
    if (pthread_condattr_init(&gate->monotonic) != 0) {
        pthread_mutex_destroy(&gate->mutex);
        return false;
    }
#ifndef __APPLE__
    pthread_condattr_setclock(&gate->monotonic, CLOCK_MONOTONIC);
#endif
    return true;
}

void gate_release(struct gate *gate)
{
    pthread_condattr_destroy(&gate->monotonic);
    pthread_mutex_destroy(&gate->mutex);
}

static void append(struct gate *gate, struct gate_place *place)
{
    if (gate->last)
        gate->last->next = place;
    else
        gate->first = place;
    gate->last = place;
}

static void withdraw(struct gate *gate, struct gate_place *place)
{
    struct gate_place **link = &gate->first, *before = NULL;

    while (*link != place) {
        before = *link;
        link = &before->next;
    }
    *link = place->next;
    if (gate->last == place)
        gate->last = before;
}

/* Waits with the mutex held. */
static bool wait_for_turn(struct gate *gate, const struct deadline *deadline)
{
    struct gate_place place = {.admitted = false};
    int code = 0;

    if (pthread_cond_init(&place.turn, &gate->monotonic) != 0)
        return false;
    append(gate, &place);
    while (!place.admitted && code == 0)
        code = pthread_cond_timedwait(&place.turn, &gate->mutex, &deadline->at);
    if (!place.admitted)
        withdraw(gate, &place);
    pthread_cond_destroy(&place.turn);
    return place.admitted;
}

bool gate_enter(struct gate *gate, const struct deadline *deadline)
{
    bool entered = true;

    pthread_mutex_lock(&gate->mutex);
    if (!gate->taken)
        gate->taken = true;
    else
        entered = wait_for_turn(gate, deadline);
    pthread_mutex_unlock(&gate->mutex);
    return entered;
}

void gate_leave(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    struct gate_place *next = gate->first;
    if (next) {
        gate->first = next->next;
        if (!gate->first)
            gate->last = NULL;
        next->admitted = true; /* `taken` stays: the gate goes from hand to hand */
        pthread_cond_signal(&next->turn);
    } else {
        gate->taken = false;
    }
    pthread_mutex_unlock(&gate->mutex);
}
