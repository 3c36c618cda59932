/* SPDX-License-Identifier: MIT */
/* All that can fail under a call, in one form: what it is, and what the call may come to. */
#ifndef KEYWARD_TESTS_FAULT_FAULT_H
#define KEYWARD_TESTS_FAULT_FAULT_H

#include "fault/memory.h"
#include "fault/system.h"
#include "fault/unix.h"
#include "fault/vfs.h"

#include <keyward/keyward.h>

enum fault_source {
    SQLITE_MEMORY,
    LIBRARY_MEMORY,
    DISK,   /* SQLite's VFS: `kind` is an enum io_kind, `code` an SQLite code */
    KERNEL, /* SQLite's system calls: an enum unix_call and an errno or SHORT_COUNT */
    OWN     /* the library's: an enum system_call and likewise */
};

struct fault {
    const char *name;
    enum fault_source source;
    int kind, code;
    enum keyward_status status; /* KEYWARD_OK: it is made up for, and nobody notices */
    enum keyward_status also;   /* where it depends on what was met; KEYWARD_OK: it does not */
};

extern const struct fault sqlite_memory, library_memory, disk_full, bad_write, bad_sync, bad_read,
    bad_truncate, bad_lock, busy_lock, bad_map, no_map, bad_open, bad_size;

/* Those of SQLite's system calls, and of the library's own; each ends with a nameless one. */
extern const struct fault kernel_faults[], own_faults[];

/* Below the disk of SQLite and in its memory; false when SQLite is not as it must be. */
bool fault_install(void);

void fault_begin(const struct fault *fault, int nth, enum fault_length length);

/* As long as a call that tries again can bear: what is made up for must end by itself. */
enum fault_length fault_lasting(const struct fault *fault);

/* Ends it and returns how many calls failed. */
int fault_end(const struct fault *fault);

/* Calls of its kind since fault_begin(), failed or not. */
int fault_calls(const struct fault *fault);

/* Whether a call that met it may return this. */
bool fault_explains(const struct fault *fault, enum keyward_status status);

/* Whether the call's error may name this as SQLite's code. */
bool fault_explains_code(const struct fault *fault, int sqlite_code);

#endif
