/* SPDX-License-Identifier: MIT */
/* The audit log's tree: its key, checkpoints and proofs. */
#include "fault/calls.h"
#include "support/log.h"
#include "support/tree.h"

#include <stdlib.h>
#include <string.h>

#define TILE 256

/* The next event is the last of a tile. */
static void prepare_key_before_tile(struct work *w)
{
    prepare_key(w);
    append_by_hand(&w->f, TILE - 1 -
                              (int)number(w, "SELECT max(sequence) %% 256 FROM"
                                             " audit_events"));
}

static void expect_deleted_with_tile(struct work *w)
{
    expect_deleted(w);
    ck_assert_int_eq(number(w, "SELECT count(*) FROM audit_tree"),
                     number(w, "SELECT max(sequence) / 256 FROM audit_events"));
    ck_assert_int_eq(number(w, "SELECT count(*) FROM audit_events WHERE leaf IS NULL"), 0);
}

/* As if none had been made yet. */
static void prepare_no_log_key(struct work *w)
{
    ck_assert_int_eq(sqlite3_db_config(w->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(w->db, "DELETE FROM audit_checkpoints; DELETE FROM audit_log_key",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
}

static enum keyward_status run_log_key(struct work *w)
{
    return exercise(keyward_audit_log_key)(w->f.store, &host, ORIGIN, &w->text);
}

static void expect_log_key(struct work *w)
{
    ck_assert_int_eq(strncmp(w->text->text, ORIGIN "+", strlen(ORIGIN) + 1), 0);
    ck_assert_int_eq(number(w, "SELECT count(*) FROM audit_log_key WHERE origin = '" ORIGIN "'"),
                     1);
}

void have_log_key(struct work *w)
{
    free(log_key_of(&w->f));
}

static void prepare_unsigned(struct work *w)
{
    have_log_key(w);
    prepare_granted_user(w);
    w->size = number(w, "SELECT max(sequence) FROM audit_events");
}

static enum keyward_status run_sign(struct work *w)
{
    return exercise(keyward_audit_checkpoint)(w->f.store, &host, NULL, 0, &w->text);
}

static void expect_signed(struct work *w)
{
    char *note = sql_text(w->f.path, "SELECT note FROM audit_checkpoints ORDER BY size DESC"
                                     " LIMIT 1");

    ck_assert_str_eq(w->text->text, note);
    ck_assert_int_eq(number(w, "SELECT max(size) FROM audit_checkpoints"), w->size);
    free(note);
}

static void prepare_cosigned(struct work *w)
{
    struct signer witness = signer_of(4, "witness.example", 3);
    keyward_text *checkpoint;
    const char *note, *body;
    char *log_key;

    prepare_unsigned(w);
    checkpoint = sign_checkpoint(&w->f);
    log_key = log_key_of(&w->f);
    note = checkpoint->text;
    body = compose("%.*s", (int)(strstr(note, "\n\n") + 1 - note), note);
    w->log_key = compose("%s", log_key);
    w->witness_key = witness.key;
    w->cosigned = compose("%s%s", note, signed_line(&witness, body, 1));
    free(log_key);
    keyward_text_free(&checkpoint);
}

static enum keyward_status run_cosign(struct work *w)
{
    const char *const witness_keys[] = {w->witness_key};
    const keyward_trust trust = {
        .log_key = w->log_key, .witness_keys = witness_keys, .witness_count = 1};

    return exercise(keyward_audit_add_cosignatures)(w->f.store, &host, &trust, w->cosigned,
                                                    strlen(w->cosigned));
}

static void expect_cosigned(struct work *w)
{
    char *note = sql_text(w->f.path, "SELECT note FROM audit_checkpoints ORDER BY size DESC"
                                     " LIMIT 1");

    ck_assert_str_eq(note, w->cosigned);
    free(note);
}

/* What only reads keeps its log from round to round. */
static void prepare_log(struct work *w)
{
    keyward_text *checkpoint;

    if (w->size > 0)
        return;
    have_log_key(w);
    append_by_hand(&w->f, TILE + 9);
    checkpoint = sign_checkpoint(&w->f);
    keyward_text_free(&checkpoint);
    w->size = number(w, "SELECT max(sequence) FROM audit_events");
}

static enum keyward_status run_read_log_key(struct work *w)
{
    return exercise(keyward_audit_log_key)(w->f.store, &host, NULL, &w->text);
}

static enum keyward_status run_receipt(struct work *w)
{
    return exercise(keyward_audit_receipt)(w->f.store, &rita, 2, 0, &w->text);
}

static void expect_receipt(struct work *w)
{
    keyward_proven proven;
    char *log_key = log_key_of(&w->f);
    const keyward_trust trust = {.log_key = log_key};

    assert_status(NULL,
                  keyward_verify_receipt(w->text->text, w->text->length, &trust, NULL, 0, &proven),
                  KEYWARD_OK);
    ck_assert_int_eq(proven.sequence, 2);
    ck_assert_int_eq(proven.size, w->size);
    free(log_key);
}

static enum keyward_status run_consistency(struct work *w)
{
    return exercise(keyward_audit_consistency)(w->f.store, &host, 3, 0, &w->text);
}

static void expect_consistency(struct work *w)
{
    ck_assert_int_eq(strncmp(w->text->text, "old 3\n", 6), 0);
    ck_assert_int_eq(w->text->text[w->text->length - 1], '\n');
}

static int count_file(void *context, const char *path, const void *bytes, size_t length)
{
    struct site *site = context;

    (void)bytes;
    site->files++;
    site->checkpoints += strcmp(path, "checkpoint") == 0;
    site->bytes += length;
    return 0;
}

static enum keyward_status run_publish(struct work *w)
{
    const keyward_publication publication = {.write = count_file, .write_context = &w->site};

    memset(&w->site, 0, sizeof w->site);
    return exercise(keyward_audit_publish)(w->f.store, &host, &publication);
}

/* Two bundles, two tiles, and one above. */
static void expect_publication(struct work *w)
{
    ck_assert_int_eq(w->site.files, 6);
    ck_assert_int_eq(w->site.checkpoints, 1);
    ck_assert_uint_gt(w->site.bytes, (size_t)(w->size + 1) * 32 + 2 * (size_t)w->size);
}

/* Who has the checkpoint has all that it promises. */
static void expect_no_checkpoint(struct work *w, enum keyward_status status)
{
    expect_no_result(w, status);
    ck_assert_int_eq(w->site.checkpoints, 0);
}

/* ---- the table ---- */

static const struct call calls[] = {
    {"delete with a tile", KEYWARD_OK, WRITES | ALLOCATES, prepare_key_before_tile, run_delete,
     expect_deleted_with_tile, expect_no_result},
    {"log key", KEYWARD_OK, WRITES | NO_EVENT | ALLOCATES, prepare_no_log_key, run_log_key,
     expect_log_key, expect_no_result},
    {"checkpoint", KEYWARD_OK, WRITES | NO_EVENT | ALLOCATES, prepare_unsigned, run_sign,
     expect_signed, expect_no_result},
    {"cosignature", KEYWARD_OK, WRITES | NO_EVENT | ALLOCATES, prepare_cosigned, run_cosign,
     expect_cosigned, expect_no_result},
    {"log key, read", KEYWARD_OK, ALLOCATES, prepare_log, run_read_log_key, expect_log_key,
     expect_no_result},
    {"receipt", KEYWARD_OK, ALLOCATES, prepare_log, run_receipt, expect_receipt, expect_no_result},
    {"consistency", KEYWARD_OK, ALLOCATES, prepare_log, run_consistency, expect_consistency,
     expect_no_result},
    {"publication", KEYWARD_OK, ALLOCATES, prepare_log, run_publish, expect_publication,
     expect_no_checkpoint},
};

const struct call_table log_calls = {calls, COUNT(calls)};
