/* SPDX-License-Identifier: MIT */
/* audit receipt, audit consistency: proofs for those who have no access to the store. */
#include "commands.h"
#include "failure.h"
#include "log.h"
#include "values.h"

#include <inttypes.h>

/* ---- audit receipt ---- */

/* Only the host is told whether there is such an event; to others it is only the checkpoint that
 * can be missing. */
static enum keyward_status fail_without(struct session *session, int64_t sequence, int64_t size)
{
    const keyward_event_query query = {
        .after_sequence = sequence - 1, .oldest_first = true, .limit = 1};
    keyward_event_list *found = NULL;
    bool is_there = true;

    if (session->actor.is_host &&
        keyward_list_events(session->store, &session->actor, &query, &found) == KEYWARD_OK)
        is_there = found->count > 0 && found->events[0]->sequence == sequence;
    keyward_event_list_free(&found);
    if (!is_there)
        return fail(KEYWARD_NOT_FOUND, "there is no event %" PRId64, sequence);
    if (size > 0)
        return fail(KEYWARD_NOT_FOUND,
                    "there is no checkpoint of size %" PRId64
                    ", or it does not cover event %" PRId64,
                    size, sequence);
    return fail(KEYWARD_NOT_FOUND,
                "no checkpoint covers event %" PRId64 " yet; sign one with 'keyward audit "
                "checkpoint'",
                sequence);
}

static enum keyward_status make_receipt(struct session *session, int64_t sequence, int64_t size,
                                        keyward_text **receipt)
{
    enum keyward_status status =
        keyward_audit_receipt(session->store, &session->actor, sequence, size, receipt);

    if (status == KEYWARD_NOT_FOUND)
        return fail_without(session, sequence, size);
    return checked(session->store, status);
}

static enum keyward_status run_receipt(struct session *session)
{
    struct new_file file = {NULL, -1};
    keyward_text *receipt = NULL;
    json_t *members = NULL;
    int64_t sequence = 0, size = 0;
    enum keyward_status status =
        operand_number(session, 0, "SEQUENCE", 1, INT64_MAX - 1, &sequence);

    if (status == KEYWARD_OK)
        status = option_number(session, OPTION_CHECKPOINT, 1, INT64_MAX, &size);
    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = new_file_open(&file, option_text(session, OPTION_OUTPUT));
    if (status == KEYWARD_OK)
        status = make_receipt(session, sequence, size, &receipt);
    if (status == KEYWARD_OK) {
        members = json_success();
        json_put_number(members, "sequence", sequence);
    }
    status = log_hand_out(session, status, &file, "receipt", receipt, members);
    keyward_text_free(&receipt);
    return status;
}

/* ---- audit consistency ---- */

static enum keyward_status prove_from_size(struct session *session, int64_t old_size, int64_t size,
                                           keyward_text **proof)
{
    enum keyward_status status =
        keyward_audit_consistency(session->store, &session->actor, old_size, size, proof);

    if (status == KEYWARD_NOT_FOUND && size > 0)
        return fail(status,
                    "there is no checkpoint of size %" PRId64 ", or it is older than "
                    "%" PRId64,
                    size, old_size);
    if (status == KEYWARD_NOT_FOUND)
        return fail(status,
                    "there is no checkpoint of size %" PRId64 " or more; sign one with 'keyward "
                    "audit checkpoint'",
                    old_size);
    return checked(session->store, status);
}

static enum keyward_status read_old_size(struct session *session, int64_t *old_size)
{
    bool is_file = option_given(session, OPTION_OLD);

    if (is_file == (session->arguments.operand_count > 0))
        return fail_usage("say from where on to prove it: OLD-SIZE, or --old FILE");
    return is_file ? KEYWARD_OK
                   : operand_number(session, 0, "OLD-SIZE", 0, INT64_MAX - 1, old_size);
}

static enum keyward_status prove(struct session *session, int64_t old_size, int64_t size,
                                 const struct text_file *old, keyward_text **proof)
{
    return old->bytes ? log_continues(session, old, size, proof)
                      : prove_from_size(session, old_size, size, proof);
}

static enum keyward_status run_consistency(struct session *session)
{
    struct text_file old = {.path = NULL};
    struct new_file file = {NULL, -1};
    keyward_text *proof = NULL;
    int64_t old_size = 0, size = 0;
    enum keyward_status status = read_old_size(session, &old_size);

    if (status == KEYWARD_OK)
        status = option_number(session, OPTION_CHECKPOINT, 1, INT64_MAX, &size);
    if (status == KEYWARD_OK)
        status = text_file_read(&old, option_text(session, OPTION_OLD));
    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = new_file_open(&file, option_text(session, OPTION_OUTPUT));
    if (status == KEYWARD_OK)
        status = prove(session, old_size, size, &old, &proof);
    status = log_hand_out(session, status, &file, "proof", proof, proof ? json_success() : NULL);
    keyward_text_free(&proof);
    text_file_free(&old);
    return status;
}

const struct command command_audit_receipt = {
    .name = "audit receipt",
    .usage = {"SEQUENCE"},
    .summary = "prove that the log has an event",
    .help =
        "Prints the receipt of the event with this number (c2sp.org/tlog-proof): the event, the\n"
        "proof that it is in the log, and the checkpoint that the log has signed. Whoever has the\n"
        "log's key verifies it without the store ('keyward verify'), today and later. Needs a\n"
        "checkpoint that covers the event, and reader on the event's repository.\n",
    .least = 1,
    .most = 1,
    .run = run_receipt,
    .options = {OPTION_CHECKPOINT, OPTION_OUTPUT},
};

const struct command command_audit_consistency = {
    .name = "audit consistency",
    .usage = {"OLD-SIZE", "--old FILE"},
    .summary = "prove that the log goes on from before",
    .help =
        "Prints the proof that the log at its newest checkpoint, or at that of --checkpoint,\n"
        "begins with its first OLD-SIZE events as they were, for whoever kept a checkpoint of\n"
        "that, and for witnesses (it is the body of the add-checkpoint request of\n"
        "c2sp.org/tlog-witness). --old takes the size from a checkpoint that was kept, and makes\n"
        "sure that the proof holds for it: exit code 29 if the log does not continue it.\n"
        "'keyward verify --consistency' verifies it. Host only.\n",
    .least = 0,
    .most = 1,
    .run = run_consistency,
    .options = {OPTION_OLD, OPTION_CHECKPOINT, OPTION_OUTPUT},
};
