/* SPDX-License-Identifier: MIT */
/* What every fuzzer here has: libFuzzer's entry, and for replay.c the account of a corpus. */
#ifndef KEYWARD_TESTS_FUZZ_TARGET_H
#define KEYWARD_TESTS_FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Prints in one line how far the inputs so far have come; false when that is not far enough: such a
 * corpus leads a fuzzer nowhere. */
bool fuzz_account(void);

#endif
