/* SPDX-License-Identifier: MIT */
/*
 * Where deleted keys lie. Nobody who asks the library can tell whether a deleted key is archived;
 * the lists are exact after each deletion, in whatever order keys are deleted, and few deleted keys
 * lie between live ones. What an outsider deletes by SQL lies the same way.
 *
 * The random orders come from a seed that is printed; KEYWARD_TEST_SEED=<seed> replays one.
 */
#include "support/chance.h"
#include "support/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define KEYS 300
#define SIDE 7 /* so many deleted neighbours on the side it looks to are archived with a key */

/* Deleted keys that may lie unarchived in a repository after KEYS deletions. Every second one looks
 * to where they lie and takes them along when there are seven, so that thirty are a rarity. */
#define LEFT_IN_A_ROW 40

/* And between two live keys, at any time. */
#define LEFT_BETWEEN 60

/* What the tests know of a key. */
struct known_key {
    char id[KEYWARD_KEY_ID_LENGTH + 1], access_key[64], secret[96];
    bool live;
    int64_t deleted_at, deleted_event;
};

static struct fixture f;
static struct known_key keys[KEYS]; /* of "repo-1", oldest first */
static int key_count;
static uint64_t random_state;

static void open_fixture(void)
{
    fixture_open(&f);
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    key_count = 0;
}

static void close_fixture(void)
{
    fixture_close(&f);
}

/* ---- chance ---- */

static int below(int limit)
{
    return chance_index(&random_state, limit);
}

/* The ids' last digits decide who looks where: they follow the seed too. */
static int seeded_random(void *context, void *buffer, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++)
        ((unsigned char *)buffer)[i] = (unsigned char)below(256);
    return 0;
}

static void open_seeded(void)
{
    open_fixture();
    random_state = chance_seed();
    f.options.random = seeded_random;
    fixture_reopen(&f);
}

enum order { ASCENDING, DESCENDING, RANDOM, ORDERS };

static void make_order(enum order order, int *numbers, int count)
{
    for (int i = 0; i < count; i++)
        numbers[i] = order == DESCENDING ? count - 1 - i : i;
    for (int i = count - 1; order == RANDOM && i > 0; i--) {
        int other = below(i + 1), number = numbers[i];
        numbers[i] = numbers[other];
        numbers[other] = number;
    }
}

/* ---- calls ---- */

static struct known_key *add_key(void)
{
    struct known_key *known = &keys[key_count++];
    keyward_secret *secret;
    keyward_key *key = make_key(&f, "repo-1", "one of many", &secret);

    *known = (struct known_key){.live = true};
    strcpy(known->id, key->id);
    strcpy(known->access_key, key->access_key);
    strcpy(known->secret, secret->text);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
    return known;
}

static void add_keys(int count)
{
    for (int i = 0; i < count; i++)
        add_key();
}

static void delete_known(struct known_key *known)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_ROTATED};

    f.now++;
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", known->id, &deletion),
                  KEYWARD_OK);
    ck_assert_int_eq(deletion.deleted_at, f.now);
    known->live = false;
    known->deleted_at = deletion.deleted_at;
    known->deleted_event = deletion.event;
}

static void restore_known(struct known_key *known)
{
    f.now++;
    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", known->id), KEYWARD_OK);
    known->live = true;
    known->deleted_at = known->deleted_event = 0;
}

static enum keyward_status authenticate(const struct known_key *known)
{
    keyward_identity identity;

    return keyward_authenticate(f.store, known->access_key, known->secret, strlen(known->secret),
                                &identity);
}

/* ---- what stands in the file ---- */

#define UNARCHIVED \
    "SELECT count(*) FROM api_keys WHERE repo_id = 'repo-1' AND archived = 0 AND deleted"
#define ARCHIVED "SELECT count(*) FROM api_keys WHERE repo_id = 'repo-1' AND archived = 1"
#define LIVE_ONES_ARCHIVED                                                             \
    "SELECT count(*) FROM api_keys WHERE repo_id = 'repo-1' AND archived = 1 AND (not" \
    " deleted OR deleted_at IS NULL OR deleted_event IS NULL)"

/* The most deleted keys that a list of live ones must step over at once. */
#define LONGEST_GAP                                                                 \
    "SELECT ifnull(max(n), 0) FROM (SELECT count(*) AS n FROM"                      \
    " (SELECT deleted, sum(NOT deleted) OVER (ORDER BY id) AS behind FROM api_keys" \
    "  WHERE repo_id = 'repo-1' AND archived = 0) WHERE deleted GROUP BY behind)"

#define ALL_ROWS                                                                \
    "SELECT group_concat(repo_id||archived||id||name||ifnull(deleted_at,'-')||" \
    "ifnull(deleted_by,'-')||ifnull(deleted_event,'-'), ' ') FROM api_keys"

static bool is_archived(const char *key_id)
{
    char query[128];

    snprintf(query, sizeof query, "SELECT archived FROM api_keys WHERE id = '%.36s'", key_id);
    return sql_number(f.path, query) == 1;
}

static int count_live(void)
{
    int live = 0;

    for (int i = 0; i < key_count; i++)
        live += keys[i].live;
    return live;
}

static void assert_live_ones_in_front(void)
{
    ck_assert_int_eq(sql_number(f.path, LIVE_ONES_ARCHIVED), 0);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE repo_id = 'repo-1'"
                                        " AND archived = 0 AND NOT deleted"),
                     count_live());
}

/* ---- lists ---- */

static bool belongs(const struct known_key *known, enum keyward_include include)
{
    return include == KEYWARD_LIVE_AND_DELETED || known->live == (include == KEYWARD_LIVE);
}

/* The next older key that belongs to the list; -1 for none. */
static int next_older(int number, enum keyward_include include)
{
    do
        number--;
    while (number >= 0 && !belongs(&keys[number], include));
    return number;
}

static void assert_listed(const keyward_key *got, const struct known_key *wanted)
{
    ck_assert_str_eq(got->id, wanted->id);
    ck_assert_str_eq(got->access_key, wanted->access_key);
    ck_assert_int_eq(got->deleted_at, wanted->deleted_at);
    ck_assert_int_eq(got->deleted_event, wanted->deleted_event);
    ck_assert_pstr_eq(got->deleted_by, wanted->live ? NULL : "will");
}

/* All pages of a list, from the newest key to the oldest. */
static void assert_list(enum keyward_include include, int limit)
{
    char before[KEYWARD_KEY_ID_LENGTH + 1];
    keyward_key_query query = {.include = include, .limit = limit};
    int next = next_older(key_count, include);
    bool more = true;

    while (more) {
        keyward_key_list *page;
        assert_status(f.store, keyward_list_keys(f.store, &anna, "repo-1", &query, &page),
                      KEYWARD_OK);
        for (size_t i = 0; i < page->count; i++) {
            ck_assert_int_ge(next, 0);
            assert_listed(page->keys[i], &keys[next]);
            next = next_older(next, include);
        }
        more = page->more;
        ck_assert_int_eq(more, next >= 0);
        if (more) {
            ck_assert_uint_eq(page->count, (size_t)limit);
            strcpy(before, page->keys[limit - 1]->id);
            query.before_key_id = before;
        }
        keyward_key_list_free(&page);
    }
}

static void assert_lists(int limit)
{
    assert_list(KEYWARD_LIVE, limit);
    assert_list(KEYWARD_DELETED, limit);
    assert_list(KEYWARD_LIVE_AND_DELETED, limit);
}

/* ---- many deletions ---- */

/* `_i` in what follows: the order. */
START_TEST(lists_are_exact_after_each_deletion)
{
    static const int limits[] = {7, 64, 8, KEYS - 1, 3, KEYS};
    int order[KEYS];

    add_keys(KEYS);
    make_order((enum order)_i, order, KEYS);
    for (int i = 0; i < KEYS; i++) {
        delete_known(&keys[order[i]]);
        assert_lists(limits[(size_t)i % COUNT(limits)]);
        if (i % 100 == 50)
            assert_lists(1);
        assert_live_ones_in_front();
        ck_assert_int_le(sql_number(f.path, LONGEST_GAP), LEFT_BETWEEN);
    }
    ck_assert_int_gt(sql_number(f.path, ARCHIVED), 0);
    ck_assert_int_le(sql_number(f.path, UNARCHIVED), LEFT_IN_A_ROW);
    assert_sound(&f);
}
END_TEST

START_TEST(keys_deleted_by_one_call_are_archived_too)
{
    keyward_delete_request requests[KEYS];
    int order[KEYS];

    add_keys(KEYS);
    make_order((enum order)_i, order, KEYS);
    memset(requests, 0, sizeof requests);
    for (int i = 0; i < KEYS; i++) {
        requests[i].repo_id = i % 2 ? "repo-1" : NULL;
        if (i % 2)
            requests[i].key_id = keys[order[i]].id;
        else
            requests[i].access_key = keys[order[i]].access_key;
    }
    assert_status(f.store, keyward_delete_keys(f.store, &will, requests, KEYS), KEYWARD_OK);
    for (int i = 0; i < KEYS; i++) {
        struct known_key *known = &keys[order[i]];
        ck_assert_int_eq(requests[i].status, KEYWARD_OK);
        known->live = false;
        known->deleted_at = requests[i].deletion.deleted_at;
        known->deleted_event = requests[i].deletion.event;
    }
    assert_lists(64);
    ck_assert_int_gt(sql_number(f.path, ARCHIVED), 0);
    if (_i != RANDOM)
        ck_assert_int_le(sql_number(f.path, UNARCHIVED), LEFT_IN_A_ROW);
    assert_sound(&f);
}
END_TEST

/* Leaves eight keys; in a random order three batches and more have been archived then. */
static void delete_most(enum order kind)
{
    const int count = 160;
    int order[KEYS];

    add_keys(count);
    make_order(kind, order, count);
    for (int i = 0; i < count - 8; i++)
        delete_known(&keys[order[i]]);
    ck_assert_int_gt(sql_number(f.path, ARCHIVED), 0);
}

static void assert_answers_as_deleted(const struct known_key *known)
{
    keyward_deletion again = {.reason = KEYWARD_REASON_UNUSED, .event = -1};
    const keyward_error *error = keyward_last_error(f.store);
    keyward_key *key;

    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", known->id, &again),
                  KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(again.deleted_at, known->deleted_at);
    ck_assert_int_eq(again.event, known->deleted_event);
    ck_assert_int_eq(error->deleted_at, known->deleted_at);
    ck_assert_int_eq(error->deleted_event, known->deleted_event);
    assert_status(f.store, keyward_rename_key(f.store, &will, "repo-1", known->id, "new"),
                  KEYWARD_ALREADY_DELETED);
    assert_status(f.store, authenticate(known), KEYWARD_REFUSED);
    ck_assert_int_eq(error->cause, KEYWARD_CAUSE_DELETED);
    ck_assert_int_eq(error->deleted_at, known->deleted_at);
    ck_assert_int_eq(error->deleted_event, known->deleted_event);
    assert_status(f.store, keyward_get_key(f.store, &anna, "repo-1", known->id, KEYWARD_LIVE, &key),
                  KEYWARD_NOT_FOUND);
    assert_status(f.store,
                  keyward_get_key(f.store, &anna, "repo-1", known->id, KEYWARD_DELETED, &key),
                  KEYWARD_OK);
    assert_listed(key, known);
    keyward_key_free(&key);
}

START_TEST(an_archived_key_answers_as_every_deleted_one)
{
    char *before, *after;
    int64_t events;

    delete_most((enum order)_i);
    before = sql_text(f.path, ALL_ROWS);
    events = count_events(f.path);
    f.now += 60000;
    for (int i = 0; i < key_count; i++)
        if (keys[i].live)
            assert_status(f.store, authenticate(&keys[i]), KEYWARD_OK);
        else
            assert_answers_as_deleted(&keys[i]);
    after = sql_text(f.path, ALL_ROWS);
    ck_assert_int_eq(strcmp(before, after), 0);
    ck_assert_int_eq(count_events(f.path), events);
    assert_sound(&f);
    free(before);
    free(after);
}
END_TEST

START_TEST(a_restored_key_is_archived_no_more)
{
    int order[KEYS];
    int restored = 0;

    delete_most((enum order)_i);
    make_order(RANDOM, order, key_count);
    for (int i = 0; i < key_count; i++) {
        struct known_key *known = &keys[order[i]];
        if (known->live || !is_archived(known->id))
            continue;
        assert_status(f.store, authenticate(known), KEYWARD_REFUSED);
        restore_known(known);
        restored++;
        ck_assert(!is_archived(known->id));
        assert_status(f.store, authenticate(known), KEYWARD_OK);
        assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", known->id),
                      KEYWARD_NOT_DELETED);
        assert_lists(16);
        assert_live_ones_in_front();
    }
    ck_assert_int_gt(restored, SIDE);
    ck_assert_int_eq(sql_number(f.path, ARCHIVED), 0);
    assert_sound(&f);
    for (int i = 0; i < key_count; i++)
        if (keys[i].live)
            delete_known(&keys[i]);
    assert_lists(16);
    assert_sound(&f);
}
END_TEST

#define STEPS 1500

/* Creates, deletes and restores as it comes, deleting most. */
START_TEST(a_random_story_keeps_lists_exact)
{
    for (int step = 0; step < STEPS; step++) {
        if (key_count < KEYS && (key_count == 0 || below(5) == 0)) {
            add_key();
            continue;
        }
        struct known_key *known = &keys[below(key_count)];
        if (known->live)
            delete_known(known);
        else if (below(8) == 0)
            restore_known(known);
        else
            assert_answers_as_deleted(known);
        assert_status(f.store, authenticate(known), known->live ? KEYWARD_OK : KEYWARD_REFUSED);
        if (step % 20 == 0) {
            assert_lists(1 + below(KEYS));
            assert_live_ones_in_front();
        }
    }
    ck_assert_int_gt(sql_number(f.path, ARCHIVED), 0);
    assert_sound(&f);
}
END_TEST

/* ---- who is archived ---- */

/* To older ones or to newer ones: every key looks one way. */
static bool looks_to_older(const struct known_key *known)
{
    return known->id[KEYWARD_KEY_ID_LENGTH - 1] % 2 == 0;
}

static void assert_archived(int first, int last)
{
    for (int i = 0; i < key_count; i++)
        ck_assert_msg(is_archived(keys[i].id) == (i >= first && i <= last),
                      "key %d of %d, with %d to %d to be archived", i, key_count, first, last);
}

enum { MIDDLE = SIDE, AROUND = 2 * SIDE + 1 };

/* Deletes all but the one in the middle of so many, and this one last; `spared` stays live. */
static const struct known_key *delete_around(int spared)
{
    add_keys(AROUND);
    for (int i = 0; i < AROUND; i++)
        if (i != MIDDLE && i != spared)
            delete_known(&keys[i]);
    ck_assert_int_eq(sql_number(f.path, ARCHIVED), 0);
    delete_known(&keys[MIDDLE]);
    return &keys[MIDDLE];
}

/* `_i` only repeats it: keys look to both sides. */
START_TEST(a_key_is_archived_with_its_seven_deleted_neighbours)
{
    const struct known_key *last = delete_around(-1);

    if (looks_to_older(last))
        assert_archived(0, MIDDLE);
    else
        assert_archived(MIDDLE, AROUND - 1);
    assert_lists(4);
    assert_sound(&f);
}
END_TEST

/* `_i`: the one that lives, and then the other way round. */
START_TEST(a_live_neighbour_keeps_those_behind_it_unarchived)
{
    const int spared = _i < MIDDLE ? _i : _i + 1;
    const struct known_key *last = delete_around(spared);
    bool in_the_way = looks_to_older(last) == (spared < MIDDLE);

    ck_assert_int_eq(sql_number(f.path, ARCHIVED), in_the_way ? 0 : SIDE + 1);
    assert_lists(4);
    assert_live_ones_in_front();
    assert_sound(&f);
}
END_TEST

#define REPOSITORIES 16

/* Side by side in the table lie keys of the repository before and of the one behind. */
START_TEST(no_key_of_another_repository_is_archived_along)
{
    char repo_id[16], query[128];

    for (int n = 0; n < REPOSITORIES; n++) {
        snprintf(repo_id, sizeof repo_id, "repo-1%02d", n);
        for (int i = 0; i < SIDE; i++) {
            keyward_key *key = make_key(&f, repo_id, "neighbour", NULL);
            drop_key(&f, repo_id, key->id);
            keyward_key_free(&key);
        }
    }
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE archived"), 0);
    for (int n = 0; n < REPOSITORIES; n++) {
        snprintf(repo_id, sizeof repo_id, "repo-1%02d", n);
        keyward_key *key = make_key(&f, repo_id, "newest", NULL);
        bool older = key->id[KEYWARD_KEY_ID_LENGTH - 1] % 2 == 0;
        drop_key(&f, repo_id, key->id);
        snprintf(query, sizeof query,
                 "SELECT count(*) FROM api_keys WHERE repo_id = '%s' AND archived", repo_id);
        ck_assert_int_eq(sql_number(f.path, query), older ? SIDE + 1 : 0);
        snprintf(query, sizeof query,
                 "SELECT count(*) FROM api_keys WHERE repo_id > '%s' AND archived", repo_id);
        ck_assert_int_eq(sql_number(f.path, query), 0);
        keyward_key_free(&key);
    }
    assert_sound(&f);
}
END_TEST

START_TEST(while_many_are_archived_other_repositories_stay_as_they_are)
{
    static const char others[] = "SELECT group_concat(repo_id||archived||id||ifnull(deleted_at,"
                                 "'-')||ifnull(deleted_event,'-'), ' ') FROM api_keys WHERE"
                                 " repo_id <> 'repo-1'";
    static const char *const repo_ids[] = {"repo-0", "repo-1 ", "repo-10", "repo-2"};
    char *before, *after;

    for (int i = 0; i < SIDE; i++) { /* their ids lie between those of repo-1 */
        for (size_t n = 0; n < COUNT(repo_ids); n++) {
            keyward_key *key = make_key(&f, repo_ids[n], "neighbour", NULL);
            drop_key(&f, repo_ids[n], key->id);
            keyward_key_free(&key);
        }
        add_keys(15);
    }
    before = sql_text(f.path, others);
    for (int i = 0; i < key_count; i++)
        delete_known(&keys[i]);
    after = sql_text(f.path, others);
    ck_assert_str_eq(before, after);
    ck_assert_int_gt(sql_number(f.path, ARCHIVED), 0);
    assert_lists(9);
    assert_sound(&f);
    free(before);
    free(after);
}
END_TEST

/* ---- past the library ---- */

/* All of a row but what no two keys have in common. */
static char *row_of(const struct known_key *known)
{
    char query[1024];

    snprintf(query, sizeof query,
             "SELECT quote(repo_id)||quote(archived)||quote(name)||quote(provider)||"
             "quote(created_at)||quote(created_by)||quote(deleted_at)||quote(deleted_by)||"
             "quote(deleted)||typeof(deleted_event)||CASE WHEN deleted THEN deleted_event ="
             " (SELECT max(sequence) FROM audit_events WHERE key_id = id AND"
             " action = 'key.deleted') ELSE 'live' END FROM api_keys WHERE id = '%.36s'",
             known->id);
    return sql_text(f.path, query);
}

/* All of a key's last event but what no two events have in common. */
static char *last_event_of(const struct known_key *known)
{
    char query[1024];

    snprintf(query, sizeof query,
             "SELECT quote(at)||quote(action)||quote(actor_id)||quote(repo_id)||quote(user_id)||"
             "quote(name)||quote(previous_name)||quote(provider)||quote(role)||quote(reason)||"
             "quote(reason_text)||quote(request_id)||quote(client_address)||quote(user_agent)||"
             "quote(sealed_sha256) FROM audit_events WHERE key_id = '%.36s'"
             " ORDER BY sequence DESC LIMIT 1",
             known->id);
    return sql_text(f.path, query);
}

static void assert_same(char *one, char *other)
{
    ck_assert_ptr_nonnull(one);
    ck_assert_pstr_eq(one, other);
    free(one);
    free(other);
}

static void assert_same_row(const struct known_key *one, const struct known_key *other)
{
    assert_same(row_of(one), row_of(other));
}

static void assert_same_row_and_event(const struct known_key *one, const struct known_key *other)
{
    assert_same_row(one, other);
    assert_same(last_event_of(one), last_event_of(other));
}

/* What the library appends, appended by an outsider; NULL for the host. */
static void append_event(const char *action, const char *actor, const struct known_key *known)
{
    char text[512];

    snprintf(text, sizeof text,
             "INSERT INTO audit_events (sequence, at, action, actor_id, repo_id, key_id, name)"
             " SELECT max(sequence) + 1, %" PRId64 ", '%s', %s%s%s, 'repo-1', '%s', 'one of many'"
             " FROM audit_events",
             f.now, action, actor ? "'" : "", actor ? actor : "NULL", actor ? "'" : "", known->id);
    ck_assert_int_eq(sql(f.path, text), 0);
}

static void library_deletes(const keyward_actor *actor, const struct known_key *known)
{
    assert_status(f.store, keyward_delete_key(f.store, actor, "repo-1", known->id, NULL),
                  KEYWARD_OK);
}

/* `_i`: whether it is the host. */
START_TEST(the_library_and_an_outsider_delete_alike)
{
    const keyward_actor *actor = _i ? &host : &anna;

    add_keys(4);
    library_deletes(actor, &keys[0]);
    append_event("key.deleted", actor->user_id, &keys[2]);
    assert_same_row_and_event(&keys[0], &keys[2]);
    assert_status(f.store, authenticate(&keys[2]), KEYWARD_REFUSED);
    assert_sound(&f);
    f.now++;
    assert_status(f.store, keyward_restore_key(f.store, actor, "repo-1", keys[2].id), KEYWARD_OK);
    append_event("key.restored", actor->user_id, &keys[0]);
    assert_same_row_and_event(&keys[0], &keys[2]);
    assert_same_row(&keys[0], &keys[1]); /* as if they had never been deleted */
    assert_status(f.store, authenticate(&keys[0]), KEYWARD_OK);
    assert_status(f.store, authenticate(&keys[2]), KEYWARD_OK);
    library_deletes(actor, &keys[0]);
    append_event("key.deleted", actor->user_id, &keys[2]);
    assert_same_row_and_event(&keys[0], &keys[2]);
    assert_sound(&f);
}
END_TEST

START_TEST(the_library_and_an_outsider_restore_an_archived_key_alike)
{
    int archived[2] = {-1, -1};

    delete_most(ASCENDING);
    for (int i = 0; i < key_count && archived[1] < 0; i++)
        if (is_archived(keys[i].id))
            archived[archived[0] >= 0] = i;
    ck_assert_int_ge(archived[1], 0);
    restore_known(&keys[archived[0]]);
    append_event("key.restored", "anna", &keys[archived[1]]);
    keys[archived[1]].live = true;
    keys[archived[1]].deleted_at = keys[archived[1]].deleted_event = 0;
    assert_same_row_and_event(&keys[archived[0]], &keys[archived[1]]);
    assert_same_row(&keys[archived[0]], &keys[key_count - 1]);
    assert_status(f.store, authenticate(&keys[archived[1]]), KEYWARD_OK);
    assert_live_ones_in_front();
    assert_lists(10);
    assert_sound(&f);
}
END_TEST

/* He marks; the library archives what he has marked when it deletes beside it. */
START_TEST(what_an_outsider_deletes_is_archived_by_the_library)
{
    add_keys(AROUND);
    for (int i = 0; i < AROUND; i++)
        if (i != MIDDLE)
            append_event("key.deleted", "will", &keys[i]);
    ck_assert_int_eq(sql_number(f.path, ARCHIVED), 0);
    delete_known(&keys[MIDDLE]);
    ck_assert_int_eq(sql_number(f.path, ARCHIVED), SIDE + 1);
    assert_sound(&f);
}
END_TEST

/* An outsider may archive and unarchive deleted keys as he likes: nobody can tell. */
START_TEST(archiving_by_hand_makes_no_difference)
{
    delete_most(RANDOM);
    for (int archived = 1; archived >= 0; archived--) {
        char text[80];
        snprintf(text, sizeof text, "UPDATE api_keys SET archived = %d WHERE deleted", archived);
        ck_assert_int_eq(sql(f.path, text), 0);
        assert_lists(10);
        assert_live_ones_in_front();
        assert_sound(&f);
        for (int i = 0; i < key_count; i++)
            if (!keys[i].live)
                assert_answers_as_deleted(&keys[i]);
    }
}
END_TEST

static void add_placing_tests(Suite *suite)
{
    TCase *who = suite_add_case(suite, "who is archived", open_fixture, close_fixture);
    TCase *outside = suite_add_case(suite, "past the library", open_seeded, close_fixture);

    tcase_add_loop_test(who, a_key_is_archived_with_its_seven_deleted_neighbours, 0, 12);
    tcase_add_loop_test(who, a_live_neighbour_keeps_those_behind_it_unarchived, 0, 2 * SIDE);
    tcase_add_test(who, no_key_of_another_repository_is_archived_along);
    tcase_add_test(who, while_many_are_archived_other_repositories_stay_as_they_are);
    tcase_add_loop_test(outside, the_library_and_an_outsider_delete_alike, 0, 2);
    tcase_add_test(outside, the_library_and_an_outsider_restore_an_archived_key_alike);
    tcase_add_test(outside, what_an_outsider_deletes_is_archived_by_the_library);
    tcase_add_test(outside, archiving_by_hand_makes_no_difference);
}

int main(void)
{
    Suite *suite = suite_create("archive");
    TCase *many = suite_add_case(suite, "many deletions", open_seeded, close_fixture);

    tcase_add_loop_test(many, lists_are_exact_after_each_deletion, 0, ORDERS);
    tcase_add_loop_test(many, keys_deleted_by_one_call_are_archived_too, 0, ORDERS);
    tcase_add_loop_test(many, an_archived_key_answers_as_every_deleted_one, 0, ORDERS);
    tcase_add_loop_test(many, a_restored_key_is_archived_no_more, 0, ORDERS);
    tcase_add_test(many, a_random_story_keeps_lists_exact);
    add_placing_tests(suite);
    return run_suite(suite);
}
