/* SPDX-License-Identifier: MIT */
/* What witnesses say of a checkpoint is kept with it. */
#include "connection/statement.h"
#include "operations/checkpoints.h"

#include <inttypes.h>
#include <string.h>

static const struct query put_cosigned = {QUERY_CHECKPOINT_COSIGN,
                                          "UPDATE audit_checkpoints SET note = ?2 WHERE size = ?1"};

static bool is_known_witness(const struct trust *trust, const struct note_signature *signature)
{
    for (size_t i = 0; i < trust->witness_count; i++) {
        const struct verifier_key *witness = &trust->witnesses[i];
        if (span_equal(witness->name, signature->name) &&
            memcmp(witness->id, signature->key_id, KEY_ID_BYTES) == 0)
            return true;
    }
    return false;
}

static bool has_line(const struct note *note, size_t count, struct span line)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal(note->signatures[i].line, line))
            return true;
    return false;
}

/* Adds the lines of known witnesses that are not there yet. */
static enum keyward_status merge_notes(struct transaction *transaction, const struct trust *trust,
                                       const struct checkpoint *given,
                                       const struct checkpoint *ours, struct buffer *merged)
{
    size_t count = ours->note.count;

    for (size_t i = 0; i < given->note.count; i++) {
        const struct note_signature *signature = &given->note.signatures[i];
        if (!is_known_witness(trust, signature) ||
            has_line(&ours->note, ours->note.count, signature->line) ||
            has_line(&given->note, i, signature->line))
            continue;
        if (count++ == NOTE_SIGNATURES_MAX)
            return error_set(transaction->error, KEYWARD_FULL,
                             "the checkpoint has as many signatures as it can hold");
        buffer_add(merged, signature->line.at, signature->line.length);
    }
    buffer_add(merged, "", 1); /* the NUL of what is bound */
    return merged->failed ? KEYWARD_NOMEM : KEYWARD_OK;
}

static enum keyward_status put_note(struct transaction *transaction, int64_t size,
                                    const struct buffer *note)
{
    struct statement put = statement_begin(transaction->connection, &put_cosigned);

    statement_bind_number(&put, size);
    statement_bind_text(&put, note->bytes);
    return statement_run_on_one_row(&put);
}

enum keyward_status checkpoint_cosign(struct transaction *transaction, void *context)
{
    static const char what[] = "the checkpoint";
    struct cosigned cosigned;
    struct cosign_request *request = context;
    struct buffer note = {.bytes = NULL}, merged = {.bytes = NULL};
    struct checkpoint given = {.size = 0}, ours = {.size = 0};
    struct lines lines;
    enum keyward_status status =
        lines_begin(&lines, what, request->note.at, request->note.length, transaction->error);

    if (status == KEYWARD_OK)
        status = checkpoint_parse(&given, &lines, transaction->error);
    if (status == KEYWARD_OK)
        status = trust_check(request->trust, &given, what, &cosigned, transaction->error);
    if (status == KEYWARD_OK) /* 0 would be the newest one */
        status = given.size > 0 ? checkpoint_load(transaction, given.size, 0, &note, &ours)
                                : checkpoint_missing(transaction);
    if (status == KEYWARD_OK && !span_equal(given.note.text, ours.note.text))
        status = error_set(transaction->error, KEYWARD_INCONSISTENT,
                           "the log has signed another checkpoint over these %" PRId64 " events",
                           given.size);
    if (status == KEYWARD_OK) {
        buffer_add(&merged, note.bytes, note.length);
        status = merge_notes(transaction, request->trust, &given, &ours, &merged);
    }
    if (status == KEYWARD_OK && merged.length > note.length + 1)
        status = put_note(transaction, given.size, &merged);
    buffer_release(&merged);
    buffer_release(&note);
    return status;
}
