/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "base/file.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

#define HEX_SIZE (KEYWARD_MASTER_KEY_BYTES * 2 + 1)

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

static enum keyward_status write_file(const char *path, const char *line, size_t length,
                                      struct error *error)
{
    enum keyward_status status = KEYWARD_OK;
    int fd = file_create(path);
    bool written;

    if (fd < 0)
        return file_failed(error, path);
    written = write_all(fd, line, length) && fsync(fd) == 0;
    written = close(fd) == 0 && written;
    if (!written || !file_flush_folder(path)) {
        status = file_failed(error, path);
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
