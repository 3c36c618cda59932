/* SPDX-License-Identifier: MIT */
#include "server.h"
#include "log.h"
#include "moment.h"
#include "request.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CONNECTION_MEMORY 65536 /* bytes for the head of a request and of its answer */
#define SPARE 64 /* connections that have ended, and that libmicrohttpd still counts */

void server_note_write(struct server *server, enum keyward_status status)
{
    bool is_the_disk = status == KEYWARD_FULL || status == KEYWARD_IO ||
                       status == KEYWARD_CORRUPT || status == KEYWARD_READ_ONLY;

    if (is_the_disk)
        atomic_store(&server->write_failed, clock_us());
    else if (status == KEYWARD_OK && atomic_load(&server->write_failed) != 0)
        atomic_store(&server->write_failed, 0);
}

/* ---- what libmicrohttpd calls ---- */

/* Its own would turn an escaped slash into one that separates; see path.c. */
static size_t leave_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static void note_connection(void *context, struct MHD_Connection *connection, void **place,
                            enum MHD_ConnectionNotificationCode what)
{
    struct server *server = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *place = info ? connections_add(&server->connections, info->connect_fd) : NULL;
        if (!*place)
            connections_give_place_back(&server->connections);
    } else if (*place) {
        struct connection *ending = *place;
        request_free(ending->request); /* one that libmicrohttpd could not read to the end */
        connections_remove(&server->connections, ending);
    }
}

/* The first line of a request is there. */
static void *begin_request(void *context, const char *target, struct MHD_Connection *connection)
{
    return request_new(context, target, connection);
}

static void end_request(void *context, struct MHD_Connection *connection, void **request,
                        enum MHD_RequestTerminationCode why)
{
    (void)context;
    (void)connection;
    (void)why;
    request_free(*request);
    *request = NULL;
}

static void log_request(const struct request *request, unsigned status, int64_t duration_us)
{
    char now[MOMENT_SIZE];
    json_t *line;

    if (!request->server->logs_access && status < MHD_HTTP_INTERNAL_SERVER_ERROR)
        return;
    line = json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:f, s:s*, s:s, s:s*}", "at", moment_format(moment_now(), now),
        "client", request->client_address, "method", request->method, "route",
        request->endpoint ? request->endpoint->path : "other", "status", (int)status, "ms",
        (double)duration_us / 1000, "user", request->user.id[0] != '\0' ? request->user.id : NULL,
        "requestId", request->request_id, "problem",
        request->problem[0] != '\0' ? request->problem : NULL);
    if (line && request->sqlite_code != 0)
        json_object_set_new(line, "sqliteCode", json_integer(request->sqlite_code));
    log_object(line);
}

static enum MHD_Result answer_request(struct request *request, const char *target)
{
    struct connections *connections = &request->server->connections;
    struct answer answer = {0};
    int64_t duration;

    connections_enter(connections, request->place, PHASE_WORKING);
    request_answer(request, target, &answer);
    answer.closes = answer.closes || connections_are_draining(connections);
    duration = clock_us() - request->began;
    metrics_note(&request->server->metrics, request->endpoint, answer.status, duration);
    log_request(request, answer.status, duration);
    connections_enter(connections, request->place, PHASE_ANSWERING);
    return answer_send(&answer, request->connection, request->request_id);
}

/* Once for the head, once for each piece of the body, and once more. */
static enum MHD_Result take(void *context, struct MHD_Connection *connection, const char *target,
                            const char *method, const char *version, const char *piece,
                            size_t *length, void **place)
{
    struct request *request = *place;
    bool goes_on;

    (void)context;
    (void)connection;
    if (!request)
        return MHD_NO; /* no memory */
    if (!request->has_head) {
        goes_on = request_take_head(request, method, version);
        return goes_on ? MHD_YES : answer_request(request, target);
    }
    if (*length > 0) {
        goes_on = request_take_body(request, piece, *length);
        *length = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    return answer_request(request, target);
}

/* One thread a connection: a call that waits for the disk keeps nobody else waiting, and deletions
 * that wait at the same time share a commit. Its own limit is never met: it hangs up on who comes
 * then, and listener.c lets him wait. */
static struct MHD_Daemon *start_daemon(struct server *server, const struct options *options)
{
    return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                                MHD_USE_POLL | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET,
                            0, NULL, NULL, take, server, MHD_OPTION_CONNECTION_LIMIT,
                            options->connections + SPARE, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)CONNECTION_MEMORY, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes,
                            NULL, MHD_OPTION_URI_LOG_CALLBACK, begin_request, server,
                            MHD_OPTION_NOTIFY_COMPLETED, end_request, server,
                            MHD_OPTION_NOTIFY_CONNECTION, note_connection, server, MHD_OPTION_END);
}

static bool listen_for_requests(struct server *server, const struct options *options)
{
    if (!listener_open(&server->listener, options->address, options->port))
        return false;
    server->daemon = start_daemon(server, options);
    if (server->daemon && listener_start(&server->listener, &server->connections, server->daemon))
        return true;
    log_line("the HTTP server does not start: %s", strerror(errno));
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    listener_close(&server->listener);
    return false;
}

/* ---- beginning and end ---- */

static bool open_store(struct server *server, const struct options *options)
{
    keyward_options store_options = KEYWARD_OPTIONS_INIT;

    if (access(options->store, F_OK) != 0) { /* a mistyped name must not become a new store */
        log_line("%s: %s", options->store, strerror(errno));
        return false;
    }
    store_options.master_key_file = options->master_key;
    store_options.busy_timeout_ms = options->busy_timeout;
    if (keyward_open(&server->store, options->store, &store_options) == KEYWARD_OK)
        return true;
    log_line("%s: %s", options->store, keyward_last_error(NULL)->message);
    return false;
}

bool server_start(struct server *server, const struct options *options)
{
    char problem[TOKEN_PROBLEM];

    *server = (struct server){.logs_access = options->access_log};
    if (!tokens_open(&server->tokens, options->tokens, problem)) {
        log_line("%s", problem);
        return false;
    }
    pthread_mutex_init(&server->history, NULL);
    if (open_store(server, options) &&
        connections_start(&server->connections, options->connections, options->idle_timeout,
                          options->request_timeout)) {
        if (listen_for_requests(server, options))
            return true;
        connections_stop(&server->connections);
    }
    keyward_close(&server->store);
    pthread_mutex_destroy(&server->history);
    tokens_close(&server->tokens);
    return false;
}

void server_stop(struct server *server)
{
    connections_drain(&server->connections);
    listener_stop(&server->listener);
    connections_wait_for_end(&server->connections);
    MHD_stop_daemon(server->daemon);
    connections_stop(&server->connections);
    keyward_close(&server->store);
    pthread_mutex_destroy(&server->history);
    tokens_close(&server->tokens);
}
