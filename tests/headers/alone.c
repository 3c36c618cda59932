/* SPDX-License-Identifier: MIT */
/* The public header, first and alone, in C and in C++: it needs no other, it warns of nothing, and
 * the defaults are those it documents. */
#include <keyward/keyward.h>

int main(void)
{
    const keyward_options options = KEYWARD_OPTIONS_INIT;

    return options.version == 1 && options.busy_timeout_ms == 5000 &&
                   options.durability == KEYWARD_SURVIVES_POWER_LOSS && !options.master_key &&
                   !options.master_key_file && !options.master_key_callback &&
                   !options.master_key_context && !options.access_key_prefix &&
                   !options.after_commit && !options.after_commit_context && !options.clock &&
                   !options.clock_context && !options.random && !options.random_context &&
                   options.purge_retention == 0 && options.names == KEYWARD_NAMES_KEPT
               ? 0
               : 1;
}
