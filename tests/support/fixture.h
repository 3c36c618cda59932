/* SPDX-License-Identifier: MIT */
/* What the suites share: a folder of its own for each test, a store in it, actors, a clock that the
 * test moves, raw SQL past the library, and the main function of a suite. */
#ifndef KEYWARD_TESTS_FIXTURE_H
#define KEYWARD_TESTS_FIXTURE_H

#include <check.h>
#include <keyward/keyward.h>

/* ---- the main function ---- */

/* Runs the suite and returns what main() returns: 0 when every test passed. */
int run_suite(Suite *suite);

/* Adds a test case whose tests each run between `open` and `close`. */
TCase *suite_add_case(Suite *suite, const char *name, SFun open, SFun close);

/* ---- a store in a folder of its own ---- */

struct fixture {
    char folder[64];
    char path[96];           /* of the store */
    keyward_options options; /* master key by bytes, clock as below */
    keyward *store;
    int64_t now; /* what the store's clock says; a test may set it (single thread only) */
};

extern const unsigned char test_master_key[KEYWARD_MASTER_KEY_BYTES];

/* Makes the folder and the options, with the clock at 1,700,000,000,000 that stands still. */
void fixture_init(struct fixture *fixture);

/* fixture_init, then opens the store; in it "repo-1" with the admin "anna", the writer "will" and
 * the reader "rita" (events 1 to 3). "nobody" has no role. */
void fixture_open(struct fixture *fixture);

/* Closes the store if it is open and opens it again with the options as they are now. */
void fixture_reopen(struct fixture *fixture);

/* Closes the store and removes the folder. */
void fixture_close(struct fixture *fixture);

extern const keyward_actor host, anna, will, rita, nobody;

/* ---- short cuts; each fails the test when the call does not return KEYWARD_OK ---- */

/* A key "name" of KEYWARD_OPENAI in the repository, made by the host; `secret` may be NULL. */
keyward_key *make_key(struct fixture *fixture, const char *repo_id, const char *name,
                      keyward_secret **secret);

/* Deletes it as the host; returns the event's sequence. */
int64_t drop_key(struct fixture *fixture, const char *repo_id, const char *key_id);

/* All events, oldest first (up to KEYWARD_PAGE_MAX); freed with keyward_event_list_free. */
keyward_event_list *all_events(struct fixture *fixture);

/* The newest event; freed likewise. */
keyward_event_list *last_event(struct fixture *fixture);

/* Authenticates with key and secret and returns the status. */
enum keyward_status try_key(struct fixture *fixture, const keyward_key *key,
                            const keyward_secret *secret);

/* Fails the test unless keyward_check finds nothing. */
void assert_sound(struct fixture *fixture);

/* ---- past the library: SQL as a person with the sqlite3 shell runs it ---- */

/* Runs SQL on a connection of its own and returns SQLite's result code (primary). */
int sql(const char *path, const char *text);

/* The first column of the first row as a number; fails the test without a row. */
int64_t sql_number(const char *path, const char *text);

/* The same as text, malloc'd; blobs as hexadecimal by hex() in the SQL. NULL for NULL. */
char *sql_text(const char *path, const char *text);

/* The first column of the first row is this text. */
__attribute__((format(printf, 3, 4))) void assert_row_of(const char *path, const char *query,
                                                         const char *format, ...);

int64_t count_events(const char *path);

/* ---- files ---- */

/* The whole file, malloc'd, with its size; fails the test when it cannot be read. */
unsigned char *read_whole(const char *path, size_t *size);
void write_whole(const char *path, const void *bytes, size_t size);

/* Of the store's write-ahead log, in bytes. */
int64_t log_size(const struct fixture *f);

/* ---- asserting ---- */

/* The status, and on a mismatch the texts of both and the error detail. */
#define assert_status(store, got, wanted)                                                         \
    do {                                                                                          \
        enum keyward_status got_ = (got), wanted_ = (wanted);                                     \
        ck_assert_msg(got_ == wanted_, "%s: got %d (%s), wanted %d (%s)", #got, got_,             \
                      keyward_last_error(store)->message, wanted_, keyward_status_text(wanted_)); \
    } while (0)

/* KEYWARD_INVALID, with a message that begins with the argument's name and a colon. */
#define assert_invalid(store, got, argument)                                                  \
    do {                                                                                      \
        assert_status(store, got, KEYWARD_INVALID);                                           \
        ck_assert_msg(                                                                        \
            strncmp(keyward_last_error(store)->message, argument ":", sizeof(argument)) == 0, \
            "message is '%s'", keyward_last_error(store)->message);                           \
    } while (0)

#endif
