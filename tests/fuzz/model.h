/* SPDX-License-Identifier: MIT */
/*
 * What a store must have in it after the calls so far, kept by the simplest means there are, arrays
 * and loops, from what keyward.h says of each function.
 */
#ifndef KEYWARD_TESTS_FUZZ_MODEL_H
#define KEYWARD_TESTS_FUZZ_MODEL_H

#include <keyward/keyward.h>

#define MODEL_KEYS 64
#define MODEL_GRANTS 64
#define MODEL_EVENTS 256
#define MODEL_TEXT (KEYWARD_ID_MAX + 1)

struct model_grant {
    char repo_id[MODEL_TEXT], user_id[MODEL_TEXT];
    enum keyward_role role;
    int64_t at;
};

struct model_key {
    char repo_id[MODEL_TEXT], id[KEYWARD_KEY_ID_LENGTH + 1], name[KEYWARD_NAME_MAX + 1];
    char access_key[KEYWARD_ACCESS_KEY_MAX + 1], created_by[MODEL_TEXT], deleted_by[MODEL_TEXT];
    char *secret;
    size_t secret_length;
    bool is_generated; /* the secret */
    enum keyward_provider provider;
    int64_t created_at, expires_at, deleted_at, deleted_event, purged_at, purged_event;
    int64_t last_used_at, refused_count, refused_first_at, refused_last_at;
    int predecessor, successor; /* a number in `keys`, or -1 */
    bool holds_name;            /* where names are unique */
};

struct model_event {
    enum keyward_action action;
    int64_t at;
    char actor_id[MODEL_TEXT], repo_id[MODEL_TEXT], key_id[MODEL_TEXT], user_id[MODEL_TEXT];
};

struct model {
    struct model_grant grants[MODEL_GRANTS];
    struct model_key keys[MODEL_KEYS];
    struct model_event events[MODEL_EVENTS]; /* number 0 has sequence 1 */
    int grant_count, key_count, event_count;
    int64_t retention;
    bool unique_names;
    int data_keys, master_key;             /* how many; which of the fuzzer's */
    char origin[KEYWARD_ORIGIN_MAX + 1];   /* of the log; "": it has no key */
    bool has_checkpoint[MODEL_EVENTS + 1]; /* over so many events */
};

void model_release(struct model *model);

/* There is no room for another call. */
bool model_is_full(const struct model *model);

/* ---- who may what ---- */

/* 0: none. */
enum keyward_role model_role(const struct model *model, const char *repo_id, const char *user_id);
bool model_allows(const struct model *model, const keyward_actor *actor, const char *repo_id,
                  enum keyward_role needed);
void model_grant(struct model *model, const char *repo_id, const char *user_id,
                 enum keyward_role role, int64_t at);
void model_revoke(struct model *model, const char *repo_id, const char *user_id);
int model_admins(const struct model *model, const char *repo_id);

/* ---- keys ---- */

/* Its number, or -1. */
int model_find(const struct model *model, const char *repo_id, const char *key_id);
int model_find_access_key(const struct model *model, const char *access_key);
bool model_has_expired(const struct model_key *key, int64_t now);
bool model_has_live_successor(const struct model *model, const struct model_key *key);
/* A key of this repository holds the name. */
bool model_is_taken(const struct model *model, const char *repo_id, const char *name);
/* Two live keys would hold the same name. */
bool model_has_twins(const struct model *model);
void model_set_unique(struct model *model, bool unique);

/* ---- the log ---- */

/* Appends an event, whose texts may be NULL; returns its sequence. */
int64_t model_note(struct model *model, enum keyward_action action, const keyward_actor *actor,
                   const char *repo_id, const char *key_id, const char *user_id, int64_t now);
int64_t model_last_at(const struct model *model);
/* The event is one of those that the query asks for, whatever its page. */
bool model_is_asked_for(const struct model *model, int number, const keyward_event_query *query);
/* The newest checkpoint, 0: none. */
int64_t model_newest_checkpoint(const struct model *model);

#endif
