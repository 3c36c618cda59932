/* SPDX-License-Identifier: MIT */
/*
 * keyward_check() compares the schema with that of a new store in memory. To make one takes longer
 * than all the rest of the check of a small store, and it is always the same: here it is made once,
 * and copied after that. The name is the linker's (--wrap=schema_upgrade).
 */
#include "connection/connection.h"
#include "connection/schema.h"

#include <sqlite3.h>
#include <stddef.h>

static unsigned char *made;
static sqlite3_int64 made_size;

enum keyward_status __real_schema_upgrade(struct connection *connection);
enum keyward_status __wrap_schema_upgrade(struct connection *connection);

static bool is_in_memory(const struct connection *connection)
{
    const char *name = sqlite3_db_filename(connection->db, "main");
    return !name || name[0] == '\0';
}

enum keyward_status __wrap_schema_upgrade(struct connection *connection)
{
    enum keyward_status status;

    if (!is_in_memory(connection))
        return __real_schema_upgrade(connection);
    if (made && sqlite3_deserialize(connection->db, "main", made, made_size, made_size,
                                    SQLITE_DESERIALIZE_READONLY) == SQLITE_OK)
        return KEYWARD_OK;
    status = __real_schema_upgrade(connection);
    if (status == KEYWARD_OK && !made)
        made = sqlite3_serialize(connection->db, "main", &made_size, 0);
    return status;
}
