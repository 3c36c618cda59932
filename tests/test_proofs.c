/* SPDX-License-Identifier: MIT */
/*
 * What a store signs and proves of its audit log: its key, checkpoints, receipts, consistency
 * proofs and the files of its publication, each byte for byte what the specifications say of the
 * exported lines; and what it refuses to sign or prove once somebody has edited the store.
 */
#include "support/crew.h"
#include "support/fixture.h"
#include "support/log.h"
#include "support/rows.h"
#include "support/tree.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SENTINEL ((void *)&f) /* what an out-pointer holds before the call */
#define DASH "\xE2\x80\x94 "

static struct fixture f;
static char *log_key;
static keyward_trust trust;
static unsigned char drawn[32]; /* the last 32 random bytes that the store asked for */
static unsigned char seed[32];  /* of the log's key */

static int draw(void *context, void *buffer, size_t length)
{
    (void)context;
    randombytes_buf(buffer, length);
    if (length == sizeof drawn)
        memcpy(drawn, buffer, sizeof drawn);
    return 0;
}

/* Three events, and no key of the log. */
static void open_fixture(void)
{
    fixture_open(&f);
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    f.options.random = draw;
    fixture_reopen(&f);
    log_key = NULL;
}

static void make_log_key(void)
{
    log_key = log_key_of(&f);
    memcpy(seed, drawn, sizeof seed);
    trust = (keyward_trust){.log_key = log_key};
}

static void close_fixture(void)
{
    compose_free();
    free(log_key);
    fixture_close(&f);
}

/* ---- what is never told ---- */

/* The error record of the last call shows nothing of the log's seed. */
static void assert_quiet(void)
{
    const char *message = keyward_last_error(f.store)->message;
    char hex[2 * sizeof seed + 1];

    sodium_bin2hex(hex, sizeof hex, seed, sizeof seed);
    ck_assert_ptr_null(strstr(message, hex));
    ck_assert_ptr_null(strstr(message, base64(seed, sizeof seed)));
    ck_assert_ptr_null(strchr(message, '\n'));
}

/* The call has come to this, with this message, and has handed out nothing. */
static void assert_refused(enum keyward_status got, enum keyward_status wanted, const char *message,
                           keyward_text *const *out)
{
    assert_status(f.store, got, wanted);
    ck_assert_str_eq(keyward_last_error(f.store)->message, message);
    ck_assert_int_eq(keyward_last_error(f.store)->status, wanted);
    if (out)
        ck_assert_ptr_null(*out);
    assert_quiet();
}

static const char forbidden[] = "the actor has no such right in this repository";

/* ---- calls ---- */

static enum keyward_status sign(const keyward_actor *actor, const char *known, keyward_text **out)
{
    *out = SENTINEL;
    return keyward_audit_checkpoint(f.store, actor, known, known ? strlen(known) : 0, out);
}

static enum keyward_status prove(const keyward_actor *actor, int64_t sequence, int64_t size,
                                 keyward_text **out)
{
    *out = SENTINEL;
    return keyward_audit_receipt(f.store, actor, sequence, size, out);
}

static enum keyward_status prove_consistency(const keyward_actor *actor, int64_t old_size,
                                             int64_t size, keyward_text **out)
{
    *out = SENTINEL;
    return keyward_audit_consistency(f.store, actor, old_size, size, out);
}

/* Text that lives until compose_free(), as all texts that these give. */
static const char *kept(keyward_text **text)
{
    const char *copy = compose("%s", (*text)->text);

    ck_assert_uint_eq(strlen(copy), (*text)->length);
    keyward_text_free(text);
    return copy;
}

static const char *checkpoint_now(void)
{
    keyward_text *text;

    assert_status(f.store, sign(&host, NULL, &text), KEYWARD_OK);
    return kept(&text);
}

static const char *checkpoint_of_size(int64_t size)
{
    char *note = sql_text(
        f.path, compose("SELECT note FROM audit_checkpoints WHERE size = %lld", (long long)size));
    const char *copy = compose("%s", note);

    free(note);
    return copy;
}

static const char *receipt_of(int64_t sequence, int64_t size)
{
    keyward_text *text;

    assert_status(f.store, prove(&host, sequence, size, &text), KEYWARD_OK);
    return kept(&text);
}

static const char *proof_of(int64_t old_size, int64_t size)
{
    keyward_text *text;

    assert_status(f.store, prove_consistency(&host, old_size, size, &text), KEYWARD_OK);
    return kept(&text);
}

/* ---- the key ---- */

static enum keyward_status get_key(const keyward_actor *actor, const char *origin,
                                   keyward_text **out)
{
    *out = SENTINEL;
    return keyward_audit_log_key(f.store, actor, origin, out);
}

static void assert_key_is(const char *origin, const char *wanted)
{
    keyward_text *text;

    assert_status(f.store, get_key(&host, origin, &text), KEYWARD_OK);
    ck_assert_str_eq(kept(&text), wanted);
}

START_TEST(the_key_of_the_log_comes_once)
{
    keyward_text *text;
    int64_t events = count_events(f.path);

    assert_refused(get_key(&host, NULL, &text), KEYWARD_NOT_FOUND,
                   "the audit log has no key yet; keyward_audit_log_key() makes one", &text);
    f.now += 5;
    make_log_key();
    assert_key_is(ORIGIN, log_key);
    assert_key_is(NULL, log_key);
    assert_refused(get_key(&host, "example.com/other", &text), KEYWARD_EXISTS,
                   "the audit log has another origin, and has it for good", &text);
    fixture_reopen(&f);
    assert_key_is(ORIGIN, log_key);
    assert_key_is(NULL, log_key);
    ck_assert_int_eq(count_events(f.path), events);
    assert_row_of(f.path,
                  "SELECT count(*) || ' ' || origin || ' ' || created_at FROM audit_log_key",
                  "1 " ORIGIN " %lld", (long long)f.now);
    assert_sound(&f);
}
END_TEST

START_TEST(the_key_is_the_host_s)
{
    const keyward_actor *users[] = {&anna, &will, &rita, &nobody};
    keyward_text *text;

    for (int made = 0; made < 2; made++) {
        for (size_t i = 0; i < COUNT(users); i++) {
            assert_refused(get_key(users[i], ORIGIN, &text), KEYWARD_FORBIDDEN, forbidden, &text);
            assert_refused(get_key(users[i], NULL, &text), KEYWARD_FORBIDDEN, forbidden, &text);
        }
        ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_log_key"), made);
        if (!made)
            make_log_key();
    }
}
END_TEST

/* The verifier key is derived from the seed that was drawn, and the seed is nowhere. */
START_TEST(the_seed_is_sealed)
{
    unsigned char public_key[32], secret_key[64], bytes[33];

    make_log_key();
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    checkpoint_now();
    ck_assert(!store_contains(&f, seed, sizeof seed));
    ck_assert(store_contains(&f, public_key, sizeof public_key));
    bytes[0] = 1;
    memcpy(bytes + 1, public_key, sizeof public_key);
    ck_assert_str_eq(log_key + strlen(ORIGIN "+01234567+"), base64(bytes, sizeof bytes));
}
END_TEST

static const char *const good_origins[] = {
    "a", "example.com/keys", "\xC3\xA9\xF0\x9F\x94\x91", "\x22'\\", "-", "a/b:c"};

START_TEST(an_origin_is_a_name_without_spaces)
{
    keyward_text *text;

    assert_status(f.store, get_key(&host, good_origins[_i], &text), KEYWARD_OK);
    ck_assert_int_eq(strncmp(text->text, good_origins[_i], strlen(good_origins[_i])), 0);
    ck_assert_int_eq(text->text[strlen(good_origins[_i])], '+');
    keyward_text_free(&text);
    assert_sound(&f);
}
END_TEST

static int make_key_at_once(void *out, int number)
{
    return (int)keyward_audit_log_key(f.store, &host, ORIGIN, (keyward_text **)out + number);
}

START_TEST(who_makes_the_key_at_once_gets_the_same)
{
    keyward_text *texts[8];

    f.options.random = NULL;
    fixture_reopen(&f);
    run_crew((int)COUNT(texts), make_key_at_once, texts, NULL);
    for (size_t i = 0; i < COUNT(texts); i++) {
        ck_assert_str_eq(texts[i]->text, texts[0]->text);
        if (i > 0)
            keyward_text_free(&texts[i]);
    }
    keyward_text_free(&texts[0]);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_log_key"), 1);
}
END_TEST

static int draw_nothing(void *context, void *buffer, size_t length)
{
    (void)context;
    memset(buffer, 0, length);
    return 1;
}

START_TEST(without_chance_there_is_no_key)
{
    keyward_text *text;

    f.options.random = NULL;
    fixture_reopen(&f);
    keyward_close(&f.store);
    f.options.random = draw_nothing;
    assert_status(NULL, keyward_open(&f.store, f.path, &f.options), KEYWARD_IO);
    f.options.random = draw;
    fixture_reopen(&f);
    assert_status(f.store, get_key(&host, NULL, &text), KEYWARD_NOT_FOUND);
    ck_assert_ptr_null(text);
}
END_TEST

static const unsigned char other_master_key[KEYWARD_MASTER_KEY_BYTES] =
    "another master key of 32 bytes.";

START_TEST(the_key_outlives_the_master_key_and_new_data_keys)
{
    const keyward_master_key next = {.key = other_master_key};
    struct tree tree;

    make_log_key();
    checkpoint_now();
    assert_status(f.store, keyward_create_data_key(f.store, &host), KEYWARD_OK);
    checkpoint_now();
    assert_status(f.store, keyward_change_master_key(f.store, &host, &next), KEYWARD_OK);
    checkpoint_now();
    f.options.master_key = other_master_key;
    for (int i = 0; i < 3; i++) {
        keyward_text *checkpoint;
        if (i > 0)
            fixture_reopen(&f);
        assert_key_is(NULL, log_key);
        append(&f, 1);
        checkpoint = sign_checkpoint(&f);
        tree_open(&tree, &f);
        assert_checkpoint(checkpoint, log_key, &tree, tree.count);
        tree_close(&tree);
        keyward_text_free(&checkpoint);
    }
    assert_sound(&f);
}
END_TEST

/* What another process has sealed by a data key of the new master key cannot be opened by who has
 * the old one. */
START_TEST(who_has_the_old_master_key_cannot_sign_with_a_younger_key)
{
    const keyward_master_key next = {.key = other_master_key};
    struct fixture other = f;
    keyward_text *text;

    assert_status(NULL, keyward_open(&other.store, f.path, &f.options), KEYWARD_OK);
    assert_status(other.store, keyward_change_master_key(other.store, &host, &next), KEYWARD_OK);
    assert_status(f.store, get_key(&host, ORIGIN, &text), KEYWARD_WRONG_MASTER_KEY);
    ck_assert_ptr_null(text);
    log_key = log_key_of(&other);
    assert_status(f.store, sign(&host, NULL, &text), KEYWARD_WRONG_MASTER_KEY);
    ck_assert_ptr_null(text);
    assert_quiet();
    assert_key_is(NULL, log_key); /* its public half is no secret */
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_checkpoints"), 0);
    assert_sound(&other);
    keyward_close(&other.store);
}
END_TEST

/* ---- checkpoints ---- */

START_TEST(a_checkpoint_needs_a_key_and_events)
{
    keyward_text *text;

    assert_refused(sign(&host, NULL, &text), KEYWARD_NOT_FOUND,
                   "the audit log has no key yet; keyward_audit_log_key() makes one", &text);
    fixture_close(&f);
    fixture_init(&f);
    fixture_reopen(&f);
    assert_status(f.store, get_key(&host, ORIGIN, &text), KEYWARD_OK);
    keyward_text_free(&text);
    assert_refused(sign(&host, NULL, &text), KEYWARD_NOT_FOUND, "the audit log has no events yet",
                   &text);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_checkpoints"), 0);
    assert_sound(&f);
}
END_TEST

START_TEST(a_checkpoint_comes_back_until_something_is_appended)
{
    const char *first, *second;

    make_log_key();
    f.now += 17;
    first = checkpoint_now();
    f.now += 17;
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(checkpoint_now(), first);
        fixture_reopen(&f);
    }
    assert_row_of(f.path, "SELECT group_concat(size || ' ' || signed_at) FROM audit_checkpoints",
                  "3 %lld", (long long)f.now - 17);
    append(&f, 1);
    second = checkpoint_now();
    ck_assert_str_ne(first, second);
    ck_assert_str_eq(checkpoint_now(), second);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_checkpoints"), 2);
    ck_assert_int_eq(count_events(f.path), 4); /* a checkpoint is no event */
}
END_TEST

START_TEST(a_checkpoint_is_the_host_s)
{
    const keyward_actor *users[] = {&anna, &will, &rita, &nobody};
    keyward_text *text;

    make_log_key();
    for (size_t i = 0; i < COUNT(users); i++)
        assert_refused(sign(users[i], NULL, &text), KEYWARD_FORBIDDEN, forbidden, &text);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_checkpoints"), 0);
    ck_assert_int_eq(count_events(f.path), 3);
}
END_TEST

/* Any older one, in whatever order, and the newest. */
START_TEST(a_log_continues_every_known_checkpoint)
{
    const char *known[12];
    keyward_text *text;

    make_log_key();
    for (size_t i = 0; i < COUNT(known); i++) {
        known[i] = checkpoint_now();
        for (size_t k = 0; k <= i; k++) {
            assert_status(f.store, sign(&host, known[k], &text), KEYWARD_OK);
            ck_assert_str_eq(kept(&text), known[i]);
        }
        append(&f, i % 3 == 0 ? 1 : 60);
    }
}
END_TEST

START_TEST(what_is_known_is_a_checkpoint_of_this_log)
{
    struct signer other;
    const char *good, *body;
    keyward_text *text;

    make_log_key();
    good = checkpoint_now();
    append(&f, 1);
    other = signer_of(1, ORIGIN, 9);
    body = compose("%.*s", (int)(strstr(good, "\n\n") + 1 - good), good);
    {
        const struct {
            const char *known, *message;
        } cases[] = {
            {"\n", "the known checkpoint: there is no signature"},
            {compose("%s\n%s", body, signed_line(&other, body, 0)),
             "the known checkpoint: is not signed by the log's key"},
            {compose("%s ", good), "the known checkpoint: does not end with a new line"},
            {compose("x%s", good), "the known checkpoint: is of another log: its origin is not the "
                                   "name of the log's key"},
            {compose("%s\n%s", compose(ORIGIN "\n4%s", strchr(body, '\n') + 2),
                     strstr(good, "\n\n") + 2),
             "the known checkpoint: the log's signature does not hold"},
        };
        for (size_t i = 0; i < COUNT(cases); i++) {
            enum keyward_status status = sign(&host, cases[i].known, &text);
            if (i == 0)
                assert_status(f.store, status, KEYWARD_UNPROVEN);
            else
                assert_refused(status, KEYWARD_UNPROVEN, cases[i].message, &text);
            ck_assert_ptr_null(text);
        }
    }
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_checkpoints"), 1);
}
END_TEST

/* Who read it from a file that is empty has not said that he knows none. */
START_TEST(an_empty_known_checkpoint_is_none_of_this_log)
{
    keyward_text *text = SENTINEL;

    make_log_key();
    assert_refused(sign(&host, "", &text), KEYWARD_UNPROVEN, "the known checkpoint: is empty",
                   &text);
    text = SENTINEL;
    assert_invalid(f.store, keyward_audit_checkpoint(f.store, &host, NULL, 1, &text), "known");
    ck_assert_ptr_null(text);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_checkpoints"), 0);
}
END_TEST

/* Appends and signs; what was signed never becomes smaller. */
static int append_and_sign(void *context, int number)
{
    long long size, last = 0;
    char user[32];

    (void)context;
    for (int i = 0; i < 12; i++) {
        keyward_text *text;
        snprintf(user, sizeof user, "user-%d-%d", number, i);
        if (keyward_grant(f.store, &host, "repo-1", user, KEYWARD_READER) != KEYWARD_OK ||
            keyward_audit_checkpoint(f.store, &host, NULL, 0, &text) != KEYWARD_OK)
            return 1;
        if (sscanf(text->text, ORIGIN "\n%lld\n", &size) != 1 || size <= last)
            return 2;
        last = size;
        keyward_text_free(&text);
    }
    return 0;
}

START_TEST(checkpoints_that_are_signed_at_once_are_of_one_log)
{
    struct tree tree;
    int64_t size = 0, count;

    f.options.random = NULL;
    fixture_reopen(&f);
    make_log_key();
    append(&f, 200);
    run_crew(8, append_and_sign, NULL, NULL);
    tree_open(&tree, &f);
    ck_assert_uint_eq(tree.count, 203 + 8 * 12);
    count = sql_number(f.path, "SELECT count(*) FROM audit_checkpoints");
    ck_assert_int_ge(count, 12);
    for (int64_t i = 0; i < count; i++) {
        char *note;
        size = sql_number(f.path, compose("SELECT min(size) FROM audit_checkpoints WHERE size >"
                                          " %lld",
                                          (long long)size));
        note = sql_text(f.path, compose("SELECT note FROM audit_checkpoints WHERE size = %lld",
                                        (long long)size));
        assert_checkpoint(&(keyward_text){note, strlen(note)}, log_key, &tree, (size_t)size);
        free(note);
    }
    tree_close(&tree);
    assert_sound(&f);
}
END_TEST

/* ---- a log with checkpoints ---- */

/* Checkpoints of it: at these sizes. Events 1 to 3 and 5 are of repo-1, 4 of the store; the rest is
 * of repo-9. */
static const int sizes[] = {3, 5, 6, 255, 256, 257, 300, 512, 513};

static void open_signed(void)
{
    open_fixture();
    make_log_key();
    checkpoint_now();
    assert_status(f.store, keyward_create_data_key(f.store, &host), KEYWARD_OK);
    assert_status(f.store, keyward_grant(f.store, &anna, "repo-1", "zoe", KEYWARD_READER),
                  KEYWARD_OK);
    for (size_t i = 1; i < COUNT(sizes); i++) {
        append(&f, sizes[i] - (int)count_events(f.path));
        checkpoint_now();
    }
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_checkpoints"), COUNT(sizes));
}

/* ---- receipts ---- */

static void assert_verifies(const char *receipt, const char *event, int64_t sequence, int64_t size)
{
    keyward_proven proven;

    assert_status(NULL,
                  keyward_verify_receipt(receipt, strlen(receipt), &trust, event,
                                         event ? strlen(event) : 0, &proven),
                  KEYWARD_OK);
    ck_assert_int_eq(proven.sequence, sequence);
    ck_assert_int_eq(proven.size, size);
}

static void assert_receipt(const struct tree *tree, int sequence, int size)
{
    const char *receipt = receipt_of(sequence, size), *line = tree->lines[sequence - 1];
    keyward_text *event;

    ck_assert_str_eq(receipt, compose("c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n%s\n%s",
                                      base64(line, strlen(line)), sequence - 1,
                                      tree_path(tree, (size_t)sequence - 1, (size_t)size),
                                      checkpoint_of_size(size)));
    assert_verifies(receipt, NULL, sequence, size);
    assert_verifies(receipt, line, sequence, size);
    assert_status(NULL, keyward_receipt_event(receipt, strlen(receipt), &event), KEYWARD_OK);
    ck_assert_str_eq(event->text, line);
    keyward_text_free(&event);
}

START_TEST(every_event_has_a_receipt_of_every_checkpoint_that_covers_it)
{
    int stride = 1;
    struct tree tree;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    stride = 7;
#endif
    tree_open(&tree, &f);
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (int sequence = 1; sequence <= sizes[i]; sequence += stride) {
            assert_receipt(&tree, sequence, sizes[i]);
            compose_free();
        }
    tree_close(&tree);
}
END_TEST

START_TEST(a_receipt_is_of_the_newest_checkpoint_unless_another_is_named)
{
    append(&f, 1); /* which none covers */
    for (int sequence = 1; sequence <= 513; sequence += 64)
        ck_assert_str_eq(receipt_of(sequence, 0), receipt_of(sequence, 513));
}
END_TEST

static const char no_event[] = "there is no such event",
                  no_checkpoint[] = "there is no checkpoint that covers it;"
                                    " keyward_audit_checkpoint() signs one";

START_TEST(what_no_checkpoint_covers_has_no_receipt)
{
    keyward_text *text;

    append(&f, 1);
    assert_refused(prove(&host, 514, 0, &text), KEYWARD_NOT_FOUND, no_checkpoint, &text);
    assert_refused(prove(&host, 514, 513, &text), KEYWARD_NOT_FOUND, no_checkpoint, &text);
    assert_refused(prove(&host, 6, 5, &text), KEYWARD_NOT_FOUND, no_checkpoint, &text);
    assert_refused(prove(&host, 1, 4, &text), KEYWARD_NOT_FOUND, no_checkpoint, &text);
    assert_refused(prove(&host, 1, 514, &text), KEYWARD_NOT_FOUND, no_checkpoint, &text);
    assert_refused(prove(&host, 1, INT64_MAX, &text), KEYWARD_NOT_FOUND, no_checkpoint, &text);
    assert_refused(prove(&host, 515, 0, &text), KEYWARD_NOT_FOUND, no_event, &text);
    assert_refused(prove(&host, INT64_MAX, 0, &text), KEYWARD_NOT_FOUND, no_event, &text);
    checkpoint_now();
    assert_verifies(receipt_of(514, 0), NULL, 514, 514);
}
END_TEST

START_TEST(without_a_checkpoint_there_is_no_receipt)
{
    keyward_text *text;

    assert_refused(prove(&host, 1, 0, &text), KEYWARD_NOT_FOUND, no_checkpoint, &text);
    assert_refused(prove_consistency(&host, 0, 0, &text), KEYWARD_NOT_FOUND, no_checkpoint, &text);
    assert_refused(prove(&nobody, 1, 0, &text), KEYWARD_FORBIDDEN, forbidden, &text);
    make_log_key();
    assert_refused(prove(&rita, 1, 0, &text), KEYWARD_NOT_FOUND, no_checkpoint, &text);
}
END_TEST

/* Whoever may read the event; nobody else learns whether there is one. */
START_TEST(a_receipt_is_for_the_readers_of_the_event_s_repository)
{
    static const keyward_actor zoe = {.user_id = "zoe"}, reader_of_9 = {.user_id = "user-5"};
    const keyward_actor *readers[] = {&anna, &will, &rita, &zoe};
    const int64_t foreign[] = {4, 6, 513, 514, 600, INT64_MAX};
    int64_t events = count_events(f.path);
    keyward_text *text;

    for (size_t i = 0; i < COUNT(readers); i++) {
        assert_status(f.store, prove(readers[i], 5, 0, &text), KEYWARD_OK);
        ck_assert_str_eq(kept(&text), receipt_of(5, 0));
        for (size_t k = 0; k < COUNT(foreign); k++)
            assert_refused(prove(readers[i], foreign[k], 0, &text), KEYWARD_FORBIDDEN, forbidden,
                           &text);
    }
    assert_refused(prove(&reader_of_9, 5, 0, &text), KEYWARD_FORBIDDEN, forbidden, &text);
    assert_refused(prove(&nobody, 5, 0, &text), KEYWARD_FORBIDDEN, forbidden, &text);
    assert_refused(prove(&nobody, 5, 999, &text), KEYWARD_FORBIDDEN, forbidden, &text);
    assert_status(f.store, prove(&reader_of_9, 6, 0, &text), KEYWARD_OK);
    keyward_text_free(&text);
    ck_assert_int_eq(count_events(f.path), events); /* no trace of those who were refused */
    assert_status(f.store, keyward_revoke(f.store, &host, "repo-1", "rita"), KEYWARD_OK);
    assert_refused(prove(&rita, 5, 0, &text), KEYWARD_FORBIDDEN, forbidden, &text);
}
END_TEST

/* ---- consistency ---- */

static void assert_consistent(const char *old, const char *proof, int64_t old_size, int64_t size)
{
    keyward_proven proven;

    assert_status(
        NULL, keyward_verify_consistency(old, strlen(old), proof, strlen(proof), &trust, &proven),
        KEYWARD_OK);
    ck_assert_int_eq(proven.old_size, old_size);
    ck_assert_int_eq(proven.size, size);
}

START_TEST(the_log_continues_every_checkpoint_that_it_has_signed)
{
    struct tree tree;

    tree_open(&tree, &f);
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t k = i; k < COUNT(sizes); k++)
            assert_consistent(checkpoint_of_size(sizes[i]), proof_of(sizes[i], sizes[k]), sizes[i],
                              sizes[k]);
    for (int old_size = 0; old_size <= 513; old_size += 3) {
        ck_assert_str_eq(proof_of(old_size, 513), compose("old %d\n%s\n%s", old_size,
                                                          tree_proof(&tree, (size_t)old_size, 513),
                                                          checkpoint_of_size(513)));
        ck_assert_str_eq(proof_of(old_size, 0), proof_of(old_size, 513));
        compose_free();
    }
    tree_close(&tree);
}
END_TEST

START_TEST(an_older_state_is_older)
{
    keyward_text *text;

    assert_refused(prove_consistency(&host, 4, 3, &text), KEYWARD_NOT_FOUND, no_checkpoint, &text);
    assert_refused(prove_consistency(&host, 514, 0, &text), KEYWARD_NOT_FOUND, no_checkpoint,
                   &text);
    assert_refused(prove_consistency(&host, 3, 4, &text), KEYWARD_NOT_FOUND, no_checkpoint, &text);
    assert_refused(prove_consistency(&host, INT64_MAX, 0, &text), KEYWARD_NOT_FOUND, no_checkpoint,
                   &text);
    assert_refused(prove_consistency(&anna, 3, 0, &text), KEYWARD_FORBIDDEN, forbidden, &text);
    assert_refused(prove_consistency(&nobody, 600, 0, &text), KEYWARD_FORBIDDEN, forbidden, &text);
}
END_TEST

/* ---- witnesses ---- */

#define WITNESSES 3

static struct signer witnesses[WITNESSES];
static const char *witness_keys[WITNESSES];

static void open_witnessed(void)
{
    open_signed();
    for (int i = 0; i < WITNESSES; i++) {
        witnesses[i] = signer_of(4, compose("witness.example/%d", i), (unsigned char)(20 + i));
        witness_keys[i] = witnesses[i].key;
    }
    trust.witness_keys = witness_keys;
    trust.witness_count = WITNESSES;
}

static const char *body_of(const char *checkpoint)
{
    return compose("%.*s", (int)(strstr(checkpoint, "\n\n") + 1 - checkpoint), checkpoint);
}

static const char *cosigned_by(const char *checkpoint, int witness, uint64_t seconds)
{
    return compose("%s%s", checkpoint,
                   signed_line(&witnesses[witness], body_of(checkpoint), seconds));
}

static enum keyward_status add(const keyward_actor *actor, const char *checkpoint)
{
    return keyward_audit_add_cosignatures(f.store, actor, &trust, checkpoint, strlen(checkpoint));
}

static keyward_proven proven_with(size_t needed, const char *receipt, enum keyward_status wanted)
{
    keyward_trust policy = trust;
    keyward_proven proven;

    policy.witnesses_needed = needed;
    assert_status(NULL, keyward_verify_receipt(receipt, strlen(receipt), &policy, NULL, 0, &proven),
                  wanted);
    return proven;
}

START_TEST(cosignatures_are_kept_and_carried)
{
    const char *bare = checkpoint_of_size(513), *first = cosigned_by(bare, 1, 1700),
               *both = cosigned_by(first, 0, 1800);

    assert_status(f.store, add(&host, first), KEYWARD_OK);
    ck_assert_str_eq(checkpoint_of_size(513), first);
    ck_assert_str_eq(checkpoint_now(), first);
    assert_status(f.store, add(&host, cosigned_by(bare, 0, 1800)), KEYWARD_OK);
    ck_assert_str_eq(checkpoint_of_size(513), both);
    ck_assert_ptr_nonnull(strstr(receipt_of(7, 0), both));
    ck_assert_ptr_nonnull(strstr(proof_of(7, 0), both));
    ck_assert_str_eq(strstr(receipt_of(7, 0), both), both); /* at its end */
    ck_assert_int_eq(proven_with(0, receipt_of(7, 0), KEYWARD_OK).witnessed_at, 0);
    ck_assert_int_eq(proven_with(1, receipt_of(7, 0), KEYWARD_OK).witnessed_at, 1700000);
    ck_assert_int_eq(proven_with(2, receipt_of(7, 0), KEYWARD_OK).witnessed_at, 1800000);
    ck_assert_uint_eq(proven_with(2, receipt_of(7, 0), KEYWARD_OK).witnesses, 2);
    proven_with(3, receipt_of(7, 0), KEYWARD_UNPROVEN);
    proven_with(1, receipt_of(7, 512), KEYWARD_UNPROVEN);
    assert_sound(&f);
}
END_TEST

START_TEST(a_cosignature_is_kept_once)
{
    const char *bare = checkpoint_of_size(300),
               *line = signed_line(&witnesses[0], body_of(bare), 5),
               *cosigned = compose("%s%s", bare, line);

    assert_status(f.store, add(&host, compose("%s%s", cosigned, line)), KEYWARD_OK);
    ck_assert_str_eq(checkpoint_of_size(300), cosigned);
    for (int i = 0; i < 3; i++) {
        assert_status(f.store, add(&host, cosigned), KEYWARD_OK);
        ck_assert_str_eq(checkpoint_of_size(300), cosigned);
    }
    assert_status(f.store, add(&host, bare), KEYWARD_OK); /* nothing new, nothing lost */
    ck_assert_str_eq(checkpoint_of_size(300), cosigned);
    assert_status(f.store, add(&host, cosigned_by(bare, 0, 6)), KEYWARD_OK);
    ck_assert_str_eq(checkpoint_of_size(300), cosigned_by(cosigned, 0, 6));
}
END_TEST

/* A witness may have a new key under his old name. */
START_TEST(a_witness_is_his_name_and_his_key)
{
    struct signer before = signer_of(4, witnesses[1].name, 99);
    const char *bare = checkpoint_of_size(5), *body = body_of(bare);

    assert_status(f.store,
                  add(&host, compose("%s%s%s", bare, signed_line(&before, body, 5),
                                     signed_line(&witnesses[1], body, 6))),
                  KEYWARD_OK);
    ck_assert_str_eq(checkpoint_of_size(5), cosigned_by(bare, 1, 6));
}
END_TEST

/* Others have signed too: that is none of our business. */
START_TEST(only_known_witnesses_are_kept)
{
    struct signer stranger = signer_of(4, "stranger.example", 77);
    const char *bare = checkpoint_of_size(5), *body = body_of(bare),
               *all = compose("%s%s%s", bare, signed_line(&stranger, body, 5),
                              signed_line(&witnesses[2], body, 6));

    trust.witnesses_needed = 3; /* plays no part */
    assert_status(f.store, add(&host, all), KEYWARD_OK);
    ck_assert_str_eq(checkpoint_of_size(5), cosigned_by(bare, 2, 6));
    trust = (keyward_trust){.log_key = log_key};
    assert_status(f.store, add(&host, cosigned_by(bare, 1, 6)), KEYWARD_OK);
    ck_assert_str_eq(checkpoint_of_size(5), cosigned_by(bare, 2, 6));
}
END_TEST

#define ALL_CHECKPOINTS \
    "SELECT coalesce(group_concat(size || hex(note)), '') FROM audit_checkpoints"

static void assert_not_added(const char *checkpoint, enum keyward_status status,
                             const char *message)
{
    char *before = sql_text(f.path, ALL_CHECKPOINTS), *after;

    assert_refused(add(&host, checkpoint), status, message, NULL);
    after = sql_text(f.path, ALL_CHECKPOINTS);
    ck_assert_msg(strcmp(before, after) == 0, "a checkpoint has changed"); /* too long to print */
    free(before);
    free(after);
}

START_TEST(what_does_not_hold_is_not_kept)
{
    const char *bare = checkpoint_of_size(513), *body = body_of(bare),
               *other = checkpoint_of_size(512);

    assert_not_added(compose("%s%s", bare, signed_line(&witnesses[1], body_of(other), 5)),
                     KEYWARD_UNPROVEN,
                     "the checkpoint: the cosignature of witness_keys[1] does not hold");
    assert_not_added(compose("%s%s%s", bare, signed_line(&witnesses[0], body, 5),
                             signed_line(&witnesses[2], body_of(other), 5)),
                     KEYWARD_UNPROVEN,
                     "the checkpoint: the cosignature of witness_keys[2] does not hold");
    assert_not_added(compose("%s\n%s", body, signed_line(&witnesses[0], body, 5)), KEYWARD_UNPROVEN,
                     "the checkpoint: is not signed by the log's key");
    assert_not_added(compose("%s\n%s", body, strstr(other, "\n\n") + 2), KEYWARD_UNPROVEN,
                     "the checkpoint: the log's signature does not hold");
    assert_not_added(compose("%sx", bare), KEYWARD_UNPROVEN,
                     "the checkpoint: does not end with a new line");
    ck_assert_int_eq(add(&host, ""), KEYWARD_UNPROVEN);
    assert_refused(add(&anna, cosigned_by(bare, 0, 5)), KEYWARD_FORBIDDEN, forbidden, NULL);
    assert_refused(add(&nobody, "x"), KEYWARD_FORBIDDEN, forbidden, NULL);
    ck_assert_str_eq(checkpoint_of_size(513), bare);
}
END_TEST

/* As the log itself could have signed it: its key follows from the seed that was drawn. */
static const char *signed_by_log(const char *body)
{
    unsigned char public_key[32], secret_key[64], bytes[68];
    unsigned int id;

    crypto_sign_seed_keypair(public_key, secret_key, seed);
    ck_assert_int_eq(sscanf(log_key + strlen(ORIGIN "+"), "%8x", &id), 1);
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(id >> (24 - 8 * i));
    crypto_sign_detached(bytes + 4, NULL, (const unsigned char *)body, strlen(body), secret_key);
    return compose("%s\n%s", body, line_of(ORIGIN, bytes, sizeof bytes));
}

START_TEST(another_checkpoint_of_the_log_s_key_is_told_from_ours)
{
    const char *ours = body_of(checkpoint_of_size(513)), *root = strchr(ours, '\n') + 1,
               *theirs = body_of(checkpoint_of_size(512));

    ck_assert_str_eq(signed_by_log(ours), checkpoint_of_size(513));
    root = strchr(root, '\n') + 1;
    assert_not_added(signed_by_log(compose(ORIGIN "\n514\n%s", root)), KEYWARD_NOT_FOUND,
                     "there is no checkpoint that covers it; keyward_audit_checkpoint() signs one");
    assert_not_added(signed_by_log(compose(ORIGIN "\n512\n%s", root)), KEYWARD_INCONSISTENT,
                     "the log has signed another checkpoint over these 512 events");
    assert_not_added(signed_by_log(compose("%sextension\n", theirs)), KEYWARD_INCONSISTENT,
                     "the log has signed another checkpoint over these 512 events");
    assert_not_added(
        signed_by_log(compose(ORIGIN "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")),
        KEYWARD_NOT_FOUND,
        "there is no checkpoint that covers it; keyward_audit_checkpoint() signs one");
}
END_TEST

START_TEST(a_checkpoint_holds_64_signatures)
{
    const char *checkpoint = checkpoint_of_size(6);

    for (int i = 1; i < 64; i++) {
        assert_status(f.store, add(&host, cosigned_by(checkpoint, i % 3, (uint64_t)i)), KEYWARD_OK);
        checkpoint = cosigned_by(checkpoint, i % 3, (uint64_t)i);
        ck_assert_str_eq(checkpoint_of_size(6), checkpoint);
    }
    assert_not_added(cosigned_by(checkpoint_of_size(6), 0, 64), KEYWARD_UNPROVEN,
                     "the checkpoint: line 69: there are more than 64 signatures");
    assert_not_added(cosigned_by(signed_by_log(body_of(checkpoint)), 0, 64), KEYWARD_FULL,
                     "the checkpoint has as many signatures as it can hold");
    assert_status(f.store, add(&host, checkpoint), KEYWARD_OK);
    ck_assert_str_eq(checkpoint_of_size(6), checkpoint);
    assert_verifies(receipt_of(3, 6), NULL, 3, 6);
    assert_sound(&f);
}
END_TEST

static int add_at_once(void *notes, int number)
{
    const char *note = ((const char **)notes)[number];

    return (int)keyward_audit_add_cosignatures(f.store, &host, &trust, note, strlen(note));
}

START_TEST(cosignatures_that_come_at_once_are_all_kept)
{
    const char *notes[16], *bare = checkpoint_of_size(513), *all;

    for (int i = 0; i < 16; i++)
        notes[i] = cosigned_by(bare, i % 3, 1000 + (uint64_t)i);
    run_crew(16, add_at_once, notes, NULL);
    all = checkpoint_of_size(513);
    for (int i = 0; i < 16; i++)
        ck_assert_ptr_nonnull(strstr(all, notes[i] + strlen(bare)));
    ck_assert_uint_eq(strlen(all), strlen(bare) + 16 * (strlen(notes[0]) - strlen(bare)));
    ck_assert_uint_eq(proven_with(3, receipt_of(1, 0), KEYWARD_OK).witnesses, 3);
}
END_TEST

/* ---- what was rewritten ---- */

#define LEAF(n) "(SELECT leaf FROM audit_events WHERE sequence = " #n ")"

static const char cut_off[] = "the last checkpoint was signed over 513 events, and the log has 300:"
                              " it was cut off or rolled back",
                  rewritten[] = "the first 513 events are not those that the last checkpoint was"
                                " signed over: the log was rewritten",
                  not_signed[] = "the last checkpoint in the store is not one that was signed",
                  lacks_hash[] =
                      "the tree of the audit log lacks a hash; keyward_check() tells more";

/* Two events more, which no checkpoint covers, before the SQL is run; signing then comes to this.
 */
static const struct {
    const char *text;
    enum keyward_status status;
    const char *message;
} edits[] = {
    /* since the last checkpoint */
    {"UPDATE audit_events SET name = 'other' WHERE sequence = 514", KEYWARD_INCONSISTENT,
     "event 514 was changed after it had been appended"},
    {"UPDATE audit_events SET at = at + 1 WHERE sequence = 515", KEYWARD_INCONSISTENT,
     "event 515 was changed after it had been appended"},
    {"UPDATE audit_events SET leaf = " LEAF(1) " WHERE sequence = 515", KEYWARD_INCONSISTENT,
     "event 515 was changed after it had been appended"},
    {"UPDATE audit_events SET repo_id = repo_id || char(0) || 'x' WHERE sequence = 514",
     KEYWARD_INCONSISTENT, "event 514 was changed after it had been appended"},
    /* under it, in the last tile */
    {"UPDATE audit_events SET name = 'other', leaf = NULL WHERE sequence = 513", KEYWARD_CORRUPT,
     lacks_hash},
    {"UPDATE audit_events SET name = 'other', leaf = NULL WHERE sequence >= 513",
     KEYWARD_INCONSISTENT, rewritten},
    {"UPDATE audit_events SET leaf = " LEAF(1) " WHERE sequence = 513", KEYWARD_INCONSISTENT,
     rewritten},
    /* under it, in full tiles */
    {"UPDATE audit_tree SET hash = " LEAF(1) " WHERE position = 0", KEYWARD_INCONSISTENT,
     rewritten},
    {"UPDATE audit_tree SET hash = " LEAF(1) " WHERE position = 1", KEYWARD_INCONSISTENT,
     rewritten},
    {"UPDATE audit_tree SET position = position + 1 WHERE position = 1", KEYWARD_CORRUPT,
     lacks_hash},
    {"DELETE FROM audit_tree WHERE position = 0", KEYWARD_CORRUPT, lacks_hash},
    /* cut off */
    {"DELETE FROM audit_tree WHERE position = 1; DELETE FROM audit_events WHERE sequence > 300",
     KEYWARD_INCONSISTENT, cut_off},
    {"DELETE FROM audit_events WHERE sequence = 513", KEYWARD_CORRUPT, lacks_hash},
    /* the checkpoint itself */
    {"UPDATE audit_checkpoints SET size = 515 WHERE size = 513", KEYWARD_CORRUPT, not_signed},
    {"UPDATE audit_checkpoints SET note = replace(note, '513', '514') WHERE size = 513",
     KEYWARD_CORRUPT, not_signed},
    {"UPDATE audit_checkpoints SET note = (SELECT note FROM audit_checkpoints WHERE size = 512)"
     " WHERE size = 513",
     KEYWARD_CORRUPT, not_signed},
    {"UPDATE audit_checkpoints SET note = '' WHERE size = 513", KEYWARD_CORRUPT, not_signed},
    {"UPDATE audit_checkpoints SET note = note || char(0) WHERE size = 513", KEYWARD_CORRUPT,
     not_signed},
    {"UPDATE audit_checkpoints SET note = note || 'more'", KEYWARD_CORRUPT, not_signed},
    {"INSERT INTO audit_checkpoints VALUES (514, 0, 'x')", KEYWARD_CORRUPT, not_signed},
    /* the key */
    {"UPDATE audit_log_key SET sealed = zeroblob(72)", KEYWARD_CORRUPT,
     "the key of the audit log does not open"},
    {"UPDATE audit_log_key SET data_key_id = 2", KEYWARD_CORRUPT,
     "the key of the audit log does not open"},
    {"UPDATE audit_log_key SET public_key = zeroblob(32)", KEYWARD_CORRUPT, not_signed},
    {"UPDATE audit_log_key SET origin = 'example.com/keyz'", KEYWARD_CORRUPT, not_signed},
    {"UPDATE audit_log_key SET origin = 'with space'", KEYWARD_CORRUPT,
     "the store's file is damaged or was tampered with"},
    {"DELETE FROM audit_checkpoints; UPDATE audit_log_key SET public_key = zeroblob(32)",
     KEYWARD_CORRUPT, "the key of the audit log is not the one that its public half says"},
    {"DELETE FROM audit_log_key", KEYWARD_NOT_FOUND,
     "the audit log has no key yet; keyward_audit_log_key() makes one"},
};

START_TEST(a_log_that_was_rewritten_is_not_signed)
{
    char *before, *after;
    keyward_text *text;

    append(&f, 2);
    rewrite(&f, edits[_i].text);
    before = sql_text(f.path, ALL_CHECKPOINTS);
    for (int i = 0; i < 2; i++) {
        assert_refused(sign(&host, NULL, &text), edits[_i].status, edits[_i].message, &text);
        after = sql_text(f.path, ALL_CHECKPOINTS);
        ck_assert_msg(strcmp(before, after) == 0, "a checkpoint has changed");
        free(after);
        fixture_reopen(&f);
    }
    free(before);
}
END_TEST

/* With the checkpoints gone the store cannot tell; who has kept one can. */
START_TEST(who_has_kept_a_checkpoint_knows_better_than_the_store)
{
    static const struct {
        const char *text;
        enum keyward_status status;
        const char *message;
    } cases[] = {
        {"DELETE FROM audit_tree WHERE position = 1; DELETE FROM audit_events WHERE sequence > 300",
         KEYWARD_INCONSISTENT,
         "the known checkpoint was signed over 513 events, and the log has 300: it was cut off or"
         " rolled back"},
        {"UPDATE audit_tree SET hash = " LEAF(1) " WHERE position = 0", KEYWARD_INCONSISTENT,
         "the first 513 events are not those that the known checkpoint was signed over: the log was"
         " rewritten"},
        {"UPDATE audit_events SET name = 'x', leaf = NULL WHERE sequence = 513",
         KEYWARD_INCONSISTENT,
         "the first 513 events are not those that the known checkpoint was signed over: the log was"
         " rewritten"},
    };
    const char *known = checkpoint_of_size(513);
    keyward_text *text;

    rewrite(&f, compose("DELETE FROM audit_checkpoints; %s", cases[_i].text));
    assert_refused(sign(&host, known, &text), cases[_i].status, cases[_i].message, &text);
    assert_status(f.store, sign(&host, NULL, &text), KEYWARD_OK);
    keyward_text_free(&text);
    assert_refused(sign(&host, known, &text), cases[_i].status, cases[_i].message, &text);
}
END_TEST

START_TEST(a_store_replaced_by_an_older_copy_is_noticed_by_who_knows)
{
    unsigned char *copy;
    size_t size;
    const char *known;
    keyward_text *text;

    keyward_close(&f.store);
    copy = read_whole(f.path, &size);
    fixture_reopen(&f);
    append(&f, 9);
    known = checkpoint_now();
    keyward_close(&f.store);
    write_whole(f.path, copy, size);
    free(copy);
    fixture_reopen(&f);
    assert_status(f.store, sign(&host, NULL, &text), KEYWARD_OK); /* by itself it cannot know */
    keyward_text_free(&text);
    assert_refused(sign(&host, known, &text), KEYWARD_INCONSISTENT,
                   "the known checkpoint was signed over 522 events, and the log has 513: it was"
                   " cut off or rolled back",
                   &text);
    f.now++; /* it goes on, and is another log */
    append(&f, 20);
    assert_refused(sign(&host, known, &text), KEYWARD_INCONSISTENT,
                   "the first 522 events are not those that the known checkpoint was signed over:"
                   " the log was rewritten",
                   &text);
}
END_TEST

static const char not_what[] = " is not what the checkpoint was signed over";

/* `sequence`: of an event whose receipt is refused then. */
static const struct {
    const char *text;
    int sequence;
    enum keyward_status status;
} changed[] = {
    {"UPDATE audit_events SET name = 'other' WHERE sequence = 7", 7, KEYWARD_INCONSISTENT},
    {"UPDATE audit_events SET name = 'other', leaf = NULL WHERE sequence = 513", 513,
     KEYWARD_INCONSISTENT},
    {"UPDATE audit_events SET leaf = " LEAF(1) " WHERE sequence = 8", 7, KEYWARD_INCONSISTENT},
    {"UPDATE audit_events SET leaf = " LEAF(1) " WHERE sequence = 513", 7, KEYWARD_INCONSISTENT},
    {"UPDATE audit_tree SET hash = " LEAF(1) " WHERE position = 1", 7, KEYWARD_INCONSISTENT},
    {"DELETE FROM audit_tree WHERE position = 1", 7, KEYWARD_CORRUPT},
    {"DELETE FROM audit_events WHERE sequence = 9", 7, KEYWARD_CORRUPT},
    {"UPDATE audit_checkpoints SET note = replace(note, '513', '512')", 7, KEYWARD_CORRUPT},
    {"UPDATE audit_checkpoints SET note = 'x'", 7, KEYWARD_CORRUPT},
    {"UPDATE audit_checkpoints SET note = (SELECT note FROM audit_checkpoints WHERE size = 512)"
     " WHERE size = 513",
     7, KEYWARD_CORRUPT},
    {"UPDATE audit_checkpoints SET note = substr(note, 1, length(note) - 10) || 'AAAAAAAA='"
     " || char(10) WHERE size = 513",
     7, KEYWARD_CORRUPT},
    {"UPDATE audit_events SET sequence = 1000 WHERE sequence = 7;"
     "UPDATE audit_events SET sequence = 7 WHERE sequence = 8;"
     "UPDATE audit_events SET sequence = 8 WHERE sequence = 1000",
     7, KEYWARD_INCONSISTENT},
};

START_TEST(what_the_checkpoint_was_not_signed_over_has_no_receipt)
{
    keyward_text *text;

    rewrite(&f, changed[_i].text);
    assert_status(f.store, prove(&host, changed[_i].sequence, 0, &text), changed[_i].status);
    ck_assert_ptr_null(text);
    assert_quiet();
    if (changed[_i].status == KEYWARD_INCONSISTENT)
        ck_assert_str_eq(keyward_last_error(f.store)->message,
                         compose("event %d%s", changed[_i].sequence, not_what));
}
END_TEST

/* An edited event under a checkpoint changes nothing of the receipts of the others. */
START_TEST(the_receipts_of_others_still_hold)
{
    rewrite(&f, "UPDATE audit_events SET name = 'other' WHERE sequence = 7");
    for (int sequence = 1; sequence <= 513; sequence++)
        if (sequence != 7)
            assert_verifies(receipt_of(sequence, 0), NULL, sequence, 513);
}
END_TEST

/* ---- publication ---- */

#define FILES_MAX 3000

struct file {
    char *path;
    unsigned char *bytes;
    size_t length;
};

static struct {
    struct file files[FILES_MAX];
    int count, stop_at; /* 0: never */
} site;

static int take_file(void *context, const char *path, const void *bytes, size_t length)
{
    struct file *file = &site.files[site.count++];

    ck_assert_ptr_eq(context, &site);
    ck_assert_int_le(site.count, FILES_MAX);
    *file = (struct file){strdup(path), malloc(length + 1), length};
    memcpy(file->bytes, bytes, length);
    file->bytes[length] = '\0';
    return site.count == site.stop_at ? 17 : 0;
}

static void drop_files(void)
{
    for (int i = 0; i < site.count; i++) {
        free(site.files[i].path);
        free(site.files[i].bytes);
    }
    site.count = 0;
}

static enum keyward_status publish(const keyward_actor *actor, int64_t published, int64_t size)
{
    const keyward_publication publication = {.published_size = published,
                                             .checkpoint_size = size,
                                             .write = take_file,
                                             .write_context = &site};

    drop_files();
    return keyward_audit_publish(f.store, actor, &publication);
}

static void close_site(void)
{
    drop_files();
    site.stop_at = 0;
    close_fixture();
}

/* "x001/x234/067" */
static const char *number_path(long long number)
{
    const char *path = compose("%03lld", number % 1000);

    while ((number /= 1000) > 0)
        path = compose("x%03lld/%s", number % 1000, path);
    return path;
}

static const char *file_path(const char *level, long long position, int width)
{
    return width == 256 ? compose("tile/%s/%s", level, number_path(position))
                        : compose("tile/%s/%s.p/%d", level, number_path(position), width);
}

/* The file that was written next has this path and these bytes. */
static int next_file;

static void assert_file(const char *path, const void *bytes, size_t length)
{
    ck_assert_int_lt(next_file, site.count);
    ck_assert_str_eq(site.files[next_file].path, path);
    ck_assert_uint_eq(site.files[next_file].length, length);
    ck_assert_mem_eq(site.files[next_file].bytes, bytes, length);
    next_file++;
}

/* Entries: each with its length in two bytes before it. */
static void assert_entries(const struct tree *tree, size_t position, int width)
{
    unsigned char *bytes = malloc((size_t)width * 2000);
    size_t length = 0;

    for (size_t i = 256 * position; i < 256 * position + (size_t)width; i++) {
        size_t entry = strlen(tree->lines[i]);
        bytes[length++] = (unsigned char)(entry >> 8);
        bytes[length++] = (unsigned char)entry;
        memcpy(bytes + length, tree->lines[i], entry);
        length += entry;
    }
    assert_file(file_path("entries", (long long)position, width), bytes, length);
    free(bytes);
}

static void assert_hashes(const struct tree *tree, int level, size_t position, int width)
{
    size_t leaves = (size_t)1 << (8 * level); /* of a hash */
    struct node hashes[256];

    for (size_t i = 0; i < (size_t)width; i++)
        hashes[i] = tree_hash(tree, (256 * position + i) * leaves, leaves);
    assert_file(file_path(compose("%d", level), (long long)position, width), hashes,
                sizeof *hashes * (size_t)width);
}

/* Full tiles from the one that was not full when so many were published, and what is left. */
static void assert_level(const struct tree *tree, int level, size_t hashes, size_t published)
{
    size_t position = published / 256;

    for (; position <= hashes / 256; position++) {
        int width = position < hashes / 256 ? 256 : (int)(hashes % 256);
        if (width > 0 && level < 0)
            assert_entries(tree, position, width);
        else if (width > 0)
            assert_hashes(tree, level, position, width);
    }
}

/* All that a log of this size has, which was not there before, and the checkpoint at the end. */
static void assert_published(const struct tree *tree, size_t size, size_t published)
{
    const char *checkpoint = checkpoint_of_size((int64_t)size);

    next_file = 0;
    assert_level(tree, -1, size, published);
    for (int level = 0; size >> (8 * level) > 0; level++)
        assert_level(tree, level, size >> (8 * level), published >> (8 * level));
    assert_file("checkpoint", checkpoint, strlen(checkpoint));
    ck_assert_int_eq(site.count, next_file);
}

static const int published_sizes[] = {1, 2, 255, 256, 257, 511, 512, 600};

START_TEST(a_log_is_published_as_the_specification_says)
{
    const char *key;
    struct tree tree;

    fixture_close(&f);
    fixture_init(&f);
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    key = log_key = log_key_of(&f);
    ck_assert_ptr_nonnull(key);
    for (size_t i = 0; i < COUNT(published_sizes); i++) {
        append(&f, published_sizes[i] - (int)count_events(f.path));
        checkpoint_now();
    }
    append(&f, 3);
    tree_open(&tree, &f);
    for (size_t i = 0; i < COUNT(published_sizes); i++) {
        assert_status(f.store, publish(&host, 0, published_sizes[i]), KEYWARD_OK);
        assert_published(&tree, (size_t)published_sizes[i], 0);
        for (size_t k = 0; k <= i; k++) {
            assert_status(f.store, publish(&host, published_sizes[k], published_sizes[i]),
                          KEYWARD_OK);
            assert_published(&tree, (size_t)published_sizes[i], (size_t)published_sizes[k]);
        }
    }
    assert_status(f.store, publish(&host, 0, 0), KEYWARD_OK);
    assert_published(&tree, 600, 0);
    assert_invalid(f.store, publish(&host, 512, 511), "publication.published_size");
    assert_invalid(f.store, publish(&host, 601, 0), "publication.published_size");
    tree_close(&tree);
}
END_TEST

static void grow_to(int size)
{
    append_by_hand(&f, size - (int)count_events(f.path));
    fixture_reopen(&f);
    checkpoint_now();
}

/* The paths are those of the specification's own example, word for word. */
START_TEST(a_log_of_70000_events_is_the_specification_s_example)
{
    struct tree tree;

    make_log_key();
    grow_to(70000);
    assert_status(f.store, publish(&host, 0, 0), KEYWARD_OK);
    ck_assert_str_eq(site.files[273].path, "tile/entries/273.p/112");
    ck_assert_str_eq(site.files[274].path, "tile/0/000");
    ck_assert_str_eq(site.files[274 + 272].path, "tile/0/272");
    ck_assert_str_eq(site.files[274 + 273].path, "tile/0/273.p/112");
    ck_assert_str_eq(site.files[274 + 274].path, "tile/1/000");
    ck_assert_str_eq(site.files[274 + 275].path, "tile/1/001.p/17");
    ck_assert_str_eq(site.files[274 + 276].path, "tile/2/000.p/1");
    ck_assert_str_eq(site.files[274 + 277].path, "checkpoint");
    ck_assert_int_eq(site.count, 274 + 278);
    tree_open(&tree, &f);
    assert_published(&tree, 70000, 0);
    assert_status(f.store, publish(&host, 69999, 0), KEYWARD_OK);
    assert_published(&tree, 70000, 69999);
    tree_close(&tree);
}
END_TEST

START_TEST(past_a_thousand_tiles_there_are_folders)
{
    struct tree tree;

    make_log_key();
    grow_to(256 * 1001 + 5);
    assert_status(f.store, publish(&host, 256 * 999, 0), KEYWARD_OK);
    ck_assert_str_eq(site.files[0].path, "tile/entries/999");
    ck_assert_str_eq(site.files[1].path, "tile/entries/x001/000");
    ck_assert_str_eq(site.files[2].path, "tile/entries/x001/001.p/5");
    ck_assert_str_eq(site.files[5].path, "tile/0/x001/001.p/5");
    tree_open(&tree, &f);
    assert_published(&tree, 256 * 1001 + 5, 256 * 999);
    tree_close(&tree);
}
END_TEST

START_TEST(a_publication_stops_when_it_is_told_to)
{
    int all;

    assert_status(f.store, publish(&host, 0, 0), KEYWARD_OK);
    all = site.count;
    for (site.stop_at = 1; site.stop_at <= all; site.stop_at++) {
        assert_status(f.store, publish(&host, 0, 0), KEYWARD_CANCELLED);
        ck_assert_int_eq(site.count, site.stop_at);
    }
}
END_TEST

START_TEST(a_publication_is_the_host_s_and_of_a_checkpoint)
{
    assert_refused(publish(&anna, 0, 0), KEYWARD_FORBIDDEN, forbidden, NULL);
    assert_refused(publish(&nobody, 0, 4), KEYWARD_FORBIDDEN, forbidden, NULL);
    assert_refused(publish(&host, 0, 4), KEYWARD_NOT_FOUND, no_checkpoint, NULL);
    assert_refused(publish(&host, 0, 514), KEYWARD_NOT_FOUND, no_checkpoint, NULL);
    ck_assert_int_eq(site.count, 0);
}
END_TEST

/* Others write meanwhile, and so does the callback. */
static int take_and_append(void *context, const char *path, const void *bytes, size_t length)
{
    append(&f, 1);
    return take_file(context, path, bytes, length);
}

START_TEST(a_publication_holds_nothing_up_and_is_of_its_checkpoint)
{
    const keyward_publication publication = {.write = take_and_append, .write_context = &site};
    struct tree tree;

    assert_status(f.store, keyward_audit_publish(f.store, &host, &publication), KEYWARD_OK);
    ck_assert_int_eq(count_events(f.path), 513 + site.count);
    tree_open(&tree, &f);
    assert_published(&tree, 513, 0);
    tree_close(&tree);
}
END_TEST

START_TEST(what_is_published_has_its_cosignatures)
{
    struct tree tree;

    assert_status(f.store, add(&host, cosigned_by(checkpoint_of_size(513), 1, 5)), KEYWARD_OK);
    assert_status(f.store, publish(&host, 0, 0), KEYWARD_OK);
    tree_open(&tree, &f);
    assert_published(&tree, 513, 0);
    ck_assert_ptr_nonnull(strstr((char *)site.files[site.count - 1].bytes, "witness.example/1"));
    tree_close(&tree);
}
END_TEST

/* Who has the checkpoint has all that it promises: it comes last, or not at all. */
static const struct {
    const char *text;
    enum keyward_status status;
} spoilt[] = {
    {"UPDATE audit_events SET name = 'other' WHERE sequence = 7", KEYWARD_INCONSISTENT},
    {"UPDATE audit_events SET name = 'other' WHERE sequence = 513", KEYWARD_INCONSISTENT},
    {"UPDATE audit_events SET leaf = " LEAF(1) " WHERE sequence = 300", KEYWARD_INCONSISTENT},
    {"UPDATE audit_events SET leaf = NULL WHERE sequence = 300", KEYWARD_CORRUPT},
    {"DELETE FROM audit_events WHERE sequence = 300", KEYWARD_CORRUPT},
    {"UPDATE audit_events SET leaf = " LEAF(1) " WHERE sequence = 513", KEYWARD_INCONSISTENT},
    {"UPDATE audit_tree SET hash = " LEAF(1) " WHERE position = 0", KEYWARD_INCONSISTENT},
    {"DELETE FROM audit_tree", KEYWARD_CORRUPT},
    {"UPDATE audit_checkpoints SET note = replace(note, '513', '512')", KEYWARD_CORRUPT},
    {"DELETE FROM audit_log_key", KEYWARD_CORRUPT},
};

START_TEST(what_was_edited_is_not_published)
{
    rewrite(&f, spoilt[_i].text);
    assert_status(f.store, publish(&host, 0, 0), spoilt[_i].status);
    assert_quiet();
    for (int i = 0; i < site.count; i++)
        ck_assert_str_ne(site.files[i].path, "checkpoint");
}
END_TEST

/* An event together with its leaf hash, in a full tile and behind it: the hashes above are others.
 */
static const int edited_events[] = {7, 300, 513};

START_TEST(what_was_edited_with_its_leaf_is_not_published)
{
    int64_t sequence = edited_events[_i];
    struct tree tree;
    char text[160], hex[65];

    snprintf(text, sizeof text, "UPDATE audit_events SET name = 'other' WHERE sequence = %d",
             edited_events[_i]);
    rewrite(&f, text);
    tree_open(&tree, &f);
    sodium_bin2hex(hex, sizeof hex, tree.leaves[sequence - 1].bytes, 32);
    snprintf(text, sizeof text, "UPDATE audit_events SET leaf = x'%s' WHERE sequence = %d", hex,
             edited_events[_i]);
    rewrite(&f, text);
    tree_close(&tree);
    assert_status(f.store, publish(&host, 0, 0), KEYWARD_INCONSISTENT);
    assert_quiet();
    for (int i = 0; i < site.count; i++)
        ck_assert_str_ne(site.files[i].path, "checkpoint");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("proofs");
    TCase *key = suite_add_case(suite, "key and checkpoints", open_fixture, close_fixture);
    TCase *proofs = suite_add_case(suite, "proofs", open_signed, close_fixture);
    TCase *cosigned = suite_add_case(suite, "witnesses", open_witnessed, close_fixture);
    TCase *edited = suite_add_case(suite, "rewritten", open_signed, close_fixture);
    TCase *grown = suite_add_case(suite, "published", open_fixture, close_site);
    TCase *published = suite_add_case(suite, "published, of a log", open_witnessed, close_site);

    tcase_add_test(key, the_key_of_the_log_comes_once);
    tcase_add_test(key, the_key_is_the_host_s);
    tcase_add_test(key, the_seed_is_sealed);
    tcase_add_loop_test(key, an_origin_is_a_name_without_spaces, 0, (int)COUNT(good_origins));
    tcase_add_test(key, who_makes_the_key_at_once_gets_the_same);
    tcase_add_test(key, without_chance_there_is_no_key);
    tcase_add_test(key, the_key_outlives_the_master_key_and_new_data_keys);
    tcase_add_test(key, who_has_the_old_master_key_cannot_sign_with_a_younger_key);
    tcase_add_test(key, a_checkpoint_needs_a_key_and_events);
    tcase_add_test(key, a_checkpoint_comes_back_until_something_is_appended);
    tcase_add_test(key, a_checkpoint_is_the_host_s);
    tcase_add_test(key, a_log_continues_every_known_checkpoint);
    tcase_add_test(key, what_is_known_is_a_checkpoint_of_this_log);
    tcase_add_test(key, an_empty_known_checkpoint_is_none_of_this_log);
    tcase_add_test(key, checkpoints_that_are_signed_at_once_are_of_one_log);
    tcase_add_test(key, without_a_checkpoint_there_is_no_receipt);
    tcase_add_test(proofs, every_event_has_a_receipt_of_every_checkpoint_that_covers_it);
    tcase_add_test(proofs, a_receipt_is_of_the_newest_checkpoint_unless_another_is_named);
    tcase_add_test(proofs, what_no_checkpoint_covers_has_no_receipt);
    tcase_add_test(proofs, a_receipt_is_for_the_readers_of_the_event_s_repository);
    tcase_add_test(proofs, the_log_continues_every_checkpoint_that_it_has_signed);
    tcase_add_test(proofs, an_older_state_is_older);
    tcase_add_test(cosigned, cosignatures_are_kept_and_carried);
    tcase_add_test(cosigned, a_cosignature_is_kept_once);
    tcase_add_test(cosigned, a_witness_is_his_name_and_his_key);
    tcase_add_test(cosigned, only_known_witnesses_are_kept);
    tcase_add_test(cosigned, what_does_not_hold_is_not_kept);
    tcase_add_test(cosigned, another_checkpoint_of_the_log_s_key_is_told_from_ours);
    tcase_add_test(cosigned, a_checkpoint_holds_64_signatures);
    tcase_add_test(cosigned, cosignatures_that_come_at_once_are_all_kept);
    tcase_add_loop_test(edited, a_log_that_was_rewritten_is_not_signed, 0, (int)COUNT(edits));
    tcase_add_loop_test(edited, who_has_kept_a_checkpoint_knows_better_than_the_store, 0, 3);
    tcase_add_test(edited, a_store_replaced_by_an_older_copy_is_noticed_by_who_knows);
    tcase_add_loop_test(edited, what_the_checkpoint_was_not_signed_over_has_no_receipt, 0,
                        (int)COUNT(changed));
    tcase_add_test(edited, the_receipts_of_others_still_hold);
    tcase_add_test(grown, a_log_is_published_as_the_specification_says);
    tcase_add_test(grown, a_log_of_70000_events_is_the_specification_s_example);
    tcase_add_test(grown, past_a_thousand_tiles_there_are_folders);
    tcase_add_test(published, a_publication_stops_when_it_is_told_to);
    tcase_add_test(published, a_publication_is_the_host_s_and_of_a_checkpoint);
    tcase_add_test(published, a_publication_holds_nothing_up_and_is_of_its_checkpoint);
    tcase_add_test(published, what_is_published_has_its_cosignatures);
    tcase_add_loop_test(published, what_was_edited_is_not_published, 0, (int)COUNT(spoilt));
    tcase_add_loop_test(published, what_was_edited_with_its_leaf_is_not_published, 0,
                        (int)COUNT(edited_events));
    return run_suite(suite);
}
