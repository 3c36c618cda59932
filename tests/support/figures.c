/* SPDX-License-Identifier: MIT */
#include "support/figures.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ROOM 512

static char *figures;

void figures_init(void)
{
    void *shared = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED)
        abort();
    figures = shared;
}

void figures_set(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(figures, ROOM, format, arguments);
    va_end(arguments);
}

void figures_show(void)
{
    if (figures[0] != '\0')
        printf("%s\n", figures);
}
