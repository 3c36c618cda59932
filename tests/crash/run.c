/* SPDX-License-Identifier: MIT */
#include "crash/run.h"
#include "crash/baton.h"
#include "crash/disk.h"
#include "crash/randomness.h"
#include "crash/workload.h"
#include "support/chance.h"

#include <check.h>
#include <stdlib.h>

#define THREADS 5
#define STEPS 40

static struct disk disk;

static int64_t calls_so_far(void)
{
    return disk.trace->count;
}

static struct worker workers[THREADS];
static keyward_options options;
static enum keyward_status opened;

/* These too have the baton: a thread that has no turn would be one that no seed tells of. */
static void open_store(void *context, int number)
{
    (void)number;
    opened = keyward_open(context, RUN_STORE, &options);
}

static void work(void *context, int number)
{
    (void)context;
    worker_work(&workers[number], STEPS);
}

static void close_store(void *context, int number)
{
    (void)number;
    keyward_close(context);
}

static void run_workers(struct run *run, keyward *store)
{
    for (int i = 0; i < THREADS; i++)
        workers[i] = (struct worker){.ledger = run->ledger,
                                     .number = i,
                                     .store = store,
                                     .path = RUN_STORE,
                                     .keeps_store = i == 0,
                                     .now = calls_so_far,
                                     .chance = chance_mix(run->seed, 1, (uint64_t)i)};
    baton_run(THREADS, work, NULL, chance_mix(run->seed, 2, 0));
}

static void count_commits(struct run *run, keyward *store)
{
    keyward_activity *activity = NULL;

    ck_assert_int_eq(keyward_get_activity(store, &activity), KEYWARD_OK);
    run->commits = activity->commits;
    run->shared_commits = activity->commits - activity->commits_by_size[0];
    keyward_activity_free(&activity);
}

void run_make(struct run *run, uint64_t seed)
{
    unsigned char master_key[KEYWARD_MASTER_KEY_BYTES];
    keyward *store = NULL;

    *run = (struct run){.seed = seed, .ledger = malloc(sizeof *run->ledger)};
    ck_assert_ptr_nonnull(run->ledger);
    ledger_init(run->ledger);
    master_key_of(master_key, 0);
    options = ledger_options(run->ledger, master_key);
    disk.trace = &run->trace;
    disk_use(&disk);
    randomness_restart(chance_mix(seed, 3, 0));

    baton_run(1, open_store, &store, 0);
    ck_assert_int_eq(opened, KEYWARD_OK);
    run->opened = run->trace.count;
    run_workers(run, store);
    count_commits(run, store);
    run->closing = run->trace.count;
    baton_run(1, close_store, &store, 0);
    disk_clear(&disk);
    ck_assert_msg(run->ledger->failures == 0, "seed %llu: %s", (unsigned long long)seed,
                  run->ledger->first_failure);
}

void run_free(struct run *run)
{
    trace_free(&run->trace);
    free(run->ledger);
}
