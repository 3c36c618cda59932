/* SPDX-License-Identifier: MIT */
#include "session.h"

#include "failure.h"
#include "memory.h"
#include "secret_input.h"
#include "text.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_STORE "keys.db"
#define DEFAULT_MASTER_KEY "master.key"

const char *option_text(const struct session *session, enum option option)
{
    return session->arguments.given[option];
}

bool option_given(const struct session *session, enum option option)
{
    return session->arguments.given[option] != NULL;
}

const char *operand(const struct session *session, int n)
{
    return n < session->arguments.operand_count ? session->arguments.operands[n] : NULL;
}

__attribute__((format(printf, 2, 0))) static void print_line(FILE *file, const char *format,
                                                             va_list values)
{
    char *text = format_text_list(format, values), *visible = text_visible(text);

    fprintf(file, "%s\n", visible);
    free(visible);
    free(text);
}

void tell(const struct session *session, const char *format, ...)
{
    va_list values;

    if (session->quiet || session->json)
        return;
    va_start(values, format);
    print_line(stdout, format, values);
    va_end(values);
}

void remark(const struct session *session, const char *format, ...)
{
    va_list values;

    if (session->quiet || session->json)
        return;
    va_start(values, format);
    print_line(stderr, format, values);
    va_end(values);
}

/* ---- the global options ---- */

static enum keyward_status read_color(struct session *session)
{
    const char *when = option_text(session, OPTION_COLOR), *none = getenv("NO_COLOR"),
               *terminal = getenv("TERM");

    if (!when || strcmp(when, "auto") == 0)
        session->color = isatty(STDOUT_FILENO) && !(none && *none) &&
                         !(terminal && strcmp(terminal, "dumb") == 0);
    else if (strcmp(when, "always") == 0 || strcmp(when, "never") == 0)
        session->color = strcmp(when, "always") == 0;
    else
        return fail_usage("--color is auto, always or never");
    return KEYWARD_OK;
}

static enum keyward_status read_busy_timeout(struct session *session)
{
    const char *text = option_text(session, OPTION_BUSY_TIMEOUT);
    int64_t milliseconds = session->options.busy_timeout_ms;

    /* Unlike other durations this one may be nothing. */
    if (text && strcmp(text, "0s") == 0)
        milliseconds = 0;
    else if (option_duration(session, OPTION_BUSY_TIMEOUT, &milliseconds) != KEYWARD_OK)
        return KEYWARD_INVALID;
    if (milliseconds > 3600000)
        return fail_usage("--busy-timeout is an hour at most");
    session->options.busy_timeout_ms = (int)milliseconds;
    return KEYWARD_OK;
}

enum keyward_status session_begin(struct session *session)
{
    const keyward_options defaults = KEYWARD_OPTIONS_INIT;

    session->options = defaults;
    session->store_path =
        option_given(session, OPTION_STORE) ? option_text(session, OPTION_STORE) : DEFAULT_STORE;
    session->utc = option_given(session, OPTION_UTC);
    session->quiet = option_given(session, OPTION_QUIET);
    session->actor.user_id = option_text(session, OPTION_AS);
    session->actor.is_host = !session->actor.user_id;
    session->actor.request_id = option_text(session, OPTION_REQUEST_ID);
    session->actor.client_address = option_text(session, OPTION_CLIENT_ADDRESS);
    session->actor.reason = option_text(session, OPTION_REASON);
    if (session->utc && option_given(session, OPTION_LOCAL))
        return fail_usage("--utc and --local exclude each other");
    if (read_color(session) != KEYWARD_OK)
        return KEYWARD_INVALID;
    return read_busy_timeout(session);
}

/* ---- the store ---- */

static enum keyward_status open_with_master_key(struct session *session)
{
    const char *path = option_text(session, OPTION_MASTER_KEY_FILE);

    if (session->master_key)
        session->options.master_key = (const unsigned char *)session->master_key->text;
    else
        session->options.master_key_file = path ? path : DEFAULT_MASTER_KEY;
    return checked(NULL, keyward_open(&session->store, session->store_path, &session->options));
}

/* The library makes a store where there is none; here that would hide a wrong path. An empty file
 * is none either. */
static enum keyward_status find_store(const char *path)
{
    struct stat file;

    if (stat(path, &file) != 0 && errno == ENOENT)
        return fail(KEYWARD_NOT_A_STORE,
                    "there is no store '%s'; make one with 'keyward init', or name it with --store",
                    path);
    if (stat(path, &file) != 0)
        return fail_system(path);
    if (S_ISREG(file.st_mode) && file.st_size == 0)
        return fail(KEYWARD_NOT_A_STORE, "'%s' is empty, not a store", path);
    return KEYWARD_OK;
}

enum keyward_status session_open(struct session *session)
{
    enum keyward_status status = find_store(session->store_path);

    if (status == KEYWARD_OK)
        status = master_key_read(session, &master_key_source, &session->master_key);
    if (status == KEYWARD_OK)
        status = open_with_master_key(session);
    return status;
}

static enum keyward_status make_master_key_file(struct session *session, bool *made)
{
    const char *path = option_text(session, OPTION_MASTER_KEY_FILE);
    enum keyward_status status;

    if (session->master_key)
        return KEYWARD_OK;
    status = keyward_create_master_key_file(path ? path : DEFAULT_MASTER_KEY);
    *made = status == KEYWARD_OK;
    return status == KEYWARD_EXISTS ? KEYWARD_OK : checked(NULL, status);
}

enum keyward_status session_create(struct session *session, bool *made_master_key)
{
    struct stat file;
    enum keyward_status status;

    *made_master_key = false;
    if (lstat(session->store_path, &file) == 0)
        return fail(KEYWARD_EXISTS, "'%s' exists already and was left as it is",
                    session->store_path);
    status = master_key_read(session, &master_key_source, &session->master_key);
    if (status == KEYWARD_OK)
        status = make_master_key_file(session, made_master_key);
    if (status == KEYWARD_OK)
        status = open_with_master_key(session);
    return status;
}

void session_end(struct session *session)
{
    keyward_close(&session->store);
    secret_buffer_give(&session->master_key);
}
