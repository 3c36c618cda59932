/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <jansson.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>

/* In front of each piece, so that whoever gives it back need not know its size. */
union header {
    size_t size;
    max_align_t alignment;
};

void *memory_allocate(size_t size)
{
    union header *header;

    if (size > SIZE_MAX - sizeof *header)
        return NULL;
    header = calloc(1, sizeof *header + size);
    if (!header)
        return NULL;
    header->size = size;
    return header + 1;
}

void memory_release(void *memory)
{
    union header *header = memory;

    if (!memory)
        return;
    header--;
    sodium_memzero(memory, header->size);
    free(header);
}

void memory_serve_json(void)
{
    json_set_alloc_funcs(memory_allocate, memory_release);
}
