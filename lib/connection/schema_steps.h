/* SPDX-License-Identifier: MIT */
/* The SQL of schema/, made into C by the build. */
#ifndef KEYWARD_CONNECTION_SCHEMA_STEPS_H
#define KEYWARD_CONNECTION_SCHEMA_STEPS_H

extern const char *const schema_steps[];
extern const unsigned schema_step_count;

#endif
