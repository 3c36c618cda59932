/* SPDX-License-Identifier: MIT */
/* A command that cuts text within a letter. */
#include "text.h"

#include <string.h>

size_t __wrap_text_fit(const char *text, size_t columns, size_t *width);

size_t __wrap_text_fit(const char *text, size_t columns, size_t *width)
{
    *width = strlen(text) < columns ? strlen(text) : columns;
    return *width;
}
