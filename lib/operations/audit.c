/* SPDX-License-Identifier: MIT */
#include "operations/audit.h"
#include "base/result.h"
#include "base/status.h"
#include "connection/statement.h"
#include "operations/access.h"
#include "operations/audit_tree.h"
#include "operations/changes.h"
#include "operations/event_copy.h"

#include <string.h>

static const struct query last_event = {
    QUERY_AUDIT_LAST,
    "SELECT sequence, at, leaf IS NULL FROM audit_events ORDER BY sequence DESC LIMIT 1"};

static const struct query append_event = {
    QUERY_AUDIT_APPEND,
    "INSERT INTO audit_events (" EVENT_COLUMNS ", leaf) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
    " ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"};

static const struct query time_of_event = {QUERY_AUDIT_TIME_OF,
                                           "SELECT at FROM audit_events WHERE sequence = ?1"};

#define SELECT_EVENTS                                                                   \
    "SELECT " EVENT_COLUMNS " FROM audit_events WHERE sequence > ?1 AND sequence <= ?2" \
    " AND (?3 IS NULL OR repo_id = ?3) AND (?4 IS NULL OR key_id = ?4)"                 \
    " AND (?5 IS NULL OR actor_id = ?5 OR user_id = ?5) AND (?6 IS NULL OR action = ?6)"

static const struct query list_newest_first = {QUERY_AUDIT_NEWEST_FIRST,
                                               SELECT_EVENTS " ORDER BY sequence DESC LIMIT ?7"};
static const struct query list_oldest_first = {QUERY_AUDIT_OLDEST_FIRST,
                                               SELECT_EVENTS " ORDER BY sequence LIMIT ?7"};

enum event_column {
    EVENT_SEQUENCE,
    EVENT_AT,
    EVENT_ACTION,
    EVENT_ACTOR_ID,
    EVENT_REPO_ID,
    EVENT_KEY_ID,
    EVENT_USER_ID,
    EVENT_NAME,
    EVENT_PREVIOUS_NAME,
    EVENT_PROVIDER,
    EVENT_ROLE,
    EVENT_REASON,
    EVENT_REASON_TEXT,
    EVENT_REQUEST_ID,
    EVENT_CLIENT_ADDRESS,
    EVENT_USER_AGENT,
    EVENT_SEALED_SHA256,
    EVENT_OTHER_KEY_ID,
    EVENT_EXPIRES_AT
};

static enum keyward_status find_last(struct connection *connection, int64_t *sequence, int64_t *at,
                                     bool *lacks_leaf)
{
    struct statement last = statement_begin(connection, &last_event);

    *sequence = *at = 0;
    *lacks_leaf = false;
    if (statement_row(&last)) {
        *sequence = statement_number(&last, 0);
        *at = statement_number(&last, 1);
        *lacks_leaf = statement_number(&last, 2) != 0;
    }
    return statement_end(&last);
}

enum keyward_status audit_find_end(struct transaction *transaction)
{
    bool lacks_leaf;
    enum keyward_status status;

    if (transaction->last_sequence != 0)
        return KEYWARD_OK;
    status = find_last(transaction->connection, &transaction->last_sequence, &transaction->last_at,
                       &lacks_leaf);
    if (status == KEYWARD_OK && lacks_leaf)
        status = tree_fill_tail(transaction, transaction->last_sequence);
    return status;
}

static void bind_event(struct statement *append, const keyward_event *event,
                       const struct hash *leaf)
{
    statement_bind_number(append, event->sequence);
    statement_bind_number(append, event->at);
    statement_bind_text(append, keyward_action_text(event->action));
    statement_bind_text(append, event->actor_id);
    statement_bind_text(append, event->repo_id);
    statement_bind_text(append, event->key_id);
    statement_bind_text(append, event->user_id);
    statement_bind_text(append, event->name);
    statement_bind_text(append, event->previous_name);
    statement_bind_text(append, event->provider);
    statement_bind_text(append, event->role);
    statement_bind_text(append, event->reason);
    statement_bind_text(append, event->reason_text);
    statement_bind_text(append, event->request_id);
    statement_bind_text(append, event->client_address);
    statement_bind_text(append, event->user_agent);
    statement_bind_blob(append, event->sealed_sha256, SEALED_HASH_BYTES);
    statement_bind_text(append, event->other_key_id);
    statement_bind_optional(append, event->expires_at);
    statement_bind_blob(append, leaf->bytes, sizeof leaf->bytes);
}

static enum keyward_status put_event(struct transaction *transaction, const keyward_event *event)
{
    struct statement append;
    struct hash leaf;

    if (!event_leaf(transaction->scratch, event, &leaf))
        return KEYWARD_NOMEM;
    append = statement_begin(transaction->connection, &append_event);
    bind_event(&append, event, &leaf);
    return statement_run(&append);
}

enum keyward_status audit_append(struct transaction *transaction, const keyward_actor *actor,
                                 keyward_event *event)
{
    enum keyward_status status = audit_find_end(transaction);
    int64_t now = environment_now(&transaction->services->environment);

    if (status != KEYWARD_OK)
        return status;
    event->sequence = transaction->last_sequence + 1;
    event->at = now > transaction->last_at ? now : transaction->last_at; /* never back */
    event->actor_id = actor->is_host ? NULL : actor->user_id;
    event->request_id = actor->request_id;
    event->client_address = actor->client_address;
    event->user_agent = actor->user_agent;
    if (!event->reason_text)
        event->reason_text = actor->reason;

    status = put_event(transaction, event);
    if (status == KEYWARD_OK)
        status = tree_grow(transaction, event->sequence);
    if (status != KEYWARD_OK)
        return status;
    transaction->last_sequence = event->sequence;
    transaction->last_at = event->at;
    transaction->appended = true;
    return changes_add_event(transaction, event);
}

/* The first event at or after `time`, by bisection: times never decrease with the sequence. */
static enum keyward_status first_at_or_after(struct connection *connection, int64_t time,
                                             int64_t *sequence)
{
    int64_t low = 1, high, last_at;
    bool lacks_leaf;
    enum keyward_status status = find_last(connection, &high, &last_at, &lacks_leaf);

    for (high += 1; status == KEYWARD_OK && low < high;) {
        int64_t middle = low + (high - low) / 2;
        struct statement look = statement_begin(connection, &time_of_event);
        statement_bind_number(&look, middle);
        bool later = statement_row(&look) && statement_number(&look, 0) >= time;
        status = statement_end(&look);
        if (later)
            high = middle;
        else
            low = middle + 1;
    }
    *sequence = low;
    return status;
}

/* The range of sequences, after `*after` and up to `*last`, that the query's times and page leave.
 */
static enum keyward_status find_range(struct connection *connection,
                                      const keyward_event_query *query, int64_t *after,
                                      int64_t *last)
{
    enum keyward_status status = KEYWARD_OK;
    int64_t bound;

    *after = query->after_sequence;
    *last = query->before_sequence > 0 ? query->before_sequence - 1 : INT64_MAX;
    if (query->from > 0) {
        status = first_at_or_after(connection, query->from, &bound);
        if (bound - 1 > *after)
            *after = bound - 1;
    }
    if (status == KEYWARD_OK && query->until > 0) {
        status = first_at_or_after(connection, query->until, &bound);
        if (bound - 1 < *last)
            *last = bound - 1;
    }
    return status;
}

/* A text, and whether SQLite keeps more behind a NUL, which no reader of the text sees. */
static const char *text_in(const struct statement *row, int column, bool *hides)
{
    const char *text = statement_text(row, column);

    if (text && strlen(text) != statement_length(row, column))
        *hides = true;
    return text;
}

enum keyward_status audit_event_of_row(const struct statement *row, keyward_event *event,
                                       bool *hides)
{
    const void *hash = statement_blob(row, EVENT_SEALED_SHA256);
    int action = action_value(statement_text(row, EVENT_ACTION));

    *hides = false;
    if (action < 0 || (hash && statement_length(row, EVENT_SEALED_SHA256) != SEALED_HASH_BYTES))
        return KEYWARD_CORRUPT;
    *event = (keyward_event){
        .sequence = statement_number(row, EVENT_SEQUENCE),
        .at = statement_number(row, EVENT_AT),
        .action = (enum keyward_action)action,
        .actor_id = text_in(row, EVENT_ACTOR_ID, hides),
        .repo_id = text_in(row, EVENT_REPO_ID, hides),
        .key_id = text_in(row, EVENT_KEY_ID, hides),
        .user_id = text_in(row, EVENT_USER_ID, hides),
        .name = text_in(row, EVENT_NAME, hides),
        .previous_name = text_in(row, EVENT_PREVIOUS_NAME, hides),
        .provider = text_in(row, EVENT_PROVIDER, hides),
        .role = text_in(row, EVENT_ROLE, hides),
        .reason = text_in(row, EVENT_REASON, hides),
        .reason_text = text_in(row, EVENT_REASON_TEXT, hides),
        .request_id = text_in(row, EVENT_REQUEST_ID, hides),
        .client_address = text_in(row, EVENT_CLIENT_ADDRESS, hides),
        .user_agent = text_in(row, EVENT_USER_AGENT, hides),
        .sealed_sha256 = hash,
        .other_key_id = text_in(row, EVENT_OTHER_KEY_ID, hides),
        .expires_at = statement_number(row, EVENT_EXPIRES_AT),
    };
    /* No deadline is NULL, and the same in the event's text. */
    *hides = *hides || (event->expires_at == 0 && !statement_is_null(row, EVENT_EXPIRES_AT));
    return KEYWARD_OK;
}

static enum keyward_status read_event(void *list, const struct statement *row,
                                      const keyward_event **read)
{
    keyward_event *event = result_alloc(list, sizeof *event);
    enum keyward_status status;
    bool hides;

    *read = event;
    if (!event)
        return KEYWARD_NOMEM;
    status = audit_event_of_row(row, event, &hides);
    if (status != KEYWARD_OK)
        return status;
    return event_keep(list, event) ? KEYWARD_OK : KEYWARD_NOMEM;
}

static enum keyward_status read_page(struct connection *connection,
                                     const keyward_event_query *query, int64_t after, int64_t last,
                                     keyward_event_list *page)
{
    size_t limit = (size_t)query->limit;
    const keyward_event **events = result_alloc(page, limit * sizeof *events);
    enum keyward_status ended, status = events ? KEYWARD_OK : KEYWARD_NOMEM;
    struct statement list =
        statement_begin(connection, query->oldest_first ? &list_oldest_first : &list_newest_first);

    page->events = events;
    statement_bind_number(&list, after);
    statement_bind_number(&list, last);
    statement_bind_text(&list, query->repo_id);
    statement_bind_text(&list, query->key_id);
    statement_bind_text(&list, query->user_id);
    statement_bind_text(
        &list, query->action == KEYWARD_ACTION_ANY ? NULL : keyward_action_text(query->action));
    statement_bind_number(&list, query->limit + 1); /* one more tells whether there is more */
    while (status == KEYWARD_OK && statement_row(&list)) {
        if (page->count == limit)
            page->more = true;
        else
            status = read_event(page, &list, &events[page->count++]);
    }
    ended = statement_end(&list);
    return status == KEYWARD_OK ? ended : status;
}

enum keyward_status audit_read(struct transaction *transaction, int64_t first, int64_t last,
                               keyward_event_list *page)
{
    const keyward_event_query all = {.oldest_first = true, .limit = KEYWARD_PAGE_MAX};

    return read_page(transaction->connection, &all, first, last, page);
}

enum keyward_status audit_list(struct transaction *transaction, void *request)
{
    struct audit_list *list = request;
    const keyward_event_query *query = &list->query;
    int64_t after, last;
    enum keyward_status status =
        access_allows(transaction, list->actor, query->repo_id, KEYWARD_READER);

    if (status == KEYWARD_OK)
        status = find_range(transaction->connection, query, &after, &last);
    if (status == KEYWARD_OK)
        status = read_page(transaction->connection, query, after, last, list->events);
    return status;
}
