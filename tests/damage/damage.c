/* SPDX-License-Identifier: MIT */
#include "damage/damage.h"

#include <stdlib.h>
#include <string.h>

#define LOG_HEADER ((size_t)32)
#define FRAME_HEADER ((size_t)24)

const char *const damage_names[DAMAGE_KINDS] = {
    [FLIP_DATABASE] = "flip-database", [FLIP_LOG] = "flip-log",
    [CUT_DATABASE] = "cut-database",   [CUT_LOG] = "cut-log",
    [CUT_BOTH] = "cut-both",           [ZERO_DATABASE] = "zero-database",
    [ZERO_LOG] = "zero-log",           [SWAP_PAGES] = "swap-pages",
    [OLD_PAGE] = "old-page",
};

/* What is done to a byte: each bit in turn, all, and what makes a small number another. */
static const unsigned char masks[] = {1, 2, 4, 8, 16, 32, 64, 128, 255, 3};
#define MASKS (sizeof masks)

static size_t pages(const struct scene *scene)
{
    return scene->image.database.length / STORE_PAGE;
}

size_t damage_count(const struct scene *scene, enum damage_kind kind)
{
    size_t database = scene->image.database.length, log = scene->image.log.length;
    size_t older = scene->older.length / STORE_PAGE;

    switch (kind) {
    case FLIP_DATABASE:
        return database * MASKS;
    case FLIP_LOG:
        return log * MASKS;
    case CUT_DATABASE:
        return database;
    case CUT_LOG:
        return log;
    case CUT_BOTH:
        return log > 0 ? database : 0;
    case ZERO_DATABASE:
        return database / SECTOR;
    case ZERO_LOG:
        return log / SECTOR;
    case SWAP_PAGES:
        return pages(scene) * pages(scene);
    case OLD_PAGE:
        return older < pages(scene) ? older : pages(scene);
    default:
        return 0;
    }
}

struct damage damage_at(const struct scene *scene, enum damage_kind kind, size_t index)
{
    switch (kind) {
    case FLIP_DATABASE:
    case FLIP_LOG:
        return (struct damage){kind, index / MASKS, masks[index % MASKS]};
    case ZERO_DATABASE:
    case ZERO_LOG:
        return (struct damage){kind, index * SECTOR, 0};
    case SWAP_PAGES:
        return (struct damage){kind, index / pages(scene), index % pages(scene)};
    default:
        return (struct damage){kind, index, 0};
    }
}

/* ---- doing it ---- */

static struct bytes copy_of(const struct bytes *bytes)
{
    struct bytes copy = {NULL, bytes->length};

    if (!bytes->at)
        return copy;
    copy.at = malloc(bytes->length + 1);
    if (!copy.at)
        abort();
    memcpy(copy.at, bytes->at, bytes->length);
    return copy;
}

void image_free(struct image *image)
{
    free(image->database.at);
    free(image->log.at);
}

static void zero(struct bytes *bytes, size_t at)
{
    if (at < bytes->length)
        memset(bytes->at + at, 0, bytes->length - at < SECTOR ? bytes->length - at : SECTOR);
}

static void cut(struct bytes *bytes, size_t length)
{
    if (length < bytes->length)
        bytes->length = length;
}

static void flip(struct bytes *bytes, size_t at, size_t mask)
{
    if (at < bytes->length)
        bytes->at[at] ^= (unsigned char)mask;
}

static void swap(struct bytes *bytes, size_t a, size_t b)
{
    unsigned char kept[STORE_PAGE];

    if (a >= b || b >= bytes->length / STORE_PAGE)
        return;
    memcpy(kept, bytes->at + a * STORE_PAGE, STORE_PAGE);
    memcpy(bytes->at + a * STORE_PAGE, bytes->at + b * STORE_PAGE, STORE_PAGE);
    memcpy(bytes->at + b * STORE_PAGE, kept, STORE_PAGE);
}

static bool is_same(const struct bytes *a, const struct bytes *b)
{
    return a->length == b->length && (!a->at || memcmp(a->at, b->at, a->length) == 0);
}

bool damage_apply(const struct scene *scene, const struct damage *damage, struct image *image)
{
    struct bytes *database = &image->database, *log = &image->log;
    size_t at = damage->at;

    *image = (struct image){copy_of(&scene->image.database), copy_of(&scene->image.log)};
    if (damage->kind == FLIP_DATABASE || damage->kind == FLIP_LOG)
        flip(damage->kind == FLIP_LOG ? log : database, at, damage->value);
    if (damage->kind == CUT_DATABASE || damage->kind == CUT_BOTH)
        cut(database, at);
    if (damage->kind == CUT_LOG)
        cut(log, at);
    if (damage->kind == CUT_BOTH)
        cut(log, scene->image.log.length * at / scene->image.database.length);
    if (damage->kind == ZERO_DATABASE || damage->kind == ZERO_LOG)
        zero(damage->kind == ZERO_LOG ? log : database, at);
    if (damage->kind == SWAP_PAGES)
        swap(database, at, damage->value);
    if (damage->kind == OLD_PAGE && (at + 1) * STORE_PAGE <= scene->older.length)
        memcpy(database->at + at * STORE_PAGE, scene->older.at + at * STORE_PAGE, STORE_PAGE);
    return !is_same(database, &scene->image.database) || !is_same(log, &scene->image.log);
}

/* ---- what it is done to ---- */

static size_t number_at(const unsigned char *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/* Pages that are no tree's, as overflow and free ones, count as cells. */
static enum structure structure_in_page(const unsigned char *page, size_t begin, size_t at)
{
    const unsigned char *header = page + begin;
    size_t header_length = header[0] == 2 || header[0] == 5 ? 12 : 8;
    size_t pointers = begin + header_length + 2 * number_at(header + 3);

    if (header[0] != 2 && header[0] != 5 && header[0] != 10 && header[0] != 13)
        return CELLS;
    if (at < begin + header_length)
        return PAGE_HEADER;
    if (at < pointers)
        return CELL_POINTERS;
    return at < number_at(header + 5) ? UNUSED : CELLS;
}

static enum structure structure_in_database(const struct bytes *database, size_t at)
{
    size_t page = at / STORE_PAGE;

    if (at < 100)
        return FILE_HEADER;
    return structure_in_page(database->at + page * STORE_PAGE, page == 0 ? 100 : 0,
                             at % STORE_PAGE);
}

static enum structure structure_in_log(const struct bytes *log, size_t at)
{
    size_t frame = at < LOG_HEADER ? 0 : (at - LOG_HEADER) / (FRAME_HEADER + STORE_PAGE);
    size_t begin = LOG_HEADER + frame * (FRAME_HEADER + STORE_PAGE);
    const unsigned char *page = log->at + begin + FRAME_HEADER;

    if (at < LOG_HEADER)
        return FILE_HEADER;
    if (begin + FRAME_HEADER + STORE_PAGE > log->length)
        return UNUSED;
    if (number_at(log->at + begin) == 0 && number_at(log->at + begin + 2) == 0)
        return UNUSED; /* zeros for what is to come */
    if (at < begin + FRAME_HEADER)
        return PAGE_HEADER;
    return structure_in_page(page, number_at(log->at + begin + 2) == 1 ? 100 : 0,
                             at - begin - FRAME_HEADER);
}

enum structure structure_at(const struct image *image, const struct damage *damage)
{
    if (damage->kind == FLIP_DATABASE)
        return structure_in_database(&image->database, damage->at);
    return structure_in_log(&image->log, damage->at);
}
