/* SPDX-License-Identifier: MIT */
/* Proofs from the log: that an event is in it, and that it continues an older state. */
#include "base/result.h"
#include "operations/access.h"
#include "operations/audit.h"
#include "operations/audit_tree.h"
#include "operations/checkpoints.h"
#include "proof/receipt.h"

#include <inttypes.h>

/* Who may not read the event is not told whether there is one. */
static enum keyward_status read_one_event(struct transaction *transaction,
                                          const keyward_actor *actor, int64_t sequence,
                                          keyward_event_list *found)
{
    enum keyward_status status = audit_read(transaction, sequence - 1, sequence, found);
    const char *repo_id = NULL;

    if (status != KEYWARD_OK)
        return status;
    if (found->count > 0)
        repo_id = found->events[0]->repo_id;
    if (!actor->is_host)
        status = repo_id ? access_allows(transaction, actor, repo_id, KEYWARD_READER)
                         : KEYWARD_FORBIDDEN;
    if (status == KEYWARD_OK && found->count == 0)
        status = error_set(transaction->error, KEYWARD_NOT_FOUND, "there is no such event");
    return status;
}

/* What is handed out holds, or is not handed out. */
static enum keyward_status write_receipt(struct transaction *transaction,
                                         struct receipt_request *request,
                                         const keyward_event *event, const struct buffer *note,
                                         const struct checkpoint *checkpoint)
{
    struct buffer json = {.bytes = NULL};
    struct merkle_proof proof;
    struct hash leaf;
    enum keyward_status status = merkle_prove_inclusion(request->sequence - 1, checkpoint->size,
                                                        tree_read, transaction, &proof);

    if (status == KEYWARD_OK && !event_leaf(&json, event, &leaf))
        status = KEYWARD_NOMEM;
    if (status == KEYWARD_OK &&
        !merkle_check_inclusion(&leaf, request->sequence - 1, checkpoint->size, &proof,
                                &checkpoint->root))
        status = error_set(transaction->error, KEYWARD_INCONSISTENT,
                           "event %" PRId64 " is not what the checkpoint was signed over",
                           request->sequence);
    if (status == KEYWARD_OK) {
        receipt_add(&request->text, json.bytes, json.length, request->sequence - 1, &proof,
                    span_of(note));
        status = request->text.failed ? KEYWARD_NOMEM : KEYWARD_OK;
    }
    buffer_release(&json);
    return status;
}

enum keyward_status receipt_make(struct transaction *transaction, void *context)
{
    struct receipt_request *request = context;
    keyward_event_list *found = result_new(sizeof *found);
    struct buffer note = {.bytes = NULL};
    struct checkpoint checkpoint;
    enum keyward_status status =
        found ? read_one_event(transaction, request->actor, request->sequence, found)
              : KEYWARD_NOMEM;

    request->text.length = 0;
    if (status == KEYWARD_OK)
        status = checkpoint_load(transaction, request->size, request->sequence, &note, &checkpoint);
    if (status == KEYWARD_OK)
        status = write_receipt(transaction, request, found->events[0], &note, &checkpoint);
    buffer_release(&note);
    result_free(found);
    return status;
}

enum keyward_status consistency_make(struct transaction *transaction, void *context)
{
    struct consistency_request *request = context;
    struct buffer note = {.bytes = NULL};
    struct checkpoint checkpoint;
    struct merkle_proof proof;
    enum keyward_status status =
        checkpoint_load(transaction, request->size, request->old_size, &note, &checkpoint);

    request->text.length = 0;
    if (status == KEYWARD_OK)
        status = merkle_prove_consistency(request->old_size, checkpoint.size, tree_read,
                                          transaction, &proof);
    if (status == KEYWARD_OK) {
        consistency_add(&request->text, request->old_size, &proof, span_of(&note));
        status = request->text.failed ? KEYWARD_NOMEM : KEYWARD_OK;
    }
    buffer_release(&note);
    return status;
}
