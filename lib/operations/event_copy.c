/* SPDX-License-Identifier: MIT */
#include "operations/event_copy.h"
#include "base/count.h"
#include "base/result.h"

bool event_keep(void *result, keyward_event *event)
{
    const char **texts[] = {
        &event->actor_id,   &event->repo_id,       &event->key_id,     &event->user_id,
        &event->name,       &event->previous_name, &event->provider,   &event->role,
        &event->reason,     &event->reason_text,   &event->request_id, &event->client_address,
        &event->user_agent, &event->other_key_id,
    };
    bool complete = true;

    for (size_t i = 0; i < COUNT(texts); i++)
        *texts[i] = result_keep(result, *texts[i], &complete);
    if (event->sealed_sha256) {
        event->sealed_sha256 = result_copy(result, event->sealed_sha256, SEALED_HASH_BYTES);
        if (!event->sealed_sha256)
            complete = false;
    }
    return complete;
}
