/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "base/result.h"
#include "operations/audit.h"
#include "operations/event_text.h"

#define CHUNK ((size_t)65536) /* bytes gathered before they are handed out */

struct event_writer {
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
                             (unsigned)destination->format <= KEYWARD_CSV) &&
           argument_must(error, "destination.write", destination->write != NULL,
                         "must not be NULL");
}

static bool limit_is_valid(struct error *error, int limit)
{
    return argument_must(error, "limit", limit >= 0, "must not be negative");
}

/* Hands the lines out. The callback may call the library, which starts the error record anew. */
static enum keyward_status write_lines(struct event_writer *writer)
{
    const keyward_export *destination = writer->destination;
    struct error kept = *writer->error;
    int stop;

    if (writer->lines.failed)
        return KEYWARD_NOMEM;
    if (writer->lines.length == 0)
        return KEYWARD_OK;
    stop =
        destination->write(destination->write_context, writer->lines.bytes, writer->lines.length);
    *writer->error = kept;
    writer->lines.length = 0;
    return stop == 0 ? KEYWARD_OK : KEYWARD_CANCELLED;
}

static void add_line(struct event_writer *writer, const keyward_event *event)
{
    if (writer->destination->format == KEYWARD_CSV) {
        event_add_csv(&writer->lines, event);
    } else {
        event_add_json(&writer->lines, event);
        buffer_add(&writer->lines, "\n", 1);
    }
}

static enum keyward_status write_event_page(struct event_writer *writer,
                                            const keyward_event_list *page)
{
    keyward_event_query *query = &writer->list.query;
    enum keyward_status status = KEYWARD_OK;

    for (size_t i = 0; status == KEYWARD_OK && i < page->count; i++) {
        add_line(writer, page->events[i]);
        *(query->oldest_first ? &query->after_sequence : &query->before_sequence) =
            page->events[i]->sequence;
        if (writer->lines.length >= CHUNK || writer->lines.failed)
            status = write_lines(writer);
    }
    writer->left -= (int64_t)page->count;
    return status;
}

static enum keyward_status read_event_page(struct event_writer *writer, keyward_event_list **page)
{
    enum keyward_status status = KEYWARD_NOMEM;

    *page = result_new(sizeof **page);
    if (*page) {
        writer->list.events = *page;
        status = database_read(writer->database, audit_list, &writer->list, writer->error);
    }
    if (status != KEYWARD_OK)
        keyward_event_list_free(page);
    return status;
}

/* Each page is a snapshot of its own. */
static enum keyward_status write_pages(struct event_writer *writer)
{
    enum keyward_status status = KEYWARD_OK;
    keyward_event_list *page;
    bool more = true;

    while (status == KEYWARD_OK && more && writer->left > 0) {
        writer->list.query.limit =
            writer->left < KEYWARD_PAGE_MAX ? (int)writer->left : KEYWARD_PAGE_MAX;
        status = read_event_page(writer, &page);
        if (status == KEYWARD_OK) {
            more = page->more;
            status = write_event_page(writer, page);
            keyward_event_list_free(&page);
        }
    }
    return status == KEYWARD_OK ? write_lines(writer) : status;
}

/* Of what is appended from now on nothing is written: the range ends at the newest event. */
static enum keyward_status bound_range(struct event_writer *writer)
{
    static const keyward_actor host = {.is_host = true};
    struct event_writer newest = {.database = writer->database,
                                  .list = {.actor = &host, .query = {.limit = 1}},
                                  .error = writer->error};
    int64_t *before = &writer->list.query.before_sequence, end = 1;
    keyward_event_list *page;
    enum keyward_status status = read_event_page(&newest, &page);

    if (status != KEYWARD_OK)
        return status;
    if (page->count > 0)
        end = page->events[0]->sequence + 1;
    if (*before == 0 || *before > end)
        *before = end;
    keyward_event_list_free(&page);
    return KEYWARD_OK;
}

static enum keyward_status export_events(struct event_writer *writer)
{
    enum keyward_status status = bound_range(writer);

    if (status == KEYWARD_OK && writer->destination->format == KEYWARD_CSV)
        event_add_csv_header(&writer->lines);
    if (status == KEYWARD_OK)
        status = write_pages(writer);
    buffer_release(&writer->lines);
    return status;
}

enum keyward_status keyward_export_events(keyward *store, const keyward_actor *actor,
                                          const keyward_event_query *query,
                                          const keyward_export *destination)
{
    struct event_writer writer = {.list.actor = actor, .destination = destination};
    enum keyward_status status;

    writer.error = call_begin(store);
    status = store_check(store, writer.error);
    if (query)
        writer.list.query = *query;
    if (status == KEYWARD_OK)
        status =
            arguments_status(argument_is_actor(writer.error, actor) &&
                             argument_is_event_query(writer.error, actor, &writer.list.query) &&
                             limit_is_valid(writer.error, writer.list.query.limit) &&
                             destination_is_valid(writer.error, destination));
    if (status == KEYWARD_OK) {
        writer.database = store->database;
        writer.left = writer.list.query.limit > 0 ? writer.list.query.limit : INT64_MAX;
        status = export_events(&writer);
    }
    return call_end(writer.error, status);
}
