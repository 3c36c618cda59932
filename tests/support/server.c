/* SPDX-License-Identifier: MIT */
#include "support/server.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define GUARDED_MAX 64
#define COUNT(array) (sizeof(array) / sizeof *(array))

struct server {
    const struct fixture *fixture;
    pid_t pid;
    int port;
    char *address;  /* as it has told it */
    char *greeting; /* what it said on stdout before that */
    int out, err;
    void *client;         /* libcurl's */
    pthread_t log_reader; /* so that no pipe is ever full */
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t more;
    char *log;
    size_t log_length, log_room;
    size_t awaited; /* up to here server_await has looked */
    bool has_ended; /* stderr is closed */
    char *guarded[GUARDED_MAX];
    size_t guarded_count;
};

/* ---- tokens ---- */

char *write_token(char token[TOKEN_LENGTH + 1], const char *user)
{
    memset(token, 'A', TOKEN_LENGTH);
    token[TOKEN_LENGTH] = '\0';
    memcpy(token, "kwt_", 4);
    memcpy(token + 4, user, strlen(user));
    return token;
}

const char *token_of(const char *user)
{
    char token[TOKEN_LENGTH + 1];

    return text("%s", write_token(token, user));
}

const char *token_line(const char *user, const char *about)
{
    const char *token = token_of(user);
    unsigned char hash[crypto_hash_sha256_BYTES];
    char digits[2 * sizeof hash + 1];

    crypto_hash_sha256(hash, (const unsigned char *)token, strlen(token));
    sodium_bin2hex(digits, sizeof digits, hash, sizeof hash);
    return text("{\"sha256\":\"%s\",\"userId\":\"%s\"%s}\n", digits, user, about);
}

void write_tokens(const struct fixture *fixture, const char *lines)
{
    write_whole(path_in(fixture, "tokens.jsonl"), lines, strlen(lines));
}

void server_fixture_open(struct fixture *fixture)
{
    const char *with_all = ",\"userName\":\"Anna\",\"userEmail\":\"anna@example.org\"";

    command_fixture_open(fixture);
    assert_status(fixture->store,
                  keyward_grant(fixture->store, &host, "repo-2", "otto", KEYWARD_ADMIN),
                  KEYWARD_OK);
    write_tokens(fixture, text("%s%s\n%s%s%s", token_line("anna", with_all), token_line("will", ""),
                               token_line("rita", ",\"userName\":\"Rita \\\"R\\\" Ähre\""),
                               token_line("nobody", ""), token_line("otto", "")));
}

/* ---- stderr ---- */

static void append_log(struct server *server, const char *bytes, size_t length)
{
    if (server->log_length + length + 1 > server->log_room) {
        server->log_room = 2 * server->log_room + length + 4096;
        server->log = realloc(server->log, server->log_room);
        if (!server->log)
            abort();
    }
    memcpy(server->log + server->log_length, bytes, length);
    server->log_length += length;
    server->log[server->log_length] = '\0';
}

static void *read_log(void *context)
{
    struct server *server = context;
    char bytes[4096];
    ssize_t got;

    do {
        got = read(server->err, bytes, sizeof bytes);
        pthread_mutex_lock(&server->lock);
        if (got > 0)
            append_log(server, bytes, (size_t)got);
        else
            server->has_ended = true;
        pthread_cond_broadcast(&server->more);
        pthread_mutex_unlock(&server->lock);
    } while (got > 0);
    return NULL;
}

char *server_log(struct server *server)
{
    char *copy;

    pthread_mutex_lock(&server->lock);
    copy = strdup(server->log ? server->log : "");
    pthread_mutex_unlock(&server->lock);
    ck_assert_ptr_nonnull(copy);
    return copy;
}

void server_await(struct server *server, const char *wanted)
{
    const char *found = NULL;
    char *log;

    pthread_mutex_lock(&server->lock);
    while (!(found = server->log ? strstr(server->log + server->awaited, wanted) : NULL) &&
           !server->has_ended)
        pthread_cond_wait(&server->more, &server->lock);
    if (found)
        server->awaited = (size_t)(found - server->log) + strlen(wanted);
    pthread_mutex_unlock(&server->lock);
    log = server_log(server);
    ck_assert_msg(found != NULL, "the server ended without '%s' in '%s'", wanted, log);
    free(log);
}

/* ---- secrets ---- */

void server_guard(struct server *server, const char *secret)
{
    ck_assert_uint_lt(server->guarded_count, GUARDED_MAX);
    server->guarded[server->guarded_count++] = strdup(secret);
}

static void guard_from_the_start(struct server *server)
{
    char digits[2 * KEYWARD_MASTER_KEY_BYTES + 1];
    static const char *const users[] = {"anna", "will", "rita", "nobody", "otto"};

    sodium_bin2hex(digits, sizeof digits, test_master_key, KEYWARD_MASTER_KEY_BYTES);
    server_guard(server, digits);
    server_guard(server, (const char *)test_master_key);
    for (size_t i = 0; i < COUNT(users); i++)
        server_guard(server, token_of(users[i]));
}

void server_assert_discreet(const struct server *server, const char *said)
{
    static const char *const words[] = {"SELECT ",   "INSERT ", "UPDATE ", "DELETE FROM",
                                        "BEGIN IMM", "COMMIT",  "SQLITE_", "audit_events"};

    for (size_t i = 0; i < server->guarded_count; i++)
        ck_assert_msg(strstr(said, server->guarded[i]) == NULL, "'%s' is told in '%s'",
                      server->guarded[i], said);
    for (size_t i = 0; i < COUNT(words); i++)
        ck_assert_msg(strstr(said, words[i]) == NULL, "'%s' is told in '%s'", words[i], said);
}

/* ---- starting ---- */

#define ARGUMENTS_MAX 32

struct start {
    const char *arguments[ARGUMENTS_MAX];
    const char *variables[ARGUMENTS_MAX + 64];
};

static void add_all(const char **list, size_t room, const char *const *more)
{
    size_t count = 0;

    while (list[count])
        count++;
    for (size_t i = 0; more && more[i]; i++) {
        ck_assert_uint_lt(count + 1, room);
        list[count++] = more[i];
    }
}

static void become_server(const struct start *start, int out, int err)
{
    int nothing = open("/dev/null", O_RDONLY);

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves no server behind */
    dup2(nothing, 0);
    dup2(out, 1);
    dup2(err, 2);
    for (int fd = 3; fd < 256; fd++)
        close(fd);
    signal(SIGPIPE, SIG_DFL);
    execve(start->arguments[0], (char **)(uintptr_t)start->arguments,
           (char **)(uintptr_t)start->variables);
    _exit(98);
}

static void spawn(struct server *server, const struct start *start)
{
    int out[2], err[2];

    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
    server->pid = fork();
    ck_assert_int_ge(server->pid, 0);
    if (server->pid == 0)
        become_server(start, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    server->out = out[0];
    server->err = err[0];
    ck_assert_int_eq(pthread_create(&server->log_reader, NULL, read_log, server), 0);
}

/* A line of stdout, without its end; false when there is none any more. */
static bool read_line(struct server *server, char line[1024])
{
    size_t length = 0;

    while (length + 1 < 1024 && read(server->out, line + length, 1) == 1) {
        if (line[length] == '\n') {
            line[length] = '\0';
            return true;
        }
        length++;
    }
    line[length] = '\0';
    return false;
}

/* Reads stdout up to the line that names the port. */
static void read_port(struct server *server)
{
    char line[1024], address[64];

    while (read_line(server, line)) {
        if (sscanf(line, "listening on http://%63[^/ ]", address) == 1) {
            server->port = atoi(strrchr(address, ':') + 1);
            ck_assert_str_eq(line, text("listening on http://%s", address));
            server->address = strdup(address);
            return;
        }
        server->greeting = realloc(server->greeting, strlen(server->greeting) + 1026);
        ck_assert_ptr_nonnull(server->greeting);
        strcat(strcat(server->greeting, line), "\n");
    }
    pthread_join(server->log_reader, NULL);
    ck_abort_msg("the server ended with '%s', and on stderr '%s'", line,
                 server->log ? server->log : "");
}

static struct server *launch(const struct fixture *fixture, const struct start *start)
{
    struct server *server = calloc(1, sizeof *server);

    ck_assert_ptr_nonnull(server);
    server->fixture = fixture;
    server->greeting = strdup("");
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->more, NULL);
    guard_from_the_start(server);
    signal(SIGPIPE, SIG_IGN);
    spawn(server, start);
    read_port(server);
    return server;
}

struct server *server_start_bare(const struct fixture *fixture, const char *const *arguments)
{
    struct start start = {{KEYWARD_HTTP_PROGRAM}, {NULL}};

    add_all(start.arguments, ARGUMENTS_MAX, arguments);
    add_all(start.variables, COUNT(start.variables), (const char *const *)(uintptr_t)environ);
    return launch(fixture, &start);
}

struct server *server_start_with(const struct fixture *fixture, const char *const *options,
                                 const char *const *variables)
{
    const char *const basic[] = {"--store",
                                 fixture->path,
                                 "--master-key",
                                 path_in(fixture, "master.key"),
                                 "--tokens",
                                 path_in(fixture, "tokens.jsonl"),
                                 "--listen",
                                 "127.0.0.1:0",
                                 NULL};
    struct start start = {{KEYWARD_HTTP_PROGRAM}, {NULL}};
    struct server *server;

    add_all(start.arguments, ARGUMENTS_MAX, basic);
    add_all(start.arguments, ARGUMENTS_MAX, options);
    add_all(start.variables, COUNT(start.variables), (const char *const *)(uintptr_t)environ);
    add_all(start.variables, COUNT(start.variables), variables);
    server = launch(fixture, &start);
    ck_assert_str_eq(server->greeting, "");
    ck_assert_str_eq(server->address, text("127.0.0.1:%d", server->port));
    return server;
}

struct server *server_start(const struct fixture *fixture, const char *const *options)
{
    return server_start_with(fixture, options, NULL);
}

struct result server_run(const struct fixture *fixture, const char *const *arguments)
{
    return run_call(&(struct call){
        .program = KEYWARD_HTTP_PROGRAM, .folder = fixture->folder, .arguments = arguments});
}

const char *server_address(const struct server *server)
{
    return server->address;
}

const char *server_greeting(const struct server *server)
{
    return server->greeting;
}

int server_port(const struct server *server)
{
    return server->port;
}

const struct fixture *server_fixture(const struct server *server)
{
    return server->fixture;
}

void **server_client(struct server *server)
{
    return &server->client;
}

/* ---- ending ---- */

void server_signal(struct server *server, int number)
{
    ck_assert_int_eq(kill(server->pid, number), 0);
}

static void server_free(struct server *server)
{
    server_client_free(server);
    close(server->out);
    close(server->err);
    pthread_mutex_destroy(&server->lock);
    pthread_cond_destroy(&server->more);
    for (size_t i = 0; i < server->guarded_count; i++)
        free(server->guarded[i]);
    free(server->address);
    free(server->greeting);
    free(server->log);
    free(server);
}

/* Waits for its end and returns the exit code, or 128 + the signal that ended it. */
static int reap(struct server *server)
{
    int status;

    ck_assert_int_eq(waitpid(server->pid, &status, 0), server->pid);
    ck_assert_int_eq(pthread_join(server->log_reader, NULL), 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Waits for its end and returns what it said on stderr, malloc'd. */
static char *end_well(struct server **server)
{
    struct server *ended = *server;
    char out[16], *log;
    int code = reap(ended);

    *server = NULL;
    ck_assert_msg(code == 0, "the server ended with %d, and on stderr said '%s'", code,
                  ended->log ? ended->log : "");
    ck_assert_int_eq(read(ended->out, out, sizeof out), 0); /* nothing after the first line */
    log = server_log(ended);
    server_assert_discreet(ended, log);
    server_free(ended);
    return log;
}

void server_wait(struct server **server)
{
    free(end_well(server));
}

void server_stop(struct server **server)
{
    if (*server)
        free(server_stop_for_log(server));
}

char *server_stop_for_log(struct server **server)
{
    server_signal(*server, SIGTERM);
    return end_well(server);
}

void server_kill(struct server **server)
{
    server_signal(*server, SIGKILL);
    ck_assert_int_eq(reap(*server), 128 + SIGKILL);
    server_free(*server);
    *server = NULL;
}
