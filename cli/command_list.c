/* SPDX-License-Identifier: MIT */
/* list, show: what keys there are, without their secrets. */
#include "commands.h"
#include "failure.h"
#include "json.h"
#include "output.h"
#include "resolve.h"
#include "values.h"
#include "view.h"

#include <limits.h>
#include <stdio.h>

struct listing {
    struct session *session;
    struct table *table;
    int64_t count;
};

static enum keyward_status list_key(void *context, const keyward_key *key)
{
    struct listing *listing = context;

    listing->count++;
    if (listing->session->json) {
        json_t *object = json_of_key(key);
        json_print(&object, stdout);
    } else {
        key_row(listing->session, listing->table, key);
    }
    /* In portions, so that a long list needs little memory and ends when nobody reads it. */
    if (listing->count % KEYWARD_PAGE_MAX != 0)
        return KEYWARD_OK;
    table_print(listing->table);
    return output_flush();
}

static enum keyward_status read_include(struct session *session, enum keyward_include *include)
{
    bool deleted = option_given(session, OPTION_DELETED), all = option_given(session, OPTION_ALL);

    *include = deleted ? KEYWARD_DELETED : KEYWARD_LIVE;
    if (all)
        *include = KEYWARD_LIVE_AND_DELETED;
    return deleted && all ? fail_usage("--deleted and --all exclude each other") : KEYWARD_OK;
}

static enum keyward_status run_list(struct session *session)
{
    static const char *const kinds[] = {"live ", "deleted ", ""};
    struct listing listing = {session, key_table(session), 0};
    enum keyward_include include;
    int64_t limit = 0;
    enum keyward_status status = read_include(session, &include);

    if (status == KEYWARD_OK)
        status = option_number(session, OPTION_LIMIT, 1, INT_MAX, &limit);
    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = keys_each(session, operand(session, 0), include, limit, list_key, &listing);
    if (status == KEYWARD_OK)
        table_print(listing.table);
    if (status == KEYWARD_OK && listing.count == 0)
        remark(session, "%s has no %skeys", operand(session, 0), kinds[include]);
    table_free(&listing.table);
    return status;
}

/* Who may not see deleted keys sees the live ones. */
static enum keyward_status find_key(struct session *session, const char *repo_id, const char *id,
                                    keyward_key **key)
{
    enum keyward_status status = keyward_get_key(session->store, &session->actor, repo_id, id,
                                                 KEYWARD_LIVE_AND_DELETED, key);

    if (status == KEYWARD_FORBIDDEN)
        status = keyward_get_key(session->store, &session->actor, repo_id, id, KEYWARD_LIVE, key);
    return checked(session->store, status);
}

static enum keyward_status run_show(struct session *session)
{
    char id[KEYWARD_ID_MAX + 1];
    keyward_key *key = NULL;
    enum keyward_status status = session_open(session);

    if (status == KEYWARD_OK)
        status = resolve_key(session, operand(session, 0), operand(session, 1),
                             KEYWARD_LIVE_AND_DELETED, id);
    if (status == KEYWARD_OK)
        status = find_key(session, operand(session, 0), id, &key);
    if (status == KEYWARD_OK && session->json) {
        json_t *object = json_of_key(key);
        json_print(&object, stdout);
    } else if (status == KEYWARD_OK) {
        key_fields(session, key);
    }
    keyward_key_free(&key);
    return status;
}

const struct command command_list = {
    .name = "list",
    .usage = {"REPO"},
    .summary = "list keys, newest first",
    .help =
        "Lists the live keys of REPO, newest first, however many there are. An expired key is a\n"
        "live one until it is deleted. Seeing deleted keys needs the role admin. On a narrow\n"
        "terminal ids are cut to their last 8 letters, by which a key may be named.\n"
        "NOTE: → the successor and ← the predecessor of a rotated key; who deleted it; how often\n"
        "somebody has tried it after it was deleted or had expired.\n"
        "With --json one object a line; what does not apply is left out.\n",
    .least = 1,
    .most = 1,
    .run = run_list,
    .options = {OPTION_DELETED, OPTION_ALL, OPTION_LIMIT},
};

const struct command command_show = {
    .name = "show",
    .usage = {"REPO KEY"},
    .summary = "show all about one key",
    .help = "Shows everything that is known of a key but its secret, one field a line. Deleted\n"
            "keys are shown to the host and to admins.\n",
    .least = 2,
    .most = 2,
    .run = run_show,
};
