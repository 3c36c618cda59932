/* SPDX-License-Identifier: MIT */
/* The same deletion, equally durable, in other systems and over HTTP: beside keyward and the
 * floor. */
#include "cases.h"
#include "fail.h"
#include "floor.h"
#include "peer.h"
#include "report.h"
#include "subject.h"

#include <stdio.h>

#define CLIENTS_MAX 64

static const unsigned clients[] = {1, 16, CLIENTS_MAX};
#define CASES (sizeof clients / sizeof *clients)

/* Those of a round, in their order. */
enum { FLOOR, KEYWARD, PEER, CONTENDERS };

static const struct peer *const peers[] = {
#if defined(KEYWARD_BENCH_POSTGRESQL)
    &peer_postgresql,
#endif
#if defined(KEYWARD_BENCH_REDIS)
    &peer_redis,
#endif
    NULL,
};

struct peer_deletes {
    const struct peer *peer;
    struct deletions deletions;
    void *clients[CLIENTS_MAX];
    unsigned threads;
    void (*report)(const struct peer_deletes *deletes, const struct contender *contenders);
};

void http_require(void)
{
    peer_http.require();
}

void peers_require(void)
{
#if !defined(KEYWARD_BENCH_POSTGRESQL)
    die("built without PostgreSQL: install libpq (on Debian: libpq-dev) and configure again");
#elif !defined(KEYWARD_BENCH_REDIS)
    die("built without Redis: install hiredis (on Debian: libhiredis-dev) and configure again");
#else
    for (size_t i = 0; peers[i]; i++)
        peers[i]->require();
#endif
}

static size_t delete_step(void *context, struct lane *lane)
{
    struct peer_deletes *deletes = context;
    const struct bench_key *key;

    if (!deletions_take(&deletes->deletions, 1, &key))
        return 0;
    deletes->peer->delete (deletes->clients[lane->number], key);
    atomic_fetch_add(&deletes->deletions.acknowledged, 1);
    return 1;
}

static void run_deletes(void *context, double seconds, struct slice *slice)
{
    struct peer_deletes *deletes = context;
    struct crew crew = {
        .threads = deletes->threads, .timed_every = 1, .step = delete_step, .context = deletes};

    deletions_open_slice(&deletes->deletions);
    crew_run(&crew, seconds, slice);
}

/* A round is one slice each of the floor, keyward and the peer. */
static void compete(const struct fixture *files, struct peer_deletes *deletes,
                    struct contender contenders[CONTENDERS])
{
    struct deletions deletions;
    struct subject_deletes subject = {
        .deletions = &deletions, .threads = deletes->threads, .batch = 1};
    struct floor_deletes floor = {.batch = 1};

    contenders[FLOOR] = (struct contender){.run = floor_run_deletes, .context = &floor};
    contenders[KEYWARD] = (struct contender){.run = subject_run_deletes, .context = &subject};
    contenders[PEER] = (struct contender){.run = run_deletes, .context = deletes};
    deletions_prepare(&deletions, &files->subject_sample, files->subject_sample.count);
    deletions_prepare(&floor.deletions, &files->floor_sample, files->floor_sample.count);
    subject.store = subject_open(files->subject_path, KEYWARD_SURVIVES_POWER_LOSS);
    floor.floor = floor_open(files->floor_path, 1);
    contest(contenders, CONTENDERS);
    keyward_close(&subject.store);
    floor_close(&floor.floor);
    subject_check(files->subject_path, &deletions);
    floor_check(files->floor_path, &floor.deletions);
}

static void report_peer(const struct peer_deletes *deletes, const struct contender *contenders)
{
    struct result result;
    char name[CASE_NAME_SIZE];

    snprintf(name, sizeof name, "peer/%s/clients=%u", deletes->peer->name, deletes->threads);
    result = report_result(name, &contenders[PEER]);
    report_set_floor(&result, "floor/naive", &contenders[PEER], &contenders[FLOOR]);
    result.keyward_ratio = contest_ratio(&contenders[KEYWARD], &contenders[PEER]);
    report_add(&result);
}

/* What the way over HTTP leaves of what the library can do: the library is its floor. */
static void report_http(const struct peer_deletes *deletes, const struct contender *contenders)
{
    struct result result;
    char library[CASE_NAME_SIZE], name[CASE_NAME_SIZE];

    snprintf(library, sizeof library, "http/library/threads=%u", deletes->threads);
    result = report_result(library, &contenders[KEYWARD]);
    report_set_floor(&result, "floor/naive", &contenders[KEYWARD], &contenders[FLOOR]);
    report_add(&result);
    snprintf(name, sizeof name, "http/connections=%u", deletes->threads);
    result = report_result(name, &contenders[PEER]);
    report_set_floor(&result, library, &contenders[PEER], &contenders[KEYWARD]);
    report_add(&result);
}

static void measure(const struct fixture *fixture, struct peer_deletes *deletes, unsigned threads)
{
    struct contender contenders[CONTENDERS];
    struct fixture copy;

    deletes->threads = threads;
    for (unsigned i = 0; i < threads; i++)
        deletes->clients[i] = deletes->peer->connect();
    fixture_copy(fixture, &copy);
    compete(&copy, deletes, contenders);
    fixture_remove_files(&copy);
    for (unsigned i = 0; i < threads; i++)
        deletes->peer->disconnect(deletes->clients[i]);
    deletes->report(deletes, contenders);
}

static void measure_peer(const struct fixture *fixture, struct peer_deletes deletes)
{
    const struct peer *peer = deletes.peer;
    const struct sample *keys;
    char version[64], title[128];

    keys = peer->start(fixture);
    peer->tell_version(version, sizeof version);
    snprintf(title, sizeof title, "%s %s", peer->title, version);
    report_section(title, peer->settings);
    deletions_prepare(&deletes.deletions, keys, keys->count);
    deletes.deletions.a_slice /= CASES; /* its data are not filled anew for each */
    for (size_t i = 0; i < CASES; i++)
        measure(fixture, &deletes, clients[i]);
    peer->check(&deletes.deletions);
    peer->stop();
}

void cases_peers(const struct fixture *fixture)
{
    for (size_t i = 0; peers[i]; i++)
        measure_peer(fixture, (struct peer_deletes){.peer = peers[i], .report = report_peer});
}

void cases_http(const struct fixture *fixture)
{
    measure_peer(fixture, (struct peer_deletes){.peer = &peer_http, .report = report_http});
}
