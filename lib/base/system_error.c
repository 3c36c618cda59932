/* SPDX-License-Identifier: MIT */
#include "base/system_error.h"

#include <string.h>

/* There are two functions of this name: GNU's returns the text, POSIX's has written it. */
const char *system_error_text(int number, char buffer[SYSTEM_ERROR_SIZE])
{
#ifdef __GLIBC__
    return strerror_r(number, buffer, SYSTEM_ERROR_SIZE);
#else
    buffer[0] = '\0';
    (void)strerror_r(number, buffer, SYSTEM_ERROR_SIZE); /* an unknown number has a text as well */
    return buffer;
#endif
}
