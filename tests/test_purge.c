/* SPDX-License-Identifier: MIT */
/* The destruction of sealed secrets: who may, when, what it leaves in the rows, and that it leaves
 * nothing in the files. */
#include "connection/page.h"
#include "support/crew.h"
#include "support/fixture.h"
#include "support/rows.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define RETENTION INT64_C(5000)
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char unknown_id[] = "018bcfe5-6800-7000-8000-000000000000";

/* A key "live" (event 4), and one "gone" (events 5 and 6), deleted at START. */
static struct fixture f;
static keyward_key *live, *gone;
static keyward_secret *live_secret, *gone_secret;

static void open_store(void)
{
    fixture_open(&f);
    f.options.purge_retention = RETENTION;
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
}

static void open_fixture(void)
{
    open_store();
    live = make_key(&f, "repo-1", "live", &live_secret);
    gone = make_key(&f, "repo-1", "gone", &gone_secret);
    drop_key(&f, "repo-1", gone->id);
}

static void close_fixture(void)
{
    keyward_secret_free(&live_secret);
    keyward_secret_free(&gone_secret);
    keyward_key_free(&live);
    keyward_key_free(&gone);
    fixture_close(&f);
}

/* ---- calls ---- */

static void assert_purge(const keyward_actor *actor, const char *key_id, enum keyward_status wanted)
{
    assert_status(f.store, keyward_purge_keys(f.store, actor, "repo-1", key_id, NULL), wanted);
    ck_assert_int_eq(keyward_last_error(f.store)->status, wanted);
}

/* Whoever purges all gets this many rows and events. */
static keyward_changes *purge_all(size_t wanted)
{
    keyward_changes *changes;

    assert_status(f.store, keyward_purge_keys(f.store, &anna, "repo-1", NULL, &changes),
                  KEYWARD_OK);
    ck_assert_uint_eq(changes->key_count, wanted);
    ck_assert_uint_eq(changes->event_count, wanted);
    return changes;
}

static void assert_finding(const char *problem)
{
    keyward_report *report;
    bool found = false;

    assert_status(f.store, keyward_check(f.store, NULL, &report), KEYWARD_CORRUPT);
    for (size_t i = 0; i < report->count; i++)
        found = found || strcmp(report->findings[i]->problem, problem) == 0;
    ck_assert_msg(found, "not found: %s; but %s", problem, report->findings[0]->problem);
    keyward_report_free(&report);
}

/* ---- who and when ---- */

START_TEST(a_purge_destroys_the_secret_and_keeps_the_row)
{
    int64_t length = sql_number(f.path, "SELECT length(sealed) FROM sealed_secrets, api_keys USING "
                                        "(access_key) WHERE name = 'gone'");
    keyward_changes *changes;
    char *before = key_row(f.path, gone->id), *text;

    f.now += RETENTION;
    assert_status(f.store, keyward_purge_keys(f.store, &anna, "repo-1", gone->id, &changes),
                  KEYWARD_OK);
    assert_event(&f, 7, "action=key.purged actor=anna repo=repo-1 key=%s name=gone", gone->id);
    assert_key_ends(&f, gone, " deleted_at=%lld deleted_event=6 purged_at=%lld purged_event=7",
                    (long long)START, (long long)f.now);
    text = key_row(f.path, gone->id);
    ck_assert_msg(strncmp(text, before, strlen(before)) == 0, "what stood in the row has changed");
    ck_assert_int_eq(sql_number(f.path, "SELECT sealed = zeroblob(length(sealed)) AND "
                                        "length(sealed) FROM sealed_secrets, api_keys USING "
                                        "(access_key) WHERE name = 'gone'"),
                     1);
    ck_assert_int_eq(length, sql_number(f.path, "SELECT length(sealed) FROM sealed_secrets, "
                                                "api_keys USING (access_key) WHERE name = 'gone'"));
    ck_assert_uint_eq(changes->key_count, 1);
    ck_assert_uint_eq(changes->event_count, 1);
    ck_assert_int_eq(changes->in_use, 0);
    ck_assert_int_eq(changes->events[0]->sequence, 7);
    free(before);
    before = key_text(changes->keys[0]);
    ck_assert_str_eq(before, text);
    ck_assert_int_eq(count_events(f.path), 7);
    ck_assert_int_eq(try_key(&f, live, live_secret), KEYWARD_OK);
    assert_sound(&f);
    keyward_changes_free(&changes);
    free(before);
    free(text);
}
END_TEST

/* Late when the key is looked for, and early when it is looked at. */
static int64_t clock_that_goes_back(void *context)
{
    int *calls = context;

    return ++*calls == 1 ? START + RETENTION : START;
}

START_TEST(a_key_whose_time_has_not_come_after_all_is_passed_over)
{
    int calls = 1;
    char *before;
    keyward_changes *changes;

    f.options.clock = clock_that_goes_back;
    f.options.clock_context = &calls;
    fixture_reopen(&f);
    before = dump(f.path);
    calls = 0;
    changes = purge_all(0);
    ck_assert_int_gt(calls, 1);
    keyward_changes_free(&changes);
    assert_same_dump(f.path, before);
}
END_TEST

START_TEST(a_deleted_key_is_retained_until_its_time)
{
    char *before = dump(f.path);

    assert_purge(&anna, gone->id, KEYWARD_RETAINED);
    f.now = START + RETENTION - 1;
    assert_purge(&anna, gone->id, KEYWARD_RETAINED);
    assert_purge(&host, gone->id, KEYWARD_RETAINED);
    f.now = START - 1000000; /* a clock that was set back */
    assert_purge(&anna, gone->id, KEYWARD_RETAINED);
    assert_same_dump(f.path, before);
    f.now = START + RETENTION;
    assert_purge(&host, gone->id, KEYWARD_OK);
    assert_event(&f, 7, "action=key.purged repo=repo-1 key=%s name=gone", gone->id);
}
END_TEST

START_TEST(without_retention_nothing_is_purged)
{
    keyward_changes *changes = (keyward_changes *)&f;
    char *before;

    f.options.purge_retention = 0;
    fixture_reopen(&f);
    before = dump(f.path);
    f.now = KEYWARD_TIME_MAX;
    assert_purge(&host, gone->id, KEYWARD_RETAINED);
    assert_purge(&anna, NULL, KEYWARD_RETAINED);
    assert_status(f.store, keyward_preview_purge_keys(f.store, &host, "repo-1", NULL, &changes),
                  KEYWARD_RETAINED);
    ck_assert_ptr_null(changes);
    assert_same_dump(f.path, before);
}
END_TEST

START_TEST(only_an_admin_may_purge)
{
    const keyward_actor *const refused[] = {&will, &rita, &nobody};
    char *secrets =
        sql_text(f.path, "SELECT group_concat(access_key || hex(sealed)) FROM sealed_secrets");
    int64_t sequence = 6;

    f.now += RETENTION;
    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_purge(refused[i], gone->id, KEYWARD_FORBIDDEN);
        assert_event(&f, ++sequence, "action=key.purge_denied actor=%s repo=repo-1 key=%s",
                     refused[i]->user_id, gone->id);
        assert_purge(refused[i], unknown_id, KEYWARD_FORBIDDEN);
        assert_event(&f, ++sequence, "action=key.purge_denied actor=%s repo=repo-1 key=%s",
                     refused[i]->user_id, unknown_id);
        assert_purge(refused[i], NULL, KEYWARD_FORBIDDEN);
        assert_event(&f, ++sequence, "action=key.purge_denied actor=%s repo=repo-1",
                     refused[i]->user_id);
    }
    ck_assert_int_eq(count_events(f.path), sequence);
    assert_row_of(f.path, "SELECT group_concat(access_key || hex(sealed)) FROM sealed_secrets",
                  "%s", secrets);
    free(secrets);
}
END_TEST

START_TEST(what_cannot_be_purged_is_told_and_writes_nothing)
{
    keyward_key *other = make_key(&f, "repo-2", "other", NULL);
    char *before;

    drop_key(&f, "repo-2", other->id);
    f.now += RETENTION;
    before = dump(f.path);
    assert_purge(&anna, live->id, KEYWARD_NOT_DELETED);
    assert_purge(&anna, unknown_id, KEYWARD_NOT_FOUND);
    assert_purge(&anna, other->id, KEYWARD_NOT_FOUND);
    assert_purge(&host, other->id, KEYWARD_NOT_FOUND);
    assert_invalid(f.store, keyward_purge_keys(f.store, &anna, NULL, gone->id, NULL), "repo_id");
    assert_invalid(f.store, keyward_purge_keys(f.store, &anna, "repo-1", "", NULL), "key_id");
    assert_invalid(f.store, keyward_purge_keys(f.store, NULL, "repo-1", gone->id, NULL), "actor");
    assert_invalid(f.store, keyward_preview_purge_keys(f.store, &anna, "repo-1", gone->id, NULL),
                   "changes");
    assert_same_dump(f.path, before);
    assert_purge(&anna, gone->id, KEYWARD_OK);
    before = dump(f.path);
    assert_purge(&anna, gone->id, KEYWARD_PURGED);
    assert_purge(&host, gone->id, KEYWARD_PURGED);
    assert_same_dump(f.path, before);
    keyward_key_free(&other);
}
END_TEST

START_TEST(negative_retention_is_refused)
{
    keyward *store;

    f.options.purge_retention = -1;
    assert_invalid(NULL, keyward_open(&store, f.path, &f.options), "options.purge_retention");
    ck_assert_ptr_null(store);
}
END_TEST

/* ---- all of a repository ---- */

#define MANY 40

/* Every third is live; deleted ones are archived among each other. */
static void make_many(keyward_key *keys[MANY])
{
    for (int i = 0; i < MANY; i++)
        keys[i] = make_key(&f, "repo-1", "many", NULL);
    for (int i = 0; i < MANY; i++) {
        if (i < 20 || i % 3 != 0)
            drop_key(&f, "repo-1", keys[i]->id);
    }
}

static void free_many(keyward_key *keys[MANY])
{
    for (int i = 0; i < MANY; i++)
        keyward_key_free(&keys[i]);
}

START_TEST(all_that_are_due_are_purged_in_order_of_their_ids)
{
    keyward_key *keys[MANY], *late = make_key(&f, "repo-1", "late", NULL),
                             *other = make_key(&f, "repo-2", "other", NULL);
    keyward_changes *changes;
    int64_t first;

    drop_key(&f, "repo-2", other->id);
    make_many(keys);
    ck_assert_int_ge(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE archived = 1"), 8);
    f.now += 1;
    drop_key(&f, "repo-1", late->id);
    f.now += RETENTION - 1;
    first = count_events(f.path) + 1;
    changes = purge_all(
        (size_t)sql_number(f.path, "SELECT count(*) FROM api_keys WHERE repo_id = 'repo-1' AND "
                                   "deleted AND name <> 'late'"));
    for (size_t i = 0; i < changes->key_count; i++) {
        const keyward_key *key = changes->keys[i];
        char *text = key_text(key), *row = key_row(f.path, key->id);
        ck_assert_str_eq(text, row);
        ck_assert_int_eq(key->purged_event, first + (int64_t)i);
        ck_assert_str_eq(changes->events[i]->key_id, key->id);
        ck_assert_int_eq(changes->events[i]->sequence, first + (int64_t)i);
        ck_assert_msg(i == 0 || strcmp(changes->keys[i - 1]->id, key->id) < 0, "not in order");
        free(text);
        free(row);
    }
    ck_assert_int_eq(count_events(f.path), first - 1 + (int64_t)changes->key_count);
    ck_assert_int_eq(
        sql_number(f.path, "SELECT count(*) FROM key_details WHERE purged_event NOTNULL"),
        (int64_t)changes->key_count);
    ck_assert_int_eq(
        sql_number(f.path, "SELECT count(*) FROM key_details AS d JOIN api_keys AS k ON k.repo_id "
                           "= d.repo_id AND k.id = d.key_id WHERE purged_event NOTNULL AND (name = "
                           "'late' OR k.repo_id = 'repo-2' OR NOT deleted)"),
        0);
    assert_sound(&f);
    keyward_changes_free(&changes);
    free_many(keys);
    keyward_key_free(&late);
    keyward_key_free(&other);
}
END_TEST

START_TEST(none_due_is_no_failure_and_writes_nothing)
{
    keyward_changes *changes;
    char *before = dump(f.path);

    changes = purge_all(0);
    keyward_changes_free(&changes);
    assert_same_dump(f.path, before);
    f.now += RETENTION;
    changes = purge_all(1);
    keyward_changes_free(&changes);
    before = dump(f.path);
    changes = purge_all(0);
    ck_assert_int_eq(changes->in_use, 0);
    keyward_changes_free(&changes);
    assert_status(f.store, keyward_purge_keys(f.store, &host, "no repository", NULL, NULL),
                  KEYWARD_OK);
    assert_same_dump(f.path, before);
}
END_TEST

/* ---- afterwards ---- */

START_TEST(a_purged_key_is_refused_alike_for_any_secret)
{
    static const char wrong[] = "another secret altogether";
    keyward_identity identity;

    f.now += RETENTION;
    ck_assert_int_eq(try_key(&f, gone, gone_secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_DELETED);
    assert_purge(&anna, gone->id, KEYWARD_OK);
    for (int i = 0; i < 2; i++) {
        const char *secret = i == 0 ? gone_secret->text : wrong;
        memset(&identity, 1, sizeof identity);
        assert_status(
            f.store,
            keyward_authenticate(f.store, gone->access_key, secret, strlen(secret), &identity),
            KEYWARD_REFUSED);
        ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_PURGED);
        ck_assert_int_eq(keyward_last_error(f.store)->deleted_at, 0);
        ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 0);
        ck_assert_str_eq(identity.key_id, "");
    }
}
END_TEST

START_TEST(a_purged_key_is_gone_for_good)
{
    keyward_secret *secret = (keyward_secret *)&f;
    char *before;

    f.now += RETENTION;
    assert_purge(&anna, gone->id, KEYWARD_OK);
    before = dump(f.path);
    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", gone->id), KEYWARD_PURGED);
    assert_status(f.store, keyward_restore_key(f.store, &host, "repo-1", gone->id), KEYWARD_PURGED);
    assert_status(f.store, keyward_delete_key(f.store, &anna, "repo-1", gone->id, NULL),
                  KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 6);
    assert_status(f.store, keyward_rename_key(f.store, &anna, "repo-1", gone->id, "x"),
                  KEYWARD_ALREADY_DELETED);
    assert_same_dump(f.path, before);
    assert_status(f.store, keyward_reveal_key(f.store, &anna, "repo-1", gone->id, &secret),
                  KEYWARD_ALREADY_DELETED);
    ck_assert_ptr_null(secret);
    assert_sound(&f);
    fixture_reopen(&f);
    assert_sound(&f);
    ck_assert_int_eq(try_key(&f, gone, gone_secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_PURGED);
}
END_TEST

START_TEST(a_restored_key_is_not_purged_and_a_new_deletion_begins_anew)
{
    f.now += RETENTION;
    assert_status(f.store, keyward_restore_key(f.store, &anna, "repo-1", gone->id), KEYWARD_OK);
    assert_purge(&anna, gone->id, KEYWARD_NOT_DELETED);
    drop_key(&f, "repo-1", gone->id);
    assert_purge(&anna, gone->id, KEYWARD_RETAINED);
    f.now += RETENTION;
    assert_purge(&anna, gone->id, KEYWARD_OK);
    assert_sound(&f);
}
END_TEST

/* ---- previews ---- */

START_TEST(a_preview_shows_what_a_purge_writes_and_writes_nothing)
{
    keyward_changes *before, *after;
    char *all, *shown, *done;

    f.now += RETENTION;
    all = dump(f.path);
    assert_status(f.store, keyward_preview_purge_keys(f.store, &anna, "repo-1", gone->id, &before),
                  KEYWARD_OK);
    assert_same_dump(f.path, all);
    assert_status(f.store, keyward_purge_keys(f.store, &anna, "repo-1", gone->id, &after),
                  KEYWARD_OK);
    ck_assert_uint_eq(before->key_count, 1);
    ck_assert_uint_eq(before->event_count, 1);
    shown = key_text(before->keys[0]);
    done = key_text(after->keys[0]);
    ck_assert_str_eq(shown, done);
    free(shown);
    free(done);
    shown = event_text(before->events[0]);
    done = event_row(f.path, 7);
    ck_assert_str_eq(shown, done);
    ck_assert_int_eq(before->events[0]->sequence, 7);
    free(shown);
    free(done);
    keyward_changes_free(&before);
    keyward_changes_free(&after);
}
END_TEST

START_TEST(a_refused_preview_leaves_no_event)
{
    keyward_changes *changes = (keyward_changes *)&f;
    char *all = dump(f.path);

    assert_status(f.store, keyward_preview_purge_keys(f.store, &will, "repo-1", NULL, &changes),
                  KEYWARD_FORBIDDEN);
    ck_assert_ptr_null(changes);
    assert_status(f.store, keyward_preview_purge_keys(f.store, &anna, "repo-1", gone->id, &changes),
                  KEYWARD_RETAINED);
    ck_assert_ptr_null(changes);
    assert_same_dump(f.path, all);
}
END_TEST

/* ---- nothing of it is left in the files ---- */

#define PIECE 16

/* Every piece of PIECE bytes of some blobs, found by its first eight. */
struct pieces {
    unsigned char (*slots)[PIECE];
    bool *taken;
    size_t room, count;
};

static size_t slot_of(const struct pieces *pieces, const unsigned char *piece)
{
    uint64_t word;

    memcpy(&word, piece, sizeof word);
    return (size_t)(word * UINT64_C(0x9E3779B97F4A7C15) >> 20) % pieces->room;
}

static void add_piece(struct pieces *pieces, const unsigned char *piece)
{
    size_t i = slot_of(pieces, piece);

    ck_assert_uint_lt(pieces->count + 1, pieces->room);
    while (pieces->taken[i])
        i = (i + 1) % pieces->room;
    memcpy(pieces->slots[i], piece, PIECE);
    pieces->taken[i] = true;
    pieces->count++;
}

static bool has_piece(const struct pieces *pieces, const unsigned char *piece)
{
    for (size_t i = slot_of(pieces, piece); pieces->taken[i]; i = (i + 1) % pieces->room) {
        if (memcmp(pieces->slots[i], piece, PIECE) == 0)
            return true;
    }
    return false;
}

/* Of the sealed secrets of keys that are deleted. */
static struct pieces pieces_of_deleted(const char *path)
{
    struct pieces pieces = {.room = 1 << 20};
    sqlite3_stmt *rows;
    sqlite3 *db;

    pieces.slots = calloc(pieces.room, PIECE);
    pieces.taken = calloc(pieces.room, sizeof *pieces.taken);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "SELECT sealed FROM sealed_secrets JOIN api_keys USING "
                                        "(access_key) WHERE deleted",
                                        -1, &rows, NULL),
                     SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        const unsigned char *sealed = sqlite3_column_blob(rows, 0);
        for (int i = 0; i + PIECE <= sqlite3_column_bytes(rows, 0); i++)
            add_piece(&pieces, sealed + i);
    }
    sqlite3_finalize(rows);
    sqlite3_close(db);
    return pieces;
}

static void free_pieces(struct pieces *pieces)
{
    free(pieces->slots);
    free(pieces->taken);
}

static size_t remnants_in(const char *path, const struct pieces *pieces)
{
    size_t size, found = 0;
    unsigned char *bytes = read_whole(path, &size);

    for (size_t i = 0; i + PIECE <= size; i++) {
        found += has_piece(pieces, bytes + i);
    }
    free(bytes);
    return found;
}

static size_t remnants(const struct pieces *pieces)
{
    char log[160];

    snprintf(log, sizeof log, "%s-wal", f.path);
    return remnants_in(f.path, pieces) + remnants_in(log, pieces);
}

static void import_key(const char *name, const char *secret, size_t length, keyward_key **key)
{
    const keyward_new_key new_key = {.name = name, .secret = secret, .secret_length = length};

    assert_status(f.store, keyward_create_key(f.store, &host, "repo-1", &new_key, key, NULL),
                  KEYWARD_OK);
}

#define CROWD 900

/* Access keys are random: pages split and are joined in every order. One in `every` has a secret
 * of another length, up to the longest. Two of three are deleted, some of them before later ones
 * come. */
static void make_crowd(int every)
{
    static char secret[KEYWARD_SECRET_MAX];
    size_t lengths[] = {1, 300, 700, 1100, 1900, 2500, 9000, KEYWARD_SECRET_MAX}, large = 0;
    keyward_key *key;

    memset(secret, 's', sizeof secret);
    for (int i = 0; i < CROWD; i++) {
        if (i % every == 0 && (lengths[large % COUNT(lengths)] < 9000 || large < 24))
            import_key("crowd", secret, lengths[large++ % COUNT(lengths)], &key);
        else
            key = make_key(&f, "repo-1", "crowd", NULL);
        if (i % 3 != 0)
            drop_key(&f, "repo-1", key->id);
        keyward_key_free(&key);
    }
}

START_TEST(no_piece_of_a_purged_secret_is_left)
{
    static const int every[] = {1000000, 7, 2};
    keyward_changes *changes;
    struct pieces pieces;
    size_t left;

    make_crowd(every[_i]);
    pieces = pieces_of_deleted(f.path);
    ck_assert_uint_gt(remnants(&pieces), pieces.count / 2);
    f.now += RETENTION;
    changes = purge_all((size_t)sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted"));
    keyward_changes_free(&changes);
    ck_assert_int_eq(log_size(&f), 0);
    left = remnants(&pieces);
    ck_assert_msg(left == 0, "%zu pieces of %zu are left", left, pieces.count);
    free_pieces(&pieces);
    assert_sound(&f);
}
END_TEST

/* Whatever pages a process has in memory, it does not write back what was purged. */
START_TEST(what_is_written_later_brings_no_piece_back)
{
    keyward_changes *changes;
    struct pieces pieces;
    keyward *other;
    size_t left;

    assert_status(NULL, keyward_open(&other, f.path, &f.options), KEYWARD_OK);
    make_crowd(4);
    assert_status(other, keyward_grant(other, &host, "repo-1", "zoe", KEYWARD_READER), KEYWARD_OK);
    pieces = pieces_of_deleted(f.path);
    f.now += RETENTION;
    changes = purge_all((size_t)sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted"));
    keyward_changes_free(&changes);
    for (int i = 0; i < 300; i++) {
        keyward_key *key = make_key(&f, "repo-1", "later", NULL);
        assert_status(other, keyward_delete_key(other, &host, "repo-1", key->id, NULL), KEYWARD_OK);
        keyward_key_free(&key);
    }
    left = remnants(&pieces);
    ck_assert_msg(left == 0, "%zu pieces of %zu are back", left, pieces.count);
    keyward_close(&other);
    keyward_close(&f.store);
    left = remnants_in(f.path, &pieces);
    ck_assert_msg(left == 0, "%zu pieces of %zu are in the file", left, pieces.count);
    free_pieces(&pieces);
}
END_TEST

START_TEST(a_purge_one_by_one_leaves_no_piece_either)
{
    struct pieces pieces;
    keyward_key_list *page;
    const keyward_key_query query = {.include = KEYWARD_DELETED, .limit = KEYWARD_PAGE_MAX};
    size_t left;

    make_crowd(5);
    pieces = pieces_of_deleted(f.path);
    f.now += RETENTION;
    assert_status(f.store, keyward_list_keys(f.store, &host, "repo-1", &query, &page), KEYWARD_OK);
    for (size_t i = 0; i < page->count; i++)
        assert_purge(&host, page->keys[i]->id, KEYWARD_OK);
    keyward_key_list_free(&page);
    ck_assert_int_eq(log_size(&f), 0);
    left = remnants(&pieces);
    ck_assert_msg(left == 0, "%zu pieces of %zu are left", left, pieces.count);
    free_pieces(&pieces);
}
END_TEST

/* Somebody who reads keeps the log from being cut; the purge is done all the same, and when the log
 * is written back at last nothing is left. */
START_TEST(a_reader_puts_the_cutting_off)
{
    struct pieces pieces;
    sqlite3 *reader;

    f.options.busy_timeout_ms = 0;
    fixture_reopen(&f);
    make_crowd(5);
    pieces = pieces_of_deleted(f.path);
    ck_assert_int_eq(sqlite3_open(f.path, &reader), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM api_keys", NULL, NULL, NULL),
                     SQLITE_OK);
    f.now += RETENTION;
    assert_purge(&host, NULL, KEYWARD_OK);
    ck_assert_int_gt(log_size(&f), 0);
    ck_assert_int_eq(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(reader);
    keyward_close(&f.store);
    ck_assert_uint_eq(remnants_in(f.path, &pieces), 0);
    free_pieces(&pieces);
    fixture_reopen(&f);
    assert_sound(&f);
}
END_TEST

/* ---- a page by itself ---- */

#define PAGE 2048

START_TEST(what_cells_use_of_a_page_stays)
{
    /* a leaf with one cell of 8 bytes at 2040, and before it a free block of 40 bytes at 2000 */
    unsigned char page[PAGE], wanted[PAGE];
    static const unsigned char header[] = {10, 2000 >> 8, 2000 & 255, 0, 1, 2000 >> 8, 2000 & 255,
                                           0,  2040 >> 8, 2040 & 255};
    static const unsigned char block[] = {0, 0, 0, 40};

    memset(page, 'x', sizeof page);
    memcpy(page, header, sizeof header);
    memcpy(page + 2000, block, sizeof block);
    memset(wanted, 0, sizeof wanted);
    memcpy(wanted, header, sizeof header);
    memcpy(wanted + 2000, block, sizeof block);
    memset(wanted + 2040, 'x', 8);
    page_clean(page, sizeof page, false);
    ck_assert_mem_eq(page, wanted, sizeof page);
    page[0] = 0; /* of an overflow page */
    memset(page + 10, 'x', sizeof page - 10);
    memcpy(wanted, page, sizeof page);
    page_clean(page, sizeof page, false);
    ck_assert_mem_eq(page, wanted, sizeof page);
}
END_TEST

/* Within its bounds, which a sanitizer watches. */
START_TEST(a_page_of_nonsense_is_no_harm)
{
    static const unsigned char flags[] = {2, 5, 10, 13};
    unsigned char *page = malloc(PAGE);
    uint32_t state = 1;

    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < PAGE; i++) {
            state = state * 1664525 + 1013904223;
            page[i] = (unsigned char)(state >> 24) & (i % 2 == 0 ? 7 : 255);
        }
        page[0] = page[100] = flags[round % 4];
        page_clean(page, PAGE, round % 3 == 0);
        ck_assert_int_eq(page[round % 3 == 0 ? 100 : 0], flags[round % 4]);
    }
    free(page);
}
END_TEST

START_TEST(the_log_is_cut_when_nobody_reads)
{
    ck_assert_int_gt(log_size(&f), 0);
    f.now += RETENTION;
    assert_purge(&anna, gone->id, KEYWARD_OK);
    ck_assert_int_eq(log_size(&f), 0);
    drop_key(&f, "repo-1", live->id); /* and begins anew */
    ck_assert_int_gt(log_size(&f), 0);
    assert_sound(&f);
}
END_TEST

START_TEST(a_purge_that_changed_nothing_leaves_the_log)
{
    keyward_changes *changes;
    int64_t size = log_size(&f);

    ck_assert_int_gt(size, 0);
    changes = purge_all(0);
    keyward_changes_free(&changes);
    f.now += RETENTION;
    assert_status(f.store, keyward_preview_purge_keys(f.store, &anna, "repo-1", NULL, &changes),
                  KEYWARD_OK);
    ck_assert_uint_eq(changes->key_count, 1);
    keyward_changes_free(&changes);
    ck_assert_int_ge(log_size(&f), size);
}
END_TEST

/* ---- a person with the sqlite3 shell ---- */

/* The statement, with the key's id in the place of each @. */
static int shell(const char *template, const char *key_id)
{
    char text[2048] = "";
    size_t length = 0;

    for (; *template; template ++)
        length += (size_t)(*template == '@'
                               ? snprintf(text + length, sizeof text - length, "%s", key_id)
                               : snprintf(text + length, sizeof text - length, "%c", *template));
    return sql(f.path, text);
}

#define APPEND_PURGED                                                                \
    "INSERT INTO audit_events (sequence, at, action, repo_id, key_id, name) SELECT " \
    "max(sequence) + 1, max(at), 'key.purged', 'repo-1', '@', 'gone' FROM audit_events"

START_TEST(whoever_appends_the_event_purges_the_key)
{
    ck_assert_int_eq(shell(APPEND_PURGED, gone->id), SQLITE_OK);
    assert_key_ends(&f, gone, " purged_at=%lld purged_event=7", (long long)START);
    ck_assert_int_eq(try_key(&f, gone, gone_secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_PURGED);
    f.now += RETENTION;
    assert_purge(&anna, gone->id, KEYWARD_PURGED);
    assert_sound(&f);
}
END_TEST

/* What stands where its sealed secret was. */
static char *secret_of(const keyward_key *key)
{
    char query[256];

    snprintf(query, sizeof query,
             "SELECT hex(sealed)||data_key_id FROM sealed_secrets WHERE access_key = '%s'",
             key->access_key);
    return sql_text(f.path, query);
}

START_TEST(the_library_and_the_shell_leave_the_same_rows)
{
    keyward_key *twin = make_key(&f, "repo-1", "gone", NULL);
    char *ours, *theirs;

    drop_key(&f, "repo-1", twin->id);
    ck_assert_int_eq(shell(APPEND_PURGED, gone->id), SQLITE_OK);
    f.options.purge_retention = 1;
    fixture_reopen(&f);
    f.now += 1;
    assert_purge(&host, twin->id, KEYWARD_OK);
    assert_event(&f, 10, "action=key.purged repo=repo-1 key=%s name=gone", twin->id);
    f.now -= 1;
    assert_event(&f, 9, "action=key.purged repo=repo-1 key=%s name=gone", gone->id);
    theirs = secret_of(gone);
    ours = secret_of(twin);
    ck_assert_str_eq(ours, theirs);
    assert_sound(&f);
    free(ours);
    free(theirs);
    keyward_key_free(&twin);
}
END_TEST

START_TEST(the_shell_cannot_purge_otherwise)
{
    const struct {
        const char *sql, *key_id;
    } refused[] = {
        {APPEND_PURGED, live->id},
        {APPEND_PURGED, unknown_id},
        {"INSERT INTO key_details (repo_id, key_id, purged_at, purged_event) VALUES ('repo-1', "
         "'@', 1, 6)",
         gone->id},
        {"INSERT INTO key_details (repo_id, key_id, purged_at, purged_event) VALUES ('repo-1', "
         "'@', 1, 1)",
         live->id},
        {"UPDATE sealed_secrets SET sealed = zeroblob(length(sealed)) WHERE key_id = '@'",
         gone->id},
        {"DELETE FROM sealed_secrets WHERE key_id = '@'", gone->id},
        {"BEGIN; " APPEND_PURGED "; UPDATE sealed_secrets SET sealed = zeroblob(length(sealed) - 1)"
         " WHERE key_id = '@'; COMMIT",
         gone->id},
        {"BEGIN; " APPEND_PURGED "; UPDATE sealed_secrets SET data_key_id = 2, sealed = "
         "zeroblob(length(sealed)) WHERE key_id = '@'; COMMIT",
         gone->id},
    };
    char *before = dump(f.path);

    for (size_t i = 0; i < COUNT(refused); i++)
        ck_assert_msg(shell(refused[i].sql, refused[i].key_id) == SQLITE_CONSTRAINT, "%s",
                      refused[i].sql);
    assert_same_dump(f.path, before);
    ck_assert_int_eq(shell(APPEND_PURGED, gone->id), SQLITE_OK);
    before = dump(f.path);
    ck_assert_int_eq(shell(APPEND_PURGED, gone->id), SQLITE_CONSTRAINT);
    ck_assert_int_eq(
        shell("UPDATE key_details SET purged_at = NULL, purged_event = NULL WHERE key_id = "
              "'@'",
              gone->id),
        SQLITE_CONSTRAINT);
    ck_assert_int_eq(shell("INSERT INTO audit_events (sequence, at, action, repo_id, key_id) SELECT"
                           " max(sequence) + 1, max(at), 'key.restored', 'repo-1', '@' FROM "
                           "audit_events",
                           gone->id),
                     SQLITE_CONSTRAINT);
    assert_same_dump(f.path, before);
    assert_sound(&f);
}
END_TEST

/* ---- what a check finds when the triggers were got out of the way ---- */

/* Runs SQL without a trigger and puts it back. */
static void tamper(const char *trigger, const char *change)
{
    char query[256], *text, all[4096];

    snprintf(query, sizeof query, "SELECT sql FROM sqlite_schema WHERE name = '%s'", trigger);
    text = sql_text(f.path, query);
    snprintf(all, sizeof all, "DROP TRIGGER %s; %s; %s", trigger, change, text);
    ck_assert_int_eq(sql(f.path, all), SQLITE_OK);
    free(text);
}

START_TEST(a_check_finds_a_zeroed_secret_without_its_event)
{
    tamper("sealed_secrets_stay_as_written",
           "UPDATE sealed_secrets SET sealed = zeroblob(length(sealed)) WHERE access_key = "
           "(SELECT access_key FROM api_keys WHERE name = 'gone')");
    assert_finding("the sealed secret does not open");
    tamper("sealed_secrets_stay_as_written",
           "UPDATE sealed_secrets SET sealed = zeroblob(length(sealed))");
    assert_status(f.store, try_key(&f, live, live_secret), KEYWARD_CORRUPT);
}
END_TEST

#define MARK_PURGED(EVENT)                                                                \
    "INSERT INTO key_details (repo_id, key_id, purged_at, purged_event) SELECT repo_id, " \
    "id, deleted_at, " EVENT " FROM api_keys WHERE name = 'gone'"

START_TEST(a_check_finds_the_secret_of_a_purged_key)
{
    char *trigger = sql_text(f.path, "SELECT sql FROM sqlite_schema WHERE name = "
                                     "'audit_events_purge_key'");

    ck_assert_int_eq(sql(f.path, "DROP TRIGGER audit_events_purge_key"), SQLITE_OK);
    ck_assert_int_eq(shell(APPEND_PURGED, gone->id), SQLITE_OK);
    ck_assert_int_eq(sql(f.path, trigger), SQLITE_OK);
    assert_finding("the key of a purge event is not marked with it");
    tamper("key_details_come_by_event", MARK_PURGED("7"));
    assert_finding("the secret of a purged key is still there");
    free(trigger);
}
END_TEST

START_TEST(a_check_finds_a_mark_without_an_event)
{
    tamper("key_details_come_by_event", MARK_PURGED("6"));
    tamper("sealed_secrets_stay_as_written",
           "UPDATE sealed_secrets SET sealed = zeroblob(length(sealed)) WHERE access_key = "
           "(SELECT access_key FROM api_keys WHERE name = 'gone')");
    assert_finding("the key is marked purged without the event of it");
}
END_TEST

/* ---- at once ---- */

#define THREADS 4

static int purge_now(void *key_id, int number)
{
    (void)number;
    return (int)keyward_purge_keys(f.store, &anna, "repo-1", key_id, NULL);
}

START_TEST(of_threads_that_purge_a_key_at_once_one_does)
{
    int results[THREADS], done = 0;
    char id[KEYWARD_KEY_ID_LENGTH + 1];

    strcpy(id, gone->id);
    f.now += RETENTION;
    run_crew(THREADS, purge_now, id, results);
    for (int i = 0; i < THREADS; i++) {
        done += results[i] == KEYWARD_OK;
        ck_assert_msg(results[i] == KEYWARD_OK || results[i] == KEYWARD_PURGED, "%d", results[i]);
    }
    ck_assert_int_eq(done, 1);
    ck_assert_int_eq(count_events(f.path), 7);
    assert_sound(&f);
}
END_TEST

/* ---- the suite ---- */

static void add_cases(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "purge", open_fixture, close_fixture);

    tcase_add_test(tests, a_purge_destroys_the_secret_and_keeps_the_row);
    tcase_add_test(tests, a_key_whose_time_has_not_come_after_all_is_passed_over);
    tcase_add_test(tests, a_deleted_key_is_retained_until_its_time);
    tcase_add_test(tests, without_retention_nothing_is_purged);
    tcase_add_test(tests, only_an_admin_may_purge);
    tcase_add_test(tests, what_cannot_be_purged_is_told_and_writes_nothing);
    tcase_add_test(tests, negative_retention_is_refused);
    tcase_add_test(tests, all_that_are_due_are_purged_in_order_of_their_ids);
    tcase_add_test(tests, none_due_is_no_failure_and_writes_nothing);
    tcase_add_test(tests, a_purged_key_is_refused_alike_for_any_secret);
    tcase_add_test(tests, a_purged_key_is_gone_for_good);
    tcase_add_test(tests, a_restored_key_is_not_purged_and_a_new_deletion_begins_anew);
    tcase_add_test(tests, a_preview_shows_what_a_purge_writes_and_writes_nothing);
    tcase_add_test(tests, a_refused_preview_leaves_no_event);
    tcase_add_test(tests, the_log_is_cut_when_nobody_reads);
    tcase_add_test(tests, a_purge_that_changed_nothing_leaves_the_log);
    tcase_add_test(tests, of_threads_that_purge_a_key_at_once_one_does);
    tests = suite_add_case(suite, "the schema", open_fixture, close_fixture);
    tcase_add_test(tests, whoever_appends_the_event_purges_the_key);
    tcase_add_test(tests, the_library_and_the_shell_leave_the_same_rows);
    tcase_add_test(tests, the_shell_cannot_purge_otherwise);
    tcase_add_test(tests, a_check_finds_a_zeroed_secret_without_its_event);
    tcase_add_test(tests, a_check_finds_the_secret_of_a_purged_key);
    tcase_add_test(tests, a_check_finds_a_mark_without_an_event);
    tests = suite_add_case(suite, "the files", open_store, close_fixture);
    tcase_add_loop_test(tests, no_piece_of_a_purged_secret_is_left, 0, 3);
    tcase_add_test(tests, what_is_written_later_brings_no_piece_back);
    tcase_add_test(tests, a_reader_puts_the_cutting_off);
    tcase_add_test(tests, what_cells_use_of_a_page_stays);
    tcase_add_test(tests, a_page_of_nonsense_is_no_harm);
    tcase_add_test(tests, a_purge_one_by_one_leaves_no_piece_either);
}

int main(void)
{
    Suite *suite = suite_create("purge");

    add_cases(suite);
    return run_suite(suite);
}
