/* SPDX-License-Identifier: MIT */
/* The tables as one, and what their calls share. */
#include "fault/calls.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const keyward_actor requester = {.user_id = "will",
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

int64_t number(const struct work *w, const char *format, ...)
{
    char query[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(query, sizeof query, format, arguments);
    va_end(arguments);
    return first_number(w->db, query);
}

void prepare_key(struct work *w)
{
    if (!w->keys[0])
        w->keys[0] = make_key(&w->f, "repo-1", "before", &w->secret);
}

void prepare_deleted_key(struct work *w)
{
    if (w->keys[0])
        return;
    prepare_key(w);
    drop_key(&w->f, "repo-1", w->keys[0]->id);
}

void prepare_user(struct work *w)
{
    snprintf(w->name, sizeof w->name, "user-%d", w->round);
}

void prepare_granted_user(struct work *w)
{
    prepare_user(w);
    assert_status(w->f.store, keyward_grant(w->f.store, &host, "repo-1", w->name, KEYWARD_READER),
                  KEYWARD_OK);
}

void expect_no_result(struct work *w, enum keyward_status status)
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

/* ---- the tables as one ---- */

static const struct call_table *const tables[] = {&write_calls, &log_calls, &read_calls,
                                                  &plain_calls};

size_t call_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < COUNT(tables); i++)
        count += tables[i]->count;
    return count;
}

const struct call *call_at(size_t index)
{
    size_t i = 0;

    for (; index >= tables[i]->count; i++)
        index -= tables[i]->count;
    return &tables[i]->calls[index];
}

size_t call_index(const char *name)
{
    size_t index = 0;

    while (strcmp(call_at(index)->name, name) != 0)
        index++;
    return index;
}

/* ---- which functions were called: noted without memory, which may be out ---- */

static const char *exercised[128];
static size_t exercised_by_now;

bool was_exercised(const char *function)
{
    for (size_t i = 0; i < exercised_by_now; i++) {
        if (strcmp(exercised[i], function) == 0)
            return true;
    }
    return false;
}

void note_exercised(const char *function)
{
    if (!was_exercised(function) && exercised_by_now < COUNT(exercised))
        exercised[exercised_by_now++] = function;
}

size_t exercised_count(void)
{
    return exercised_by_now;
}

/* ---- a round ---- */

void free_prepared(struct work *w)
{
    for (int i = 0; i < BATCH; i++)
        keyward_key_free(&w->keys[i]);
    keyward_secret_free(&w->secret);
}

void free_results(struct work *w)
{
    exercise(keyward_key_free)(&w->key);
    exercise(keyward_secret_free)(&w->new_secret);
    exercise(keyward_key_list_free)(&w->key_list);
    exercise(keyward_user_free)(&w->user);
    exercise(keyward_user_list_free)(&w->users);
    exercise(keyward_event_list_free)(&w->events);
    exercise(keyward_report_free)(&w->report);
    exercise(keyward_stats_free)(&w->stats);
    exercise(keyward_activity_free)(&w->activity);
    exercise(keyward_changes_free)(&w->changes);
    exercise(keyward_text_free)(&w->text);
}

void end_round(struct work *w, const struct call *call)
{
    if (call->traits & WRITES)
        free_prepared(w);
    keyward_close(&w->opened);
    free_results(w);
    memset(&w->site, 0, sizeof w->site);
    memset(&w->written, 0, sizeof w->written);
    memset(&w->identity, 0, sizeof w->identity);
    memset(&w->deletion, 0, sizeof w->deletion);
    memset(&w->proven, 0, sizeof w->proven);
    w->round++;
}
