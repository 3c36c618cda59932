/* SPDX-License-Identifier: MIT */
/* A commit that fails while many callers share it: all of them are told, nothing of any of them
 * stays, and whoever calls afterwards is served. */
#include "fault/sweep.h"
#include "support/crew.h"
#include "support/used_queue.h"
#include "transaction/commit_queue.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define OTHERS 8 /* who have queued behind the leader when his request runs */

struct scene {
    struct holdings before;
    struct work w;
    keyward_key *keys[1 + OTHERS];
    keyward_secret *secrets[1 + OTHERS];
    keyward_deletion deletions[1 + OTHERS];
    enum keyward_status details[1 + OTHERS];
    atomic_bool holds, inside; /* the next request waits for the others; it does */
};

/* ---- the scene ---- */

/* The store's clock, which a request asks while it runs. */
static int64_t wait_for_others(void *context)
{
    struct scene *s = context;

    if (atomic_exchange(&s->holds, false)) {
        atomic_store(&s->inside, true);
        used_queue_await(OTHERS);
    }
    return s->w.f.now;
}

static void scene_open(struct scene *s)
{
    memset(s, 0, sizeof *s);
    settle();
    s->before = holdings_now();
    fixture_open(&s->w.f);
    s->w.f.options.clock = wait_for_others;
    s->w.f.options.clock_context = s;
    fixture_reopen(&s->w.f);
    look_past_library(&s->w);
    for (int i = 0; i <= OTHERS; i++)
        s->keys[i] = make_key(&s->w.f, "repo-1", "one of many", &s->secrets[i]);
}

static void scene_close(struct scene *s, const struct fault *fault)
{
    assert_sound(&s->w.f);
    for (int i = 0; i <= OTHERS; i++) {
        keyward_key_free(&s->keys[i]);
        keyward_secret_free(&s->secrets[i]);
    }
    sqlite3_close(s->w.db);
    fixture_close(&s->w.f);
    assert_holdings("delete", fault, &s->before);
}

static int delete_own(void *context, int i)
{
    struct scene *s = context;
    enum keyward_status status;

    s->deletions[i] = (keyward_deletion){.reason = KEYWARD_REASON_ROTATED, .event = -1};
    status = keyward_delete_key(s->w.f.store, &will, "repo-1", s->keys[i]->id, &s->deletions[i]);
    s->details[i] = keyward_last_error(s->w.f.store)->status;
    return (int)status;
}

static int delete_as_other(void *context, int number)
{
    return delete_own(context, number + 1);
}

static void *delete_as_leader(void *context)
{
    return (void *)(intptr_t)delete_own(context, 0);
}

/* All of them in one transaction. */
static void delete_together(struct scene *s, int results[1 + OTHERS])
{
    pthread_t leader;
    void *result;

    atomic_store(&s->inside, false);
    atomic_store(&s->holds, true);
    ck_assert_int_eq(pthread_create(&leader, NULL, delete_as_leader, s), 0);
    while (!atomic_load(&s->inside))
        sched_yield();
    run_crew(OTHERS, delete_as_other, s, results + 1);
    ck_assert_int_eq(pthread_join(leader, &result), 0);
    results[0] = (int)(intptr_t)result;
}

/* ---- tests ---- */

static const struct fault flush_under_sqlite = {.name = "EIO of a flush",
                                                .source = KERNEL,
                                                .kind = UNIX_FLUSH,
                                                .code = EIO,
                                                .status = KEYWARD_IO};

static const struct {
    const struct fault *fault;
    enum fault_length length;
} failures[] = {
    {&bad_sync, FAIL_ONCE},           {&bad_sync, FAIL_FROM_THEN_ON},
    {&flush_under_sqlite, FAIL_ONCE}, {&flush_under_sqlite, FAIL_FROM_THEN_ON},
    {&bad_write, FAIL_FROM_THEN_ON},  {&disk_full, FAIL_FROM_THEN_ON},
};

START_TEST(a_commit_that_fails_fails_everybody_who_shares_it)
{
    const struct fault *fault = failures[_i].fault;
    int results[1 + OTHERS];
    struct scene s;
    uint32_t commits;

    scene_open(&s);
    commits = commits_of(&s.w);
    fault_begin(fault, 1, failures[_i].length);
    delete_together(&s, results);
    ck_assert_int_gt(fault_end(fault), 0);
    for (int i = 0; i <= OTHERS; i++) {
        ck_assert_int_eq(results[i], fault->status);
        ck_assert_int_eq(s.details[i], fault->status);
        ck_assert_int_eq(s.deletions[i].event, 0);
        ck_assert_int_eq(s.deletions[i].deleted_at, 0);
        assert_status(s.w.f.store, try_key(&s.w.f, s.keys[i], s.secrets[i]), KEYWARD_OK);
    }
    ck_assert_uint_eq(commits_of(&s.w), commits);
    assert_unlocked(&s.w, "delete", fault, 1, true);
    delete_together(&s, results);
    for (int i = 0; i <= OTHERS; i++) {
        ck_assert_int_eq(results[i], KEYWARD_OK);
        ck_assert_int_gt(s.deletions[i].event, 0);
        assert_status(s.w.f.store, try_key(&s.w.f, s.keys[i], s.secrets[i]), KEYWARD_REFUSED);
    }
    ck_assert_uint_eq(commits_of(&s.w), commits + 1);
    scene_close(&s, fault);
}
END_TEST

static Suite *batch_suite(void)
{
    Suite *suite = suite_create("faults_batch");
    TCase *batch = tcase_create("batch");

    tcase_add_loop_test(batch, a_commit_that_fails_fails_everybody_who_shares_it, 0,
                        (int)COUNT(failures));
    suite_add_tcase(suite, batch);
    return suite;
}

int main(void)
{
    if (!fault_install())
        return EXIT_FAILURE;
    return run_suite(batch_suite());
}
