/* SPDX-License-Identifier: MIT */
#include "operations/changes.h"
#include "base/result.h"
#include "operations/event_copy.h"
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
    return event_keep(changes, copy) ? KEYWARD_OK : KEYWARD_NOMEM;
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
