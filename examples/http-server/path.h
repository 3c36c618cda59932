/* SPDX-License-Identifier: MIT */
/* Paths and their patterns, as "/repo/{repoId}/ai/apikey". */
#ifndef HTTP_SERVER_PATH_H
#define HTTP_SERVER_PATH_H

#include <stdbool.h>
#include <stddef.h>

#define PATH_SEGMENTS_MAX 8
#define PATH_PARAMETERS_MAX 2

struct path {
    char *text;                             /* a copy of its own */
    size_t segments;                        /* more than PATH_SEGMENTS_MAX are counted, not kept */
    const char *segment[PATH_SEGMENTS_MAX]; /* decoded */
};

/* Splits first and decodes then, so that an escaped slash stays within its segment. False: a
 * malformed escape, a NUL, or what is not UTF-8; then `path` has nothing to release. */
bool path_parse(struct path *path, const char *raw);
void path_release(struct path *path);

/* Whether the path fits; `parameters` are what stands for the pattern's names, in their order. */
bool path_matches(const struct path *path, const char *pattern,
                  const char *parameters[PATH_PARAMETERS_MAX]);

/* Decodes in place; false as above. */
bool percent_decode(char *text);

/* UTF-8, without a NUL since it ends there. */
bool is_utf8(const char *text);

#endif
