/* SPDX-License-Identifier: MIT */
#include "crash/disk.h"

#include <stdlib.h>
#include <string.h>

static struct disk *in_use;

void disk_use(struct disk *disk)
{
    in_use = disk;
}

struct disk *disk_in_use(void)
{
    return in_use;
}

static void free_regions(struct disk_file *file)
{
    for (int i = 0; i < SHM_REGIONS; i++) {
        free(file->regions[i]);
        file->regions[i] = NULL;
    }
}

void disk_clear(struct disk *disk)
{
    for (int i = 0; i < disk->file_count; i++) {
        struct disk_file *file = &disk->files[i];
        free_regions(file);
        *file = (struct disk_file){.bytes = file->bytes, .room = file->room, .is_traced = false};
    }
    disk->file_count = 0;
    memset(disk->names, 0, sizeof disk->names);
}

void disk_free(struct disk *disk)
{
    disk_clear(disk);
    for (int i = 0; i < DISK_FILES; i++)
        free(disk->files[i].bytes);
    memset(disk, 0, sizeof *disk);
}

/* ---- names ---- */

static struct disk_name *entry_of(struct disk *disk, const char *name)
{
    for (int i = 0; i < DISK_FILES; i++) {
        if (strcmp(disk->names[i].name, name) == 0)
            return &disk->names[i];
    }
    return NULL;
}

int disk_find(struct disk *disk, const char *name)
{
    const struct disk_name *entry = entry_of(disk, name);
    return entry ? entry->file : -1;
}

void disk_put_name(struct disk *disk, const char *name, int file)
{
    struct disk_name *entry = entry_of(disk, name);

    if (!entry)
        entry = entry_of(disk, "");
    if (!entry || strlen(name) >= TRACE_NAME)
        abort(); /* a run with more files than this is not foreseen */
    strcpy(entry->name, name);
    entry->file = file;
}

static int new_file(struct disk *disk)
{
    struct disk_file *file = &disk->files[disk->file_count];

    if (disk->file_count == DISK_FILES)
        abort();
    file->size = 0;
    return disk->file_count++;
}

int disk_create(struct disk *disk, const char *name)
{
    int file = new_file(disk);

    if (!name)
        return file;
    disk_put_name(disk, name, file);
    disk->files[file].is_traced = true;
    if (disk->trace)
        strcpy(trace_add(disk->trace, CALL_CREATE, file)->name, name);
    return file;
}

bool disk_remove(struct disk *disk, const char *name)
{
    struct disk_name *entry = entry_of(disk, name);

    if (!entry)
        return false;
    if (disk->trace)
        strcpy(trace_add(disk->trace, CALL_REMOVE, entry->file)->name, name);
    entry->name[0] = '\0';
    return true;
}

/* `kind` says whether the file keeps its old name. */
static bool name_again(struct disk *disk, enum call_kind kind, const char *from, const char *to)
{
    struct disk_name *entry = entry_of(disk, from);
    int file;

    if (!entry)
        return false;
    file = entry->file;
    if (kind == CALL_RENAME)
        entry->name[0] = '\0';
    disk_put_name(disk, to, file);
    if (disk->trace) {
        struct call *call = trace_add(disk->trace, kind, file);
        strcpy(call->name, from);
        strcpy(call->to, to);
    }
    return true;
}

bool disk_rename(struct disk *disk, const char *from, const char *to)
{
    return name_again(disk, CALL_RENAME, from, to);
}

bool disk_link(struct disk *disk, const char *from, const char *to)
{
    return name_again(disk, CALL_LINK, from, to);
}

void disk_flush_folder(struct disk *disk)
{
    if (disk->trace)
        trace_add(disk->trace, CALL_FLUSH_FOLDER, -1);
}

/* ---- contents ---- */

static size_t sectors_of(size_t length)
{
    return (length + SECTOR - 1) / SECTOR * SECTOR;
}

static void make_room(struct disk_file *file, size_t needed)
{
    if (needed <= file->room)
        return;
    file->room = 2 * needed;
    file->bytes = realloc(file->bytes, file->room);
    if (!file->bytes)
        abort();
}

void disk_copy(struct disk_file *file, const struct disk_file *from)
{
    size_t whole = sectors_of(from->size);

    make_room(file, whole);
    if (whole > 0)
        memcpy(file->bytes, from->bytes, whole);
    file->size = from->size;
}

void disk_set_size(struct disk_file *file, size_t size)
{
    size_t needed = sectors_of(size);

    make_room(file, needed);
    /* Behind its end a file's last sector is zeros as well. */
    if (needed > 0 && size > file->size)
        memset(file->bytes + file->size, 0, needed - file->size);
    else if (needed > 0)
        memset(file->bytes + size, 0, needed - size);
    file->size = size;
}

/* The sectors from `at` to `end` as they are now; behind the end of the file they are zeros. */
static void note(struct disk *disk, enum call_kind kind, int file, size_t at, size_t end)
{
    const struct disk_file *there = &disk->files[file];
    struct call *call;
    size_t has = sectors_of(there->size);

    if (!disk->trace || !there->is_traced)
        return;
    call = trace_add(disk->trace, kind, file);
    call->at = at / SECTOR * SECTOR;
    call->length = sectors_of(end) - call->at;
    call->size = there->size;
    call->bytes = calloc(1, call->length + 1);
    if (!call->bytes)
        abort();
    if (has > call->at)
        memcpy(call->bytes, there->bytes + call->at,
               has - call->at < call->length ? has - call->at : call->length);
}

void disk_write(struct disk *disk, int file, const void *bytes, size_t length, size_t at)
{
    struct disk_file *there = &disk->files[file];

    if (at + length > there->size)
        disk_set_size(there, at + length);
    memcpy(there->bytes + at, bytes, length);
    note(disk, CALL_WRITE, file, at, at + length);
}

void disk_truncate(struct disk *disk, int file, size_t size)
{
    struct disk_file *there = &disk->files[file];
    size_t before = there->size;

    if (size == before)
        return;
    disk_set_size(there, size);
    note(disk, CALL_TRUNCATE, file, size < before ? size : before, size < before ? before : size);
}

void disk_flush(struct disk *disk, int file)
{
    if (disk->trace && disk->files[file].is_traced)
        trace_add(disk->trace, CALL_FLUSH, file);
}
