/* SPDX-License-Identifier: MIT */
/* Takes the freshness check out: to whoever asks, nothing has ever changed. The names are the
 * linker's (--wrap=data_version_equal). */
#include "connection/data_version.h"

bool __wrap_data_version_equal(const struct data_version *a, const struct data_version *b);

bool __wrap_data_version_equal(const struct data_version *a, const struct data_version *b)
{
    (void)a;
    (void)b;
    return true;
}
