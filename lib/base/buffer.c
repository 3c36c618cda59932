/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM ((size_t)1024)

static bool grow(struct buffer *buffer, size_t needed)
{
    size_t room = buffer->room > 0 ? buffer->room : FIRST_ROOM;
    char *bytes;

    while (room < needed)
        room *= 2;
    bytes = malloc(room);
    if (!bytes)
        return false;
    if (buffer->length > 0)
        memcpy(bytes, buffer->bytes, buffer->length);
    free(buffer->bytes);
    buffer->bytes = bytes;
    buffer->room = room;
    return true;
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
    if (length > buffer->room - buffer->length && !buffer->failed)
        buffer->failed = !grow(buffer, buffer->length + length);
    if (buffer->failed || length == 0)
        return;
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_release(struct buffer *buffer)
{
    const struct buffer empty = {.bytes = NULL};

    free(buffer->bytes);
    *buffer = empty;
}
