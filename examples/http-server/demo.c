/* SPDX-License-Identifier: MIT */
#include "demo.h"
#include "log.h"
#include "tokens.h"

#include <errno.h>
#include <keyward/keyward.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPOSITORY "demo"

static char store_path[1024], master_key_path[1024], tokens_path[1024];

static const struct {
    struct user user;
    enum keyward_role role;
} users[] = {
    {{"anna", "Anna", "anna@example.org"}, KEYWARD_ADMIN},
    {{"ben", "Ben", "ben@example.org"}, KEYWARD_READER},
};

static const keyward_new_key keys[] = {
    {.name = "CI pipeline", .provider = KEYWARD_OPENAI},
    {.name = "Support assistant", .provider = KEYWARD_ANTHROPIC},
    {.name = "Nightly evaluation", .provider = KEYWARD_GOOGLE},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool choose_paths(struct options *options)
{
    const char *folder = options->demo;
    size_t size = sizeof store_path;

    if (snprintf(store_path, size, "%s/keys.db", folder) >= (int)size ||
        snprintf(master_key_path, size, "%s/master.key", folder) >= (int)size ||
        snprintf(tokens_path, size, "%s/tokens.jsonl", folder) >= (int)size) {
        log_line("--demo: the name is too long");
        return false;
    }
    options->store = store_path;
    options->master_key = master_key_path;
    options->tokens = tokens_path;
    if (mkdir(folder, 0700) == 0 || errno == EEXIST)
        return true;
    log_line("%s: %s", folder, strerror(errno));
    return false;
}

static enum keyward_status fill(keyward *store)
{
    const keyward_actor host = {.is_host = true}, anna = {.user_id = users[0].user.id};
    enum keyward_status status = KEYWARD_OK;

    for (size_t i = 0; status == KEYWARD_OK && i < COUNT(users); i++)
        status = keyward_grant(store, &host, REPOSITORY, users[i].user.id, users[i].role);
    for (size_t i = 0; status == KEYWARD_OK && i < COUNT(keys); i++) {
        keyward_key *key = NULL;
        keyward_secret *secret = NULL;
        status = keyward_create_key(store, &anna, REPOSITORY, &keys[i], &key, &secret);
        keyward_secret_free(&secret);
        keyward_key_free(&key);
    }
    return status;
}

static bool make_store(void)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;
    keyward *store = NULL;
    enum keyward_status status = keyward_create_master_key_file(master_key_path);

    options.master_key_file = master_key_path;
    if (status == KEYWARD_OK || status == KEYWARD_EXISTS)
        status = keyward_open(&store, store_path, &options);
    if (status == KEYWARD_OK)
        status = fill(store);
    if (status != KEYWARD_OK)
        log_line("%s: %s", store_path, keyward_last_error(store)->message);
    keyward_close(&store);
    return status == KEYWARD_OK;
}

static bool make_tokens(const struct options *options)
{
    char token[TOKEN_SIZE], problem[TOKEN_PROBLEM];

    printf("A store to try it with, in %s: the repository \"" REPOSITORY "\", and\n",
           options->demo);
    for (size_t i = 0; i < COUNT(users); i++) {
        if (!tokens_create(tokens_path, &users[i].user, token, problem)) {
            log_line("%s", problem);
            return false;
        }
        printf("  %-5s %-7s with the bearer token  %s\n", users[i].user.id,
               keyward_role_text(users[i].role), token);
        sodium_memzero(token, sizeof token);
    }
    printf("The tokens are shown this once; only their hashes are kept.\n");
    return true;
}

bool demo_prepare(struct options *options)
{
    if (!choose_paths(options))
        return false;
    if (access(tokens_path, F_OK) != 0) /* it is made last: without it, a start was cut short */
        return make_store() && make_tokens(options);
    printf("The store in %s is that of an earlier start, which showed the tokens.\n"
           "To begin anew, remove the folder.\n",
           options->demo);
    return true;
}
