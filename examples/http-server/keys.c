/* SPDX-License-Identifier: MIT */
/* Creating, listing and renaming the keys of a repository. */
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
        for (size_t i = 0; i < keys->count; i++) {
            add_key(text, keys->keys[i], is_first);
            is_first = false;
        }
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
