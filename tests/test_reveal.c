/* SPDX-License-Identifier: MIT */
/* Secrets that come from outside, and secrets that are shown again. */
#include "support/fixture.h"
#include "support/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char unknown_id[] = "018bcfe5-6800-7000-8000-000000000000";
static const char provider_secret[] = "sk-proj-0123456789-a provider's own: \xC3\xA9\xE2\x82\xAC";

/* A generated key "made" (event 4) and an imported one "given" (event 5). */
static struct fixture f;
static keyward_key *made, *given;
static keyward_secret *made_secret;

static enum keyward_status import(const keyward_actor *actor, const char *secret, size_t length,
                                  keyward_key **key)
{
    const keyward_new_key new_key = {
        .name = "given", .provider = KEYWARD_OPENAI, .secret = secret, .secret_length = length};
    return keyward_create_key(f.store, actor, "repo-1", &new_key, key, NULL);
}

static void open_fixture(void)
{
    fixture_open(&f);
    made = make_key(&f, "repo-1", "made", &made_secret);
    assert_status(f.store, import(&will, provider_secret, strlen(provider_secret), &given),
                  KEYWARD_OK);
}

static void close_fixture(void)
{
    keyward_secret_free(&made_secret);
    keyward_key_free(&made);
    keyward_key_free(&given);
    fixture_close(&f);
}

static enum keyward_status try_text(const keyward_key *key, const char *secret, size_t length)
{
    keyward_identity identity;
    return keyward_authenticate(f.store, key->access_key, secret, length, &identity);
}

static void assert_reveal(const keyward_actor *actor, const char *key_id,
                          enum keyward_status wanted)
{
    keyward_secret *secret = (keyward_secret *)&f;

    assert_status(f.store, keyward_reveal_key(f.store, actor, "repo-1", key_id, &secret), wanted);
    ck_assert_int_eq(keyward_last_error(f.store)->status, wanted);
    ck_assert_int_eq(secret != NULL, wanted == KEYWARD_OK);
    keyward_secret_free(&secret);
}

static void assert_shown(const keyward_actor *actor, const keyward_key *key, const char *wanted,
                         size_t length)
{
    keyward_secret *secret;

    assert_status(f.store, keyward_reveal_key(f.store, actor, "repo-1", key->id, &secret),
                  KEYWARD_OK);
    ck_assert_uint_eq(secret->length, length);
    ck_assert_int_eq(memcmp(secret->text, wanted, length), 0);
    ck_assert_int_eq(secret->text[length], '\0');
    keyward_secret_free(&secret);
    ck_assert_ptr_null(secret);
}

/* ---- importing ---- */

START_TEST(an_imported_key_authenticates_with_what_was_given)
{
    assert_event(&f, 5,
                 "action=key.imported actor=will repo=repo-1 key=%s name=given "
                 "provider=OPENAI hash=1",
                 given->id);
    assert_key_ends(&f, given, " created_at=%lld created_by=will", (long long)START);
    ck_assert_int_eq(try_text(given, provider_secret, strlen(provider_secret)), KEYWARD_OK);
    ck_assert_int_eq(try_text(given, provider_secret, strlen(provider_secret) - 3),
                     KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_WRONG_SECRET);
    assert_sound(&f);
    fixture_reopen(&f);
    ck_assert_int_eq(try_text(given, provider_secret, strlen(provider_secret)), KEYWARD_OK);
}
END_TEST

START_TEST(a_secret_of_any_length_may_be_imported)
{
    static const size_t lengths[] = {1, 2, 1000, KEYWARD_SECRET_MAX - 1, KEYWARD_SECRET_MAX};
    char *secret = malloc(KEYWARD_SECRET_MAX);

    for (size_t i = 0; i < COUNT(lengths); i++) {
        keyward_key *key;
        memset(secret, 'a' + (int)i, KEYWARD_SECRET_MAX);
        assert_status(f.store, import(&will, secret, lengths[i], &key), KEYWARD_OK);
        ck_assert_int_eq(try_text(key, secret, lengths[i]), KEYWARD_OK);
        assert_shown(&anna, key, secret, lengths[i]);
        keyward_key_free(&key);
    }
    assert_sound(&f);
    free(secret);
}
END_TEST

START_TEST(what_is_no_secret_is_refused)
{
    static char too_long[KEYWARD_SECRET_MAX + 1];
    char mistyped[64];
    const struct {
        const char *text;
        size_t length;
    } wrong[] = {
        {too_long, sizeof too_long},
        {"x", 0},
        {NULL, 1},
        {"a\0b", 3},
        {"a\0", 2},
        {"\xFF\xFE", 2},
        {"\xC3", 1},
        {"\xED\xA0\x80", 3},
        {"\xC0\x80", 2},
        {mistyped, strlen(made_secret->text)},
    };
    keyward_key *key = (keyward_key *)&f;
    char *before = dump(f.path);

    memset(too_long, 'x', sizeof too_long);
    strcpy(mistyped, made_secret->text);
    mistyped[20] = mistyped[20] == 'a' ? 'b' : 'a';
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_invalid(f.store, import(&will, wrong[i].text, wrong[i].length, &key),
                       "new_key.secret");
        ck_assert_ptr_null(key);
    }
    assert_same_dump(f.path, before);
    /* one of keyward's that is not mistyped may move here from another store */
    assert_status(f.store, import(&will, made_secret->text, made_secret->length, &key), KEYWARD_OK);
    ck_assert_int_eq(try_text(key, made_secret->text, made_secret->length), KEYWARD_OK);
    keyward_key_free(&key);
}
END_TEST

START_TEST(the_caller_of_an_import_gets_no_secret)
{
    const keyward_new_key new_key = {.name = "given", .secret = "s", .secret_length = 1};
    keyward_secret *secret = (keyward_secret *)&f;
    keyward_key *key;

    assert_status(f.store, keyward_create_key(f.store, &will, "repo-1", &new_key, &key, &secret),
                  KEYWARD_OK);
    ck_assert_ptr_null(secret);
    keyward_key_free(&key);
    assert_invalid(f.store, keyward_create_key(f.store, &will, "repo-1", &new_key, NULL, NULL),
                   "key");
}
END_TEST

START_TEST(only_a_writer_may_import)
{
    keyward_key *key = (keyward_key *)&f;

    assert_status(f.store, import(&rita, "s", 1, &key), KEYWARD_FORBIDDEN);
    ck_assert_ptr_null(key);
    assert_event(&f, 6,
                 "action=key.import_denied actor=rita repo=repo-1 name=given "
                 "provider=OPENAI");
    assert_status(f.store, import(&nobody, "s", 1, &key), KEYWARD_FORBIDDEN);
    assert_event(&f, 7,
                 "action=key.import_denied actor=nobody repo=repo-1 name=given "
                 "provider=OPENAI");
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM sealed_secrets"), 2);
    assert_sound(&f);
}
END_TEST

/* ---- revealing ---- */

START_TEST(a_secret_is_shown_as_it_is)
{
    f.now += 5;
    assert_shown(&anna, made, made_secret->text, made_secret->length);
    assert_event(&f, 6, "action=key.revealed actor=anna repo=repo-1 key=%s name=made", made->id);
    assert_shown(&host, given, provider_secret, strlen(provider_secret));
    assert_event(&f, 7, "action=key.revealed repo=repo-1 key=%s name=given", given->id);
    fixture_reopen(&f);
    assert_shown(&anna, given, provider_secret, strlen(provider_secret));
    assert_event(&f, 8, "action=key.revealed actor=anna repo=repo-1 key=%s name=given", given->id);
    ck_assert_int_eq(count_events(f.path), 8);
    assert_sound(&f);
}
END_TEST

START_TEST(only_an_admin_may_see_it)
{
    const keyward_actor *const refused[] = {&will, &rita, &nobody};
    int64_t sequence = 5;

    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_reveal(refused[i], given->id, KEYWARD_FORBIDDEN);
        assert_event(&f, ++sequence, "action=key.reveal_denied actor=%s repo=repo-1 key=%s",
                     refused[i]->user_id, given->id);
        assert_reveal(refused[i], unknown_id, KEYWARD_FORBIDDEN);
        assert_event(&f, ++sequence, "action=key.reveal_denied actor=%s repo=repo-1 key=%s",
                     refused[i]->user_id, unknown_id);
    }
    ck_assert_int_eq(count_events(f.path), sequence);
}
END_TEST

START_TEST(a_deleted_key_is_not_shown)
{
    f.now += 3;
    drop_key(&f, "repo-1", given->id);
    f.now += 1;
    assert_reveal(&anna, given->id, KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_at, START + 3);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 6);
    ck_assert_int_eq(keyward_last_error(f.store)->expired_at, 0);
    assert_event(&f, 7, "action=key.reveal_denied actor=anna repo=repo-1 key=%s name=given",
                 given->id);
    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", given->id), KEYWARD_OK);
    assert_shown(&anna, given, provider_secret, strlen(provider_secret));
}
END_TEST

START_TEST(an_expired_key_is_not_shown)
{
    assert_status(f.store, keyward_set_key_expiry(f.store, &will, "repo-1", given->id, START + 1),
                  KEYWARD_OK);
    assert_shown(&anna, given, provider_secret, strlen(provider_secret));
    f.now = START + 1;
    assert_reveal(&anna, given->id, KEYWARD_EXPIRED);
    ck_assert_int_eq(keyward_last_error(f.store)->expired_at, START + 1);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_at, 0);
    assert_event(&f, 8, "action=key.reveal_denied actor=anna repo=repo-1 key=%s name=given",
                 given->id);
}
END_TEST

START_TEST(an_unknown_key_leaves_no_event)
{
    keyward_key *other = make_key(&f, "repo-2", "other", NULL);
    keyward_secret *secret;
    char *before = dump(f.path);

    assert_reveal(&anna, unknown_id, KEYWARD_NOT_FOUND);
    assert_reveal(&host, other->id, KEYWARD_NOT_FOUND);
    assert_invalid(f.store, keyward_reveal_key(f.store, &anna, "repo-1", given->id, NULL),
                   "secret");
    assert_invalid(f.store, keyward_reveal_key(f.store, &anna, "repo-1", "", &secret), "key_id");
    ck_assert_ptr_null(secret);
    assert_same_dump(f.path, before);
    keyward_key_free(&other);
}
END_TEST

START_TEST(a_secret_that_was_tampered_with_is_not_shown)
{
    char *before;

    ck_assert_int_eq(sql(f.path, "DROP TRIGGER sealed_secrets_stay_as_written;"
                                 "UPDATE sealed_secrets SET sealed = zeroblob(60)"),
                     0);
    before = dump(f.path);
    assert_reveal(&anna, given->id, KEYWARD_CORRUPT);
    assert_same_dump(f.path, before); /* nor is an event left that it was */
}
END_TEST

/* ---- where it is not ---- */

/* Whatever the library hands out or writes, but what is asked for. */
START_TEST(the_secret_is_in_no_file_and_in_no_other_output)
{
    keyward_event_list *events;
    keyward_key_list *page;

    assert_shown(&anna, given, provider_secret, strlen(provider_secret));
    assert_shown(&anna, made, made_secret->text, made_secret->length);
    events = all_events(&f);
    for (size_t i = 0; i < events->count; i++) {
        char *text = event_text(events->events[i]);
        ck_assert_ptr_null(strstr(text, provider_secret));
        ck_assert_ptr_null(strstr(text, made_secret->text));
        free(text);
    }
    keyward_event_list_free(&events);
    assert_status(f.store, keyward_list_keys(f.store, &anna, "repo-1", NULL, &page), KEYWARD_OK);
    for (size_t i = 0; i < page->count; i++) {
        char *text = key_text(page->keys[i]);
        ck_assert_ptr_null(strstr(text, "sk-proj"));
        ck_assert_ptr_null(strstr(text, made_secret->text));
        free(text);
    }
    keyward_key_list_free(&page);
    assert_reveal(&will, given->id, KEYWARD_FORBIDDEN);
    ck_assert_ptr_null(strstr(keyward_last_error(f.store)->message, "sk-proj"));
    for (int i = 0; i < 2; i++) {
        ck_assert(store_contains(&f, given->access_key, strlen(given->access_key)));
        ck_assert(!store_contains(&f, provider_secret, strlen(provider_secret)));
        ck_assert(!store_contains(&f, provider_secret, 16));
        ck_assert(!store_contains(&f, made_secret->text, made_secret->length));
        ck_assert(!store_contains(&f, made_secret->text + 6, 16));
        keyward_close(&f.store); /* once in the log, once in the file */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reveal");
    TCase *tests = suite_add_case(suite, "import", open_fixture, close_fixture);

    tcase_add_test(tests, an_imported_key_authenticates_with_what_was_given);
    tcase_add_test(tests, a_secret_of_any_length_may_be_imported);
    tcase_add_test(tests, what_is_no_secret_is_refused);
    tcase_add_test(tests, the_caller_of_an_import_gets_no_secret);
    tcase_add_test(tests, only_a_writer_may_import);
    tests = suite_add_case(suite, "reveal", open_fixture, close_fixture);
    tcase_add_test(tests, a_secret_is_shown_as_it_is);
    tcase_add_test(tests, only_an_admin_may_see_it);
    tcase_add_test(tests, a_deleted_key_is_not_shown);
    tcase_add_test(tests, an_expired_key_is_not_shown);
    tcase_add_test(tests, an_unknown_key_leaves_no_event);
    tcase_add_test(tests, a_secret_that_was_tampered_with_is_not_shown);
    tcase_add_test(tests, the_secret_is_in_no_file_and_in_no_other_output);
    return run_suite(suite);
}
