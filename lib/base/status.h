/* SPDX-License-Identifier: MIT */
/* From stored words back to enum values, and what kind of answer a status is. */
#ifndef KEYWARD_BASE_STATUS_H
#define KEYWARD_BASE_STATUS_H

#include <keyward/keyward.h>

/* The value written as `text`, or -1 when there is none (also for NULL). */
int role_value(const char *text);
int provider_value(const char *text);
int action_value(const char *text);

bool role_is_valid(enum keyward_role role);
bool provider_is_valid(enum keyward_provider provider);
bool reason_is_valid(enum keyward_reason reason);
bool action_is_valid(enum keyward_action action);

/* True for what an operation decided, refusals included: what it wrote is to be committed. False
 * for a failure: nothing of it may stay. */
bool status_is_decision(enum keyward_status status);

#endif
