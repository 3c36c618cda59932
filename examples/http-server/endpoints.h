/* SPDX-License-Identifier: MIT */
/* Which request is answered by which function. */
#ifndef HTTP_SERVER_ENDPOINTS_H
#define HTTP_SERVER_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>

struct request;
struct answer;
struct path;

#define ENDPOINTS_MAX 13
#define ALLOW_SIZE 64 /* bytes for an Allow header */

struct endpoint {
    const char *path;   /* a pattern */
    const char *method; /* HEAD comes with GET */
    void (*run)(struct request *request, struct answer *answer);
    bool is_open;     /* needs no bearer token */
    bool takes_json;  /* its body is a JSON object */
    const char *what; /* in "Failed to ..." */
};

extern const struct endpoint endpoints[ENDPOINTS_MAX];

size_t endpoint_number(const struct endpoint *endpoint);

/* The endpoint of this path and method, or NULL. `allow` becomes the methods of the path, empty
 * when there is no such path; `parameters` what stands for its names. */
const struct endpoint *endpoint_find(const struct path *path, const char *method,
                                     const char *parameters[], char allow[ALLOW_SIZE]);

#endif
