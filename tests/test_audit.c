/* SPDX-License-Identifier: MIT */
/* The audit log: what a query shows of it, how it is followed, and who is told of a commit. */
#include "support/fixture.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char unknown_id[] = "018bcfe5-6800-7000-8000-000000000000";

/* A log of 17 events in which every action occurs, see write_log(). */
static struct fixture f;
static keyward_key *a, *b; /* of "repo-1" and of "repo-2" */

static void must(enum keyward_status got, enum keyward_status wanted)
{
    assert_status(f.store, got, wanted);
}

static void write_denials(void)
{
    const keyward_new_key new_key = {.name = "c", .provider = KEYWARD_AWS};
    keyward_key *key;
    keyward_secret *secret;

    must(keyward_create_key(f.store, &rita, "repo-1", &new_key, &key, &secret), KEYWARD_FORBIDDEN);
    must(keyward_rename_key(f.store, &rita, "repo-1", a->id, "A"), KEYWARD_FORBIDDEN);
    must(keyward_restore_key(f.store, &will, "repo-1", a->id), KEYWARD_FORBIDDEN);
    must(keyward_grant(f.store, &will, "repo-1", "zoe", KEYWARD_READER), KEYWARD_FORBIDDEN);
    must(keyward_revoke(f.store, &will, "repo-1", "rita"), KEYWARD_FORBIDDEN);
}

static void write_log(void)
{
    f.now = START + 10;
    a = make_key(&f, "repo-1", "a", NULL); /* 4 */
    b = make_key(&f, "repo-2", "b", NULL); /* 5 */
    f.now = START + 20;
    must(keyward_delete_key(f.store, &will, "repo-1", a->id, NULL), KEYWARD_OK);        /* 6 */
    must(keyward_delete_key(f.store, &rita, "repo-1", a->id, NULL), KEYWARD_FORBIDDEN); /* 7 */
    must(keyward_delete_key(f.store, &will, "repo-2", b->id, NULL), KEYWARD_FORBIDDEN); /* 8 */
    must(keyward_grant(f.store, &anna, "repo-1", "zoe", KEYWARD_READER), KEYWARD_OK);   /* 9 */
    f.now = START + 30;
    must(keyward_restore_key(f.store, &anna, "repo-1", a->id), KEYWARD_OK); /* 10 */
    f.now = START + 40;
    must(keyward_rename_key(f.store, &will, "repo-1", a->id, "A"), KEYWARD_OK); /* 11 */
    must(keyward_revoke(f.store, &anna, "repo-1", "zoe"), KEYWARD_OK);          /* 12 */
    f.now = START + 50;
    write_denials(); /* 17 */
}

static void open_fixture(void)
{
    fixture_open(&f);
    write_log();
}

static void close_fixture(void)
{
    keyward_key_free(&a);
    keyward_key_free(&b);
    fixture_close(&f);
}

static keyward_event_list *list_as(const keyward_actor *actor, const keyward_event_query *query)
{
    keyward_event_list *events;

    must(keyward_list_events(f.store, actor, query, &events), KEYWARD_OK);
    return events;
}

static void write_sequences(const keyward_event_list *events, char text[1024])
{
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < events->count; i++)
        length += (size_t)snprintf(text + length, 1024 - length, "%s%lld", i > 0 ? "," : "",
                                   (long long)events->events[i]->sequence);
}

/* What the host sees with the query, as "sequence,sequence,...". */
static void assert_page(keyward_event_query query, const char *wanted, bool wanted_more)
{
    keyward_event_list *events = list_as(&host, &query);
    char got[1024];

    write_sequences(events, got);
    ck_assert_str_eq(got, wanted);
    ck_assert_int_eq(events->more, wanted_more);
    keyward_event_list_free(&events);
}

/* All of it on one page, oldest first. */
static void assert_found(keyward_event_query query, const char *wanted)
{
    query.oldest_first = true;
    assert_page(query, wanted, false);
}

/* ---- filters ---- */

#define Q(...) ((keyward_event_query){__VA_ARGS__})

START_TEST(without_a_filter_the_host_sees_everything_newest_first)
{
    keyward_event_list *events = list_as(&host, NULL);
    char got[1024];

    write_sequences(events, got);
    ck_assert_str_eq(got, "17,16,15,14,13,12,11,10,9,8,7,6,5,4,3,2,1");
    ck_assert(!events->more);
    keyward_event_list_free(&events);
    assert_found(Q(.limit = 0), "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17");
}
END_TEST

START_TEST(a_repository_narrows)
{
    assert_found(Q(.repo_id = "repo-1"), "1,2,3,4,6,7,9,10,11,12,13,14,15,16,17");
    assert_found(Q(.repo_id = "repo-2"), "5,8");
    assert_found(Q(.repo_id = "no repository"), "");
    assert_found(Q(.repo_id = "REPO-1"), "");
}
END_TEST

START_TEST(a_key_narrows)
{
    assert_found(Q(.key_id = a->id), "4,6,7,10,11,14,15");
    assert_found(Q(.key_id = b->id), "5,8");
    assert_found(Q(.key_id = unknown_id), "");
}
END_TEST

START_TEST(a_user_narrows_to_what_he_did_and_what_was_done_to_his_access)
{
    assert_found(Q(.user_id = "anna"), "1,9,10,12");
    assert_found(Q(.user_id = "will"), "2,6,8,11,15,16,17");
    assert_found(Q(.user_id = "rita"), "3,7,13,14,17");
    assert_found(Q(.user_id = "zoe"), "9,12,16");
    assert_found(Q(.user_id = "nobody"), "");
}
END_TEST

START_TEST(an_action_narrows)
{
    static const char *const wanted[] = {"",   "4,5", "13",      "11", "14", "6", "7,8",
                                         "10", "15",  "1,2,3,9", "16", "12", "17"};

    assert_found(Q(.action = (enum keyward_action)_i), wanted[_i]);
}
END_TEST

START_TEST(times_narrow_to_a_range_without_its_end)
{
    assert_found(Q(.from = START), "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17");
    assert_found(Q(.from = START + 20), "6,7,8,9,10,11,12,13,14,15,16,17");
    assert_found(Q(.from = START + 21), "10,11,12,13,14,15,16,17");
    assert_found(Q(.from = START + 50), "13,14,15,16,17");
    assert_found(Q(.from = START + 51), "");
    assert_found(Q(.from = INT64_MAX), "");
    assert_found(Q(.until = 1), "");
    assert_found(Q(.until = START), "");
    assert_found(Q(.until = START + 1), "1,2,3");
    assert_found(Q(.until = START + 20), "1,2,3,4,5");
    assert_found(Q(.until = START + 50), "1,2,3,4,5,6,7,8,9,10,11,12");
    assert_found(Q(.until = INT64_MAX), "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17");
    assert_found(Q(.from = START + 20, .until = START + 30), "6,7,8,9");
    assert_found(Q(.from = START + 20, .until = START + 21), "6,7,8,9");
    assert_found(Q(.from = START + 20, .until = START + 20), "");
    assert_found(Q(.from = START + 40, .until = START + 20), "");
    assert_found(Q(.from = START + 31, .until = START + 39), "");
}
END_TEST

START_TEST(filters_narrow_together)
{
    assert_found(Q(.repo_id = "repo-1", .user_id = "will"), "2,6,11,15,16,17");
    assert_found(Q(.repo_id = "repo-2", .user_id = "will"), "8");
    assert_found(Q(.repo_id = "repo-1", .key_id = b->id), "");
    assert_found(Q(.key_id = a->id, .user_id = "will"), "6,11,15");
    assert_found(Q(.user_id = "rita", .action = KEYWARD_KEY_DELETE_DENIED), "7");
    assert_found(Q(.action = KEYWARD_KEY_DELETE_DENIED, .repo_id = "repo-2"), "8");
    assert_found(Q(.user_id = "will", .from = START + 20, .until = START + 50), "6,8,11");
    assert_found(Q(.repo_id = "repo-1", .key_id = a->id, .user_id = "will",
                   .action = KEYWARD_KEY_DELETED, .from = START + 20, .until = START + 21,
                   .after_sequence = 5, .before_sequence = 7),
                 "6");
    assert_found(Q(.after_sequence = 5, .before_sequence = 9), "6,7,8");
    assert_page(Q(.after_sequence = 5, .before_sequence = 9), "8,7,6", false);
    assert_found(Q(.after_sequence = 9, .before_sequence = 9), "");
    assert_found(Q(.after_sequence = 3, .until = START + 20), "4,5");
    assert_found(Q(.before_sequence = 8, .from = START + 20), "6,7");
}
END_TEST

/* What a query shows, by its documentation. */
static bool is_wanted(const keyward_event *event, const keyward_event_query *query)
{
    if (query->repo_id && strcmp(query->repo_id, event->repo_id) != 0)
        return false;
    if (query->key_id && (!event->key_id || strcmp(query->key_id, event->key_id) != 0))
        return false;
    if (query->user_id && !(event->actor_id && strcmp(query->user_id, event->actor_id) == 0) &&
        !(event->user_id && strcmp(query->user_id, event->user_id) == 0))
        return false;
    if (query->action != KEYWARD_ACTION_ANY && query->action != event->action)
        return false;
    return event->at >= query->from && (query->until == 0 || event->at < query->until);
}

static void assert_as_documented(const keyward_event_list *all, const keyward_event_query *query)
{
    keyward_event_list *got = list_as(&host, query);
    size_t next = 0;

    for (size_t i = 0; i < all->count; i++) {
        if (!is_wanted(all->events[i], query))
            continue;
        ck_assert_uint_lt(next, got->count);
        ck_assert_int_eq(got->events[next++]->sequence, all->events[i]->sequence);
    }
    ck_assert_uint_eq(next, got->count);
    ck_assert(!got->more);
    keyward_event_list_free(&got);
}

static void try_times(const keyward_event_list *all, keyward_event_query query)
{
    static const int64_t times[] = {0, START, START + 20, START + 21, START + 50};

    for (size_t i = 0; i < COUNT(times); i++) {
        for (size_t j = 0; j < COUNT(times); j++) {
            query.from = times[i];
            query.until = times[j];
            assert_as_documented(all, &query);
        }
    }
}

START_TEST(every_combination_of_filters_shows_what_it_says)
{
    const char *const repos[] = {NULL, "repo-1", "repo-2"}, *const keys[] = {NULL, a->id, b->id};
    static const char *const users[] = {NULL, "will", "zoe"};
    keyward_event_list *all = all_events(&f);

    for (size_t i = 0; i < COUNT(repos) * COUNT(keys) * COUNT(users); i++) {
        keyward_event_query query = {.repo_id = repos[i % 3],
                                     .key_id = keys[i / 3 % 3],
                                     .user_id = users[i / 9],
                                     .action = (enum keyward_action)_i,
                                     .oldest_first = true};
        try_times(all, query);
    }
    keyward_event_list_free(&all);
}
END_TEST

/* ---- who may look ---- */

static void assert_forbidden(const keyward_actor *actor, const char *repo_id)
{
    keyward_event_list *events = (keyward_event_list *)&f;

    must(keyward_list_events(f.store, actor, &Q(.repo_id = repo_id), &events), KEYWARD_FORBIDDEN);
    ck_assert_ptr_null(events);
}

START_TEST(a_reader_sees_his_repository_and_no_other)
{
    static const keyward_actor *const readers[] = {&rita, &will, &anna};

    for (size_t i = 0; i < COUNT(readers); i++) {
        keyward_event_list *events = list_as(readers[i], &Q(.repo_id = "repo-1"));
        ck_assert_uint_eq(events->count, 15);
        for (size_t j = 0; j < events->count; j++)
            ck_assert_str_eq(events->events[j]->repo_id, "repo-1");
        keyward_event_list_free(&events);
        assert_forbidden(readers[i], "repo-2");
        assert_forbidden(readers[i], "no repository");
        events = list_as(readers[i], &Q(.repo_id = "repo-1", .key_id = b->id));
        ck_assert_uint_eq(events->count, 0);
        keyward_event_list_free(&events);
    }
    assert_forbidden(&nobody, "repo-1");
    ck_assert_int_eq(count_events(f.path), 17);
}
END_TEST

START_TEST(only_the_host_looks_across_repositories)
{
    keyward_event_list *events = (keyward_event_list *)&f;

    assert_invalid(f.store, keyward_list_events(f.store, &anna, NULL, &events), "query.repo_id");
    ck_assert_ptr_null(events);
    assert_invalid(f.store, keyward_list_events(f.store, &anna, &Q(.key_id = a->id), &events),
                   "query.repo_id");
    ck_assert_ptr_null(events);
}
END_TEST

/* ---- pages ---- */

/* Walks all pages in one direction; the events must be those of the whole list, each once. */
static void assert_walk(keyward_event_query query)
{
    const int limit = query.limit;
    keyward_event_list *all, *page;
    size_t next = 0;
    bool more = true;

    query.limit = KEYWARD_PAGE_MAX;
    all = list_as(&host, &query);
    query.limit = limit;
    while (more) {
        page = list_as(&host, &query);
        for (size_t i = 0; i < page->count; i++) {
            int64_t sequence = page->events[i]->sequence;
            ck_assert_int_eq(sequence, all->events[next++]->sequence);
            *(query.oldest_first ? &query.after_sequence : &query.before_sequence) = sequence;
        }
        more = page->more;
        ck_assert_uint_le(page->count, (size_t)limit);
        if (more)
            ck_assert_uint_eq(page->count, (size_t)limit);
        keyward_event_list_free(&page);
    }
    ck_assert_uint_eq(next, all->count);
    keyward_event_list_free(&all);
}

START_TEST(pages_of_every_size_walk_every_event_once_in_both_directions)
{
    for (int limit = 1; limit <= 18; limit++) {
        for (int oldest_first = 0; oldest_first <= 1; oldest_first++) {
            assert_walk(Q(.limit = limit, .oldest_first = oldest_first != 0));
            assert_walk(Q(.limit = limit, .oldest_first = oldest_first != 0, .user_id = "will"));
            assert_walk(Q(.limit = limit, .oldest_first = oldest_first != 0, .repo_id = "repo-1",
                          .from = START + 20, .until = START + 50));
        }
    }
}
END_TEST

START_TEST(more_tells_whether_there_are_further_events_in_this_direction)
{
    assert_page(Q(.limit = 2), "17,16", true);
    assert_page(Q(.limit = 2, .before_sequence = 3), "2,1", false);
    assert_page(Q(.limit = 2, .oldest_first = true), "1,2", true);
    assert_page(Q(.limit = 2, .oldest_first = true, .after_sequence = 15), "16,17", false);
    assert_page(Q(.limit = 2, .repo_id = "repo-2"), "8,5", false);
    assert_page(Q(.limit = 1, .repo_id = "repo-2"), "8", true);
    assert_page(Q(.limit = 1, .oldest_first = true, .until = START + 1), "1", true);
    assert_page(Q(.limit = 3, .oldest_first = true, .until = START + 1), "1,2,3", false);
    assert_page(Q(.before_sequence = 1), "", false);
    assert_page(Q(.before_sequence = INT64_MAX, .limit = 1), "17", true);
    assert_page(Q(.after_sequence = 17), "", false);
    assert_page(Q(.after_sequence = 16), "17", false);
}
END_TEST

START_TEST(nothing_comes_after_the_largest_sequence)
{
    assert_page(Q(.after_sequence = INT64_MAX - 1), "", false);
    assert_page(Q(.after_sequence = INT64_MAX), "", false);
    assert_page(Q(.after_sequence = INT64_MAX, .oldest_first = true), "", false);
}
END_TEST

static void flood(int count)
{
    f.options.durability = KEYWARD_SURVIVES_CRASH; /* many commits: let them cost no flush */
    fixture_reopen(&f);
    for (int i = 0; i < count; i++)
        must(keyward_delete_key(f.store, &rita, "repo-1", unknown_id, NULL), KEYWARD_FORBIDDEN);
}

START_TEST(a_page_has_the_default_or_the_maximal_number_of_events)
{
    keyward_event_list *events;

    flood(KEYWARD_PAGE_MAX + 1 - 17);
    events = list_as(&host, NULL);
    ck_assert_uint_eq(events->count, KEYWARD_PAGE_DEFAULT);
    ck_assert(events->more);
    ck_assert_int_eq(events->events[0]->sequence, KEYWARD_PAGE_MAX + 1);
    keyward_event_list_free(&events);
    events = list_as(&host, &Q(.limit = KEYWARD_PAGE_MAX));
    ck_assert_uint_eq(events->count, KEYWARD_PAGE_MAX);
    ck_assert(events->more);
    keyward_event_list_free(&events);
    events =
        list_as(&host, &Q(.limit = KEYWARD_PAGE_MAX, .oldest_first = true, .after_sequence = 1));
    ck_assert_uint_eq(events->count, KEYWARD_PAGE_MAX);
    ck_assert(!events->more);
    keyward_event_list_free(&events);
}
END_TEST

START_TEST(times_find_their_events_among_many_equal_ones)
{
    f.now = START + 100;
    flood(200); /* 18 to 217 */
    f.now = START + 101;
    flood(3);
    assert_page(Q(.from = START + 100, .oldest_first = true, .limit = 2), "18,19", true);
    assert_page(Q(.from = START + 51, .until = START + 101, .limit = 2), "217,216", true);
    assert_page(Q(.from = START + 101), "220,219,218", false);
    assert_page(Q(.until = START + 100, .limit = 1), "17", true);
    assert_page(Q(.from = START + 102), "", false);
    for (int64_t time = START + 99; time <= START + 102; time++)
        assert_walk(Q(.from = time, .until = time + 1, .limit = 37, .oldest_first = true));
}
END_TEST

/* ---- following ---- */

START_TEST(a_follower_gets_each_event_once_and_in_order)
{
    keyward_event_query query = {.oldest_first = true, .limit = 5};
    int64_t wanted = 1;

    while (wanted <= 40) {
        keyward_event_list *events = list_as(&host, &query);
        for (size_t i = 0; i < events->count; i++) {
            ck_assert_int_eq(events->events[i]->sequence, wanted++);
            query.after_sequence = events->events[i]->sequence;
        }
        keyward_event_list_free(&events);
        must(keyward_delete_key(f.store, &rita, "repo-1", a->id, NULL), KEYWARD_FORBIDDEN);
        must(keyward_delete_key(f.store, &rita, "repo-1", b->id, NULL), KEYWARD_FORBIDDEN);
    }
}
END_TEST

START_TEST(the_log_of_an_empty_store_is_empty)
{
    keyward_event_list *events;

    close_fixture();
    fixture_init(&f);
    fixture_reopen(&f);
    events = list_as(&host, &Q(.from = 1, .until = START));
    ck_assert_uint_eq(events->count, 0);
    ck_assert(!events->more);
    keyward_event_list_free(&events);
    must(keyward_grant(f.store, &host, "repo-1", "anna", KEYWARD_ADMIN), KEYWARD_OK);
    assert_found(Q(.limit = 0), "1");
}
END_TEST

/* ---- numbers and times ---- */

/* Whatever leaves no event. */
static void do_what_is_not_recorded(void)
{
    keyward_event_list *events;
    keyward_delete_request request = {.repo_id = "repo-1", .key_id = unknown_id};
    keyward_identity identity;

    must(keyward_delete_key(f.store, &will, "repo-1", unknown_id, NULL), KEYWARD_NOT_FOUND);
    must(keyward_delete_key(f.store, &will, "repo-1", "", NULL), KEYWARD_INVALID);
    must(keyward_delete_keys(f.store, &will, &request, 1), KEYWARD_OK);
    must(keyward_rename_key(f.store, &will, "repo-1", a->id, "A"), KEYWARD_OK); /* its name */
    must(keyward_restore_key(f.store, &anna, "repo-1", a->id), KEYWARD_NOT_DELETED);
    must(keyward_grant(f.store, &anna, "repo-1", "rita", KEYWARD_READER), KEYWARD_OK); /* hers */
    must(keyward_revoke(f.store, &anna, "repo-1", "nobody"), KEYWARD_NOT_FOUND);
    must(keyward_authenticate(f.store, a->access_key, "wrong", 5, &identity), KEYWARD_REFUSED);
    must(keyward_list_events(f.store, &nobody, &Q(.repo_id = "repo-1"), &events),
         KEYWARD_FORBIDDEN);
    events = list_as(&host, NULL);
    keyward_event_list_free(&events);
}

static void fail_to_write(void)
{
    sqlite3 *locker;

    ck_assert_int_eq(sqlite3_open(f.path, &locker), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(locker, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    must(keyward_delete_key(f.store, &will, "repo-1", a->id, NULL), KEYWARD_BUSY);
    sqlite3_close(locker);
}

START_TEST(sequences_have_no_gaps_whatever_fails_in_between)
{
    f.options.busy_timeout_ms = 0;
    fixture_reopen(&f);
    do_what_is_not_recorded();
    fail_to_write();
    ck_assert_int_eq(count_events(f.path), 17);
    must(keyward_delete_key(f.store, &will, "repo-1", a->id, NULL), KEYWARD_OK);
    must(keyward_delete_key(f.store, &will, "repo-1", a->id, NULL), KEYWARD_ALREADY_DELETED);
    must(keyward_delete_key(f.store, &will, "repo-2", b->id, NULL), KEYWARD_FORBIDDEN);
    assert_found(Q(.after_sequence = 16), "17,18,19");
    ck_assert_int_eq(sql_number(f.path, "SELECT max(sequence) = count(*) AND min(sequence) = 1"
                                        " FROM audit_events"),
                     1);
    assert_sound(&f);
}
END_TEST

START_TEST(times_never_decrease_when_the_clock_jumps)
{
    static const int64_t clocks[] = {START + 60, START, START - 3600000, START + 59, START + 60,
                                     START + 61, 0,     START + 70};
    static const int64_t times[] = {START + 60, START + 60, START + 60, START + 60,
                                    START + 60, START + 61, START + 61, START + 70};
    keyward_event_list *events;

    for (size_t i = 0; i < COUNT(clocks); i++) {
        f.now = clocks[i];
        if (i == 4)
            fixture_reopen(&f);
        must(keyward_delete_key(f.store, &rita, "repo-1", a->id, NULL), KEYWARD_FORBIDDEN);
    }
    events = list_as(&host, &Q(.after_sequence = 17, .oldest_first = true));
    ck_assert_uint_eq(events->count, COUNT(times));
    for (size_t i = 0; i < COUNT(times); i++)
        ck_assert_int_eq(events->events[i]->at, times[i]);
    keyward_event_list_free(&events);
    assert_found(Q(.from = START + 61), "23,24,25");
    assert_sound(&f);
}
END_TEST

/* ---- after a commit ---- */

static struct {
    int count;
    int64_t newest;
    int64_t found; /* how many events another connection saw in the callback */
    int locked;    /* what it got when it tried to write */
    pthread_t thread;
    void (*inside)(keyward *store); /* what else to do there, once */
} called;

static void note_commit(void *context, keyward *store, int64_t sequence)
{
    void (*inside)(keyward *) = called.inside;

    ck_assert_ptr_eq(context, &called);
    ck_assert_ptr_eq(store, f.store);
    called.count++;
    called.newest = sequence;
    called.thread = pthread_self();
    called.found = count_events(f.path);
    called.locked = sql(f.path, "BEGIN IMMEDIATE; ROLLBACK");
    called.inside = NULL;
    if (inside)
        inside(store);
}

static void watch(void (*inside)(keyward *store))
{
    f.options.after_commit = note_commit;
    f.options.after_commit_context = &called;
    fixture_reopen(&f);
    memset(&called, 0, sizeof called);
    called.inside = inside;
}

/* One call since the last time, with this sequence, in this thread, after the commit. */
static void assert_called(int64_t newest)
{
    ck_assert_int_eq(called.count, 1);
    ck_assert_int_eq(called.newest, newest);
    ck_assert_int_eq(called.found, newest);
    ck_assert_int_eq(called.locked, SQLITE_OK);
    ck_assert(pthread_equal(called.thread, pthread_self()));
    called.count = 0;
}

START_TEST(the_callback_is_called_once_for_each_change)
{
    keyward_key *key;

    watch(NULL);
    key = make_key(&f, "repo-1", "key", NULL);
    assert_called(18);
    must(keyward_rename_key(f.store, &will, "repo-1", key->id, "new"), KEYWARD_OK);
    assert_called(19);
    must(keyward_delete_key(f.store, &will, "repo-1", key->id, NULL), KEYWARD_OK);
    assert_called(20);
    must(keyward_restore_key(f.store, &anna, "repo-1", key->id), KEYWARD_OK);
    assert_called(21);
    must(keyward_grant(f.store, &anna, "repo-1", "zoe", KEYWARD_ADMIN), KEYWARD_OK);
    assert_called(22);
    must(keyward_revoke(f.store, &anna, "repo-1", "zoe"), KEYWARD_OK);
    assert_called(23);
    keyward_key_free(&key);
}
END_TEST

START_TEST(the_callback_is_called_once_for_each_refusal_with_an_event)
{
    watch(NULL);
    must(keyward_delete_key(f.store, &rita, "repo-1", a->id, NULL), KEYWARD_FORBIDDEN);
    assert_called(18);
    must(keyward_revoke(f.store, &anna, "repo-1", "anna"), KEYWARD_LAST_ADMIN);
    assert_called(19);
    write_denials();
    ck_assert_int_eq(called.count, 5);
    ck_assert_int_eq(called.newest, 24);
}
END_TEST

START_TEST(the_callback_is_called_once_for_a_batch)
{
    keyward_delete_request requests[] = {
        {.repo_id = "repo-1", .key_id = a->id},
        {.repo_id = "repo-2", .key_id = b->id},
        {.repo_id = "repo-1", .key_id = unknown_id},
    };

    watch(NULL);
    must(keyward_delete_keys(f.store, &will, requests, COUNT(requests)), KEYWARD_OK);
    assert_called(19);
    must(keyward_delete_keys(f.store, &host, requests, COUNT(requests)), KEYWARD_OK);
    assert_called(20); /* only "b" was left to delete */
}
END_TEST

START_TEST(the_callback_is_not_called_where_nothing_was_appended)
{
    f.options.busy_timeout_ms = 0;
    watch(NULL);
    do_what_is_not_recorded();
    fail_to_write();
    assert_sound(&f);
    ck_assert_int_eq(called.count, 0);
}
END_TEST

static void delete_and_list(keyward *store)
{
    keyward_event_list *events;
    keyward_deletion deletion = {.reason = KEYWARD_REASON_ROTATED};

    must(keyward_delete_key(store, &will, "repo-1", a->id, &deletion), KEYWARD_OK);
    ck_assert_int_eq(deletion.event, 19);
    ck_assert_int_eq(called.count, 2); /* it was called for this, too */
    events = list_as(&host, &Q(.limit = 1));
    ck_assert_int_eq(events->events[0]->sequence, 19);
    keyward_event_list_free(&events);
}

START_TEST(the_callback_may_delete_and_list)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE};

    watch(delete_and_list);
    must(keyward_delete_key(f.store, &host, "repo-2", b->id, &deletion), KEYWARD_OK);
    ck_assert_int_eq(deletion.event, 18);
    ck_assert_int_eq(called.count, 2);
    ck_assert_int_eq(called.newest, 19);
    assert_sound(&f);
}
END_TEST

static void *delete_in_thread(void *store)
{
    static enum keyward_status status;

    status = keyward_delete_key(store, &will, "repo-1", a->id, NULL);
    return &status;
}

static void wait_for_a_thread(keyward *store)
{
    pthread_t thread;
    void *status;

    ck_assert_int_eq(pthread_create(&thread, NULL, delete_in_thread, store), 0);
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    ck_assert_int_eq(*(enum keyward_status *)status, KEYWARD_OK);
}

START_TEST(the_callback_holds_up_no_other_thread)
{
    watch(wait_for_a_thread);
    must(keyward_delete_key(f.store, &host, "repo-2", b->id, NULL), KEYWARD_OK);
    ck_assert_int_eq(called.count, 2);
}
END_TEST

static void fail_in_every_way(keyward *store)
{
    keyward_identity identity;

    must(keyward_delete_key(store, &will, "repo-1", unknown_id, NULL), KEYWARD_NOT_FOUND);
    must(keyward_authenticate(store, a->access_key, "wrong", 5, &identity), KEYWARD_REFUSED);
    must(keyward_delete_key(store, &host, "repo-2", b->id, NULL), KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(keyward_last_error(store)->deleted_event, 18);
    must(keyward_delete_key(store, &will, "", a->id, NULL), KEYWARD_INVALID);
}

static void assert_error(enum keyward_status status)
{
    const keyward_error *error = keyward_last_error(f.store);

    ck_assert_int_eq(error->status, status);
    ck_assert_str_eq(error->message, keyward_status_text(status));
    ck_assert_int_eq(error->sqlite_code, 0);
    ck_assert_int_eq(error->cause, KEYWARD_CAUSE_NONE);
    ck_assert_int_eq(error->deleted_at, 0);
    ck_assert_int_eq(error->deleted_event, 0);
}

START_TEST(the_last_error_survives_the_callback)
{
    watch(fail_in_every_way);
    must(keyward_delete_key(f.store, &host, "repo-2", b->id, NULL), KEYWARD_OK);
    assert_error(KEYWARD_OK);
    called.inside = fail_in_every_way;
    must(keyward_delete_key(f.store, &rita, "repo-1", a->id, NULL), KEYWARD_FORBIDDEN);
    assert_error(KEYWARD_FORBIDDEN);
    called.inside = fail_in_every_way;
    must(keyward_revoke(f.store, &anna, "repo-1", "anna"), KEYWARD_LAST_ADMIN);
    assert_error(KEYWARD_LAST_ADMIN);
}
END_TEST

static void fail_elsewhere(keyward *store)
{
    keyward *other;

    (void)store;
    assert_status(NULL, keyward_open(&other, "", &f.options), KEYWARD_INVALID);
}

START_TEST(the_last_error_survives_a_callback_that_calls_without_the_store)
{
    watch(fail_elsewhere);
    must(keyward_delete_key(f.store, &rita, "repo-1", a->id, NULL), KEYWARD_FORBIDDEN);
    assert_error(KEYWARD_FORBIDDEN);
}
END_TEST

/* ---- the suite ---- */

static void add_queries(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "queries", open_fixture, close_fixture);

    tcase_add_test(tests, without_a_filter_the_host_sees_everything_newest_first);
    tcase_add_test(tests, a_repository_narrows);
    tcase_add_test(tests, a_key_narrows);
    tcase_add_test(tests, a_user_narrows_to_what_he_did_and_what_was_done_to_his_access);
    tcase_add_loop_test(tests, an_action_narrows, KEYWARD_KEY_CREATED,
                        KEYWARD_ACCESS_REVOKE_DENIED + 1);
    tcase_add_test(tests, times_narrow_to_a_range_without_its_end);
    tcase_add_test(tests, filters_narrow_together);
    tcase_add_loop_test(tests, every_combination_of_filters_shows_what_it_says, KEYWARD_ACTION_ANY,
                        KEYWARD_ACCESS_REVOKE_DENIED + 1);
    tcase_add_test(tests, a_reader_sees_his_repository_and_no_other);
    tcase_add_test(tests, only_the_host_looks_across_repositories);
    tcase_add_test(tests, pages_of_every_size_walk_every_event_once_in_both_directions);
    tcase_add_test(tests, more_tells_whether_there_are_further_events_in_this_direction);
    tcase_add_test(tests, nothing_comes_after_the_largest_sequence);
    tcase_add_test(tests, a_page_has_the_default_or_the_maximal_number_of_events);
    tcase_add_test(tests, times_find_their_events_among_many_equal_ones);
}

static void add_log(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "log", open_fixture, close_fixture);

    tcase_add_test(tests, a_follower_gets_each_event_once_and_in_order);
    tcase_add_test(tests, the_log_of_an_empty_store_is_empty);
    tcase_add_test(tests, sequences_have_no_gaps_whatever_fails_in_between);
    tcase_add_test(tests, times_never_decrease_when_the_clock_jumps);
}

static void add_callback(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "after commit", open_fixture, close_fixture);

    tcase_add_test(tests, the_callback_is_called_once_for_each_change);
    tcase_add_test(tests, the_callback_is_called_once_for_each_refusal_with_an_event);
    tcase_add_test(tests, the_callback_is_called_once_for_a_batch);
    tcase_add_test(tests, the_callback_is_not_called_where_nothing_was_appended);
    tcase_add_test(tests, the_callback_may_delete_and_list);
    tcase_add_test(tests, the_callback_holds_up_no_other_thread);
    tcase_add_test(tests, the_last_error_survives_the_callback);
    tcase_add_test(tests, the_last_error_survives_a_callback_that_calls_without_the_store);
}

int main(void)
{
    Suite *suite = suite_create("audit");

    add_queries(suite);
    add_log(suite);
    add_callback(suite);
    return run_suite(suite);
}
