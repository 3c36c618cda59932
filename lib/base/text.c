/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdint.h>

/* Length of the well-formed sequence at `s`, or 0. The table is that of RFC 3629, section 4. */
static size_t sequence_length(const unsigned char *s, size_t available)
{
    unsigned char first = s[0], low = 0x80, high = 0xBF;
    size_t length;

    if (first < 0x80)
        return first != 0;
    if (first >= 0xC2 && first <= 0xDF)
        length = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        length = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        length = 4;
    else
        return 0;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (length > available || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    }
    return length;
}

bool text_is_plain(const char *text, size_t length)
{
    unsigned char seen = 0;

    for (size_t i = 0; i < length; i++)
        seen |= (unsigned char)text[i] | (unsigned char)(text[i] - 1);
    return seen < 0x80;
}

bool text_is_utf8(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;

    for (size_t i = 0; i < length;) {
        size_t step = sequence_length(s + i, length - i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}
