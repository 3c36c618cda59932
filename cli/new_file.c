/* SPDX-License-Identifier: MIT */
#include "new_file.h"

#include "failure.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum keyward_status new_file_open(struct new_file *file, const char *path)
{
    file->path = path;
    file->fd = -1;
    if (!path)
        return KEYWARD_OK;
    file->fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOCTTY, 0600);
    if (file->fd < 0) {
        enum keyward_status status = fail_system(path);
        file->path = NULL; /* it is not this program's to remove */
        return status;
    }
    return KEYWARD_OK;
}

enum keyward_status new_file_write(struct new_file *file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file->fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fail_system(file->path);
        bytes += written;
        length -= (size_t)written;
    }
    return KEYWARD_OK;
}

enum keyward_status new_file_close(struct new_file *file, enum keyward_status status)
{
    if (!file->path)
        return status;
    if (status == KEYWARD_OK && fsync(file->fd) != 0)
        status = fail_system(file->path);
    if (close(file->fd) != 0 && status == KEYWARD_OK)
        status = fail_system(file->path);
    if (status != KEYWARD_OK)
        unlink(file->path);
    file->path = NULL;
    return status;
}
