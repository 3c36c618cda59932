/* SPDX-License-Identifier: MIT */
#include "base/result.h"

#include <keyward/keyward.h>

void keyward_changes_free(keyward_changes **changes)
{
    if (!changes)
        return;
    result_free(*changes);
    *changes = NULL;
}
