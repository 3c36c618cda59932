/* SPDX-License-Identifier: MIT */
#include "support/figures.h"
#include "support/fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ROOM 512

static char *figures; /* shared: the tests have processes of their own */

int run_suite_with_figures(Suite *suite)
{
    void *shared = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int code;

    if (shared == MAP_FAILED)
        abort();
    figures = shared;
    code = run_suite(suite);
    if (figures[0] != '\0')
        printf("%s\n", figures);
    return code;
}

void figures_set(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(figures, ROOM, format, arguments);
    va_end(arguments);
}
