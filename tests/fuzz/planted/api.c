/* SPDX-License-Identifier: MIT */
/* A library that forgets a revocation. */
#include <keyward/keyward.h>

enum keyward_status __wrap_keyward_revoke(keyward *store, const keyward_actor *actor,
                                          const char *repo_id, const char *user_id);

enum keyward_status __wrap_keyward_revoke(keyward *store, const keyward_actor *actor,
                                          const char *repo_id, const char *user_id)
{
    (void)store;
    (void)actor;
    (void)repo_id;
    (void)user_id;
    return KEYWARD_OK;
}
