/* SPDX-License-Identifier: MIT */
#include "failure.h"

#include "json.h"
#include "memory.h"
#include "text.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    enum keyward_status status;
    bool is_usage, is_silent, shows_cause;
    char message[1200];
    keyward_error detail; /* without its message */
} failure;

static const char *const status_words[] = {
    "OK",
    "INVALID",
    "FORBIDDEN",
    "NOT_FOUND",
    "ALREADY_DELETED",
    "NOT_DELETED",
    "LAST_ADMIN",
    "REFUSED",
    "BUSY",
    "FULL",
    "IO",
    "NOMEM",
    "CORRUPT",
    "READ_ONLY",
    "NO_FOLDER",
    "NOT_A_STORE",
    "NEWER_SCHEMA",
    "WRONG_MASTER_KEY",
    "NO_MASTER_KEY",
    "FORKED",
    "CANCELLED",
    "EXISTS",
    "IN_USE",
    "EXPIRED",
    "NAME_TAKEN",
    "ALREADY_ROTATED",
    "PURGED",
    "RETAINED",
    "UNPROVEN",
    "INCONSISTENT",
    "WRONG_LIBRARY",
};
static_assert(sizeof status_words / sizeof *status_words == KEYWARD_WRONG_LIBRARY + 1,
              "a word for every status");

static const char *const cause_words[] = {
    "none", "malformed", "unknown", "wrong secret", "deleted", "expired", "purged",
};
static_assert(sizeof cause_words / sizeof *cause_words == KEYWARD_CAUSE_PURGED + 1,
              "a word for every cause");

const char *status_word(enum keyward_status status)
{
    return (unsigned)status <= KEYWARD_WRONG_LIBRARY ? status_words[status] : "UNKNOWN";
}

const char *cause_word(enum keyward_cause cause)
{
    return (unsigned)cause <= KEYWARD_CAUSE_PURGED ? cause_words[cause] : "unknown cause";
}

void failure_start(void)
{
    memset(&failure, 0, sizeof failure);
}

__attribute__((format(printf, 2, 0))) static enum keyward_status note(enum keyward_status status,
                                                                      const char *format,
                                                                      va_list values)
{
    if (failure.status == KEYWARD_OK) {
        failure.status = status;
        vsnprintf(failure.message, sizeof failure.message, format, values);
    }
    return status;
}

enum keyward_status fail(enum keyward_status status, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    note(status, format, values);
    va_end(values);
    return status;
}

enum keyward_status fail_usage(const char *format, ...)
{
    va_list values;

    failure.is_usage = failure.is_usage || failure.status == KEYWARD_OK;
    va_start(values, format);
    note(KEYWARD_INVALID, format, values);
    va_end(values);
    return KEYWARD_INVALID;
}

enum keyward_status fail_system(const char *path)
{
    int number = errno;
    enum keyward_status status = KEYWARD_IO;

    if (number == EEXIST)
        status = KEYWARD_EXISTS;
    else if (number == ENOENT || number == ENOTDIR)
        status = KEYWARD_NO_FOLDER;
    else if (number == EACCES || number == EPERM || number == EROFS)
        status = KEYWARD_READ_ONLY;
    else if (number == ENOSPC || number == EDQUOT)
        status = KEYWARD_FULL;
    return fail(status, "'%s': %s", path, strerror(number));
}

enum keyward_status checked(const keyward *store, enum keyward_status status)
{
    if (status != KEYWARD_OK && failure.status == KEYWARD_OK) {
        const keyward_error *error = keyward_last_error(store);
        failure.detail = *error;
        fail(status, "%s", error->message);
    }
    return status;
}

enum keyward_status fail_silently(enum keyward_status status)
{
    if (failure.status == KEYWARD_OK) {
        failure.status = status;
        failure.is_silent = true;
    }
    return status;
}

void failure_add(const char *format, ...)
{
    size_t length = strlen(failure.message);
    va_list values;

    if (length > 0 && length < sizeof failure.message - 2)
        length += (size_t)sprintf(failure.message + length, "; ");
    va_start(values, format);
    vsnprintf(failure.message + length, sizeof failure.message - length, format, values);
    va_end(values);
    failure.is_silent = false;
}

void failure_show_cause(void)
{
    failure.shows_cause = true;
}

static void print_text(const char *command)
{
    char *message = text_visible(failure.message);

    fprintf(stderr, "keyward: %s%s%s", command ? command : "", command ? ": " : "", message);
    if (failure.shows_cause && failure.status == KEYWARD_REFUSED)
        fprintf(stderr, " (cause: %s)", cause_word(failure.detail.cause));
    if (failure.is_usage)
        fprintf(stderr, "; see 'keyward %s%s--help'", command ? command : "", command ? " " : "");
    fputc('\n', stderr);
    free(message);
}

static void print_json(void)
{
    const keyward_error *detail = &failure.detail;
    json_t *object = json_object();

    json_put(object, "success", json_false());
    json_put(object, "status", json_integer(failure.status));
    json_put_text(object, "error", status_word(failure.status));
    json_put_text(object, "message", failure.message);
    if (failure.status == KEYWARD_REFUSED)
        json_put_text(object, "cause", cause_word(detail->cause));
    json_put_number(object, "deleted_at", detail->deleted_at);
    json_put_number(object, "deleted_event", detail->deleted_event);
    json_put_number(object, "expired_at", detail->expired_at);
    json_put_number(object, "last_used_at", detail->last_used_at);
    json_print(&object, stderr);
}

void failure_print(const char *command, bool json)
{
    if (failure.status == KEYWARD_OK || failure.is_silent)
        return;
    if (json)
        print_json();
    else
        print_text(command);
}
