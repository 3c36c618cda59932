/* SPDX-License-Identifier: MIT */
/*
 * What of a run's disk is safe at each of its calls, and what a power cut there may leave: all that
 * was flushed, and of the rest any sectors of 512 bytes in any of the states that they had since
 * then, any of the sizes that the file had, and any of the names that came and went. The call that
 * the cut meets is one of those whose effect is open.
 */
#ifndef KEYWARD_TESTS_CRASH_PLATTER_H
#define KEYWARD_TESTS_CRASH_PLATTER_H

#include "crash/disk.h"

/* Flushes that are not made, though whoever asked for them was told so. */
enum lie {
    LIE_ABOUT_DATABASE = 1,
    LIE_ABOUT_LOG = 2,
    LIE_ABOUT_FOLDER = 4,
    LIE_ABOUT_COPY = 8,
    LIE_ABOUT_ALL = 15,
    LIE_AFTERWARDS = 16 /* after a cut about all, before it about none */
};

/* Calls of a trace, by their number. */
struct pending {
    int64_t *calls;
    int count, room;
};

struct safe_file {
    struct disk_file safe; /* its bytes as they were last flushed */
    unsigned lie;          /* the one that is about it; 0: none */
    struct pending pending;
};

struct platter {
    const struct trace *trace;
    const char *store; /* the path of the database; its log is this with "-wal" */
    int64_t at;        /* the call that is being made */
    unsigned lies;     /* from now on */
    int file_count;
    struct safe_file files[DISK_FILES];
    struct disk_name names[DISK_FILES];
    struct pending names_pending;
};

/* Before the first call, with nothing on it. */
void platter_init(struct platter *platter, const struct trace *trace, const char *store);
void platter_free(struct platter *platter);

/* Puts on it what the disk holds, all of it flushed. */
void platter_load(struct platter *platter, const struct disk *disk);

/* The call at `at` begins, and is done. A cut comes in between. */
void platter_begin(struct platter *platter);
void platter_end(struct platter *platter);

/* Puts on a disk what is left when the power fails now: the same for the same chance. */
void platter_cut(const struct platter *platter, struct disk *left, uint64_t chance);

#endif
