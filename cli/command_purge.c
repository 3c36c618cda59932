/* SPDX-License-Identifier: MIT */
/* purge: the one command that has no way back. */
#include "changes.h"
#include "commands.h"
#include "confirm.h"
#include "failure.h"
#include "memory.h"
#include "resolve.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>

static enum keyward_status ask(struct session *session, size_t count)
{
    char *what = format_text("This destroys the %s of %zu deleted %s of %s; there is no way back.",
                             count == 1 ? "secret" : "secrets", count, count == 1 ? "key" : "keys",
                             operand(session, 0));
    enum keyward_status status = confirm(session, what, operand(session, 0));

    free(what);
    return status;
}

/* Shows what would happen, or asks whether it may. A refusal is left to the purge itself, which
 * records the attempt. */
static enum keyward_status preview(struct session *session, const char *id)
{
    keyward_changes *changes = NULL;
    bool is_dry_run = option_given(session, OPTION_DRY_RUN);
    enum keyward_status status = keyward_preview_purge_keys(session->store, &session->actor,
                                                            operand(session, 0), id, &changes);

    if (status == KEYWARD_FORBIDDEN && !is_dry_run)
        return KEYWARD_OK;
    if (status != KEYWARD_OK)
        return checked(session->store, status);
    if (is_dry_run)
        print_dry_run(session, changes, NULL);
    else if (changes->key_count > 0)
        status = ask(session, changes->key_count);
    keyward_changes_free(&changes);
    if (status == KEYWARD_OK && is_dry_run)
        tell(session, "A purge destroys secrets for good; there is no way back.");
    return status;
}

static void print_purged(const struct session *session, const keyward_changes *changes)
{
    if (session->json) {
        json_t *object = json_of_changes(changes);
        json_print(&object, stdout);
        return;
    }
    tell(session, "%zu %s destroyed for good", changes->key_count,
         changes->key_count == 1 ? "secret" : "secrets");
}

static enum keyward_status purge(struct session *session, const char *id)
{
    keyward_changes *changes = NULL;
    enum keyward_status status = KEYWARD_OK;

    if (option_given(session, OPTION_DRY_RUN) || !option_given(session, OPTION_YES))
        status = preview(session, id);
    if (status != KEYWARD_OK || option_given(session, OPTION_DRY_RUN))
        return status;
    status = checked(session->store, keyward_purge_keys(session->store, &session->actor,
                                                        operand(session, 0), id, &changes));
    if (status == KEYWARD_OK)
        print_purged(session, changes);
    keyward_changes_free(&changes);
    return status;
}

static enum keyward_status check_options(struct session *session)
{
    if (!option_given(session, OPTION_RETENTION))
        return fail_usage("say with --retention how long deleted keys are kept, as --retention "
                          "30d");
    if (option_duration(session, OPTION_RETENTION, &session->options.purge_retention) != KEYWARD_OK)
        return KEYWARD_INVALID;
    return option_given(session, OPTION_DRY_RUN) ? KEYWARD_OK : confirm_prepare(session);
}

static enum keyward_status run_purge(struct session *session)
{
    char id[KEYWARD_ID_MAX + 1];
    const char *key = operand(session, 1);
    enum keyward_status status = check_options(session);

    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK && key)
        status = resolve_key(session, operand(session, 0), key, KEYWARD_DELETED, id);
    return status == KEYWARD_OK ? purge(session, key ? id : NULL) : status;
}

const struct command command_purge = {
    .name = "purge",
    .usage = {"REPO [KEY]"},
    .summary = "destroy deleted keys' secrets for good",
    .help = "Overwrites the sealed secrets of deleted keys, for erasure that the law demands: of\n"
            "KEY, or of all in REPO that were deleted at least --retention ago. The rows and the\n"
            "audit events stay. There is no way back: 'restore' refuses a purged key. Copies in\n"
            "backups are beyond its reach. Needs the role admin. Asks for confirmation on a\n"
            "terminal; elsewhere it needs --yes.\n",
    .least = 1,
    .most = 2,
    .run = run_purge,
    .options = {OPTION_RETENTION, OPTION_DRY_RUN, OPTION_YES},
};
