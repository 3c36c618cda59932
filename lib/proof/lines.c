/* SPDX-License-Identifier: MIT */
#include "proof/lines.h"
#include "base/text.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct span span_of(const struct buffer *buffer)
{
    return (struct span){buffer->bytes, buffer->length};
}

bool span_equal(struct span a, struct span b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

bool span_is(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

bool span_begins(struct span span, const char *prefix)
{
    size_t length = strlen(prefix);
    return span.length >= length && memcmp(span.at, prefix, length) == 0;
}

struct span span_after(struct span span, size_t count)
{
    return (struct span){span.at + count, span.length - count};
}

bool text_is_printable(const char *text, size_t length, bool lines)
{
    for (size_t i = 0; i < length; i++) {
        bool ends_line = lines && text[i] == '\n';
        if ((unsigned char)text[i] < 0x20 && !ends_line)
            return false;
    }
    return true;
}

static enum keyward_status wrong(const char *what, const char *problem, struct error *error)
{
    return error_set(error, KEYWARD_UNPROVEN, "%s: %s", what, problem);
}

enum keyward_status lines_begin(struct lines *lines, const char *what, const char *text,
                                size_t length, struct error *error)
{
    if (length == 0) /* of no bytes there need not be a first one */
        return wrong(what, "is empty", error);
    *lines = (struct lines){.what = what, .at = text, .end = text + length};
    if (length > KEYWARD_RECEIPT_MAX)
        return error_set(error, KEYWARD_UNPROVEN, "%s: has more than %d bytes", what,
                         KEYWARD_RECEIPT_MAX);
    if (!text_is_printable(text, length, true))
        return wrong(what, "has a control character in it", error);
    if (!text_is_utf8(text, length))
        return wrong(what, "is not UTF-8", error);
    if (text[length - 1] != '\n')
        return wrong(what, "does not end with a new line", error);
    return KEYWARD_OK;
}

bool lines_next(struct lines *lines, struct span *line)
{
    const char *newline;

    lines->number++;
    if (lines->at == lines->end)
        return false;
    newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
    *line = (struct span){lines->at, (size_t)(newline - lines->at)};
    lines->at = newline + 1;
    return true;
}

enum keyward_status lines_wrong(const struct lines *lines, const char *problem, struct error *error)
{
    return error_set(error, KEYWARD_UNPROVEN, "%s: line %zu: %s", lines->what, lines->number,
                     problem);
}

bool decimal_parse(struct span text, int64_t largest, int64_t *number)
{
    *number = 0;
    if (text.length == 0 || (text.length > 1 && text.at[0] == '0'))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        int digit = text.at[i] - '0';
        if (digit < 0 || digit > 9 || *number > (largest - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return true;
}

/* The six bits that a digit stands for, or -1. */
static int base64_value(char digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return digit - '0' + 52;
    if (digit == '+')
        return 62;
    return digit == '/' ? 63 : -1;
}

/* The bits of 2 to 4 digits, the first one's uppermost in 24; false where one is no digit, or
 * where bits are set that belong to no whole byte. */
static bool base64_group(const char *digits, size_t count, uint32_t *group)
{
    *group = 0;
    for (size_t i = 0; i < count; i++) {
        int value = base64_value(digits[i]);
        if (value < 0)
            return false;
        *group |= (uint32_t)value << (18 - 6 * i);
    }
    return (*group & (UINT32_C(0xFFFFFF) >> (8 * (count - 1)))) == 0;
}

bool base64_decode(struct span text, void *bytes, size_t room, size_t *length)
{
    unsigned char *out = bytes;
    size_t padding = 0;

    *length = 0;
    if (text.length == 0 || text.length % 4 != 0)
        return false;
    while (padding < 2 && text.at[text.length - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < text.length; i += 4) {
        size_t digits = i + 4 == text.length ? 4 - padding : 4;
        uint32_t group;
        if (!base64_group(text.at + i, digits, &group))
            return false;
        for (size_t j = 0; j < digits - 1; j++, ++*length) {
            if (*length < room)
                out[*length] = (unsigned char)(group >> (16 - 8 * j));
        }
    }
    return true;
}

void base64_add(struct buffer *buffer, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    char block[65]; /* of 48 bytes, so that only the last is padded */

    while (length > 0) {
        size_t step = length < 48 ? length : 48;
        sodium_bin2base64(block, sizeof block, at, step, sodium_base64_VARIANT_ORIGINAL);
        buffer_add_text(buffer, block);
        at += step;
        length -= step;
    }
}

void decimal_add(struct buffer *buffer, int64_t number)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRId64, number);
    buffer_add_text(buffer, digits);
}
