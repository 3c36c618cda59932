/* SPDX-License-Identifier: MIT */
/*
 * A damaged store is opened, asked for everything, checked, and written to.
 *
 * Wrong is
 * - a status that the call's documentation does not allow for a damaged file, see trial.c;
 * - whatever the check says: a secret that opens a key which is not its own; a key that opens
 *   another repository or another key than its own;
 * - for damage that is not a page of another time or place: a deleted key that opens;
 * - after a check that found nothing: any answer that differs from those of the undamaged store
 *   (with a log: of the store after one of its commits); a write that fails or does not do what it
 *   says; a second check that finds something; a backup that is not as sound.
 *
 * Not wrong, but counted: a key that opens though it is deleted, in a store that the check finds
 * damaged, where a whole page is of another time or place, or where the order of a tree's rows is
 * broken: then SQLite finds and marks another copy of the row than the one that is looked up.
 */
#ifndef KEYWARD_TESTS_DAMAGE_TRIAL_H
#define KEYWARD_TESTS_DAMAGE_TRIAL_H

#include "damage/scene.h"

enum outcome {
    OUTCOME_REFUSED, /* it cannot be opened */
    OUTCOME_FOUND,   /* the check has found it */
    OUTCOME_SOUND,   /* nothing is wrong with it */
    OUTCOMES
};

struct trial {
    const struct scene *scene;
    struct place *place;
    bool pages_moved; /* whole pages are of another time or place */
    bool hostile;     /* a store of anybody's own may be there, whose answers nobody knows */
    enum outcome outcome;
    bool opened_deleted; /* a key that is not to open did, and the check has found the damage */
    char wrong[1024];    /* "" or what is wrong */
};

/* Of the files that are in the place. */
void trial_run(struct trial *trial);

#endif
