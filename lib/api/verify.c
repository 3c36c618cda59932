/* SPDX-License-Identifier: MIT */
/* Verification without a store: what is trusted comes from the caller, all else may be hostile. */
#include "api/arguments.h"
#include "api/call.h"
#include "api/trust.h"
#include "base/result.h"
#include "base/text.h"
#include "proof/receipt.h"
#include "proof/trust.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define CHECKPOINT "the checkpoint"
#define OLD_CHECKPOINT "the old checkpoint"

/* ---- texts ---- */

/* The event in a receipt's extra line. It is a line of text, or it could not be shown. */
static enum keyward_status carried_event(const struct receipt *receipt, keyward_text **event,
                                         struct error *error)
{
    keyward_text *text;
    char *bytes;

    if (receipt->extra.length == 0) {
        error_set(error, KEYWARD_UNPROVEN, "the receipt: carries no event");
        return KEYWARD_UNPROVEN;
    }
    text = result_new(sizeof *text);
    bytes = text ? result_alloc(text, receipt->extra_length + 1) : NULL;
    if (!bytes) {
        keyward_text_free(&text);
        return KEYWARD_NOMEM;
    }
    receipt_copy_extra(receipt, bytes);
    text->text = bytes;
    text->length = receipt->extra_length;
    if (!text_is_printable(bytes, text->length, false) || !text_is_utf8(bytes, text->length)) {
        keyward_text_free(&text);
        error_set(error, KEYWARD_UNPROVEN,
                  "the receipt: the event it carries is not a line of text");
        return KEYWARD_UNPROVEN;
    }
    *event = text;
    return KEYWARD_OK;
}

enum keyward_status keyward_receipt_event(const char *receipt, size_t length, keyward_text **event)
{
    struct error *error = call_begin(NULL);
    struct receipt parsed;
    enum keyward_status status;

    if (event)
        *event = NULL;
    if (!argument_is_given(error, "receipt", receipt) || !argument_is_given(error, "event", event))
        return call_end(error, KEYWARD_INVALID);
    status = sodium_init() < 0 ? KEYWARD_NOMEM : receipt_parse(&parsed, receipt, length, error);
    if (status == KEYWARD_OK)
        status = carried_event(&parsed, event, error);
    return call_end(error, status);
}

/* ---- verifying ---- */

/* The leaf of the event that is given or, where it is NULL, of the one that the receipt carries. */
static enum keyward_status find_leaf(const struct receipt *receipt, const char *event,
                                     size_t event_length, struct hash *leaf, struct error *error)
{
    keyward_text *carried = NULL;
    enum keyward_status status = KEYWARD_OK;

    if (event) {
        merkle_leaf(event, event_length, leaf);
        return KEYWARD_OK;
    }
    status = carried_event(receipt, &carried, error);
    if (status == KEYWARD_OK)
        merkle_leaf(carried->text, carried->length, leaf);
    keyward_text_free(&carried);
    return status;
}

static enum keyward_status verify_receipt(const struct receipt *receipt, const struct trust *trust,
                                          const struct hash *leaf, keyward_proven *proven,
                                          struct error *error)
{
    const struct checkpoint *checkpoint = &receipt->checkpoint;
    struct cosigned cosigned;
    enum keyward_status status = trust_check(trust, checkpoint, CHECKPOINT, &cosigned, error);

    if (status == KEYWARD_OK)
        status = trust_require(trust, &cosigned, CHECKPOINT, error);
    if (status != KEYWARD_OK)
        return status;
    if (!merkle_check_inclusion(leaf, receipt->index, checkpoint->size, &receipt->proof,
                                &checkpoint->root))
        return error_set(error, KEYWARD_UNPROVEN,
                         "the event is not the one that the log has in this place");
    *proven = (keyward_proven){.sequence = receipt->index + 1,
                               .size = checkpoint->size,
                               .witnesses = cosigned.witnesses,
                               .witnessed_at = cosigned.at};
    return KEYWARD_OK;
}

enum keyward_status keyward_verify_receipt(const char *receipt, size_t length,
                                           const keyward_trust *trust, const char *event,
                                           size_t event_length, keyward_proven *proven)
{
    struct error *error = call_begin(NULL);
    struct receipt parsed;
    struct trust trusted;
    struct hash leaf;
    enum keyward_status status;

    if (proven)
        *proven = (keyward_proven){0};
    if (!argument_is_given(error, "receipt", receipt) ||
        !argument_is_trust(error, trust, &trusted) ||
        (event_length > 0 && !argument_is_given(error, "event", event)) ||
        !argument_is_given(error, "proven", proven))
        return call_end(error, KEYWARD_INVALID);
    status = sodium_init() < 0 ? KEYWARD_NOMEM : receipt_parse(&parsed, receipt, length, error);
    if (status == KEYWARD_OK)
        status = find_leaf(&parsed, event, event_length, &leaf, error);
    if (status == KEYWARD_OK)
        status = verify_receipt(&parsed, &trusted, &leaf, proven, error);
    return call_end(error, status);
}

static enum keyward_status parse_old(struct checkpoint *old, const char *text, size_t length,
                                     struct error *error)
{
    struct lines lines;
    enum keyward_status status = lines_begin(&lines, OLD_CHECKPOINT, text, length, error);

    return status == KEYWARD_OK ? checkpoint_parse(old, &lines, error) : status;
}

static enum keyward_status verify_consistency(const struct checkpoint *old,
                                              const struct consistency *consistency,
                                              const struct trust *trust, keyward_proven *proven,
                                              struct error *error)
{
    const struct checkpoint *checkpoint = &consistency->checkpoint;
    struct cosigned old_cosigned, cosigned;
    enum keyward_status status = trust_check(trust, old, OLD_CHECKPOINT, &old_cosigned, error);

    if (status == KEYWARD_OK)
        status = trust_check(trust, checkpoint, CHECKPOINT, &cosigned, error);
    if (status == KEYWARD_OK)
        status = trust_require(trust, &cosigned, CHECKPOINT, error);
    if (status != KEYWARD_OK)
        return status;
    if (consistency->old_size != old->size)
        return error_set(error, KEYWARD_UNPROVEN,
                         "the proof: begins at another size than the old checkpoint's");
    if (!merkle_check_consistency(old->size, &old->root, checkpoint->size, &checkpoint->root,
                                  &consistency->proof))
        return error_set(error, KEYWARD_UNPROVEN,
                         "the proof does not show that the log continues the old checkpoint");
    *proven = (keyward_proven){.size = checkpoint->size,
                               .old_size = old->size,
                               .witnesses = cosigned.witnesses,
                               .witnessed_at = cosigned.at};
    return KEYWARD_OK;
}

enum keyward_status keyward_verify_consistency(const char *old_checkpoint, size_t old_length,
                                               const char *proof, size_t length,
                                               const keyward_trust *trust, keyward_proven *proven)
{
    struct error *error = call_begin(NULL);
    struct consistency parsed;
    struct checkpoint old;
    struct trust trusted;
    enum keyward_status status;

    if (proven)
        *proven = (keyward_proven){0};
    if (!argument_is_given(error, "old_checkpoint", old_checkpoint) ||
        !argument_is_given(error, "proof", proof) || !argument_is_trust(error, trust, &trusted) ||
        !argument_is_given(error, "proven", proven))
        return call_end(error, KEYWARD_INVALID);
    status = sodium_init() < 0 ? KEYWARD_NOMEM : parse_old(&old, old_checkpoint, old_length, error);
    if (status == KEYWARD_OK)
        status = consistency_parse(&parsed, proof, length, error);
    if (status == KEYWARD_OK)
        status = verify_consistency(&old, &parsed, &trusted, proven, error);
    return call_end(error, status);
}
