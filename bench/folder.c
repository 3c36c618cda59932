/* SPDX-License-Identifier: MIT */
#include "folder.h"

#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES ((size_t)1 << 20)

static char folder[PATH_SIZE - 64];
static pid_t owner;

static int remove_one(const char *path, const struct stat *file, int type, struct FTW *walk)
{
    (void)file, (void)type, (void)walk;
    remove(path);
    return 0;
}

void folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_own_folder(void)
{
    if (getpid() == owner)
        folder_remove(folder);
}

void folder_make(const char *parent)
{
    char *resolved = realpath(parent, NULL);

    if (!resolved)
        die("%s: %s", parent, strerror(errno));
    if ((size_t)snprintf(folder, sizeof folder, "%s/keyward-bench-XXXXXX", resolved) >=
        sizeof folder)
        die("the path of the folder is too long");
    free(resolved);
    if (!mkdtemp(folder))
        die("%s: %s", folder, strerror(errno));
    owner = getpid();
    atexit(remove_own_folder);
}

const char *folder_path(void)
{
    return folder;
}

void folder_file(const char *name, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s", folder, name);
}

static int must_open(const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC, 0600);

    if (file < 0)
        die("%s: %s", path, strerror(errno));
    return file;
}

void folder_copy(const char *from, const char *to)
{
    int source = must_open(from, O_RDONLY), target = must_open(to, O_WRONLY | O_CREAT | O_TRUNC);
    char *buffer = must_allocate(1, COPY_BYTES);
    ssize_t length;

    while ((length = read(source, buffer, COPY_BYTES)) > 0)
        if (write(target, buffer, (size_t)length) != length)
            die("%s: cannot be written", to);
    if (length < 0 || fsync(target) != 0)
        die("%s: cannot be copied", from);
    free(buffer);
    close(source);
    close(target);
}

void folder_flush(const char *path)
{
    int file = must_open(path, O_RDONLY);

    if (fsync(file) != 0)
        die("%s: %s", path, strerror(errno));
    close(file);
}

void folder_remove_store(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char beside[PATH_SIZE + 8];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(beside, sizeof beside, "%s%s", path, suffixes[i]);
        unlink(beside);
    }
}

size_t folder_size_of(const char *path)
{
    struct stat file;

    if (stat(path, &file) != 0)
        die("%s: %s", path, strerror(errno));
    return (size_t)file.st_size;
}
