/* SPDX-License-Identifier: MIT */
/*
 * Four processes share a store, and are killed with SIGKILL one after the other, at random points;
 * another takes the place of each. In the end all are killed, and the store is compared with what
 * they had been promised, as after a power cut.
 *
 * KEYWARD_TEST_KILLS says how many kills there are to be, KEYWARD_TEST_SEED what each worker does
 * and who is killed after how many changes. At which instruction that is, no seed can say.
 */
#include "crash/verdict.h"
#include "crash/workload.h"
#include "support/chance.h"
#include "support/crew.h"
#include "support/figures.h"
#include "support/fixture.h"

#include <errno.h>
#include <inttypes.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#define PROCESSES 4
#define THREADS 2 /* of each */
#define KILLS_A_ROUND (WORKERS_MAX / THREADS - PROCESSES)
#define OPENINGS_TRIED 20
#define PROGRESS_MAX 24 /* changes between two kills */
#define AIM_NS 1500000  /* and so much time besides, so that any point of a change is met */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KILLS 40
#else
#define KILLS 140
#endif

struct shared {
    sem_t progress; /* rung with every change */
    _Atomic int64_t ticks;
    struct ledger ledger;
};

/* One store, from its making to the last kill. */
struct round {
    struct fixture fixture;
    uint64_t seed, chance;
    bool boasts;
    pid_t processes[PROCESSES];
    int started; /* processes, each with pages of its own */
    struct verdict verdict;
};

static struct shared *shared;

/* ---- in a process that will be killed ---- */

struct crew {
    struct worker workers[THREADS];
    atomic_bool is_stale;
};

static int64_t next_tick(void)
{
    return atomic_fetch_add(&shared->ticks, 1);
}

static void ring(void)
{
    sem_post(&shared->progress);
}

static int work(void *context, int number)
{
    worker_work(&((struct crew *)context)->workers[number], INT32_MAX);
    return 0;
}

static void crew_init(struct crew *crew, const struct round *round)
{
    memset(crew, 0, sizeof *crew);
    for (int i = 0; i < THREADS; i++) {
        int number = round->started * THREADS + i;
        crew->workers[i] = (struct worker){.ledger = &shared->ledger,
                                           .number = number,
                                           .path = round->fixture.path,
                                           .keeps_store = i == 0,
                                           .now = next_tick,
                                           .chance = chance_mix(round->seed, 1, (uint64_t)number),
                                           .is_stale = &crew->is_stale,
                                           .acknowledged = ring,
                                           .boasts = round->boasts};
    }
}

/* While one master key after the other is tried, another process may put one in force that was
 * tried already. */
static bool open_store(const struct crew *crew, keyward **store)
{
    int number = NO_KEY;

    for (int i = 0; number == NO_KEY && i < OPENINGS_TRIED; i++)
        number = ledger_open(&shared->ledger, crew->workers[0].path, shared->ledger.master_keys - 1,
                             store);
    if (number == NO_KEY)
        ledger_fail(&shared->ledger, "open: %s", keyward_last_error(NULL)->message);
    return number != NO_KEY;
}

/* Until there is nothing more to do, or another process has changed the master key. */
static bool work_on_store(struct crew *crew)
{
    keyward *store = NULL;

    atomic_store(&crew->is_stale, false);
    if (!open_store(crew, &store))
        return false;
    for (int i = 0; i < THREADS; i++)
        crew->workers[i].store = store;
    run_crew(THREADS, work, crew, NULL);
    keyward_close(&store);
    return atomic_load(&crew->is_stale);
}

static void process_main(const struct round *round)
{
    struct crew crew;

#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* when the test is ended, so are its processes */
#endif
    crew_init(&crew, round);
    while (work_on_store(&crew))
        continue;
    ring();
    _exit(EXIT_SUCCESS);
}

/* ---- in the test ---- */

static void start_process(struct round *round, int place)
{
    pid_t process;

    fflush(NULL);
    process = fork();
    ck_assert_int_ge(process, 0);
    if (process == 0)
        process_main(round);
    round->processes[place] = process;
    round->started++;
}

static void kill_process(const struct round *round, int place)
{
    int status;

    ck_assert_int_eq(kill(round->processes[place], SIGKILL), 0);
    ck_assert_int_eq(waitpid(round->processes[place], &status, 0), round->processes[place]);
    ck_assert_msg((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
                      (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS),
                  "a process ended with %d", status);
}

/* Some changes later, and then at any moment. */
static void take_aim(struct round *round)
{
    uint64_t changes = 1 + chance_below(&round->chance, PROGRESS_MAX);
    const struct timespec moment = {.tv_nsec = (long)chance_below(&round->chance, AIM_NS)};

    for (uint64_t i = 0; i < changes && shared->ledger.failures == 0; i++) {
        while (sem_wait(&shared->progress) != 0)
            ck_assert_int_eq(errno, EINTR);
    }
    nanosleep(&moment, NULL);
}

static void look_at_copies(struct round *round)
{
    for (int number = 0; number < WORKERS_MAX; number++) {
        const struct page *page = &shared->ledger.pages[number];
        for (int i = 0; i < page->backup_count; i++) {
            const struct ledger_backup *backup = &page->backups[i];
            struct span span = {.from = backup->begun, .until = backup->ended};
            char path[128];
            backup_path(path, round->fixture.path, number, i);
            if (access(path, F_OK) == 0)
                verdict_of_store(&round->verdict, &shared->ledger, path, span, NO_KEY);
            else if (backup->ended != NEVER)
                verdict_bad(&round->verdict, "a copy was acknowledged and is gone");
        }
    }
}

static void look_around(struct round *round)
{
    /* Whatever was acknowledged at all, and whatever was begun. */
    const struct span now = {.from = shared->ticks, .until = shared->ticks};

    if (shared->ledger.failures > 0)
        verdict_bad(&round->verdict, "%s", shared->ledger.first_failure);
    ledger_forget_unacknowledged(&shared->ledger);
    if (!round->verdict.is_bad)
        verdict_of_store(&round->verdict, &shared->ledger, round->fixture.path, now, NO_KEY);
    look_at_copies(round);
}

static int run_round(struct round *round, int kills)
{
    fixture_init(&round->fixture);
    ledger_init(&shared->ledger);
    ck_assert_int_eq(sem_init(&shared->progress, 1, 0), 0);
    round->chance = chance_mix(round->seed, 2, 0);
    for (int i = 0; i < PROCESSES; i++)
        start_process(round, i);
    for (int i = 0; i < kills && shared->ledger.failures == 0; i++) {
        int place = (int)chance_below(&round->chance, PROCESSES);
        take_aim(round);
        kill_process(round, place);
        start_process(round, place);
    }
    take_aim(round);
    for (int i = 0; i < PROCESSES; i++)
        kill_process(round, i);
    look_around(round);
    sem_destroy(&shared->progress);
    fixture_close(&round->fixture);
    return kills + PROCESSES;
}

static void setup(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(shared != MAP_FAILED);
}

static void teardown(void)
{
    munmap(shared, sizeof *shared);
}

static uint64_t first_seed(void)
{
    const char *text = getenv("KEYWARD_TEST_SEED");
    return text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL) * 1000;
}

START_TEST(test_killed_processes)
{
    const char *text = getenv("KEYWARD_TEST_KILLS");
    const uint64_t seed = first_seed();
    int64_t wanted = text ? strtoll(text, NULL, 10) : KILLS, kills = 0, changes = 0;
    uint64_t rounds = 0;

    for (; kills < wanted; rounds++) {
        struct round round = {.seed = seed + rounds};
        kills += run_round(&round, KILLS_A_ROUND);
        changes += shared->ledger.acknowledged;
        ck_assert_msg(!round.verdict.is_bad, "KEYWARD_TEST_SEED=%" PRIu64 ": %s", round.seed,
                      round.verdict.text);
    }
    figures_set("%" PRId64 " kills in %" PRIu64 " rounds from seed %" PRIu64 ", %" PRId64
                " changes acknowledged, 0 bad",
                kills, rounds, seed, changes);
}
END_TEST

/* Workers who acknowledge a change before it is made: were that not found, nothing would be. */
START_TEST(test_a_promise_that_comes_too_soon_is_found)
{
    const uint64_t seed = first_seed();
    bool found = false;

    for (uint64_t i = 0; !found && i < 20; i++) {
        struct round round = {.seed = seed + i, .boasts = true};
        run_round(&round, 0);
        found = round.verdict.is_bad;
        if (found)
            ck_assert_msg(strstr(round.verdict.text, "was acknowledged and is gone"), "%s",
                          round.verdict.text);
    }
    ck_assert(found);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("kills");
    TCase *kills = suite_add_case(suite, "kills", setup, teardown);

    tcase_add_test(kills, test_killed_processes);
    tcase_add_test(kills, test_a_promise_that_comes_too_soon_is_found);
    return suite;
}

int main(void)
{
    return run_suite_with_figures(suite());
}
