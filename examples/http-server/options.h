/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef HTTP_SERVER_OPTIONS_H
#define HTTP_SERVER_OPTIONS_H

#include <stdbool.h>

struct options {
    const char *store, *master_key, *tokens; /* files */
    const char *demo;                        /* a folder, or NULL */
    const char *new_token;                   /* whose, or NULL */
    const char *name, *email;                /* of whose token is made */
    const char *address;                     /* to listen on: an IP address */
    unsigned port;                           /* 0: any */
    unsigned connections;                    /* at most at a time */
    unsigned idle_timeout, request_timeout;  /* seconds */
    int busy_timeout;                        /* ms */
    bool access_log;
    char listen[64]; /* what `address` points into */
};

/* Goes on only with a command line that is right; else the program ends, with 0 after --help and
 * --version and 2 otherwise. */
void options_read(struct options *options, int count, char *arguments[]);

#endif
