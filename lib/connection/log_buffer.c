/* SPDX-License-Identifier: MIT */
#include "connection/log_buffer.h"

#include <string.h>

static struct log_buffer *buffer_of(sqlite3_file *log)
{
    return (struct log_buffer *)file_hook_of(log);
}

/* What could not be written is forgotten: the commit that wanted it fails. */
static int write_out(struct log_buffer *buffer, sqlite3_file *log)
{
    int length = buffer->length;

    buffer->length = 0;
    return length > 0 ? buffer->hook.real->xWrite(log, buffer->bytes, length, buffer->at)
                      : SQLITE_OK;
}

static int write_log(sqlite3_file *log, const void *bytes, int length, sqlite3_int64 at)
{
    struct log_buffer *buffer = buffer_of(log);
    int code = SQLITE_OK;

    if (at != buffer->at + buffer->length || length > LOG_BUFFER_BYTES - buffer->length)
        code = write_out(buffer, log);
    if (code != SQLITE_OK || length > LOG_BUFFER_BYTES)
        return code == SQLITE_OK ? buffer->hook.real->xWrite(log, bytes, length, at) : code;
    if (buffer->length == 0)
        buffer->at = at;
    memcpy(buffer->bytes + buffer->length, bytes, (size_t)length);
    buffer->length += length;
    return SQLITE_OK;
}

static int read_log(sqlite3_file *log, void *bytes, int length, sqlite3_int64 at)
{
    struct log_buffer *buffer = buffer_of(log);
    int code = write_out(buffer, log);

    return code == SQLITE_OK ? buffer->hook.real->xRead(log, bytes, length, at) : code;
}

static int truncate_log(sqlite3_file *log, sqlite3_int64 size)
{
    struct log_buffer *buffer = buffer_of(log);
    int code = write_out(buffer, log);

    return code == SQLITE_OK ? buffer->hook.real->xTruncate(log, size) : code;
}

static int flush_log(sqlite3_file *log, int flags)
{
    struct log_buffer *buffer = buffer_of(log);
    int code = write_out(buffer, log);

    return code == SQLITE_OK ? buffer->hook.real->xSync(log, flags) : code;
}

static int size_of_log(sqlite3_file *log, sqlite3_int64 *size)
{
    struct log_buffer *buffer = buffer_of(log);
    int code = write_out(buffer, log);

    return code == SQLITE_OK ? buffer->hook.real->xFileSize(log, size) : code;
}

void log_buffer_put(struct log_buffer *buffer, sqlite3_file *log)
{
    if (!file_hook_put(&buffer->hook, log))
        return;
    buffer->length = 0;
    buffer->hook.methods.xWrite = write_log;
    buffer->hook.methods.xRead = read_log;
    buffer->hook.methods.xTruncate = truncate_log;
    buffer->hook.methods.xSync = flush_log;
    buffer->hook.methods.xFileSize = size_of_log;
}

const sqlite3_io_methods *log_buffer_methods(sqlite3_file *log)
{
    return log->pMethods->xWrite == write_log ? buffer_of(log)->hook.real : log->pMethods;
}
