/* SPDX-License-Identifier: MIT */
#include "request.h"
#include "connections.h"
#include "moment.h"
#include "server.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- beginning and end ---- */

struct request *request_new(struct server *server, const char *target,
                            struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *place =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct request *request = memory_allocate(sizeof *request);

    if (!request || !place || !place->socket_context) {
        memory_release(request);
        return NULL;
    }
    request->server = server;
    request->connection = connection;
    request->place = place->socket_context;
    request->target_length = strlen(target);
    request->began = clock_us();
    connections_enter(&server->connections, request->place, PHASE_HEAD);
    return request;
}

void request_free(struct request *request)
{
    if (!request)
        return;
    connections_enter(&request->server->connections, request->place, PHASE_IDLE);
    json_decref(request->json);
    text_release(&request->body);
    path_release(&request->path);
    memory_release(request);
}

/* ---- the head ---- */

static const char *header(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct header_count {
    const char *name;
    unsigned count;
};

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    struct header_count *wanted = context;

    (void)kind;
    (void)value;
    wanted->count += strcasecmp(name, wanted->name) == 0;
    return MHD_YES;
}

static unsigned count_headers(const struct request *request, const char *name)
{
    struct header_count wanted = {.name = name};

    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_header, &wanted);
    return wanted.count;
}

static bool is_visible(const char *text)
{
    for (; *text; text++)
        if (*text < '!' || *text > '~')
            return false;
    return true;
}

/* The client's own, if it can stand in a header and a log, else one made for it. */
static void choose_request_id(struct request *request)
{
    const char *given = header(request, "X-Request-Id");
    unsigned char random[8];

    if (given && given[0] != '\0' && strlen(given) < sizeof request->request_id &&
        is_visible(given)) {
        memcpy(request->request_id, given, strlen(given) + 1);
    } else {
        randombytes_buf(random, sizeof random);
        sodium_bin2hex(request->request_id, sizeof request->request_id, random, sizeof random);
    }
}

static void read_client_address(struct request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;

    if (address && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr,
                  request->client_address, sizeof request->client_address);
    else if (address && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
                  request->client_address, sizeof request->client_address);
}

/* Into the audit events; a user agent that they cannot hold is left out. */
static void describe_client(struct request *request)
{
    const char *agent = header(request, "User-Agent");

    choose_request_id(request);
    read_client_address(request);
    request->actor = (keyward_actor){.request_id = request->request_id,
                                     .client_address = request->client_address};
    if (agent && strlen(agent) <= KEYWARD_LONG_TEXT_MAX && text_is_utf8(agent))
        request->actor.user_agent = agent;
}

static bool waits_for_continue(const struct request *request)
{
    const char *expected = header(request, "Expect");

    return expected && strcasecmp(expected, "100-continue") == 0;
}

/* Where such a request ends and the next begins is a matter of opinion: requests are smuggled so.
 */
static bool has_doubtful_end(const struct request *request)
{
    unsigned lengths = count_headers(request, "Content-Length");

    return lengths > 1 || (lengths > 0 && header(request, "Transfer-Encoding"));
}

bool request_take_head(struct request *request, const char *method, const char *version)
{
    const char *length = header(request, "Content-Length");
    unsigned long long announced = length ? strtoull(length, NULL, 10) : 0;

    connections_enter(&request->server->connections, request->place, PHASE_RECEIVING);
    request->has_head = true;
    request->method = method;
    request->version = version;
    describe_client(request);
    request->body_is_too_large = announced > BODY_MAX;
    request->has_doubtful_end = has_doubtful_end(request);
    return !request->has_doubtful_end &&
           !(request->body_is_too_large &&
             (announced > SWALLOWED_MAX || waits_for_continue(request)));
}

bool request_take_body(struct request *request, const char *bytes, size_t length)
{
    request->body_length += length;
    if (request->body_length > BODY_MAX) {
        request->body_is_too_large = true;
        text_release(&request->body);
    } else {
        text_add(&request->body, bytes, length);
    }
    return request->body_length <= SWALLOWED_MAX;
}

/* ---- is it one for us? ---- */

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

static bool has_one_end(const struct request *request, struct answer *answer)
{
    if (!request->has_doubtful_end)
        return true;
    answer_failure(answer, MHD_HTTP_BAD_REQUEST,
                   "The request must have one Content-Length or one Transfer-Encoding");
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

    if (count_headers(request, "Host") > 1 ||
        (strcmp(request->version, "HTTP/1.1") == 0 && !header(request, "Host"))) {
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
        count_headers(request, "Authorization") == 1 ? header(request, "Authorization") : NULL;

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
    if (!is_json(header(request, "Content-Type"))) {
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
    if (has_one_end(request, answer) && find_endpoint(request, target, answer) &&
        has_fitting_head(request, answer) && has_user(request, answer) && has_json(request, answer))
        request->endpoint->run(request, answer);
}

/* ---- for the endpoints ---- */

static bool is_id(const char *id, struct answer *answer, const char *name)
{
    if (strlen(id) <= KEYWARD_ID_MAX)
        return true;
    answer_failure(answer, MHD_HTTP_BAD_REQUEST, "\"%s\" must be 1 to %d bytes", name,
                   KEYWARD_ID_MAX);
    return false;
}

bool request_take_ids(struct request *request, struct answer *answer)
{
    return is_id(request->parameters[0], answer, "repoId") &&
           (!request->parameters[1] || is_id(request->parameters[1], answer, "apikeyId"));
}

bool request_take_text(struct request *request, struct answer *answer, const char *member,
                       size_t least, size_t most, bool is_optional, const char **text)
{
    const json_t *value = json_object_get(request->json, member);
    size_t length = json_string_length(value);

    *text = NULL;
    if (is_optional && (!value || json_is_null(value)))
        return true;
    if (!json_is_string(value) || length < least || length > most) {
        answer_failure(answer, MHD_HTTP_BAD_REQUEST, "\"%s\" must be a string of %zu to %zu bytes",
                       member, least, most);
        return false;
    }
    *text = json_string_value(value);
    return true;
}

static void refuse_in_use(struct answer *answer, int64_t last_used_at)
{
    char moment[MOMENT_SIZE];

    answer_json(answer, json_pack("{s:b, s:s, s:s}", "success", 0, "message",
                                  "AI API key was used too recently", "lastUsedAt",
                                  moment_format(last_used_at, moment)));
    if (answer->status == MHD_HTTP_OK)
        answer->status = MHD_HTTP_CONFLICT;
}

static void fail(struct request *request, struct answer *answer, enum keyward_status status,
                 const keyward_error *error)
{
    snprintf(request->problem, sizeof request->problem, "%s", error->message);
    request->sqlite_code = error->sqlite_code;
    answer->retry = status == KEYWARD_BUSY || status == KEYWARD_FULL;
    if (answer->retry)
        answer_failure(answer, MHD_HTTP_SERVICE_UNAVAILABLE, "The store is %s",
                       status == KEYWARD_BUSY ? "busy" : "full");
    else
        answer_failure(answer, MHD_HTTP_INTERNAL_SERVER_ERROR, "Failed to %s",
                       request->endpoint->what);
}

void request_refuse(struct request *request, struct answer *answer, enum keyward_status status)
{
    const keyward_error *error = keyward_last_error(request->server->store);

    switch ((int)status) {
    case KEYWARD_INVALID:
        answer_failure(answer, MHD_HTTP_BAD_REQUEST, "%s", error->message);
        break;
    case KEYWARD_FORBIDDEN:
        metrics_refuse(&request->server->metrics, REFUSAL_FORBIDDEN);
        answer_failure(answer, MHD_HTTP_FORBIDDEN, "Insufficient permissions");
        break;
    case KEYWARD_NOT_FOUND:
        answer_failure(answer, MHD_HTTP_NOT_FOUND, "AI API key not found");
        break;
    case KEYWARD_ALREADY_DELETED:
        answer_failure(answer, MHD_HTTP_NOT_FOUND, "AI API key already deleted");
        break;
    case KEYWARD_IN_USE:
        refuse_in_use(answer, error->last_used_at);
        break;
    case KEYWARD_NAME_TAKEN:
        answer_failure(answer, MHD_HTTP_CONFLICT,
                       "Another AI API key of this repository has this name");
        break;
    default:
        fail(request, answer, status, error);
    }
}
