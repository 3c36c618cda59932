/* SPDX-License-Identifier: MIT */
#include "crash/baton.h"
#include "base/doorbell.h"
#include "base/error.h"
#include "support/chance.h"

#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#define OFFERS_A_TURN 6 /* of the calls of the disk so many, as a mean, are one's own in a row */
#define TICK_NS 1000

struct runner {
    pthread_t thread;
    pthread_cond_t has_baton;
    int number;
};

static struct {
    pthread_mutex_t mutex;
    struct runner runners[BATON_THREADS];
    int running[BATON_THREADS]; /* the numbers of those who are not done */
    int running_count;
    int holder; /* -1: nobody */
    void (*work)(void *context, int number);
    void *context;
    uint64_t chance;
    int64_t now; /* nanoseconds */
} race = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local struct runner *self;

/* ---- handing it on; the mutex is the caller's ---- */

static void wait_for_baton(void)
{
    while (race.holder != self->number)
        pthread_cond_wait(&self->has_baton, &race.mutex);
}

static void hand_to(int number)
{
    race.holder = number;
    pthread_cond_signal(&race.runners[number].has_baton);
}

static void hand_on(int among)
{
    int next = race.running[chance_below(&race.chance, (uint64_t)among)];

    if (next == self->number)
        return;
    hand_to(next);
    wait_for_baton();
}

void baton_pass(void)
{
    if (!self)
        return;
    pthread_mutex_lock(&race.mutex);
    race.now += TICK_NS;
    hand_on(race.running_count);
    pthread_mutex_unlock(&race.mutex);
}

void baton_offer(void)
{
    if (self && chance_below(&race.chance, OFFERS_A_TURN) == 0)
        baton_pass();
}

/* ---- a run ---- */

static void leave(void)
{
    int place = 0;

    while (race.running[place] != self->number)
        place++;
    race.running[place] = race.running[--race.running_count];
    if (race.running_count > 0)
        hand_to(race.running[chance_below(&race.chance, (uint64_t)race.running_count)]);
    else
        race.holder = -1;
}

static void *run(void *context)
{
    self = context;
    pthread_mutex_lock(&race.mutex);
    wait_for_baton();
    pthread_mutex_unlock(&race.mutex);
    race.work(race.context, self->number);
    pthread_mutex_lock(&race.mutex);
    leave();
    pthread_mutex_unlock(&race.mutex);
    return NULL;
}

static void start(struct runner *runner, int number)
{
    runner->number = race.running[number] = number;
    ck_assert_int_eq(pthread_cond_init(&runner->has_baton, NULL), 0);
    ck_assert_int_eq(pthread_create(&runner->thread, NULL, run, runner), 0);
}

void baton_run(int count, void (*work)(void *context, int number), void *context, uint64_t seed)
{
    race.work = work;
    race.context = context;
    race.chance = seed;
    race.now = 1000000000;
    race.running_count = count;
    race.holder = -1;
    ck_assert_int_le(count, BATON_THREADS);
    for (int i = 0; i < count; i++)
        start(&race.runners[i], i);
    pthread_mutex_lock(&race.mutex);
    hand_to(0);
    pthread_mutex_unlock(&race.mutex);
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(pthread_join(race.runners[i].thread, NULL), 0);
    for (int i = 0; i < count; i++)
        pthread_cond_destroy(&race.runners[i].has_baton);
}

/* ---- where the library would wait, or go by an address; the names are the linker's ---- */

size_t __wrap_error_place(const struct error *error);
bool __real_doorbell_wait(struct doorbell *bell, const struct deadline *deadline);
bool __wrap_doorbell_wait(struct doorbell *bell, const struct deadline *deadline);
int __real_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __real_sched_yield(void);
int __wrap_sched_yield(void);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

size_t __wrap_error_place(const struct error *error)
{
    (void)error;
    return self ? (size_t)self->number : BATON_THREADS;
}

bool __wrap_doorbell_wait(struct doorbell *bell, const struct deadline *deadline)
{
    const struct deadline at_once = {{0}};

    if (!self)
        return __real_doorbell_wait(bell, deadline);
    /* No deadline passes: in its own time a run takes no more than a moment. */
    while (!__real_doorbell_wait(bell, &at_once))
        baton_pass();
    return true;
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
    if (!self)
        return __real_nanosleep(time, left);
    race.now += time->tv_sec * 1000000000 + time->tv_nsec;
    baton_pass();
    return 0;
}

int __wrap_sched_yield(void)
{
    if (!self)
        return __real_sched_yield();
    baton_pass();
    return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    if (!self)
        return __real_clock_gettime(clock, now);
    race.now += TICK_NS;
    *now = (struct timespec){.tv_sec = (time_t)(race.now / 1000000000),
                             .tv_nsec = (long)(race.now % 1000000000)};
    return 0;
}
