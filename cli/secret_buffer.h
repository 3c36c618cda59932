/* SPDX-License-Identifier: MIT */
/* Where secrets and master keys lie while the program has them: a few buffers that are locked into
 * memory where the system allows it, and wiped when given back and whenever the program exits. */
#ifndef KEYWARD_CLI_SECRET_BUFFER_H
#define KEYWARD_CLI_SECRET_BUFFER_H

#include <keyward/keyward.h>
#include <stddef.h>

/* A secret, a line end, and one more byte, so that one too long is seen. */
#define SECRET_BUFFER_SIZE (KEYWARD_SECRET_MAX + 4)

struct secret_buffer {
    size_t length;
    char text[SECRET_BUFFER_SIZE];
};

/* Switches core dumps off, and has the buffers wiped on exit. Call it first. */
void secret_buffers_start(void);

/* An empty one. */
struct secret_buffer *secret_buffer_take(void);

/* Wipes it and takes it back, leaving NULL; accepts NULL. */
void secret_buffer_give(struct secret_buffer **buffer);

/* Wipes all of them: for who is about to end without exit(). */
void secret_buffers_wipe(void);

/* Overwrites memory in a way that no compiler leaves out. */
void wipe(void *memory, size_t size);

#endif
