/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <keyward/keyward.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_exit(void *memory)
{
    if (!memory) {
        fputs("keyward: out of memory\n", stderr);
        exit(KEYWARD_NOMEM);
    }
    return memory;
}

void *allocate(size_t count, size_t size)
{
    return or_exit(calloc(count > 0 ? count : 1, size));
}

void *reallocate(void *memory, size_t count, size_t size)
{
    return or_exit(count <= SIZE_MAX / size ? realloc(memory, count * size) : NULL);
}

char *copy_text(const char *text)
{
    return or_exit(strdup(text));
}

char *format_text_list(const char *format, va_list values)
{
    char *text = NULL;

    if (vasprintf(&text, format, values) < 0)
        text = NULL;
    return or_exit(text);
}

char *format_text(const char *format, ...)
{
    va_list values;
    char *text;

    va_start(values, format);
    text = format_text_list(format, values);
    va_end(values);
    return text;
}
