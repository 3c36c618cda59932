/* SPDX-License-Identifier: MIT */
/* What the suites share asserts by Check, which wants to be running a test. In a fuzzer it is not:
 * an assertion that fails ends the program. The names are the linker's (--wrap=...). */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

void __wrap__mark_point(const char *file, int line);
_Noreturn void __wrap__ck_assert_failed(const char *file, int line, const char *expression,
                                        const char *format, ...);

void __wrap__mark_point(const char *file, int line)
{
    (void)file;
    (void)line;
}

_Noreturn void __wrap__ck_assert_failed(const char *file, int line, const char *expression,
                                        const char *format, ...)
{
    (void)format;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, expression);
    abort();
}
