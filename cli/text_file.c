/* SPDX-License-Identifier: MIT */
#include "text_file.h"

#include "failure.h"
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST (KEYWARD_RECEIPT_MAX + 1)

/* One byte more than it may have, if it has so many. */
static enum keyward_status read_all(int fd, struct text_file *file)
{
    ssize_t got = 1;

    file->bytes = allocate(MOST + 2, 1);
    while (got > 0 && file->length < MOST + 1) {
        got = read(fd, file->bytes + file->length, MOST + 1 - file->length);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            file->length += (size_t)got;
    }
    return got < 0 ? fail_system(file->path) : KEYWARD_OK;
}

enum keyward_status text_file_read(struct text_file *file, const char *path)
{
    enum keyward_status status;
    int fd;

    *file = (struct text_file){.path = path};
    if (!path)
        return KEYWARD_OK;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return fail(KEYWARD_INVALID, "'%s': there is no such file", path);
    if (fd < 0)
        return fail_system(path);
    status = read_all(fd, file);
    close(fd);
    if (status == KEYWARD_OK && file->length == 0)
        status = fail(KEYWARD_UNPROVEN, "'%s' is empty", path);
    if (status == KEYWARD_OK && file->length > MOST)
        status = fail(KEYWARD_UNPROVEN, "'%s' is longer than %d bytes", path, KEYWARD_RECEIPT_MAX);
    if (status == KEYWARD_OK && memchr(file->bytes, '\0', file->length))
        status = fail(KEYWARD_UNPROVEN, "'%s' is not a text", path);
    return status;
}

void text_file_free(struct text_file *file)
{
    free(file->bytes);
    *file = (struct text_file){.path = NULL};
}
