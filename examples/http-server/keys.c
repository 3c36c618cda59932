/* SPDX-License-Identifier: MIT */
/* Creating, listing, renaming and deleting the keys of a repository. */
#include "handlers.h"
#include "moment.h"
#include "request.h"
#include "server.h"

#include <string.h>

/* ---- GET ---- */

static json_t *describe_key(const keyward_key *key)
{
    char created[MOMENT_SIZE];

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:n}", "id", key->id, "name", key->name,
                     "repoId", key->repo_id, "key", key->access_key, "aiType",
                     keyward_provider_text(key->provider), "createdAt",
                     moment_format(key->created_at, created), "deletedAt");
}

static void add_key(struct text *text, const keyward_key *key, bool is_first)
{
    json_t *object = describe_key(key);
    char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;

    if (!is_first)
        text_add(text, ",", 1);
    if (line)
        text_add(text, line, strlen(line));
    else
        text->failed = true;
    memory_release(line);
    json_decref(object);
}

/* Page by page: the API has no pages of its own, and a repository may have many keys. */
static enum keyward_status add_keys(struct request *request, struct text *text)
{
    char before[KEYWARD_KEY_ID_LENGTH + 1];
    keyward_key_query query = {.limit = KEYWARD_PAGE_MAX};
    keyward_key_list *keys = NULL;
    enum keyward_status status;
    bool more = true, is_first = true;

    do {
        status = keyward_list_keys(request->server->store, &request->actor, request->parameters[0],
                                   &query, &keys);
        if (status != KEYWARD_OK)
            return status;
        for (size_t i = 0; i < keys->count; i++, is_first = false)
            add_key(text, keys->keys[i], is_first);
        more = keys->more;
        if (more) {
            memcpy(before, keys->keys[keys->count - 1]->id, sizeof before);
            query.before_key_id = before;
        }
        keyward_key_list_free(&keys);
    } while (more);
    return KEYWARD_OK;
}

void handle_list_keys(struct request *request, struct answer *answer)
{
    static const char head[] = "{\"success\":true,\"apiKeys\":[";
    struct text text = {0};
    enum keyward_status status;

    if (!request_take_ids(request, answer))
        return;
    text_add(&text, head, strlen(head));
    status = add_keys(request, &text);
    text_add(&text, "]}", 2);
    if (status == KEYWARD_OK)
        answer_text(answer, TYPE_JSON, &text);
    else
        request_refuse(request, answer, status);
    text_release(&text);
}

/* ---- POST ---- */

static bool take_provider(struct request *request, struct answer *answer,
                          enum keyward_provider *provider)
{
    const char *word = json_string_value(json_object_get(request->json, "aiType"));

    for (int i = KEYWARD_OTHER; word && i <= KEYWARD_AWS; i++)
        if (strcmp(word, keyward_provider_text((enum keyward_provider)i)) == 0) {
            *provider = (enum keyward_provider)i;
            return true;
        }
    answer_failure(answer, MHD_HTTP_BAD_REQUEST,
                   "\"aiType\" must be one of OPENAI, GOOGLE, ANTHROPIC, AWS, OTHER");
    return false;
}

void handle_create_key(struct request *request, struct answer *answer)
{
    keyward_new_key new_key = {0};
    keyward_key *key = NULL;
    keyward_secret *secret = NULL;
    enum keyward_status status;

    if (!request_take_ids(request, answer) ||
        !request_take_text(request, answer, "name", 1, KEYWARD_NAME_MAX, false, &new_key.name) ||
        !take_provider(request, answer, &new_key.provider))
        return;
    status = keyward_create_key(request->server->store, &request->actor, request->parameters[0],
                                &new_key, &key, &secret);
    server_note_write(request->server, status);
    if (status == KEYWARD_OK)
        answer_json(answer, json_pack("{s:b, s:s, s:s, s:s, s:s}", "success", 1, "id", key->id,
                                      "key", key->access_key, "secret", secret->text, "message",
                                      "AI API key created successfully"));
    else
        request_refuse(request, answer, status);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}

/* ---- PUT ---- */

/* Nothing is to be changed: whether it might have been, and whether there is such a key. */
static enum keyward_status touch_key(struct request *request)
{
    static const keyward_actor host = {.is_host = true};
    keyward *store = request->server->store;
    keyward_user *user = NULL;
    keyward_key *key = NULL;
    enum keyward_status status =
        keyward_get_user(store, &host, request->parameters[0], request->user.id, &user);

    if (status == KEYWARD_NOT_FOUND || (status == KEYWARD_OK && user->role < KEYWARD_WRITER))
        status = KEYWARD_FORBIDDEN;
    keyward_user_free(&user);
    if (status != KEYWARD_OK)
        return status;
    status = keyward_get_key(store, &host, request->parameters[0], request->parameters[1],
                             KEYWARD_LIVE_AND_DELETED, &key);
    if (status == KEYWARD_OK && key->deleted_at != 0)
        status = KEYWARD_ALREADY_DELETED;
    keyward_key_free(&key);
    return status;
}

void handle_update_key(struct request *request, struct answer *answer)
{
    const char *name;
    enum keyward_status status;

    if (!request_take_ids(request, answer) ||
        !request_take_text(request, answer, "name", 1, KEYWARD_NAME_MAX, true, &name))
        return;
    if (name) {
        status = keyward_rename_key(request->server->store, &request->actor, request->parameters[0],
                                    request->parameters[1], name);
        server_note_write(request->server, status);
    } else {
        status = touch_key(request);
    }
    if (status == KEYWARD_OK)
        answer_done(answer, "AI API key updated successfully");
    else
        request_refuse(request, answer, status);
}

/* ---- DELETE ---- */

/* The query of a deletion. */
struct guard {
    keyward_deletion deletion;
    char reason[16], reason_text[KEYWARD_LONG_TEXT_MAX + 1], unless_used_within[16];
    unsigned given; /* a bit for each */
    bool is_wrong;
    char problem[128];
};

static bool copy_value(const char *value, char *copy, size_t size)
{
    if (!value || strlen(value) >= TARGET_MAX)
        return false;
    if (strlen(value) < size * 3) { /* all of it escaped */
        char text[(KEYWARD_LONG_TEXT_MAX + 1) * 3];
        memcpy(text, value, strlen(value) + 1);
        if (percent_decode(text) && strlen(text) < size) {
            memcpy(copy, text, strlen(text) + 1);
            return copy[0] != '\0';
        }
    }
    return false;
}

/* A mistyped guard must not delete: what is not known is refused, and so is what is said twice. */
static enum MHD_Result take_parameter(void *context, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    struct guard *guard = context;
    const struct {
        const char *name;
        char *copy;
        size_t size;
    } known[] = {
        {"reason", guard->reason, sizeof guard->reason},
        {"reasonText", guard->reason_text, sizeof guard->reason_text},
        {"unlessUsedWithin", guard->unless_used_within, sizeof guard->unless_used_within},
    };

    (void)kind;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        if (guard->given & 1U << i)
            snprintf(guard->problem, sizeof guard->problem, "\"%s\" is given twice", known[i].name);
        else if (!copy_value(value, known[i].copy, known[i].size))
            snprintf(guard->problem, sizeof guard->problem, "\"%s\" is not valid", known[i].name);
        guard->given |= 1U << i;
        return guard->problem[0] == '\0' ? MHD_YES : MHD_NO;
    }
    snprintf(guard->problem, sizeof guard->problem,
             "The query may have reason, reasonText and unlessUsedWithin only");
    return MHD_NO;
}

static void read_guard(struct guard *guard)
{
    int reason = KEYWARD_REASON_UNUSED;

    if (guard->reason[0] != '\0') {
        while (reason <= KEYWARD_REASON_OTHER &&
               strcmp(guard->reason, keyward_reason_text((enum keyward_reason)reason)) != 0)
            reason++;
        guard->deletion.reason = (enum keyward_reason)reason;
    }
    if (guard->reason_text[0] != '\0')
        guard->deletion.reason_text = guard->reason_text;
    if (reason > KEYWARD_REASON_OTHER)
        snprintf(guard->problem, sizeof guard->problem,
                 "\"reason\" must be one of unused, rotated, compromised, offboarding, other");
    else if (guard->deletion.reason == KEYWARD_REASON_OTHER && !guard->deletion.reason_text)
        snprintf(guard->problem, sizeof guard->problem, "The reason other needs \"reasonText\"");
    else if (guard->unless_used_within[0] != '\0' &&
             !duration_parse(guard->unless_used_within, &guard->deletion.unless_used_within))
        snprintf(guard->problem, sizeof guard->problem,
                 "\"unlessUsedWithin\" must be a number and one of s, m, h, d, w, as in 7d");
}

void handle_delete_key(struct request *request, struct answer *answer)
{
    struct guard guard = {.given = 0};
    enum keyward_status status;

    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_parameter, &guard);
    if (guard.problem[0] == '\0')
        read_guard(&guard);
    if (guard.problem[0] != '\0') {
        answer_failure(answer, MHD_HTTP_BAD_REQUEST, "%s", guard.problem);
        return;
    }
    if (!request_take_ids(request, answer))
        return;
    status = keyward_delete_key(request->server->store, &request->actor, request->parameters[0],
                                request->parameters[1], &guard.deletion);
    server_note_write(request->server, status);
    if (status == KEYWARD_OK) {
        metrics_delete(&request->server->metrics);
        answer_done(answer, "AI API key deleted successfully");
    } else {
        request_refuse(request, answer, status);
    }
}
