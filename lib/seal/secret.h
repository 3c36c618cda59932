/* SPDX-License-Identifier: MIT */
#ifndef KEYWARD_SEAL_SECRET_H
#define KEYWARD_SEAL_SECRET_H

#include <keyward/keyward.h>

/* A secret with room for `length` bytes and a NUL in guarded memory, or NULL. `*text` is where to
 * write it. Freed with keyward_secret_free(). */
keyward_secret *secret_new(size_t length, char **text);

#endif
