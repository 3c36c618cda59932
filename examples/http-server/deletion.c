/* SPDX-License-Identifier: MIT */
/* Deleting a key, with what the query says of it. */
#include "handlers.h"
#include "moment.h"
#include "request.h"
#include "server.h"

#include <stdio.h>
#include <string.h>

/* The query of a deletion. */
struct guard {
    keyward_deletion deletion;
    char reason[16], reason_text[KEYWARD_LONG_TEXT_MAX + 1], unless_used_within[16];
    unsigned given; /* a bit for each */
    bool is_wrong;
    char problem[128];
};

static bool copy_value(const char *value, char *copy, size_t size)
{
    if (!value || strlen(value) >= TARGET_MAX)
        return false;
    if (strlen(value) < size * 3) { /* all of it escaped */
        char text[(KEYWARD_LONG_TEXT_MAX + 1) * 3];
        memcpy(text, value, strlen(value) + 1);
        if (percent_decode(text) && strlen(text) < size) {
            memcpy(copy, text, strlen(text) + 1);
            return copy[0] != '\0';
        }
    }
    return false;
}

/* A mistyped guard must not delete: what is not known is refused, and so is what is said twice. */
static enum MHD_Result take_parameter(void *context, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    struct guard *guard = context;
    const struct {
        const char *name;
        char *copy;
        size_t size;
    } known[] = {
        {"reason", guard->reason, sizeof guard->reason},
        {"reasonText", guard->reason_text, sizeof guard->reason_text},
        {"unlessUsedWithin", guard->unless_used_within, sizeof guard->unless_used_within},
    };

    (void)kind;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        if (guard->given & 1U << i)
            snprintf(guard->problem, sizeof guard->problem, "\"%s\" is given twice", known[i].name);
        else if (!copy_value(value, known[i].copy, known[i].size))
            snprintf(guard->problem, sizeof guard->problem, "\"%s\" is not valid", known[i].name);
        guard->given |= 1U << i;
        return guard->problem[0] == '\0' ? MHD_YES : MHD_NO;
    }
    snprintf(guard->problem, sizeof guard->problem,
             "The query may have reason, reasonText and unlessUsedWithin only");
    return MHD_NO;
}

static void read_guard(struct guard *guard)
{
    int reason = KEYWARD_REASON_UNUSED;

    if (guard->reason[0] != '\0') {
        while (reason <= KEYWARD_REASON_OTHER &&
               strcmp(guard->reason, keyward_reason_text((enum keyward_reason)reason)) != 0)
            reason++;
        guard->deletion.reason = (enum keyward_reason)reason;
    }
    if (guard->reason_text[0] != '\0')
        guard->deletion.reason_text = guard->reason_text;
    if (reason > KEYWARD_REASON_OTHER)
        snprintf(guard->problem, sizeof guard->problem,
                 "\"reason\" must be one of unused, rotated, compromised, offboarding, other");
    else if (guard->deletion.reason == KEYWARD_REASON_OTHER && !guard->deletion.reason_text)
        snprintf(guard->problem, sizeof guard->problem, "The reason other needs \"reasonText\"");
    else if (guard->unless_used_within[0] != '\0' &&
             !duration_parse(guard->unless_used_within, &guard->deletion.unless_used_within))
        snprintf(guard->problem, sizeof guard->problem,
                 "\"unlessUsedWithin\" must be a number and one of s, m, h, d, w, as in 7d");
}

void handle_delete_key(struct request *request, struct answer *answer)
{
    struct guard guard = {.given = 0};
    enum keyward_status status;

    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_parameter, &guard);
    if (guard.problem[0] == '\0')
        read_guard(&guard);
    if (guard.problem[0] != '\0') {
        answer_failure(answer, MHD_HTTP_BAD_REQUEST, "%s", guard.problem);
        return;
    }
    if (!request_take_ids(request, answer))
        return;
    status = keyward_delete_key(request->server->store, &request->actor, request->parameters[0],
                                request->parameters[1], &guard.deletion);
    server_note_write(request->server, status);
    if (status == KEYWARD_OK) {
        metrics_delete(&request->server->metrics);
        answer_done(answer, "AI API key deleted successfully");
    } else {
        request_refuse(request, answer, status);
    }
}
