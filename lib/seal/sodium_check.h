/* SPDX-License-Identifier: MIT */
/* The libsodium that is loaded, which need not be the one that keyward was compiled with. */
#ifndef KEYWARD_SEAL_SODIUM_CHECK_H
#define KEYWARD_SEAL_SODIUM_CHECK_H

#include "base/error.h"

/* KEYWARD_OK, or KEYWARD_WRONG_LIBRARY if it is too old. */
enum keyward_status sodium_check(struct error *error);

#endif
