/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "floor.h"
#include "settings.h"
#include "subject.h"

#include <stdio.h>

static void name_files(struct fixture *fixture, const char *name)
{
    char file[64];

    snprintf(file, sizeof file, "%s-keyward.db", name);
    folder_file(file, fixture->subject_path);
    snprintf(file, sizeof file, "%s-floor.db", name);
    folder_file(file, fixture->floor_path);
}

void fixture_fill(struct fixture *fixture, const char *name, size_t keys, size_t sampled)
{
    name_files(fixture, name);
    sample_prepare(&fixture->floor_sample, settings.seed, keys, sampled);
    floor_fill(fixture->floor_path, &fixture->floor_sample);
    sample_prepare(&fixture->subject_sample, settings.seed, keys, sampled);
    subject_fill(fixture->subject_path, &fixture->subject_sample);
}

void fixture_copy(const struct fixture *from, struct fixture *copy)
{
    *copy = *from;
    name_files(copy, "copy");
    fixture_remove_files(copy);
    folder_copy(from->subject_path, copy->subject_path);
    folder_copy(from->floor_path, copy->floor_path);
}

void fixture_remove_files(const struct fixture *fixture)
{
    folder_remove_store(fixture->subject_path);
    folder_remove_store(fixture->floor_path);
}

void fixture_free(struct fixture *fixture)
{
    fixture_remove_files(fixture);
    sample_free(&fixture->subject_sample);
    sample_free(&fixture->floor_sample);
}
