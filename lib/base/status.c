/* SPDX-License-Identifier: MIT */
/* The words of the public vocabulary: what a status means, and how enum values are written down. */
#include "base/status.h"
#include "base/count.h"

#include <string.h>

static const char *const status_texts[] = {
    [KEYWARD_OK] = "done",
    [KEYWARD_INVALID] = "an argument is wrong",
    [KEYWARD_FORBIDDEN] = "the actor has no such right in this repository",
    [KEYWARD_NOT_FOUND] = "not found",
    [KEYWARD_ALREADY_DELETED] = "the key is already deleted",
    [KEYWARD_NOT_DELETED] = "the key is not deleted",
    [KEYWARD_LAST_ADMIN] = "only the host may remove the last admin of a repository",
    [KEYWARD_REFUSED] = "the access key or the secret is not valid",
    [KEYWARD_BUSY] = "the store was locked for longer than the busy timeout",
    [KEYWARD_FULL] = "the disk is full",
    [KEYWARD_IO] = "the operating system could not read, write or flush",
    [KEYWARD_NOMEM] = "out of memory",
    [KEYWARD_CORRUPT] = "the store's file is damaged or was tampered with",
    [KEYWARD_READ_ONLY] = "the store's file or folder cannot be written",
    [KEYWARD_NO_FOLDER] = "the folder of the path does not exist",
    [KEYWARD_NOT_A_STORE] = "the file is not a keyward store",
    [KEYWARD_NEWER_SCHEMA] = "the store was written by a newer version of keyward",
    [KEYWARD_WRONG_MASTER_KEY] = "the store belongs to another master key",
    [KEYWARD_NO_MASTER_KEY] = "there is no usable master key",
    [KEYWARD_FORKED] = "the store was opened before fork; the child must open its own",
    [KEYWARD_CANCELLED] = "the progress callback asked to stop",
    [KEYWARD_EXISTS] = "the file exists already and was left as it is",
    [KEYWARD_IN_USE] = "the key was used too recently to be deleted",
    [KEYWARD_EXPIRED] = "the key has expired",
    [KEYWARD_NAME_TAKEN] = "another live key of the repository has this name",
    [KEYWARD_ALREADY_ROTATED] = "the key has a live successor already",
    [KEYWARD_PURGED] = "the key's secret has been destroyed",
    [KEYWARD_RETAINED] = "the key has not been deleted for long enough to be purged",
    [KEYWARD_UNPROVEN] = "the proof does not hold or is malformed",
    [KEYWARD_INCONSISTENT] = "the log does not continue a checkpoint that was signed before",
    [KEYWARD_WRONG_LIBRARY] =
        "the SQLite or libsodium that is loaded is too old or lacks a feature",
};

static const char *const role_texts[] = {
    [KEYWARD_READER] = "reader",
    [KEYWARD_WRITER] = "writer",
    [KEYWARD_ADMIN] = "admin",
};

static const char *const provider_texts[] = {
    [KEYWARD_OTHER] = "OTHER",         [KEYWARD_OPENAI] = "OPENAI", [KEYWARD_GOOGLE] = "GOOGLE",
    [KEYWARD_ANTHROPIC] = "ANTHROPIC", [KEYWARD_AWS] = "AWS",
};

static const char *const reason_texts[] = {
    [KEYWARD_REASON_NONE] = "none",
    [KEYWARD_REASON_UNUSED] = "unused",
    [KEYWARD_REASON_ROTATED] = "rotated",
    [KEYWARD_REASON_COMPROMISED] = "compromised",
    [KEYWARD_REASON_OFFBOARDING] = "offboarding",
    [KEYWARD_REASON_OTHER] = "other",
};

static const char *const action_texts[] = {
    [KEYWARD_ACTION_ANY] = "any",
    [KEYWARD_KEY_CREATED] = "key.created",
    [KEYWARD_KEY_CREATE_DENIED] = "key.create_denied",
    [KEYWARD_KEY_RENAMED] = "key.renamed",
    [KEYWARD_KEY_RENAME_DENIED] = "key.rename_denied",
    [KEYWARD_KEY_DELETED] = "key.deleted",
    [KEYWARD_KEY_DELETE_DENIED] = "key.delete_denied",
    [KEYWARD_KEY_RESTORED] = "key.restored",
    [KEYWARD_KEY_RESTORE_DENIED] = "key.restore_denied",
    [KEYWARD_ACCESS_GRANTED] = "access.granted",
    [KEYWARD_ACCESS_GRANT_DENIED] = "access.grant_denied",
    [KEYWARD_ACCESS_REVOKED] = "access.revoked",
    [KEYWARD_ACCESS_REVOKE_DENIED] = "access.revoke_denied",
    [KEYWARD_KEY_IMPORTED] = "key.imported",
    [KEYWARD_KEY_IMPORT_DENIED] = "key.import_denied",
    [KEYWARD_KEY_EXPIRY_SET] = "key.expiry_set",
    [KEYWARD_KEY_EXPIRY_DENIED] = "key.expiry_denied",
    [KEYWARD_KEY_ROTATED] = "key.rotated",
    [KEYWARD_KEY_ROTATE_DENIED] = "key.rotate_denied",
    [KEYWARD_KEY_REVEALED] = "key.revealed",
    [KEYWARD_KEY_REVEAL_DENIED] = "key.reveal_denied",
    [KEYWARD_KEY_PURGED] = "key.purged",
    [KEYWARD_KEY_PURGE_DENIED] = "key.purge_denied",
    [KEYWARD_MASTER_KEY_CHANGED] = "store.master_key_changed",
    [KEYWARD_DATA_KEY_CREATED] = "store.data_key_created",
};

static const char *text_of(const char *const *texts, size_t count, unsigned value)
{
    return value < count && texts[value] ? texts[value] : "unknown";
}

/* The value whose word is `text`, or -1. */
static int value_of_text(const char *const *texts, size_t count, const char *text)
{
    for (size_t i = 0; text && i < count; i++) {
        if (texts[i] && strcmp(texts[i], text) == 0)
            return (int)i;
    }
    return -1;
}

const char *keyward_status_text(enum keyward_status status)
{
    return text_of(status_texts, COUNT(status_texts), (unsigned)status);
}

const char *keyward_role_text(enum keyward_role role)
{
    return text_of(role_texts, COUNT(role_texts), (unsigned)role);
}

const char *keyward_provider_text(enum keyward_provider provider)
{
    return text_of(provider_texts, COUNT(provider_texts), (unsigned)provider);
}

const char *keyward_reason_text(enum keyward_reason reason)
{
    return text_of(reason_texts, COUNT(reason_texts), (unsigned)reason);
}

const char *keyward_action_text(enum keyward_action action)
{
    return text_of(action_texts, COUNT(action_texts), (unsigned)action);
}

const char *keyward_version(void)
{
    return KEYWARD_VERSION;
}

int role_value(const char *text)
{
    return value_of_text(role_texts, COUNT(role_texts), text);
}

int provider_value(const char *text)
{
    return value_of_text(provider_texts, COUNT(provider_texts), text);
}

int action_value(const char *text)
{
    return value_of_text(action_texts, COUNT(action_texts), text);
}

bool role_is_valid(enum keyward_role role)
{
    return role >= KEYWARD_READER && role <= KEYWARD_ADMIN;
}

bool provider_is_valid(enum keyward_provider provider)
{
    return (unsigned)provider <= KEYWARD_AWS;
}

bool reason_is_valid(enum keyward_reason reason)
{
    return (unsigned)reason <= KEYWARD_REASON_OTHER;
}

bool action_is_valid(enum keyward_action action)
{
    return (unsigned)action <= KEYWARD_DATA_KEY_CREATED;
}

bool status_is_decision(enum keyward_status status)
{
    switch (status) {
    case KEYWARD_OK:
    case KEYWARD_FORBIDDEN:
    case KEYWARD_NOT_FOUND:
    case KEYWARD_ALREADY_DELETED:
    case KEYWARD_NOT_DELETED:
    case KEYWARD_LAST_ADMIN:
    case KEYWARD_REFUSED:
    case KEYWARD_IN_USE:
    case KEYWARD_EXPIRED:
    case KEYWARD_NAME_TAKEN:
    case KEYWARD_ALREADY_ROTATED:
    case KEYWARD_PURGED:
    case KEYWARD_RETAINED:
    case KEYWARD_EXISTS:
    case KEYWARD_UNPROVEN:
    case KEYWARD_INCONSISTENT:
        return true;
    default:
        return false;
    }
}
