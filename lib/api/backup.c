/* SPDX-License-Identifier: MIT */
#include "operations/backup.h"
#include "api/arguments.h"
#include "api/call.h"
#include "base/count.h"
#include "base/file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARTIAL ".partial-"
#define RANDOM_BYTES 8 /* behind that, in hexadecimal */

/* The path with something behind it, malloc'd; NULL for no memory. */
static char *path_with(const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *name = malloc(size);

    if (name)
        snprintf(name, size, "%s%s", path, suffix);
    return name;
}

/* KEYWARD_EXISTS when the path and suffix name anything, a dangling symbolic link too. */
static enum keyward_status refuse_existing(const char *path, const char *suffix,
                                           struct error *error)
{
    char *name = path_with(path, suffix);
    struct stat about;
    bool exists = name && lstat(name, &about) == 0;

    if (!name)
        return KEYWARD_NOMEM;
    free(name);
    return exists ? error_set(error, KEYWARD_EXISTS, "'%.160s%s' exists already", path, suffix)
                  : KEYWARD_OK;
}

/* A log or journal that is left of another store would be read as the copy's own. */
static enum keyward_status refuse_all_existing(const char *path, struct error *error)
{
    static const char *const suffixes[] = {"", "-wal", "-journal"};
    enum keyward_status status = KEYWARD_OK;

    for (size_t i = 0; status == KEYWARD_OK && i < COUNT(suffixes); i++)
        status = refuse_existing(path, suffixes[i], error);
    return status;
}

/* The copy is made under a name of its own in the same folder; NULL for no memory. */
static char *partial_name(const char *path)
{
    unsigned char random[RANDOM_BYTES];
    char suffix[sizeof PARTIAL + 2 * RANDOM_BYTES] = PARTIAL;

    randombytes_buf(random, sizeof random);
    sodium_bin2hex(suffix + strlen(PARTIAL), 2 * RANDOM_BYTES + 1, random, sizeof random);
    return path_with(path, suffix);
}

static enum keyward_status make_partial(const char *partial, const char *path, struct error *error)
{
    int fd = file_create(partial);

    if (fd < 0)
        return file_failed(error, path);
    close(fd);
    return KEYWARD_OK;
}

/* Here a failure after which the name stands takes it back: it might be gone after a power loss. */
static enum keyward_status publish_copy(const char *partial, const char *path, struct error *error)
{
    enum keyward_status status = KEYWARD_OK;

    if (!file_flush(partial) || !file_rename(partial, path))
        return file_failed(error, path);
    if (!file_flush_folder(path)) {
        status = file_failed(error, path);
        unlink(path);
    }
    return status;
}

static enum keyward_status back_up(keyward *store, const char *path, const char *partial,
                                   const keyward_backup_options *options, struct error *error)
{
    struct store_backup backup = {.file = partial, .options = options};
    struct error unheard = {.store_stamp = 0};
    enum keyward_status status = make_partial(partial, path, error);

    if (status != KEYWARD_OK)
        return status;
    store_flush_uses(store, &unheard); /* for the copy; one without them is a good one too */
    status = database_read(store->database, backup_store, &backup, error);
    if (status == KEYWARD_OK)
        status = publish_copy(partial, path, error);
    if (status != KEYWARD_OK)
        unlink(partial);
    return status;
}

enum keyward_status keyward_backup(keyward *store, const char *path,
                                   const keyward_backup_options *options)
{
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);
    char *partial = NULL;

    if (status == KEYWARD_OK && !argument_is_store_path(error, path))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK)
        status = refuse_all_existing(path, error);
    if (status == KEYWARD_OK) {
        partial = partial_name(path);
        status = partial ? back_up(store, path, partial, options, error) : KEYWARD_NOMEM;
    }
    free(partial);
    return call_end(error, status);
}
