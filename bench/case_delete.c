/* SPDX-License-Identifier: MIT */
/* Durable deletion in one process, from 1 to 256 threads and in batches. */
#include "cases.h"
#include "floor.h"
#include "report.h"
#include "subject.h"

#include <stdio.h>

struct with_new_log {
    const char *path;
    struct subject_deletes deletes;
};

/* A slice so short that a log that is new is not yet written back when it ends. */
#define SHORT_SLICE 0.12

/* Closing writes the log back and takes it away. */
static void run_with_new_log(void *context, double seconds, struct slice *slice)
{
    struct with_new_log *subject = context;

    keyward_close(&subject->deletes.store);
    subject->deletes.store = subject_open(subject->path, KEYWARD_SURVIVES_POWER_LOSS);
    subject_run_deletes(&subject->deletes, seconds < SHORT_SLICE ? seconds : SHORT_SLICE, slice);
}

/* What a write-back costs those who delete meanwhile: the same without any. */
static void measure_without_write_back(const struct fixture *fixture, unsigned threads)
{
    struct deletions deletions;
    struct fixture copy;
    struct with_new_log subject = {
        .path = copy.subject_path,
        .deletes = {.deletions = &deletions, .threads = threads, .batch = 1},
    };
    struct contender contender = {.run = run_with_new_log, .context = &subject};
    struct result result;
    char name[CASE_NAME_SIZE];

    fixture_copy(fixture, &copy);
    deletions_prepare(&deletions, &copy.subject_sample, copy.subject_sample.count);
    contest(&contender, 1);
    keyward_close(&subject.deletes.store);
    subject_check(copy.subject_path, &deletions);
    fixture_remove_files(&copy);
    snprintf(name, sizeof name, "delete/threads=%u/without-write-back", threads);
    result = report_result(name, &contender);
    report_add(&result);
}

static void measure(const struct fixture *fixture, const char *name, unsigned threads, size_t batch)
{
    struct deletions deletions;
    struct subject_deletes subject = {.deletions = &deletions, .threads = threads, .batch = batch};
    struct floor_deletes floor = {.batch = batch};
    struct contender contenders[] = {
        {.run = floor_run_deletes, .context = &floor},
        {.run = subject_run_deletes, .context = &subject},
    };
    char floor_name[CASE_NAME_SIZE] = "floor/naive";
    struct fixture copy;
    struct result result;

    fixture_copy(fixture, &copy);
    deletions_prepare(&deletions, &copy.subject_sample, copy.subject_sample.count);
    deletions_prepare(&floor.deletions, &copy.floor_sample, copy.floor_sample.count);
    subject.store = subject_open(copy.subject_path, KEYWARD_SURVIVES_POWER_LOSS);
    floor.floor = floor_open(copy.floor_path, batch);
    contest(contenders, 2);
    keyward_close(&subject.store);
    floor_close(&floor.floor);
    subject_check(copy.subject_path, &deletions);
    floor_check(copy.floor_path, &floor.deletions);
    fixture_remove_files(&copy);

    if (batch > 1)
        snprintf(floor_name, sizeof floor_name, "floor/batch=%zu", batch);
    result = report_result(name, &contenders[1]);
    report_set_floor(&result, floor_name, &contenders[1], &contenders[0]);
    report_add(&result);
}

void cases_delete(const struct fixture *fixture)
{
    static const unsigned threads[] = {1, 4, 16, 64, 256};
    static const size_t batches[] = {64, 1024};
    char name[CASE_NAME_SIZE];

    report_section("keyward, durable deletes", "a batch's latencies are those of the whole call");
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        snprintf(name, sizeof name, "delete/threads=%u", threads[i]);
        measure(fixture, name, threads[i], 1);
        if (threads[i] == 1 || threads[i] == 64)
            measure_without_write_back(fixture, threads[i]);
    }
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        snprintf(name, sizeof name, "delete/batch=%zu", batches[i]);
        measure(fixture, name, 1, batches[i]);
    }
}
