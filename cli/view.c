/* SPDX-License-Identifier: MIT */
#include "view.h"

#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ID_TAIL 8 /* letters that stand for an id; those in front tell but the time */

const char *who(const char *user_id)
{
    return user_id ? user_id : "(host)";
}

const char *when(const struct session *session, int64_t at, char text[MOMENT_SIZE])
{
    return at == 0 ? "" : moment_text(at, session->utc, text);
}

static const char *tail(const char *id)
{
    size_t length = strlen(id);

    return length > ID_TAIL ? id + length - ID_TAIL : id;
}

static void moment_cell(const struct session *session, struct table *table, enum style style,
                        int64_t at)
{
    char text[MOMENT_SIZE], date[MOMENT_SIZE];

    if (at == 0)
        table_cell(table, STYLE_PLAIN, NULL);
    else
        table_cell_or(table, style, moment_text(at, session->utc, text),
                      moment_date(at, session->utc, date));
}

static void id_cell(struct table *table, const char *id)
{
    char *shorter = id ? format_text("…%s", tail(id)) : NULL;

    table_cell_or(table, STYLE_PLAIN, id, shorter);
    free(shorter);
}

/* ---- keys ---- */

struct table *key_table(const struct session *session)
{
    static const struct column columns[] = {
        {"KEY", false, 0},     {"NAME", false, 10},     {"PROVIDER", false, 0},
        {"CREATED", false, 0}, {"LAST USED", false, 0}, {"EXPIRES", false, 0},
        {"NOTE", false, 10},
    };
    return table_new(session, columns, COUNT(columns));
}

/* Adds to a note that is made of several parts. */
__attribute__((format(printf, 2, 3))) static void add(char **note, const char *format, ...)
{
    char *before = *note, *part;
    va_list values;

    va_start(values, format);
    part = format_text_list(format, values);
    va_end(values);
    *note = format_text("%s%s%s", before, *before ? ", " : "", part);
    free(before);
    free(part);
}

/* With the times, or `brief`ly without them. */
static char *key_note(const struct session *session, const keyward_key *key, bool brief)
{
    char *note = copy_text(""), text[MOMENT_SIZE];

    if (key->deleted_at != 0 && brief)
        add(&note, "deleted by %s", who(key->deleted_by));
    else if (key->deleted_at != 0)
        add(&note, "deleted %s by %s", when(session, key->deleted_at, text), who(key->deleted_by));
    if (key->purged_at != 0)
        add(&note, "purged%s%s", brief ? "" : " ",
            brief ? "" : when(session, key->purged_at, text));
    if (key->refused_count > 0)
        add(&note, "%lld refused%s%s", (long long)key->refused_count, brief ? "" : ", last ",
            brief ? "" : when(session, key->refused_last_at, text));
    if (key->successor_id)
        add(&note, "→ …%s", tail(key->successor_id));
    if (key->predecessor_id)
        add(&note, "← …%s", tail(key->predecessor_id));
    return note;
}

static void expiry_cell(const struct session *session, struct table *table, const keyward_key *key)
{
    char text[MOMENT_SIZE], *expired;

    if (!key->expired) {
        moment_cell(session, table, STYLE_PLAIN, key->expires_at);
        return;
    }
    expired = format_text("expired %s", when(session, key->expires_at, text));
    table_cell_or(table, STYLE_BAD, expired, "expired");
    free(expired);
}

void key_row(const struct session *session, struct table *table, const keyward_key *key)
{
    enum style style = key->deleted_at != 0 ? STYLE_FAINT : STYLE_PLAIN;
    char *note = key_note(session, key, false), *brief = key_note(session, key, true);

    id_cell(table, key->id);
    table_cell(table, style, key->name);
    table_cell(table, style, keyward_provider_text(key->provider));
    moment_cell(session, table, style, key->created_at);
    moment_cell(session, table, style, key->last_used_at);
    expiry_cell(session, table, key);
    table_cell_or(table, key->refused_count > 0 ? STYLE_BAD : style, note, brief);
    free(note);
    free(brief);
}

static void moment_field(const struct session *session, const char *name, int64_t at,
                         const char *otherwise)
{
    char text[MOMENT_SIZE];

    print_field(session, name, at != 0 ? when(session, at, text) : otherwise);
}

/* When, by whom and with which event. */
static void deed_field(const struct session *session, const char *name, int64_t at,
                       const char *user_id, int64_t event)
{
    char text[MOMENT_SIZE], *line;

    if (at == 0)
        return;
    line = format_text("%s by %s", when(session, at, text), who(user_id));
    if (event != 0)
        add(&line, "event %lld", (long long)event);
    print_field(session, name, line);
    free(line);
}

static void refused_field(const struct session *session, const keyward_key *key)
{
    char first[MOMENT_SIZE], last[MOMENT_SIZE], *line;

    if (key->refused_count == 0)
        return;
    line = format_text("%lld %s with its secret, first %s, last %s", (long long)key->refused_count,
                       key->refused_count == 1 ? "attempt" : "attempts",
                       when(session, key->refused_first_at, first),
                       when(session, key->refused_last_at, last));
    print_field(session, "refused", line);
    free(line);
}

static void purged_field(const struct session *session, const keyward_key *key)
{
    char text[MOMENT_SIZE], *line;

    if (key->purged_at == 0)
        return;
    line = format_text("%s, event %lld", when(session, key->purged_at, text),
                       (long long)key->purged_event);
    print_field(session, "purged", line);
    free(line);
}

static const char *state_of(const keyward_key *key)
{
    if (key->purged_at != 0)
        return "deleted, secret destroyed";
    if (key->deleted_at != 0)
        return "deleted";
    return key->expired ? "expired" : "live";
}

void key_fields(const struct session *session, const keyward_key *key)
{
    print_field(session, "key", key->id);
    print_field(session, "repository", key->repo_id);
    print_field(session, "name", key->name);
    print_field(session, "access key", key->access_key);
    print_field(session, "provider", keyward_provider_text(key->provider));
    print_field(session, "state", state_of(key));
    deed_field(session, "created", key->created_at, key->created_by, 0);
    moment_field(session, "last used", key->last_used_at, "never");
    moment_field(session, "expires", key->expires_at, "never");
    print_field(session, "predecessor", key->predecessor_id);
    print_field(session, "successor", key->successor_id);
    deed_field(session, "deleted", key->deleted_at, key->deleted_by, key->deleted_event);
    purged_field(session, key);
    refused_field(session, key);
}

/* ---- events ---- */

struct table *event_table(const struct session *session)
{
    static const struct column columns[] = {
        {"EVENT", true, 0},   {"TIME", false, 0},        {"ACTOR", false, 8},
        {"ACTION", false, 0}, {"REPOSITORY", false, 10}, {"ABOUT", false, 16},
    };
    return table_new(session, columns, COUNT(columns));
}

/* An id whole, or `brief`ly its end. */
static void add_id(char **about, const char *what, const char *id, bool brief)
{
    if (id)
        add(about, "%s %s%s", what, brief ? "…" : "", brief ? tail(id) : id);
}

static char *about_key(const struct session *session, const keyward_event *event, bool brief)
{
    char *about = copy_text(""), text[MOMENT_SIZE];

    if (event->previous_name)
        add(&about, "%s → %s", event->previous_name, event->name ? event->name : "");
    else if (event->name)
        add(&about, "%s", event->name);
    add_id(&about, "key", event->key_id, brief);
    if (event->provider)
        add(&about, "%s", event->provider);
    add_id(&about, event->action == KEYWARD_KEY_ROTATED ? "successor" : "predecessor",
           event->other_key_id, brief);
    if (event->expires_at != 0)
        add(&about, "expires %s", when(session, event->expires_at, text));
    return about;
}

static void add_circumstances(char **about, const keyward_event *event)
{
    if (event->reason)
        add(about, "%s", event->reason);
    if (event->reason_text)
        add(about, "“%s”", event->reason_text);
    if (event->request_id)
        add(about, "request %s", event->request_id);
    if (event->client_address)
        add(about, "from %s", event->client_address);
    if (event->user_agent)
        add(about, "by %s", event->user_agent);
}

static char *about_event(const struct session *session, const keyward_event *event, bool brief)
{
    char *about = about_key(session, event, brief);

    if (event->user_id)
        add(&about, "%s%s%s", event->user_id, event->role ? " as " : "",
            event->role ? event->role : "");
    add_circumstances(&about, event);
    return about;
}

void event_row(const struct session *session, struct table *table, const keyward_event *event)
{
    const char *action = keyward_action_text(event->action);
    char number[24], at[MOMENT_SIZE], clock[MOMENT_SIZE];
    char *about = about_event(session, event, false), *brief = about_event(session, event, true);

    snprintf(number, sizeof number, "%lld", (long long)event->sequence);
    table_cell(table, STYLE_PLAIN, number);
    table_cell_or(table, STYLE_FAINT, moment_text(event->at, session->utc, at),
                  moment_clock(event->at, session->utc, clock));
    table_cell(table, STYLE_PLAIN, who(event->actor_id));
    table_cell(table, strstr(action, "_denied") ? STYLE_BAD : STYLE_PLAIN, action);
    table_cell(table, STYLE_PLAIN, event->repo_id);
    table_cell_or(table, STYLE_PLAIN, about, brief);
    free(about);
    free(brief);
}
