/* SPDX-License-Identifier: MIT */
#include "text.h"
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int text_reserve(struct text *text, size_t more)
{
    size_t needed = text->length + more + 1, capacity = text->capacity ? text->capacity : 256;
    char *bytes;

    if (text->failed || needed <= text->capacity)
        return !text->failed;
    while (capacity < needed)
        capacity *= 2;
    bytes = memory_allocate(capacity);
    if (!bytes) {
        text->failed = 1;
        return 0;
    }
    if (text->length > 0)
        memcpy(bytes, text->bytes, text->length);
    memory_release(text->bytes);
    text->bytes = bytes;
    text->capacity = capacity;
    return 1;
}

void text_add(struct text *text, const char *bytes, size_t length)
{
    if (!text_reserve(text, length))
        return;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_format(struct text *text, const char *format, ...)
{
    char line[512];
    va_list values;
    int length;

    va_start(values, format);
    length = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    if (length < 0 || (size_t)length >= sizeof line)
        text->failed = 1;
    else
        text_add(text, line, (size_t)length);
}

void text_release(struct text *text)
{
    memory_release(text->bytes);
    *text = (struct text){0};
}
