/* SPDX-License-Identifier: MIT */
#include "help.h"

#include "failure.h"
#include "json.h"
#include "session.h"
#include "values.h"

#include <stdio.h>
#include <string.h>

#define USAGE_WIDTH 36

static const char introduction[] =
    "keyward keeps the API keys of repositories in one SQLite file. Deleting a key is one\n"
    "durable transaction with its audit event; from then on the key opens nothing.\n"
    "\n"
    "    keyward COMMAND [OPTION...] OPERAND...\n"
    "\n"
    "Quick start\n"
    "    keyward init                                     makes keys.db and master.key here\n"
    "    keyward grant acme/website anna admin            anna may do everything there\n"
    "    keyward create acme/website \"CI\" --as anna       shows the new key's secret, once\n"
    "    keyward list acme/website\n"
    "    keyward delete acme/website \"CI\" --why unused    and 'restore' if that was a mistake\n";

static const char conclusion[] =
    "REPO and USER are your own names for repositories and users; a repository exists once\n"
    "somebody has a role in it or it has a key. Roles: a reader lists keys, users and events; a\n"
    "writer also creates, imports, renames, rotates, expires and deletes keys; an admin also\n"
    "grants, revokes, reveals, restores, purges and sees deleted keys. Without --as you are the\n"
    "host, who may do everything.\n"
    "KEY is a key's id, its access key, its name if no other key has it, or the last 8 letters\n"
    "or more of its id.\n"
    "WHEN is 2027-01-31, 2027-01-31T12:00 (local, or UTC with --utc), with Z or an offset, or\n"
    "+30d from now. DURATION is 90s, 15m, 12h, 30d, 2w, or together, as 1d12h.\n"
    "\n"
    "Secrets and master keys\n"
    "    are never taken from the command line or the environment, where others can see them.\n"
    "    A secret comes from --secret-file, --secret-fd or --secret-stdin; without these from\n"
    "    standard input if that is no terminal, else from the terminal, without echo. One line\n"
    "    end at the end of a file or of standard input is taken off. 65,536 bytes at most.\n"
    "    A master key is 64 hexadecimal digits or 32 bytes, given likewise.\n"
    "    keys.db and master.key are of no use without each other: keep copies of both, apart.\n"
    "\n"
    "Exit codes\n"
    "     0 done                            14 the folder does not exist\n"
    "     1 the command line is wrong       15 the file is not a store\n"
    "     2 forbidden                       16 the store is of a newer keyward\n"
    "     3 no such key, user or event      17 another master key than the store's\n"
    "     4 already deleted                 18 no usable master key\n"
    "     5 not deleted                     20 cancelled\n"
    "     6 the last admin                  21 the file exists already\n"
    "     7 authentication refused          22 used too recently to be deleted\n"
    "     8 the store is busy               23 the key has expired\n"
    "     9 the disk is full                24 the name is taken\n"
    "    10 could not read or write         25 already rotated\n"
    "    11 out of memory                   26 the secret was destroyed\n"
    "    12 the store is damaged            27 it may not be purged yet\n"
    "    13 it cannot be written            28 it is not proven\n"
    "                                       29 the log was rolled back or rewritten\n"
    "                                       30 SQLite or libsodium is too old\n"
    "    A failure is one line on standard error; with --json it is an object.\n"
    "\n"
    "'keyward COMMAND --help' explains a command.\n";

static void print_options(enum option first, enum option last, const struct command *command)
{
    for (int i = (int)first; i < (int)last; i++) {
        const struct option_about *about = &options_about[i];
        char head[64];
        if (!option_belongs((enum option)i, command))
            continue;
        snprintf(head, sizeof head, "--%s%s%s", about->name, about->value ? " " : "",
                 about->value ? about->value : "");
        if (strlen(head) > 26)
            printf("    %s\n    %-26s  %s\n", head, "", about->help);
        else
            printf("    %-26s  %s\n", head, about->help);
    }
}

/* Every way to use it; the summary goes with the first. */
static void print_usages(const struct command *command)
{
    for (int i = 0; i < COMMAND_USAGES_MAX && command->usage[i]; i++) {
        int width = printf("    %s %s", command->name, command->usage[i]);
        if (i == 0)
            printf("%*s%s", width < USAGE_WIDTH ? USAGE_WIDTH - width : 2, "", command->summary);
        printf("\n");
    }
}

static void print_overview(void)
{
    printf("%s\n", introduction);
    for (const struct command_group *group = command_groups; group->title; group++) {
        printf("%s\n", group->title);
        for (const struct command *const *command = group->commands; *command; command++)
            print_usages(*command);
        printf("\n");
    }
    printf("Options of every command, before it or after it\n");
    print_options(OPTION_STORE, OPTION_GLOBAL_COUNT, NULL);
    printf("\n%s", conclusion);
}

static void print_command(const struct command *command)
{
    for (int i = 0; i < COMMAND_USAGES_MAX && command->usage[i]; i++)
        printf("%s keyward %s %s\n", i == 0 ? "Usage:" : "      ", command->name,
               command->usage[i]);
    printf("\n%s", command->help);
    if (command->options[0]) {
        printf("\nOptions\n");
        print_options(OPTION_GLOBAL_COUNT, OPTION_COUNT, command);
    }
    printf("\nOptions of every command\n");
    print_options(OPTION_STORE, OPTION_GLOBAL_COUNT, NULL);
}

enum keyward_status help_print(const struct command *command)
{
    if (command)
        print_command(command);
    else
        print_overview();
    return KEYWARD_OK;
}

enum keyward_status version_print(bool json)
{
    if (json) {
        json_t *object = json_object();
        json_put_text(object, "version", keyward_version());
        json_print(&object, stdout);
    } else {
        printf("keyward %s\n", keyward_version());
    }
    return KEYWARD_OK;
}

/* ---- the two as commands ---- */

static enum keyward_status run_help(struct session *session)
{
    const char *first = operand(session, 0), *second = operand(session, 1);
    const struct command *command;
    int words = 1;

    if (!first)
        return help_print(NULL);
    command = command_find(first, second, &words);
    if (!command || words < session->arguments.operand_count)
        return fail_usage("there is no command '%s%s%s'", first, second ? " " : "",
                          second ? second : "");
    return help_print(command);
}

static enum keyward_status run_version(struct session *session)
{
    return version_print(session->json);
}

const struct command command_help = {
    .name = "help",
    .usage = {"[COMMAND]"},
    .summary = "explain a command, or all in short",
    .help = "Prints what 'keyward COMMAND --help' prints, or without COMMAND the overview.\n",
    .least = 0,
    .most = 2,
    .run = run_help,
};

const struct command command_version = {
    .name = "version",
    .usage = {""},
    .summary = "print the version",
    .help = "Prints the library's version, as --version does.\n",
    .least = 0,
    .most = 0,
    .run = run_version,
};

/* ---- lists for completion ---- */

static void list_commands(void)
{
    for (const struct command_group *group = command_groups; group->title; group++) {
        for (const struct command *const *command = group->commands; *command; command++)
            printf("%s\t%s\n", (*command)->name, (*command)->summary);
    }
}

static void list_options(const struct command *command)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_about *about = &options_about[i];
        if (option_belongs((enum option)i, command))
            printf("--%s\t%s\t%s\n", about->name, about->value ? about->value : "", about->help);
    }
}

/* One "KIND" or "KIND..." a line, of the first way to use it; options are no operands. */
static void list_operands(const struct command *command)
{
    const char *word = command->usage[0];

    while (*word && *word != '-') {
        size_t length = strcspn(word, " ");
        size_t brackets = *word == '[' ? 1 : 0;
        printf("%.*s\n", (int)(length - 2 * brackets), word + brackets);
        word += length + strspn(word + length, " ");
    }
}

static void list_values(const char *kind)
{
    const char *word;

    for (size_t i = 0; (word = value_word(kind, i)); i++)
        printf("%s\n", word);
}

static const struct command *named(const char *name)
{
    int words;

    return name ? command_find(name, NULL, &words) : NULL;
}

bool help_list(int argc, char **argv)
{
    const char *list = argc > 1 ? argv[1] : "", *about = argc > 2 ? argv[2] : NULL;

    if (strcmp(list, "--list-commands") == 0)
        list_commands();
    else if (strcmp(list, "--list-options") == 0)
        list_options(named(about));
    else if (strcmp(list, "--list-operands") == 0 && named(about))
        list_operands(named(about));
    else if (strcmp(list, "--list-values") == 0 && about)
        list_values(about);
    else
        return false;
    return true;
}
