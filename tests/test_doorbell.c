/* SPDX-License-Identifier: MIT */
/* What threads sleep on; compiled twice, for the second kind is used where the first is missing. */
#include "base/doorbell.h"
#include "support/fixture.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#define PATIENCE 50000 /* ms: for whom nobody is meant to meet the deadline */

START_TEST(a_ring_before_the_wait_is_not_lost_and_serves_once)
{
    const struct deadline now = deadline_in(0), far = deadline_in(PATIENCE);
    struct doorbell bell;

    doorbell_init(&bell);
    doorbell_ring(&bell);
    ck_assert(doorbell_wait(&bell, _i ? &far : NULL));
    doorbell_destroy(&bell);
    doorbell_init(&bell); /* another one at the same place */
    ck_assert(!doorbell_wait(&bell, &now));
    doorbell_destroy(&bell);
}
END_TEST

START_TEST(a_ring_counts_even_when_the_deadline_has_passed)
{
    const struct deadline long_ago = {.at = {.tv_sec = 0, .tv_nsec = 1}};
    struct doorbell bell;

    doorbell_init(&bell);
    ck_assert(!doorbell_wait(&bell, &long_ago));
    doorbell_ring(&bell);
    ck_assert(doorbell_wait(&bell, &long_ago));
    doorbell_destroy(&bell);
}
END_TEST

START_TEST(a_wait_ends_at_its_deadline)
{
    const struct deadline soon = deadline_in(20);
    struct doorbell bell;

    doorbell_init(&bell);
    ck_assert_int_gt(deadline_left(&soon), 0);
    ck_assert(!doorbell_wait(&bell, &soon));
    ck_assert_int_eq(deadline_left(&soon), 0);
    doorbell_destroy(&bell);
}
END_TEST

/* ---- a sleeper in a thread of his own ---- */

struct sleeper {
    struct doorbell bell;
    bool has_deadline;
    atomic_bool awake, rung;
    pthread_t thread;
};

static void *sleep_on_it(void *context)
{
    struct sleeper *self = context;
    const struct deadline far = deadline_in(PATIENCE);

    atomic_store(&self->rung, doorbell_wait(&self->bell, self->has_deadline ? &far : NULL));
    atomic_store(&self->awake, true);
    return NULL;
}

static void take_note(int signal_number)
{
    (void)signal_number;
}

/* `_i`: whether there is a deadline. */
START_TEST(a_signal_does_not_end_a_wait_and_a_ring_does)
{
    const struct sigaction action = {.sa_handler = take_note}; /* without SA_RESTART */
    struct sleeper sleeper = {.has_deadline = _i == 1};
    struct deadline pause = deadline_in(20);

    ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
    doorbell_init(&sleeper.bell);
    ck_assert_int_eq(pthread_create(&sleeper.thread, NULL, sleep_on_it, &sleeper), 0);
    for (int i = 0; deadline_pause(&pause, i); i++)
        ck_assert_int_eq(pthread_kill(sleeper.thread, SIGUSR1), 0);
    ck_assert(!atomic_load(&sleeper.awake));
    doorbell_ring(&sleeper.bell);
    ck_assert_int_eq(pthread_join(sleeper.thread, NULL), 0);
    ck_assert(atomic_load(&sleeper.rung));
    doorbell_destroy(&sleeper.bell);
}
END_TEST

/* ---- bells that are gone as soon as they have rung ---- */

#define ROUNDS 20000

struct exchange {
    _Atomic(struct doorbell *) bell; /* on the sleeper's stack, or NULL */
    int heard;
};

/* A bell of its own for each round, and other bytes in its place at once. */
static bool sleep_once(struct exchange *exchange)
{
    struct doorbell bell;
    bool rung;

    doorbell_init(&bell);
    atomic_store(&exchange->bell, &bell);
    rung = doorbell_wait(&bell, NULL);
    doorbell_destroy(&bell);
    memset(&bell, 0xA5, sizeof bell);
    return rung;
}

static void *sleep_often(void *context)
{
    struct exchange *exchange = context;

    for (int i = 0; i < ROUNDS; i++)
        exchange->heard += sleep_once(exchange);
    return NULL;
}

START_TEST(a_bell_may_be_gone_before_the_one_who_rang_has_returned)
{
    struct exchange exchange = {.heard = 0};
    struct doorbell *bell;
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, sleep_often, &exchange), 0);
    for (int i = 0; i < ROUNDS; i++) {
        while (!(bell = atomic_exchange(&exchange.bell, NULL)))
            sched_yield();
        doorbell_ring(bell);
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(exchange.heard, ROUNDS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("doorbell");
    TCase *tests = tcase_create("doorbell");

    tcase_add_loop_test(tests, a_ring_before_the_wait_is_not_lost_and_serves_once, 0, 2);
    tcase_add_test(tests, a_ring_counts_even_when_the_deadline_has_passed);
    tcase_add_test(tests, a_wait_ends_at_its_deadline);
    tcase_add_loop_test(tests, a_signal_does_not_end_a_wait_and_a_ring_does, 0, 2);
    tcase_add_test(tests, a_bell_may_be_gone_before_the_one_who_rang_has_returned);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
