/* SPDX-License-Identifier: MIT */
/* What stands in the file, and what the library hands out, as text of one form: a column's name
 * and value for each that is not NULL. */
#ifndef KEYWARD_TESTS_ROWS_H
#define KEYWARD_TESTS_ROWS_H

#include "support/fixture.h"

#include <stdbool.h>

/* "at=5 action=key.deleted actor=will repo=repo-1 key=... user= name= previous= provider= role=
 * reason= text= request= address= agent= hash=1 other= expires=", in this order and without what
 * is NULL; hash says that there is one. Malloc'd. */
char *event_row(const char *path, int64_t sequence);
char *event_text(const keyward_event *event);

/* "id= repo= access_key= name= provider= created_at= created_by= deleted_at= deleted_by=
 * deleted_event= expires= predecessor= successor= used= refused= first= last= purged_at=
 * purged_event=", likewise. */
char *key_row(const char *path, const char *key_id);
char *key_text(const keyward_key *key);

/* The event's row is "at=" with the fixture's time and then this. */
__attribute__((format(printf, 3, 4))) void assert_event(const struct fixture *f, int64_t sequence,
                                                        const char *format, ...);

/* The library's own reading of the key is what its row says, and the row ends in this, which may
 * begin anywhere. */
__attribute__((format(printf, 3, 4))) void assert_key_ends(const struct fixture *f,
                                                           const keyward_key *key,
                                                           const char *format, ...);

/* Every row of every table, malloc'd. */
char *dump(const char *path);

/* Nothing has changed since that dump, which is freed. */
void assert_same_dump(const char *path, char *before);

/* The key as the host sees it, live or deleted. */
keyward_key *look_at(const struct fixture *f, const char *repo_id, const char *key_id);

/* Whether the bytes stand anywhere in the file; false for a file that does not exist. */
bool file_contains(const char *path, const void *bytes, size_t length);

/* The store's file, or its log, has these bytes. */
bool store_contains(const struct fixture *f, const void *bytes, size_t length);

#endif
