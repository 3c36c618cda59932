/* SPDX-License-Identifier: MIT */
/* The floors against one another: what a flush costs, and deletion by hand at three batch sizes. */
#include "cases.h"
#include "disk.h"
#include "floor.h"
#include "report.h"

#include <stdio.h>

#define BATCHES 3

static const size_t batches[BATCHES] = {1, 64, 1024};

/* Each batch size has a copy of its own. */
static void copy_path(size_t i, char path[PATH_SIZE])
{
    char file[64];

    snprintf(file, sizeof file, "floor-%zu.db", batches[i]);
    folder_file(file, path);
}

static void open_floors(struct floor_deletes deletes[BATCHES], const struct fixture *fixture)
{
    char path[PATH_SIZE];

    for (size_t i = 0; i < BATCHES; i++) {
        copy_path(i, path);
        folder_copy(fixture->floor_path, path);
        deletes[i].floor = floor_open(path, batches[i]);
        deletes[i].batch = batches[i];
        deletions_prepare(&deletes[i].deletions, &fixture->floor_sample,
                          fixture->floor_sample.count);
    }
}

static void close_and_check(struct floor_deletes deletes[BATCHES])
{
    char path[PATH_SIZE];

    for (size_t i = 0; i < BATCHES; i++) {
        copy_path(i, path);
        floor_close(&deletes[i].floor);
        floor_check(path, &deletes[i].deletions);
        folder_remove_store(path);
    }
}

static void report(const struct contender *contenders)
{
    struct result result = report_result("floor/fdatasync", &contenders[0]);
    char name[CASE_NAME_SIZE] = "floor/naive";

    report_add(&result);
    result = report_result("floor/fdatasync/overwrite", &contenders[1]);
    report_set_floor(&result, "floor/fdatasync", &contenders[1], &contenders[0]);
    report_add(&result);
    for (size_t i = 0; i < BATCHES; i++) {
        if (i > 0)
            snprintf(name, sizeof name, "floor/batch=%zu", batches[i]);
        result = report_result(name, &contenders[2 + i]);
        report_set_floor(&result, "floor/fdatasync", &contenders[2 + i], &contenders[0]);
        report_add(&result);
    }
}

void cases_floor(const struct fixture *fixture)
{
    struct floor_deletes deletes[BATCHES];
    struct disk growing, allocated;
    struct contender contenders[2 + BATCHES] = {
        {.run = disk_run, .context = &growing},
        {.run = disk_run, .context = &allocated},
    };
    char path[PATH_SIZE];

    open_floors(deletes, fixture);
    for (size_t i = 0; i < BATCHES; i++)
        contenders[2 + i] = (struct contender){.run = floor_run_deletes, .context = &deletes[i]};
    folder_file("growing", path);
    disk_open_growing(&growing, path);
    folder_file("allocated", path);
    disk_open_allocated(&allocated, path);

    report_section("the floor", "deletion by hand with SQLite, N deletes a transaction, and 4 KiB "
                                "writes that grow a file or overwrite it, each flushed");
    contest(contenders, 2 + BATCHES);
    disk_close(&growing);
    disk_close(&allocated);
    close_and_check(deletes);
    report(contenders);
}
