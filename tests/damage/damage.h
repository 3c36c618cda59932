/* SPDX-License-Identifier: MIT */
/* One damage to the bytes of a store, and all that there are of a kind. */
#ifndef KEYWARD_TESTS_DAMAGE_DAMAGE_H
#define KEYWARD_TESTS_DAMAGE_DAMAGE_H

#include "damage/scene.h"

#define STORE_PAGE ((size_t)2048)
#define SECTOR ((size_t)512)

/* `at` and `value` say which. */
enum damage_kind {
    FLIP_DATABASE, /* the byte at `at` is XORed with `value` */
    FLIP_LOG,
    CUT_DATABASE, /* the file ends at `at` */
    CUT_LOG,
    CUT_BOTH,      /* both end at the same share of their length */
    ZERO_DATABASE, /* the sector at `at` is zeros */
    ZERO_LOG,
    SWAP_PAGES, /* the pages `at` and `value` of the database change places */
    OLD_PAGE,   /* the page `at` of the database is as it was some changes before */
    DAMAGE_KINDS
};
extern const char *const damage_names[DAMAGE_KINDS];

struct damage {
    enum damage_kind kind;
    size_t at, value;
};

/* How many damages of the kind the scene can have, and the one with this index. */
size_t damage_count(const struct scene *scene, enum damage_kind kind);
struct damage damage_at(const struct scene *scene, enum damage_kind kind, size_t index);

/* A copy of the scene's files with the damage; false where it changes nothing. */
bool damage_apply(const struct scene *scene, const struct damage *damage, struct image *image);
void image_free(struct image *image);

/* The parts of SQLite's file format that a byte may belong to. */
enum structure { FILE_HEADER, PAGE_HEADER, CELL_POINTERS, CELLS, UNUSED, STRUCTURES };
enum structure structure_at(const struct image *image, const struct damage *damage);

#endif
