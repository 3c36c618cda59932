/* SPDX-License-Identifier: MIT */
#include "duration.h"

#include <stddef.h>
#include <string.h>

static const char units[] = "wdhms"; /* each may stand once, in this order */
static const int64_t lengths[] = {604800000, 86400000, 3600000, 60000, 1000};

static const char wrong[] = "is not a duration such as 90s, 15m, 12h, 30d, 2w or 1d12h";
static const char too_long[] = "is too long a duration";

const char *duration_parse(const char *text, int64_t *milliseconds)
{
    const char *first_allowed = units;
    int64_t total = 0;

    do {
        int64_t number = 0, part;
        const char *digits = text, *unit;

        for (; *text >= '0' && *text <= '9'; text++) {
            if (__builtin_mul_overflow(number, 10, &number) ||
                __builtin_add_overflow(number, *text - '0', &number))
                return too_long;
        }
        unit = text > digits && *text ? strchr(first_allowed, *text) : NULL;
        if (!unit)
            return wrong;
        if (__builtin_mul_overflow(number, lengths[unit - units], &part) ||
            __builtin_add_overflow(total, part, &total))
            return too_long;
        first_allowed = unit + 1;
        text++;
    } while (*text);
    *milliseconds = total;
    return NULL;
}
