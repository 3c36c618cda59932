/* SPDX-License-Identifier: MIT */
#include "http.h"

#include "fail.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct http *http_open(unsigned port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((in_port_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct http *http = must_allocate(1, sizeof *http);
    const int yes = 1;

    http->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (http->socket < 0 ||
        connect(http->socket, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(http->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0)
        die("HTTP: no connection to port %u: %s", port, strerror(errno));
    return http;
}

void http_close(struct http *http)
{
    close(http->socket);
    free(http);
}

static void send_all(struct http *http, const char *request, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(http->socket, request, length, MSG_NOSIGNAL);
        if (sent < 0)
            die("HTTP: a request cannot be sent: %s", strerror(errno));
        request += sent;
        length -= (size_t)sent;
    }
}

/* One line of the head at a time, so that what stands in a body is never taken for a header. */
static size_t body_length(const char *head)
{
    static const char name[] = "Content-Length:";

    for (const char *line = head; line; line = strstr(line, "\r\n")) {
        line += line == head ? 0 : 2;
        if (strncmp(line, "\r\n", 2) == 0)
            break;
        if (strncasecmp(line, name, strlen(name)) == 0)
            return strtoul(line + strlen(name), NULL, 10);
    }
    die("HTTP: an answer without its length: %s", head);
}

/* How long the answer is; 0: its head is not there yet. */
static size_t answer_length(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");

    return end ? (size_t)(end - answer) + 4 + body_length(answer) : 0;
}

static void receive(struct http *http)
{
    size_t length = 0, whole = 0;

    while (whole == 0 || length < whole) {
        ssize_t got =
            recv(http->socket, http->answer + length, sizeof http->answer - 1 - length, 0);
        if (got <= 0)
            die("HTTP: the server cuts an answer off: %s", got < 0 ? strerror(errno) : "closed");
        length += (size_t)got;
        http->answer[length] = '\0';
        if (whole == 0)
            whole = answer_length(http->answer);
        if (length == sizeof http->answer - 1 || (whole > 0 && length > whole))
            die("HTTP: an answer is longer than it may be: %s", http->answer);
    }
}

unsigned http_exchange(struct http *http, const char *request, size_t length)
{
    unsigned status;

    send_all(http, request, length);
    receive(http);
    if (sscanf(http->answer, "HTTP/1.1 %3u ", &status) != 1)
        die("HTTP: no answer: %s", http->answer);
    return status;
}
