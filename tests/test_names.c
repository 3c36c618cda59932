/* SPDX-License-Identifier: MIT */
/* Names that no two live keys of a repository may have: where it is turned on, what takes a name,
 * what frees it, and who cannot get past it. */
#include "support/crew.h"
#include "support/fixture.h"
#include "support/rows.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct fixture f;

static void open_with(enum keyward_names names)
{
    f.options.names = names;
    fixture_reopen(&f);
}

static void open_fixture(void)
{
    fixture_open(&f);
    open_with(KEYWARD_NAMES_UNIQUE);
}

static void close_fixture(void)
{
    fixture_close(&f);
}

/* ---- calls ---- */

/* The key, NULL on a failure; freed by the caller. */
static enum keyward_status create(keyward *store, const char *repo_id, const char *name,
                                  keyward_key **key)
{
    const keyward_new_key new_key = {.name = name};
    keyward_secret *secret;
    enum keyward_status status = keyward_create_key(store, &host, repo_id, &new_key, key, &secret);

    ck_assert_int_eq(*key != NULL, status == KEYWARD_OK);
    keyward_secret_free(&secret);
    return status;
}

/* That it can be created or cannot: then nothing is written. */
static void assert_create(const char *repo_id, const char *name, enum keyward_status wanted)
{
    char *before = dump(f.path);
    keyward_key *key;

    assert_status(f.store, create(f.store, repo_id, name, &key), wanted);
    if (wanted == KEYWARD_OK)
        free(before);
    else
        assert_same_dump(f.path, before);
    keyward_key_free(&key);
}

static keyward_key *rotate(const keyward_key *key, enum keyward_status wanted)
{
    keyward_key *successor;
    keyward_secret *secret;

    assert_status(
        f.store,
        keyward_rotate_key(f.store, &host, key->repo_id, key->id, NULL, &successor, &secret),
        wanted);
    keyward_secret_free(&secret);
    return successor;
}

static void assert_rename(const keyward_key *key, const char *name, enum keyward_status wanted)
{
    char *before = dump(f.path);

    assert_status(f.store, keyward_rename_key(f.store, &will, "repo-1", key->id, name), wanted);
    if (wanted == KEYWARD_OK)
        free(before);
    else
        assert_same_dump(f.path, before);
}

static void assert_restore(const keyward_key *key, enum keyward_status wanted)
{
    char *before = dump(f.path);

    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", key->id), wanted);
    if (wanted == KEYWARD_OK)
        free(before);
    else
        assert_same_dump(f.path, before);
}

/* ---- the option ---- */

START_TEST(names_are_free_unless_it_is_asked_for)
{
    open_with(KEYWARD_NAMES_FREE);
    assert_create("repo-1", "name", KEYWARD_OK);
    assert_create("repo-1", "name", KEYWARD_OK);
    assert_row_of(f.path, "SELECT unique_names FROM store", "0");
    assert_sound(&f);
}
END_TEST

START_TEST(the_store_remembers_it)
{
    assert_row_of(f.path, "SELECT unique_names FROM store", "1");
    assert_create("repo-1", "name", KEYWARD_OK);
    open_with(KEYWARD_NAMES_KEPT);
    assert_create("repo-1", "name", KEYWARD_NAME_TAKEN);
    open_with(KEYWARD_NAMES_FREE);
    assert_create("repo-1", "name", KEYWARD_OK);
    assert_row_of(f.path, "SELECT unique_names FROM store", "0");
    open_with(KEYWARD_NAMES_KEPT);
    assert_create("repo-1", "name", KEYWARD_OK);
    assert_sound(&f);
}
END_TEST

START_TEST(to_turn_it_on_again_changes_nothing)
{
    char *before;

    assert_create("repo-1", "name", KEYWARD_OK);
    before = dump(f.path);
    open_with(KEYWARD_NAMES_UNIQUE);
    open_with(KEYWARD_NAMES_KEPT);
    assert_same_dump(f.path, before);
}
END_TEST

static int create_in_a_process(void *context, int number)
{
    keyward_key *key;
    keyward *store;
    enum keyward_status status;

    (void)context;
    (void)number;
    keyward_close(&f.store); /* the parent's */
    f.options.names = KEYWARD_NAMES_KEPT;
    status = keyward_open(&store, f.path, &f.options);
    if (status == KEYWARD_OK)
        status = create(store, "repo-1", "name", &key);
    keyward_close(&store);
    return (int)status;
}

START_TEST(it_holds_in_other_processes)
{
    keyward *other;
    keyward_key *key;

    assert_create("repo-1", "name", KEYWARD_OK);
    ck_assert_int_eq(run_process(create_in_a_process, NULL), KEYWARD_NAME_TAKEN);
    /* and in those that were there before it was turned on */
    open_with(KEYWARD_NAMES_FREE);
    f.options.names = KEYWARD_NAMES_KEPT;
    assert_status(NULL, keyward_open(&other, f.path, &f.options), KEYWARD_OK);
    open_with(KEYWARD_NAMES_UNIQUE);
    assert_status(other, create(other, "repo-1", "name", &key), KEYWARD_NAME_TAKEN);
    assert_status(other, create(other, "repo-1", "another", &key), KEYWARD_OK);
    keyward_key_free(&key);
    keyward_close(&other);
    assert_create("repo-1", "another", KEYWARD_NAME_TAKEN);
    assert_sound(&f);
}
END_TEST

START_TEST(it_is_not_turned_on_over_two_of_a_name)
{
    keyward *store = (keyward *)&f;
    char *before;

    open_with(KEYWARD_NAMES_FREE);
    assert_create("repo-2", "name", KEYWARD_OK);
    assert_create("repo-1", "twice", KEYWARD_OK);
    assert_create("repo-1", "twice", KEYWARD_OK);
    keyward_close(&f.store);
    before = dump(f.path);
    f.options.names = KEYWARD_NAMES_UNIQUE;
    assert_status(NULL, keyward_open(&store, f.path, &f.options), KEYWARD_NAME_TAKEN);
    ck_assert_ptr_null(store);
    ck_assert_str_eq(keyward_last_error(NULL)->message,
                     "two live keys of repository 'repo-1' have the name 'twice'");
    assert_same_dump(f.path, before);
    open_with(KEYWARD_NAMES_KEPT);
    assert_create("repo-1", "twice", KEYWARD_OK);
}
END_TEST

START_TEST(it_is_turned_on_over_deleted_and_rotated_ones)
{
    keyward_key *gone, *old, *successor;

    open_with(KEYWARD_NAMES_FREE);
    assert_status(f.store, create(f.store, "repo-1", "name", &gone), KEYWARD_OK);
    assert_status(f.store, create(f.store, "repo-1", "name", &old), KEYWARD_OK);
    drop_key(&f, "repo-1", gone->id);
    successor = rotate(old, KEYWARD_OK);
    open_with(KEYWARD_NAMES_UNIQUE);
    assert_sound(&f);
    assert_create("repo-1", "name", KEYWARD_NAME_TAKEN);
    assert_restore(gone, KEYWARD_NAME_TAKEN);
    drop_key(&f, "repo-1", successor->id);
    drop_key(&f, "repo-1", old->id);
    assert_restore(gone, KEYWARD_OK);
    assert_create("repo-1", "name", KEYWARD_NAME_TAKEN);
    assert_sound(&f);
    keyward_key_free(&gone);
    keyward_key_free(&old);
    keyward_key_free(&successor);
}
END_TEST

/* ---- what takes a name, and what frees it ---- */

START_TEST(a_name_is_taken_in_one_repository)
{
    assert_create("repo-1", "name", KEYWARD_OK);
    assert_create("repo-1", "name", KEYWARD_NAME_TAKEN);
    assert_create("repo-2", "name", KEYWARD_OK);
    assert_create("repo-1", "Name", KEYWARD_OK); /* another one */
    assert_sound(&f);
}
END_TEST

START_TEST(renaming)
{
    keyward_key *a, *b;

    assert_status(f.store, create(f.store, "repo-1", "a", &a), KEYWARD_OK);
    assert_status(f.store, create(f.store, "repo-1", "b", &b), KEYWARD_OK);
    assert_rename(b, "a", KEYWARD_NAME_TAKEN);
    assert_rename(a, "a", KEYWARD_OK);
    assert_rename(a, "c", KEYWARD_OK);
    assert_rename(b, "a", KEYWARD_OK);
    assert_rename(a, "b", KEYWARD_OK);
    assert_create("repo-1", "a", KEYWARD_NAME_TAKEN);
    assert_create("repo-1", "b", KEYWARD_NAME_TAKEN);
    assert_create("repo-1", "c", KEYWARD_OK);
    assert_sound(&f);
    keyward_key_free(&a);
    keyward_key_free(&b);
}
END_TEST

START_TEST(a_deletion_frees_the_name)
{
    const keyward_selection all = {.repo_id = "repo-1"};
    keyward_key *first, *second;

    assert_status(f.store, create(f.store, "repo-1", "name", &first), KEYWARD_OK);
    drop_key(&f, "repo-1", first->id);
    assert_status(f.store, create(f.store, "repo-1", "name", &second), KEYWARD_OK);
    assert_restore(first, KEYWARD_NAME_TAKEN);
    assert_rename(second, "second", KEYWARD_OK);
    assert_restore(first, KEYWARD_OK);
    assert_rename(second, "name", KEYWARD_NAME_TAKEN);
    assert_sound(&f);
    assert_status(f.store, keyward_delete_all_keys(f.store, &host, &all, NULL, NULL), KEYWARD_OK);
    assert_create("repo-1", "name", KEYWARD_OK);
    assert_create("repo-1", "second", KEYWARD_OK);
    assert_sound(&f);
    keyward_key_free(&first);
    keyward_key_free(&second);
}
END_TEST

START_TEST(an_expired_key_keeps_its_name)
{
    keyward_key *key;

    assert_status(f.store, create(f.store, "repo-1", "name", &key), KEYWARD_OK);
    assert_status(f.store, keyward_set_key_expiry(f.store, &host, "repo-1", key->id, f.now + 1),
                  KEYWARD_OK);
    f.now += 1;
    assert_create("repo-1", "name", KEYWARD_NAME_TAKEN);
    keyward_key_free(&key);
}
END_TEST

START_TEST(a_preview_of_a_deletion_frees_no_name)
{
    const keyward_selection all = {.repo_id = "repo-1"};
    keyward_changes *changes;

    assert_create("repo-1", "name", KEYWARD_OK);
    assert_status(f.store, keyward_preview_delete_all_keys(f.store, &host, &all, NULL, &changes),
                  KEYWARD_OK);
    keyward_changes_free(&changes);
    assert_create("repo-1", "name", KEYWARD_NAME_TAKEN);
}
END_TEST

/* ---- rotated ones ---- */

START_TEST(a_rotated_key_hands_its_name_on)
{
    keyward_key *old, *successor;

    assert_status(f.store, create(f.store, "repo-1", "name", &old), KEYWARD_OK);
    successor = rotate(old, KEYWARD_OK);
    assert_create("repo-1", "name", KEYWARD_NAME_TAKEN);
    assert_sound(&f);
    drop_key(&f, "repo-1", old->id);
    assert_create("repo-1", "name", KEYWARD_NAME_TAKEN);
    assert_restore(old, KEYWARD_OK); /* it is only its successor that has the name */
    assert_sound(&f);
    keyward_key_free(&old);
    keyward_key_free(&successor);
}
END_TEST

START_TEST(a_rotated_key_whose_name_was_taken_is_not_rotated_again)
{
    keyward_key *old, *successor, *none;
    char *before;

    assert_status(f.store, create(f.store, "repo-1", "name", &old), KEYWARD_OK);
    successor = rotate(old, KEYWARD_OK);
    drop_key(&f, "repo-1", successor->id);
    assert_create("repo-1", "name", KEYWARD_OK);
    before = dump(f.path);
    none = rotate(old, KEYWARD_NAME_TAKEN);
    ck_assert_ptr_null(none);
    assert_same_dump(f.path, before);
    assert_restore(successor, KEYWARD_NAME_TAKEN);
    assert_sound(&f);
    keyward_key_free(&old);
    keyward_key_free(&successor);
}
END_TEST

START_TEST(a_rotated_key_takes_nobodys_name)
{
    keyward_key *old, *successor;

    assert_status(f.store, create(f.store, "repo-1", "name", &old), KEYWARD_OK);
    assert_create("repo-1", "taken", KEYWARD_OK);
    successor = rotate(old, KEYWARD_OK);
    assert_rename(old, "taken", KEYWARD_NAME_TAKEN);
    drop_key(&f, "repo-1", successor->id);
    assert_rename(old, "taken", KEYWARD_NAME_TAKEN);
    assert_rename(old, "own", KEYWARD_OK); /* without a successor it holds what it is called */
    assert_create("repo-1", "own", KEYWARD_NAME_TAKEN);
    assert_sound(&f);
    keyward_key_free(&old);
    keyward_key_free(&successor);
}
END_TEST

/* ---- who cannot get past it ---- */

START_TEST(the_shell_cannot_break_it)
{
    static const char *const refused[] = {
        "UPDATE api_keys SET name = 'a' WHERE name = 'b'",
        "UPDATE key_details SET held_name = 'a' WHERE held_name = 'b'",
        "INSERT INTO audit_events (sequence, at, action, repo_id, key_id) SELECT max(sequence) + 1,"
        " max(at), 'key.restored', 'repo-1', (SELECT id FROM api_keys WHERE deleted) FROM "
        "audit_events",
    };
    keyward_key *gone;
    char *before;

    assert_status(f.store, create(f.store, "repo-1", "a", &gone), KEYWARD_OK);
    drop_key(&f, "repo-1", gone->id);
    keyward_key_free(&gone);
    assert_create("repo-1", "a", KEYWARD_OK);
    assert_create("repo-1", "b", KEYWARD_OK);
    before = dump(f.path);
    for (size_t i = 0; i < COUNT(refused); i++)
        ck_assert_msg(sql(f.path, refused[i]) == SQLITE_CONSTRAINT, "%s", refused[i]);
    assert_same_dump(f.path, before);
}
END_TEST

START_TEST(the_shell_renames_and_deletes_as_the_library_does)
{
    keyward_key *a, *b;
    char text[512];

    assert_status(f.store, create(f.store, "repo-1", "a", &a), KEYWARD_OK);
    assert_status(f.store, create(f.store, "repo-1", "b", &b), KEYWARD_OK);
    snprintf(text, sizeof text,
             "INSERT INTO audit_events (sequence, at, action, repo_id, key_id, name) SELECT"
             " max(sequence) + 1, max(at), 'key.renamed', 'repo-1', '%s', 'c' FROM audit_events;"
             " UPDATE api_keys SET name = 'c' WHERE name = 'a'",
             a->id);
    ck_assert_int_eq(sql(f.path, text), SQLITE_OK);
    snprintf(text, sizeof text,
             "INSERT INTO audit_events (sequence, at, action, repo_id, key_id) SELECT "
             "max(sequence) + 1, max(at), 'key.deleted', 'repo-1', '%s' FROM audit_events",
             b->id);
    ck_assert_int_eq(sql(f.path, text), SQLITE_OK);
    assert_sound(&f);
    assert_create("repo-1", "c", KEYWARD_NAME_TAKEN);
    assert_create("repo-1", "a", KEYWARD_OK);
    assert_create("repo-1", "b", KEYWARD_OK);
    assert_sound(&f);
    keyward_key_free(&a);
    keyward_key_free(&b);
}
END_TEST

#define THREADS 4
#define ROUNDS 20

static int create_the_same(void *context, int number)
{
    const keyward_new_key new_key = {.name = context};
    keyward_key *key;
    keyward_secret *secret;
    enum keyward_status status =
        keyward_create_key(f.store, &host, "repo-1", &new_key, &key, &secret);

    (void)number;
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    return (int)status;
}

START_TEST(of_threads_that_take_a_name_at_once_one_gets_it)
{
    int results[THREADS];
    char name[16];

    for (int round = 0; round < ROUNDS; round++) {
        int done = 0;
        snprintf(name, sizeof name, "name-%d", round);
        run_crew(THREADS, create_the_same, name, results);
        for (int i = 0; i < THREADS; i++) {
            done += results[i] == KEYWARD_OK;
            ck_assert_msg(results[i] == KEYWARD_OK || results[i] == KEYWARD_NAME_TAKEN, "%d",
                          results[i]);
        }
        ck_assert_int_eq(done, 1);
    }
    ck_assert_int_eq(count_events(f.path), 3 + ROUNDS);
    assert_sound(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names");
    TCase *tests = suite_add_case(suite, "the option", open_fixture, close_fixture);

    tcase_add_test(tests, names_are_free_unless_it_is_asked_for);
    tcase_add_test(tests, the_store_remembers_it);
    tcase_add_test(tests, to_turn_it_on_again_changes_nothing);
    tcase_add_test(tests, it_holds_in_other_processes);
    tcase_add_test(tests, it_is_not_turned_on_over_two_of_a_name);
    tcase_add_test(tests, it_is_turned_on_over_deleted_and_rotated_ones);
    tests = suite_add_case(suite, "names", open_fixture, close_fixture);
    tcase_add_test(tests, a_name_is_taken_in_one_repository);
    tcase_add_test(tests, renaming);
    tcase_add_test(tests, a_deletion_frees_the_name);
    tcase_add_test(tests, an_expired_key_keeps_its_name);
    tcase_add_test(tests, a_preview_of_a_deletion_frees_no_name);
    tcase_add_test(tests, a_rotated_key_hands_its_name_on);
    tcase_add_test(tests, a_rotated_key_whose_name_was_taken_is_not_rotated_again);
    tcase_add_test(tests, a_rotated_key_takes_nobodys_name);
    tcase_add_test(tests, the_shell_cannot_break_it);
    tcase_add_test(tests, the_shell_renames_and_deletes_as_the_library_does);
    tcase_add_test(tests, of_threads_that_take_a_name_at_once_one_gets_it);
    return run_suite(suite);
}
