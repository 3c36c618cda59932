/* SPDX-License-Identifier: MIT */
/* audit export: the log as a file that other programs read. */
#include "commands.h"
#include "event_filter.h"
#include "failure.h"
#include "new_file.h"
#include "output.h"
#include "progress.h"
#include "publish.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct writing {
    struct new_file file; /* without path: stdout */
    struct progress progress;
    int64_t lines;
    enum keyward_status status;
};

static int64_t count_lines(const char *bytes, size_t length)
{
    int64_t lines = 0;

    for (const char *end = bytes + length; (bytes = memchr(bytes, '\n', (size_t)(end - bytes)));
         bytes++)
        lines++;
    return lines;
}

static int write_lines(void *context, const char *bytes, size_t length)
{
    struct writing *writing = context;

    if (writing->file.path)
        writing->status = new_file_write(&writing->file, bytes, length);
    else if (fwrite(bytes, 1, length, stdout) != length)
        writing->status = output_flush();
    writing->lines += count_lines(bytes, length);
    return progress_step(&writing->progress, writing->lines, 0) != 0 ||
           writing->status != KEYWARD_OK;
}

static enum keyward_status export_events(struct session *session, const keyward_event_query *query,
                                         struct writing *writing)
{
    const keyward_export destination = {
        .format = option_given(session, OPTION_CSV) ? KEYWARD_CSV : KEYWARD_JSON_LINES,
        .write = write_lines,
        .write_context = writing};
    bool to_screen = !writing->file.path && terminal_is(STDOUT_FILENO);
    enum keyward_status status;

    progress_begin(&writing->progress, "exporting events", !session->quiet && !to_screen);
    status = keyward_export_events(session->store, &session->actor, query, &destination);
    progress_end(&writing->progress);
    /* A write that failed has noted more than that it was cancelled. */
    return writing->status != KEYWARD_OK ? writing->status : checked(session->store, status);
}

/* Tiles are the log as a whole: there is nothing to choose. */
static enum keyward_status export_tiles(struct session *session)
{
    enum keyward_status status;

    for (size_t i = 0; i < COMMAND_OPTIONS_MAX; i++) {
        enum option option = command_audit_export.options[i];
        if (option >= OPTION_GLOBAL_COUNT && option != OPTION_TILES &&
            option_given(session, option))
            return fail_usage("--tiles writes the whole log: '--%s' does not go with it",
                              options_about[option].name);
    }
    status = session_open(session);
    return status == KEYWARD_OK ? publish(session, option_text(session, OPTION_TILES), 0) : status;
}

static enum keyward_status export_lines(struct session *session)
{
    keyward_event_query query = {.repo_id = NULL};
    struct writing writing = {.file = {NULL, -1}, .status = KEYWARD_OK};
    const char *path = option_text(session, OPTION_OUTPUT);
    char id[KEYWARD_ID_MAX + 1];
    int64_t limit;
    enum keyward_status status = event_filter_read(session, &query, &limit);

    query.limit = (int)limit;
    query.oldest_first = true; /* a copy of the log, as it was written */
    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = event_filter_resolve(session, &query, id);
    if (status == KEYWARD_OK)
        status = new_file_open(&writing.file, path);
    if (status == KEYWARD_OK)
        status = export_events(session, &query, &writing);
    status = new_file_close(&writing.file, status);
    if (status == KEYWARD_OK && path)
        remark(session, "%lld lines are in %s", (long long)writing.lines, path);
    return status;
}

static enum keyward_status run_export(struct session *session)
{
    return option_given(session, OPTION_TILES) ? export_tiles(session) : export_lines(session);
}

const struct command command_audit_export = {
    .name = "audit export",
    .usage = {""},
    .summary = "write the audit log as JSON lines, CSV or tiles",
    .help =
        "Writes all events that the options name, in the order in which they happened, up to\n"
        "the newest at the beginning: one JSON object a line, in the canonical form of RFC 8785,\n"
        "or with --csv as RFC 4180 has it. Times are milliseconds since 1970. The file of\n"
        "--output must not exist yet, and is there only if all of it is. Ctrl-C stops.\n"
        "With --tiles the log as a whole, as far as it is signed, goes into FOLDER as a static\n"
        "web server publishes it: the same as 'keyward audit publish FOLDER'.\n",
    .least = 0,
    .most = 0,
    .run = run_export,
    .options = {EVENT_FILTER_OPTIONS, OPTION_CSV, OPTION_OUTPUT, OPTION_TILES},
};
