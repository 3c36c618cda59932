/* SPDX-License-Identifier: MIT */
/*
 * What was verified once is accepted again without a look-up, and yet is never stale.
 *
 * Threads of several processes authenticate a hot set of keys, while threads of the same processes,
 * another process and the sqlite3 shell delete some and make or restore others. A key's phase lies
 * in memory that all share, and says that it is deleted as soon as the deleting call has returned:
 * whoever reads that before he starts to authenticate must be refused. Deletes are spaced by
 * counting authentications; nobody sleeps.
 *
 * Built a second time with FRESHNESS_UNCHECKED and fault/unchecked.c, the program has no freshness
 * check, and passes only when the race sees a deleted key accepted. KEYWARD_TEST_SEED=<seed>
 * replays a race.
 */
#include "operations/verified.h"
#include "support/chance.h"
#include "support/fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#ifdef FRESHNESS_UNCHECKED
#define UNCHECKED 1
#else
#define UNCHECKED 0
#endif

#if SANITIZED || UNCHECKED
#define TOTAL 400000 /* authentications, by all threads of all processes */
#define SPACING 2000 /* authentications from one delete to the next */
#define HOT 64       /* slots of keys that are tried; a power of two */
#else
#define TOTAL 10000000
#define SPACING 8000
#define HOT 256
#endif
#define CHUNK 250 /* authentications that a thread takes at a time; divides SPACING */
#define JOBS (TOTAL / SPACING)
#define GRAVES 8 /* slots whose keys are deleted, at any time */
#define KEYS (HOT + JOBS + 1)
#define SHELL_EVERY 16 /* so many deletes to one by the shell */

#define PROCESSES 3      /* that authenticate */
#define THREADS 3        /* that authenticate, in each of them */
#define OTHER_DELETERS 2 /* threads of the process that only deletes */
#define PARTIES (PROCESSES * (THREADS + 1) + OTHER_DELETERS + 1)
#define PATIENCE 50000 /* ms: nobody is meant to meet the busy timeout */

/* ---- what processes share ---- */

enum deleter { BY_THREAD, BY_PROCESS, BY_SHELL, DELETERS };

/* Each is one more than the one before, modulo PHASES. */
enum phase { LIVE, DELETING, DELETED, RESTORING, PHASES };

struct hot_key {
    char id[KEYWARD_KEY_ID_LENGTH + 1], access_key[64], secret[96];
    atomic_int phase;      /* counted on and on */
    atomic_int deleted_by; /* set before the phase is DELETED */
};

/* A place in the hot set: which of the keys is there, and whether somebody is changing it. */
struct slot {
    atomic_int key;
    atomic_bool busy;
};

/* Deletes to be done by one kind of deleter; whoever asks for one waits when they fall behind. */
struct jobs {
    sem_t asked, room;
};

struct race {
    pthread_barrier_t start;
    uint64_t seed;
    struct jobs jobs[DELETERS];
    atomic_bool over;
    atomic_int next_job, key_count, workers;
    atomic_int authenticating; /* workers; the last one to end sends those who delete home */
    atomic_int spot;           /* the slot whose key is being deleted */
    struct slot hot[HOT];
    struct hot_key keys[KEYS];
    /* what came of it */
    atomic_long taken, done, accepted, hits, stale, restores;
    atomic_long refused[DELETERS], deletes[DELETERS]; /* refused: read as deleted beforehand */
    atomic_int failures;
    char first_failure[400];
};

/* A worker asserts by this: Check's own macros are for the test's main thread. */
__attribute__((format(printf, 3, 4))) static bool expect(struct race *race, bool holds,
                                                         const char *format, ...)
{
    va_list arguments;

    if (holds)
        return true;
    if (atomic_fetch_add(&race->failures, 1) == 0) {
        va_start(arguments, format);
        vsnprintf(race->first_failure, sizeof race->first_failure, format, arguments);
        va_end(arguments);
    }
    return false;
}

static void *map_shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ck_assert(memory != MAP_FAILED);
    return memory;
}

static struct race *race_new(void)
{
    struct race *race = map_shared(sizeof *race);
    pthread_barrierattr_t across;

    race->seed = chance_seed();
    atomic_store(&race->authenticating, PROCESSES * THREADS);
    pthread_barrierattr_init(&across);
    pthread_barrierattr_setpshared(&across, PTHREAD_PROCESS_SHARED);
    ck_assert_int_eq(pthread_barrier_init(&race->start, &across, PARTIES), 0);
    pthread_barrierattr_destroy(&across);
    for (int i = 0; i < DELETERS; i++) {
        ck_assert_int_eq(sem_init(&race->jobs[i].asked, 1, 0), 0);
        ck_assert_int_eq(sem_init(&race->jobs[i].room, 1, 2), 0);
    }
    return race;
}

static void race_free(struct race *race)
{
    for (int i = 0; i < DELETERS; i++) {
        sem_destroy(&race->jobs[i].asked);
        sem_destroy(&race->jobs[i].room);
    }
    pthread_barrier_destroy(&race->start);
    munmap(race, sizeof *race);
}

/* ---- counting hits: the names are the linker's (--wrap=verified_find) ---- */

static _Thread_local long hits;

bool __real_verified_find(const struct verified *verified, const struct verified_pair *pair,
                          const struct data_version *version, int64_t now,
                          keyward_identity *identity);
bool __wrap_verified_find(const struct verified *verified, const struct verified_pair *pair,
                          const struct data_version *version, int64_t now,
                          keyward_identity *identity);

bool __wrap_verified_find(const struct verified *verified, const struct verified_pair *pair,
                          const struct data_version *version, int64_t now,
                          keyward_identity *identity)
{
    bool found = __real_verified_find(verified, pair, version, now, identity);

    hits += found;
    return found;
}

/* ---- workers ---- */

struct worker {
    struct race *race;
    const char *path;
    keyward *store;
    enum deleter kind;
    void (*work)(struct worker *);
    int index; /* over all processes */
    uint64_t chance;
    pthread_t thread;
};

static uint64_t next_random(struct worker *worker)
{
    return chance_next(&worker->chance);
}

static bool expect_ok(struct worker *worker, const char *what, enum keyward_status status)
{
    return expect(worker->race, status == KEYWARD_OK, "%s: %d (%s)", what, status,
                  keyward_last_error(worker->store)->message);
}

/* Waits; a signal is no answer. */
static void take(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        continue;
}

static void *run_worker(void *context)
{
    struct worker *worker = context;

    worker->chance = chance_of(worker->race->seed, worker->index);
    pthread_barrier_wait(&worker->race->start);
    worker->work(worker);
    return NULL;
}

/* A process of these workers, on one store that it opens itself. */
static void run_process(const keyward_options *options, struct worker *workers, int count)
{
    keyward *store;

    if (keyward_open(&store, workers[0].path, options) != KEYWARD_OK)
        abort(); /* the others wait at the barrier for ever */
    for (int i = 0; i < count; i++) {
        workers[i].store = store;
        if (pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]) != 0)
            abort();
    }
    for (int i = 0; i < count; i++)
        pthread_join(workers[i].thread, NULL);
    keyward_close(&store);
}

/* ---- those who delete ---- */

/* Takes a fresh key down, for all to see once a slot holds it. */
static int publish(struct race *race, const keyward_key *key, const keyward_secret *secret)
{
    int index = atomic_fetch_add(&race->key_count, 1);
    struct hot_key *made = &race->keys[index];

    if (index >= KEYS)
        abort();
    strcpy(made->id, key->id);
    strcpy(made->access_key, key->access_key);
    strcpy(made->secret, secret->text);
    return index;
}

static void put_fresh_key(struct worker *w, struct slot *slot)
{
    const keyward_new_key new_key = {.name = "fresh", .provider = KEYWARD_AWS};
    keyward_key *key = NULL;
    keyward_secret *secret = NULL;

    if (expect_ok(w, "create",
                  keyward_create_key(w->store, &will, "repo-1", &new_key, &key, &secret)))
        atomic_store(&slot->key, publish(w->race, key, secret));
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}

static void restore(struct worker *w, struct hot_key *key)
{
    atomic_fetch_add(&key->phase, 1);
    if (!expect_ok(w, "restore", keyward_restore_key(w->store, &anna, "repo-1", key->id)))
        return;
    atomic_fetch_add(&key->phase, 1);
    atomic_fetch_add(&w->race->restores, 1);
}

/* Puts a live key where there is a deleted one: mostly a fresh one, else the same, restored. */
static void refill(struct worker *w, struct slot *slot)
{
    struct hot_key *key = &w->race->keys[atomic_load(&slot->key)];

    if (atomic_load(&key->phase) % PHASES != DELETED)
        return;
    if (next_random(w) % 4 == 0)
        restore(w, key);
    else
        put_fresh_key(w, slot);
}

/* Appends the event with the sqlite3 shell; the schema's trigger marks the key. */
static bool delete_by_shell(const char *path, const char *key_id)
{
    char text[512], timeout[32];
    const char *arguments[] = {"env",  "sqlite3", "-init", "/dev/null", "-batch", "-bail",
                               "-cmd", timeout,   path,    text,        NULL};
    extern char **environ;
    pid_t child;
    int status;

    snprintf(timeout, sizeof timeout, ".timeout %d", PATIENCE);
    snprintf(text, sizeof text,
             "BEGIN IMMEDIATE;"
             "INSERT INTO audit_events (sequence, at, action, actor_id, repo_id, key_id)"
             " SELECT sequence + 1, at, 'key.deleted', 'will', 'repo-1', '%s' FROM audit_events"
             " ORDER BY sequence DESC LIMIT 1;"
             "COMMIT;",
             key_id);
    if (posix_spawn(&child, "/usr/bin/env", NULL, NULL, (char *const *)(uintptr_t)arguments,
                    environ) != 0)
        return false;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool delete_as(struct worker *w, const struct hot_key *key)
{
    if (w->kind == BY_SHELL)
        return expect(w->race, delete_by_shell(w->path, key->id), "the shell deleted nothing");
    return expect_ok(w, "delete", keyward_delete_key(w->store, &will, "repo-1", key->id, NULL));
}

static void delete_key_of(struct worker *w, struct slot *slot)
{
    struct hot_key *key;

    refill(w, slot); /* whoever should have may have met somebody busy there */
    key = &w->race->keys[atomic_load(&slot->key)];
    if (atomic_load(&key->phase) % PHASES != LIVE)
        return;
    atomic_store(&w->race->spot, (int)(slot - w->race->hot));
    atomic_store(&key->deleted_by, (int)w->kind);
    atomic_fetch_add(&key->phase, 1);
    if (!delete_as(w, key))
        return;
    atomic_fetch_add(&key->phase, 1); /* the call has returned: from here on nobody is accepted */
    atomic_fetch_add(&w->race->deletes[w->kind], 1);
}

/* Does it to the slot of the job with this number, unless somebody else is there. The numbers walk
 * over all slots, in an order of the seed's. */
static void with_slot(struct worker *w, int job, void (*act)(struct worker *, struct slot *))
{
    uint64_t seed = w->race->seed, stride = seed % HOT | 1;
    struct slot *slot = &w->race->hot[((uint64_t)job * stride + seed / HOT) % HOT];

    if (atomic_exchange(&slot->busy, true))
        return;
    act(w, slot);
    atomic_store(&slot->busy, false);
}

static void delete_when_asked(struct worker *w)
{
    struct jobs *jobs = &w->race->jobs[w->kind];

    for (take(&jobs->asked); !atomic_load(&w->race->over); take(&jobs->asked)) {
        int job = atomic_fetch_add(&w->race->next_job, 1);
        if (job >= GRAVES)
            with_slot(w, job - GRAVES, refill);
        with_slot(w, job, delete_key_of);
        sem_post(&jobs->room);
    }
    sem_post(&jobs->asked); /* the next one ends too */
}

/* ---- those who authenticate ---- */

static enum keyward_status authenticate(struct worker *w, const struct hot_key *key,
                                        keyward_identity *identity)
{
    return keyward_authenticate(w->store, key->access_key, key->secret, strlen(key->secret),
                                identity);
}

static void judge_deleted(struct worker *w, const struct hot_key *key, enum keyward_status status)
{
    if (status == KEYWARD_REFUSED) {
        atomic_fetch_add_explicit(&w->race->refused[atomic_load(&key->deleted_by)], 1,
                                  memory_order_relaxed);
    } else {
        atomic_fetch_add(&w->race->stale, 1);
        expect(w->race, UNCHECKED, "a deleted key authenticates: %d, worker %d", status, w->index);
    }
}

/* An answer given wholly within a phase must be that phase's. Once DELETED, only a restoring ends
 * it. */
static bool try_slot(struct worker *w, const struct slot *slot)
{
    const struct hot_key *key = &w->race->keys[atomic_load(&slot->key)];
    int before = atomic_load(&key->phase);
    keyward_identity identity;
    enum keyward_status status = authenticate(w, key, &identity);

    if (status == KEYWARD_OK)
        expect(w->race, strcmp(identity.key_id, key->id) == 0, "another key's identity");
    else
        expect(w->race, status == KEYWARD_REFUSED, "authenticate: %d (%s)", status,
               keyward_last_error(w->store)->message);
    if (before == atomic_load(&key->phase)) {
        if (before % PHASES == DELETED)
            judge_deleted(w, key, status);
        else if (before % PHASES == LIVE)
            expect(w->race, status == KEYWARD_OK, "a live key is refused");
    }
    return status == KEYWARD_OK;
}

/* Asks for a delete each time that SPACING authentications have begun. */
static void ask_for_delete(struct race *race, long taken)
{
    long ticket = taken / SPACING;
    struct jobs *jobs;

    if (taken % SPACING != 0)
        return;
    jobs = &race->jobs[ticket % SHELL_EVERY == 0 ? (int)BY_SHELL : (int)(ticket % 2)];
    take(&jobs->room);
    sem_post(&jobs->asked);
}

static void send_home(struct race *race)
{
    atomic_store(&race->over, true);
    for (int i = 0; i < DELETERS; i++)
        sem_post(&race->jobs[i].asked);
}

static bool race_goes_on(struct race *race)
{
    return atomic_load(&race->failures) == 0 && !(UNCHECKED && atomic_load(&race->stale) > 0);
}

static void authenticate_all_the_time(struct worker *w)
{
    struct race *race = w->race;
    long taken, accepted = 0;

    while (race_goes_on(race) && (taken = atomic_fetch_add(&race->taken, CHUNK)) < TOTAL) {
        ask_for_delete(race, taken);
        for (int i = 0; i < CHUNK; i++) {
            uint64_t random = next_random(w);
            /* One in 32 looks where it is hottest. */
            int slot = random % 32 == 0 ? atomic_load(&race->spot) : (int)(random / 32 % HOT);
            accepted += try_slot(w, &race->hot[slot]);
        }
        atomic_fetch_add(&race->done, CHUNK);
    }
    atomic_fetch_add(&race->accepted, accepted);
    atomic_fetch_add(&race->hits, hits);
    if (atomic_fetch_sub(&race->authenticating, 1) == 1)
        send_home(race);
}

/* ---- the race ---- */

static pid_t fork_child(void)
{
    pid_t child;

    fflush(NULL);
    child = fork();
    ck_assert_int_ge(child, 0);
    return child;
}

static void wait_for(pid_t child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process ended with %d", status);
}

/* Starts a process whose first `threads` workers authenticate; the others delete. */
static pid_t start_process(struct fixture *f, struct race *race, enum deleter kind, int threads,
                           int deleters)
{
    struct worker workers[THREADS + OTHER_DELETERS];
    pid_t child;

    for (int i = 0; i < threads + deleters; i++)
        workers[i] =
            (struct worker){.race = race,
                            .path = f->path,
                            .kind = kind,
                            .work = i < threads ? authenticate_all_the_time : delete_when_asked,

                            .index = atomic_fetch_add(&race->workers, 1)};
    child = fork_child();
    if (child == 0) {
        run_process(&f->options, workers, threads + deleters);
        _exit(0);
    }
    return child;
}

static void run_race(struct fixture *f, struct race *race)
{
    pid_t authenticating[PROCESSES], other, shell;

    keyward_close(&f->store);
    for (int i = 0; i < PROCESSES; i++)
        authenticating[i] = start_process(f, race, BY_THREAD, THREADS, 1);
    other = start_process(f, race, BY_PROCESS, 0, OTHER_DELETERS);
    shell = start_process(f, race, BY_SHELL, 0, 1);
    for (int i = 0; i < PROCESSES; i++)
        wait_for(authenticating[i]);
    wait_for(other);
    wait_for(shell);
    fixture_reopen(f);
}

static void fill_hot_set(struct fixture *f, struct race *race)
{
    for (int i = 0; i < HOT; i++) {
        keyward_secret *secret;
        keyward_key *key = make_key(f, "repo-1", "hot", &secret);

        atomic_store(&race->hot[i].key, publish(race, key, secret));
        keyward_secret_free(&secret);
        keyward_key_free(&key);
    }
}

static void begin(struct fixture *f)
{
    fixture_open(f);
    f->options.busy_timeout_ms = PATIENCE;
    f->options.clock = NULL; /* the system's: times differ */
    f->options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(f);
}

static void print_counts(const struct race *race)
{
    printf("%ld authentications, %ld accepted, %ld of them without a look-up, %ld stale;"
           " %ld restored\n",
           race->done, race->accepted, race->hits, race->stale, race->restores);
    for (int i = 0; i < DELETERS; i++)
        printf("deleted by %s: %ld, then refused %ld times\n",
               i == BY_THREAD    ? "threads of the same process"
               : i == BY_PROCESS ? "another process"
                                 : "the sqlite3 shell",
               race->deletes[i], race->refused[i]);
    fflush(stdout);
}

/* Nothing that was to be raced stayed away: some may have met a slot that was busy, and the last
 * were sent home. */
static void assert_all_took_part(const struct race *race)
{
    const long by_shell = (JOBS + SHELL_EVERY - 1) / SHELL_EVERY;
    const long asked[DELETERS] = {JOBS / 2 - by_shell, JOBS / 2, by_shell};

    ck_assert_int_eq(race->done, TOTAL);
    ck_assert_int_gt(race->hits, TOTAL / 2);
    ck_assert_int_gt(race->restores, JOBS / 8);
    for (int i = 0; i < DELETERS; i++) {
        ck_assert_int_ge(race->deletes[i], asked[i] * 9 / 10 - 2);
        ck_assert_int_ge(race->refused[i], race->deletes[i]);
    }
}

static void assert_rows(struct fixture *f, const struct race *race)
{
    int64_t deletes =
        race->deletes[BY_THREAD] + race->deletes[BY_PROCESS] + race->deletes[BY_SHELL];

    ck_assert_int_eq(
        sql_number(f->path, "SELECT count(*) FROM audit_events WHERE action = 'key.deleted'"),
        deletes);
    ck_assert_int_eq(
        sql_number(f->path, "SELECT count(*) FROM audit_events WHERE action = 'key.restored'"),
        race->restores);
    ck_assert_int_eq(sql_number(f->path, "SELECT count(*) FROM api_keys WHERE deleted = 1"),
                     deletes - race->restores);
    ck_assert_int_eq(sql_number(f->path, "SELECT count(*) FROM api_keys"), race->key_count);
    assert_sound(f);
}

START_TEST(a_deleted_key_is_accepted_only_where_the_freshness_check_is_taken_out)
{
    struct fixture f;
    struct race *race = race_new();

    begin(&f);
    fill_hot_set(&f, race);
    run_race(&f, race);
    print_counts(race);
    ck_assert_msg(race->failures == 0, "%d failures, the first: %s", race->failures,
                  race->first_failure);
    if (UNCHECKED) {
        ck_assert_int_gt(race->stale, 0);
    } else {
        ck_assert_int_eq(race->stale, 0);
        assert_all_took_part(race);
        assert_rows(&f, race);
    }
    race_free(race);
    fixture_close(&f);
}
END_TEST

/* ---- one key, one after the other ---- */

static void change_in_process(struct fixture *f, const char *key_id, bool restoring)
{
    pid_t child = fork_child();
    enum keyward_status status;
    keyward *store;

    if (child == 0) {
        keyward_close(&f->store);
        status = keyward_open(&store, f->path, &f->options);
        if (status == KEYWARD_OK)
            status = restoring ? keyward_restore_key(store, &anna, "repo-1", key_id)
                               : keyward_delete_key(store, &will, "repo-1", key_id, NULL);
        keyward_close(&store);
        _exit((int)status);
    }
    wait_for(child);
}

static void delete_by(struct fixture *f, enum deleter kind, const char *key_id)
{
    if (kind == BY_THREAD)
        drop_key(f, "repo-1", key_id);
    else if (kind == BY_PROCESS)
        change_in_process(f, key_id, false);
    else
        ck_assert(delete_by_shell(f->path, key_id));
}

/* The second time needs no look-up. */
static void assert_accepted_and_remembered(struct fixture *f, const keyward_key *key,
                                           const keyward_secret *secret)
{
    long before = hits;

    assert_status(f->store, try_key(f, key, secret), KEYWARD_OK);
    ck_assert_int_eq(hits, before);
    assert_status(f->store, try_key(f, key, secret), KEYWARD_OK);
    ck_assert_int_eq(hits, before + 1);
}

START_TEST(a_remembered_key_is_refused_once_deleted_and_accepted_once_restored)
{
    keyward_secret *secret, *other_secret;
    keyward_key *key, *other;
    struct fixture f;

    begin(&f);
    key = make_key(&f, "repo-1", "deleted", &secret);
    other = make_key(&f, "repo-1", "kept", &other_secret);
    for (int i = 0; i < 3; i++) {
        assert_accepted_and_remembered(&f, key, secret);
        assert_accepted_and_remembered(&f, other, other_secret);
        delete_by(&f, (enum deleter)_i, key->id);
        for (int j = 0; j < 2; j++) { /* a refusal is never remembered */
            assert_status(f.store, try_key(&f, key, secret), KEYWARD_REFUSED);
            ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_DELETED);
        }
        assert_accepted_and_remembered(&f, other, other_secret);
        change_in_process(&f, key->id, true);
    }
    assert_accepted_and_remembered(&f, key, secret);
    assert_status(f.store, try_key(&f, key, other_secret), KEYWARD_REFUSED);
    assert_sound(&f);
    keyward_secret_free(&secret);
    keyward_secret_free(&other_secret);
    keyward_key_free(&key);
    keyward_key_free(&other);
    fixture_close(&f);
}
END_TEST

static TCase *one_key(void)
{
    TCase *cases = tcase_create("one key");

    tcase_add_loop_test(cases, a_remembered_key_is_refused_once_deleted_and_accepted_once_restored,
                        0, DELETERS);
    return cases;
}

int main(void)
{
    Suite *suite = suite_create("freshness");
    TCase *race = tcase_create("race");

    tcase_set_timeout(race, 600);
    tcase_add_test(race, a_deleted_key_is_accepted_only_where_the_freshness_check_is_taken_out);
    suite_add_tcase(suite, race);
    if (!UNCHECKED)
        suite_add_tcase(suite, one_key());
    return run_suite(suite);
}
