/* SPDX-License-Identifier: MIT */
/* For memset_s, where there is no explicit_bzero.
 * NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#define __STDC_WANT_LIB_EXT1__ 1
#include "secret_buffer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* A master key, a new one, a secret, and the same typed again. */
#define BUFFERS 4

static struct secret_buffer buffers[BUFFERS];
static bool taken[BUFFERS];

void wipe(void *memory, size_t size)
{
#ifdef __APPLE__
    memset_s(memory, size, 0, size);
#else
    explicit_bzero(memory, size);
#endif
}

void secret_buffers_wipe(void)
{
    wipe(buffers, sizeof buffers);
}

void secret_buffers_start(void)
{
    const struct rlimit none = {0, 0};

    /* None of these is worth refusing to work: they add to the wiping, which always happens. */
    (void)setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
    (void)mlock(buffers, sizeof buffers);
    if (atexit(secret_buffers_wipe) != 0)
        abort();
}

struct secret_buffer *secret_buffer_take(void)
{
    for (int i = 0; i < BUFFERS; i++) {
        if (!taken[i]) {
            taken[i] = true;
            return &buffers[i];
        }
    }
    abort(); /* no command has so many */
}

void secret_buffer_give(struct secret_buffer **buffer)
{
    if (*buffer) {
        wipe(*buffer, sizeof **buffer);
        taken[*buffer - buffers] = false;
    }
    *buffer = NULL;
}
