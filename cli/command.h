/* SPDX-License-Identifier: MIT */
/* A command: what it is called, what it takes, how it is explained, and what runs it. The table of
 * them drives the dispatch, the help and the completion of shells. */
#ifndef KEYWARD_CLI_COMMAND_H
#define KEYWARD_CLI_COMMAND_H

#include "arguments.h"

#define COMMAND_USAGES_MAX 5
#define COMMAND_OPTIONS_MAX 16

struct session;

struct command {
    const char *name;
    const char *usage[COMMAND_USAGES_MAX]; /* the operands, in one or more ways */
    const char *summary;                   /* for the overview */
    const char *help;                      /* for who asks for more */
    int least, most;                       /* operands; most -1: any number */
    enum keyward_status (*run)(struct session *session);
    enum option options[COMMAND_OPTIONS_MAX]; /* its own; 0, which is a global one, fills up */
};

struct command_group {
    const char *title;
    const struct command *const *commands; /* up to NULL */
};

extern const struct command_group command_groups[]; /* up to one without title */

/* The command of this name, or of these two words; `words` is how many it is. NULL: there is none.
 */
const struct command *command_find(const char *first, const char *second, int *words);

#endif
