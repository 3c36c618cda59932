/* SPDX-License-Identifier: MIT */
/* Standard output, whose failures are failures of the command. */
#ifndef KEYWARD_CLI_OUTPUT_H
#define KEYWARD_CLI_OUTPUT_H

#include <keyward/keyward.h>
#include <stdbool.h>

/* Gives stdout a buffer that is wiped at the end, since secrets pass through it; a closed pipe
 * becomes an error instead of a signal. Call it first. */
void output_start(void);

/* Writes out what is gathered: KEYWARD_OK, or KEYWARD_IO, about which nothing is said when the
 * reader has gone away. */
enum keyward_status output_flush(void);

/* Waits for so many ms or until a signal comes; false: the reader of stdout has gone away. */
bool output_wait(int milliseconds);

#endif
