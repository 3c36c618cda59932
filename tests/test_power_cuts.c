/* SPDX-License-Identifier: MIT */
/*
 * The power fails at each call of the disk in turn. What a store then has is what it promised.
 *
 * A run of several threads is made once, with a trace of all that it did to its disk. From that
 * comes what a cut at each call may leave; the store is opened from it and compared with the
 * ledger of what was acknowledged by then. KEYWARD_TEST_CUTS says how many cuts there are to be,
 * KEYWARD_TEST_PROCESSES by how many processes, KEYWARD_TEST_SEED from which run on; and
 * KEYWARD_TEST_CUT=SEED/CALL/FATE/LIES, as a failure prints it, has one of them again. With
 * CK_RUN_CASE=cuts there is nothing else.
 */
#include "crash/disk.h"
#include "crash/platter.h"
#include "crash/randomness.h"
#include "crash/run.h"
#include "crash/verdict.h"
#include "crash/vfs.h"
#include "crash/workload.h"
#include "support/chance.h"
#include "support/figures.h"
#include "support/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef IS_SLOW /* CMakeLists.txt: with what has nothing to see in the lies */
#define IS_SLOW false
#endif
#define CUTS (IS_SLOW ? 1000 : 10000)
#define PROCESSES_MAX 64
#define SEEDS_APART 1000000000 /* those of two processes */
#define SEEDS_TRIED 5
#define RUNS_LOOKED_AT 20 /* in 5 of them, in one of a hundred, no log is cut to nothing */
#define RUNS_FROM_THE_MAKING 5
#define CUTS_FOR_A_SECOND 10
#define CUTS_OF_LIES 20000 /* by then each lie is found out, most within some hundred */

#define CUT_NAME_OUT "%" PRIu64 "/%" PRId64 "/%" PRIu64 "/%u"
#define CUT_NAME_IN "%" SCNu64 "/%" SCNd64 "/%" SCNu64 "/%u"

/* One cut, and what was found after it. */
struct cut {
    const struct run *run;
    unsigned lies;
    int64_t call;
    uint64_t fate;
    struct verdict verdict;
};

static struct disk rebooted, rebooted_again;

static void setup(void)
{
    disk_vfs_install();
    randomness_install();
}

/* ---- after a cut ---- */

/* Copies that were looked at once and found good: most cuts leave the very same bytes. */
static struct disk_file good_copies[WORKERS_MAX][BACKUPS_MAX];

static bool is_known_as_good(int worker, int number, const struct disk_file *copy)
{
    const struct disk_file *good = &good_copies[worker][number];

    return good->size > 0 && good->size == copy->size &&
           memcmp(good->bytes, copy->bytes, copy->size) == 0;
}

static void forget_copies(void)
{
    for (int worker = 0; worker < WORKERS_MAX; worker++) {
        for (int i = 0; i < BACKUPS_MAX; i++)
            good_copies[worker][i].size = 0;
    }
}

/* One that is there is a whole one, whether it was acknowledged or not. */
static void look_at_copy(struct cut *cut, int worker, int number)
{
    const struct ledger_backup *backup = &cut->run->ledger->pages[worker].backups[number];
    const struct span span = {.from = backup->begun, .until = backup->ended};
    struct disk_file before = {.size = 0};
    char path[128];
    int file;

    backup_path(path, RUN_STORE, worker, number);
    file = disk_find(&rebooted, path);
    if (file < 0 && backup->ended <= cut->call)
        verdict_bad(&cut->verdict, "a copy was acknowledged and is gone");
    if (file < 0 || is_known_as_good(worker, number, &rebooted.files[file]))
        return;
    disk_copy(&before, &rebooted.files[file]); /* it is changed by being looked at */
    if (verdict_of_store(&cut->verdict, cut->run->ledger, path, span, backup->master_key))
        disk_copy(&good_copies[worker][number], &before);
    free(before.bytes);
}

static void look_at_copies(struct cut *cut)
{
    for (int worker = 0; worker < WORKERS_MAX; worker++) {
        for (int i = 0; i < cut->run->ledger->pages[worker].backup_count; i++)
            look_at_copy(cut, worker, i);
    }
}

/* The power fails once more, while the store is opened, looked at and closed: at one of the calls,
 * since each would take as long as all the rest. What had survived the first cut is on the disk. */
static void cut_second_time(struct cut *cut, struct platter *second, uint64_t chance)
{
    const struct span span = {.from = cut->call, .until = cut->call};
    const int64_t events = cut->verdict.events;
    int64_t call = (int64_t)chance_below(&chance, (uint64_t)second->trace->count);

    while (second->at < call) {
        platter_begin(second);
        platter_end(second);
    }
    platter_begin(second);
    platter_cut(second, &rebooted_again, chance);
    disk_use(&rebooted_again);
    if (verdict_of_store(&cut->verdict, cut->run->ledger, RUN_STORE, span, NO_KEY) &&
        cut->verdict.events != events)
        verdict_bad(&cut->verdict, "%" PRId64 " events, %" PRId64 " after the second cut", events,
                    cut->verdict.events);
}

/* Looks at the store, and lets the power fail meanwhile. */
static void look_twice(struct cut *cut, struct span span, uint64_t chance)
{
    struct trace trace = {.count = 0};
    struct platter second;

    platter_init(&second, &trace, RUN_STORE);
    platter_load(&second, &rebooted);
    second.lies = cut->lies & LIE_AFTERWARDS ? LIE_ABOUT_ALL : 0;
    rebooted.trace = &trace;
    verdict_of_store(&cut->verdict, cut->run->ledger, RUN_STORE, span, NO_KEY);
    rebooted.trace = NULL;
    if (!cut->verdict.is_bad)
        cut_second_time(cut, &second, chance);
    disk_use(&rebooted);
    platter_free(&second);
    trace_free(&trace);
}

static bool reboot(struct cut *cut, const struct platter *platter)
{
    const struct span span = {.from = cut->call, .until = cut->call};

    const uint64_t chance = chance_mix(cut->run->seed, (uint64_t)cut->call, cut->fate);

    cut->verdict.is_bad = false;
    randomness_restart(chance);
    platter_cut(platter, &rebooted, chance);
    disk_use(&rebooted);
    if (chance % CUTS_FOR_A_SECOND == 0 || cut->lies & LIE_AFTERWARDS)
        look_twice(cut, span, chance);
    else
        verdict_of_store(&cut->verdict, cut->run->ledger, RUN_STORE, span, NO_KEY);
    look_at_copies(cut);
    return !cut->verdict.is_bad;
}

/* ---- cutting ---- */

struct campaign {
    unsigned lies;
    int64_t wanted;     /* cuts */
    int64_t wanted_bad; /* after so many it ends; 0: it goes on */
    uint64_t seed;      /* of the first run */
    int64_t cuts, runs, bad;
    char first[600]; /* that was bad */
};

static bool is_over(const struct campaign *campaign)
{
    return campaign->cuts == campaign->wanted ||
           (campaign->wanted_bad > 0 && campaign->bad >= campaign->wanted_bad);
}

static void take_down(struct campaign *campaign, const struct cut *cut)
{
    campaign->bad++;
    if (campaign->first[0] == '\0')
        snprintf(campaign->first, sizeof campaign->first,
                 "%s; again: KEYWARD_TEST_CUT=" CUT_NAME_OUT, cut->verdict.text, cut->run->seed,
                 cut->call, cut->fate, cut->lies);
}

static void cut_once(struct campaign *campaign, const struct run *run,
                     const struct platter *platter)
{
    struct cut cut = {
        .run = run, .lies = campaign->lies, .call = platter->at, .fate = (uint64_t)campaign->runs};

    campaign->cuts++;
    if (!reboot(&cut, platter))
        take_down(campaign, &cut);
}

/* The making of the store is the same in each run: it is cut in some of them only. And there is no
 * lie about it. */
static int64_t first_cut(const struct campaign *campaign, const struct run *run)
{
    return campaign->lies == 0 && campaign->runs % RUNS_FROM_THE_MAKING == 0 ? 0 : run->opened;
}

/* Cuts the run at each of its calls. */
static void cut_run(struct campaign *campaign, const struct run *run)
{
    struct platter platter;

    platter_init(&platter, &run->trace, RUN_STORE);
    while (platter.at < run->trace.count && !is_over(campaign)) {
        if (platter.at == run->opened)
            platter.lies = campaign->lies;
        platter_begin(&platter);
        if (platter.at >= first_cut(campaign, run))
            cut_once(campaign, run, &platter);
        platter_end(&platter);
    }
    platter_free(&platter);
}

static void cut_runs(struct campaign *campaign)
{
    while (!is_over(campaign)) {
        struct run run;
        run_make(&run, campaign->seed + (uint64_t)campaign->runs);
        cut_run(campaign, &run);
        campaign->runs++;
        forget_copies();
        run_free(&run);
    }
}

static int64_t number_in(const char *name, int64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoll(text, NULL, 10) : otherwise;
}

static uint64_t first_seed(void)
{
    return (uint64_t)number_in("KEYWARD_TEST_SEED", (int64_t)time(NULL) * 1000 + getpid() % 1000);
}

/* The cut of this name alone. */
static struct verdict cut_again(const char *name)
{
    struct cut cut = {.call = -1};
    struct platter platter;
    struct run run;
    uint64_t seed;

    ck_assert_int_eq(sscanf(name, CUT_NAME_IN, &seed, &cut.call, &cut.fate, &cut.lies), 4);
    run_make(&run, seed);
    ck_assert_int_lt(cut.call, run.trace.count);
    cut.run = &run;
    platter_init(&platter, &run.trace, RUN_STORE);
    while (platter.at < cut.call) {
        platter.lies = platter.at < run.opened ? 0 : cut.lies;
        platter_begin(&platter);
        platter_end(&platter);
    }
    platter_begin(&platter);
    reboot(&cut, &platter);
    platter_free(&platter);
    forget_copies();
    run_free(&run);
    return cut.verdict;
}

/* Each process does its share, from a seed of its own. */
static void share_out(struct campaign *shares, int count)
{
    pid_t processes[PROCESSES_MAX];
    int status;

    fflush(NULL);
    for (int i = 0; i < count; i++) {
        processes[i] = fork();
        ck_assert_int_ge(processes[i], 0);
        if (processes[i] == 0) {
            cut_runs(&shares[i]);
            _exit(EXIT_SUCCESS);
        }
    }
    for (int i = 0; i < count; i++) {
        ck_assert_int_eq(waitpid(processes[i], &status, 0), processes[i]);
        ck_assert_int_eq(status, 0);
    }
}

static struct campaign *new_shares(int count)
{
    const size_t size = PROCESSES_MAX * sizeof(struct campaign);
    struct campaign *shares =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const int64_t wanted = number_in("KEYWARD_TEST_CUTS", CUTS);
    const uint64_t seed = first_seed();

    ck_assert(shares != MAP_FAILED);
    for (int i = 0; i < count; i++)
        shares[i] = (struct campaign){.wanted = (wanted + count - 1) / count,
                                      .seed = seed + (uint64_t)i * SEEDS_APART};
    return shares;
}

START_TEST(test_power_cuts)
{
    const char *again = getenv("KEYWARD_TEST_CUT");
    const int count = (int)number_in("KEYWARD_TEST_PROCESSES", 1);
    struct campaign *shares, all = {.cuts = 0};

    if (again) {
        const struct verdict verdict = cut_again(again);
        ck_assert_msg(!verdict.is_bad, "%s", verdict.text);
        return;
    }
    ck_assert_int_le(count, PROCESSES_MAX);
    shares = new_shares(count);
    if (count == 1)
        cut_runs(shares);
    else
        share_out(shares, count);
    for (int i = 0; i < count; i++) {
        all.cuts += shares[i].cuts;
        all.runs += shares[i].runs;
        all.bad += shares[i].bad;
        if (all.first[0] == '\0')
            strcpy(all.first, shares[i].first);
    }
    figures_set("%" PRId64 " power cuts in %" PRId64 " runs from seed %" PRIu64 ", %" PRId64 " bad",
                all.cuts, all.runs, shares[0].seed, all.bad);
    ck_assert_msg(all.bad == 0, "%" PRId64 " of %" PRId64 " cuts are bad, the first: %s", all.bad,
                  all.cuts, all.first);
}
END_TEST

/* ---- that the looking finds something ---- */

/* The disk says that it has flushed, and has not. The first bad cut is enough. */
static void find_lie(unsigned lies)
{
    struct campaign campaign = {
        .lies = lies, .wanted = CUTS_OF_LIES, .seed = first_seed(), .wanted_bad = 1};

    cut_runs(&campaign);
    printf("lie %u: found by cut %" PRId64 ": %s\n", lies, campaign.cuts, campaign.first);
    ck_assert_msg(campaign.bad > 0, "%" PRId64 " cuts from seed %" PRIu64 ", and nothing is bad",
                  campaign.cuts, campaign.seed);
}

START_TEST(test_no_flush_is_made)
{
    find_lie(LIE_ABOUT_ALL);
}
END_TEST

START_TEST(test_no_flush_of_the_database_is_made)
{
    find_lie(LIE_ABOUT_DATABASE);
}
END_TEST

START_TEST(test_no_flush_of_the_log_is_made)
{
    find_lie(LIE_ABOUT_LOG);
}
END_TEST

START_TEST(test_no_flush_of_the_folder_is_made)
{
    find_lie(LIE_ABOUT_FOLDER);
}
END_TEST

START_TEST(test_no_flush_of_a_copy_is_made)
{
    find_lie(LIE_ABOUT_COPY);
}
END_TEST

START_TEST(test_no_flush_is_made_after_a_cut)
{
    find_lie(LIE_AFTERWARDS);
}
END_TEST

START_TEST(test_a_bad_cut_can_be_had_again)
{
    struct campaign campaign = {
        .lies = LIE_ABOUT_LOG, .wanted = CUTS_OF_LIES, .seed = first_seed(), .wanted_bad = 1};
    const char *name;
    struct verdict verdict;

    cut_runs(&campaign);
    name = strstr(campaign.first, "KEYWARD_TEST_CUT=");
    ck_assert_ptr_nonnull(name);
    verdict = cut_again(name + strlen("KEYWARD_TEST_CUT="));
    ck_assert(verdict.is_bad);
    ck_assert_int_eq(strncmp(campaign.first, verdict.text, strlen(verdict.text)), 0);
}
END_TEST

/* Else a failure could not be had again. */
START_TEST(test_a_seed_gives_the_same_run)
{
    const uint64_t seed = first_seed() + (uint64_t)_i;
    struct run first, second;

    run_make(&first, seed);
    run_make(&second, seed);
    ck_assert_int_gt(first.trace.count, 100);
    ck_assert_msg(first.trace.count == second.trace.count &&
                      trace_sum(&first.trace) == trace_sum(&second.trace) &&
                      first.ledger->acknowledged == second.ledger->acknowledged,
                  "seed %" PRIu64 ": %" PRId64 " calls and %" PRId64, seed, first.trace.count,
                  second.trace.count);
    run_free(&first);
    run_free(&second);
}
END_TEST

/* What a run must have met to be worth cutting. */
struct met {
    int64_t shared_commits, database_writes, new_logs, log_truncations, copies, master_keys;
};

static void count_met(struct met *met, const struct run *run)
{
    int database = -1, log = -1;

    met->shared_commits += run->shared_commits;
    met->master_keys += run->ledger->master_keys - 1;
    for (int64_t i = 0; i < run->closing; i++) {
        const struct call *call = &run->trace.calls[i];
        if (call->kind == CALL_CREATE && strcmp(call->name, RUN_STORE) == 0)
            database = call->file;
        if (call->kind == CALL_CREATE && strcmp(call->name, RUN_STORE "-wal") == 0)
            log = call->file;
        if (i < run->opened)
            continue;
        met->database_writes += call->kind == CALL_WRITE && call->file == database;
        met->new_logs +=
            call->kind == CALL_WRITE && call->file == log && call->at == 0 && call->size > 0;
        met->log_truncations += call->kind == CALL_TRUNCATE && call->file == log && call->size == 0;
        met->copies += call->kind == CALL_RENAME || call->kind == CALL_LINK;
    }
}

START_TEST(test_runs_meet_all_there_is)
{
    struct met met = {0};

    for (uint64_t i = 0; i < RUNS_LOOKED_AT; i++) {
        struct run run;
        run_make(&run, first_seed() + i);
        count_met(&met, &run);
        run_free(&run);
    }
    printf("met in %d runs: %" PRId64 " commits of several, %" PRId64
           " pages written back, %" PRId64 " logs begun anew, %" PRId64 " cut to nothing, %" PRId64
           " copies, %" PRId64 " master keys\n",
           RUNS_LOOKED_AT, met.shared_commits, met.database_writes, met.new_logs,
           met.log_truncations, met.copies, met.master_keys);
    ck_assert_int_gt(met.shared_commits, 0);
    ck_assert_int_gt(met.database_writes, 0);
    ck_assert_int_gt(met.new_logs, met.log_truncations); /* some without being cut */
    ck_assert_int_gt(met.log_truncations, 0);
    ck_assert_int_gt(met.copies, 0);
    ck_assert_int_gt(met.master_keys, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("power cuts");
    TCase *cuts = suite_add_case(suite, "cuts", setup, NULL);
    TCase *lies = suite_add_case(suite, "lies", setup, NULL);
    TCase *runs = suite_add_case(suite, "runs", setup, NULL);

    tcase_set_timeout(cuts, 0); /* as many as one likes; ctest has a limit of its own */
    tcase_add_test(cuts, test_power_cuts);
    tcase_add_test(lies, test_no_flush_is_made);
    tcase_add_test(lies, test_no_flush_of_the_database_is_made);
    tcase_add_test(lies, test_no_flush_of_the_log_is_made);
    tcase_add_test(lies, test_no_flush_of_the_folder_is_made);
    tcase_add_test(lies, test_no_flush_of_a_copy_is_made);
    if (!IS_SLOW)
        tcase_add_test(lies, test_no_flush_is_made_after_a_cut);
    tcase_add_test(lies, test_a_bad_cut_can_be_had_again);
    tcase_add_loop_test(runs, test_a_seed_gives_the_same_run, 0, SEEDS_TRIED);
    tcase_add_test(runs, test_runs_meet_all_there_is);
    return suite;
}

int main(void)
{
    return run_suite_with_figures(suite());
}
