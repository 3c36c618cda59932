/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "failure.h"
#include "memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const keyward_actor log_keeper = {.is_host = true};

/* ---- the key ---- */

enum keyward_status log_key_get(struct session *session, const keyward_actor *actor,
                                keyward_text **log_key)
{
    enum keyward_status status = keyward_audit_log_key(session->store, actor, NULL, log_key);

    if (status == KEYWARD_NOT_FOUND)
        return fail(status, "the audit log has no key yet; make one with 'keyward audit key "
                            "--origin NAME', with a name as example.com/keys");
    return checked(session->store, status);
}

char *log_origin(const char *log_key)
{
    return format_text("%.*s", (int)strcspn(log_key, "+"), log_key);
}

/* ---- checkpoints ---- */

enum keyward_status log_sign(struct session *session, const keyward_actor *actor,
                             const struct text_file *known, keyward_text **checkpoint)
{
    keyward_text *log_key = NULL;
    enum keyward_status status = log_key_get(session, actor, &log_key);

    keyward_text_free(&log_key);
    if (status != KEYWARD_OK)
        return status;
    status = checked(session->store, keyward_audit_checkpoint(session->store, actor, known->bytes,
                                                              known->length, checkpoint));
    if (status == KEYWARD_INCONSISTENT)
        failure_add("nothing was signed; 'keyward check%s%s' names what does not fit",
                    known->path ? " --checkpoint " : "", known->path ? known->path : "");
    return status;
}

/* A proof from nothing on has no hashes: the checkpoint follows its second line end. */
enum keyward_status log_checkpoint(struct session *session, int64_t size, keyward_text **proof,
                                   const char **checkpoint)
{
    enum keyward_status status =
        keyward_audit_consistency(session->store, &session->actor, 0, size, proof);

    *checkpoint = status == KEYWARD_OK ? strstr((*proof)->text, "\n\n") + 2 : NULL;
    if (status == KEYWARD_NOT_FOUND && size > 0)
        return fail(status, "there is no checkpoint of size %" PRId64, size);
    if (status == KEYWARD_NOT_FOUND)
        return fail(status, "there is no checkpoint yet; sign one with 'keyward audit checkpoint'");
    return checked(session->store, status);
}

int64_t checkpoint_size(const char *checkpoint)
{
    const char *line = strchr(checkpoint, '\n');
    int64_t size = 0;

    if (!line || line[1] < '0' || line[1] > '9')
        return -1;
    for (line++; *line >= '0' && *line <= '9'; line++) {
        if (size > INT64_MAX / 10 - 1)
            return -1;
        size = size * 10 + (*line - '0');
    }
    return *line == '\n' ? size : -1;
}

/* A checkpoint continues itself without any hash, if it is a good one. */
enum keyward_status checkpoint_verify(const char *checkpoint, const keyward_trust *trust,
                                      keyward_proven *proven)
{
    char *itself = format_text("old %" PRId64 "\n\n%s", checkpoint_size(checkpoint), checkpoint);
    enum keyward_status status = keyward_verify_consistency(checkpoint, strlen(checkpoint), itself,
                                                            strlen(itself), trust, proven);

    free(itself);
    return status;
}

/* ---- whether the log continues ---- */

/* Of a log that signed the old one, the newest checkpoint covers no less. */
static enum keyward_status fail_to_cover(struct session *session, const struct text_file *old,
                                         int64_t old_size, int64_t size)
{
    keyward_text *proof = NULL;
    enum keyward_status status =
        keyward_audit_consistency(session->store, &session->actor, old_size, 0, &proof);

    keyward_text_free(&proof);
    if (status == KEYWARD_OK)
        return fail(KEYWARD_NOT_FOUND,
                    "there is no checkpoint of size %" PRId64 ", or it is older than '%s' of "
                    "%" PRId64,
                    size, old->path, old_size);
    if (status == KEYWARD_NOT_FOUND)
        return fail(KEYWARD_INCONSISTENT,
                    "'%s' was signed over %" PRId64 " events, and no checkpoint in the store "
                    "covers so many: the store was rolled back",
                    old->path, old_size);
    return checked(session->store, status);
}

/* The old checkpoint itself is a good one. */
static enum keyward_status prove(struct session *session, const struct text_file *old, int64_t size,
                                 const keyward_trust *trust, keyward_text **proof)
{
    int64_t old_size = checkpoint_size(old->bytes);
    keyward_proven proven;
    enum keyward_status status =
        keyward_audit_consistency(session->store, &session->actor, old_size, size, proof);

    if (status == KEYWARD_NOT_FOUND)
        return fail_to_cover(session, old, old_size, size);
    if (status != KEYWARD_OK)
        return checked(session->store, status);
    status = keyward_verify_consistency(old->bytes, old->length, (*proof)->text, (*proof)->length,
                                        trust, &proven);
    if (status == KEYWARD_UNPROVEN)
        return fail(KEYWARD_INCONSISTENT,
                    "the log does not continue '%s': it was rewritten; 'keyward check --checkpoint "
                    "%s' names what does not fit",
                    old->path, old->path);
    return checked(NULL, status);
}

enum keyward_status log_continues(struct session *session, const struct text_file *old,
                                  int64_t size, keyward_text **proof)
{
    keyward_text *log_key = NULL;
    keyward_trust trust = {.log_key = NULL};
    keyward_proven proven;
    enum keyward_status status = log_key_get(session, &session->actor, &log_key);

    if (status == KEYWARD_OK) {
        trust.log_key = log_key->text;
        status = checkpoint_verify(old->bytes, &trust, &proven);
        if (status != KEYWARD_OK)
            fail(status, "'%s': %s", old->path, keyward_last_error(NULL)->message);
    }
    if (status == KEYWARD_OK)
        status = prove(session, old, size, &trust, proof);
    if (status != KEYWARD_OK)
        keyward_text_free(proof);
    keyward_text_free(&log_key);
    return status;
}

/* ---- handing out ---- */

enum keyward_status log_hand_out(struct session *session, enum keyward_status status,
                                 struct new_file *file, const char *name, const keyward_text *text,
                                 json_t *members)
{
    const char *path = file->path;

    if (status == KEYWARD_OK && path)
        status = new_file_write(file, text->text, text->length);
    status = new_file_close(file, status);
    if (status == KEYWARD_OK && session->json) {
        json_put_text(members, path ? "file" : name, path ? path : text->text);
        json_print(&members, stdout);
        return status;
    }
    json_decref(members);
    if (status == KEYWARD_OK && path)
        remark(session, "the %s is in %s", name, path);
    else if (status == KEYWARD_OK) /* a write that fails is noted in stdout */
        fwrite(text->text, 1, text->length, stdout);
    return status;
}
