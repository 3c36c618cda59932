/* SPDX-License-Identifier: MIT */
#include "operations/audit.h"
#include "api/arguments.h"
#include "api/call.h"
#include "base/result.h"
#include "base/status.h"

static bool query_is_valid(struct error *error, const keyward_actor *actor,
                           const keyward_event_query *query)
{
    if (!actor->is_host && !argument_is_given(error, "query.repo_id", query->repo_id))
        return false;
    if (query->from < 0 || query->until < 0)
        return argument_is_wrong(error, "query.from, query.until", "must not be negative");
    if (query->before_sequence < 0 || query->after_sequence < 0)
        return argument_is_wrong(error, "query.before_sequence, query.after_sequence",
                                 "must not be negative");
    return argument_is_optional_text(error, "query.repo_id", query->repo_id, KEYWARD_ID_MAX) &&
           argument_is_optional_text(error, "query.key_id", query->key_id, KEYWARD_ID_MAX) &&
           argument_is_optional_text(error, "query.user_id", query->user_id, KEYWARD_ID_MAX) &&
           argument_is_known(error, "query.action", action_is_valid(query->action)) &&
           argument_is_limit(error, query->limit);
}

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
    if (status == KEYWARD_OK &&
        !(argument_is_actor(error, actor) && query_is_valid(error, actor, &list.query) &&
          argument_is_given(error, "events", events)))
        status = KEYWARD_INVALID;
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
