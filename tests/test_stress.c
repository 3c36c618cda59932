/* SPDX-License-Identifier: MIT */
/*
 * Sixteen threads call everything that the library offers, at random: on two handles of one file in
 * one process, and on one handle whose master key changes meanwhile. Each thread has keys of its
 * own, of which it knows what every call must say; the audit log must have exactly the events of
 * what succeeded. Made for ThreadSanitizer. KEYWARD_TEST_SEED=<seed> makes the same choices again,
 * KEYWARD_TEST_STEPS=<count> so many in each thread.
 */
#include "support/chance.h"
#include "support/crew.h"
#include "support/fixture.h"
#include "support/tree.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define STEPS 400
#elif defined(__SANITIZE_ADDRESS__)
#define STEPS 500
#else
#define STEPS 1500
#endif

#define THREADS 16
#define OWN_KEYS 64
#define RARELY 12 /* so many times less often */
#define ACTIONS (KEYWARD_DATA_KEY_CREATED + 1)
#define PATIENCE 50000               /* ms: nobody is meant to meet the busy timeout */
#define FAR INT64_C(200000000000000) /* a deadline that does not come */

struct stress {
    struct fixture f;
    keyward *stores[2]; /* threads use them in turn; the same handle twice, or two */
    bool rekeys;
    int steps;
    uint64_t seed;
    char *log_key;
    atomic_int failures, actions[ACTIONS]; /* events that there must be */
    char first_failure[400];
};

struct own_key {
    char id[KEYWARD_KEY_ID_LENGTH + 1], access_key[64], secret[96], name[32];
    bool deleted, purged, rotated;
};

struct worker {
    struct stress *stress;
    keyward *store;
    int number;
    uint64_t chance;
    char user[16]; /* a writer that only this thread acts as */
    keyward_actor actor;
    enum keyward_role role; /* of somebody whose role only this thread changes */
    unsigned char master_key[KEYWARD_MASTER_KEY_BYTES];
    struct own_key keys[OWN_KEYS];
    int count;
};

/* A worker asserts by this: Check's own macros are for the test's main thread. */
__attribute__((format(printf, 3, 4))) static bool expect(struct worker *w, bool holds,
                                                         const char *format, ...)
{
    va_list arguments;

    if (holds)
        return true;
    if (atomic_fetch_add(&w->stress->failures, 1) == 0) {
        va_start(arguments, format);
        vsnprintf(w->stress->first_failure, sizeof w->stress->first_failure, format, arguments);
        va_end(arguments);
    }
    return false;
}

static bool expect_status(struct worker *w, const char *what, enum keyward_status got,
                          enum keyward_status wanted)
{
    return expect(w, got == wanted, "%s: got %d (%s), wanted %d", what, got,
                  keyward_last_error(w->store)->message, wanted);
}

/* The same of a call that leaves an event when it succeeds. */
static bool expect_event(struct worker *w, const char *what, enum keyward_status got,
                         enum keyward_action action)
{
    if (!expect_status(w, what, got, KEYWARD_OK))
        return false;
    atomic_fetch_add(&w->stress->actions[action], 1);
    return true;
}

static bool rarely(struct worker *w)
{
    return chance_index(&w->chance, RARELY) == 0;
}

/* ---- keys of one's own ---- */

static struct own_key *some_key(struct worker *w)
{
    return w->count > 0 ? &w->keys[chance_index(&w->chance, w->count)] : NULL;
}

static void own(struct worker *w, keyward_key *key, const char *secret)
{
    struct own_key *kept = &w->keys[w->count++];

    snprintf(kept->id, sizeof kept->id, "%s", key->id);
    snprintf(kept->access_key, sizeof kept->access_key, "%s", key->access_key);
    snprintf(kept->name, sizeof kept->name, "%s", key->name);
    snprintf(kept->secret, sizeof kept->secret, "%s", secret);
    keyward_key_free(&key);
}

static void create(struct worker *w)
{
    keyward_new_key new_key = {.name = "made", .provider = KEYWARD_GOOGLE};
    keyward_secret *secret = NULL;
    keyward_key *key;
    char own_secret[64];
    bool imports = chance_index(&w->chance, 3) == 0;

    if (w->count == OWN_KEYS)
        return;
    snprintf(own_secret, sizeof own_secret, "theirs-%d-%d", w->number, w->count);
    if (imports) {
        new_key.secret = own_secret;
        new_key.secret_length = strlen(own_secret);
    }
    if (expect_event(w, "create",
                     keyward_create_key(w->store, &w->actor, "repo-1", &new_key, &key, &secret),
                     imports ? KEYWARD_KEY_IMPORTED : KEYWARD_KEY_CREATED))
        own(w, key, imports ? own_secret : secret->text);
    keyward_secret_free(&secret);
}

static void rotate(struct worker *w)
{
    struct own_key *old = some_key(w);
    keyward_secret *secret;
    keyward_key *key;

    if (!old || old->deleted || old->rotated || w->count == OWN_KEYS)
        return;
    if (!expect_event(
            w, "rotate",
            keyward_rotate_key(w->store, &w->actor, "repo-1", old->id, NULL, &key, &secret),
            KEYWARD_KEY_ROTATED))
        return;
    old->rotated = true;
    atomic_fetch_add(&w->stress->actions[KEYWARD_KEY_CREATED], 1);
    own(w, key, secret->text);
    keyward_secret_free(&secret);
}

static void change(struct worker *w)
{
    struct own_key *key = some_key(w);
    enum keyward_status status;
    char name[32];

    if (!key)
        return;
    snprintf(name, sizeof name, "name %d", chance_index(&w->chance, 1 << 30));
    status = keyward_rename_key(w->store, &w->actor, "repo-1", key->id, name);
    if (key->deleted) {
        expect_status(w, "rename of a deleted key", status, KEYWARD_ALREADY_DELETED);
        return;
    }
    if (expect_event(w, "rename", status, KEYWARD_KEY_RENAMED))
        strcpy(key->name, name);
    expect_event(w, "expiry",
                 keyward_set_key_expiry(w->store, &w->actor, "repo-1", key->id,
                                        FAR + chance_index(&w->chance, 1 << 30)),
                 KEYWARD_KEY_EXPIRY_SET);
}

static void delete_one(struct worker *w)
{
    struct own_key *key = some_key(w);
    enum keyward_status status;

    if (!key)
        return;
    status = keyward_delete_key(w->store, &w->actor, "repo-1", key->id, NULL);
    if (key->deleted)
        expect_status(w, "delete again", status, KEYWARD_ALREADY_DELETED);
    else if (expect_event(w, "delete", status, KEYWARD_KEY_DELETED))
        key->deleted = true;
}

/* A preview says the same as what follows, and does nothing. */
static void delete_two(struct worker *w)
{
    keyward_delete_request requests[2] = {{.repo_id = "repo-1"}, {.repo_id = "repo-1"}};
    keyward_changes *changes;
    struct own_key *keys[2] = {some_key(w), some_key(w)};

    if (!keys[0] || keys[0] == keys[1])
        return;
    for (int i = 0; i < 2; i++)
        requests[i].key_id = keys[i]->id;
    if (expect_status(w, "preview",
                      keyward_preview_delete_keys(w->store, &w->actor, requests, 2, &changes),
                      KEYWARD_OK))
        keyward_changes_free(&changes);
    expect_status(w, "delete two", keyward_delete_keys(w->store, &w->actor, requests, 2),
                  KEYWARD_OK);
    for (int i = 0; i < 2; i++) {
        if (keys[i]->deleted)
            expect_status(w, "one of two", requests[i].status, KEYWARD_ALREADY_DELETED);
        else if (expect_event(w, "one of two", requests[i].status, KEYWARD_KEY_DELETED))
            keys[i]->deleted = true;
    }
}

static void delete_all(struct worker *w)
{
    const keyward_selection selection = {.repo_id = "repo-1", .created_by = w->user};
    keyward_changes *changes;
    size_t live = 0;

    if (!rarely(w))
        return;
    for (int i = 0; i < w->count; i++)
        live += !w->keys[i].deleted;
    if (expect_status(
            w, "preview of all",
            keyward_preview_delete_all_keys(w->store, &w->actor, &selection, NULL, &changes),
            KEYWARD_OK)) {
        expect(w, changes->event_count == live, "a preview of %zu, not %zu", changes->event_count,
               live);
        keyward_changes_free(&changes);
    }
    if (!expect_status(w, "delete all",
                       keyward_delete_all_keys(w->store, &w->actor, &selection, NULL, &changes),
                       KEYWARD_OK))
        return;
    expect(w, changes->event_count == live, "%zu deleted, not %zu", changes->event_count, live);
    keyward_changes_free(&changes);
    atomic_fetch_add(&w->stress->actions[KEYWARD_KEY_DELETED], (int)live);
    for (int i = 0; i < w->count; i++)
        w->keys[i].deleted = true;
}

static void restore(struct worker *w)
{
    struct own_key *key = some_key(w);
    enum keyward_status status;

    if (!key)
        return;
    status = keyward_restore_key(w->store, &anna, "repo-1", key->id);
    if (key->purged)
        expect_status(w, "restore of a purged key", status, KEYWARD_PURGED);
    else if (!key->deleted)
        expect_status(w, "restore of a live key", status, KEYWARD_NOT_DELETED);
    else if (expect_event(w, "restore", status, KEYWARD_KEY_RESTORED))
        key->deleted = false;
}

/* RETAINED: it was deleted in this very millisecond. */
static void purge(struct worker *w)
{
    struct own_key *key = some_key(w);
    keyward_changes *changes;
    enum keyward_status status;

    if (!key || !rarely(w))
        return;
    if (expect_status(w, "preview of a purge",
                      keyward_preview_purge_keys(w->store, &anna, "repo-1", NULL, &changes),
                      KEYWARD_OK))
        keyward_changes_free(&changes);
    status = keyward_purge_keys(w->store, &anna, "repo-1", key->id, NULL);
    if (!key->deleted)
        expect_status(w, "purge of a live key", status, KEYWARD_NOT_DELETED);
    else if (key->purged)
        expect_status(w, "purge again", status, KEYWARD_PURGED);
    else if (status != KEYWARD_RETAINED && expect_event(w, "purge", status, KEYWARD_KEY_PURGED))
        key->purged = true;
}

static void reveal(struct worker *w)
{
    struct own_key *key = some_key(w);
    keyward_secret *secret;

    if (!key || key->deleted)
        return;
    if (!expect_event(w, "reveal", keyward_reveal_key(w->store, &anna, "repo-1", key->id, &secret),
                      KEYWARD_KEY_REVEALED))
        return;
    expect(w, strcmp(secret->text, key->secret) == 0, "another key's secret");
    keyward_secret_free(&secret);
}

static void authenticate(struct worker *w)
{
    const struct own_key *key = some_key(w);
    keyward_identity identity;

    for (int i = 0; key && i < 8; i++)
        expect_status(w, "authenticate",
                      keyward_authenticate(w->store, key->access_key, key->secret,
                                           strlen(key->secret), &identity),
                      key->deleted ? KEYWARD_REFUSED : KEYWARD_OK);
}

/* What was acknowledged is there. */
static void look_at_key(struct worker *w, const struct own_key *key)
{
    keyward_key *found;

    if (!expect_status(
            w, "get",
            keyward_get_key(w->store, &anna, "repo-1", key->id, KEYWARD_LIVE_AND_DELETED, &found),
            KEYWARD_OK))
        return;
    expect(w, strcmp(found->name, key->name) == 0, "named %s, not %s", found->name, key->name);
    expect(w, (found->deleted_at != 0) == key->deleted, "deleted or not");
    expect(w, (found->purged_at != 0) == key->purged, "purged or not");
    keyward_key_free(&found);
}

static void look_at_own(struct worker *w)
{
    const struct own_key *key = some_key(w);

    if (key)
        look_at_key(w, key);
}

/* ---- access ---- */

static void change_access(struct worker *w)
{
    enum keyward_role wanted = (enum keyward_role)chance_index(&w->chance, 4);
    keyward_user *user;
    char name[16];

    snprintf(name, sizeof name, "other-%d", w->number);
    if (wanted == w->role)
        return;
    if (wanted == 0)
        expect_event(w, "revoke", keyward_revoke(w->store, &anna, "repo-1", name),
                     KEYWARD_ACCESS_REVOKED);
    else
        expect_event(w, "grant", keyward_grant(w->store, &anna, "repo-1", name, wanted),
                     KEYWARD_ACCESS_GRANTED);
    w->role = wanted;
    if (expect_status(w, "get user", keyward_get_user(w->store, &rita, "repo-1", name, &user),
                      wanted == 0 ? KEYWARD_NOT_FOUND : KEYWARD_OK) &&
        wanted != 0) {
        expect(w, user->role == wanted, "another role");
        keyward_user_free(&user);
    }
}

static void be_refused(struct worker *w)
{
    expect_status(w, "delete by nobody",
                  keyward_delete_key(w->store, &nobody, "repo-1", "no-key", NULL),
                  KEYWARD_FORBIDDEN);
    atomic_fetch_add(&w->stress->actions[KEYWARD_KEY_DELETE_DENIED], 1);
}

/* ---- what reads ---- */

static void list(struct worker *w)
{
    const keyward_key_query query = {.include = KEYWARD_LIVE_AND_DELETED, .limit = 20};
    const keyward_event_query newest = {.repo_id = "repo-1", .limit = 20};
    keyward_key_list *keys;
    keyward_user_list *users;
    keyward_event_list *events;

    if (expect_status(w, "keys", keyward_list_keys(w->store, &anna, "repo-1", &query, &keys),
                      KEYWARD_OK))
        keyward_key_list_free(&keys);
    if (expect_status(w, "users", keyward_list_users(w->store, &rita, "repo-1", NULL, &users),
                      KEYWARD_OK))
        keyward_user_list_free(&users);
    if (expect_status(w, "events", keyward_list_events(w->store, &rita, &newest, &events),
                      KEYWARD_OK)) {
        for (size_t i = 1; i < events->count; i++)
            expect(w, events->events[i - 1]->sequence > events->events[i]->sequence,
                   "events out of order");
        keyward_event_list_free(&events);
    }
}

static int count_bytes(void *context, const char *bytes, size_t length)
{
    (void)bytes;
    *(size_t *)context += length;
    return 0;
}

static void export_events(struct worker *w)
{
    const keyward_event_query query = {.repo_id = "repo-1", .limit = 50};
    size_t length = 0;
    const keyward_export destination = {.write = count_bytes, .write_context = &length};

    expect_status(w, "export", keyward_export_events(w->store, &rita, &query, &destination),
                  KEYWARD_OK);
    expect(w, length > 0, "nothing was exported");
}

static void count_all(struct worker *w)
{
    keyward_activity *activity;
    keyward_stats *stats;

    if (expect_status(w, "activity", keyward_get_activity(w->store, &activity), KEYWARD_OK)) {
        expect(w, activity->writes >= activity->commits, "fewer writes than commits");
        keyward_activity_free(&activity);
    }
    if (rarely(w) && expect_status(w, "stats", keyward_get_stats(w->store, &stats), KEYWARD_OK)) {
        expect(w, stats->live_keys + stats->deleted_keys >= w->count, "fewer keys than my own");
        keyward_stats_free(&stats);
    }
}

static void check(struct worker *w)
{
    keyward_report *report;

    if (!rarely(w) || !rarely(w))
        return;
    expect_status(w, "check", keyward_check(w->store, NULL, &report), KEYWARD_OK);
    keyward_report_free(&report);
}

static void back_up(struct worker *w)
{
    char path[160];

    if (!rarely(w) || !rarely(w))
        return;
    snprintf(path, sizeof path, "%s/copy-%d", w->stress->f.folder, w->number);
    expect_status(w, "backup", keyward_backup(w->store, path, NULL), KEYWARD_OK);
    unlink(path);
}

/* ---- proofs ---- */

static int count_files(void *context, const char *path, const void *bytes, size_t length)
{
    (void)path;
    (void)bytes;
    *(size_t *)context += length > 0;
    return 0;
}

/* The first event is covered by any checkpoint. */
static void prove(struct worker *w)
{
    const keyward_trust trust = {.log_key = w->stress->log_key};
    keyward_text *checkpoint = NULL, *receipt = NULL, *consistency = NULL;
    size_t files = 0;
    const keyward_publication publication = {.write = count_files, .write_context = &files};
    keyward_proven proven;

    if (!expect_status(w, "checkpoint",
                       keyward_audit_checkpoint(w->store, &host, NULL, 0, &checkpoint), KEYWARD_OK))
        return;
    expect_status(w, "cosignatures",
                  keyward_audit_add_cosignatures(w->store, &host, &trust, checkpoint->text,
                                                 checkpoint->length),
                  KEYWARD_OK);
    if (expect_status(w, "receipt", keyward_audit_receipt(w->store, &host, 1, 0, &receipt),
                      KEYWARD_OK))
        expect(w,
               keyward_verify_receipt(receipt->text, receipt->length, &trust, NULL, 0, &proven) ==
                       KEYWARD_OK &&
                   proven.sequence == 1,
               "a receipt does not hold");
    if (expect_status(w, "consistency",
                      keyward_audit_consistency(w->store, &host, 0, 0, &consistency), KEYWARD_OK))
        expect(w, consistency->length > 0, "no proof");
    if (rarely(w)) {
        expect_status(w, "publish", keyward_audit_publish(w->store, &host, &publication),
                      KEYWARD_OK);
        expect(w, files > 0, "nothing was published");
    }
    keyward_text_free(&checkpoint);
    keyward_text_free(&receipt);
    keyward_text_free(&consistency);
}

/* ---- the store itself ---- */

static void flush_uses(struct worker *w)
{
    expect_status(w, "flush", keyward_flush_uses(w->store), KEYWARD_OK);
}

static void make_data_key(struct worker *w)
{
    if (rarely(w))
        expect_event(w, "data key", keyward_create_data_key(w->store, &host),
                     KEYWARD_DATA_KEY_CREATED);
}

/* One thread does, so that it knows which is in force. */
static void change_master_key(struct worker *w)
{
    const keyward_master_key master_key = {.key = w->master_key};

    if (!w->stress->rekeys) {
        expect_status(w, "master key by a user",
                      keyward_change_master_key(w->store, &anna, &master_key), KEYWARD_FORBIDDEN);
    } else if (w->number == 0) {
        w->master_key[0]++;
        if (expect_event(w, "master key", keyward_change_master_key(w->store, &host, &master_key),
                         KEYWARD_MASTER_KEY_CHANGED))
            atomic_fetch_add(&w->stress->actions[KEYWARD_DATA_KEY_CREATED], 1);
    }
}

/* One more handle of the same file, which comes and goes. */
static void open_and_close(struct worker *w)
{
    keyward *other;

    if (w->stress->rekeys || !rarely(w))
        return;
    if (expect(w, keyward_open(&other, w->stress->f.path, &w->stress->f.options) == KEYWARD_OK,
               "open: %s", keyward_last_error(NULL)->message))
        keyward_close(&other);
}

static void (*const steps[])(struct worker *) = {
    create,        create,       rotate,        change,        delete_one,
    delete_two,    delete_all,   restore,       restore,       purge,
    reveal,        authenticate, authenticate,  look_at_own,   change_access,
    be_refused,    list,         export_events, count_all,     check,
    back_up,       prove,        flush_uses,    make_data_key, change_master_key,
    open_and_close};

/* ---- all of it ---- */

struct crew {
    struct stress stress;
    struct worker workers[THREADS];
};

static int work(void *context, int number)
{
    struct crew *crew = context;
    struct worker *w = &crew->workers[number];

    w->stress = &crew->stress;
    w->store = crew->stress.stores[number % 2];
    w->number = number;
    w->chance = chance_of(crew->stress.seed, number);
    snprintf(w->user, sizeof w->user, "writer-%d", number);
    w->actor.user_id = w->user;
    memcpy(w->master_key, test_master_key, sizeof w->master_key);
    for (int i = 0; i < crew->stress.steps; i++)
        steps[chance_index(&w->chance, (int)(sizeof steps / sizeof *steps))](w);
    return 0;
}

static void begin(struct stress *stress)
{
    struct fixture *f = &stress->f;
    const char *wanted = getenv("KEYWARD_TEST_STEPS");
    char user[16];

    stress->seed = chance_seed();
    stress->steps = wanted ? (int)strtol(wanted, NULL, 10) : STEPS;
    fixture_open(f);
    f->options.busy_timeout_ms = PATIENCE;
    f->options.clock = NULL; /* the system's: times differ */
    f->options.durability = KEYWARD_SURVIVES_CRASH;
    f->options.purge_retention = 1;
    fixture_reopen(f);
    for (int i = 0; i < THREADS; i++) {
        snprintf(user, sizeof user, "writer-%d", i);
        assert_status(f->store, keyward_grant(f->store, &host, "repo-1", user, KEYWARD_WRITER),
                      KEYWARD_OK);
    }
    atomic_store(&stress->actions[KEYWARD_ACCESS_GRANTED], 3 + THREADS); /* the fixture's 3 */
    stress->log_key = log_key_of(f);
}

static void assert_events(struct stress *stress)
{
    char query[128];

    for (int action = KEYWARD_KEY_CREATED; action < ACTIONS; action++) {
        const char *name = keyward_action_text((enum keyward_action)action);
        int64_t events;

        snprintf(query, sizeof query, "SELECT count(*) FROM audit_events WHERE action = '%s'",
                 name);
        events = sql_number(stress->f.path, query);
        ck_assert_msg(events == stress->actions[action], "%s: %" PRId64 " events, %d successes",
                      name, events, stress->actions[action]);
    }
    ck_assert_int_eq(count_events(stress->f.path),
                     sql_number(stress->f.path, "SELECT max(sequence) FROM audit_events"));
}

/* All threads are gone, and a new handle reads the file. */
static void assert_all_is_there(struct crew *crew)
{
    int keys = 0;

    for (int i = 0; i < THREADS; i++) {
        struct worker *w = &crew->workers[i];

        w->store = crew->stress.f.store;
        for (int k = 0; k < w->count; k++)
            look_at_key(w, &w->keys[k]);
        keys += w->count;
    }
    ck_assert_msg(crew->stress.failures == 0, "%d failures, the first: %s", crew->stress.failures,
                  crew->stress.first_failure);
    ck_assert_int_eq(sql_number(crew->stress.f.path, "SELECT count(*) FROM api_keys"), keys);
    printf("%d calls of %d threads at random, %d keys, %" PRId64 " events\n",
           crew->stress.steps * THREADS, THREADS, keys, count_events(crew->stress.f.path));
}

static void run_all(struct crew *crew)
{
    struct stress *stress = &crew->stress;

    run_crew(THREADS, work, crew, NULL);
    ck_assert_msg(stress->failures == 0, "%d failures, the first: %s, KEYWARD_TEST_SEED=%" PRIu64,
                  stress->failures, stress->first_failure, stress->seed);
}

/* What the threads were told stands in the file, and nothing else. */
static void end(struct crew *crew)
{
    struct stress *stress = &crew->stress;

    fixture_reopen(&stress->f);
    assert_events(stress);
    assert_all_is_there(crew);
    assert_sound(&stress->f);
    fixture_close(&stress->f);
    free(stress->log_key);
    free(crew);
}

START_TEST(everything_at_once_on_two_handles_leaves_what_was_acknowledged)
{
    struct crew *crew = calloc(1, sizeof *crew);
    struct stress *stress = &crew->stress;

    begin(stress);
    stress->stores[0] = stress->f.store;
    assert_status(NULL, keyward_open(&stress->stores[1], stress->f.path, &stress->f.options),
                  KEYWARD_OK);
    run_all(crew);
    keyward_close(&stress->stores[1]);
    end(crew);
}
END_TEST

START_TEST(everything_at_once_while_the_master_key_changes_leaves_what_was_acknowledged)
{
    struct crew *crew = calloc(1, sizeof *crew);
    struct stress *stress = &crew->stress;

    begin(stress);
    stress->rekeys = true;
    stress->stores[0] = stress->stores[1] = stress->f.store;
    run_all(crew);
    ck_assert_int_gt(stress->actions[KEYWARD_MASTER_KEY_CHANGED], 0);
    stress->f.options.master_key = crew->workers[0].master_key;
    end(crew);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stress");
    TCase *tests = tcase_create("everything at once");

    tcase_add_test(tests, everything_at_once_on_two_handles_leaves_what_was_acknowledged);
    tcase_add_test(tests,
                   everything_at_once_while_the_master_key_changes_leaves_what_was_acknowledged);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
