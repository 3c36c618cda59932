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

/* Looks up where the log ends, unless the transaction knows. When somebody has appended by hand,
 * the last events are given their leaf hashes first, so that those which lack one are always the
 * last. */
enum keyward_status audit_find_end(struct transaction *transaction);

/* The columns of audit_events that make an event, and the event that stands in a row of them: its
 * text lives until the next row, and `*hides` tells whether the row has more, behind a NUL.
 * KEYWARD_OK or KEYWARD_CORRUPT. */
#define EVENT_COLUMNS                                                                          \
    "sequence, at, action, actor_id, repo_id, key_id, user_id, name, previous_name, provider," \
    " role, reason, reason_text, request_id, client_address, user_agent, sealed_sha256,"       \
    " other_key_id, expires_at"
#define EVENT_COLUMNS_COUNT 19
struct statement;
enum keyward_status audit_event_of_row(const struct statement *row, keyward_event *event,
                                       bool *hides);

/* All events after `first` up to `last`, oldest first; at most KEYWARD_PAGE_MAX of them. */
enum keyward_status audit_read(struct transaction *transaction, int64_t first, int64_t last,
                               keyward_event_list *page);

/* Reads one event; a keyward_event_query in, a page out. */
struct audit_list {
    const keyward_actor *actor;
    keyward_event_query query; /* its limit is set */
    keyward_event_list *events;
};
enum keyward_status audit_list(struct transaction *transaction, void *request);

#endif
