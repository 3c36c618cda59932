/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <getopt.h>
#include <keyward/keyward.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: keyward-http-server --store FILE --master-key-file FILE --tokens FILE [OPTION...]\n"
    "       keyward-http-server --demo FOLDER [OPTION...]\n"
    "       keyward-http-server --tokens FILE --new-token USER [--name NAME] [--email ADDRESS]\n"
    "\n"
    "Serves a keyward store over HTTP. The second way makes a store to try it with, and the third\n"
    "gives a user a bearer token, which it prints this once.\n"
    "\n"
    "  --listen ADDRESS:PORT  default 127.0.0.1:8080; port 0: any\n"
    "  --connections N        at most so many at a time, default 256; others wait\n"
    "  --idle-timeout S       how long a connection may wait for, and take over, the head of its\n"
    "                         next request, default 30 seconds\n"
    "  --request-timeout S    for the rest of a request, and for taking its answer, default 30\n"
    "  --busy-timeout MS      how long to wait for the store's lock, default 5000\n"
    "  --access-log           a line of JSON a request on stderr; failures are always logged\n"
    "  --help, --version\n"
    "\n"
    "SIGHUP reads the token file again; SIGTERM lets running requests end, then stops.\n";

__attribute__((noreturn)) static void refuse(const char *problem, const char *argument)
{
    fprintf(stderr, "keyward-http-server: %s%s\nTry 'keyward-http-server --help'.\n", argument,
            problem);
    exit(2);
}

static unsigned read_number(const char *text, unsigned least, unsigned most, const char *option)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    char problem[96];

    if (strspn(text, "0123456789") == strlen(text) && *text != '\0' && number >= least &&
        number <= most)
        return (unsigned)number;
    snprintf(problem, sizeof problem, " must be a number from %u to %u", least, most);
    refuse(problem, option);
}

/* "127.0.0.1:8080" or "[::1]:8080" */
static void read_listen(struct options *options, const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;

    if (length == 0 || length >= sizeof options->listen)
        refuse(" must be an address and a port, as 127.0.0.1:8080", "--listen");
    if (text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    memcpy(options->listen, text, length);
    options->listen[length] = '\0';
    options->address = options->listen;
    options->port = read_number(colon + 1, 0, 65535, "the port of --listen");
}

enum option_code {
    STORE = 256,
    MASTER_KEY,
    TOKENS,
    DEMO,
    NEW_TOKEN,
    NAME,
    EMAIL,
    LISTEN,
    CONNECTIONS,
    IDLE_TIMEOUT,
    REQUEST_TIMEOUT,
    BUSY_TIMEOUT,
    ACCESS_LOG,
    HELP,
    VERSION
};

static const struct option known[] = {
    {"store", required_argument, NULL, STORE},
    {"master-key-file", required_argument, NULL, MASTER_KEY},
    {"tokens", required_argument, NULL, TOKENS},
    {"demo", required_argument, NULL, DEMO},
    {"new-token", required_argument, NULL, NEW_TOKEN},
    {"name", required_argument, NULL, NAME},
    {"email", required_argument, NULL, EMAIL},
    {"listen", required_argument, NULL, LISTEN},
    {"connections", required_argument, NULL, CONNECTIONS},
    {"idle-timeout", required_argument, NULL, IDLE_TIMEOUT},
    {"request-timeout", required_argument, NULL, REQUEST_TIMEOUT},
    {"busy-timeout", required_argument, NULL, BUSY_TIMEOUT},
    {"access-log", no_argument, NULL, ACCESS_LOG},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

__attribute__((noreturn)) static void print(const char *text)
{
    fputs(text, stdout);
    exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void read_limit(struct options *options, int code)
{
    switch (code) {
    case CONNECTIONS:
        options->connections = read_number(optarg, 1, 65535, "--connections");
        break;
    case IDLE_TIMEOUT:
        options->idle_timeout = read_number(optarg, 1, 86400, "--idle-timeout");
        break;
    case REQUEST_TIMEOUT:
        options->request_timeout = read_number(optarg, 1, 86400, "--request-timeout");
        break;
    case BUSY_TIMEOUT:
        options->busy_timeout = (int)read_number(optarg, 0, 3600000, "--busy-timeout");
        break;
    default: /* getopt_long has said why */
        fputs("Try 'keyward-http-server --help'.\n", stderr);
        exit(2);
    }
}

static void read_option(struct options *options, int code)
{
    switch (code) {
    case STORE:
        options->store = optarg;
        break;
    case MASTER_KEY:
        options->master_key = optarg;
        break;
    case TOKENS:
        options->tokens = optarg;
        break;
    case DEMO:
        options->demo = optarg;
        break;
    case NEW_TOKEN:
        options->new_token = optarg;
        break;
    case NAME:
        options->name = optarg;
        break;
    case EMAIL:
        options->email = optarg;
        break;
    case LISTEN:
        read_listen(options, optarg);
        break;
    case ACCESS_LOG:
        options->access_log = true;
        break;
    case HELP:
        print(help);
    case VERSION:
        print("keyward-http-server " KEYWARD_VERSION "\n");
    default:
        read_limit(options, code);
    }
}

static void check_length(const char *value, const char *option)
{
    if (value && (value[0] == '\0' || strlen(value) > 255))
        refuse(" must be 1 to 255 bytes", option);
}

static void check(const struct options *options)
{
    bool has_files = options->store || options->master_key;

    check_length(options->new_token, "--new-token");
    check_length(options->name, "--name");
    check_length(options->email, "--email");
    if (options->new_token) {
        if (!options->tokens || has_files || options->demo)
            refuse(" goes with --tokens, and with --name and --email", "--new-token");
    } else if (options->name || options->email) {
        refuse(" and --email go with --new-token", "--name");
    } else if (options->demo) {
        if (has_files || options->tokens)
            refuse(" has files of its own", "--demo");
    } else if (!options->store || !options->master_key || !options->tokens) {
        refuse("--store, --master-key-file and --tokens are needed, or --demo", "");
    }
}

void options_read(struct options *options, int count, char *arguments[])
{
    int code;

    *options = (struct options){
        .address = "127.0.0.1",
        .port = 8080,
        .connections = 256,
        .idle_timeout = 30,
        .request_timeout = 30,
        .busy_timeout = KEYWARD_BUSY_TIMEOUT_DEFAULT,
    };
    while ((code = getopt_long(count, arguments, "", known, NULL)) != -1)
        read_option(options, code);
    if (optind < count)
        refuse(" is not an option", arguments[optind]);
    check(options);
}
