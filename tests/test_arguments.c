/* SPDX-License-Identifier: MIT */
/* What a caller passes in: every argument of every function wrong in every way, each named in the
 * message, and nothing done. */
#include "support/fixture.h"
#include "support/tree.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct fixture f;
static keyward_key *key;

/* The arguments of the next call; good ones, of which a test spoils some. */
static struct {
    keyward *store;
    const keyward_actor *actor;
    const char *repo_id, *key_id, *user_id, *name, *access_key, *secret;
    size_t secret_length, count;
    int role, provider, include, reason, limit, action;
    const char *reason_text, *before_key_id, *after_user_id;
    const char *query_repo_id, *query_key_id, *query_user_id, *backup_path;
    int64_t from, until, before_sequence, after_sequence;
    int format;
    int (*write)(void *context, const char *bytes, size_t length);
    int64_t expires_at, overlap, unless_used_within;
    const char *import; /* a secret to create or rotate with */
    size_t import_length;
    const char *selection_repo_id, *created_by;
    const keyward_master_key *master_key;
    const char *origin, *known, *checkpoint;
    size_t known_length, checkpoint_length;
    int64_t sequence, old_size, checkpoint_size, published_size;
    const keyward_trust *trust;
    int (*publish)(void *context, const char *path, const void *bytes, size_t length);
    bool out_is_null, second_out_is_null; /* instead of an out-pointer: NULL */
} x;

static const unsigned char next_master_key[] = "another master key of 32 bytes..";
static const keyward_master_key next = {.key = next_master_key};

static int take_lines(void *context, const char *bytes, size_t length)
{
    (void)context;
    (void)bytes;
    (void)length;
    return 0;
}

static int take_file(void *context, const char *path, const void *bytes, size_t length)
{
    (void)context;
    (void)path;
    (void)bytes;
    (void)length;
    return 0;
}

static char *log_key;
static keyward_text *checkpoint;
static keyward_trust trust;

static void use_good_arguments(void)
{
    memset(&x, 0, sizeof x);
    trust = (keyward_trust){.log_key = log_key};
    x.origin = ORIGIN;
    x.sequence = x.old_size = 1;
    x.trust = &trust;
    x.checkpoint = checkpoint->text;
    x.checkpoint_length = checkpoint->length;
    x.publish = take_file;
    x.selection_repo_id = "repo-1";
    x.master_key = &next;
    x.store = f.store;
    x.actor = &host;
    x.repo_id = "repo-1";
    x.key_id = key->id;
    x.user_id = "rita";
    x.name = "a name";
    x.access_key = key->access_key;
    x.secret = "a secret";
    x.secret_length = strlen(x.secret);
    x.count = 1;
    x.role = KEYWARD_WRITER;
    x.write = take_lines;
}

static void open_fixture(void)
{
    fixture_open(&f);
    f.options.purge_retention = 1;
    fixture_reopen(&f);
    key = make_key(&f, "repo-1", "key", NULL);
    log_key = log_key_of(&f);
    checkpoint = sign_checkpoint(&f);
    use_good_arguments();
}

static void close_fixture(void)
{
    keyward_key_free(&key);
    keyward_text_free(&checkpoint);
    free(log_key);
    fixture_close(&f);
}

/* ---- one call of each function with those arguments; what it hands out is freed ---- */

#define SENTINEL ((void *)&f) /* what an out-pointer holds before the call */

/* An out-pointer is set on KEYWARD_OK and NULL on anything else. */
static void assert_out(const void *out, enum keyward_status status)
{
    if (status == KEYWARD_OK) {
        ck_assert_ptr_nonnull(out);
        ck_assert_ptr_ne(out, SENTINEL);
    } else {
        ck_assert_ptr_null(out);
    }
}

static enum keyward_status call_grant(void)
{
    return keyward_grant(x.store, x.actor, x.repo_id, x.user_id, (enum keyward_role)x.role);
}

static enum keyward_status call_revoke(void)
{
    return keyward_revoke(x.store, x.actor, x.repo_id, x.user_id);
}

static enum keyward_status call_list_users(void)
{
    const keyward_user_query query = {.after_user_id = x.after_user_id, .limit = x.limit};
    keyward_user_list *users = SENTINEL;
    enum keyward_status status =
        keyward_list_users(x.store, x.actor, x.repo_id, &query, x.out_is_null ? NULL : &users);

    if (!x.out_is_null) {
        assert_out(users, status);
        keyward_user_list_free(&users);
    }
    return status;
}

static enum keyward_status call_get_user(void)
{
    keyward_user *user = SENTINEL;
    enum keyward_status status =
        keyward_get_user(x.store, x.actor, x.repo_id, x.user_id, x.out_is_null ? NULL : &user);

    if (!x.out_is_null) {
        assert_out(user, status);
        keyward_user_free(&user);
    }
    return status;
}

static enum keyward_status call_create_key(void)
{
    const keyward_new_key new_key = {
        .name = x.name, .provider = (enum keyward_provider)x.provider, .expires_at = x.expires_at};
    keyward_key *made = SENTINEL;
    keyward_secret *secret = SENTINEL;
    enum keyward_status status =
        keyward_create_key(x.store, x.actor, x.repo_id, &new_key, x.out_is_null ? NULL : &made,
                           x.second_out_is_null ? NULL : &secret);

    if (!x.out_is_null) {
        assert_out(made, status);
        keyward_key_free(&made);
    }
    if (!x.second_out_is_null) {
        assert_out(secret, status);
        keyward_secret_free(&secret);
    }
    return status;
}

/* What is imported is not handed out again. */
static void free_imported(keyward_key **made, keyward_secret **secret, enum keyward_status status)
{
    if (!x.out_is_null) {
        assert_out(*made, status);
        keyward_key_free(made);
    }
    if (!x.second_out_is_null)
        ck_assert_ptr_null(*secret);
}

static enum keyward_status call_import_key(void)
{
    const keyward_new_key new_key = {.name = x.name,
                                     .provider = (enum keyward_provider)x.provider,
                                     .expires_at = x.expires_at,
                                     .secret = x.import ? x.import : "imported",
                                     .secret_length = x.import ? x.import_length : 8};
    keyward_key *made = SENTINEL;
    keyward_secret *secret = SENTINEL;
    enum keyward_status status =
        keyward_create_key(x.store, x.actor, x.repo_id, &new_key, x.out_is_null ? NULL : &made,
                           x.second_out_is_null ? NULL : &secret);

    free_imported(&made, &secret, status);
    return status;
}

static enum keyward_status call_rotate_key(void)
{
    const keyward_rotation rotation = {.overlap = x.overlap, .expires_at = x.expires_at};
    keyward_key *made = SENTINEL;
    keyward_secret *secret = SENTINEL;
    enum keyward_status status =
        keyward_rotate_key(x.store, x.actor, x.repo_id, x.key_id, &rotation,
                           x.out_is_null ? NULL : &made, x.second_out_is_null ? NULL : &secret);

    if (!x.out_is_null) {
        assert_out(made, status);
        keyward_key_free(&made);
    }
    if (!x.second_out_is_null) {
        assert_out(secret, status);
        keyward_secret_free(&secret);
    }
    return status;
}

static enum keyward_status call_rotate_key_to_imported(void)
{
    const keyward_rotation rotation = {.overlap = x.overlap,
                                       .expires_at = x.expires_at,
                                       .secret = x.import ? x.import : "imported",
                                       .secret_length = x.import ? x.import_length : 8};
    keyward_key *made = SENTINEL;
    keyward_secret *secret = SENTINEL;
    enum keyward_status status =
        keyward_rotate_key(x.store, x.actor, x.repo_id, x.key_id, &rotation,
                           x.out_is_null ? NULL : &made, x.second_out_is_null ? NULL : &secret);

    free_imported(&made, &secret, status);
    return status;
}

static enum keyward_status call_set_key_expiry(void)
{
    return keyward_set_key_expiry(x.store, x.actor, x.repo_id, x.key_id, x.expires_at);
}

static enum keyward_status call_reveal_key(void)
{
    keyward_secret *secret = SENTINEL;
    enum keyward_status status =
        keyward_reveal_key(x.store, x.actor, x.repo_id, x.key_id, x.out_is_null ? NULL : &secret);

    if (!x.out_is_null) {
        assert_out(secret, status);
        keyward_secret_free(&secret);
    }
    return status;
}

static enum keyward_status call_get_key(void)
{
    keyward_key *found = SENTINEL;
    enum keyward_status status =
        keyward_get_key(x.store, x.actor, x.repo_id, x.key_id, (enum keyward_include)x.include,
                        x.out_is_null ? NULL : &found);

    if (!x.out_is_null) {
        assert_out(found, status);
        keyward_key_free(&found);
    }
    return status;
}

static enum keyward_status call_list_keys(void)
{
    const keyward_key_query query = {.include = (enum keyward_include)x.include,
                                     .before_key_id = x.before_key_id,
                                     .limit = x.limit};
    keyward_key_list *keys = SENTINEL;
    enum keyward_status status =
        keyward_list_keys(x.store, x.actor, x.repo_id, &query, x.out_is_null ? NULL : &keys);

    if (!x.out_is_null) {
        assert_out(keys, status);
        keyward_key_list_free(&keys);
    }
    return status;
}

static enum keyward_status call_rename_key(void)
{
    return keyward_rename_key(x.store, x.actor, x.repo_id, x.key_id, x.name);
}

static enum keyward_status call_delete_key(void)
{
    keyward_deletion deletion = {.reason = (enum keyward_reason)x.reason,
                                 .reason_text = x.reason_text,
                                 .unless_used_within = x.unless_used_within,
                                 .deleted_at = 99,
                                 .event = 99,
                                 .last_used_at = 99};
    enum keyward_status status =
        keyward_delete_key(x.store, x.actor, x.repo_id, x.key_id, &deletion);

    ck_assert_int_eq(deletion.last_used_at, 0);
    ck_assert_int_eq(deletion.deleted_at, status == KEYWARD_OK ? START : 0);
    ck_assert_int_eq(deletion.event != 0, status == KEYWARD_OK);
    return status;
}

/* A good request and behind it one that the arguments make. */
static enum keyward_status delete_two(const char *key_id, const char *access_key)
{
    keyward_delete_request requests[2] = {
        {.repo_id = "repo-1", .key_id = key->id},
        {.repo_id = x.repo_id,
         .key_id = key_id,
         .access_key = access_key,
         .deletion = {.reason = (enum keyward_reason)x.reason,
                      .reason_text = x.reason_text,
                      .unless_used_within = x.unless_used_within}}};

    return keyward_delete_keys(x.store, x.actor, requests, 2);
}

static void free_changes(keyward_changes *changes, enum keyward_status status)
{
    if (x.out_is_null)
        return;
    assert_out(changes, status);
    keyward_changes_free(&changes);
    ck_assert_ptr_null(changes);
}

static enum keyward_status call_preview_delete_keys(void)
{
    keyward_delete_request request = {.repo_id = x.repo_id,
                                      .key_id = x.key_id,
                                      .deletion = {.reason = (enum keyward_reason)x.reason,
                                                   .reason_text = x.reason_text,
                                                   .unless_used_within = x.unless_used_within}};
    keyward_changes *changes = SENTINEL;
    enum keyward_status status =
        keyward_preview_delete_keys(x.store, x.actor, &request, 1, x.out_is_null ? NULL : &changes);

    free_changes(changes, status);
    return status;
}

static enum keyward_status delete_all(
    enum keyward_status (*function)(keyward *, const keyward_actor *, const keyward_selection *,
                                    keyward_deletion *, keyward_changes **))
{
    const keyward_selection selection = {.repo_id = x.selection_repo_id,
                                         .created_by = x.created_by};
    keyward_deletion deletion = {.reason = (enum keyward_reason)x.reason,
                                 .reason_text = x.reason_text,
                                 .unless_used_within = x.unless_used_within,
                                 .deleted_at = 99,
                                 .event = 99,
                                 .last_used_at = 99};
    keyward_changes *changes = SENTINEL;
    enum keyward_status status =
        function(x.store, x.actor, &selection, &deletion, x.out_is_null ? NULL : &changes);

    ck_assert_int_eq(deletion.last_used_at, 0);
    ck_assert_int_ne(deletion.event, 99);
    ck_assert_int_ne(deletion.deleted_at, 99);
    free_changes(changes, status);
    return status;
}

static enum keyward_status call_delete_all_keys(void)
{
    return delete_all(keyward_delete_all_keys);
}

static enum keyward_status call_preview_delete_all_keys(void)
{
    return delete_all(keyward_preview_delete_all_keys);
}

static enum keyward_status call_purge_keys(void)
{
    keyward_changes *changes = SENTINEL;
    enum keyward_status status =
        keyward_purge_keys(x.store, x.actor, x.repo_id, x.key_id, x.out_is_null ? NULL : &changes);

    free_changes(changes, status);
    return status;
}

static enum keyward_status call_preview_purge_keys(void)
{
    keyward_changes *changes = SENTINEL;
    enum keyward_status status = keyward_preview_purge_keys(x.store, x.actor, x.repo_id, x.key_id,
                                                            x.out_is_null ? NULL : &changes);

    free_changes(changes, status);
    return status;
}

static enum keyward_status call_change_master_key(void)
{
    return keyward_change_master_key(x.store, x.actor, x.master_key);
}

static enum keyward_status call_create_data_key(void)
{
    return keyward_create_data_key(x.store, x.actor);
}

static enum keyward_status call_flush_uses(void)
{
    return keyward_flush_uses(x.store);
}

static enum keyward_status call_delete_keys(void)
{
    return delete_two(x.key_id, NULL);
}

static enum keyward_status call_delete_keys_by_access_key(void)
{
    return delete_two(NULL, x.access_key);
}

static enum keyward_status call_restore_key(void)
{
    return keyward_restore_key(x.store, x.actor, x.repo_id, x.key_id);
}

static enum keyward_status call_authenticate(void)
{
    static const keyward_identity zero;
    keyward_identity identity;
    enum keyward_status status;

    memset(&identity, 0xFF, sizeof identity);
    status = keyward_authenticate(x.store, x.access_key, x.secret, x.secret_length,
                                  x.out_is_null ? NULL : &identity);
    if (!x.out_is_null)
        ck_assert_mem_eq(&identity, &zero, sizeof zero); /* no test here has the right secret */
    return status;
}

static keyward_event_query event_query(void)
{
    return (keyward_event_query){.repo_id = x.query_repo_id,
                                 .key_id = x.query_key_id,
                                 .user_id = x.query_user_id,
                                 .action = (enum keyward_action)x.action,
                                 .from = x.from,
                                 .until = x.until,
                                 .before_sequence = x.before_sequence,
                                 .after_sequence = x.after_sequence,
                                 .limit = x.limit};
}

static enum keyward_status call_list_events(void)
{
    const keyward_event_query query = event_query();
    keyward_event_list *events = SENTINEL;
    enum keyward_status status =
        keyward_list_events(x.store, x.actor, &query, x.out_is_null ? NULL : &events);

    if (!x.out_is_null) {
        assert_out(events, status);
        keyward_event_list_free(&events);
    }
    return status;
}

static enum keyward_status call_check(void)
{
    keyward_report *report = SENTINEL;
    enum keyward_status status = keyward_check(x.store, NULL, x.out_is_null ? NULL : &report);

    if (!x.out_is_null) {
        assert_out(report, status);
        keyward_report_free(&report);
    }
    return status;
}

static enum keyward_status call_export_events(void)
{
    const keyward_event_query query = event_query();
    const keyward_export destination = {.format = (enum keyward_export_format)x.format,
                                        .write = x.write};

    return keyward_export_events(x.store, x.actor, &query, x.out_is_null ? NULL : &destination);
}

/* Always to a new name; a relative path may lead anywhere. */
static enum keyward_status call_backup(void)
{
    char path[128];

    snprintf(path, sizeof path, "%s/copy.db", f.folder);
    unlink(path);
    return keyward_backup(x.store, x.backup_path ? x.backup_path : path, NULL);
}

static enum keyward_status call_get_stats(void)
{
    keyward_stats *stats = SENTINEL;
    enum keyward_status status = keyward_get_stats(x.store, x.out_is_null ? NULL : &stats);

    if (!x.out_is_null) {
        assert_out(stats, status);
        keyward_stats_free(&stats);
    }
    return status;
}

static enum keyward_status call_get_activity(void)
{
    keyward_activity *activity = SENTINEL;
    enum keyward_status status = keyward_get_activity(x.store, x.out_is_null ? NULL : &activity);

    if (!x.out_is_null) {
        assert_out(activity, status);
        keyward_activity_free(&activity);
    }
    return status;
}

static enum keyward_status free_text(keyward_text *text, enum keyward_status status)
{
    if (x.out_is_null)
        return status;
    assert_out(text, status);
    keyward_text_free(&text);
    ck_assert_ptr_null(text);
    return status;
}

static enum keyward_status call_log_key(void)
{
    keyward_text *text = SENTINEL;
    enum keyward_status status =
        keyward_audit_log_key(x.store, x.actor, x.origin, x.out_is_null ? NULL : &text);

    return free_text(text, status);
}

static enum keyward_status call_checkpoint(void)
{
    keyward_text *text = SENTINEL;
    enum keyward_status status = keyward_audit_checkpoint(x.store, x.actor, x.known, x.known_length,
                                                          x.out_is_null ? NULL : &text);

    return free_text(text, status);
}

static enum keyward_status call_receipt(void)
{
    keyward_text *text = SENTINEL;
    enum keyward_status status = keyward_audit_receipt(
        x.store, x.actor, x.sequence, x.checkpoint_size, x.out_is_null ? NULL : &text);

    return free_text(text, status);
}

static enum keyward_status call_consistency(void)
{
    keyward_text *text = SENTINEL;
    enum keyward_status status = keyward_audit_consistency(
        x.store, x.actor, x.old_size, x.checkpoint_size, x.out_is_null ? NULL : &text);

    return free_text(text, status);
}

static enum keyward_status call_add_cosignatures(void)
{
    return keyward_audit_add_cosignatures(x.store, x.actor, x.trust, x.checkpoint,
                                          x.checkpoint_length);
}

static enum keyward_status call_publish(void)
{
    const keyward_publication publication = {.published_size = x.published_size,
                                             .checkpoint_size = x.checkpoint_size,
                                             .write = x.publish};

    return keyward_audit_publish(x.store, x.actor, x.out_is_null ? NULL : &publication);
}

/* All that take a store; the first WITH_ACTOR of them take an actor. */
static enum keyward_status (*const calls[])(void) = {
    call_grant, call_revoke, call_list_users, call_create_key, call_get_key, call_list_keys,
    call_rename_key, call_delete_key, call_delete_keys, call_delete_keys_by_access_key,
    call_restore_key, call_list_events, call_export_events, call_import_key, call_rotate_key,
    call_rotate_key_to_imported, call_set_key_expiry, call_reveal_key, call_preview_delete_keys,
    call_delete_all_keys, call_preview_delete_all_keys, call_purge_keys, call_preview_purge_keys,
    call_change_master_key, call_create_data_key, call_get_user, call_log_key, call_checkpoint,
    call_receipt, call_consistency, call_add_cosignatures, call_publish,
    /* without an actor */
    call_authenticate, call_check, call_flush_uses, call_backup, call_get_stats, call_get_activity};
#define WITH_ACTOR 32

/* ---- asserting ---- */

#define STATE                                                                                  \
    "SELECT (SELECT count(*) FROM audit_events)||'|'||(SELECT count(*) FROM sealed_secrets)||" \
    "'|'||(SELECT group_concat(repo_id||id||name||deleted||coalesce(expires_at,'-'))"          \
    " FROM api_keys)||'|'||(SELECT count(*) FROM key_details)||'|'||"                          \
    "(SELECT group_concat(hex(sealed)) FROM data_keys)||'|'||"                                 \
    "(SELECT hex(master_key_id)||unique_names FROM store)||'|'||"                              \
    "(SELECT group_concat(origin||hex(public_key)||hex(sealed)) FROM audit_log_key)||'|'||"    \
    "(SELECT group_concat(size||signed_at||note) FROM audit_checkpoints)||'|'||"               \
    "(SELECT group_concat(repo_id||user_id||role||granted_at) FROM access)"

static char *state_before;

static void remember_state(void)
{
    state_before = sql_text(f.path, STATE);
}

static void assert_nothing_written(void)
{
    char *state = sql_text(f.path, STATE);

    ck_assert_pstr_eq(state, state_before);
    free(state);
    free(state_before);
    state_before = NULL;
}

/* assert_invalid for a name that is not a literal. */
static void assert_names(const keyward *store, enum keyward_status got, const char *argument)
{
    const keyward_error *error;
    size_t length = strlen(argument);

    assert_status(store, got, KEYWARD_INVALID);
    error = keyward_last_error(store);
    ck_assert_int_eq(error->status, KEYWARD_INVALID);
    ck_assert_int_eq(error->sqlite_code, 0);
    ck_assert_msg(strncmp(error->message, argument, length) == 0 && error->message[length] == ':',
                  "message is '%s', not about %s", error->message, argument);
}

/* Text of so many bytes. Any number of them may be in use at once. */
static const char *text_of(size_t length)
{
    static char text[KEYWARD_SECRET_MAX + 2];

    memset(text, 'a', sizeof text - 1);
    return text + sizeof text - 1 - length;
}

static const char *const not_utf8[] = {
    "\x80",             /* a continuation alone */
    "\xFF",             /* never a byte of UTF-8 */
    "ab\xC3",           /* cut off */
    "\xE2\x82",         /* likewise */
    "\xF0\x9F\x92",     /* likewise */
    "\xC3(",            /* not continued */
    "\xE2(\xA1",        /* likewise */
    "\xC0\x80",         /* a NUL in two bytes */
    "\xC1\xBF",         /* overlong */
    "\xE0\x9F\xBF",     /* likewise */
    "\xF0\x8F\xBF\xBF", /* likewise */
    "\xED\xA0\x80",     /* a surrogate */
    "\xF4\x90\x80\x80", /* behind U+10FFFF */
    "\xF5\x80\x80\x80", /* likewise */
    "caf\xE9",          /* Latin 1 */
};

static const char *const utf8[] = {
    "\x01",         "\x7F",         "\xC2\x80",     "\xDF\xBF",         "\xE0\xA0\x80",
    "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF",
    "z\xCC\x88",    "' OR 1=1; --",
};

/* Every way in which the text in `*field` can be wrong. */
static void assert_text_is_checked(enum keyward_status (*call)(void), const char **field,
                                   const char *name, size_t longest, bool optional)
{
    const char *good = *field;

    *field = NULL;
    if (!optional)
        assert_names(f.store, call(), name);
    *field = "";
    assert_names(f.store, call(), name);
    *field = text_of(longest + 1);
    assert_names(f.store, call(), name);
    *field = text_of(longest * 2);
    assert_names(f.store, call(), name);
    for (size_t i = 0; i < COUNT(not_utf8); i++) {
        *field = not_utf8[i];
        assert_names(f.store, call(), name);
    }
    *field = good;
}

/* ---- text ---- */

static const struct {
    enum keyward_status (*call)(void);
    const char **field;
    const char *name;
    size_t longest;
    enum keyward_status at_longest; /* of the call as the host */
    bool optional;
} texts[] = {
    {call_grant, &x.repo_id, "repo_id", 255, KEYWARD_OK, false},
    {call_grant, &x.user_id, "user_id", 255, KEYWARD_OK, false},
    {call_revoke, &x.repo_id, "repo_id", 255, KEYWARD_NOT_FOUND, false},
    {call_revoke, &x.user_id, "user_id", 255, KEYWARD_NOT_FOUND, false},
    {call_get_user, &x.repo_id, "repo_id", 255, KEYWARD_NOT_FOUND, false},
    {call_get_user, &x.user_id, "user_id", 255, KEYWARD_NOT_FOUND, false},
    {call_list_users, &x.repo_id, "repo_id", 255, KEYWARD_OK, false},
    {call_list_users, &x.after_user_id, "query.after_user_id", 255, KEYWARD_OK, true},
    {call_create_key, &x.repo_id, "repo_id", 255, KEYWARD_OK, false},
    {call_create_key, &x.name, "new_key.name", 255, KEYWARD_OK, false},
    {call_get_key, &x.repo_id, "repo_id", 255, KEYWARD_NOT_FOUND, false},
    {call_get_key, &x.key_id, "key_id", 255, KEYWARD_NOT_FOUND, false},
    {call_list_keys, &x.repo_id, "repo_id", 255, KEYWARD_OK, false},
    {call_list_keys, &x.before_key_id, "query.before_key_id", 255, KEYWARD_OK, true},
    {call_rename_key, &x.repo_id, "repo_id", 255, KEYWARD_NOT_FOUND, false},
    {call_rename_key, &x.key_id, "key_id", 255, KEYWARD_NOT_FOUND, false},
    {call_rename_key, &x.name, "name", 255, KEYWARD_OK, false},
    {call_restore_key, &x.repo_id, "repo_id", 255, KEYWARD_NOT_FOUND, false},
    {call_restore_key, &x.key_id, "key_id", 255, KEYWARD_NOT_FOUND, false},
    {call_list_events, &x.query_repo_id, "query.repo_id", 255, KEYWARD_OK, true},
    {call_list_events, &x.query_key_id, "query.key_id", 255, KEYWARD_OK, true},
    {call_list_events, &x.query_user_id, "query.user_id", 255, KEYWARD_OK, true},
    {call_export_events, &x.query_repo_id, "query.repo_id", 255, KEYWARD_OK, true},
    {call_export_events, &x.query_key_id, "query.key_id", 255, KEYWARD_OK, true},
    {call_export_events, &x.query_user_id, "query.user_id", 255, KEYWARD_OK, true},
    {call_authenticate, &x.access_key, "access_key", 255, KEYWARD_REFUSED, false},
    {call_delete_key, &x.repo_id, "repo_id", 255, KEYWARD_NOT_FOUND, false},
    {call_delete_key, &x.key_id, "key_id", 255, KEYWARD_NOT_FOUND, false},
    {call_delete_key, &x.reason_text, "deletion.reason_text", 1024, KEYWARD_OK, true},
    {call_delete_keys, &x.repo_id, "requests.repo_id", 255, KEYWARD_OK, false},
    {call_delete_keys, &x.reason_text, "deletion.reason_text", 1024, KEYWARD_OK, true},
    {call_delete_keys_by_access_key, &x.repo_id, "requests.repo_id", 255, KEYWARD_OK, true},
    {call_import_key, &x.repo_id, "repo_id", 255, KEYWARD_OK, false},
    {call_import_key, &x.name, "new_key.name", 255, KEYWARD_OK, false},
    {call_rotate_key, &x.repo_id, "repo_id", 255, KEYWARD_NOT_FOUND, false},
    {call_rotate_key, &x.key_id, "key_id", 255, KEYWARD_NOT_FOUND, false},
    {call_rotate_key_to_imported, &x.key_id, "key_id", 255, KEYWARD_NOT_FOUND, false},
    {call_set_key_expiry, &x.repo_id, "repo_id", 255, KEYWARD_NOT_FOUND, false},
    {call_set_key_expiry, &x.key_id, "key_id", 255, KEYWARD_NOT_FOUND, false},
    {call_reveal_key, &x.repo_id, "repo_id", 255, KEYWARD_NOT_FOUND, false},
    {call_reveal_key, &x.key_id, "key_id", 255, KEYWARD_NOT_FOUND, false},
    {call_preview_delete_keys, &x.repo_id, "requests.repo_id", 255, KEYWARD_OK, false},
    {call_preview_delete_keys, &x.reason_text, "deletion.reason_text", 1024, KEYWARD_OK, true},
    {call_delete_all_keys, &x.selection_repo_id, "selection.repo_id", 255, KEYWARD_OK, true},
    {call_delete_all_keys, &x.created_by, "selection.created_by", 255, KEYWARD_OK, true},
    {call_delete_all_keys, &x.reason_text, "deletion.reason_text", 1024, KEYWARD_OK, true},
    {call_preview_delete_all_keys, &x.selection_repo_id, "selection.repo_id", 255, KEYWARD_OK,
     true},
    {call_preview_delete_all_keys, &x.created_by, "selection.created_by", 255, KEYWARD_OK, true},
    {call_purge_keys, &x.repo_id, "repo_id", 255, KEYWARD_NOT_FOUND, false},
    {call_purge_keys, &x.key_id, "key_id", 255, KEYWARD_NOT_FOUND, true},
    {call_preview_purge_keys, &x.repo_id, "repo_id", 255, KEYWARD_NOT_FOUND, false},
    {call_preview_purge_keys, &x.key_id, "key_id", 255, KEYWARD_NOT_FOUND, true},
    {call_log_key, &x.origin, "origin", 255, KEYWARD_EXISTS, true},
};

START_TEST(every_text_is_checked_and_named)
{
    remember_state();
    assert_text_is_checked(texts[_i].call, texts[_i].field, texts[_i].name, texts[_i].longest,
                           texts[_i].optional);
    assert_nothing_written();
}
END_TEST

START_TEST(every_text_may_have_its_maximal_length)
{
    *texts[_i].field = text_of(texts[_i].longest);
    assert_status(f.store, texts[_i].call(), texts[_i].at_longest);
    assert_sound(&f);
}
END_TEST

START_TEST(lengths_are_counted_in_bytes)
{
    char name[KEYWARD_NAME_MAX + 2];

    memcpy(name, text_of(KEYWARD_NAME_MAX - 1), KEYWARD_NAME_MAX);
    strcat(name, "\xC3\xBC"); /* 255 characters, 256 bytes */
    x.name = name;
    assert_invalid(f.store, call_create_key(), "new_key.name");
    assert_invalid(f.store, call_rename_key(), "name");
    x.name = name + 1;
    assert_status(f.store, call_create_key(), KEYWARD_OK);
}
END_TEST

START_TEST(every_well_formed_text_is_kept_as_it_is)
{
    const keyward_new_key new_key = {.name = utf8[_i], .provider = KEYWARD_AWS};
    keyward_key *made, *found;
    keyward_secret *secret;

    assert_status(f.store, keyward_create_key(f.store, &host, utf8[_i], &new_key, &made, &secret),
                  KEYWARD_OK);
    assert_status(f.store,
                  keyward_get_key(f.store, &host, utf8[_i], made->id, KEYWARD_LIVE, &found),
                  KEYWARD_OK);
    ck_assert_str_eq(found->name, utf8[_i]);
    ck_assert_str_eq(found->repo_id, utf8[_i]);
    assert_status(f.store, try_key(&f, found, secret), KEYWARD_OK);
    assert_sound(&f);
    keyward_key_free(&found);
    keyward_secret_free(&secret);
    keyward_key_free(&made);
}
END_TEST

/* ---- the actor ---- */

START_TEST(a_forgotten_actor_is_never_the_host)
{
    static const keyward_actor neither, both = {.user_id = "anna", .is_host = true};
    static const keyward_actor empty = {.user_id = "", .is_host = true};

    remember_state();
    x.query_repo_id = "repo-1";
    x.actor = NULL;
    assert_invalid(f.store, calls[_i](), "actor");
    x.actor = &neither;
    assert_invalid(f.store, calls[_i](), "actor.user_id");
    x.actor = &both;
    assert_invalid(f.store, calls[_i](), "actor.user_id");
    x.actor = &empty;
    assert_invalid(f.store, calls[_i](), "actor.user_id");
    assert_nothing_written();
}
END_TEST

START_TEST(every_text_of_the_actor_is_checked_and_named)
{
    static keyward_actor actor;
    static const struct {
        const char **field;
        const char *name;
        size_t longest;
    } fields[] = {
        {&actor.request_id, "actor.request_id", KEYWARD_SHORT_TEXT_MAX},
        {&actor.client_address, "actor.client_address", KEYWARD_SHORT_TEXT_MAX},
        {&actor.user_agent, "actor.user_agent", KEYWARD_LONG_TEXT_MAX},
        {&actor.reason, "actor.reason", KEYWARD_LONG_TEXT_MAX},
    };

    remember_state();
    x.query_repo_id = "repo-1";
    x.actor = &actor;
    actor = anna;
    assert_text_is_checked(calls[_i], &actor.user_id, "actor.user_id", KEYWARD_ID_MAX, false);
    for (size_t i = 0; i < COUNT(fields); i++) {
        assert_text_is_checked(calls[_i], fields[i].field, fields[i].name, fields[i].longest, true);
        actor = i % 2 ? anna : host;
    }
    assert_nothing_written();
}
END_TEST

START_TEST(an_actor_may_say_as_much_as_fits)
{
    const keyward_actor actor = {
        .user_id = text_of(KEYWARD_ID_MAX),
        .request_id = text_of(KEYWARD_SHORT_TEXT_MAX),
        .client_address = text_of(KEYWARD_SHORT_TEXT_MAX),
        .user_agent = text_of(KEYWARD_LONG_TEXT_MAX),
        .reason = text_of(KEYWARD_LONG_TEXT_MAX),
    };
    keyward_event_list *events;
    const keyward_event *event;

    x.user_id = actor.user_id;
    x.role = KEYWARD_ADMIN;
    assert_status(f.store, call_grant(), KEYWARD_OK);
    x.actor = &actor;
    assert_status(f.store, call_delete_key(), KEYWARD_OK);
    events = last_event(&f);
    event = events->events[0];
    ck_assert_str_eq(event->actor_id, actor.user_id);
    ck_assert_str_eq(event->request_id, actor.request_id);
    ck_assert_str_eq(event->client_address, actor.client_address);
    ck_assert_str_eq(event->user_agent, actor.user_agent);
    ck_assert_str_eq(event->reason_text, actor.reason);
    keyward_event_list_free(&events);
    assert_sound(&f);
}
END_TEST

/* ---- numbers and enums ---- */

static const struct {
    enum keyward_status (*call)(void);
    int *field;
    const char *name;
    int last; /* good value; the next is wrong */
} numbers[] = {
    {call_grant, &x.role, "role", KEYWARD_ADMIN},
    {call_create_key, &x.provider, "new_key.provider", KEYWARD_AWS},
    {call_get_key, &x.include, "include", KEYWARD_LIVE_AND_DELETED},
    {call_list_keys, &x.include, "include", KEYWARD_LIVE_AND_DELETED},
    {call_delete_key, &x.reason, "deletion.reason", KEYWARD_REASON_OTHER},
    {call_delete_keys, &x.reason, "deletion.reason", KEYWARD_REASON_OTHER},
    {call_list_events, &x.action, "query.action", KEYWARD_DATA_KEY_CREATED},
    {call_export_events, &x.action, "query.action", KEYWARD_DATA_KEY_CREATED},
    {call_export_events, &x.format, "destination.format", KEYWARD_CSV},
    {call_import_key, &x.provider, "new_key.provider", KEYWARD_AWS},
    {call_preview_delete_keys, &x.reason, "deletion.reason", KEYWARD_REASON_OTHER},
    {call_delete_all_keys, &x.reason, "deletion.reason", KEYWARD_REASON_OTHER},
    {call_preview_delete_all_keys, &x.reason, "deletion.reason", KEYWARD_REASON_OTHER},
    {call_list_users, &x.limit, "limit", KEYWARD_PAGE_MAX},
    {call_list_keys, &x.limit, "limit", KEYWARD_PAGE_MAX},
    {call_list_events, &x.limit, "limit", KEYWARD_PAGE_MAX},
};

START_TEST(values_outside_an_enum_or_a_limit_are_refused)
{
    const int wrong[] = {numbers[_i].last + 1, numbers[_i].last + 1000, -1, INT_MIN, INT_MAX};

    remember_state();
    for (size_t i = 0; i < COUNT(wrong); i++) {
        *numbers[_i].field = wrong[i];
        assert_names(f.store, numbers[_i].call(), numbers[_i].name);
    }
    assert_nothing_written();
}
END_TEST

START_TEST(the_last_value_of_an_enum_or_a_limit_is_good)
{
    x.reason_text = "for KEYWARD_REASON_OTHER";
    *numbers[_i].field = numbers[_i].last;
    assert_status(f.store, numbers[_i].call(), KEYWARD_OK);
}
END_TEST

START_TEST(no_role_is_no_role)
{
    remember_state();
    x.role = 0;
    assert_invalid(f.store, call_grant(), "role");
    assert_nothing_written();
}
END_TEST

START_TEST(times_and_sequences_are_never_negative)
{
    static const struct {
        int64_t *field;
        const char *name;
    } fields[] = {{&x.from, "query.from, query.until"},
                  {&x.until, "query.from, query.until"},
                  {&x.before_sequence, "query.before_sequence, query.after_sequence"},
                  {&x.after_sequence, "query.before_sequence, query.after_sequence"}};

    for (size_t i = 0; i < COUNT(fields); i++) {
        *fields[i].field = -1;
        assert_names(f.store, call_list_events(), fields[i].name);
        assert_names(f.store, call_export_events(), fields[i].name);
        *fields[i].field = INT64_MIN;
        assert_names(f.store, call_list_events(), fields[i].name);
        assert_names(f.store, call_export_events(), fields[i].name);
        *fields[i].field = 0;
    }
    x.from = x.until = x.before_sequence = INT64_MAX;
    assert_status(f.store, call_list_events(), KEYWARD_OK);
    assert_status(f.store, call_export_events(), KEYWARD_OK);
}
END_TEST

START_TEST(an_export_may_be_longer_than_a_page_but_not_negative)
{
    static const int wrong[] = {-1, INT_MIN}, good[] = {0, KEYWARD_PAGE_MAX + 1, INT_MAX};

    for (size_t i = 0; i < COUNT(wrong); i++) {
        x.limit = wrong[i];
        assert_invalid(f.store, call_export_events(), "limit");
    }
    for (size_t i = 0; i < COUNT(good); i++) {
        x.limit = good[i];
        assert_status(f.store, call_export_events(), KEYWARD_OK);
    }
}
END_TEST

/* A time in the future, or 0 for none. */
static const struct {
    enum keyward_status (*call)(void);
    const char *name;
} deadlines[] = {
    {call_create_key, "new_key.expires_at"},  {call_import_key, "new_key.expires_at"},
    {call_rotate_key, "rotation.expires_at"}, {call_rotate_key_to_imported, "rotation.expires_at"},
    {call_set_key_expiry, "expires_at"},
};

START_TEST(a_deadline_is_in_the_future_and_before_year_10000)
{
    static const int64_t wrong[] = {-1,       INT64_MIN, 1, START - 1, START, KEYWARD_TIME_MAX + 1,
                                    INT64_MAX};

    remember_state();
    for (size_t i = 0; i < COUNT(wrong); i++) {
        x.expires_at = wrong[i];
        assert_names(f.store, deadlines[_i].call(), deadlines[_i].name);
    }
    assert_nothing_written();
    x.expires_at = START + 1;
    assert_status(f.store, deadlines[_i].call(), KEYWARD_OK);
}
END_TEST

START_TEST(a_deadline_may_be_as_late_as_there_is_or_none)
{
    x.expires_at = KEYWARD_TIME_MAX;
    assert_status(f.store, deadlines[_i].call(), KEYWARD_OK);
    if (deadlines[_i].call != call_rotate_key &&
        deadlines[_i].call != call_rotate_key_to_imported) {
        x.expires_at = 0;
        assert_status(f.store, deadlines[_i].call(), KEYWARD_OK);
    }
    assert_sound(&f);
}
END_TEST

START_TEST(an_overlap_has_bounds)
{
    static const int64_t wrong[] = {-1, INT64_MIN, 315576000001, INT64_MAX};

    remember_state();
    for (size_t i = 0; i < COUNT(wrong); i++) {
        x.overlap = wrong[i];
        assert_invalid(f.store, call_rotate_key(), "rotation.overlap");
        assert_invalid(f.store, call_rotate_key_to_imported(), "rotation.overlap");
    }
    assert_nothing_written();
    x.overlap = 315576000000; /* ten years */
    assert_status(f.store, call_rotate_key(), KEYWARD_OK);
    assert_sound(&f);
}
END_TEST

START_TEST(the_time_without_use_is_never_negative)
{
    static enum keyward_status (*const deletions[])(void) = {
        call_preview_delete_keys, call_preview_delete_all_keys, call_delete_key,
        call_delete_keys,         call_delete_all_keys,         call_delete_keys_by_access_key};

    remember_state();
    for (size_t i = 0; i < COUNT(deletions); i++) {
        x.unless_used_within = -1;
        assert_invalid(f.store, deletions[i](), "deletion.unless_used_within");
        x.unless_used_within = INT64_MIN;
        assert_invalid(f.store, deletions[i](), "deletion.unless_used_within");
    }
    assert_nothing_written();
    x.unless_used_within = INT64_MAX;
    assert_status(f.store, call_delete_key(), KEYWARD_OK); /* never used */
}
END_TEST

START_TEST(a_selection_names_something)
{
    keyward_changes *changes = SENTINEL;

    remember_state();
    x.selection_repo_id = NULL;
    assert_invalid(f.store, call_delete_all_keys(), "selection");
    assert_invalid(f.store, call_preview_delete_all_keys(), "selection");
    assert_invalid(f.store, keyward_delete_all_keys(f.store, &host, NULL, NULL, &changes),
                   "selection");
    ck_assert_ptr_null(changes);
    changes = SENTINEL;
    assert_invalid(f.store, keyward_preview_delete_all_keys(f.store, &host, NULL, NULL, &changes),
                   "selection");
    ck_assert_ptr_null(changes);
    x.created_by = "will";
    x.actor = &anna;
    x.out_is_null = true; /* another repository's is the host's; the refusal leaves an event */
    assert_nothing_written();
    assert_status(f.store, call_delete_all_keys(), KEYWARD_FORBIDDEN);
    x.actor = &host;
    assert_status(f.store, call_delete_all_keys(), KEYWARD_OK);
}
END_TEST

static int give_next_master_key(void *context, unsigned char bytes[KEYWARD_MASTER_KEY_BYTES])
{
    (void)context;
    memcpy(bytes, next_master_key, KEYWARD_MASTER_KEY_BYTES);
    return 0;
}

static int give_no_master_key(void *context, unsigned char bytes[KEYWARD_MASTER_KEY_BYTES])
{
    (void)context;
    (void)bytes;
    return 1;
}

START_TEST(a_new_master_key_is_given_in_one_way)
{
    keyward_master_key given;

    remember_state();
    x.master_key = NULL;
    assert_invalid(f.store, call_change_master_key(), "master_key");
    x.master_key = &given;
    for (unsigned ways = 0; ways < 8; ways++) {
        given = (keyward_master_key){.key = ways & 1 ? next_master_key : NULL,
                                     .file = ways & 2 ? "no.key" : NULL,
                                     .callback = ways & 4 ? give_next_master_key : NULL};
        if (ways != 1 && ways != 2 && ways != 4)
            assert_invalid(f.store, call_change_master_key(), "master_key");
    }
    given = (keyward_master_key){.key = test_master_key};
    assert_invalid(f.store, call_change_master_key(), "master_key"); /* the one it has */
    given = (keyward_master_key){.file = "/no folder/no.key"};
    assert_status(f.store, call_change_master_key(), KEYWARD_NO_MASTER_KEY);
    given = (keyward_master_key){.callback = give_no_master_key};
    assert_status(f.store, call_change_master_key(), KEYWARD_NO_MASTER_KEY);
    assert_nothing_written();
    given = (keyward_master_key){.callback = give_next_master_key};
    assert_status(f.store, call_change_master_key(), KEYWARD_OK);
    assert_sound(&f);
}
END_TEST

START_TEST(master_and_data_keys_are_the_host_s)
{
    remember_state();
    x.actor = &anna;
    assert_status(f.store, call_change_master_key(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_create_data_key(), KEYWARD_FORBIDDEN);
    assert_nothing_written();
}
END_TEST

/* ---- the audit log ---- */

START_TEST(an_origin_has_no_spaces)
{
    static const char *const wrong[] = {" ",        "a b",          "a+b",          "+",
                                        "a\n",      "\t",           "\x1F",         "\xC2\xA0",
                                        "\xC2\x85", "\xE2\x80\x83", "\xE3\x80\x80", "a\x01z"};

    remember_state();
    for (size_t i = 0; i < COUNT(wrong); i++) {
        x.origin = wrong[i];
        assert_invalid(f.store, call_log_key(), "origin");
    }
    assert_nothing_written();
}
END_TEST

START_TEST(sizes_and_sequences_of_proofs_are_never_negative)
{
    static const struct {
        enum keyward_status (*call)(void);
        int64_t *field;
        int64_t least;
        const char *name;
    } fields[] = {
        {call_receipt, &x.sequence, 1, "sequence"},
        {call_receipt, &x.checkpoint_size, 0, "checkpoint_size"},
        {call_consistency, &x.old_size, 0, "old_size"},
        {call_consistency, &x.checkpoint_size, 0, "checkpoint_size"},
        {call_publish, &x.published_size, 0, "publication"},
        {call_publish, &x.checkpoint_size, 0, "publication"},
    };

    remember_state();
    for (size_t i = 0; i < COUNT(fields); i++) {
        *fields[i].field = fields[i].least - 1;
        assert_names(f.store, fields[i].call(), fields[i].name);
        *fields[i].field = INT64_MIN;
        assert_names(f.store, fields[i].call(), fields[i].name);
        *fields[i].field = fields[i].least;
        assert_status(f.store, fields[i].call(), KEYWARD_OK);
    }
    assert_nothing_written();
}
END_TEST

START_TEST(a_length_needs_a_known_checkpoint)
{
    remember_state();
    x.known_length = 1;
    assert_invalid(f.store, call_checkpoint(), "known");
    x.known_length = SIZE_MAX;
    assert_invalid(f.store, call_checkpoint(), "known");
    x.known = checkpoint->text;
    x.known_length = checkpoint->length;
    assert_status(f.store, call_checkpoint(), KEYWARD_OK);
    x.known_length--;
    assert_status(f.store, call_checkpoint(), KEYWARD_UNPROVEN);
    assert_nothing_written();
}
END_TEST

START_TEST(cosignatures_need_a_checkpoint_and_somebody_to_trust)
{
    static const char *const no_keys[KEYWARD_WITNESSES_MAX + 1];
    char mistyped[512];

    remember_state();
    x.trust = NULL;
    assert_invalid(f.store, call_add_cosignatures(), "trust");
    x.trust = &trust;
    trust.log_key = NULL;
    assert_invalid(f.store, call_add_cosignatures(), "trust.log_key");
    snprintf(mistyped, sizeof mistyped, "x%s", log_key);
    trust.log_key = mistyped;
    assert_invalid(f.store, call_add_cosignatures(), "trust.log_key");
    trust.log_key = log_key;
    trust.witness_count = KEYWARD_WITNESSES_MAX + 1;
    trust.witness_keys = no_keys;
    assert_invalid(f.store, call_add_cosignatures(), "trust.witness_count");
    trust.witness_count = 1;
    trust.witness_keys = NULL;
    assert_invalid(f.store, call_add_cosignatures(), "trust.witness_keys");
    trust.witness_count = 0;
    x.checkpoint = NULL;
    assert_invalid(f.store, call_add_cosignatures(), "checkpoint");
    x.checkpoint = checkpoint->text;
    assert_status(f.store, call_add_cosignatures(), KEYWARD_OK);
    assert_nothing_written();
}
END_TEST

/* ---- pointers ---- */

START_TEST(every_call_needs_a_store)
{
    remember_state();
    x.store = NULL;
    assert_invalid(NULL, calls[_i](), "store");
    assert_nothing_written();
}
END_TEST

START_TEST(every_call_needs_a_place_for_what_it_hands_out)
{
    remember_state();
    x.out_is_null = true;
    assert_invalid(f.store, call_get_user(), "user");
    assert_invalid(f.store, call_list_users(), "users");
    assert_invalid(f.store, call_create_key(), "key");
    assert_invalid(f.store, call_get_key(), "key");
    assert_invalid(f.store, call_list_keys(), "keys");
    assert_invalid(f.store, call_list_events(), "events");
    assert_invalid(f.store, call_authenticate(), "identity");
    assert_invalid(f.store, call_check(), "report");
    assert_invalid(f.store, call_export_events(), "destination");
    assert_invalid(f.store, call_get_stats(), "stats");
    assert_invalid(f.store, call_get_activity(), "activity");
    assert_invalid(f.store, call_import_key(), "key");
    assert_invalid(f.store, call_rotate_key(), "key");
    assert_invalid(f.store, call_rotate_key_to_imported(), "key");
    assert_invalid(f.store, call_reveal_key(), "secret");
    assert_invalid(f.store, call_preview_delete_keys(), "changes");
    assert_invalid(f.store, call_preview_delete_all_keys(), "changes");
    assert_invalid(f.store, call_preview_purge_keys(), "changes");
    assert_invalid(f.store, call_log_key(), "log_key");
    assert_invalid(f.store, call_checkpoint(), "checkpoint");
    assert_invalid(f.store, call_receipt(), "receipt");
    assert_invalid(f.store, call_consistency(), "proof");
    assert_invalid(f.store, call_publish(), "publication");
    x.out_is_null = false;
    x.write = NULL;
    assert_invalid(f.store, call_export_events(), "destination.write");
    x.publish = NULL;
    assert_invalid(f.store, call_publish(), "publication.write");
    x.second_out_is_null = true;
    assert_invalid(f.store, call_create_key(), "secret");
    assert_invalid(f.store, call_rotate_key(), "secret");
    assert_nothing_written();
}
END_TEST

START_TEST(who_imports_or_deletes_need_not_take_what_he_knows)
{
    x.second_out_is_null = true;
    assert_status(f.store, call_import_key(), KEYWARD_OK);
    assert_status(f.store, call_rotate_key_to_imported(), KEYWARD_OK);
    x.out_is_null = true;
    x.created_by = "nobody in particular";
    assert_status(f.store, call_delete_all_keys(), KEYWARD_OK);
    assert_status(f.store, call_delete_key(), KEYWARD_OK);
    f.now += 1;
    assert_status(f.store, call_purge_keys(), KEYWARD_OK);
    assert_status(f.store, call_purge_keys(), KEYWARD_PURGED);
    x.key_id = NULL;
    assert_status(f.store, call_purge_keys(), KEYWARD_OK);
    assert_sound(&f);
}
END_TEST

START_TEST(a_rotation_may_be_left_out)
{
    keyward_key *made;
    keyward_secret *secret;

    assert_status(f.store,
                  keyward_rotate_key(f.store, &will, "repo-1", key->id, NULL, &made, &secret),
                  KEYWARD_OK);
    assert_status(f.store, try_key(&f, made, secret), KEYWARD_OK);
    ck_assert_str_eq(made->predecessor_id, key->id);
    keyward_key_free(&made);
    keyward_secret_free(&secret);
}
END_TEST

/* In a child every call says so, and leaves its out-pointers as after any failure. */
START_TEST(a_child_is_told_whose_store_it_is)
{
    int state = 0;
    pid_t child;

    remember_state();
    child = fork();
    if (child == 0)
        _exit(calls[_i]() == KEYWARD_FORKED && keyward_last_error(f.store)->status == KEYWARD_FORKED
                  ? 0
                  : 1);
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(waitpid(child, &state, 0), child);
    ck_assert_int_eq(state, 0);
    assert_nothing_written();
}
END_TEST

START_TEST(a_key_to_create_must_be_given)
{
    keyward_key *made = SENTINEL;
    keyward_secret *secret = SENTINEL;

    remember_state();
    assert_invalid(f.store, keyward_create_key(f.store, &host, "repo-1", NULL, &made, &secret),
                   "new_key");
    ck_assert_ptr_null(made);
    ck_assert_ptr_null(secret);
    assert_nothing_written();
}
END_TEST

START_TEST(a_query_may_be_left_out)
{
    const keyward_export destination = {.write = take_lines};
    keyward_user_list *users;
    keyward_key_list *keys;
    keyward_event_list *events;

    assert_status(f.store, keyward_list_users(f.store, &rita, "repo-1", NULL, &users), KEYWARD_OK);
    assert_status(f.store, keyward_list_keys(f.store, &rita, "repo-1", NULL, &keys), KEYWARD_OK);
    assert_status(f.store, keyward_list_events(f.store, &host, NULL, &events), KEYWARD_OK);
    assert_status(f.store, keyward_export_events(f.store, &host, NULL, &destination), KEYWARD_OK);
    assert_invalid(f.store, keyward_export_events(f.store, &rita, NULL, &destination),
                   "query.repo_id");
    keyward_user_list_free(&users);
    keyward_key_list_free(&keys);
    keyward_event_list_free(&events);
    events = SENTINEL;
    assert_invalid(f.store, keyward_list_events(f.store, &rita, NULL, &events), "query.repo_id");
    ck_assert_ptr_null(events);
}
END_TEST

/* Refusals, not only wrong arguments, leave NULL behind: assert_out() looks. */
START_TEST(out_pointers_are_null_after_a_refusal)
{
    x.actor = &nobody;
    x.query_repo_id = "repo-1";
    assert_status(f.store, call_get_user(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_list_users(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_create_key(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_get_key(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_list_keys(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_list_events(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_export_events(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_delete_key(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_log_key(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_checkpoint(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_receipt(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_consistency(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_add_cosignatures(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_publish(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_authenticate(), KEYWARD_REFUSED);
    assert_status(f.store, call_import_key(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_rotate_key(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_rotate_key_to_imported(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_reveal_key(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_delete_all_keys(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_preview_delete_all_keys(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_purge_keys(), KEYWARD_FORBIDDEN);
    assert_status(f.store, call_preview_purge_keys(), KEYWARD_FORBIDDEN);
}
END_TEST

/* Nor does any other refusal. */
START_TEST(out_pointers_are_null_after_other_refusals)
{
    assert_status(f.store, call_purge_keys(), KEYWARD_NOT_DELETED);
    assert_status(f.store, call_preview_purge_keys(), KEYWARD_NOT_DELETED);
    x.overlap = 1;
    assert_status(f.store, call_rotate_key(), KEYWARD_OK);
    assert_status(f.store, call_rotate_key(), KEYWARD_ALREADY_ROTATED);
    assert_status(f.store, call_rotate_key_to_imported(), KEYWARD_ALREADY_ROTATED);
    f.now += 1;
    assert_status(f.store, call_reveal_key(), KEYWARD_EXPIRED);
    ck_assert_int_eq(keyward_last_error(f.store)->expired_at, f.now);
    drop_key(&f, "repo-1", key->id);
    assert_status(f.store, call_reveal_key(), KEYWARD_ALREADY_DELETED);
    assert_status(f.store, call_rotate_key(), KEYWARD_ALREADY_DELETED);
    assert_status(f.store, call_rotate_key_to_imported(), KEYWARD_ALREADY_DELETED);
    assert_status(f.store, call_purge_keys(), KEYWARD_RETAINED);
    assert_status(f.store, call_preview_purge_keys(), KEYWARD_RETAINED);
    x.user_id = "nobody";
    assert_status(f.store, call_get_user(), KEYWARD_NOT_FOUND);
    x.key_id = "no key";
    assert_status(f.store, call_reveal_key(), KEYWARD_NOT_FOUND);
    assert_status(f.store, call_rotate_key(), KEYWARD_NOT_FOUND);
    assert_status(f.store, call_purge_keys(), KEYWARD_NOT_FOUND);
}
END_TEST

START_TEST(what_is_not_there_can_be_freed)
{
    keyward *store = NULL;
    keyward_user *user = NULL;
    keyward_user_list *users = NULL;
    keyward_key *no_key = NULL;
    keyward_secret *secret = NULL;
    keyward_key_list *keys = NULL;
    keyward_event_list *events = NULL;
    keyward_report *report = NULL;
    keyward_stats *stats = NULL;
    keyward_activity *activity = NULL;
    keyward_changes *changes = NULL;

    keyward_changes_free(NULL);
    keyward_changes_free(&changes);
    keyward_close(NULL);
    keyward_close(&store);
    keyward_user_free(NULL);
    keyward_user_free(&user);
    keyward_user_list_free(NULL);
    keyward_user_list_free(&users);
    keyward_key_free(NULL);
    keyward_key_free(&no_key);
    keyward_secret_free(NULL);
    keyward_secret_free(&secret);
    keyward_key_list_free(NULL);
    keyward_key_list_free(&keys);
    keyward_event_list_free(NULL);
    keyward_event_list_free(&events);
    keyward_report_free(NULL);
    keyward_report_free(&report);
    keyward_stats_free(NULL);
    keyward_stats_free(&stats);
    keyward_activity_free(NULL);
    keyward_activity_free(&activity);
    ck_assert(!store && !user && !users && !no_key && !secret && !keys && !events && !report &&
              !stats && !activity && !changes);
}
END_TEST

START_TEST(freeing_leaves_null_behind)
{
    keyward_secret *secret;
    keyward_key *made = make_key(&f, "repo-1", "key", &secret);
    keyward_event_list *events = all_events(&f);
    keyward_report *report;

    assert_status(f.store, keyward_check(f.store, NULL, &report), KEYWARD_OK);
    keyward_key_free(&made);
    keyward_secret_free(&secret);
    keyward_event_list_free(&events);
    keyward_report_free(&report);
    keyward_close(&f.store);
    ck_assert(!made && !secret && !events && !report && !f.store);
}
END_TEST

START_TEST(values_outside_the_vocabulary_have_a_word_too)
{
    static const int wrong[] = {-1, 99, INT_MIN, INT_MAX};

    for (size_t i = 0; i < COUNT(wrong); i++) {
        ck_assert_str_eq(keyward_role_text((enum keyward_role)wrong[i]), "unknown");
        ck_assert_str_eq(keyward_provider_text((enum keyward_provider)wrong[i]), "unknown");
        ck_assert_str_eq(keyward_reason_text((enum keyward_reason)wrong[i]), "unknown");
        ck_assert_str_eq(keyward_action_text((enum keyward_action)wrong[i]), "unknown");
        ck_assert_ptr_nonnull(keyward_status_text((enum keyward_status)wrong[i]));
    }
    ck_assert_str_eq(keyward_role_text((enum keyward_role)0), "unknown");
    ck_assert_str_eq(keyward_reason_text(KEYWARD_REASON_NONE), "none");
    ck_assert_str_eq(keyward_action_text(KEYWARD_ACTION_ANY), "any");
}
END_TEST

/* ---- many deletions ---- */

START_TEST(a_batch_has_one_request_at_least_and_a_limit)
{
    keyward_delete_request request = {.repo_id = "repo-1", .key_id = key->id};

    remember_state();
    assert_invalid(f.store, keyward_delete_keys(f.store, &host, NULL, 1), "requests");
    assert_invalid(f.store, keyward_delete_keys(f.store, &host, NULL, 0), "requests");
    assert_invalid(f.store, keyward_delete_keys(f.store, &host, &request, 0), "count");
    assert_invalid(f.store,
                   keyward_delete_keys(f.store, &host, &request, (size_t)KEYWARD_BATCH_MAX + 1),
                   "count");
    assert_invalid(f.store, keyward_delete_keys(f.store, &host, &request, SIZE_MAX), "count");
    assert_nothing_written();
}
END_TEST

START_TEST(a_batch_may_have_its_maximal_size)
{
    keyward_delete_request *requests = calloc(KEYWARD_BATCH_MAX, sizeof *requests);

    ck_assert_ptr_nonnull(requests);
    for (size_t i = 0; i < KEYWARD_BATCH_MAX; i++) {
        requests[i].repo_id = "repo-1";
        requests[i].key_id = i + 1 < KEYWARD_BATCH_MAX ? "unknown" : key->id;
    }
    assert_status(f.store, keyward_delete_keys(f.store, &host, requests, KEYWARD_BATCH_MAX),
                  KEYWARD_OK);
    for (size_t i = 0; i < KEYWARD_BATCH_MAX - 1; i++)
        ck_assert_int_eq(requests[i].status, KEYWARD_NOT_FOUND);
    ck_assert_int_eq(requests[KEYWARD_BATCH_MAX - 1].status, KEYWARD_OK);
    free(requests);
}
END_TEST

START_TEST(a_request_names_its_key_in_one_way)
{
    remember_state();
    assert_invalid(f.store, delete_two(NULL, NULL), "requests");
    assert_invalid(f.store, delete_two(key->id, key->access_key), "requests");
    x.repo_id = NULL;
    assert_invalid(f.store, delete_two(key->id, NULL), "requests.repo_id");
    assert_nothing_written();
    assert_status(f.store, delete_two(NULL, key->access_key), KEYWARD_OK);
}
END_TEST

static void assert_name_of_key_is_checked(const char **field, const char *name,
                                          enum keyward_status (*call)(void))
{
    *field = "";
    assert_names(f.store, call(), name);
    *field = text_of(256);
    assert_names(f.store, call(), name);
    for (size_t i = 0; i < COUNT(not_utf8); i++) {
        *field = not_utf8[i];
        assert_names(f.store, call(), name);
    }
}

START_TEST(the_name_of_a_key_in_a_request_is_checked)
{
    remember_state();
    assert_name_of_key_is_checked(&x.key_id, "requests.key_id", call_delete_keys);
    assert_name_of_key_is_checked(&x.access_key, "requests.access_key",
                                  call_delete_keys_by_access_key);
    assert_nothing_written();
    x.key_id = x.access_key = text_of(KEYWARD_ID_MAX);
    assert_status(f.store, call_delete_keys(), KEYWARD_OK);
    assert_status(f.store, call_delete_keys_by_access_key(), KEYWARD_OK);
}
END_TEST

START_TEST(another_reason_needs_words_in_a_batch_as_well)
{
    static const keyward_actor actor = {.is_host = true, .reason = "words"};

    remember_state();
    x.reason = KEYWARD_REASON_OTHER;
    assert_invalid(f.store, call_delete_key(), "deletion.reason_text");
    assert_invalid(f.store, call_delete_keys(), "deletion.reason_text");
    assert_nothing_written();
    x.actor = &actor;
    assert_status(f.store, call_delete_keys(), KEYWARD_OK);
}
END_TEST

/* ---- the secret ---- */

static void assert_secret(const char *secret, size_t length)
{
    x.secret = secret;
    x.secret_length = length;
    assert_invalid(f.store, call_authenticate(), "secret");
    ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_NONE);
}

START_TEST(a_secret_is_checked_and_named)
{
    remember_state();
    assert_secret(NULL, 0);
    assert_secret(NULL, 8);
    assert_secret("", 0);
    assert_secret("not empty", 0);
    assert_secret(text_of(KEYWARD_SECRET_MAX + 1), KEYWARD_SECRET_MAX + 1);
    assert_secret("short", SIZE_MAX);
    assert_secret("short", (size_t)INT_MAX + 1);
    assert_secret("\0abc", 4);
    assert_secret("ab\0c", 4);
    assert_secret("abc", 4);
    assert_secret("\xC3\xBC", 1); /* cut off by its length */
    for (size_t i = 0; i < COUNT(not_utf8); i++)
        assert_secret(not_utf8[i], strlen(not_utf8[i]));
    assert_nothing_written();
}
END_TEST

START_TEST(a_secret_of_any_good_length_is_compared)
{
    static const size_t lengths[] = {1, 2, 54, 55, 56, 1000, KEYWARD_SECRET_MAX};

    for (size_t i = 0; i < COUNT(lengths); i++) {
        x.secret = text_of(lengths[i]);
        x.secret_length = lengths[i];
        assert_status(f.store, call_authenticate(), KEYWARD_REFUSED);
        ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_WRONG_SECRET);
    }
}
END_TEST

static void assert_import(const char *secret, size_t length)
{
    x.import = secret;
    x.import_length = length;
    assert_invalid(f.store, call_import_key(), "new_key.secret");
    assert_invalid(f.store, call_rotate_key_to_imported(), "rotation.secret");
}

/* A secret of ours, with a character changed. */
static const char *mistyped(char text[64])
{
    keyward_secret *secret;
    keyward_key *made = make_key(&f, "repo-1", "another", &secret);

    snprintf(text, 64, "%s", secret->text);
    text[strlen(text) - 1] = text[strlen(text) - 1] == 'a' ? 'b' : 'a';
    keyward_key_free(&made);
    keyward_secret_free(&secret);
    return text;
}

START_TEST(an_imported_secret_is_checked_and_named)
{
    char text[64];

    mistyped(text);
    remember_state();
    assert_import(text, strlen(text));
    assert_import("", 0);
    assert_import("not empty", 0);
    assert_import(text_of(KEYWARD_SECRET_MAX + 1), KEYWARD_SECRET_MAX + 1);
    assert_import("short", SIZE_MAX);
    assert_import("\0abc", 4);
    assert_import("ab\0c", 4);
    assert_import("abc", 4);
    assert_import("\xC3\xBC", 1); /* cut off by its length */
    for (size_t i = 0; i < COUNT(not_utf8); i++)
        assert_import(not_utf8[i], strlen(not_utf8[i]));
    assert_nothing_written();
}
END_TEST

START_TEST(a_length_without_a_secret_is_a_mistake)
{
    const keyward_new_key new_key = {.name = "key", .secret_length = 8};
    const keyward_rotation rotation = {.secret_length = 8};
    keyward_key *made = SENTINEL;
    keyward_secret *secret = SENTINEL;

    remember_state();
    assert_invalid(f.store, keyward_create_key(f.store, &host, "repo-1", &new_key, &made, &secret),
                   "new_key.secret");
    ck_assert(!made && !secret);
    made = SENTINEL;
    secret = SENTINEL;
    assert_invalid(f.store,
                   keyward_rotate_key(f.store, &host, "repo-1", key->id, &rotation, &made, &secret),
                   "rotation.secret");
    ck_assert(!made && !secret);
    assert_nothing_written();
}
END_TEST

/* Imports it, and finds that it authenticates and is revealed as it is. */
static void assert_imported(const char *text, size_t length)
{
    const keyward_new_key new_key = {.name = "imported", .secret = text, .secret_length = length};
    keyward_key *made;
    keyward_secret *secret;
    keyward_identity identity;

    assert_status(f.store, keyward_create_key(f.store, &will, "repo-1", &new_key, &made, NULL),
                  KEYWARD_OK);
    assert_status(f.store, keyward_authenticate(f.store, made->access_key, text, length, &identity),
                  KEYWARD_OK);
    assert_status(f.store, keyward_reveal_key(f.store, &anna, "repo-1", made->id, &secret),
                  KEYWARD_OK);
    ck_assert_uint_eq(secret->length, length);
    ck_assert_mem_eq(secret->text, text, length);
    ck_assert_int_eq(secret->text[length], '\0');
    keyward_key_free(&made);
    keyward_secret_free(&secret);
}

START_TEST(an_imported_secret_of_any_good_length_is_kept_as_it_is)
{
    static const size_t lengths[] = {1, 2, 54, 55, 56, 1000, KEYWARD_SECRET_MAX};

    for (size_t i = 0; i < COUNT(lengths); i++)
        assert_imported(text_of(lengths[i]), lengths[i]);
    for (size_t i = 0; i < COUNT(utf8); i++)
        assert_imported(utf8[i], strlen(utf8[i]));
    assert_imported("not ended by a NUL", 3);
    assert_sound(&f);
}
END_TEST

/* ---- opening ---- */

static char new_path[128];

static keyward_options good_options(void)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;

    snprintf(new_path, sizeof new_path, "%s/new.db", f.folder);
    options.master_key = test_master_key;
    return options;
}

/* Opening is refused for this argument, and no file appears. */
static void assert_not_opened(const char *path, const keyward_options *options,
                              const char *argument)
{
    keyward *store = SENTINEL;

    assert_names(NULL, keyward_open(&store, path, options), argument);
    ck_assert_ptr_null(store);
    ck_assert_int_ne(access(new_path, F_OK), 0);
}

static void assert_opened(const keyward_options *options)
{
    keyward *store;

    assert_status(NULL, keyward_open(&store, new_path, options), KEYWARD_OK);
    ck_assert_ptr_nonnull(store);
    keyward_close(&store);
    ck_assert_ptr_null(store);
}

START_TEST(a_store_needs_a_path_and_options)
{
    const keyward_options options = good_options();

    assert_invalid(NULL, keyward_open(NULL, new_path, &options), "store");
    ck_assert_int_ne(access(new_path, F_OK), 0);
    assert_not_opened(NULL, &options, "path");
    assert_not_opened("", &options, "path");
    assert_not_opened(":memory:", &options, "path");
    assert_not_opened(new_path, NULL, "options");
}
END_TEST

START_TEST(the_path_of_a_store_is_utf8)
{
    const keyward_options options = good_options();
    char path[160];

    snprintf(path, sizeof path, "%s/caf\xE9.db", f.folder);
    assert_not_opened(path, &options, "path");
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_path_longer_than_any_is_refused)
{
    const keyward_options options = good_options();
    keyward *store = SENTINEL;

    ck_assert_int_ne(keyward_open(&store, text_of(5000), &options), KEYWARD_OK);
    ck_assert_ptr_null(store);
}
END_TEST

START_TEST(the_version_of_the_options_must_be_known)
{
    static const unsigned versions[] = {0, KEYWARD_OPTIONS_VERSION + 1, UINT_MAX};

    for (size_t i = 0; i < COUNT(versions); i++) {
        keyward_options options = good_options();
        options.version = versions[i];
        assert_not_opened(new_path, &options, "options.version");
    }
}
END_TEST

START_TEST(the_busy_timeout_has_bounds)
{
    static const int wrong[] = {-1, 3600001, INT_MIN, INT_MAX}, good[] = {0, 1, 3600000};
    keyward_options options = good_options();

    for (size_t i = 0; i < COUNT(wrong); i++) {
        options.busy_timeout_ms = wrong[i];
        assert_not_opened(new_path, &options, "options.busy_timeout_ms");
    }
    for (size_t i = 0; i < COUNT(good); i++) {
        options.busy_timeout_ms = good[i];
        assert_opened(&options);
    }
}
END_TEST

START_TEST(the_durability_must_be_known)
{
    static const int wrong[] = {-1, 2, 99};
    keyward_options options = good_options();

    for (size_t i = 0; i < COUNT(wrong); i++) {
        options.durability = (enum keyward_durability)wrong[i];
        assert_not_opened(new_path, &options, "options.durability");
    }
}
END_TEST

START_TEST(the_purge_retention_is_never_negative)
{
    keyward_options options = good_options();

    options.purge_retention = -1;
    assert_not_opened(new_path, &options, "options.purge_retention");
    options.purge_retention = INT64_MIN;
    assert_not_opened(new_path, &options, "options.purge_retention");
    options.purge_retention = INT64_MAX;
    assert_opened(&options);
}
END_TEST

START_TEST(whether_names_are_unique_must_be_known)
{
    static const int wrong[] = {-1, KEYWARD_NAMES_FREE + 1, 99, INT_MIN, INT_MAX};
    keyward_options options = good_options();

    for (size_t i = 0; i < COUNT(wrong); i++) {
        options.names = (enum keyward_names)wrong[i];
        assert_not_opened(new_path, &options, "options.names");
    }
    for (int names = KEYWARD_NAMES_KEPT; names <= KEYWARD_NAMES_FREE; names++) {
        options.names = (enum keyward_names)names;
        assert_opened(&options);
    }
}
END_TEST

START_TEST(the_prefix_is_short_and_plain)
{
    static const char *const wrong[] = {"",    "A",  "kW",       "k_w",  "k-w",
                                        "a b", " a", "\xC3\xBC", "\xFF", "aaaaaaaaaaaaaaaaa"};
    keyward_options options = good_options();

    for (size_t i = 0; i < COUNT(wrong); i++) {
        options.access_key_prefix = wrong[i];
        assert_not_opened(new_path, &options, "options.access_key_prefix");
    }
    options.access_key_prefix = "az09az09az09az09";
    assert_opened(&options);
}
END_TEST

static int give_master_key(void *context, unsigned char bytes[KEYWARD_MASTER_KEY_BYTES])
{
    (void)context;
    memcpy(bytes, test_master_key, KEYWARD_MASTER_KEY_BYTES);
    return 0;
}

START_TEST(there_is_exactly_one_master_key)
{
    for (unsigned given = 0; given < 8; given++) {
        keyward_options options = good_options();
        options.master_key = given & 1 ? test_master_key : NULL;
        options.master_key_file = given & 2 ? "no.key" : NULL;
        options.master_key_callback = given & 4 ? give_master_key : NULL;
        if (given == 2)
            continue; /* there is no such file */
        if (given == 1 || given == 4)
            assert_opened(&options);
        else
            assert_not_opened(new_path, &options, "options.master_key");
        unlink(new_path);
    }
}
END_TEST

START_TEST(a_master_key_file_needs_a_path)
{
    char path[4097] = "/no folder/";

    memcpy(path + strlen("/no folder/"), text_of(4085), 4086); /* 4,096 bytes */
    assert_invalid(NULL, keyward_create_master_key_file(NULL), "path");
    assert_invalid(NULL, keyward_create_master_key_file(""), "path");
    assert_invalid(NULL, keyward_create_master_key_file(path), "path");
    path[4095] = '\0';
    assert_status(NULL, keyward_create_master_key_file(path), KEYWARD_NO_FOLDER);
    for (size_t i = 0; i < COUNT(not_utf8); i++)
        assert_invalid(NULL, keyward_create_master_key_file(not_utf8[i]), "path");
}
END_TEST

START_TEST(an_existing_master_key_file_is_left_as_it_is)
{
    char path[128];
    unsigned char *bytes;
    size_t size;

    snprintf(path, sizeof path, "%s/master.key", f.folder);
    write_whole(path, "precious", 8);
    assert_status(NULL, keyward_create_master_key_file(path), KEYWARD_EXISTS);
    bytes = read_whole(path, &size);
    ck_assert_uint_eq(size, 8);
    ck_assert_mem_eq(bytes, "precious", 8);
    free(bytes);
}
END_TEST

START_TEST(the_path_of_a_copy_is_checked)
{
    char path[4097] = "/no folder/";

    memcpy(path + strlen("/no folder/"), text_of(4085), 4086); /* 4,096 bytes */
    assert_invalid(f.store, keyward_backup(f.store, NULL, NULL), "path");
    x.backup_path = "";
    assert_invalid(f.store, call_backup(), "path");
    x.backup_path = ":memory:";
    assert_invalid(f.store, call_backup(), "path");
    x.backup_path = path;
    assert_invalid(f.store, call_backup(), "path");
    path[4095] = '\0';
    ck_assert_int_ne(call_backup(), KEYWARD_OK);
    ck_assert_int_ne(keyward_last_error(f.store)->status, KEYWARD_INVALID);
    for (size_t i = 0; i < COUNT(not_utf8); i++) {
        x.backup_path = not_utf8[i];
        assert_invalid(f.store, call_backup(), "path");
    }
    x.backup_path = NULL;
    assert_status(f.store, call_backup(), KEYWARD_OK);
}
END_TEST

/* ---- the suite ---- */

static void add_text(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "text and actors", open_fixture, close_fixture);

    tcase_add_loop_test(tests, every_text_is_checked_and_named, 0, (int)COUNT(texts));
    tcase_add_loop_test(tests, every_text_may_have_its_maximal_length, 0, (int)COUNT(texts));
    tcase_add_test(tests, lengths_are_counted_in_bytes);
    tcase_add_loop_test(tests, every_well_formed_text_is_kept_as_it_is, 0, (int)COUNT(utf8));
    tcase_add_loop_test(tests, a_forgotten_actor_is_never_the_host, 0, WITH_ACTOR);
    tcase_add_loop_test(tests, every_text_of_the_actor_is_checked_and_named, 0, WITH_ACTOR);
    tcase_add_test(tests, an_actor_may_say_as_much_as_fits);
}

static void add_values(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "numbers and pointers", open_fixture, close_fixture);

    tcase_add_loop_test(tests, values_outside_an_enum_or_a_limit_are_refused, 0,
                        (int)COUNT(numbers));
    tcase_add_loop_test(tests, the_last_value_of_an_enum_or_a_limit_is_good, 0,
                        (int)COUNT(numbers));
    tcase_add_test(tests, no_role_is_no_role);
    tcase_add_test(tests, times_and_sequences_are_never_negative);
    tcase_add_test(tests, an_export_may_be_longer_than_a_page_but_not_negative);
    tcase_add_loop_test(tests, a_deadline_is_in_the_future_and_before_year_10000, 0,
                        (int)COUNT(deadlines));
    tcase_add_loop_test(tests, a_deadline_may_be_as_late_as_there_is_or_none, 0,
                        (int)COUNT(deadlines));
    tcase_add_test(tests, an_overlap_has_bounds);
    tcase_add_test(tests, the_time_without_use_is_never_negative);
    tcase_add_test(tests, a_selection_names_something);
    tcase_add_test(tests, a_new_master_key_is_given_in_one_way);
    tcase_add_test(tests, master_and_data_keys_are_the_host_s);
    tcase_add_test(tests, an_origin_has_no_spaces);
    tcase_add_test(tests, sizes_and_sequences_of_proofs_are_never_negative);
    tcase_add_test(tests, a_length_needs_a_known_checkpoint);
    tcase_add_test(tests, cosignatures_need_a_checkpoint_and_somebody_to_trust);
    tcase_add_loop_test(tests, every_call_needs_a_store, 0, (int)COUNT(calls));
    tcase_add_test(tests, every_call_needs_a_place_for_what_it_hands_out);
    tcase_add_test(tests, a_key_to_create_must_be_given);
    tcase_add_test(tests, a_query_may_be_left_out);
    tcase_add_test(tests, who_imports_or_deletes_need_not_take_what_he_knows);
    tcase_add_test(tests, a_rotation_may_be_left_out);
    tcase_add_loop_test(tests, a_child_is_told_whose_store_it_is, 0, (int)COUNT(calls));
    tcase_add_test(tests, out_pointers_are_null_after_a_refusal);
    tcase_add_test(tests, out_pointers_are_null_after_other_refusals);
    tcase_add_test(tests, what_is_not_there_can_be_freed);
    tcase_add_test(tests, freeing_leaves_null_behind);
    tcase_add_test(tests, values_outside_the_vocabulary_have_a_word_too);
}

static void add_batches_and_secrets(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "batches and secrets", open_fixture, close_fixture);

    tcase_add_test(tests, a_batch_has_one_request_at_least_and_a_limit);
    tcase_add_test(tests, a_batch_may_have_its_maximal_size);
    tcase_add_test(tests, a_request_names_its_key_in_one_way);
    tcase_add_test(tests, the_name_of_a_key_in_a_request_is_checked);
    tcase_add_test(tests, another_reason_needs_words_in_a_batch_as_well);
    tcase_add_test(tests, a_secret_is_checked_and_named);
    tcase_add_test(tests, a_secret_of_any_good_length_is_compared);
    tcase_add_test(tests, an_imported_secret_is_checked_and_named);
    tcase_add_test(tests, a_length_without_a_secret_is_a_mistake);
    tcase_add_test(tests, an_imported_secret_of_any_good_length_is_kept_as_it_is);
}

static void add_opening(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "opening", open_fixture, close_fixture);

    tcase_add_test(tests, a_store_needs_a_path_and_options);
    tcase_add_test(tests, the_path_of_a_store_is_utf8);
    tcase_add_test(tests, a_path_longer_than_any_is_refused);
    tcase_add_test(tests, the_version_of_the_options_must_be_known);
    tcase_add_test(tests, the_busy_timeout_has_bounds);
    tcase_add_test(tests, the_durability_must_be_known);
    tcase_add_test(tests, the_purge_retention_is_never_negative);
    tcase_add_test(tests, whether_names_are_unique_must_be_known);
    tcase_add_test(tests, the_prefix_is_short_and_plain);
    tcase_add_test(tests, there_is_exactly_one_master_key);
    tcase_add_test(tests, a_master_key_file_needs_a_path);
    tcase_add_test(tests, an_existing_master_key_file_is_left_as_it_is);
    tcase_add_test(tests, the_path_of_a_copy_is_checked);
}

int main(void)
{
    Suite *suite = suite_create("arguments");

    add_text(suite);
    add_values(suite);
    add_batches_and_secrets(suite);
    add_opening(suite);
    return run_suite(suite);
}
