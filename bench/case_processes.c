/* SPDX-License-Identifier: MIT */
/* Durable deletion by two processes that share the file. */
#include "cases.h"
#include "fail.h"
#include "floor.h"
#include "report.h"
#include "subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 2

/* What parent and children see. */
struct shared {
    struct deletions deletions;
    struct slice slices[PROCESSES];
};

struct processes {
    struct shared *shared;
    struct {
        pid_t pid;
        int line; /* the parent sends a slice's length and gets a byte when it is over; 0 ends */
    } children[PROCESSES];
};

/* ---- in a child ---- */

static void obey(struct shared *shared, int line, size_t number, const char *path, unsigned threads)
{
    struct subject_deletes deletes = {
        .deletions = &shared->deletions, .threads = threads, .batch = 1};
    struct crew crew;
    double seconds;

    die_quietly_from_now_on();
    deletes.store = subject_open(path, KEYWARD_SURVIVES_POWER_LOSS);
    while (read(line, &seconds, sizeof seconds) == (ssize_t)sizeof seconds && seconds > 0) {
        crew = subject_delete_crew(&deletes);
        crew_run(&crew, seconds, &shared->slices[number]);
        if (write(line, "", 1) != 1)
            break;
    }
    keyward_close(&deletes.store);
    _exit(EXIT_SUCCESS);
}

/* ---- in the parent ---- */

/* No store may be open here: a child must not inherit one. */
static void start(struct processes *processes, const char *path, unsigned threads)
{
    int pair[2];

    fflush(NULL);
    for (size_t i = 0; i < PROCESSES; i++) {
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
            die("no socket pair");
        processes->children[i].line = pair[0];
        processes->children[i].pid = fork();
        if (processes->children[i].pid < 0)
            die("no process can be started");
        if (processes->children[i].pid == 0) {
            close(pair[0]);
            obey(processes->shared, pair[1], i, path, threads);
        }
        close(pair[1]);
    }
}

static void command(struct processes *processes, double seconds)
{
    for (size_t i = 0; i < PROCESSES; i++)
        if (write(processes->children[i].line, &seconds, sizeof seconds) != (ssize_t)sizeof seconds)
            die("a process is gone");
}

static void run(void *context, double seconds, struct slice *slice)
{
    struct processes *processes = context;
    char over;

    deletions_open_slice(&processes->shared->deletions);
    *slice = (struct slice){.began = 0};
    command(processes, seconds);
    for (size_t i = 0; i < PROCESSES; i++) {
        if (read(processes->children[i].line, &over, 1) != 1)
            die("a process failed");
        slice_merge(slice, &processes->shared->slices[i]);
    }
    stop_if_interrupted();
}

static void finish(struct processes *processes)
{
    int status;

    command(processes, 0);
    for (size_t i = 0; i < PROCESSES; i++) {
        if (waitpid(processes->children[i].pid, &status, 0) < 0 || status != 0)
            die("a process failed");
        close(processes->children[i].line);
    }
}

static void measure(const struct fixture *fixture, unsigned threads)
{
    struct processes processes;
    struct floor_deletes floor = {.batch = 1};
    struct contender contenders[] = {
        {.run = floor_run_deletes, .context = &floor},
        {.run = run, .context = &processes},
    };
    struct fixture copy;
    struct result result;
    char name[CASE_NAME_SIZE];

    fixture_copy(fixture, &copy);
    processes.shared = mmap(NULL, sizeof *processes.shared, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (processes.shared == MAP_FAILED)
        die("no shared memory");
    deletions_prepare(&processes.shared->deletions, &copy.subject_sample,
                      copy.subject_sample.count);
    deletions_prepare(&floor.deletions, &copy.floor_sample, copy.floor_sample.count);
    start(&processes, copy.subject_path, threads);
    floor.floor = floor_open(copy.floor_path, 1);
    contest(contenders, 2);
    finish(&processes);
    floor_close(&floor.floor);
    subject_check(copy.subject_path, &processes.shared->deletions);
    floor_check(copy.floor_path, &floor.deletions);
    munmap(processes.shared, sizeof *processes.shared);
    fixture_remove_files(&copy);

    snprintf(name, sizeof name, "delete/processes=%d/threads=%u", PROCESSES, threads);
    result = report_result(name, &contenders[1]);
    report_set_floor(&result, "floor/naive", &contenders[1], &contenders[0]);
    report_add(&result);
}

void cases_processes(const struct fixture *fixture)
{
    static const unsigned threads[] = {1, 16, 64};

    report_section("keyward, two processes", "on one file, N threads in each");
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
        measure(fixture, threads[i]);
}
