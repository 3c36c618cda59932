/* SPDX-License-Identifier: MIT */
#include "log.h"
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>

void log_line(const char *format, ...)
{
    char line[2048];
    va_list values;

    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    fprintf(stderr, "keyward-http-server: %s\n", line);
}

void log_object(json_t *object)
{
    char *text = object
                     ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6))
                     : NULL;

    if (text)
        fprintf(stderr, "%s\n", text);
    memory_release(text);
    json_decref(object);
}
