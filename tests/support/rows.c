/* SPDX-License-Identifier: MIT */
#include "support/rows.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM 16384 /* for a row of an event: its texts are 1,024 bytes at most */

#define FIELD(NAME, COLUMN) "||ifnull(' " NAME "='||" COLUMN ",'')"

#define EVENT_ROW                                                                                  \
    "SELECT 'at='||at||' action='||action" FIELD("actor", "actor_id") FIELD("repo", "repo_id")     \
        FIELD("key", "key_id") FIELD("user", "user_id") FIELD("name", "name")                      \
            FIELD("previous", "previous_name") FIELD("provider", "provider") FIELD("role", "role") \
                FIELD("reason", "reason") FIELD("text", "reason_text")                             \
                    FIELD("request", "request_id") FIELD("address", "client_address")              \
                        FIELD("agent", "user_agent")                                               \
                            FIELD("hash", "(sealed_sha256 IS NOT NULL OR NULL)")                   \
                                FIELD("other", "other_key_id")                                     \
                                    FIELD("expires",                                               \
                                          "expires_at") " FROM audit_events WHERE sequence = %lld"

#define KEY_ROW                                                                                    \
    "SELECT 'id='||id" FIELD("repo", "k.repo_id") FIELD("access_key", "access_key") FIELD(         \
        "name", "name") FIELD("provider", "provider") FIELD("created_at", "created_at")            \
        FIELD("created_by", "created_by") FIELD("deleted_at", "deleted_at") FIELD(                 \
            "deleted_by", "deleted_by") FIELD("deleted_event",                                     \
                                              "deleted_event") FIELD("expires", "expires_at")      \
            FIELD("predecessor", "predecessor_id") FIELD("successor", "successor_id") FIELD(       \
                "used", "last_used_at") FIELD("refused",                                           \
                                              "refused_count") FIELD("first", "refused_first_at")  \
                FIELD("last", "refused_last_at") FIELD("purged_at", "purged_at") FIELD(            \
                    "purged_event",                                                                \
                    "purged_event") " FROM api_keys AS k LEFT JOIN key_details AS d ON d.repo_id " \
                                    "= k.repo_id AND d.key_id = k.id WHERE id = '%s'"

char *event_row(const char *path, int64_t sequence)
{
    char query[2048];

    snprintf(query, sizeof query, EVENT_ROW, (long long)sequence);
    return sql_text(path, query);
}

char *key_row(const char *path, const char *key_id)
{
    char query[2048];

    snprintf(query, sizeof query, KEY_ROW, key_id);
    return sql_text(path, query);
}

/* ---- the same of what the library hands out ---- */

static void put_text(FILE *out, const char *name, const char *text)
{
    if (text)
        fprintf(out, " %s=%s", name, text);
}

static void put_number(FILE *out, const char *name, int64_t number)
{
    if (number != 0)
        fprintf(out, " %s=%lld", name, (long long)number);
}

char *event_text(const keyward_event *event)
{
    char *text = calloc(1, ROOM);
    FILE *out = fmemopen(text, ROOM, "w");

    fprintf(out, "at=%lld action=%s", (long long)event->at, keyward_action_text(event->action));
    put_text(out, "actor", event->actor_id);
    put_text(out, "repo", event->repo_id);
    put_text(out, "key", event->key_id);
    put_text(out, "user", event->user_id);
    put_text(out, "name", event->name);
    put_text(out, "previous", event->previous_name);
    put_text(out, "provider", event->provider);
    put_text(out, "role", event->role);
    put_text(out, "reason", event->reason);
    put_text(out, "text", event->reason_text);
    put_text(out, "request", event->request_id);
    put_text(out, "address", event->client_address);
    put_text(out, "agent", event->user_agent);
    put_number(out, "hash", event->sealed_sha256 != NULL);
    put_text(out, "other", event->other_key_id);
    put_number(out, "expires", event->expires_at);
    fclose(out);
    return text;
}

char *key_text(const keyward_key *key)
{
    char *text = calloc(1, ROOM);
    FILE *out = fmemopen(text, ROOM, "w");

    fprintf(out, "id=%s", key->id);
    put_text(out, "repo", key->repo_id);
    put_text(out, "access_key", key->access_key);
    put_text(out, "name", key->name);
    put_text(out, "provider", keyward_provider_text(key->provider));
    put_number(out, "created_at", key->created_at);
    put_text(out, "created_by", key->created_by);
    put_number(out, "deleted_at", key->deleted_at);
    put_text(out, "deleted_by", key->deleted_by);
    put_number(out, "deleted_event", key->deleted_event);
    put_number(out, "expires", key->expires_at);
    put_text(out, "predecessor", key->predecessor_id);
    put_text(out, "successor", key->successor_id);
    put_number(out, "used", key->last_used_at);
    put_number(out, "refused", key->refused_count);
    put_number(out, "first", key->refused_first_at);
    put_number(out, "last", key->refused_last_at);
    put_number(out, "purged_at", key->purged_at);
    put_number(out, "purged_event", key->purged_event);
    fclose(out);
    return text;
}

/* ---- asserting ---- */

void assert_event(const struct fixture *f, int64_t sequence, const char *format, ...)
{
    char wanted[ROOM], *got = event_row(f->path, sequence);
    int length = snprintf(wanted, sizeof wanted, "at=%lld ", (long long)f->now);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(wanted + length, sizeof wanted - (size_t)length, format, arguments);
    va_end(arguments);
    ck_assert_pstr_eq(got, wanted);
    free(got);
}

keyward_key *look_at(const struct fixture *f, const char *repo_id, const char *key_id)
{
    keyward_key *key;

    assert_status(f->store,
                  keyward_get_key(f->store, &host, repo_id, key_id, KEYWARD_LIVE_AND_DELETED, &key),
                  KEYWARD_OK);
    return key;
}

void assert_key_ends(const struct fixture *f, const keyward_key *key, const char *format, ...)
{
    keyward_key *seen = look_at(f, key->repo_id, key->id);
    char wanted[ROOM], *row = key_row(f->path, key->id), *text = key_text(seen);
    size_t length, whole = strlen(row);
    va_list arguments;

    va_start(arguments, format);
    length = (size_t)vsnprintf(wanted, sizeof wanted, format, arguments);
    va_end(arguments);
    ck_assert_str_eq(text, row);
    ck_assert_msg(length <= whole, "row is '%s', wanted '%s'", row, wanted);
    ck_assert_str_eq(row + whole - length, wanted);
    keyward_key_free(&seen);
    free(row);
    free(text);
}

/* ---- all of a store ---- */

struct text {
    char *bytes;
    size_t length, room;
};

static void add(struct text *text, const char *more)
{
    size_t length = strlen(more);

    if (text->length + length + 1 > text->room) {
        text->room = 2 * (text->room + length + 1);
        text->bytes = realloc(text->bytes, text->room);
        ck_assert_ptr_nonnull(text->bytes);
    }
    memcpy(text->bytes + text->length, more, length + 1);
    text->length += length;
}

/* Callback of sqlite3_exec: all values of a row, which the SQL has quoted. */
static int add_row(void *text, int count, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < count; i++) {
        add(text, values[i] ? values[i] : "NULL");
        add(text, i + 1 < count ? "|" : "\n");
    }
    return 0;
}

char *dump(const char *path)
{
    static const char all[] =
        "SELECT type, name, sql FROM sqlite_schema ORDER BY name;"
        "SELECT id, created_at, hex(master_key_id), unique_names FROM store;"
        "SELECT id, created_at, hex(sealed) FROM data_keys ORDER BY id;"
        "SELECT * FROM access ORDER BY repo_id, user_id;"
        "SELECT *, hex(sealed_sha256), hex(leaf) FROM audit_events ORDER BY sequence;"
        "SELECT level, position, hex(hash) FROM audit_tree ORDER BY level, position;"
        "SELECT id, origin, created_at, hex(public_key), data_key_id, hex(sealed) FROM"
        " audit_log_key;"
        "SELECT size, signed_at, note FROM audit_checkpoints ORDER BY size;"
        "SELECT access_key, repo_id, key_id, data_key_id, hex(sealed) FROM sealed_secrets"
        " ORDER BY access_key;"
        "SELECT * FROM api_keys ORDER BY repo_id, archived, id;"
        "SELECT * FROM key_details ORDER BY repo_id, key_id;";
    struct text text = {.bytes = NULL};
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    ck_assert_int_eq(sqlite3_exec(db, all, add_row, &text, NULL), SQLITE_OK);
    sqlite3_close(db);
    return text.bytes;
}

void assert_same_dump(const char *path, char *before)
{
    char *after = dump(path);

    ck_assert_msg(strcmp(before, after) == 0, "the store has changed");
    free(before);
    free(after);
}

/* ---- bytes ---- */

bool file_contains(const char *path, const void *bytes, size_t length)
{
    unsigned char *whole;
    size_t size;
    bool found;

    if (access(path, F_OK) != 0)
        return false;
    whole = read_whole(path, &size);
    found = memmem(whole, size, bytes, length) != NULL;
    free(whole);
    return found;
}

bool store_contains(const struct fixture *f, const void *bytes, size_t length)
{
    char log[160];

    snprintf(log, sizeof log, "%s-wal", f->path);
    return file_contains(f->path, bytes, length) || file_contains(log, bytes, length);
}
