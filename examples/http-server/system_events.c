/* SPDX-License-Identifier: MIT */
/* The audit log, as the API tells it. */
#include "handlers.h"
#include "moment.h"
#include "request.h"
#include "server.h"

#include <string.h>

#define DAY INT64_C(86400000)
#define TAKE_DEFAULT 20
#define TAKE_MAX 100
#define SKIP_MAX 1000000000

static const keyward_actor host = {.is_host = true};

/* The indices into these are what a request says. */
static const char *const contexts[] = {"workspace",   "bucket",        "repo",   "user",
                                       "org",         "workspaceuser", "apikey", "usersettings",
                                       "orgsettings", "flashbacknode", "orgkey", "aillm",
                                       "aillmapikey", "conversation"};
static const char *const kinds[] = {"created", "updated", "deleted"};

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

enum { CONTEXT_REPO = 2, CONTEXT_KEY = 12 };
enum { KIND_CREATED = 0, KIND_UPDATED = 1, KIND_DELETED = 2, KIND_NONE = -1 };

struct search {
    struct request *request;
    /* what is wanted; -1 and NULL: any */
    int64_t from, until;
    int64_t context, kind, skip, take;
    const char *context_id, *user_id, *workspace_id;
    /* what was found */
    json_t *roles; /* of who asks, by repository */
    json_t *events;
    int64_t total;
};

/* ---- what is asked ---- */

/* A whole number from `least` to `most`; absent or null: `otherwise`. */
static bool take_number(struct search *search, struct answer *answer, const char *member,
                        int64_t least, int64_t most, int64_t otherwise, int64_t *number)
{
    const json_t *value = json_object_get(search->request->json, member);

    *number = otherwise;
    if (!value || json_is_null(value))
        return true;
    *number = json_integer_value(value);
    if (json_is_integer(value) && *number >= least && *number <= most)
        return true;
    answer_failure(answer, MHD_HTTP_BAD_REQUEST, "\"%s\" must be a whole number from %lld to %lld",
                   member, (long long)least, (long long)most);
    return false;
}

static bool take_moment(struct search *search, struct answer *answer, const char *member,
                        int64_t otherwise, int64_t *at)
{
    const json_t *value = json_object_get(search->request->json, member);

    *at = otherwise;
    if (!value || json_is_null(value))
        return true;
    if (json_is_string(value) && moment_parse(json_string_value(value), at))
        return true;
    answer_failure(answer, MHD_HTTP_BAD_REQUEST,
                   "\"%s\" must be a time as 2026-11-25T02:18:36.123Z", member);
    return false;
}

static bool take_period(struct search *search, struct answer *answer)
{
    int64_t before;

    if (!take_moment(search, answer, "to_timestamp", 0, &search->until))
        return false;
    before = search->until != 0 ? search->until : moment_now();
    before = before > DAY ? before - DAY : 0;
    if (!take_moment(search, answer, "from_timestamp", before, &search->from))
        return false;
    if (search->until == 0 || search->from <= search->until)
        return true;
    answer_failure(answer, MHD_HTTP_BAD_REQUEST, "\"from_timestamp\" is after \"to_timestamp\"");
    return false;
}

static bool take_search(struct search *search, struct answer *answer)
{
    const json_t *unread = json_object_get(search->request->json, "showUnread");

    if (unread && !json_is_boolean(unread) && !json_is_null(unread)) {
        answer_failure(answer, MHD_HTTP_BAD_REQUEST, "\"showUnread\" must be true or false");
        return false;
    }
    return take_period(search, answer) &&
           take_number(search, answer, "context", 0, COUNT(contexts) - 1, -1, &search->context) &&
           take_number(search, answer, "event", 0, COUNT(kinds) - 1, -1, &search->kind) &&
           take_number(search, answer, "skip", 0, SKIP_MAX, 0, &search->skip) &&
           take_number(search, answer, "take", 1, TAKE_MAX, TAKE_DEFAULT, &search->take) &&
           request_take_text(search->request, answer, "contextId", 0, BODY_MAX, true,
                             &search->context_id) &&
           request_take_text(search->request, answer, "userId", 0, BODY_MAX, true,
                             &search->user_id) &&
           request_take_text(search->request, answer, "workspaceId", 0, BODY_MAX, true,
                             &search->workspace_id);
}

/* ---- what an event is to the API ---- */

static int kind_of(enum keyward_action action)
{
    switch ((int)action) {
    case KEYWARD_KEY_CREATED:
    case KEYWARD_KEY_IMPORTED:
        return KIND_CREATED;
    case KEYWARD_KEY_DELETED:
        return KIND_DELETED;
    case KEYWARD_KEY_RENAMED:
    case KEYWARD_KEY_RESTORED:
    case KEYWARD_KEY_EXPIRY_SET:
    case KEYWARD_KEY_ROTATED:
    case KEYWARD_KEY_REVEALED:
    case KEYWARD_KEY_PURGED:
    case KEYWARD_ACCESS_GRANTED:
    case KEYWARD_ACCESS_REVOKED:
        return KIND_UPDATED;
    default: /* refusals, and what concerns the store alone */
        return KIND_NONE;
    }
}

static int context_of(const keyward_event *event)
{
    return event->key_id ? CONTEXT_KEY : CONTEXT_REPO;
}

static const char *context_id_of(const keyward_event *event)
{
    return event->key_id ? event->key_id : event->repo_id;
}

/* ---- who may see it ---- */

/* Asks the store once for each repository. */
static enum keyward_status find_role(struct search *search, const char *repo_id, json_int_t *role)
{
    const json_t *known = json_object_get(search->roles, repo_id);
    keyward_user *user = NULL;
    enum keyward_status status;

    *role = json_integer_value(known);
    if (known)
        return KEYWARD_OK;
    status = keyward_get_user(search->request->server->store, &host, repo_id,
                              search->request->user.id, &user);
    if (status == KEYWARD_OK)
        *role = user->role;
    else if (status != KEYWARD_NOT_FOUND)
        return status;
    keyward_user_free(&user);
    return json_object_set_new(search->roles, repo_id, json_integer(*role)) == 0 ? KEYWARD_OK
                                                                                 : KEYWARD_NOMEM;
}

static enum keyward_status may_see(struct search *search, const keyward_event *event, bool *may)
{
    json_int_t role;
    enum keyward_status status;

    *may = event->actor_id && strcmp(event->actor_id, search->request->user.id) == 0;
    if (*may)
        return KEYWARD_OK;
    status = find_role(search, event->repo_id, &role);
    *may = status == KEYWARD_OK && role >= KEYWARD_ADMIN;
    return status;
}

static bool fits(const struct search *search, const keyward_event *event)
{
    int kind = kind_of(event->action);

    return kind != KIND_NONE && !search->workspace_id &&
           (search->kind < 0 || search->kind == kind) &&
           (search->context < 0 || search->context == context_of(event)) &&
           (!search->context_id || strcmp(search->context_id, context_id_of(event)) == 0) &&
           (!search->user_id ||
            strcmp(search->user_id, event->actor_id ? event->actor_id : "") == 0);
}

/* ---- telling ---- */

static json_t *describe_change(const keyward_event *event)
{
    char expires[MOMENT_SIZE];

    return json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*}",
                     "action", keyward_action_text(event->action), "repoId", event->repo_id, "name",
                     event->name, "previousName", event->previous_name, "aiType", event->provider,
                     "role", event->role, "userId", event->user_id, "reason", event->reason,
                     "reasonText", event->reason_text, "requestId", event->request_id, "otherKeyId",
                     event->other_key_id, "expiresAt",
                     event->expires_at != 0 ? moment_format(event->expires_at, expires) : NULL);
}

static json_t *describe_event(struct search *search, const keyward_event *event)
{
    const char *user_id = event->actor_id ? event->actor_id : "";
    char at[MOMENT_SIZE];
    struct user user;
    json_t *change = describe_change(event), *described = NULL;
    char *data = change ? json_dumps(change, JSON_COMPACT) : NULL;

    tokens_describe(&search->request->server->tokens, user_id, &user);
    if (data)
        described = json_pack(
            "{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:s, s:b}", "id",
            (json_int_t)event->sequence, "timestamp", moment_format(event->at, at), "contextId",
            context_id_of(event), "context", contexts[context_of(event)], "event",
            kinds[kind_of(event->action)], "orgId", "", "userId", user_id, "userName", user.name,
            "userEmail", user.email, "workspaceId", "jsonData", data, "showUnread", 1);
    memory_release(data);
    json_decref(change);
    return described;
}

/* Counts it, and keeps it if it is on the page that is asked for. */
static enum keyward_status take_event(struct search *search, const keyward_event *event)
{
    bool may = false;
    enum keyward_status status;

    if (!fits(search, event))
        return KEYWARD_OK;
    status = may_see(search, event, &may);
    if (status != KEYWARD_OK || !may)
        return status;
    if (search->total >= search->skip && search->total < search->skip + search->take &&
        json_array_append_new(search->events, describe_event(search, event)) != 0)
        return KEYWARD_NOMEM;
    search->total++;
    return KEYWARD_OK;
}

/* ---- reading the log ---- */

/* What the store can narrow by itself. */
static keyward_event_query make_query(const struct search *search)
{
    keyward_event_query query = {
        .from = search->from, .until = search->until, .limit = KEYWARD_PAGE_MAX};

    query.user_id = search->user_id && search->user_id[0] != '\0' ? search->user_id : NULL;
    if (search->context_id && search->context == CONTEXT_KEY)
        query.key_id = search->context_id;
    if (search->context_id && search->context == CONTEXT_REPO)
        query.repo_id = search->context_id;
    return query;
}

/* No id is empty or longer than that. */
static bool is_impossible(const struct search *search)
{
    return (search->context_id &&
            (search->context_id[0] == '\0' || strlen(search->context_id) > KEYWARD_ID_MAX)) ||
           (search->user_id && strlen(search->user_id) > KEYWARD_ID_MAX);
}

/* Across all repositories, as the host; may_see() decides about each event. */
static enum keyward_status read_log(struct search *search)
{
    struct server *server = search->request->server;
    keyward_event_query query = make_query(search);
    keyward_event_list *events = NULL;
    enum keyward_status status = KEYWARD_OK;
    bool more = true;

    while (status == KEYWARD_OK && more) {
        status = keyward_list_events(server->store, &host, &query, &events);
        if (status != KEYWARD_OK)
            break;
        for (size_t i = 0; status == KEYWARD_OK && i < events->count; i++)
            status = take_event(search, events->events[i]);
        more = events->more && !connections_are_draining(&server->connections);
        if (more)
            query.before_sequence = events->events[events->count - 1]->sequence;
        else if (events->more)
            status = KEYWARD_CANCELLED;
        keyward_event_list_free(&events);
    }
    return status;
}

/* One at a time: a long look into the past keeps one core busy, never all. */
static enum keyward_status run_search(struct search *search)
{
    struct server *server = search->request->server;
    enum keyward_status status = KEYWARD_NOMEM;

    search->roles = json_object();
    search->events = json_array();
    if (is_impossible(search))
        return search->events ? KEYWARD_OK : KEYWARD_NOMEM;
    pthread_mutex_lock(&server->history);
    if (search->roles && search->events)
        status = read_log(search);
    pthread_mutex_unlock(&server->history);
    return status;
}

void handle_system_events(struct request *request, struct answer *answer)
{
    struct search search = {.request = request};
    enum keyward_status status;

    if (!take_search(&search, answer))
        return;
    status = run_search(&search);
    if (status == KEYWARD_OK) {
        answer_json(answer, json_pack("{s:O, s:I, s:I, s:I}", "events", search.events, "total",
                                      (json_int_t)search.total, "skip", (json_int_t)search.skip,
                                      "take", (json_int_t)search.take));
    } else if (status == KEYWARD_CANCELLED) {
        answer_failure(answer, MHD_HTTP_SERVICE_UNAVAILABLE, "The server is shutting down");
        answer->retry = true;
    } else {
        request_refuse(request, answer, status);
    }
    json_decref(search.roles);
    json_decref(search.events);
}
