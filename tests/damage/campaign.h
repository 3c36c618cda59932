/* SPDX-License-Identifier: MIT */
/*
 * Damages of one kind to a scene, each tried in a child process, so that one that crashes or hangs
 * is told like any other. Prints each failure with what replays it:
 *
 *     KEYWARD_TEST_DAMAGE="hot flip-log 4711 4" test_corruption
 */
#ifndef KEYWARD_TESTS_DAMAGE_CAMPAIGN_H
#define KEYWARD_TESTS_DAMAGE_CAMPAIGN_H

#include "damage/damage.h"
#include "damage/trial.h"

struct campaign {
    enum scene_kind scene_kind;
    const struct scene *scene;
    enum damage_kind kind;
    uint64_t seed; /* the same damages are drawn again by the same seed */
    size_t one_in; /* of so many damages one is tried, drawn by chance; of what leads SQLite through
                      the file, more; 1: all */
};

struct tally {
    size_t tried, outcomes[OUTCOMES], opened_deleted, failures;
    size_t structures[STRUCTURES]; /* of the bytes that were flipped */
};

/* Adds to the tally. */
void campaign_run(const struct campaign *campaign, struct tally *tally);

/* The one damage, in this process. */
void campaign_replay(const char *text);

#endif
