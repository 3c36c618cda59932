/* SPDX-License-Identifier: MIT */
/* What a handle has committed: each call that wrote something once, and nothing else. How calls
 * share commits is in test_transaction. */
#include "support/crew.h"
#include "support/fixture.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define GRANTED 3 /* calls that the fixture has made */

static struct fixture f;
static keyward_key *made;
static keyward_secret *secret;

static void open_fixture(void)
{
    fixture_open(&f);
    f.options.purge_retention = 1;
}

static void close_fixture(void)
{
    fixture_close(&f);
}

static keyward_activity activity_of(keyward *store)
{
    keyward_activity *activity, copy;
    int64_t commits = 0;

    assert_status(store, keyward_get_activity(store, &activity), KEYWARD_OK);
    copy = *activity;
    keyward_activity_free(&activity);
    ck_assert_ptr_null(activity);
    for (int i = 0; i < KEYWARD_ACTIVITY_SIZES; i++)
        commits += copy.commits_by_size[i];
    ck_assert_int_eq(commits, copy.commits);
    return copy;
}

/* So many calls so far, each in a commit of its own. */
static void assert_calls(int64_t calls)
{
    const keyward_activity activity = activity_of(f.store);

    ck_assert_int_eq(activity.commits, calls);
    ck_assert_int_eq(activity.writes, calls);
    ck_assert_int_eq(activity.commits_by_size[0], calls);
}

/* ---- since when ---- */

START_TEST(a_handle_counts_from_its_opening_on)
{
    assert_calls(GRANTED);
    fixture_reopen(&f);
    assert_calls(0);
    made = make_key(&f, "repo-1", "key", NULL);
    drop_key(&f, "repo-1", made->id);
    keyward_key_free(&made);
    assert_calls(2);
}
END_TEST

START_TEST(what_opening_itself_writes_is_no_call)
{
    keyward_close(&f.store);
    remove(f.path);
    f.options.names = KEYWARD_NAMES_UNIQUE;
    fixture_reopen(&f);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM data_keys"), 1);
    ck_assert_int_eq(sql_number(f.path, "SELECT unique_names FROM store"), 1);
    assert_calls(0);
}
END_TEST

START_TEST(each_handle_counts_its_own)
{
    keyward *other;

    assert_status(NULL, keyward_open(&other, f.path, &f.options), KEYWARD_OK);
    ck_assert_int_eq(activity_of(other).commits, 0);
    assert_status(other, keyward_grant(other, &host, "repo-1", "zoe", KEYWARD_READER), KEYWARD_OK);
    ck_assert_int_eq(activity_of(other).writes, 1);
    assert_calls(GRANTED);
    keyward_close(&other);
}
END_TEST

/* ---- what is a call ---- */

static void make_anew(void)
{
    keyward_key_free(&made);
    keyward_secret_free(&secret);
    made = make_key(&f, "repo-1", "key", &secret);
}

/* The calls before are forgotten. */
static void begin_counting(void)
{
    fixture_reopen(&f);
    make_anew();
    assert_calls(1);
}

static void end_counting(int64_t calls)
{
    assert_calls(1 + calls);
    keyward_key_free(&made);
    keyward_secret_free(&secret);
}

#define must(call) assert_status(f.store, call, KEYWARD_OK)

START_TEST(every_function_that_writes_counts_once_a_call)
{
    static const unsigned char next_key[] = "another master key of 32 bytes..";
    const keyward_master_key next = {.key = next_key};
    const keyward_new_key import = {.name = "i", .secret = "imported", .secret_length = 8};
    const keyward_selection all = {.repo_id = "repo-1"};
    keyward_secret *shown;
    keyward_key *key;

    begin_counting();
    must(keyward_grant(f.store, &anna, "repo-1", "zoe", KEYWARD_READER));
    must(keyward_revoke(f.store, &anna, "repo-1", "zoe"));
    must(keyward_create_key(f.store, &will, "repo-1", &import, &key, NULL));
    keyward_key_free(&key);
    must(keyward_rename_key(f.store, &will, "repo-1", made->id, "renamed"));
    must(keyward_set_key_expiry(f.store, &will, "repo-1", made->id, f.now + 10));
    must(keyward_reveal_key(f.store, &anna, "repo-1", made->id, &shown));
    keyward_secret_free(&shown);
    must(keyward_rotate_key(f.store, &will, "repo-1", made->id, NULL, &key, &shown)); /* 2 events */
    keyward_key_free(&key);
    keyward_secret_free(&shown);
    must(keyward_delete_key(f.store, &will, "repo-1", made->id, NULL));
    must(keyward_restore_key(f.store, &anna, "repo-1", made->id));
    must(keyward_delete_all_keys(f.store, &will, &all, NULL, NULL)); /* 3 events */
    f.now += 1;
    must(keyward_purge_keys(f.store, &anna, "repo-1", NULL, NULL)); /* 3 events */
    must(keyward_create_data_key(f.store, &host));
    must(keyward_change_master_key(f.store, &host, &next)); /* 2 events */
    end_counting(13);
}
END_TEST

START_TEST(a_call_with_many_keys_is_one)
{
    keyward_delete_request requests[5];
    keyward_key *keys[3];

    begin_counting();
    for (int i = 0; i < 3; i++) {
        keys[i] = make_key(&f, "repo-1", "one of many", NULL);
        requests[i] = (keyward_delete_request){.repo_id = "repo-1", .key_id = keys[i]->id};
    }
    requests[3] = requests[0]; /* deleted already, then */
    requests[4] = (keyward_delete_request){.repo_id = "repo-1", .key_id = "unknown"};
    must(keyward_delete_keys(f.store, &host, requests, 5));
    ck_assert_int_eq(requests[3].status, KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(requests[4].status, KEYWARD_NOT_FOUND);
    assert_calls(1 + 3 + 1);
    must(keyward_delete_keys(f.store, &host, requests, 5)); /* nothing is left to delete */
    end_counting(3 + 1);
    for (int i = 0; i < 3; i++)
        keyward_key_free(&keys[i]);
}
END_TEST

START_TEST(a_refusal_that_left_its_event_counts)
{
    begin_counting();
    assert_status(f.store, keyward_delete_key(f.store, &rita, "repo-1", made->id, NULL),
                  KEYWARD_FORBIDDEN);
    assert_status(f.store, keyward_revoke(f.store, &anna, "repo-1", "anna"), KEYWARD_LAST_ADMIN);
    assert_status(f.store, keyward_purge_keys(f.store, &will, "repo-1", NULL, NULL),
                  KEYWARD_FORBIDDEN);
    end_counting(3);
}
END_TEST

START_TEST(what_wrote_nothing_does_not_count)
{
    const keyward_selection selection = {.repo_id = "repo-1", .created_by = "nobody"};
    keyward_deletion careful = {.unless_used_within = 1000};

    begin_counting();
    assert_status(f.store, try_key(&f, made, secret), KEYWARD_OK);
    must(keyward_grant(f.store, &anna, "repo-1", "rita", KEYWARD_READER)); /* which she has */
    must(keyward_delete_all_keys(f.store, &host, &selection, NULL, NULL));
    must(keyward_purge_keys(f.store, &anna, "repo-1", NULL, NULL));
    assert_status(f.store, keyward_revoke(f.store, &anna, "repo-1", "nobody"), KEYWARD_NOT_FOUND);
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", "unknown", NULL),
                  KEYWARD_NOT_FOUND);
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", made->id, &careful),
                  KEYWARD_IN_USE);
    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", made->id),
                  KEYWARD_NOT_DELETED);
    assert_status(f.store, keyward_create_data_key(f.store, &anna), KEYWARD_FORBIDDEN);
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", "", NULL), KEYWARD_INVALID);
    assert_calls(1);
    drop_key(&f, "repo-1", made->id);
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", made->id, NULL),
                  KEYWARD_ALREADY_DELETED);
    end_counting(1);
}
END_TEST

START_TEST(a_preview_does_not_count)
{
    const keyward_selection all = {.repo_id = "repo-1"};
    keyward_delete_request request = {.repo_id = "repo-1"};
    keyward_changes *changes;

    begin_counting();
    request.key_id = made->id;
    must(keyward_preview_delete_keys(f.store, &will, &request, 1, &changes));
    ck_assert_uint_eq(changes->event_count, 1);
    keyward_changes_free(&changes);
    must(keyward_preview_delete_all_keys(f.store, &will, &all, NULL, &changes));
    ck_assert_uint_eq(changes->event_count, 1);
    keyward_changes_free(&changes);
    assert_status(f.store, keyward_preview_delete_all_keys(f.store, &rita, &all, NULL, &changes),
                  KEYWARD_FORBIDDEN); /* nor the event of its refusal */
    drop_key(&f, "repo-1", made->id);
    f.now += 1;
    must(keyward_preview_purge_keys(f.store, &anna, "repo-1", NULL, &changes));
    ck_assert_uint_eq(changes->event_count, 1);
    keyward_changes_free(&changes);
    end_counting(1);
}
END_TEST

START_TEST(what_only_reads_does_not_count)
{
    char path[128];
    keyward_key_list *keys;
    keyward_user *user;
    keyward_stats *stats;

    snprintf(path, sizeof path, "%s/copy.db", f.folder);
    begin_counting();
    must(keyward_list_keys(f.store, &rita, "repo-1", NULL, &keys));
    keyward_key_list_free(&keys);
    must(keyward_get_user(f.store, &rita, "repo-1", "anna", &user));
    keyward_user_free(&user);
    must(keyward_get_stats(f.store, &stats));
    keyward_stats_free(&stats);
    must(keyward_backup(f.store, path, NULL));
    assert_sound(&f);
    end_counting(0);
}
END_TEST

#define WRITTEN_USES "SELECT count(last_used_at) FROM key_details"

START_TEST(the_notes_of_authentications_do_not_count)
{
    begin_counting();
    must(try_key(&f, made, secret));
    must(keyward_flush_uses(f.store));
    ck_assert_int_eq(sql_number(f.path, WRITTEN_USES), 1);
    assert_calls(1);
    make_anew();
    must(try_key(&f, made, secret));
    must(keyward_grant(f.store, &host, "repo-1", "zoe", KEYWARD_READER)); /* carries them along */
    ck_assert_int_eq(sql_number(f.path, WRITTEN_USES), 2);
    end_counting(2);
}
END_TEST

START_TEST(a_call_that_failed_does_not_count)
{
    sqlite3 *locker;

    f.options.busy_timeout_ms = 0;
    begin_counting();
    ck_assert_int_eq(sqlite3_open(f.path, &locker), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(locker, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", made->id, NULL),
                  KEYWARD_BUSY);
    assert_status(f.store, keyward_delete_key(f.store, &rita, "repo-1", made->id, NULL),
                  KEYWARD_BUSY); /* nor was this one refused for good */
    assert_calls(1);
    ck_assert_int_eq(sqlite3_close(locker), SQLITE_OK);
    must(keyward_delete_key(f.store, &will, "repo-1", made->id, NULL));
    end_counting(1);
}
END_TEST

/* ---- when it is told ---- */

static int64_t told;

static void ask_after_commit(void *context, keyward *store, int64_t sequence)
{
    (void)context;
    (void)sequence;
    told = activity_of(store).writes;
}

START_TEST(who_is_told_of_a_commit_finds_it_counted)
{
    f.options.after_commit = ask_after_commit;
    fixture_reopen(&f);
    for (int i = 1; i <= 5; i++) {
        keyward_key_free(&(keyward_key *){make_key(&f, "repo-1", "key", NULL)});
        ck_assert_int_eq(told, i);
    }
}
END_TEST

START_TEST(a_missing_argument_is_named)
{
    keyward_activity *activity = (keyward_activity *)&f;

    assert_status(f.store, keyward_get_activity(f.store, NULL), KEYWARD_INVALID);
    ck_assert_str_eq(keyward_last_error(f.store)->message, "activity: must not be NULL");
    assert_status(NULL, keyward_get_activity(NULL, &activity), KEYWARD_INVALID);
    ck_assert_str_eq(keyward_last_error(NULL)->message, "store: must not be NULL");
    ck_assert_ptr_null(activity);
}
END_TEST

/* ---- many threads ---- */

#define WRITERS 16
#define ROUNDS 40 /* of each: a key made, deleted, deleted again, one refusal and one preview */

struct shop {
    atomic_int busy; /* writers who are not done */
    atomic_llong written;
};

enum trouble { NONE, STATUS, SUM, BEHIND, SHRUNK };

static enum trouble write_one(struct shop *shop)
{
    const keyward_new_key new_key = {.name = "key"};
    keyward_changes *changes;
    keyward_secret *shown;
    keyward_key *key;
    keyward_delete_request request = {.repo_id = "repo-1"};
    bool good;

    if (keyward_create_key(f.store, &will, "repo-1", &new_key, &key, &shown) != KEYWARD_OK)
        return STATUS;
    request.key_id = key->id;
    good = keyward_preview_delete_keys(f.store, &will, &request, 1, &changes) == KEYWARD_OK;
    keyward_changes_free(&changes);
    good &= keyward_delete_key(f.store, &rita, "repo-1", key->id, NULL) == KEYWARD_FORBIDDEN;
    good &= keyward_delete_key(f.store, &will, "repo-1", key->id, NULL) == KEYWARD_OK;
    good &= keyward_delete_key(f.store, &will, "repo-1", key->id, NULL) == KEYWARD_ALREADY_DELETED;
    atomic_fetch_add(&shop->written, 3);
    keyward_key_free(&key);
    keyward_secret_free(&shown);
    return good ? NONE : STATUS;
}

/* What is told while others write fits, and never shrinks. */
static enum trouble look(keyward_activity *last, int64_t written_before)
{
    keyward_activity *now;
    int64_t commits = 0;
    enum trouble trouble = NONE;

    if (keyward_get_activity(f.store, &now) != KEYWARD_OK)
        return STATUS;
    for (int i = 0; i < KEYWARD_ACTIVITY_SIZES; i++) {
        commits += now->commits_by_size[i];
        if (now->commits_by_size[i] < last->commits_by_size[i])
            trouble = SHRUNK;
    }
    if (commits != now->commits)
        trouble = SUM;
    if (now->writes < now->commits || now->writes < written_before)
        trouble = BEHIND;
    if (now->writes < last->writes)
        trouble = SHRUNK;
    *last = *now;
    keyward_activity_free(&now);
    return trouble;
}

/* The last member looks on until all the others are done. */
static int write_or_look(void *context, int number)
{
    struct shop *shop = context;
    enum trouble trouble = NONE;
    keyward_activity last = {0};

    if (number == WRITERS) {
        while (trouble == NONE && atomic_load(&shop->busy) > 0)
            trouble = look(&last, atomic_load(&shop->written));
        return (int)trouble;
    }
    for (int i = 0; trouble == NONE && i < ROUNDS; i++)
        trouble = write_one(shop);
    atomic_fetch_sub(&shop->busy, 1);
    return (int)trouble;
}

START_TEST(threads_that_write_at_once_are_counted_one_by_one)
{
    struct shop shop;
    keyward_activity end;
    int64_t least = 0, most = 0;

    fixture_reopen(&f);
    atomic_init(&shop.busy, WRITERS);
    atomic_init(&shop.written, 0);
    run_crew(WRITERS + 1, write_or_look, &shop, NULL);
    end = activity_of(f.store); /* the sizes add up to the commits: it has looked */
    ck_assert_int_eq(end.writes, 3 * WRITERS * ROUNDS);
    ck_assert_int_eq(end.writes, count_events(f.path) - GRANTED);
    for (int i = 0; i < KEYWARD_ACTIVITY_SIZES; i++) {
        least += end.commits_by_size[i] * (i == 0 ? 1 : (1 << (i - 1)) + 1);
        most += end.commits_by_size[i] * (1 << i);
    }
    ck_assert_int_le(least, end.writes);
    ck_assert_int_ge(most, end.writes);
    for (int i = 5; i < KEYWARD_ACTIVITY_SIZES; i++)
        ck_assert_int_eq(end.commits_by_size[i], 0); /* more than there are threads */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("activity");
    TCase *tests = suite_add_case(suite, "activity", open_fixture, close_fixture);

    tcase_add_test(tests, a_handle_counts_from_its_opening_on);
    tcase_add_test(tests, what_opening_itself_writes_is_no_call);
    tcase_add_test(tests, each_handle_counts_its_own);
    tcase_add_test(tests, every_function_that_writes_counts_once_a_call);
    tcase_add_test(tests, a_call_with_many_keys_is_one);
    tcase_add_test(tests, a_refusal_that_left_its_event_counts);
    tcase_add_test(tests, what_wrote_nothing_does_not_count);
    tcase_add_test(tests, a_preview_does_not_count);
    tcase_add_test(tests, what_only_reads_does_not_count);
    tcase_add_test(tests, the_notes_of_authentications_do_not_count);
    tcase_add_test(tests, a_call_that_failed_does_not_count);
    tcase_add_test(tests, who_is_told_of_a_commit_finds_it_counted);
    tcase_add_test(tests, a_missing_argument_is_named);
    tcase_add_test(tests, threads_that_write_at_once_are_counted_one_by_one);
    return run_suite(suite);
}
