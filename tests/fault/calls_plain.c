/* SPDX-License-Identifier: MIT */
/* What opens and closes a store, what needs none, and what cannot fail. */
#include "fault/calls.h"
#include "support/log.h"
#include "support/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- open, by a key file; close ---- */

static void prepare_open(struct work *w)
{
    prepare_key(w);
    snprintf(w->path, sizeof w->path, "%.60s/master.key", w->f.folder);
    write_whole(w->path, test_master_key, sizeof test_master_key);
}

static enum keyward_status run_open(struct work *w)
{
    keyward_options options = w->f.options;

    options.master_key = NULL;
    options.master_key_file = w->path;
    return exercise(keyward_open)(&w->opened, w->f.path, &options);
}

static void expect_opened(struct work *w)
{
    struct fixture opened = w->f;

    opened.store = w->opened;
    assert_status(w->opened, try_key(&opened, w->keys[0], w->secret), KEYWARD_OK);
}

/* With a use that is not in the file yet. */
static void prepare_close(struct work *w)
{
    fixture_reopen(&w->f);
    prepare_used_key(w);
}

static enum keyward_status run_close(struct work *w)
{
    exercise(keyward_close)(&w->f.store);
    return KEYWARD_OK;
}

static void expect_closed(struct work *w)
{
    ck_assert_ptr_null(w->f.store);
    fixture_reopen(&w->f);
    assert_status(w->f.store, try_key(&w->f, w->keys[0], w->secret), KEYWARD_OK);
}

/* ---- a new master key file ---- */

#define KEY_FILE_BYTES (KEYWARD_MASTER_KEY_BYTES * 2 + 1)

static void prepare_no_file(struct work *w)
{
    snprintf(w->path, sizeof w->path, "%.60s/new.key", w->f.folder);
    unlink(w->path);
}

static enum keyward_status run_create_file(struct work *w)
{
    return exercise(keyward_create_master_key_file)(w->path);
}

static void expect_file(struct work *w)
{
    unsigned char *bytes;
    size_t size;

    bytes = read_whole(w->path, &size);
    ck_assert_uint_eq(size, KEY_FILE_BYTES);
    ck_assert_uint_eq(strspn((const char *)bytes, "0123456789abcdef"), KEY_FILE_BYTES - 1);
    ck_assert_int_eq(bytes[KEY_FILE_BYTES - 1], '\n');
    free(bytes);
}

static void expect_no_file(struct work *w, enum keyward_status status)
{
    expect_no_result(w, status);
    ck_assert_int_eq(access(w->path, F_OK), -1);
}

/* ---- proofs, verified ---- */

static const char *composed(keyward_text *text)
{
    const char *copy = compose("%s", text->text);

    keyward_text_free(&text);
    return copy;
}

static void prepare_proofs(struct work *w)
{
    keyward_text *text;
    char *log_key;

    if (w->proof)
        return;
    prepare_key(w);
    log_key = log_key_of(&w->f);
    w->log_key = compose("%s", log_key);
    free(log_key);
    w->old_checkpoint = composed(sign_checkpoint(&w->f));
    w->size = number(w, "SELECT max(sequence) FROM audit_events");
    drop_key(&w->f, "repo-1", w->keys[0]->id);
    text = sign_checkpoint(&w->f);
    keyward_text_free(&text);
    assert_status(w->f.store, keyward_audit_receipt(w->f.store, &host, w->size, 0, &text),
                  KEYWARD_OK);
    w->receipt = composed(text);
    assert_status(w->f.store, keyward_audit_consistency(w->f.store, &host, w->size, 0, &text),
                  KEYWARD_OK);
    w->proof = composed(text);
}

static enum keyward_status run_verify_receipt(struct work *w)
{
    const keyward_trust trust = {.log_key = w->log_key};

    return exercise(keyward_verify_receipt)(w->receipt, strlen(w->receipt), &trust, NULL, 0,
                                            &w->proven);
}

static void expect_proven(struct work *w)
{
    ck_assert_int_eq(w->proven.sequence, w->size);
    ck_assert_int_eq(w->proven.size, w->size + 1);
}

static enum keyward_status run_verify_consistency(struct work *w)
{
    const keyward_trust trust = {.log_key = w->log_key};

    return exercise(keyward_verify_consistency)(w->old_checkpoint, strlen(w->old_checkpoint),
                                                w->proof, strlen(w->proof), &trust, &w->proven);
}

static void expect_consistent(struct work *w)
{
    ck_assert_int_eq(w->proven.old_size, w->size);
    ck_assert_int_eq(w->proven.size, w->size + 1);
}

static void expect_not_proven(struct work *w, enum keyward_status status)
{
    expect_no_result(w, status);
    ck_assert_int_eq(w->proven.sequence, 0);
    ck_assert_int_eq(w->proven.size, 0);
    ck_assert_int_eq(w->proven.old_size, 0);
}

static enum keyward_status run_receipt_event(struct work *w)
{
    return exercise(keyward_receipt_event)(w->receipt, strlen(w->receipt), &w->text);
}

static void expect_receipt_event(struct work *w)
{
    ck_assert_ptr_nonnull(strstr(w->text->text, w->keys[0]->id));
}

/* ---- what cannot fail ---- */

/* One of each thing that is handed out. */
static void prepare_results(struct work *w)
{
    const keyward_new_key new_key = {.name = "made"};
    const keyward_selection selection = {.repo_id = "repo-1"};
    keyward *store = w->f.store;

    have_log_key(w);
    assert_status(store,
                  keyward_create_key(store, &host, "repo-1", &new_key, &w->key, &w->new_secret),
                  KEYWARD_OK);
    assert_status(store, keyward_list_keys(store, &host, "repo-1", NULL, &w->key_list), KEYWARD_OK);
    assert_status(store, keyward_get_user(store, &host, "repo-1", "will", &w->user), KEYWARD_OK);
    assert_status(store, keyward_list_users(store, &host, "repo-1", NULL, &w->users), KEYWARD_OK);
    w->events = last_event(&w->f);
    assert_status(store, keyward_check(store, NULL, &w->report), KEYWARD_OK);
    assert_status(store, keyward_get_stats(store, &w->stats), KEYWARD_OK);
    assert_status(store, keyward_get_activity(store, &w->activity), KEYWARD_OK);
    assert_status(store,
                  keyward_preview_delete_all_keys(store, &host, &selection, NULL, &w->changes),
                  KEYWARD_OK);
    w->text = sign_checkpoint(&w->f);
}

static enum keyward_status run_free(struct work *w)
{
    free_results(w);
    return KEYWARD_OK;
}

static void expect_freed(struct work *w)
{
    expect_no_result(w, KEYWARD_OK);
}

static enum keyward_status run_texts(struct work *w)
{
    const char *const texts[] = {
        exercise(keyward_version)(),
        exercise(keyward_status_text)(KEYWARD_NOMEM),
        exercise(keyward_role_text)(KEYWARD_ADMIN),
        exercise(keyward_provider_text)(KEYWARD_AWS),
        exercise(keyward_reason_text)(KEYWARD_REASON_UNUSED),
        exercise(keyward_action_text)(KEYWARD_KEY_DELETED),
        exercise(keyward_last_error)(w->f.store)->message,
    };

    for (size_t i = 0; i < COUNT(texts); i++) {
        if (!texts[i])
            return KEYWARD_NOMEM;
    }
    snprintf(w->name, sizeof w->name, "%s %s %s %s", texts[2], texts[3], texts[4], texts[5]);
    return KEYWARD_OK;
}

static void expect_texts(struct work *w)
{
    ck_assert_str_eq(w->name, "admin AWS unused key.deleted");
}

/* ---- the table ---- */

static const struct call calls[] = {
    {"open", KEYWARD_OK, NO_STORE | ALLOCATES | OWN_FILES, prepare_open, run_open, expect_opened,
     expect_no_result},
    {"close", KEYWARD_OK, NEVER_FAILS, prepare_close, run_close, expect_closed, expect_no_result},
    {"master key file", KEYWARD_OK, NO_STORE | ALLOCATES | NEEDS_NO_DISK | OWN_FILES,
     prepare_no_file, run_create_file, expect_file, expect_no_file},
    {"verify a receipt", KEYWARD_OK, NO_STORE | ALLOCATES | NEEDS_NO_DISK, prepare_proofs,
     run_verify_receipt, expect_proven, expect_not_proven},
    {"verify consistency", KEYWARD_OK, NO_STORE | NEEDS_NO_DISK, prepare_proofs,
     run_verify_consistency, expect_consistent, expect_not_proven},
    {"receipt's event", KEYWARD_OK, NO_STORE | ALLOCATES | NEEDS_NO_DISK, prepare_proofs,
     run_receipt_event, expect_receipt_event, expect_no_result},
    {"free", KEYWARD_OK, NEVER_FAILS | NEEDS_NO_DISK, prepare_results, run_free, expect_freed,
     expect_no_result},
    {"texts", KEYWARD_OK, NEVER_FAILS | NEEDS_NO_DISK, prepare_user, run_texts, expect_texts,
     expect_no_result},
};

const struct call_table plain_calls = {calls, COUNT(calls)};
