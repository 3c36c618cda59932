/* SPDX-License-Identifier: MIT */
#include "fault/vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <stddef.h>

/* An open file; the real one's own struct follows it in the same block. */
struct shim_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static struct {
    bool armed;
    enum io_kind kind;
    int code;
    struct turn turn;
} fault;

static sqlite3_vfs shim;
static sqlite3_vfs *real_vfs;

void vfs_fail(enum io_kind kind, int nth, enum fault_length length, int sqlite_code)
{
    fault.kind = kind;
    fault.code = sqlite_code;
    fault.turn = turn_of(nth, length);
    fault.armed = true;
}

int vfs_stop(void)
{
    fault.armed = false;
    return fault.turn.failed;
}

int vfs_calls(void)
{
    return fault.turn.calls;
}

/* Counts a call; SQLITE_OK when it is to be made. */
static int meet(enum io_kind kind)
{
    if (!fault.armed || kind != fault.kind || !turn_comes(&fault.turn))
        return SQLITE_OK;
    errno = fault.code == SQLITE_FULL ? ENOSPC : EIO; /* SQLite passes it on */
    return fault.code;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct shim_file *)(void *)file)->real;
}

/* ---- a file ---- */

static int shim_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int shim_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    int code = meet(IO_READ);
    return code != SQLITE_OK ? code
                             : real_of(file)->pMethods->xRead(real_of(file), bytes, size, at);
}

static int shim_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    int code = meet(IO_WRITE);
    sqlite3_file *real = real_of(file);

    if (code == SQLITE_OK)
        return real->pMethods->xWrite(real, bytes, size, at);
    if (size > 1)
        real->pMethods->xWrite(real, bytes, size / 2, at);
    return code;
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = meet(IO_TRUNCATE);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    int code = meet(IO_SYNC);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int shim_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int code = meet(IO_FILE_SIZE);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int shim_lock(sqlite3_file *file, int level)
{
    int code = meet(IO_LOCK);
    return code != SQLITE_OK ? code : real_of(file)->pMethods->xLock(real_of(file), level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int shim_check_reserved_lock(sqlite3_file *file, int *reserved)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), reserved);
}

static int shim_file_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int shim_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int shim_device_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shim_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **map)
{
    int code = meet(IO_SHM_MAP);

    if (code == SQLITE_OK)
        return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, map);
    *map = NULL;
    return code;
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    int code = flags & SQLITE_SHM_LOCK ? meet(IO_LOCK) : SQLITE_OK;

    return code != SQLITE_OK
               ? code
               : real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shim_shm_unmap(sqlite3_file *file, int delete_flag)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), delete_flag);
}

static int shim_fetch(sqlite3_file *file, sqlite3_int64 at, int size, void **bytes)
{
    (void)file;
    (void)at;
    (void)size;
    *bytes = NULL; /* no memory-mapped pages: every read can be made to fail */
    return SQLITE_OK;
}

static int shim_unfetch(sqlite3_file *file, sqlite3_int64 at, void *bytes)
{
    (void)file;
    (void)at;
    (void)bytes;
    return SQLITE_OK;
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 3,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_file_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_reserved_lock,
    .xFileControl = shim_file_control,
    .xSectorSize = shim_sector_size,
    .xDeviceCharacteristics = shim_device_characteristics,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
    .xFetch = shim_fetch,
    .xUnfetch = shim_unfetch,
};

/* ---- the VFS ---- */

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    struct shim_file *opened = (struct shim_file *)(void *)file;
    int code = meet(IO_OPEN);

    (void)vfs;
    opened->base.pMethods = NULL;
    opened->real = (sqlite3_file *)(void *)(opened + 1);
    if (code == SQLITE_OK)
        code = real_vfs->xOpen(real_vfs, name, opened->real, flags, out_flags);
    if (code == SQLITE_OK)
        opened->base.pMethods = &shim_methods;
    return code;
}

static int shim_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return fault.armed ? microseconds : real_vfs->xSleep(real_vfs, microseconds);
}

void vfs_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    shim = *real_vfs; /* all that has no file goes to the real one, which keeps its data there */
    shim.zName = "keyward-fault";
    shim.szOsFile = (int)sizeof(struct shim_file) + real_vfs->szOsFile;
    shim.xOpen = shim_open;
    shim.xSleep = shim_sleep;
    sqlite3_vfs_register(&shim, 1);
}
