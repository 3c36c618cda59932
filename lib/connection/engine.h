/* SPDX-License-Identifier: MIT */
/* The SQLite that is loaded, which need not be the one that keyward was compiled with. */
#ifndef KEYWARD_CONNECTION_ENGINE_H
#define KEYWARD_CONNECTION_ENGINE_H

#include "base/error.h"

/* KEYWARD_OK, or KEYWARD_WRONG_LIBRARY if it is too old or has been compiled without threads or a
 * feature that the schema's rules stand on. */
enum keyward_status engine_check(struct error *error);

#endif
