/* SPDX-License-Identifier: MIT */
#include "secrets/attempts.h"
#include "seal/token.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPOSITORY_KEYS 20 /* in each; of every fourth repository all are deleted, and archived */

enum state { LIVE, DELETED, ARCHIVED, EXPIRED };
static_assert(STATES == EXPIRED + 1, "states");

struct made_key {
    char repo_id[32], id[KEYWARD_KEY_ID_LENGTH + 1], access_key[ACCESS_KEY_SIZE],
        secret[SECRET_SIZE];
};

static const struct kind {
    const char *name;
    enum state state;
    bool right;
    enum keyward_cause cause;
} kinds[ATTEMPT_KINDS] = {
    [UNKNOWN_ACCESS_KEY] = {"unknown", LIVE, false, KEYWARD_CAUSE_UNKNOWN},
    [WRONG_OF_LIVE] = {"wrong-live", LIVE, false, KEYWARD_CAUSE_WRONG_SECRET},
    [WRONG_OF_DELETED] = {"wrong-deleted", DELETED, false, KEYWARD_CAUSE_WRONG_SECRET},
    [WRONG_OF_ARCHIVED] = {"wrong-archived", ARCHIVED, false, KEYWARD_CAUSE_WRONG_SECRET},
    [WRONG_OF_EXPIRED] = {"wrong-expired", EXPIRED, false, KEYWARD_CAUSE_WRONG_SECRET},
    [RIGHT_OF_DELETED] = {"right-deleted", DELETED, true, KEYWARD_CAUSE_DELETED},
    [RIGHT_OF_ARCHIVED] = {"right-archived", ARCHIVED, true, KEYWARD_CAUSE_DELETED},
    [RIGHT_OF_EXPIRED] = {"right-expired", EXPIRED, true, KEYWARD_CAUSE_EXPIRED},
    [NOTHING_WRONG] = {"nothing-wrong", LIVE, true, KEYWARD_CAUSE_NONE},
};

const char *attempt_name(enum attempt_kind kind)
{
    return kinds[kind].name;
}

/* ---- the store ---- */

static enum state state_of(size_t number)
{
    static const enum state others[] = {LIVE, DELETED, EXPIRED};

    return number / REPOSITORY_KEYS % 4 == 3 ? ARCHIVED : others[number % 3];
}

static void make(struct attempts *attempts, size_t number)
{
    struct made_key *made = &attempts->keys[number];
    keyward_secret *secret;
    keyward_key *key;

    snprintf(made->repo_id, sizeof made->repo_id, "repo-%06zu", number / REPOSITORY_KEYS);
    key = make_key(&attempts->f, made->repo_id, "CI", &secret);
    strcpy(made->id, key->id);
    strcpy(made->access_key, key->access_key);
    strcpy(made->secret, secret->text);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}

static void settle(struct attempts *attempts, size_t number)
{
    const struct made_key *made = &attempts->keys[number];
    struct fixture *f = &attempts->f;

    switch (state_of(number)) {
    case LIVE:
        break;
    case EXPIRED:
        assert_status(f->store,
                      keyward_set_key_expiry(f->store, &host, made->repo_id, made->id, f->now + 1),
                      KEYWARD_OK);
        break;
    case DELETED:
    case ARCHIVED:
        drop_key(f, made->repo_id, made->id);
        break;
    }
}

static void sort(struct attempts *attempts)
{
    for (int state = 0; state < STATES; state++) {
        attempts->sorted[state].keys = calloc(attempts->count, sizeof(struct made_key *));
        ck_assert_ptr_nonnull(attempts->sorted[state].keys);
    }
    for (size_t i = 0; i < attempts->count; i++) {
        struct sorted_keys *keys = &attempts->sorted[state_of(i)];
        keys->keys[keys->count++] = &attempts->keys[i];
    }
}

void attempts_open(struct attempts *attempts, size_t count)
{
    memset(attempts, 0, sizeof *attempts);
    fixture_init(&attempts->f);
    attempts->f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&attempts->f);
    attempts->count = count;
    attempts->keys = calloc(count, sizeof *attempts->keys);
    ck_assert_ptr_nonnull(attempts->keys);
    for (size_t i = 0; i < count; i++)
        make(attempts, i);
    for (size_t i = 0; i < count; i++)
        settle(attempts, i);
    sort(attempts);
    attempts->f.now += 2;
    fixture_reopen(&attempts->f);
}

void attempts_close(struct attempts *attempts)
{
    fixture_close(&attempts->f);
    for (int state = 0; state < STATES; state++)
        free(attempts->sorted[state].keys);
    free(attempts->keys);
}

/* ---- pairs ---- */

/* What follows from the number alone, and looks random. */
static void draw(size_t number, void *bytes, size_t length)
{
    unsigned char seed[randombytes_SEEDBYTES] = {0};

    memcpy(seed, &number, sizeof number);
    randombytes_buf_deterministic(bytes, length, seed);
}

static const struct made_key *key_in_state(const struct attempts *attempts, enum state state,
                                           size_t number)
{
    const struct sorted_keys *keys = &attempts->sorted[state];

    uint64_t random;

    draw(number, &random, sizeof random);
    return keys->keys[random % keys->count];
}

static const char *unknown_access_key(size_t number)
{
    static char text[ACCESS_KEY_SIZE];
    unsigned char random[ACCESS_KEY_RANDOM_BYTES];

    draw(number, random, sizeof random);
    token_access_key(TOKEN_PREFIX_DEFAULT, random, text);
    return text;
}

struct attempt attempt_of(const struct attempts *attempts, enum attempt_kind kind, size_t number)
{
    const struct made_key *key = key_in_state(attempts, kinds[kind].state, number);
    const struct made_key *other = key == attempts->keys ? key + 1 : key - 1;

    return (struct attempt){
        kind == UNKNOWN_ACCESS_KEY ? unknown_access_key(number) : key->access_key,
        kinds[kind].right ? key->secret : other->secret,
    };
}

void attempt_run(const struct attempts *attempts, enum attempt_kind kind, struct attempt attempt)
{
    keyward *store = attempts->f.store;
    keyward_identity identity;
    enum keyward_status status = keyward_authenticate(store, attempt.access_key, attempt.secret,
                                                      strlen(attempt.secret), &identity);

    assert_status(store, status, kind == NOTHING_WRONG ? KEYWARD_OK : KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(store)->cause, kinds[kind].cause);
}
