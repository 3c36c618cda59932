/* SPDX-License-Identifier: MIT */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <stddef.h>

#define HTTP_SIZE 4096 /* of a request or an answer at most */

/* A keep-alive connection to a server on this machine, for one thread: as little as measures the
 * server and not its client. What fails ends the run. */
struct http {
    int socket;
    char answer[HTTP_SIZE]; /* head and body of the last one */
};

struct http *http_open(unsigned port);
void http_close(struct http *http);

/* Sends a request and reads the whole of its answer, by its Content-Length; returns the status. */
unsigned http_exchange(struct http *http, const char *request, size_t length);

#endif
