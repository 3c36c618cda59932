/* SPDX-License-Identifier: MIT */
#include "connection/engine.h"
#include "base/count.h"

#include <sqlite3.h>
#include <stddef.h>

#define OLDEST_SQLITE 3037000 /* KEYWARD_SQLITE_MIN: the first with strict tables */

#if SQLITE_VERSION_NUMBER < OLDEST_SQLITE
#error "keyward needs SQLite 3.37.0 or newer"
#endif

/* Without these SQLite opens a store, but breaks its rules in silence or calls it damaged. */
static const char *const indispensable[] = {
    "OMIT_WAL", "OMIT_TRIGGER",    "OMIT_FOREIGN_KEY",    "OMIT_CHECK",
    "OMIT_CTE", "OMIT_WINDOWFUNC", "OMIT_INTEGRITY_CHECK"};

enum keyward_status engine_check(struct error *error)
{
    if (sqlite3_libversion_number() < OLDEST_SQLITE)
        return error_set(error, KEYWARD_WRONG_LIBRARY,
                         "SQLite %.20s is loaded; " KEYWARD_SQLITE_MIN " or newer is needed",
                         sqlite3_libversion());
    if (!sqlite3_threadsafe())
        return error_set(error, KEYWARD_WRONG_LIBRARY,
                         "the SQLite that is loaded was compiled with SQLITE_THREADSAFE=0");
    for (size_t i = 0; i < COUNT(indispensable); i++) {
        if (sqlite3_compileoption_used(indispensable[i]))
            return error_set(error, KEYWARD_WRONG_LIBRARY,
                             "the SQLite that is loaded was compiled with SQLITE_%s",
                             indispensable[i]);
    }
    return KEYWARD_OK;
}
