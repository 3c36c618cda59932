/* SPDX-License-Identifier: MIT */
#include "answer.h"
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Said where there is no memory to say more. */
static const char no_memory[] = "{\"success\":false,\"message\":\"Out of memory\"}";

static void answer_no_memory(struct answer *answer)
{
    answer_release(answer);
    answer->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    answer->type = TYPE_JSON;
    answer->file = (const unsigned char *)no_memory;
    answer->file_length = strlen(no_memory);
}

void answer_text(struct answer *answer, const char *type, struct text *text)
{
    if (text->failed) {
        text_release(text);
        answer_no_memory(answer);
        return;
    }
    answer->status = MHD_HTTP_OK;
    answer->type = type;
    answer->body = *text;
    *text = (struct text){0};
}

static void answer_object(struct answer *answer, unsigned status, json_t *object)
{
    char *dumped = object ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    if (!dumped) {
        answer_no_memory(answer);
        return;
    }
    answer->status = status;
    answer->type = TYPE_JSON;
    answer->body = (struct text){.bytes = dumped, .length = strlen(dumped)};
}

void answer_json(struct answer *answer, json_t *object)
{
    answer_object(answer, MHD_HTTP_OK, object);
}

/* With each deletion: text without escapes needs no JSON library, which would be a twentieth of its
 * work. */
void answer_done(struct answer *answer, const char *message)
{
    struct text text = {0};

    text_format(&text, "{\"success\":true,\"message\":\"%s\"}", message);
    answer_text(answer, TYPE_JSON, &text);
}

void answer_failure(struct answer *answer, unsigned status, const char *format, ...)
{
    char message[512];
    va_list values;

    va_start(values, format);
    vsnprintf(message, sizeof message, format, values);
    va_end(values);
    answer_object(answer, status, json_pack("{s:b, s:s}", "success", 0, "message", message));
}

void answer_release(struct answer *answer)
{
    text_release(&answer->body);
    answer->file = NULL;
    answer->file_length = 0;
}

/* ---- to the client ---- */

static struct MHD_Response *make_response(struct answer *answer)
{
    struct MHD_Response *response;

    if (!answer->body.bytes)
        return MHD_create_response_from_buffer(
            answer->file_length,
            (void *)(uintptr_t)(answer->file ? answer->file : (const void *)""),
            MHD_RESPMEM_PERSISTENT);
    response = MHD_create_response_from_buffer_with_free_callback(
        answer->body.length, answer->body.bytes, memory_release);
    if (response)
        answer->body = (struct text){0};
    return response;
}

static bool add_headers(struct MHD_Response *response, const struct answer *answer,
                        const char *request_id)
{
    const char *const headers[][2] = {
        {"Content-Type", answer->type},
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Request-Id", request_id},
        {"Allow", answer->allow},
        {"WWW-Authenticate", answer->challenge ? "Bearer realm=\"keyward\"" : NULL},
        {"Retry-After", answer->retry ? "1" : NULL},
        {"Content-Security-Policy", answer->policy},
        {"Referrer-Policy", answer->policy ? "no-referrer" : NULL},
        {"Connection", answer->closes ? "close" : NULL},
    };

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        if (headers[i][1] &&
            MHD_add_response_header(response, headers[i][0], headers[i][1]) != MHD_YES)
            return false;
    return true;
}

enum MHD_Result answer_send(struct answer *answer, struct MHD_Connection *connection,
                            const char *request_id)
{
    struct MHD_Response *response = make_response(answer);
    enum MHD_Result queued = MHD_NO;

    if (response && add_headers(response, answer, request_id))
        queued = MHD_queue_response(connection, answer->status, response);
    if (response)
        MHD_destroy_response(response);
    answer_release(answer);
    return queued;
}
