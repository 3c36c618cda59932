/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEX_SIZE (KEYWARD_MASTER_KEY_BYTES * 2 + 1)

static enum keyward_status fail(struct error *error, const char *path)
{
    int number = errno;
    enum keyward_status status = KEYWARD_IO;

    if (number == EEXIST)
        status = KEYWARD_EXISTS;
    else if (number == ENOENT || number == ENOTDIR)
        status = KEYWARD_NO_FOLDER;
    else if (number == EACCES || number == EPERM || number == EROFS)
        status = KEYWARD_READ_ONLY;
    else if (number == ENOSPC || number == EDQUOT)
        status = KEYWARD_FULL;
    return error_set(error, status, "'%.160s' cannot be written: %s", path, strerror(number));
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

/* A new file's name is on the disk only once its folder is flushed as well. */
static bool flush_folder(const char *path)
{
    char *copy = strdup(path);
    int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool flushed = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    free(copy);
    return flushed;
}

static enum keyward_status write_file(const char *path, const char *line, size_t length,
                                      struct error *error)
{
    enum keyward_status status = KEYWARD_OK;
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
    bool written;

    if (fd < 0)
        return fail(error, path);
    written = write_all(fd, line, length) && fsync(fd) == 0;
    written = close(fd) == 0 && written;
    if (!written || !flush_folder(path)) {
        status = fail(error, path);
        unlink(path);
    }
    return status;
}

enum keyward_status keyward_create_master_key_file(const char *path)
{
    struct error *error = call_begin(NULL);
    enum keyward_status status = KEYWARD_NOMEM;
    unsigned char *key = NULL;
    char *line = NULL;

    if (!argument_is_text(error, "path", path, 4095))
        return call_end(error, KEYWARD_INVALID);
    if (sodium_init() >= 0) {
        key = sodium_malloc(KEYWARD_MASTER_KEY_BYTES);
        line = sodium_malloc(HEX_SIZE);
    }
    if (key && line) {
        randombytes_buf(key, KEYWARD_MASTER_KEY_BYTES);
        sodium_bin2hex(line, HEX_SIZE, key, KEYWARD_MASTER_KEY_BYTES);
        line[HEX_SIZE - 1] = '\n'; /* where the NUL stood */
        status = write_file(path, line, HEX_SIZE, error);
    }
    sodium_free(line);
    sodium_free(key);
    return call_end(error, status);
}
