/* SPDX-License-Identifier: MIT */
#include "fault/sqlite.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

static struct {
    bool armed;
    const char *only; /* of this function; NULL: any */
    int nth;
    enum fault_length length;
    int code;
    int calls, failed;
    const char *first;
} fault = {.first = "none"};

static struct {
    const char *text;
    void (*act)(void *context);
    void *context;
} before;

static sqlite3_file *shown;

void sqlite_fail_only(const char *function, int nth, enum fault_length length, int code)
{
    memset(&fault, 0, sizeof fault);
    fault.armed = true;
    fault.only = function;
    fault.nth = nth;
    fault.length = length;
    fault.code = code;
    fault.first = "none";
}

void sqlite_fail(int nth, enum fault_length length, int code)
{
    sqlite_fail_only(NULL, nth, length, code);
}

int sqlite_stop(void)
{
    fault.armed = false;
    return fault.failed;
}

const char *sqlite_failed(void)
{
    return fault.first;
}

void sqlite_before(const char *text, void (*act)(void *context), void *context)
{
    before.text = text;
    before.act = act;
    before.context = context;
}

void sqlite_show_file(sqlite3_file *file)
{
    shown = file;
}

/* Counts a call; true when it is to fail. */
static bool meet(const char *function)
{
    if (!fault.armed || (fault.only && strcmp(fault.only, function) != 0))
        return false;
    fault.calls++;
    if (fault.calls < fault.nth || (fault.length == FAIL_ONCE && fault.calls > fault.nth))
        return false;
    if (fault.failed++ == 0)
        fault.first = function;
    return true;
}

static void announce(const char *text)
{
    void (*act)(void *context) = before.act;

    if (!act || !text || strncmp(text, before.text, strlen(before.text)) != 0)
        return;
    before.act = NULL;
    act(before.context);
}

/* ---- the names are the linker's ---- */

#define LED_HERE(function) extern __typeof__(function) __real_##function, __wrap_##function

LED_HERE(sqlite3_open_v2);
LED_HERE(sqlite3_exec);
LED_HERE(sqlite3_prepare_v2);
LED_HERE(sqlite3_prepare_v3);
LED_HERE(sqlite3_step);
LED_HERE(sqlite3_bind_text);
LED_HERE(sqlite3_bind_int64);
LED_HERE(sqlite3_bind_blob64);
LED_HERE(sqlite3_db_config);
LED_HERE(sqlite3_file_control);
LED_HERE(sqlite3_backup_init);
LED_HERE(sqlite3_backup_step);
LED_HERE(sqlite3_wal_checkpoint_v2);

/* SQLite hands out a connection even then, to be closed, unless there is no memory for it. */
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **db, int flags, const char *vfs)
{
    int code = __real_sqlite3_open_v2(path, db, flags, vfs);

    if (!meet("open_v2"))
        return code;
    if (fault.code == SQLITE_NOMEM) {
        sqlite3_close(*db);
        *db = NULL;
    }
    return fault.code;
}

int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *context, char **message)
{
    announce(sql);
    return meet("exec") ? fault.code : __real_sqlite3_exec(db, sql, row, context, message);
}

int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int length, sqlite3_stmt **statement,
                              const char **rest)
{
    if (!meet("prepare_v2"))
        return __real_sqlite3_prepare_v2(db, sql, length, statement, rest);
    *statement = NULL;
    return fault.code;
}

int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int length, unsigned flags,
                              sqlite3_stmt **statement, const char **rest)
{
    if (!meet("prepare_v3"))
        return __real_sqlite3_prepare_v3(db, sql, length, flags, statement, rest);
    *statement = NULL;
    return fault.code;
}

int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    announce(sqlite3_sql(statement));
    return meet("step") ? fault.code : __real_sqlite3_step(statement);
}

int __wrap_sqlite3_bind_text(sqlite3_stmt *statement, int place, const char *text, int length,
                             void (*release)(void *))
{
    return meet("bind_text") ? fault.code
                             : __real_sqlite3_bind_text(statement, place, text, length, release);
}

int __wrap_sqlite3_bind_int64(sqlite3_stmt *statement, int place, sqlite3_int64 number)
{
    return meet("bind_int64") ? fault.code : __real_sqlite3_bind_int64(statement, place, number);
}

int __wrap_sqlite3_bind_blob64(sqlite3_stmt *statement, int place, const void *bytes,
                               sqlite3_uint64 length, void (*release)(void *))
{
    return meet("bind_blob64")
               ? fault.code
               : __real_sqlite3_bind_blob64(statement, place, bytes, length, release);
}

/* The library only sets flags: a number, and where to put the old one. */
int __wrap_sqlite3_db_config(sqlite3 *db, int flag, ...)
{
    va_list arguments;
    int value, *old;

    va_start(arguments, flag);
    value = va_arg(arguments, int);
    old = va_arg(arguments, int *);
    va_end(arguments);
    return meet("db_config") ? fault.code : __real_sqlite3_db_config(db, flag, value, old);
}

int __wrap_sqlite3_file_control(sqlite3 *db, const char *name, int operation, void *argument)
{
    if (meet("file_control"))
        return fault.code;
    if (!shown)
        return __real_sqlite3_file_control(db, name, operation, argument);
    *(sqlite3_file **)argument = shown;
    return SQLITE_OK;
}

sqlite3_backup *__wrap_sqlite3_backup_init(sqlite3 *to, const char *to_name, sqlite3 *from,
                                           const char *from_name)
{
    /* It has no code to return: that stands in `to`, where only SQLite can put it. */
    return __real_sqlite3_backup_init(to, meet("backup_init") ? "none" : to_name, from, from_name);
}

int __wrap_sqlite3_backup_step(sqlite3_backup *backup, int pages)
{
    return meet("backup_step") ? fault.code : __real_sqlite3_backup_step(backup, pages);
}

int __wrap_sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *pages,
                                     int *copied)
{
    return meet("wal_checkpoint_v2")
               ? fault.code
               : __real_sqlite3_wal_checkpoint_v2(db, name, mode, pages, copied);
}
