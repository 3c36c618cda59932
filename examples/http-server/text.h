/* SPDX-License-Identifier: MIT */
/* A text that grows, in memory that is wiped. */
#ifndef HTTP_SERVER_TEXT_H
#define HTTP_SERVER_TEXT_H

#include <stddef.h>

/* `failed` once there was no memory for it. Zero-initialised: empty. */
struct text {
    char *bytes; /* always ends in a NUL, NULL while empty */
    size_t length, capacity;
    int failed;
};

void text_add(struct text *text, const char *bytes, size_t length);
__attribute__((format(printf, 2, 3))) void text_format(struct text *text, const char *format, ...);
void text_release(struct text *text);

#endif
