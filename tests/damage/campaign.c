/* SPDX-License-Identifier: MIT */
#include "damage/campaign.h"
#include "support/chance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_LEAK_CHECK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LEAK_CHECK 1
#endif
#endif
#ifdef HAS_LEAK_CHECK
#include <sanitizer/lsan_interface.h>
#else
static int __lsan_do_recoverable_leak_check(void)
{
    return 0;
}
#endif

#define TRIALS_A_CHILD 2000
#define SECONDS_A_TRIAL 60 /* a hundred times what one takes under a sanitizer */
#define FAILURES_SHOWN 40

/* What parent and child both see. */
struct shared {
    size_t next;            /* index of the damage that is being tried */
    size_t met[STRUCTURES]; /* damages up to there, tried or not */
    struct tally tally;
    char wrong[sizeof((struct trial *)0)->wrong];
    bool is_wrong;
};

static bool moves_pages(enum damage_kind kind)
{
    return kind == SWAP_PAGES || kind == OLD_PAGE || kind == ZERO_DATABASE;
}

static void write_damage(const struct campaign *campaign, size_t index, const char *wrong)
{
    struct damage damage = damage_at(campaign->scene, campaign->kind, index);

    fprintf(stderr, "KEYWARD_TEST_DAMAGE=\"%s %s %zu %zu\": %s\n",
            scene_names[campaign->scene_kind], damage_names[damage.kind], damage.at, damage.value,
            wrong);
}

/* ---- which ones ---- */

/* Bytes that others are found by are few, and worth more than those of a cell. */
static size_t weight(enum structure structure)
{
    static const size_t weights[STRUCTURES] = {
        [FILE_HEADER] = 280, [PAGE_HEADER] = 24, [CELL_POINTERS] = 12, [CELLS] = 4, [UNUSED] = 1,
    };
    return weights[structure];
}

static bool is_flip(enum damage_kind kind)
{
    return kind == FLIP_DATABASE || kind == FLIP_LOG;
}

/* By chance one of each so many of a structure in a row, so that none of them is left out. */
static bool is_chosen(const struct campaign *campaign, const struct damage *damage,
                      struct shared *shared)
{
    enum structure structure = CELLS;
    size_t nth, one_in = campaign->one_in;
    uint64_t chance;

    if (one_in <= 1)
        return true;
    if (is_flip(damage->kind)) {
        structure = structure_at(&campaign->scene->image, damage);
        one_in = 4 * one_in / weight(structure);
    }
    nth = shared->met[structure]++;
    if (one_in <= 1)
        return true;
    chance = chance_of(campaign->seed + structure, (int)(nth / one_in));
    return nth % one_in == (size_t)chance_index(&chance, (int)one_in);
}

/* ---- a child ---- */

static void try_damage(const struct campaign *campaign, const struct damage *damage,
                       struct place *place, struct shared *shared)
{
    struct trial trial = {
        .scene = campaign->scene, .place = place, .pages_moved = moves_pages(damage->kind)};
    struct tally *tally = &shared->tally;
    struct image image;

    if (damage_apply(campaign->scene, damage, &image)) {
        place_put(place, &image);
        alarm(SECONDS_A_TRIAL);
        trial_run(&trial);
        alarm(0);
        tally->tried++;
        tally->outcomes[trial.outcome]++;
        tally->opened_deleted += trial.opened_deleted;
        if (is_flip(damage->kind))
            tally->structures[structure_at(&campaign->scene->image, damage)]++;
        memcpy(shared->wrong, trial.wrong, sizeof shared->wrong);
        shared->is_wrong = trial.wrong[0] != '\0';
    }
    image_free(&image);
}

static void place_for_trials(struct place *place)
{
    place_open(place, 3);
    place->fixture.now += INT64_C(5) * 3600000;
}

/* Ends behind a damage that came out wrong, so that the parent can tell it. */
static void run_child(const struct campaign *campaign, size_t count, struct shared *shared)
{
    struct place place;
    int tried = 0;

    place_for_trials(&place);
    while (shared->next < count && tried < TRIALS_A_CHILD && !shared->is_wrong) {
        struct damage damage = damage_at(campaign->scene, campaign->kind, shared->next);
        if (is_chosen(campaign, &damage, shared)) {
            try_damage(campaign, &damage, &place, shared);
            tried++;
        }
        shared->next += !shared->is_wrong;
    }
    place_close(&place);
    _exit(__lsan_do_recoverable_leak_check() == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* ---- the parent ---- */

static void tell_failure(const struct campaign *campaign, struct shared *shared, int ending)
{
    char crash[64];

    snprintf(crash, sizeof crash, "the process ended with %s %d",
             WIFSIGNALED(ending) ? "signal" : "code",
             WIFSIGNALED(ending) ? WTERMSIG(ending) : WEXITSTATUS(ending));
    if (shared->tally.failures < FAILURES_SHOWN)
        write_damage(campaign, shared->next, shared->is_wrong ? shared->wrong : crash);
    shared->tally.failures++;
    shared->is_wrong = false;
    shared->next++;
}

void campaign_run(const struct campaign *campaign, struct tally *tally)
{
    size_t count = damage_count(campaign->scene, campaign->kind);
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(shared, MAP_FAILED);
    shared->tally = *tally;
    while (shared->next < count && shared->tally.failures < FAILURES_SHOWN) {
        int ending = 0;
        pid_t child;
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0)
            run_child(campaign, count, shared);
        ck_assert_int_eq(waitpid(child, &ending, 0), child);
        if (ending != 0 || shared->is_wrong)
            tell_failure(campaign, shared, ending);
    }
    *tally = shared->tally;
    munmap(shared, sizeof *shared);
}

/* ---- one again ---- */

static int named(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    ck_abort_msg("there is no '%s'", name);
}

void campaign_replay(const char *text)
{
    char scene_name[32], kind_name[32];
    struct scene scene;
    struct shared shared = {.next = 0};
    struct place place;
    struct damage damage;
    struct campaign campaign = {.scene = &scene};

    ck_assert_int_eq(
        sscanf(text, "%31s %31s %zu %zu", scene_name, kind_name, &damage.at, &damage.value), 4);
    campaign.scene_kind = (enum scene_kind)named(scene_names, SCENES, scene_name);
    damage.kind = campaign.kind = (enum damage_kind)named(damage_names, DAMAGE_KINDS, kind_name);
    scene_make(&scene, campaign.scene_kind);
    place_for_trials(&place);
    try_damage(&campaign, &damage, &place, &shared);
    place_close(&place);
    scene_free(&scene);
    printf("%s: %s\n", text, shared.is_wrong ? shared.wrong : "nothing is wrong");
    ck_assert(!shared.is_wrong);
}
