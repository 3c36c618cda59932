/* SPDX-License-Identifier: MIT */
#include "connection/schema.h"
#include "connection/schema_steps.h"

#include <stdio.h>

int schema_newest_version(void)
{
    return (int)schema_step_count;
}

static enum keyward_status read_version(struct connection *connection, int *version)
{
    int64_t number = 0;
    enum keyward_status status = connection_read_number(connection, "PRAGMA user_version", &number);

    *version = (int)number;
    return status;
}

/* Another process may have taken the step since we looked: the version is read again inside. */
static enum keyward_status take_step(struct connection *connection, int step)
{
    char sql[48];
    int version = 0;
    enum keyward_status status = connection_execute(connection, "BEGIN IMMEDIATE");

    if (status != KEYWARD_OK)
        return status;
    status = read_version(connection, &version);
    if (status == KEYWARD_OK && version < step) {
        status = connection_execute(connection, schema_steps[step - 1]);
        snprintf(sql, sizeof sql, "PRAGMA user_version = %d", step);
        if (status == KEYWARD_OK)
            status = connection_execute(connection, sql);
    }
    return connection_end(connection, status);
}

enum keyward_status schema_read_version(struct connection *connection, int *version)
{
    enum keyward_status status = read_version(connection, version);

    if (status == KEYWARD_OK && *version > schema_newest_version())
        return error_set(connection->error, KEYWARD_NEWER_SCHEMA,
                         "the store has schema %d; this keyward knows up to %d", *version,
                         schema_newest_version());
    if (status == KEYWARD_OK && *version < 0)
        return error_set(connection->error, KEYWARD_CORRUPT, "the store has schema %d", *version);
    return status;
}

/* A step that copies a table drops the old one, to which others refer: foreign keys are off, which
 * SQLite allows only outside of a transaction. And SQLite before 3.38 itself puts strings into
 * double quotes when it adds a column with a check. */
static enum keyward_status allow_steps(struct connection *connection, bool allowed)
{
    enum keyward_status status = connection_use_foreign_keys(connection, !allowed);

    if (status == KEYWARD_OK)
        status = connection_use_quoted_strings(connection, allowed);
    return status;
}

enum keyward_status schema_upgrade_to(struct connection *connection, int version)
{
    int current = 0;
    enum keyward_status status = schema_read_version(connection, &current);

    if (status == KEYWARD_OK)
        status = allow_steps(connection, true);
    for (int step = current + 1; status == KEYWARD_OK && step <= version; step++)
        status = take_step(connection, step);
    if (status == KEYWARD_OK)
        status = allow_steps(connection, false);
    return status;
}

enum keyward_status schema_upgrade(struct connection *connection)
{
    return schema_upgrade_to(connection, schema_newest_version());
}
