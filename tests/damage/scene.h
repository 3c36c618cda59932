/* SPDX-License-Identifier: MIT */
/*
 * A small store with all that a store can have, as the bytes of its files, which are the same in
 * every run: keys live, expired, deleted, restored, rotated, purged, imported, renamed, in three
 * repositories whose names differ by a bit, two data keys, users come and gone, refused attempts,
 * signed checkpoints.
 */
#ifndef KEYWARD_TESTS_DAMAGE_SCENE_H
#define KEYWARD_TESTS_DAMAGE_SCENE_H

#include "damage/answers.h"

#define STATES_MAX 32

enum scene_kind {
    SCENE_CLOSED,       /* the file alone: whoever had it open has closed it */
    SCENE_HOT,          /* what was done since stands in the log only */
    SCENE_WRITTEN_BACK, /* what stands in the log has been copied into the file */
    SCENES
};
extern const char *const scene_names[SCENES];

struct bytes {
    unsigned char *at; /* malloc'd; NULL: there is no such file */
    size_t length;
};

/* A store's files. */
struct image {
    struct bytes database, log;
};

struct scene {
    struct image image;
    struct bytes older; /* its database as it was some changes before */
    struct known_keys known;
    /* What the store may answer: a log that is cut has the commits before. The last is the whole.
     */
    size_t states;
    char *answers[STATES_MAX];
};

/* A folder in memory, where the system has one, and a store's path and options in it. */
struct place {
    struct fixture fixture;
    uint64_t drawn; /* random numbers so far, which are the same each time */
};
void place_open(struct place *place, uint64_t seed);
void place_close(struct place *place);

/* Makes the files of the place those of the image. */
void place_put(const struct place *place, const struct image *image);

void scene_make(struct scene *scene, enum scene_kind kind);
void scene_free(struct scene *scene);

#endif
