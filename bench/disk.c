/* SPDX-License-Identifier: MIT */
#include "disk.h"

#include "fail.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 4096
#define ALLOCATED_BLOCKS 1024

static const char block[BLOCK] = "keyward";

static int flush(int file)
{
#if defined(__APPLE__)
    return fcntl(file, F_FULLFSYNC);
#else
    return fdatasync(file);
#endif
}

static void write_block(struct disk *disk, long long number)
{
    if (pwrite(disk->file, block, sizeof block, (off_t)(number * BLOCK)) != (ssize_t)sizeof block)
        die("the disk cannot be written");
}

void disk_open_growing(struct disk *disk, const char *path)
{
    *disk = (struct disk){.file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    if (disk->file < 0)
        die("%s: cannot be made", path);
}

void disk_open_allocated(struct disk *disk, const char *path)
{
    disk_open_growing(disk, path);
    disk->blocks = ALLOCATED_BLOCKS;
    for (long long i = 0; i < ALLOCATED_BLOCKS; i++)
        write_block(disk, i);
    if (fsync(disk->file) != 0)
        die("%s: cannot be flushed", path);
}

void disk_close(struct disk *disk)
{
    close(disk->file);
}

static size_t step(void *context, struct lane *lane)
{
    struct disk *disk = context;
    long long number = disk->next++;

    (void)lane;
    write_block(disk, disk->blocks ? number % disk->blocks : number);
    if (flush(disk->file) != 0)
        die("the disk cannot be flushed");
    return 1;
}

void disk_run(void *context, double seconds, struct slice *slice)
{
    struct crew crew = {.threads = 1, .timed_every = 1, .step = step, .context = context};

    crew_run(&crew, seconds, slice);
}
