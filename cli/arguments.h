/* SPDX-License-Identifier: MIT */
/* The command line: which command, with which options and operands. Global options may stand before
 * the command or after it. */
#ifndef KEYWARD_CLI_ARGUMENTS_H
#define KEYWARD_CLI_ARGUMENTS_H

#include <keyward/keyward.h>
#include <stdbool.h>
#include <stddef.h>

struct command;

enum option {
    /* every command's */
    OPTION_STORE,
    OPTION_MASTER_KEY_FILE,
    OPTION_MASTER_KEY_FD,
    OPTION_MASTER_KEY_STDIN,
    OPTION_MASTER_KEY_PROMPT,
    OPTION_AS,
    OPTION_REASON,
    OPTION_REQUEST_ID,
    OPTION_CLIENT_ADDRESS,
    OPTION_JSON,
    OPTION_UTC,
    OPTION_LOCAL,
    OPTION_BUSY_TIMEOUT,
    OPTION_COLOR,
    OPTION_QUIET,
    OPTION_HELP,
    OPTION_VERSION,
    /* some commands' */
    OPTION_ACCESS_KEY,
    OPTION_ACTION,
    OPTION_AFTER,
    OPTION_ALL,
    OPTION_CHECKPOINT,
    OPTION_CHECKPOINT_FILE,
    OPTION_CONSISTENCY,
    OPTION_CREATED_BY,
    OPTION_CSV,
    OPTION_DATA_KEY_ONLY,
    OPTION_DELETED,
    OPTION_DRY_RUN,
    OPTION_EVENT,
    OPTION_EXPIRES,
    OPTION_FOLLOW,
    OPTION_FREE_NAMES,
    OPTION_IMPORT,
    OPTION_KEY,
    OPTION_KNOWN,
    OPTION_LIMIT,
    OPTION_LOG_KEY,
    OPTION_NEW_MASTER_KEY_FILE,
    OPTION_NEW_MASTER_KEY_FD,
    OPTION_NEW_MASTER_KEY_STDIN,
    OPTION_NEW_MASTER_KEY_PROMPT,
    OPTION_NOTE,
    OPTION_OLD,
    OPTION_OLD_CHECKPOINT,
    OPTION_OLDEST_FIRST,
    OPTION_ORIGIN,
    OPTION_OUTPUT,
    OPTION_OVERLAP,
    OPTION_PROVIDER,
    OPTION_RECEIPT,
    OPTION_RECEIPT_OUT,
    OPTION_REPO,
    OPTION_RETENTION,
    OPTION_SECRET_FILE,
    OPTION_SECRET_FD,
    OPTION_SECRET_STDIN,
    OPTION_SECRET_OUT,
    OPTION_SINCE,
    OPTION_TILES,
    OPTION_UNIQUE_NAMES,
    OPTION_UNLESS_USED_WITHIN,
    OPTION_UNTIL,
    OPTION_USER,
    OPTION_VERBOSE,
    OPTION_WHY,
    OPTION_WITNESS_KEY,
    OPTION_WITNESSES_NEEDED,
    OPTION_YES,
    OPTION_COUNT
};
#define OPTION_GLOBAL_COUNT OPTION_ACCESS_KEY

struct option_about {
    const char *name;  /* without the two hyphens */
    const char *value; /* what follows it, as "FILE"; NULL: nothing */
    const char *help;
};
extern const struct option_about options_about[OPTION_COUNT];

/* Whether a command knows the option. Two options may share a name, if no command knows both. */
bool option_belongs(enum option option, const struct command *command);

struct arguments {
    const struct command *command;   /* NULL: none was given */
    const char *given[OPTION_COUNT]; /* its value, "" for an option without one; NULL: not given */
    char **operands;                 /* within argv, which is put in another order */
    int operand_count;
    /* of --witness-key, the one option of which each time counts and not only the last */
    const char *witness_keys[KEYWARD_WITNESSES_MAX];
    size_t witness_count;
};

/* `json` is set whenever --json stands anywhere, also when the rest is wrong. */
enum keyward_status arguments_parse(int argc, char **argv, struct arguments *arguments, bool *json);

#endif
