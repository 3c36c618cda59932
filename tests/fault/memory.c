/* SPDX-License-Identifier: MIT */
#include "fault/memory.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>

static struct {
    bool armed;
    enum memory_kind kind;
    struct turn turn;
} fault;

static atomic_int blocks[MEMORY_KINDS];
static sqlite3_mem_methods real_memory;

void memory_fail(enum memory_kind kind, int nth, enum fault_length length)
{
    fault.kind = kind;
    fault.turn = turn_of(nth, length);
    fault.armed = true;
}

int memory_stop(void)
{
    fault.armed = false;
    return fault.turn.failed;
}

int memory_calls(void)
{
    return fault.turn.calls;
}

int memory_blocks(enum memory_kind kind)
{
    return atomic_load(&blocks[kind]);
}

/* Counts an allocation; true when it is to fail. */
static bool runs_out(enum memory_kind kind)
{
    return fault.armed && kind == fault.kind && turn_comes(&fault.turn);
}

static void *count(enum memory_kind kind, void *block)
{
    if (block)
        atomic_fetch_add(&blocks[kind], 1);
    return block;
}

static void *uncount(enum memory_kind kind, void *block)
{
    if (block)
        atomic_fetch_sub(&blocks[kind], 1);
    return block;
}

/* ---- SQLite's ---- */

static void *sqlite_malloc(int size)
{
    return runs_out(MEMORY_OF_SQLITE) ? NULL : count(MEMORY_OF_SQLITE, real_memory.xMalloc(size));
}

static void *sqlite_realloc(void *block, int size)
{
    return runs_out(MEMORY_OF_SQLITE) ? NULL : real_memory.xRealloc(block, size);
}

static void sqlite_free(void *block)
{
    real_memory.xFree(uncount(MEMORY_OF_SQLITE, block));
}

bool memory_install(void)
{
    sqlite3_mem_methods failing;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) != SQLITE_OK)
        return false;
    failing = real_memory;
    failing.xMalloc = sqlite_malloc;
    failing.xRealloc = sqlite_realloc;
    failing.xFree = sqlite_free;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) == SQLITE_OK &&
           sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK;
}

/* ---- the library's: the names are the linker's ---- */

#define ALLOCATES(name, parameters, arguments)                                                  \
    void *__real_##name parameters;                                                             \
    void *__wrap_##name parameters;                                                             \
    void *__wrap_##name parameters                                                              \
    {                                                                                           \
        return runs_out(MEMORY_OF_LIBRARY) ? NULL                                               \
                                           : count(MEMORY_OF_LIBRARY, __real_##name arguments); \
    }

#define FREES(name)                                       \
    void __real_##name(void *block);                      \
    void __wrap_##name(void *block);                      \
    void __wrap_##name(void *block)                       \
    {                                                     \
        __real_##name(uncount(MEMORY_OF_LIBRARY, block)); \
    }

ALLOCATES(malloc, (size_t size), (size))
ALLOCATES(calloc, (size_t number, size_t size), (number, size))
ALLOCATES(aligned_alloc, (size_t alignment, size_t size), (alignment, size))
ALLOCATES(strdup, (const char *text), (text))
ALLOCATES(sodium_malloc, (size_t size), (size))
ALLOCATES(sodium_allocarray, (size_t number, size_t size), (number, size))
FREES(free)
FREES(sodium_free)

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

void *__wrap_realloc(void *block, size_t size)
{
    if (runs_out(MEMORY_OF_LIBRARY))
        return NULL;
    return block ? __real_realloc(block, size)
                 : count(MEMORY_OF_LIBRARY, __real_realloc(NULL, size));
}
