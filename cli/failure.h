/* SPDX-License-Identifier: MIT */
/* What went wrong: noted where it happens, with the status that becomes the exit code, and printed
 * once, at the end. The first failure stays; what follows from it adds nothing. */
#ifndef KEYWARD_CLI_FAILURE_H
#define KEYWARD_CLI_FAILURE_H

#include <keyward/keyward.h>
#include <stdbool.h>

/* Nothing has failed yet. Call it first. */
void failure_start(void);

/* Each returns the status that it notes. */
__attribute__((format(printf, 2, 3))) enum keyward_status fail(enum keyward_status status,
                                                               const char *format, ...);

/* The command line is wrong: KEYWARD_INVALID, with a hint at --help. */
__attribute__((format(printf, 1, 2))) enum keyward_status fail_usage(const char *format, ...);

/* The operating system refused, as errno says. */
enum keyward_status fail_system(const char *path);

/* Passes the status of a call on `store` through; unless it is KEYWARD_OK, with the library's own
 * account of it. */
enum keyward_status checked(const keyward *store, enum keyward_status status);

/* A failure that needs no words, as a reader who has closed the pipe. */
enum keyward_status fail_silently(enum keyward_status status);

/* Adds what follows from the failure that was noted. */
__attribute__((format(printf, 1, 2))) void failure_add(const char *format, ...);

/* The cause of a refused authentication belongs to the host: it is printed only when asked for. */
void failure_show_cause(void);

/* Prints the failure of `command` (NULL: none was recognised) on stderr. */
void failure_print(const char *command, bool json);

/* The status as the word after KEYWARD_. */
const char *status_word(enum keyward_status status);

/* The cause as a word. */
const char *cause_word(enum keyward_cause cause);

#endif
