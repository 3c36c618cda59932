/* SPDX-License-Identifier: MIT */
/* The life of a key: created, found, listed, renamed, deleted, restored. */
#ifndef KEYWARD_OPERATIONS_KEYS_H
#define KEYWARD_OPERATIONS_KEYS_H

#include "base/uuid.h"
#include "transaction/transaction.h"

struct key_create {
    const keyward_actor *actor;
    const char *repo_id;
    const keyward_new_key *new_key;
    const char *access_key;
    const keyward_secret *secret;
    unsigned char nonce[SEAL_NONCE_BYTES]; /* random, to seal with */
    unsigned char id_random[UUID_RANDOM_BYTES];
    unsigned char *sealed;   /* room for the secret and SEAL_OVERHEAD */
    char id[UUID_TEXT_SIZE]; /* out */
    int64_t created_at;      /* out */
};
enum keyward_status key_create(struct transaction *transaction, void *request);

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

/* After its deletion: archives the key with its deleted neighbours, if they are enough. */
enum keyward_status key_archive(struct connection *connection, const char *repo_id,
                                const char *key_id, const struct found_key *found);

struct key_get {
    const keyward_actor *actor;
    const char *repo_id, *key_id;
    enum keyward_include include;
    keyward_key *key; /* filled */
};
enum keyward_status key_get(struct transaction *transaction, void *request);

struct key_list {
    const keyward_actor *actor;
    const char *repo_id;
    keyward_key_query query; /* its limit is set */
    keyward_key_list *keys;
};
enum keyward_status key_list(struct transaction *transaction, void *request);

/* A change to one key. */
struct key_change {
    const keyward_actor *actor;
    const char *repo_id, *key_id;
    const char *name;       /* to rename */
    struct found_key found; /* out: as it was before */
};
enum keyward_status key_rename(struct transaction *transaction, void *request);
enum keyward_status key_restore(struct transaction *transaction, void *request);

struct key_delete {
    const keyward_actor *actor;
    const char *repo_id, *key_id;
    keyward_deletion *deletion; /* in and out */
};
enum keyward_status key_delete(struct transaction *transaction, void *request);

/* Many deletions in one transaction, each with its own status. */
struct key_delete_many {
    const keyward_actor *actor;
    keyward_delete_request *requests;
    size_t count;
};
enum keyward_status key_delete_many(struct transaction *transaction, void *request);

#endif
