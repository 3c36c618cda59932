/* SPDX-License-Identifier: MIT */
#include "fault/memory.h"

#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

static struct {
    bool armed;
    enum memory_kind kind;
    int nth;
    enum fault_length length;
    int calls, failed;
} fault;

static sqlite3_mem_methods real_memory;

void memory_fail(enum memory_kind kind, int nth, enum fault_length length)
{
    memset(&fault, 0, sizeof fault);
    fault.armed = true;
    fault.kind = kind;
    fault.nth = nth;
    fault.length = length;
}

int memory_stop(void)
{
    fault.armed = false;
    return fault.failed;
}

int memory_calls(void)
{
    return fault.calls;
}

/* Counts an allocation; true when it is to fail. */
static bool runs_out(enum memory_kind kind)
{
    if (!fault.armed || kind != fault.kind)
        return false;
    fault.calls++;
    if (fault.calls < fault.nth || (fault.length == FAIL_ONCE && fault.calls > fault.nth))
        return false;
    fault.failed++;
    return true;
}

/* ---- SQLite's ---- */

static void *sqlite_malloc(int size)
{
    return runs_out(MEMORY_OF_SQLITE) ? NULL : real_memory.xMalloc(size);
}

static void *sqlite_realloc(void *block, int size)
{
    return runs_out(MEMORY_OF_SQLITE) ? NULL : real_memory.xRealloc(block, size);
}

bool memory_install(void)
{
    sqlite3_mem_methods failing;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) != SQLITE_OK)
        return false;
    failing = real_memory;
    failing.xMalloc = sqlite_malloc;
    failing.xRealloc = sqlite_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) == SQLITE_OK &&
           sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK;
}

/* ---- the library's: the names are the linker's ---- */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
void *__real_sodium_malloc(size_t size);
void *__wrap_sodium_malloc(size_t size);
void *__real_sodium_allocarray(size_t count, size_t size);
void *__wrap_sodium_allocarray(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
    return runs_out(MEMORY_OF_LIBRARY) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return runs_out(MEMORY_OF_LIBRARY) ? NULL : __real_calloc(count, size);
}

char *__wrap_strdup(const char *text)
{
    return runs_out(MEMORY_OF_LIBRARY) ? NULL : __real_strdup(text);
}

void *__wrap_sodium_malloc(size_t size)
{
    return runs_out(MEMORY_OF_LIBRARY) ? NULL : __real_sodium_malloc(size);
}

void *__wrap_sodium_allocarray(size_t count, size_t size)
{
    return runs_out(MEMORY_OF_LIBRARY) ? NULL : __real_sodium_allocarray(count, size);
}
