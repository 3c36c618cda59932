/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "operations/tiles.h"

#include <inttypes.h>
#include <stdio.h>

#define PATH_SIZE 64

struct publisher {
    struct database *database;
    const keyward_publication *publication;
    int64_t size;        /* of the checkpoint */
    struct buffer bytes; /* of the file that is being made */
    struct error *error;
};

/* Three digits a folder, as x001/x234/067, so that none holds more than a thousand. */
static size_t add_to_path(char *path, size_t length, int64_t number)
{
    int64_t unit = 1;

    while (number / unit >= 1000)
        unit *= 1000;
    for (; unit > 1; unit /= 1000)
        length += (size_t)snprintf(path + length, PATH_SIZE - length, "x%03d/",
                                   (int)(number / unit % 1000));
    return length +
           (size_t)snprintf(path + length, PATH_SIZE - length, "%03d", (int)(number % 1000));
}

static void make_path(char path[PATH_SIZE], int level, int64_t position, size_t width)
{
    size_t length = level == TILE_ENTRIES ? (size_t)snprintf(path, PATH_SIZE, "tile/entries/")
                                          : (size_t)snprintf(path, PATH_SIZE, "tile/%d/", level);

    length = add_to_path(path, length, position);
    if (width < TILE_HASHES)
        snprintf(path + length, PATH_SIZE - length, ".p/%zu", width);
}

/* The callback may call the library, which starts the error record anew. */
static enum keyward_status hand_out_file(struct publisher *publisher, const char *path)
{
    const keyward_publication *publication = publisher->publication;
    struct error kept = *publisher->error;
    int stop = publication->write(publication->write_context, path, publisher->bytes.bytes,
                                  publisher->bytes.length);

    *publisher->error = kept;
    return stop == 0 ? KEYWARD_OK : KEYWARD_CANCELLED;
}

static enum keyward_status write_tile(struct publisher *publisher, int level, int64_t position,
                                      size_t width)
{
    struct tile_request tile = {level, position, width, &publisher->bytes};
    char path[PATH_SIZE];
    enum keyward_status status =
        database_read(publisher->database, tile_read, &tile, publisher->error);

    if (status != KEYWARD_OK)
        return status;
    make_path(path, level, position, width);
    return hand_out_file(publisher, path);
}

/* Those of one level: the full ones that were not published before, and the one that is not. */
static enum keyward_status write_level(struct publisher *publisher, int level, int64_t hashes,
                                       int64_t published)
{
    enum keyward_status status = KEYWARD_OK;
    int64_t position = published / TILE_HASHES;

    for (; status == KEYWARD_OK && position < hashes / TILE_HASHES; position++)
        status = write_tile(publisher, level, position, TILE_HASHES);
    if (status == KEYWARD_OK && hashes % TILE_HASHES > 0)
        status = write_tile(publisher, level, position, (size_t)(hashes % TILE_HASHES));
    return status;
}

static enum keyward_status write_tiles(struct publisher *publisher)
{
    int64_t hashes = publisher->size, published = publisher->publication->published_size;
    enum keyward_status status = write_level(publisher, TILE_ENTRIES, hashes, published);

    for (int level = 0; status == KEYWARD_OK && hashes > 0; level++) {
        status = write_level(publisher, level, hashes, published);
        hashes /= TILE_HASHES;
        published /= TILE_HASHES;
    }
    return status;
}

/* The checkpoint comes last: what it promises is there by then. */
static enum keyward_status publish(struct publisher *publisher)
{
    struct buffer note = {.bytes = NULL}, tiles;
    struct checkpoint_text wanted = {publisher->publication->checkpoint_size, &note};
    enum keyward_status status =
        database_read(publisher->database, checkpoint_text, &wanted, publisher->error);

    publisher->size = wanted.size;
    if (status == KEYWARD_OK && publisher->publication->published_size > wanted.size) {
        argument_is_wrong(publisher->error, "publication.published_size",
                          "is more than the checkpoint covers");
        status = KEYWARD_INVALID;
    }
    if (status == KEYWARD_OK)
        status = write_tiles(publisher);
    tiles = publisher->bytes;
    publisher->bytes = note;
    if (status == KEYWARD_OK)
        status = hand_out_file(publisher, "checkpoint");
    buffer_release(&tiles);
    buffer_release(&note);
    return status;
}

static bool publication_is_valid(struct error *error, const keyward_publication *publication)
{
    if (!argument_is_given(error, "publication", publication))
        return false;
    if (!publication->write)
        return argument_is_wrong(error, "publication.write", "must not be NULL");
    if (publication->published_size < 0 || publication->checkpoint_size < 0)
        return argument_is_wrong(error, "publication", "has a negative size");
    return true;
}

enum keyward_status keyward_audit_publish(keyward *store, const keyward_actor *actor,
                                          const keyward_publication *publication)
{
    struct error *error = call_begin(store);
    struct publisher publisher = {.publication = publication, .error = error};
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK)
        status = arguments_status(argument_is_actor(error, actor) &&
                                  publication_is_valid(error, publication));
    if (status == KEYWARD_OK && !actor->is_host)
        status = KEYWARD_FORBIDDEN;
    if (status == KEYWARD_OK) {
        publisher.database = store->database;
        status = publish(&publisher);
    }
    return call_end(error, status);
}
