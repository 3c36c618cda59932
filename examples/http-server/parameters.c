/* SPDX-License-Identifier: MIT */
/* What endpoints take from a request. */
#include "request.h"

#include <string.h>

static bool is_id(const char *id, struct answer *answer, const char *name)
{
    if (strlen(id) <= KEYWARD_ID_MAX)
        return true;
    answer_failure(answer, MHD_HTTP_BAD_REQUEST, "\"%s\" must be 1 to %d bytes", name,
                   KEYWARD_ID_MAX);
    return false;
}

bool request_take_ids(struct request *request, struct answer *answer)
{
    return is_id(request->parameters[0], answer, "repoId") &&
           (!request->parameters[1] || is_id(request->parameters[1], answer, "apikeyId"));
}

bool request_take_text(struct request *request, struct answer *answer, const char *member,
                       size_t least, size_t most, bool is_optional, const char **text)
{
    const json_t *value = json_object_get(request->json, member);
    size_t length = json_string_length(value);

    *text = NULL;
    if (is_optional && (!value || json_is_null(value)))
        return true;
    if (!json_is_string(value) || length < least || length > most) {
        answer_failure(answer, MHD_HTTP_BAD_REQUEST, "\"%s\" must be a string of %zu to %zu bytes",
                       member, least, most);
        return false;
    }
    *text = json_string_value(value);
    return true;
}
