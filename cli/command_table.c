/* SPDX-License-Identifier: MIT */
/* All commands, in the order and the groups in which the overview shows them. */
#include "commands.h"

#include <string.h>

static const struct command *const store_commands[] = {
    &command_init, &command_check, &command_stats, &command_backup, &command_rekey, NULL};
static const struct command *const access_commands[] = {&command_grant, &command_revoke,
                                                        &command_users, NULL};
static const struct command *const key_commands[] = {
    &command_create, &command_import, &command_list,   &command_show,
    &command_rename, &command_expire, &command_rotate, NULL};
static const struct command *const end_commands[] = {&command_delete, &command_restore,
                                                     &command_purge, NULL};
static const struct command *const secret_commands[] = {&command_auth, &command_reveal, NULL};
static const struct command *const audit_commands[] = {&command_audit, &command_audit_export, NULL};
static const struct command *const proof_commands[] = {
    &command_audit_key,     &command_audit_checkpoint,
    &command_audit_receipt, &command_audit_consistency,
    &command_audit_cosign,  &command_audit_publish,
    &command_verify,        NULL};
static const struct command *const help_commands[] = {&command_help, &command_version, NULL};

const struct command_group command_groups[] = {
    {"The store", store_commands},
    {"Who may do what", access_commands},
    {"Keys", key_commands},
    {"The end of a key", end_commands},
    {"Secrets", secret_commands},
    {"What happened", audit_commands},
    {"Proofs", proof_commands},
    {"Help", help_commands},
    {NULL, NULL},
};

/* `second` NULL: its name is `first` alone. */
static bool is_called(const struct command *command, const char *first, const char *second)
{
    size_t length = strlen(first);

    if (strncmp(command->name, first, length) != 0)
        return false;
    if (!second)
        return command->name[length] == '\0';
    return command->name[length] == ' ' && strcmp(command->name + length + 1, second) == 0;
}

static const struct command *find(const char *first, const char *second)
{
    for (const struct command_group *group = command_groups; group->title; group++) {
        for (const struct command *const *command = group->commands; *command; command++) {
            if (is_called(*command, first, second))
                return *command;
        }
    }
    return NULL;
}

const struct command *command_find(const char *first, const char *second, int *words)
{
    const struct command *command = second ? find(first, second) : NULL;

    *words = command ? 2 : 1;
    return command ? command : find(first, NULL);
}
