/* SPDX-License-Identifier: MIT */
/* create, import, rotate: how keys come about. */
#include "commands.h"
#include "failure.h"
#include "output.h"
#include "resolve.h"
#include "secret_input.h"
#include "secret_output.h"
#include "values.h"
#include "view.h"

#include <stdio.h>

/* What came of it: `secret` is NULL if it was imported, `predecessor` unless it was rotated. */
struct made {
    keyward_key *key, *predecessor;
    keyward_secret *secret;
};

static void free_made(struct made *made)
{
    keyward_key_free(&made->key);
    keyward_key_free(&made->predecessor);
    keyward_secret_free(&made->secret);
}

static void print_json(const struct session *session, const struct made *made)
{
    json_t *object = json_success();

    json_put(object, "key", json_of_key(made->key));
    if (made->predecessor)
        json_put(object, "predecessor", json_of_key(made->predecessor));
    if (made->secret)
        secret_output_put(session, object, made->secret);
    json_print(&object, stdout);
}

static void print_text(const struct session *session, const struct made *made)
{
    const char *path = option_text(session, OPTION_SECRET_OUT);
    char text[MOMENT_SIZE];

    print_field(session, "key", made->key->id);
    print_field(session, "name", made->key->name);
    print_field(session, "provider", keyward_provider_text(made->key->provider));
    if (made->key->expires_at != 0)
        print_field(session, "expires", when(session, made->key->expires_at, text));
    print_field(session, "access key", made->key->access_key);
    if (made->secret && !path)
        print_field(session, "secret", made->secret->text);
    if (made->secret && path)
        tell(session, "The secret is in %s; no list shows it.", path);
    else if (made->secret)
        tell(session,
             "This secret is shown once: put it where it is to be used. No list shows it.");
    if (made->predecessor)
        tell(session, "The old key %s goes on until %s.", made->predecessor->id,
             when(session, made->predecessor->expires_at, text));
}

/* Whatever happens from here on, the key is on the disk. */
static enum keyward_status hand_over(struct session *session, struct new_file *file,
                                     const struct made *made)
{
    enum keyward_status status = KEYWARD_OK;

    if (made->secret)
        status = secret_output_close(file, made->secret, status);
    if (status == KEYWARD_OK && session->json)
        print_json(session, made);
    else if (status == KEYWARD_OK)
        print_text(session, made);
    if (status == KEYWARD_OK)
        status = output_flush();
    if (status != KEYWARD_OK)
        failure_add("key %s was made all the same%s", made->key->id,
                    made->secret ? ", but its secret was not handed over: reveal or delete it"
                                 : "");
    return status;
}

/* ---- create ---- */

static enum keyward_status read_new_key(struct session *session, keyward_new_key *new_key)
{
    enum keyward_status status = option_provider(session, &new_key->provider);

    new_key->name = operand(session, 1);
    if (status == KEYWARD_OK)
        status = option_moment(session, OPTION_EXPIRES, &new_key->expires_at);
    return status;
}

static enum keyward_status run_create(struct session *session)
{
    keyward_new_key new_key = {.name = NULL};
    struct made made = {NULL, NULL, NULL};
    struct new_file file = {NULL, -1};
    enum keyward_status status = read_new_key(session, &new_key);

    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = secret_output_open(session, &file);
    if (status == KEYWARD_OK)
        status = checked(session->store,
                         keyward_create_key(session->store, &session->actor, operand(session, 0),
                                            &new_key, &made.key, &made.secret));
    status =
        status == KEYWARD_OK ? hand_over(session, &file, &made) : new_file_close(&file, status);
    free_made(&made);
    return status;
}

/* ---- import ---- */

static enum keyward_status run_import(struct session *session)
{
    keyward_new_key new_key = {.name = NULL};
    struct made made = {NULL, NULL, NULL};
    struct secret_buffer *secret = NULL;
    enum keyward_status status = read_new_key(session, &new_key);

    if (status == KEYWARD_OK)
        status = secret_check(session);
    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = secret_read(session, "Secret", true, &secret);
    if (status == KEYWARD_OK) {
        new_key.secret = secret->text;
        new_key.secret_length = secret->length;
        status = checked(session->store,
                         keyward_create_key(session->store, &session->actor, operand(session, 0),
                                            &new_key, &made.key, &made.secret));
    }
    secret_buffer_give(&secret);
    if (status == KEYWARD_OK)
        status = hand_over(session, NULL, &made);
    free_made(&made);
    return status;
}

/* ---- rotate ---- */

static bool gives_secret(const struct session *session)
{
    return option_given(session, OPTION_SECRET_FILE) || option_given(session, OPTION_SECRET_FD) ||
           option_given(session, OPTION_SECRET_STDIN);
}

static enum keyward_status read_rotation(struct session *session, keyward_rotation *rotation)
{
    enum keyward_status status = option_duration(session, OPTION_OVERLAP, &rotation->overlap);
    bool imports = option_given(session, OPTION_IMPORT);

    if (status == KEYWARD_OK)
        status = option_moment(session, OPTION_EXPIRES, &rotation->expires_at);
    if (status == KEYWARD_OK && gives_secret(session) && !imports)
        status = fail_usage("a secret is taken with --import only");
    if (status == KEYWARD_OK && imports && option_given(session, OPTION_SECRET_OUT))
        status = fail_usage("--import prints no secret: you have it");
    return status == KEYWARD_OK ? secret_check(session) : status;
}

static enum keyward_status read_successor(struct session *session, keyward_rotation *rotation,
                                          struct secret_buffer **secret)
{
    enum keyward_status status = KEYWARD_OK;

    if (option_given(session, OPTION_IMPORT))
        status = secret_read(session, "Secret of the successor", true, secret);
    if (status == KEYWARD_OK && *secret) {
        rotation->secret = (*secret)->text;
        rotation->secret_length = (*secret)->length;
    }
    return status;
}

/* The old key is shown as far as it can be: the rotation has happened. */
static enum keyward_status rotate(struct session *session, const char *id,
                                  const keyward_rotation *rotation, struct made *made)
{
    const char *repo_id = operand(session, 0);
    enum keyward_status status =
        checked(session->store, keyward_rotate_key(session->store, &session->actor, repo_id, id,
                                                   rotation, &made->key, &made->secret));

    if (status == KEYWARD_OK && keyward_get_key(session->store, &session->actor, repo_id, id,
                                                KEYWARD_LIVE, &made->predecessor) != KEYWARD_OK)
        made->predecessor = NULL;
    return status;
}

static enum keyward_status run_rotate(struct session *session)
{
    char id[KEYWARD_ID_MAX + 1];
    keyward_rotation rotation = {.overlap = 0};
    struct made made = {NULL, NULL, NULL};
    struct new_file file = {NULL, -1};
    struct secret_buffer *secret = NULL;
    enum keyward_status status = read_rotation(session, &rotation);

    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = resolve_key(session, operand(session, 0), operand(session, 1), KEYWARD_LIVE, id);
    if (status == KEYWARD_OK)
        status = read_successor(session, &rotation, &secret);
    if (status == KEYWARD_OK)
        status = secret_output_open(session, &file);
    if (status == KEYWARD_OK)
        status = rotate(session, id, &rotation, &made);
    secret_buffer_give(&secret);
    status =
        status == KEYWARD_OK ? hand_over(session, &file, &made) : new_file_close(&file, status);
    free_made(&made);
    return status;
}

const struct command command_create = {
    .name = "create",
    .usage = {"REPO NAME"},
    .summary = "make a key, and show its secret once",
    .help = "Makes a key called NAME in REPO, with a secret of 256 random bits, and prints its\n"
            "access key and its secret. No list shows the secret later; an admin can reveal it,\n"
            "which is recorded. --secret-out keeps it off the screen and out of its history.\n",
    .least = 2,
    .most = 2,
    .run = run_create,
    .options = {OPTION_PROVIDER, OPTION_EXPIRES, OPTION_SECRET_OUT},
};

const struct command command_import = {
    .name = "import",
    .usage = {"REPO NAME"},
    .summary = "make a key with a secret of yours",
    .help =
        "Makes a key called NAME in REPO for a secret that you have, as a provider's API key.\n"
        "The secret comes from --secret-file, --secret-fd or --secret-stdin; without these from\n"
        "standard input if that is no terminal, else from the terminal, typed twice without\n"
        "echo; never from the command line. One line end at the end of a file or of standard\n"
        "input is taken off. 65,536 bytes of UTF-8 at most.\n",
    .least = 2,
    .most = 2,
    .run = run_import,
    .options = {OPTION_PROVIDER, OPTION_EXPIRES, OPTION_SECRET_FILE, OPTION_SECRET_FD,
                OPTION_SECRET_STDIN},
};

const struct command command_rotate = {
    .name = "rotate",
    .usage = {"REPO KEY"},
    .summary = "give a key a successor, and a deadline",
    .help = "Makes a successor of the same name and provider, and gives the old key a deadline, a\n"
            "day from now or --overlap; both authenticate until then. Prints the successor's\n"
            "access key and secret, once. With --import its secret is one that you give, as with\n"
            "'keyward import'.\n",
    .least = 2,
    .most = 2,
    .run = run_rotate,
    .options = {OPTION_OVERLAP, OPTION_EXPIRES, OPTION_SECRET_OUT, OPTION_IMPORT,
                OPTION_SECRET_FILE, OPTION_SECRET_FD, OPTION_SECRET_STDIN},
};
