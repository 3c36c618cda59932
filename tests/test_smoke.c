/* SPDX-License-Identifier: MIT */
/* The main job from end to end, in one test: what a look at the other suites should start with. */
#include "support/fixture.h"

#include <string.h>

START_TEST(a_key_lives_and_dies)
{
    struct fixture f;
    keyward_secret *secret;
    keyward_key *key;
    keyward_identity identity;
    keyward_key_list *keys;
    keyward_event_list *events;
    keyward_deletion deletion = {.reason = KEYWARD_REASON_COMPROMISED};
    const keyward_new_key new_key = {.name = "CI", .provider = KEYWARD_ANTHROPIC};

    fixture_open(&f);
    assert_status(f.store, keyward_create_key(f.store, &will, "repo-1", &new_key, &key, &secret),
                  KEYWARD_OK);
    assert_status(
        f.store,
        keyward_authenticate(f.store, key->access_key, secret->text, secret->length, &identity),
        KEYWARD_OK);
    ck_assert_str_eq(identity.repo_id, "repo-1");
    ck_assert_str_eq(identity.key_id, key->id);
    ck_assert_int_eq(identity.provider, KEYWARD_ANTHROPIC);

    assert_status(f.store, keyward_delete_key(f.store, &rita, "repo-1", key->id, NULL),
                  KEYWARD_FORBIDDEN);
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", key->id, &deletion),
                  KEYWARD_OK);
    ck_assert_int_eq(deletion.event, 6);
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", key->id, NULL),
                  KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 6);

    assert_status(
        f.store,
        keyward_authenticate(f.store, key->access_key, secret->text, secret->length, &identity),
        KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_DELETED);
    assert_status(f.store, keyward_list_keys(f.store, &rita, "repo-1", NULL, &keys), KEYWARD_OK);
    ck_assert_uint_eq(keys->count, 0);

    events = all_events(&f);
    ck_assert_uint_eq(events->count, 6);
    ck_assert_int_eq(events->events[3]->action, KEYWARD_KEY_CREATED);
    ck_assert_int_eq(events->events[4]->action, KEYWARD_KEY_DELETE_DENIED);
    ck_assert_int_eq(events->events[5]->action, KEYWARD_KEY_DELETED);
    ck_assert_str_eq(events->events[5]->reason, "compromised");
    assert_sound(&f);

    keyward_event_list_free(&events);
    keyward_key_list_free(&keys);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    fixture_close(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("smoke");
    TCase *tests = tcase_create("smoke");

    tcase_add_test(tests, a_key_lives_and_dies);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
