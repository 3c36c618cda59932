/* SPDX-License-Identifier: MIT */
#include "seal/secret.h"

#include <sodium.h>

keyward_secret *secret_new(size_t length, char **text)
{
    /* sodium_malloc ends the block at a guard page: it is aligned only if its size is. */
    size_t size = (sizeof(keyward_secret) + length + 1 + 15) & ~(size_t)15;
    keyward_secret *secret = sodium_malloc(size);

    if (!secret)
        return NULL;
    *text = (char *)(secret + 1);
    (*text)[length] = '\0';
    secret->text = *text;
    secret->length = length;
    return secret;
}

void keyward_secret_free(keyward_secret **secret)
{
    if (!secret)
        return;
    sodium_free(*secret); /* wipes */
    *secret = NULL;
}
