/* SPDX-License-Identifier: MIT */
#include "operations/audit.h"
#include "api/arguments.h"
#include "api/call.h"
#include "base/result.h"

enum keyward_status keyward_list_events(keyward *store, const keyward_actor *actor,
                                        const keyward_event_query *query,
                                        keyward_event_list **events)
{
    struct audit_list list = {.actor = actor};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (events)
        *events = NULL;
    if (query)
        list.query = *query;
    if (status == KEYWARD_OK)
        status = arguments_status(argument_is_actor(error, actor) &&
                                  argument_is_event_query(error, actor, &list.query) &&
                                  argument_is_limit(error, list.query.limit) &&
                                  argument_is_given(error, "events", events));
    if (status != KEYWARD_OK)
        return call_end(error, status);
    list.query.limit = limit_or_default(list.query.limit);
    list.events = result_new(sizeof *list.events);
    status = list.events ? database_read(store->database, audit_list, &list, error) : KEYWARD_NOMEM;
    if (status == KEYWARD_OK)
        *events = list.events;
    else
        keyward_event_list_free(&list.events);
    return call_end(error, status);
}

void keyward_event_list_free(keyward_event_list **events)
{
    if (!events)
        return;
    result_free(*events);
    *events = NULL;
}
