/* SPDX-License-Identifier: MIT */
#include "base/system_error.h"

#include <string.h>

/* There are two functions of this name: GNU's returns the text, POSIX's has written it. */
static inline const char *text_of_gnu(const char *text, const char *buffer)
{
    (void)buffer;
    return text;
}

static inline const char *text_of_posix(int failed, const char *buffer)
{
    (void)failed; /* an unknown number has a text as well */
    return buffer;
}

const char *system_error_text(int number, char buffer[SYSTEM_ERROR_SIZE])
{
    buffer[0] = '\0';
    return _Generic(strerror_r(number, buffer, SYSTEM_ERROR_SIZE),
        char *: text_of_gnu, int: text_of_posix)(strerror_r(number, buffer, SYSTEM_ERROR_SIZE),
                                                 buffer);
}
