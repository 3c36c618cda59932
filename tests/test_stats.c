/* SPDX-License-Identifier: MIT */
/* Statistics: every number, after every kind of change. */
#include "connection/schema.h"
#include "support/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */

static struct fixture f;

static void open_fixture(void)
{
    fixture_open(&f);
}

static void close_fixture(void)
{
    fixture_close(&f);
}

static keyward_stats count_all(void)
{
    keyward_stats *stats, copy;

    assert_status(f.store, keyward_get_stats(f.store, &stats), KEYWARD_OK);
    copy = *stats;
    keyward_stats_free(&stats);
    ck_assert_ptr_null(stats);
    return copy;
}

static void assert_keys(int64_t live, int64_t deleted, int64_t expired, int64_t purged)
{
    const keyward_stats stats = count_all();

    ck_assert_int_eq(stats.live_keys, live);
    ck_assert_int_eq(stats.deleted_keys, deleted);
    ck_assert_int_eq(stats.expired_keys, expired);
    ck_assert_int_eq(stats.purged_keys, purged);
}

START_TEST(a_new_store_holds_a_data_key)
{
    keyward_stats stats;

    keyward_close(&f.store);
    remove(f.path);
    fixture_reopen(&f);
    assert_keys(0, 0, 0, 0);
    stats = count_all();
    ck_assert_int_eq(stats.repositories, 0);
    ck_assert_int_eq(stats.users, 0);
    ck_assert_int_eq(stats.events, 0);
    ck_assert_int_eq(stats.first_event_at, 0);
    ck_assert_int_eq(stats.last_event_at, 0);
    ck_assert_int_eq(stats.data_keys, 1);
    ck_assert_int_eq(stats.created_at, START);
    ck_assert_int_eq(stats.schema_version, schema_newest_version());
    ck_assert(!stats.unique_names);
}
END_TEST

#define MADE 60
#define DROPPED 50 /* side by side, so that most of them are archived */

START_TEST(keys_are_counted_by_what_they_have_come_to)
{
    keyward_key *keys[MADE];

    for (int i = 0; i < MADE; i++)
        keys[i] = make_key(&f, "repo-1", "key", NULL);
    assert_keys(MADE, 0, 0, 0);
    for (int i = 0; i < DROPPED; i++)
        drop_key(&f, "repo-1", keys[i]->id);
    ck_assert_int_gt(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE archived = 1"), 0);
    assert_keys(MADE - DROPPED, DROPPED, 0, 0);
    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", keys[3]->id), KEYWARD_OK);
    assert_keys(MADE - DROPPED + 1, DROPPED - 1, 0, 0);
    for (int i = 0; i < MADE; i++)
        keyward_key_free(&keys[i]);
}
END_TEST

static void set_expiry(const keyward_key *key, int64_t expires_at)
{
    assert_status(f.store, keyward_set_key_expiry(f.store, &will, "repo-1", key->id, expires_at),
                  KEYWARD_OK);
}

START_TEST(a_key_has_expired_once_its_time_has_come)
{
    keyward_key *soon = make_key(&f, "repo-1", "soon", NULL),
                *late = make_key(&f, "repo-1", "late", NULL),
                *gone = make_key(&f, "repo-1", "gone", NULL);

    set_expiry(soon, START + 10);
    set_expiry(late, START + 20);
    set_expiry(gone, START + 10);
    drop_key(&f, "repo-1", gone->id);
    assert_keys(2, 1, 0, 0);
    f.now = START + 9;
    assert_keys(2, 1, 0, 0);
    f.now = START + 10;
    assert_keys(2, 1, 1, 0); /* a deleted key is not counted as expired */
    f.now = START + 20;
    assert_keys(2, 1, 2, 0);
    set_expiry(soon, 0);
    assert_keys(2, 1, 1, 0);
    keyward_key_free(&soon);
    keyward_key_free(&late);
    keyward_key_free(&gone);
}
END_TEST

static void purge(const char *key_id)
{
    assert_status(f.store, keyward_purge_keys(f.store, &anna, "repo-1", key_id, NULL), KEYWARD_OK);
}

START_TEST(a_purged_key_is_a_deleted_one)
{
    keyward_key *first = make_key(&f, "repo-1", "first", NULL),
                *second = make_key(&f, "repo-1", "second", NULL);

    f.options.purge_retention = 1;
    fixture_reopen(&f);
    drop_key(&f, "repo-1", first->id);
    drop_key(&f, "repo-1", second->id);
    assert_keys(0, 2, 0, 0);
    f.now++;
    purge(first->id);
    assert_keys(0, 2, 0, 1);
    purge(NULL);
    assert_keys(0, 2, 0, 2);
    keyward_key_free(&first);
    keyward_key_free(&second);
}
END_TEST

static void assert_places(int64_t repositories, int64_t users)
{
    const keyward_stats stats = count_all();

    ck_assert_int_eq(stats.repositories, repositories);
    ck_assert_int_eq(stats.users, users);
}

static void grant(const char *repo_id, const char *user_id)
{
    assert_status(f.store, keyward_grant(f.store, &host, repo_id, user_id, KEYWARD_READER),
                  KEYWARD_OK);
}

static void revoke(const char *repo_id, const char *user_id)
{
    assert_status(f.store, keyward_revoke(f.store, &host, repo_id, user_id), KEYWARD_OK);
}

START_TEST(a_repository_has_somebody_or_a_key)
{
    keyward_key *key;

    assert_places(1, 3);
    grant("repo-2", "anna"); /* known already */
    assert_places(2, 3);
    grant("repo-2", "zoe");
    assert_places(2, 4);
    revoke("repo-2", "anna");
    assert_places(2, 4);
    revoke("repo-2", "zoe");
    assert_places(1, 3);
    key = make_key(&f, "repo-3", "nobody's", NULL);
    assert_places(2, 3);
    drop_key(&f, "repo-3", key->id); /* the row is there */
    assert_places(2, 3);
    grant("repo-3", "zoe");
    assert_places(2, 4);
    keyward_key_free(&key);
    key = make_key(&f, "repo-1", "key", NULL);
    assert_places(2, 4);
    keyward_key_free(&key);
}
END_TEST

START_TEST(events_are_counted_with_their_first_and_last_time)
{
    keyward_stats stats = count_all();

    ck_assert_int_eq(stats.events, 3);
    ck_assert_int_eq(stats.first_event_at, START);
    ck_assert_int_eq(stats.last_event_at, START);
    f.now = START + 5;
    grant("repo-1", "zoe");
    assert_status(f.store, keyward_delete_key(f.store, &nobody, "repo-1", "x", NULL),
                  KEYWARD_FORBIDDEN);
    stats = count_all();
    ck_assert_int_eq(stats.events, 5);
    ck_assert_int_eq(stats.first_event_at, START);
    ck_assert_int_eq(stats.last_event_at, START + 5);
    ck_assert_int_eq(stats.created_at, START);
}
END_TEST

START_TEST(the_file_s_size_is_that_of_its_pages)
{
    struct stat about;
    keyward_stats stats;

    for (int i = 0; i < 100; i++) {
        keyward_key *key = make_key(&f, "repo-1", "key", NULL);
        keyward_key_free(&key);
    }
    stats = count_all();
    ck_assert_int_eq(stats.file_bytes, sql_number(f.path, "PRAGMA page_count") *
                                           sql_number(f.path, "PRAGMA page_size"));
    fixture_reopen(&f); /* all that was in the log is in the file now */
    ck_assert_int_eq(stat(f.path, &about), 0);
    ck_assert_int_eq(count_all().file_bytes, about.st_size);
    ck_assert_int_eq(count_all().file_bytes, stats.file_bytes);
}
END_TEST

START_TEST(data_keys_and_the_rule_of_names_are_told)
{
    assert_status(f.store, keyward_create_data_key(f.store, &host), KEYWARD_OK);
    ck_assert_int_eq(count_all().data_keys, 2);
    ck_assert(!count_all().unique_names);
    f.options.names = KEYWARD_NAMES_UNIQUE;
    fixture_reopen(&f);
    ck_assert(count_all().unique_names);
    f.options.names = KEYWARD_NAMES_FREE;
    fixture_reopen(&f);
    ck_assert(!count_all().unique_names);
}
END_TEST

/* ---- one snapshot ---- */

struct writer {
    atomic_bool stop;
    enum keyward_status status;
};

/* After each commit there are as many events as keys, besides the fixture's three. */
static void *make_keys(void *context)
{
    struct writer *writer = context;
    const keyward_new_key new_key = {.name = "key"};

    while (writer->status == KEYWARD_OK && !atomic_load(&writer->stop)) {
        keyward_secret *secret;
        keyward_key *key;

        writer->status = keyward_create_key(f.store, &host, "repo-1", &new_key, &key, &secret);
        keyward_key_free(&key);
        keyward_secret_free(&secret);
    }
    return NULL;
}

START_TEST(all_numbers_are_of_one_moment)
{
    struct writer writer = {.status = KEYWARD_OK};
    pthread_t thread;
    int64_t last = 0;

    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    atomic_init(&writer.stop, false);
    ck_assert_int_eq(pthread_create(&thread, NULL, make_keys, &writer), 0);
    for (int i = 0; i < 200 || last == 0; i++) {
        const keyward_stats stats = count_all();

        ck_assert_int_eq(stats.events, stats.live_keys + 3);
        ck_assert_int_ge(stats.live_keys, last);
        last = stats.live_keys;
    }
    atomic_store(&writer.stop, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(writer.status, KEYWARD_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stats");
    TCase *tests = suite_add_case(suite, "stats", open_fixture, close_fixture);

    tcase_add_test(tests, a_new_store_holds_a_data_key);
    tcase_add_test(tests, keys_are_counted_by_what_they_have_come_to);
    tcase_add_test(tests, a_key_has_expired_once_its_time_has_come);
    tcase_add_test(tests, a_purged_key_is_a_deleted_one);
    tcase_add_test(tests, a_repository_has_somebody_or_a_key);
    tcase_add_test(tests, events_are_counted_with_their_first_and_last_time);
    tcase_add_test(tests, the_file_s_size_is_that_of_its_pages);
    tcase_add_test(tests, data_keys_and_the_rule_of_names_are_told);
    tcase_add_test(tests, all_numbers_are_of_one_moment);
    return run_suite(suite);
}
