/* SPDX-License-Identifier: MIT */
/*
 * The audit log as a Merkle tree: after whatever has been appended, in whatever way, each leaf and
 * inner hash and each checkpoint is what an independent recomputation from the exported lines says.
 *
 * What is random comes from a seed that is printed; KEYWARD_TEST_SEED=<seed> replays it.
 */
#include "api/store.h"
#include "operations/audit.h"
#include "support/crew.h"
#include "support/fixture.h"
#include "support/tree.h"
#include "support/used_queue.h"
#include "transaction/commit_queue.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct fixture f;

static void open_fixture(void)
{
    fixture_init(&f);
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    f.options.busy_timeout_ms = 120000;
    fixture_reopen(&f);
}

static void close_fixture(void)
{
    fixture_close(&f);
}

/* ---- sizes ---- */

/* A checkpoint of the log as it is, and all that stands under it, is right. */
static void assert_signed(const char *log_key)
{
    keyward_text *checkpoint = sign_checkpoint(&f);
    struct tree tree;

    tree_open(&tree, &f);
    assert_checkpoint(checkpoint, log_key, &tree, tree.count);
    assert_tree_stored(&f, &tree);
    tree_close(&tree);
    keyward_text_free(&checkpoint);
}

START_TEST(the_tree_is_right_after_every_number_of_events_up_to_600)
{
    char *log_key = log_key_of(&f);

    ck_assert_int_eq(count_events(f.path), 0); /* the key is no event */
    for (int count = 1; count <= 600; count++) {
        append(&f, 1);
        assert_signed(log_key);
        ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_tree"), count / 256);
    }
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_checkpoints"), 600);
    assert_sound(&f);
    free(log_key);
}
END_TEST

/* Without a checkpoint nothing but the appends themselves has put the hashes there. */
START_TEST(appending_alone_keeps_the_tree)
{
    static const int steps[] = {255, 1, 1, 254, 1, 1, 255, 256, 3};

    for (size_t i = 0; i < COUNT(steps); i++) {
        append(&f, steps[i]);
        assert_tree(&f);
    }
    assert_sound(&f);
}
END_TEST

START_TEST(the_tree_has_a_second_level_from_65536_events_on)
{
    static const int steps[] = {1, 1, 1, 253, 1, 1};
    char *log_key = log_key_of(&f);

    append_by_hand(&f, 65000);
    fixture_reopen(&f);
    append(&f, 534);
    for (size_t i = 0; i < COUNT(steps); i++) {
        int64_t inner;
        append(&f, steps[i]);
        inner = count_events(f.path) / 256;
        ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_tree"),
                         inner + (inner >= 256 ? 1 : 0));
        assert_signed(log_key);
    }
    ck_assert_int_eq(count_events(f.path), 65792);
    assert_sound(&f);
    free(log_key);
}
END_TEST

START_TEST(a_log_that_grew_by_the_library_alone_has_a_second_level)
{
    append(&f, 65537);
    assert_tree(&f);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_tree WHERE level = 2"), 1);
    assert_sound(&f);
}
END_TEST

/* ---- pages ---- */

/* Pages in the log; all of it is written back, so that the next commit begins it anew. */
static int64_t pages_in_log(void)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t pages;

    ck_assert_int_eq(sqlite3_open_v2(f.path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA wal_checkpoint(PASSIVE)", -1, &statement, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int64(statement, 0), 0);
    pages = sqlite3_column_int64(statement, 1);
    ck_assert_int_eq(sqlite3_column_int64(statement, 2), pages);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return pages;
}

/* Which an append of the same form as the others dirties: a role that is granted. */
static int64_t pages_of_append(int64_t sequence)
{
    enum keyward_role role = sequence % 2 == 0 ? KEYWARD_READER : KEYWARD_WRITER;

    assert_status(f.store, keyward_grant(f.store, &host, "repo-1", "zoe", role), KEYWARD_OK);
    ck_assert_int_eq(count_events(f.path), sequence);
    return pages_in_log();
}

/* The leaf hash stands in the event's own row: for 255 of 256 events the tree dirties no page. An
 * event that goes into a new page of its table dirties others, tree or no tree. */
START_TEST(the_tree_dirties_one_page_in_256_appends)
{
    int64_t plain = 0, with_tile = 0;

    pages_in_log();
    for (int64_t sequence = 1; sequence <= 1024; sequence++) {
        int64_t size = sql_number(f.path, "PRAGMA page_count"), pages = pages_of_append(sequence);

        if (sequence == 1 || sql_number(f.path, "PRAGMA page_count") != size)
            continue;
        plain += sequence % 256 != 0;
        with_tile += sequence % 256 == 0;
        ck_assert_msg(pages == (sequence % 256 == 0 ? 3 : 2), "event %lld: %lld pages",
                      (long long)sequence, (long long)pages);
    }
    ck_assert_int_ge(plain, 900);
    ck_assert_int_ge(with_tile, 3);
}
END_TEST

/* ---- every action ---- */

static keyward_key *made_by_will(const char *name, const char *secret)
{
    const keyward_new_key new_key = {.name = name,
                                     .provider = KEYWARD_AWS,
                                     .secret = secret,
                                     .secret_length = secret ? strlen(secret) : 0};
    keyward_key *key;

    assert_status(f.store, keyward_create_key(f.store, &will, "repo-1", &new_key, &key, NULL),
                  secret ? KEYWARD_OK : KEYWARD_INVALID);
    return key;
}

/* The same by somebody who may not. */
static void try_everything_in_vain(const keyward_actor *actor, const char *id)
{
    const keyward_new_key new_key = {.name = "new"};
    const keyward_new_key import = {.name = "new", .secret = "secret", .secret_length = 6};
    keyward_key *key;
    keyward_secret *secret;

    ck_assert_int_eq(keyward_create_key(f.store, actor, "repo-1", &new_key, &key, &secret),
                     KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_create_key(f.store, actor, "repo-1", &import, &key, NULL),
                     KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_rename_key(f.store, actor, "repo-1", id, "x"), KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_delete_key(f.store, actor, "repo-1", id, NULL), KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_restore_key(f.store, actor, "repo-1", id), KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_grant(f.store, actor, "repo-1", "x", KEYWARD_READER),
                     KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_revoke(f.store, actor, "repo-1", "anna"), KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_set_key_expiry(f.store, actor, "repo-1", id, f.now + 5),
                     KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_rotate_key(f.store, actor, "repo-1", id, NULL, &key, &secret),
                     KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_reveal_key(f.store, actor, "repo-1", id, &secret), KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_purge_keys(f.store, actor, "repo-1", id, NULL), KEYWARD_FORBIDDEN);
}

static void do_everything(const keyward_actor *actor, const keyward_key *key)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_OTHER, .reason_text = "\"\\\x01\xC3\xA9"};
    keyward_secret *secret;
    keyward_key *successor;

    assert_status(f.store, keyward_rename_key(f.store, actor, "repo-1", key->id, "\xE2\x80\xA8\n"),
                  KEYWARD_OK);
    assert_status(f.store, keyward_set_key_expiry(f.store, actor, "repo-1", key->id, f.now + 9),
                  KEYWARD_OK);
    assert_status(f.store, keyward_reveal_key(f.store, actor, "repo-1", key->id, &secret),
                  KEYWARD_OK);
    keyward_secret_free(&secret);
    assert_status(f.store,
                  keyward_rotate_key(f.store, actor, "repo-1", key->id, NULL, &successor, &secret),
                  KEYWARD_OK);
    keyward_secret_free(&secret);
    keyward_key_free(&successor);
    assert_status(f.store, keyward_delete_key(f.store, actor, "repo-1", key->id, &deletion),
                  KEYWARD_OK);
    assert_status(f.store, keyward_restore_key(f.store, actor, "repo-1", key->id), KEYWARD_OK);
    assert_status(f.store, keyward_delete_key(f.store, actor, "repo-1", key->id, NULL), KEYWARD_OK);
    f.now++;
    assert_status(f.store, keyward_purge_keys(f.store, actor, "repo-1", key->id, NULL), KEYWARD_OK);
    assert_status(f.store, keyward_revoke(f.store, actor, "repo-1", "rita"), KEYWARD_OK);
}

START_TEST(an_event_of_every_action_is_a_leaf)
{
    static const unsigned char bytes[KEYWARD_MASTER_KEY_BYTES] = "another master key of 32 bytes.";
    const keyward_master_key next = {.key = bytes};
    const keyward_actor talker = {.user_id = "anna",
                                  .request_id = "\"\\/\b\f\n\r\t\x7F",
                                  .client_address = "\xF0\x9F\x94\x91",
                                  .user_agent = "\x01\x1F",
                                  .reason = "\xE2\x80\xA9"};
    char *log_key;
    keyward_key *imported, *created;

    fixture_close(&f);
    fixture_open(&f);
    f.options.purge_retention = 1;
    fixture_reopen(&f);
    log_key = log_key_of(&f);
    imported = made_by_will("imported", "a secret from elsewhere");
    created = make_key(&f, "repo-1", "created", NULL);
    try_everything_in_vain(&nobody, created->id);
    do_everything(&talker, created);
    assert_status(f.store, keyward_change_master_key(f.store, &host, &next), KEYWARD_OK);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(DISTINCT action) FROM audit_events"), 24);
    assert_signed(log_key);
    f.options.master_key = bytes;
    fixture_reopen(&f);
    assert_sound(&f);
    keyward_key_free(&imported);
    keyward_key_free(&created);
    free(log_key);
}
END_TEST

/* ---- many at once ---- */

#define THREADS 16
#define PROCESSES 3
#define CALLS 40

static int grant_and_revoke(void *context, int number)
{
    keyward *store = context;
    char user[48];

    snprintf(user, sizeof user, "user-%d-%d", (int)getpid(), number);
    for (int i = 0; i < CALLS; i++) {
        enum keyward_status status =
            i % 2 == 0 ? keyward_grant(store, &host, "repo-1", user, KEYWARD_READER)
                       : keyward_revoke(store, &host, "repo-1", user);
        if (status != KEYWARD_OK)
            return 1 + (int)status;
    }
    return 0;
}

START_TEST(threads_that_share_commits_leave_one_log)
{
    char *log_key = log_key_of(&f);

    append(&f, 200);
    run_crew(THREADS, grant_and_revoke, f.store, NULL);
    ck_assert_int_eq(count_events(f.path), 200 + THREADS * CALLS);
    assert_tree(&f);
    assert_signed(log_key);
    assert_sound(&f);
    free(log_key);
}
END_TEST

/* In a process of its own: its users are its own. */
static int work_apart(void)
{
    keyward *store;
    int results[THREADS], wrong = 0;

    if (keyward_open(&store, f.path, &f.options) != KEYWARD_OK)
        return 1;
    run_crew(THREADS, grant_and_revoke, store, results);
    for (int i = 0; i < THREADS; i++)
        wrong += results[i] != 0;
    keyward_close(&store);
    return wrong;
}

static pid_t fork_child(void)
{
    pid_t child;

    fflush(NULL);
    child = fork();
    ck_assert_int_ge(child, 0);
    return child;
}

START_TEST(processes_leave_one_log)
{
    pid_t children[PROCESSES];
    const int64_t events = 250 + PROCESSES * THREADS * CALLS;

    append(&f, 250);
    keyward_close(&f.store);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork_child();
        if (children[i] == 0)
            _exit(work_apart());
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %d: %d", i, status);
    }
    /* Looked at before an open could make up for anything. */
    ck_assert_int_eq(count_events(f.path), events);
    ck_assert_int_eq(sql_number(f.path, "SELECT max(sequence) FROM audit_events"), events);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_events WHERE leaf IS NULL"), 0);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_tree"), events / 256);
    fixture_reopen(&f);
    assert_tree(&f);
    assert_sound(&f);
}
END_TEST

/* ---- what is undone ---- */

/* Who leads waits, the first time, until all the others are in the queue behind him; one of them
 * fails. Each appends three events. */
#define OTHERS 8

struct member {
    bool leads, fails, rehearsed;
    atomic_bool inside;
    int runs;
};

static enum keyward_status append_three(struct transaction *transaction, void *request)
{
    struct member *member = request;
    enum keyward_status status = KEYWARD_OK;

    for (int i = 0; status == KEYWARD_OK && i < 3; i++) {
        keyward_event event = {.action = KEYWARD_ACCESS_GRANT_DENIED,
                               .user_id = member->fails || member->rehearsed ? "lost" : "kept"};
        status = audit_append(transaction, &host, &event);
    }
    if (member->runs++ == 0 && member->leads) {
        atomic_store(&member->inside, true);
        used_queue_await(OTHERS);
    }
    return status == KEYWARD_OK && member->fails ? KEYWARD_IO : status;
}

static int run_member(void *context, int number)
{
    struct member *member = (struct member *)context + number;
    struct error error = {.store_stamp = 0};
    int64_t newest;

    if (member->rehearsed)
        return (int)database_rehearse(f.store->database, append_three, member, &error);
    return (int)database_write(f.store->database, append_three, member, &newest, &error);
}

static void *lead(void *context)
{
    run_member(context, 0);
    return NULL;
}

/* In one batch, led by the first. */
static void run_together(struct member *members, int results[OTHERS])
{
    pthread_t leader;

    ck_assert_int_eq(pthread_create(&leader, NULL, lead, members), 0);
    while (!atomic_load(&members[0].inside))
        sched_yield();
    run_crew(OTHERS, run_member, members + 1, results);
    ck_assert_int_eq(pthread_join(leader, NULL), 0);
}

static void assert_kept(int64_t before, int count)
{
    ck_assert_int_eq(count_events(f.path), before + 3 * (int64_t)count);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_events WHERE user_id = 'lost'"),
                     0);
    assert_tree(&f);
    assert_sound(&f);
}

/* `_i`: how far the log is from a full tile when it happens. */
START_TEST(a_transaction_of_the_batch_that_fails_leaves_no_hash)
{
    struct member members[1 + OTHERS] = {{.leads = true}};
    int results[OTHERS];
    int64_t before = 256 - 30 + 3 * _i;

    members[4].fails = true;
    append(&f, (int)before);
    run_together(members, results);
    ck_assert_int_eq(members[0].runs, 2); /* with the others, and alone */
    ck_assert_int_eq(members[4].runs, 2);
    for (int i = 0; i < OTHERS; i++)
        ck_assert_int_eq(results[i], i == 3 ? KEYWARD_IO : KEYWARD_OK);
    assert_kept(before, OTHERS);
}
END_TEST

/* `_i`: likewise. */
START_TEST(a_preview_among_others_leaves_no_hash)
{
    struct member members[1 + OTHERS] = {{.leads = true}};
    int results[OTHERS];
    int64_t before = 256 - 30 + 3 * _i;

    members[2].rehearsed = members[5].rehearsed = members[6].rehearsed = true;
    append(&f, (int)before);
    run_together(members, results);
    for (int i = 0; i < OTHERS; i++) {
        ck_assert_int_eq(results[i], KEYWARD_OK);
        ck_assert_int_eq(members[i].runs, 1);
    }
    assert_kept(before, 1 + OTHERS - 3);
}
END_TEST

/* `_i`: likewise; the preview's own events would fill the tile. */
START_TEST(a_preview_leaves_no_hash)
{
    const keyward_selection all = {.repo_id = "repo-1"};
    keyward_changes *changes;
    int64_t before;

    for (int i = 0; i < 12; i++) {
        keyward_key *key = make_key(&f, "repo-1", "key", NULL);
        keyward_key_free(&key);
    }
    append(&f, 256 - 24 + _i);
    before = count_events(f.path);
    assert_status(f.store, keyward_preview_delete_all_keys(f.store, &host, &all, NULL, &changes),
                  KEYWARD_OK);
    keyward_changes_free(&changes);
    ck_assert_int_eq(count_events(f.path), before);
    assert_tree(&f);
    assert_status(f.store, keyward_delete_all_keys(f.store, &host, &all, NULL, NULL), KEYWARD_OK);
    ck_assert_int_eq(count_events(f.path), before + 12);
    assert_tree(&f);
    assert_sound(&f);
}
END_TEST

/* ---- crashes ---- */

struct reporter {
    keyward *store;
    int pipe;
};

/* Says on the pipe that a commit has returned, until it is killed. */
static int write_until_killed(void *context, int number)
{
    const struct reporter *reporter = context;
    char user[48];

    snprintf(user, sizeof user, "user-%d-%d", (int)getpid(), number);
    for (int i = 0;; i++) {
        enum keyward_role role = i % 2 == 0 ? KEYWARD_WRITER : KEYWARD_ADMIN;
        if (keyward_grant(reporter->store, &host, "repo-1", user, role) != KEYWARD_OK ||
            write(reporter->pipe, "+", 1) != 1)
            return 1;
    }
}

static void crash_after(int commits)
{
    int ends[2], status;
    struct reporter reporter;
    char heard;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork_child();
    if (child == 0) {
        reporter.pipe = ends[1];
        if (keyward_open(&reporter.store, f.path, &f.options) == KEYWARD_OK)
            run_crew(4, write_until_killed, &reporter, NULL);
        _exit(1);
    }
    close(ends[1]);
    for (int i = 0; i < commits; i++)
        ck_assert_int_eq(read(ends[0], &heard, 1), 1);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    close(ends[0]);
}

START_TEST(a_crash_leaves_a_whole_tree)
{
    int64_t least = 0;

    choose_seed();
    for (int round = 0; round < 12; round++) {
        int commits = 1 + below(300);

        keyward_close(&f.store);
        crash_after(commits);
        least += commits;
        ck_assert_int_ge(count_events(f.path), least);
        ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_tree"),
                         sql_number(f.path, "SELECT count(*) / 256 FROM audit_events"));
        ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_events WHERE leaf IS NULL"),
                         0);
        fixture_reopen(&f);
        assert_tree(&f);
        least = count_events(f.path);
    }
    assert_sound(&f);
}
END_TEST

/* ---- by hand ---- */

static int64_t count_bare(void)
{
    return sql_number(f.path, "SELECT count(*) FROM audit_events WHERE leaf IS NULL");
}

/* Events that the library had before, that somebody adds, and that are bare after its next one. */
static const struct {
    int before, by_hand;
    int64_t bare;
} hands[] = {
    {0, 1, 0},     {10, 5, 0},      {254, 1, 0},   {254, 2, 2}, {255, 1, 1},
    {256, 1, 0},   {255, 2, 1},     {250, 261, 0}, {250, 5, 0}, {10, 600, 502},
    {0, 256, 256}, {100, 924, 924}, {511, 3, 1},
};

/* At the latest a checkpoint makes up for it, or an open. `_i / 2`: which; `_i % 2`: by which. */
START_TEST(what_is_appended_by_hand_gets_its_place)
{
    const int before = hands[_i / 2].before, by_hand = hands[_i / 2].by_hand;
    char *log_key = log_key_of(&f);

    append(&f, before);
    append_by_hand(&f, by_hand);
    ck_assert_int_eq(count_bare(), by_hand);
    assert_sound(&f);
    append(&f, 1);
    ck_assert_int_eq(count_bare(), hands[_i / 2].bare);
    assert_sound(&f);
    if (_i % 2 == 0)
        fixture_reopen(&f);
    else
        assert_signed(log_key);
    ck_assert_int_eq(count_bare(), 0);
    assert_tree(&f);
    assert_sound(&f);
    free(log_key);
}
END_TEST

START_TEST(the_next_full_tile_takes_those_before_it_along)
{
    append(&f, 250);
    append_by_hand(&f, 300);
    append(&f, 768 - 550 - 1);
    ck_assert_int_gt(count_bare(), 0);
    append(&f, 1);
    ck_assert_int_eq(count_bare(), 0);
    assert_tree(&f);
    assert_sound(&f);
}
END_TEST

START_TEST(a_checkpoint_takes_what_was_appended_by_hand_along)
{
    char *log_key = log_key_of(&f);

    append(&f, 10);
    for (int i = 0; i < 6; i++) {
        append_by_hand(&f, i % 2 == 0 ? 1 : 250);
        assert_signed(log_key);
    }
    assert_sound(&f);
    free(log_key);
}
END_TEST

/* `_i`: so many of them. Of a preview nothing stays, not even their leaves. */
START_TEST(a_preview_behind_what_was_appended_by_hand_leaves_no_hash)
{
    const keyward_selection all = {.repo_id = "repo-1"};
    keyward_key *key = make_key(&f, "repo-1", "key", NULL);
    keyward_changes *changes;

    append_by_hand(&f, _i);
    assert_status(f.store, keyward_preview_delete_all_keys(f.store, &host, &all, NULL, &changes),
                  KEYWARD_OK);
    ck_assert_int_eq(count_bare(), _i);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_tree"), 0);
    append(&f, 1);
    fixture_reopen(&f);
    assert_tree(&f);
    keyward_changes_free(&changes);
    keyward_key_free(&key);
}
END_TEST

/* ---- older stores ---- */

static void use_old_store(void)
{
    const char *slash = strrchr(__FILE__, '/');
    char path[1024];
    unsigned char *bytes;
    size_t size;

    snprintf(path, sizeof path, "%.*s/stores/schema-0002.store", (int)(slash - __FILE__), __FILE__);
    bytes = read_whole(path, &size);
    keyward_close(&f.store);
    write_whole(f.path, bytes, size);
    free(bytes);
    ck_assert_int_eq(sql_number(f.path, "PRAGMA user_version"), 2);
    ck_assert_int_eq(count_events(f.path), 25);
    f.now = 1700001000000;
}

/* `_i`: so many more, of that version still. */
START_TEST(an_older_store_gets_its_tree)
{
    char *log_key;

    use_old_store();
    append_by_hand(&f, _i);
    fixture_reopen(&f);
    assert_tree(&f);
    ck_assert_int_eq(count_events(f.path), 25 + _i);
    log_key = log_key_of(&f);
    assert_signed(log_key);
    append(&f, 300);
    assert_signed(log_key);
    assert_sound(&f);
    free(log_key);
}
END_TEST

/* ---- interrupted ---- */

#define EVENTS 40000 /* more than two batches of an upgrade */

enum interruption { KILLED, REFUSED };

static void limit_files(rlim_t bytes)
{
    const struct rlimit files = {bytes, RLIM_INFINITY}, cores = {0, RLIM_INFINITY};

    setrlimit(RLIMIT_CORE, &cores);
    setrlimit(RLIMIT_FSIZE, &files);
}

/* Opens the store in a process of its own, none of whose files may grow larger: it is killed there,
 * or its write is refused. Returns what became of it: -1 for killed, or the status. */
static int open_with_limit(enum interruption how, rlim_t bytes, int appended)
{
    pid_t child = fork_child();
    int status;

    if (child == 0) {
        keyward *store;
        enum keyward_status opened;
        signal(SIGXFSZ, how == KILLED ? SIG_DFL : SIG_IGN);
        limit_files(bytes);
        opened = keyward_open(&store, f.path, &f.options);
        limit_files(RLIM_INFINITY);
        for (int i = 0; opened == KEYWARD_OK && i < appended; i++)
            opened = keyward_grant(store, &host, "repo-8", "zoe",
                                   i % 2 == 0 ? KEYWARD_READER : KEYWARD_WRITER);
        _exit((int)opened);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    ck_assert_int_eq(WTERMSIG(status), SIGXFSZ);
    return -1;
}

static void assert_resumed(int64_t events)
{
    char *log_key;

    fixture_reopen(&f);
    ck_assert_int_eq(count_events(f.path), events);
    assert_tree(&f);
    log_key = log_key_of(&f);
    assert_signed(log_key);
    assert_sound(&f);
    free(log_key);
}

/* `_i`: how. */
START_TEST(an_upgrade_that_is_interrupted_is_resumed)
{
    int partly = 0;
    int64_t events, bare = 0, tiles = 0;

    choose_seed();
    use_old_store();
    append_by_hand(&f, EVENTS);
    events = count_events(f.path);
    for (int kilobytes = 512; kilobytes < 65536; kilobytes += 256 + below(1024)) {
        int ended = open_with_limit((enum interruption)_i, (rlim_t)kilobytes * 1024, 0);

        if (_i == KILLED)
            ck_assert_msg(ended == -1 || ended == KEYWARD_OK, "ended with %d", ended);
        else
            ck_assert_msg(ended == KEYWARD_OK || ended == KEYWARD_FULL || ended == KEYWARD_IO,
                          "ended with %d", ended);
        if (sql_number(f.path, "PRAGMA user_version") == 2)
            continue;
        /* A tile is there with all of its leaves, or not at all. */
        ck_assert_int_ge(sql_number(f.path, "SELECT count(*) FROM audit_tree WHERE level = 1"),
                         tiles);
        tiles = sql_number(f.path, "SELECT count(*) FROM audit_tree WHERE level = 1");
        bare = count_bare();
        ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_events WHERE leaf IS NULL"
                                            " AND sequence <= 256 * (SELECT count(*) FROM"
                                            " audit_tree WHERE level = 1)"),
                         0);
        partly += bare > 0 && bare < events;
        if (bare == 0)
            break;
    }
    ck_assert_int_eq(bare, 0);
    ck_assert_int_ge(partly, 1);
    assert_resumed(events);
}
END_TEST

/* Who opens it and cannot go on with the upgrade appends all the same. */
START_TEST(a_store_that_is_partly_upgraded_is_written)
{
    int64_t events = 25 + EVENTS;
    int kilobytes = 4096;

    use_old_store();
    append_by_hand(&f, EVENTS);
    while (open_with_limit(REFUSED, (rlim_t)kilobytes * 1024, 0) != KEYWARD_OK)
        kilobytes += 1024;
    ck_assert_int_gt(count_bare(), 0);
    ck_assert_int_eq(open_with_limit(REFUSED, 65536, 300), KEYWARD_OK);
    ck_assert_int_eq(count_events(f.path), events + 300);
    ck_assert_int_gt(count_bare(), 0);
    assert_resumed(events + 300);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tree");
    TCase *sizes = suite_add_case(suite, "sizes", open_fixture, close_fixture);
    TCase *together = suite_add_case(suite, "together", open_fixture, close_fixture);
    TCase *by_hand = suite_add_case(suite, "by hand", open_fixture, close_fixture);
    TCase *upgrade = suite_add_case(suite, "upgrade", open_fixture, close_fixture);

    tcase_add_test(sizes, the_tree_is_right_after_every_number_of_events_up_to_600);
    tcase_add_test(sizes, appending_alone_keeps_the_tree);
    tcase_add_test(sizes, the_tree_has_a_second_level_from_65536_events_on);
    tcase_add_test(sizes, a_log_that_grew_by_the_library_alone_has_a_second_level);
    tcase_add_test(sizes, the_tree_dirties_one_page_in_256_appends);
    tcase_add_test(sizes, an_event_of_every_action_is_a_leaf);
    tcase_add_test(together, threads_that_share_commits_leave_one_log);
    tcase_add_test(together, processes_leave_one_log);
    tcase_add_loop_test(together, a_transaction_of_the_batch_that_fails_leaves_no_hash, 0, 12);
    tcase_add_loop_test(together, a_preview_among_others_leaves_no_hash, 0, 12);
    tcase_add_loop_test(together, a_preview_leaves_no_hash, 0, 14);
    tcase_add_test(together, a_crash_leaves_a_whole_tree);
    tcase_add_loop_test(by_hand, what_is_appended_by_hand_gets_its_place, 0, 2 * (int)COUNT(hands));
    tcase_add_test(by_hand, the_next_full_tile_takes_those_before_it_along);
    tcase_add_test(by_hand, a_checkpoint_takes_what_was_appended_by_hand_along);
    tcase_add_loop_test(by_hand, a_preview_behind_what_was_appended_by_hand_leaves_no_hash, 1, 4);
    tcase_add_loop_test(upgrade, an_older_store_gets_its_tree, 229, 234);
    tcase_add_loop_test(upgrade, an_older_store_gets_its_tree, 2999, 3000);
    tcase_add_loop_test(upgrade, an_upgrade_that_is_interrupted_is_resumed, KILLED, REFUSED + 1);
    tcase_add_test(upgrade, a_store_that_is_partly_upgraded_is_written);
    return run_suite(suite);
}
