/* SPDX-License-Identifier: MIT */
/* Lets one thread in at a time, first come first served, each waiting no longer than its deadline.
 */
#ifndef KEYWARD_TRANSACTION_GATE_H
#define KEYWARD_TRANSACTION_GATE_H

#include "base/deadline.h"

#include <pthread.h>

struct gate {
    pthread_mutex_t mutex;
    pthread_condattr_t monotonic;
    struct gate_place *first, *last; /* who waits */
    bool taken;
};

bool gate_init(struct gate *gate);
void gate_release(struct gate *gate);

/* False when the deadline passed first. */
bool gate_enter(struct gate *gate, const struct deadline *deadline);
void gate_leave(struct gate *gate);

#endif
