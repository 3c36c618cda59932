/* SPDX-License-Identifier: MIT */
#include "path.h"
#include "memory.h"

#include <string.h>

/* How many bytes the character takes that begins here; 0: it is none (RFC 3629). */
static size_t character_length(const unsigned char *at)
{
    unsigned char least = 0x80, most = 0xBF; /* of the second byte */
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;

    if (at[0] == 0xE0)
        least = 0xA0; /* or it were longer than need be */
    else if (at[0] == 0xED)
        most = 0x9F; /* surrogates */
    else if (at[0] == 0xF0)
        least = 0x90;
    else if (at[0] == 0xF4)
        most = 0x8F; /* beyond U+10FFFF */
    else if (at[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if (at[i] < least || at[i] > most)
            return 0;
        least = 0x80;
        most = 0xBF;
    }
    return length;
}

bool is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at) {
        size_t length = character_length(at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool percent_decode(char *text)
{
    const char *from = text;
    char *to = text;

    for (; *from; from++) {
        if (*from == '%') {
            int high = hex_digit(from[1]), low = high < 0 ? -1 : hex_digit(from[2]);
            if (low < 0 || (high == 0 && low == 0))
                return false;
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return is_utf8(text);
}

/* A target has neither spaces nor control characters but by an escape. */
static bool is_target(const char *raw)
{
    for (; *raw; raw++)
        if ((unsigned char)*raw <= ' ' || *raw == 0x7f)
            return false;
    return true;
}

bool path_parse(struct path *path, const char *raw)
{
    size_t length = strlen(raw);
    char *next;
    bool decoded = true;

    *path = (struct path){.text = memory_allocate(length + 1)};
    if (!path->text || raw[0] != '/' || !is_target(raw)) {
        path_release(path);
        return false;
    }
    memcpy(path->text, raw, length + 1);
    for (char *segment = path->text + 1; decoded && segment; segment = next) {
        next = strchr(segment, '/');
        if (next)
            *next++ = '\0';
        decoded = percent_decode(segment);
        if (path->segments < PATH_SEGMENTS_MAX)
            path->segment[path->segments] = segment;
        path->segments++;
    }
    if (!decoded)
        path_release(path);
    return decoded;
}

void path_release(struct path *path)
{
    memory_release(path->text);
    *path = (struct path){0};
}

bool path_matches(const struct path *path, const char *pattern,
                  const char *parameters[PATH_PARAMETERS_MAX])
{
    size_t count = 0, found = 0;

    for (const char *part = pattern + 1; part; part = strchr(part, '/'), count++) {
        size_t length;
        part += count > 0;
        length = strcspn(part, "/");
        if (count == path->segments || count == PATH_SEGMENTS_MAX)
            return false;
        if (*part == '{' && path->segment[count][0] != '\0')
            parameters[found++] = path->segment[count];
        else if (strncmp(part, path->segment[count], length) != 0 ||
                 path->segment[count][length] != '\0')
            return false;
    }
    return count == path->segments;
}
