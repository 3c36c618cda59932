/* SPDX-License-Identifier: MIT */
/*
 * An audit event as text. Its members have the names of keyward_event; those that do not apply to
 * the event (NULL, and no deadline) are left out.
 */
#ifndef KEYWARD_OPERATIONS_EVENT_TEXT_H
#define KEYWARD_OPERATIONS_EVENT_TEXT_H

#include "base/buffer.h"

#include <keyward/keyward.h>

/* The event as one JSON object in canonical form (RFC 8785), without a new line: the same event
 * always has the same bytes. */
void event_add_json(struct buffer *buffer, const keyward_event *event);

/* The event, or the names of its columns, as one line of CSV (RFC 4180) with its CR LF. */
void event_add_csv(struct buffer *buffer, const keyward_event *event);
void event_add_csv_header(struct buffer *buffer);

#endif
