/* SPDX-License-Identifier: MIT */
/* A folder that a static web server hands out: each file is under its name only when it is whole,
 * and one that is there already with the same bytes is not written again. */
#ifndef KEYWARD_CLI_TILE_FOLDER_H
#define KEYWARD_CLI_TILE_FOLDER_H

#include "progress.h"

#include <keyward/keyward.h>

struct tile_folder {
    const char *path;
    int fd; /* keeps others from publishing there meanwhile */
    struct progress progress;
    int64_t written, kept;      /* files */
    enum keyward_status status; /* of the first write that failed */
};

/* Makes the folder if it is missing; the one that it is in must exist. KEYWARD_BUSY: somebody else
 * is publishing there. To be closed in any case. */
enum keyward_status tile_folder_open(struct tile_folder *folder, const char *path);
void tile_folder_close(struct tile_folder *folder);

/* For keyward_publication.write. Before "checkpoint" all the others are brought to the disk: what
 * it promises is there, also after a power cut. */
int tile_folder_write(void *folder, const char *path, const void *bytes, size_t length);

#endif
