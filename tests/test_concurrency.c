/* SPDX-License-Identifier: MIT */
/*
 * The invariants under threads and processes at once.
 *
 * Each process is forked before any store is open, opens its own and starts its threads; what they
 * find goes into memory that all share. Nobody sleeps: barriers start them, joins end them. Random
 * tests print their seed; KEYWARD_TEST_SEED=<seed> replays one.
 */
#include "support/chance.h"
#include "support/fixture.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define SCALE 4 /* a sanitizer is slow: so many times less to do */
#elif defined(__SANITIZE_ADDRESS__)
#define SCALE 4
/* A cancelled thread leaves its stack marked as in use, over which ASan's own end of it stumbles.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "use_sigaltstack=0";
}
#else
#define SCALE 1
#endif

#define PROCESSES 4
#define THREADS 8
#define WORKERS (PROCESSES * THREADS)
#define RACED_KEYS (64 / SCALE)
#define RANDOM_STEPS (320 / SCALE)
#define RANDOM_KEYS 4096
#define WATCHED_KEYS (320 / SCALE)
#define TOGGLES (96 / SCALE)
#define CANCELLED_THREADS (64 / SCALE)
#define OPENING_PROCESSES 8
#define OPENING_THREADS 4
#define ACTIONS (KEYWARD_DATA_KEY_CREATED + 1)
#define PATIENCE 50000 /* ms: no test is meant to meet the busy timeout unless it says so */

/* ---- what processes share ---- */

/* A key as other processes know it. */
struct shared_key {
    char id[KEYWARD_KEY_ID_LENGTH + 1], access_key[64], secret[96];
    atomic_bool known;   /* the rest is there */
    atomic_bool deleted; /* keyward_delete_key has returned KEYWARD_OK */
    atomic_int phase;    /* see toggle() */
};

struct result {
    enum keyward_status status;
    int64_t at, event;
};

struct shared {
    pthread_barrier_t start;
    atomic_int failures;
    char first_failure[400];
    atomic_int working; /* workers that change things and are not done */
    atomic_int key_count;
    struct shared_key keys[RANDOM_KEYS];
    atomic_int actions[ACTIONS]; /* successes that must have left an event */
    struct result results[WORKERS][RACED_KEYS];
    atomic_int looks; /* of readers */
    uint64_t seed;
};

static struct shared *shared_new(unsigned parties)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrierattr_t across;

    ck_assert(shared != MAP_FAILED);
    pthread_barrierattr_init(&across);
    pthread_barrierattr_setpshared(&across, PTHREAD_PROCESS_SHARED);
    ck_assert_int_eq(pthread_barrier_init(&shared->start, &across, parties), 0);
    pthread_barrierattr_destroy(&across);
    return shared;
}

static void shared_free(struct shared *shared)
{
    pthread_barrier_destroy(&shared->start);
    munmap(shared, sizeof *shared);
}

/* A worker asserts by this: Check's own macros are for the test's main thread. */
__attribute__((format(printf, 3, 4))) static bool expect(struct shared *shared, bool holds,
                                                         const char *format, ...)
{
    va_list arguments;

    if (holds)
        return true;
    if (atomic_fetch_add(&shared->failures, 1) == 0) {
        va_start(arguments, format);
        vsnprintf(shared->first_failure, sizeof shared->first_failure, format, arguments);
        va_end(arguments);
    }
    return false;
}

static void assert_no_failures(const struct shared *shared)
{
    ck_assert_msg(shared->failures == 0, "%d failures, the first: %s", shared->failures,
                  shared->first_failure);
}

/* ---- workers ---- */

struct worker {
    struct shared *shared;
    keyward *store;
    const char *path;
    const keyward_options *options;
    int index; /* over all processes */
    uint64_t chance;
};

typedef void (*worker_function)(struct worker *);

struct started {
    pthread_t thread;
    struct worker worker;
    worker_function work;
};

static uint64_t next_random(struct worker *worker)
{
    return chance_next(&worker->chance);
}

static int pick(struct worker *worker, int below)
{
    return (int)(next_random(worker) % (uint64_t)below);
}

static bool expect_status(struct worker *worker, const char *what, enum keyward_status got,
                          enum keyward_status wanted)
{
    return expect(worker->shared, got == wanted, "%s: got %d (%s), wanted %d", what, got,
                  keyward_last_error(worker->store)->message, wanted);
}

static void *run_worker(void *context)
{
    struct started *started = context;

    pthread_barrier_wait(&started->worker.shared->start);
    started->work(&started->worker);
    return NULL;
}

/* `threads` workers on one store, in this process. */
static void run_threads(const struct worker *model, int threads, worker_function work)
{
    struct started started[THREADS];

    for (int i = 0; i < threads; i++) {
        started[i].worker = *model;
        started[i].worker.index = model->index + i;
        started[i].worker.chance = chance_of(model->shared->seed, model->index + i);
        started[i].work = work;
        if (pthread_create(&started[i].thread, NULL, run_worker, &started[i]) != 0)
            abort(); /* the others wait at the barrier for ever */
    }
    for (int i = 0; i < threads; i++)
        pthread_join(started[i].thread, NULL);
}

static int run_process(struct fixture *f, struct shared *shared, int process, worker_function work)
{
    struct worker model = {
        .shared = shared, .path = f->path, .options = &f->options, .index = process * THREADS};

    if (keyward_open(&model.store, f->path, &f->options) != KEYWARD_OK)
        abort();
    run_threads(&model, THREADS, work);
    keyward_close(&model.store);
    return 0;
}

static pid_t fork_child(void)
{
    pid_t child;

    fflush(NULL);
    child = fork();
    ck_assert_int_ge(child, 0);
    return child;
}

static void wait_for(const pid_t *children, int count)
{
    int status;

    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %d ended with %d", i,
                      status);
    }
}

/* PROCESSES times THREADS workers; the caller's store is closed meanwhile and open afterwards. */
static void run_everywhere(struct fixture *f, struct shared *shared, worker_function work)
{
    pid_t children[PROCESSES];

    keyward_close(&f->store);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork_child();
        if (children[i] == 0)
            _exit(run_process(f, shared, i, work));
    }
    wait_for(children, PROCESSES);
    assert_no_failures(shared);
    fixture_reopen(f);
}

/* ---- a store for it ---- */

static struct shared *begin(struct fixture *f)
{
    struct shared *shared = shared_new(WORKERS);

    fixture_open(f);
    f->options.busy_timeout_ms = PATIENCE;
    f->options.clock = NULL; /* the system's: times differ */
    f->options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(f);
    return shared;
}

static void publish(struct shared_key *slot, const keyward_key *key, const char *secret)
{
    strcpy(slot->id, key->id);
    strcpy(slot->access_key, key->access_key);
    strcpy(slot->secret, secret);
    atomic_store(&slot->known, true);
}

static void make_keys(struct fixture *f, struct shared *shared, int count)
{
    for (int i = 0; i < count; i++) {
        keyward_secret *secret;
        keyward_key *key = make_key(f, "repo-1", "raced", &secret);

        publish(&shared->keys[i], key, secret->text);
        keyward_secret_free(&secret);
        keyward_key_free(&key);
    }
    atomic_store(&shared->key_count, count);
}

static int64_t count_of(struct fixture *f, enum keyward_action action)
{
    char query[128];

    snprintf(query, sizeof query, "SELECT count(*) FROM audit_events WHERE action = '%s'",
             keyward_action_text(action));
    return sql_number(f->path, query);
}

/* Deleted rows that are not exactly their event's, or the other way round; no key is restored. */
#define DELETED_WITHOUT_EVENT                                                         \
    "SELECT count(*) FROM api_keys AS k LEFT JOIN audit_events AS e ON e.sequence = " \
    "k.deleted_event"                                                                 \
    " AND e.action = 'key.deleted' AND e.repo_id = k.repo_id AND e.key_id = k.id"     \
    " AND e.at = k.deleted_at WHERE k.deleted = 1 AND e.sequence IS NULL"
#define EVENT_WITHOUT_DELETED                                                                 \
    "SELECT count(*) FROM audit_events AS e LEFT JOIN api_keys AS k ON k.repo_id = e.repo_id" \
    " AND k.archived IN (0, 1) AND k.id = e.key_id AND k.deleted_event = e.sequence"          \
    " WHERE e.action = 'key.deleted' AND k.id IS NULL"

static void finish(struct fixture *f, struct shared *shared)
{
    ck_assert_int_eq(sql_number(f->path, "SELECT count(*) FROM audit_events"),
                     sql_number(f->path, "SELECT max(sequence) FROM audit_events"));
    ck_assert_int_eq(sql_number(f->path, DELETED_WITHOUT_EVENT), 0);
    assert_sound(f);
    shared_free(shared);
    fixture_close(f);
}

/* ---- all delete the same keys ---- */

static void delete_in_one_call(struct worker *w, struct result *results)
{
    keyward_delete_request requests[RACED_KEYS] = {{0}};

    for (int i = 0; i < RACED_KEYS; i++) {
        requests[i].repo_id = "repo-1";
        requests[i].key_id = w->shared->keys[i].id;
    }
    expect_status(w, "delete many", keyward_delete_keys(w->store, &will, requests, RACED_KEYS),
                  KEYWARD_OK);
    for (int i = 0; i < RACED_KEYS; i++)
        results[i] = (struct result){requests[i].status, requests[i].deletion.deleted_at,
                                     requests[i].deletion.event};
}

static void delete_one(struct worker *w, int i, struct result *result)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_UNUSED};

    result->status =
        keyward_delete_key(w->store, &will, "repo-1", w->shared->keys[i].id, &deletion);
    result->at = deletion.deleted_at;
    result->event = deletion.event;
    if (result->status == KEYWARD_ALREADY_DELETED)
        expect(w->shared,
               keyward_last_error(w->store)->deleted_event == result->event &&
                   keyward_last_error(w->store)->deleted_at == result->at,
               "keyward_last_error differs from the deletion");
}

/* Some go through the keys in order, some begin elsewhere, one takes them all in the middle. */
static void race_to_delete(struct worker *w)
{
    struct result *results = w->shared->results[w->index];
    int from = w->index % 2 == 0 ? 0 : pick(w, RACED_KEYS);
    struct result again[RACED_KEYS];

    for (int i = 0; i < RACED_KEYS; i++)
        delete_one(w, (from + i) % RACED_KEYS, &results[(from + i) % RACED_KEYS]);
    delete_in_one_call(w, again);
    for (int i = 0; i < RACED_KEYS; i++)
        expect(w->shared,
               again[i].status == KEYWARD_ALREADY_DELETED && again[i].at == results[i].at &&
                   again[i].event == results[i].event,
               "a second attempt gave %d for event %lld, at first %lld", again[i].status,
               (long long)again[i].event, (long long)results[i].event);
}

static void assert_one_winner(struct fixture *f, const struct shared *shared, int key)
{
    const struct result *first = &shared->results[0][key];
    char query[160];
    int winners = 0;

    for (int i = 0; i < WORKERS; i++) {
        const struct result *result = &shared->results[i][key];
        winners += result->status == KEYWARD_OK;
        ck_assert(result->status == KEYWARD_OK || result->status == KEYWARD_ALREADY_DELETED);
        ck_assert_int_eq(result->event, first->event);
        ck_assert_int_eq(result->at, first->at);
    }
    ck_assert_int_eq(winners, 1);
    snprintf(query, sizeof query,
             "SELECT at FROM audit_events WHERE sequence = %lld AND key_id ="
             " '%s' AND action = 'key.deleted'",
             (long long)first->event, shared->keys[key].id);
    ck_assert_int_eq(sql_number(f->path, query), first->at);
}

START_TEST(each_key_is_deleted_once_whoever_races_for_it)
{
    struct fixture f;
    struct shared *shared = begin(&f);

    f.options.durability = _i == 0 ? KEYWARD_SURVIVES_POWER_LOSS : KEYWARD_SURVIVES_CRASH;
    shared->seed = chance_seed();
    make_keys(&f, shared, RACED_KEYS);
    run_everywhere(&f, shared, race_to_delete);
    for (int key = 0; key < RACED_KEYS; key++)
        assert_one_winner(&f, shared, key);
    ck_assert_int_eq(count_of(&f, KEYWARD_KEY_DELETED), RACED_KEYS);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted = 1"),
                     RACED_KEYS);
    ck_assert_int_eq(sql_number(f.path, EVENT_WITHOUT_DELETED), 0);
    finish(&f, shared);
}
END_TEST

/* ---- everything at once, at random ---- */

static void count(struct worker *w, enum keyward_action action)
{
    atomic_fetch_add(&w->shared->actions[action], 1);
}

/* A published key, whatever became of it; NULL where there is none yet. */
static struct shared_key *some_key(struct worker *w)
{
    int known = atomic_load(&w->shared->key_count);
    struct shared_key *key;

    if (known > RANDOM_KEYS)
        known = RANDOM_KEYS;
    key = known > 0 ? &w->shared->keys[pick(w, known)] : NULL;
    return key && atomic_load(&key->known) ? key : NULL;
}

static void publish_and_free(struct worker *w, keyward_key *key, const char *secret)
{
    int slot = atomic_fetch_add(&w->shared->key_count, 1);

    if (slot < RANDOM_KEYS)
        publish(&w->shared->keys[slot], key, secret);
    keyward_key_free(&key);
}

static void random_create(struct worker *w)
{
    const keyward_new_key new_key = {.name = "born", .provider = KEYWARD_GOOGLE};
    keyward_key *key;
    keyward_secret *secret;

    if (pick(w, 8) == 0) {
        expect_status(w, "create by a reader",
                      keyward_create_key(w->store, &rita, "repo-1", &new_key, &key, &secret),
                      KEYWARD_FORBIDDEN);
        count(w, KEYWARD_KEY_CREATE_DENIED);
        return;
    }
    if (!expect_status(w, "create",
                       keyward_create_key(w->store, &will, "repo-1", &new_key, &key, &secret),
                       KEYWARD_OK))
        return;
    count(w, KEYWARD_KEY_CREATED);
    publish_and_free(w, key, secret->text);
    keyward_secret_free(&secret);
}

/* One of two answers is right; the first of them leaves an event. */
static void settle(struct worker *w, const char *what, enum keyward_status got,
                   enum keyward_status other, enum keyward_action action)
{
    if (got == KEYWARD_OK)
        count(w, action);
    else
        expect_status(w, what, got, other);
}

static void random_rename(struct worker *w, const struct shared_key *key)
{
    char name[64];

    snprintf(name, sizeof name, "name %d %llx", w->index, (unsigned long long)next_random(w));
    settle(w, "rename", keyward_rename_key(w->store, &will, "repo-1", key->id, name),
           KEYWARD_ALREADY_DELETED, KEYWARD_KEY_RENAMED);
}

static void random_delete(struct worker *w, const struct shared_key *key)
{
    if (pick(w, 8) > 0) {
        settle(w, "delete", keyward_delete_key(w->store, &will, "repo-1", key->id, NULL),
               KEYWARD_ALREADY_DELETED, KEYWARD_KEY_DELETED);
        return;
    }
    expect_status(w, "delete by nobody",
                  keyward_delete_key(w->store, &nobody, "repo-1", key->id, NULL),
                  KEYWARD_FORBIDDEN);
    count(w, KEYWARD_KEY_DELETE_DENIED);
}

static void random_delete_many(struct worker *w)
{
    keyward_delete_request requests[4] = {{0}};
    size_t n = 0;

    for (int i = 0; i < 4; i++) {
        const struct shared_key *key = some_key(w);
        if (key)
            requests[n++].access_key = key->access_key;
    }
    if (n == 0)
        return;
    expect_status(w, "delete many", keyward_delete_keys(w->store, &host, requests, n), KEYWARD_OK);
    for (size_t i = 0; i < n; i++)
        settle(w, "one of many", requests[i].status, KEYWARD_ALREADY_DELETED, KEYWARD_KEY_DELETED);
}

static void random_restore(struct worker *w, const struct shared_key *key)
{
    settle(w, "restore", keyward_restore_key(w->store, &anna, "repo-1", key->id),
           KEYWARD_NOT_DELETED, KEYWARD_KEY_RESTORED);
}

/* A user of the worker's own, whose role only the worker changes. */
static void random_access(struct worker *w, enum keyward_role *role)
{
    enum keyward_role wanted = (enum keyward_role)pick(w, 4);
    char user[16];

    snprintf(user, sizeof user, "own-%d", w->index);
    if (wanted != 0) {
        expect_status(w, "grant", keyward_grant(w->store, &anna, "repo-1", user, wanted),
                      KEYWARD_OK);
        if (wanted != *role)
            count(w, KEYWARD_ACCESS_GRANTED);
    } else {
        expect_status(w, "revoke", keyward_revoke(w->store, &anna, "repo-1", user),
                      *role ? KEYWARD_OK : KEYWARD_NOT_FOUND);
        if (*role)
            count(w, KEYWARD_ACCESS_REVOKED);
    }
    *role = wanted;
}

/* A user everybody takes the role from: as many revocations succeed as there are events. */
static void random_shared_revoke(struct worker *w)
{
    settle(w, "revoke of a shared user", keyward_revoke(w->store, &host, "repo-1", "shared"),
           KEYWARD_NOT_FOUND, KEYWARD_ACCESS_REVOKED);
    expect_status(w, "grant by a writer",
                  keyward_grant(w->store, &will, "repo-1", "shared", KEYWARD_READER),
                  KEYWARD_FORBIDDEN);
    count(w, KEYWARD_ACCESS_GRANT_DENIED);
}

static void random_look(struct worker *w)
{
    const keyward_key_query query = {.include = (enum keyward_include)pick(w, 3), .limit = 20};
    const keyward_event_query events_query = {.repo_id = "repo-1", .limit = 20};
    keyward_key_list *keys;
    keyward_event_list *events;

    if (expect_status(w, "list", keyward_list_keys(w->store, &anna, "repo-1", &query, &keys),
                      KEYWARD_OK)) {
        for (size_t i = 1; i < keys->count; i++)
            expect(w->shared, strcmp(keys->keys[i - 1]->id, keys->keys[i]->id) > 0,
                   "a list is out of order");
        keyward_key_list_free(&keys);
    }
    if (expect_status(w, "events", keyward_list_events(w->store, &rita, &events_query, &events),
                      KEYWARD_OK)) {
        for (size_t i = 1; i < events->count; i++)
            expect(w->shared,
                   events->events[i - 1]->sequence == events->events[i]->sequence + 1 &&
                       events->events[i - 1]->at >= events->events[i]->at,
                   "the events do not follow each other");
        keyward_event_list_free(&events);
    }
}

static enum keyward_status authenticate(struct worker *w, const struct shared_key *key)
{
    keyward_identity identity;
    enum keyward_status status = keyward_authenticate(w->store, key->access_key, key->secret,
                                                      strlen(key->secret), &identity);

    if (status == KEYWARD_OK)
        expect(w->shared, strcmp(identity.key_id, key->id) == 0, "another key's identity");
    else if (expect_status(w, "authenticate", status, KEYWARD_REFUSED))
        expect(w->shared, keyward_last_error(w->store)->cause == KEYWARD_CAUSE_DELETED,
               "refused for cause %d", keyward_last_error(w->store)->cause);
    return status;
}

static void random_step(struct worker *w, enum keyward_role *role)
{
    struct shared_key *key = some_key(w);
    int dice = pick(w, 16);

    if (!key || dice < 4)
        random_create(w);
    else if (dice < 6)
        random_rename(w, key);
    else if (dice < 9)
        random_delete(w, key);
    else if (dice == 9)
        random_delete_many(w);
    else if (dice < 12)
        random_restore(w, key);
    else if (dice == 12)
        random_access(w, role);
    else if (dice == 13)
        random_shared_revoke(w);
    else if (dice == 14)
        random_look(w);
    else
        authenticate(w, key);
}

static void work_at_random(struct worker *w)
{
    enum keyward_role role = (enum keyward_role)0;

    for (int i = 0; i < RANDOM_STEPS; i++)
        random_step(w, &role);
}

START_TEST(a_random_mix_leaves_exactly_the_events_of_its_successes)
{
    struct fixture f;
    struct shared *shared = begin(&f);

    shared->seed = chance_seed();
    assert_status(f.store, keyward_grant(f.store, &host, "repo-1", "shared", KEYWARD_READER),
                  KEYWARD_OK);
    atomic_store(&shared->actions[KEYWARD_ACCESS_GRANTED], 4); /* with those of the fixture */
    run_everywhere(&f, shared, work_at_random);
    for (int action = KEYWARD_KEY_CREATED; action < ACTIONS; action++)
        ck_assert_msg(
            count_of(&f, (enum keyward_action)action) == shared->actions[action],
            "%s: %lld events, %d successes", keyward_action_text((enum keyward_action)action),
            (long long)count_of(&f, (enum keyward_action)action), shared->actions[action]);
    ck_assert_int_gt(shared->actions[KEYWARD_KEY_RESTORED], 0);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys"),
                     shared->actions[KEYWARD_KEY_CREATED]);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted = 1"),
                     shared->actions[KEYWARD_KEY_DELETED] - shared->actions[KEYWARD_KEY_RESTORED]);
    finish(&f, shared);
}
END_TEST

/* ---- the rest of a key's life, at random ---- */

#define FAR INT64_C(200000000000000) /* a deadline that does not come */

static void random_import(struct worker *w)
{
    char text[64];
    keyward_new_key new_key = {.name = "born", .provider = KEYWARD_AWS, .secret = text};
    keyward_key *key;

    snprintf(text, sizeof text, "theirs %d %llx", w->index, (unsigned long long)next_random(w));
    new_key.secret_length = strlen(text);
    if (!expect_status(w, "import",
                       keyward_create_key(w->store, &will, "repo-1", &new_key, &key, NULL),
                       KEYWARD_OK))
        return;
    count(w, KEYWARD_KEY_IMPORTED);
    publish_and_free(w, key, text);
}

static void random_rotate(struct worker *w, const struct shared_key *old)
{
    keyward_key *key;
    keyward_secret *secret;
    enum keyward_status status =
        keyward_rotate_key(w->store, &will, "repo-1", old->id, NULL, &key, &secret);

    if (status != KEYWARD_OK) {
        expect(w->shared, status == KEYWARD_ALREADY_ROTATED || status == KEYWARD_ALREADY_DELETED,
               "rotate: %d (%s)", status, keyward_last_error(w->store)->message);
        return;
    }
    count(w, KEYWARD_KEY_ROTATED);
    count(w, KEYWARD_KEY_CREATED);
    publish_and_free(w, key, secret->text);
    keyward_secret_free(&secret);
}

static void random_expiry(struct worker *w, const struct shared_key *key)
{
    int64_t deadline = FAR + (int64_t)(next_random(w) >> 24); /* no two alike */

    settle(w, "expiry", keyward_set_key_expiry(w->store, &will, "repo-1", key->id, deadline),
           KEYWARD_ALREADY_DELETED, KEYWARD_KEY_EXPIRY_SET);
}

static void random_reveal(struct worker *w, const struct shared_key *key)
{
    keyward_secret *secret;
    enum keyward_status status = keyward_reveal_key(w->store, &anna, "repo-1", key->id, &secret);

    settle(w, "reveal", status, KEYWARD_ALREADY_DELETED, KEYWARD_KEY_REVEALED);
    if (status == KEYWARD_OK)
        expect(w->shared, strcmp(secret->text, key->secret) == 0, "another key's secret");
    else
        count(w, KEYWARD_KEY_REVEAL_DENIED);
    keyward_secret_free(&secret);
}

/* An hour is longer than any test: what was used is left, if this process or the file says so. */
static void random_guarded_delete(struct worker *w, const struct shared_key *key)
{
    keyward_deletion deletion = {.unless_used_within = 3600000};
    enum keyward_status status = keyward_delete_key(w->store, &will, "repo-1", key->id, &deletion);

    if (status == KEYWARD_IN_USE)
        expect(w->shared, deletion.last_used_at > 0, "in use, but never used");
    else
        settle(w, "guarded delete", status, KEYWARD_ALREADY_DELETED, KEYWARD_KEY_DELETED);
}

static void random_use(struct worker *w, struct shared_key *key)
{
    if (authenticate(w, key) == KEYWARD_OK)
        atomic_store(&key->phase, 1);
    else
        atomic_fetch_add(&w->shared->looks, 1);
}

static void life_step(struct worker *w)
{
    struct shared_key *key = some_key(w);
    int dice = pick(w, 20);

    if (!key || dice < 2)
        random_create(w);
    else if (dice < 4)
        random_import(w);
    else if (dice < 7)
        random_rotate(w, key);
    else if (dice < 9)
        random_expiry(w, key);
    else if (dice == 9)
        random_reveal(w, key);
    else if (dice == 10)
        random_delete(w, key);
    else if (dice == 11)
        random_guarded_delete(w, key);
    else if (dice == 12)
        random_restore(w, key);
    else if (dice == 13)
        expect_status(w, "flush", keyward_flush_uses(w->store), KEYWARD_OK);
    else if (dice == 14 && pick(w, 8) == 0 &&
             expect_status(w, "data key", keyward_create_data_key(w->store, &host), KEYWARD_OK))
        count(w, KEYWARD_DATA_KEY_CREATED);
    else
        random_use(w, key);
}

static void live_at_random(struct worker *w)
{
    for (int i = 0; i < RANDOM_STEPS; i++)
        life_step(w);
}

/* What authentications noted is in the file when all stores are closed: not one is lost, and none
 * stands there twice. */
static void assert_uses_are_filed(struct fixture *f, const struct shared *shared)
{
    int used = 0;

    for (int i = 0; i < shared->key_count && i < RANDOM_KEYS; i++)
        used += shared->keys[i].phase;
    ck_assert_int_gt(used, 0);
    ck_assert_int_eq(
        sql_number(f->path, "SELECT count(*) FROM key_details WHERE last_used_at IS NOT NULL"),
        used);
    ck_assert_int_gt(shared->looks, 0);
    ck_assert_int_eq(sql_number(f->path, "SELECT sum(refused_count) FROM key_details"),
                     shared->looks);
}

START_TEST(lives_at_random_leave_exactly_their_events_and_uses)
{
    struct fixture f;
    struct shared *shared = begin(&f);

    shared->seed = chance_seed();
    atomic_store(&shared->actions[KEYWARD_ACCESS_GRANTED], 3); /* those of the fixture */
    run_everywhere(&f, shared, live_at_random);
    for (int action = KEYWARD_KEY_CREATED; action < ACTIONS; action++)
        ck_assert_msg(
            count_of(&f, (enum keyward_action)action) == shared->actions[action],
            "%s: %lld events, %d successes", keyward_action_text((enum keyward_action)action),
            (long long)count_of(&f, (enum keyward_action)action), shared->actions[action]);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys"),
                     shared->actions[KEYWARD_KEY_CREATED] + shared->actions[KEYWARD_KEY_IMPORTED]);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM data_keys"),
                     1 + shared->actions[KEYWARD_DATA_KEY_CREATED]);
    ck_assert_int_gt(shared->actions[KEYWARD_KEY_ROTATED], 0);
    assert_uses_are_filed(&f, shared);
    finish(&f, shared);
}
END_TEST

/* ---- readers beside writers ---- */

static int64_t raw_number(struct worker *w, sqlite3 *db, const char *query)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;

    if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    else
        expect(w->shared, false, "SQLite: %s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return number;
}

/* One snapshot of the file, as any program sees it. */
static void look_at_the_file(struct worker *w, sqlite3 *db)
{
    sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    expect(w->shared, raw_number(w, db, DELETED_WITHOUT_EVENT) == 0, "a deletion without event");
    expect(w->shared, raw_number(w, db, EVENT_WITHOUT_DELETED) == 0, "an event without deletion");
    expect(w->shared, raw_number(w, db, "SELECT count(*) - max(sequence) FROM audit_events") == 0,
           "a gap in the sequence");
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
}

/* What a list of deleted keys names is in the log, and the newest deletion of the log is marked. */
static void look_through_the_library(struct worker *w)
{
    const keyward_event_query newest = {.action = KEYWARD_KEY_DELETED, .limit = 1};
    keyward_event_query exactly = {.limit = 1, .oldest_first = true};
    keyward_event_list *events;
    keyward_key *key;

    if (!expect_status(w, "newest deletion", keyward_list_events(w->store, &host, &newest, &events),
                       KEYWARD_OK))
        return;
    if (events->count == 1 &&
        expect_status(w, "its key",
                      keyward_get_key(w->store, &anna, "repo-1", events->events[0]->key_id,
                                      KEYWARD_DELETED, &key),
                      KEYWARD_OK)) {
        expect(w->shared,
               key->deleted_event == events->events[0]->sequence &&
                   key->deleted_at == events->events[0]->at,
               "a deleted key and its event differ");
        keyward_key_free(&key);
    }
    keyward_event_list_free(&events);
    if (keyward_get_key(w->store, &anna, "repo-1", w->shared->keys[pick(w, WATCHED_KEYS)].id,
                        KEYWARD_DELETED, &key) != KEYWARD_OK)
        return;
    exactly.after_sequence = key->deleted_event - 1;
    if (expect_status(w, "its event", keyward_list_events(w->store, &host, &exactly, &events),
                      KEYWARD_OK)) {
        expect(w->shared,
               events->count == 1 && events->events[0]->action == KEYWARD_KEY_DELETED &&
                   strcmp(events->events[0]->key_id, key->id) == 0,
               "a deleted key's event is not there");
        keyward_event_list_free(&events);
    }
    keyward_key_free(&key);
}

/* No key in a list had been deleted before the list began. */
static void look_at_the_list(struct worker *w)
{
    const keyward_key_query query = {.limit = KEYWARD_PAGE_MAX};
    bool gone[WATCHED_KEYS];
    keyward_key_list *list;

    for (int i = 0; i < WATCHED_KEYS; i++)
        gone[i] = atomic_load(&w->shared->keys[i].deleted);
    if (!expect_status(w, "list", keyward_list_keys(w->store, &rita, "repo-1", &query, &list),
                       KEYWARD_OK))
        return;
    for (int i = 0; i < WATCHED_KEYS; i++) {
        bool listed = false;
        for (size_t j = 0; j < list->count && !listed; j++)
            listed = strcmp(list->keys[j]->id, w->shared->keys[i].id) == 0;
        expect(w->shared, !(gone[i] && listed), "a list shows a key that had been deleted");
    }
    keyward_key_list_free(&list);
}

static void try_keys(struct worker *w)
{
    for (int i = 0; i < WATCHED_KEYS; i += 1 + pick(w, 8)) {
        const struct shared_key *key = &w->shared->keys[i];
        bool gone = atomic_load(&key->deleted);
        enum keyward_status status = authenticate(w, key);
        expect(w->shared, !(gone && status == KEYWARD_OK), "a deleted key authenticates");
    }
}

static void watch(struct worker *w)
{
    sqlite3 *db;

    if (!expect(w->shared, sqlite3_open(w->path, &db) == SQLITE_OK, "the file does not open"))
        return;
    sqlite3_busy_timeout(db, PATIENCE);
    do {
        look_at_the_file(w, db);
        look_through_the_library(w);
        look_at_the_list(w);
        try_keys(w);
        atomic_fetch_add(&w->shared->looks, 1);
    } while (atomic_load(&w->shared->working) > 0);
    sqlite3_close(db);
}

/* Half of the workers delete, each the keys that are his; the others watch. */
static void delete_or_watch(struct worker *w)
{
    if (w->index % 2 == 1) {
        watch(w);
        return;
    }
    for (int i = w->index / 2; i < WATCHED_KEYS; i += WORKERS / 2) {
        struct shared_key *key = &w->shared->keys[i];
        if (expect_status(w, "delete", keyward_delete_key(w->store, &will, "repo-1", key->id, NULL),
                          KEYWARD_OK))
            atomic_store(&key->deleted, true);
        expect(w->shared, authenticate(w, key) == KEYWARD_REFUSED,
               "a key authenticates for the one who deleted it");
    }
    atomic_fetch_sub(&w->shared->working, 1);
}

START_TEST(readers_never_see_half_a_deletion)
{
    struct fixture f;
    struct shared *shared = begin(&f);

    shared->seed = chance_seed();
    make_keys(&f, shared, WATCHED_KEYS);
    atomic_store(&shared->working, WORKERS / 2);
    run_everywhere(&f, shared, delete_or_watch);
    ck_assert_int_ge(shared->looks, WORKERS / 2);
    ck_assert_int_eq(count_of(&f, KEYWARD_KEY_DELETED), WATCHED_KEYS);
    ck_assert_int_eq(sql_number(f.path, EVENT_WITHOUT_DELETED), 0);
    finish(&f, shared);
}
END_TEST

/* ---- authentication beside deletion and restoration ---- */

enum phase { LIVE, DELETING, DELETED, RESTORING, PHASES };

/* The phase counts up and says what the key's owner knows; it is in between while a call runs. */
static void toggle(struct worker *w, struct shared_key *key)
{
    for (int i = 0; i < TOGGLES; i++) {
        atomic_fetch_add(&key->phase, 1);
        expect_status(w, "delete", keyward_delete_key(w->store, &will, "repo-1", key->id, NULL),
                      KEYWARD_OK);
        atomic_fetch_add(&key->phase, 1);
        expect(w->shared, authenticate(w, key) == KEYWARD_REFUSED, "deleted, but authenticates");
        atomic_fetch_add(&key->phase, 1);
        expect_status(w, "restore", keyward_restore_key(w->store, &anna, "repo-1", key->id),
                      KEYWARD_OK);
        atomic_fetch_add(&key->phase, 1);
        expect(w->shared, authenticate(w, key) == KEYWARD_OK, "restored, but is refused");
    }
    atomic_fetch_sub(&w->shared->working, 1);
}

/* An answer given wholly within a phase must be that phase's. */
static void toggle_or_try(struct worker *w)
{
    int owners = atomic_load(&w->shared->key_count);

    if (w->index % (WORKERS / owners) == 0) {
        toggle(w, &w->shared->keys[w->index / (WORKERS / owners)]);
        return;
    }
    do {
        const struct shared_key *key = &w->shared->keys[pick(w, owners)];
        int before = atomic_load(&key->phase);
        enum keyward_status status = authenticate(w, key);
        if (before != atomic_load(&key->phase))
            continue;
        expect(w->shared, before % PHASES != DELETED || status == KEYWARD_REFUSED,
               "a deleted key authenticates");
        expect(w->shared, before % PHASES != LIVE || status == KEYWARD_OK, "a live key is refused");
        atomic_fetch_add(&w->shared->looks, 1);
    } while (atomic_load(&w->shared->working) > 0);
}

START_TEST(authentication_is_never_stale)
{
    struct fixture f;
    struct shared *shared = begin(&f);

    shared->seed = chance_seed();
    make_keys(&f, shared, 8);
    atomic_store(&shared->working, 8);
    run_everywhere(&f, shared, toggle_or_try);
    ck_assert_int_gt(shared->looks, 0);
    ck_assert_int_eq(count_of(&f, KEYWARD_KEY_DELETED), 8 * TOGGLES);
    ck_assert_int_eq(count_of(&f, KEYWARD_KEY_RESTORED), 8 * TOGGLES);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted = 1"), 0);
    finish(&f, shared);
}
END_TEST

/* ---- all create the same store ---- */

/* Opens, makes a key, and when all have, uses the keys of all. */
static void open_new_store(struct worker *w)
{
    const keyward_new_key new_key = {.name = "first", .provider = KEYWARD_AWS};
    keyward_secret *secret = NULL;
    keyward_key *key = NULL;
    enum keyward_status status = keyward_open(&w->store, w->path, w->options);

    expect(w->shared, status == KEYWARD_OK, "open: %d (%s)", status,
           keyward_last_error(NULL)->message);
    if (status == KEYWARD_OK &&
        expect_status(w, "create",
                      keyward_create_key(w->store, &host, "repo-1", &new_key, &key, &secret),
                      KEYWARD_OK))
        publish(&w->shared->keys[w->index], key, secret->text);
    pthread_barrier_wait(&w->shared->start);
    for (int i = 0; status == KEYWARD_OK && i < OPENING_PROCESSES * OPENING_THREADS; i++)
        expect(w->shared, authenticate(w, &w->shared->keys[i]) == KEYWARD_OK,
               "a key made by another is refused");
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    keyward_close(&w->store);
}

START_TEST(all_who_race_to_create_a_store_get_the_same_one)
{
    pid_t children[OPENING_PROCESSES];
    struct fixture f;
    struct shared *shared = shared_new(OPENING_PROCESSES * OPENING_THREADS);
    struct worker model = {.shared = shared, .path = f.path, .options = &f.options};

    fixture_init(&f);
    f.options.busy_timeout_ms = PATIENCE;
    for (int i = 0; i < OPENING_PROCESSES; i++) {
        children[i] = fork_child();
        if (children[i] == 0) {
            model.index = i * OPENING_THREADS;
            run_threads(&model, OPENING_THREADS, open_new_store);
            _exit(0);
        }
    }
    wait_for(children, OPENING_PROCESSES);
    assert_no_failures(shared);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM store"), 1);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM data_keys"), 1);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys"),
                     OPENING_PROCESSES * OPENING_THREADS);
    fixture_reopen(&f);
    finish(&f, shared);
}
END_TEST

/* ---- cancelled threads ---- */

/* What a thread was told before its cancellation could come. */
struct cancelled {
    struct worker worker;
    atomic_int calling;
    int key;
    atomic_int status; /* -1: the call did not return */
};

static void *delete_until_cancelled(void *context)
{
    struct cancelled *self = context;
    struct shared_key *key = &self->worker.shared->keys[self->key];

    atomic_store(&self->calling, 1);
    atomic_store(&self->status,
                 (int)keyward_delete_key(self->worker.store, &will, "repo-1", key->id, NULL));
    for (;;)
        pthread_testcancel();
    return NULL;
}

static sqlite3 *hold_the_lock(const char *path)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, PATIENCE);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void let_go(sqlite3 *db)
{
    ck_assert_int_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* Cancels threads of which one waits for SQLite's lock, and the others behind it. */
static void cancel_while_they_wait(struct fixture *f, struct shared *shared, int first)
{
    struct cancelled threads[THREADS];
    pthread_t ids[THREADS];
    sqlite3 *db = hold_the_lock(f->path);
    void *result;

    for (int i = 0; i < THREADS; i++) {
        memset(&threads[i], 0, sizeof threads[i]);
        threads[i].worker = (struct worker){.shared = shared, .store = f->store};
        threads[i].key = first + i;
        atomic_store(&threads[i].status, -1);
        ck_assert_int_eq(pthread_create(&ids[i], NULL, delete_until_cancelled, &threads[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        while (atomic_load(&threads[i].calling) == 0)
            sched_yield();
        ck_assert_int_eq(pthread_cancel(ids[i]), 0);
    }
    let_go(db);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(ids[i], &result), 0);
        ck_assert_ptr_eq(result, PTHREAD_CANCELED);
        ck_assert_int_eq(atomic_load(&threads[i].status), KEYWARD_OK);
    }
}

START_TEST(cancelled_threads_leave_the_store_usable)
{
    struct fixture f;
    struct shared *shared = begin(&f);

    make_keys(&f, shared, CANCELLED_THREADS);
    for (int i = 0; i < CANCELLED_THREADS; i += THREADS)
        cancel_while_they_wait(&f, shared, i);
    ck_assert_int_eq(count_of(&f, KEYWARD_KEY_DELETED), CANCELLED_THREADS);
    finish(&f, shared);
}
END_TEST

/* ---- a cancellation that is pending ---- */

/* What a thread calls with a cancellation pending. */
typedef void (*cancelled_call)(struct worker *);

static void call_authenticate(struct worker *w)
{
    authenticate(w, &w->shared->keys[0]);
}

static void call_list(struct worker *w)
{
    keyward_key_list *list;

    expect_status(w, "list", keyward_list_keys(w->store, &rita, "repo-1", NULL, &list), KEYWARD_OK);
    keyward_key_list_free(&list);
}

static void call_check(struct worker *w)
{
    keyward_report *report;

    expect_status(w, "check", keyward_check(w->store, NULL, &report), KEYWARD_OK);
    keyward_report_free(&report);
}

static void call_rename(struct worker *w)
{
    expect_status(w, "rename",
                  keyward_rename_key(w->store, &will, "repo-1", w->shared->keys[0].id, "late"),
                  KEYWARD_OK);
}

static void call_grant(struct worker *w)
{
    expect_status(w, "grant", keyward_grant(w->store, &anna, "repo-1", "late", KEYWARD_READER),
                  KEYWARD_OK);
}

static void call_delete(struct worker *w)
{
    expect_status(w, "delete",
                  keyward_delete_key(w->store, &will, "repo-1", w->shared->keys[0].id, NULL),
                  KEYWARD_OK);
}

static void call_create(struct worker *w)
{
    const keyward_new_key new_key = {.name = "late", .provider = KEYWARD_AWS};
    keyward_key *key;
    keyward_secret *secret;

    expect_status(w, "create",
                  keyward_create_key(w->store, &will, "repo-1", &new_key, &key, &secret),
                  KEYWARD_OK);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}

struct pending {
    struct worker worker;
    cancelled_call call;
    bool returned;
};

static void *call_with_cancellation_pending(void *context)
{
    struct pending *self = context;

    pthread_cancel(pthread_self());
    self->call(&self->worker);
    self->returned = true;
    pthread_testcancel();
    return NULL;
}

/* The call comes back with its work done; only then is the thread cancelled. */
START_TEST(no_call_is_a_cancellation_point)
{
    static const struct {
        const char *name;
        cancelled_call call;
        enum keyward_action action; /* of the event it leaves */
        int events;
    } calls[] = {
        {"authenticate", call_authenticate, KEYWARD_KEY_DELETED, 0},
        {"list", call_list, KEYWARD_KEY_DELETED, 0},
        {"check", call_check, KEYWARD_KEY_DELETED, 0},
        {"rename", call_rename, KEYWARD_KEY_RENAMED, 1},
        {"grant", call_grant, KEYWARD_ACCESS_GRANTED, 4},
        {"delete", call_delete, KEYWARD_KEY_DELETED, 1},
        {"create", call_create, KEYWARD_KEY_CREATED, 2},
    };
    struct fixture f;
    struct shared *shared = begin(&f);
    struct pending self = {.worker = {.shared = shared, .store = f.store}, .call = calls[_i].call};
    pthread_t thread;
    void *result;

    make_keys(&f, shared, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, call_with_cancellation_pending, &self), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    assert_no_failures(shared);
    ck_assert_msg(self.returned, "%s was cut off", calls[_i].name);
    ck_assert_int_eq(count_of(&f, calls[_i].action), calls[_i].events);
    finish(&f, shared);
}
END_TEST

/* ---- two stores ---- */

START_TEST(two_stores_on_one_file_see_each_other_at_once)
{
    struct fixture first, second;
    keyward_secret *secret;
    keyward_key *key;

    fixture_open(&first);
    second = first;
    second.store = NULL;
    second.options.clock_context = &second;
    fixture_reopen(&second);
    key = make_key(&first, "repo-1", "shared", &secret);
    for (int i = 0; i < 3; i++) {
        assert_status(second.store, try_key(&second, key, secret), KEYWARD_OK);
        drop_key(&first, "repo-1", key->id);
        assert_status(second.store, try_key(&second, key, secret), KEYWARD_REFUSED);
        ck_assert_int_eq(keyward_last_error(first.store)->status, KEYWARD_OK);
        ck_assert_int_eq(keyward_last_error(second.store)->cause, KEYWARD_CAUSE_DELETED);
        assert_status(second.store, keyward_restore_key(second.store, &anna, "repo-1", key->id),
                      KEYWARD_OK);
        assert_status(first.store, try_key(&first, key, secret), KEYWARD_OK);
    }
    keyward_close(&first.store);
    drop_key(&second, "repo-1", key->id); /* the one's end is not the other's */
    assert_sound(&second);
    keyward_close(&second.store);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
    fixture_close(&first);
}
END_TEST

START_TEST(two_stores_on_two_files_know_nothing_of_each_other)
{
    struct fixture first, second;
    keyward_secret *secret;
    keyward_key *key;

    fixture_open(&first);
    fixture_open(&second);
    key = make_key(&first, "repo-1", "of the first", &secret);
    assert_status(second.store, try_key(&second, key, secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(second.store)->cause, KEYWARD_CAUSE_UNKNOWN);
    ck_assert_int_eq(keyward_last_error(first.store)->status, KEYWARD_OK);
    assert_status(second.store, keyward_delete_key(second.store, &will, "repo-1", key->id, NULL),
                  KEYWARD_NOT_FOUND);
    assert_status(first.store, try_key(&first, key, secret), KEYWARD_OK);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
    fixture_close(&second);
    fixture_close(&first);
}
END_TEST

/* ---- the busy timeout ---- */

static void delete_own_key(struct worker *w)
{
    w->shared->results[w->index][0].status =
        keyward_delete_key(w->store, &will, "repo-1", w->shared->keys[w->index].id, NULL);
    if (w->shared->results[w->index][0].status != KEYWARD_OK)
        expect(w->shared, strlen(keyward_last_error(w->store)->message) > 0, "no message");
}

static void assert_all_get(struct fixture *f, struct shared *shared, enum keyward_status wanted)
{
    const struct worker model = {.shared = shared, .store = f->store};

    run_threads(&model, THREADS, delete_own_key);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(shared->results[i][0].status, wanted);
    assert_no_failures(shared);
}

START_TEST(a_lock_held_too_long_is_busy_for_all_who_wait)
{
    struct fixture f;
    struct shared *shared = shared_new(THREADS);
    keyward_key_list *list;
    sqlite3 *db;

    fixture_open(&f);
    f.options.busy_timeout_ms = _i == 0 ? 0 : 50;
    fixture_reopen(&f);
    make_keys(&f, shared, THREADS + 1);
    db = hold_the_lock(f.path);
    assert_all_get(&f, shared, KEYWARD_BUSY);
    assert_status(f.store, keyward_list_keys(f.store, &rita, "repo-1", NULL, &list), KEYWARD_OK);
    ck_assert_uint_eq(list->count, THREADS + 1); /* nobody who reads waits */
    keyward_key_list_free(&list);
    let_go(db);
    ck_assert_int_eq(count_of(&f, KEYWARD_KEY_DELETED), 0);
    drop_key(&f, "repo-1", shared->keys[THREADS].id);
    f.options.busy_timeout_ms = PATIENCE; /* a slow machine may keep eight busy for longer */
    fixture_reopen(&f);
    assert_all_get(&f, shared, KEYWARD_OK);
    ck_assert_int_eq(count_of(&f, KEYWARD_KEY_DELETED), THREADS + 1);
    finish(&f, shared);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("concurrency");
    TCase *processes = tcase_create("processes"), *threads = tcase_create("threads");

    tcase_add_loop_test(processes, each_key_is_deleted_once_whoever_races_for_it, 0, 2);
    tcase_add_test(processes, a_random_mix_leaves_exactly_the_events_of_its_successes);
    tcase_add_test(processes, lives_at_random_leave_exactly_their_events_and_uses);
    tcase_add_test(processes, readers_never_see_half_a_deletion);
    tcase_add_test(processes, authentication_is_never_stale);
    tcase_add_test(processes, all_who_race_to_create_a_store_get_the_same_one);
    tcase_add_test(threads, cancelled_threads_leave_the_store_usable);
    tcase_add_loop_test(threads, no_call_is_a_cancellation_point, 0, 7);
    tcase_add_test(threads, two_stores_on_one_file_see_each_other_at_once);
    tcase_add_test(threads, two_stores_on_two_files_know_nothing_of_each_other);
    tcase_add_loop_test(threads, a_lock_held_too_long_is_busy_for_all_who_wait, 0, 2);
    suite_add_tcase(suite, processes);
    suite_add_tcase(suite, threads);
    return run_suite(suite);
}
