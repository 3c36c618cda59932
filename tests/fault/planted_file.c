/* SPDX-License-Identifier: MIT */
#include "fault/planted_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct planted_file *planted(sqlite3_file *file)
{
    return (struct planted_file *)file;
}

__attribute__((format(printf, 2, 3))) static void take_down(sqlite3_file *file, const char *format,
                                                            ...)
{
    char *told = planted(file)->told;
    size_t length = strlen(told);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(told + length, sizeof planted(file)->told - length, format, arguments);
    va_end(arguments);
}

static size_t room_for(const struct planted_file *file, int length)
{
    return (size_t)length < sizeof file->bytes ? (size_t)length : sizeof file->bytes;
}

static int planted_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 at)
{
    take_down(file, "read %d at %lld, ", length, at);
    memcpy(bytes, planted(file)->bytes, room_for(planted(file), length));
    return planted(file)->read_code;
}

static int planted_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 at)
{
    take_down(file, "write %d at %lld, ", length, at);
    memcpy(planted(file)->bytes, bytes, room_for(planted(file), length));
    return planted(file)->write_code;
}

static int planted_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    take_down(file, "truncate to %lld, ", size);
    return planted(file)->truncate_code;
}

static int planted_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    take_down(file, "sync, ");
    return planted(file)->sync_code;
}

static int planted_size(sqlite3_file *file, sqlite3_int64 *size)
{
    take_down(file, "size, ");
    *size = planted(file)->size;
    return planted(file)->size_code;
}

static int planted_map(sqlite3_file *file, int region, int size, int extend, void volatile **map)
{
    take_down(file, "map %d of %d%s, ", region, size, extend ? ", growing" : "");
    *map = planted(file)->shared;
    return planted(file)->map_code;
}

void planted_file_init(struct planted_file *file)
{
    memset(file, 0, sizeof *file);
    file->methods = (sqlite3_io_methods){
        .iVersion = 3,
        .xRead = planted_read,
        .xWrite = planted_write,
        .xTruncate = planted_truncate,
        .xSync = planted_sync,
        .xFileSize = planted_size,
        .xShmMap = planted_map,
    };
    file->base.pMethods = &file->methods;
}

const char *planted_file_told(struct planted_file *file)
{
    static char told[sizeof file->told];

    memcpy(told, file->told, sizeof told);
    file->told[0] = '\0';
    return told;
}
