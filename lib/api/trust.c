/* SPDX-License-Identifier: MIT */
#include "api/trust.h"
#include "api/arguments.h"

#include <stdio.h>
#include <string.h>

#define VERIFIER_KEY_LONGEST (KEYWARD_ORIGIN_MAX + 64)

static bool key_is_good(struct error *error, const char *name, const char *text, enum key_type type,
                        struct verifier_key *key)
{
    if (!argument_is_text(error, name, text, VERIFIER_KEY_LONGEST))
        return false;
    if (!verifier_key_parse(key, (struct span){text, strlen(text)}))
        return argument_is_wrong(error, name, "is not a verifier key, or was mistyped");
    if (key->type == type)
        return true;
    return argument_is_wrong(error, name,
                             type == KEY_ED25519
                                 ? "must be a log's key (Ed25519, type 0x01)"
                                 : "must be a witness's key (cosignature/v1, type 0x04)");
}

/* One witness under two names would be two of the witnesses needed. */
static bool witness_is_good(struct error *error, const char *text, struct trust *trust)
{
    size_t number = trust->witness_count;
    struct verifier_key *key = &trust->witnesses[number];
    char name[40];

    snprintf(name, sizeof name, "trust.witness_keys[%zu]", number);
    if (!key_is_good(error, name, text, KEY_COSIGNATURE, key))
        return false;
    if (memcmp(key->public_key, trust->log.public_key, PUBLIC_KEY_BYTES) == 0)
        return argument_is_wrong(error, name, "must not be the log's own key");
    for (size_t i = 0; i < number; i++) {
        const struct verifier_key *other = &trust->witnesses[i];
        if (memcmp(key->public_key, other->public_key, PUBLIC_KEY_BYTES) == 0)
            return argument_is_wrong(error, name, "must not be given twice");
        if (span_equal(key->name, other->name) && memcmp(key->id, other->id, KEY_ID_BYTES) == 0)
            return argument_is_wrong(error, name, "has the name and id of another key");
    }
    trust->witness_count++;
    return true;
}

bool argument_is_trust(struct error *error, const keyward_trust *given, struct trust *trust)
{
    trust->witness_count = 0;
    if (!argument_is_given(error, "trust", given) ||
        !key_is_good(error, "trust.log_key", given->log_key, KEY_ED25519, &trust->log))
        return false;
    if (given->witness_count > KEYWARD_WITNESSES_MAX) {
        error_set(error, KEYWARD_INVALID, "trust.witness_count: must be at most %d",
                  KEYWARD_WITNESSES_MAX);
        return false;
    }
    if (given->witness_count > 0 &&
        !argument_is_given(error, "trust.witness_keys", given->witness_keys))
        return false;
    if (given->witnesses_needed > given->witness_count)
        return argument_is_wrong(error, "trust.witnesses_needed", "must be at most witness_count");
    trust->witnesses_needed = given->witnesses_needed;
    for (size_t i = 0; i < given->witness_count; i++) {
        if (!witness_is_good(error, given->witness_keys[i], trust))
            return false;
    }
    return true;
}
