/* SPDX-License-Identifier: MIT */
/* Runs the HTTP server on the fixture's store, and asks it as a client does. The test keeps the
 * store open beside it: two processes share the file. */
#ifndef KEYWARD_TESTS_SERVER_H
#define KEYWARD_TESTS_SERVER_H

#include "support/command.h"
#include "support/rows.h"

#include <stdbool.h>

#define AT "2023-11-14T22:13:20.000Z" /* where the fixture's clock stands; the server's is real */
#define TOKEN_LENGTH 47
#define TEST_AGENT "keyward-test/1" /* the User-Agent of every request */

/* ---- what it runs on ---- */

/* The fixture's store; in its folder also "master.key" and "tokens.jsonl", which knows anna (with
 * name and e-mail), will, rita (with a name) and nobody of "repo-1", and otto, the admin of
 * "repo-2" (event 4). */
void server_fixture_open(struct fixture *fixture);

/* The bearer token of a user, as the token file knows it: by text(), or in the caller's room. */
const char *token_of(const char *user);
char *write_token(char token[TOKEN_LENGTH + 1], const char *user);

/* Its line there. `about` is further members, as ",\"userName\":\"Anna\"", or "". */
const char *token_line(const char *user, const char *about);

void write_tokens(const struct fixture *fixture, const char *lines);

/* ---- the program ---- */

struct server;

/* Starts it with further options up to NULL, or NULL for none, and waits until it listens. */
struct server *server_start(const struct fixture *fixture, const char *const *options);
#define SERVER_START(fixture, ...) server_start((fixture), ARGUMENTS(__VA_ARGS__))

/* The same, with variables "NAME=value" up to NULL in its environment. */
struct server *server_start_with(const struct fixture *fixture, const char *const *options,
                                 const char *const *variables);

/* The same with nothing but these arguments. It is asked at 127.0.0.1, and dies with the test. */
struct server *server_start_bare(const struct fixture *fixture, const char *const *arguments);

/* What it said on stdout before it listened, and where it then did, as "127.0.0.1:8080". */
const char *server_greeting(const struct server *server);
const char *server_address(const struct server *server);

/* Runs it in the fixture's folder as the command line says, until it ends by itself. */
struct result server_run(const struct fixture *fixture, const char *const *arguments);
#define SERVER_RUN(fixture, ...) server_run((fixture), ARGUMENTS(__VA_ARGS__))

int server_port(const struct server *server);
void server_signal(struct server *server, int number);

/* Waits until stderr shows this text, after what was waited for before. */
void server_await(struct server *server, const char *text);

/* All that stderr has shown so far; malloc'd. */
char *server_log(struct server *server);

/* From here on this must be in no answer and not on stderr. Tokens and the master key never may. */
void server_guard(struct server *server, const char *secret);

/* SIGTERM, and it ends with 0 and has told no secret. NULL is accepted. */
void server_stop(struct server **server);

/* The same, and returns all that stderr has shown; malloc'd. */
char *server_stop_for_log(struct server **server);

/* The same without the signal, for what is to end by itself or has got one. */
void server_wait(struct server **server);

void server_kill(struct server **server);

/* Fails the test where `said` has a guarded secret, or SQL, in it. */
void server_assert_discreet(const struct server *server, const char *said);

const struct fixture *server_fixture(const struct server *server);

/* The place of libcurl's handle, which the first request makes; and its end. */
void **server_client(struct server *server);
void server_client_free(struct server *server);

/* ---- asking ---- */

struct request {
    const char *method;         /* NULL: GET */
    const char *target;         /* goes out as it is */
    const char *as;             /* the user whose token goes along; NULL: no token */
    const char *body;           /* NULL: none */
    const char *type;           /* NULL: application/json where there is a body; "": none */
    const char *id;             /* X-Request-Id; NULL: none */
    const char *const *headers; /* further ones, "Name: value" up to NULL */
};

struct answer {
    int status;
    char *head; /* the lines of the header, each with its CR LF */
    char *body; /* with a NUL after it */
    size_t length;
    json_t *json; /* the body, where it is JSON; else NULL */
};

/* Asserts also what holds for every answer: its common headers, JSON and shape where it is a
 * failure, and that it tells no path, SQL or secret. */
struct answer server_ask(struct server *server, const struct request *request);
#define ASK(server, ...) server_ask((server), &(struct request){__VA_ARGS__})

/* The assertions that server_ask makes, for answers that came another way. */
void assert_common(const struct server *server, const struct answer *answer);

void answer_drop(struct answer *answer);

/* The value of a header that must be there once, in one of text()'s buffers; NULL without it. */
const char *answer_header(const struct answer *answer, const char *name);

/* ---- asserting; each frees the answer ---- */

/* The status and a body that is this JSON. */
void assert_answer(struct answer answer, int status, const char *json);

/* {"success":false,"message":...} and nothing else. */
void assert_refusal(struct answer answer, int status, const char *message);

/* 400, and the message has this in it. */
void assert_malformed(struct answer answer, const char *part);

/* The status, and the body's JSON, which the caller frees. */
json_t *assert_answer_json(struct answer answer, int status);

void assert_answer_status(struct answer answer, int status);

/* The two are the same byte for byte but for the date; the request id must be the same as well. */
void assert_same_answer(struct answer answer, struct answer other);

/* ---- what stands behind it ---- */

/* The event's row, without its time, which is the server's own. */
__attribute__((format(printf, 3, 4))) void assert_server_event(const struct fixture *fixture,
                                                               int64_t sequence, const char *format,
                                                               ...);

/* " request=ID address=127.0.0.1 agent=...": how the row of such a request's event ends. */
const char *origin(const char *request_id);

/* "/repo/REPO/ai/apikey", and with "/KEY" after it. */
const char *keys_of(const char *repo_id);
const char *key_target(const keyward_key *key);

/* Milliseconds as the server writes them. */
const char *iso(int64_t at);

#endif
