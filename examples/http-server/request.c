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
    request->target = target;
    request->target_length = strlen(target);
    request->began = clock_us();
    request_free(request->place->request);
    request->place->request = request;
    connections_enter(&server->connections, request->place, PHASE_HEAD);
    return request;
}

void request_free(struct request *request)
{
    if (!request)
        return;
    request->place->request = NULL;
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

/* What matters of a head is looked at once, and twice is too often for some of it. */
static enum MHD_Result look_at_header(void *context, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    struct request *request = context;

    (void)kind;
    (void)value;
    request->content_lengths += strcasecmp(name, "Content-Length") == 0;
    request->transfer_encodings += strcasecmp(name, "Transfer-Encoding") == 0;
    request->hosts += strcasecmp(name, "Host") == 0;
    request->credentials += strcasecmp(name, "Authorization") == 0;
    request->is_doubtful = request->is_doubtful || strpbrk(name, " \t");
    return MHD_YES;
}

/* Where it ends and the next begins, or what its first line says, is a matter of opinion: requests
 * are smuggled so past a proxy in front. Behind the target stands the version, unless a NUL has
 * ended the target too early. */
static void look_at_head(struct request *request)
{
    const char *behind = request->target + request->target_length + 1;

    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, look_at_header, request);
    request->is_doubtful = request->is_doubtful || request->transfer_encodings > 1 ||
                           request->content_lengths > 1 ||
                           (request->content_lengths > 0 && request->transfer_encodings > 0) ||
                           (request->version > behind && request->version - behind < HEAD_MAX);
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
    if (agent && strlen(agent) <= KEYWARD_LONG_TEXT_MAX && is_utf8(agent))
        request->actor.user_agent = agent;
}

static bool waits_for_continue(const struct request *request)
{
    const char *expected = request_header(request, "Expect");

    return expected && strcasecmp(expected, "100-continue") == 0;
}

bool request_take_head(struct request *request, const char *method, const char *version)
{
    const char *length = request_header(request, "Content-Length");
    unsigned long long announced = length ? strtoull(length, NULL, 10) : 0;

    connections_enter(&request->server->connections, request->place, PHASE_RECEIVING);
    request->has_head = true;
    request->method = method;
    request->version = version;
    look_at_head(request);
    describe_client(request);
    request->body_is_too_large = announced > BODY_MAX;
    return !request->is_doubtful && !(request->body_is_too_large &&
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
