/* SPDX-License-Identifier: MIT */
#include "receipt.h"

#include "failure.h"
#include "log.h"

#include <inttypes.h>
#include <sys/stat.h>

static const struct text_file none = {.path = NULL};

/* A log without events is signed with the deletion's. */
static enum keyward_status try_to_sign(struct session *session)
{
    keyward_text *checkpoint = NULL;
    enum keyward_status status =
        keyward_audit_checkpoint(session->store, &log_keeper, NULL, 0, &checkpoint);

    keyward_text_free(&checkpoint);
    return status == KEYWARD_NOT_FOUND ? KEYWARD_OK : checked(session->store, status);
}

static enum keyward_status require_no_file(const char *path)
{
    struct stat about;

    return lstat(path, &about) == 0
               ? fail(KEYWARD_EXISTS, "'%s' exists already and was left as it is", path)
               : KEYWARD_OK;
}

enum keyward_status receipt_prepare(struct session *session, const char *path, bool rehearsal,
                                    struct new_file *file)
{
    keyward_text *log_key = NULL;
    enum keyward_status status = log_key_get(session, &log_keeper, &log_key);

    keyward_text_free(&log_key);
    if (status == KEYWARD_OK)
        status = rehearsal ? require_no_file(path) : new_file_open(file, path);
    if (status == KEYWARD_OK && !rehearsal)
        status = try_to_sign(session);
    if (status != KEYWARD_OK)
        failure_add("nothing was deleted");
    return status;
}

enum keyward_status receipt_write(struct session *session, int64_t sequence, struct new_file *file)
{
    keyward_text *checkpoint = NULL, *receipt = NULL;
    enum keyward_status status = log_sign(session, &log_keeper, &none, &checkpoint);

    if (status == KEYWARD_OK)
        status = checked(session->store,
                         keyward_audit_receipt(session->store, &log_keeper, sequence, 0, &receipt));
    if (status == KEYWARD_OK)
        status = new_file_write(file, receipt->text, receipt->length);
    status = new_file_close(file, status);
    if (status != KEYWARD_OK)
        failure_add("the key is deleted, event %" PRId64 ", but there is no receipt; once the "
                    "cause is gone: 'keyward audit receipt %" PRId64 "'",
                    sequence, sequence);
    keyward_text_free(&receipt);
    keyward_text_free(&checkpoint);
    return status;
}
