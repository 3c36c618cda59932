/* SPDX-License-Identifier: MIT */
/* Where a secret goes that the library hands out: to stdout, or into the file of --secret-out. */
#ifndef KEYWARD_CLI_SECRET_OUTPUT_H
#define KEYWARD_CLI_SECRET_OUTPUT_H

#include "json.h"
#include "new_file.h"
#include "session.h"

/* Makes the file, if there is to be one: before the secret exists, which would be lost else. */
enum keyward_status secret_output_open(struct session *session, struct new_file *file);

/* Writes the secret into the file, if there is one, and closes it; with a `status` that is not
 * KEYWARD_OK removes it. */
enum keyward_status secret_output_close(struct new_file *file, const keyward_secret *secret,
                                        enum keyward_status status);

/* Adds "secret" to the object, or "secret_file". */
void secret_output_put(const struct session *session, json_t *object, const keyward_secret *secret);

#endif
