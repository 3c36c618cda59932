/* SPDX-License-Identifier: MIT */
#include "support/crew.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CREW_MAX 64

struct member {
    pthread_t thread;
    pthread_barrier_t *start;
    worker work;
    void *context;
    int number, result;
};

static void *run_member(void *context)
{
    struct member *member = context;

    pthread_barrier_wait(member->start);
    member->result = member->work(member->context, member->number);
    return NULL;
}

void run_crew(int count, worker work, void *context, int *results)
{
    struct member members[CREW_MAX];
    pthread_barrier_t start;

    ck_assert_int_le(count, CREW_MAX);
    ck_assert_int_eq(pthread_barrier_init(&start, NULL, (unsigned)count), 0);
    for (int i = 0; i < count; i++) {
        members[i] =
            (struct member){.start = &start, .work = work, .context = context, .number = i};
        ck_assert_int_eq(pthread_create(&members[i].thread, NULL, run_member, &members[i]), 0);
    }
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(pthread_join(members[i].thread, NULL), 0);
    pthread_barrier_destroy(&start);
    for (int i = 0; i < count; i++) {
        if (results)
            results[i] = members[i].result;
        else
            ck_assert_msg(members[i].result == 0, "worker %d: %d", i, members[i].result);
    }
}

int run_process(worker work, void *context)
{
    int status;
    pid_t child;

    fflush(NULL);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(work(context, 0));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "the process ended with %d", status);
    return WEXITSTATUS(status);
}
