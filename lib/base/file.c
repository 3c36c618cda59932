/* SPDX-License-Identifier: MIT */
#include "base/file.h"
#include "base/system_error.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum keyward_status file_status(int number)
{
    switch (number) {
    case EEXIST:
        return KEYWARD_EXISTS;
    case ENOENT:
    case ENOTDIR:
        return KEYWARD_NO_FOLDER;
    case EACCES:
    case EPERM:
    case EROFS:
        return KEYWARD_READ_ONLY;
    case ENOSPC:
    case EDQUOT:
        return KEYWARD_FULL;
    case ENOMEM:
        return KEYWARD_NOMEM;
    default:
        return KEYWARD_IO;
    }
}

enum keyward_status file_failed(struct error *error, const char *path)
{
    int number = errno;
    char text[SYSTEM_ERROR_SIZE];

    return error_set(error, file_status(number), "'%.160s' cannot be written: %s", path,
                     system_error_text(number, text));
}

int file_create(const char *path)
{
    return open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

/* Does the system, and this file system, rename without overwriting? */
static int rename_at_once(const char *from, const char *to)
{
#if defined(RENAME_NOREPLACE)
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
#elif defined(RENAME_EXCL)
    return renamex_np(from, to, RENAME_EXCL);
#else
    (void)from;
    (void)to;
    errno = ENOSYS;
    return -1;
#endif
}

/* An empty file holds the name until it is replaced: for a file system that can do nothing else. */
static int reserve_and_rename(const char *from, const char *to)
{
    int fd = file_create(to), number;

    if (fd < 0)
        return -1;
    close(fd);
    if (rename(from, to) == 0)
        return 0;
    number = errno;
    unlink(to);
    errno = number;
    return -1;
}

/* An errno that says "not in this way" rather than "no". */
static bool is_unknown_here(int number)
{
    switch (number) {
    case ENOSYS:
    case EINVAL:
    case EOPNOTSUPP:
#if ENOTSUP != EOPNOTSUPP
    case ENOTSUP:
#endif
    case EPERM: /* so link() says it, on Linux */
        return true;
    default:
        return false;
    }
}

bool file_rename(const char *from, const char *to)
{
    if (rename_at_once(from, to) == 0)
        return true;
    if (!is_unknown_here(errno))
        return false;
    if (link(from, to) == 0) {
        unlink(from);
        return true;
    }
    return is_unknown_here(errno) && reserve_and_rename(from, to) == 0;
}

static bool flush(const char *path, int kind)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | kind);
    bool flushed = fd >= 0 && fsync(fd) == 0;
    int number = errno;

    if (fd >= 0)
        close(fd);
    errno = number;
    return flushed;
}

bool file_flush(const char *path)
{
    return flush(path, 0);
}

bool file_flush_folder(const char *path)
{
    char *copy = strdup(path);
    bool flushed = copy && flush(dirname(copy), O_DIRECTORY); /* NOLINT(concurrency-mt-unsafe) */
    int number = copy ? errno : ENOMEM;

    free(copy);
    errno = number;
    return flushed;
}
