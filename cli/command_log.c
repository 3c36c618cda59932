/* SPDX-License-Identifier: MIT */
/* audit key, audit checkpoint, audit cosign: what the log signs with, what it signed, and what
 * others have said of it. */
#include "commands.h"
#include "failure.h"
#include "log.h"
#include "memory.h"
#include "values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- audit key ---- */

/* The library says that it has another name; which one, its key tells. */
static enum keyward_status fail_named(struct session *session)
{
    keyward_text *log_key = NULL;
    char *origin;
    enum keyward_status status = log_key_get(session, &session->actor, &log_key);

    if (status != KEYWARD_OK)
        return status;
    origin = log_origin(log_key->text);
    fail(KEYWARD_EXISTS, "the log is called '%s', and is so for good", origin);
    free(origin);
    keyward_text_free(&log_key);
    return KEYWARD_EXISTS;
}

static enum keyward_status get_or_make_key(struct session *session, keyward_text **log_key,
                                           bool *made)
{
    const char *origin = option_text(session, OPTION_ORIGIN);
    enum keyward_status status;

    if (!origin)
        return log_key_get(session, &session->actor, log_key);
    *made =
        keyward_audit_log_key(session->store, &session->actor, NULL, log_key) == KEYWARD_NOT_FOUND;
    keyward_text_free(log_key);
    status = keyward_audit_log_key(session->store, &session->actor, origin, log_key);
    return status == KEYWARD_EXISTS ? fail_named(session) : checked(session->store, status);
}

static void print_key(const struct session *session, const keyward_text *log_key, bool made)
{
    char *origin = log_origin(log_key->text);

    if (session->json) {
        json_t *object = json_success();
        json_put_text(object, "log_key", log_key->text);
        json_put_text(object, "origin", origin);
        json_put(object, "made_log_key", json_boolean(made));
        json_print(&object, stdout);
    } else {
        printf("%s\n", log_key->text);
    }
    if (made)
        remark(session, "made the log's key: hand it to those who are to verify, on a safe way");
    free(origin);
}

static enum keyward_status run_key(struct session *session)
{
    keyward_text *log_key = NULL;
    bool made = false;
    enum keyward_status status = session_open(session);

    if (status == KEYWARD_OK)
        status = get_or_make_key(session, &log_key, &made);
    if (status == KEYWARD_OK)
        print_key(session, log_key, made);
    keyward_text_free(&log_key);
    return status;
}

/* ---- audit checkpoint ---- */

static json_t *size_member(const char *checkpoint)
{
    json_t *object = json_success();

    json_put_number(object, "size", checkpoint_size(checkpoint));
    return object;
}

static enum keyward_status run_checkpoint(struct session *session)
{
    struct text_file known;
    struct new_file file = {NULL, -1};
    keyward_text *checkpoint = NULL;
    enum keyward_status status = text_file_read(&known, option_text(session, OPTION_KNOWN));

    if (known.bytes && known.length == 0)
        failure_add("a shell empties the file that it redirects into: use --output with a new one");
    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = new_file_open(&file, option_text(session, OPTION_OUTPUT));
    if (status == KEYWARD_OK)
        status = log_sign(session, &session->actor, &known, &checkpoint);
    status = log_hand_out(session, status, &file, "checkpoint", checkpoint,
                          checkpoint ? size_member(checkpoint->text) : NULL);
    keyward_text_free(&checkpoint);
    text_file_free(&known);
    return status;
}

/* ---- audit cosign ---- */

/* A witness that was asked over HTTP answers with lines of signatures alone. */
static enum keyward_status complete(struct session *session, const struct text_file *answer,
                                    char **cosigned)
{
    static const char dash[] = "\xe2\x80\x94 "; /* which such a line begins with */
    int64_t size = 0;
    keyward_text *proof = NULL;
    const char *checkpoint;
    enum keyward_status status = option_number(session, OPTION_CHECKPOINT, 1, INT64_MAX, &size);

    if (status == KEYWARD_OK && strncmp(answer->bytes, dash, strlen(dash)) != 0) {
        *cosigned = copy_text(answer->bytes);
        return KEYWARD_OK;
    }
    if (status == KEYWARD_OK)
        status = log_checkpoint(session, size, &proof, &checkpoint);
    if (status == KEYWARD_OK)
        *cosigned = format_text("%s%s", checkpoint, answer->bytes);
    keyward_text_free(&proof);
    return status;
}

/* What does not hold, and a file in which there is nothing to keep. */
static enum keyward_status require_cosigned(const char *path, const char *cosigned,
                                            const keyward_trust *trust)
{
    keyward_proven proven;
    enum keyward_status status = checked(NULL, checkpoint_verify(cosigned, trust, &proven));

    if (status == KEYWARD_OK && proven.witnesses == 0)
        status = fail(KEYWARD_UNPROVEN, "'%s' has no cosignature of %s", path,
                      trust->witness_count == 1 ? "this witness" : "these witnesses");
    return status;
}

/* Those of the given witnesses whose cosignatures are kept with the checkpoint now. */
static enum keyward_status print_cosigned(struct session *session, int64_t size,
                                          const keyward_trust *trust)
{
    keyward_text *proof = NULL;
    keyward_proven proven;
    const char *checkpoint;
    enum keyward_status status = log_checkpoint(session, size, &proof, &checkpoint);

    if (status == KEYWARD_OK)
        status = checked(NULL, checkpoint_verify(checkpoint, trust, &proven));
    if (status == KEYWARD_OK && session->json) {
        json_t *object = size_member(checkpoint);
        json_put(object, "witnesses", json_integer((json_int_t)proven.witnesses));
        json_print(&object, stdout);
    } else if (status == KEYWARD_OK) {
        tell(session, "the checkpoint of size %" PRId64 " is cosigned by %zu of the %zu", size,
             proven.witnesses, trust->witness_count);
    }
    keyward_text_free(&proof);
    return status;
}

static enum keyward_status cosign(struct session *session, const struct text_file *answer)
{
    const struct arguments *arguments = &session->arguments;
    keyward_trust trust = {.witness_keys = arguments->witness_keys,
                           .witness_count = arguments->witness_count};
    keyward_text *log_key = NULL;
    char *cosigned = NULL;
    enum keyward_status status = log_key_get(session, &session->actor, &log_key);

    if (status == KEYWARD_OK)
        status = complete(session, answer, &cosigned);
    if (status == KEYWARD_OK) {
        trust.log_key = log_key->text;
        status = require_cosigned(answer->path, cosigned, &trust);
    }
    if (status == KEYWARD_OK)
        status = checked(session->store,
                         keyward_audit_add_cosignatures(session->store, &session->actor, &trust,
                                                        cosigned, strlen(cosigned)));
    if (status == KEYWARD_OK)
        status = print_cosigned(session, checkpoint_size(cosigned), &trust);
    free(cosigned);
    keyward_text_free(&log_key);
    return status;
}

static enum keyward_status run_cosign(struct session *session)
{
    struct text_file answer = {.path = NULL};
    enum keyward_status status = KEYWARD_OK;

    if (session->arguments.witness_count == 0)
        return fail_usage("say with --witness-key whose cosignatures are to be kept");
    status = text_file_read(&answer, operand(session, 0));
    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = cosign(session, &answer);
    text_file_free(&answer);
    return status;
}

const struct command command_audit_key = {
    .name = "audit key",
    .usage = {""},
    .summary = "print the key that verifies the audit log",
    .help =
        "Prints the log's verifier key (c2sp.org/signed-note), with which anybody can verify its\n"
        "checkpoints and receipts. --origin makes the key the first time: random, sealed in the\n"
        "store, and with it the log has its name for good. Nothing that is signed with it counts\n"
        "for more than the way on which the key reached who verifies. Host only.\n",
    .least = 0,
    .most = 0,
    .run = run_key,
    .options = {OPTION_ORIGIN},
};

const struct command command_audit_checkpoint = {
    .name = "audit checkpoint",
    .usage = {""},
    .summary = "sign what the audit log is now",
    .help =
        "Signs the log as it is, and prints that (c2sp.org/tlog-checkpoint); when nothing was\n"
        "appended since the last time, the last checkpoint. Keep some of them where nobody can\n"
        "reach who can reach the store: only with one of these, as --known, is it noticed when\n"
        "the whole store was replaced by an older or another one. A log that does not continue\n"
        "it, or the last checkpoint in the store, is not signed: exit code 29. Host only.\n",
    .least = 0,
    .most = 0,
    .run = run_checkpoint,
    .options = {OPTION_KNOWN, OPTION_OUTPUT},
};

const struct command command_audit_cosign = {
    .name = "audit cosign",
    .usage = {"FILE --witness-key KEY..."},
    .summary = "keep witnesses' cosignatures",
    .help =
        "Keeps what witnesses have said of a checkpoint (c2sp.org/tlog-cosignature): from now on\n"
        "it is handed out, published, and put into receipts with their cosignatures. FILE is the\n"
        "checkpoint as it came back from them, or the lines of signatures alone, as a witness\n"
        "answers them over HTTP; they are of the newest checkpoint then, or of --checkpoint.\n"
        "'keyward audit consistency' makes what a witness wants to see. Host only.\n",
    .least = 1,
    .most = 1,
    .run = run_cosign,
    .options = {OPTION_WITNESS_KEY, OPTION_CHECKPOINT},
};
