/* SPDX-License-Identifier: MIT */
/*
 * Who a bearer token belongs to. This file stands for a host's own authentication: a host that has
 * one replaces tokens_find, and nothing else knows what a token is.
 *
 * The token file has one JSON object a line, with the token's SHA-256 and never the token:
 *
 *     {"sha256":"9f86...","userId":"anna","userName":"Anna","userEmail":"anna@example.org"}
 */
#ifndef HTTP_SERVER_TOKENS_H
#define HTTP_SERVER_TOKENS_H

#include <keyward/keyward.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define TOKEN_SIZE 48      /* "kwt_", 43 characters of base64url, and a NUL */
#define TOKEN_PROBLEM 1280 /* bytes for why a file was refused */

struct user {
    char id[KEYWARD_ID_MAX + 1];
    char name[256];
    char email[256];
};

struct token_table;

struct tokens {
    const char *path;
    pthread_rwlock_t lock;
    struct token_table *table;
};

/* Reads the file at `path`, which the caller keeps; on failure says why. */
bool tokens_open(struct tokens *tokens, const char *path, char problem[TOKEN_PROBLEM]);
/* Reads it again; on failure the old tokens stay. */
bool tokens_reload(struct tokens *tokens, char problem[TOKEN_PROBLEM]);
size_t tokens_count(struct tokens *tokens);
void tokens_close(struct tokens *tokens);

/* Whose token this is. */
bool tokens_find(struct tokens *tokens, const char *token, struct user *user);
/* What is known of the user with this id; false and empty if nothing is. */
bool tokens_describe(struct tokens *tokens, const char *user_id, struct user *user);

/* Makes a token, appends its hash to the file, which is made if need be, and hands it out. */
bool tokens_create(const char *path, const struct user *user, char token[TOKEN_SIZE],
                   char problem[TOKEN_PROBLEM]);

#endif
