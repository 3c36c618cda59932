/* SPDX-License-Identifier: MIT */
#include "operations/access.h"
#include "base/result.h"
#include "base/status.h"
#include "connection/statement.h"

static const struct query read_role = {
    QUERY_ACCESS_ROLE, "SELECT role FROM access WHERE repo_id = ?1 AND user_id = ?2"};
static const struct query put_role = {
    QUERY_ACCESS_PUT, "INSERT INTO access (repo_id, user_id, role, granted_at)"
                      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (repo_id, user_id)"
                      " DO UPDATE SET role = excluded.role, granted_at = excluded.granted_at"};
static const struct query remove_role = {QUERY_ACCESS_REMOVE,
                                         "DELETE FROM access WHERE repo_id = ?1 AND user_id = ?2"};
static const struct query other_admin = {
    QUERY_ACCESS_OTHER_ADMIN,
    "SELECT 1 FROM access WHERE repo_id = ?1 AND role = 'admin' AND user_id <> ?2 LIMIT 1"};

#define SELECT_USERS "SELECT user_id, role, granted_at FROM access"

static const struct query get_user = {QUERY_ACCESS_GET,
                                      SELECT_USERS " WHERE repo_id = ?1 AND user_id = ?2"};
static const struct query list_users = {
    QUERY_ACCESS_LIST,
    SELECT_USERS " WHERE repo_id = ?1 AND user_id > ?2 ORDER BY user_id LIMIT ?3"};

/* `*role` is 0 for a user without one. */
static enum keyward_status find_role(struct connection *connection, const char *repo_id,
                                     const char *user_id, int *role)
{
    struct statement find = statement_begin(connection, &read_role);

    *role = 0;
    statement_bind_text(&find, repo_id);
    statement_bind_text(&find, user_id);
    if (statement_row(&find))
        *role = role_value(statement_text(&find, 0));
    return statement_end(&find);
}

enum keyward_status access_allows(struct transaction *transaction, const keyward_actor *actor,
                                  const char *repo_id, enum keyward_role needed)
{
    enum keyward_status status;
    int role;

    if (actor->is_host)
        return KEYWARD_OK;
    status = find_role(transaction->connection, repo_id, actor->user_id, &role);
    if (status == KEYWARD_OK && role < (int)needed)
        status = KEYWARD_FORBIDDEN;
    return status;
}

/* Records a refused attempt; `refusal` is the answer unless that fails. */
static enum keyward_status record_refusal(struct transaction *transaction,
                                          const keyward_actor *actor, const keyward_event *attempt,
                                          enum keyward_status refusal)
{
    keyward_event event = *attempt;
    enum keyward_status status = audit_append(transaction, actor, &event);

    return status == KEYWARD_OK ? refusal : status;
}

enum keyward_status access_require(struct transaction *transaction, const keyward_actor *actor,
                                   enum keyward_role needed, const keyward_event *attempt)
{
    enum keyward_status status = access_allows(transaction, actor, attempt->repo_id, needed);

    if (status == KEYWARD_FORBIDDEN)
        status = record_refusal(transaction, actor, attempt, KEYWARD_FORBIDDEN);
    return status;
}

/* KEYWARD_LAST_ADMIN when only the host may take the admin role from the user. */
static enum keyward_status guard_last_admin(struct transaction *transaction,
                                            const keyward_actor *actor,
                                            const keyward_event *attempt)
{
    struct statement find;
    enum keyward_status status;
    bool another;

    if (actor->is_host)
        return KEYWARD_OK;
    find = statement_begin(transaction->connection, &other_admin);
    statement_bind_text(&find, attempt->repo_id);
    statement_bind_text(&find, attempt->user_id);
    another = statement_row(&find);
    status = statement_end(&find);
    if (status == KEYWARD_OK && !another)
        status = record_refusal(transaction, actor, attempt, KEYWARD_LAST_ADMIN);
    return status;
}

static enum keyward_status put_access(struct transaction *transaction,
                                      const struct access_change *change, int64_t at)
{
    struct statement put = statement_begin(transaction->connection, &put_role);

    statement_bind_text(&put, change->repo_id);
    statement_bind_text(&put, change->user_id);
    statement_bind_text(&put, keyward_role_text(change->role));
    statement_bind_number(&put, at);
    return statement_run(&put);
}

enum keyward_status access_grant(struct transaction *transaction, void *request)
{
    const struct access_change *change = request;
    keyward_event event = {
        .action = KEYWARD_ACCESS_GRANT_DENIED,
        .repo_id = change->repo_id,
        .user_id = change->user_id,
        .role = keyward_role_text(change->role),
    };
    int role = 0;
    enum keyward_status status = access_require(transaction, change->actor, KEYWARD_ADMIN, &event);

    if (status == KEYWARD_OK)
        status = find_role(transaction->connection, change->repo_id, change->user_id, &role);
    if (status != KEYWARD_OK || role == (int)change->role)
        return status;
    if (role == KEYWARD_ADMIN)
        status = guard_last_admin(transaction, change->actor, &event);
    if (status != KEYWARD_OK)
        return status;
    event.action = KEYWARD_ACCESS_GRANTED;
    status = audit_append(transaction, change->actor, &event);
    if (status == KEYWARD_OK)
        status = put_access(transaction, change, event.at);
    return status;
}

static enum keyward_status take_away(struct transaction *transaction,
                                     const struct access_change *change)
{
    struct statement take = statement_begin(transaction->connection, &remove_role);

    statement_bind_text(&take, change->repo_id);
    statement_bind_text(&take, change->user_id);
    return statement_run(&take);
}

enum keyward_status access_revoke(struct transaction *transaction, void *request)
{
    const struct access_change *change = request;
    keyward_event event = {
        .action = KEYWARD_ACCESS_REVOKE_DENIED,
        .repo_id = change->repo_id,
        .user_id = change->user_id,
    };
    int role;
    enum keyward_status status = access_require(transaction, change->actor, KEYWARD_ADMIN, &event);

    if (status == KEYWARD_OK)
        status = find_role(transaction->connection, change->repo_id, change->user_id, &role);
    if (status != KEYWARD_OK)
        return status;
    if (role == 0)
        return KEYWARD_NOT_FOUND;
    event.role = keyward_role_text((enum keyward_role)role);
    if (role == KEYWARD_ADMIN)
        status = guard_last_admin(transaction, change->actor, &event);
    if (status != KEYWARD_OK)
        return status;
    event.action = KEYWARD_ACCESS_REVOKED;
    status = audit_append(transaction, change->actor, &event);
    if (status == KEYWARD_OK)
        status = take_away(transaction, change);
    return status;
}

static enum keyward_status read_user(void *result, const struct statement *row, keyward_user *user)
{
    int role = role_value(statement_text(row, 1));

    if (role < 0)
        return KEYWARD_CORRUPT;
    user->role = (enum keyward_role)role;
    user->granted_at = statement_number(row, 2);
    return statement_copy_text(row, 0, result, &user->user_id) ? KEYWARD_OK : KEYWARD_NOMEM;
}

enum keyward_status access_get(struct transaction *transaction, void *request)
{
    const struct access_get *get = request;
    struct statement find;
    enum keyward_status ended,
        status = access_allows(transaction, get->actor, get->repo_id, KEYWARD_READER);

    if (status != KEYWARD_OK)
        return status;
    find = statement_begin(transaction->connection, &get_user);
    statement_bind_text(&find, get->repo_id);
    statement_bind_text(&find, get->user_id);
    status = statement_row(&find) ? read_user(get->user, &find, get->user) : KEYWARD_NOT_FOUND;
    ended = statement_end(&find);
    return ended == KEYWARD_OK ? status : ended;
}

static enum keyward_status read_next_user(keyward_user_list *list, const keyward_user **users,
                                          const struct statement *row)
{
    keyward_user *user = result_alloc(list, sizeof *user);

    if (!user)
        return KEYWARD_NOMEM;
    users[list->count++] = user;
    return read_user(list, row, user);
}

enum keyward_status access_list(struct transaction *transaction, void *request)
{
    struct access_list *list = request;
    size_t limit = (size_t)list->query.limit;
    const keyward_user **users = result_alloc(list->users, limit * sizeof *users);
    struct statement rows;
    enum keyward_status ended,
        status = access_allows(transaction, list->actor, list->repo_id, KEYWARD_READER);

    if (status == KEYWARD_OK && !users)
        status = KEYWARD_NOMEM;
    if (status != KEYWARD_OK)
        return status;
    list->users->users = users;
    rows = statement_begin(transaction->connection, &list_users);
    statement_bind_text(&rows, list->repo_id);
    statement_bind_text(&rows, list->query.after_user_id ? list->query.after_user_id : "");
    statement_bind_number(&rows, list->query.limit + 1);
    while (status == KEYWARD_OK && statement_row(&rows)) {
        if (list->users->count == limit)
            list->users->more = true;
        else
            status = read_next_user(list->users, users, &rows);
    }
    ended = statement_end(&rows);
    return status == KEYWARD_OK ? ended : status;
}
