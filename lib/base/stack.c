/* SPDX-License-Identifier: MIT */
#include "base/stack.h"

#include <sodium.h>
#include <stdint.h>

/* Deeper than they were seen to leave anything, in bytes: where registers are few, that is more. */
#if UINTPTR_MAX > UINT32_MAX
#define DEPTH 1024
#else
#define DEPTH 4096
#endif

/* Registers get onto the stack again, as when a function is bound at its first call. */
#if defined(__has_attribute)
#if __has_attribute(zero_call_used_regs)
#define WIPES_REGISTERS __attribute__((zero_call_used_regs("all")))
#endif
#endif
#ifndef WIPES_REGISTERS
#define WIPES_REGISTERS
#endif

__attribute__((noinline)) WIPES_REGISTERS void stack_wipe(void)
{
    unsigned char below[DEPTH];

    sodium_memzero(below, sizeof below);
}
