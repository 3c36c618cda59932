/* SPDX-License-Identifier: MIT */
/* Deletions of whole selections, and previews: that they show what the call then writes, and write
 * nothing themselves. */
#include "api/store.h"
#include "operations/keys.h"
#include "support/crew.h"
#include "support/fixture.h"
#include "support/rows.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char unknown_id[] = "018bcfe5-6800-7000-8000-000000000000";

static struct fixture f;
static atomic_int commits; /* that after_commit was told of */

static void count_commit(void *context, keyward *store, int64_t sequence)
{
    (void)context;
    (void)store;
    (void)sequence;
    atomic_fetch_add(&commits, 1);
}

static void open_fixture(void)
{
    fixture_open(&f);
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    f.options.after_commit = count_commit;
    fixture_reopen(&f);
    atomic_store(&commits, 0);
}

static void close_fixture(void)
{
    fixture_close(&f);
}

/* ---- keys ---- */

#define KEYS 12

/* Keys of "repo-1", made in turn by the host and by will. */
static keyward_key *keys[KEYS];
static keyward_secret *secrets[KEYS];

static void make_one(const keyward_actor *actor, const char *repo_id, keyward_key **key,
                     keyward_secret **secret)
{
    const keyward_new_key new_key = {.name = "key", .provider = KEYWARD_AWS};

    assert_status(f.store, keyward_create_key(f.store, actor, repo_id, &new_key, key, secret),
                  KEYWARD_OK);
}

static void open_keys(void)
{
    open_fixture();
    for (int i = 0; i < KEYS; i++)
        make_one(i % 2 == 0 ? &host : &will, "repo-1", &keys[i], &secrets[i]);
}

static void close_keys(void)
{
    for (int i = 0; i < KEYS; i++) {
        keyward_key_free(&keys[i]);
        keyward_secret_free(&secrets[i]);
    }
    close_fixture();
}

/* ---- comparing ---- */

/* What was shown is what stands in the file now; its events are the newest ones. */
static void assert_written(const keyward_changes *shown)
{
    int64_t first = count_events(f.path) - (int64_t)shown->event_count + 1;

    for (size_t i = 0; i < shown->event_count; i++) {
        char *text = event_text(shown->events[i]), *row = event_row(f.path, first + (int64_t)i);
        ck_assert_int_eq(shown->events[i]->sequence, first + (int64_t)i);
        ck_assert_str_eq(text, row);
        free(text);
        free(row);
    }
    for (size_t i = 0; i < shown->key_count; i++) {
        char *text = key_text(shown->keys[i]), *row = key_row(f.path, shown->keys[i]->id);
        ck_assert_str_eq(text, row);
        free(text);
        free(row);
    }
}

static void assert_same_changes(const keyward_changes *shown, const keyward_changes *done)
{
    ck_assert_uint_eq(shown->key_count, done->key_count);
    ck_assert_uint_eq(shown->event_count, done->event_count);
    ck_assert_int_eq(shown->in_use, done->in_use);
    for (size_t i = 0; i < shown->key_count; i++)
        ck_assert_str_eq(shown->keys[i]->id, done->keys[i]->id);
    assert_written(shown);
    assert_written(done);
}

static keyward_changes *preview_all(const keyward_actor *actor, const keyward_selection *selection,
                                    keyward_deletion *deletion)
{
    keyward_changes *changes;
    char *before = dump(f.path);

    assert_status(f.store,
                  keyward_preview_delete_all_keys(f.store, actor, selection, deletion, &changes),
                  KEYWARD_OK);
    assert_same_dump(f.path, before);
    return changes;
}

static keyward_changes *delete_all(const keyward_actor *actor, const keyward_selection *selection,
                                   keyward_deletion *deletion)
{
    keyward_changes *changes;

    assert_status(f.store, keyward_delete_all_keys(f.store, actor, selection, deletion, &changes),
                  KEYWARD_OK);
    return changes;
}

/* Previews, deletes, compares; so many keys are deleted. */
static void assert_all(const keyward_actor *actor, const keyward_selection *selection,
                       keyward_deletion *deletion, size_t wanted)
{
    keyward_deletion seen = *deletion;
    int told = atomic_load(&commits);
    keyward_changes *shown = preview_all(actor, selection, &seen), *done;

    ck_assert_int_eq(atomic_load(&commits), told);
    done = delete_all(actor, selection, deletion);
    ck_assert_int_eq(atomic_load(&commits), told + (wanted > 0));
    ck_assert_uint_eq(done->key_count, wanted);
    ck_assert_uint_eq(done->event_count, wanted);
    assert_same_changes(shown, done);
    ck_assert_int_eq(seen.event, deletion->event);
    ck_assert_int_eq(seen.deleted_at, deletion->deleted_at);
    ck_assert_int_eq(deletion->event, wanted > 0 ? count_events(f.path) : 0);
    ck_assert_int_eq(deletion->deleted_at, wanted > 0 ? f.now : 0);
    ck_assert_int_eq(deletion->last_used_at, 0);
    keyward_changes_free(&shown);
    keyward_changes_free(&done);
    ck_assert_ptr_null(done);
    assert_sound(&f);
}

/* ---- many, each with its own answer ---- */

/* Keys 1 (live), 2 (deleted), 3 (used a moment ago), 4 (of another repository, for the host only),
 * an unknown one, 5 by its access key, and 1 again. */
static void fill_requests(keyward_delete_request requests[7], const keyward_key *other)
{
    const keyward_delete_request wanted[7] = {
        {.repo_id = "repo-1",
         .key_id = keys[1]->id,
         .deletion = {.reason = KEYWARD_REASON_OTHER, .reason_text = "so"}},
        {.repo_id = "repo-1", .key_id = keys[2]->id},
        {.repo_id = "repo-1", .key_id = keys[3]->id, .deletion = {.unless_used_within = 1000}},
        {.repo_id = "repo-2", .key_id = other->id, .deletion = {.reason = KEYWARD_REASON_UNUSED}},
        {.repo_id = "repo-1", .key_id = unknown_id},
        {.access_key = keys[5]->access_key, .deletion = {.reason = KEYWARD_REASON_COMPROMISED}},
        {.repo_id = "repo-1", .key_id = keys[1]->id},
    };
    memcpy(requests, wanted, sizeof wanted);
}

static void assert_same_requests(const keyward_delete_request *shown,
                                 const keyward_delete_request *done, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(shown[i].status, done[i].status);
        ck_assert_int_eq(shown[i].deletion.deleted_at, done[i].deletion.deleted_at);
        ck_assert_int_eq(shown[i].deletion.event, done[i].deletion.event);
        ck_assert_int_eq(shown[i].deletion.last_used_at, done[i].deletion.last_used_at);
    }
}

START_TEST(a_batch_is_previewed_with_every_answer)
{
    static const enum keyward_status wanted[] = {
        KEYWARD_OK, KEYWARD_ALREADY_DELETED, KEYWARD_IN_USE, KEYWARD_FORBIDDEN, KEYWARD_NOT_FOUND,
        KEYWARD_OK, KEYWARD_ALREADY_DELETED};
    keyward_delete_request shown[7], done[7];
    keyward_key *other = make_key(&f, "repo-2", "other", NULL);
    keyward_changes *changes;
    char *before;
    int told;

    drop_key(&f, "repo-1", keys[2]->id); /* events 4 to 15, other 16, this one 17 */
    ck_assert_int_eq(try_key(&f, keys[3], secrets[3]), KEYWARD_OK);
    assert_status(f.store, keyward_flush_uses(f.store), KEYWARD_OK);
    f.now += 999;
    fill_requests(shown, other);
    fill_requests(done, other);
    before = dump(f.path);
    told = atomic_load(&commits);
    assert_status(f.store, keyward_preview_delete_keys(f.store, &will, shown, 7, &changes),
                  KEYWARD_OK);
    assert_same_dump(f.path, before);
    ck_assert_int_eq(atomic_load(&commits), told);
    assert_status(f.store, keyward_delete_keys(f.store, &will, done, 7), KEYWARD_OK);
    for (size_t i = 0; i < COUNT(wanted); i++)
        ck_assert_int_eq(done[i].status, wanted[i]);
    ck_assert_int_eq(done[2].deletion.last_used_at, START);
    ck_assert_int_eq(done[6].deletion.event, 18);
    assert_same_requests(shown, done, 7);
    ck_assert_uint_eq(changes->key_count, 2);
    ck_assert_uint_eq(changes->event_count, 3);
    ck_assert_int_eq(count_events(f.path), 20);
    assert_written(changes);
    assert_event(&f, 18,
                 "action=key.deleted actor=will repo=repo-1 key=%s name=key reason=other "
                 "text=so",
                 keys[1]->id);
    assert_event(&f, 19, "action=key.delete_denied actor=will repo=repo-2 key=%s reason=unused",
                 other->id);
    assert_event(&f, 20,
                 "action=key.deleted actor=will repo=repo-1 key=%s name=key "
                 "reason=compromised",
                 keys[5]->id);
    assert_sound(&f);
    keyward_changes_free(&changes);
    keyward_key_free(&other);
}
END_TEST

START_TEST(one_key_is_previewed)
{
    keyward_delete_request request = {.repo_id = "repo-1", .key_id = keys[0]->id};
    const keyward_actor actor = {.user_id = "anna",
                                 .request_id = "r",
                                 .client_address = "::1",
                                 .user_agent = "ua",
                                 .reason = "why"};
    keyward_changes *changes;

    assert_status(f.store, keyward_preview_delete_keys(f.store, &actor, &request, 1, &changes),
                  KEYWARD_OK);
    ck_assert_int_eq(request.status, KEYWARD_OK);
    ck_assert_int_eq(request.deletion.event, 16);
    ck_assert_int_eq(request.deletion.deleted_at, START);
    ck_assert_int_eq(try_key(&f, keys[0], secrets[0]), KEYWARD_OK);
    assert_status(f.store, keyward_flush_uses(f.store), KEYWARD_OK);
    keyward_changes_free(&changes);
    assert_status(f.store, keyward_preview_delete_keys(f.store, &actor, &request, 1, &changes),
                  KEYWARD_OK);
    assert_status(f.store, keyward_delete_key(f.store, &actor, "repo-1", keys[0]->id, NULL),
                  KEYWARD_OK);
    ck_assert_uint_eq(changes->key_count, 1);
    ck_assert_uint_eq(changes->event_count, 1);
    assert_written(changes);
    keyward_changes_free(&changes);
}
END_TEST

START_TEST(a_preview_with_a_wrong_argument_shows_nothing)
{
    keyward_delete_request request = {.repo_id = "repo-1", .key_id = keys[0]->id};
    const keyward_selection none = {.repo_id = NULL}, repo = {.repo_id = "repo-1"};
    keyward_deletion negative = {.unless_used_within = -1};
    keyward_changes *changes = (keyward_changes *)&f;
    char *before = dump(f.path);

    assert_invalid(f.store, keyward_preview_delete_keys(f.store, &host, &request, 1, NULL),
                   "changes");
    assert_invalid(f.store, keyward_preview_delete_keys(f.store, &host, &request, 0, &changes),
                   "count");
    ck_assert_ptr_null(changes);
    assert_invalid(f.store, keyward_preview_delete_all_keys(f.store, &host, &repo, NULL, NULL),
                   "changes");
    assert_invalid(f.store, keyward_delete_all_keys(f.store, &host, &none, NULL, NULL),
                   "selection");
    assert_invalid(f.store, keyward_delete_all_keys(f.store, &host, NULL, NULL, &changes),
                   "selection");
    assert_invalid(f.store, keyward_delete_all_keys(f.store, &host, &repo, &negative, &changes),
                   "deletion.unless_used_within");
    assert_invalid(f.store, keyward_delete_all_keys(f.store, NULL, &repo, NULL, &changes), "actor");
    assert_same_dump(f.path, before);
}
END_TEST

/* ---- all of a selection ---- */

START_TEST(all_keys_of_a_repository)
{
    const keyward_selection selection = {.repo_id = "repo-1"};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_OFFBOARDING, .event = 99};
    keyward_key *other = make_key(&f, "repo-2", "other", NULL);

    drop_key(&f, "repo-1", keys[4]->id);
    f.now += 3;
    assert_all(&will, &selection, &deletion, KEYS - 1);
    assert_event(&f, 18,
                 "action=key.deleted actor=will repo=repo-1 key=%s name=key "
                 "reason=offboarding",
                 keys[0]->id);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE NOT deleted"), 1);
    for (int i = 0; i < KEYS; i++)
        ck_assert_int_eq(try_key(&f, keys[i], secrets[i]), KEYWARD_REFUSED);
    keyward_key_free(&other);
}
END_TEST

START_TEST(all_keys_that_a_user_created_in_a_repository)
{
    const keyward_selection selection = {.repo_id = "repo-1", .created_by = "will"};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE};

    assert_all(&anna, &selection, &deletion, KEYS / 2);
    for (int i = 0; i < KEYS; i++)
        ck_assert_int_eq(try_key(&f, keys[i], secrets[i]),
                         i % 2 == 0 ? KEYWARD_OK : KEYWARD_REFUSED);
}
END_TEST

START_TEST(all_keys_that_a_user_created_anywhere)
{
    const keyward_selection selection = {.created_by = "will"};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE};
    keyward_key *first, *last;
    keyward_secret *secret;

    assert_status(f.store, keyward_grant(f.store, &host, "a-repo", "will", KEYWARD_WRITER),
                  KEYWARD_OK);
    assert_status(f.store, keyward_grant(f.store, &host, "z-repo", "will", KEYWARD_WRITER),
                  KEYWARD_OK);
    make_one(&will, "a-repo", &first, &secret);
    keyward_secret_free(&secret);
    make_one(&will, "z-repo", &last, &secret);
    keyward_secret_free(&secret);
    assert_all(&host, &selection, &deletion, KEYS / 2 + 2);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE NOT deleted"),
                     KEYS / 2);
    assert_event(&f, 20, "action=key.deleted repo=a-repo key=%s name=key", first->id);
    assert_event(&f, 27, "action=key.deleted repo=z-repo key=%s name=key", last->id);
    keyward_key_free(&first);
    keyward_key_free(&last);
}
END_TEST

START_TEST(a_selection_without_a_key_writes_nothing)
{
    const keyward_selection selections[] = {{.repo_id = "repo-1", .created_by = "anna"},
                                            {.repo_id = "no repository"},
                                            {.created_by = "nobody"}};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE, .event = 9, .deleted_at = 9};
    char *before = dump(f.path);

    for (size_t i = 0; i < COUNT(selections); i++)
        assert_all(&host, &selections[i], &deletion, 0);
    assert_same_dump(f.path, before);
}
END_TEST

START_TEST(a_selection_that_the_actor_may_not_delete)
{
    const keyward_selection repo = {.repo_id = "repo-1"},
                            mine = {.repo_id = "repo-1", .created_by = "rita"},
                            anywhere = {.created_by = "anna"};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_UNUSED, .event = 9, .deleted_at = 9};
    keyward_changes *changes = (keyward_changes *)&f;
    char *before = dump(f.path);

    assert_status(f.store,
                  keyward_preview_delete_all_keys(f.store, &rita, &repo, &deletion, &changes),
                  KEYWARD_FORBIDDEN);
    ck_assert_ptr_null(changes);
    assert_same_dump(f.path, before);
    assert_status(f.store, keyward_delete_all_keys(f.store, &rita, &repo, &deletion, &changes),
                  KEYWARD_FORBIDDEN);
    ck_assert_ptr_null(changes);
    ck_assert_int_eq(deletion.event, 0);
    ck_assert_int_eq(deletion.deleted_at, 0);
    assert_event(&f, 16, "action=key.delete_denied actor=rita repo=repo-1 reason=unused");
    assert_status(f.store, keyward_delete_all_keys(f.store, &rita, &mine, NULL, &changes),
                  KEYWARD_FORBIDDEN);
    assert_event(&f, 17, "action=key.delete_denied actor=rita repo=repo-1 user=rita");
    assert_status(f.store, keyward_delete_all_keys(f.store, &anna, &anywhere, NULL, &changes),
                  KEYWARD_FORBIDDEN);
    assert_event(&f, 18, "action=key.delete_denied actor=anna user=anna");
    ck_assert_int_eq(count_events(f.path), 18);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE NOT deleted"), KEYS);
    assert_sound(&f);
}
END_TEST

START_TEST(keys_in_use_are_left_and_counted)
{
    const keyward_selection selection = {.repo_id = "repo-1"};
    keyward_deletion deletion = {.unless_used_within = 100}, seen = deletion;
    keyward_changes *shown, *done;

    ck_assert_int_eq(try_key(&f, keys[1], secrets[1]), KEYWARD_OK);
    f.now += 1;
    ck_assert_int_eq(try_key(&f, keys[KEYS - 1], secrets[KEYS - 1]), KEYWARD_OK);
    ck_assert_int_eq(try_key(&f, keys[6], secrets[6]), KEYWARD_OK);
    assert_status(f.store, keyward_flush_uses(f.store), KEYWARD_OK);
    f.now += 99; /* the first one's use is 100 ms old */
    shown = preview_all(&will, &selection, &seen);
    done = delete_all(&will, &selection, &deletion);
    ck_assert_int_eq(done->in_use, 2);
    ck_assert_uint_eq(done->key_count, KEYS - 2);
    assert_same_changes(shown, done);
    ck_assert_int_eq(deletion.event, count_events(f.path));
    ck_assert_int_eq(deletion.last_used_at, 0);
    ck_assert_int_eq(try_key(&f, keys[6], secrets[6]), KEYWARD_OK);
    ck_assert_int_eq(try_key(&f, keys[KEYS - 1], secrets[KEYS - 1]), KEYWARD_OK);
    ck_assert_int_eq(try_key(&f, keys[1], secrets[1]), KEYWARD_REFUSED);
    assert_sound(&f);
    keyward_changes_free(&shown);
    keyward_changes_free(&done);
}
END_TEST

#define THOUSANDS 2000

START_TEST(thousands_of_keys)
{
    const keyward_selection selection = {.repo_id = "repo-1"};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE};
    keyward_key *key;

    for (int i = KEYS; i < THOUSANDS; i++) {
        key = make_key(&f, "repo-1", "key", NULL);
        if (i % 100 == 0)
            drop_key(&f, "repo-1", key->id);
        keyward_key_free(&key);
    }
    assert_all(&will, &selection, &deletion,
               (size_t)sql_number(f.path, "SELECT count(*) FROM api_keys WHERE NOT deleted"));
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted"), THOUSANDS);
    ck_assert_int_gt(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE archived = 1"),
                     THOUSANDS / 2);
    assert_all(&will, &selection, &deletion, 0);
}
END_TEST

START_TEST(a_deletion_by_selection_is_undone_key_by_key)
{
    const keyward_selection selection = {.repo_id = "repo-1"};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE};

    assert_all(&will, &selection, &deletion, KEYS);
    for (int i = 0; i < KEYS; i += 3)
        assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", keys[i]->id),
                      KEYWARD_OK);
    assert_all(&will, &selection, &deletion, KEYS / 3);
}
END_TEST

static enum keyward_status delete_all_and_fail(struct transaction *transaction, void *request)
{
    enum keyward_status status = key_delete_all(transaction, request);
    return status == KEYWARD_OK ? KEYWARD_IO : status;
}

/* As when a batch failed, and another process deletes the keys before it is tried again. */
START_TEST(what_was_undone_is_not_reported_the_next_time)
{
    const keyward_selection selection = {.repo_id = "repo-1"};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE};
    struct key_delete_all all = {.actor = &host, .selection = &selection, .deletion = &deletion};
    struct error error = {.store_stamp = 0};
    int64_t newest;

    ck_assert_int_eq(database_write(f.store->database, delete_all_and_fail, &all, &newest, &error),
                     KEYWARD_IO);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted"), 0);
    assert_status(f.store, keyward_delete_all_keys(f.store, &host, &selection, NULL, NULL),
                  KEYWARD_OK);
    ck_assert_int_eq(database_write(f.store->database, key_delete_all, &all, &newest, &error),
                     KEYWARD_OK);
    ck_assert_int_eq(newest, 0);
    ck_assert_int_eq(deletion.event, 0);
    ck_assert_int_eq(deletion.deleted_at, 0);
}
END_TEST

/* ---- beside the writes of others ---- */

#define THREADS 4
#define ROUNDS 60

/* All keys of "repo-1", which nobody deletes, and events that follow each other. */
static int preview_in_a_row(void)
{
    const keyward_selection selection = {.repo_id = "repo-1"};
    keyward_changes *changes;
    int64_t last = 0;
    bool fits;

    for (int i = 0; i < ROUNDS; i++) {
        if (keyward_preview_delete_all_keys(f.store, &host, &selection, NULL, &changes) !=
            KEYWARD_OK)
            return 1;
        fits = changes->key_count == KEYS && changes->event_count == KEYS &&
               changes->events[0]->sequence >= last;
        for (size_t k = 0; fits && k < KEYS; k++)
            fits = changes->keys[k]->deleted_event == changes->events[0]->sequence + (int64_t)k &&
                   changes->events[k]->sequence == changes->events[0]->sequence + (int64_t)k;
        last = changes->events[0]->sequence;
        keyward_changes_free(&changes);
        if (!fits)
            return 2;
    }
    return 0;
}

static int create_and_delete_in_a_row(int number)
{
    const keyward_new_key new_key = {.name = "busy"};
    char repo_id[16];
    keyward_key *key;
    keyward_secret *secret;
    enum keyward_status status = KEYWARD_OK;

    snprintf(repo_id, sizeof repo_id, "busy-%d", number);
    for (int i = 0; status == KEYWARD_OK && i < ROUNDS; i++) {
        status = keyward_create_key(f.store, &host, repo_id, &new_key, &key, &secret);
        if (status == KEYWARD_OK)
            status = keyward_delete_key(f.store, &host, repo_id, key->id, NULL);
        keyward_key_free(&key);
        keyward_secret_free(&secret);
    }
    return (int)status;
}

static int write_or_preview(void *context, int number)
{
    (void)context;
    return number % 2 == 0 ? preview_in_a_row() : create_and_delete_in_a_row(number);
}

START_TEST(previews_disturb_nobody_and_nobody_them)
{
    int64_t before = count_events(f.path);
    int told = atomic_load(&commits);

    run_crew(THREADS, write_or_preview, NULL, NULL);
    ck_assert_int_eq(count_events(f.path), before + THREADS / 2 * ROUNDS * 2);
    ck_assert_int_eq(atomic_load(&commits), told + THREADS / 2 * ROUNDS * 2);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE NOT deleted"), KEYS);
    assert_sound(&f);
}
END_TEST

/* ---- the suite ---- */

int main(void)
{
    Suite *suite = suite_create("preview");
    TCase *tests = suite_add_case(suite, "preview", open_keys, close_keys);

    tcase_add_test(tests, a_batch_is_previewed_with_every_answer);
    tcase_add_test(tests, one_key_is_previewed);
    tcase_add_test(tests, a_preview_with_a_wrong_argument_shows_nothing);
    tcase_add_test(tests, previews_disturb_nobody_and_nobody_them);
    tests = suite_add_case(suite, "selection", open_keys, close_keys);
    tcase_add_test(tests, all_keys_of_a_repository);
    tcase_add_test(tests, all_keys_that_a_user_created_in_a_repository);
    tcase_add_test(tests, all_keys_that_a_user_created_anywhere);
    tcase_add_test(tests, a_selection_without_a_key_writes_nothing);
    tcase_add_test(tests, a_selection_that_the_actor_may_not_delete);
    tcase_add_test(tests, keys_in_use_are_left_and_counted);
    tcase_add_test(tests, what_was_undone_is_not_reported_the_next_time);
    tcase_add_test(tests, thousands_of_keys);
    tcase_add_test(tests, a_deletion_by_selection_is_undone_key_by_key);
    return run_suite(suite);
}
