/* SPDX-License-Identifier: MIT */
#include "crash/vfs.h"
#include "crash/baton.h"
#include "crash/disk.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct handle {
    sqlite3_file base;
    int file;
    int lock;
    bool flushes_folder; /* with its first flush: a log or journal, as on a POSIX system */
    bool maps;
    unsigned shm_shared, shm_exclusive; /* a bit for each lock that it has */
};

static sqlite3_vfs vfs;

static struct handle *handle_of(sqlite3_file *file)
{
    return (struct handle *)(void *)file;
}

static struct disk_file *file_of(sqlite3_file *file)
{
    return &disk_in_use()->files[handle_of(file)->file];
}

/* ---- contents ---- */

static int read_file(sqlite3_file *file, void *bytes, int length, sqlite3_int64 at)
{
    const struct disk_file *there = file_of(file);
    size_t from = (size_t)at, wanted = (size_t)length;
    size_t has = there->size > from ? there->size - from : 0;

    baton_offer();
    if (has > wanted)
        has = wanted;
    if (has > 0)
        memcpy(bytes, there->bytes + from, has);
    memset((unsigned char *)bytes + has, 0, wanted - has);
    return has == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int write_file(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at)
{
    baton_offer();
    disk_write(disk_in_use(), handle_of(file)->file, bytes, (size_t)length, (size_t)at);
    return SQLITE_OK;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    baton_offer();
    disk_truncate(disk_in_use(), handle_of(file)->file, (size_t)size);
    return SQLITE_OK;
}

static int flush_file(sqlite3_file *file, int flags)
{
    struct handle *handle = handle_of(file);

    (void)flags;
    baton_offer();
    disk_flush(disk_in_use(), handle->file);
    if (handle->flushes_folder)
        disk_flush_folder(disk_in_use());
    handle->flushes_folder = false;
    return SQLITE_OK;
}

static int size_of_file(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)file_of(file)->size;
    return SQLITE_OK;
}

/* ---- locks of the file ---- */

static int unlock_file(sqlite3_file *file, int level)
{
    struct handle *handle = handle_of(file);
    struct disk_locks *locks = &file_of(file)->locks;

    if (handle->lock <= level)
        return SQLITE_OK;
    if (locks->owner == handle) {
        locks->owner = NULL;
        locks->is_exclusive = false;
    }
    if (level == SQLITE_LOCK_NONE && handle->lock > SQLITE_LOCK_NONE)
        locks->shared--;
    handle->lock = level;
    return SQLITE_OK;
}

static int lock_file(sqlite3_file *file, int level)
{
    struct handle *handle = handle_of(file);
    struct disk_locks *locks = &file_of(file)->locks;

    baton_offer();
    if (handle->lock >= level)
        return SQLITE_OK;
    if (locks->owner && locks->owner != handle &&
        (level > SQLITE_LOCK_SHARED || locks->is_exclusive))
        return SQLITE_BUSY;
    if (level == SQLITE_LOCK_SHARED) {
        locks->shared++;
    } else {
        locks->owner = handle;
        locks->is_exclusive = level == SQLITE_LOCK_EXCLUSIVE;
        if (level == SQLITE_LOCK_EXCLUSIVE && locks->shared > 1) {
            handle->lock = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
    }
    handle->lock = level;
    return SQLITE_OK;
}

static int check_reserved_lock(sqlite3_file *file, int *reserved)
{
    *reserved = file_of(file)->locks.owner != NULL;
    return SQLITE_OK;
}

/* ---- shared memory ---- */

static int map_shm(sqlite3_file *file, int region, int size, int extend, void volatile **map)
{
    struct handle *handle = handle_of(file);
    struct disk_file *there = file_of(file);

    *map = NULL;
    if (region >= SHM_REGIONS)
        return SQLITE_IOERR_SHMMAP;
    if (!handle->maps)
        there->shm_handles++;
    handle->maps = true;
    if (!there->regions[region] && extend)
        there->regions[region] = calloc(1, (size_t)size);
    *map = there->regions[region];
    return !*map && extend ? SQLITE_NOMEM : SQLITE_OK;
}

static void let_go(struct handle *handle, struct disk_locks *locks, int number)
{
    unsigned bit = 1U << number;

    if (handle->shm_shared & bit)
        locks->shm_shared[number]--;
    if (handle->shm_exclusive & bit)
        locks->shm_exclusive[number] = false;
    handle->shm_shared &= ~bit;
    handle->shm_exclusive &= ~bit;
}

static int lock_shm(sqlite3_file *file, int offset, int count, int flags)
{
    struct handle *handle = handle_of(file);
    struct disk_locks *locks = &file_of(file)->locks;

    if (flags & SQLITE_SHM_LOCK)
        baton_offer();
    for (int i = offset; i < offset + count; i++) {
        unsigned mine = (handle->shm_shared | handle->shm_exclusive) >> i & 1U;
        if (flags & SQLITE_SHM_UNLOCK)
            let_go(handle, locks, i);
        else if (!mine && (locks->shm_exclusive[i] ||
                           (flags & SQLITE_SHM_EXCLUSIVE && locks->shm_shared[i] > 0)))
            return SQLITE_BUSY;
    }
    for (int i = offset; flags & SQLITE_SHM_LOCK && i < offset + count; i++) {
        if (flags & SQLITE_SHM_EXCLUSIVE) {
            locks->shm_exclusive[i] = true;
            handle->shm_exclusive |= 1U << i;
        } else if (!(handle->shm_shared >> i & 1U)) {
            locks->shm_shared[i]++;
            handle->shm_shared |= 1U << i;
        }
    }
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *file)
{
    (void)file; /* one thread at a time */
}

static int unmap_shm(sqlite3_file *file, int delete_it)
{
    struct handle *handle = handle_of(file);
    struct disk_file *there = file_of(file);

    (void)delete_it;
    for (int i = 0; i < SHM_LOCKS; i++)
        let_go(handle, &there->locks, i);
    if (!handle->maps)
        return SQLITE_OK;
    handle->maps = false;
    there->shm_handles--;
    for (int i = 0; there->shm_handles == 0 && i < SHM_REGIONS; i++) {
        free(there->regions[i]);
        there->regions[i] = NULL;
    }
    return SQLITE_OK;
}

/* ---- the rest of a file ---- */

static int close_file(sqlite3_file *file)
{
    unmap_shm(file, 0);
    return unlock_file(file, SQLITE_LOCK_NONE);
}

static int control(sqlite3_file *file, int operation, void *argument)
{
    (void)file;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *file)
{
    (void)file;
    return 4096; /* what SQLite's own VFS says */
}

static int device_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* likewise: torn are sectors, not their neighbours */
}

static int fetch(sqlite3_file *file, sqlite3_int64 at, int size, void **bytes)
{
    (void)file;
    (void)at;
    (void)size;
    *bytes = NULL; /* no memory-mapped pages */
    return SQLITE_OK;
}

static int unfetch(sqlite3_file *file, sqlite3_int64 at, void *bytes)
{
    (void)file;
    (void)at;
    (void)bytes;
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 3,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = flush_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = map_shm,
    .xShmLock = lock_shm,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = unmap_shm,
    .xFetch = fetch,
    .xUnfetch = unfetch,
};

/* ---- the VFS ---- */

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    struct handle *handle = handle_of(file);
    struct disk *disk = disk_in_use();
    int number = name ? disk_find(disk, name) : -1;

    (void)self;
    baton_offer();
    memset(handle, 0, sizeof *handle);
    if (number < 0 && flags & SQLITE_OPEN_CREATE)
        number = disk_create(disk, name);
    if (number < 0)
        return SQLITE_CANTOPEN;
    handle->file = number;
    handle->flushes_folder =
        (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
    handle->base.pMethods = &methods;
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *self, const char *name, int flush_folder)
{
    (void)self;
    baton_offer();
    if (!disk_remove(disk_in_use(), name))
        return SQLITE_IOERR_DELETE_NOENT;
    if (flush_folder)
        disk_flush_folder(disk_in_use());
    return SQLITE_OK;
}

static int has_access(sqlite3_vfs *self, const char *name, int flags, int *has)
{
    int file = disk_find(disk_in_use(), name);

    (void)self;
    /* As SQLite's own VFS: an empty file does not exist for who asks whether it does. */
    *has = file >= 0 && (flags != SQLITE_ACCESS_EXISTS || disk_in_use()->files[file].size > 0);
    return SQLITE_OK;
}

static int full_name(sqlite3_vfs *self, const char *name, int room, char *full)
{
    (void)self;
    if ((int)strlen(name) >= room)
        return SQLITE_CANTOPEN;
    strcpy(full, name);
    return SQLITE_OK;
}

static int same_numbers(sqlite3_vfs *self, int length, char *bytes)
{
    (void)self;
    memset(bytes, 42, (size_t)length);
    return length;
}

static int sleep_a_while(sqlite3_vfs *self, int microseconds)
{
    (void)self;
    baton_pass();
    return microseconds;
}

void disk_vfs_install(void)
{
    vfs = *sqlite3_vfs_find(NULL); /* for what has no file, such as the time */
    vfs.zName = "keyward-disk";
    vfs.szOsFile = (int)sizeof(struct handle);
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    vfs.xAccess = has_access;
    vfs.xFullPathname = full_name;
    vfs.xRandomness = same_numbers;
    vfs.xSleep = sleep_a_while;
    sqlite3_vfs_register(&vfs, 1);
}
