/* SPDX-License-Identifier: MIT */
/* What each operation does when memory or the disk fails it, at every point where they can: the
 * exact status, nothing half-done, and a store that works as soon as the cause is gone. */
#include "fault/memory.h"
#include "fault/vfs.h"
#include "support/fixture.h"
#include "support/log.h"
#include "support/tree.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BATCH 3
#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define NEIGHBOURS 7                 /* deleted ones, that are archived with a key */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POINTS_TRIED 12 /* a sanitizer is slow */
#else
#define POINTS_TRIED 40
#endif
#define POINTS_MAX 50000 /* an operation with more fault points than this does not end */

/* ---- what fails ---- */

enum fault_source { SQLITE_MEMORY, LIBRARY_MEMORY, DISK };

struct fault {
    const char *name;
    enum fault_source source;
    enum io_kind io;
    int code;
    enum keyward_status status; /* what is documented for it */
};

static const struct fault sqlite_memory = {.name = "memory of SQLite",
                                           .source = SQLITE_MEMORY,
                                           .code = SQLITE_NOMEM,
                                           .status = KEYWARD_NOMEM};
static const struct fault library_memory = {
    .name = "memory of the library", .source = LIBRARY_MEMORY, .status = KEYWARD_NOMEM};
static const struct fault disk_full = {"full disk", DISK, IO_WRITE, SQLITE_FULL, KEYWARD_FULL};
static const struct fault bad_write = {"write", DISK, IO_WRITE, SQLITE_IOERR_WRITE, KEYWARD_IO};
static const struct fault bad_sync = {"flush", DISK, IO_SYNC, SQLITE_IOERR_FSYNC, KEYWARD_IO};
static const struct fault bad_read = {"read", DISK, IO_READ, SQLITE_IOERR_READ, KEYWARD_IO};
static const struct fault bad_truncate = {"truncation", DISK, IO_TRUNCATE, SQLITE_IOERR_TRUNCATE,
                                          KEYWARD_IO};
static const struct fault bad_lock = {"lock", DISK, IO_LOCK, SQLITE_IOERR_LOCK, KEYWARD_IO};
static const struct fault busy_lock = {"busy lock", DISK, IO_LOCK, SQLITE_BUSY, KEYWARD_BUSY};
static const struct fault bad_map = {"shared memory", DISK, IO_SHM_MAP, SQLITE_IOERR_SHMMAP,
                                     KEYWARD_IO};
static const struct fault no_map = {"shared memory, none left", DISK, IO_SHM_MAP,
                                    SQLITE_IOERR_NOMEM, KEYWARD_NOMEM};
static const struct fault bad_open = {"opening a file", DISK, IO_OPEN, SQLITE_CANTOPEN, KEYWARD_IO};
static const struct fault bad_size = {"size of a file", DISK, IO_FILE_SIZE, SQLITE_IOERR_FSTAT,
                                      KEYWARD_IO};

static void fault_begin(const struct fault *fault, int nth, enum fault_length length)
{
    if (fault->source == DISK)
        vfs_fail(fault->io, nth, length, fault->code);
    else
        memory_fail(fault->source == SQLITE_MEMORY ? MEMORY_OF_SQLITE : MEMORY_OF_LIBRARY, nth,
                    length);
}

static int fault_end(const struct fault *fault)
{
    return fault->source == DISK ? vfs_stop() : memory_stop();
}

/* ---- what it happens to ---- */

/* What an export has handed out. */
struct written {
    char bytes[8192];
    size_t length;
};

/* And a publication. */
struct site {
    int files, checkpoints;
    size_t bytes;
};

struct work {
    struct fixture f;
    sqlite3 *db; /* past the library */
    int round;
    /* what prepare() made and what run() fills; end_round() frees it */
    char name[64], path[96];
    keyward_key *keys[BATCH];
    keyward_secret *secret;
    keyward *opened;
    keyward_key *key;
    keyward_secret *new_secret;
    keyward_deletion deletion;
    keyward_delete_request requests[BATCH];
    keyward_identity identity;
    keyward_key_list *key_list;
    keyward_user *user;
    keyward_user_list *users;
    keyward_event_list *events;
    keyward_report *report;
    struct written written;
    struct site site;
    keyward_text *text;
    const char *log_key, *witness_key, *cosigned; /* live until compose_free() */
    int64_t size;                                 /* of the checkpoint */
    keyward_stats *stats;
    keyward_activity *activity;
    keyward_changes *changes;
    int master_key; /* which of the two below is in force */
};

/* An operation under test. `prepare` makes what it needs, `run` is the one call, `expect` fails the
 * test unless the whole effect is there, `expect_none` looks at the out-parameters of a failure. */
struct operation {
    const char *name;
    enum keyward_status success;
    void (*prepare)(struct work *);
    enum keyward_status (*run)(struct work *);
    void (*expect)(struct work *);
    void (*expect_none)(struct work *, enum keyward_status);
};

static const unsigned char master_keys[2][KEYWARD_MASTER_KEY_BYTES + 1] = {
    "0123456789abcdef0123456789abcde", "another master key of 32 bytes.."};

static const keyward_actor worker = {.user_id = "will",
                                     .request_id = "req-17",
                                     .client_address = "192.0.2.7",
                                     .user_agent = "suite",
                                     .reason = "because"};

static int64_t first_number(sqlite3 *db, const char *query)
{
    sqlite3_stmt *statement;
    int64_t value;

    ck_assert_int_eq(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    ck_assert_msg(sqlite3_step(statement) == SQLITE_ROW, "no row: %s", query);
    value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

__attribute__((format(printf, 2, 3))) static int64_t number(const struct work *w,
                                                            const char *format, ...)
{
    char query[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(query, sizeof query, format, arguments);
    va_end(arguments);
    return first_number(w->db, query);
}

/* What only reads keeps its key from round to round. */
static void prepare_key(struct work *w)
{
    if (!w->keys[0])
        w->keys[0] = make_key(&w->f, "repo-1", "before", &w->secret);
}

static void prepare_deleted_key(struct work *w)
{
    if (w->keys[0])
        return;
    prepare_key(w);
    drop_key(&w->f, "repo-1", w->keys[0]->id);
}

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

static void prepare_user(struct work *w)
{
    snprintf(w->name, sizeof w->name, "user-%d", w->round);
}

static void prepare_granted_user(struct work *w)
{
    prepare_user(w);
    assert_status(w->f.store, keyward_grant(w->f.store, &host, "repo-1", w->name, KEYWARD_READER),
                  KEYWARD_OK);
}

static void expect_no_result(struct work *w, enum keyward_status status)
{
    const keyward_identity none = {.repo_id = ""};

    (void)status;
    ck_assert_ptr_null(w->opened);
    ck_assert_ptr_null(w->key);
    ck_assert_ptr_null(w->new_secret);
    ck_assert_ptr_null(w->key_list);
    ck_assert_ptr_null(w->user);
    ck_assert_ptr_null(w->users);
    ck_assert_ptr_null(w->events);
    ck_assert_ptr_null(w->report);
    ck_assert_ptr_null(w->stats);
    ck_assert_ptr_null(w->activity);
    ck_assert_ptr_null(w->changes);
    ck_assert_ptr_null(w->text);
    ck_assert_uint_eq(w->written.length, 0);
    ck_assert_mem_eq(&w->identity, &none, sizeof none);
    ck_assert_int_eq(w->deletion.event, 0);
    ck_assert_int_eq(w->deletion.deleted_at, 0);
}

/* Rows to look for, so that a query takes no longer the more rounds there were. */
#define LAST_EVENTS "(SELECT * FROM audit_events ORDER BY sequence DESC LIMIT 9)"
#define THE_KEY(deleted) \
    " WHERE k.repo_id = 'repo-1' AND archived IN (0, 1) AND deleted = " deleted " AND id = '%s'"

/* ---- create ---- */

static enum keyward_status run_create(struct work *w)
{
    const keyward_new_key new_key = {.name = "made", .provider = KEYWARD_AWS};
    return keyward_create_key(w->f.store, &worker, "repo-1", &new_key, &w->key, &w->new_secret);
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
    return keyward_rename_key(w->f.store, &worker, "repo-1", w->keys[0]->id, "after");
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

static enum keyward_status run_delete(struct work *w)
{
    w->deletion = (keyward_deletion){.reason = KEYWARD_REASON_ROTATED, .event = -1};
    return keyward_delete_key(w->f.store, &worker, "repo-1", w->keys[0]->id, &w->deletion);
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

static void expect_deleted(struct work *w)
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
    return keyward_delete_keys(w->f.store, &worker, w->requests, BATCH);
}

static void expect_deleted_many(struct work *w)
{
    for (int i = 0; i < BATCH; i++) {
        ck_assert_int_eq(w->requests[i].status, KEYWARD_OK);
        expect_key_deleted(w, w->keys[i], &w->requests[i].deletion);
    }
}

static void expect_deleted_none(struct work *w, enum keyward_status status)
{
    for (int i = 0; i < BATCH; i++) {
        ck_assert_int_eq(w->requests[i].status, status);
        ck_assert_int_eq(w->requests[i].deletion.event, 0);
        ck_assert_int_eq(w->requests[i].deletion.deleted_at, 0);
    }
}

static enum keyward_status run_denied_delete(struct work *w)
{
    return keyward_delete_key(w->f.store, &rita, "repo-1", w->keys[0]->id, &w->deletion);
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
    return keyward_restore_key(w->f.store, &anna, "repo-1", w->keys[0]->id);
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

static enum keyward_status run_grant(struct work *w)
{
    return keyward_grant(w->f.store, &anna, "repo-1", w->name, KEYWARD_WRITER);
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
    return keyward_revoke(w->f.store, &anna, "repo-1", w->name);
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

/* ---- reading ---- */

static enum keyward_status run_list(struct work *w)
{
    return keyward_list_keys(w->f.store, &rita, "repo-1", NULL, &w->key_list);
}

static void expect_same_key(const keyward_key *got, const keyward_key *made)
{
    ck_assert_str_eq(got->id, made->id);
    ck_assert_str_eq(got->repo_id, made->repo_id);
    ck_assert_str_eq(got->access_key, made->access_key);
    ck_assert_str_eq(got->name, made->name);
    ck_assert_int_eq(got->provider, made->provider);
    ck_assert_int_eq(got->created_at, made->created_at);
    ck_assert_pstr_eq(got->created_by, made->created_by);
    ck_assert_int_eq(got->deleted_event, 0);
}

static void expect_listed(struct work *w)
{
    ck_assert_uint_gt(w->key_list->count, 0);
    expect_same_key(w->key_list->keys[0], w->keys[0]);
}

static enum keyward_status run_get(struct work *w)
{
    return keyward_get_key(w->f.store, &rita, "repo-1", w->keys[0]->id, KEYWARD_LIVE, &w->key);
}

static void expect_got(struct work *w)
{
    expect_same_key(w->key, w->keys[0]);
}

static enum keyward_status run_list_users(struct work *w)
{
    return keyward_list_users(w->f.store, &rita, "repo-1", NULL, &w->users);
}

static void expect_users(struct work *w)
{
    ck_assert_uint_eq(w->users->count, 3);
    ck_assert_str_eq(w->users->users[0]->user_id, "anna");
    ck_assert_int_eq(w->users->users[0]->role, KEYWARD_ADMIN);
    ck_assert_str_eq(w->users->users[2]->user_id, "will");
    ck_assert_int_eq(w->users->users[2]->role, KEYWARD_WRITER);
}

static enum keyward_status run_get_user(struct work *w)
{
    return keyward_get_user(w->f.store, &rita, "repo-1", "will", &w->user);
}

static void expect_user(struct work *w)
{
    ck_assert_str_eq(w->user->user_id, "will");
    ck_assert_int_eq(w->user->role, KEYWARD_WRITER);
    ck_assert_int_eq(w->user->granted_at, START);
}

static enum keyward_status run_list_events(struct work *w)
{
    const keyward_event_query query = {.repo_id = "repo-1", .limit = 2, .from = w->f.now};
    return keyward_list_events(w->f.store, &rita, &query, &w->events);
}

static void expect_events(struct work *w)
{
    const keyward_event *event;

    ck_assert_uint_eq(w->events->count, 2);
    event = w->events->events[0];
    ck_assert_int_eq(event->action, KEYWARD_KEY_CREATED);
    ck_assert_pstr_eq(event->repo_id, "repo-1");
    ck_assert_pstr_eq(event->key_id, w->keys[0]->id);
    ck_assert_pstr_eq(event->name, "before");
    ck_assert_pstr_eq(event->provider, "OPENAI");
    ck_assert_ptr_nonnull(event->sealed_sha256);
}

static enum keyward_status run_authenticate(struct work *w)
{
    return keyward_authenticate(w->f.store, w->keys[0]->access_key, w->secret->text,
                                w->secret->length, &w->identity);
}

static void expect_identity(struct work *w)
{
    ck_assert_str_eq(w->identity.repo_id, "repo-1");
    ck_assert_str_eq(w->identity.key_id, w->keys[0]->id);
    ck_assert_int_eq(w->identity.provider, KEYWARD_OPENAI);
}

static void expect_refused(struct work *w)
{
    ck_assert_int_eq(keyward_last_error(w->f.store)->cause, KEYWARD_CAUSE_DELETED);
    ck_assert_int_gt(keyward_last_error(w->f.store)->deleted_event, 0);
    ck_assert_int_eq(keyward_last_error(w->f.store)->deleted_at, w->f.now);
}

static enum keyward_status run_check(struct work *w)
{
    return keyward_check(w->f.store, NULL, &w->report);
}

static void expect_report(struct work *w)
{
    ck_assert_int_eq(w->report->findings_total, 0);
    ck_assert_int_eq(w->report->keys_checked, number(w, "SELECT count(*) FROM api_keys"));
    ck_assert_int_eq(w->report->events_checked, number(w, "SELECT count(*) FROM audit_events"));
}

/* ---- backup, export, statistics ---- */

static void prepare_backup(struct work *w)
{
    prepare_key(w);
    snprintf(w->path, sizeof w->path, "%.60s/copy.db", w->f.folder);
    unlink(w->path);
}

static enum keyward_status run_backup(struct work *w)
{
    return keyward_backup(w->f.store, w->path, NULL);
}

/* No file whose name begins with the copy's, whole or partial. */
static void expect_no_copy(struct work *w, enum keyward_status status)
{
    DIR *folder = opendir(w->f.folder);
    struct dirent *entry;

    (void)status;
    ck_assert_ptr_nonnull(folder);
    while ((entry = readdir(folder)))
        ck_assert_msg(strncmp(entry->d_name, "copy", 4) != 0, "%s is left", entry->d_name);
    closedir(folder);
}

static void expect_copy(struct work *w)
{
    struct fixture copied = w->f;

    assert_status(NULL, keyward_open(&copied.store, w->path, &w->f.options), KEYWARD_OK);
    assert_status(copied.store, try_key(&copied, w->keys[0], w->secret), KEYWARD_OK);
    assert_sound(&copied);
    keyward_close(&copied.store);
    unlink(w->path);
    expect_no_copy(w, KEYWARD_OK);
}

/* An event that is longer than what the lines' buffer begins with. */
static void prepare_export(struct work *w)
{
    char agent[KEYWARD_LONG_TEXT_MAX + 1];
    const keyward_actor talker = {.user_id = "rita", .user_agent = agent};

    if (w->keys[0])
        return;
    prepare_key(w);
    memset(agent, 'a', sizeof agent - 1);
    agent[sizeof agent - 1] = '\0';
    assert_status(w->f.store,
                  keyward_delete_key(w->f.store, &talker, "repo-1", w->keys[0]->id, NULL),
                  KEYWARD_FORBIDDEN);
}

/* Check allocates for each assertion, and may not here. */
static int keep_written(void *context, const char *bytes, size_t length)
{
    struct written *written = context;

    if (length > sizeof written->bytes - written->length)
        return 1;
    memcpy(written->bytes + written->length, bytes, length);
    written->length += length;
    return 0;
}

static enum keyward_status run_export(struct work *w)
{
    const keyward_export destination = {.write = keep_written, .write_context = &w->written};
    const keyward_event_query query = {.repo_id = "repo-1", .limit = 2};
    return keyward_export_events(w->f.store, &rita, &query, &destination);
}

static void expect_exported(struct work *w)
{
    char *first_end = memchr(w->written.bytes, '\n', w->written.length);

    ck_assert_ptr_nonnull(first_end);
    ck_assert_ptr_nonnull(memmem(w->written.bytes, (size_t)(first_end - w->written.bytes),
                                 w->keys[0]->id, KEYWARD_KEY_ID_LENGTH));
    ck_assert_int_eq(w->written.bytes[w->written.length - 1], '\n');
}

static enum keyward_status run_stats(struct work *w)
{
    return keyward_get_stats(w->f.store, &w->stats);
}

static void expect_stats(struct work *w)
{
    ck_assert_int_eq(w->stats->live_keys, 1);
    ck_assert_int_eq(w->stats->repositories, 1);
    ck_assert_int_eq(w->stats->users, 3);
    ck_assert_int_eq(w->stats->events, 4);
}

static enum keyward_status run_activity(struct work *w)
{
    return keyward_get_activity(w->f.store, &w->activity);
}

/* The key that was made before is all there was, or was made before the store was opened. */
static void expect_activity(struct work *w)
{
    ck_assert_int_ge(w->activity->commits, 0);
    ck_assert_int_le(w->activity->commits, 1);
    ck_assert_int_eq(w->activity->writes, w->activity->commits);
    ck_assert_int_eq(w->activity->commits_by_size[0], w->activity->commits);
}

/* ---- the rest of a key's life ---- */

static const char imported[] = "what a provider gave out";

static enum keyward_status run_import(struct work *w)
{
    const keyward_new_key new_key = {.name = "made",
                                     .provider = KEYWARD_AWS,
                                     .secret = imported,
                                     .secret_length = sizeof imported - 1};
    return keyward_create_key(w->f.store, &worker, "repo-1", &new_key, &w->key, &w->new_secret);
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
    return keyward_set_key_expiry(w->f.store, &worker, "repo-1", w->keys[0]->id, w->f.now + 1000);
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
    return keyward_rotate_key(w->f.store, &worker, "repo-1", w->keys[0]->id, NULL, &w->key,
                              &w->new_secret);
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
    return keyward_reveal_key(w->f.store, &anna, "repo-1", w->keys[0]->id, &w->new_secret);
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
    return keyward_delete_all_keys(w->f.store, &worker, &selection, &w->deletion, &w->changes);
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
    return keyward_delete_key(w->f.store, &worker, "repo-1", w->keys[0]->id, &w->deletion);
}

static void prepare_key_to_purge(struct work *w)
{
    if (w->keys[0])
        return;
    prepare_deleted_key(w);
    w->f.now += 1;
}

static enum keyward_status run_purge(struct work *w)
{
    return keyward_purge_keys(w->f.store, &anna, "repo-1", w->keys[0]->id, &w->changes);
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

static void prepare_used_key(struct work *w)
{
    prepare_key(w);
    assert_status(w->f.store, try_key(&w->f, w->keys[0], w->secret), KEYWARD_OK);
}

static enum keyward_status run_flush(struct work *w)
{
    return keyward_flush_uses(w->f.store);
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
    return keyward_create_data_key(w->f.store, &host);
}

static enum keyward_status run_change_master_key(struct work *w)
{
    const keyward_master_key next = {.key = master_keys[1 - w->master_key]};
    enum keyward_status status = keyward_change_master_key(w->f.store, &host, &next);

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

/* ---- previews ---- */

static enum keyward_status run_preview_delete(struct work *w)
{
    keyward_delete_request request = {.repo_id = "repo-1", .key_id = w->keys[0]->id};
    return keyward_preview_delete_keys(w->f.store, &worker, &request, 1, &w->changes);
}

static enum keyward_status run_preview_delete_all(struct work *w)
{
    const keyward_selection selection = {.repo_id = "repo-1"};
    return keyward_preview_delete_all_keys(w->f.store, &worker, &selection, NULL, &w->changes);
}

static enum keyward_status run_preview_purge(struct work *w)
{
    return keyward_preview_purge_keys(w->f.store, &anna, "repo-1", NULL, &w->changes);
}

static void expect_previewed(struct work *w)
{
    ck_assert_uint_eq(w->changes->key_count, 1);
    ck_assert_uint_eq(w->changes->event_count, 1);
    ck_assert_str_eq(w->changes->keys[0]->id, w->keys[0]->id);
    ck_assert_int_eq(w->changes->events[0]->sequence,
                     number(w, "SELECT max(sequence) + 1 FROM audit_events"));
}

/* ---- the audit log ---- */

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
    return keyward_audit_log_key(w->f.store, &host, ORIGIN, &w->text);
}

static void expect_log_key(struct work *w)
{
    ck_assert_int_eq(strncmp(w->text->text, ORIGIN "+", strlen(ORIGIN) + 1), 0);
    ck_assert_int_eq(number(w, "SELECT count(*) FROM audit_log_key WHERE origin = '" ORIGIN "'"),
                     1);
}

static void have_log_key(struct work *w)
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
    return keyward_audit_checkpoint(w->f.store, &host, NULL, 0, &w->text);
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

    return keyward_audit_add_cosignatures(w->f.store, &host, &trust, w->cosigned,
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
    return keyward_audit_log_key(w->f.store, &host, NULL, &w->text);
}

static enum keyward_status run_receipt(struct work *w)
{
    return keyward_audit_receipt(w->f.store, &rita, 2, 0, &w->text);
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
    return keyward_audit_consistency(w->f.store, &host, 3, 0, &w->text);
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
    return keyward_audit_publish(w->f.store, &host, &publication);
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

/* ---- the operations ---- */

enum operation_index {
    CREATE,
    RENAME,
    DELETE,
    DELETE_MANY,
    DENIED_DELETE,
    RESTORE,
    GRANT,
    REVOKE,
    DELETE_AND_ARCHIVE,
    IMPORT,
    EXPIRE,
    ROTATE,
    REVEAL,
    DELETE_ALL,
    GUARDED_DELETE,
    PURGE,
    FLUSH_USES,
    CREATE_DATA_KEY,
    CHANGE_MASTER_KEY,
    DELETE_WITH_TILE,
    MAKE_LOG_KEY,
    SIGN,
    COSIGN,
    WRITING, /* how many of them write */
    LIST = WRITING,
    GET,
    LIST_USERS,
    GET_USER,
    LIST_EVENTS,
    AUTHENTICATE,
    AUTHENTICATE_DELETED,
    CHECK,
    BACKUP,
    EXPORT,
    STATS,
    ACTIVITY,
    PREVIEW_DELETE,
    PREVIEW_DELETE_ALL,
    PREVIEW_PURGE,
    READ_LOG_KEY,
    RECEIPT,
    CONSISTENCY,
    PUBLISH,
    OPERATIONS
};

static const struct operation operations[OPERATIONS] = {
    [CREATE] = {"create", KEYWARD_OK, prepare_user, run_create, expect_created, expect_no_result},
    [RENAME] = {"rename", KEYWARD_OK, prepare_key, run_rename, expect_renamed, expect_no_result},
    [DELETE] = {"delete", KEYWARD_OK, prepare_key, run_delete, expect_deleted, expect_no_result},
    [DELETE_MANY] = {"delete many", KEYWARD_OK, prepare_batch, run_delete_many, expect_deleted_many,
                     expect_deleted_none},
    [DENIED_DELETE] = {"denied delete", KEYWARD_FORBIDDEN, prepare_key, run_denied_delete,
                       expect_denied, expect_no_result},
    [RESTORE] = {"restore", KEYWARD_OK, prepare_deleted_key, run_restore, expect_restored,
                 expect_no_result},
    [GRANT] = {"grant", KEYWARD_OK, prepare_user, run_grant, expect_granted, expect_no_result},
    [REVOKE] = {"revoke", KEYWARD_OK, prepare_granted_user, run_revoke, expect_revoked,
                expect_no_result},
    [DELETE_AND_ARCHIVE] = {"delete and archive", KEYWARD_OK, prepare_key_to_archive, run_delete,
                            expect_archived, expect_no_result},
    [IMPORT] = {"import", KEYWARD_OK, prepare_user, run_import, expect_imported, expect_no_result},
    [EXPIRE] = {"expire", KEYWARD_OK, prepare_key, run_expire, expect_expiring, expect_no_result},
    [ROTATE] = {"rotate", KEYWARD_OK, prepare_key, run_rotate, expect_rotated, expect_not_rotated},
    [REVEAL] = {"reveal", KEYWARD_OK, prepare_key, run_reveal, expect_revealed, expect_no_result},
    [DELETE_ALL] = {"delete all", KEYWARD_OK, prepare_batch, run_delete_all, expect_deleted_all,
                    expect_no_result},
    [GUARDED_DELETE] = {"guarded delete", KEYWARD_OK, prepare_key, run_guarded_delete,
                        expect_deleted, expect_no_result},
    [PURGE] = {"purge", KEYWARD_OK, prepare_key_to_purge, run_purge, expect_purged,
               expect_not_purged},
    [FLUSH_USES] = {"flush uses", KEYWARD_OK, prepare_used_key, run_flush, expect_use_written,
                    expect_no_result},
    [CREATE_DATA_KEY] = {"create data key", KEYWARD_OK, prepare_key, run_create_data_key,
                         expect_new_data_key, expect_no_result},
    [CHANGE_MASTER_KEY] = {"change master key", KEYWARD_OK, prepare_key, run_change_master_key,
                           expect_master_key_changed, expect_master_key_unchanged},
    [LIST] = {"list", KEYWARD_OK, prepare_key, run_list, expect_listed, expect_no_result},
    [GET] = {"get", KEYWARD_OK, prepare_key, run_get, expect_got, expect_no_result},
    [LIST_USERS] = {"list users", KEYWARD_OK, prepare_key, run_list_users, expect_users,
                    expect_no_result},
    [GET_USER] = {"get user", KEYWARD_OK, prepare_key, run_get_user, expect_user, expect_no_result},
    [LIST_EVENTS] = {"list events", KEYWARD_OK, prepare_key, run_list_events, expect_events,
                     expect_no_result},
    [AUTHENTICATE] = {"authenticate", KEYWARD_OK, prepare_key, run_authenticate, expect_identity,
                      expect_no_result},
    [AUTHENTICATE_DELETED] = {"authenticate, deleted", KEYWARD_REFUSED, prepare_deleted_key,
                              run_authenticate, expect_refused, expect_no_result},
    [CHECK] = {"check", KEYWARD_OK, prepare_key, run_check, expect_report, expect_no_result},
    [BACKUP] = {"backup", KEYWARD_OK, prepare_backup, run_backup, expect_copy, expect_no_copy},
    [EXPORT] = {"export", KEYWARD_OK, prepare_export, run_export, expect_exported,
                expect_no_result},
    [STATS] = {"statistics", KEYWARD_OK, prepare_key, run_stats, expect_stats, expect_no_result},
    [ACTIVITY] = {"activity", KEYWARD_OK, prepare_key, run_activity, expect_activity,
                  expect_no_result},
    [PREVIEW_DELETE] = {"preview of a delete", KEYWARD_OK, prepare_key, run_preview_delete,
                        expect_previewed, expect_no_result},
    [PREVIEW_DELETE_ALL] = {"preview of delete all", KEYWARD_OK, prepare_key,
                            run_preview_delete_all, expect_previewed, expect_no_result},
    [PREVIEW_PURGE] = {"preview of a purge", KEYWARD_OK, prepare_key_to_purge, run_preview_purge,
                       expect_previewed, expect_no_result},
    [DELETE_WITH_TILE] = {"delete with a tile", KEYWARD_OK, prepare_key_before_tile, run_delete,
                          expect_deleted_with_tile, expect_no_result},
    [MAKE_LOG_KEY] = {"log key", KEYWARD_OK, prepare_no_log_key, run_log_key, expect_log_key,
                      expect_no_result},
    [SIGN] = {"checkpoint", KEYWARD_OK, prepare_unsigned, run_sign, expect_signed,
              expect_no_result},
    [COSIGN] = {"cosignature", KEYWARD_OK, prepare_cosigned, run_cosign, expect_cosigned,
                expect_no_result},
    [READ_LOG_KEY] = {"log key, read", KEYWARD_OK, prepare_log, run_read_log_key, expect_log_key,
                      expect_no_result},
    [RECEIPT] = {"receipt", KEYWARD_OK, prepare_log, run_receipt, expect_receipt, expect_no_result},
    [CONSISTENCY] = {"consistency", KEYWARD_OK, prepare_log, run_consistency, expect_consistency,
                     expect_no_result},
    [PUBLISH] = {"publication", KEYWARD_OK, prepare_log, run_publish, expect_publication,
                 expect_no_checkpoint},
};

static void free_prepared(struct work *w)
{
    for (int i = 0; i < BATCH; i++)
        keyward_key_free(&w->keys[i]);
    keyward_secret_free(&w->secret);
}

static void end_round(struct work *w, const struct operation *operation)
{
    if (operation < &operations[WRITING])
        free_prepared(w);
    keyward_close(&w->opened);
    keyward_key_free(&w->key);
    keyward_secret_free(&w->new_secret);
    keyward_key_list_free(&w->key_list);
    keyward_user_free(&w->user);
    keyward_user_list_free(&w->users);
    keyward_event_list_free(&w->events);
    keyward_report_free(&w->report);
    keyward_stats_free(&w->stats);
    keyward_activity_free(&w->activity);
    keyward_changes_free(&w->changes);
    keyward_text_free(&w->text);
    memset(&w->site, 0, sizeof w->site);
    memset(&w->written, 0, sizeof w->written);
    memset(&w->identity, 0, sizeof w->identity);
    memset(&w->deletion, 0, sizeof w->deletion);
    w->round++;
}

/* ---- judging a failure ---- */

/* Changes with every commit of another connection, however small; SQLite's word. But it also
 * changes when the log is begun anew, as happens where each round fills it with a tile of events.
 */
static int64_t version_of(const struct work *w, const struct operation *operation)
{
    if (operation->run == run_delete && operation->prepare == prepare_key_before_tile)
        return number(w, "SELECT (SELECT max(sequence) FROM audit_events) * 1000000"
                         " + (SELECT count(*) FROM api_keys WHERE deleted) * 1000"
                         " + (SELECT count(*) FROM audit_events WHERE leaf IS NULL)"
                         " + (SELECT count(*) FROM audit_tree) * 1000000000000");
    return number(w, "PRAGMA data_version");
}

static void assert_message_is_clean(const struct work *w, const char *message)
{
    static const char *const words[] = {"SELECT", "INSERT", "UPDATE", "DELETE FROM",
                                        "BEGIN",  "COMMIT", "PRAGMA", "api_keys"};

    ck_assert_ptr_nonnull(message);
    ck_assert_str_ne(message, "");
    for (size_t i = 0; i < COUNT(words); i++)
        ck_assert_msg(!strstr(message, words[i]), "'%s' has %s", message, words[i]);
    if (w->secret)
        ck_assert_msg(!strstr(message, w->secret->text), "'%s' has the secret", message);
    ck_assert_msg(!strstr(message, "_sk_"), "'%s' has a secret", message);
}

static bool code_fits(int got, const struct fault *fault)
{
    if (fault->source == LIBRARY_MEMORY)
        return got == 0;
    if (fault->status == KEYWARD_BUSY) /* SQLite calls it a protocol error after many attempts */
        return got == SQLITE_BUSY || got == SQLITE_PROTOCOL;
    if (fault->status == KEYWARD_NOMEM)
        return got == SQLITE_NOMEM || got == SQLITE_IOERR_NOMEM;
    return (got & 0xFF) == (fault->code & 0xFF);
}

static void assert_failure(const struct work *w, keyward *store, const struct operation *operation,
                           const struct fault *fault, int nth, enum keyward_status status)
{
    const keyward_error *error = keyward_last_error(store);

    ck_assert_msg(status == fault->status, "%s, %s %d: got %d (%s), wanted %d (%s)",
                  operation->name, fault->name, nth, status, error->message, fault->status,
                  keyward_status_text(fault->status));
    ck_assert_int_eq(error->status, status);
    ck_assert_msg(code_fits(error->sqlite_code, fault), "%s, %s %d: SQLite's code is %d (%s)",
                  operation->name, fault->name, nth, error->sqlite_code, error->message);
    assert_message_is_clean(w, error->message);
}

/* ---- provoking it ---- */

enum start { WARM, COLD }; /* statements prepared and pages read before, or a store just opened */

struct tally {
    int points; /* reached */
    int failed; /* at which the call failed */
};

/* Calls that the store has committed so far, each by itself. */
static int64_t writes_of(const struct work *w)
{
    keyward_activity *activity;
    int64_t writes;

    assert_status(w->f.store, keyward_get_activity(w->f.store, &activity), KEYWARD_OK);
    writes = activity->writes;
    ck_assert_int_eq(activity->commits, writes);
    ck_assert_int_eq(activity->commits_by_size[0], writes);
    keyward_activity_free(&activity);
    return writes;
}

static bool leaves_an_event(const struct operation *operation)
{
    return operation != &operations[FLUSH_USES] && operation != &operations[MAKE_LOG_KEY] &&
           operation != &operations[SIGN] && operation != &operations[COSIGN];
}

/* The whole effect is there, and what wrote an event is counted, once. To ask begins the thread's
 * error record anew, in which an effect may be; and to look for one may write. */
static void expect_counted(struct work *w, const struct operation *operation, int64_t writes)
{
    bool is_writing = operation < &operations[WRITING];

    if (is_writing)
        ck_assert_int_eq(writes_of(w), writes + leaves_an_event(operation));
    operation->expect(w);
    if (!is_writing)
        ck_assert_int_eq(writes_of(w), writes);
}

/* One fault: the call, what it left behind, and the same call without it. */
static void provoke_once(struct work *w, const struct operation *operation,
                         const struct fault *fault, int nth, enum fault_length length,
                         struct tally *tally, bool *reached)
{
    int64_t before = version_of(w, operation), writes = writes_of(w);
    enum keyward_status status;

    fault_begin(fault, nth, length);
    status = operation->run(w);
    *reached = fault_end(fault) > 0;
    if (status != operation->success) {
        ck_assert_msg(*reached, "%s fails by itself: %s", operation->name,
                      keyward_last_error(w->f.store)->message);
        assert_failure(w, w->f.store, operation, fault, nth, status);
        ck_assert_msg(version_of(w, operation) == before, "%s, %s %d: something stayed",
                      operation->name, fault->name, nth);
        operation->expect_none(w, status);
        ck_assert_int_eq(writes_of(w), writes);
        tally->failed++;
        assert_status(w->f.store, operation->run(w), operation->success);
    } else if (fault->io == IO_SYNC && fault->source == DISK && operation != &operations[PURGE]) {
        /* a purge ends with a write-back, which may be made up for later */
        ck_assert_msg(!*reached, "%s: a flush failed and nobody was told", operation->name);
    }
    tally->points += *reached;
    expect_counted(w, operation, writes);
}

/* There are thousands of allocations: some are tried, spread over all of them, and each one where
 * KEYWARD_TEST_EVERY_POINT is set in the environment. Every call to the disk is tried. */
static int step_of(const struct fault *fault, int tried)
{
    bool all = fault->source == DISK || getenv("KEYWARD_TEST_EVERY_POINT");

    return all ? 1 : 1 + memory_calls() / tried;
}

static int choose_step(struct work *w, const struct operation *operation, const struct fault *fault)
{
    fault_begin(fault, POINTS_MAX, FAIL_ONCE);
    assert_status(w->f.store, operation->run(w), operation->success);
    ck_assert_int_eq(fault_end(fault), 0);
    end_round(w, operation);
    /* Most of a purge's allocations empty the log, which harms nobody when it fails. */
    return step_of(fault, operation->run == run_purge ? 4 * POINTS_TRIED : POINTS_TRIED);
}

static void begin_round(struct work *w, const struct operation *operation, enum start start)
{
    operation->prepare(w);
    if (start == COLD)
        fixture_reopen(&w->f);
}

/* Of the stores: where commits are not flushed, each page is written to the log by itself. */
static enum keyward_durability durability = KEYWARD_SURVIVES_POWER_LOSS;

static void flush_commits(void)
{
    durability = KEYWARD_SURVIVES_POWER_LOSS;
}

static void leave_commits_unflushed(void)
{
    durability = KEYWARD_SURVIVES_CRASH;
}

/* Fails each point in turn until one is not reached. */
static void sweep(struct work *w, const struct operation *operation, const struct fault *fault,
                  enum fault_length length, enum start start, struct tally *tally)
{
    int step = choose_step(w, operation, fault);
    bool reached = true;

    for (int nth = 1; reached; nth += step) {
        ck_assert_int_lt(nth, POINTS_MAX);
        begin_round(w, operation, start);
        provoke_once(w, operation, fault, nth, length, tally, &reached);
        end_round(w, operation);
    }
}

/* The writes that extend the log, which harm nobody when they fail, can take all the points of a
 * first sweep; those of a second one are the commits' own. */
static void provoke(const struct operation *operation, const struct fault *fault,
                    enum fault_length length, enum start start, struct tally *tally)
{
    struct work w = {.round = 0};

    fixture_open(&w.f);
    w.f.options.busy_timeout_ms = 0; /* a lock that fails is not waited for */
    w.f.options.purge_retention = 1;
    w.f.options.durability = durability;
    fixture_reopen(&w.f);
    ck_assert_int_eq(sqlite3_open(w.f.path, &w.db), SQLITE_OK);
    begin_round(&w, operation, start);
    sweep(&w, operation, fault, length, start, tally);
    if (fault->source == DISK && fault->io == IO_WRITE) {
        begin_round(&w, operation, start);
        sweep(&w, operation, fault, length, start, tally);
    }
    free_prepared(&w);
    compose_free();
    assert_sound(&w.f);
    sqlite3_close(w.db);
    fixture_close(&w.f);
}

/* What must at least have failed, lest a test pass for want of faults. */
static void assert_hit(const struct operation *operation, const struct fault *fault,
                       const struct tally *tally, int floor)
{
    printf("%s, %s: %d points, %d failures\n", operation->name, fault->name, tally->points,
           tally->failed);
    fflush(stdout);
    ck_assert_msg(tally->failed >= floor, "%s, %s: only %d failures", operation->name, fault->name,
                  tally->failed);
}

static void provoke_all_ways(int index, const struct fault *fault, int floor)
{
    const struct operation *operation = &operations[index];
    struct tally tally = {0};

    for (enum start start = WARM; start <= COLD; start++) {
        provoke(operation, fault, FAIL_ONCE, start, &tally);
        provoke(operation, fault, FAIL_FROM_THEN_ON, start, &tally);
    }
    if (index == FLUSH_USES && floor > 1)
        floor = 1; /* a store just opened has nothing to write */
    if (index == ACTIVITY && fault != &library_memory) {
        ck_assert_int_eq(tally.points, 0); /* it asks neither SQLite nor the disk */
        return;
    }
    assert_hit(operation, fault, &tally, floor);
}

START_TEST(sqlite_out_of_memory_changes_nothing)
{
    provoke_all_ways(_i, &sqlite_memory, 20);
}
END_TEST

START_TEST(the_library_out_of_memory_changes_nothing)
{
    bool allocates = _i == CREATE || _i == IMPORT || (_i >= ROTATE && _i <= DELETE_ALL) ||
                     _i == PURGE || (_i >= CREATE_DATA_KEY && _i < WRITING) ||
                     (_i >= LIST && _i <= LIST_EVENTS) || _i >= CHECK;

    provoke_all_ways(_i, &library_memory, allocates ? 1 : 0);
}
END_TEST

START_TEST(a_full_disk_changes_nothing)
{
    provoke_all_ways(_i, &disk_full, 4);
}
END_TEST

START_TEST(a_failed_write_changes_nothing)
{
    provoke_all_ways(_i, &bad_write, 4);
}
END_TEST

START_TEST(a_failed_flush_fails_the_call)
{
    provoke_all_ways(_i, &bad_sync, 4);
}
END_TEST

START_TEST(a_failed_read_changes_nothing)
{
    provoke_all_ways(_i, &bad_read, _i == FLUSH_USES ? 0 : 2); /* its pages were read before */
}
END_TEST

START_TEST(a_failed_lock_changes_nothing)
{
    provoke_all_ways(_i, &bad_lock, 2);
}
END_TEST

START_TEST(a_busy_lock_changes_nothing)
{
    provoke_all_ways(_i, &busy_lock, 1);
}
END_TEST

START_TEST(other_faults_of_the_disk_change_nothing)
{
    static const struct fault *const others[] = {&bad_truncate, &bad_map, &no_map, &bad_open,
                                                 &bad_size};

    for (size_t i = 0; i < COUNT(others); i++)
        provoke_all_ways(_i, others[i], 0);
}
END_TEST

#define LARGE 400 /* deletions at once fill more pages than are written to the log at once */

static void make_large_batch(struct fixture *f, keyward_key **keys,
                             keyward_delete_request *requests)
{
    for (int i = 0; i < LARGE; i++) {
        keys[i] = make_key(f, "repo-1", "one of many", NULL);
        requests[i] = (keyward_delete_request){.repo_id = "repo-1", .key_id = keys[i]->id};
    }
}

static void write_a_little(struct fixture *f)
{
    assert_status(f->store, keyward_grant(f->store, &host, "repo-1", "x", KEYWARD_READER),
                  KEYWARD_OK);
    assert_status(f->store, keyward_revoke(f->store, &host, "repo-1", "x"), KEYWARD_OK);
}

/* A write that only extends the log is no part of a commit, and may fail without harm. After this
 * there is none for a while. */
static void have_the_log_extended(struct fixture *f)
{
    int64_t before = log_size(f);

    while (log_size(f) == before)
        write_a_little(f);
}

/* What was written before the fault must not be found by what is committed after it. */
START_TEST(a_large_commit_that_fails_between_two_writes_changes_nothing)
{
    static keyward_key *keys[LARGE];
    static keyward_delete_request requests[LARGE];
    enum keyward_status status = KEYWARD_IO;
    struct fixture f;
    int failed = 0;

    fixture_open(&f);
    make_large_batch(&f, keys, requests);
    have_the_log_extended(&f);
    for (int nth = 1; status != KEYWARD_OK; nth++) {
        fault_begin(&bad_write, nth, FAIL_ONCE);
        status = keyward_delete_keys(f.store, &will, requests, LARGE);
        ck_assert_int_eq(fault_end(&bad_write), status == KEYWARD_OK ? 0 : 1);
        if (status == KEYWARD_OK)
            break;
        assert_status(f.store, status, KEYWARD_IO);
        ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted"), 0);
        write_a_little(&f);
        assert_sound(&f);
        failed++;
    }
    ck_assert_int_ge(failed, 2);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted"), LARGE);
    fixture_reopen(&f);
    assert_sound(&f);
    for (int i = 0; i < LARGE; i++)
        keyward_key_free(&keys[i]);
    fixture_close(&f);
}
END_TEST

/* ---- opening ---- */

/* What is opened: nothing yet, a store closed in order, or one that a crash left with its log. */
enum found { FOUND_NOTHING, FOUND_STORE, FOUND_CRASHED_STORE, FOUND_KINDS };

static void copy_file(const char *from, const char *to, const char *suffix)
{
    char source[160], target[160];
    unsigned char *bytes;
    size_t size;

    snprintf(source, sizeof source, "%s%s", from, suffix);
    snprintf(target, sizeof target, "%s%s", to, suffix);
    bytes = read_whole(source, &size);
    write_whole(target, bytes, size);
    free(bytes);
}

/* Puts at w->path what is to be opened. The store of the fixture stays open, as its log shows. */
static void prepare_file(struct work *w, enum found found)
{
    char log[160];

    snprintf(w->path, sizeof w->path, "%.60s/opened.db", w->f.folder);
    unlink(w->path);
    snprintf(log, sizeof log, "%s-wal", w->path);
    unlink(log);
    snprintf(log, sizeof log, "%s-shm", w->path);
    unlink(log);
    if (found == FOUND_NOTHING)
        return;
    copy_file(w->f.path, w->path, "");
    copy_file(w->f.path, w->path, "-wal");
    if (found == FOUND_STORE) {
        assert_status(NULL, keyward_open(&w->opened, w->path, &w->f.options), KEYWARD_OK);
        keyward_close(&w->opened);
    }
}

static enum keyward_status run_open(struct work *w)
{
    return keyward_open(&w->opened, w->path, &w->f.options);
}

static const struct operation opening = {"open", KEYWARD_OK, NULL, run_open, NULL, NULL};

/* The store that was opened has what it should, and works. */
static void expect_open(struct work *w, enum found found)
{
    struct fixture opened = w->f;
    keyward_key *made;
    int64_t keys = found == FOUND_NOTHING ? 0 : 1;

    opened.store = w->opened;
    snprintf(opened.path, sizeof opened.path, "%s", w->path);
    ck_assert_int_eq(sql_number(opened.path, "SELECT count(*) FROM api_keys"), keys);
    ck_assert_int_eq(sql_number(opened.path, "SELECT count(*) FROM store"), 1);
    ck_assert_int_eq(sql_number(opened.path, "SELECT count(*) FROM data_keys"), 1);
    if (keys > 0)
        assert_status(w->opened, try_key(&opened, w->keys[0], w->secret), KEYWARD_OK);
    made = make_key(&opened, "repo-1", "made after", NULL);
    drop_key(&opened, "repo-1", made->id);
    assert_sound(&opened);
    keyward_key_free(&made);
}

/* A failed open leaves an existing file byte for byte as it was. */
static void open_once(struct work *w, enum found found, const struct fault *fault, int nth,
                      enum fault_length length, struct tally *tally, bool *reached)
{
    unsigned char *before = NULL, *after;
    size_t size = 0, size_after;
    enum keyward_status status;

    if (found != FOUND_NOTHING)
        before = read_whole(w->path, &size);
    fault_begin(fault, nth, length);
    status = run_open(w);
    *reached = fault_end(fault) > 0;
    tally->points += *reached;
    if (status != KEYWARD_OK) {
        ck_assert(*reached);
        ck_assert_ptr_null(w->opened);
        assert_failure(w, NULL, &opening, fault, nth, status);
        tally->failed++;
        if (before) {
            after = read_whole(w->path, &size_after);
            ck_assert_msg(size == size_after && memcmp(before, after, size) == 0,
                          "%s %d: a failed open changed the file", fault->name, nth);
            free(after);
        }
        assert_status(NULL, run_open(w), KEYWARD_OK);
    }
    expect_open(w, found);
    keyward_close(&w->opened);
    free(before);
}

static int choose_opening_step(struct work *w, const struct fault *fault)
{
    fault_begin(fault, POINTS_MAX, FAIL_ONCE);
    assert_status(NULL, run_open(w), KEYWARD_OK);
    ck_assert_int_eq(fault_end(fault), 0);
    keyward_close(&w->opened);
    return step_of(fault, POINTS_TRIED);
}

static void fail_opening(enum found found, const struct fault *fault, int floor)
{
    struct work w = {.round = 0};
    struct tally tally = {0};
    int step;

    fixture_open(&w.f);
    w.f.options.busy_timeout_ms = 0;
    prepare_key(&w);
    prepare_file(&w, found);
    step = choose_opening_step(&w, fault);
    for (enum fault_length length = FAIL_ONCE; length <= FAIL_FROM_THEN_ON; length++) {
        bool reached = true;
        for (int nth = 1; reached; nth += step) {
            ck_assert_int_lt(nth, POINTS_MAX);
            prepare_file(&w, found);
            open_once(&w, found, fault, nth, length, &tally, &reached);
        }
    }
    assert_hit(&opening, fault, &tally, floor);
    free_prepared(&w);
    fixture_close(&w.f);
}

START_TEST(a_store_can_be_opened_after_memory_ran_out)
{
    fail_opening((enum found)_i, &sqlite_memory, 10);
    fail_opening((enum found)_i, &library_memory, 10);
}
END_TEST

START_TEST(a_store_can_be_opened_after_a_failed_write)
{
    int floor = _i == FOUND_NOTHING ? 10 : 0; /* a store that is there is only read */

    fail_opening((enum found)_i, &bad_write, floor);
    fail_opening((enum found)_i, &disk_full, floor);
}
END_TEST

START_TEST(a_store_can_be_opened_after_a_failed_flush)
{
    fail_opening((enum found)_i, &bad_sync, _i == FOUND_NOTHING ? 2 : 0);
}
END_TEST

START_TEST(a_store_can_be_opened_after_a_failed_read)
{
    fail_opening((enum found)_i, &bad_read, 2);
}
END_TEST

START_TEST(a_store_can_be_opened_after_other_faults_of_the_disk)
{
    static const struct fault *const others[] = {&bad_lock, &bad_truncate, &bad_map,
                                                 &no_map,   &bad_open,     &bad_size};

    for (size_t i = 0; i < COUNT(others); i++)
        fail_opening((enum found)_i, others[i], others[i] == &bad_truncate ? 0 : 1);
}
END_TEST

/* ---- an upgrade that fails ---- */

#define OLD_EVENTS 600 /* of a store of schema 2 */

static unsigned char *old_store(size_t *size)
{
    const char *slash = strrchr(__FILE__, '/');
    char path[1024];

    snprintf(path, sizeof path, "%.*s/stores/schema-0002.store", (int)(slash - __FILE__), __FILE__);
    return read_whole(path, size);
}

static void put_old_store(struct fixture *f)
{
    char log[160];
    size_t size;
    unsigned char *bytes = old_store(&size);

    snprintf(log, sizeof log, "%s-wal", f->path);
    unlink(log);
    snprintf(log, sizeof log, "%s-shm", f->path);
    unlink(log);
    write_whole(f->path, bytes, size);
    free(bytes);
    append_by_hand(f, OLD_EVENTS - (int)count_events(f->path));
}

/* Whatever failed: the next open makes up for it, and so does the first checkpoint. */
static void upgrade_once(struct fixture *f, const struct fault *fault, int nth,
                         enum fault_length length, int *failed)
{
    enum keyward_status status;

    put_old_store(f);
    fault_begin(fault, nth, length);
    status = keyward_open(&f->store, f->path, &f->options);
    *failed = fault_end(fault);
    ck_assert_msg(status == KEYWARD_OK || status == fault->status, "%s %d: %s", fault->name, nth,
                  keyward_last_error(NULL)->message);
    if (status == KEYWARD_OK && nth % 2 == 0) {
        keyward_text *checkpoint;
        free(log_key_of(f));
        checkpoint = sign_checkpoint(f);
        keyward_text_free(&checkpoint);
    } else {
        fixture_reopen(f);
    }
    assert_tree(f);
    ck_assert_int_eq(count_events(f->path), OLD_EVENTS);
    assert_sound(f);
    keyward_close(&f->store);
}

START_TEST(an_upgrade_is_made_up_for_after_every_fault)
{
    static const struct fault *const faults[] = {&sqlite_memory, &library_memory, &disk_full,
                                                 &bad_write,     &bad_sync,       &bad_read,
                                                 &bad_lock,      &busy_lock};
    const struct fault *fault = faults[_i];
    struct fixture f;
    int step, reached = 0;

    fixture_init(&f);
    f.options.busy_timeout_ms = 0;
    put_old_store(&f);
    fault_begin(fault, POINTS_MAX, FAIL_ONCE);
    fixture_reopen(&f);
    ck_assert_int_eq(fault_end(fault), 0);
    keyward_close(&f.store);
    step = fault->source == DISK ? 1 : 1 + memory_calls() / POINTS_TRIED;
    for (enum fault_length length = FAIL_ONCE; length <= FAIL_FROM_THEN_ON; length++) {
        int failed = 1;
        for (int nth = 1; failed > 0; nth += step) {
            upgrade_once(&f, fault, nth, length, &failed);
            reached += failed > 0;
        }
    }
    printf("upgrade, %s: %d points\n", fault->name, reached);
    ck_assert_int_ge(reached, 2);
    fixture_close(&f);
}
END_TEST

/* ---- a checkpoint that fails ---- */

#define LOG_KEYS 2000 /* so many fill more of the log than a commit leaves for later */

/* What is committed is in the log: that it cannot be written back now is nobody's failure. */
static void grow_log_with(const struct fault *fault, int nth)
{
    struct work w = {.round = 0};
    int keys = 0, failed = 0;

    fixture_open(&w.f);
    for (; failed == 0 && keys < LOG_KEYS; keys++) {
        free_prepared(&w);
        fault_begin(fault, nth, FAIL_FROM_THEN_ON);
        prepare_key(&w);
        failed = fault_end(fault);
    }
    ck_assert_msg(failed > 0, "no checkpoint came");
    assert_status(w.f.store, try_key(&w.f, w.keys[0], w.secret), KEYWARD_OK);
    ck_assert_int_eq(sql_number(w.f.path, "SELECT count(*) FROM api_keys"), keys);
    fixture_reopen(&w.f);
    assert_status(w.f.store, try_key(&w.f, w.keys[0], w.secret), KEYWARD_OK);
    assert_sound(&w.f);
    free_prepared(&w);
    fixture_close(&w.f);
}

START_TEST(a_failed_checkpoint_takes_nothing_back)
{
    grow_log_with(&bad_sync, 2);
    grow_log_with(&bad_sync, 3);
}
END_TEST

/* ---- a damaged file ---- */

enum { PAGE_SIZE_AT = 16, KEYS_FOR_AN_INTERIOR_PAGE = 120 };

/* Spoils the root page of api_keys, an interior one, in the closed store. */
static void damage_keys(struct fixture *f)
{
    int64_t root = sql_number(f->path, "SELECT rootpage FROM sqlite_schema"
                                       " WHERE type = 'table' AND name = 'api_keys'");
    unsigned char *bytes;
    size_t size, page_size, at;

    bytes = read_whole(f->path, &size);
    page_size = (size_t)bytes[PAGE_SIZE_AT] << 8 | bytes[PAGE_SIZE_AT + 1];
    at = (size_t)(root - 1) * page_size;
    ck_assert_uint_lt(at, size);
    ck_assert_int_eq(bytes[at], 2); /* an interior page of an index tree */
    for (size_t i = 0; i < 12; i++)
        bytes[at + i] ^= 0xFF;
    write_whole(f->path, bytes, size);
    free(bytes);
}

/* Every operation that meets the damage says so, the next one too. */
static void expect_corrupt(struct work *w, int first, int last)
{
    for (int i = first; i <= last; i++) {
        enum keyward_status status = operations[i].run(w);
        assert_status(w->f.store, status, KEYWARD_CORRUPT);
        ck_assert_int_ne(keyward_last_error(w->f.store)->sqlite_code, 0);
        assert_message_is_clean(w, keyward_last_error(w->f.store)->message);
        if (i == DELETE_MANY)
            expect_deleted_none(w, status);
        else
            expect_no_result(w, status);
    }
}

static void expect_corrupt_report(struct work *w)
{
    assert_status(w->f.store, run_check(w), KEYWARD_CORRUPT);
    ck_assert_ptr_nonnull(w->report);
    ck_assert_int_gt(w->report->findings_total, 0);
    for (size_t i = 0; i < w->report->count; i++)
        ck_assert_ptr_nonnull(w->report->findings[i]->problem);
    keyward_report_free(&w->report);
}

START_TEST(a_damaged_page_is_told_and_harms_nothing)
{
    struct work w = {.round = 0};
    int64_t events;

    fixture_open(&w.f);
    for (int i = 0; i < KEYS_FOR_AN_INTERIOR_PAGE; i++) {
        free_prepared(&w);
        prepare_key(&w);
    }
    w.keys[1] = make_key(&w.f, "repo-1", "k", NULL);
    w.keys[2] = make_key(&w.f, "repo-1", "k", NULL);
    events = sql_number(w.f.path, "SELECT max(sequence) FROM audit_events");
    keyward_close(&w.f.store);
    damage_keys(&w.f);
    fixture_reopen(&w.f);
    expect_corrupt(&w, CREATE, DELETE_MANY);
    expect_corrupt(&w, RESTORE, RESTORE);
    expect_corrupt(&w, LIST, GET);
    expect_corrupt(&w, AUTHENTICATE, AUTHENTICATE);
    expect_corrupt_report(&w);
    prepare_user(&w);
    assert_status(w.f.store, run_grant(&w), KEYWARD_OK); /* what is whole goes on working */
    ck_assert_int_eq(sql_number(w.f.path, "SELECT max(sequence) FROM audit_events"), events + 1);
    free_prepared(&w);
    fixture_close(&w.f);
}
END_TEST

static void drop_table(const char *name, bool while_open, int first, int last)
{
    struct work w = {.round = 0};
    char drop[64];

    fixture_open(&w.f);
    prepare_batch(&w);
    w.secret = NULL;
    prepare_user(&w);
    keyward_key_free(&w.keys[0]);
    prepare_key(&w);
    assert_status(w.f.store, run_authenticate(&w), KEYWARD_OK);
    memset(&w.identity, 0, sizeof w.identity);
    if (!while_open)
        keyward_close(&w.f.store);
    snprintf(drop, sizeof drop, "DROP TABLE %s", name);
    ck_assert_int_eq(sql(w.f.path, drop), SQLITE_OK);
    if (!while_open)
        fixture_reopen(&w.f);
    expect_corrupt(&w, first, last);
    expect_corrupt_report(&w);
    free_prepared(&w);
    fixture_close(&w.f);
}

START_TEST(a_dropped_table_is_told)
{
    bool while_open = _i == 1;

    drop_table("access", while_open, CREATE, PURGE);
    drop_table("access", while_open, LIST, GET_USER);
    drop_table("access", while_open, PREVIEW_DELETE, PREVIEW_PURGE);
    drop_table("audit_events", while_open, CREATE, DENIED_DELETE);
    drop_table("audit_events", while_open, GRANT, GRANT);
    drop_table("audit_events", while_open, IMPORT, DELETE_ALL);
    drop_table("audit_events", while_open, CREATE_DATA_KEY, CHANGE_MASTER_KEY);
    drop_table("audit_events", while_open, PREVIEW_DELETE, PREVIEW_DELETE_ALL);
    drop_table("key_details", while_open, EXPIRE, REVEAL);
    drop_table("key_details", while_open, GUARDED_DELETE, PURGE);
    drop_table("api_keys", while_open, CREATE, DELETE_MANY);
    drop_table("api_keys", while_open, AUTHENTICATE, AUTHENTICATE);
    drop_table("sealed_secrets", while_open, AUTHENTICATE, AUTHENTICATE);
    drop_table("audit_log_key", while_open, MAKE_LOG_KEY, SIGN);
    drop_table("audit_log_key", while_open, READ_LOG_KEY, READ_LOG_KEY);
    drop_table("audit_checkpoints", while_open, RECEIPT, PUBLISH);
}
END_TEST

static Suite *faults_suite(void)
{
    Suite *suite = suite_create("faults");
    TCase *memory = tcase_create("memory"), *disk = tcase_create("disk");
    TCase *opened = tcase_create("opening"), *damage = tcase_create("damage");
    TCase *unflushed = suite_add_case(suite, "unflushed", leave_commits_unflushed, flush_commits);

    tcase_add_loop_test(memory, sqlite_out_of_memory_changes_nothing, 0, OPERATIONS);
    tcase_add_loop_test(memory, the_library_out_of_memory_changes_nothing, 0, OPERATIONS);
    tcase_add_loop_test(disk, a_full_disk_changes_nothing, 0, WRITING);
    tcase_add_loop_test(disk, a_failed_write_changes_nothing, 0, WRITING);
    tcase_add_loop_test(disk, a_failed_flush_fails_the_call, 0, WRITING);
    tcase_add_loop_test(disk, a_full_disk_changes_nothing, BACKUP, BACKUP + 1);
    tcase_add_loop_test(disk, a_failed_write_changes_nothing, BACKUP, BACKUP + 1);
    tcase_add_loop_test(disk, a_failed_flush_fails_the_call, BACKUP, BACKUP + 1);
    tcase_add_loop_test(disk, a_failed_read_changes_nothing, 0, OPERATIONS);
    tcase_add_loop_test(disk, a_failed_lock_changes_nothing, 0, OPERATIONS);
    tcase_add_loop_test(disk, a_busy_lock_changes_nothing, 0, OPERATIONS);
    tcase_add_loop_test(disk, other_faults_of_the_disk_change_nothing, 0, OPERATIONS);
    tcase_add_test(disk, a_large_commit_that_fails_between_two_writes_changes_nothing);
    tcase_add_loop_test(unflushed, a_full_disk_changes_nothing, 0, WRITING);
    tcase_add_loop_test(unflushed, a_failed_write_changes_nothing, 0, WRITING);
    tcase_add_loop_test(opened, a_store_can_be_opened_after_memory_ran_out, 0, FOUND_KINDS);
    tcase_add_loop_test(opened, a_store_can_be_opened_after_a_failed_write, 0, FOUND_KINDS);
    tcase_add_loop_test(opened, a_store_can_be_opened_after_a_failed_flush, 0, FOUND_KINDS);
    tcase_add_loop_test(opened, a_store_can_be_opened_after_a_failed_read, 0, FOUND_KINDS);
    tcase_add_loop_test(opened, a_store_can_be_opened_after_other_faults_of_the_disk, 0,
                        FOUND_KINDS);
    tcase_add_loop_test(opened, an_upgrade_is_made_up_for_after_every_fault, 0, 8);
    tcase_add_test(damage, a_failed_checkpoint_takes_nothing_back);
    tcase_add_test(damage, a_damaged_page_is_told_and_harms_nothing);
    tcase_add_loop_test(damage, a_dropped_table_is_told, 0, 2);
    suite_add_tcase(suite, memory);
    suite_add_tcase(suite, disk);
    suite_add_tcase(suite, opened);
    suite_add_tcase(suite, damage);
    return suite;
}

int main(void)
{
    if (!memory_install())
        return EXIT_FAILURE;
    vfs_install();
    return run_suite(faults_suite());
}
