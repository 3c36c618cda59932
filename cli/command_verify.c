/* SPDX-License-Identifier: MIT */
/* verify: what a log has signed, without its store. Nothing is shown before it is proven. */
#include "commands.h"
#include "failure.h"
#include "log.h"
#include "memory.h"
#include "values.h"
#include "view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- whom to trust ---- */

static enum keyward_status read_trust(struct session *session, keyward_trust *trust)
{
    const struct arguments *arguments = &session->arguments;
    int64_t needed = (int64_t)arguments->witness_count;
    enum keyward_status status =
        option_number(session, OPTION_WITNESSES_NEEDED, 0, INT64_MAX, &needed);

    if (status != KEYWARD_OK)
        return status;
    if (needed > (int64_t)arguments->witness_count)
        return fail_usage("--witnesses-needed is more than there are witnesses: name each with "
                          "--witness-key");
    *trust = (keyward_trust){option_text(session, OPTION_LOG_KEY), arguments->witness_keys,
                             arguments->witness_count, (size_t)needed};
    return trust->log_key ? KEYWARD_OK : fail_usage("--log-key is needed: whose log it is");
}

/* The library names its arguments; here they are options. */
static enum keyward_status fail_about_trust(void)
{
    static const char log_key[] = "trust.log_key: ", witness[] = "trust.witness_keys[";
    const char *message = keyward_last_error(NULL)->message;

    if (strncmp(message, log_key, strlen(log_key)) == 0)
        return fail_usage("--log-key: %s", message + strlen(log_key));
    if (strncmp(message, witness, strlen(witness)) == 0 && strstr(message, ": "))
        return fail_usage("--witness-key, the %ld. one: %s",
                          strtol(message + strlen(witness), NULL, 10) + 1,
                          strstr(message, ": ") + 2);
    return checked(NULL, KEYWARD_INVALID);
}

static enum keyward_status conclude(enum keyward_status status)
{
    if (status == KEYWARD_INVALID)
        return fail_about_trust();
    if (status == KEYWARD_UNPROVEN)
        return fail(status, "not proven: %s", keyward_last_error(NULL)->message);
    return checked(NULL, status);
}

/* ---- what was proven, in words ---- */

static void print_witnesses(const struct session *session, const keyward_trust *trust,
                            const keyward_proven *proven)
{
    char at[MOMENT_SIZE], *line;

    if (trust->witness_count == 0)
        return;
    if (trust->witnesses_needed > 0)
        line = format_text("%zu of %zu have cosigned it, %zu of them by %s", proven->witnesses,
                           trust->witness_count, trust->witnesses_needed,
                           when(session, proven->witnessed_at, at));
    else
        line = format_text("%zu of %zu have cosigned it", proven->witnesses, trust->witness_count);
    print_field(session, "witnesses", line);
    free(line);
}

static json_t *proven_json(const keyward_trust *trust, const keyward_proven *proven)
{
    json_t *object = json_success();
    char *origin = log_origin(trust->log_key);

    json_put_text(object, "origin", origin);
    json_put_number(object, "sequence", proven->sequence);
    json_put(object, "size", json_integer(proven->size));
    json_put(object, "witnesses", json_integer((json_int_t)proven->witnesses));
    json_put_number(object, "witnessed_at", proven->witnessed_at);
    free(origin);
    return object;
}

/* ---- the event ---- */

/* NULL: it is none of keyward's, but some other text, which is proven all the same. */
static json_t *parse_event(const char *event, size_t length)
{
    json_t *parsed = json_loadb(event, length, JSON_REJECT_DUPLICATES, NULL);

    if (json_is_object(parsed))
        return parsed;
    json_decref(parsed);
    return NULL;
}

static void print_member(const struct session *session, const char *label, const json_t *value,
                         bool is_moment)
{
    const size_t flags = JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS;
    char at[MOMENT_SIZE], *other;
    size_t length;

    if (is_moment && json_is_integer(value)) {
        print_field(session, label, when(session, json_integer_value(value), at));
    } else if (json_is_string(value)) {
        print_field(session, label, json_string_value(value));
    } else if (value) {
        length = json_dumpb(value, NULL, 0, flags);
        other = allocate(length + 1, 1);
        json_dumpb(value, other, length, flags);
        print_field(session, label, other);
        free(other);
    }
}

/* Each member, those that are known by their names for a person; takes them out. */
static void print_event(const struct session *session, json_t *event, int64_t sequence)
{
    static const struct {
        const char *name, *label;
        bool is_moment;
    } members[] = {
        {"at", "time", true},
        {"action", "action", false},
        {"actor_id", "actor", false},
        {"repo_id", "repository", false},
        {"name", "name", false},
        {"previous_name", "previous name", false},
        {"key_id", "key", false},
        {"provider", "provider", false},
        {"other_key_id", "other key", false},
        {"expires_at", "expires", true},
        {"user_id", "user", false},
        {"role", "role", false},
        {"reason", "reason", false},
        {"reason_text", "in words", false},
        {"request_id", "request", false},
        {"client_address", "from", false},
        {"user_agent", "by", false},
        {"sealed_sha256", "sealed secret", false},
    };
    const char *name;
    json_t *value;

    if (json_integer_value(json_object_get(event, "sequence")) == sequence)
        json_object_del(event, "sequence");
    if (json_object_get(event, "action") && !json_object_get(event, "actor_id"))
        json_put_text(event, "actor_id", who(NULL));
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        print_member(session, members[i].label, json_object_get(event, members[i].name),
                     members[i].is_moment);
        json_object_del(event, members[i].name);
    }
    json_object_foreach(event, name, value) print_member(session, name, value, false);
}

static void print_receipt(const struct session *session, const keyward_trust *trust,
                          const keyward_proven *proven, const char *event, size_t length)
{
    char *origin = log_origin(trust->log_key), *line = format_text("%.*s", (int)length, event);
    json_t *parsed = parse_event(event, length);

    tell(session, "proven: the log %s has this event", origin);
    free(origin);
    origin = format_text("%" PRId64 " of the %" PRId64 " that the log had when it signed",
                         proven->sequence, proven->size);
    print_field(session, "event", origin);
    if (parsed)
        print_event(session, parsed, proven->sequence);
    else
        print_field(session, "text", line);
    print_witnesses(session, trust, proven);
    json_decref(parsed);
    free(origin);
    free(line);
}

static void print_receipt_json(const keyward_trust *trust, const keyward_proven *proven,
                               const char *event, size_t length)
{
    json_t *object = proven_json(trust, proven), *parsed = parse_event(event, length);
    char *line = format_text("%.*s", (int)length, event);

    if (parsed)
        json_put(object, "event", parsed);
    else
        json_put_text(object, "event", line);
    json_print(&object, stdout);
    free(line);
}

/* ---- receipts ---- */

/* Which of the two is to blame, if the event does not go with the receipt. */
static enum keyward_status fail_about_event(const struct text_file *receipt,
                                            const struct text_file *event,
                                            const keyward_trust *trust)
{
    keyward_proven proven;
    char *reason = copy_text(keyward_last_error(NULL)->message);

    if (keyward_verify_receipt(receipt->bytes, receipt->length, trust, NULL, 0, &proven) ==
        KEYWARD_OK)
        fail(KEYWARD_UNPROVEN,
             "not proven: '%s' is not the event of this receipt, event %" PRId64
             ": it was changed, or is another one%s",
             event->path, proven.sequence,
             memchr(event->bytes, '\n', event->length) ? "; it has more than one line" : "");
    else
        fail(KEYWARD_UNPROVEN, "not proven: %s", reason);
    free(reason);
    return KEYWARD_UNPROVEN;
}

static enum keyward_status show_receipt(const struct session *session,
                                        const struct text_file *receipt,
                                        const struct text_file *event, const keyward_trust *trust,
                                        const keyward_proven *proven)
{
    keyward_text *carried = NULL;
    enum keyward_status status = KEYWARD_OK;

    if (!event->bytes)
        status = checked(NULL, keyward_receipt_event(receipt->bytes, receipt->length, &carried));
    if (status == KEYWARD_OK)
        (session->json
             ? print_receipt_json(trust, proven, carried ? carried->text : event->bytes,
                                  carried ? carried->length : event->length)
             : print_receipt(session, trust, proven, carried ? carried->text : event->bytes,
                             carried ? carried->length : event->length));
    keyward_text_free(&carried);
    return status;
}

static enum keyward_status verify_receipt(struct session *session, const keyward_trust *trust)
{
    struct text_file receipt, event = {.path = NULL};
    keyward_proven proven;
    enum keyward_status status = text_file_read(&receipt, option_text(session, OPTION_RECEIPT));

    if (status == KEYWARD_OK)
        status = text_file_read(&event, option_text(session, OPTION_EVENT));
    /* An export ends each event with a line end, which is no part of it. */
    if (status == KEYWARD_OK && event.bytes && event.bytes[event.length - 1] == '\n')
        event.length--;
    if (status == KEYWARD_OK) {
        status = keyward_verify_receipt(receipt.bytes, receipt.length, trust, event.bytes,
                                        event.length, &proven);
        status = status == KEYWARD_UNPROVEN && event.bytes
                     ? fail_about_event(&receipt, &event, trust)
                     : conclude(status);
    }
    if (status == KEYWARD_OK)
        status = show_receipt(session, &receipt, &event, trust, &proven);
    text_file_free(&event);
    text_file_free(&receipt);
    return status;
}

/* ---- consistency ---- */

static void print_consistency(const struct session *session, const keyward_trust *trust,
                              const keyward_proven *proven)
{
    char *origin = log_origin(trust->log_key);

    if (session->json) {
        json_t *object = proven_json(trust, proven);
        json_put(object, "old_size", json_integer(proven->old_size));
        json_print(&object, stdout);
    } else {
        tell(session,
             "proven: the log %s of %" PRId64 " events begins with all %" PRId64
             " of the old checkpoint, unchanged",
             origin, proven->size, proven->old_size);
        print_witnesses(session, trust, proven);
    }
    free(origin);
}

static enum keyward_status verify_consistency(struct session *session, const keyward_trust *trust)
{
    struct text_file old, proof = {.path = NULL};
    keyward_proven proven;
    enum keyward_status status = text_file_read(&old, option_text(session, OPTION_OLD_CHECKPOINT));

    if (status == KEYWARD_OK)
        status = text_file_read(&proof, option_text(session, OPTION_CONSISTENCY));
    if (status == KEYWARD_OK)
        status = conclude(keyward_verify_consistency(old.bytes, old.length, proof.bytes,
                                                     proof.length, trust, &proven));
    if (status == KEYWARD_OK)
        print_consistency(session, trust, &proven);
    text_file_free(&proof);
    text_file_free(&old);
    return status;
}

static enum keyward_status check_way(struct session *session)
{
    bool receipt = option_given(session, OPTION_RECEIPT),
         consistency = option_given(session, OPTION_CONSISTENCY);

    if (receipt == consistency)
        return fail_usage("say what to verify: --receipt FILE, or --consistency FILE");
    if (consistency != option_given(session, OPTION_OLD_CHECKPOINT))
        return fail_usage("--consistency and --old-checkpoint need each other");
    if (consistency && option_given(session, OPTION_EVENT))
        return fail_usage("--event goes with --receipt");
    return KEYWARD_OK;
}

static enum keyward_status run_verify(struct session *session)
{
    keyward_trust trust = {.log_key = NULL};
    enum keyward_status status = check_way(session);

    if (status == KEYWARD_OK)
        status = read_trust(session, &trust);
    if (status != KEYWARD_OK)
        return status;
    return option_given(session, OPTION_RECEIPT) ? verify_receipt(session, &trust)
                                                 : verify_consistency(session, &trust);
}

const struct command command_verify = {
    .name = "verify",
    .usage = {"--receipt FILE --log-key KEY",
              "--consistency FILE --old-checkpoint FILE --log-key KEY"},
    .summary = "verify a proof, without the store",
    .help =
        "Verifies what a log has handed out; neither its store nor a master key is needed. All\n"
        "rests on --log-key, and on --witness-key: they must come from somewhere safe.\n"
        "--receipt: the log had the event when it signed the receipt, in this place; without\n"
        "--event that is the one in the receipt itself, which is shown. --event: a line as\n"
        "'keyward audit export' has it. --consistency: the log still began with all that it had\n"
        "at --old-checkpoint when it signed the newer one.\n"
        "All witnesses that are given must have cosigned, or --witnesses-needed of them.\n"
        "Exit code 28: it is not proven, and the failure says what does not hold.\n",
    .least = 0,
    .most = 0,
    .run = run_verify,
    .options = {OPTION_RECEIPT, OPTION_EVENT, OPTION_CONSISTENCY, OPTION_OLD_CHECKPOINT,
                OPTION_LOG_KEY, OPTION_WITNESS_KEY, OPTION_WITNESSES_NEEDED},
};
