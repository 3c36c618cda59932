/* SPDX-License-Identifier: MIT */
/* Authentication beside the bare look-up: alone and while threads delete. */
#include "cases.h"
#include "contest.h"
#include "fail.h"
#include "floor.h"
#include "random.h"
#include "report.h"
#include "settings.h"
#include "subject.h"

#include <stdio.h>
#include <string.h>

#define HOT_KEYS 1000 /* those in use; the last of the sample, which no case deletes */
#define READERS_MAX 2
#define DELETERS 16
#define STRANGERS 64
#define TIMED_EVERY 16

enum attempt { HIT, WRONG_SECRET, UNKNOWN };

struct logins {
    keyward *store; /* or, by hand, */
    struct floor_reader *readers[READERS_MAX];
    const struct bench_key *keys;
    size_t count;
    enum attempt attempt;
};

/* What all cases share. */
struct arena {
    struct fixture files;
    keyward *store;
    struct floor_reader *readers[READERS_MAX];
    struct deletions deletions;
    struct sample strangers;
};

/* ---- one authentication ---- */

static size_t subject_step(void *context, struct lane *lane)
{
    const struct logins *logins = context;
    size_t chosen = (size_t)random_below(&lane->random, logins->count);
    const struct bench_key *key = &logins->keys[chosen], *other = key;
    keyward_identity identity;
    enum keyward_status status;

    if (logins->attempt == WRONG_SECRET)
        other = &logins->keys[(chosen + 1) % logins->count];
    status = keyward_authenticate(logins->store, key->access_key, other->secret,
                                  strlen(other->secret), &identity);
    if (status != (logins->attempt == HIT ? KEYWARD_OK : KEYWARD_REFUSED) ||
        (status == KEYWARD_OK && strcmp(identity.key_id, key->id) != 0))
        die("authenticate: not the answer that was due: %s", keyward_status_text(status));
    return 1;
}

static size_t floor_step(void *context, struct lane *lane)
{
    const struct logins *logins = context;
    const struct bench_key *key = &logins->keys[random_below(&lane->random, logins->count)];

    if (!floor_authenticate(logins->readers[lane->number], key->access_key, key->secret))
        die("floor: not authenticated");
    return 1;
}

/* The checksums are right: it is the look-up, and then the comparison, that refuses. */
static void check_causes(keyward *store, const struct bench_key *keys,
                         const struct bench_key *stranger)
{
    keyward_identity identity;

    if (keyward_authenticate(store, keys[0].access_key, keys[1].secret, strlen(keys[1].secret),
                             &identity) != KEYWARD_REFUSED ||
        keyward_last_error(store)->cause != KEYWARD_CAUSE_WRONG_SECRET)
        die("a wrong secret is not refused as one");
    if (keyward_authenticate(store, stranger->access_key, stranger->secret,
                             strlen(stranger->secret), &identity) != KEYWARD_REFUSED ||
        keyward_last_error(store)->cause != KEYWARD_CAUSE_UNKNOWN)
        die("an unknown access key is not refused as one");
}

/* ---- a crew of them, alone or under load ---- */

struct shift {
    struct crew crew;
    struct logins logins;
    struct subject_deletes load;
};

static void run_shift(void *context, double seconds, struct slice *slice)
{
    struct shift *shift = context;
    struct crew load;
    struct slice unused;

    if (shift->load.threads == 0) {
        crew_run(&shift->crew, seconds, slice);
        return;
    }
    load = subject_delete_crew(&shift->load);
    deletions_open_slice(shift->load.deletions);
    crew_start(&load);
    crew_run(&shift->crew, seconds, slice);
    crew_finish(&load, &unused);
}

static void prepare(struct shift *shift, struct arena *arena, unsigned threads, unsigned deleters)
{
    shift->load = (struct subject_deletes){
        .store = arena->store, .deletions = &arena->deletions, .threads = deleters, .batch = 1};
    shift->crew =
        (struct crew){.threads = threads, .timed_every = TIMED_EVERY, .context = &shift->logins};
}

static void prepare_floor(struct shift *shift, struct arena *arena, unsigned threads,
                          unsigned deleters)
{
    const struct sample *sample = &arena->files.floor_sample;

    prepare(shift, arena, threads, deleters);
    shift->crew.step = floor_step;
    shift->logins =
        (struct logins){.keys = sample->keys + sample->count - HOT_KEYS, .count = HOT_KEYS};
    memcpy(shift->logins.readers, arena->readers, sizeof arena->readers);
}

static void prepare_subject(struct shift *shift, struct arena *arena, unsigned threads,
                            unsigned deleters)
{
    const struct sample *sample = &arena->files.subject_sample;

    prepare(shift, arena, threads, deleters);
    shift->crew.step = subject_step;
    shift->logins = (struct logins){
        .store = arena->store, .keys = sample->keys + sample->count - HOT_KEYS, .count = HOT_KEYS};
}

/* ---- the cases ---- */

static void duel(struct shift *floor, struct shift *subject, const char *suffix)
{
    struct contender contenders[] = {
        {.run = run_shift, .context = floor},
        {.run = run_shift, .context = subject},
    };
    char name[CASE_NAME_SIZE], floor_name[CASE_NAME_SIZE];
    struct result result;

    contest(contenders, 2);
    snprintf(floor_name, sizeof floor_name, "floor/look-up%s",
             strcmp(suffix, "/threads=1") == 0 ? "" : suffix);
    result = report_result(floor_name, &contenders[0]);
    report_add(&result);
    snprintf(name, sizeof name, "authenticate%s", suffix);
    result = report_result(name, &contenders[1]);
    report_set_floor(&result, floor_name, &contenders[1], &contenders[0]);
    report_add(&result);
}

static void measure_threads(struct arena *arena, unsigned threads, unsigned deleters)
{
    struct shift floor, subject;
    char suffix[CASE_NAME_SIZE / 2];

    prepare_floor(&floor, arena, threads, deleters);
    prepare_subject(&subject, arena, threads, deleters);
    snprintf(suffix, sizeof suffix, "/threads=%u%s", threads, deleters ? "/while=deleting" : "");
    duel(&floor, &subject, suffix);
}

/* Every key instead of the few in use. */
static void measure_all_keys(struct arena *arena)
{
    struct shift floor, subject;
    char suffix[CASE_NAME_SIZE / 2];

    prepare_floor(&floor, arena, 1, 0);
    prepare_subject(&subject, arena, 1, 0);
    floor.logins.keys = arena->files.floor_sample.keys;
    floor.logins.count = arena->files.floor_sample.count;
    subject.logins.keys = arena->files.subject_sample.keys;
    subject.logins.count = arena->files.subject_sample.count;
    snprintf(suffix, sizeof suffix, "/threads=1/keys=%zu", subject.logins.count);
    duel(&floor, &subject, suffix);
}

static void measure_refusals(struct arena *arena)
{
    struct shift floor, wrong, unknown;
    struct contender contenders[] = {
        {.run = run_shift, .context = &floor},
        {.run = run_shift, .context = &unknown},
        {.run = run_shift, .context = &wrong},
    };
    struct result result;

    prepare_floor(&floor, arena, 1, 0);
    prepare_subject(&unknown, arena, 1, 0);
    unknown.logins.attempt = UNKNOWN;
    unknown.logins.keys = arena->strangers.keys;
    unknown.logins.count = arena->strangers.count;
    prepare_subject(&wrong, arena, 1, 0);
    wrong.logins.attempt = WRONG_SECRET;
    check_causes(arena->store, wrong.logins.keys, unknown.logins.keys);
    contest(contenders, 3);
    result = report_result("authenticate/unknown", &contenders[1]);
    report_set_floor(&result, "floor/look-up", &contenders[1], &contenders[0]);
    report_add(&result);
    result = report_result("authenticate/wrong-secret", &contenders[2]);
    report_set_floor(&result, "floor/look-up", &contenders[2], &contenders[0]);
    report_add(&result);
}

/* ---- their arena ---- */

static void open_arena(struct arena *arena, const struct fixture *fixture)
{
    char path[PATH_SIZE];

    fixture_copy(fixture, &arena->files);
    arena->store = subject_open(arena->files.subject_path, KEYWARD_SURVIVES_POWER_LOSS);
    for (size_t i = 0; i < READERS_MAX; i++)
        arena->readers[i] = floor_open_reader(arena->files.floor_path);
    folder_file("strangers.db", path);
    sample_prepare(&arena->strangers, settings.seed, STRANGERS, STRANGERS);
    subject_fill(path, &arena->strangers);
    folder_remove_store(path);
}

/* The deletions are shared by two contenders in each of READERS_MAX cases. */
static void prepare_load(struct arena *arena)
{
    struct deletions *deletions = &arena->deletions;
    const struct sample *sample = &arena->files.subject_sample;

    deletions_prepare(deletions, sample, sample->count - HOT_KEYS);
    deletions->a_slice /= 2 * READERS_MAX;
}

static void close_arena(struct arena *arena)
{
    keyward_close(&arena->store);
    for (size_t i = 0; i < READERS_MAX; i++)
        floor_close_reader(&arena->readers[i]);
    subject_check(arena->files.subject_path, &arena->deletions);
    fixture_remove_files(&arena->files);
    sample_free(&arena->strangers);
}

void cases_authenticate(const struct fixture *fixture)
{
    struct arena arena;

    open_arena(&arena, fixture);
    prepare_load(&arena);
    report_section("authentication", "among 1,000 keys in use; while=deleting: beside 16 threads "
                                     "that delete from keyward, the floor likewise");
    for (unsigned threads = 1; threads <= READERS_MAX; threads++)
        measure_threads(&arena, threads, 0);
    measure_all_keys(&arena);
    measure_refusals(&arena);
    for (unsigned threads = 1; threads <= READERS_MAX; threads++)
        measure_threads(&arena, threads, DELETERS);
    close_arena(&arena);
}
