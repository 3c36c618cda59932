/* SPDX-License-Identifier: MIT */
/* grant, revoke, users: who may do what in a repository. */
#include "commands.h"
#include "failure.h"
#include "json.h"
#include "memory.h"
#include "output.h"
#include "values.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>

static void print_access(const struct session *session, const char *role)
{
    json_t *object;

    if (!session->json)
        return;
    object = json_success();
    json_put_text(object, "repo_id", operand(session, 0));
    json_put_text(object, "user_id", operand(session, 1));
    json_put_text(object, "role", role);
    json_print(&object, stdout);
}

static enum keyward_status run_grant(struct session *session)
{
    const char *repo_id = operand(session, 0), *user_id = operand(session, 1);
    enum keyward_role role;
    enum keyward_status status = read_role(operand(session, 2), &role);

    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = checked(session->store,
                         keyward_grant(session->store, &session->actor, repo_id, user_id, role));
    if (status == KEYWARD_OK) {
        print_access(session, keyward_role_text(role));
        tell(session, "%s is %s of %s", user_id, keyward_role_text(role), repo_id);
    }
    return status;
}

static enum keyward_status run_revoke(struct session *session)
{
    const char *repo_id = operand(session, 0), *user_id = operand(session, 1);
    enum keyward_status status = session_open(session);

    if (status == KEYWARD_OK)
        status = checked(session->store,
                         keyward_revoke(session->store, &session->actor, repo_id, user_id));
    if (status == KEYWARD_OK) {
        print_access(session, NULL);
        tell(session, "%s has no role in %s any more", user_id, repo_id);
    }
    return status;
}

static void show_user(struct session *session, struct table *table, const keyward_user *user)
{
    char granted[MOMENT_SIZE];

    if (session->json) {
        json_t *object = json_of_user(user);
        json_print(&object, stdout);
        return;
    }
    table_cell(table, STYLE_PLAIN, user->user_id);
    table_cell(table, STYLE_PLAIN, keyward_role_text(user->role));
    table_cell(table, STYLE_PLAIN, when(session, user->granted_at, granted));
}

static enum keyward_status show_users(struct session *session, struct table *table, size_t *count)
{
    enum keyward_status status = KEYWARD_OK;
    char *after = NULL;
    bool more = true;

    while (more && status == KEYWARD_OK) {
        const keyward_user_query query = {.after_user_id = after, .limit = KEYWARD_PAGE_MAX};
        keyward_user_list *page = NULL;

        status = checked(session->store, keyward_list_users(session->store, &session->actor,
                                                            operand(session, 0), &query, &page));
        for (size_t i = 0; status == KEYWARD_OK && i < page->count; i++)
            show_user(session, table, page->users[i]);
        more = status == KEYWARD_OK && page->more && page->count > 0;
        *count += page ? page->count : 0;
        free(after);
        after = more ? copy_text(page->users[page->count - 1]->user_id) : NULL;
        keyward_user_list_free(&page);
        table_print(table);
        if (status == KEYWARD_OK)
            status = output_flush();
    }
    free(after);
    return status;
}

static enum keyward_status run_users(struct session *session)
{
    static const struct column columns[] = {
        {"USER", false, 8}, {"ROLE", false, 0}, {"SINCE", false, 0}};
    struct table *table = table_new(session, columns, 3);
    enum keyward_status status = session_open(session);
    size_t count = 0;

    if (status == KEYWARD_OK)
        status = show_users(session, table, &count);
    if (status == KEYWARD_OK && count == 0)
        remark(session, "nobody has a role in %s", operand(session, 0));
    table_free(&table);
    return status;
}

const struct command command_grant = {
    .name = "grant",
    .usage = {"REPO USER ROLE"},
    .summary = "give a user a role",
    .help = "Gives USER the role reader, writer or admin in REPO, in place of the one he had. A\n"
            "repository begins to exist with its first grant, which is the host's to make; later\n"
            "ones may be an admin's (--as). Only the host can demote the last admin.\n",
    .least = 3,
    .most = 3,
    .run = run_grant,
};

const struct command command_revoke = {
    .name = "revoke",
    .usage = {"REPO USER"},
    .summary = "take a user's role away",
    .help = "Takes away every right that USER has in REPO. The keys that he created stay; see\n"
            "'keyward delete --created-by'. Only the host can remove the last admin.\n",
    .least = 2,
    .most = 2,
    .run = run_revoke,
};

const struct command command_users = {
    .name = "users",
    .usage = {"REPO"},
    .summary = "list who has a role",
    .help = "Lists the users of REPO with their roles, by name. With --json one object a line.\n",
    .least = 1,
    .most = 1,
    .run = run_users,
};
