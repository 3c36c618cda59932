/* SPDX-License-Identifier: MIT */
/* What a request must get past before its endpoint sees it. */
#include "request.h"
#include "server.h"

#include <stdio.h>
#include <string.h>

/* ---- path, method and head ---- */

/* RFC 9112: a server also takes the target with scheme and host in front. */
static const char *path_of_target(const char *target)
{
    if (strncasecmp(target, "http://", 7) != 0)
        return target;
    target = strchr(target + 7, '/');
    return target ? target : "/";
}

static bool answer_options(const struct request *request, struct answer *answer)
{
    if (strcmp(request->method, "OPTIONS") != 0)
        return false;
    answer->status = MHD_HTTP_NO_CONTENT;
    answer->allow = request->allow;
    return true;
}

static bool is_beyond_doubt(const struct request *request, struct answer *answer)
{
    if (!request->is_doubtful)
        return true;
    answer_failure(answer, MHD_HTTP_BAD_REQUEST, "The request can be read in more than one way");
    answer->closes = true;
    return false;
}

static bool find_endpoint(struct request *request, const char *target, struct answer *answer)
{
    const char *path = path_of_target(target);

    if (strcmp(path, "*") == 0 && strcmp(request->method, "OPTIONS") == 0) {
        snprintf(request->allow, sizeof request->allow, "GET, HEAD, POST, PUT, DELETE, OPTIONS");
        answer_options(request, answer);
        return false;
    }
    if (!path_parse(&request->path, path)) {
        answer_failure(answer, MHD_HTTP_BAD_REQUEST, "The path is not valid");
        return false;
    }
    request->endpoint =
        endpoint_find(&request->path, request->method, request->parameters, request->allow);
    if (request->allow[0] == '\0') {
        answer_failure(answer, MHD_HTTP_NOT_FOUND, "Not found");
    } else if (!request->endpoint && !answer_options(request, answer)) {
        answer_failure(answer, MHD_HTTP_METHOD_NOT_ALLOWED, "Method not allowed");
        answer->allow = request->allow;
    }
    return request->endpoint != NULL;
}

static bool has_fitting_head(struct request *request, struct answer *answer)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    if (request->hosts > 1 || (strcmp(request->version, "HTTP/1.1") == 0 && request->hosts == 0)) {
        answer_failure(answer, MHD_HTTP_BAD_REQUEST, "The request must have one Host header");
    } else if (request->target_length > TARGET_MAX) {
        answer_failure(answer, MHD_HTTP_URI_TOO_LONG, "The request target is too long");
    } else if (info && info->header_size > HEAD_MAX) {
        answer_failure(answer, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                       "The request head is too large");
    } else if (request->body_is_too_large) {
        answer_failure(answer, MHD_HTTP_CONTENT_TOO_LARGE, "The body is larger than %d bytes",
                       BODY_MAX);
    } else {
        return true;
    }
    return false;
}

static bool has_user(struct request *request, struct answer *answer)
{
    /* Of two it is anybody's guess which one a proxy in front has looked at. */
    const char *credentials =
        request->credentials == 1 ? request_header(request, "Authorization") : NULL;

    if (request->endpoint->is_open)
        return true;
    if (credentials && strncasecmp(credentials, "Bearer ", 7) == 0 &&
        tokens_find(&request->server->tokens, credentials + 7, &request->user)) {
        request->actor.user_id = request->user.id;
        return true;
    }
    metrics_refuse(&request->server->metrics, REFUSAL_UNAUTHENTICATED);
    answer_failure(answer, MHD_HTTP_UNAUTHORIZED, "Missing or invalid bearer token");
    answer->challenge = true;
    return false;
}

/* ---- the body ---- */

static bool is_json(const char *type)
{
    size_t length = strlen(TYPE_JSON);

    return type && strncasecmp(type, TYPE_JSON, length) == 0 &&
           strchr("; \t", type[length]); /* strchr also finds the NUL */
}

static bool has_json(struct request *request, struct answer *answer)
{
    json_error_t error;

    if (!request->endpoint->takes_json)
        return true;
    if (!is_json(request_header(request, "Content-Type"))) {
        answer_failure(answer, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                       "The content type must be " TYPE_JSON);
        return false;
    }
    request->json = json_loadb(request->body.bytes ? request->body.bytes : "", request->body.length,
                               JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(request->json))
        return true;
    if (request->json)
        answer_failure(answer, MHD_HTTP_BAD_REQUEST, "The body must be a JSON object");
    else /* never jansson's own text, which quotes the body */
        answer_failure(answer, MHD_HTTP_BAD_REQUEST,
                       "The body is not valid JSON (line %d, column %d)", error.line, error.column);
    return false;
}

void request_answer(struct request *request, const char *target, struct answer *answer)
{
    if (is_beyond_doubt(request, answer) && find_endpoint(request, target, answer) &&
        has_fitting_head(request, answer) && has_user(request, answer) && has_json(request, answer))
        request->endpoint->run(request, answer);
}
