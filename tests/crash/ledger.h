/* SPDX-License-Identifier: MIT */
/*
 * What workers have asked of a store, and what it has promised them: the suites that cut its power
 * or kill its processes compare the store that is left with this.
 *
 * A change goes in before the call that is to make it, with the events that it leaves, and is
 * acknowledged when the call has returned. So at any moment it is one of three: acknowledged and
 * there for good; not asked for yet and not there; or in doubt, and then wholly there or not at
 * all. Its events carry its name as their request id.
 *
 * No pointers are in it, so that processes can share it. Each worker writes to a page of his own.
 */
#ifndef KEYWARD_TESTS_CRASH_LEDGER_H
#define KEYWARD_TESTS_CRASH_LEDGER_H

#include <keyward/keyward.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define NEVER INT64_MAX
#define NO_KEY (-1)

enum {
    WORKERS_MAX = 48,
    KEYS_EACH = 96,
    CHANGES_EACH = 192,
    EFFECTS_MAX = 4,
    BACKUPS_MAX = 4,
    PROMISES_MAX = 16
};

/* A key, named by its place: that of its worker times KEYS_EACH, and its own among his. */
struct ledger_key {
    char id[KEYWARD_KEY_ID_LENGTH + 1]; /* this and the next two: empty until acknowledged */
    char access_key[64];
    char secret[96];
};

/* An event of a change, and what it says. */
struct effect {
    enum keyward_action action;
    int key;        /* NO_KEY: it is about none */
    int other;      /* KEY_ROTATED: the successor; of its own creation: the predecessor */
    int64_t number; /* of the name, the role or the master key that is new, or the deadline */
};

struct change {
    _Atomic int64_t begun, ended; /* on the clock of whoever looks; NEVER: not yet */
    int effect_count;
    struct effect effects[EFFECTS_MAX];
};

/* A copy of the store, made by a worker who himself changes nothing meanwhile. */
struct ledger_backup {
    _Atomic int64_t begun, ended;
    int master_key;
};

/* A signed checkpoint that was handed out: the log goes on from it for good. */
struct promise {
    _Atomic int64_t ended;
    size_t length;
    char text[512];
};

struct page {
    int key_count, change_count, backup_count, promise_count;
    struct ledger_key keys[KEYS_EACH];
    struct change changes[CHANGES_EACH];
    struct ledger_backup backups[BACKUPS_MAX];
    struct promise promises[PROMISES_MAX];
};

struct ledger {
    _Atomic int64_t clock;   /* what the store takes for the time */
    atomic_int master_keys;  /* so many have been tried, 1 or more; the first opens a new store */
    atomic_int acknowledged; /* changes */
    atomic_int failures;     /* calls that did not return what they should */
    char first_failure[300];
    struct page pages[WORKERS_MAX];
};

void ledger_init(struct ledger *ledger);

/* Takes down that a worker met something that must not be. */
__attribute__((format(printf, 2, 3))) void ledger_fail(struct ledger *ledger, const char *format,
                                                       ...);

struct ledger_key *ledger_key(struct ledger *ledger, int key);

/* Of a key whose making was not acknowledged, a worker who was killed may have taken down a half.
 */
void ledger_forget_unacknowledged(struct ledger *ledger);

/* ---- names that follow from numbers ---- */

#define LEDGER_TEXT 32

/* The repository in which the worker's keys are, his user's id, a key's name. */
void repository_name(char text[LEDGER_TEXT], int worker);
void user_name(char text[LEDGER_TEXT], int worker);
void key_name(char text[LEDGER_TEXT], int64_t number);

/* A change's request id, and back; false for another text. */
void change_name(char text[LEDGER_TEXT], int worker, int number);
bool change_of(const char *text, int *worker, int *number);

void master_key_of(unsigned char bytes[KEYWARD_MASTER_KEY_BYTES], int number);

/* ---- what changes come to ---- */

/* A key as its row must show it. */
struct key_state {
    bool is_there, is_deleted, is_purged;
    int predecessor, successor; /* NO_KEY: none */
    int64_t name, expires_at;
    int64_t deleted_event; /* of an event that was seen */
};

/* `states` are those of one worker's keys. */
void effect_apply(const struct effect *effect, struct key_state *states);

/* Options for this ledger's stores, with the ledger's clock and this master key, which must last as
 * long as the options are used. */
keyward_options ledger_options(struct ledger *ledger, const unsigned char *master_key);

/* Opens a store with the newest master key that opens it: the one of this number first, then those
 * before it. Returns its number, or NO_KEY, with the reason in keyward_last_error(NULL). */
int ledger_open(struct ledger *ledger, const char *path, int newest, keyward **store);

#endif
