/* SPDX-License-Identifier: MIT */
/* The deletion of keys, one and many, and its undoing: every answer, and every row it leaves. */
#include "support/fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char unknown_id[] = "018bcfe5-6800-7000-8000-000000000000";
static const char unknown_access_key[] = "kw_ak_0000000000000000000000000000";

/* A key "live" (event 4) and a key "deleted" (events 5 and 6) of "repo-1", and a key "other" (event
 * 7) of "repo-2", where nobody but the host may do anything. */
static struct fixture f;
static keyward_key *live, *deleted, *other;
static keyward_secret *live_secret, *deleted_secret;

static void open_fixture(void)
{
    fixture_open(&f);
    live = make_key(&f, "repo-1", "live", &live_secret);
    deleted = make_key(&f, "repo-1", "deleted", &deleted_secret);
    drop_key(&f, "repo-1", deleted->id);
    other = make_key(&f, "repo-2", "other", NULL);
}

static void close_fixture(void)
{
    keyward_secret_free(&live_secret);
    keyward_secret_free(&deleted_secret);
    keyward_key_free(&live);
    keyward_key_free(&deleted);
    keyward_key_free(&other);
    fixture_close(&f);
}

/* ---- what stands in the file ---- */

#define EVENT                                                                              \
    "SELECT at||'|'||action||'|'||ifnull(actor_id,'-')||'|'||ifnull(repo_id,'-')||'|'||"   \
    "ifnull(key_id,'-')||'|'||ifnull(user_id,'-')||'|'||ifnull(name,'-')||'|'||"           \
    "ifnull(previous_name,'-')||'|'||ifnull(provider,'-')||'|'||ifnull(role,'-')||'|'||"   \
    "ifnull(reason,'-')||'|'||ifnull(reason_text,'-')||'|'||ifnull(request_id,'-')||'|'||" \
    "ifnull(client_address,'-')||'|'||ifnull(user_agent,'-')||'|'||"                       \
    "(sealed_sha256 IS NOT NULL) FROM audit_events WHERE sequence = "

#define KEY                                                                          \
    "SELECT repo_id||'|'||deleted||'|'||name||'|'||provider||'|'||created_at||'|'||" \
    "ifnull(created_by,'-')||'|'||created_event||'|'||ifnull(deleted_at,'-')||'|'||" \
    "ifnull(deleted_by,'-')||'|'||ifnull(deleted_event,'-') FROM api_keys WHERE id = "

#define ALL_KEYS                                                                            \
    "SELECT group_concat(id||deleted||name||ifnull(deleted_at,'')||ifnull(deleted_by,'')||" \
    "ifnull(deleted_event,'')) FROM api_keys"

#define ALL_SECRETS                                                                    \
    "SELECT group_concat(access_key||repo_id||key_id||data_key_id||hex(sealed)) FROM " \
    "sealed_secrets"

#define assert_row(...) assert_row_of(f.path, __VA_ARGS__)

/* "action|actor|repository|key" of an event of which nothing else is set but perhaps the name. */
static void assert_plain_event(int64_t sequence, const char *head, const char *key_id,
                               const char *name)
{
    char query[2048];

    snprintf(query, sizeof query, EVENT "%lld", (long long)sequence);
    assert_row(query, "%lld|%s|%s|-|%s|-|-|-|-|-|-|-|-|0", (long long)f.now, head, key_id, name);
}

static void assert_key_row(const keyward_key *key, const char *wanted)
{
    char query[2048];

    snprintf(query, sizeof query, KEY "'%s'", key->id);
    assert_row(query, "%s", wanted);
}

/* ---- calls ---- */

static void assert_delete(const keyward_actor *actor, const char *repo_id, const char *key_id,
                          keyward_deletion *deletion, enum keyward_status wanted)
{
    assert_status(f.store, keyward_delete_key(f.store, actor, repo_id, key_id, deletion), wanted);
    ck_assert_int_eq(keyward_last_error(f.store)->status, wanted);
}

static void assert_no_detail(const keyward_deletion *deletion, const char *message)
{
    const keyward_error *error = keyward_last_error(f.store);

    ck_assert_str_eq(error->message, message);
    ck_assert_int_eq(error->sqlite_code, 0);
    ck_assert_int_eq(error->deleted_at, 0);
    ck_assert_int_eq(error->deleted_event, 0);
    ck_assert_int_eq(deletion->deleted_at, 0);
    ck_assert_int_eq(deletion->event, 0);
}

/* ---- one key ---- */

START_TEST(a_deletion_marks_the_row_and_appends_its_event)
{
    keyward_deletion deletion = {.deleted_at = 99, .event = 99};
    char wanted[256];

    f.now += 7;
    assert_delete(&will, "repo-1", live->id, &deletion, KEYWARD_OK);
    ck_assert_int_eq(deletion.deleted_at, START + 7);
    ck_assert_int_eq(deletion.event, 8);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 0);
    snprintf(wanted, sizeof wanted, "repo-1|1|live|OPENAI|%lld|-|4|%lld|will|8", (long long)START,
             (long long)START + 7);
    assert_key_row(live, wanted);
    assert_plain_event(8, "key.deleted|will|repo-1", live->id, "live");
    ck_assert_int_eq(count_events(f.path), 8);
    assert_sound(&f);
}
END_TEST

START_TEST(the_admin_and_the_host_may_delete_too)
{
    char wanted[256];

    assert_delete(&anna, "repo-1", live->id, NULL, KEYWARD_OK);
    assert_plain_event(8, "key.deleted|anna|repo-1", live->id, "live");
    assert_delete(&host, "repo-2", other->id, NULL, KEYWARD_OK);
    assert_plain_event(9, "key.deleted|-|repo-2", other->id, "other");
    snprintf(wanted, sizeof wanted, "repo-2|1|other|OPENAI|%lld|-|7|%lld|-|9", (long long)START,
             (long long)START);
    assert_key_row(other, wanted);
    assert_sound(&f);
}
END_TEST

START_TEST(a_deletion_touches_no_other_key)
{
    char *before, *after;
    static const char rest[] = "SELECT group_concat(id||deleted||name||ifnull(deleted_at,'')||"
                               "ifnull(deleted_event,'')) FROM api_keys WHERE name <> 'live'";

    before = sql_text(f.path, rest);
    assert_delete(&will, "repo-1", live->id, NULL, KEYWARD_OK);
    after = sql_text(f.path, rest);
    ck_assert_pstr_eq(after, before);
    free(before);
    free(after);
}
END_TEST

START_TEST(a_refused_deletion_tells_nothing_of_what_exists)
{
    const struct {
        const keyward_actor *actor;
        const char *repo_id, *key_id;
    } refused[] = {
        {&rita, "repo-1", live->id},          {&rita, "repo-1", deleted->id},
        {&rita, "repo-1", unknown_id},        {&rita, "repo-1", "no uuid"},
        {&rita, "repo-1", other->id},         {&nobody, "repo-1", live->id},
        {&nobody, "repo-1", unknown_id},      {&will, "repo-2", other->id},
        {&will, "repo-2", unknown_id},        {&anna, "no repository", live->id},
        {&anna, "no repository", unknown_id},
    };
    char *keys = sql_text(f.path, ALL_KEYS), head[64];

    for (size_t i = 0; i < COUNT(refused); i++) {
        keyward_deletion deletion = {.deleted_at = 99, .event = 99};
        f.now++;
        assert_delete(refused[i].actor, refused[i].repo_id, refused[i].key_id, &deletion,
                      KEYWARD_FORBIDDEN);
        assert_no_detail(&deletion, keyward_status_text(KEYWARD_FORBIDDEN));
        snprintf(head, sizeof head, "key.delete_denied|%s|%s", refused[i].actor->user_id,
                 refused[i].repo_id);
        assert_plain_event((int64_t)i + 8, head, refused[i].key_id, "-");
    }
    ck_assert_int_eq(count_events(f.path), 7 + (int64_t)COUNT(refused));
    assert_row(ALL_KEYS, "%s", keys);
    assert_sound(&f);
    free(keys);
}
END_TEST

START_TEST(a_key_that_is_not_found_writes_nothing)
{
    const struct {
        const keyward_actor *actor;
        const char *repo_id, *key_id;
    } missing[] = {
        {&will, "repo-1", unknown_id},  {&will, "repo-1", "no uuid"},
        {&will, "repo-1", other->id},   {&anna, "repo-1", other->id},
        {&host, "repo-1", other->id},   {&host, "repo-2", live->id},
        {&host, "repo-2", deleted->id}, {&host, "no repository", live->id},
    };
    char *keys = sql_text(f.path, ALL_KEYS);

    for (size_t i = 0; i < COUNT(missing); i++) {
        keyward_deletion deletion = {.deleted_at = 99, .event = 99};
        assert_delete(missing[i].actor, missing[i].repo_id, missing[i].key_id, &deletion,
                      KEYWARD_NOT_FOUND);
        assert_no_detail(&deletion, keyward_status_text(KEYWARD_NOT_FOUND));
    }
    ck_assert_int_eq(count_events(f.path), 7);
    assert_row(ALL_KEYS, "%s", keys);
    free(keys);
}
END_TEST

START_TEST(a_second_deletion_gets_time_and_event_of_the_first_and_writes_nothing)
{
    static const keyward_actor *const actors[] = {&will, &anna, &host};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_ROTATED};
    char *keys;

    f.now += 5;
    assert_delete(&will, "repo-1", live->id, &deletion, KEYWARD_OK);
    keys = sql_text(f.path, ALL_KEYS);
    f.now += 60000;
    for (size_t i = 0; i < COUNT(actors); i++) {
        keyward_deletion again = {.reason = KEYWARD_REASON_COMPROMISED, .event = 99};
        assert_delete(actors[i], "repo-1", live->id, &again, KEYWARD_ALREADY_DELETED);
        ck_assert_int_eq(again.deleted_at, START + 5);
        ck_assert_int_eq(again.event, 8);
        ck_assert_int_eq(again.reason, KEYWARD_REASON_COMPROMISED);
        assert_delete(actors[i], "repo-1", live->id, NULL, KEYWARD_ALREADY_DELETED);
        ck_assert_int_eq(keyward_last_error(f.store)->deleted_at, START + 5);
        ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 8);
    }
    ck_assert_int_eq(count_events(f.path), 8);
    assert_row(ALL_KEYS, "%s", keys);
    assert_row("SELECT reason FROM audit_events WHERE sequence = 8", "rotated");
    free(keys);
}
END_TEST

START_TEST(the_next_call_forgets_the_deletion_it_was_told_of)
{
    assert_delete(&will, "repo-1", deleted->id, NULL, KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 6);
    assert_delete(&will, "repo-1", unknown_id, NULL, KEYWARD_NOT_FOUND);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 0);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_at, 0);
}
END_TEST

START_TEST(a_deletion_is_never_dated_before_what_came_before_it)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE};

    f.now -= 60000;
    assert_delete(&will, "repo-1", live->id, &deletion, KEYWARD_OK);
    ck_assert_int_eq(deletion.deleted_at, START);
    assert_row("SELECT at FROM audit_events WHERE sequence = 8", "%lld", (long long)START);
    assert_sound(&f);
}
END_TEST

/* ---- why ---- */

static const char reason_of_last[] = "SELECT ifnull(reason,'-')||'|'||ifnull(reason_text,'-')"
                                     " FROM audit_events ORDER BY sequence DESC LIMIT 1";

START_TEST(every_reason_is_written_down)
{
    static const char *const words[] = {"-",           "unused",      "rotated",
                                        "compromised", "offboarding", "other"};
    keyward_deletion deletion = {.reason = (enum keyward_reason)_i, .reason_text = "in words"};
    keyward_event_list *events;

    assert_delete(&will, "repo-1", live->id, &deletion, KEYWARD_OK);
    assert_row(reason_of_last, "%s|in words", words[_i]);
    events = last_event(&f);
    ck_assert_pstr_eq(events->events[0]->reason, _i == 0 ? NULL : words[_i]);
    keyward_event_list_free(&events);
}
END_TEST

START_TEST(the_text_falls_back_to_the_reason_of_the_actor)
{
    static const keyward_actor actor = {.user_id = "will", .reason = "of the actor"};
    keyward_deletion own = {.reason = KEYWARD_REASON_UNUSED, .reason_text = "its own"};
    keyward_deletion none = {.reason = KEYWARD_REASON_UNUSED};
    keyward_key *third = make_key(&f, "repo-1", "third", NULL);
    keyward_key *fourth = make_key(&f, "repo-1", "fourth", NULL);

    assert_delete(&actor, "repo-1", live->id, &own, KEYWARD_OK);
    assert_row(reason_of_last, "unused|its own");
    assert_delete(&actor, "repo-1", third->id, &none, KEYWARD_OK);
    assert_row(reason_of_last, "unused|of the actor");
    ck_assert_ptr_null(none.reason_text);
    assert_delete(&actor, "repo-1", fourth->id, NULL, KEYWARD_OK);
    assert_row(reason_of_last, "-|of the actor");
    keyward_key_free(&third);
    keyward_key_free(&fourth);
}
END_TEST

START_TEST(another_reason_needs_words)
{
    static const keyward_actor actor = {.user_id = "will", .reason = "of the actor"};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_OTHER, .deleted_at = 9, .event = 9};

    assert_invalid(f.store, keyward_delete_key(f.store, &will, "repo-1", live->id, &deletion),
                   "deletion.reason_text");
    ck_assert_int_eq(deletion.deleted_at, 0);
    ck_assert_int_eq(deletion.event, 0);
    ck_assert_int_eq(count_events(f.path), 7);
    assert_delete(&actor, "repo-1", live->id, &deletion, KEYWARD_OK);
    assert_row(reason_of_last, "other|of the actor");
}
END_TEST

START_TEST(the_event_tells_where_the_deletion_came_from)
{
    keyward_actor actor = {.user_id = "will",
                           .request_id = "req-17",
                           .client_address = "2001:db8::1",
                           .user_agent = "curl/8"};
    keyward_deletion deletion = {.reason = KEYWARD_REASON_COMPROMISED, .reason_text = "leaked"};

    assert_delete(&actor, "repo-1", live->id, &deletion, KEYWARD_OK);
    assert_row(EVENT "8",
               "%lld|key.deleted|will|repo-1|%s|-|live|-|-|-|compromised|leaked|req-17|"
               "2001:db8::1|curl/8|0",
               (long long)START, live->id);
    actor.user_id = "rita";
    actor.reason = "I wanted to";
    assert_delete(&actor, "repo-1", live->id, NULL, KEYWARD_FORBIDDEN);
    assert_row(EVENT "9",
               "%lld|key.delete_denied|rita|repo-1|%s|-|-|-|-|-|-|I wanted to|req-17|"
               "2001:db8::1|curl/8|0",
               (long long)START, live->id);
}
END_TEST

/* ---- what follows from it ---- */

START_TEST(the_sealed_secret_stays_byte_for_byte)
{
    char *secrets = sql_text(f.path, ALL_SECRETS);

    assert_delete(&will, "repo-1", live->id, NULL, KEYWARD_OK);
    assert_row(ALL_SECRETS, "%s", secrets);
    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", live->id), KEYWARD_OK);
    assert_delete(&will, "repo-1", live->id, NULL, KEYWARD_OK);
    assert_row(ALL_SECRETS, "%s", secrets);
    free(secrets);
}
END_TEST

START_TEST(a_deleted_key_is_neither_listed_nor_found)
{
    keyward_key_list *page;
    keyward_key *key;

    assert_delete(&will, "repo-1", live->id, NULL, KEYWARD_OK);
    assert_status(f.store, keyward_list_keys(f.store, &rita, "repo-1", NULL, &page), KEYWARD_OK);
    ck_assert_uint_eq(page->count, 0);
    ck_assert(!page->more);
    keyward_key_list_free(&page);
    assert_status(f.store, keyward_get_key(f.store, &anna, "repo-1", live->id, KEYWARD_LIVE, &key),
                  KEYWARD_NOT_FOUND);
    ck_assert_ptr_null(key);
    assert_status(f.store,
                  keyward_get_key(f.store, &anna, "repo-1", live->id, KEYWARD_DELETED, &key),
                  KEYWARD_OK);
    keyward_key_free(&key);
}
END_TEST

static void assert_refused(keyward *store, const keyward_key *key, const keyward_secret *secret,
                           enum keyward_cause cause, int64_t deleted_at, int64_t deleted_event)
{
    keyward_identity identity, zero;
    const keyward_error *error;

    memset(&identity, 0xFF, sizeof identity);
    memset(&zero, 0, sizeof zero);
    assert_status(
        store,
        keyward_authenticate(store, key->access_key, secret->text, secret->length, &identity),
        KEYWARD_REFUSED);
    ck_assert_mem_eq(&identity, &zero, sizeof zero);
    error = keyward_last_error(store);
    ck_assert_str_eq(error->message, keyward_status_text(KEYWARD_REFUSED));
    ck_assert_int_eq(error->cause, cause);
    ck_assert_int_eq(error->deleted_at, deleted_at);
    ck_assert_int_eq(error->deleted_event, deleted_event);
}

static void assert_opens(keyward *store, const keyward_key *key, const keyward_secret *secret)
{
    keyward_identity identity;

    assert_status(
        store,
        keyward_authenticate(store, key->access_key, secret->text, secret->length, &identity),
        KEYWARD_OK);
    ck_assert_str_eq(identity.key_id, key->id);
}

START_TEST(a_deleted_key_no_longer_authenticates_in_any_store)
{
    keyward *second;

    assert_status(NULL, keyward_open(&second, f.path, &f.options), KEYWARD_OK);
    for (int i = 0; i < 3; i++) { /* again and again, should a store remember it */
        assert_opens(f.store, live, live_secret);
        assert_opens(second, live, live_secret);
    }
    f.now += 3;
    assert_delete(&will, "repo-1", live->id, NULL, KEYWARD_OK);
    assert_refused(f.store, live, live_secret, KEYWARD_CAUSE_DELETED, START + 3, 8);
    assert_refused(second, live, live_secret, KEYWARD_CAUSE_DELETED, START + 3, 8);
    assert_refused(f.store, deleted, deleted_secret, KEYWARD_CAUSE_DELETED, START, 6);
    keyward_close(&second);
    fixture_reopen(&f);
    assert_refused(f.store, live, live_secret, KEYWARD_CAUSE_DELETED, START + 3, 8);
}
END_TEST

START_TEST(a_wrong_secret_is_not_told_of_the_deletion)
{
    assert_refused(f.store, deleted, live_secret, KEYWARD_CAUSE_WRONG_SECRET, 0, 0);
    assert_refused(f.store, live, deleted_secret, KEYWARD_CAUSE_WRONG_SECRET, 0, 0);
}
END_TEST

/* ---- many keys ---- */

/* Counts the commits that appended events. */
static struct {
    int count;
    int64_t newest;
} commits;

static void note_commit(void *context, keyward *store, int64_t sequence)
{
    (void)context;
    (void)store;
    commits.count++;
    commits.newest = sequence;
}

static void watch_commits(void)
{
    f.options.after_commit = note_commit;
    fixture_reopen(&f);
    memset(&commits, 0, sizeof commits);
}

static keyward_delete_request by_id(const char *repo_id, const char *key_id)
{
    const keyward_delete_request request = {
        .repo_id = repo_id,
        .key_id = key_id,
        .deletion = {.deleted_at = 99, .event = 99},
        .status = KEYWARD_CANCELLED,
    };
    return request;
}

static keyward_delete_request by_access_key(const char *repo_id, const char *access_key)
{
    keyward_delete_request request = by_id(repo_id, NULL);

    request.access_key = access_key;
    return request;
}

static void delete_keys(const keyward_actor *actor, keyward_delete_request *requests, size_t count)
{
    assert_status(f.store, keyward_delete_keys(f.store, actor, requests, count), KEYWARD_OK);
}

/* The status of a request, and what it was told of the deletion: 0 for nothing. */
static void assert_decided(const keyward_delete_request *request, enum keyward_status status,
                           int64_t deleted_at, int64_t event)
{
    ck_assert_int_eq(request->status, status);
    ck_assert_int_eq(request->deletion.deleted_at, deleted_at);
    ck_assert_int_eq(request->deletion.event, event);
}

static void assert_one(const keyward_actor *actor, keyward_delete_request request,
                       enum keyward_status wanted)
{
    delete_keys(actor, &request, 1);
    ck_assert_int_eq(request.status, wanted);
    if (wanted != KEYWARD_OK && wanted != KEYWARD_ALREADY_DELETED)
        assert_no_detail(&request.deletion, keyward_status_text(KEYWARD_OK));
}

START_TEST(each_request_of_a_batch_has_its_own_result_in_one_transaction)
{
    keyward_key *last = make_key(&f, "repo-1", "last", NULL);
    keyward_delete_request requests[] = {
        by_id("repo-1", live->id),     by_id("repo-1", unknown_id),
        by_id("repo-2", other->id),    by_id("repo-1", deleted->id),
        by_id("no repository", "any"), by_access_key(NULL, last->access_key),
    };

    watch_commits();
    f.now += 10;
    delete_keys(&will, requests, COUNT(requests));
    assert_decided(&requests[0], KEYWARD_OK, START + 10, 9);
    assert_decided(&requests[1], KEYWARD_NOT_FOUND, 0, 0);
    assert_decided(&requests[2], KEYWARD_FORBIDDEN, 0, 0);
    assert_decided(&requests[3], KEYWARD_ALREADY_DELETED, START, 6);
    assert_decided(&requests[4], KEYWARD_FORBIDDEN, 0, 0);
    assert_decided(&requests[5], KEYWARD_OK, START + 10, 12);
    assert_plain_event(9, "key.deleted|will|repo-1", live->id, "live");
    assert_plain_event(10, "key.delete_denied|will|repo-2", other->id, "-");
    assert_plain_event(11, "key.delete_denied|will|no repository", "any", "-");
    assert_plain_event(12, "key.deleted|will|repo-1", last->id, "last");
    ck_assert_int_eq(count_events(f.path), 12);
    ck_assert_int_eq(commits.count, 1);
    ck_assert_int_eq(commits.newest, 12);
    assert_row("SELECT group_concat(name) FROM api_keys WHERE deleted = 0", "other");
    assert_sound(&f);
    keyward_key_free(&last);
}
END_TEST

START_TEST(a_large_batch_is_one_transaction_with_consecutive_events)
{
    enum { KEYS = 300 };
    keyward_delete_request requests[KEYS];
    keyward_key *keys[KEYS];

    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    for (size_t i = 0; i < KEYS; i++) {
        keys[i] = make_key(&f, "repo-1", "one of many", NULL);
        requests[i] =
            i % 2 ? by_id("repo-1", keys[i]->id) : by_access_key("repo-1", keys[i]->access_key);
    }
    watch_commits();
    delete_keys(&will, requests, KEYS);
    for (size_t i = 0; i < KEYS; i++) {
        assert_decided(&requests[i], KEYWARD_OK, START, (int64_t)(7 + KEYS + 1 + i));
        assert_plain_event(requests[i].deletion.event, "key.deleted|will|repo-1", keys[i]->id,
                           "one of many");
        keyward_key_free(&keys[i]);
    }
    ck_assert_int_eq(count_events(f.path), 7 + 2 * KEYS);
    ck_assert_int_eq(commits.count, 1);
    ck_assert_int_eq(commits.newest, 7 + 2 * KEYS);
    assert_sound(&f);
}
END_TEST

START_TEST(an_access_key_names_a_key_with_or_without_its_repository)
{
    keyward_key *second = make_key(&f, "repo-1", "second", NULL);

    assert_one(&will, by_access_key("repo-1", live->access_key), KEYWARD_OK);
    assert_plain_event(9, "key.deleted|will|repo-1", live->id, "live");
    assert_one(&will, by_access_key(NULL, second->access_key), KEYWARD_OK);
    assert_plain_event(10, "key.deleted|will|repo-1", second->id, "second");
    assert_one(&host, by_access_key(NULL, other->access_key), KEYWARD_OK);
    assert_plain_event(11, "key.deleted|-|repo-2", other->id, "other");
    assert_one(&will, by_access_key(NULL, second->access_key), KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(count_events(f.path), 11);
    assert_sound(&f);
    keyward_key_free(&second);
}
END_TEST

START_TEST(a_key_named_twice_in_a_batch_is_deleted_once)
{
    keyward_delete_request requests[] = {
        by_id("repo-1", live->id),
        by_id("repo-1", live->id),
        by_access_key(NULL, live->access_key),
        by_access_key("repo-1", live->access_key),
    };

    delete_keys(&will, requests, COUNT(requests));
    assert_decided(&requests[0], KEYWARD_OK, START, 8);
    for (size_t i = 1; i < COUNT(requests); i++)
        assert_decided(&requests[i], KEYWARD_ALREADY_DELETED, START, 8);
    ck_assert_int_eq(count_events(f.path), 8);
    assert_sound(&f);
}
END_TEST

START_TEST(an_access_key_of_another_repository_is_not_found_in_this_one)
{
    assert_one(&will, by_access_key("repo-1", other->access_key), KEYWARD_NOT_FOUND);
    assert_one(&host, by_access_key("repo-1", other->access_key), KEYWARD_NOT_FOUND);
    assert_one(&host, by_access_key("no repository", other->access_key), KEYWARD_NOT_FOUND);
    ck_assert_int_eq(count_events(f.path), 7);
    assert_one(&rita, by_access_key("repo-1", other->access_key), KEYWARD_FORBIDDEN);
    assert_row("SELECT action||actor_id||repo_id FROM audit_events WHERE sequence = 8",
               "key.delete_deniedritarepo-1");
    assert_row("SELECT deleted FROM api_keys WHERE name = 'other'", "0");
}
END_TEST

/* Without a repository a user must not learn whether an access key exists. */
START_TEST(an_access_key_out_of_reach_answers_as_an_unknown_one)
{
    static const keyward_actor *const actors[] = {&rita, &will, &anna, &nobody};

    for (size_t i = 0; i < COUNT(actors); i++) {
        assert_one(actors[i], by_access_key(NULL, other->access_key), KEYWARD_FORBIDDEN);
        assert_one(actors[i], by_access_key(NULL, unknown_access_key), KEYWARD_FORBIDDEN);
        assert_one(actors[i], by_access_key(NULL, "anything at all"), KEYWARD_FORBIDDEN);
    }
    assert_row("SELECT count(*) FROM audit_events WHERE sequence > 7 AND"
               " action = 'key.delete_denied' AND actor_id IS NOT NULL AND user_id IS NULL",
               "12");
    ck_assert_int_eq(count_events(f.path), 19);
    assert_row("SELECT deleted FROM api_keys WHERE name = 'other'", "0");
    assert_sound(&f);
}
END_TEST

START_TEST(an_unknown_access_key_in_a_repository_depends_on_the_role_there)
{
    assert_one(&host, by_access_key(NULL, unknown_access_key), KEYWARD_NOT_FOUND);
    assert_one(&host, by_access_key("repo-1", unknown_access_key), KEYWARD_NOT_FOUND);
    assert_one(&will, by_access_key("repo-1", unknown_access_key), KEYWARD_NOT_FOUND);
    ck_assert_int_eq(count_events(f.path), 7);
    assert_one(&rita, by_access_key("repo-1", unknown_access_key), KEYWARD_FORBIDDEN);
    assert_plain_event(8, "key.delete_denied|rita|repo-1", "-", "-");
    assert_one(&will, by_access_key("repo-2", unknown_access_key), KEYWARD_FORBIDDEN);
    assert_plain_event(9, "key.delete_denied|will|repo-2", "-", "-");
    assert_one(&will, by_access_key(NULL, unknown_access_key), KEYWARD_FORBIDDEN);
    assert_plain_event(10, "key.delete_denied|will|-", "-", "-");
}
END_TEST

START_TEST(every_request_of_a_batch_has_its_own_reason)
{
    static const keyward_actor actor = {.user_id = "will", .reason = "clean-up"};
    keyward_key *second = make_key(&f, "repo-1", "second", NULL);
    keyward_delete_request requests[] = {by_id("repo-1", live->id), by_id("repo-1", second->id)};

    requests[0].deletion.reason = KEYWARD_REASON_COMPROMISED;
    requests[0].deletion.reason_text = "found on a page";
    requests[1].deletion.reason = KEYWARD_REASON_UNUSED;
    delete_keys(&actor, requests, COUNT(requests));
    assert_row("SELECT group_concat(reason||':'||reason_text) FROM audit_events"
               " WHERE action = 'key.deleted' AND reason IS NOT NULL",
               "compromised:found on a page,unused:clean-up");
    keyward_key_free(&second);
}
END_TEST

/* The event of a refused attempt has the deletion's words, however the key was named. */
START_TEST(a_refused_request_of_a_batch_keeps_its_words)
{
    keyward_delete_request requests[] = {
        by_id("repo-1", live->id),
        by_access_key(NULL, live->access_key),
        by_access_key("repo-1", unknown_access_key),
        by_access_key(NULL, unknown_access_key),
    };

    for (size_t i = 0; i < COUNT(requests); i++)
        requests[i].deletion.reason_text = "found on a page";
    delete_keys(&rita, requests, COUNT(requests));
    for (size_t i = 0; i < COUNT(requests); i++)
        assert_decided(&requests[i], KEYWARD_FORBIDDEN, 0, 0);
    assert_row("SELECT count(*) FROM audit_events WHERE action = 'key.delete_denied'"
               " AND reason_text = 'found on a page'",
               "4");
}
END_TEST

START_TEST(one_malformed_request_keeps_the_whole_batch_from_being_done)
{
    for (size_t bad = 0; bad < 3; bad++) {
        keyward_delete_request requests[] = {by_id("repo-1", live->id), by_id("repo-2", other->id),
                                             by_id("repo-1", unknown_id)};
        requests[bad].key_id = NULL;
        assert_invalid(f.store, keyward_delete_keys(f.store, &host, requests, COUNT(requests)),
                       "requests");
    }
    ck_assert_int_eq(count_events(f.path), 7);
    assert_row("SELECT group_concat(name) FROM api_keys WHERE deleted = 0", "live,other");
}
END_TEST

START_TEST(a_batch_that_meets_a_locked_store_says_so_in_every_request)
{
    keyward_delete_request requests[] = {by_id("repo-1", live->id), by_id("repo-2", other->id)};
    sqlite3 *locker;

    f.options.busy_timeout_ms = 0;
    fixture_reopen(&f);
    ck_assert_int_eq(sqlite3_open(f.path, &locker), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(locker, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_status(f.store, keyward_delete_keys(f.store, &host, requests, 2), KEYWARD_BUSY);
    assert_decided(&requests[0], KEYWARD_BUSY, 0, 0);
    assert_decided(&requests[1], KEYWARD_BUSY, 0, 0);
    ck_assert_int_eq(sqlite3_exec(locker, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(locker);
    ck_assert_int_eq(count_events(f.path), 7);
    delete_keys(&host, requests, 2);
    assert_decided(&requests[0], KEYWARD_OK, START, 8);
    assert_decided(&requests[1], KEYWARD_OK, START, 9);
}
END_TEST

/* ---- restoring ---- */

static void assert_restore(const keyward_actor *actor, const char *repo_id, const char *key_id,
                           enum keyward_status wanted)
{
    assert_status(f.store, keyward_restore_key(f.store, actor, repo_id, key_id), wanted);
    ck_assert_int_eq(keyward_last_error(f.store)->status, wanted);
}

START_TEST(a_restored_key_is_as_it_was_and_works_with_its_secret)
{
    static const keyward_actor actor = {.user_id = "anna",
                                        .request_id = "req-2",
                                        .client_address = "::1",
                                        .user_agent = "ui",
                                        .reason = "a mistake"};
    char wanted[256];
    keyward_key *key;

    f.now += 2;
    assert_restore(&actor, "repo-1", deleted->id, KEYWARD_OK);
    snprintf(wanted, sizeof wanted, "repo-1|0|deleted|OPENAI|%lld|-|5|-|-|-", (long long)START);
    assert_key_row(deleted, wanted);
    assert_row(EVENT "8",
               "%lld|key.restored|anna|repo-1|%s|-|deleted|-|-|-|-|a mistake|req-2|::1|ui|0",
               (long long)START + 2, deleted->id);
    assert_status(f.store, try_key(&f, deleted, deleted_secret), KEYWARD_OK);
    assert_status(f.store,
                  keyward_get_key(f.store, &rita, "repo-1", deleted->id, KEYWARD_LIVE, &key),
                  KEYWARD_OK);
    ck_assert_int_eq(key->deleted_at, 0);
    ck_assert_int_eq(key->deleted_event, 0);
    ck_assert_ptr_null(key->deleted_by);
    keyward_key_free(&key);
    assert_sound(&f);
}
END_TEST

START_TEST(the_host_may_restore_and_the_key_is_listed_at_its_place)
{
    keyward_key *newest = make_key(&f, "repo-1", "newest", NULL);
    keyward_key_list *page;

    assert_restore(&host, "repo-1", deleted->id, KEYWARD_OK);
    assert_plain_event(9, "key.restored|-|repo-1", deleted->id, "deleted");
    assert_status(f.store, keyward_list_keys(f.store, &rita, "repo-1", NULL, &page), KEYWARD_OK);
    ck_assert_uint_eq(page->count, 3);
    ck_assert_str_eq(page->keys[0]->id, newest->id);
    ck_assert_str_eq(page->keys[1]->id, deleted->id);
    ck_assert_str_eq(page->keys[2]->id, live->id);
    keyward_key_list_free(&page);
    keyward_key_free(&newest);
}
END_TEST

START_TEST(restoring_is_refused_below_the_admin_whatever_exists)
{
    const struct {
        const keyward_actor *actor;
        const char *repo_id, *key_id;
    } refused[] = {
        {&will, "repo-1", deleted->id},        {&will, "repo-1", live->id},
        {&will, "repo-1", unknown_id},         {&rita, "repo-1", deleted->id},
        {&nobody, "repo-1", unknown_id},       {&anna, "repo-2", other->id},
        {&anna, "no repository", deleted->id},
    };
    char *keys = sql_text(f.path, ALL_KEYS), head[64];

    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_restore(refused[i].actor, refused[i].repo_id, refused[i].key_id, KEYWARD_FORBIDDEN);
        ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 0);
        snprintf(head, sizeof head, "key.restore_denied|%s|%s", refused[i].actor->user_id,
                 refused[i].repo_id);
        assert_plain_event((int64_t)i + 8, head, refused[i].key_id, "-");
    }
    assert_row(ALL_KEYS, "%s", keys);
    assert_status(f.store, try_key(&f, deleted, deleted_secret), KEYWARD_REFUSED);
    assert_sound(&f);
    free(keys);
}
END_TEST

START_TEST(what_is_live_or_unknown_cannot_be_restored)
{
    assert_restore(&anna, "repo-1", live->id, KEYWARD_NOT_DELETED);
    assert_restore(&host, "repo-2", other->id, KEYWARD_NOT_DELETED);
    assert_restore(&anna, "repo-1", unknown_id, KEYWARD_NOT_FOUND);
    assert_restore(&anna, "repo-1", "no uuid", KEYWARD_NOT_FOUND);
    assert_restore(&anna, "repo-1", other->id, KEYWARD_NOT_FOUND);
    assert_restore(&host, "repo-2", deleted->id, KEYWARD_NOT_FOUND);
    assert_restore(&host, "no repository", deleted->id, KEYWARD_NOT_FOUND);
    ck_assert_int_eq(count_events(f.path), 7);
    assert_restore(&anna, "repo-1", deleted->id, KEYWARD_OK);
    assert_restore(&anna, "repo-1", deleted->id, KEYWARD_NOT_DELETED);
    ck_assert_int_eq(count_events(f.path), 8);
}
END_TEST

START_TEST(a_restored_key_can_be_deleted_again_and_the_log_has_both)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_ROTATED};
    char query[512], wanted[256];

    assert_restore(&anna, "repo-1", deleted->id, KEYWARD_OK);
    f.now += 4;
    assert_delete(&will, "repo-1", deleted->id, &deletion, KEYWARD_OK);
    ck_assert_int_eq(deletion.event, 9);
    assert_delete(&will, "repo-1", deleted->id, &deletion, KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(deletion.event, 9);
    ck_assert_int_eq(deletion.deleted_at, START + 4);
    snprintf(wanted, sizeof wanted, "repo-1|1|deleted|OPENAI|%lld|-|5|%lld|will|9",
             (long long)START, (long long)START + 4);
    assert_key_row(deleted, wanted);
    snprintf(query, sizeof query,
             "SELECT group_concat(sequence||action) FROM"
             " (SELECT * FROM audit_events WHERE key_id = '%s' ORDER BY sequence)",
             deleted->id);
    assert_row(query, "5key.created,6key.deleted,8key.restored,9key.deleted");
    assert_refused(f.store, deleted, deleted_secret, KEYWARD_CAUSE_DELETED, START + 4, 9);
    assert_sound(&f);
}
END_TEST

/* ---- the suite ---- */

static void add_single(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "one key", open_fixture, close_fixture);

    tcase_add_test(tests, a_deletion_marks_the_row_and_appends_its_event);
    tcase_add_test(tests, the_admin_and_the_host_may_delete_too);
    tcase_add_test(tests, a_deletion_touches_no_other_key);
    tcase_add_test(tests, a_refused_deletion_tells_nothing_of_what_exists);
    tcase_add_test(tests, a_key_that_is_not_found_writes_nothing);
    tcase_add_test(tests, a_second_deletion_gets_time_and_event_of_the_first_and_writes_nothing);
    tcase_add_test(tests, the_next_call_forgets_the_deletion_it_was_told_of);
    tcase_add_test(tests, a_deletion_is_never_dated_before_what_came_before_it);
    tcase_add_loop_test(tests, every_reason_is_written_down, KEYWARD_REASON_NONE,
                        KEYWARD_REASON_OTHER + 1);
    tcase_add_test(tests, the_text_falls_back_to_the_reason_of_the_actor);
    tcase_add_test(tests, another_reason_needs_words);
    tcase_add_test(tests, the_event_tells_where_the_deletion_came_from);
    tcase_add_test(tests, the_sealed_secret_stays_byte_for_byte);
    tcase_add_test(tests, a_deleted_key_is_neither_listed_nor_found);
    tcase_add_test(tests, a_deleted_key_no_longer_authenticates_in_any_store);
    tcase_add_test(tests, a_wrong_secret_is_not_told_of_the_deletion);
}

static void add_many(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "many keys", open_fixture, close_fixture);

    tcase_add_test(tests, each_request_of_a_batch_has_its_own_result_in_one_transaction);
    tcase_add_test(tests, a_large_batch_is_one_transaction_with_consecutive_events);
    tcase_add_test(tests, an_access_key_names_a_key_with_or_without_its_repository);
    tcase_add_test(tests, a_key_named_twice_in_a_batch_is_deleted_once);
    tcase_add_test(tests, an_access_key_of_another_repository_is_not_found_in_this_one);
    tcase_add_test(tests, an_access_key_out_of_reach_answers_as_an_unknown_one);
    tcase_add_test(tests, an_unknown_access_key_in_a_repository_depends_on_the_role_there);
    tcase_add_test(tests, every_request_of_a_batch_has_its_own_reason);
    tcase_add_test(tests, a_refused_request_of_a_batch_keeps_its_words);
    tcase_add_test(tests, one_malformed_request_keeps_the_whole_batch_from_being_done);
    tcase_add_test(tests, a_batch_that_meets_a_locked_store_says_so_in_every_request);
}

static void add_restoring(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "restore", open_fixture, close_fixture);

    tcase_add_test(tests, a_restored_key_is_as_it_was_and_works_with_its_secret);
    tcase_add_test(tests, the_host_may_restore_and_the_key_is_listed_at_its_place);
    tcase_add_test(tests, restoring_is_refused_below_the_admin_whatever_exists);
    tcase_add_test(tests, what_is_live_or_unknown_cannot_be_restored);
    tcase_add_test(tests, a_restored_key_can_be_deleted_again_and_the_log_has_both);
}

int main(void)
{
    Suite *suite = suite_create("delete");

    add_single(suite);
    add_many(suite);
    add_restoring(suite);
    return run_suite(suite);
}
