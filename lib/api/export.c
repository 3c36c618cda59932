/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "base/result.h"
#include "operations/audit.h"
#include "operations/event_text.h"

#define CHUNK ((size_t)65536) /* bytes gathered before they are handed out */

struct export
{
    struct database *database;
    struct audit_list list; /* of the next page */
    const keyward_export *destination;
    struct buffer lines;
    int64_t left; /* events that may still be written */
    struct error *error;
};

static bool destination_is_valid(struct error *error, const keyward_export *destination)
{
    return argument_is_given(error, "destination", destination) &&
           argument_is_known(error, "destination.format",
                             destination->format == KEYWARD_JSON_LINES ||
                                 destination->format == KEYWARD_CSV) &&
           (destination->write ||
            argument_is_wrong(error, "destination.write", "must not be NULL"));
}

static bool limit_is_valid(struct error *error, int limit)
{
    return limit >= 0 || argument_is_wrong(error, "limit", "must not be negative");
}

/* Hands the lines out. The callback may call the library, which starts the error record anew. */
static enum keyward_status write_lines(struct export *export)
{
    const keyward_export *destination = export->destination;
    struct error kept = *export->error;
    int stop;

    if (export->lines.failed)
        return KEYWARD_NOMEM;
    if (export->lines.length == 0)
        return KEYWARD_OK;
    stop =
        destination->write(destination->write_context, export->lines.bytes, export->lines.length);
    *export->error = kept;
    export->lines.length = 0;
    return stop == 0 ? KEYWARD_OK : KEYWARD_CANCELLED;
}

static void add_line(struct export *export, const keyward_event *event)
{
    if (export->destination->format == KEYWARD_CSV) {
        event_add_csv(&export->lines, event);
    } else {
        event_add_json(&export->lines, event);
        buffer_add(&export->lines, "\n", 1);
    }
}

static enum keyward_status write_page(struct export *export, const keyward_event_list *page)
{
    keyward_event_query *query = &export->list.query;
    enum keyward_status status = KEYWARD_OK;

    for (size_t i = 0; status == KEYWARD_OK && i < page->count; i++) {
        add_line(export, page->events[i]);
        *(query->oldest_first ? &query->after_sequence : &query->before_sequence) =
            page->events[i]->sequence;
        if (export->lines.length >= CHUNK || export->lines.failed)
            status = write_lines(export);
    }
    export->left -= (int64_t)page->count;
    return status;
}

static enum keyward_status read_page(struct export *export, keyward_event_list **page)
{
    enum keyward_status status = KEYWARD_NOMEM;

    *page = result_new(sizeof **page);
    if (*page) {
        export->list.events = *page;
        status = database_read(export->database, audit_list, &export->list, export->error);
    }
    if (status != KEYWARD_OK)
        keyward_event_list_free(page);
    return status;
}

/* Each page is a snapshot of its own. */
static enum keyward_status write_pages(struct export *export)
{
    enum keyward_status status = KEYWARD_OK;
    keyward_event_list *page;
    bool more = true;

    while (status == KEYWARD_OK && more && export->left > 0) {
        export->list.query.limit =
            export->left < KEYWARD_PAGE_MAX ? (int)export->left : KEYWARD_PAGE_MAX;
        status = read_page(export, &page);
        if (status == KEYWARD_OK) {
            more = page->more;
            status = write_page(export, page);
            keyward_event_list_free(&page);
        }
    }
    return status == KEYWARD_OK ? write_lines(export) : status;
}

/* Of what is appended from now on nothing is written: the range ends at the newest event. */
static enum keyward_status bound_range(struct export *export)
{
    static const keyward_actor host = {.is_host = true};
    struct export newest = {.database = export->database,
                            .list = {.actor = &host, .query = {.limit = 1}},
                            .error = export->error};
    int64_t *before = &export->list.query.before_sequence, end = 1;
    keyward_event_list *page;
    enum keyward_status status = read_page(&newest, &page);

    if (status != KEYWARD_OK)
        return status;
    if (page->count > 0)
        end = page->events[0]->sequence + 1;
    if (*before == 0 || *before > end)
        *before = end;
    keyward_event_list_free(&page);
    return KEYWARD_OK;
}

static enum keyward_status export_events(struct export *export)
{
    enum keyward_status status = bound_range(export);

    if (status == KEYWARD_OK && export->destination->format == KEYWARD_CSV)
        event_add_csv_header(&export->lines);
    if (status == KEYWARD_OK)
        status = write_pages(export);
    buffer_release(&export->lines);
    return status;
}

enum keyward_status keyward_export_events(keyward *store, const keyward_actor *actor,
                                          const keyward_event_query *query,
                                          const keyward_export *destination)
{
    struct export export = {.list.actor = actor, .destination = destination};
    enum keyward_status status;

    export.error = call_begin(store);
    status = store_check(store, export.error);
    if (query)
        export.list.query = *query;
    if (status == KEYWARD_OK &&
        !(argument_is_actor(export.error, actor) &&
          argument_is_event_query(export.error, actor, &export.list.query) &&
          limit_is_valid(export.error, export.list.query.limit) &&
          destination_is_valid(export.error, destination)))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK) {
        export.database = store->database;
        export.left = export.list.query.limit > 0 ? export.list.query.limit : INT64_MAX;
        status = export_events(&export);
    }
    return call_end(export.error, status);
}
