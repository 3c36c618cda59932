/* SPDX-License-Identifier: MIT */
#include "fuzz/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_release(struct model *model)
{
    for (int i = 0; i < model->key_count; i++)
        free(model->keys[i].secret);
    memset(model, 0, sizeof *model);
}

bool model_is_full(const struct model *model)
{
    return model->key_count >= MODEL_KEYS - 1 || model->grant_count >= MODEL_GRANTS - 1 ||
           model->event_count >= MODEL_EVENTS - MODEL_KEYS;
}

/* ---- who may what ---- */

static struct model_grant *find_grant(struct model *model, const char *repo_id, const char *user_id)
{
    for (int i = 0; i < model->grant_count; i++)
        if (strcmp(model->grants[i].repo_id, repo_id) == 0 &&
            strcmp(model->grants[i].user_id, user_id) == 0)
            return &model->grants[i];
    return NULL;
}

enum keyward_role model_role(const struct model *model, const char *repo_id, const char *user_id)
{
    const struct model_grant *grant =
        find_grant((struct model *)(uintptr_t)model, repo_id, user_id);

    return grant ? grant->role : 0;
}

bool model_allows(const struct model *model, const keyward_actor *actor, const char *repo_id,
                  enum keyward_role needed)
{
    if (actor->is_host)
        return true;
    return repo_id && model_role(model, repo_id, actor->user_id) >= needed;
}

void model_grant(struct model *model, const char *repo_id, const char *user_id,
                 enum keyward_role role, int64_t at)
{
    struct model_grant *grant = find_grant(model, repo_id, user_id);

    if (!grant)
        grant = &model->grants[model->grant_count++];
    snprintf(grant->repo_id, sizeof grant->repo_id, "%s", repo_id);
    snprintf(grant->user_id, sizeof grant->user_id, "%s", user_id);
    grant->role = role;
    grant->at = at;
}

void model_revoke(struct model *model, const char *repo_id, const char *user_id)
{
    struct model_grant *grant = find_grant(model, repo_id, user_id);

    *grant = model->grants[--model->grant_count];
}

int model_admins(const struct model *model, const char *repo_id)
{
    int count = 0;

    for (int i = 0; i < model->grant_count; i++)
        count += model->grants[i].role == KEYWARD_ADMIN &&
                 strcmp(model->grants[i].repo_id, repo_id) == 0;
    return count;
}

/* ---- keys ---- */

int model_find(const struct model *model, const char *repo_id, const char *key_id)
{
    for (int i = 0; i < model->key_count; i++)
        if (strcmp(model->keys[i].id, key_id) == 0 && strcmp(model->keys[i].repo_id, repo_id) == 0)
            return i;
    return -1;
}

int model_find_access_key(const struct model *model, const char *access_key)
{
    for (int i = 0; i < model->key_count; i++)
        if (strcmp(model->keys[i].access_key, access_key) == 0)
            return i;
    return -1;
}

bool model_has_expired(const struct model_key *key, int64_t now)
{
    return key->expires_at != 0 && now >= key->expires_at;
}

bool model_has_live_successor(const struct model *model, const struct model_key *key)
{
    return key->successor >= 0 && model->keys[key->successor].deleted_event == 0;
}

bool model_is_taken(const struct model *model, const char *repo_id, const char *name)
{
    for (int i = 0; i < model->key_count; i++)
        if (model->keys[i].holds_name && strcmp(model->keys[i].repo_id, repo_id) == 0 &&
            strcmp(model->keys[i].name, name) == 0)
            return true;
    return false;
}

static bool is_to_hold(const struct model *model, const struct model_key *key)
{
    return key->deleted_event == 0 && !model_has_live_successor(model, key);
}

bool model_has_twins(const struct model *model)
{
    for (int i = 0; i < model->key_count; i++)
        for (int j = 0; j < i; j++)
            if (is_to_hold(model, &model->keys[i]) && is_to_hold(model, &model->keys[j]) &&
                strcmp(model->keys[i].repo_id, model->keys[j].repo_id) == 0 &&
                strcmp(model->keys[i].name, model->keys[j].name) == 0)
                return true;
    return false;
}

void model_set_unique(struct model *model, bool unique)
{
    if (model->unique_names == unique)
        return;
    model->unique_names = unique;
    for (int i = 0; i < model->key_count; i++)
        model->keys[i].holds_name = unique && is_to_hold(model, &model->keys[i]);
}

/* ---- the log ---- */

static void copy(char to[MODEL_TEXT], const char *from)
{
    snprintf(to, MODEL_TEXT, "%s", from ? from : "");
}

int64_t model_note(struct model *model, enum keyward_action action, const keyward_actor *actor,
                   const char *repo_id, const char *key_id, const char *user_id, int64_t now)
{
    int64_t last_at = model_last_at(model);
    struct model_event *event = &model->events[model->event_count++];

    event->action = action;
    event->at = now > last_at ? now : last_at;
    copy(event->actor_id, actor->user_id);
    copy(event->repo_id, repo_id);
    copy(event->key_id, key_id);
    copy(event->user_id, user_id);
    return model->event_count;
}

int64_t model_last_at(const struct model *model)
{
    return model->event_count > 0 ? model->events[model->event_count - 1].at : 0;
}

static bool is(const char *wanted, const char *text)
{
    return !wanted || strcmp(wanted, text) == 0;
}

bool model_is_asked_for(const struct model *model, int number, const keyward_event_query *query)
{
    const struct model_event *event = &model->events[number];
    int64_t sequence = number + 1;

    return is(query->repo_id, event->repo_id) && is(query->key_id, event->key_id) &&
           (is(query->user_id, event->user_id) || is(query->user_id, event->actor_id)) &&
           (query->action == KEYWARD_ACTION_ANY || query->action == event->action) &&
           (query->from == 0 || event->at >= query->from) &&
           (query->until == 0 || event->at < query->until) &&
           (query->before_sequence == 0 || sequence < query->before_sequence) &&
           sequence > query->after_sequence;
}

int64_t model_newest_checkpoint(const struct model *model)
{
    for (int64_t size = MODEL_EVENTS; size > 0; size--)
        if (model->has_checkpoint[size])
            return size;
    return 0;
}
