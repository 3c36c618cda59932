/* SPDX-License-Identifier: MIT */
#include "operations/authenticate.h"
#include "api/arguments.h"
#include "api/call.h"
#include "operations/uses.h"

#include <string.h>

static bool pair_is_valid(struct error *error, const struct authentication *request)
{
    return argument_is_text(error, "access_key", request->access_key, KEYWARD_ACCESS_KEY_MAX) &&
           argument_is_sized_text(error, "secret", request->secret, request->secret_length,
                                  KEYWARD_SECRET_MAX) &&
           argument_is_given(error, "identity", request->identity);
}

/* Looks the pair up, and remembers it when the store did not change meanwhile: the versions before
 * and after the look-up are equal, so it is the one the look-up saw. */
static enum keyward_status look_up(keyward *store, struct authentication *request,
                                   const struct verified_pair *pair,
                                   const struct data_version *before, struct error *error)
{
    struct data_version after;
    enum keyward_status status = database_look_up(store->database, authenticate, request, error);

    if (status == KEYWARD_OK && before && database_version(store->database, &after) &&
        data_version_equal(before, &after))
        verified_keep(store->verified, pair, before, request->identity);
    return status;
}

static enum keyward_status verify(keyward *store, struct authentication *request,
                                  struct error *error)
{
    struct verified_pair pair;
    struct data_version version;
    bool versioned = database_version(store->database, &version);

    verified_fingerprint(store->verified, request->access_key, request->secret,
                         request->secret_length, &pair);
    if (versioned &&
        verified_find(store->verified, &pair, &version, request->now, request->identity))
        return KEYWARD_OK;
    return look_up(store, request, &pair, versioned ? &version : NULL, error);
}

/* Before the caller has his answer: who deletes the key after that finds it used. */
static void note_outcome(keyward *store, const struct authentication *request,
                         enum keyward_status status)
{
    if (status == KEYWARD_OK)
        uses_note(store->services.uses, request->access_key, request->now);
    else if (status == KEYWARD_REFUSED &&
             (request->cause == KEYWARD_CAUSE_DELETED || request->cause == KEYWARD_CAUSE_EXPIRED))
        uses_note_refusal(store->services.uses, request->access_key, request->now);
}

enum keyward_status keyward_authenticate(keyward *store, const char *access_key, const char *secret,
                                         size_t secret_length, keyward_identity *identity)
{
    struct authentication request = {
        .access_key = access_key,
        .secret = secret,
        .secret_length = secret_length,
        .identity = identity,
    };
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (identity)
        memset(identity, 0, sizeof *identity);
    if (status == KEYWARD_OK && !pair_is_valid(error, &request))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK) {
        request.now = environment_now(&store->services.environment);
        status = verify(store, &request, error);
        note_outcome(store, &request, status);
    }
    if (status == KEYWARD_REFUSED) {
        error->detail.cause = request.cause;
        error->detail.deleted_at = request.deleted_at;
        error->detail.deleted_event = request.deleted_event;
        error->detail.expired_at = request.expired_at;
    }
    return call_end(error, status);
}
