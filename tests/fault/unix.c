/* SPDX-License-Identifier: MIT */
#include "fault/unix.h"
#include "fault/system.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    bool armed;
    enum unix_call kind;
    int number;
    struct turn turn;
} fault;

void unix_fail(enum unix_call kind, int nth, enum fault_length length, int number)
{
    fault.kind = kind;
    fault.number = number;
    fault.turn = turn_of(nth, length);
    fault.armed = true;
}

int unix_stop(void)
{
    fault.armed = false;
    return fault.turn.failed;
}

int unix_calls(void)
{
    return fault.turn.calls;
}

/* Counts a call; true, with errno, when it is to fail. */
static bool meet(enum unix_call kind)
{
    if (!fault.armed || kind != fault.kind || !turn_comes(&fault.turn))
        return false;
    errno = fault.number;
    return true;
}

/* The same of one that may be cut short instead: then it is made, with fewer bytes. */
static bool meet_count(enum unix_call kind, size_t *length)
{
    if (!meet(kind))
        return false;
    if (errno != SHORT_COUNT)
        return true;
    *length = (*length + 1) / 2;
    return false;
}

/* ---- SQLite's table of calls ---- */

/* The linker leads these names to fault/system.c, which is for the library's own calls. */
int __real_open(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *bytes, size_t length);
ssize_t __real_write(int fd, const void *bytes, size_t length);
void *__real_mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset);

static int failing_open(const char *path, int flags, int mode)
{
    return meet(UNIX_OPEN) ? -1 : __real_open(path, flags, mode);
}

static ssize_t failing_read(int fd, void *bytes, size_t length)
{
    return meet_count(UNIX_READ, &length) ? -1 : __real_read(fd, bytes, length);
}

static ssize_t failing_pread(int fd, void *bytes, size_t length, off_t at)
{
    return meet_count(UNIX_READ, &length) ? -1 : pread(fd, bytes, length, at);
}

static ssize_t failing_write(int fd, const void *bytes, size_t length)
{
    return meet_count(UNIX_WRITE, &length) ? -1 : __real_write(fd, bytes, length);
}

static ssize_t failing_pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    return meet_count(UNIX_WRITE, &length) ? -1 : pwrite(fd, bytes, length, at);
}

static int failing_truncate(int fd, off_t size)
{
    return meet(UNIX_TRUNCATE) ? -1 : ftruncate(fd, size);
}

/* On 32 bits SQLite's struct stat is another than ours, whose times have 64. */
static int (*stat_of_sqlite)(int fd, void *about);

static int failing_stat(int fd, void *about)
{
    return meet(UNIX_SIZE) ? -1 : stat_of_sqlite(fd, about);
}

static int failing_fcntl(int fd, int command, ...)
{
    va_list arguments;
    void *argument;

    va_start(arguments, command);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    if (command == F_SETLK && ((struct flock *)argument)->l_type != F_UNLCK && meet(UNIX_LOCK))
        return -1;
    return fcntl(fd, command, argument);
}

static void *failing_mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset)
{
    return meet(UNIX_MAP) ? MAP_FAILED : __real_mmap(at, length, protection, flags, fd, offset);
}

/* An SQLite that was built without one of these, such as pread, has it as NULL. */
#define IS_64_BIT(name) (sizeof(off_t) == 8 ? name "64" : name)

bool unix_install(void)
{
    const struct {
        const char *name;
        sqlite3_syscall_ptr call;
    } calls[] = {
        {"open", (sqlite3_syscall_ptr)failing_open},
        {"read", (sqlite3_syscall_ptr)failing_read},
        {"pread", (sqlite3_syscall_ptr)failing_pread},
        {IS_64_BIT("pread"), (sqlite3_syscall_ptr)failing_pread},
        {"write", (sqlite3_syscall_ptr)failing_write},
        {"pwrite", (sqlite3_syscall_ptr)failing_pwrite},
        {IS_64_BIT("pwrite"), (sqlite3_syscall_ptr)failing_pwrite},
        {"ftruncate", (sqlite3_syscall_ptr)failing_truncate},
        {"fstat", (sqlite3_syscall_ptr)failing_stat},
        {"fcntl", (sqlite3_syscall_ptr)failing_fcntl},
        {"mmap", (sqlite3_syscall_ptr)failing_mmap},
    };
    sqlite3_vfs *vfs = sqlite3_vfs_find("unix");

    if (!vfs || vfs->iVersion < 3)
        return false;
    stat_of_sqlite = (int (*)(int, void *))vfs->xGetSystemCall(vfs, "fstat");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (vfs->xGetSystemCall(vfs, calls[i].name))
            vfs->xSetSystemCall(vfs, calls[i].name, calls[i].call);
    }
    return true;
}

/* ---- what SQLite calls by name: a program's own functions come before its libraries' ---- */

/* SQLite makes nothing of a folder that cannot be flushed: the library flushes it by itself. */
int fsync(int fd)
{
    struct stat about;

    if (fstat(fd, &about) == 0 && S_ISDIR(about.st_mode))
        return 0;
    return meet(UNIX_FLUSH) ? -1 : 0;
}

int fdatasync(int fd)
{
    return fsync(fd);
}
