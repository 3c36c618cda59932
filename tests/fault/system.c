/* SPDX-License-Identifier: MIT */
#include "fault/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>

static struct {
    int nth; /* 0: nothing is to fail */
    enum fault_length length;
    int number;
    int calls, failed;
} faults[SYSTEM_CALLS];

void system_fail(enum system_call kind, int nth, enum fault_length length, int number)
{
    memset(&faults[kind], 0, sizeof faults[kind]);
    faults[kind].nth = nth;
    faults[kind].length = length;
    faults[kind].number = number;
}

int system_stop(void)
{
    int failed = 0;

    for (int kind = 0; kind < SYSTEM_CALLS; kind++)
        failed += faults[kind].failed;
    memset(faults, 0, sizeof faults);
    return failed;
}

/* Counts a call; true, with errno, when it is to fail. */
static bool meet(enum system_call kind)
{
    if (faults[kind].nth == 0)
        return false;
    faults[kind].calls++;
    if (faults[kind].calls < faults[kind].nth ||
        (faults[kind].length == FAIL_ONCE && faults[kind].calls > faults[kind].nth))
        return false;
    faults[kind].failed++;
    errno = faults[kind].number;
    return true;
}

/* ---- the names are the linker's ---- */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

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

int __wrap_fsync(int fd)
{
    return meet(SYSTEM_FSYNC) ? -1 : __real_fsync(fd);
}

int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags)
{
    return meet(SYSTEM_RENAMEAT2) ? -1 : __real_renameat2(from_folder, from, to_folder, to, flags);
}

int __wrap_link(const char *from, const char *to)
{
    return meet(SYSTEM_LINK) ? -1 : __real_link(from, to);
}

int __wrap_rename(const char *from, const char *to)
{
    return meet(SYSTEM_RENAME) ? -1 : __real_rename(from, to);
}
