/* SPDX-License-Identifier: MIT */
/*
 * Secrets that two processes know by a number: the one that gives them to the library, and the one
 * that searches the first for them. They are made in place, eight bytes at a time, so that making
 * one leaves no 16 bytes of it anywhere else.
 */
#ifndef KEYWARD_TESTS_STREAM_H
#define KEYWARD_TESTS_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The numbers of what is not drawn by the library. Its n-th draw has FIRST_DRAW + n. */
enum stream { MASTER_KEY_A = 1, MASTER_KEY_B, MARKER, IMPORTED, IMPORTED_LONG, FIRST_DRAW = 1000 };

#define MARKER_BYTES 64          /* no secret: what must be found in ordinary memory */
#define IMPORTED_BYTES 51        /* a provider's own secret */
#define IMPORTED_LONG_BYTES 9000 /* another, on pages of its own */

/* Volatile, so that no compiler works a stream out and puts its bytes into the program. */
static const volatile uint64_t stream_nothing = 0;

/* splitmix64 */
static inline uint64_t stream_word(uint64_t number, uint64_t index)
{
    uint64_t z = ((number + stream_nothing) << 32) + (index + 1) * UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static inline void stream_bytes(uint64_t number, void *bytes, size_t length)
{
    unsigned char *to = bytes;

    for (size_t i = 0; i < length; i += 8) {
        uint64_t word = stream_word(number, i / 8);
        memcpy(to + i, &word, length - i < 8 ? length - i : 8);
    }
}

/* Small letters, without a NUL behind them. */
static inline void stream_text(uint64_t number, char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        text[i] = (char)('a' + stream_word(number, i) % 26);
}

#endif
