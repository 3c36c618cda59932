/* SPDX-License-Identifier: MIT */
#include "fault/fault.h"

#include <errno.h>
#include <sqlite3.h>
#include <stddef.h>

const struct fault sqlite_memory = {
    .name = "memory of SQLite", .source = SQLITE_MEMORY, .status = KEYWARD_NOMEM};
const struct fault library_memory = {
    .name = "memory of the library", .source = LIBRARY_MEMORY, .status = KEYWARD_NOMEM};

#define ON_DISK(what, call, sqlite_code, result)                                          \
    {                                                                                     \
        .name = what, .source = DISK, .kind = call, .code = sqlite_code, .status = result \
    }

const struct fault disk_full = ON_DISK("full disk", IO_WRITE, SQLITE_FULL, KEYWARD_FULL);
const struct fault bad_write = ON_DISK("write", IO_WRITE, SQLITE_IOERR_WRITE, KEYWARD_IO);
const struct fault bad_sync = ON_DISK("flush", IO_SYNC, SQLITE_IOERR_FSYNC, KEYWARD_IO);
const struct fault bad_read = ON_DISK("read", IO_READ, SQLITE_IOERR_READ, KEYWARD_IO);
const struct fault bad_truncate =
    ON_DISK("truncation", IO_TRUNCATE, SQLITE_IOERR_TRUNCATE, KEYWARD_IO);
const struct fault bad_lock = ON_DISK("lock", IO_LOCK, SQLITE_IOERR_LOCK, KEYWARD_IO);
const struct fault busy_lock = ON_DISK("busy lock", IO_LOCK, SQLITE_BUSY, KEYWARD_BUSY);
const struct fault bad_map = ON_DISK("shared memory", IO_SHM_MAP, SQLITE_IOERR_SHMMAP, KEYWARD_IO);
const struct fault no_map =
    ON_DISK("no shared memory left", IO_SHM_MAP, SQLITE_IOERR_NOMEM, KEYWARD_NOMEM);
const struct fault bad_open = ON_DISK("opening a file", IO_OPEN, SQLITE_CANTOPEN, KEYWARD_IO);
const struct fault bad_size =
    ON_DISK("size of a file", IO_FILE_SIZE, SQLITE_IOERR_FSTAT, KEYWARD_IO);

/* SQLite tries an interrupted call again, and goes on behind a short one; a lock that it does not
 * get for whatever reason it calls busy, one that it cannot lower an error; a flush is never tried
 * again. A file that cannot be opened
 * for writing it opens for reading. Where the shared memory cannot grow, that is no full disk to
 * it. */
const struct fault kernel_faults[] = {
    {"interrupted open", KERNEL, UNIX_OPEN, EINTR, KEYWARD_OK, KEYWARD_OK},
    {"interrupted read", KERNEL, UNIX_READ, EINTR, KEYWARD_OK, KEYWARD_OK},
    {"interrupted write", KERNEL, UNIX_WRITE, EINTR, KEYWARD_OK, KEYWARD_OK},
    {"interrupted truncation", KERNEL, UNIX_TRUNCATE, EINTR, KEYWARD_OK, KEYWARD_OK},
    {"short read", KERNEL, UNIX_READ, SHORT_COUNT, KEYWARD_OK, KEYWARD_OK},
    {"short write", KERNEL, UNIX_WRITE, SHORT_COUNT, KEYWARD_OK, KEYWARD_OK},
    {"interrupted flush", KERNEL, UNIX_FLUSH, EINTR, KEYWARD_IO, KEYWARD_OK},
    {"EIO of a flush", KERNEL, UNIX_FLUSH, EIO, KEYWARD_IO, KEYWARD_OK},
    {"ENOSPC of a flush", KERNEL, UNIX_FLUSH, ENOSPC, KEYWARD_IO, KEYWARD_FULL},
    {"EIO of a read", KERNEL, UNIX_READ, EIO, KEYWARD_IO, KEYWARD_OK},
    {"EIO of a write", KERNEL, UNIX_WRITE, EIO, KEYWARD_IO, KEYWARD_OK},
    {"ENOSPC of a write", KERNEL, UNIX_WRITE, ENOSPC, KEYWARD_FULL, KEYWARD_IO},
    {"EIO of a truncation", KERNEL, UNIX_TRUNCATE, EIO, KEYWARD_IO, KEYWARD_OK},
    {"EIO of a size", KERNEL, UNIX_SIZE, EIO, KEYWARD_IO, KEYWARD_OK},
    {"EMFILE of an open", KERNEL, UNIX_OPEN, EMFILE, KEYWARD_IO, KEYWARD_READ_ONLY},
    {"EAGAIN of a lock", KERNEL, UNIX_LOCK, EAGAIN, KEYWARD_BUSY, KEYWARD_IO},
    {"interrupted lock", KERNEL, UNIX_LOCK, EINTR, KEYWARD_BUSY, KEYWARD_IO},
    {"EIO of a lock", KERNEL, UNIX_LOCK, EIO, KEYWARD_BUSY, KEYWARD_IO},
    {"ENOMEM of a mapping", KERNEL, UNIX_MAP, ENOMEM, KEYWARD_IO, KEYWARD_OK},
    {.name = NULL},
};

/* A master key that cannot be read has a status of its own. */
const struct fault own_faults[] = {
    {"interrupted open", OWN, SYSTEM_OPEN, EINTR, KEYWARD_OK, KEYWARD_OK},
    {"interrupted read", OWN, SYSTEM_READ, EINTR, KEYWARD_OK, KEYWARD_OK},
    {"interrupted write", OWN, SYSTEM_WRITE, EINTR, KEYWARD_OK, KEYWARD_OK},
    {"short read", OWN, SYSTEM_READ, SHORT_COUNT, KEYWARD_OK, KEYWARD_OK},
    {"short write", OWN, SYSTEM_WRITE, SHORT_COUNT, KEYWARD_OK, KEYWARD_OK},
    {"EMFILE of an open", OWN, SYSTEM_OPEN, EMFILE, KEYWARD_IO, KEYWARD_NO_MASTER_KEY},
    {"ENOSPC of an open", OWN, SYSTEM_OPEN, ENOSPC, KEYWARD_FULL, KEYWARD_NO_MASTER_KEY},
    {"EIO of a read", OWN, SYSTEM_READ, EIO, KEYWARD_NO_MASTER_KEY, KEYWARD_OK},
    {"EIO of a write", OWN, SYSTEM_WRITE, EIO, KEYWARD_IO, KEYWARD_OK},
    {"ENOSPC of a write", OWN, SYSTEM_WRITE, ENOSPC, KEYWARD_FULL, KEYWARD_OK},
    {"interrupted flush", OWN, SYSTEM_FSYNC, EINTR, KEYWARD_IO, KEYWARD_OK},
    {"EIO of a flush", OWN, SYSTEM_FSYNC, EIO, KEYWARD_IO, KEYWARD_OK},
    {"ENOSPC of a flush", OWN, SYSTEM_FSYNC, ENOSPC, KEYWARD_FULL, KEYWARD_OK},
    {"EIO of a close", OWN, SYSTEM_CLOSE, EIO, KEYWARD_IO, KEYWARD_OK},
    {"EIO of a stat", OWN, SYSTEM_STAT, EIO, KEYWARD_IO, KEYWARD_OK},
    {"ENOSPC of a new file", OWN, SYSTEM_MKNOD, ENOSPC, KEYWARD_FULL, KEYWARD_OK},
    {"EIO of a rename", OWN, SYSTEM_NAMING, EIO, KEYWARD_IO, KEYWARD_OK},
    {"ENOMEM of a mapping", OWN, SYSTEM_MMAP, ENOMEM, KEYWARD_NOMEM, KEYWARD_OK},
    {.name = NULL},
};

bool fault_install(void)
{
    bool installed = memory_install() && unix_install();

    vfs_install();
    return installed;
}

void fault_begin(const struct fault *fault, int nth, enum fault_length length)
{
    switch (fault->source) {
    case SQLITE_MEMORY:
        memory_fail(MEMORY_OF_SQLITE, nth, length);
        break;
    case LIBRARY_MEMORY:
        memory_fail(MEMORY_OF_LIBRARY, nth, length);
        break;
    case DISK:
        vfs_fail((enum io_kind)fault->kind, nth, length, fault->code);
        break;
    case KERNEL:
        vfs_fail(IO_NOTHING, 1, FAIL_ONCE, SQLITE_OK);
        unix_fail((enum unix_call)fault->kind, nth, length, fault->code);
        break;
    case OWN:
        system_fail((enum system_call)fault->kind, nth, length, fault->code);
        break;
    }
}

enum fault_length fault_lasting(const struct fault *fault)
{
    return fault->status == KEYWARD_OK ? FAIL_A_FEW : FAIL_FROM_THEN_ON;
}

int fault_end(const struct fault *fault)
{
    switch (fault->source) {
    case DISK:
        return vfs_stop();
    case KERNEL:
        vfs_stop();
        return unix_stop();
    case OWN:
        return system_stop();
    default:
        return memory_stop();
    }
}

int fault_calls(const struct fault *fault)
{
    switch (fault->source) {
    case DISK:
        return vfs_calls();
    case KERNEL:
        return unix_calls();
    case OWN:
        return 0; /* few enough */
    default:
        return memory_calls();
    }
}

bool fault_explains(const struct fault *fault, enum keyward_status status)
{
    return status != KEYWARD_OK && (status == fault->status || status == fault->also);
}

bool fault_explains_code(const struct fault *fault, int sqlite_code)
{
    int primary = sqlite_code & 0xFF;

    switch (fault->source) {
    case LIBRARY_MEMORY:
    case OWN:
        return sqlite_code == 0;
    case KERNEL:
        return sqlite_code == 0 || primary == SQLITE_IOERR || primary == SQLITE_FULL ||
               primary == SQLITE_BUSY || primary == SQLITE_PROTOCOL || primary == SQLITE_CANTOPEN ||
               primary == SQLITE_READONLY;
    default:
        break;
    }
    if (fault->status == KEYWARD_BUSY) /* SQLite calls it a protocol error after many attempts */
        return sqlite_code == SQLITE_BUSY || sqlite_code == SQLITE_PROTOCOL;
    if (fault->status == KEYWARD_NOMEM)
        return sqlite_code == SQLITE_NOMEM || sqlite_code == SQLITE_IOERR_NOMEM;
    return primary == (fault->code & 0xFF);
}
