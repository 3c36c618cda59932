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

const char *request_header(const struct request *request, const char *name)
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

unsigned request_count_headers(const struct request *request, const char *name)
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
    const char *given = request_header(request, "X-Request-Id");
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
    const char *agent = request_header(request, "User-Agent");

    choose_request_id(request);
    read_client_address(request);
    request->actor = (keyward_actor){.request_id = request->request_id,
                                     .client_address = request->client_address};
    if (agent && strlen(agent) <= KEYWARD_LONG_TEXT_MAX && text_is_utf8(agent))
        request->actor.user_agent = agent;
}

static bool waits_for_continue(const struct request *request)
{
    const char *expected = request_header(request, "Expect");

    return expected && strcasecmp(expected, "100-continue") == 0;
}

/* Where such a request ends and the next begins is a matter of opinion: requests are smuggled so.
 */
static bool has_doubtful_end(const struct request *request)
{
    unsigned lengths = request_count_headers(request, "Content-Length");

    return lengths > 1 || (lengths > 0 && request_header(request, "Transfer-Encoding"));
}

bool request_take_head(struct request *request, const char *method, const char *version)
{
    const char *length = request_header(request, "Content-Length");
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
