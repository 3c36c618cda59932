/* SPDX-License-Identifier: MIT */
/* What the server says to a request. */
#ifndef HTTP_SERVER_ANSWER_H
#define HTTP_SERVER_ANSWER_H

#include "text.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>

#define TYPE_JSON "application/json"

struct answer {
    unsigned status;
    const char *type;
    struct text body;          /* or, where it is NULL: */
    const unsigned char *file; /* that lives as long as the program */
    size_t file_length;
    const char *allow;  /* the methods of the path, or NULL */
    const char *policy; /* Content-Security-Policy, or NULL */
    bool challenge;     /* a bearer token is wanted */
    bool retry;         /* in a moment it may go well */
    bool closes;        /* the connection cannot go on behind it */
};

/* Takes `object` over; NULL, for want of memory, becomes a failure. */
void answer_json(struct answer *answer, json_t *object);
/* The same of a text that holds JSON already. */
void answer_text(struct answer *answer, const char *type, struct text *text);
/* {"success":true,"message":...}; `message` is a constant that needs no escapes. */
void answer_done(struct answer *answer, const char *message);
/* {"success":false,"message":...}; `message` is one of the program's own and never has what a
 * client must not know. */
__attribute__((format(printf, 3, 4))) void answer_failure(struct answer *answer, unsigned status,
                                                          const char *format, ...);
void answer_release(struct answer *answer);

/* Hands it to the client; takes the body over. */
enum MHD_Result answer_send(struct answer *answer, struct MHD_Connection *connection,
                            const char *request_id);

#endif
