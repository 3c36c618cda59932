/* SPDX-License-Identifier: MIT */
/*
 * A disk in memory: one folder, "/disk", as SQLite (vfs.h) and the library's own calls of the
 * system (system.c) see it. It can keep a trace of every call that changes or flushes something.
 *
 * One disk is in use at a time, by one thread at a time: in a run of several they take turns
 * (baton.h).
 */
#ifndef KEYWARD_TESTS_CRASH_DISK_H
#define KEYWARD_TESTS_CRASH_DISK_H

#include "crash/trace.h"

#include <stdbool.h>
#include <stddef.h>

#define DISK_FOLDER "/disk"

enum { DISK_FILES = 64, SHM_LOCKS = 8, SHM_REGIONS = 64 };

/* SQLite's locks on a file, as they stand. */
struct disk_locks {
    int shared;        /* handles that have at least a shared one */
    const void *owner; /* the handle that has more than that */
    bool is_exclusive; /* nobody else gets a shared one */
    int shm_shared[SHM_LOCKS];
    bool shm_exclusive[SHM_LOCKS];
};

struct disk_file {
    unsigned char *bytes;
    size_t size, room;
    bool is_traced; /* a temporary one is not */
    struct disk_locks locks;
    void *regions[SHM_REGIONS]; /* of its shared memory */
    int shm_handles;
};

struct disk_name {
    char name[TRACE_NAME]; /* empty: free */
    int file;
};

struct disk {
    struct disk_file files[DISK_FILES];
    int file_count;
    struct disk_name names[DISK_FILES];
    struct trace *trace; /* NULL: none is kept */
};

/* Makes it the one in use. */
void disk_use(struct disk *disk);
struct disk *disk_in_use(void);

/* Takes all files away; their memory stays for the next ones. */
void disk_clear(struct disk *disk);
void disk_free(struct disk *disk);

/* ---- names; what a call returns is a file's number, or -1 ---- */

int disk_find(struct disk *disk, const char *name);
int disk_create(struct disk *disk, const char *name); /* NULL: a temporary file, without a name */
bool disk_remove(struct disk *disk, const char *name);
bool disk_rename(struct disk *disk, const char *from, const char *to);
bool disk_link(struct disk *disk, const char *from, const char *to);
void disk_flush_folder(struct disk *disk);

/* Puts a name where there is no trace to keep. */
void disk_put_name(struct disk *disk, const char *name, int file);

/* ---- contents ---- */

/* Makes its bytes those of another one. */
void disk_copy(struct disk_file *file, const struct disk_file *from);

/* Grows or cuts the bytes that there are; what is new is zero. */
void disk_set_size(struct disk_file *file, size_t size);

void disk_write(struct disk *disk, int file, const void *bytes, size_t length, size_t at);
void disk_truncate(struct disk *disk, int file, size_t size);
void disk_flush(struct disk *disk, int file);

#endif
