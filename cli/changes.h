/* SPDX-License-Identifier: MIT */
/* The rows and events that a call wrote, or in a dry run would write. */
#ifndef KEYWARD_CLI_CHANGES_H
#define KEYWARD_CLI_CHANGES_H

#include "json.h"
#include "session.h"

/* Prints a dry run: that nothing was changed, and exactly what would be. `members`, which it takes
 * over, are added to the JSON; they may be NULL. */
void print_dry_run(const struct session *session, const keyward_changes *changes, json_t *members);

#endif
