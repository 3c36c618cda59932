/* SPDX-License-Identifier: MIT */
/* What a person calls a key: its id, its access key, its name, or the end of its id as tables show
 * it. */
#ifndef KEYWARD_CLI_RESOLVE_H
#define KEYWARD_CLI_RESOLVE_H

#include "session.h"

/* Calls `visit` for the keys of a repository, newest first, `limit` of them at most (0: all), until
 * it returns a status that is not KEYWARD_OK, which is then returned. */
enum keyward_status keys_each(struct session *session, const char *repo_id,
                              enum keyward_include include, int64_t limit,
                              enum keyward_status (*visit)(void *context, const keyward_key *key),
                              void *context);

/* The id of the key that is meant. What is found nowhere, or may not be looked for, is taken for an
 * id, so that the library gives the answer and records the attempt. KEYWARD_OK, or KEYWARD_INVALID
 * when several are meant, which the failure names. */
enum keyward_status resolve_key(struct session *session, const char *repo_id, const char *text,
                                enum keyward_include include, char id[KEYWARD_ID_MAX + 1]);

/* Whether it is written as a key id. */
bool is_key_id(const char *text);

#endif
