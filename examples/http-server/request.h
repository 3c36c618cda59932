/* SPDX-License-Identifier: MIT */
/* One request, from its first line to its answer. */
#ifndef HTTP_SERVER_REQUEST_H
#define HTTP_SERVER_REQUEST_H

#include "answer.h"
#include "endpoints.h"
#include "memory.h"
#include "path.h"
#include "tokens.h"

#include <jansson.h>
#include <keyward/keyward.h>
#include <microhttpd.h>
#include <netinet/in.h>

#define BODY_MAX 65536
#define TARGET_MAX 8192
#define HEAD_MAX 16384
#define SWALLOWED_MAX 1048576 /* of a body that is too large, so that its client hears why */

struct server;
struct connection;

struct request {
    struct server *server;
    struct MHD_Connection *connection;
    struct connection *place;     /* among the open connections */
    const char *method, *version; /* "HTTP/1.1" */
    const char *target;           /* of libmicrohttpd's, while it reads the head */
    size_t target_length;
    bool has_head;                                                    /* the head was seen */
    int64_t began;                                                    /* then; of clock_us() */
    unsigned content_lengths, transfer_encodings, hosts, credentials; /* headers of these names */
    bool is_doubtful; /* others may read it in another way */
    bool body_is_too_large;
    size_t body_length; /* that was received, kept or not */
    struct text body;
    struct path path;
    const char *parameters[PATH_PARAMETERS_MAX];
    char allow[ALLOW_SIZE];
    const struct endpoint *endpoint;
    struct user user;
    keyward_actor actor;
    json_t *json; /* the body, where the endpoint takes one */
    char request_id[KEYWARD_SHORT_TEXT_MAX + 1];
    char client_address[INET6_ADDRSTRLEN];
    char problem[512]; /* what the store said of a failure: for the log */
    int sqlite_code;
};

/* From the beginning of a request until its connection is done with it. */
struct request *request_new(struct server *server, const char *target,
                            struct MHD_Connection *connection);
void request_free(struct request *request);

/* What comes in. False: nothing more can be taken, and the answer must be sent now. */
bool request_take_head(struct request *request, const char *method, const char *version);
bool request_take_body(struct request *request, const char *bytes, size_t length);

/* Everything is there, or as much as there will be: lets it through to its endpoint, or says why
 * not. */
void request_answer(struct request *request, const char *path, struct answer *answer);

const char *request_header(const struct request *request, const char *name);

/* ---- for the endpoints ---- */

/* repoId and apikeyId; false: one cannot be an id, and the answer says so. */
bool request_take_ids(struct request *request, struct answer *answer);

/* A member of the body that is a string of `least` to `most` bytes. Absent or null: NULL if it is
 * optional, else the answer is a failure, and false. */
bool request_take_text(struct request *request, struct answer *answer, const char *member,
                       size_t least, size_t most, bool is_optional, const char **text);

/* The answer for anything the store said but KEYWARD_OK. */
void request_refuse(struct request *request, struct answer *answer, enum keyward_status status);

#endif
