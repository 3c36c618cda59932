/* SPDX-License-Identifier: MIT */
#include "seal/token.h"

#include <sodium.h>
#include <stdalign.h>
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

/* CRC-32 (ISO-HDLC, as in zlib), four bits at a time: this table is one cache line, so that the
 * cache cannot tell which entry was read. */
static uint32_t crc32(const char *text, size_t length)
{
    static const alignas(64) uint32_t table[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC,
                                                   0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
                                                   0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                                   0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    uint32_t crc = 0xFFFFFFFF;

    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned char)text[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}

static void write_checksum(const char *text, size_t length, char checksum[CHECKSUM_DIGITS])
{
    uint32_t crc = crc32(text, length);

    for (int i = CHECKSUM_DIGITS; i-- > 0; crc /= 62)
        checksum[i] = digit(crc % 62);
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool prefix_is_valid(const char *prefix, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!is_alphanumeric(prefix[i]) || (prefix[i] >= 'A' && prefix[i] <= 'Z'))
            return false;
    }
    return length >= 1 && length <= KEYWARD_PREFIX_MAX;
}

bool token_prefix_is_valid(const char *prefix)
{
    return prefix_is_valid(prefix, strnlen(prefix, KEYWARD_PREFIX_MAX + 1));
}

static void write_token(const char *prefix, const char *mark, unsigned char *number, size_t bytes,
                        char *text, size_t digits)
{
    size_t head = strlen(prefix) + MARK_LENGTH, body = head + digits;

    memcpy(text, prefix, head - MARK_LENGTH);
    memcpy(text + head - MARK_LENGTH, mark, MARK_LENGTH);
    write_number(number, bytes, text + head, digits);
    write_checksum(text, body, text + body);
    text[body + CHECKSUM_DIGITS] = '\0';
}

void token_access_key(const char *prefix, const unsigned char random[ACCESS_KEY_RANDOM_BYTES],
                      char text[ACCESS_KEY_SIZE])
{
    unsigned char number[ACCESS_KEY_RANDOM_BYTES];

    memcpy(number, random, sizeof number);
    write_token(prefix, access_key_mark, number, sizeof number, text, ACCESS_KEY_DIGITS);
}

void token_secret(const char *prefix, const unsigned char random[SECRET_RANDOM_BYTES],
                  char text[SECRET_SIZE])
{
    unsigned char number[SECRET_RANDOM_BYTES];

    memcpy(number, random, sizeof number);
    write_token(prefix, secret_mark, number, sizeof number, text, SECRET_DIGITS);
    sodium_memzero(number, sizeof number);
}

/* True for "<prefix><mark>", `digits` random ones and a checksum of whatever value. */
static bool has_form(const char *text, size_t length, const char *mark, size_t digits)
{
    size_t tail = MARK_LENGTH + digits + CHECKSUM_DIGITS;
    const char *at;

    if (length <= tail || !prefix_is_valid(text, length - tail))
        return false;
    at = text + length - tail;
    if (memcmp(at, mark, MARK_LENGTH) != 0)
        return false;
    for (at += MARK_LENGTH; at < text + length; at++) {
        if (!is_alphanumeric(*at))
            return false;
    }
    return true;
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
    return has_form(text, length, access_key_mark, ACCESS_KEY_DIGITS) &&
           checksum_fits(text, length);
}

bool token_is_mistyped_secret(const char *text, size_t length)
{
    return has_form(text, length, secret_mark, SECRET_DIGITS) && !checksum_fits(text, length);
}
