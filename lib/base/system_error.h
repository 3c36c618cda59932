/* SPDX-License-Identifier: MIT */
#ifndef KEYWARD_BASE_SYSTEM_ERROR_H
#define KEYWARD_BASE_SYSTEM_ERROR_H

#define SYSTEM_ERROR_SIZE 128

/* What the system says of an errno: strerror() may have one buffer for all threads. The text is in
 * `buffer` or the system's own. */
const char *system_error_text(int number, char buffer[SYSTEM_ERROR_SIZE]);

#endif
