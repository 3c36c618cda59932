/* SPDX-License-Identifier: MIT */
/* A successor for a key, and with it a deadline. */
#include "connection/statement.h"
#include "operations/access.h"
#include "operations/keys.h"
#include "operations/names.h"

#include <string.h>

static const struct query succeed = {
    QUERY_KEY_SUCCEED,
    "INSERT INTO key_details (repo_id, key_id, successor_id) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (repo_id, key_id) DO UPDATE SET successor_id = excluded.successor_id,"
    " held_name = NULL"};

static int64_t deadline_of(const struct key_life *life, int64_t now, int64_t overlap)
{
    int64_t deadline = now < KEYWARD_TIME_MAX - overlap ? now + overlap : KEYWARD_TIME_MAX;

    return life->expires_at != 0 && life->expires_at < deadline ? life->expires_at : deadline;
}

/* The old key hands its name on; one that has handed it on before must find it free. */
static enum keyward_status take_name(struct transaction *transaction, struct key_create *successor,
                                     const struct key_life *life)
{
    enum keyward_status status = names_are_unique(transaction, &successor->holds_name);

    if (status == KEYWARD_OK && successor->holds_name && !life->holds_name)
        status = names_require_free(transaction, successor->repo_id, successor->name);
    return status;
}

static enum keyward_status give_deadline(struct transaction *transaction,
                                         const struct key_rotate *rotate,
                                         const struct key_life *life)
{
    const struct key_create *successor = &rotate->successor;
    int64_t now = environment_now(&transaction->services->environment);
    keyward_event event = {
        .action = KEYWARD_KEY_ROTATED,
        .repo_id = successor->repo_id,
        .key_id = rotate->key_id,
        .name = successor->name,
        .other_key_id = successor->id,
        .expires_at = deadline_of(life, now, rotate->overlap),
    };
    struct statement give;
    enum keyward_status status = audit_append(transaction, successor->actor, &event);

    if (status == KEYWARD_OK)
        status = key_put_deadline(transaction->connection, event.repo_id, event.key_id,
                                  event.expires_at);
    if (status != KEYWARD_OK)
        return status;
    give = statement_begin(transaction->connection, &succeed);
    statement_bind_text(&give, event.repo_id);
    statement_bind_text(&give, event.key_id);
    statement_bind_text(&give, event.other_key_id);
    return statement_run(&give);
}

/* Finds the key that is to be rotated and takes over what its successor has of it. */
static enum keyward_status find_predecessor(struct transaction *transaction,
                                            struct key_rotate *rotate, struct key_life *life)
{
    struct key_create *successor = &rotate->successor;
    struct found_key found;
    enum keyward_status status =
        key_find(transaction->connection, successor->repo_id, rotate->key_id, &found);

    if (status == KEYWARD_OK && found.deleted) {
        rotate->deleted_at = found.deleted_at;
        rotate->deleted_event = found.deleted_event;
        return KEYWARD_ALREADY_DELETED;
    }
    if (status == KEYWARD_OK)
        status = key_read_life(transaction, successor->repo_id, rotate->key_id, life);
    if (status != KEYWARD_OK)
        return status;
    strcpy(rotate->name, found.name);
    successor->name = rotate->name;
    successor->provider = life->provider;
    return life->has_live_successor ? KEYWARD_ALREADY_ROTATED : KEYWARD_OK;
}

enum keyward_status key_rotate(struct transaction *transaction, void *request)
{
    struct key_rotate *rotate = request;
    struct key_create *successor = &rotate->successor;
    const keyward_event attempt = {
        .action = KEYWARD_KEY_ROTATE_DENIED,
        .repo_id = successor->repo_id,
        .key_id = rotate->key_id,
    };
    struct key_life life;
    enum keyward_status status =
        access_require(transaction, successor->actor, KEYWARD_WRITER, &attempt);

    if (status == KEYWARD_OK)
        status = find_predecessor(transaction, rotate, &life);
    if (status == KEYWARD_OK)
        status = take_name(transaction, successor, &life);
    if (status == KEYWARD_OK)
        status = key_choose_id(transaction, successor);
    if (status == KEYWARD_OK)
        status = give_deadline(transaction, rotate, &life);
    return status == KEYWARD_OK ? key_put(transaction, successor) : status;
}
