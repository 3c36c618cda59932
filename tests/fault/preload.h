/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail on order in another process: a library for LD_PRELOAD, and the page of
 * memory that the test and that process share. The file that KEYWARD_FAULT_FILE names holds it.
 *
 *     struct preload_faults *faults = mmap(... of that file, MAP_SHARED ...);
 *     faults->number[PRELOAD_WRITE] = ENOSPC;    from now on every one
 *     faults->number[PRELOAD_WRITE] = 0;         none any more
 */
#ifndef KEYWARD_TESTS_FAULT_PRELOAD_H
#define KEYWARD_TESTS_FAULT_PRELOAD_H

#include <stdatomic.h>

enum preload_call {
    PRELOAD_READ,  /* read and pread, of files */
    PRELOAD_WRITE, /* write and pwrite, of files */
    PRELOAD_FLUSH, /* fdatasync and fsync */
    PRELOAD_CALLS
};

struct preload_faults {
    atomic_int number[PRELOAD_CALLS]; /* the errno; 0: it does not fail */
    atomic_int failed[PRELOAD_CALLS]; /* how many have */
};

#endif
