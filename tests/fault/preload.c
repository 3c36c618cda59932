/* SPDX-License-Identifier: MIT */
#include "preload.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct preload_faults nothing, *faults = &nothing;

static ssize_t (*next_read)(int, void *, size_t);
static ssize_t (*next_write)(int, const void *, size_t);
static ssize_t (*next_pread)(int, void *, size_t, off_t);
static ssize_t (*next_pread64)(int, void *, size_t, off64_t);
static ssize_t (*next_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*next_pwrite64)(int, const void *, size_t, off64_t);
static int (*next_fdatasync)(int);
static int (*next_fsync)(int);

/* POSIX lets a function's address stand in a void pointer; C does not say so. */
#define FIND(name) (*(void **)(void *)&next_##name = dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("KEYWARD_FAULT_FILE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *shared;

    FIND(read);
    FIND(write);
    FIND(pread);
    FIND(pread64);
    FIND(pwrite);
    FIND(pwrite64);
    FIND(fdatasync);
    FIND(fsync);
    if (fd < 0)
        return;
    shared = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared != MAP_FAILED)
        faults = shared;
    close(fd);
}

/* A file or a folder; not, say, a connection. */
static bool is_on_disk(int fd)
{
    struct stat about;

    return fstat(fd, &about) == 0 && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode));
}

/* True, with errno, when the call is to fail. */
static bool meet(enum preload_call call, int fd)
{
    int number = atomic_load(&faults->number[call]);

    if (number == 0 || !is_on_disk(fd))
        return false;
    atomic_fetch_add(&faults->failed[call], 1);
    errno = number;
    return true;
}

/* An SQLite that was compiled without pread and pwrite seeks first. */
ssize_t read(int fd, void *bytes, size_t length)
{
    return meet(PRELOAD_READ, fd) ? -1 : next_read(fd, bytes, length);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    return meet(PRELOAD_WRITE, fd) ? -1 : next_write(fd, bytes, length);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t at)
{
    return meet(PRELOAD_READ, fd) ? -1 : next_pread(fd, bytes, length, at);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t at)
{
    return meet(PRELOAD_READ, fd) ? -1 : next_pread64(fd, bytes, length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    return meet(PRELOAD_WRITE, fd) ? -1 : next_pwrite(fd, bytes, length, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at)
{
    return meet(PRELOAD_WRITE, fd) ? -1 : next_pwrite64(fd, bytes, length, at);
}

int fdatasync(int fd)
{
    return meet(PRELOAD_FLUSH, fd) ? -1 : next_fdatasync(fd);
}

int fsync(int fd)
{
    return meet(PRELOAD_FLUSH, fd) ? -1 : next_fsync(fd);
}
