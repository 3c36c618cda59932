/* SPDX-License-Identifier: MIT */
/* A connection to the HTTP server byte by byte, for what no well-behaved client sends. */
#ifndef KEYWARD_TESTS_WIRE_H
#define KEYWARD_TESTS_WIRE_H

#include "support/server.h"

struct wire {
    int fd;
    char *bytes; /* what has come and was not taken yet */
    size_t length, room;
};

struct wire wire_open(const struct server *server);
void wire_close(struct wire *wire);

/* "METHOD TARGET HTTP/1.1" with Host, the user's bearer (NULL: none) and User-Agent, without the
 * empty line that ends it. */
const char *head_of(const char *method, const char *target, const char *as);

void wire_send(struct wire *wire, const char *bytes, size_t length);
__attribute__((format(printf, 2, 3))) void wire_print(struct wire *wire, const char *format, ...);

/* The next answer, also "100 Continue". That to a HEAD request has no body. */
struct answer wire_answer(struct wire *wire);
struct answer wire_head_answer(struct wire *wire);

/* Waits until the server has closed the connection, with no further byte. */
void assert_closed(struct wire *wire);

/* Waits until the server has closed the connection, whatever it says before. */
void wire_drain(struct wire *wire);

/* Sends one byte after the other until the server has closed the connection: with a pause, so that
 * no limit of size is met before. */
void wire_dribble(struct wire *wire, const char *bytes);

/* ---- for workers, who do not assert ---- */

/* -1: the port does not take it. */
int wire_connect(int port);
bool wire_try_send(struct wire *wire, const char *bytes, size_t length);

/* The status of the next answer, which is dropped; 0 when the connection ended before it. */
int wire_try_status(struct wire *wire);

/* The same with its body, malloc'd; NULL where there is none. */
int wire_try_body(struct wire *wire, char **body);

#endif
