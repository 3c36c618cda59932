/* SPDX-License-Identifier: MIT */
/* What the store's refusals and failures are over HTTP. */
#include "moment.h"
#include "request.h"
#include "server.h"

#include <stdio.h>

static void refuse_in_use(struct answer *answer, int64_t last_used_at)
{
    char moment[MOMENT_SIZE];

    answer_json(answer, json_pack("{s:b, s:s, s:s}", "success", 0, "message",
                                  "AI API key was used too recently", "lastUsedAt",
                                  moment_format(last_used_at, moment)));
    if (answer->status == MHD_HTTP_OK)
        answer->status = MHD_HTTP_CONFLICT;
}

static void fail(struct request *request, struct answer *answer, enum keyward_status status,
                 const keyward_error *error)
{
    snprintf(request->problem, sizeof request->problem, "%s", error->message);
    request->sqlite_code = error->sqlite_code;
    answer->retry = status == KEYWARD_BUSY || status == KEYWARD_FULL;
    if (answer->retry)
        answer_failure(answer, MHD_HTTP_SERVICE_UNAVAILABLE, "The store is %s",
                       status == KEYWARD_BUSY ? "busy" : "full");
    else
        answer_failure(answer, MHD_HTTP_INTERNAL_SERVER_ERROR, "Failed to %s",
                       request->endpoint->what);
}

void request_refuse(struct request *request, struct answer *answer, enum keyward_status status)
{
    const keyward_error *error = keyward_last_error(request->server->store);

    switch ((int)status) {
    case KEYWARD_INVALID:
        answer_failure(answer, MHD_HTTP_BAD_REQUEST, "%s", error->message);
        break;
    case KEYWARD_FORBIDDEN:
        metrics_refuse(&request->server->metrics, REFUSAL_FORBIDDEN);
        answer_failure(answer, MHD_HTTP_FORBIDDEN, "Insufficient permissions");
        break;
    case KEYWARD_NOT_FOUND:
        answer_failure(answer, MHD_HTTP_NOT_FOUND, "AI API key not found");
        break;
    case KEYWARD_ALREADY_DELETED:
        answer_failure(answer, MHD_HTTP_NOT_FOUND, "AI API key already deleted");
        break;
    case KEYWARD_IN_USE:
        refuse_in_use(answer, error->last_used_at);
        break;
    case KEYWARD_NAME_TAKEN:
        answer_failure(answer, MHD_HTTP_CONFLICT,
                       "Another AI API key of this repository has this name");
        break;
    default:
        fail(request, answer, status, error);
    }
}
