/* SPDX-License-Identifier: MIT */
/* The audit log: one event per change or refused attempt, appended in the transaction of the
 * change. */
#ifndef KEYWARD_OPERATIONS_AUDIT_H
#define KEYWARD_OPERATIONS_AUDIT_H

#include "transaction/transaction.h"

/*
 * Appends an event: the caller fills in what happened, this fills in who (from the actor), when and
 * the sequence. The reason text is the actor's where the event has none.
 */
enum keyward_status audit_append(struct transaction *transaction, const keyward_actor *actor,
                                 keyward_event *event);

/* Reads one event; a keyward_event_query in, a page out. */
struct audit_list {
    const keyward_actor *actor;
    keyward_event_query query; /* its limit is set */
    keyward_event_list *events;
};
enum keyward_status audit_list(struct transaction *transaction, void *request);

#endif
