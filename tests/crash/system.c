/* SPDX-License-Identifier: MIT */
/* The disk in memory as the library's own calls of the system see it; the names are the linker's
 * (--wrap). Other paths than those of the disk go to the system. */
#include "crash/baton.h"
#include "crash/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#define FIRST_FD 1000000 /* of the disk's; one of a file is this and its number */
#define FOLDER_FD (FIRST_FD + DISK_FILES)

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_mknod(const char *path, mode_t mode, dev_t device);
int __wrap_mknod(const char *path, mode_t mode, dev_t device);
int __real_stat(const char *path, struct stat *about);
int __wrap_stat(const char *path, struct stat *about);
int __real_lstat(const char *path, struct stat *about);
int __wrap_lstat(const char *path, struct stat *about);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
#ifdef RENAME_NOREPLACE
int __real_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags);
#endif

static bool is_ours(const char *path)
{
    return strncmp(path, DISK_FOLDER, sizeof DISK_FOLDER - 1) == 0;
}

static int fail(int number)
{
    errno = number;
    return -1;
}

static int create(const char *path)
{
    return disk_find(disk_in_use(), path) >= 0 ? fail(EEXIST) : disk_create(disk_in_use(), path);
}

int __wrap_open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list arguments;
    int file;

    if (flags & O_CREAT) {
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if (!is_ours(path))
        return __real_open(path, flags, mode);
    baton_offer();
    if (strcmp(path, DISK_FOLDER) == 0)
        return FOLDER_FD;
    file = flags & O_CREAT ? create(path) : disk_find(disk_in_use(), path);
    if (file < 0)
        return flags & O_CREAT ? -1 : fail(ENOENT);
    return FIRST_FD + file;
}

int __wrap_close(int fd)
{
    return fd >= FIRST_FD ? 0 : __real_close(fd);
}

int __wrap_fsync(int fd)
{
    if (fd < FIRST_FD)
        return __real_fsync(fd);
    baton_offer();
    if (fd == FOLDER_FD)
        disk_flush_folder(disk_in_use());
    else
        disk_flush(disk_in_use(), fd - FIRST_FD);
    return 0;
}

int __wrap_mknod(const char *path, mode_t mode, dev_t device)
{
    if (!is_ours(path))
        return __real_mknod(path, mode, device);
    baton_offer();
    return create(path) < 0 ? -1 : 0;
}

static int look_at(const char *path, struct stat *about)
{
    int file = disk_find(disk_in_use(), path);

    if (file < 0)
        return fail(ENOENT);
    memset(about, 0, sizeof *about);
    about->st_mode = S_IFREG | S_IRUSR | S_IWUSR;
    about->st_size = (off_t)disk_in_use()->files[file].size;
    return 0;
}

int __wrap_stat(const char *path, struct stat *about)
{
    return is_ours(path) ? look_at(path, about) : __real_stat(path, about);
}

int __wrap_lstat(const char *path, struct stat *about)
{
    return is_ours(path) ? look_at(path, about) : __real_lstat(path, about);
}

int __wrap_unlink(const char *path)
{
    if (!is_ours(path))
        return __real_unlink(path);
    baton_offer();
    return disk_remove(disk_in_use(), path) ? 0 : fail(ENOENT);
}

/* Another name for a file, unless it is taken: in place of the first one, or beside it. */
static int name_again(bool (*name)(struct disk *, const char *, const char *), const char *from,
                      const char *to)
{
    baton_offer();
    if (disk_find(disk_in_use(), to) >= 0)
        return fail(EEXIST);
    return name(disk_in_use(), from, to) ? 0 : fail(ENOENT);
}

/* Where there is no renameat2. */
int __wrap_link(const char *from, const char *to)
{
    return is_ours(from) ? name_again(disk_link, from, to) : __real_link(from, to);
}

#ifdef RENAME_NOREPLACE
int __wrap_renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned flags)
{
    if (!is_ours(from))
        return __real_renameat2(from_folder, from, to_folder, to, flags);
    return name_again(disk_rename, from, to);
}
#endif
