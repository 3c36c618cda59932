/* SPDX-License-Identifier: MIT */
#include "text.h"

#include "memory.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

void text_start(void)
{
    /* A locale without UTF-8, as "C", would call every letter beyond ASCII garbage. */
    static const char *const names[] = {"C.UTF-8", "en_US.UTF-8", "UTF-8"};

    setlocale(LC_CTYPE, "");
    for (size_t i = 0; i < 3 && strcmp(nl_langinfo(CODESET), "UTF-8") != 0; i++)
        setlocale(LC_CTYPE, names[i]);
}

/* These are invisible, but change what stands around them. */
static bool is_treacherous(wchar_t letter)
{
    return (letter >= 0x200b && letter <= 0x200f) || (letter >= 0x2028 && letter <= 0x202e) ||
           (letter >= 0x2060 && letter <= 0x206f) || letter == 0x061c || letter == 0xfeff ||
           (letter >= 0xe0000 && letter <= 0xe007f);
}

/* The letter at `text`: its length in bytes, which is 1 for a byte that is none, and its columns,
 * which are -1 for what must not be shown. */
static size_t look_at(const char *text, int *columns)
{
    mbstate_t state = {0};
    wchar_t letter;
    size_t length = mbrtowc(&letter, text, strlen(text), &state);

    if (length == 0 || length > 4) {
        *columns = -1;
        return 1;
    }
    *columns = iswprint((wint_t)letter) && !is_treacherous(letter) ? wcwidth(letter) : -1;
    return length;
}

char *text_visible(const char *text)
{
    char *visible = allocate(strlen(text) * 4 + 1, 1), *end = visible;
    int columns;

    while (*text) {
        size_t length = look_at(text, &columns);
        for (size_t i = 0; i < length && columns < 0; i++)
            end += sprintf(end, "\\x%02x", (unsigned char)text[i]);
        if (columns >= 0) {
            memcpy(end, text, length);
            end += length;
        }
        text += length;
    }
    *end = '\0';
    return visible;
}

size_t text_width(const char *text)
{
    size_t width = 0;
    int columns;

    while (*text) {
        text += look_at(text, &columns);
        width += columns > 0 ? (size_t)columns : 0;
    }
    return width;
}

size_t text_fit(const char *text, size_t columns, size_t *width)
{
    const char *start = text;

    for (*width = 0; *text;) {
        int wide;
        size_t length = look_at(text, &wide), letter = wide > 0 ? (size_t)wide : 0;
        if (*width + letter > columns)
            break;
        *width += letter;
        text += length;
    }
    return (size_t)(text - start);
}

bool text_is_harmless(const char *text, size_t length)
{
    int columns;

    if (strlen(text) != length)
        return false;
    while (*text) {
        bool is_space = *text == '\n' || *text == '\r' || *text == '\t';
        text += look_at(text, &columns);
        if (columns < 0 && !is_space)
            return false;
    }
    return true;
}
