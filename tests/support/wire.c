/* SPDX-License-Identifier: MIT */
#include "support/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

int wire_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

struct wire wire_open(const struct server *server)
{
    struct wire wire = {.fd = wire_connect(server_port(server))};

    ck_assert_int_ge(wire.fd, 0);
    return wire;
}

void wire_close(struct wire *wire)
{
    if (wire->fd >= 0)
        close(wire->fd);
    free(wire->bytes);
    *wire = (struct wire){.fd = -1};
}

/* ---- sending ---- */

bool wire_try_send(struct wire *wire, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(wire->fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

void wire_send(struct wire *wire, const char *bytes, size_t length)
{
    ck_assert_msg(wire_try_send(wire, bytes, length), "send: %s", strerror(errno));
}

void wire_print(struct wire *wire, const char *format, ...)
{
    char bytes[32768];
    va_list values;
    int length;

    va_start(values, format);
    length = vsnprintf(bytes, sizeof bytes, format, values);
    va_end(values);
    ck_assert_int_lt(length, (int)sizeof bytes);
    wire_send(wire, bytes, (size_t)length);
}

const char *head_of(const char *method, const char *target, const char *as)
{
    return text("%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " TEST_AGENT "\r\n%s%s%s", method,
                target, as ? "Authorization: Bearer " : "", as ? token_of(as) : "",
                as ? "\r\n" : "");
}

/* ---- receiving ---- */

/* false: the connection has ended, or was reset. */
static bool receive(struct wire *wire)
{
    ssize_t got;

    if (wire->room - wire->length < 4096) {
        char *larger = realloc(wire->bytes, 2 * wire->room + 8192);
        if (!larger)
            return false;
        wire->bytes = larger;
        wire->room = 2 * wire->room + 8192;
    }
    got = recv(wire->fd, wire->bytes + wire->length, wire->room - wire->length - 1, 0);
    if (got <= 0)
        return false;
    wire->length += (size_t)got;
    wire->bytes[wire->length] = '\0';
    return true;
}

/* So many bytes of what has come, as text; NULL when there are not so many. */
static char *take(struct wire *wire, size_t length)
{
    char *taken;

    while (wire->length < length) {
        if (!receive(wire))
            return NULL;
    }
    taken = calloc(1, length + 1);
    if (!taken)
        return NULL;
    if (length > 0)
        memcpy(taken, wire->bytes, length);
    wire->length -= length;
    if (wire->length > 0)
        memmove(wire->bytes, wire->bytes + length, wire->length);
    if (wire->bytes)
        wire->bytes[wire->length] = '\0';
    return taken;
}

static char *take_head(struct wire *wire)
{
    const char *end;

    while (!wire->bytes || !(end = strstr(wire->bytes, "\r\n\r\n"))) {
        if (!receive(wire))
            return NULL;
    }
    return take(wire, (size_t)(end - wire->bytes) + 4);
}

static size_t body_length(const char *head, int status)
{
    const char *value = strcasestr(head, "\r\nContent-Length:");

    if (status < 200 || status == 204 || !value)
        return 0;
    return strtoul(value + strlen("\r\nContent-Length:"), NULL, 10);
}

/* The status is 0 when the connection ended before the answer. */
static struct answer receive_answer(struct wire *wire, bool has_body)
{
    struct answer answer = {.head = take_head(wire)};

    if (!answer.head)
        return answer;
    answer.status = atoi(answer.head + strlen("HTTP/1.1 "));
    answer.length = has_body ? body_length(answer.head, answer.status) : 0;
    answer.body = take(wire, answer.length);
    if (!answer.body)
        answer.status = 0;
    return answer;
}

int wire_try_body(struct wire *wire, char **body)
{
    struct answer answer = receive_answer(wire, true);

    free(answer.head);
    *body = answer.body;
    return answer.status;
}

int wire_try_status(struct wire *wire)
{
    char *body;
    int status = wire_try_body(wire, &body);

    free(body);
    return status;
}

static struct answer must_receive(struct wire *wire, bool has_body)
{
    struct answer answer = receive_answer(wire, has_body);

    ck_assert_msg(answer.status != 0, "no answer; what came is '%s'",
                  answer.head ? answer.head : (wire->length > 0 ? wire->bytes : ""));
    answer.json = json_loadb(answer.body, answer.length, JSON_REJECT_DUPLICATES, NULL);
    return answer;
}

struct answer wire_answer(struct wire *wire)
{
    return must_receive(wire, true);
}

struct answer wire_head_answer(struct wire *wire)
{
    return must_receive(wire, false);
}

/* ---- the end of a connection ---- */

void wire_drain(struct wire *wire)
{
    while (receive(wire))
        wire->length = 0;
    wire->length = 0;
}

void assert_closed(struct wire *wire)
{
    if (wire->length == 0 && receive(wire))
        ck_abort_msg("not closed, but '%s'", wire->bytes);
    ck_assert_uint_eq(wire->length, 0);
}

void wire_dribble(struct wire *wire, const char *bytes)
{
    struct pollfd news = {.fd = wire->fd, .events = POLLIN | POLLRDHUP};

    for (; *bytes; bytes++) {
        if (!wire_try_send(wire, bytes, 1))
            return;
        ck_assert_int_ge(poll(&news, 1, 100), 0);
        if (news.revents)
            break;
    }
    wire_drain(wire);
}
