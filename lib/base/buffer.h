/* SPDX-License-Identifier: MIT */
/*
 * Text that grows. Zero-initialised it is empty; the first failure to get memory sticks, so that it
 * is asked for once, at the end.
 */
#ifndef KEYWARD_BASE_BUFFER_H
#define KEYWARD_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *bytes; /* without a NUL */
    size_t length, room;
    bool failed; /* no memory: what it holds is not whole */
};

void buffer_add(struct buffer *buffer, const void *bytes, size_t length);
void buffer_add_text(struct buffer *buffer, const char *text);

/* Frees what it holds; it is empty again. */
void buffer_release(struct buffer *buffer);

#endif
