/* SPDX-License-Identifier: MIT */
/* keyward-http-server: a keyward store over HTTP. README.md tells how to use it. */
#include "demo.h"
#include "log.h"
#include "memory.h"
#include "options.h"
#include "server.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* A core dump would hold secrets of requests and answers. */
static void forbid_core_dumps(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
}

/* Before there are threads, which all inherit it: signals are for wait_for_end() alone. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void reread_tokens(struct server *server)
{
    char problem[TOKEN_PROBLEM];

    if (tokens_reload(&server->tokens, problem))
        log_line("tokens: %zu read", tokens_count(&server->tokens));
    else
        log_line("tokens: %s; the old ones stay", problem);
}

static void wait_for_end(struct server *server, const sigset_t *signals)
{
    int received;

    while (sigwait(signals, &received) == 0 && received == SIGHUP)
        reread_tokens(server);
}

static int serve(struct options *options)
{
    struct server server;
    sigset_t signals;
    bool is_six = strchr(options->address, ':') != NULL;

    block_signals(&signals);
    if (!server_start(&server, options))
        return EXIT_FAILURE;
    printf("listening on http://%s%s%s:%u\n", is_six ? "[" : "", options->address,
           is_six ? "]" : "", server.listener.port);
    fflush(stdout);
    wait_for_end(&server, &signals);
    server_stop(&server);
    return EXIT_SUCCESS;
}

static int create_token(const struct options *options)
{
    struct user user = {.id = ""};
    char token[TOKEN_SIZE], problem[TOKEN_PROBLEM];

    snprintf(user.id, sizeof user.id, "%s", options->new_token);
    snprintf(user.name, sizeof user.name, "%s", options->name ? options->name : "");
    snprintf(user.email, sizeof user.email, "%s", options->email ? options->email : "");
    if (!tokens_create(options->tokens, &user, token, problem)) {
        log_line("%s", problem);
        return EXIT_FAILURE;
    }
    printf("%s\n", token);
    sodium_memzero(token, sizeof token);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char *arguments[])
{
    struct options options;

    options_read(&options, count, arguments);
    forbid_core_dumps();
    if (sodium_init() < 0) {
        log_line("libsodium does not start");
        return EXIT_FAILURE;
    }
    memory_serve_json();
    if (options.new_token)
        return create_token(&options);
    if (options.demo && !demo_prepare(&options))
        return EXIT_FAILURE;
    return serve(&options);
}
