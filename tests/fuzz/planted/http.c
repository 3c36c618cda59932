/* SPDX-License-Identifier: MIT */
/* A server that takes every token for Anna's. */
#include "tokens.h"

#include <stdio.h>

bool __wrap_tokens_find(struct tokens *tokens, const char *token, struct user *user);

bool __wrap_tokens_find(struct tokens *tokens, const char *token, struct user *user)
{
    (void)tokens;
    (void)token;
    snprintf(user->id, sizeof user->id, "anna");
    return true;
}
