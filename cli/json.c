/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "memory.h"
#include "secret_buffer.h"
#include "text.h"

#include <stdalign.h>
#include <stdlib.h>

/* ---- memory that is wiped ---- */

#define HEAD alignof(max_align_t) /* in front of each block, for its size */

static void *take(size_t size)
{
    char *block = allocate(1, HEAD + size);

    *(size_t *)(void *)block = size;
    return block + HEAD;
}

static void give(void *memory)
{
    char *block = memory;

    if (!block)
        return;
    block -= HEAD;
    wipe(block, HEAD + *(size_t *)(void *)block);
    free(block);
}

void json_start(void)
{
    json_set_alloc_funcs(take, give);
}

/* ---- members ---- */

void json_put(json_t *object, const char *name, json_t *value)
{
    /* take() never fails, so what can is a value that could not be made. */
    if (json_object_set_new(object, name, value) != 0)
        abort();
}

/* What came from the command line need not be UTF-8. */
static json_t *text_value(const char *text)
{
    json_t *value = json_string(text);
    char *visible;

    if (value)
        return value;
    visible = text_visible(text);
    value = json_string(visible);
    free(visible);
    return value;
}

void json_put_text(json_t *object, const char *name, const char *text)
{
    if (text)
        json_put(object, name, text_value(text));
}

void json_put_number(json_t *object, const char *name, int64_t number)
{
    if (number != 0)
        json_put(object, name, json_integer(number));
}

json_t *json_success(void)
{
    json_t *object = json_object();

    json_put(object, "success", json_true());
    return object;
}

/* ---- the library's structs ---- */

static void put_state(json_t *object, const keyward_key *key)
{
    json_put_number(object, "deleted_at", key->deleted_at);
    json_put_text(object, "deleted_by", key->deleted_by);
    json_put_number(object, "deleted_event", key->deleted_event);
    json_put_number(object, "expires_at", key->expires_at);
    json_put(object, "expired", json_boolean(key->expired));
    json_put_text(object, "predecessor_id", key->predecessor_id);
    json_put_text(object, "successor_id", key->successor_id);
    json_put_number(object, "last_used_at", key->last_used_at);
    json_put_number(object, "refused_count", key->refused_count);
    json_put_number(object, "refused_first_at", key->refused_first_at);
    json_put_number(object, "refused_last_at", key->refused_last_at);
    json_put_number(object, "purged_at", key->purged_at);
    json_put_number(object, "purged_event", key->purged_event);
}

json_t *json_of_key(const keyward_key *key)
{
    json_t *object = json_object();

    json_put_text(object, "id", key->id);
    json_put_text(object, "repo_id", key->repo_id);
    json_put_text(object, "access_key", key->access_key);
    json_put_text(object, "name", key->name);
    json_put_text(object, "provider", keyward_provider_text(key->provider));
    json_put_number(object, "created_at", key->created_at);
    json_put_text(object, "created_by", key->created_by);
    put_state(object, key);
    return object;
}

json_t *json_of_user(const keyward_user *user)
{
    json_t *object = json_object();

    json_put_text(object, "user_id", user->user_id);
    json_put_text(object, "role", keyward_role_text(user->role));
    json_put_number(object, "granted_at", user->granted_at);
    return object;
}

static void put_hash(json_t *object, const unsigned char *hash)
{
    char digits[2 * 32 + 1];

    if (!hash)
        return;
    for (size_t i = 0; i < 32; i++)
        snprintf(digits + 2 * i, 3, "%02x", hash[i]);
    json_put_text(object, "sealed_sha256", digits);
}

json_t *json_of_event(const keyward_event *event)
{
    json_t *object = json_object();

    json_put(object, "sequence", json_integer(event->sequence));
    json_put(object, "at", json_integer(event->at));
    json_put_text(object, "action", keyward_action_text(event->action));
    json_put_text(object, "actor_id", event->actor_id);
    json_put_text(object, "repo_id", event->repo_id);
    json_put_text(object, "key_id", event->key_id);
    json_put_text(object, "user_id", event->user_id);
    json_put_text(object, "name", event->name);
    json_put_text(object, "previous_name", event->previous_name);
    json_put_text(object, "provider", event->provider);
    json_put_text(object, "role", event->role);
    json_put_text(object, "reason", event->reason);
    json_put_text(object, "reason_text", event->reason_text);
    json_put_text(object, "request_id", event->request_id);
    json_put_text(object, "client_address", event->client_address);
    json_put_text(object, "user_agent", event->user_agent);
    put_hash(object, event->sealed_sha256);
    json_put_text(object, "other_key_id", event->other_key_id);
    json_put_number(object, "expires_at", event->expires_at);
    return object;
}

static void append(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        abort();
}

json_t *json_of_changes(const keyward_changes *changes)
{
    json_t *object = json_success(), *keys = json_array(), *events = json_array();

    for (size_t i = 0; i < changes->key_count; i++)
        append(keys, json_of_key(changes->keys[i]));
    for (size_t i = 0; i < changes->event_count; i++)
        append(events, json_of_event(changes->events[i]));
    json_put(object, "keys", keys);
    json_put(object, "events", events);
    json_put(object, "in_use", json_integer(changes->in_use));
    return object;
}

json_t *json_of_secret(const keyward_secret *secret)
{
    json_t *value = json_stringn(secret->text, secret->length);

    if (!value)
        abort(); /* the library takes no secret that is not UTF-8 */
    return value;
}

void json_print(json_t **value, FILE *file)
{
    /* A failed write stays noted in the file. */
    json_dumpf(*value, file, JSON_COMPACT | JSON_SORT_KEYS);
    fputc('\n', file);
    json_decref(*value);
    *value = NULL;
}
