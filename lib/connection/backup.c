/* SPDX-License-Identifier: MIT */
#include "connection/backup.h"
#include "connection/store_file.h"

#include <sqlite3.h>
#include <stdlib.h>

/* No journal: nothing of a copy that fails is kept. Flushed as a commit that survives a power loss.
 */
#define TARGET_SETTINGS \
    "PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON"

static enum keyward_status open_target(struct backup *backup, const char *path)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                      SQLITE_OPEN_EXRESCODE;
    char *name = store_file_name(path);
    int code;

    if (!name)
        return KEYWARD_NOMEM;
    code = sqlite3_open_v2(name, &backup->target, flags, NULL);
    free(name);
    if (code == SQLITE_OK)
        code = sqlite3_exec(backup->target, TARGET_SETTINGS, NULL, NULL, NULL);
    return code == SQLITE_OK ? KEYWARD_OK : connection_failed(backup->source, code);
}

enum keyward_status backup_begin(struct backup *backup, struct connection *source, const char *path)
{
    enum keyward_status status;

    *backup = (struct backup){.source = source, .left = -1};
    status = open_target(backup, path);
    if (status != KEYWARD_OK)
        return status;
    backup->copy = sqlite3_backup_init(backup->target, "main", source->db, "main");
    return backup->copy ? KEYWARD_OK
                        : connection_failed(source, sqlite3_extended_errcode(backup->target));
}

/* SQLite gives the target the source's page size, and with page 1 its header: application id,
 * schema version, and that it is read with a write-ahead log. */
enum keyward_status backup_copy(struct backup *backup, int pages)
{
    int code = sqlite3_backup_step(backup->copy, pages);

    if (code != SQLITE_OK && code != SQLITE_DONE)
        return connection_failed(backup->source, code);
    backup->left = code == SQLITE_DONE ? 0 : sqlite3_backup_remaining(backup->copy);
    return KEYWARD_OK;
}

void backup_end(struct backup *backup)
{
    sqlite3_backup_finish(backup->copy); /* a failure was seen by the portion that had it */
    sqlite3_close(backup->target);
}
