/* SPDX-License-Identifier: MIT */
/*
 * Any 15 bytes in a row have 8 in them that begin at a multiple of 8. So the search looks at whole
 * words of memory only, in a table of every 8 bytes of every needle, and what it meets it compares
 * to both sides.
 */
#include "secrets/needles.h"

#include <check.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_BITS 20
#define TABLE_SIZE (1U << TABLE_BITS)

/* Where in which needle a word stands; the next one of the same place in the table. */
struct word {
    uint64_t value;
    const struct needle *needle;
    size_t within;
    struct word *next;
};

/* A needle with its words. */
struct block {
    struct block *next;
    struct needle needle;
    struct word words[];
};

struct needles {
    struct block *blocks;
    struct word *table[TABLE_SIZE];
};

static void *allocate(size_t count, size_t size)
{
    void *block = calloc(count, size);

    ck_assert_ptr_nonnull(block);
    return block;
}

struct needles *needles_new(void)
{
    return allocate(1, sizeof(struct needles));
}

void needles_free(struct needles *needles)
{
    struct block *block = needles->blocks;

    while (block) {
        struct block *next = block->next;
        free(block->needle.bytes);
        free(block);
        block = next;
    }
    free(needles);
}

static uint64_t load(const unsigned char *from)
{
    uint64_t value;

    memcpy(&value, from, sizeof value);
    return value;
}

static struct word **place_of(struct needles *needles, uint64_t value)
{
    return &needles->table[value * UINT64_C(0x9E3779B97F4A7C15) >> (64 - TABLE_BITS)];
}

void needles_add(struct needles *needles, enum needle_kind kind, size_t owner, const char *form,
                 const void *bytes, size_t length)
{
    size_t words = length - 7;
    struct block *block;

    ck_assert_uint_ge(length, PIECE);
    block = allocate(1, sizeof *block + words * sizeof *block->words);
    block->needle = (struct needle){kind, owner, form, allocate(1, length), length};
    memcpy(block->needle.bytes, bytes, length);
    block->next = needles->blocks;
    needles->blocks = block;
    for (size_t i = 0; i < words; i++) {
        struct word **place = place_of(needles, load(block->needle.bytes + i));
        block->words[i] = (struct word){load(block->needle.bytes + i), &block->needle, i, *place};
        *place = &block->words[i];
    }
}

/* Base64 of what begins one or two bytes further on looks different. */
static void add_base64(struct needles *needles, size_t owner, const unsigned char *bytes,
                       size_t length, unsigned variant)
{
    for (size_t i = 0; i < 3; i++) {
        size_t size = sodium_base64_ENCODED_LEN(length - i, variant);
        char *text = allocate(1, size);

        sodium_bin2base64(text, size, bytes + i, length - i, (int)variant);
        needles_add(needles, NEEDLE_OTHER, owner, "base64", text, strlen(text) - 4);
        free(text);
    }
}

void needles_add_encoded(struct needles *needles, size_t owner, const void *bytes, size_t length)
{
    char *text = allocate(2, length + 1);

    sodium_bin2hex(text, 2 * length + 1, bytes, length);
    needles_add(needles, NEEDLE_OTHER, owner, "hexadecimal", text, 2 * length);
    for (size_t i = 0; i < 2 * length; i++) {
        if (text[i] >= 'a')
            text[i] = (char)(text[i] - 'a' + 'A');
    }
    needles_add(needles, NEEDLE_OTHER, owner, "hexadecimal", text, 2 * length);
    free(text);
    add_base64(needles, owner, bytes, length, sodium_base64_VARIANT_ORIGINAL);
    add_base64(needles, owner, bytes, length, sodium_base64_VARIANT_URLSAFE);
}

/* How far the two are equal from there on, and before. */
static size_t equal_after(const unsigned char *a, size_t a_left, const unsigned char *b,
                          size_t b_left)
{
    size_t count = 0;

    while (count < a_left && count < b_left && a[count] == b[count])
        count++;
    return count;
}

static size_t equal_before(const unsigned char *a, size_t a_left, const unsigned char *b,
                           size_t b_left)
{
    size_t count = 0;

    while (count < a_left && count < b_left && *(a - count - 1) == *(b - count - 1))
        count++;
    return count;
}

void needles_search(struct needles *needles, const unsigned char *bytes, size_t size,
                    needle_found *found, void *context)
{
    for (size_t at = 0; at + 8 <= size; at += 8) {
        uint64_t value = load(bytes + at);

        if (value == 0)
            continue;
        for (const struct word *word = *place_of(needles, value); word; word = word->next) {
            const struct needle *needle = word->needle;
            size_t before, after;

            if (word->value != value)
                continue;
            before = equal_before(bytes + at, at, needle->bytes + word->within, word->within);
            after = equal_after(bytes + at, size - at, needle->bytes + word->within,
                                needle->length - word->within);
            if (before + after >= PIECE && before < 8) /* once a piece: at its first word */
                found(context, needle, word->within - before, at - before, before + after);
        }
    }
}
