/* SPDX-License-Identifier: MIT */
/* delete: by key, by access key, or all that a selection names. */
#include "changes.h"
#include "commands.h"
#include "confirm.h"
#include "failure.h"
#include "memory.h"
#include "receipt.h"
#include "resolve.h"
#include "values.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- what all ways have in common ---- */

static bool is_selection(const struct session *session)
{
    return option_given(session, OPTION_ALL) || option_given(session, OPTION_CREATED_BY);
}

static enum keyward_status check_way(struct session *session)
{
    bool by_access_key = option_given(session, OPTION_ACCESS_KEY),
         all = option_given(session, OPTION_ALL),
         created_by = option_given(session, OPTION_CREATED_BY);
    int count = session->arguments.operand_count;

    if (by_access_key + all + created_by > 1)
        return fail_usage("--access-key, --all and --created-by exclude each other");
    if (all && count != 1)
        return fail_usage("--all needs one operand: REPO");
    if (created_by && count > 1)
        return fail_usage("--created-by takes one operand at most: REPO");
    if (by_access_key && count < 1)
        return fail_usage("too few operands: --access-key ACCESS-KEY...");
    if (!by_access_key && !all && !created_by && count < 2)
        return fail_usage("too few operands: REPO KEY...");
    if (option_given(session, OPTION_RECEIPT_OUT) &&
        (is_selection(session) || count > !by_access_key + 1))
        return fail_usage("--receipt is for one key: delete them one by one, or have the receipts "
                          "of their events afterwards, with 'keyward audit receipt'");
    return KEYWARD_OK;
}

static enum keyward_status read_deletion(struct session *session, keyward_deletion *deletion)
{
    enum keyward_status status = option_why(session, &deletion->reason);

    deletion->reason_text = option_text(session, OPTION_NOTE);
    if (status == KEYWARD_OK && deletion->reason == KEYWARD_REASON_OTHER && !deletion->reason_text)
        status = fail_usage("--why other needs --note");
    if (status == KEYWARD_OK)
        status = option_duration(session, OPTION_UNLESS_USED_WITHIN, &deletion->unless_used_within);
    return status;
}

/* ---- keys that are named ---- */

struct batch {
    size_t count;
    keyward_delete_request *requests;
    char (*ids)[KEYWARD_ID_MAX + 1];
};

static void batch_free(struct batch *batch)
{
    free(batch->requests);
    free(batch->ids);
}

static const char *named(const keyward_delete_request *request)
{
    return request->access_key ? request->access_key : request->key_id;
}

static enum keyward_status fill_batch(struct session *session, const keyward_deletion *deletion,
                                      struct batch *batch)
{
    bool by_access_key = option_given(session, OPTION_ACCESS_KEY);
    int first = by_access_key ? 0 : 1;
    enum keyward_status status = KEYWARD_OK;

    batch->count = (size_t)(session->arguments.operand_count - first);
    batch->requests = allocate(batch->count, sizeof *batch->requests);
    batch->ids = allocate(batch->count, sizeof *batch->ids);
    for (size_t i = 0; i < batch->count && status == KEYWARD_OK; i++) {
        const char *text = operand(session, first + (int)i);
        keyward_delete_request *request = &batch->requests[i];
        request->deletion = *deletion;
        if (by_access_key) {
            request->access_key = text;
            continue;
        }
        request->repo_id = operand(session, 0);
        request->key_id = batch->ids[i];
        status = resolve_key(session, operand(session, 0), text, KEYWARD_LIVE, batch->ids[i]);
    }
    return status;
}

/* Why it was not deleted, or would not be. */
static char *explain(const struct session *session, const keyward_delete_request *request)
{
    const char *text = keyward_status_text(request->status);
    char at[MOMENT_SIZE];

    if (request->status == KEYWARD_NOT_FOUND)
        return format_text("no live key is called '%s'", named(request));
    if (request->status == KEYWARD_ALREADY_DELETED)
        return format_text("%s: at %s, event %lld", text,
                           when(session, request->deletion.deleted_at, at),
                           (long long)request->deletion.event);
    if (request->status == KEYWARD_IN_USE)
        return format_text("%s: last used at %s", text,
                           when(session, request->deletion.last_used_at, at));
    return copy_text(text);
}

/* `receipt` NULL: none was written. */
static json_t *results_json(const struct batch *batch, const char *receipt)
{
    json_t *object = json_object(), *results = json_array();
    bool success = true;

    for (size_t i = 0; i < batch->count; i++) {
        const keyward_delete_request *request = &batch->requests[i];
        json_t *result = json_object();
        json_put(result, "status", json_integer(request->status));
        json_put_text(result, "repo_id", request->repo_id);
        json_put_text(result, "key_id", request->key_id);
        json_put_text(result, "access_key", request->access_key);
        json_put_number(result, "deleted_at", request->deletion.deleted_at);
        json_put_number(result, "deleted_event", request->deletion.event);
        json_put_number(result, "last_used_at", request->deletion.last_used_at);
        if (request->status == KEYWARD_OK)
            json_put_text(result, "receipt", receipt);
        if (request->status != KEYWARD_OK)
            json_put_text(result, "error", status_word(request->status));
        success = success && request->status == KEYWARD_OK;
        json_array_append_new(results, result);
    }
    json_put(object, "success", json_boolean(success));
    json_put(object, "results", results);
    return object;
}

static void print_results(const struct session *session, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const keyward_delete_request *request = &batch->requests[i];
        char *reason = request->status == KEYWARD_OK ? NULL : explain(session, request);
        if (!reason)
            tell(session, "key %s deleted, event %lld", named(request),
                 (long long)request->deletion.event);
        else if (batch->count > 1)
            tell(session, "key %s left: %s", named(request), reason);
        free(reason);
    }
}

/* The first request that failed stands for the batch. */
static enum keyward_status conclude(const struct session *session, const struct batch *batch)
{
    const keyward_delete_request *first = NULL;
    size_t failed = 0;
    char *reason;

    for (size_t i = batch->count; i-- > 0;) {
        if (batch->requests[i].status != KEYWARD_OK) {
            first = &batch->requests[i];
            failed++;
        }
    }
    if (!first)
        return KEYWARD_OK;
    reason = explain(session, first);
    if (first->status == KEYWARD_ALREADY_DELETED && option_given(session, OPTION_RECEIPT_OUT))
        fail(first->status, "%s; for its receipt: 'keyward audit receipt %lld'", reason,
             (long long)first->deletion.event);
    else if (batch->count == 1)
        fail(first->status, "%s", reason);
    else
        fail(first->status, "%zu of %zu keys are left; the first one: %s", failed, batch->count,
             reason);
    free(reason);
    return first->status;
}

static enum keyward_status preview_batch(struct session *session, struct batch *batch)
{
    keyward_changes *changes = NULL;
    enum keyward_status status = checked(
        session->store, keyward_preview_delete_keys(session->store, &session->actor,
                                                    batch->requests, batch->count, &changes));

    if (status == KEYWARD_OK)
        print_dry_run(session, changes, results_json(batch, NULL));
    keyward_changes_free(&changes);
    return status;
}

/* The receipt of the one key, if it was deleted; else there is no file. */
static enum keyward_status finish_receipt(struct session *session, const struct batch *batch,
                                          struct new_file *file)
{
    const keyward_delete_request *request = &batch->requests[0];

    if (!file->path)
        return KEYWARD_OK;
    if (request->status == KEYWARD_OK)
        return receipt_write(session, request->deletion.event, file);
    new_file_close(file, request->status);
    return KEYWARD_OK;
}

/* What was deleted is told in any case. */
static enum keyward_status delete_batch(struct session *session, struct batch *batch,
                                        struct new_file *receipt)
{
    const char *path = receipt->path;
    enum keyward_status status =
        checked(session->store, keyward_delete_keys(session->store, &session->actor,
                                                    batch->requests, batch->count));

    if (status != KEYWARD_OK)
        return new_file_close(receipt, status);
    status = finish_receipt(session, batch, receipt);
    print_results(session, batch);
    if (session->json) {
        json_t *object = results_json(batch, status == KEYWARD_OK ? path : NULL);
        json_print(&object, stdout);
    }
    if (status == KEYWARD_OK && path && batch->requests[0].status == KEYWARD_OK)
        tell(session, "its receipt is in %s", path);
    return status;
}

static enum keyward_status delete_named(struct session *session, const keyward_deletion *deletion)
{
    const char *path = option_text(session, OPTION_RECEIPT_OUT);
    bool is_dry_run = option_given(session, OPTION_DRY_RUN);
    struct new_file receipt = {NULL, -1};
    struct batch batch = {0, NULL, NULL};
    enum keyward_status status = fill_batch(session, deletion, &batch);

    if (status == KEYWARD_OK && path)
        status = receipt_prepare(session, path, is_dry_run, &receipt);
    if (status != KEYWARD_OK)
        new_file_close(&receipt, status);
    else if (is_dry_run)
        status = preview_batch(session, &batch);
    else
        status = delete_batch(session, &batch, &receipt);
    if (status == KEYWARD_OK)
        status = conclude(session, &batch);
    batch_free(&batch);
    return status;
}

/* ---- keys that a selection names ---- */

static enum keyward_status ask(struct session *session, const keyward_selection *selection,
                               const keyward_changes *changes)
{
    char *by = selection->created_by ? format_text(" created by %s", selection->created_by)
                                     : copy_text("");
    char *what = format_text("This deletes %zu live %s%s in %s.", changes->key_count,
                             changes->key_count == 1 ? "key" : "keys", by,
                             selection->repo_id ? selection->repo_id : "all repositories");
    enum keyward_status status =
        confirm(session, what, selection->repo_id ? selection->repo_id : selection->created_by);

    free(what);
    free(by);
    return status;
}

/* Shows what would happen, or asks whether it may. A refusal is left to the deletion itself, which
 * records the attempt. */
static enum keyward_status preview_selection(struct session *session,
                                             const keyward_selection *selection,
                                             keyward_deletion deletion)
{
    keyward_changes *changes = NULL;
    bool is_dry_run = option_given(session, OPTION_DRY_RUN);
    enum keyward_status status = keyward_preview_delete_all_keys(session->store, &session->actor,
                                                                 selection, &deletion, &changes);

    if (status == KEYWARD_FORBIDDEN && !is_dry_run)
        return KEYWARD_OK;
    if (status != KEYWARD_OK)
        return checked(session->store, status);
    if (is_dry_run)
        print_dry_run(session, changes, NULL);
    else if (changes->key_count > 0)
        status = ask(session, selection, changes);
    keyward_changes_free(&changes);
    return status;
}

static void print_selection(const struct session *session, const keyward_changes *changes)
{
    if (session->json) {
        json_t *object = json_of_changes(changes);
        json_print(&object, stdout);
        return;
    }
    tell(session, "%zu %s deleted", changes->key_count, changes->key_count == 1 ? "key" : "keys");
    if (changes->in_use > 0)
        tell(session, "%lld left, because they were used too recently", (long long)changes->in_use);
}

static enum keyward_status delete_selected(struct session *session, keyward_deletion *deletion)
{
    const keyward_selection selection = {.repo_id = operand(session, 0),
                                         .created_by = option_text(session, OPTION_CREATED_BY)};
    keyward_changes *changes = NULL;
    enum keyward_status status = KEYWARD_OK;

    if (option_given(session, OPTION_DRY_RUN) || !option_given(session, OPTION_YES))
        status = preview_selection(session, &selection, *deletion);
    if (status != KEYWARD_OK || option_given(session, OPTION_DRY_RUN))
        return status;
    status = checked(session->store, keyward_delete_all_keys(session->store, &session->actor,
                                                             &selection, deletion, &changes));
    if (status == KEYWARD_OK)
        print_selection(session, changes);
    keyward_changes_free(&changes);
    return status;
}

static enum keyward_status run_delete(struct session *session)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE};
    enum keyward_status status = check_way(session);

    if (status == KEYWARD_OK)
        status = read_deletion(session, &deletion);
    if (status == KEYWARD_OK && is_selection(session) && !option_given(session, OPTION_DRY_RUN))
        status = confirm_prepare(session);
    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status != KEYWARD_OK)
        return status;
    return is_selection(session) ? delete_selected(session, &deletion)
                                 : delete_named(session, &deletion);
}

const struct command command_delete = {
    .name = "delete",
    .usage = {"REPO KEY...", "--access-key ACCESS-KEY...", "--all REPO",
              "--created-by USER [REPO]"},
    .summary = "delete keys: from now on they open nothing",
    .help =
        "Deletes keys in one transaction, each with its audit event; it is on the disk before the\n"
        "command ends, and from then on nobody can authenticate with them. The sealed secrets\n"
        "stay untouched, so that 'restore' can undo a mistake. Of several keys each is decided\n"
        "alone; the exit code is that of the first one left.\n"
        "--all and --created-by (without REPO: everywhere, for the host) ask for confirmation on\n"
        "a terminal; elsewhere they need --yes. --why other needs --note.\n"
        "--receipt writes the proof of the deletion, for who has no access to the store ('keyward\n"
        "verify --receipt'), signing the log as 'keyward audit checkpoint' does, also with --as.\n"
        "It is for one key at a time. If the log has no key ('keyward audit key') or does not\n"
        "sign, or the file exists, nothing is deleted.\n"
        "--unless-used-within goes by what servers have written into the store: they do with\n"
        "their next change, when they close it, and by keyward_flush_uses().\n",
    .least = 0,
    .most = -1,
    .run = run_delete,
    .options = {OPTION_ACCESS_KEY, OPTION_ALL, OPTION_CREATED_BY, OPTION_WHY, OPTION_NOTE,
                OPTION_UNLESS_USED_WITHIN, OPTION_RECEIPT_OUT, OPTION_DRY_RUN, OPTION_YES},
};
