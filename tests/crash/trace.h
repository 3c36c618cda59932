/* SPDX-License-Identifier: MIT */
/* Every call by which a run has changed or flushed something on its disk, in order. */
#ifndef KEYWARD_TESTS_CRASH_TRACE_H
#define KEYWARD_TESTS_CRASH_TRACE_H

#include <stddef.h>
#include <stdint.h>

#define TRACE_NAME 96
#define SECTOR ((size_t)512)

enum call_kind {
    CALL_WRITE,
    CALL_TRUNCATE, /* a write of zeros over what it cuts off or adds, but all at once or not at all
                    */
    CALL_FLUSH,
    CALL_CREATE,
    CALL_LINK,
    CALL_REMOVE,
    CALL_RENAME,
    CALL_FLUSH_FOLDER
};

struct call {
    enum call_kind kind;
    int file;
    /* CALL_WRITE, CALL_TRUNCATE: whole sectors as the system has them in memory afterwards, from
     * `at` on, and the file's size then. */
    size_t at, length, size;
    unsigned char *bytes;
    char name[TRACE_NAME], to[TRACE_NAME]; /* of what is created, removed, named */
};

struct trace {
    struct call *calls;
    int64_t count;
    int64_t room;
};

/* A call of this kind to fill in; it counts at once. */
struct call *trace_add(struct trace *trace, enum call_kind kind, int file);

void trace_free(struct trace *trace);

/* The same for two traces of which each call does the same; names may differ. */
uint64_t trace_sum(const struct trace *trace);

#endif
