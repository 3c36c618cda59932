/* SPDX-License-Identifier: MIT */
#include "fuzz/input.h"

uint8_t input_byte(struct input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++;
}

size_t input_pick(struct input *input, size_t count)
{
    return input_byte(input) % count;
}

int64_t input_number(struct input *input)
{
    uint64_t number = 0;

    for (int i = 0; i < 8; i++)
        number = number << 8 | input_byte(input);
    return (int64_t)number;
}

const uint8_t *input_bytes(struct input *input, size_t most, size_t *length)
{
    const uint8_t *bytes;

    *length = input_pick(input, most + 1);
    if (*length > input->left)
        *length = input->left;
    bytes = input->at;
    input->at += *length;
    input->left -= *length;
    return bytes;
}
