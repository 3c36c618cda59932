/* SPDX-License-Identifier: MIT */
/* A server that forgets the milliseconds of a moment. */
#include "moment.h"

bool __real_moment_parse(const char *text, int64_t *at);
bool __wrap_moment_parse(const char *text, int64_t *at);

bool __wrap_moment_parse(const char *text, int64_t *at)
{
    static bool is_again;

    if (!__real_moment_parse(text, at))
        return false;
    *at -= is_again ? *at % 1000 : 0;
    is_again = !is_again;
    return true;
}
