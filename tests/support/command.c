/* SPDX-License-Identifier: MIT */
#include "support/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- texts ---- */

const char *text(const char *format, ...)
{
    static char buffers[32][16384];
    static unsigned next;
    char *buffer = buffers[next++ % COUNT(buffers)];
    va_list values;

    va_start(values, format);
    vsnprintf(buffer, sizeof buffers[0], format, values);
    va_end(values);
    return buffer;
}

const char *path_in(const struct fixture *fixture, const char *name)
{
    return text("%s/%s", fixture->folder, name);
}

/* ---- the store ---- */

void command_fixture_open(struct fixture *fixture)
{
    char digits[2 * KEYWARD_MASTER_KEY_BYTES + 1];

    fixture_open(fixture);
    for (size_t i = 0; i < KEYWARD_MASTER_KEY_BYTES; i++)
        snprintf(digits + 2 * i, 3, "%02x", test_master_key[i]);
    write_whole(path_in(fixture, "master.key"), digits, sizeof digits - 1);
}

keyward_key *command_key(struct fixture *fixture, const char *name, keyward_secret **secret)
{
    return make_key(fixture, "repo-1", name, secret);
}

/* ---- running ---- */

struct stream {
    int fd;
    char *bytes;
    size_t length, room;
};

/* false: it has ended. */
static bool read_some(struct stream *stream)
{
    ssize_t got;

    if (stream->room - stream->length < 4096) {
        stream->room = stream->room * 2 + 8192;
        stream->bytes = realloc(stream->bytes, stream->room);
        ck_assert_ptr_nonnull(stream->bytes);
    }
    got = read(stream->fd, stream->bytes + stream->length, stream->room - stream->length - 1);
    ck_assert_int_ge(got, 0);
    stream->length += (size_t)got;
    stream->bytes[stream->length] = '\0';
    return got > 0;
}

static void close_stream(struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

static void write_some(struct stream *input)
{
    ssize_t written = write(input->fd, input->bytes, input->length);

    if (written < 0 && errno == EPIPE) /* it has read enough */
        written = (ssize_t)input->length;
    ck_assert_int_ge(written, 0);
    input->bytes += written;
    input->length -= (size_t)written;
    if (input->length == 0)
        close_stream(input);
}

/* Writes and reads as the program is ready for it, until it has closed both. */
static void exchange(struct stream *input, struct stream *out, struct stream *err)
{
    while (out->fd >= 0 || err->fd >= 0) {
        struct pollfd fds[] = {{input->fd, POLLOUT, 0}, {out->fd, POLLIN, 0}, {err->fd, POLLIN, 0}};
        ck_assert_int_gt(poll(fds, 3, -1), 0);
        if (fds[0].revents)
            write_some(input);
        if (fds[1].revents && !read_some(out))
            close_stream(out);
        if (fds[2].revents && !read_some(err))
            close_stream(err);
    }
    close_stream(input);
}

static void open_third(const char *content)
{
    int fds[2];

    if (!content)
        return;
    if (pipe(fds) != 0 || write(fds[1], content, strlen(content)) < 0)
        _exit(99);
    close(fds[1]);
    if (fds[0] != 3) {
        dup2(fds[0], 3);
        close(fds[0]);
    }
}

static void become_program(const struct call *call, int in, int out, int err)
{
    const char *program = call->program ? call->program : KEYWARD_PROGRAM;
    const char *arguments[64] = {program};

    for (size_t i = 0; call->arguments[i] && i < COUNT(arguments) - 2; i++)
        arguments[i + 1] = call->arguments[i];
    dup2(in, 0);
    dup2(out, 1);
    dup2(err, 2);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    open_third(call->third);
    setenv("TZ", "UTC", 1);
    setenv("LC_ALL", call->locale ? call->locale : "C.UTF-8", 1);
    signal(SIGPIPE, SIG_DFL);
    if (chdir(call->folder) == 0)
        execv(program, (char **)(void *)arguments);
    _exit(98);
}

static int open_out(const struct call *call, int pipe_end)
{
    int fd = call->out_path ? open(call->out_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)
                            : fcntl(pipe_end, F_DUPFD_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static void open_pipe(int fds[2])
{
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
}

static int code_of(pid_t child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct result run_call(const struct call *call)
{
    int in[2], out[2], err[2], out_end;
    struct stream input = {.length = call->input_length}, output = {.fd = -1}, error = {.fd = -1};
    pid_t child;

    open_pipe(in);
    open_pipe(out);
    open_pipe(err);
    out_end = open_out(call, out[1]);
    if (call->closes_out)
        close(out[0]);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        become_program(call, in[0], out_end, err[1]);
    close(in[0]);
    close(out[1]);
    close(out_end);
    close(err[1]);
    signal(SIGPIPE, SIG_IGN);
    input.fd = in[1];
    input.bytes = (char *)(uintptr_t)call->input; /* read only */
    if (input.length == 0)
        input.length = call->input ? strlen(call->input) : 0;
    if (input.length == 0)
        close_stream(&input);
    output.fd = call->closes_out ? -1 : out[0];
    error.fd = err[0];
    exchange(&input, &output, &error);
    return (struct result){code_of(child), output.bytes, error.bytes, output.length};
}

void result_drop(struct result *result)
{
    free(result->out);
    free(result->err);
    result->out = result->err = NULL;
}

/* ---- asserting ---- */

void assert_result(struct result result, int code, const char *out, const char *err)
{
    ck_assert_msg(result.code == code, "exit code %d, not %d; stdout '%s', stderr '%s'",
                  result.code, code, result.out, result.err);
    ck_assert_str_eq(result.out, out);
    ck_assert_str_eq(result.err, err);
    result_drop(&result);
}

void assert_failure(struct result result, int code, const char *part)
{
    ck_assert_msg(result.code == code, "exit code %d, not %d; stdout '%s', stderr '%s'",
                  result.code, code, result.out, result.err);
    ck_assert_msg(strstr(result.err, part) != NULL, "'%s' is not in stderr '%s'", part, result.err);
    ck_assert_msg(strncmp(result.err, "keyward: ", 9) == 0, "stderr '%s'", result.err);
    ck_assert_msg(strchr(result.err, '\n') == result.err + strlen(result.err) - 1,
                  "not one line: '%s'", result.err);
    result_drop(&result);
}

json_t *assert_json(struct result result, int code)
{
    json_error_t error;
    json_t *object;

    ck_assert_msg(result.code == code, "exit code %d, not %d; stdout '%s', stderr '%s'",
                  result.code, code, result.out, result.err);
    object = json_loads(result.out, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(object != NULL, "%s in '%s'", error.text, result.out);
    ck_assert_str_eq(result.err, "");
    result_drop(&result);
    return object;
}

void assert_same_json(const json_t *got, const char *wanted)
{
    json_error_t error;
    json_t *parsed = json_loads(wanted, JSON_REJECT_DUPLICATES, &error);
    char *shown = json_dumps(got, JSON_SORT_KEYS);

    ck_assert_msg(parsed != NULL, "the test's own JSON: %s in '%s'", error.text, wanted);
    ck_assert_msg(json_equal((json_t *)(uintptr_t)got, parsed), "got %s, wanted %s", shown, wanted);
    free(shown);
    json_decref(parsed);
}

void drop_member(json_t *object, const char *name)
{
    ck_assert_msg(json_object_del(object, name) == 0, "there is no member '%s'", name);
}

const char *text_member(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));

    ck_assert_msg(value != NULL, "there is no text '%s'", name);
    return value;
}

int64_t number_member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    ck_assert_msg(json_is_integer(value), "there is no number '%s'", name);
    return json_integer_value(value);
}
