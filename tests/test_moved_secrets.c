/* SPDX-License-Identifier: MIT */
/*
 * A sealed secret opens in its own row only: whatever of one row is written into another, of the
 * same repository or another, of a key that is live, rotated, restored or deleted, no secret opens
 * what is not its own. The same of data keys and of the key of the audit log.
 */
#include "damage/scene.h"
#include "support/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct scene scene;
static struct place place;

static void open_scene(void)
{
    scene_make(&scene, SCENE_CLOSED);
    place_open(&place, 4);
    place.fixture.now += INT64_C(5) * 3600000;
}

static void close_scene(void)
{
    place_close(&place);
    scene_free(&scene);
}

/* Puts the store back to what it was, changes it past every trigger, and opens it. */
static enum keyward_status open_after(const char *change)
{
    struct fixture *f = &place.fixture;

    keyward_close(&f->store);
    place_put(&place, &scene.image);
    rewrite(f, change);
    return keyward_open(&f->store, f->path, &f->options);
}

static bool is_found(void)
{
    keyward_report *report = NULL;
    enum keyward_status status = keyward_check(place.fixture.store, NULL, &report);

    keyward_report_free(&report);
    return status == KEYWARD_CORRUPT;
}

static bool opens(const struct known_key *key, const char *secret)
{
    struct answers answers = {.text = NULL};
    enum keyward_status status = ask_key(place.fixture.store, key, secret, &answers);

    ck_assert_msg(!answers.wrong, "%s: %s", key->access_key, answers.wrong);
    return status == KEYWARD_OK;
}

/* ---- between keys ---- */

/* What a row takes over from another. */
static const char *const moves[] = {
    "sealed = o.sealed",
    "sealed = o.sealed, data_key_id = o.data_key_id",
    "sealed = o.sealed, data_key_id = o.data_key_id, repo_id = o.repo_id, key_id = o.key_id",
    "repo_id = o.repo_id, key_id = o.key_id",
    /* the nonce alone; the rest alone */
    "sealed = CAST(substr(o.sealed, 1, 24) || substr(sealed_secrets.sealed, 25) AS BLOB)",
    "sealed = CAST(substr(sealed_secrets.sealed, 1, 24) || substr(o.sealed, 25) AS BLOB)",
};
#define MOVES (sizeof moves / sizeof *moves)

/* Neither of the two secrets opens the row that was written to; the other row is as it was. */
static void assert_moved_opens_nothing(const struct known_key *from, const struct known_key *to,
                                       bool from_opened)
{
    ck_assert_msg(!opens(to, from->secret) && !opens(to, to->secret), "%s opens with what is of %s",
                  to->access_key, from->access_key);
    ck_assert_int_eq(opens(from, from->secret), from_opened);
    ck_assert_msg(is_found(), "%s into %s is not found", from->access_key, to->access_key);
}

START_TEST(nothing_of_a_row_opens_in_another)
{
    const struct known_keys *known = &scene.known;
    char change[512];
    bool opened[KNOWN_KEYS_MAX];

    ck_assert_int_eq(open_after("SELECT 1"), KEYWARD_OK);
    for (size_t i = 0; i < known->count; i++)
        opened[i] = opens(&known->keys[i], known->keys[i].secret);
    for (size_t from = 0; from < known->count; from++) {
        for (size_t to = 0; to < known->count; to++) {
            if (from == to)
                continue;
            snprintf(change, sizeof change,
                     "UPDATE sealed_secrets SET %s FROM sealed_secrets AS o"
                     " WHERE o.access_key = '%s' AND sealed_secrets.access_key = '%s'",
                     moves[_i], known->keys[from].access_key, known->keys[to].access_key);
            ck_assert_int_eq(open_after(change), KEYWARD_OK);
            assert_moved_opens_nothing(&known->keys[from], &known->keys[to], opened[from]);
        }
    }
}
END_TEST

/* Two keys of a repository whose rows exchange their ids, and all else stays. */
START_TEST(keys_that_exchange_their_ids_open_nothing)
{
    const struct known_keys *known = &scene.known;
    char change[512];

    for (size_t i = 0; i < known->count; i++) {
        const struct known_key *a = &known->keys[i], *b = &known->keys[(i + 1) % known->count];
        if (strcmp(a->repo_id, b->repo_id) != 0)
            continue;
        snprintf(change, sizeof change,
                 "UPDATE sealed_secrets SET key_id = CASE access_key WHEN '%s' THEN '%s' ELSE '%s'"
                 " END WHERE access_key IN ('%s', '%s')",
                 a->access_key, b->id, a->id, a->access_key, b->access_key);
        ck_assert_int_eq(open_after(change), KEYWARD_OK);
        ck_assert(!opens(a, a->secret) && !opens(a, b->secret));
        ck_assert(!opens(b, b->secret) && !opens(b, a->secret));
        ck_assert(is_found());
    }
}
END_TEST

/* ---- data keys and the log's key ---- */

START_TEST(a_data_key_under_another_id_does_not_open)
{
    static const char *const changes[] = {
        "UPDATE data_keys SET sealed = (SELECT sealed FROM data_keys WHERE id = 1) WHERE id = 2",
        "UPDATE data_keys SET sealed = (SELECT sealed FROM data_keys WHERE id = 2) WHERE id = 1",
        ("PRAGMA foreign_keys = OFF; UPDATE data_keys SET id = 3 WHERE id = 1;"
         " UPDATE data_keys SET id = 1 WHERE id = 2; UPDATE data_keys SET id = 2 WHERE id = 3"),
        "UPDATE data_keys SET sealed = (SELECT sealed FROM audit_log_key) WHERE id = 1",
    };

    ck_assert_int_eq(open_after(changes[_i]), KEYWARD_CORRUPT);
}
END_TEST

START_TEST(a_key_of_the_log_in_another_place_does_not_sign)
{
    static const char *const changes[] = {
        "UPDATE audit_log_key SET sealed = (SELECT sealed FROM data_keys WHERE id = 1)",
        "UPDATE audit_log_key SET data_key_id = 3 - data_key_id",
        "UPDATE audit_log_key SET origin = 'example.com/kezs'",
    };
    keyward_text *checkpoint = NULL;

    ck_assert_int_eq(open_after(changes[_i]), KEYWARD_OK);
    ck_assert_int_ne(keyward_audit_checkpoint(place.fixture.store, &host, NULL, 0, &checkpoint),
                     KEYWARD_OK);
    ck_assert_ptr_null(checkpoint);
    ck_assert(is_found());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("moved secrets");
    TCase *tests = suite_add_case(suite, "moved", open_scene, close_scene);

    tcase_add_loop_test(tests, nothing_of_a_row_opens_in_another, 0, (int)MOVES);
    tcase_add_test(tests, keys_that_exchange_their_ids_open_nothing);
    tcase_add_loop_test(tests, a_data_key_under_another_id_does_not_open, 0, 4);
    tcase_add_loop_test(tests, a_key_of_the_log_in_another_place_does_not_sign, 0, 3);
    return run_suite(suite);
}
