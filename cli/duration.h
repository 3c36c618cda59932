/* SPDX-License-Identifier: MIT */
/* Lengths of time as a person writes them: 90s, 15m, 12h, 30d, 2w, or together, as 1d12h. */
#ifndef KEYWARD_CLI_DURATION_H
#define KEYWARD_CLI_DURATION_H

#include <stdint.h>

/* Reads the whole of `text`: NULL, or what is wrong with it. */
const char *duration_parse(const char *text, int64_t *milliseconds);

#endif
