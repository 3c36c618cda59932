/* SPDX-License-Identifier: MIT */
#include "tile_folder.h"

#include "failure.h"
#include "memory.h"
#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- folders ---- */

static enum keyward_status make_folder(const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST ? KEYWARD_OK : fail_system(path);
}

enum keyward_status tile_folder_open(struct tile_folder *folder, const char *path)
{
    enum keyward_status status;

    *folder = (struct tile_folder){.path = path, .fd = -1};
    status = make_folder(path);
    if (status != KEYWARD_OK)
        return status;
    folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0)
        return fail_system(path);
    if (flock(folder->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return fail(KEYWARD_BUSY, "another process is publishing in '%s'", path);
    return KEYWARD_OK;
}

void tile_folder_close(struct tile_folder *folder)
{
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = -1;
}

/* All that the file is in, below the folder. */
static enum keyward_status make_folders(const struct tile_folder *folder, char *path)
{
    enum keyward_status status = KEYWARD_OK;
    char *slash = path + strlen(folder->path) + 1;

    while (status == KEYWARD_OK && (slash = strchr(slash, '/'))) {
        *slash = '\0';
        status = make_folder(path);
        *slash++ = '/';
    }
    return status;
}

/* ---- files ---- */

static bool has_bytes(int fd, const char *bytes, size_t length)
{
    char part[4096];
    ssize_t got;

    while ((got = read(fd, part, sizeof part)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || (size_t)got > length || memcmp(part, bytes, (size_t)got) != 0)
            return false;
        bytes += got;
        length -= (size_t)got;
    }
    return length == 0;
}

static bool is_there(const char *path, const char *bytes, size_t length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat about;
    bool is = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) &&
              about.st_size == (off_t)length && has_bytes(fd, bytes, length);

    if (fd >= 0)
        close(fd);
    return is;
}

/* Under a name of this process; what a crash leaves there is one file, never handed out as a tile.
 */
static enum keyward_status write_file(const struct tile_folder *folder, const char *path,
                                      const char *bytes, size_t length)
{
    char *partial = format_text("%s/.partial-%ld", folder->path, (long)getpid());
    struct new_file file = {.path = partial};
    enum keyward_status status = KEYWARD_OK;

    file.fd = open(partial, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (file.fd < 0)
        status = fail_system(partial);
    if (status == KEYWARD_OK)
        status = new_file_write(&file, bytes, length);
    if (file.fd >= 0 && close(file.fd) != 0 && status == KEYWARD_OK)
        status = fail_system(partial);
    if (status == KEYWARD_OK && rename(partial, path) != 0)
        status = fail_system(path);
    if (file.fd >= 0 && status != KEYWARD_OK)
        unlink(partial);
    free(partial);
    return status;
}

/* One flush for all files and the folders that name them. */
static enum keyward_status flush(const struct tile_folder *folder)
{
#ifdef __linux__
    return syncfs(folder->fd) == 0 ? KEYWARD_OK : fail_system(folder->path);
#else
    (void)folder;
    sync();
    return KEYWARD_OK;
#endif
}

static enum keyward_status write_tile(struct tile_folder *folder, const char *name,
                                      const char *bytes, size_t length)
{
    char *path = format_text("%s/%s", folder->path, name);
    bool is_last = strcmp(name, "checkpoint") == 0;
    enum keyward_status status = KEYWARD_OK;

    if (is_there(path, bytes, length)) {
        folder->kept++;
        free(path);
        return KEYWARD_OK;
    }
    status = is_last ? flush(folder) : make_folders(folder, path);
    if (status == KEYWARD_OK)
        status = write_file(folder, path, bytes, length);
    if (status == KEYWARD_OK && is_last)
        status = flush(folder);
    folder->written++;
    free(path);
    return status;
}

int tile_folder_write(void *context, const char *path, const void *bytes, size_t length)
{
    struct tile_folder *folder = context;

    folder->status = write_tile(folder, path, bytes, length);
    return progress_step(&folder->progress, folder->written + folder->kept, 0) != 0 ||
           folder->status != KEYWARD_OK;
}
