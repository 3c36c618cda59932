/* SPDX-License-Identifier: MIT */
/* Rotation: two pairs for one key's place, for as long as the old one has. */
#include "support/crew.h"
#include "support/fixture.h"
#include "support/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define YEARS_10 INT64_C(315576000000)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char unknown_id[] = "018bcfe5-6800-7000-8000-000000000000";

/* A key "key" of Anthropic (event 4), and what it is rotated to. */
static struct fixture f;
static keyward_key *old, *new;
static keyward_secret *old_secret, *new_secret;

static void open_fixture(void)
{
    const keyward_new_key new_key = {.name = "key", .provider = KEYWARD_ANTHROPIC};

    fixture_open(&f);
    assert_status(f.store,
                  keyward_create_key(f.store, &will, "repo-1", &new_key, &old, &old_secret),
                  KEYWARD_OK);
    new = NULL;
    new_secret = NULL;
}

static void close_fixture(void)
{
    keyward_secret_free(&old_secret);
    keyward_secret_free(&new_secret);
    keyward_key_free(&old);
    keyward_key_free(&new);
    fixture_close(&f);
}

/* ---- calls ---- */

/* Into `new`, unless it fails: then both are NULL. */
static void assert_rotate(const keyward_actor *actor, const char *key_id,
                          const keyward_rotation *rotation, enum keyward_status wanted)
{
    keyward_key_free(&new);
    keyward_secret_free(&new_secret);
    new = (keyward_key *)&f;
    new_secret = (keyward_secret *)&f;
    assert_status(f.store,
                  keyward_rotate_key(f.store, actor, "repo-1", key_id, rotation, &new, &new_secret),
                  wanted);
    ck_assert_int_eq(keyward_last_error(f.store)->status, wanted);
    ck_assert_int_eq(new != NULL, wanted == KEYWARD_OK);
    ck_assert_int_eq(new_secret != NULL, wanted == KEYWARD_OK && !(rotation && rotation->secret));
}

static void assert_refused(const keyward_key *key, const keyward_secret *secret,
                           enum keyward_cause cause)
{
    ck_assert_int_eq(try_key(&f, key, secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(f.store)->cause, cause);
}

/* Both in get and in list. */
static void assert_links(const keyward_key *key, const char *predecessor, const char *successor)
{
    keyward_key *seen = look_at(&f, "repo-1", key->id);
    keyward_key_list *page;

    ck_assert_pstr_eq(seen->predecessor_id, predecessor);
    ck_assert_pstr_eq(seen->successor_id, successor);
    keyward_key_free(&seen);
    assert_status(f.store, keyward_list_keys(f.store, &rita, "repo-1", NULL, &page), KEYWARD_OK);
    for (size_t i = 0; i < page->count; i++) {
        if (strcmp(page->keys[i]->id, key->id) != 0)
            continue;
        ck_assert_pstr_eq(page->keys[i]->predecessor_id, predecessor);
        ck_assert_pstr_eq(page->keys[i]->successor_id, successor);
    }
    keyward_key_list_free(&page);
}

/* ---- what it writes ---- */

START_TEST(both_pairs_authenticate_until_the_deadline)
{
    const keyward_rotation rotation = {.overlap = 1000, .expires_at = START + 5000};

    f.now += 1;
    assert_rotate(&will, old->id, &rotation, KEYWARD_OK);
    assert_event(&f, 5,
                 "action=key.rotated actor=will repo=repo-1 key=%s name=key other=%s "
                 "expires=%lld",
                 old->id, new->id, (long long)START + 1001);
    assert_event(&f, 6,
                 "action=key.created actor=will repo=repo-1 key=%s name=key "
                 "provider=ANTHROPIC hash=1 other=%s expires=%lld",
                 new->id, old->id, (long long)START + 5000);
    ck_assert_int_eq(count_events(f.path), 6);
    assert_key_ends(&f, old, " created_by=will expires=%lld successor=%s", (long long)START + 1001,
                    new->id);
    assert_key_ends(&f, new, " created_by=will expires=%lld predecessor=%s",
                    (long long)START + 5000, old->id);
    assert_links(old, NULL, new->id);
    assert_links(new, old->id, NULL);
    f.now = START + 1000;
    ck_assert_int_eq(try_key(&f, old, old_secret), KEYWARD_OK);
    ck_assert_int_eq(try_key(&f, new, new_secret), KEYWARD_OK);
    f.now = START + 1001;
    assert_refused(old, old_secret, KEYWARD_CAUSE_EXPIRED);
    ck_assert_int_eq(try_key(&f, new, new_secret), KEYWARD_OK);
    f.now = START + 5000;
    assert_refused(new, new_secret, KEYWARD_CAUSE_EXPIRED);
    assert_sound(&f);
}
END_TEST

START_TEST(the_successor_is_handed_out)
{
    char *text, *row;

    f.now += 9;
    assert_rotate(&anna, old->id, NULL, KEYWARD_OK);
    text = key_text(new);
    row = key_row(f.path, new->id);
    ck_assert_str_eq(text, row);
    ck_assert_str_eq(new->name, "key");
    ck_assert_str_eq(new->predecessor_id, old->id);
    ck_assert_int_eq(new->provider, KEYWARD_ANTHROPIC);
    ck_assert_int_eq(new->created_at, START + 9);
    ck_assert_str_eq(new->created_by, "anna");
    ck_assert_str_ne(new->access_key, old->access_key);
    ck_assert_str_ne(new_secret->text, old_secret->text);
    ck_assert_int_gt(strcmp(new->id, old->id), 0);
    free(text);
    free(row);
}
END_TEST

START_TEST(an_overlap_is_a_day_unless_it_is_given)
{
    assert_rotate(&will, old->id, NULL, KEYWARD_OK);
    assert_key_ends(&f, old, " expires=%lld successor=%s",
                    (long long)(START + KEYWARD_OVERLAP_DEFAULT), new->id);
    ck_assert_int_eq(new->expires_at, 0);
    f.now = START + KEYWARD_OVERLAP_DEFAULT - 1;
    ck_assert_int_eq(try_key(&f, old, old_secret), KEYWARD_OK);
    f.now += 1;
    assert_refused(old, old_secret, KEYWARD_CAUSE_EXPIRED);
}
END_TEST

START_TEST(an_earlier_deadline_stays_and_a_later_one_does_not)
{
    const keyward_rotation rotation = {.overlap = 1000};

    assert_status(f.store, keyward_set_key_expiry(f.store, &will, "repo-1", old->id, START + 999),
                  KEYWARD_OK);
    assert_rotate(&will, old->id, &rotation, KEYWARD_OK);
    assert_event(&f, 6,
                 "action=key.rotated actor=will repo=repo-1 key=%s name=key other=%s "
                 "expires=%lld",
                 old->id, new->id, (long long)START + 999);
    assert_status(f.store, keyward_set_key_expiry(f.store, &will, "repo-1", new->id, START + 1001),
                  KEYWARD_OK);
    keyward_key_free(&old);
    old = new;
    new = NULL;
    assert_rotate(&will, old->id, &rotation, KEYWARD_OK);
    assert_key_ends(&f, old, " expires=%lld predecessor=%s successor=%s", (long long)START + 1000,
                    old->predecessor_id, new->id);
    assert_sound(&f);
}
END_TEST

START_TEST(an_expired_key_may_be_rotated_and_stays_expired)
{
    assert_status(f.store, keyward_set_key_expiry(f.store, &will, "repo-1", old->id, START + 1),
                  KEYWARD_OK);
    f.now = START + 50;
    assert_rotate(&will, old->id, NULL, KEYWARD_OK);
    assert_event(&f, 6,
                 "action=key.rotated actor=will repo=repo-1 key=%s name=key other=%s "
                 "expires=%lld",
                 old->id, new->id, (long long)START + 1);
    assert_refused(old, old_secret, KEYWARD_CAUSE_EXPIRED);
    ck_assert_int_eq(try_key(&f, new, new_secret), KEYWARD_OK);
    assert_sound(&f);
}
END_TEST

START_TEST(a_successor_may_be_imported)
{
    static const char secret[] = "sk-ant-another";
    const keyward_rotation rotation = {.secret = secret, .secret_length = strlen(secret)};
    keyward_identity identity;

    assert_rotate(&will, old->id, &rotation, KEYWARD_OK);
    assert_event(&f, 6,
                 "action=key.imported actor=will repo=repo-1 key=%s name=key "
                 "provider=ANTHROPIC hash=1 other=%s",
                 new->id, old->id);
    assert_status(f.store,
                  keyward_authenticate(f.store, new->access_key, secret, strlen(secret), &identity),
                  KEYWARD_OK);
    ck_assert_int_eq(identity.provider, KEYWARD_ANTHROPIC);
    assert_sound(&f);
}
END_TEST

START_TEST(a_chain_of_rotations)
{
    keyward_key *chain[6];
    keyward_secret *secrets[6];

    chain[0] = old;
    secrets[0] = old_secret;
    for (int i = 1; i < 6; i++) {
        f.now += 1;
        assert_status(f.store,
                      keyward_rotate_key(f.store, &will, "repo-1", chain[i - 1]->id, NULL,
                                         &chain[i], &secrets[i]),
                      KEYWARD_OK);
    }
    for (int i = 0; i < 6; i++) {
        assert_links(chain[i], i > 0 ? chain[i - 1]->id : NULL, i < 5 ? chain[i + 1]->id : NULL);
        ck_assert_int_eq(try_key(&f, chain[i], secrets[i]), KEYWARD_OK);
    }
    f.now = START + 3 + KEYWARD_OVERLAP_DEFAULT;
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(try_key(&f, chain[i], secrets[i]), i < 3 ? KEYWARD_REFUSED : KEYWARD_OK);
    assert_sound(&f);
    for (int i = 1; i < 6; i++) {
        keyward_key_free(&chain[i]);
        keyward_secret_free(&secrets[i]);
    }
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_key_with_a_live_successor_is_not_rotated)
{
    char *before;
    keyward_key *first;

    assert_rotate(&will, old->id, NULL, KEYWARD_OK);
    first = new;
    new = NULL;
    before = dump(f.path);
    assert_rotate(&will, old->id, NULL, KEYWARD_ALREADY_ROTATED);
    f.now = START + 2 * KEYWARD_OVERLAP_DEFAULT; /* though it has expired */
    assert_rotate(&host, old->id, NULL, KEYWARD_ALREADY_ROTATED);
    assert_same_dump(f.path, before);
    f.now = START;
    drop_key(&f, "repo-1", first->id);
    assert_rotate(&will, old->id, NULL, KEYWARD_OK);
    assert_links(old, NULL, new->id);
    assert_links(new, old->id, NULL);
    assert_links(first, old->id, NULL);
    assert_sound(&f);
    /* the deleted one comes back: two have the same predecessor, which is rotated to the second */
    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", first->id), KEYWARD_OK);
    assert_sound(&f);
    keyward_key_free(&first);
}
END_TEST

START_TEST(a_deleted_or_unknown_key_is_not_rotated)
{
    keyward_key *other = make_key(&f, "repo-2", "other", NULL);
    char *before;

    f.now += 4;
    ck_assert_int_eq(drop_key(&f, "repo-1", old->id), 6);
    before = dump(f.path);
    f.now += 1;
    assert_rotate(&will, old->id, NULL, KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_at, START + 4);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 6);
    assert_rotate(&will, unknown_id, NULL, KEYWARD_NOT_FOUND);
    assert_rotate(&host, other->id, NULL, KEYWARD_NOT_FOUND);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 0);
    assert_same_dump(f.path, before);
    keyward_key_free(&other);
}
END_TEST

START_TEST(only_a_writer_may_rotate)
{
    const keyward_actor *const refused[] = {&rita, &nobody};
    int64_t sequence = 4;

    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_rotate(refused[i], old->id, NULL, KEYWARD_FORBIDDEN);
        assert_event(&f, ++sequence, "action=key.rotate_denied actor=%s repo=repo-1 key=%s",
                     refused[i]->user_id, old->id);
        assert_rotate(refused[i], unknown_id, NULL, KEYWARD_FORBIDDEN);
        assert_event(&f, ++sequence, "action=key.rotate_denied actor=%s repo=repo-1 key=%s",
                     refused[i]->user_id, unknown_id);
    }
    assert_status(f.store, keyward_revoke(f.store, &anna, "repo-1", "will"), KEYWARD_OK);
    assert_rotate(&will, old->id, NULL, KEYWARD_FORBIDDEN); /* though he created it */
    ck_assert_int_eq(count_events(f.path), sequence + 2);
    assert_links(old, NULL, NULL);
    assert_sound(&f);
}
END_TEST

START_TEST(wrong_arguments_write_nothing)
{
    static const char secret[] = "sk-ant-another";
    const keyward_rotation negative = {.overlap = -1}, too_long = {.overlap = YEARS_10 + 1},
                           empty = {.secret = secret, .secret_length = 0},
                           without = {.secret_length = 3},
                           import = {.secret = secret, .secret_length = strlen(secret)};
    char *before = dump(f.path);

    assert_rotate(&will, old->id, &negative, KEYWARD_INVALID);
    assert_rotate(&will, old->id, &too_long, KEYWARD_INVALID);
    assert_rotate(&will, old->id, &empty, KEYWARD_INVALID);
    assert_rotate(&will, old->id, &without, KEYWARD_INVALID);
    assert_rotate(&will, "", NULL, KEYWARD_INVALID);
    assert_invalid(f.store,
                   keyward_rotate_key(f.store, &will, "repo-1", old->id, NULL, NULL, &new_secret),
                   "key");
    assert_invalid(f.store, keyward_rotate_key(f.store, &will, "repo-1", old->id, NULL, &new, NULL),
                   "secret");
    assert_invalid(
        f.store, keyward_rotate_key(f.store, &will, "repo-1", old->id, &import, NULL, NULL), "key");
    assert_same_dump(f.path, before);
    assert_status(f.store,
                  keyward_rotate_key(f.store, &will, "repo-1", old->id, &import, &new, NULL),
                  KEYWARD_OK);
}
END_TEST

START_TEST(the_longest_overlap_is_ten_years)
{
    const keyward_rotation rotation = {.overlap = YEARS_10};

    assert_rotate(&will, old->id, &rotation, KEYWARD_OK);
    assert_key_ends(&f, old, " expires=%lld successor=%s", (long long)(START + YEARS_10), new->id);
}
END_TEST

/* Every deadline is one that could be set. */
START_TEST(an_overlap_does_not_outlast_time)
{
    f.now = KEYWARD_TIME_MAX - 5;
    assert_rotate(&will, old->id, NULL, KEYWARD_OK);
    assert_key_ends(&f, old, " expires=%lld successor=%s", (long long)KEYWARD_TIME_MAX, new->id);
}
END_TEST

/* ---- at once ---- */

#define THREADS 4

static int rotate_now(void *context, int number)
{
    keyward_key *key;
    keyward_secret *secret;
    enum keyward_status status =
        keyward_rotate_key(f.store, &will, "repo-1", old->id, NULL, &key, &secret);

    (void)context;
    (void)number;
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    return (int)status;
}

START_TEST(of_threads_that_rotate_a_key_at_once_one_does)
{
    int results[THREADS], done = 0;

    run_crew(THREADS, rotate_now, NULL, results);
    for (int i = 0; i < THREADS; i++) {
        done += results[i] == KEYWARD_OK;
        ck_assert_msg(results[i] == KEYWARD_OK || results[i] == KEYWARD_ALREADY_ROTATED, "%d",
                      results[i]);
    }
    ck_assert_int_eq(done, 1);
    ck_assert_int_eq(count_events(f.path), 6);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys"), 2);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM sealed_secrets"), 2);
    assert_sound(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rotate");
    TCase *tests = suite_add_case(suite, "rotate", open_fixture, close_fixture);

    tcase_add_test(tests, both_pairs_authenticate_until_the_deadline);
    tcase_add_test(tests, the_successor_is_handed_out);
    tcase_add_test(tests, an_overlap_is_a_day_unless_it_is_given);
    tcase_add_test(tests, an_earlier_deadline_stays_and_a_later_one_does_not);
    tcase_add_test(tests, an_expired_key_may_be_rotated_and_stays_expired);
    tcase_add_test(tests, a_successor_may_be_imported);
    tcase_add_test(tests, a_chain_of_rotations);
    tcase_add_test(tests, a_key_with_a_live_successor_is_not_rotated);
    tcase_add_test(tests, a_deleted_or_unknown_key_is_not_rotated);
    tcase_add_test(tests, only_a_writer_may_rotate);
    tcase_add_test(tests, wrong_arguments_write_nothing);
    tcase_add_test(tests, the_longest_overlap_is_ten_years);
    tcase_add_test(tests, an_overlap_does_not_outlast_time);
    tcase_add_test(tests, of_threads_that_rotate_a_key_at_once_one_does);
    return run_suite(suite);
}
