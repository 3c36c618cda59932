/* SPDX-License-Identifier: MIT */
/* audit: the events, as a page or as they come. */
#include "commands.h"
#include "event_filter.h"
#include "failure.h"
#include "interrupt.h"
#include "output.h"
#include "view.h"

#include <stdio.h>

#define POLL 200 /* ms between two looks for new events */

/* ---- writing ---- */

static int write_lines(void *context, const char *bytes, size_t length)
{
    (void)context;
    return fwrite(bytes, 1, length, stdout) == length ? 0 : 1;
}

/* Exactly as an export writes them. A write that fails is noted in stdout. */
static enum keyward_status print_lines(struct session *session, const keyward_event_query *query,
                                       int64_t limit)
{
    const keyward_export lines = {.format = KEYWARD_JSON_LINES, .write = write_lines};
    keyward_event_query all = *query;
    enum keyward_status status;

    all.limit = (int)limit;
    status = keyward_export_events(session->store, &session->actor, &all, &lines);
    return status == KEYWARD_CANCELLED ? output_flush() : checked(session->store, status);
}

static enum keyward_status list_page(struct session *session, const keyward_event_query *query,
                                     keyward_event_list **page)
{
    return checked(session->store,
                   keyward_list_events(session->store, &session->actor, query, page));
}

static void add_rows(struct session *session, struct table *table, const keyward_event_list *page)
{
    for (size_t i = 0; i < page->count; i++)
        event_row(session, table, page->events[i]);
}

/* Pages until `limit` events are shown. */
static enum keyward_status print_table(struct session *session, struct table *table,
                                       keyward_event_query query, int64_t limit, int64_t *shown)
{
    enum keyward_status status = KEYWARD_OK;
    bool more = true;

    for (*shown = 0; more && *shown < limit && status == KEYWARD_OK;) {
        keyward_event_list *page = NULL;
        int64_t left = limit - *shown;

        query.limit = left < KEYWARD_PAGE_MAX ? (int)left : KEYWARD_PAGE_MAX;
        status = list_page(session, &query, &page);
        if (status == KEYWARD_OK) {
            add_rows(session, table, page);
            table_print(table);
            *shown += (int64_t)page->count;
            more = page->more && page->count > 0;
        }
        if (status == KEYWARD_OK && page->count > 0 && query.oldest_first)
            query.after_sequence = page->events[page->count - 1]->sequence;
        else if (status == KEYWARD_OK && page->count > 0)
            query.before_sequence = page->events[page->count - 1]->sequence;
        keyward_event_list_free(&page);
        if (status == KEYWARD_OK)
            status = output_flush();
    }
    return status;
}

/* ---- following ---- */

/* The newest event that the actor can see, whatever the filters; so they are not applied to the
 * same events again and again. */
static enum keyward_status find_newest(struct session *session, const char *repo_id,
                                       int64_t *sequence)
{
    const keyward_event_query query = {.repo_id = repo_id, .limit = 1};
    keyward_event_list *page = NULL;
    enum keyward_status status = list_page(session, &query, &page);

    if (status == KEYWARD_OK)
        *sequence = page->count > 0 ? page->events[0]->sequence : 0;
    keyward_event_list_free(&page);
    return status;
}

static enum keyward_status print_page(struct session *session, struct table *table,
                                      const keyward_event_query *query,
                                      const keyward_event_list *page)
{
    enum keyward_status status = KEYWARD_OK;

    if (page->count > 0 && session->json) {
        status = print_lines(session, query, (int64_t)page->count);
    } else {
        add_rows(session, table, page);
        table_print(table);
    }
    return status == KEYWARD_OK ? output_flush() : status;
}

/* All that is there after query->after_sequence, which moves on. */
static enum keyward_status print_new(struct session *session, struct table *table,
                                     keyward_event_query *query)
{
    enum keyward_status status = KEYWARD_OK;
    int64_t newest = 0;
    bool more = true;

    while (more && status == KEYWARD_OK && !interrupted()) {
        keyward_event_list *page = NULL;

        status = find_newest(session, query->repo_id, &newest);
        more = false;
        if (status != KEYWARD_OK || newest <= query->after_sequence)
            break;
        query->limit = KEYWARD_PAGE_MAX;
        status = list_page(session, query, &page);
        if (status == KEYWARD_OK)
            status = print_page(session, table, query, page);
        if (status == KEYWARD_OK) {
            more = page->more && page->count > 0;
            if (page->count > 0)
                query->after_sequence = page->events[page->count - 1]->sequence;
            if (!more && query->after_sequence < newest)
                query->after_sequence = newest;
        }
        keyward_event_list_free(&page);
    }
    return status;
}

/* Where to begin: `limit` events before the end, unless a beginning was given. */
static enum keyward_status find_start(struct session *session, keyward_event_query *query,
                                      int64_t limit)
{
    keyward_event_query back = *query;
    keyward_event_list *page = NULL;
    enum keyward_status status;

    if (option_given(session, OPTION_AFTER) || option_given(session, OPTION_SINCE))
        return KEYWARD_OK;
    back.oldest_first = false;
    back.limit = (int)limit;
    status = list_page(session, &back, &page);
    if (status == KEYWARD_OK && page->more && page->count > 0)
        query->after_sequence = page->events[page->count - 1]->sequence - 1;
    keyward_event_list_free(&page);
    return status;
}

static enum keyward_status follow(struct session *session, struct table *table,
                                  keyward_event_query *query, int64_t limit)
{
    enum keyward_status status;

    query->oldest_first = true;
    interrupt_watch();
    status = find_start(session, query, limit);
    while (status == KEYWARD_OK && !interrupted()) {
        status = print_new(session, table, query);
        if (status == KEYWARD_OK && !interrupted() && !output_wait(POLL))
            status = fail_silently(KEYWARD_IO);
    }
    return status;
}

static enum keyward_status run_audit(struct session *session)
{
    struct table *table = event_table(session);
    keyward_event_query query = {.repo_id = NULL};
    char id[KEYWARD_ID_MAX + 1];
    int64_t limit, shown = 1;
    bool follows = option_given(session, OPTION_FOLLOW);
    enum keyward_status status = event_filter_read(session, &query, &limit);

    if (limit == 0)
        limit = KEYWARD_PAGE_DEFAULT;
    if (status == KEYWARD_OK && follows && (query.until != 0 || limit > KEYWARD_PAGE_MAX))
        status = fail_usage("--follow has no --until, and a --limit of 1000 at most");
    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = event_filter_resolve(session, &query, id);
    if (status == KEYWARD_OK && follows)
        status = follow(session, table, &query, limit);
    else if (status == KEYWARD_OK && session->json)
        status = print_lines(session, &query, limit);
    else if (status == KEYWARD_OK)
        status = print_table(session, table, query, limit, &shown);
    if (status == KEYWARD_OK && shown == 0)
        remark(session, "no such events");
    table_free(&table);
    return status;
}

const struct command command_audit = {
    .name = "audit",
    .usage = {""},
    .summary = "show the audit log, newest first",
    .help =
        "Shows the newest 100 events, or --limit, of those that the options name. Users see the\n"
        "log of a repository they can read (--repo); the host sees all. --key takes a key's id,\n"
        "or with --repo what else names a key. --after lists oldest first.\n"
        "--follow prints the newest ones (or those from --since or --after on), oldest first, and\n"
        "then each new event as it comes, until Ctrl-C; exit code 0.\n"
        "With --json each line is one event, in the canonical form of 'keyward audit export'.\n"
        "What the log proves, also without the store: 'keyward audit key', then 'audit\n"
        "checkpoint', 'audit receipt', 'audit consistency', and 'verify'.\n",
    .least = 0,
    .most = 0,
    .run = run_audit,
    .options = {EVENT_FILTER_OPTIONS, OPTION_OLDEST_FIRST, OPTION_FOLLOW},
};
