/* SPDX-License-Identifier: MIT */
#include "base/uuid.h"

#include <stdio.h>
#include <string.h>

#define COUNTER_BITS 12
#define TIME_MAX ((INT64_C(1) << 48) - 1)

/* Time and counter of a UUIDv7 as one number that sorts as its text does; 0 for anything else. */
static uint64_t order_of(const char *text)
{
    unsigned long long high, low, counter;

    /* NOLINTNEXTLINE(cert-err34-c): the widths leave no room for an overflow */
    if (!text || sscanf(text, "%8llx-%4llx-7%3llx-", &high, &low, &counter) != 3)
        return 0;
    return ((uint64_t)high << 28) | ((uint64_t)low << COUNTER_BITS) | (uint64_t)counter;
}

void uuid_after(const char *previous, int64_t milliseconds,
                const unsigned char random[UUID_RANDOM_BYTES], char text[UUID_TEXT_SIZE])
{
    uint64_t time = milliseconds < 0 ? 0 : (uint64_t)milliseconds & TIME_MAX;
    uint64_t start = (((uint64_t)random[0] << 8) | random[1]) & 0x7FF; /* room to count up */
    uint64_t order = (time << COUNTER_BITS) | start;
    uint64_t last = order_of(previous);

    if (time <= last >> COUNTER_BITS)
        order = last + 1;
    snprintf(text, UUID_TEXT_SIZE, "%08llx-%04llx-7%03llx-%02x%02x-%02x%02x%02x%02x%02x%02x",
             (unsigned long long)(order >> 28) & 0xFFFFFFFF,
             (unsigned long long)(order >> COUNTER_BITS) & 0xFFFF,
             (unsigned long long)order & 0xFFF, 0x80U | (random[2] & 0x3FU), random[3], random[4],
             random[5], random[6], random[7], random[8], random[9]);
}
