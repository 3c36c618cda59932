/* SPDX-License-Identifier: MIT */
#ifndef KEYWARD_TESTS_FUZZ_VERIFY_RECEIPT_H
#define KEYWARD_TESTS_FUZZ_VERIFY_RECEIPT_H

#include <stddef.h>
#include <stdint.h>

/* Of the inputs so far, those that held as what they were taken for. */
struct fuzz_counts {
    size_t receipts, proofs, old_checkpoints, keys;
};
extern struct fuzz_counts fuzz_held;

/* libFuzzer's entry. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
