/* SPDX-License-Identifier: MIT */
/* rename, expire, restore: one change to one key. */
#include "commands.h"
#include "failure.h"
#include "json.h"
#include "moment.h"
#include "resolve.h"
#include "view.h"

#include <stdio.h>
#include <string.h>

/* Opens the store and finds the key that the first two operands name. */
static enum keyward_status open_and_find(struct session *session, enum keyward_include include,
                                         char id[KEYWARD_ID_MAX + 1])
{
    enum keyward_status status = session_open(session);

    if (status == KEYWARD_OK)
        status = resolve_key(session, operand(session, 0), operand(session, 1), include, id);
    return status;
}

static json_t *success_of(const struct session *session, const char *id)
{
    json_t *object = json_success();

    json_put_text(object, "repo_id", operand(session, 0));
    json_put_text(object, "key_id", id);
    return object;
}

static enum keyward_status run_rename(struct session *session)
{
    char id[KEYWARD_ID_MAX + 1];
    const char *name = operand(session, 2);
    enum keyward_status status = open_and_find(session, KEYWARD_LIVE, id);

    if (status == KEYWARD_OK)
        status = checked(session->store, keyward_rename_key(session->store, &session->actor,
                                                            operand(session, 0), id, name));
    if (status == KEYWARD_OK && session->json) {
        json_t *object = success_of(session, id);
        json_put_text(object, "name", name);
        json_print(&object, stdout);
    }
    if (status == KEYWARD_OK)
        tell(session, "key %s is now called %s", id, name);
    return status;
}

static enum keyward_status read_deadline(struct session *session, int64_t *at)
{
    const char *text = operand(session, 2), *problem;

    *at = 0;
    if (strcmp(text, "never") == 0)
        return KEYWARD_OK;
    problem = moment_parse(text, session->utc, moment_now(), at);
    return problem ? fail_usage("'%s' %s, or never", text, problem) : KEYWARD_OK;
}

static enum keyward_status run_expire(struct session *session)
{
    char id[KEYWARD_ID_MAX + 1], text[MOMENT_SIZE];
    int64_t at;
    enum keyward_status status = read_deadline(session, &at);

    if (status == KEYWARD_OK)
        status = open_and_find(session, KEYWARD_LIVE, id);
    if (status == KEYWARD_OK)
        status = checked(session->store, keyward_set_key_expiry(session->store, &session->actor,
                                                                operand(session, 0), id, at));
    if (status == KEYWARD_OK && session->json) {
        json_t *object = success_of(session, id);
        json_put_number(object, "expires_at", at);
        json_print(&object, stdout);
    }
    if (status == KEYWARD_OK && at == 0)
        tell(session, "key %s never expires", id);
    else if (status == KEYWARD_OK)
        tell(session, "key %s expires at %s", id, when(session, at, text));
    return status;
}

static enum keyward_status run_restore(struct session *session)
{
    char id[KEYWARD_ID_MAX + 1];
    enum keyward_status status = open_and_find(session, KEYWARD_DELETED, id);

    if (status == KEYWARD_OK)
        status = checked(session->store, keyward_restore_key(session->store, &session->actor,
                                                             operand(session, 0), id));
    if (status == KEYWARD_OK && session->json) {
        json_t *object = success_of(session, id);
        json_print(&object, stdout);
    }
    if (status == KEYWARD_OK)
        tell(session, "key %s is live again, with the secret it had", id);
    return status;
}

const struct command command_rename = {
    .name = "rename",
    .usage = {"REPO KEY NAME"},
    .summary = "give a key another name",
    .help = "Gives a live key of REPO the name NAME.\n",
    .least = 3,
    .most = 3,
    .run = run_rename,
};

const struct command command_expire = {
    .name = "expire",
    .usage = {"REPO KEY WHEN|never"},
    .summary = "set or clear a key's deadline",
    .help = "From WHEN on the key does not authenticate; 'never' takes its deadline away, and an\n"
            "expired key comes back so. WHEN lies in the future: 2027-01-31 (its first moment),\n"
            "2027-01-31T12:00, the same with Z or an offset as +01:00, or +30d from now. To end a\n"
            "key at once, delete it.\n",
    .least = 3,
    .most = 3,
    .run = run_expire,
};

const struct command command_restore = {
    .name = "restore",
    .usage = {"REPO KEY"},
    .summary = "make a deleted key live again",
    .help = "For the deletion that was a mistake: the key lives again, with the secret it had and\n"
            "its deadline, passed or not. Needs the role admin. A purged key cannot come back.\n",
    .least = 2,
    .most = 2,
    .run = run_restore,
};
