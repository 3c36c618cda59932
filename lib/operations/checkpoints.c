/* SPDX-License-Identifier: MIT */
#include "operations/checkpoints.h"
#include "connection/statement.h"
#include "operations/audit.h"
#include "operations/audit_tree.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define LEAVES_AT_ONCE 4096

static const struct query at_size = {QUERY_CHECKPOINT_AT,
                                     "SELECT size, note FROM audit_checkpoints WHERE size = ?1"};
static const struct query newest_checkpoint = {
    QUERY_CHECKPOINT_NEWEST, "SELECT size, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1"};
static const struct query put_checkpoint = {
    QUERY_CHECKPOINT_PUT,
    "INSERT INTO audit_checkpoints (size, signed_at, note) VALUES (?1, ?2, ?3)"};
static const struct query events_and_leaves = {
    QUERY_TREE_VERIFY, "SELECT " EVENT_COLUMNS ", leaf FROM audit_events WHERE sequence > ?1"
                       " ORDER BY sequence LIMIT ?2"};

/* ---- those that are stored ---- */

/* The checkpoint over `size` events, or the newest for 0: `*size` becomes its own, and `note` its
 * text. KEYWARD_NOT_FOUND if there is none. */
static enum keyward_status load_checkpoint(struct transaction *transaction, int64_t *size,
                                           struct buffer *note)
{
    struct statement read =
        statement_begin(transaction->connection, *size > 0 ? &at_size : &newest_checkpoint);
    enum keyward_status ended, status = KEYWARD_NOT_FOUND;

    note->length = 0;
    if (*size > 0)
        statement_bind_number(&read, *size);
    if (statement_row(&read)) {
        *size = statement_number(&read, 0);
        buffer_add(note, statement_text(&read, 1), statement_length(&read, 1));
        status = note->failed ? KEYWARD_NOMEM : KEYWARD_OK;
    }
    ended = statement_end(&read);
    return ended == KEYWARD_OK ? status : ended;
}

enum keyward_status checkpoint_read(struct span note, const struct log_key *key, const char *what,
                                    struct checkpoint *checkpoint, struct error *error)
{
    struct lines lines;
    struct cosigned cosigned;
    enum keyward_status status = lines_begin(&lines, what, note.at, note.length, error);

    if (status == KEYWARD_OK)
        status = checkpoint_parse(checkpoint, &lines, error);
    if (status == KEYWARD_OK)
        status = trust_check(&key->trust, checkpoint, what, &cosigned, error);
    return status;
}

enum keyward_status checkpoint_missing(struct transaction *transaction)
{
    return error_set(transaction->error, KEYWARD_NOT_FOUND,
                     "there is no checkpoint that covers it; keyward_audit_checkpoint() signs one");
}

enum keyward_status checkpoint_load(struct transaction *transaction, int64_t size, int64_t covers,
                                    struct buffer *note, struct checkpoint *checkpoint)
{
    struct log_key key;
    enum keyward_status status = load_checkpoint(transaction, &size, note);

    if (status == KEYWARD_NOT_FOUND || (status == KEYWARD_OK && size < covers))
        return checkpoint_missing(transaction);
    if (status == KEYWARD_OK)
        status = log_key_read(transaction, &key);
    if (status == KEYWARD_OK)
        status =
            checkpoint_read(span_of(note), &key, "the checkpoint", checkpoint, transaction->error);
    if (status == KEYWARD_UNPROVEN || status == KEYWARD_NOT_FOUND ||
        (status == KEYWARD_OK && checkpoint->size != size))
        status = error_set(transaction->error, KEYWARD_CORRUPT,
                           "a checkpoint in the store is not one that was signed");
    return status;
}

/* ---- signing ---- */

/* That the log, as it is now, begins with what the checkpoint was signed over. */
static enum keyward_status require_continued(struct transaction *transaction,
                                             const struct checkpoint *checkpoint, const char *what)
{
    struct hash root;
    enum keyward_status status;

    if (checkpoint->size > transaction->last_sequence)
        return error_set(transaction->error, KEYWARD_INCONSISTENT,
                         "%s was signed over %" PRId64 " events, and the log has %" PRId64
                         ": it was cut off or rolled back",
                         what, checkpoint->size, transaction->last_sequence);
    status = merkle_root(checkpoint->size, tree_read, transaction, &root);
    if (status == KEYWARD_OK && memcmp(&root, &checkpoint->root, sizeof root) != 0)
        status = error_set(transaction->error, KEYWARD_INCONSISTENT,
                           "the first %" PRId64 " events are not those that %s was signed over:"
                           " the log was rewritten",
                           checkpoint->size, what);
    return status;
}

/* A checkpoint of our own that does not verify is damage; one from elsewhere proves nothing. */
static enum keyward_status require_last(struct transaction *transaction, const struct log_key *key,
                                        struct buffer *note, int64_t *size)
{
    static const char what[] = "the last checkpoint";
    struct checkpoint checkpoint;
    enum keyward_status status = load_checkpoint(transaction, size, note);

    if (status == KEYWARD_NOT_FOUND)
        return KEYWARD_OK;
    if (status == KEYWARD_OK)
        status = checkpoint_read(span_of(note), key, what, &checkpoint, transaction->error);
    if (status == KEYWARD_UNPROVEN || (status == KEYWARD_OK && checkpoint.size != *size))
        return error_set(transaction->error, KEYWARD_CORRUPT,
                         "the last checkpoint in the store is not one that was signed");
    return status == KEYWARD_OK ? require_continued(transaction, &checkpoint, what) : status;
}

static enum keyward_status require_known(struct transaction *transaction, const struct log_key *key,
                                         struct span known)
{
    static const char what[] = "the known checkpoint";
    struct checkpoint checkpoint;
    enum keyward_status status;

    if (!known.at)
        return KEYWARD_OK;
    status = checkpoint_read(known, key, what, &checkpoint, transaction->error);
    return status == KEYWARD_OK ? require_continued(transaction, &checkpoint, what) : status;
}

static enum keyward_status sign(struct transaction *transaction, const struct log_key *key,
                                struct checkpoint_sign_request *request)
{
    struct statement put;
    struct hash root;
    enum keyward_status status =
        merkle_root(transaction->last_sequence, tree_read, transaction, &root);

    if (status == KEYWARD_OK)
        status = log_key_open(transaction, key, request->secret);
    if (status != KEYWARD_OK)
        return status;
    request->note.length = 0;
    checkpoint_sign(&request->note, &key->trust.log, request->secret, transaction->last_sequence,
                    &root);
    buffer_add(&request->note, "", 1); /* the NUL of what is bound */
    if (request->note.failed)
        return KEYWARD_NOMEM;
    request->note.length--;
    put = statement_begin(transaction->connection, &put_checkpoint);
    statement_bind_number(&put, transaction->last_sequence);
    statement_bind_number(&put, environment_now(&transaction->services->environment));
    statement_bind_text(&put, request->note.bytes);
    return statement_run(&put);
}

/* All that has been appended has its place in the tree. */
static enum keyward_status settle_tree(struct transaction *transaction)
{
    struct tree_catch_up work = {.tiles = INT_MAX};
    enum keyward_status status = tree_catch_up(transaction, &work);

    if (status == KEYWARD_OK)
        status = tree_fill_tail(transaction, transaction->last_sequence);
    if (status == KEYWARD_OK && transaction->last_sequence == 0)
        status =
            error_set(transaction->error, KEYWARD_NOT_FOUND, "the audit log has no events yet");
    return status;
}

enum keyward_status checkpoint_sign_head(struct transaction *transaction, void *context)
{
    struct checkpoint_sign_request *request = context;
    struct log_key key;
    int64_t last = 0;
    enum keyward_status status = log_key_read(transaction, &key);

    if (status == KEYWARD_OK)
        status = settle_tree(transaction);
    if (status == KEYWARD_OK)
        status = require_known(transaction, &key, request->known);
    if (status == KEYWARD_OK)
        status = require_last(transaction, &key, &request->note, &last);
    if (status == KEYWARD_OK && last < transaction->last_sequence)
        status = sign(transaction, &key, request);
    return status;
}

/* ---- events against their leaves ---- */

static enum keyward_status compare_leaf(struct transaction *transaction,
                                        const struct statement *row, struct buffer *scratch)
{
    keyward_event event;
    struct hash leaf;
    bool hides;

    if (statement_length(row, EVENT_COLUMNS_COUNT) == 0)
        return KEYWARD_OK; /* appended by hand; it gets its leaf with the checkpoint */
    if (audit_event_of_row(row, &event, &hides) == KEYWARD_OK && !hides) {
        if (!event_leaf(scratch, &event, &leaf))
            return KEYWARD_NOMEM;
        if (statement_length(row, EVENT_COLUMNS_COUNT) == HASH_BYTES &&
            memcmp(statement_blob(row, EVENT_COLUMNS_COUNT), &leaf, HASH_BYTES) == 0)
            return KEYWARD_OK;
    }
    return error_set(transaction->error, KEYWARD_INCONSISTENT,
                     "event %" PRId64 " was changed after it had been appended",
                     statement_number(row, 0));
}

static enum keyward_status find_start(struct transaction *transaction, struct leaves_check *check)
{
    struct buffer note = {.bytes = NULL};
    enum keyward_status status;

    if (!check->from_checkpoint)
        return KEYWARD_OK;
    check->from_checkpoint = false;
    check->after = 0;
    status = load_checkpoint(transaction, &check->after, &note);
    buffer_release(&note);
    return status == KEYWARD_NOT_FOUND ? KEYWARD_OK : status;
}

enum keyward_status checkpoint_check_leaves(struct transaction *transaction, void *request)
{
    struct leaves_check *check = request;
    struct buffer scratch = {.bytes = NULL};
    struct statement rows;
    int count = 0;
    enum keyward_status ended, status = find_start(transaction, check);

    if (status != KEYWARD_OK)
        return status;
    rows = statement_begin(transaction->connection, &events_and_leaves);
    statement_bind_number(&rows, check->after);
    statement_bind_number(&rows, LEAVES_AT_ONCE);
    while (status == KEYWARD_OK && statement_row(&rows)) {
        status = compare_leaf(transaction, &rows, &scratch);
        check->after = statement_number(&rows, 0);
        count++;
    }
    ended = statement_end(&rows);
    buffer_release(&scratch);
    check->complete = count < LEAVES_AT_ONCE;
    return status == KEYWARD_OK ? ended : status;
}
