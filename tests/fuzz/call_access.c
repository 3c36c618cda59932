/* SPDX-License-Identifier: MIT */
/* Roles. */
#include "fuzz/draw.h"

#include <string.h>

static void call_grant(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    const char *repo = draw_repo(run), *user = draw_user(run);
    int drawn = input_byte(&run->input);
    enum keyward_role role = (enum keyward_role)(drawn < 240 ? drawn % 3 + 1 : drawn - 242), old;
    bool is_valid = store && is_actor(actor) && is_id(repo) && is_id(user) &&
                    role >= KEYWARD_READER && role <= KEYWARD_ADMIN;
    enum keyward_status wanted = KEYWARD_OK;

    if (!is_valid) {
        wanted = KEYWARD_INVALID;
    } else if (!model_allows(model, actor, repo, KEYWARD_ADMIN)) {
        wanted = KEYWARD_FORBIDDEN;
    } else {
        old = model_role(model, repo, user);
        if (old == KEYWARD_ADMIN && role != KEYWARD_ADMIN && !actor->is_host &&
            model_admins(model, repo) == 1)
            wanted = KEYWARD_LAST_ADMIN;
        if (wanted == KEYWARD_OK && old != role) {
            model_note(model, KEYWARD_ACCESS_GRANTED, actor, repo, NULL, user, run->now);
            model_grant(model, repo, user, role, model_last_at(model));
        }
    }
    if (wanted == KEYWARD_FORBIDDEN || wanted == KEYWARD_LAST_ADMIN)
        model_note(model, KEYWARD_ACCESS_GRANT_DENIED, actor, repo, NULL, user, run->now);
    settle(run, store, keyward_grant(store, actor, repo, user, role), wanted);
}

static void call_revoke(struct run *run)
{
    struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    const char *repo = draw_repo(run), *user = draw_user(run);
    enum keyward_status wanted = KEYWARD_OK;

    if (!store || !is_actor(actor) || !is_id(repo) || !is_id(user))
        wanted = KEYWARD_INVALID;
    else if (!model_allows(model, actor, repo, KEYWARD_ADMIN))
        wanted = KEYWARD_FORBIDDEN;
    else if (model_role(model, repo, user) == 0)
        wanted = KEYWARD_NOT_FOUND;
    else if (model_role(model, repo, user) == KEYWARD_ADMIN && !actor->is_host &&
             model_admins(model, repo) == 1)
        wanted = KEYWARD_LAST_ADMIN;
    if (wanted == KEYWARD_OK) {
        model_note(model, KEYWARD_ACCESS_REVOKED, actor, repo, NULL, user, run->now);
        model_revoke(model, repo, user);
    } else if (wanted == KEYWARD_FORBIDDEN || wanted == KEYWARD_LAST_ADMIN) {
        model_note(model, KEYWARD_ACCESS_REVOKE_DENIED, actor, repo, NULL, user, run->now);
    }
    settle(run, store, keyward_revoke(store, actor, repo, user), wanted);
}

static void call_get_user(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    const char *repo = draw_repo(run), *user = draw_user(run);
    keyward_user *found = NULL, **out = draw_seldom(run) ? NULL : &found;
    enum keyward_status wanted = KEYWARD_OK;

    if (!store || !is_actor(actor) || !is_id(repo) || !is_id(user) || !out)
        wanted = KEYWARD_INVALID;
    else if (!model_allows(model, actor, repo, KEYWARD_READER))
        wanted = KEYWARD_FORBIDDEN;
    else if (model_role(model, repo, user) == 0)
        wanted = KEYWARD_NOT_FOUND;
    settle(run, store, keyward_get_user(store, actor, repo, user, out), wanted);
    REQUIRE((wanted == KEYWARD_OK) == (found != NULL));
    if (found)
        REQUIRE(strcmp(found->user_id, user) == 0 && found->role == model_role(model, repo, user));
    keyward_user_free(&found);
    REQUIRE(!found);
}

/* The model's next user of the repository behind this one, in order of their bytes. */
static const struct model_grant *next_user(const struct model *model, const char *repo,
                                           const char *after)
{
    const struct model_grant *next = NULL;

    for (int i = 0; i < model->grant_count; i++) {
        const struct model_grant *grant = &model->grants[i];
        if (strcmp(grant->repo_id, repo) == 0 && strcmp(grant->user_id, after) > 0 &&
            (!next || strcmp(grant->user_id, next->user_id) < 0))
            next = grant;
    }
    return next;
}

static void require_users(const struct model *model, const char *repo,
                          const keyward_user_query *query, const keyward_user_list *list)
{
    size_t limit = query->limit ? (size_t)query->limit : KEYWARD_PAGE_DEFAULT, count = 0;
    const char *after = query->after_user_id ? query->after_user_id : "";
    const struct model_grant *next;

    while ((next = next_user(model, repo, after)) && count < limit) {
        REQUIRE(count < list->count);
        REQUIRE(strcmp(list->users[count]->user_id, next->user_id) == 0);
        REQUIRE(list->users[count]->role == next->role);
        REQUIRE(list->users[count]->granted_at == next->at);
        after = next->user_id;
        count++;
    }
    REQUIRE(list->count == count && list->more == (next != NULL));
}

static void call_list_users(struct run *run)
{
    const struct model *model = &run->world->model;
    keyward *store = draw_store(run);
    const keyward_actor *actor = draw_actor(run);
    const char *repo = draw_repo(run);
    keyward_user_query query = {.after_user_id = draw_seldom(run) ? draw_user(run) : NULL,
                                .limit = draw_limit(run)};
    keyward_user_list *list = NULL, **out = draw_seldom(run) ? NULL : &list;
    enum keyward_status wanted = KEYWARD_OK;

    if (!store || !is_actor(actor) || !is_id(repo) || !is_limit(query.limit) || !out ||
        !is_optional_text(query.after_user_id, KEYWARD_ID_MAX))
        wanted = KEYWARD_INVALID;
    else if (!model_allows(model, actor, repo, KEYWARD_READER))
        wanted = KEYWARD_FORBIDDEN;
    settle(run, store, keyward_list_users(store, actor, repo, &query, out), wanted);
    REQUIRE((wanted == KEYWARD_OK) == (list != NULL));
    if (list)
        require_users(model, repo, &query, list);
    keyward_user_list_free(&list);
}

const struct api_call access_calls[] = {
    {"grant", call_grant},
    {"revoke", call_revoke},
    {"get_user", call_get_user},
    {"list_users", call_list_users},
    {NULL, NULL},
};
