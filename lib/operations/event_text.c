/* SPDX-License-Identifier: MIT */
#include "operations/event_text.h"
#include "base/count.h"
#include "operations/event_copy.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum member_kind { TEXT, NUMBER, ACTION, SHA256 };

/* Where a member's value is. */
struct member {
    const char *name;
    const char *json; /* the name in quotes, and a colon: with the event in each deletion */
    size_t json_length;
    enum member_kind kind;
    size_t offset;
};

#define MEMBER(kind, name)                                                             \
    {                                                                                  \
#name, "\"" #name "\":", sizeof #name + 2, kind, offsetof(keyward_event, name) \
    }

enum member_index {
    M_ACTION,
    M_ACTOR_ID,
    M_AT,
    M_CLIENT_ADDRESS,
    M_EXPIRES_AT,
    M_KEY_ID,
    M_NAME,
    M_OTHER_KEY_ID,
    M_PREVIOUS_NAME,
    M_PROVIDER,
    M_REASON,
    M_REASON_TEXT,
    M_REPO_ID,
    M_REQUEST_ID,
    M_ROLE,
    M_SEALED_SHA256,
    M_SEQUENCE,
    M_USER_AGENT,
    M_USER_ID
};

/* By name, as RFC 8785 sorts them. */
static const struct member members[] = {
    [M_ACTION] = MEMBER(ACTION, action),
    [M_ACTOR_ID] = MEMBER(TEXT, actor_id),
    [M_AT] = MEMBER(NUMBER, at),
    [M_CLIENT_ADDRESS] = MEMBER(TEXT, client_address),
    [M_EXPIRES_AT] = MEMBER(NUMBER, expires_at),
    [M_KEY_ID] = MEMBER(TEXT, key_id),
    [M_NAME] = MEMBER(TEXT, name),
    [M_OTHER_KEY_ID] = MEMBER(TEXT, other_key_id),
    [M_PREVIOUS_NAME] = MEMBER(TEXT, previous_name),
    [M_PROVIDER] = MEMBER(TEXT, provider),
    [M_REASON] = MEMBER(TEXT, reason),
    [M_REASON_TEXT] = MEMBER(TEXT, reason_text),
    [M_REPO_ID] = MEMBER(TEXT, repo_id),
    [M_REQUEST_ID] = MEMBER(TEXT, request_id),
    [M_ROLE] = MEMBER(TEXT, role),
    [M_SEALED_SHA256] = MEMBER(SHA256, sealed_sha256),
    [M_SEQUENCE] = MEMBER(NUMBER, sequence),
    [M_USER_AGENT] = MEMBER(TEXT, user_agent),
    [M_USER_ID] = MEMBER(TEXT, user_id),
};

/* The columns of CSV in the order in which one reads: when, what, who, on what, the rest. */
static const enum member_index columns[] = {
    M_SEQUENCE,       M_AT,         M_ACTION,        M_ACTOR_ID,
    M_REPO_ID,        M_KEY_ID,     M_NAME,          M_PREVIOUS_NAME,
    M_USER_ID,        M_ROLE,       M_PROVIDER,      M_EXPIRES_AT,
    M_OTHER_KEY_ID,   M_REASON,     M_REASON_TEXT,   M_REQUEST_ID,
    M_CLIENT_ADDRESS, M_USER_AGENT, M_SEALED_SHA256,
};
_Static_assert(COUNT(columns) == COUNT(members), "each member has a column");

/* What a number or a hash is written into. */
typedef char value_text[2 * SEALED_HASH_BYTES + 1];

/* As "%" PRId64 writes it, in a third of the time; at the end of `text`. */
static const char *decimal(int64_t number, value_text text)
{
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    char *digit = text + sizeof(value_text) - 1;

    *digit = '\0';
    do
        *--digit = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        *--digit = '-';
    return digit;
}

static const char *number_text(const keyward_event *event, enum member_index index, value_text text)
{
    int64_t number;

    memcpy(&number, (const char *)event + members[index].offset, sizeof number);
    if (index == M_EXPIRES_AT && number == 0)
        return NULL;
    return decimal(number, text);
}

/* The member's value as text, NULL when it does not apply. */
static const char *member_value(const keyward_event *event, enum member_index index,
                                value_text text)
{
    const char *value;

    switch (members[index].kind) {
    case NUMBER:
        return number_text(event, index, text);
    case ACTION:
        return keyward_action_text(event->action);
    case SHA256:
        if (!event->sealed_sha256)
            return NULL;
        return sodium_bin2hex(text, sizeof(value_text), event->sealed_sha256, SEALED_HASH_BYTES);
    default: /* TEXT */
        memcpy(&value, (const char *)event + members[index].offset, sizeof value);
        return value;
    }
}

/* ---- JSON ---- */

/* RFC 8785, section 3.2.2.2: only what must be escaped is, as ECMAScript does it. */
static void add_escaped(struct buffer *buffer, unsigned char c)
{
    static const char short_names[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    };
    char text[8];

    if (c == '"' || c == '\\')
        snprintf(text, sizeof text, "\\%c", c);
    else if (c < sizeof short_names && short_names[c])
        snprintf(text, sizeof text, "\\%c", short_names[c]);
    else
        snprintf(text, sizeof text, "\\u%04x", c);
    buffer_add_text(buffer, text);
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static void add_string(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, "\"", 1);
    while (*text != '\0') {
        size_t plain = 0;
        while (is_plain((unsigned char)text[plain]))
            plain++;
        buffer_add(buffer, text, plain);
        text += plain;
        if (*text != '\0')
            add_escaped(buffer, (unsigned char)*text++);
    }
    buffer_add(buffer, "\"", 1);
}

void event_add_json(struct buffer *buffer, const keyward_event *event)
{
    const char *before = "{";

    for (size_t i = 0; i < COUNT(members); i++) {
        value_text text;
        const char *value = member_value(event, (enum member_index)i, text);

        if (!value)
            continue;
        buffer_add(buffer, before, 1);
        buffer_add(buffer, members[i].json, members[i].json_length);
        if (members[i].kind == NUMBER)
            buffer_add_text(buffer, value);
        else
            add_string(buffer, value);
        before = ",";
    }
    buffer_add(buffer, "}", 1);
}

/* ---- CSV ---- */

/* Spaces at the ends are part of a field, but there are readers who drop them from a bare one. */
static bool needs_quotes(const char *text)
{
    size_t length = strlen(text);

    return text[strcspn(text, ",\"\r\n")] != '\0' ||
           (length > 0 && (text[0] == ' ' || text[length - 1] == ' '));
}

static void add_field(struct buffer *buffer, const char *text)
{
    if (!needs_quotes(text)) {
        buffer_add_text(buffer, text);
        return;
    }
    buffer_add(buffer, "\"", 1);
    for (const char *quote = strchr(text, '"'); quote; quote = strchr(text, '"')) {
        buffer_add(buffer, text, (size_t)(quote - text) + 1);
        buffer_add(buffer, "\"", 1);
        text = quote + 1;
    }
    buffer_add_text(buffer, text);
    buffer_add(buffer, "\"", 1);
}

static const char *separator(size_t column)
{
    return column + 1 < COUNT(columns) ? "," : "\r\n";
}

void event_add_csv(struct buffer *buffer, const keyward_event *event)
{
    for (size_t i = 0; i < COUNT(columns); i++) {
        value_text text;
        const char *value = member_value(event, columns[i], text);

        if (value)
            add_field(buffer, value);
        buffer_add_text(buffer, separator(i));
    }
}

void event_add_csv_header(struct buffer *buffer)
{
    for (size_t i = 0; i < COUNT(columns); i++) {
        buffer_add_text(buffer, members[columns[i]].name);
        buffer_add_text(buffer, separator(i));
    }
}
