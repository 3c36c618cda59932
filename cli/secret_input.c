/* SPDX-License-Identifier: MIT */
#include "secret_input.h"

#include "failure.h"
#include "memory.h"
#include "terminal.h"
#include "values.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct master_key_source master_key_source = {
    OPTION_MASTER_KEY_FILE,   OPTION_MASTER_KEY_FD, OPTION_MASTER_KEY_STDIN,
    OPTION_MASTER_KEY_PROMPT, "Master key",         false};
const struct master_key_source new_master_key_source = {
    OPTION_NEW_MASTER_KEY_FILE,   OPTION_NEW_MASTER_KEY_FD, OPTION_NEW_MASTER_KEY_STDIN,
    OPTION_NEW_MASTER_KEY_PROMPT, "New master key",         true};

/* ---- reading ---- */

static enum keyward_status read_descriptor(int fd, const char *what, struct secret_buffer *buffer)
{
    ssize_t got = 1;

    buffer->length = 0;
    while (got > 0 && buffer->length < SECRET_BUFFER_SIZE - 1) {
        got = read(fd, buffer->text + buffer->length, SECRET_BUFFER_SIZE - 1 - buffer->length);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            buffer->length += (size_t)got;
    }
    return got < 0 ? fail_system(what) : KEYWARD_OK;
}

static enum keyward_status read_file(const char *path, struct secret_buffer *buffer)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    enum keyward_status status;

    if (fd < 0 && errno == ENOENT)
        return fail(KEYWARD_INVALID, "'%s': there is no such file", path);
    if (fd < 0)
        return fail_system(path);
    status = read_descriptor(fd, path, buffer);
    close(fd);
    return status;
}

static enum keyward_status read_numbered(struct session *session, enum option option,
                                         struct secret_buffer *buffer)
{
    int64_t number = -1;
    char name[32];
    enum keyward_status status = option_number(session, option, 0, INT_MAX, &number);

    if (status != KEYWARD_OK)
        return status;
    snprintf(name, sizeof name, "descriptor %d", (int)number);
    return read_descriptor((int)number, name, buffer);
}

/* Editors and echo end a file with a line end, which is no part of it. */
static void take_off_line_end(struct secret_buffer *buffer)
{
    if (buffer->length > 0 && buffer->text[buffer->length - 1] == '\n')
        buffer->length--;
    if (buffer->length > 0 && buffer->text[buffer->length] == '\n' &&
        buffer->text[buffer->length - 1] == '\r')
        buffer->length--;
    buffer->text[buffer->length] = '\0';
}

static enum keyward_status ask(const char *name, bool twice, struct secret_buffer *buffer)
{
    char *prompt = format_text("%s: ", name), *again = format_text("%s, again: ", name);
    struct secret_buffer *second = NULL;
    enum keyward_status status = terminal_ask(prompt, false, buffer);

    if (status == KEYWARD_OK && twice) {
        second = secret_buffer_take();
        status = terminal_ask(again, false, second);
    }
    if (status == KEYWARD_OK && second &&
        (second->length != buffer->length ||
         memcmp(second->text, buffer->text, buffer->length) != 0))
        status = fail(KEYWARD_INVALID, "the two that were typed differ");
    secret_buffer_give(&second);
    free(prompt);
    free(again);
    return status;
}

/* ---- a secret ---- */

static int secret_ways(const struct session *session)
{
    return option_given(session, OPTION_SECRET_FILE) + option_given(session, OPTION_SECRET_FD) +
           option_given(session, OPTION_SECRET_STDIN);
}

enum keyward_status secret_check(struct session *session)
{
    if (secret_ways(session) > 1)
        return fail_usage("give the secret in one way");
    if (option_given(session, OPTION_MASTER_KEY_STDIN) &&
        option_given(session, OPTION_SECRET_STDIN))
        return fail_usage("standard input cannot be both the master key and the secret");
    return KEYWARD_OK;
}

static enum keyward_status read_secret(struct session *session, const char *prompt, bool twice,
                                       struct secret_buffer *secret)
{
    const char *path = option_text(session, OPTION_SECRET_FILE);
    bool stdin_is_taken = option_given(session, OPTION_MASTER_KEY_STDIN);
    enum keyward_status status;

    if (path)
        status = read_file(path, secret);
    else if (option_given(session, OPTION_SECRET_FD))
        status = read_numbered(session, OPTION_SECRET_FD, secret);
    else if (option_given(session, OPTION_SECRET_STDIN) ||
             (!stdin_is_taken && !terminal_is(STDIN_FILENO)))
        status = read_descriptor(STDIN_FILENO, "standard input", secret);
    else
        return ask(prompt, twice, secret);
    take_off_line_end(secret);
    return status;
}

enum keyward_status secret_read(struct session *session, const char *prompt, bool twice,
                                struct secret_buffer **secret)
{
    enum keyward_status status;

    *secret = secret_buffer_take();
    status = read_secret(session, prompt, twice, *secret);
    if (status == KEYWARD_OK && (*secret)->length == 0)
        status = fail(KEYWARD_INVALID, "the secret is empty");
    if (status == KEYWARD_OK && (*secret)->length > KEYWARD_SECRET_MAX)
        status = fail(KEYWARD_INVALID, "the secret is longer than %d bytes", KEYWARD_SECRET_MAX);
    if (status != KEYWARD_OK)
        secret_buffer_give(secret);
    return status;
}

/* ---- a master key ---- */

int master_key_ways(const struct session *session, const struct master_key_source *source)
{
    return option_given(session, source->file) + option_given(session, source->descriptor) +
           option_given(session, source->standard_input) + option_given(session, source->prompt);
}

static int digit(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    if (letter >= 'a' && letter <= 'f')
        return letter - 'a' + 10;
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : -1;
}

/* Puts the bytes where their digits stood. */
static bool decode(struct secret_buffer *key)
{
    if (key->length != KEYWARD_MASTER_KEY_BYTES * 2)
        return false;
    for (size_t i = 0; i < KEYWARD_MASTER_KEY_BYTES; i++) {
        int high = digit(key->text[2 * i]), low = digit(key->text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        key->text[i] = (char)(high * 16 + low);
    }
    return true;
}

static enum keyward_status read_key(struct session *session, const struct master_key_source *source,
                                    struct secret_buffer *key)
{
    bool is_typed = option_given(session, source->prompt);
    enum keyward_status status;

    if (is_typed)
        status = ask(source->name, source->asks_twice, key);
    else if (option_given(session, source->descriptor))
        status = read_numbered(session, source->descriptor, key);
    else
        status = read_descriptor(STDIN_FILENO, "standard input", key);
    if (status != KEYWARD_OK || (!is_typed && key->length == KEYWARD_MASTER_KEY_BYTES))
        return status;
    take_off_line_end(key);
    return decode(key) ? KEYWARD_OK
                       : fail(KEYWARD_NO_MASTER_KEY, "%s: must be 64 hexadecimal digits%s",
                              source->name, is_typed ? "" : " or 32 bytes");
}

enum keyward_status master_key_read(struct session *session, const struct master_key_source *source,
                                    struct secret_buffer **key)
{
    int ways = master_key_ways(session, source);
    enum keyward_status status;

    *key = NULL;
    if (ways > 1)
        return fail_usage("give the %smaster key in one way",
                          source == &new_master_key_source ? "new " : "");
    if (ways == 0 || option_given(session, source->file))
        return KEYWARD_OK;
    *key = secret_buffer_take();
    status = read_key(session, source, *key);
    if (status != KEYWARD_OK)
        secret_buffer_give(key);
    return status;
}
