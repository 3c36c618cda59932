/* SPDX-License-Identifier: MIT */
/* What the store signs and proves of its audit log. */
#include "api/arguments.h"
#include "api/call.h"
#include "api/text.h"
#include "api/trust.h"
#include "operations/audit_tree.h"
#include "operations/checkpoints.h"

#include <sodium.h>
#include <string.h>

static bool caller_is_sound(struct error *error, const keyward_actor *actor, const char *name,
                            const void *out)
{
    return argument_is_actor(error, actor) && argument_is_given(error, name, out);
}

/* Begins a call whose result is a text: KEYWARD_OK when the host may go on. */
static enum keyward_status begin_call(keyward *store, const keyward_actor *actor, const char *name,
                                      keyward_text **out, struct error *error)
{
    enum keyward_status status = store_check(store, error);

    if (out)
        *out = NULL;
    if (status == KEYWARD_OK && !caller_is_sound(error, actor, name, out))
        status = KEYWARD_INVALID;
    return status;
}

static enum keyward_status host_only(enum keyward_status status, const keyward_actor *actor)
{
    return status == KEYWARD_OK && !actor->is_host ? KEYWARD_FORBIDDEN : status;
}

/* ---- the log's key ---- */

static bool origin_is_valid(struct error *error, const char *origin)
{
    if (!argument_is_optional_text(error, "origin", origin, KEYWARD_ORIGIN_MAX))
        return false;
    if (!origin)
        return true;
    return argument_must(error, "origin", key_name_is_valid((struct span){origin, strlen(origin)}),
                         "must have no spaces, control characters and \"+\"");
}

/* What a call writes, and the text that it hands out. */
struct log_key_call {
    struct log_key_make make;
    keyward_text *text;
};

static enum keyward_status key_text(const struct log_key *key, keyward_text **text)
{
    struct buffer buffer = {.bytes = NULL};
    enum keyward_status status;

    verifier_key_add(&buffer, &key->trust.log);
    status = text_from_buffer(&buffer, text);
    buffer_release(&buffer);
    return status;
}

/* The text is there before the commit: without memory for it no key is made. */
static enum keyward_status run_make_key(struct transaction *transaction, void *request)
{
    struct log_key_call *call = request;
    enum keyward_status status = log_key_make(transaction, &call->make);

    keyward_text_free(&call->text); /* of an earlier attempt */
    return status == KEYWARD_OK ? key_text(&call->make.key, &call->text) : status;
}

static enum keyward_status run_read_key(struct transaction *transaction, void *request)
{
    struct log_key_call *call = request;
    enum keyward_status status = log_key_read(transaction, &call->make.key);

    return status == KEYWARD_OK ? key_text(&call->make.key, &call->text) : status;
}

static enum keyward_status make_key(keyward *store, struct log_key_call *call, struct error *error)
{
    const struct environment *environment = &store->services.environment;
    struct log_key_make *make = &call->make;
    enum keyward_status status = KEYWARD_NOMEM;

    make->secret = sodium_malloc(LOG_SECRET_BYTES);
    if (make->secret)
        status = environment_random(environment, make->secret + SECRET_KEY_BYTES, LOG_SEED_BYTES) &&
                         environment_random(environment, make->nonce, sizeof make->nonce)
                     ? KEYWARD_OK
                     : error_set(error, KEYWARD_IO, "random: reported a failure");
    if (status == KEYWARD_OK)
        status = store_write(store, run_make_key, call, error);
    sodium_free(make->secret); /* wipes */
    return status;
}

/* The text belongs to the caller of a call that went well. */
static enum keyward_status hand_out_text(enum keyward_status status, keyward_text **text,
                                         keyward_text **out)
{
    if (status == KEYWARD_OK)
        *out = *text;
    else
        keyward_text_free(text);
    return status;
}

enum keyward_status keyward_audit_log_key(keyward *store, const keyward_actor *actor,
                                          const char *origin, keyward_text **log_key)
{
    struct error *error = call_begin(store);
    struct log_key_call call = {.make = {.origin = origin}};
    enum keyward_status status = begin_call(store, actor, "log_key", log_key, error);

    if (status == KEYWARD_OK && !origin_is_valid(error, origin))
        status = KEYWARD_INVALID;
    status = host_only(status, actor);
    if (status == KEYWARD_OK)
        status = origin ? make_key(store, &call, error)
                        : database_read(store->database, run_read_key, &call, error);
    return call_end(error, hand_out_text(status, &call.text, log_key));
}

/* ---- checkpoints ---- */

/* Whoever signs stands for every event since the last time: each is compared with its leaf hash
 * first, in portions, so that nobody waits for it. */
static enum keyward_status check_leaves(keyward *store, struct error *error)
{
    struct leaves_check check = {.from_checkpoint = true};
    enum keyward_status status = KEYWARD_OK;

    while (status == KEYWARD_OK && !check.complete)
        status = database_read(store->database, checkpoint_check_leaves, &check, error);
    return status;
}

struct checkpoint_call {
    struct checkpoint_sign_request sign;
    keyward_text *text;
};

/* As with the key: what is signed is handed out. */
static enum keyward_status run_sign(struct transaction *transaction, void *request)
{
    struct checkpoint_call *call = request;
    enum keyward_status status = checkpoint_sign_head(transaction, &call->sign);

    keyward_text_free(&call->text);
    return status == KEYWARD_OK ? text_from_buffer(&call->sign.note, &call->text) : status;
}

static enum keyward_status sign_checkpoint(keyward *store, struct checkpoint_call *call,
                                           struct error *error)
{
    enum keyward_status status = KEYWARD_NOMEM;

    call->sign.secret = sodium_malloc(LOG_SECRET_BYTES);
    if (call->sign.secret)
        status = store_catch_up(store, error);
    if (status == KEYWARD_OK)
        status = check_leaves(store, error);
    if (status == KEYWARD_OK)
        status = store_write(store, run_sign, call, error);
    sodium_free(call->sign.secret); /* wipes */
    buffer_release(&call->sign.note);
    return status;
}

enum keyward_status keyward_audit_checkpoint(keyward *store, const keyward_actor *actor,
                                             const char *known, size_t known_length,
                                             keyward_text **checkpoint)
{
    struct error *error = call_begin(store);
    struct checkpoint_call call = {.sign = {.known = {known, known_length}}};
    enum keyward_status status = begin_call(store, actor, "checkpoint", checkpoint, error);

    if (status == KEYWARD_OK && !known && known_length > 0) {
        argument_is_given(error, "known", known);
        status = KEYWARD_INVALID;
    }
    status = host_only(status, actor);
    if (status == KEYWARD_OK)
        status = sign_checkpoint(store, &call, error);
    return call_end(error, hand_out_text(status, &call.text, checkpoint));
}

/* ---- receipts and consistency ---- */

static bool is_count(struct error *error, const char *name, int64_t number, int64_t least)
{
    return argument_must(error, name, number >= least,
                         least > 0 ? "must be 1 or more" : "must not be negative");
}

enum keyward_status keyward_audit_receipt(keyward *store, const keyward_actor *actor,
                                          int64_t sequence, int64_t checkpoint_size,
                                          keyward_text **receipt)
{
    struct error *error = call_begin(store);
    struct receipt_request request = {
        .actor = actor, .sequence = sequence, .size = checkpoint_size};
    enum keyward_status status = begin_call(store, actor, "receipt", receipt, error);

    if (status == KEYWARD_OK)
        status = arguments_status(is_count(error, "sequence", sequence, 1) &&
                                  is_count(error, "checkpoint_size", checkpoint_size, 0));
    if (status == KEYWARD_OK)
        status = database_read(store->database, receipt_make, &request, error);
    if (status == KEYWARD_OK)
        status = text_from_buffer(&request.text, receipt);
    buffer_release(&request.text);
    return call_end(error, status);
}

enum keyward_status keyward_audit_consistency(keyward *store, const keyward_actor *actor,
                                              int64_t old_size, int64_t checkpoint_size,
                                              keyward_text **proof)
{
    struct error *error = call_begin(store);
    struct consistency_request request = {.old_size = old_size, .size = checkpoint_size};
    enum keyward_status status = begin_call(store, actor, "proof", proof, error);

    if (status == KEYWARD_OK)
        status = arguments_status(is_count(error, "old_size", old_size, 0) &&
                                  is_count(error, "checkpoint_size", checkpoint_size, 0));
    status = host_only(status, actor);
    if (status == KEYWARD_OK)
        status = database_read(store->database, consistency_make, &request, error);
    if (status == KEYWARD_OK)
        status = text_from_buffer(&request.text, proof);
    buffer_release(&request.text);
    return call_end(error, status);
}

/* ---- cosignatures ---- */

enum keyward_status keyward_audit_add_cosignatures(keyward *store, const keyward_actor *actor,
                                                   const keyward_trust *trust,
                                                   const char *checkpoint, size_t length)
{
    struct error *error = call_begin(store);
    struct trust trusted;
    struct cosign_request request = {.note = {checkpoint, length}, .trust = &trusted};
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK)
        status = arguments_status(argument_is_actor(error, actor) &&
                                  argument_is_trust(error, trust, &trusted) &&
                                  argument_is_given(error, "checkpoint", checkpoint));
    status = host_only(status, actor);
    if (status == KEYWARD_OK)
        status = store_write(store, checkpoint_cosign, &request, error);
    return call_end(error, status);
}
