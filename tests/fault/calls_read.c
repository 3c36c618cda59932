/* SPDX-License-Identifier: MIT */
/* What reads a store, copies it, and tells what would happen to it. */
#include "fault/calls.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */

/* ---- reading ---- */

static enum keyward_status run_list(struct work *w)
{
    return exercise(keyward_list_keys)(w->f.store, &rita, "repo-1", NULL, &w->key_list);
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
    return exercise(keyward_get_key)(w->f.store, &rita, "repo-1", w->keys[0]->id, KEYWARD_LIVE,
                                     &w->key);
}

static void expect_got(struct work *w)
{
    expect_same_key(w->key, w->keys[0]);
}

static enum keyward_status run_list_users(struct work *w)
{
    return exercise(keyward_list_users)(w->f.store, &rita, "repo-1", NULL, &w->users);
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
    return exercise(keyward_get_user)(w->f.store, &rita, "repo-1", "will", &w->user);
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
    return exercise(keyward_list_events)(w->f.store, &rita, &query, &w->events);
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

enum keyward_status run_authenticate(struct work *w)
{
    return exercise(keyward_authenticate)(w->f.store, w->keys[0]->access_key, w->secret->text,
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

enum keyward_status run_check(struct work *w)
{
    return exercise(keyward_check)(w->f.store, NULL, &w->report);
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
    return exercise(keyward_backup)(w->f.store, w->path, NULL);
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
    return exercise(keyward_export_events)(w->f.store, &rita, &query, &destination);
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
    return exercise(keyward_get_stats)(w->f.store, &w->stats);
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
    return exercise(keyward_get_activity)(w->f.store, &w->activity);
}

/* The key that was made before is all there was, or was made before the store was opened. */
static void expect_activity(struct work *w)
{
    ck_assert_int_ge(w->activity->commits, 0);
    ck_assert_int_le(w->activity->commits, 1);
    ck_assert_int_eq(w->activity->writes, w->activity->commits);
    ck_assert_int_eq(w->activity->commits_by_size[0], w->activity->commits);
}

/* ---- previews ---- */

static enum keyward_status run_preview_delete(struct work *w)
{
    keyward_delete_request request = {.repo_id = "repo-1", .key_id = w->keys[0]->id};
    return exercise(keyward_preview_delete_keys)(w->f.store, &requester, &request, 1, &w->changes);
}

static enum keyward_status run_preview_delete_all(struct work *w)
{
    const keyward_selection selection = {.repo_id = "repo-1"};
    return exercise(keyward_preview_delete_all_keys)(w->f.store, &requester, &selection, NULL,
                                                     &w->changes);
}

static enum keyward_status run_preview_purge(struct work *w)
{
    return exercise(keyward_preview_purge_keys)(w->f.store, &anna, "repo-1", NULL, &w->changes);
}

static void expect_previewed(struct work *w)
{
    ck_assert_uint_eq(w->changes->key_count, 1);
    ck_assert_uint_eq(w->changes->event_count, 1);
    ck_assert_str_eq(w->changes->keys[0]->id, w->keys[0]->id);
    ck_assert_int_eq(w->changes->events[0]->sequence,
                     number(w, "SELECT max(sequence) + 1 FROM audit_events"));
}

/* ---- the table ---- */

static const struct call calls[] = {
    {"list", KEYWARD_OK, ALLOCATES, prepare_key, run_list, expect_listed, expect_no_result},
    {"get", KEYWARD_OK, ALLOCATES, prepare_key, run_get, expect_got, expect_no_result},
    {"list users", KEYWARD_OK, ALLOCATES, prepare_key, run_list_users, expect_users,
     expect_no_result},
    {"get user", KEYWARD_OK, ALLOCATES, prepare_key, run_get_user, expect_user, expect_no_result},
    {"list events", KEYWARD_OK, ALLOCATES, prepare_key, run_list_events, expect_events,
     expect_no_result},
    {"authenticate", KEYWARD_OK, 0, prepare_key, run_authenticate, expect_identity,
     expect_no_result},
    {"authenticate, deleted", KEYWARD_REFUSED, 0, prepare_deleted_key, run_authenticate,
     expect_refused, expect_no_result},
    {"check", KEYWARD_OK, ALLOCATES, prepare_key, run_check, expect_report, expect_no_result},
    {"backup", KEYWARD_OK, ALLOCATES | OWN_FILES, prepare_backup, run_backup, expect_copy,
     expect_no_copy},
    {"export", KEYWARD_OK, ALLOCATES, prepare_export, run_export, expect_exported,
     expect_no_result},
    {"statistics", KEYWARD_OK, ALLOCATES, prepare_key, run_stats, expect_stats, expect_no_result},
    {"activity", KEYWARD_OK, ALLOCATES | NEEDS_NO_DISK, prepare_key, run_activity, expect_activity,
     expect_no_result},
    {"preview of a delete", KEYWARD_OK, ALLOCATES, prepare_key, run_preview_delete,
     expect_previewed, expect_no_result},
    {"preview of delete all", KEYWARD_OK, ALLOCATES, prepare_key, run_preview_delete_all,
     expect_previewed, expect_no_result},
    {"preview of a purge", KEYWARD_OK, ALLOCATES, prepare_key_to_purge, run_preview_purge,
     expect_previewed, expect_no_result},
};

const struct call_table read_calls = {calls, COUNT(calls)};
