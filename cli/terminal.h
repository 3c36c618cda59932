/* SPDX-License-Identifier: MIT */
/* The terminal: asking a person, and how wide it is. */
#ifndef KEYWARD_CLI_TERMINAL_H
#define KEYWARD_CLI_TERMINAL_H

#include "secret_buffer.h"

#include <stdbool.h>

bool terminal_is(int fd);

/* Its columns, 0 if it is none. */
size_t terminal_width(int fd);

/* Asks on /dev/tty and reads a line; what is typed is shown only with `echo`. The terminal is as it
 * was before, whatever signal comes. KEYWARD_OK, KEYWARD_INVALID (there is no terminal, or the line
 * is too long) or KEYWARD_CANCELLED (no line came). */
enum keyward_status terminal_ask(const char *prompt, bool echo, struct secret_buffer *line);

#endif
