/* SPDX-License-Identifier: MIT */
/* A fuzzer's bytes, taken one after the other; behind their end there are zeros. */
#ifndef KEYWARD_TESTS_FUZZ_INPUT_H
#define KEYWARD_TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input {
    const uint8_t *at;
    size_t left;
};

uint8_t input_byte(struct input *input);

/* A number below `count`, from one byte. */
size_t input_pick(struct input *input, size_t count);

/* Eight bytes, as a number of either sign. */
int64_t input_number(struct input *input);

/* Up to `most` bytes, where a byte says how many; `*length` becomes their number. They lie in the
 * fuzzer's own memory. */
const uint8_t *input_bytes(struct input *input, size_t most, size_t *length);

#endif
