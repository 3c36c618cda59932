/* SPDX-License-Identifier: MIT */
/*
 * Every function of the library as a call that can be made to fail: what it needs, the one call,
 * and what tells whether all of its effect is there, or none.
 */
#ifndef KEYWARD_TESTS_FAULT_CALLS_H
#define KEYWARD_TESTS_FAULT_CALLS_H

#include "support/fixture.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BATCH 3

/* What an export has handed out. */
struct written {
    char bytes[8192];
    size_t length;
};

/* And a publication. */
struct site {
    int files, checkpoints;
    size_t bytes;
};

/* A store, and what a call needs and gives. */
struct work {
    struct fixture f;
    sqlite3 *db; /* past the library */
    int round;
    /* what prepare() made and what run() fills; end_round() frees it */
    char name[64], path[96];
    keyward_key *keys[BATCH];
    keyward_secret *secret;
    keyward *opened;
    keyward_key *key;
    keyward_secret *new_secret;
    keyward_deletion deletion;
    keyward_delete_request requests[BATCH];
    keyward_identity identity;
    keyward_key_list *key_list;
    keyward_user *user;
    keyward_user_list *users;
    keyward_event_list *events;
    keyward_report *report;
    struct written written;
    struct site site;
    keyward_text *text;
    const char *log_key, *witness_key, *cosigned; /* live until compose_free() */
    const char *receipt, *old_checkpoint, *proof; /* likewise */
    keyward_proven proven;
    int64_t size; /* of the checkpoint */
    keyward_stats *stats;
    keyward_activity *activity;
    keyward_changes *changes;
    int master_key; /* which of two is in force */
};

enum trait {
    WRITES = 1,         /* commits once, and is counted as one write */
    NO_EVENT = 2,       /* but appends no event, and is not */
    ALLOCATES = 4,      /* memory of the library's own */
    NEEDS_NO_DISK = 8,  /* asks neither SQLite nor the disk */
    NEEDS_A_WRITE = 16, /* and it is made, for a call that may otherwise have nothing to do */
    FLUSHES_LATER = 32, /* a flush that fails may be made up for: it only writes back */
    OWN_FILES = 64,     /* reads, makes or names files without SQLite */
    NEVER_FAILS = 128,  /* has no status, and does its work whatever happens */
    NO_STORE = 256      /* is not called on one: what went wrong is not told of one */
};

/* `prepare` makes what it needs, `run` is the one call, `expect` fails the test unless the whole
 * effect is there, `expect_none` looks at the out-parameters of a failure. */
struct call {
    const char *name;
    enum keyward_status success;
    unsigned traits; /* of enum trait */
    void (*prepare)(struct work *);
    enum keyward_status (*run)(struct work *);
    void (*expect)(struct work *);
    void (*expect_none)(struct work *, enum keyward_status);
};

/* All of them, by index and by name; what stands between two names below does so here. */
size_t call_count(void);
const struct call *call_at(size_t index);
size_t call_index(const char *name);

void free_prepared(struct work *w);
void free_results(struct work *w);
void end_round(struct work *w, const struct call *call);

/* ---- which functions were called ---- */

/* Calls a function of the library and notes its name. */
#define exercise(function) (note_exercised(#function), function)
void note_exercised(const char *function);
bool was_exercised(const char *function);
size_t exercised_count(void);

/* ---- the tables, each of a file of its own ---- */

struct call_table {
    const struct call *calls;
    size_t count;
};

extern const struct call_table write_calls, log_calls, read_calls, plain_calls;

/* ---- what they share ---- */

extern const keyward_actor requester; /* will, with all that a request has */

/* The number that a query of the store gives. */
__attribute__((format(printf, 2, 3))) int64_t number(const struct work *w, const char *format, ...);

/* A live key of "repo-1", "before". What only reads keeps its key from round to round. */
void prepare_key(struct work *w);
void prepare_deleted_key(struct work *w);
void prepare_user(struct work *w);
void prepare_granted_user(struct work *w);
void prepare_used_key(struct work *w);
void prepare_key_to_purge(struct work *w);
void have_log_key(struct work *w);

enum keyward_status run_check(struct work *w);
enum keyward_status run_grant(struct work *w);
enum keyward_status run_delete(struct work *w);
enum keyward_status run_authenticate(struct work *w);

void expect_deleted(struct work *w);
void expect_deleted_none(struct work *w, enum keyward_status status);
void expect_no_result(struct work *w, enum keyward_status status);

/* Rows to look for, so that a query takes no longer the more rounds there were. */
#define LAST_EVENTS "(SELECT * FROM audit_events ORDER BY sequence DESC LIMIT 9)"
#define THE_KEY(deleted) \
    " WHERE k.repo_id = 'repo-1' AND archived IN (0, 1) AND deleted = " deleted " AND id = '%s'"

#endif
