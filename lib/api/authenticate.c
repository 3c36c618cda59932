/* SPDX-License-Identifier: MIT */
#include "operations/authenticate.h"
#include "api/arguments.h"
#include "api/store.h"

#include <string.h>

static bool pair_is_valid(struct error *error, const struct authentication *request)
{
    return argument_is_text(error, "access_key", request->access_key, KEYWARD_ACCESS_KEY_MAX) &&
           argument_is_sized_text(error, "secret", request->secret, request->secret_length,
                                  KEYWARD_SECRET_MAX) &&
           argument_is_given(error, "identity", request->identity);
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
    struct error *error = store_error(store);
    enum keyward_status status = store_check(store, error);

    if (identity)
        memset(identity, 0, sizeof *identity);
    if (status == KEYWARD_OK && !pair_is_valid(error, &request))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK)
        status = database_look_up(store->database, authenticate, &request, error);
    error->detail.cause = request.cause;
    error->detail.deleted_at = request.deleted_at;
    error->detail.deleted_event = request.deleted_event;
    return error_end(error, status);
}
