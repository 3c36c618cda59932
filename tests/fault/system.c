/* SPDX-License-Identifier: MIT */
#include "fault/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    struct turn turn;
    int number;
} faults[SYSTEM_CALLS];

void system_fail(enum system_call kind, int nth, enum fault_length length, int number)
{
    faults[kind].turn = turn_of(nth, length);
    faults[kind].number = number;
}

int system_stop(void)
{
    int failed = 0;

    for (int kind = 0; kind < SYSTEM_CALLS; kind++)
        failed += faults[kind].turn.failed;
    memset(faults, 0, sizeof faults);
    return failed;
}

/* Counts a call; true, with errno, when it is to fail. */
static bool meet(enum system_call kind)
{
    if (!turn_comes(&faults[kind].turn))
        return false;
    errno = faults[kind].number;
    return true;
}

/* The same of one that may be cut short instead: then it is made, with fewer bytes. */
static bool meet_count(enum system_call kind, size_t *length)
{
    if (!meet(kind))
        return false;
    if (errno != SHORT_COUNT)
        return true;
    *length = (*length + 1) / 2;
    return false;
}

/* ---- the names are the linker's ---- */

#define CALL(kind, name, parameters, arguments)           \
    int __real_##name parameters;                         \
    int __wrap_##name parameters;                         \
    int __wrap_##name parameters                          \
    {                                                     \
        return meet(kind) ? -1 : __real_##name arguments; \
    }

CALL(SYSTEM_FSYNC, fsync, (int fd), (fd))
CALL(SYSTEM_STAT, stat, (const char *path, struct stat *about), (path, about))
CALL(SYSTEM_MKNOD, mknod, (const char *path, mode_t mode, dev_t device), (path, mode, device))
CALL(SYSTEM_LINK, link, (const char *from, const char *to), (from, to))
CALL(SYSTEM_RENAME, rename, (const char *from, const char *to), (from, to))
#ifdef RENAME_NOREPLACE
CALL(SYSTEM_RENAMEAT2, renameat2,
     (int from_folder, const char *from, int to_folder, const char *to, unsigned flags),
     (from_folder, from, to_folder, to, flags))
#endif

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_close(int fd);
int __wrap_close(int fd);
ssize_t __real_read(int fd, void *bytes, size_t length);
ssize_t __wrap_read(int fd, void *bytes, size_t length);
ssize_t __real_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
void *__real_mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset);

int __wrap_open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list arguments;

    if (flags & O_CREAT) {
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return meet(SYSTEM_OPEN) ? -1 : __real_open(path, flags, mode);
}

int __wrap_close(int fd)
{
    int code = __real_close(fd);
    return meet(SYSTEM_CLOSE) ? -1 : code;
}

ssize_t __wrap_read(int fd, void *bytes, size_t length)
{
    return meet_count(SYSTEM_READ, &length) ? -1 : __real_read(fd, bytes, length);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
    return meet_count(SYSTEM_WRITE, &length) ? -1 : __real_write(fd, bytes, length);
}

void *__wrap_mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset)
{
    return meet(SYSTEM_MMAP) ? MAP_FAILED : __real_mmap(at, length, protection, flags, fd, offset);
}
