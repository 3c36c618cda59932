/* SPDX-License-Identifier: MIT */
/*
 * Recorded histories: threads of several processes create, delete, restore and authenticate the
 * same few keys, each takes down what it was told and when, and afterwards support/history.h judges
 * whether all of it together is possible. Above all: once a delete has returned, no authentication
 * that begins later succeeds.
 *
 * Each thread writes into an array of its own, in memory that all share; the clock is a counter
 * there, so that no two moments are the same. KEYWARD_TEST_SEED=<seed> makes the same choices again
 * and KEYWARD_TEST_HISTORIES=<count> so many histories.
 *
 * Built a second time with FRESHNESS_UNCHECKED and fault/unchecked.c, the program has no freshness
 * check, and passes only when its histories are found impossible.
 */
#include "support/chance.h"
#include "support/fixture.h"
#include "support/history.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#define SCALE 10
#elif defined(__SANITIZE_ADDRESS__)
#define SCALE 5
#else
#define SCALE 1
#endif

#ifdef FRESHNESS_UNCHECKED
#define UNCHECKED 1
#else
#define UNCHECKED 0
#endif

#define PROCESSES 3
#define THREADS 8 /* in each of them */
#define CALLERS (PROCESSES * THREADS)
#define CALLS (3000 / SCALE) /* of each thread */
#define SLOTS 12             /* keys that are tried, at any time */
#define KEYS (SLOTS + CALLERS * CALLS)
#define PATIENCE 50000 /* ms: nobody is meant to meet the busy timeout */

/* ---- what processes share ---- */

struct known_key {
    char id[KEYWARD_KEY_ID_LENGTH + 1], access_key[64], secret[96];
};

/* A call with the key it was about. */
struct record {
    int key;
    struct call call;
};

struct recording {
    pthread_barrier_t start;
    uint64_t seed;
    _Atomic int64_t clock;
    atomic_int key_count;
    atomic_int slots[SLOTS]; /* which key is there */
    struct known_key keys[KEYS];
    struct record records[CALLERS][CALLS];
    struct record first[SLOTS]; /* the creations before it all begins */
};

static struct recording *recording_new(uint64_t seed)
{
    struct recording *recording =
        mmap(NULL, sizeof *recording, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrierattr_t across;

    ck_assert(recording != MAP_FAILED);
    pthread_barrierattr_init(&across);
    pthread_barrierattr_setpshared(&across, PTHREAD_PROCESS_SHARED);
    ck_assert_int_eq(pthread_barrier_init(&recording->start, &across, CALLERS), 0);
    pthread_barrierattr_destroy(&across);
    recording->seed = seed;
    return recording;
}

static void recording_free(struct recording *recording)
{
    pthread_barrier_destroy(&recording->start);
    munmap(recording, sizeof *recording);
}

/* ---- callers ---- */

struct caller {
    struct recording *recording;
    keyward *store;
    int number; /* over all processes */
    uint64_t chance;
    pthread_t thread;
};

static int64_t tick(struct caller *caller)
{
    return atomic_fetch_add(&caller->recording->clock, 1);
}

static void create(struct caller *caller, struct record *record, int slot)
{
    const keyward_new_key new_key = {.name = "tried", .provider = KEYWARD_AWS};
    struct recording *recording = caller->recording;
    struct known_key *known;
    keyward_key *key;
    keyward_secret *secret;

    record->key = atomic_fetch_add(&recording->key_count, 1);
    known = &recording->keys[record->key];
    record->call.act = ACT_CREATE;
    record->call.began = tick(caller);
    record->call.status =
        keyward_create_key(caller->store, &will, "repo-1", &new_key, &key, &secret);
    record->call.ended = tick(caller);
    if (record->call.status != KEYWARD_OK)
        return;
    strcpy(known->id, key->id);
    strcpy(known->access_key, key->access_key);
    strcpy(known->secret, secret->text);
    atomic_store(&recording->slots[slot], record->key);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}

static void remove_key(struct caller *caller, struct call *call, const struct known_key *key)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE};

    call->act = ACT_DELETE;
    call->began = tick(caller);
    call->status = keyward_delete_key(caller->store, &will, "repo-1", key->id, &deletion);
    call->ended = tick(caller);
    call->deletion = deletion.event;
}

static void restore(struct caller *caller, struct call *call, const struct known_key *key)
{
    call->act = ACT_RESTORE;
    call->began = tick(caller);
    call->status = keyward_restore_key(caller->store, &anna, "repo-1", key->id);
    call->ended = tick(caller);
}

/* Another key's identity is no answer. */
static void authenticate(struct caller *caller, struct call *call, const struct known_key *key)
{
    keyward_identity identity;

    call->act = ACT_AUTHENTICATE;
    call->began = tick(caller);
    call->status = keyward_authenticate(caller->store, key->access_key, key->secret,
                                        strlen(key->secret), &identity);
    call->ended = tick(caller);
    call->deletion = keyward_last_error(caller->store)->deleted_event;
    if (call->status == KEYWARD_OK && strcmp(identity.key_id, key->id) != 0)
        call->status = KEYWARD_CORRUPT;
}

static void make_call(struct caller *caller, struct record *record)
{
    int slot = chance_index(&caller->chance, SLOTS), dice = chance_index(&caller->chance, 64);
    const struct known_key *key;

    record->call.caller = caller->number;
    record->key = atomic_load(&caller->recording->slots[slot]);
    key = &caller->recording->keys[record->key];
    if (dice == 0)
        create(caller, record, slot);
    else if (dice < 6)
        remove_key(caller, &record->call, key);
    else if (dice < 11)
        restore(caller, &record->call, key);
    else
        authenticate(caller, &record->call, key);
}

static void *run_caller(void *context)
{
    struct caller *caller = context;

    pthread_barrier_wait(&caller->recording->start);
    for (int i = 0; i < CALLS; i++)
        make_call(caller, &caller->recording->records[caller->number][i]);
    return NULL;
}

/* A process of THREADS callers on one store. */
static void run_callers(const struct fixture *f, struct recording *recording, int process)
{
    struct caller callers[THREADS];
    keyward *store;

    if (keyward_open(&store, f->path, &f->options) != KEYWARD_OK)
        abort(); /* the others wait at the barrier for ever */
    for (int i = 0; i < THREADS; i++) {
        int number = process * THREADS + i;
        callers[i] = (struct caller){.recording = recording,
                                     .store = store,
                                     .number = number,
                                     .chance = chance_of(recording->seed, number)};
        if (pthread_create(&callers[i].thread, NULL, run_caller, &callers[i]) != 0)
            abort();
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(callers[i].thread, NULL);
    keyward_close(&store);
}

static void record_history(struct fixture *f, struct recording *recording)
{
    struct caller first = {.recording = recording, .store = f->store, .number = -1};
    pid_t children[PROCESSES];
    int status;

    for (int slot = 0; slot < SLOTS; slot++) {
        recording->first[slot].call.caller = first.number;
        create(&first, &recording->first[slot], slot);
    }
    keyward_close(&f->store);
    fflush(NULL);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            run_callers(f, recording, i);
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process ended with %d",
                      status);
    }
    fixture_reopen(f);
}

/* ---- judging ---- */

/* What came of it, over all histories. */
struct figures {
    long histories, calls, keys, races, accepted, refused, deletions, restorings;
    long impossible, stale; /* keys */
};

static void count_calls(struct figures *figures, const struct call *calls, size_t count)
{
    for (const struct call *call = calls; call < calls + count; call++) {
        bool ok = call->status == KEYWARD_OK;
        figures->accepted += call->act == ACT_AUTHENTICATE && ok;
        figures->refused += call->act == ACT_AUTHENTICATE && call->status == KEYWARD_REFUSED;
        figures->deletions += call->act == ACT_DELETE && ok;
        figures->restorings += call->act == ACT_RESTORE && ok;
    }
    figures->calls += (long)count;
    figures->keys++;
    figures->races += (long)history_races(calls, count);
}

/* Prints the history of a key that is impossible, unless that was to be expected. */
static void judge_key(struct figures *figures, struct call *calls, size_t count)
{
    const struct call *told, *stale;
    size_t explained;
    bool possible;

    history_sort(calls, count);
    count_calls(figures, calls, count);
    stale = history_stale_success(calls, count, &told);
    possible = history_is_linearizable(calls, count, &explained);
    figures->stale += stale != NULL;
    figures->impossible += !possible;
    if (UNCHECKED || (possible && !stale))
        return;
    history_print(stdout, calls, count);
    if (stale) {
        printf("this one told of the deletion, and later began the other:\n");
        history_print(stdout, told, 1);
        history_print(stdout, stale, 1);
    }
    printf("%zu of the %zu calls can be explained\n", explained, count);
}

static size_t add(struct call *calls, size_t count, const struct record *record, int key)
{
    if (record->key == key)
        calls[count++] = record->call;
    return count;
}

static void judge(struct figures *figures, const struct recording *recording)
{
    struct call *calls = malloc((SLOTS + CALLERS * CALLS) * sizeof *calls);

    ck_assert_ptr_nonnull(calls);
    for (int key = 0; key < recording->key_count; key++) {
        size_t count = 0;

        for (int slot = 0; slot < SLOTS; slot++)
            count = add(calls, count, &recording->first[slot], key);
        for (int caller = 0; caller < CALLERS; caller++)
            for (int i = 0; i < CALLS; i++)
                count = add(calls, count, &recording->records[caller][i], key);
        judge_key(figures, calls, count);
    }
    free(calls);
    figures->histories++;
}

static void begin(struct fixture *f)
{
    fixture_open(f);
    f->options.busy_timeout_ms = PATIENCE;
    f->options.clock = NULL; /* the system's: times differ */
    f->options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(f);
}

static void assert_judgement(const struct figures *figures, uint64_t seed)
{
    if (UNCHECKED) {
        ck_assert_int_gt(figures->stale, 0);
        ck_assert_int_gt(figures->impossible, 0);
        return;
    }
    ck_assert_msg(figures->impossible == 0 && figures->stale == 0,
                  "the history of %ld keys is impossible, KEYWARD_TEST_SEED=%llu",
                  figures->impossible, (unsigned long long)seed);
}

/* The histories had in them what they are there for. */
static void assert_all_happened(const struct figures *figures)
{
    ck_assert_int_eq(figures->calls, figures->histories * (SLOTS + CALLERS * CALLS));
    ck_assert_int_gt(figures->deletions, 0);
    ck_assert_int_gt(figures->restorings, 0);
    ck_assert_int_gt(figures->accepted, 0);
    ck_assert_int_gt(figures->refused, 0);
    ck_assert_int_gt(figures->races, 0);
}

START_TEST(what_threads_and_processes_see_is_possible_with_the_freshness_check_and_only_with_it)
{
    const char *wanted = getenv("KEYWARD_TEST_HISTORIES");
    long histories = wanted ? strtol(wanted, NULL, 10) : 1;
    uint64_t seed = chance_seed();
    struct figures figures = {0};

    ck_assert_int_gt(histories, 0);
    for (long i = 0; i < histories; i++) {
        struct recording *recording = recording_new(seed + (uint64_t)i);
        struct fixture f;

        begin(&f);
        record_history(&f, recording);
        judge(&figures, recording);
        assert_judgement(&figures, recording->seed);
        assert_sound(&f);
        recording_free(recording);
        fixture_close(&f);
    }
    assert_all_happened(&figures);
    printf("%ld histories of %ld keys, %ld calls: %ld accepted, %ld refused, %ld during a deletion;"
           " %ld deletions, %ld restorings; %ld keys impossible, %ld stale\n",
           figures.histories, figures.keys, figures.calls, figures.accepted, figures.refused,
           figures.races, figures.deletions, figures.restorings, figures.impossible, figures.stale);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("linearizability");
    TCase *tests = tcase_create("histories");

    tcase_add_test(
        tests,
        what_threads_and_processes_see_is_possible_with_the_freshness_check_and_only_with_it);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
