/* SPDX-License-Identifier: MIT */
/* Where the commands are: each file has a family of them. */
#ifndef KEYWARD_CLI_COMMANDS_H
#define KEYWARD_CLI_COMMANDS_H

#include "help.h"

extern const struct command command_init, command_check, command_stats,
    command_backup; /* _store.c */
extern const struct command command_rekey;
extern const struct command command_grant, command_revoke, command_users;    /* command_access.c */
extern const struct command command_create, command_import, command_rotate;  /* command_create.c */
extern const struct command command_list, command_show;                      /* command_list.c */
extern const struct command command_rename, command_expire, command_restore; /* command_change.c */
extern const struct command command_delete;
extern const struct command command_purge;
extern const struct command command_auth, command_reveal; /* command_authenticate.c */
extern const struct command command_audit;
extern const struct command command_audit_export; /* command_export.c */
extern const struct command command_audit_key, command_audit_checkpoint,
    command_audit_cosign;                                                     /* command_log.c */
extern const struct command command_audit_receipt, command_audit_consistency; /* command_prove.c */
extern const struct command command_audit_publish; /* command_publish.c */
extern const struct command command_verify;

#endif
