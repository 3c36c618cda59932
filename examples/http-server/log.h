/* SPDX-License-Identifier: MIT */
/* What an operator reads: one line each on stderr. */
#ifndef HTTP_SERVER_LOG_H
#define HTTP_SERVER_LOG_H

#include <jansson.h>

__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);
/* One JSON object a line, so that nothing a client sends can look like a line of its own. Takes the
 * object over; NULL, for want of memory, is left out. */
void log_object(json_t *object);

#endif
