/* SPDX-License-Identifier: MIT */
#include "operations/check_heads.h"
#include "connection/statement.h"
#include "operations/check_report.h"
#include "operations/checkpoints.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const struct query all_checkpoints = {
    QUERY_CHECKPOINTS_ALL, "SELECT size, note FROM audit_checkpoints ORDER BY size"};

struct head {
    int64_t size; /* INT64_MAX: there is none */
    struct hash root;
};

struct heads_check {
    struct transaction *transaction;
    struct check *check;
    struct log_key key;
    bool has_key;
    struct statement rows; /* of the store's checkpoints */
    struct head stored, known;
};

static enum keyward_status find_head_fault(struct heads_check *heads, const char *problem,
                                           const char *detail, int64_t sequence)
{
    return report_finding(heads->check->report, problem, detail, NULL, NULL, sequence);
}

struct heads_check *heads_check_new(struct transaction *transaction, struct check *check)
{
    struct heads_check *heads = calloc(1, sizeof *heads);

    if (!heads)
        return NULL;
    heads->transaction = transaction;
    heads->check = check;
    heads->stored.size = heads->known.size = INT64_MAX;
    heads->rows = statement_begin(transaction->connection, &all_checkpoints);
    return heads;
}

void heads_check_free(struct heads_check *heads)
{
    if (!heads)
        return;
    statement_end(&heads->rows);
    free(heads);
}

/* ---- reading ---- */

/* A head, if the note is one that the log's key has signed; false, and the reason as a message. */
static bool read_head(struct heads_check *heads, struct span note, const char *what,
                      struct head *head, struct error *why)
{
    struct checkpoint checkpoint;

    if (!heads->has_key) {
        error_set(why, KEYWARD_UNPROVEN, "the store has no key of the log");
        return false;
    }
    if (checkpoint_read(note, &heads->key, what, &checkpoint, why) != KEYWARD_OK)
        return false;
    head->size = checkpoint.size;
    head->root = checkpoint.root;
    return true;
}

/* Moves on to the next one that says what it should. */
static enum keyward_status next_stored(struct heads_check *heads)
{
    enum keyward_status status = KEYWARD_OK;
    struct error why = {.store_stamp = 0};

    heads->stored.size = INT64_MAX;
    while (status == KEYWARD_OK && statement_row(&heads->rows)) {
        int64_t size = statement_number(&heads->rows, 0);
        struct span note = {statement_text(&heads->rows, 1), statement_length(&heads->rows, 1)};
        struct head head;

        if (read_head(heads, note, "a checkpoint in the store", &head, &why) && head.size == size) {
            heads->stored = head;
            break;
        }
        status = find_head_fault(heads, "a checkpoint in the store is not one that was signed",
                                 NULL, size);
    }
    return status;
}

static enum keyward_status read_known(struct heads_check *heads)
{
    const keyward_check_options *options = heads->check->options;
    struct error why = {.store_stamp = 0};
    struct span note;

    if (!options || !options->checkpoint)
        return KEYWARD_OK;
    note = (struct span){options->checkpoint, options->checkpoint_length};
    if (read_head(heads, note, "the checkpoint", &heads->known, &why))
        return KEYWARD_OK;
    return find_head_fault(heads, "the given checkpoint is not one of this log", why.detail.message,
                           0);
}

/* Any failure but KEYWARD_CORRUPT, as of a data key that only a newer master key opens, ends the
 * check. */
static enum keyward_status open_key_and_wipe(struct heads_check *heads)
{
    unsigned char *secret = heads->transaction->guarded;
    enum keyward_status status = log_key_open(heads->transaction, &heads->key, secret);

    sodium_memzero(secret, LOG_SECRET_BYTES);
    return status;
}

enum keyward_status heads_check_begin(struct heads_check *heads)
{
    struct error why = {.store_stamp = 0}, *error = heads->transaction->error;
    enum keyward_status status;

    heads->transaction->error = &why;
    status = log_key_read(heads->transaction, &heads->key);
    heads->has_key = status == KEYWARD_OK;
    if (status == KEYWARD_OK)
        status = open_key_and_wipe(heads);
    heads->transaction->error = error;
    if (status == KEYWARD_CORRUPT)
        status = find_head_fault(heads, "the key of the audit log is damaged", NULL, 0);
    else if (status == KEYWARD_NOT_FOUND)
        status = KEYWARD_OK;
    if (status == KEYWARD_OK)
        status = read_known(heads);
    return status == KEYWARD_OK ? next_stored(heads) : status;
}

/* ---- comparing ---- */

int64_t heads_check_next(const struct heads_check *heads)
{
    return heads->stored.size < heads->known.size ? heads->stored.size : heads->known.size;
}

enum keyward_status heads_check_compare(struct heads_check *heads, const struct hash *root)
{
    int64_t size = heads_check_next(heads);
    enum keyward_status status = KEYWARD_OK;

    if (heads->known.size == size) {
        if (memcmp(&heads->known.root, root, sizeof *root) != 0)
            status = find_head_fault(
                heads, "the events up to this one are not those of the given checkpoint", NULL,
                size);
        heads->known.size = INT64_MAX;
    }
    if (status != KEYWARD_OK || heads->stored.size != size)
        return status;
    if (memcmp(&heads->stored.root, root, sizeof *root) != 0)
        status = find_head_fault(heads, "the events up to this one are not those of its checkpoint",
                                 NULL, size);
    return status == KEYWARD_OK ? next_stored(heads) : status;
}

enum keyward_status heads_check_end(struct heads_check *heads, int64_t size)
{
    static const char problem[] = "the log was cut off before this event: a checkpoint covers more";
    enum keyward_status status = KEYWARD_OK, ended;

    if (heads->stored.size != INT64_MAX || heads->known.size != INT64_MAX)
        status = find_head_fault(heads, problem, NULL, size + 1);
    ended = statement_end(&heads->rows);
    return status == KEYWARD_OK ? ended : status;
}
