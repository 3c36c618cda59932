/* SPDX-License-Identifier: MIT */
/*
 * What the HTTP server reads by itself: paths and their escapes, moments and durations, the file of
 * tokens, and its own command line. The first byte of an input says which.
 */
#include "fuzz/place.h"
#include "fuzz/require.h"
#include "fuzz/streams.h"
#include "fuzz/target.h"

#include "endpoints.h"
#include "moment.h"
#include "options.h"
#include "path.h"
#include "tokens.h"

#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MAX 24

static struct {
    size_t paths, endpoints, moments, durations, token_files, options, refused_options;
} reached;

/* ---- paths ---- */

/* No escape makes a path longer, and none hides a slash from it. */
static void read_path(const char *text)
{
    const char *parameters[PATH_PARAMETERS_MAX] = {NULL};
    char allow[ALLOW_SIZE];
    struct path path;
    size_t slashes = 0;

    for (const char *at = text; *at; at++)
        slashes += *at == '/';
    if (!path_parse(&path, text)) {
        REQUIRE(!path.text);
        return;
    }
    reached.paths++;
    REQUIRE(path.segments == slashes);
    for (size_t i = 0; i < path.segments && i < PATH_SEGMENTS_MAX; i++)
        REQUIRE(is_utf8(path.segment[i]) && strlen(path.segment[i]) < strlen(text));
    if (endpoint_find(&path, "DELETE", parameters, allow)) {
        REQUIRE(parameters[0] && parameters[0][0] && parameters[1] && parameters[1][0]);
        reached.endpoints++;
    }
    REQUIRE(strlen(allow) < ALLOW_SIZE);
    path_release(&path);
}

static void decode(char *text)
{
    size_t length = strlen(text);

    if (percent_decode(text))
        REQUIRE(strlen(text) <= length && is_utf8(text));
}

/* ---- time ---- */

/* What was read is written in one form, and read as the same again. */
static void read_moment(const char *text)
{
    char written[MOMENT_SIZE];
    int64_t at, again;

    if (!moment_parse(text, &at))
        return;
    reached.moments++;
    if (at < 0 || at > KEYWARD_TIME_MAX)
        return; /* moment_format() is for those of the store */
    REQUIRE(strlen(moment_format(at, written)) == MOMENT_SIZE - 1);
    REQUIRE(moment_parse(written, &again) && again == at);
}

static void read_duration(const char *text)
{
    int64_t duration;

    if (!duration_parse(text, &duration))
        return;
    reached.durations++;
    REQUIRE(duration >= 0 && duration % 1000 == 0);
}

/* ---- tokens ---- */

static void read_tokens(const uint8_t *bytes, size_t length)
{
    char path[96], problem[TOKEN_PROBLEM] = "";
    struct tokens tokens = {.path = NULL};
    struct user user;

    snprintf(path, sizeof path, "%s/tokens", place_folder());
    place_write(path, bytes, length);
    if (!tokens_open(&tokens, path, problem)) {
        REQUIRE(problem[0] != '\0' && !tokens.table);
        return;
    }
    if (tokens_count(&tokens) > 0)
        reached.token_files++;
    if (tokens_find(&tokens, "kwt_fuzz", &user))
        REQUIRE(user.id[0] != '\0');
    if (tokens_describe(&tokens, "anna", &user))
        REQUIRE(strcmp(user.id, "anna") == 0);
    REQUIRE(tokens_reload(&tokens, problem));
    tokens_close(&tokens);
}

/* ---- the command line, whose mistakes end the program ---- */

static struct {
    jmp_buf back;
    bool is_expected;
} exiting;

void __real_exit(int code) __attribute__((noreturn));
void __wrap_exit(int code) __attribute__((noreturn));

void __wrap_exit(int code)
{
    if (exiting.is_expected)
        longjmp(exiting.back, 1);
    __real_exit(code);
}

static void require_options(const struct options *options)
{
    REQUIRE(options->port <= 65535);
    REQUIRE(options->connections >= 1 && options->connections <= 65535);
    REQUIRE(options->idle_timeout >= 1 && options->idle_timeout <= 86400);
    REQUIRE(options->request_timeout >= 1 && options->request_timeout <= 86400);
    REQUIRE(options->busy_timeout >= 0 && options->busy_timeout <= 3600000);
    REQUIRE(strlen(options->address) < sizeof options->listen);
    REQUIRE(options->demo || options->new_token || options->store);
}

/* Each line of the text is an argument. */
static void read_options(char *text)
{
    static char program[] = "keyward-http-server";
    char *arguments[ARGUMENTS_MAX + 2] = {program};
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct options options;
    int count = 1;

    for (char *next; text && count <= ARGUMENTS_MAX; text = next) {
        next = strchr(text, '\n');
        if (next)
            *next++ = '\0';
        arguments[count++] = text;
    }
    optind = 0;
    REQUIRE(nowhere >= 0);
    streams_lead(nowhere, nowhere);
    exiting.is_expected = true;
    if (setjmp(exiting.back) == 0) {
        options_read(&options, count, arguments);
        require_options(&options);
        reached.options++;
    } else {
        reached.refused_options++;
    }
    exiting.is_expected = false;
    streams_give_back();
    close(nowhere);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size == 0)
        return 0;
    text = malloc(size);
    REQUIRE(text);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] % 6) {
    case 0:
        read_path(text);
        break;
    case 1:
        decode(text);
        break;
    case 2:
        read_moment(text);
        break;
    case 3:
        read_duration(text);
        break;
    case 4:
        read_tokens(data + 1, size - 1);
        break;
    default:
        read_options(text);
    }
    free(text);
    return 0;
}

bool fuzz_account(void)
{
    printf("%zu paths, %zu to an endpoint; %zu moments, %zu durations, %zu token files, "
           "%zu command lines and %zu refused\n",
           reached.paths, reached.endpoints, reached.moments, reached.durations,
           reached.token_files, reached.options, reached.refused_options);
    return reached.endpoints > 0 && reached.moments > 0 && reached.durations > 0 &&
           reached.token_files > 0 && reached.options > 0 && reached.refused_options > 0;
}
