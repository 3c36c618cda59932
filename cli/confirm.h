/* SPDX-License-Identifier: MIT */
/* Asking a person before what reaches far or has no way back. */
#ifndef KEYWARD_CLI_CONFIRM_H
#define KEYWARD_CLI_CONFIRM_H

#include "session.h"

/* Before anything is done: KEYWARD_INVALID if there is nobody to ask, and no --yes. */
enum keyward_status confirm_prepare(struct session *session);

/* Shows `what` and has `word` typed, unless --yes was given. KEYWARD_OK, or KEYWARD_CANCELLED if
 * something else was typed. */
enum keyward_status confirm(struct session *session, const char *what, const char *word);

#endif
