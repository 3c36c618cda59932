/* SPDX-License-Identifier: MIT */
#include "connection/page.h"

#include <string.h>

/* "B-tree Pages" in SQLite's "Database File Format". */
#define FILE_HEADER 100
enum { FLAGS = 0, FIRST_FREE_BLOCK = 1, CELLS = 3, CONTENT = 5 };
enum { INTERIOR_INDEX = 2, INTERIOR_TABLE = 5, LEAF_INDEX = 10, LEAF_TABLE = 13 };
#define FREE_BLOCK_HEADER 4 /* where the next one is, and how long this one is */

static size_t number_at(const unsigned char *bytes)
{
    return (size_t)bytes[0] << 8 | bytes[1];
}

/* Of a B-tree page's header; 0 for another page. */
static size_t header_length(unsigned char flags)
{
    if (flags == LEAF_INDEX || flags == LEAF_TABLE)
        return 8;
    return flags == INTERIOR_INDEX || flags == INTERIOR_TABLE ? 12 : 0;
}

/* They lie among the cells, in order. */
static void clean_free_blocks(unsigned char *page, size_t length, size_t block, size_t from)
{
    while (block >= from && block + FREE_BLOCK_HEADER <= length) {
        size_t size = number_at(page + block + 2);
        if (size < FREE_BLOCK_HEADER || block + size > length)
            return;
        memset(page + block + FREE_BLOCK_HEADER, 0, size - FREE_BLOCK_HEADER);
        from = block + size;
        block = number_at(page + block);
    }
}

void page_clean(unsigned char *page, size_t length, bool is_first)
{
    unsigned char *header = page + (is_first ? FILE_HEADER : 0);
    size_t begin = header_length(header[FLAGS]), end = number_at(header + CONTENT);

    if (begin == 0)
        return;
    begin += (size_t)(header - page) + 2 * number_at(header + CELLS);
    if (begin > end || end > length)
        return;
    memset(page + begin, 0, end - begin);
    clean_free_blocks(page, length, number_at(header + FIRST_FREE_BLOCK), end);
}
