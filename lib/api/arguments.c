/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "base/status.h"
#include "base/text.h"
#include "seal/token.h"

#include <string.h>

#define PATH_LONGEST 4095

bool argument_is_wrong(struct error *error, const char *name, const char *what)
{
    error_set(error, KEYWARD_INVALID, "%s: %s", name, what);
    return false;
}

bool argument_must(struct error *error, const char *name, bool holds, const char *what)
{
    if (!holds)
        argument_is_wrong(error, name, what);
    return holds;
}

bool argument_is_sized_text(struct error *error, const char *name, const char *text, size_t length,
                            size_t longest)
{
    if (!argument_is_given(error, name, text))
        return false;
    if (length == 0)
        return argument_is_wrong(error, name, "must not be empty");
    if (length > longest) {
        error_set(error, KEYWARD_INVALID, "%s: must have at most %zu bytes", name, longest);
        return false;
    }
    if (text_is_plain(text, length))
        return true;
    if (memchr(text, '\0', length))
        return argument_is_wrong(error, name, "must not contain a NUL byte");
    return argument_must(error, name, text_is_utf8(text, length), "must be UTF-8");
}

bool argument_is_text(struct error *error, const char *name, const char *text, size_t longest)
{
    return argument_is_given(error, name, text) &&
           argument_is_sized_text(error, name, text, strnlen(text, longest + 1), longest);
}

bool argument_is_optional_text(struct error *error, const char *name, const char *text,
                               size_t longest)
{
    return !text || argument_is_text(error, name, text, longest);
}

bool argument_is_id(struct error *error, const char *name, const char *id)
{
    return argument_is_text(error, name, id, KEYWARD_ID_MAX);
}

bool argument_is_deadline(struct error *error, const char *name, int64_t deadline, int64_t now)
{
    if (deadline == 0)
        return true;
    if (deadline < 0 || deadline > KEYWARD_TIME_MAX)
        return argument_is_wrong(error, name, "must be a time in milliseconds before year 10000");
    return argument_must(error, name, deadline > now, "must be in the future");
}

/* One that looks like a mistyped secret of ours would never authenticate. */
bool argument_is_importable(struct error *error, const char *name, const char *secret,
                            size_t length)
{
    if (!secret && length == 0)
        return true;
    return argument_is_sized_text(error, name, secret, length, KEYWARD_SECRET_MAX) &&
           argument_must(error, name, !token_is_mistyped_secret(secret, length),
                         "is one of keyward's secrets, but mistyped");
}

bool argument_is_store_path(struct error *error, const char *path)
{
    if (!argument_is_text(error, "path", path, PATH_LONGEST))
        return false;
    return argument_must(error, "path", strcmp(path, ":memory:") != 0, "must name a file");
}

bool argument_is_known(struct error *error, const char *name, bool known)
{
    return argument_must(error, name, known, "is not a value of its enum");
}

bool argument_is_limit(struct error *error, int limit)
{
    if (limit >= 0 && limit <= KEYWARD_PAGE_MAX)
        return true;
    error_set(error, KEYWARD_INVALID, "limit: must be 0 to %d", KEYWARD_PAGE_MAX);
    return false;
}

bool argument_is_actor(struct error *error, const keyward_actor *actor)
{
    if (!argument_is_given(error, "actor", actor))
        return false;
    if (actor->is_host && actor->user_id)
        return argument_is_wrong(error, "actor.user_id", "must be NULL where is_host is set");
    if (!actor->is_host && !argument_is_id(error, "actor.user_id", actor->user_id))
        return false;
    return argument_is_optional_text(error, "actor.request_id", actor->request_id,
                                     KEYWARD_SHORT_TEXT_MAX) &&
           argument_is_optional_text(error, "actor.client_address", actor->client_address,
                                     KEYWARD_SHORT_TEXT_MAX) &&
           argument_is_optional_text(error, "actor.user_agent", actor->user_agent,
                                     KEYWARD_LONG_TEXT_MAX) &&
           argument_is_optional_text(error, "actor.reason", actor->reason, KEYWARD_LONG_TEXT_MAX);
}

bool argument_names_key(struct error *error, const keyward_actor *actor, const char *repo_id,
                        const char *key_id)
{
    return argument_is_actor(error, actor) && argument_is_id(error, "repo_id", repo_id) &&
           argument_is_id(error, "key_id", key_id);
}

bool argument_is_event_query(struct error *error, const keyward_actor *actor,
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
           argument_is_known(error, "query.action", action_is_valid(query->action));
}

int limit_or_default(int limit)
{
    return limit == 0 ? KEYWARD_PAGE_DEFAULT : limit;
}
