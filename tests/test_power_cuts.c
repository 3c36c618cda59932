/* SPDX-License-Identifier: MIT */
/*
 * The power fails at each call of the disk in turn. What a store then has is what it promised.
 *
 * A run of several threads is made once, with a trace of all that it did to its disk. From that
 * comes what a cut at each call may leave; the store is opened from it and compared with the
 * ledger of what was acknowledged by then. KEYWARD_TEST_CUTS says how many cuts there are to be,
 * and KEYWARD_TEST_CUT=SEED/CALL/FATE, as a failure prints it, has one of them again.
 */
#include "crash/chance.h"
#include "crash/disk.h"
#include "crash/platter.h"
#include "crash/randomness.h"
#include "crash/run.h"
#include "crash/verdict.h"
#include "crash/vfs.h"
#include "crash/workload.h"
#include "support/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CUTS 1000 /* a sanitizer is slow */
#else
#define CUTS 10000
#endif
#define SEEDS_TRIED 5
#define CUTS_OF_LIES 4000 /* by then each lie is found out, many times over */

/* One cut, and what was found after it. */
struct cut {
    const struct run *run;
    int64_t call;
    uint64_t fate;
    struct verdict verdict;
};

static struct disk rebooted;

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

static bool reboot(struct cut *cut, const struct platter *platter)
{
    const struct span span = {.from = cut->call, .until = cut->call};

    const uint64_t chance = chance_seed(cut->run->seed, (uint64_t)cut->call, cut->fate);

    cut->verdict.is_bad = false;
    randomness_restart(chance);
    platter_cut(platter, &rebooted, chance);
    disk_use(&rebooted);
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
                 "%s; again: KEYWARD_TEST_CUT=%" PRIu64 "/%" PRId64 "/%" PRIu64, cut->verdict.text,
                 cut->run->seed, cut->call, cut->fate);
}

/* Cuts the run at each of its calls. */
static void cut_run(struct campaign *campaign, const struct run *run)
{
    struct platter platter;

    platter_init(&platter, &run->trace, RUN_STORE);
    while (platter.at < run->trace.count && !is_over(campaign)) {
        struct cut cut = {.run = run, .call = platter.at, .fate = (uint64_t)campaign->runs};
        if (platter.at == run->opened)
            platter.lies = campaign->lies;
        platter_begin(&platter);
        campaign->cuts++;
        if (!reboot(&cut, &platter))
            take_down(campaign, &cut);
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

/* The cut that a failure has named, alone. */
static void cut_again(const char *name)
{
    struct cut cut = {.call = -1};
    struct platter platter;
    struct run run;
    uint64_t seed;

    ck_assert_int_eq(sscanf(name, "%" SCNu64 "/%" SCNd64 "/%" SCNu64, &seed, &cut.call, &cut.fate),
                     3);
    run_make(&run, seed);
    ck_assert_int_lt(cut.call, run.trace.count);
    cut.run = &run;
    platter_init(&platter, &run.trace, RUN_STORE);
    while (platter.at < cut.call) {
        platter_begin(&platter);
        platter_end(&platter);
    }
    platter_begin(&platter);
    ck_assert_msg(reboot(&cut, &platter), "%s", cut.verdict.text);
    platter_free(&platter);
    run_free(&run);
}

START_TEST(test_power_cuts)
{
    const char *again = getenv("KEYWARD_TEST_CUT");
    struct campaign campaign = {.wanted = number_in("KEYWARD_TEST_CUTS", CUTS),
                                .seed = first_seed()};

    if (again) {
        cut_again(again);
        return;
    }
    cut_runs(&campaign);
    printf("%" PRId64 " power cuts in %" PRId64 " runs from seed %" PRIu64 ", %" PRId64 " bad\n",
           campaign.cuts, campaign.runs, campaign.seed, campaign.bad);
    ck_assert_msg(campaign.bad == 0, "%" PRId64 " of %" PRId64 " cuts are bad, the first: %s",
                  campaign.bad, campaign.cuts, campaign.first);
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

static Suite *suite(void)
{
    Suite *suite = suite_create("power cuts");
    TCase *cuts = suite_add_case(suite, "cuts", setup, NULL);

    tcase_add_loop_test(cuts, test_a_seed_gives_the_same_run, 0, SEEDS_TRIED);
    tcase_add_test(cuts, test_no_flush_is_made);
    tcase_add_test(cuts, test_no_flush_of_the_database_is_made);
    tcase_add_test(cuts, test_no_flush_of_the_log_is_made);
    tcase_add_test(cuts, test_no_flush_of_the_folder_is_made);
    tcase_add_test(cuts, test_no_flush_of_a_copy_is_made);
    tcase_add_test(cuts, test_power_cuts);
    return suite;
}

int main(void)
{
    return run_suite(suite());
}
