/* SPDX-License-Identifier: MIT */
/* auth, reveal: the two commands about a secret that exists. */
#include "commands.h"
#include "failure.h"
#include "output.h"
#include "resolve.h"
#include "secret_input.h"
#include "secret_output.h"
#include "terminal.h"
#include "text.h"
#include "view.h"

#include <stdio.h>
#include <unistd.h>

/* ---- auth ---- */

static void print_identity(const struct session *session, const keyward_identity *identity)
{
    char text[MOMENT_SIZE];
    json_t *object;

    if (!session->json) {
        print_field(session, "repository", identity->repo_id);
        print_field(session, "key", identity->key_id);
        print_field(session, "provider", keyward_provider_text(identity->provider));
        if (identity->expires_at != 0)
            print_field(session, "expires", when(session, identity->expires_at, text));
        return;
    }
    object = json_success();
    json_put_text(object, "repo_id", identity->repo_id);
    json_put_text(object, "key_id", identity->key_id);
    json_put_text(object, "provider", keyward_provider_text(identity->provider));
    json_put_number(object, "expires_at", identity->expires_at);
    json_print(&object, stdout);
}

static enum keyward_status run_auth(struct session *session)
{
    keyward_identity identity;
    struct secret_buffer *secret = NULL;
    enum keyward_status status = secret_check(session);

    if (option_given(session, OPTION_VERBOSE))
        failure_show_cause();
    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = secret_read(session, "Secret", false, &secret);
    if (status == KEYWARD_OK)
        status =
            checked(session->store, keyward_authenticate(session->store, operand(session, 0),
                                                         secret->text, secret->length, &identity));
    secret_buffer_give(&secret);
    if (status == KEYWARD_OK)
        print_identity(session, &identity);
    return status;
}

/* ---- reveal ---- */

/* The secret alone, byte for byte; only a person needs a line end after it. */
static enum keyward_status print_secret(struct session *session, const keyward_secret *secret)
{
    bool is_terminal = terminal_is(STDOUT_FILENO);

    if (session->json) {
        json_t *object = json_success();
        secret_output_put(session, object, secret);
        json_print(&object, stdout);
    } else if (option_given(session, OPTION_SECRET_OUT)) {
        tell(session, "The secret is in %s.", option_text(session, OPTION_SECRET_OUT));
    } else if (is_terminal && !text_is_harmless(secret->text, secret->length)) {
        return fail(KEYWARD_INVALID, "the secret has control characters, which are not for a "
                                     "terminal; use --secret-out or a pipe");
    } else {
        fwrite(secret->text, 1, secret->length, stdout);
        if (is_terminal)
            putchar('\n');
    }
    return output_flush();
}

static enum keyward_status run_reveal(struct session *session)
{
    char id[KEYWARD_ID_MAX + 1];
    keyward_secret *secret = NULL;
    struct new_file file = {NULL, -1};
    enum keyward_status status = session_open(session);

    if (status == KEYWARD_OK)
        status = resolve_key(session, operand(session, 0), operand(session, 1), KEYWARD_LIVE, id);
    if (status == KEYWARD_OK)
        status = secret_output_open(session, &file);
    if (status == KEYWARD_OK)
        status = checked(session->store, keyward_reveal_key(session->store, &session->actor,
                                                            operand(session, 0), id, &secret));
    status = secret_output_close(&file, secret, status);
    if (status == KEYWARD_OK && secret)
        status = print_secret(session, secret);
    keyward_secret_free(&secret);
    return status;
}

const struct command command_auth = {
    .name = "auth",
    .usage = {"ACCESS-KEY"},
    .summary = "try a key: what does it open?",
    .help = "Authenticates with ACCESS-KEY and its secret, and prints what they open. Unknown,\n"
            "wrong, deleted and expired are refused alike, as a server must; --verbose and --json\n"
            "tell the cause. The attempt counts as a use of the key. The secret comes from\n"
            "--secret-file, --secret-fd or --secret-stdin; without these from standard input if\n"
            "that is no terminal, else from the terminal, without echo. One line end at the end\n"
            "of a file or of standard input is taken off.\n",
    .least = 1,
    .most = 1,
    .run = run_auth,
    .options = {OPTION_SECRET_FILE, OPTION_SECRET_FD, OPTION_SECRET_STDIN, OPTION_VERBOSE},
};

const struct command command_reveal = {
    .name = "reveal",
    .usage = {"REPO KEY"},
    .summary = "print a live key's secret, on the record",
    .help =
        "Prints the secret of a live key and nothing else; the line end after it is there on a\n"
        "terminal only. Needs the role admin. The event key.revealed is on the disk before the\n"
        "secret is shown.\n",
    .least = 2,
    .most = 2,
    .run = run_reveal,
    .options = {OPTION_SECRET_OUT},
};
