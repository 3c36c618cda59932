/* SPDX-License-Identifier: MIT */
/* Sealing and tokens: what opens, what does not, and the formats that stored files rely on. The
 * linker leads read through here, to be interrupted on order. */
#include "fault/memory.h"
#include "seal/keyring.h"
#include "seal/master_key.h"
#include "seal/seal.h"
#include "seal/secret.h"
#include "seal/token.h"
#include "support/fixture.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const unsigned char key_a[SEAL_KEY_BYTES] = "the first of two keys, 32 bytes";
static const unsigned char key_b[SEAL_KEY_BYTES] = "the other of two keys, 32 bytes";
static const unsigned char nonce[SEAL_NONCE_BYTES] = "a nonce is used once 24";
static const char secret[] = "kw_sk_not-really-one";
#define SECRET_LENGTH (sizeof secret - 1)
#define BLOB_LENGTH (SECRET_LENGTH + SEAL_OVERHEAD)

static struct seal_place place_of(int64_t data_key_id, const char *repo_id, const char *key_id,
                                  const char *access_key)
{
    const struct seal_place place = {
        .data_key_id = data_key_id,
        .repo_id = repo_id,
        .repo_id_length = strlen(repo_id),
        .key_id = key_id,
        .key_id_length = strlen(key_id),
        .access_key = access_key,
        .access_key_length = strlen(access_key),
    };
    return place;
}

static struct seal_place home(void)
{
    return place_of(1, "repo-1", "key-1", "kw_ak_1");
}

/* Seals `secret` at `place` with key_a. */
static void seal_at(struct seal_place place, unsigned char sealed[BLOB_LENGTH])
{
    seal_secret(key_a, &place, nonce, secret, SECRET_LENGTH, sealed);
}

static bool opens_at(struct seal_place place, const unsigned char *sealed, size_t length)
{
    unsigned char plain[BLOB_LENGTH + 8];

    return unseal_secret(key_a, &place, sealed, length, plain);
}

/* ---- secrets ---- */

START_TEST(a_sealed_secret_opens_to_itself)
{
    const struct seal_place place = home();
    unsigned char sealed[BLOB_LENGTH], plain[SECRET_LENGTH];

    seal_at(place, sealed);
    ck_assert_mem_eq(sealed, nonce, sizeof nonce);
    ck_assert(unseal_secret(key_a, &place, sealed, sizeof sealed, plain));
    ck_assert_mem_eq(plain, secret, SECRET_LENGTH);
}
END_TEST

START_TEST(secrets_of_any_length_are_sealed)
{
    static const size_t lengths[] = {1, 2, 16, 63, 64, 65, 4096, KEYWARD_SECRET_MAX};
    const struct seal_place place = home();
    unsigned char *plain = malloc(KEYWARD_SECRET_MAX), *opened = malloc(KEYWARD_SECRET_MAX),
                  *sealed = malloc(SEALED_SECRET_MAX);

    for (size_t i = 0; i < KEYWARD_SECRET_MAX; i++)
        plain[i] = (unsigned char)(i * 7);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        seal_secret(key_a, &place, nonce, plain, lengths[i], sealed);
        ck_assert(unseal_secret(key_a, &place, sealed, lengths[i] + SEAL_OVERHEAD, opened));
        ck_assert_mem_eq(opened, plain, lengths[i]);
    }
    free(plain);
    free(opened);
    free(sealed);
}
END_TEST

START_TEST(a_sealed_secret_changed_by_any_bit_does_not_open)
{
    unsigned char sealed[BLOB_LENGTH];

    seal_at(home(), sealed);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
        ck_assert_msg(!opens_at(home(), sealed, sizeof sealed), "bit %zu", bit);
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    ck_assert(opens_at(home(), sealed, sizeof sealed));
}
END_TEST

START_TEST(a_sealed_secret_cut_or_lengthened_does_not_open)
{
    unsigned char sealed[BLOB_LENGTH + 1] = {0};

    seal_at(home(), sealed);
    for (size_t length = 0; length <= sizeof sealed; length++)
        ck_assert_msg(opens_at(home(), sealed, length) == (length == BLOB_LENGTH), "length %zu",
                      length);
}
END_TEST

START_TEST(a_sealed_secret_opens_with_its_own_key_only)
{
    const struct seal_place place = home();
    unsigned char sealed[BLOB_LENGTH], plain[SECRET_LENGTH], other[SEAL_KEY_BYTES];

    seal_at(place, sealed);
    ck_assert(!unseal_secret(key_b, &place, sealed, sizeof sealed, plain));
    for (size_t bit = 0; bit < 8 * sizeof other; bit++) {
        memcpy(other, key_a, sizeof other);
        other[bit / 8] ^= (unsigned char)(1 << bit % 8);
        ck_assert(!unseal_secret(other, &place, sealed, sizeof sealed, plain));
    }
}
END_TEST

START_TEST(a_sealed_secret_opens_at_its_own_place_only)
{
    unsigned char sealed[BLOB_LENGTH];

    seal_at(home(), sealed);
    ck_assert(!opens_at(place_of(2, "repo-1", "key-1", "kw_ak_1"), sealed, sizeof sealed));
    ck_assert(!opens_at(place_of(-1, "repo-1", "key-1", "kw_ak_1"), sealed, sizeof sealed));
    ck_assert(!opens_at(place_of(1 + (INT64_C(1) << 56), "repo-1", "key-1", "kw_ak_1"), sealed,
                        sizeof sealed));
    ck_assert(!opens_at(place_of(1, "repo-2", "key-1", "kw_ak_1"), sealed, sizeof sealed));
    ck_assert(!opens_at(place_of(1, "repo-", "key-1", "kw_ak_1"), sealed, sizeof sealed));
    ck_assert(!opens_at(place_of(1, "repo-1", "key-2", "kw_ak_1"), sealed, sizeof sealed));
    ck_assert(!opens_at(place_of(1, "repo-1", "key-12", "kw_ak_1"), sealed, sizeof sealed));
    ck_assert(!opens_at(place_of(1, "repo-1", "key-1", "kw_ak_2"), sealed, sizeof sealed));
    ck_assert(!opens_at(place_of(1, "repo-1", "key-1", ""), sealed, sizeof sealed));
    ck_assert(opens_at(home(), sealed, sizeof sealed));
}
END_TEST

START_TEST(text_shifted_between_the_parts_of_a_place_is_another_place)
{
    static const char *const splits[][3] = {
        {"abc", "def", "ghi"}, {"ab", "cdef", "ghi"}, {"abcd", "ef", "ghi"}, {"abc", "de", "fghi"},
        {"abc", "defg", "hi"}, {"abcdefghi", "", ""}, {"", "", "abcdefghi"}, {"", "abcdefghi", ""},
    };
    unsigned char sealed[BLOB_LENGTH];

    for (size_t from = 0; from < COUNT(splits); from++) {
        seal_at(place_of(1, splits[from][0], splits[from][1], splits[from][2]), sealed);
        for (size_t to = 0; to < COUNT(splits); to++)
            ck_assert(opens_at(place_of(1, splits[to][0], splits[to][1], splits[to][2]), sealed,
                               sizeof sealed) == (from == to));
    }
}
END_TEST

START_TEST(the_text_of_a_place_need_not_be_terminated)
{
    struct seal_place place = place_of(1, "repo-1 and more", "key-1 and more", "kw_ak_1 and more");
    unsigned char sealed[BLOB_LENGTH];

    place.repo_id_length = strlen("repo-1");
    place.key_id_length = strlen("key-1");
    place.access_key_length = strlen("kw_ak_1");
    seal_at(home(), sealed);
    ck_assert(opens_at(place, sealed, sizeof sealed));
}
END_TEST

START_TEST(a_place_of_the_longest_texts_is_told_from_its_neighbours)
{
    char longest[KEYWARD_ID_MAX + 1], other[KEYWARD_ID_MAX + 1], longer[2 * KEYWARD_ID_MAX];
    unsigned char sealed[BLOB_LENGTH];

    memset(longest, 'x', KEYWARD_ID_MAX);
    longest[KEYWARD_ID_MAX] = '\0';
    memcpy(other, longest, sizeof other);
    other[KEYWARD_ID_MAX - 1] = 'y';
    memset(longer, 'y', sizeof longer - 1); /* as only a tampered row has: it must do no harm */
    longer[sizeof longer - 1] = '\0';
    seal_at(place_of(1, longest, longest, longest), sealed);
    ck_assert(opens_at(place_of(1, longest, longest, longest), sealed, sizeof sealed));
    ck_assert(!opens_at(place_of(1, other, longest, longest), sealed, sizeof sealed));
    ck_assert(!opens_at(place_of(1, longest, other, longest), sealed, sizeof sealed));
    ck_assert(!opens_at(place_of(1, longest, longest, other), sealed, sizeof sealed));
    ck_assert(!opens_at(place_of(1, longer, longer, longer), sealed, sizeof sealed));
}
END_TEST

/* The format, opened without the library: stores written by this version must open for ever. */
START_TEST(the_format_of_a_sealed_secret_stays)
{
    static const unsigned char bound[] = "keyward secret 1\0"
                                         "\x01\x02\0\0\0\0\0\0"
                                         "\x06\0repo-1"
                                         "\x05\0key-1"
                                         "\x07\0kw_ak_1";
    unsigned char sealed[BLOB_LENGTH], plain[SECRET_LENGTH];
    unsigned long long length = 0;

    seal_at(place_of(0x201, "repo-1", "key-1", "kw_ak_1"), sealed);
    ck_assert_int_eq(crypto_aead_xchacha20poly1305_ietf_decrypt(
                         plain, &length, NULL, sealed + SEAL_NONCE_BYTES,
                         sizeof sealed - SEAL_NONCE_BYTES, bound, sizeof bound - 1, nonce, key_a),
                     0);
    ck_assert_uint_eq(length, SECRET_LENGTH);
    ck_assert_mem_eq(plain, secret, SECRET_LENGTH);
}
END_TEST

/* ---- data keys ---- */

START_TEST(a_sealed_data_key_opens_to_itself)
{
    unsigned char sealed[SEALED_DATA_KEY_BYTES], opened[SEAL_KEY_BYTES];

    seal_data_key(key_a, 7, nonce, key_b, sealed);
    ck_assert(unseal_data_key(key_a, 7, sealed, opened));
    ck_assert_mem_eq(opened, key_b, sizeof opened);
}
END_TEST

START_TEST(a_sealed_data_key_changed_by_any_bit_does_not_open)
{
    unsigned char sealed[SEALED_DATA_KEY_BYTES], opened[SEAL_KEY_BYTES];

    seal_data_key(key_a, 7, nonce, key_b, sealed);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
        ck_assert_msg(!unseal_data_key(key_a, 7, sealed, opened), "bit %zu", bit);
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}
END_TEST

START_TEST(a_sealed_data_key_opens_with_its_own_id_and_key_only)
{
    unsigned char sealed[SEALED_DATA_KEY_BYTES], opened[SEAL_KEY_BYTES];

    seal_data_key(key_a, 7, nonce, key_b, sealed);
    ck_assert(!unseal_data_key(key_a, 8, sealed, opened));
    ck_assert(!unseal_data_key(key_a, 7 + (INT64_C(1) << 32), sealed, opened));
    ck_assert(!unseal_data_key(key_b, 7, sealed, opened));
}
END_TEST

START_TEST(a_sealed_secret_is_no_sealed_data_key)
{
    const struct seal_place place = home();
    unsigned char sealed[SEALED_DATA_KEY_BYTES], opened[SEAL_KEY_BYTES];

    seal_secret(key_a, &place, nonce, key_b, SEAL_KEY_BYTES, sealed);
    ck_assert(!unseal_data_key(key_a, place.data_key_id, sealed, opened));
    seal_data_key(key_a, place.data_key_id, nonce, key_b, sealed);
    ck_assert(!unseal_secret(key_a, &place, sealed, sizeof sealed, opened));
}
END_TEST

/* ---- tokens ---- */

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* CRC-32 by polynomial division of one byte at a time, from a table made here. */
static uint32_t crc_of(const char *text, size_t length)
{
    uint32_t table[256], crc = 0xFFFFFFFF;

    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] & 1 ? table[i] >> 1 ^ 0xEDB88320 : table[i] >> 1;
    }
    for (size_t i = 0; i < length; i++)
        crc = table[(crc ^ (unsigned char)text[i]) & 0xFF] ^ crc >> 8;
    return crc ^ 0xFFFFFFFF;
}

/* Writes "<text><checksum>" into `token`. */
static void add_checksum(const char *text, char *token)
{
    uint32_t crc = crc_of(text, strlen(text));
    char checksum[7] = "000000";

    for (int i = 5; i >= 0; i--, crc /= 62)
        checksum[i] = digits[crc % 62];
    sprintf(token, "%s%s", text, checksum);
}

START_TEST(the_checksum_is_the_well_known_crc)
{
    char token[64];

    ck_assert_uint_eq(crc_of("123456789", 9), 0xCBF43926);
    add_checksum("123456789", token);
    ck_assert_str_eq(token, "1234567893jZRME");
}
END_TEST

static void fill(unsigned char *bytes, size_t length, int kind)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)(kind == 0 ? 0 : kind == 1 ? 0xFF : i);
}

START_TEST(access_keys_of_known_random_bytes_are_known)
{
    static const char *const usual[] = {"kw_ak_00000000000000000000000XRoWr",
                                        "kw_ak_7n42DGM5Tflk9n8mt7Fhc73X8URI",
                                        "kw_ak_000SYW7RiJxkEgOGusQGwp4Jeyh9"};
    static const char *const longest[] = {"a234567890123456_ak_00000000000000000000000zc7Q2",
                                          "a234567890123456_ak_7n42DGM5Tflk9n8mt7Fhc74Hu1qF",
                                          "a234567890123456_ak_000SYW7RiJxkEgOGusQGwp3WcbXg"};
    unsigned char random[ACCESS_KEY_RANDOM_BYTES];
    char text[ACCESS_KEY_SIZE];

    for (int kind = 0; kind < 3; kind++) {
        fill(random, sizeof random, kind);
        token_access_key("kw", random, text);
        ck_assert_str_eq(text, usual[kind]);
        token_access_key("a234567890123456", random, text);
        ck_assert_str_eq(text, longest[kind]);
    }
}
END_TEST

START_TEST(secrets_of_known_random_bytes_are_known)
{
    static const char *const known[] = {"kw_sk_00000000000000000000000000000000000000000001H69sW",
                                        "kw_sk_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp14MOQtE",
                                        "kw_sk_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1unF6G"};
    unsigned char random[SECRET_RANDOM_BYTES];
    char text[SECRET_SIZE];

    for (int kind = 0; kind < 3; kind++) {
        fill(random, sizeof random, kind);
        token_secret("kw", random, text);
        ck_assert_str_eq(text, known[kind]);
        ck_assert(!token_is_mistyped_secret(text, strlen(text)));
    }
}
END_TEST

START_TEST(every_digit_is_written)
{
    unsigned char random[ACCESS_KEY_RANDOM_BYTES] = {0};
    char text[ACCESS_KEY_SIZE], expected[ACCESS_KEY_SIZE], body[ACCESS_KEY_SIZE];

    for (int value = 0; value < 256; value++) {
        random[sizeof random - 1] = (unsigned char)value;
        snprintf(body, sizeof body, "x_ak_00000000000000000000%c%c", digits[value / 62],
                 digits[value % 62]);
        add_checksum(body, expected);
        token_access_key("x", random, text);
        ck_assert_str_eq(text, expected);
        ck_assert(token_is_access_key(text, strlen(text)));
    }
}
END_TEST

START_TEST(a_token_built_by_hand_is_an_access_key)
{
    char token[64];

    add_checksum("acme1_ak_abcdefghijklmnopqrstuv", token);
    ck_assert(token_is_access_key(token, strlen(token)));
    add_checksum("a_ak_0000000000zzzzzzzzzzZZ", token);
    ck_assert(token_is_access_key(token, strlen(token)));
}
END_TEST

START_TEST(a_token_of_another_form_is_no_access_key)
{
    static const char *const bodies[] = {
        "_ak_abcdefghijklmnopqrstuv",                  /* no prefix */
        "a2345678901234567_ak_abcdefghijklmnopqrstuv", /* a prefix of 17 */
        "Kw_ak_abcdefghijklmnopqrstuv",                /* a capital in it */
        "k-w_ak_abcdefghijklmnopqrstuv",
        "kw_sk_abcdefghijklmnopqrstuv",  /* a secret's mark */
        "kw_ak_abcdefghijklmnopqrstu",   /* a digit short */
        "kw_ak_abcdefghijklmnopqrstuvw", /* a digit long */
        "kw_ak_abcdefghijklmnopqrst-v",
        "kw_ak_abcdefghijklmnopqrst\xC3\xBC",
        "",
    };
    char token[64];

    for (size_t i = 0; i < COUNT(bodies); i++) {
        add_checksum(bodies[i], token);
        ck_assert_msg(!token_is_access_key(token, strlen(token)), "%s", token);
    }
    ck_assert(!token_is_access_key("", 0));
}
END_TEST

START_TEST(an_access_key_changed_or_cut_anywhere_is_none)
{
    const char right[] = "kw_ak_000SYW7RiJxkEgOGusQGwp4Jeyh9";
    char token[sizeof right];

    for (size_t at = 0; at < sizeof right - 1; at++) {
        ck_assert(!token_is_access_key(right, at));
        for (const char *other = digits; *other; other++) {
            memcpy(token, right, sizeof token);
            token[at] = *other;
            ck_assert(token_is_access_key(token, sizeof token - 1) == (*other == right[at]));
        }
    }
}
END_TEST

START_TEST(a_secret_mistyped_anywhere_behind_its_mark_is_told)
{
    const char right[] = "kw_sk_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1unF6G";
    char token[sizeof right];

    for (size_t at = strlen("kw_sk_"); at < sizeof right - 1; at++) {
        for (const char *other = digits; *other; other++) {
            memcpy(token, right, sizeof token);
            token[at] = *other;
            ck_assert(token_is_mistyped_secret(token, sizeof token - 1) == (*other != right[at]));
        }
    }
}
END_TEST

START_TEST(a_secret_of_another_form_is_not_ours_to_judge)
{
    static const char *const foreign[] = {
        "",
        "x",
        "sk-proj-abc",
        "kw_sk_",
        "kw_sk_short",
        "kw_ak_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1unF6G",
        "kw_sk_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1unF6",   /* one short */
        "kw_sk_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1unF6GG", /* one long */
        "kw_sk_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDl-1unF6G",
    };

    for (size_t i = 0; i < COUNT(foreign); i++)
        ck_assert(!token_is_mistyped_secret(foreign[i], strlen(foreign[i])));
}
END_TEST

START_TEST(a_prefix_is_1_to_16_small_letters_and_digits)
{
    static const char *const valid[] = {"k", "kw", "0", "9z", "a234567890123456"};
    static const char *const invalid[] = {"",     "a2345678901234567", "Kw", "k_w", "k ", "k-",
                                          "kw\n", "\xC3\xBC"};

    for (size_t i = 0; i < COUNT(valid); i++)
        ck_assert_msg(token_prefix_is_valid(valid[i]), "'%s'", valid[i]);
    for (size_t i = 0; i < COUNT(invalid); i++)
        ck_assert_msg(!token_prefix_is_valid(invalid[i]), "'%s'", invalid[i]);
    for (int c = 1; c < 256; c++) {
        const char prefix[2] = {(char)c, '\0'};
        ck_assert(token_prefix_is_valid(prefix) ==
                  ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')));
    }
}
END_TEST

/* ---- the keyring ---- */

static int random_works(void *context, void *buffer, size_t length)
{
    memset(buffer, ++*(int *)context, length);
    return 0;
}

static int random_fails(void *context, void *buffer, size_t length)
{
    (void)context;
    memset(buffer, 1, length);
    return 1;
}

/* A master key for these tests: `fill` all over. */
static struct master_key *master_of(unsigned char fill)
{
    struct master_key *master = sodium_malloc(sizeof *master);

    ck_assert_ptr_nonnull(master);
    memset(master, fill, sizeof *master);
    return master;
}

/* A keyring that holds the master key of 1s. */
static void keyring_open(struct keyring *keyring)
{
    struct master_key *master = master_of(1);

    ck_assert(keyring_init(keyring));
    keyring_hold_master_key(keyring, &master);
    ck_assert_ptr_null(master);
}

/* Adds a data key as it stands in a store, sealed by the master key of `fill`s. */
static enum keyring_added add_sealed(struct keyring *keyring, int64_t id,
                                     const unsigned char *data_key, unsigned char fill)
{
    struct master_key *master = master_of(fill);
    unsigned char sealed[SEALED_DATA_KEY_BYTES];

    seal_data_key(master->wrapping_key, id, nonce, data_key, sealed);
    master_key_free(&master);
    return keyring_add(keyring, id, sealed);
}

START_TEST(a_keyring_finds_its_keys)
{
    struct keyring keyring;

    keyring_open(&keyring);
    ck_assert_ptr_null(keyring_find(&keyring, 1));
    ck_assert_int_eq(add_sealed(&keyring, 1, key_a, 1), KEYRING_ADDED);
    ck_assert_int_eq(add_sealed(&keyring, 5, key_b, 1), KEYRING_ADDED);
    ck_assert_mem_eq(keyring_find(&keyring, 1)->key, key_a, SEAL_KEY_BYTES);
    ck_assert_mem_eq(keyring_find(&keyring, 5)->key, key_b, SEAL_KEY_BYTES);
    ck_assert_ptr_null(keyring_find(&keyring, 2));
    ck_assert_ptr_null(keyring_find(&keyring, 0));
    ck_assert_ptr_null(keyring_find(&keyring, 6));
    ck_assert_int_eq(keyring_current(&keyring)->id, 5);
    keyring_release(&keyring);
    ck_assert_ptr_null(keyring_find(&keyring, 1));
}
END_TEST

START_TEST(a_data_key_is_added_once_and_only_if_it_opens)
{
    struct keyring keyring;

    keyring_open(&keyring);
    ck_assert_int_eq(add_sealed(&keyring, 1, key_a, 1), KEYRING_ADDED);
    ck_assert_int_eq(add_sealed(&keyring, 1, key_b, 1), KEYRING_ADDED);
    ck_assert_uint_eq(keyring.count, 1);
    ck_assert_mem_eq(keyring_find(&keyring, 1)->key, key_a, SEAL_KEY_BYTES);
    ck_assert_int_eq(add_sealed(&keyring, 2, key_b, 2), KEYRING_DOES_NOT_OPEN);
    ck_assert_uint_eq(keyring.count, 1);
    ck_assert_ptr_null(keyring_find(&keyring, 2));
    keyring_release(&keyring);
}
END_TEST

START_TEST(a_data_key_is_looked_at_without_being_added)
{
    unsigned char sealed[SEALED_DATA_KEY_BYTES];
    struct master_key *master = master_of(1);
    const struct data_key *seen;
    struct keyring keyring;

    keyring_open(&keyring);
    seal_data_key(master->wrapping_key, 7, nonce, key_a, sealed);
    seen = keyring_peek(&keyring, 7, sealed);
    ck_assert_ptr_nonnull(seen);
    ck_assert_mem_eq(seen->key, key_a, SEAL_KEY_BYTES);
    ck_assert_ptr_null(keyring_peek(&keyring, 8, sealed));
    ck_assert_uint_eq(keyring.count, 0);
    master_key_free(&master);
    keyring_release(&keyring);
}
END_TEST

START_TEST(during_a_change_both_master_keys_open_data_keys)
{
    struct master_key *next = master_of(2), *third = master_of(3);
    unsigned char id[MASTER_KEY_ID_BYTES];
    struct keyring keyring;

    keyring_open(&keyring);
    ck_assert(keyring_expect_master_key(&keyring, &next));
    ck_assert(!keyring_expect_master_key(&keyring, &third)); /* one change at a time */
    ck_assert_ptr_nonnull(third);
    ck_assert_int_eq(add_sealed(&keyring, 1, key_a, 1), KEYRING_ADDED);
    ck_assert_int_eq(add_sealed(&keyring, 2, key_b, 2), KEYRING_ADDED);
    keyring_copy_id(&keyring, MASTER_KEY_NEXT, id);
    ck_assert_int_eq(keyring_recognise(&keyring, id), MASTER_KEY_NEXT);
    keyring_copy_id(&keyring, MASTER_KEY_IN_FORCE, id);
    ck_assert_int_eq(keyring_recognise(&keyring, id), MASTER_KEY_IN_FORCE);
    ck_assert_int_eq(keyring_recognise(&keyring, third->id), MASTER_KEY_UNKNOWN);

    keyring_settle_master_key(&keyring, true);
    ck_assert_int_eq(keyring_recognise(&keyring, id), MASTER_KEY_UNKNOWN); /* the old one's */
    ck_assert_int_eq(add_sealed(&keyring, 3, key_a, 1), KEYRING_DOES_NOT_OPEN);
    ck_assert_int_eq(add_sealed(&keyring, 3, key_a, 2), KEYRING_ADDED);

    ck_assert(keyring_expect_master_key(&keyring, &third));
    keyring_settle_master_key(&keyring, false);
    ck_assert_int_eq(add_sealed(&keyring, 4, key_a, 3), KEYRING_DOES_NOT_OPEN);
    ck_assert_int_eq(add_sealed(&keyring, 4, key_a, 2), KEYRING_ADDED);
    keyring_release(&keyring);
}
END_TEST

START_TEST(a_data_key_is_sealed_anew_by_the_next_master_key)
{
    struct master_key *next = master_of(2), *check = master_of(2);
    unsigned char sealed[SEALED_DATA_KEY_BYTES], opened[SEAL_KEY_BYTES], *work;
    unsigned char id[MASTER_KEY_ID_BYTES];
    struct keyring keyring;

    keyring_open(&keyring);
    work = sodium_malloc(SEAL_KEY_BYTES);
    ck_assert_ptr_nonnull(work);
    ck_assert(keyring_expect_master_key(&keyring, &next));
    keyring_copy_id(&keyring, MASTER_KEY_IN_FORCE, id);
    ck_assert(keyring_seal(&keyring, id, 7, nonce, key_a, sealed));
    ck_assert(keyring_seal_anew(&keyring, 7, nonce, work, sealed));
    ck_assert(sodium_is_zero(work, SEAL_KEY_BYTES));
    ck_assert(unseal_data_key(check->wrapping_key, 7, sealed, opened));
    ck_assert_mem_eq(opened, key_a, SEAL_KEY_BYTES);
    ck_assert(!keyring_seal_anew(&keyring, 7, nonce, work, sealed)); /* not by the old one now */
    ck_assert(sodium_is_zero(work, SEAL_KEY_BYTES));
    keyring_settle_master_key(&keyring, true);
    ck_assert(!keyring_seal(&keyring, id, 7, nonce, key_a, sealed));
    ck_assert(keyring_seal(&keyring, check->id, 7, nonce, key_a, sealed));
    ck_assert(unseal_data_key(check->wrapping_key, 7, sealed, opened));
    sodium_free(work);
    master_key_free(&check);
    keyring_release(&keyring);
}
END_TEST

START_TEST(a_keyring_is_full_at_its_size)
{
    struct keyring keyring;

    keyring_open(&keyring);
    for (int64_t id = 1; id <= KEYWARD_DATA_KEYS_MAX; id++)
        ck_assert_int_eq(add_sealed(&keyring, id, key_a, 1), KEYRING_ADDED);
    ck_assert_int_eq(add_sealed(&keyring, KEYWARD_DATA_KEYS_MAX + 1, key_b, 1), KEYRING_IS_FULL);
    ck_assert_uint_eq(keyring.count, KEYWARD_DATA_KEYS_MAX);
    ck_assert_int_eq(keyring_current(&keyring)->id, KEYWARD_DATA_KEYS_MAX);
    for (int64_t id = 1; id <= KEYWARD_DATA_KEYS_MAX; id++)
        ck_assert_int_eq(keyring_find(&keyring, id)->id, id);
    keyring_release(&keyring);
}
END_TEST

START_TEST(the_decoy_opens_at_its_place)
{
    static const char *const prefixes[] = {"k", "kw", "a234567890123456"};
    int calls = 0;
    const struct environment environment = {.random = random_works, .random_context = &calls};
    unsigned char plain[SECRET_SIZE];
    struct keyring keyring;

    for (size_t i = 0; i < COUNT(prefixes); i++) {
        keyring_open(&keyring);
        ck_assert_int_eq(add_sealed(&keyring, 1, key_b, 1), KEYRING_ADDED);
        ck_assert_int_eq(add_sealed(&keyring, 2, key_a, 1), KEYRING_ADDED);
        ck_assert(keyring_draw(&keyring, &environment));
        keyring_finish(&keyring, prefixes[i]);
        ck_assert_ptr_null(keyring.drawn);
        ck_assert_uint_eq(keyring.decoy_length, strlen(prefixes[i]) + 4 + 43 + 6 + SEAL_OVERHEAD);
        ck_assert_int_eq(keyring.decoy_place.data_key_id, 2);
        ck_assert(
            unseal_secret(key_a, &keyring.decoy_place, keyring.decoy, keyring.decoy_length, plain));
        ck_assert(!token_is_access_key(keyring.decoy_place.access_key,
                                       keyring.decoy_place.access_key_length));
        keyring_release(&keyring);
    }
}
END_TEST

START_TEST(a_keyring_without_randomness_draws_nothing)
{
    const struct environment environment = {.random = random_fails};
    struct keyring keyring;

    ck_assert(keyring_init(&keyring));
    ck_assert(!keyring_draw(&keyring, &environment));
    keyring_release(&keyring);
    ck_assert_ptr_null(keyring.drawn);
}
END_TEST

/* ---- the master key ---- */

static int give_key(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES])
{
    ck_assert_str_eq(context, "context");
    memcpy(key, test_master_key, KEYWARD_MASTER_KEY_BYTES);
    return 0;
}

static int give_nothing(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES])
{
    (void)key;
    return *(const int *)context;
}

/* What test_master_key derives to: BLAKE2b keyed with it, salt 1 and 2, personal "keyward1". */
static void assert_derived(const struct master_key *key)
{
    char wrapping_key[2 * SEAL_KEY_BYTES + 1], id[2 * MASTER_KEY_ID_BYTES + 1];

    sodium_bin2hex(wrapping_key, sizeof wrapping_key, key->wrapping_key, SEAL_KEY_BYTES);
    sodium_bin2hex(id, sizeof id, key->id, MASTER_KEY_ID_BYTES);
    ck_assert_str_eq(wrapping_key,
                     "40111ca715d9adb16df7a076bc3e4d8c304096f94a930c913e95f994af594256");
    ck_assert_str_eq(id, "93e128a2c70af342938089eb62f81382");
}

START_TEST(what_a_master_key_derives_to_stays)
{
    const keyward_master_key source = {.key = test_master_key};
    struct error error = {.store_stamp = 0};
    struct master_key *key;

    ck_assert_int_eq(master_key_obtain(&source, &key, &error), KEYWARD_OK);
    assert_derived(key);
    master_key_free(&key);
    ck_assert_ptr_null(key);
    master_key_free(&key);
}
END_TEST

START_TEST(a_callback_gives_the_same_key)
{
    char context[] = "context";
    const keyward_master_key source = {.callback = give_key, .callback_context = context};
    struct error error = {.store_stamp = 0};
    struct master_key *key;

    ck_assert_int_eq(master_key_obtain(&source, &key, &error), KEYWARD_OK);
    assert_derived(key);
    master_key_free(&key);
}
END_TEST

START_TEST(a_callback_that_returns_anything_but_0_has_failed)
{
    static const int codes[] = {1, -1, 256};

    for (size_t i = 0; i < COUNT(codes); i++) {
        int code = codes[i];
        const keyward_master_key source = {.callback = give_nothing, .callback_context = &code};
        struct error error = {.store_stamp = 0};
        struct master_key *key;

        ck_assert_int_eq(master_key_obtain(&source, &key, &error), KEYWARD_NO_MASTER_KEY);
        ck_assert_ptr_null(key);
        ck_assert_str_eq(error.detail.message, "master_key_callback: reported a failure");
    }
}
END_TEST

/* Which piece of memory it does without; 0: none. */
static int missing_memory;

/* The status for a key file of this content; what it derives to is asserted where it is accepted.
 */
static enum keyward_status obtain_from_file(const void *bytes, size_t length)
{
    struct fixture f;
    char path[128];
    keyward_master_key source = {.file = path};
    struct error error = {.store_stamp = 0};
    struct master_key *key;
    enum keyward_status status;

    fixture_init(&f);
    snprintf(path, sizeof path, "%s/master.key", f.folder);
    write_whole(path, bytes, length);
    if (missing_memory > 0)
        memory_fail(MEMORY_OF_LIBRARY, missing_memory, FAIL_ONCE);
    status = master_key_obtain(&source, &key, &error);
    memory_stop();
    if (status == KEYWARD_OK)
        assert_derived(key);
    else
        ck_assert_ptr_null(key);
    master_key_free(&key);
    fixture_close(&f);
    return status;
}

#define HEX "303132333435363738396162636465663031323334353637383961626364"
#define HEX_END "6500"

START_TEST(a_key_file_holds_64_hexadecimal_digits_or_32_bytes)
{
    static const char *const accepted[] = {HEX HEX_END, HEX HEX_END "\n", HEX HEX_END "\r\n"};
    char upper[] = HEX HEX_END;

    for (char *c = upper; *c; c++) {
        if (*c >= 'a')
            *c = (char)(*c - 'a' + 'A');
    }
    ck_assert_int_eq(obtain_from_file(upper, strlen(upper)), KEYWARD_OK);
    for (size_t i = 0; i < COUNT(accepted); i++)
        ck_assert_int_eq(obtain_from_file(accepted[i], strlen(accepted[i])), KEYWARD_OK);
    ck_assert_int_eq(obtain_from_file(test_master_key, KEYWARD_MASTER_KEY_BYTES), KEYWARD_OK);
}
END_TEST

START_TEST(a_key_file_of_anything_else_gives_no_key)
{
    static const char *const refused[] = {
        "",
        "\n",
        HEX "65",                            /* 62 digits */
        HEX "650",                           /* 63 */
        HEX HEX_END "0",                     /* 65 */
        HEX HEX_END "\n\n\n",                /* longer than a line end */
        HEX HEX_END " ",                     /* no line end */
        HEX HEX_END "\n0",                   /* something behind it */
        "\n" HEX HEX_END,                    /* or in front */
        HEX "650g",                          /* no digit */
        HEX "65 0",                          /* a blank */
        HEX "65:0",                          /* a colon */
        "0x" HEX "65",                       /* 64, but not all of them digits */
        "0123456789abcdef0123456789abcde",   /* 31 bytes */
        "0123456789abcdef0123456789abcdef0", /* 33 bytes */
    };

    for (size_t i = 0; i < COUNT(refused); i++)
        ck_assert_msg(obtain_from_file(refused[i], strlen(refused[i])) == KEYWARD_NO_MASTER_KEY,
                      "'%s'", refused[i]);
}
END_TEST

/* ---- a key file, when the system fails ---- */

static int interruptions;

extern __typeof__(read) __real_read, __wrap_read;

ssize_t __wrap_read(int fd, void *bytes, size_t length)
{
    if (interruptions == 0)
        return __real_read(fd, bytes, length);
    interruptions--;
    errno = EINTR;
    return -1;
}

START_TEST(a_key_file_whose_reading_a_signal_interrupts_is_read_on)
{
    interruptions = 2;
    ck_assert_int_eq(obtain_from_file(HEX HEX_END, strlen(HEX HEX_END)), KEYWARD_OK);
    ck_assert_int_eq(interruptions, 0);
}
END_TEST

START_TEST(without_guarded_memory_there_is_no_key)
{
    for (missing_memory = 1; missing_memory <= 3; missing_memory++)
        ck_assert_int_eq(obtain_from_file(HEX HEX_END, strlen(HEX HEX_END)), KEYWARD_NOMEM);
    ck_assert_int_eq(obtain_from_file(HEX HEX_END, strlen(HEX HEX_END)), KEYWARD_OK);
    missing_memory = 0;
}
END_TEST

START_TEST(without_guarded_memory_there_is_no_keyring)
{
    struct keyring keyring;

    for (int nth = 1; nth <= 3; nth++) {
        bool made;

        memory_fail(MEMORY_OF_LIBRARY, nth, FAIL_ONCE);
        made = keyring_init(&keyring);
        ck_assert_int_eq(memory_stop(), 1);
        ck_assert(!made);
        keyring_release(&keyring);
    }
}
END_TEST

START_TEST(without_guarded_memory_there_is_no_secret)
{
    keyward_secret *none;
    char *text;

    memory_fail(MEMORY_OF_LIBRARY, 1, FAIL_ONCE);
    none = secret_new(8, &text);
    ck_assert_int_eq(memory_stop(), 1);
    ck_assert_ptr_null(none);
    keyward_secret_free(&none);
    keyward_secret_free(NULL);
}
END_TEST

static TCase *sealing(void)
{
    TCase *tests = tcase_create("sealing");

    tcase_add_test(tests, a_sealed_secret_opens_to_itself);
    tcase_add_test(tests, secrets_of_any_length_are_sealed);
    tcase_add_test(tests, a_sealed_secret_changed_by_any_bit_does_not_open);
    tcase_add_test(tests, a_sealed_secret_cut_or_lengthened_does_not_open);
    tcase_add_test(tests, a_sealed_secret_opens_with_its_own_key_only);
    tcase_add_test(tests, a_sealed_secret_opens_at_its_own_place_only);
    tcase_add_test(tests, text_shifted_between_the_parts_of_a_place_is_another_place);
    tcase_add_test(tests, the_text_of_a_place_need_not_be_terminated);
    tcase_add_test(tests, a_place_of_the_longest_texts_is_told_from_its_neighbours);
    tcase_add_test(tests, the_format_of_a_sealed_secret_stays);
    tcase_add_test(tests, a_sealed_data_key_opens_to_itself);
    tcase_add_test(tests, a_sealed_data_key_changed_by_any_bit_does_not_open);
    tcase_add_test(tests, a_sealed_data_key_opens_with_its_own_id_and_key_only);
    tcase_add_test(tests, a_sealed_secret_is_no_sealed_data_key);
    return tests;
}

static TCase *tokens(void)
{
    TCase *tests = tcase_create("tokens");

    tcase_add_test(tests, the_checksum_is_the_well_known_crc);
    tcase_add_test(tests, access_keys_of_known_random_bytes_are_known);
    tcase_add_test(tests, secrets_of_known_random_bytes_are_known);
    tcase_add_test(tests, every_digit_is_written);
    tcase_add_test(tests, a_token_built_by_hand_is_an_access_key);
    tcase_add_test(tests, a_token_of_another_form_is_no_access_key);
    tcase_add_test(tests, an_access_key_changed_or_cut_anywhere_is_none);
    tcase_add_test(tests, a_secret_mistyped_anywhere_behind_its_mark_is_told);
    tcase_add_test(tests, a_secret_of_another_form_is_not_ours_to_judge);
    tcase_add_test(tests, a_prefix_is_1_to_16_small_letters_and_digits);
    return tests;
}

static TCase *keys(void)
{
    TCase *tests = tcase_create("keys");

    tcase_add_test(tests, a_keyring_finds_its_keys);
    tcase_add_test(tests, a_data_key_is_added_once_and_only_if_it_opens);
    tcase_add_test(tests, a_data_key_is_looked_at_without_being_added);
    tcase_add_test(tests, during_a_change_both_master_keys_open_data_keys);
    tcase_add_test(tests, a_data_key_is_sealed_anew_by_the_next_master_key);
    tcase_add_test(tests, a_keyring_is_full_at_its_size);
    tcase_add_test(tests, the_decoy_opens_at_its_place);
    tcase_add_test(tests, a_keyring_without_randomness_draws_nothing);
    tcase_add_test(tests, what_a_master_key_derives_to_stays);
    tcase_add_test(tests, a_callback_gives_the_same_key);
    tcase_add_test(tests, a_callback_that_returns_anything_but_0_has_failed);
    tcase_add_test(tests, a_key_file_holds_64_hexadecimal_digits_or_32_bytes);
    tcase_add_test(tests, a_key_file_of_anything_else_gives_no_key);
    tcase_add_test(tests, a_key_file_whose_reading_a_signal_interrupts_is_read_on);
    tcase_add_test(tests, without_guarded_memory_there_is_no_key);
    tcase_add_test(tests, without_guarded_memory_there_is_no_keyring);
    tcase_add_test(tests, without_guarded_memory_there_is_no_secret);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("seal");

    if (sodium_init() < 0) /* as keyward_open() does before anything here is called */
        return EXIT_FAILURE;
    suite_add_tcase(suite, sealing());
    suite_add_tcase(suite, tokens());
    suite_add_tcase(suite, keys());
    return run_suite(suite);
}
