/* SPDX-License-Identifier: MIT */
#ifndef KEYWARD_BASE_TEXT_H
#define KEYWARD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* True for well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF)
 * without a NUL byte. */
bool text_is_utf8(const char *text, size_t length);

#endif
