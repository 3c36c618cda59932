/* SPDX-License-Identifier: MIT */
#ifndef BENCH_DISK_H
#define BENCH_DISK_H

#include "crew.h"

/* What the disk itself can do: 4 KiB written and flushed, over and over. */
struct disk {
    int file;
    long long blocks; /* 0: each write makes the file longer; else written in turn */
    long long next;
};

void disk_open_growing(struct disk *disk, const char *path);
void disk_open_allocated(struct disk *disk, const char *path);
void disk_close(struct disk *disk);
void disk_run(void *context, double seconds, struct slice *slice); /* a contender */

#endif
