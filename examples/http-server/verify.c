/* SPDX-License-Identifier: MIT */
/* What a key opens. */
#include "handlers.h"
#include "moment.h"
#include "request.h"
#include "server.h"

/* One refusal for every cause; which it was is counted. */
static void refuse(struct request *request, struct answer *answer, enum keyward_cause cause)
{
    metrics_refuse_key(&request->server->metrics, cause);
    answer_failure(answer, MHD_HTTP_UNAUTHORIZED, "Invalid API key");
    answer->challenge = true;
}

static void tell_identity(struct answer *answer, const keyward_identity *identity)
{
    char expires[MOMENT_SIZE];

    answer_json(
        answer,
        json_pack("{s:b, s:s, s:s, s:s, s:s?}", "success", 1, "id", identity->key_id, "repoId",
                  identity->repo_id, "aiType", keyward_provider_text(identity->provider),
                  "expiresAt",
                  identity->expires_at != 0 ? moment_format(identity->expires_at, expires) : NULL));
}

void handle_verify(struct request *request, struct answer *answer)
{
    keyward *store = request->server->store;
    keyward_identity identity;
    const char *key, *secret;
    enum keyward_status status;

    if (!request_take_text(request, answer, "key", 0, BODY_MAX, false, &key) ||
        !request_take_text(request, answer, "secret", 0, BODY_MAX, false, &secret))
        return;
    status = keyward_authenticate(store, key, secret,
                                  json_string_length(json_object_get(request->json, "secret")),
                                  &identity);
    if (status == KEYWARD_OK)
        tell_identity(answer, &identity);
    else if (status == KEYWARD_REFUSED)
        refuse(request, answer, keyward_last_error(store)->cause);
    else if (status == KEYWARD_INVALID) /* too long or empty to be one */
        refuse(request, answer, KEYWARD_CAUSE_MALFORMED);
    else
        request_refuse(request, answer, status);
}
