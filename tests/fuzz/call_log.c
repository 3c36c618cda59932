/* SPDX-License-Identifier: MIT */
/* Reading the audit log. */
#include "fuzz/draw.h"

#include <string.h>

/* ---- queries ---- */

static keyward_event_query draw_query(struct run *run)
{
    uint8_t byte = input_byte(&run->input);
    keyward_event_query query = {.limit = draw_limit(run), .oldest_first = byte & 1};

    if (byte & 2)
        query.repo_id = draw_repo(run);
    if (byte & 4)
        query.key_id = draw_key(run).key_id;
    if (byte & 8)
        query.user_id = draw_user(run);
    if (byte & 16)
        query.action = (enum keyward_action)input_pick(&run->input, KEYWARD_DATA_KEY_CREATED + 2);
    if (byte & 32)
        query.from = run->now - (input_byte(&run->input) % 16 - 2) * A_WHILE;
    if (byte & 64)
        query.until = draw_seldom(run) ? input_number(&run->input) : run->now;
    if (byte & 128) {
        query.before_sequence = input_byte(&run->input) - 1;
        query.after_sequence = input_byte(&run->input) / 16 - 1;
    }
    return query;
}

static bool is_query(const keyward_actor *actor, const keyward_event_query *query)
{
    return is_actor(actor) && (actor->is_host || query->repo_id) && query->from >= 0 &&
           query->until >= 0 && query->before_sequence >= 0 && query->after_sequence >= 0 &&
           is_optional_text(query->repo_id, KEYWARD_ID_MAX) &&
           is_optional_text(query->key_id, KEYWARD_ID_MAX) &&
           is_optional_text(query->user_id, KEYWARD_ID_MAX) &&
           query->action <= KEYWARD_DATA_KEY_CREATED;
}

/* The number of the model's next event that the query asks for, or -1; begins with -1. */
static int next_asked_for(const struct model *model, const keyward_event_query *query, int number)
{
    int step = query->oldest_first ? 1 : -1;

    if (number < 0)
        number = query->oldest_first ? -1 : model->event_count;
    for (number += step; number >= 0 && number < model->event_count; number += step)
        if (model_is_asked_for(model, number, query))
            return number;
    return -1;
}

static void require_events(const struct model *model, const keyward_event_query *query,
                           const keyward_event_list *list)
{
    size_t limit = query->limit ? (size_t)query->limit : KEYWARD_PAGE_DEFAULT, count = 0;
    int number = -1;

    while ((number = next_asked_for(model, query, number)) >= 0 && count < limit) {
        REQUIRE(count < list->count && list->events[count]->sequence == number + 1);
        REQUIRE(list->events[count]->action == model->events[number].action);
        REQUIRE(list->events[count]->at == model->events[number].at);
        count++;
    }
    REQUIRE(list->count == count && list->more == (number >= 0));
}

static void call_list_events(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    keyward_event_query query = draw_query(run);
    keyward_event_list *list = NULL, **out = draw_seldom(run) ? NULL : &list;
    enum keyward_status wanted = KEYWARD_INVALID;

    if (store && is_query(actor, &query) && is_limit(query.limit) && out)
        wanted = model_allows(model, actor, query.repo_id, KEYWARD_READER) ? KEYWARD_OK
                                                                           : KEYWARD_FORBIDDEN;
    settle(run, store, keyward_list_events(store, actor, &query, out), wanted);
    REQUIRE((wanted == KEYWARD_OK) == (list != NULL));
    if (list)
        require_events(model, &query, list);
    keyward_event_list_free(&list);
}

/* ---- exports ---- */

/* Looks at each piece as it comes. */
struct reader {
    const struct run *run;
    int64_t lines;
    bool stops, was_stopped;
};

static int read_lines(void *context, const char *bytes, size_t length)
{
    struct reader *reader = context;
    const struct model *model = &reader->run->world->model;

    REQUIRE(length > 0 && bytes[length - 1] == '\n');
    for (size_t i = 0; i < length; i++)
        reader->lines += bytes[i] == '\n';
    for (int i = 0; i < model->key_count; i++)
        REQUIRE(!model->keys[i].is_generated ||
                !memmem(bytes, length, model->keys[i].secret, model->keys[i].secret_length));
    reader->was_stopped = reader->stops;
    return reader->stops;
}

static int64_t count_asked_for(const struct model *model, const keyward_event_query *query)
{
    int64_t count = 0;

    for (int number = -1; (number = next_asked_for(model, query, number)) >= 0;)
        count++;
    return query->limit > 0 && count > query->limit ? query->limit : count;
}

/* JSON has a line for each event and no other; CSV may have line ends within its quotes. */
static void call_export_events(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    keyward_event_query query = draw_query(run);
    uint8_t byte = input_byte(&run->input);
    struct reader reader = {.run = run, .stops = byte % 8 == 7};
    keyward_export destination = {.format = (enum keyward_export_format)(byte < 240 ? byte % 2 : 2),
                                  .write = byte == 239 ? NULL : read_lines,
                                  .write_context = &reader};
    bool is_json = destination.format == KEYWARD_JSON_LINES;
    enum keyward_status wanted = KEYWARD_INVALID, got;

    if (store && is_query(actor, &query) && query.limit >= 0 && destination.write &&
        destination.format <= KEYWARD_CSV)
        wanted = model_allows(model, actor, query.repo_id, KEYWARD_READER) ? KEYWARD_OK
                                                                           : KEYWARD_FORBIDDEN;
    if (wanted == KEYWARD_OK && reader.stops && (!is_json || count_asked_for(model, &query) > 0))
        wanted = KEYWARD_CANCELLED;
    got = keyward_export_events(store, actor, &query, &destination);
    settle(run, store, got, wanted);
    REQUIRE(reader.was_stopped == (wanted == KEYWARD_CANCELLED));
    if (wanted == KEYWARD_OK && is_json)
        REQUIRE(reader.lines == count_asked_for(model, &query));
    if (wanted == KEYWARD_OK && !is_json)
        REQUIRE(reader.lines > count_asked_for(model, &query));
}

const struct api_call log_calls[] = {
    {"list_events", call_list_events},
    {"export_events", call_export_events},
    {NULL, NULL},
};
