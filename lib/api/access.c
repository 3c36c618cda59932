/* SPDX-License-Identifier: MIT */
#include "operations/access.h"
#include "api/arguments.h"
#include "api/call.h"
#include "base/result.h"
#include "base/status.h"

/* Who acts on whose role. */
static bool names_user(struct error *error, const keyward_actor *actor, const char *repo_id,
                       const char *user_id)
{
    return argument_is_actor(error, actor) && argument_is_id(error, "repo_id", repo_id) &&
           argument_is_id(error, "user_id", user_id);
}

enum keyward_status keyward_grant(keyward *store, const keyward_actor *actor, const char *repo_id,
                                  const char *user_id, enum keyward_role role)
{
    struct access_change change = {actor, repo_id, user_id, role};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK)
        status = arguments_status(names_user(error, actor, repo_id, user_id) &&
                                  argument_is_known(error, "role", role_is_valid(role)));
    if (status == KEYWARD_OK)
        status = store_write(store, access_grant, &change, error);
    return call_end(error, status);
}

enum keyward_status keyward_revoke(keyward *store, const keyward_actor *actor, const char *repo_id,
                                   const char *user_id)
{
    struct access_change change = {.actor = actor, .repo_id = repo_id, .user_id = user_id};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK && !names_user(error, actor, repo_id, user_id))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK)
        status = store_write(store, access_revoke, &change, error);
    return call_end(error, status);
}

enum keyward_status keyward_get_user(keyward *store, const keyward_actor *actor,
                                     const char *repo_id, const char *user_id, keyward_user **user)
{
    struct access_get get = {.actor = actor, .repo_id = repo_id, .user_id = user_id};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (user)
        *user = NULL;
    if (status == KEYWARD_OK)
        status = arguments_status(names_user(error, actor, repo_id, user_id) &&
                                  argument_is_given(error, "user", user));
    if (status != KEYWARD_OK)
        return call_end(error, status);
    get.user = result_new(sizeof *get.user);
    status = get.user ? database_read(store->database, access_get, &get, error) : KEYWARD_NOMEM;
    if (status == KEYWARD_OK)
        *user = get.user;
    else
        keyward_user_free(&get.user);
    return call_end(error, status);
}

void keyward_user_free(keyward_user **user)
{
    if (!user)
        return;
    result_free(*user);
    *user = NULL;
}

static bool user_list_is_valid(struct error *error, const struct access_list *list)
{
    return argument_is_actor(error, list->actor) &&
           argument_is_id(error, "repo_id", list->repo_id) &&
           argument_is_optional_text(error, "query.after_user_id", list->query.after_user_id,
                                     KEYWARD_ID_MAX) &&
           argument_is_limit(error, list->query.limit);
}

enum keyward_status keyward_list_users(keyward *store, const keyward_actor *actor,
                                       const char *repo_id, const keyward_user_query *query,
                                       keyward_user_list **users)
{
    struct access_list list = {.actor = actor, .repo_id = repo_id};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (users)
        *users = NULL;
    if (query)
        list.query = *query;
    if (status == KEYWARD_OK)
        status = arguments_status(user_list_is_valid(error, &list) &&
                                  argument_is_given(error, "users", users));
    if (status != KEYWARD_OK)
        return call_end(error, status);
    list.query.limit = limit_or_default(list.query.limit);
    list.users = result_new(sizeof *list.users);
    status = list.users ? database_read(store->database, access_list, &list, error) : KEYWARD_NOMEM;
    if (status == KEYWARD_OK)
        *users = list.users;
    else
        keyward_user_list_free(&list.users);
    return call_end(error, status);
}

void keyward_user_list_free(keyward_user_list **users)
{
    if (!users)
        return;
    result_free(*users);
    *users = NULL;
}
