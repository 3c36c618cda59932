/* SPDX-License-Identifier: MIT */
#include "base/result.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)4096)

struct chunk {
    struct chunk *next;
    size_t size, used;
    alignas(max_align_t) unsigned char bytes[];
};

/* Stands right in front of the object. */
struct header {
    alignas(max_align_t) struct chunk *chunks;
};

static struct header *header_of(void *result)
{
    return (struct header *)((unsigned char *)result - sizeof(struct header));
}

void *result_new(size_t size)
{
    struct header *header = calloc(1, sizeof *header + size);
    /* cppcheck-suppress memleak ; result_free() finds it in front of the object */
    return header ? header + 1 : NULL;
}

static struct chunk *chunk_new(struct chunk *next, size_t size)
{
    size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
    struct chunk *chunk = calloc(1, sizeof *chunk + room);

    if (chunk) {
        chunk->next = next;
        chunk->size = room;
    }
    return chunk;
}

void *result_alloc(void *result, size_t size)
{
    struct header *header = header_of(result);
    struct chunk *chunk = header->chunks;

    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (!chunk || chunk->size - chunk->used < size) {
        chunk = chunk_new(chunk, size);
        if (!chunk)
            return NULL;
        header->chunks = chunk;
    }
    chunk->used += size;
    return chunk->bytes + chunk->used - size;
}

void *result_copy(void *result, const void *bytes, size_t length)
{
    unsigned char *copy;

    if (!bytes)
        return NULL;
    copy = result_alloc(result, length + 1);
    if (copy)
        memcpy(copy, bytes, length); /* the NUL is there: memory comes zeroed */
    return copy;
}

const char *result_keep(void *result, const char *text, bool *complete)
{
    const char *copy = text ? result_copy(result, text, strlen(text)) : NULL;

    if (text && !copy)
        *complete = false;
    return copy;
}

void result_free(void *result)
{
    struct chunk *chunk, *next;

    if (!result)
        return;
    for (chunk = header_of(result)->chunks; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(header_of(result));
}
