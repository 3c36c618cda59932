/* SPDX-License-Identifier: MIT */
/* The life of a key: created, found, listed, renamed, rotated, revealed, deleted, restored, purged.
 */
#ifndef KEYWARD_OPERATIONS_KEYS_H
#define KEYWARD_OPERATIONS_KEYS_H

#include "base/uuid.h"
#include "transaction/transaction.h"

/* ---- creating ---- */

struct key_create {
    const keyward_actor *actor;
    const char *repo_id;
    const char *name;
    enum keyward_provider provider;
    int64_t expires_at;
    const char *access_key;
    const char *secret; /* guarded, or the caller's own */
    size_t secret_length;
    bool imports;                          /* the caller's own */
    unsigned char nonce[SEAL_NONCE_BYTES]; /* random, to seal with */
    unsigned char id_random[UUID_RANDOM_BYTES];
    unsigned char *sealed;      /* room for the secret and SEAL_OVERHEAD */
    const char *predecessor_id; /* of a successor, else NULL */
    bool holds_name;
    char id[UUID_TEXT_SIZE]; /* out */
    int64_t created_at;      /* out */
};
enum keyward_status key_create(struct transaction *transaction, void *request);

/* The two halves of creating: an id that sorts behind all of the repository's, and the key under it
 * with its secret and its event. */
enum keyward_status key_choose_id(struct transaction *transaction, struct key_create *create);
enum keyward_status key_put(struct transaction *transaction, struct key_create *create);

struct key_rotate {
    struct key_create successor; /* its name and provider are filled in */
    const char *key_id;          /* the key to rotate */
    int64_t overlap;             /* ms */
    char name[KEYWARD_NAME_MAX + 1];
    int64_t deleted_at, deleted_event; /* out, on KEYWARD_ALREADY_DELETED */
};
enum keyward_status key_rotate(struct transaction *transaction, void *request);

/* ---- finding ---- */

/* What is known of a key that is to be changed. */
struct found_key {
    bool deleted;
    char name[KEYWARD_NAME_MAX + 1];
    int64_t deleted_at, deleted_event; /* 0: live */
    int deleted_neighbours;            /* how many, on one side of it, */
    char farthest_id[UUID_TEXT_SIZE];  /* up to this one */
};

/* Finds a key, live or deleted: KEYWARD_OK or KEYWARD_NOT_FOUND. */
enum keyward_status key_find(struct connection *connection, const char *repo_id, const char *key_id,
                             struct found_key *found);

/* What else there is to know of a key that was found. */
struct key_life {
    char access_key[KEYWARD_ACCESS_KEY_MAX + 1];
    enum keyward_provider provider;
    bool holds_name;
    bool has_live_successor;
    int64_t expires_at;
    int64_t last_used_at; /* as the file and this process know */
    int64_t purged_event;
};
enum keyward_status key_read_life(struct transaction *transaction, const char *repo_id,
                                  const char *key_id, struct key_life *life);

/* Where an access key leads. */
struct key_address {
    char repo_id[KEYWARD_ID_MAX + 1], key_id[KEYWARD_ID_MAX + 1];
};
enum keyward_status key_find_address(struct connection *connection, const char *access_key,
                                     struct key_address *address);

/* ---- reading ---- */

struct key_get {
    const keyward_actor *actor;
    const char *repo_id, *key_id;
    enum keyward_include include;
    keyward_key *key; /* filled */
};
enum keyward_status key_get(struct transaction *transaction, void *request);

/* Reads a key as it stands into `key`, whose text goes to `result`. */
enum keyward_status key_load(struct transaction *transaction, const char *repo_id,
                             const char *key_id, void *result, keyward_key *key);

struct key_list {
    const keyward_actor *actor;
    const char *repo_id;
    keyward_key_query query; /* its limit is set */
    keyward_key_list *keys;
};
enum keyward_status key_list(struct transaction *transaction, void *request);

/* ---- changing ---- */

struct key_change {
    const keyward_actor *actor;
    const char *repo_id, *key_id;
    const char *name;       /* to rename */
    int64_t expires_at;     /* to set the deadline */
    struct found_key found; /* out: as it was before */
};
enum keyward_status key_rename(struct transaction *transaction, void *request);
enum keyward_status key_expire(struct transaction *transaction, void *request);
enum keyward_status key_restore(struct transaction *transaction, void *request);

/* The row's part of a new deadline; 0: none. */
enum keyward_status key_put_deadline(struct connection *connection, const char *repo_id,
                                     const char *key_id, int64_t expires_at);

struct key_reveal {
    const keyward_actor *actor;
    const char *repo_id, *key_id;
    keyward_secret *secret;            /* out; whoever runs it frees it, whatever came of it */
    int64_t deleted_at, deleted_event; /* out, on KEYWARD_ALREADY_DELETED */
    int64_t expired_at;                /* out, on KEYWARD_EXPIRED */
};
enum keyward_status key_reveal(struct transaction *transaction, void *request);

/* ---- deleting ---- */

struct key_delete {
    const keyward_actor *actor;
    const char *repo_id, *key_id;
    keyward_deletion *deletion; /* in and out */
};
enum keyward_status key_delete(struct transaction *transaction, void *request);

/* After its deletion: archives the key with its deleted neighbours, if they are enough. */
enum keyward_status key_archive(struct connection *connection, const char *repo_id,
                                const char *key_id, const struct found_key *found);

/* Many deletions in one transaction, each with its own status. */
struct key_delete_many {
    const keyward_actor *actor;
    keyward_delete_request *requests;
    size_t count;
    keyward_changes *changes; /* or NULL */
};
enum keyward_status key_delete_many(struct transaction *transaction, void *request);

/* All live keys of a selection in one transaction. */
struct key_delete_all {
    const keyward_actor *actor;
    const keyward_selection *selection;
    keyward_deletion *deletion; /* in, and out: the last one's */
    keyward_changes *changes;   /* or NULL */
};
enum keyward_status key_delete_all(struct transaction *transaction, void *request);

struct key_purge {
    const keyward_actor *actor;
    const char *repo_id;
    const char *key_id;       /* NULL: all that may be purged */
    keyward_changes *changes; /* or NULL */
    bool purged;              /* out: any */
};
enum keyward_status key_purge(struct transaction *transaction, void *request);

#endif
