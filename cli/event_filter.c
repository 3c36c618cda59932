/* SPDX-License-Identifier: MIT */
#include "event_filter.h"

#include "failure.h"
#include "resolve.h"
#include "values.h"

#include <limits.h>

enum keyward_status event_filter_read(struct session *session, keyward_event_query *query,
                                      int64_t *limit)
{
    enum keyward_status status = option_action(session, &query->action);

    *limit = 0;
    query->repo_id = option_text(session, OPTION_REPO);
    query->user_id = option_text(session, OPTION_USER);
    query->oldest_first = option_given(session, OPTION_OLDEST_FIRST);
    if (status == KEYWARD_OK)
        status = option_past_moment(session, OPTION_SINCE, &query->from);
    if (status == KEYWARD_OK)
        status = option_past_moment(session, OPTION_UNTIL, &query->until);
    if (status == KEYWARD_OK)
        status = option_number(session, OPTION_AFTER, 0, INT64_MAX, &query->after_sequence);
    if (status == KEYWARD_OK)
        status = option_number(session, OPTION_LIMIT, 1, INT_MAX, limit);
    if (status == KEYWARD_OK && query->until != 0 && query->until <= query->from)
        status = fail_usage("--until must be later than --since");
    if (status == KEYWARD_OK && !session->actor.is_host && !query->repo_id)
        status = fail_usage("a user sees the log of a repository: name it with --repo");
    /* The library takes a lower bound only in the direction that starts from it. */
    if (option_given(session, OPTION_AFTER))
        query->oldest_first = true;
    return status;
}

enum keyward_status event_filter_resolve(struct session *session, keyward_event_query *query,
                                         char id[KEYWARD_ID_MAX + 1])
{
    const char *key = option_text(session, OPTION_KEY);
    enum keyward_status status = KEYWARD_OK;

    query->key_id = key;
    if (!key || is_key_id(key))
        return KEYWARD_OK;
    if (!query->repo_id)
        return fail_usage("--key is a key's id; with --repo it may be an access key or a name");
    status = resolve_key(session, query->repo_id, key, KEYWARD_LIVE_AND_DELETED, id);
    query->key_id = id;
    return status;
}
