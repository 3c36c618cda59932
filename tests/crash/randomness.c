/* SPDX-License-Identifier: MIT */
#include "crash/randomness.h"
#include "support/chance.h"

#include <check.h>
#include <sodium.h>
#include <sqlite3.h>

static uint64_t state;

static const char *name(void)
{
    return "of a seed";
}

static uint32_t number(void)
{
    return (uint32_t)chance_next(&state);
}

static void fill(void *const buffer, const size_t length)
{
    unsigned char *bytes = buffer;

    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)chance_next(&state);
}

static struct randombytes_implementation implementation = {
    .implementation_name = name, .random = number, .buf = fill};

void randomness_install(void)
{
    randombytes_set_implementation(&implementation);
    ck_assert_int_ge(sodium_init(), 0); /* which draws, but only once */
}

void randomness_restart(uint64_t seed)
{
    state = seed;
    sqlite3_randomness(0, NULL); /* it asks its VFS anew, which always says the same */
}
