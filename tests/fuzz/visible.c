/* SPDX-License-Identifier: MIT */
#include "fuzz/visible.h"

#include <string.h>

/* The bytes of the treacherous letter that begins here, 0: it is none. */
static size_t treachery_at(const unsigned char *at, size_t left)
{
    if (*at == 0x7f || (*at < ' ' && *at != '\n'))
        return 1;
    if (left >= 2 && at[0] == 0xC2 && at[1] >= 0x80 && at[1] <= 0x9F) /* U+0080 to U+009F */
        return 2;
    if (left >= 3 && at[0] == 0xE2 && at[1] == 0x80 &&
        ((at[2] >= 0x8E && at[2] <= 0x8F) || (at[2] >= 0xAA && at[2] <= 0xAE)))
        return 3; /* U+200E, U+200F, U+202A to 202E */
    if (left >= 3 && at[0] == 0xE2 && at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9)
        return 3; /* U+2066 to U+2069 */
    return 0;
}

bool is_visible(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (treachery_at((const unsigned char *)text + i, length - i) > 0)
            return false;
    return true;
}

static size_t own_sequence_at(const char *at, size_t left)
{
    static const char *const sequences[] = {"\033[0m",  "\033[1m", "\033[2m", "\033[31m",
                                            "\033[32m", "\033[K",  "\r",      "\t"};

    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        size_t length = strlen(sequences[i]);
        if (length <= left && memcmp(at, sequences[i], length) == 0)
            return length;
    }
    return 0;
}

bool is_fit_for_terminal(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t own = own_sequence_at(text + i, length - i);
        if (own == 0 && !is_visible(text + i, length - i < 3 ? length - i : 3) &&
            treachery_at((const unsigned char *)text + i, length - i) > 0)
            return false;
        i += own > 0 ? own : 1;
    }
    return true;
}
