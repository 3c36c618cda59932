/* SPDX-License-Identifier: MIT */
/* Keys and events as a person sees them. */
#ifndef KEYWARD_CLI_VIEW_H
#define KEYWARD_CLI_VIEW_H

#include "moment.h"
#include "table.h"

struct table *key_table(const struct session *session);
void key_row(const struct session *session, struct table *table, const keyward_key *key);

/* All of a key, one field a line. */
void key_fields(const struct session *session, const keyward_key *key);

struct table *event_table(const struct session *session);
void event_row(const struct session *session, struct table *table, const keyward_event *event);

/* Who did it: NULL is the host. */
const char *who(const char *user_id);

/* A moment as the session shows it; "" for 0. */
const char *when(const struct session *session, int64_t at, char text[MOMENT_SIZE]);

#endif
