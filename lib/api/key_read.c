/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "base/result.h"
#include "operations/keys.h"

static bool include_is_known(struct error *error, enum keyward_include include)
{
    return argument_is_known(error, "include", (unsigned)include <= KEYWARD_LIVE_AND_DELETED);
}

enum keyward_status keyward_get_key(keyward *store, const keyward_actor *actor, const char *repo_id,
                                    const char *key_id, enum keyward_include include,
                                    keyward_key **key)
{
    struct key_get get = {.actor = actor, .repo_id = repo_id, .key_id = key_id, .include = include};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (key)
        *key = NULL;
    if (status == KEYWARD_OK)
        status = arguments_status(argument_names_key(error, actor, repo_id, key_id) &&
                                  include_is_known(error, include) &&
                                  argument_is_given(error, "key", key));
    if (status != KEYWARD_OK)
        return call_end(error, status);
    get.key = result_new(sizeof *get.key);
    status = get.key ? database_read(store->database, key_get, &get, error) : KEYWARD_NOMEM;
    if (status == KEYWARD_OK)
        *key = get.key;
    else
        keyward_key_free(&get.key);
    return call_end(error, status);
}

static bool key_list_is_valid(struct error *error, const struct key_list *list)
{
    return argument_is_actor(error, list->actor) &&
           argument_is_id(error, "repo_id", list->repo_id) &&
           include_is_known(error, list->query.include) &&
           argument_is_optional_text(error, "query.before_key_id", list->query.before_key_id,
                                     KEYWARD_ID_MAX) &&
           argument_is_limit(error, list->query.limit);
}

enum keyward_status keyward_list_keys(keyward *store, const keyward_actor *actor,
                                      const char *repo_id, const keyward_key_query *query,
                                      keyward_key_list **keys)
{
    struct key_list list = {.actor = actor, .repo_id = repo_id};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (keys)
        *keys = NULL;
    if (query)
        list.query = *query;
    if (status == KEYWARD_OK)
        status = arguments_status(key_list_is_valid(error, &list) &&
                                  argument_is_given(error, "keys", keys));
    if (status != KEYWARD_OK)
        return call_end(error, status);
    list.query.limit = limit_or_default(list.query.limit);
    list.keys = result_new(sizeof *list.keys);
    status = list.keys ? database_read(store->database, key_list, &list, error) : KEYWARD_NOMEM;
    if (status == KEYWARD_OK)
        *keys = list.keys;
    else
        keyward_key_list_free(&list.keys);
    return call_end(error, status);
}
void keyward_key_free(keyward_key **key)
{
    if (!key)
        return;
    result_free(*key);
    *key = NULL;
}

void keyward_key_list_free(keyward_key_list **keys)
{
    if (!keys)
        return;
    result_free(*keys);
    *keys = NULL;
}
