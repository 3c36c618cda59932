/* SPDX-License-Identifier: MIT */
/* Deletion, file and memory as a store grows, beside the same growth by hand. */
#include "cases.h"
#include "floor.h"
#include "machine.h"
#include "report.h"
#include "settings.h"
#include "subject.h"

#include <stdio.h>

#define THREADS 64
#define SAMPLED ((size_t)100000)

/* What keyward alone takes for a slice of deletions in a store just opened. */
static double memory_in_use(const char *path, struct subject_deletes *deletes)
{
    struct slice slice;
    size_t before, peak;

    machine_reset_peak_memory();
    before = machine_memory();
    deletes->store = subject_open(path, KEYWARD_SURVIVES_POWER_LOSS);
    subject_run_deletes(deletes, settings.slice_seconds, &slice);
    peak = machine_peak_memory();
    keyward_close(&deletes->store);
    return peak > before ? (double)(peak - before) : 0;
}

static void compete(const struct fixture *files, struct contender contenders[2],
                    struct subject_deletes *subject, struct floor_deletes *floor)
{
    contenders[0] = (struct contender){.run = floor_run_deletes, .context = floor};
    contenders[1] = (struct contender){.run = subject_run_deletes, .context = subject};
    subject->store = subject_open(files->subject_path, KEYWARD_SURVIVES_POWER_LOSS);
    floor->floor = floor_open(files->floor_path, floor->batch);
    contest(contenders, 2);
    keyward_close(&subject->store);
    floor_close(&floor->floor);
}

/* Uses the files up. */
static void measure(const struct fixture *files)
{
    double keys = (double)files->subject_sample.total;
    struct deletions deletions;
    struct subject_deletes subject = {.deletions = &deletions, .threads = THREADS, .batch = 1};
    struct floor_deletes floor = {.batch = THREADS};
    struct contender contenders[2];
    double bytes = (double)folder_size_of(files->subject_path) / keys;
    double floor_bytes = (double)folder_size_of(files->floor_path) / keys;
    char name[CASE_NAME_SIZE];
    struct result result;
    double memory;

    deletions_prepare(&deletions, &files->subject_sample, files->subject_sample.count);
    deletions.a_slice = deletions.count / (settings.rounds + 2); /* one more, for the memory */
    deletions_prepare(&floor.deletions, &files->floor_sample, files->floor_sample.count);
    memory = memory_in_use(files->subject_path, &subject);
    compete(files, contenders, &subject, &floor);
    subject_check(files->subject_path, &deletions);
    floor_check(files->floor_path, &floor.deletions);

    snprintf(name, sizeof name, "growth/keys=%zu", files->subject_sample.total);
    result = report_result(name, &contenders[1]);
    report_set_floor(&result, "floor/batch=64", &contenders[1], &contenders[0]);
    result.bytes_a_key = bytes;
    result.floor_bytes_a_key = floor_bytes;
    result.memory_bytes = memory;
    report_add(&result);
}

void cases_growth(const struct fixture *fixture)
{
    static const size_t sizes[] = {1000000, 10000000};
    struct fixture files;

    report_section("growth", "64 threads delete from a store of N keys; the floor is as large");
    fixture_copy(fixture, &files);
    measure(&files);
    fixture_remove_files(&files);
    for (size_t i = 0; settings.full && i < sizeof sizes / sizeof *sizes; i++) {
        fixture_fill(&files, "large", sizes[i], SAMPLED);
        measure(&files);
        fixture_free(&files);
    }
}
