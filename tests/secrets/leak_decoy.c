/* SPDX-License-Identifier: MIT */
/* A planted fault: for an unknown access key nothing is opened. */
#include "seal/seal.h"

#include <string.h>

/* The names are the linker's. */
bool __real_unseal_secret(const unsigned char *key, const struct seal_place *place,
                          const unsigned char *sealed, size_t sealed_length, unsigned char *secret);
bool __wrap_unseal_secret(const unsigned char *key, const struct seal_place *place,
                          const unsigned char *sealed, size_t sealed_length, unsigned char *secret);

bool __wrap_unseal_secret(const unsigned char *key, const struct seal_place *place,
                          const unsigned char *sealed, size_t sealed_length, unsigned char *secret)
{
    if (strcmp(place->repo_id, "decoy") == 0) {
        memset(secret, 0, sealed_length - SEAL_OVERHEAD);
        return true;
    }
    return __real_unseal_secret(key, place, sealed, sealed_length, secret);
}
