/* SPDX-License-Identifier: MIT */
#include "operations/changes.h"
#include "base/result.h"
#include "operations/keys.h"

#include <string.h>

#define ROOM_AT_FIRST ((size_t)8)

keyward_changes *changes_new(void)
{
    return result_new(sizeof(keyward_changes));
}

void changes_collect(struct transaction *transaction, keyward_changes *changes)
{
    transaction->changes = changes;
    if (changes)
        *changes = (keyward_changes){.key_count = 0};
}

/* The array for one more than `count`: another of twice the size whenever a power of two is full.
 */
static const void **make_room(keyward_changes *changes, const void *array, size_t count)
{
    const void **larger;

    if (count % ROOM_AT_FIRST != 0 || (count & (count - 1)) != 0)
        return (const void **)(size_t)array;
    larger = result_alloc(changes, (count == 0 ? ROOM_AT_FIRST : 2 * count) * sizeof *larger);
    if (larger && count > 0)
        memcpy(larger, array, count * sizeof *larger);
    return larger;
}

/* A copy, NULL for NULL; `*complete` turns false when there is no memory. */
static void keep(keyward_changes *changes, const char **text, bool *complete)
{
    if (!*text)
        return;
    *text = result_copy(changes, *text, strlen(*text));
    if (!*text)
        *complete = false;
}

static bool keep_event(keyward_changes *changes, keyward_event *event)
{
    const char **texts[] = {
        &event->actor_id,   &event->repo_id,       &event->key_id,     &event->user_id,
        &event->name,       &event->previous_name, &event->provider,   &event->role,
        &event->reason,     &event->reason_text,   &event->request_id, &event->client_address,
        &event->user_agent, &event->other_key_id,
    };
    bool complete = true;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        keep(changes, texts[i], &complete);
    if (event->sealed_sha256) {
        event->sealed_sha256 = result_copy(changes, event->sealed_sha256, 32);
        complete = complete && event->sealed_sha256;
    }
    return complete;
}

enum keyward_status changes_add_event(struct transaction *transaction, const keyward_event *event)
{
    keyward_changes *changes = transaction->changes;
    const void **events;
    keyward_event *copy;

    if (!changes)
        return KEYWARD_OK;
    events = make_room(changes, changes->events, changes->event_count);
    copy = result_alloc(changes, sizeof *copy);
    if (!events || !copy)
        return KEYWARD_NOMEM;
    *copy = *event;
    events[changes->event_count++] = copy;
    changes->events = (const keyward_event *const *)events;
    return keep_event(changes, copy) ? KEYWARD_OK : KEYWARD_NOMEM;
}

enum keyward_status changes_add_key(struct transaction *transaction, const char *repo_id,
                                    const char *key_id)
{
    keyward_changes *changes = transaction->changes;
    const void **keys;
    keyward_key *key;

    if (!changes)
        return KEYWARD_OK;
    keys = make_room(changes, changes->keys, changes->key_count);
    key = result_alloc(changes, sizeof *key);
    if (!keys || !key)
        return KEYWARD_NOMEM;
    keys[changes->key_count++] = key;
    changes->keys = (const keyward_key *const *)keys;
    return key_load(transaction, repo_id, key_id, changes, key);
}
