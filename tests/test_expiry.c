/* SPDX-License-Identifier: MIT */
/* Deadlines: set at creation and later, at the very millisecond, taken away, moved, and what a
 * clock that is set back makes of them. */
#include "support/fixture.h"
#include "support/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define DEADLINE (START + 1000)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char unknown_id[] = "018bcfe5-6800-7000-8000-000000000000";

/* A key "short" with a deadline (event 4), and one "long" without (event 5). */
static struct fixture f;
static keyward_key *brief, *lasting;
static keyward_secret *brief_secret, *lasting_secret;

static void open_fixture(void)
{
    const keyward_new_key new_key = {
        .name = "short", .provider = KEYWARD_GOOGLE, .expires_at = DEADLINE};

    fixture_open(&f);
    assert_status(f.store,
                  keyward_create_key(f.store, &will, "repo-1", &new_key, &brief, &brief_secret),
                  KEYWARD_OK);
    lasting = make_key(&f, "repo-1", "long", &lasting_secret);
}

static void close_fixture(void)
{
    keyward_secret_free(&brief_secret);
    keyward_secret_free(&lasting_secret);
    keyward_key_free(&brief);
    keyward_key_free(&lasting);
    fixture_close(&f);
}

/* ---- calls ---- */

static void assert_set(const keyward_actor *actor, const char *key_id, int64_t expires_at,
                       enum keyward_status wanted)
{
    assert_status(f.store, keyward_set_key_expiry(f.store, actor, "repo-1", key_id, expires_at),
                  wanted);
    ck_assert_int_eq(keyward_last_error(f.store)->status, wanted);
}

static void assert_opens(const keyward_key *key, const keyward_secret *secret, int64_t expires_at)
{
    keyward_identity identity;

    assert_status(
        f.store,
        keyward_authenticate(f.store, key->access_key, secret->text, secret->length, &identity),
        KEYWARD_OK);
    ck_assert_str_eq(identity.key_id, key->id);
    ck_assert_int_eq(identity.expires_at, expires_at);
    ck_assert_int_eq(keyward_last_error(f.store)->expired_at, 0);
}

static void assert_expired(const keyward_key *key, const keyward_secret *secret, int64_t since)
{
    keyward_identity identity;

    memset(&identity, 1, sizeof identity);
    assert_status(
        f.store,
        keyward_authenticate(f.store, key->access_key, secret->text, secret->length, &identity),
        KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_EXPIRED);
    ck_assert_int_eq(keyward_last_error(f.store)->expired_at, since);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_at, 0);
    ck_assert_str_eq(identity.key_id, "");
    ck_assert_int_eq(identity.expires_at, 0);
}

/* In get and in list. */
static void assert_flag(const keyward_key *key, int64_t expires_at, bool expired)
{
    keyward_key *seen = look_at(&f, "repo-1", key->id);
    keyward_key_list *page;
    bool listed = false;

    ck_assert_int_eq(seen->expires_at, expires_at);
    ck_assert_int_eq(seen->expired, expired);
    keyward_key_free(&seen);
    assert_status(f.store, keyward_list_keys(f.store, &rita, "repo-1", NULL, &page), KEYWARD_OK);
    for (size_t i = 0; i < page->count; i++) {
        if (strcmp(page->keys[i]->id, key->id) != 0)
            continue;
        listed = true;
        ck_assert_int_eq(page->keys[i]->expires_at, expires_at);
        ck_assert_int_eq(page->keys[i]->expired, expired);
    }
    ck_assert(listed);
    keyward_key_list_free(&page);
}

/* ---- at creation ---- */

START_TEST(a_key_is_created_with_its_deadline)
{
    ck_assert_int_eq(brief->expires_at, DEADLINE);
    ck_assert(!brief->expired);
    assert_event(&f, 4,
                 "action=key.created actor=will repo=repo-1 key=%s name=short "
                 "provider=GOOGLE hash=1 expires=%lld",
                 brief->id, (long long)DEADLINE);
    assert_event(&f, 5, "action=key.created repo=repo-1 key=%s name=long provider=OPENAI hash=1",
                 lasting->id);
    assert_key_ends(&f, brief, " created_by=will expires=%lld", (long long)DEADLINE);
    assert_flag(brief, DEADLINE, false);
    assert_flag(lasting, 0, false);
    assert_opens(brief, brief_secret, DEADLINE);
    assert_opens(lasting, lasting_secret, 0);
    assert_sound(&f);
}
END_TEST

START_TEST(a_key_expires_at_the_very_millisecond)
{
    f.now = DEADLINE - 1;
    assert_opens(brief, brief_secret, DEADLINE);
    assert_flag(brief, DEADLINE, false);
    f.now = DEADLINE;
    assert_expired(brief, brief_secret, DEADLINE);
    assert_flag(brief, DEADLINE, true);
    f.now = DEADLINE + 1;
    assert_expired(brief, brief_secret, DEADLINE);
    assert_flag(brief, DEADLINE, true);
    assert_opens(lasting, lasting_secret, 0);
    ck_assert_int_eq(count_events(f.path), 5);
    assert_sound(&f);
}
END_TEST

/* The second time needs no look-up, nothing in the file having changed. */
START_TEST(what_was_verified_before_expires_as_well)
{
    char *before = dump(f.path);

    assert_opens(brief, brief_secret, DEADLINE);
    assert_opens(brief, brief_secret, DEADLINE);
    f.now = DEADLINE - 1;
    assert_opens(brief, brief_secret, DEADLINE);
    f.now = DEADLINE;
    assert_expired(brief, brief_secret, DEADLINE);
    assert_expired(brief, brief_secret, DEADLINE);
    f.now = DEADLINE - 1; /* a clock that is set back gives time back */
    assert_opens(brief, brief_secret, DEADLINE);
    assert_same_dump(f.path, before);
}
END_TEST

START_TEST(a_wrong_secret_of_an_expired_key_is_a_wrong_secret)
{
    keyward_identity identity;

    f.now = DEADLINE;
    assert_status(f.store,
                  keyward_authenticate(f.store, brief->access_key, lasting_secret->text,
                                       lasting_secret->length, &identity),
                  KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_WRONG_SECRET);
    ck_assert_int_eq(keyward_last_error(f.store)->expired_at, 0);
}
END_TEST

/* ---- later ---- */

START_TEST(a_deadline_is_set_moved_and_removed)
{
    assert_opens(lasting, lasting_secret, 0);
    f.now += 1;
    assert_set(&will, lasting->id, DEADLINE, KEYWARD_OK);
    assert_event(&f, 6,
                 "action=key.expiry_set actor=will repo=repo-1 key=%s name=long "
                 "expires=%lld",
                 lasting->id, (long long)DEADLINE);
    assert_opens(lasting, lasting_secret, DEADLINE);
    assert_flag(lasting, DEADLINE, false);
    assert_set(&anna, lasting->id, f.now + 1, KEYWARD_OK);
    assert_event(&f, 7,
                 "action=key.expiry_set actor=anna repo=repo-1 key=%s name=long "
                 "expires=%lld",
                 lasting->id, (long long)f.now + 1);
    assert_opens(lasting, lasting_secret, f.now + 1);
    f.now += 1;
    assert_expired(lasting, lasting_secret, f.now);
    assert_set(&host, lasting->id, KEYWARD_TIME_MAX, KEYWARD_OK); /* it comes back */
    assert_event(&f, 8, "action=key.expiry_set repo=repo-1 key=%s name=long expires=%lld",
                 lasting->id, (long long)KEYWARD_TIME_MAX);
    assert_opens(lasting, lasting_secret, KEYWARD_TIME_MAX);
    assert_set(&will, lasting->id, 0, KEYWARD_OK);
    assert_event(&f, 9, "action=key.expiry_set actor=will repo=repo-1 key=%s name=long",
                 lasting->id);
    assert_flag(lasting, 0, false);
    f.now = KEYWARD_TIME_MAX;
    assert_opens(lasting, lasting_secret, 0);
    ck_assert_int_eq(count_events(f.path), 9);
    assert_sound(&f);
}
END_TEST

START_TEST(the_deadline_that_it_had_writes_nothing)
{
    char *before = dump(f.path);

    f.now += 1;
    assert_set(&will, brief->id, DEADLINE, KEYWARD_OK);
    assert_set(&will, lasting->id, 0, KEYWARD_OK);
    assert_same_dump(f.path, before);
}
END_TEST

START_TEST(an_expired_key_comes_back_without_a_deadline)
{
    f.now = DEADLINE + 5;
    assert_expired(brief, brief_secret, DEADLINE);
    assert_set(&will, brief->id, 0, KEYWARD_OK);
    assert_opens(brief, brief_secret, 0);
    assert_flag(brief, 0, false);
    assert_sound(&f);
}
END_TEST

START_TEST(a_deadline_that_cannot_be_is_refused)
{
    const int64_t wrong[] = {-1, INT64_MIN, 1, START - 1, START, KEYWARD_TIME_MAX + 1, INT64_MAX};
    keyward_key *key = (keyward_key *)&f;
    keyward_secret *secret = (keyward_secret *)&f;
    char *before = dump(f.path);

    for (size_t i = 0; i < COUNT(wrong); i++) {
        const keyward_new_key new_key = {.name = "new", .expires_at = wrong[i]};
        const keyward_rotation rotation = {.expires_at = wrong[i]};
        assert_invalid(f.store,
                       keyward_set_key_expiry(f.store, &will, "repo-1", lasting->id, wrong[i]),
                       "expires_at");
        assert_invalid(f.store,
                       keyward_create_key(f.store, &will, "repo-1", &new_key, &key, &secret),
                       "new_key.expires_at");
        assert_invalid(
            f.store,
            keyward_rotate_key(f.store, &will, "repo-1", lasting->id, &rotation, &key, &secret),
            "rotation.expires_at");
        ck_assert_ptr_null(key);
        ck_assert_ptr_null(secret);
    }
    assert_same_dump(f.path, before);
}
END_TEST

START_TEST(only_a_writer_may_set_one)
{
    const keyward_actor *const refused[] = {&rita, &nobody};
    int64_t sequence = 5;

    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_set(refused[i], lasting->id, DEADLINE, KEYWARD_FORBIDDEN);
        assert_event(&f, ++sequence,
                     "action=key.expiry_denied actor=%s repo=repo-1 key=%s "
                     "expires=%lld",
                     refused[i]->user_id, lasting->id, (long long)DEADLINE);
        assert_set(refused[i], unknown_id, 0, KEYWARD_FORBIDDEN);
        assert_event(&f, ++sequence, "action=key.expiry_denied actor=%s repo=repo-1 key=%s",
                     refused[i]->user_id, unknown_id);
    }
    ck_assert_int_eq(count_events(f.path), sequence);
    assert_flag(lasting, 0, false);
    assert_sound(&f);
}
END_TEST

START_TEST(an_unknown_or_a_deleted_key_gets_none)
{
    keyward_key *other = make_key(&f, "repo-2", "other", NULL);
    char *before;

    f.now += 4;
    ck_assert_int_eq(drop_key(&f, "repo-1", lasting->id), 7);
    before = dump(f.path);
    f.now += 1;
    assert_set(&will, unknown_id, DEADLINE, KEYWARD_NOT_FOUND);
    assert_set(&will, other->id, DEADLINE, KEYWARD_NOT_FOUND);
    assert_set(&will, lasting->id, DEADLINE, KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_at, START + 4);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 7);
    assert_same_dump(f.path, before);
    keyward_key_free(&other);
}
END_TEST

/* ---- with the rest of a key's life ---- */

START_TEST(an_expired_key_is_a_live_one)
{
    f.now = DEADLINE;
    assert_status(f.store, keyward_rename_key(f.store, &will, "repo-1", brief->id, "renamed"),
                  KEYWARD_OK);
    ck_assert_int_eq(drop_key(&f, "repo-1", brief->id), 7);
    ck_assert_int_eq(try_key(&f, brief, brief_secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_DELETED);
    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", brief->id), KEYWARD_OK);
    assert_expired(brief, brief_secret, DEADLINE); /* its deadline stayed */
    assert_flag(brief, DEADLINE, true);
    assert_sound(&f);
}
END_TEST

START_TEST(deadlines_outlive_the_process)
{
    fixture_reopen(&f);
    assert_opens(brief, brief_secret, DEADLINE);
    f.now = DEADLINE;
    fixture_reopen(&f);
    assert_expired(brief, brief_secret, DEADLINE);
}
END_TEST

START_TEST(another_handle_meets_the_new_deadline_at_once)
{
    keyward *other;

    assert_status(NULL, keyward_open(&other, f.path, &f.options), KEYWARD_OK);
    assert_opens(brief, brief_secret, DEADLINE);
    assert_status(other, keyward_set_key_expiry(other, &host, "repo-1", brief->id, START + 1),
                  KEYWARD_OK);
    assert_opens(brief, brief_secret, START + 1);
    f.now += 1;
    assert_expired(brief, brief_secret, START + 1);
    assert_status(other, keyward_set_key_expiry(other, &host, "repo-1", brief->id, 0), KEYWARD_OK);
    assert_opens(brief, brief_secret, 0);
    keyward_close(&other);
}
END_TEST

START_TEST(a_clock_that_goes_back_leaves_the_log_in_order)
{
    f.now = DEADLINE + 1000;
    assert_set(&will, lasting->id, DEADLINE + 5000, KEYWARD_OK);
    assert_expired(brief, brief_secret, DEADLINE);
    f.now = DEADLINE - 500;
    assert_opens(brief, brief_secret, DEADLINE);
    assert_flag(brief, DEADLINE, false);
    assert_set(&will, brief->id, DEADLINE + 1, KEYWARD_OK);
    assert_set(&will, brief->id, 0, KEYWARD_OK);
    assert_row_of(f.path,
                  "SELECT group_concat(sequence||'|'||at) FROM audit_events WHERE sequence > 4",
                  "5|%lld,6|%lld,7|%lld,8|%lld", (long long)START, (long long)DEADLINE + 1000,
                  (long long)DEADLINE + 1000, (long long)DEADLINE + 1000);
    assert_sound(&f);
}
END_TEST

START_TEST(attempts_with_an_expired_key_are_counted)
{
    keyward_key *seen;

    f.now = DEADLINE;
    assert_expired(brief, brief_secret, DEADLINE);
    f.now = DEADLINE + 7;
    assert_expired(brief, brief_secret, DEADLINE);
    seen = look_at(&f, "repo-1", brief->id);
    ck_assert_int_eq(seen->refused_count, 2);
    ck_assert_int_eq(seen->refused_first_at, DEADLINE);
    ck_assert_int_eq(seen->refused_last_at, DEADLINE + 7);
    ck_assert_int_eq(seen->last_used_at, 0);
    keyward_key_free(&seen);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expiry");
    TCase *tests = suite_add_case(suite, "expiry", open_fixture, close_fixture);

    tcase_add_test(tests, a_key_is_created_with_its_deadline);
    tcase_add_test(tests, a_key_expires_at_the_very_millisecond);
    tcase_add_test(tests, what_was_verified_before_expires_as_well);
    tcase_add_test(tests, a_wrong_secret_of_an_expired_key_is_a_wrong_secret);
    tcase_add_test(tests, a_deadline_is_set_moved_and_removed);
    tcase_add_test(tests, the_deadline_that_it_had_writes_nothing);
    tcase_add_test(tests, an_expired_key_comes_back_without_a_deadline);
    tcase_add_test(tests, a_deadline_that_cannot_be_is_refused);
    tcase_add_test(tests, only_a_writer_may_set_one);
    tcase_add_test(tests, an_unknown_or_a_deleted_key_gets_none);
    tcase_add_test(tests, an_expired_key_is_a_live_one);
    tcase_add_test(tests, deadlines_outlive_the_process);
    tcase_add_test(tests, another_handle_meets_the_new_deadline_at_once);
    tcase_add_test(tests, a_clock_that_goes_back_leaves_the_log_in_order);
    tcase_add_test(tests, attempts_with_an_expired_key_are_counted);
    return run_suite(suite);
}
