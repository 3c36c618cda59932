/* SPDX-License-Identifier: MIT */
/* Who may do what in a repository. */
#ifndef KEYWARD_OPERATIONS_ACCESS_H
#define KEYWARD_OPERATIONS_ACCESS_H

#include "operations/audit.h"

/* KEYWARD_OK when the actor is the host or has the role in the repository, else KEYWARD_FORBIDDEN.
 * A user has no role in no repository (NULL). */
enum keyward_status access_allows(struct transaction *transaction, const keyward_actor *actor,
                                  const char *repo_id, enum keyward_role needed);

/* The same for a change: a refusal is recorded as `attempt`, whose action is the denied one. */
enum keyward_status access_require(struct transaction *transaction, const keyward_actor *actor,
                                   enum keyward_role needed, const keyward_event *attempt);

struct access_change {
    const keyward_actor *actor;
    const char *repo_id, *user_id;
    enum keyward_role role; /* to grant */
};
enum keyward_status access_grant(struct transaction *transaction, void *request);
enum keyward_status access_revoke(struct transaction *transaction, void *request);

struct access_get {
    const keyward_actor *actor;
    const char *repo_id, *user_id;
    keyward_user *user;
};
enum keyward_status access_get(struct transaction *transaction, void *request);

struct access_list {
    const keyward_actor *actor;
    const char *repo_id;
    keyward_user_query query; /* its limit is set */
    keyward_user_list *users;
};
enum keyward_status access_list(struct transaction *transaction, void *request);

#endif
