/* SPDX-License-Identifier: MIT */
#include "crash/platter.h"
#include "support/chance.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is safe ---- */

void platter_init(struct platter *platter, const struct trace *trace, const char *store)
{
    memset(platter, 0, sizeof *platter);
    platter->trace = trace;
    platter->store = store;
}

void platter_free(struct platter *platter)
{
    for (int i = 0; i < DISK_FILES; i++) {
        free(platter->files[i].safe.bytes);
        free(platter->files[i].pending.calls);
    }
    free(platter->names_pending.calls);
    memset(platter, 0, sizeof *platter);
}

void platter_load(struct platter *platter, const struct disk *disk)
{
    platter->file_count = disk->file_count;
    memcpy(platter->names, disk->names, sizeof platter->names);
    for (int i = 0; i < DISK_FILES; i++) {
        int file = disk->names[i].file;
        if (disk->names[i].name[0] != '\0')
            disk_copy(&platter->files[file].safe, &disk->files[file]);
    }
}

static void add(struct pending *pending, int64_t call)
{
    if (pending->count == pending->room) {
        pending->room = pending->room ? 2 * pending->room : 64;
        pending->calls = realloc(pending->calls, (size_t)pending->room * sizeof *pending->calls);
        if (!pending->calls)
            abort();
    }
    pending->calls[pending->count++] = call;
}

static const struct call *call_of(const struct platter *platter, const struct pending *pending,
                                  int place)
{
    return &platter->trace->calls[pending->calls[place]];
}

/* Its sectors that lie within the file's size; that is set already. */
static void put_sectors(struct disk_file *file, const struct call *call, size_t from, size_t length)
{
    size_t has = (file->size + SECTOR - 1) / SECTOR * SECTOR;

    if (from >= has)
        return;
    if (from + length > has)
        length = has - from;
    memcpy(file->bytes + from, call->bytes + (from - call->at), length);
    if (from + length > file->size) /* of the last sector what is behind the end is zeros */
        memset(file->bytes + file->size, 0, from + length - file->size);
}

static void make_safe(struct platter *platter, struct safe_file *file)
{
    for (int i = 0; i < file->pending.count; i++) {
        const struct call *call = call_of(platter, &file->pending, i);
        disk_set_size(&file->safe, call->size);
        put_sectors(&file->safe, call, call->at, call->length);
    }
    file->pending.count = 0;
}

static void apply_name(struct disk_name *names, const struct call *call)
{
    const char *added = call->kind == CALL_CREATE ? call->name : call->to, *removed = call->name;
    bool removes = call->kind == CALL_REMOVE || call->kind == CALL_RENAME;
    int place = 0;

    for (int i = 0; removes && i < DISK_FILES; i++) {
        if (strcmp(names[i].name, removed) == 0)
            names[i].name[0] = '\0';
    }
    if (call->kind == CALL_REMOVE)
        return;
    while (place < DISK_FILES && strcmp(names[place].name, added) != 0)
        place++;
    for (int i = 0; place == DISK_FILES && i < DISK_FILES; i++) {
        if (names[i].name[0] == '\0')
            place = i;
    }
    if (place == DISK_FILES)
        abort();
    strcpy(names[place].name, added);
    names[place].file = call->file;
}

static unsigned lie_about(const char *name, const char *store)
{
    const char *rest = name + strlen(store);

    if (*rest == '\0' || strcmp(rest, "-journal") == 0)
        return LIE_ABOUT_DATABASE;
    return strcmp(rest, "-wal") == 0 ? LIE_ABOUT_LOG : LIE_ABOUT_COPY;
}

void platter_begin(struct platter *platter)
{
    const struct call *call = &platter->trace->calls[platter->at];

    if (call->kind == CALL_CREATE) {
        platter->files[call->file].lie = lie_about(call->name, platter->store);
        if (call->file >= platter->file_count)
            platter->file_count = call->file + 1;
    }
    if (call->kind == CALL_WRITE || call->kind == CALL_TRUNCATE)
        add(&platter->files[call->file].pending, platter->at);
    else if (call->kind != CALL_FLUSH && call->kind != CALL_FLUSH_FOLDER)
        add(&platter->names_pending, platter->at);
}

void platter_end(struct platter *platter)
{
    const struct call *call = &platter->trace->calls[platter->at];

    if (call->kind == CALL_FLUSH && !(platter->lies & platter->files[call->file].lie))
        make_safe(platter, &platter->files[call->file]);
    if (call->kind == CALL_FLUSH_FOLDER && !(platter->lies & LIE_ABOUT_FOLDER)) {
        for (int i = 0; i < platter->names_pending.count; i++)
            apply_name(platter->names, call_of(platter, &platter->names_pending, i));
        platter->names_pending.count = 0;
    }
    platter->at++;
}

/* ---- what is left ---- */

/* How much of what is open survives; each cut draws its own. */
struct fate {
    uint64_t chance;
    enum { NOTHING, EVERYTHING, SECTORS, WHOLE_CALLS, FIRST_CALLS } kind;
    uint64_t of_16; /* the chance of each, in sixteenths */
};

static struct fate draw_fate(uint64_t chance)
{
    struct fate fate = {.chance = chance};

    switch (chance_below(&fate.chance, 8)) {
    case 0:
        fate.kind = NOTHING;
        break;
    case 1:
        fate.kind = EVERYTHING;
        break;
    case 2:
        fate.kind = WHOLE_CALLS;
        break;
    case 3:
        fate.kind = FIRST_CALLS;
        break;
    default:
        fate.kind = SECTORS;
        break;
    }
    fate.of_16 = 1 + chance_below(&fate.chance, 15);
    return fate;
}

static bool survives(struct fate *fate)
{
    return fate->kind == EVERYTHING ||
           (fate->kind != NOTHING && chance_below(&fate->chance, 16) < fate->of_16);
}

/* A file system changes a file's size at once, or not at all: of what a truncation cuts off there
 * is never a part left. SQLite relies on that, where it cuts its log to nothing. */
static void cut_write(struct fate *fate, struct disk_file *file, const struct call *call)
{
    if (fate->kind == SECTORS && call->kind == CALL_TRUNCATE && !survives(fate))
        return;
    if (fate->kind != SECTORS || call->kind == CALL_TRUNCATE) {
        put_sectors(file, call, call->at, call->length);
        return;
    }
    for (size_t at = call->at; at < call->at + call->length; at += SECTOR) {
        if (survives(fate))
            put_sectors(file, call, at, SECTOR);
    }
}

/* The size is any of those that the file has had since it was flushed. */
static size_t cut_size(const struct platter *platter, struct fate *fate,
                       const struct safe_file *safe, const struct pending *pending)
{
    uint64_t place = fate->kind == NOTHING ? 0
                     : fate->kind == EVERYTHING
                         ? (uint64_t)pending->count
                         : chance_below(&fate->chance, (uint64_t)pending->count + 1);

    return place == 0 ? safe->safe.size : call_of(platter, pending, (int)place - 1)->size;
}

static void cut_file(const struct platter *platter, struct fate *fate, int number,
                     struct disk_file *file)
{
    const struct safe_file *safe = &platter->files[number];
    const struct pending *pending = &safe->pending;
    size_t size = cut_size(platter, fate, safe, pending);
    int kept = fate->kind == FIRST_CALLS
                   ? (int)chance_below(&fate->chance, (uint64_t)pending->count + 1)
                   : pending->count;

    disk_copy(file, &safe->safe);
    disk_set_size(file, size);
    for (int i = 0; i < kept; i++) {
        const struct call *call = call_of(platter, pending, i);
        if (fate->kind == FIRST_CALLS || fate->kind == SECTORS || survives(fate))
            cut_write(fate, file, call);
    }
}

static void cut_names(const struct platter *platter, struct fate *fate, struct disk_name *names)
{
    memcpy(names, platter->names, sizeof platter->names);
    for (int i = 0; i < platter->names_pending.count; i++) {
        if (survives(fate))
            apply_name(names, call_of(platter, &platter->names_pending, i));
    }
}

void platter_cut(const struct platter *platter, struct disk *left, uint64_t chance)
{
    struct fate fate = draw_fate(chance);

    disk_clear(left);
    cut_names(platter, &fate, left->names);
    left->file_count = platter->file_count;
    for (int i = 0; i < DISK_FILES; i++) {
        struct disk_file *file = &left->files[left->names[i].file];
        if (left->names[i].name[0] == '\0')
            continue;
        cut_file(platter, &fate, left->names[i].file, file);
        file->is_traced = true;
    }
}
