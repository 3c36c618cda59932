/* SPDX-License-Identifier: MIT */
/* Runs the keyward command, or another program, as a script does, through pipes, on the fixture's
 * store. */
#ifndef KEYWARD_TESTS_COMMAND_H
#define KEYWARD_TESTS_COMMAND_H

#include "support/fixture.h"

#include <jansson.h>

/* The fixture's store with its master key also in the file "master.key", so that the command finds
 * both by their default names in the fixture's folder. */
void command_fixture_open(struct fixture *fixture);

/* Beside `store`: a key in "repo-1" of the fixture's time, and its secret if `secret` is not NULL.
 */
keyward_key *command_key(struct fixture *fixture, const char *name, keyward_secret **secret);

struct result {
    int code; /* the exit code, or 128 + the signal that ended it */
    char *out, *err;
    size_t out_length;
};

/* Where stdout goes instead of a pipe, what stdin holds, and the arguments up to NULL. */
struct call {
    const char *program;  /* NULL: the keyward command */
    const char *folder;   /* to run it in */
    const char *input;    /* NULL: nothing */
    size_t input_length;  /* 0: that of the text */
    const char *out_path; /* NULL: a pipe */
    bool closes_out;      /* nobody reads the pipe */
    const char *locale;   /* NULL: C.UTF-8 */
    const char *third;    /* what descriptor 3 holds; NULL: it is not open */
    const char *const *arguments;
};

struct result run_call(const struct call *call);
void result_drop(struct result *result);

#define ARGUMENTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Runs it in the fixture's folder, with an empty stdin. */
#define RUN(fixture, ...) \
    run_call(&(struct call){.folder = (fixture)->folder, .arguments = ARGUMENTS(__VA_ARGS__)})

/* The same, with `text` as stdin. */
#define RUN_WITH(fixture, text, ...) \
    run_call(&(struct call){         \
        .folder = (fixture)->folder, .input = (text), .arguments = ARGUMENTS(__VA_ARGS__)})

/* Exactly this exit code and these texts; frees the result. */
void assert_result(struct result result, int code, const char *out, const char *err);

/* The exit code, and stderr is exactly one line, which has this in it; frees the result. */
void assert_failure(struct result result, int code, const char *part);

/* The exit code, and stdout is one JSON object, which is returned; stderr is empty. Frees the
 * result. */
json_t *assert_json(struct result result, int code);

/* The texts are the same as those of this JSON, in whatever order its members are. */
void assert_same_json(const json_t *got, const char *wanted);

/* Removes the member, which must be there, since its value differs from run to run. */
void drop_member(json_t *object, const char *name);

const char *text_member(const json_t *object, const char *name);
int64_t number_member(const json_t *object, const char *name);

/* Formats into one of a few static buffers, for the texts of one assertion. */
__attribute__((format(printf, 1, 2))) const char *text(const char *format, ...);

/* A file of the fixture's folder. */
const char *path_in(const struct fixture *fixture, const char *name);

#endif
