/* SPDX-License-Identifier: MIT */
#ifndef KEYWARD_BASE_TEXT_H
#define KEYWARD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* True for ASCII without a NUL, in time that depends on the length alone: of most secrets that is
 * all that is asked. */
bool text_is_plain(const char *text, size_t length);

/* True for well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF)
 * without a NUL byte. */
bool text_is_utf8(const char *text, size_t length);

#endif
