/* SPDX-License-Identifier: MIT */
/*
 * Checks of what a caller passes in. Each returns false after recording KEYWARD_INVALID with the
 * argument's name, so that they chain with && in the order of the arguments.
 */
#ifndef KEYWARD_API_ARGUMENTS_H
#define KEYWARD_API_ARGUMENTS_H

#include "base/error.h"

/* Records that the argument is wrong and how; returns false. */
bool argument_is_wrong(struct error *error, const char *name, const char *what);

/* What holds of the argument if it is right; else `what` it must be. Returns `holds`. */
bool argument_must(struct error *error, const char *name, bool holds, const char *what);

/* What a call returns for its arguments, all together. */
static inline enum keyward_status arguments_status(bool valid)
{
    return valid ? KEYWARD_OK : KEYWARD_INVALID;
}

/* A pointer that must not be NULL. Here, so that whoever reads a caller, be it a program, sees what
 * is known after it. */
static inline bool argument_is_given(struct error *error, const char *name, const void *pointer)
{
    if (!pointer)
        argument_is_wrong(error, name, "must not be NULL");
    return pointer != NULL;
}

/* Text of 1 to `longest` bytes. */
bool argument_is_text(struct error *error, const char *name, const char *text, size_t longest);

/* The same, or NULL. */
bool argument_is_optional_text(struct error *error, const char *name, const char *text,
                               size_t longest);

/* Text given by its length: 1 to `longest` bytes. */
bool argument_is_sized_text(struct error *error, const char *name, const char *text, size_t length,
                            size_t longest);

/* A repository's, user's or key's id. */
bool argument_is_id(struct error *error, const char *name, const char *id);

/* A deadline: 0 for none, or after `now`. */
bool argument_is_deadline(struct error *error, const char *name, int64_t deadline, int64_t now);

/* A secret that the host has, or NULL. */
bool argument_is_importable(struct error *error, const char *name, const char *secret,
                            size_t length);

/* The file name of a store. */
bool argument_is_store_path(struct error *error, const char *path);

/* A value of its enum. */
bool argument_is_known(struct error *error, const char *name, bool known);

/* A page's limit, which may be 0. */
bool argument_is_limit(struct error *error, int limit);

bool argument_is_actor(struct error *error, const keyward_actor *actor);

/* Who acts on which key. */
bool argument_names_key(struct error *error, const keyward_actor *actor, const char *repo_id,
                        const char *key_id);

/* A query of the audit log but for its limit: a user names his repository. */
bool argument_is_event_query(struct error *error, const keyward_actor *actor,
                             const keyward_event_query *query);

/* The limit to use for a query's. */
int limit_or_default(int limit);

#endif
