/* SPDX-License-Identifier: MIT */
#include "seal/token.h"

#include <sodium.h>
#include <string.h>

#define CHECKSUM_DIGITS 6
#define ACCESS_KEY_DIGITS 22 /* 62^22 > 2^128 */
#define SECRET_DIGITS 43     /* 62^43 > 2^256 */
#define MARK_LENGTH 4

static const char access_key_mark[] = "_ak_", secret_mark[] = "_sk_";

/* The digit 0-9 A-Z a-z for a value below 62, by arithmetic: a table would leak it to the cache. */
static char digit(unsigned value)
{
    unsigned past_nine = (9U - value) >> 31, past_upper = (35U - value) >> 31;
    return (char)('0' + value + past_nine * 7 + past_upper * 6);
}

/* Writes a big-endian number in base 62, `digits` long, destroying it. */
static void write_number(unsigned char *number, size_t length, char *text, size_t digits)
{
    for (size_t i = digits; i-- > 0;) {
        unsigned remainder = 0;
        for (size_t j = 0; j < length; j++) {
            unsigned value = remainder << 8 | number[j];
            number[j] = (unsigned char)(value / 62);
            remainder = value % 62;
        }
        text[i] = digit(remainder);
    }
}

/* CRC-32 (ISO-HDLC, as in zlib), a byte at a time: each bit adds its own number, by arithmetic and
 * not by a table, because the index into one leaks to the cache. */
static uint32_t crc32(const char *text, size_t length)
{
    static const uint32_t of_bit[8] = {0x77073096, 0xEE0E612C, 0x076DC419, 0x0EDB8832,
                                       0x1DB71064, 0x3B6E20C8, 0x76DC4190, 0xEDB88320};
    uint32_t crc = 0xFFFFFFFF;

    for (size_t i = 0; i < length; i++) {
        uint32_t byte = crc ^ (unsigned char)text[i];
        crc >>= 8;
        for (int bit = 0; bit < 8; bit++)
            crc ^= of_bit[bit] & -(byte >> bit & 1);
    }
    return ~crc;
}

static void write_checksum(const char *text, size_t length, char checksum[CHECKSUM_DIGITS])
{
    uint32_t crc = crc32(text, length);

    for (int i = CHECKSUM_DIGITS; i-- > 0; crc /= 62)
        checksum[i] = digit(crc % 62);
}

/* What follows looks at a text that may be a secret, and so at all of it, whatever is in it. */

/* 1 outside, 0 within. */
static unsigned is_outside(char c, char first, char last)
{
    unsigned value = (unsigned char)c;

    return ((value - (unsigned char)first) | ((unsigned char)last - value)) >> 31;
}

static unsigned is_no_prefix(const char *text, size_t length)
{
    unsigned no = length < 1 || length > KEYWARD_PREFIX_MAX;

    for (size_t i = 0; i < length; i++)
        no |= is_outside(text[i], '0', '9') & is_outside(text[i], 'a', 'z');
    return no;
}

static unsigned is_not_alphanumeric(const char *text, size_t length)
{
    unsigned no = 0;

    for (size_t i = 0; i < length; i++)
        no |= is_outside(text[i], '0', '9') & is_outside(text[i], 'a', 'z') &
              is_outside(text[i], 'A', 'Z');
    return no;
}

static unsigned differs(const char *text, const char *other, size_t length)
{
    unsigned differs = 0;

    for (size_t i = 0; i < length; i++)
        differs |= (unsigned)(text[i] ^ other[i]);
    return differs;
}

bool token_prefix_is_valid(const char *prefix)
{
    return is_no_prefix(prefix, strnlen(prefix, KEYWARD_PREFIX_MAX + 1)) == 0;
}

static size_t write_token(const char *prefix, const char *mark, unsigned char *number, size_t bytes,
                          char *text, size_t digits)
{
    size_t head = strlen(prefix) + MARK_LENGTH, body = head + digits;

    memcpy(text, prefix, head - MARK_LENGTH);
    memcpy(text + head - MARK_LENGTH, mark, MARK_LENGTH);
    write_number(number, bytes, text + head, digits);
    write_checksum(text, body, text + body);
    text[body + CHECKSUM_DIGITS] = '\0';
    return body + CHECKSUM_DIGITS;
}

void token_access_key(const char *prefix, const unsigned char random[ACCESS_KEY_RANDOM_BYTES],
                      char text[ACCESS_KEY_SIZE])
{
    unsigned char number[ACCESS_KEY_RANDOM_BYTES];

    memcpy(number, random, sizeof number);
    write_token(prefix, access_key_mark, number, sizeof number, text, ACCESS_KEY_DIGITS);
}

size_t token_secret(const char *prefix, const unsigned char random[SECRET_RANDOM_BYTES],
                    char text[SECRET_SIZE])
{
    unsigned char number[SECRET_RANDOM_BYTES];
    size_t length;

    memcpy(number, random, sizeof number);
    length = write_token(prefix, secret_mark, number, sizeof number, text, SECRET_DIGITS);
    sodium_memzero(number, sizeof number);
    return length;
}

/* As long as a prefix, a mark, `digits` random ones and a checksum are; the rest is only looked at
 * in a text of such a length. */
static bool has_length(size_t length, size_t digits)
{
    size_t tail = MARK_LENGTH + digits + CHECKSUM_DIGITS;

    return length > tail && length <= tail + KEYWARD_PREFIX_MAX;
}

/* For "<prefix><mark>", `digits` random ones and a checksum of whatever value. */
static bool has_form(const char *text, size_t length, const char *mark, size_t digits)
{
    size_t tail = MARK_LENGTH + digits + CHECKSUM_DIGITS;
    const char *at = text + length - tail;

    return (is_no_prefix(text, length - tail) | differs(at, mark, MARK_LENGTH) |
            is_not_alphanumeric(at + MARK_LENGTH, tail - MARK_LENGTH)) == 0;
}

static bool checksum_fits(const char *text, size_t length)
{
    char checksum[CHECKSUM_DIGITS];
    size_t body = length - CHECKSUM_DIGITS;

    write_checksum(text, body, checksum);
    return sodium_memcmp(checksum, text + body, CHECKSUM_DIGITS) == 0;
}

bool token_is_access_key(const char *text, size_t length)
{
    return has_length(length, ACCESS_KEY_DIGITS) &&
           has_form(text, length, access_key_mark, ACCESS_KEY_DIGITS) &&
           checksum_fits(text, length);
}

bool token_is_mistyped_secret(const char *text, size_t length)
{
    unsigned has, fits;

    if (!has_length(length, SECRET_DIGITS))
        return false;
    has = has_form(text, length, secret_mark, SECRET_DIGITS);
    fits = checksum_fits(text, length);
    return (has & ~fits) != 0;
}
