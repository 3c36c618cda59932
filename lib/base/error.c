/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local struct error thread_error = {.detail.message = "done"};

static const keyward_error no_error = {.message = "done"};

void error_reset(struct error *error)
{
    memset(&error->detail, 0, sizeof error->detail);
    error->detail.message = keyward_status_text(KEYWARD_OK);
    error->text[0] = '\0';
}

struct error *error_begin(uint64_t store_stamp)
{
    error_reset(&thread_error);
    thread_error.store_stamp = store_stamp;
    return &thread_error;
}

size_t error_place(const struct error *error)
{
    return (size_t)error >> 12;
}

void error_copy(struct error *to, const struct error *from)
{
    to->detail = from->detail;
    memcpy(to->text, from->text, sizeof to->text);
    if (from->detail.message == from->text)
        to->detail.message = to->text;
}

const keyward_error *error_of_thread(uint64_t store_stamp)
{
    return thread_error.store_stamp == store_stamp ? &thread_error.detail : &no_error;
}

enum keyward_status error_set(struct error *error, enum keyward_status status, const char *format,
                              ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->detail.status = status;
    error->detail.message = error->text;
    return status;
}

void error_note_deletion(struct error *error, int64_t deleted_at, int64_t event)
{
    error->detail.deleted_at = deleted_at;
    error->detail.deleted_event = event;
}

enum keyward_status error_end(struct error *error, enum keyward_status status)
{
    if (error->detail.status != status || error->text[0] == '\0')
        error->detail.message = keyward_status_text(status);
    error->detail.status = status;
    return status;
}
