/* SPDX-License-Identifier: MIT */
/* What changes a store. */
#include "fault/calls.h"

#include <stdio.h>
#include <string.h>

#define NEIGHBOURS 7 /* deleted ones, that are archived with a key */

static const unsigned char master_keys[2][KEYWARD_MASTER_KEY_BYTES + 1] = {
    "0123456789abcdef0123456789abcde", "another master key of 32 bytes.."};

static void prepare_batch(struct work *w)
{
    for (int i = 0; i < BATCH; i++)
        w->keys[i] = make_key(&w->f, "repo-1", "before", NULL);
}

static void make_deleted_keys(struct work *w, int count)
{
    for (int i = 0; i < count; i++) {
        keyward_key *key = make_key(&w->f, "repo-1", "before", NULL);
        drop_key(&w->f, "repo-1", key->id);
        keyward_key_free(&key);
    }
}

/* A live key, and behind it one with enough deleted neighbours on both of its sides. */
static void prepare_key_to_archive(struct work *w)
{
    w->keys[1] = make_key(&w->f, "repo-1", "before", NULL);
    make_deleted_keys(w, NEIGHBOURS);
    prepare_key(w);
    make_deleted_keys(w, NEIGHBOURS);
}

/* ---- create ---- */

static enum keyward_status run_create(struct work *w)
{
    const keyward_new_key new_key = {.name = "made", .provider = KEYWARD_AWS};
    return exercise(keyward_create_key)(w->f.store, &requester, "repo-1", &new_key, &w->key,
                                        &w->new_secret);
}

static void expect_created(struct work *w)
{
    ck_assert_ptr_nonnull(w->key);
    ck_assert_str_eq(w->key->repo_id, "repo-1");
    ck_assert_str_eq(w->key->name, "made");
    ck_assert_str_eq(w->key->created_by, "will");
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM api_keys AS k JOIN audit_events"
                            " ON sequence = created_event AND action = 'key.created'"
                            " AND key_id = id AND actor_id = 'will'"
                            " AND reason_text = 'because'" THE_KEY("0") " AND k.name = 'made'",
                            w->key->id),
                     1);
    assert_status(w->f.store, try_key(&w->f, w->key, w->new_secret), KEYWARD_OK);
}

/* ---- rename ---- */

static enum keyward_status run_rename(struct work *w)
{
    return exercise(keyward_rename_key)(w->f.store, &requester, "repo-1", w->keys[0]->id, "after");
}

static void expect_renamed(struct work *w)
{
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM api_keys AS k JOIN " LAST_EVENTS " AS e"
                            " ON action = 'key.renamed' AND key_id = id AND e.name = 'after'"
                            " AND previous_name = 'before'" THE_KEY("0") " AND k.name = 'after'",
                            w->keys[0]->id),
                     1);
}

/* ---- delete ---- */

enum keyward_status run_delete(struct work *w)
{
    w->deletion = (keyward_deletion){.reason = KEYWARD_REASON_ROTATED, .event = -1};
    return exercise(keyward_delete_key)(w->f.store, &requester, "repo-1", w->keys[0]->id,
                                        &w->deletion);
}

static void expect_key_deleted(struct work *w, const keyward_key *key,
                               const keyward_deletion *deletion)
{
    ck_assert_int_eq(number(w,
                            "SELECT deleted_event FROM api_keys AS k JOIN audit_events AS e"
                            " ON sequence = deleted_event AND action = 'key.deleted'"
                            " AND key_id = id AND at = deleted_at AND actor_id = deleted_by"
                            " AND e.name = 'before' AND reason = 'rotated'" THE_KEY("1"),
                            key->id),
                     deletion->event);
    ck_assert_int_eq(deletion->deleted_at, w->f.now);
}

void expect_deleted(struct work *w)
{
    expect_key_deleted(w, w->keys[0], &w->deletion);
    assert_status(w->f.store, try_key(&w->f, w->keys[0], w->secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(w->f.store)->cause, KEYWARD_CAUSE_DELETED);
    ck_assert_int_eq(keyward_last_error(w->f.store)->deleted_event, w->deletion.event);
}

static void expect_archived(struct work *w)
{
    expect_deleted(w);
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM api_keys WHERE repo_id = 'repo-1'"
                            " AND archived = 1 AND id > '%s'",
                            w->keys[1]->id),
                     NEIGHBOURS + 1);
}

static enum keyward_status run_delete_many(struct work *w)
{
    for (int i = 0; i < BATCH; i++)
        w->requests[i] = (keyward_delete_request){
            .repo_id = "repo-1",
            .key_id = w->keys[i]->id,
            .deletion = {.reason = KEYWARD_REASON_ROTATED, .event = -1},
            .status = (enum keyward_status) - 1,
        };
    w->requests[0].key_id = NULL;
    w->requests[0].access_key = w->keys[0]->access_key;
    return exercise(keyward_delete_keys)(w->f.store, &requester, w->requests, BATCH);
}

static void expect_deleted_many(struct work *w)
{
    for (int i = 0; i < BATCH; i++) {
        ck_assert_int_eq(w->requests[i].status, KEYWARD_OK);
        expect_key_deleted(w, w->keys[i], &w->requests[i].deletion);
    }
}

void expect_deleted_none(struct work *w, enum keyward_status status)
{
    for (int i = 0; i < BATCH; i++) {
        ck_assert_int_eq(w->requests[i].status, status);
        ck_assert_int_eq(w->requests[i].deletion.event, 0);
        ck_assert_int_eq(w->requests[i].deletion.deleted_at, 0);
    }
}

static enum keyward_status run_denied_delete(struct work *w)
{
    return exercise(keyward_delete_key)(w->f.store, &rita, "repo-1", w->keys[0]->id, &w->deletion);
}

static void expect_denied(struct work *w)
{
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM api_keys AS k JOIN " LAST_EVENTS
                            " ON action = 'key.delete_denied' AND key_id = id"
                            " AND actor_id = 'rita'" THE_KEY("0"),
                            w->keys[0]->id),
                     1);
}

/* ---- restore ---- */

static enum keyward_status run_restore(struct work *w)
{
    return exercise(keyward_restore_key)(w->f.store, &anna, "repo-1", w->keys[0]->id);
}

static void expect_restored(struct work *w)
{
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM api_keys AS k JOIN " LAST_EVENTS " AS e"
                            " ON action = 'key.restored' AND key_id = id"
                            " AND e.name = 'before'" THE_KEY("0"),
                            w->keys[0]->id),
                     1);
    assert_status(w->f.store, try_key(&w->f, w->keys[0], w->secret), KEYWARD_OK);
}

/* ---- access ---- */

enum keyward_status run_grant(struct work *w)
{
    return exercise(keyward_grant)(w->f.store, &anna, "repo-1", w->name, KEYWARD_WRITER);
}

static void expect_granted(struct work *w)
{
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM access AS a JOIN " LAST_EVENTS
                            " AS e USING (user_id)"
                            " WHERE a.repo_id = 'repo-1' AND user_id = '%s' AND a.role = 'writer'"
                            " AND action = 'access.granted' AND e.role = 'writer'",
                            w->name),
                     1);
}

static enum keyward_status run_revoke(struct work *w)
{
    return exercise(keyward_revoke)(w->f.store, &anna, "repo-1", w->name);
}

static void expect_revoked(struct work *w)
{
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM access"
                            " WHERE repo_id = 'repo-1' AND user_id = '%s'",
                            w->name),
                     0);
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM " LAST_EVENTS " WHERE user_id = '%s'"
                            " AND action = 'access.revoked' AND role = 'reader'",
                            w->name),
                     1);
}

/* ---- the rest of a key's life ---- */

static const char imported[] = "what a provider gave out";

static enum keyward_status run_import(struct work *w)
{
    const keyward_new_key new_key = {.name = "made",
                                     .provider = KEYWARD_AWS,
                                     .secret = imported,
                                     .secret_length = sizeof imported - 1};
    return exercise(keyward_create_key)(w->f.store, &requester, "repo-1", &new_key, &w->key,
                                        &w->new_secret);
}

static void expect_imported(struct work *w)
{
    ck_assert_ptr_nonnull(w->key);
    ck_assert_ptr_null(w->new_secret);
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM api_keys AS k JOIN audit_events"
                            " ON sequence = created_event AND action = 'key.imported'"
                            " AND key_id = id AND actor_id = 'will'" THE_KEY("0"),
                            w->key->id),
                     1);
    assert_status(w->f.store,
                  keyward_authenticate(w->f.store, w->key->access_key, imported,
                                       sizeof imported - 1, &w->identity),
                  KEYWARD_OK);
}

static enum keyward_status run_expire(struct work *w)
{
    return exercise(keyward_set_key_expiry)(w->f.store, &requester, "repo-1", w->keys[0]->id,
                                            w->f.now + 1000);
}

static void expect_expiring(struct work *w)
{
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM api_keys AS k JOIN " LAST_EVENTS " AS e"
                            " ON action = 'key.expiry_set' AND key_id = id"
                            " AND e.expires_at = k.expires_at" THE_KEY("0") " AND k.expires_at ="
                                                                            " 1700000001000",
                            w->keys[0]->id),
                     1);
}

static enum keyward_status run_rotate(struct work *w)
{
    return exercise(keyward_rotate_key)(w->f.store, &requester, "repo-1", w->keys[0]->id, NULL,
                                        &w->key, &w->new_secret);
}

static void expect_rotated(struct work *w)
{
    ck_assert_str_eq(w->key->predecessor_id, w->keys[0]->id);
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM key_details AS a JOIN key_details AS b"
                            " ON b.key_id = a.successor_id AND b.predecessor_id = a.key_id"
                            " JOIN " LAST_EVENTS " AS e ON e.action = 'key.rotated'"
                            " AND e.key_id = a.key_id AND e.other_key_id = b.key_id"
                            " JOIN api_keys AS k ON k.id = a.key_id AND k.expires_at = e.expires_at"
                            " WHERE a.key_id = '%s' AND b.key_id = '%s'",
                            w->keys[0]->id, w->key->id),
                     1);
    assert_status(w->f.store, try_key(&w->f, w->keys[0], w->secret), KEYWARD_OK);
    assert_status(w->f.store, try_key(&w->f, w->key, w->new_secret), KEYWARD_OK);
}

/* The old key is what it was, and there is no successor. */
static void expect_not_rotated(struct work *w, enum keyward_status status)
{
    expect_no_result(w, status);
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM api_keys AS k" THE_KEY(
                                "0") " AND expires_at IS NULL AND NOT EXISTS (SELECT 1 FROM"
                                     " key_details WHERE key_id = k.id"
                                     " AND successor_id IS NOT NULL)",
                            w->keys[0]->id),
                     1);
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM api_keys WHERE repo_id = 'repo-1'"
                            " AND id > '%s'",
                            w->keys[0]->id),
                     0);
}

static enum keyward_status run_reveal(struct work *w)
{
    return exercise(keyward_reveal_key)(w->f.store, &anna, "repo-1", w->keys[0]->id,
                                        &w->new_secret);
}

static void expect_revealed(struct work *w)
{
    ck_assert_str_eq(w->new_secret->text, w->secret->text);
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM " LAST_EVENTS
                            " WHERE action = 'key.revealed' AND key_id = '%s'",
                            w->keys[0]->id),
                     1);
}

static enum keyward_status run_delete_all(struct work *w)
{
    const keyward_selection selection = {.repo_id = "repo-1"};

    w->deletion = (keyward_deletion){.reason = KEYWARD_REASON_ROTATED, .event = -1};
    return exercise(keyward_delete_all_keys)(w->f.store, &requester, &selection, &w->deletion,
                                             &w->changes);
}

static void expect_deleted_all(struct work *w)
{
    ck_assert_uint_eq(w->changes->key_count, BATCH);
    ck_assert_uint_eq(w->changes->event_count, BATCH);
    for (int i = 0; i < BATCH; i++) {
        const keyward_deletion deletion = {.event = w->changes->events[i]->sequence,
                                           .deleted_at = w->changes->keys[i]->deleted_at};
        ck_assert_str_eq(w->changes->keys[i]->id, w->keys[i]->id);
        expect_key_deleted(w, w->keys[i], &deletion);
    }
}

static enum keyward_status run_guarded_delete(struct work *w)
{
    w->deletion =
        (keyward_deletion){.reason = KEYWARD_REASON_ROTATED, .event = -1, .unless_used_within = 1};
    return exercise(keyward_delete_key)(w->f.store, &requester, "repo-1", w->keys[0]->id,
                                        &w->deletion);
}

void prepare_key_to_purge(struct work *w)
{
    if (w->keys[0])
        return;
    prepare_deleted_key(w);
    w->f.now += 1;
}

static enum keyward_status run_purge(struct work *w)
{
    return exercise(keyward_purge_keys)(w->f.store, &anna, "repo-1", w->keys[0]->id, &w->changes);
}

static void expect_purged(struct work *w)
{
    ck_assert_uint_eq(w->changes->key_count, 1);
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM key_details AS d JOIN " LAST_EVENTS
                            " ON sequence = purged_event AND at = purged_at AND action ="
                            " 'key.purged' JOIN sealed_secrets AS s ON s.key_id = d.key_id"
                            " AND s.sealed = zeroblob(length(s.sealed)) WHERE d.key_id = '%s'",
                            w->keys[0]->id),
                     1);
    assert_status(w->f.store, try_key(&w->f, w->keys[0], w->secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(w->f.store)->cause, KEYWARD_CAUSE_PURGED);
}

/* Its secret is there still. */
static void expect_not_purged(struct work *w, enum keyward_status status)
{
    expect_no_result(w, status);
    assert_status(w->f.store, try_key(&w->f, w->keys[0], w->secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(w->f.store)->cause, KEYWARD_CAUSE_DELETED);
}

void prepare_used_key(struct work *w)
{
    prepare_key(w);
    assert_status(w->f.store, try_key(&w->f, w->keys[0], w->secret), KEYWARD_OK);
}

static enum keyward_status run_flush(struct work *w)
{
    return exercise(keyward_flush_uses)(w->f.store);
}

static void expect_use_written(struct work *w)
{
    ck_assert_int_eq(
        number(w, "SELECT last_used_at FROM key_details WHERE key_id = '%s'", w->keys[0]->id),
        w->f.now);
}

/* ---- master and data keys ---- */

static int64_t data_keys_of(const struct work *w)
{
    return number(w, "SELECT count(*) FROM data_keys");
}

/* A key that is made now is sealed by the newest, and opens. */
static void expect_new_data_key(struct work *w)
{
    w->key = make_key(&w->f, "repo-1", "sealed anew", &w->new_secret);
    ck_assert_int_eq(number(w, "SELECT data_key_id FROM sealed_secrets WHERE access_key = '%s'",
                            w->key->access_key),
                     data_keys_of(w));
    ck_assert_int_eq(number(w,
                            "SELECT count(*) FROM " LAST_EVENTS " WHERE action ="
                            " 'store.data_key_created' AND name = '%lld'",
                            (long long)data_keys_of(w)),
                     1);
    assert_status(w->f.store, try_key(&w->f, w->key, w->new_secret), KEYWARD_OK);
    assert_status(w->f.store, try_key(&w->f, w->keys[0], w->secret), KEYWARD_OK);
}

static enum keyward_status run_create_data_key(struct work *w)
{
    return exercise(keyward_create_data_key)(w->f.store, &host);
}

/* The next master key comes from a file. */
static void prepare_key_file(struct work *w)
{
    prepare_key(w);
    snprintf(w->path, sizeof w->path, "%.60s/next.key", w->f.folder);
    write_whole(w->path, master_keys[1 - w->master_key], KEYWARD_MASTER_KEY_BYTES);
}

static enum keyward_status run_change_master_key(struct work *w)
{
    const keyward_master_key next = {.file = w->path};
    enum keyward_status status = exercise(keyward_change_master_key)(w->f.store, &host, &next);

    if (status == KEYWARD_OK)
        w->master_key = 1 - w->master_key;
    w->f.options.master_key = master_keys[w->master_key];
    return status;
}

/* Of the two master keys this one opens the store, and all that is sealed. */
static void expect_master_key(struct work *w, int wanted)
{
    struct fixture opened = w->f;

    for (int i = 0; i < 2; i++) {
        opened.options.master_key = master_keys[i];
        assert_status(NULL, keyward_open(&opened.store, opened.path, &opened.options),
                      i == wanted ? KEYWARD_OK : KEYWARD_WRONG_MASTER_KEY);
        if (i != wanted)
            continue;
        assert_status(opened.store, try_key(&opened, w->keys[0], w->secret), KEYWARD_OK);
        keyward_close(&opened.store);
    }
}

static void expect_master_key_changed(struct work *w)
{
    expect_master_key(w, w->master_key);
    ck_assert_int_eq(number(w, "SELECT count(*) FROM " LAST_EVENTS
                               " WHERE action = 'store.master_key_changed'") > 0,
                     1);
    expect_new_data_key(w);
}

static void expect_master_key_unchanged(struct work *w, enum keyward_status status)
{
    expect_no_result(w, status);
    expect_master_key(w, w->master_key);
}

/* ---- the table ---- */

static const struct call calls[] = {
    {"create", KEYWARD_OK, WRITES | ALLOCATES, prepare_user, run_create, expect_created,
     expect_no_result},
    {"rename", KEYWARD_OK, WRITES, prepare_key, run_rename, expect_renamed, expect_no_result},
    {"delete", KEYWARD_OK, WRITES, prepare_key, run_delete, expect_deleted, expect_no_result},
    {"delete many", KEYWARD_OK, WRITES, prepare_batch, run_delete_many, expect_deleted_many,
     expect_deleted_none},
    {"denied delete", KEYWARD_FORBIDDEN, WRITES, prepare_key, run_denied_delete, expect_denied,
     expect_no_result},
    {"restore", KEYWARD_OK, WRITES, prepare_deleted_key, run_restore, expect_restored,
     expect_no_result},
    {"grant", KEYWARD_OK, WRITES, prepare_user, run_grant, expect_granted, expect_no_result},
    {"revoke", KEYWARD_OK, WRITES, prepare_granted_user, run_revoke, expect_revoked,
     expect_no_result},
    {"delete and archive", KEYWARD_OK, WRITES, prepare_key_to_archive, run_delete, expect_archived,
     expect_no_result},
    {"import", KEYWARD_OK, WRITES | ALLOCATES, prepare_user, run_import, expect_imported,
     expect_no_result},
    {"expire", KEYWARD_OK, WRITES, prepare_key, run_expire, expect_expiring, expect_no_result},
    {"rotate", KEYWARD_OK, WRITES | ALLOCATES, prepare_key, run_rotate, expect_rotated,
     expect_not_rotated},
    {"reveal", KEYWARD_OK, WRITES | ALLOCATES, prepare_key, run_reveal, expect_revealed,
     expect_no_result},
    {"delete all", KEYWARD_OK, WRITES | ALLOCATES, prepare_batch, run_delete_all,
     expect_deleted_all, expect_no_result},
    {"guarded delete", KEYWARD_OK, WRITES, prepare_key, run_guarded_delete, expect_deleted,
     expect_no_result},
    {"purge", KEYWARD_OK, WRITES | ALLOCATES | FLUSHES_LATER, prepare_key_to_purge, run_purge,
     expect_purged, expect_not_purged},
    {"flush uses", KEYWARD_OK, WRITES | NO_EVENT | NEEDS_A_WRITE, prepare_used_key, run_flush,
     expect_use_written, expect_no_result},
    {"create data key", KEYWARD_OK, WRITES | ALLOCATES, prepare_key, run_create_data_key,
     expect_new_data_key, expect_no_result},
    {"change master key", KEYWARD_OK, WRITES | ALLOCATES | OWN_FILES, prepare_key_file,
     run_change_master_key, expect_master_key_changed, expect_master_key_unchanged},
};

const struct call_table write_calls = {calls, COUNT(calls)};
