/* SPDX-License-Identifier: MIT */
/* The program explains itself, to persons and to the completion of shells. */
#ifndef KEYWARD_CLI_HELP_H
#define KEYWARD_CLI_HELP_H

#include "command.h"

/* The overview, or one command's. */
enum keyward_status help_print(const struct command *command);
enum keyward_status version_print(bool json);

/* For completion, and not in the help; true if argv asks for one of them:
 *   --list-commands           NAME<TAB>SUMMARY
 *   --list-options [COMMAND]  --NAME<TAB>VALUE<TAB>HELP, VALUE empty where it takes none
 *   --list-operands COMMAND   the kinds of operands in order, "..." after one that repeats
 *   --list-values KIND        the words that a value or operand of this kind can be */
bool help_list(int argc, char **argv);

extern const struct command command_help, command_version;

#endif
