/* SPDX-License-Identifier: MIT */
/* What must hold whatever the input is: libFuzzer keeps an input at which the program aborts. */
#ifndef KEYWARD_TESTS_FUZZ_REQUIRE_H
#define KEYWARD_TESTS_FUZZ_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(condition)                                                                 \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

#endif
