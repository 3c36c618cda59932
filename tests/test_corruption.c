/* SPDX-License-Identifier: MIT */
/*
 * A store whose files are damaged is refused, or found damaged, or answers as if nothing had
 * happened: it never crashes, hangs or answers wrongly; see damage/trial.h.
 *
 *     KEYWARD_TEST_DENSITY=N      so many times the share that is tried otherwise, or all there are
 *     KEYWARD_TEST_SEED=N         the same share again
 *     KEYWARD_TEST_DAMAGE="..."   only this one, see damage/campaign.h
 */
#include "damage/campaign.h"
#include "support/chance.h"

#include <stdio.h>
#include <stdlib.h>

static struct scene scene;
static uint64_t seed;

static void report(const char *what, const struct tally *tally)
{
    printf("corruption: %zu %s: %zu refused, %zu found by the check, %zu sound"
           " (%zu with a key that should not open, found); %zu wrong\n",
           tally->tried, what, tally->outcomes[OUTCOME_REFUSED], tally->outcomes[OUTCOME_FOUND],
           tally->outcomes[OUTCOME_SOUND], tally->opened_deleted, tally->failures);
    fflush(stdout);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOWER 3 /* times, under a sanitizer */
#else
#define SLOWER 1
#endif

static size_t share_of(size_t one_in)
{
    const char *density = getenv("KEYWARD_TEST_DENSITY");
    size_t times = density ? strtoul(density, NULL, 10) : 1;

    one_in *= one_in > 1 ? SLOWER : 1;
    return times > 0 && one_in > times ? one_in / times : 1;
}

/* Damages of these kinds, of each one in so many. */
static void damage(enum scene_kind kind, const enum damage_kind *kinds, const size_t *one_in,
                   size_t count, struct tally *tally)
{
    char what[96];

    for (size_t i = 0; i < count; i++) {
        struct tally mine = {.tried = 0};
        campaign_run(&(struct campaign){kind, &scene, kinds[i], seed, share_of(one_in[i])}, &mine);
        snprintf(what, sizeof what, "times %s, %s", damage_names[kinds[i]], scene_names[kind]);
        report(what, &mine);
        ck_assert_uint_gt(mine.tried, 0);
        tally->failures += mine.failures;
        for (int s = 0; s < STRUCTURES; s++)
            tally->structures[s] += mine.structures[s];
    }
    ck_assert_uint_eq(tally->failures, 0);
}

static void make_closed(void)
{
    seed = chance_seed();
    scene_make(&scene, SCENE_CLOSED);
}

static void make_hot(void)
{
    seed = chance_seed();
    scene_make(&scene, SCENE_HOT);
}

static void make_written_back(void)
{
    seed = chance_seed();
    scene_make(&scene, SCENE_WRITTEN_BACK);
}

static void begin_again(void)
{
}

static void forget(void)
{
    scene_free(&scene);
}

START_TEST(every_byte_of_the_file_is_flipped)
{
    struct tally tally = {.tried = 0};

    damage(SCENE_CLOSED, (const enum damage_kind[]){FLIP_DATABASE}, (const size_t[]){700}, 1,
           &tally);
    for (int structure = 0; structure < STRUCTURES; structure++)
        ck_assert_msg(tally.structures[structure] > 0, "structure %d: never flipped", structure);
}
END_TEST

START_TEST(the_file_is_cut_and_its_pages_are_moved)
{
    struct tally tally = {.tried = 0};

    damage(SCENE_CLOSED,
           (const enum damage_kind[]){CUT_DATABASE, ZERO_DATABASE, SWAP_PAGES, OLD_PAGE},
           (const size_t[]){400, 1, 6, 1}, 4, &tally);
}
END_TEST

START_TEST(a_log_is_flipped_and_cut)
{
    struct tally tally = {.tried = 0};

    damage(SCENE_HOT,
           (const enum damage_kind[]){FLIP_LOG, FLIP_DATABASE, CUT_LOG, CUT_BOTH, ZERO_LOG},
           (const size_t[]){4000, 6000, 1200, 700, 3}, 5, &tally);
}
END_TEST

START_TEST(a_log_that_was_written_back_is_flipped_and_cut)
{
    struct tally tally = {.tried = 0};

    damage(SCENE_WRITTEN_BACK, (const enum damage_kind[]){FLIP_LOG, CUT_LOG, ZERO_LOG, OLD_PAGE},
           (const size_t[]){4000, 1200, 3, 1}, 4, &tally);
}
END_TEST

START_TEST(one_damage_again)
{
    campaign_replay(getenv("KEYWARD_TEST_DAMAGE"));
}
END_TEST

static void add(Suite *suite, const char *name, SFun open, const TTest *const *tests)
{
    TCase *tcase = suite_add_case(suite, name, open, forget);

    for (; *tests; tests++)
        tcase_add_test(tcase, *tests);
}

int main(void)
{
    Suite *suite = suite_create("corruption");

    if (getenv("KEYWARD_TEST_DAMAGE")) {
        add(suite, "again", begin_again, (const TTest *const[]){one_damage_again, NULL});
        return run_suite(suite);
    }
    add(suite, "the file", make_closed,
        (const TTest *const[]){every_byte_of_the_file_is_flipped,
                               the_file_is_cut_and_its_pages_are_moved, NULL});
    add(suite, "the log", make_hot, (const TTest *const[]){a_log_is_flipped_and_cut, NULL});
    add(suite, "the log, written back", make_written_back,
        (const TTest *const[]){a_log_that_was_written_back_is_flipped_and_cut, NULL});
    return run_suite(suite);
}
