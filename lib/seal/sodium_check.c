/* SPDX-License-Identifier: MIT */
#include "seal/sodium_check.h"

#include <sodium.h>

/* KEYWARD_SODIUM_MIN: libsodium counts its releases in text, and its interfaces in numbers. */
#define INTERFACE(major, minor) (1000 * (major) + (minor))
#define OLDEST_SODIUM INTERFACE(10, 3)

#if INTERFACE(SODIUM_LIBRARY_VERSION_MAJOR, SODIUM_LIBRARY_VERSION_MINOR) < OLDEST_SODIUM
#error "keyward needs libsodium 1.0.18 or newer"
#endif

enum keyward_status sodium_check(struct error *error)
{
    if (INTERFACE(sodium_library_version_major(), sodium_library_version_minor()) >= OLDEST_SODIUM)
        return KEYWARD_OK;
    return error_set(error, KEYWARD_WRONG_LIBRARY,
                     "libsodium %.20s is loaded; " KEYWARD_SODIUM_MIN " or newer is needed",
                     sodium_version_string());
}
