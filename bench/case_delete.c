/* SPDX-License-Identifier: MIT */
/* Durable deletion in one process, from 1 to 256 threads and in batches. */
#include "cases.h"
#include "floor.h"
#include "report.h"
#include "subject.h"

#include <stdio.h>

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
    }
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        snprintf(name, sizeof name, "delete/batch=%zu", batches[i]);
        measure(fixture, name, 1, batches[i]);
    }
}
