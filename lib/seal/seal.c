/* SPDX-License-Identifier: MIT */
#include "seal/seal.h"
#include "base/stack.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
static_assert(SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
static_assert(SEAL_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");

static const char secret_purpose[] = "keyward secret 1";
static const char data_key_purpose[] = "keyward data key 1";
static const char log_seed_purpose[] = "keyward log key 1";

/* Associated data: the purpose, then numbers in 8 bytes and texts behind their length in 2, so that
 * no two places have the same. */
struct associated_data {
    unsigned char bytes[sizeof secret_purpose + 8 + 3 * (2 + KEYWARD_ID_MAX)];
    size_t length;
};

static void add_bytes(struct associated_data *data, const void *bytes, size_t length)
{
    memcpy(data->bytes + data->length, bytes, length);
    data->length += length;
}

static void add_number(struct associated_data *data, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        data->bytes[data->length++] = (unsigned char)(number >> (8 * i));
}

static void add_text(struct associated_data *data, const char *text, size_t length)
{
    /* Longer than any the schema holds: cut, so that a tampered row fails to open, no more. */
    if (length > KEYWARD_ID_MAX)
        length = KEYWARD_ID_MAX;
    add_number(data, length, 2);
    add_bytes(data, text, length);
}

static void describe_place(struct associated_data *data, const struct seal_place *place)
{
    data->length = 0;
    add_bytes(data, secret_purpose, sizeof secret_purpose);
    add_number(data, (uint64_t)place->data_key_id, 8);
    add_text(data, place->repo_id, place->repo_id_length);
    add_text(data, place->key_id, place->key_id_length);
    add_text(data, place->access_key, place->access_key_length);
}

static void describe_data_key(struct associated_data *data, int64_t data_key_id)
{
    data->length = 0;
    add_bytes(data, data_key_purpose, sizeof data_key_purpose);
    add_number(data, (uint64_t)data_key_id, 8);
}

static void describe_log_seed(struct associated_data *data, int64_t data_key_id, const char *origin)
{
    data->length = 0;
    add_bytes(data, log_seed_purpose, sizeof log_seed_purpose);
    add_number(data, (uint64_t)data_key_id, 8);
    add_text(data, origin, strlen(origin));
}

static void seal(const unsigned char *key, const struct associated_data *data,
                 const unsigned char *nonce, const unsigned char *plain, size_t length,
                 unsigned char *sealed)
{
    memcpy(sealed, nonce, SEAL_NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + SEAL_NONCE_BYTES, NULL, plain, length,
                                               data->bytes, data->length, NULL, nonce, key);
    stack_wipe();
}

static bool unseal(const unsigned char *key, const struct associated_data *data,
                   const unsigned char *sealed, size_t sealed_length, unsigned char *plain)
{
    bool opens;

    if (sealed_length < SEAL_OVERHEAD)
        return false;
    opens = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed + SEAL_NONCE_BYTES,
                                                       sealed_length - SEAL_NONCE_BYTES,
                                                       data->bytes, data->length, sealed, key) == 0;
    stack_wipe();
    return opens;
}

void seal_secret(const unsigned char key[SEAL_KEY_BYTES], const struct seal_place *place,
                 const unsigned char nonce[SEAL_NONCE_BYTES], const void *secret, size_t length,
                 unsigned char *sealed)
{
    struct associated_data data;

    describe_place(&data, place);
    seal(key, &data, nonce, secret, length, sealed);
}

bool unseal_secret(const unsigned char key[SEAL_KEY_BYTES], const struct seal_place *place,
                   const unsigned char *sealed, size_t sealed_length, unsigned char *secret)
{
    struct associated_data data;

    describe_place(&data, place);
    return unseal(key, &data, sealed, sealed_length, secret);
}

void seal_data_key(const unsigned char wrapping_key[SEAL_KEY_BYTES], int64_t data_key_id,
                   const unsigned char nonce[SEAL_NONCE_BYTES],
                   const unsigned char data_key[SEAL_KEY_BYTES],
                   unsigned char sealed[SEALED_DATA_KEY_BYTES])
{
    struct associated_data data;

    describe_data_key(&data, data_key_id);
    /* NOLINTNEXTLINE(readability-suspicious-call-argument): it is a key that is sealed here */
    seal(wrapping_key, &data, nonce, data_key, SEAL_KEY_BYTES, sealed);
}

bool unseal_data_key(const unsigned char wrapping_key[SEAL_KEY_BYTES], int64_t data_key_id,
                     const unsigned char sealed[SEALED_DATA_KEY_BYTES],
                     unsigned char data_key[SEAL_KEY_BYTES])
{
    struct associated_data data;

    describe_data_key(&data, data_key_id);
    return unseal(wrapping_key, &data, sealed, SEALED_DATA_KEY_BYTES, data_key);
}

void seal_log_seed(const unsigned char key[SEAL_KEY_BYTES], int64_t data_key_id, const char *origin,
                   const unsigned char nonce[SEAL_NONCE_BYTES],
                   const unsigned char seed[SEAL_KEY_BYTES],
                   unsigned char sealed[SEALED_LOG_SEED_BYTES])
{
    struct associated_data data;

    describe_log_seed(&data, data_key_id, origin);
    seal(key, &data, nonce, seed, SEAL_KEY_BYTES, sealed);
}

bool unseal_log_seed(const unsigned char key[SEAL_KEY_BYTES], int64_t data_key_id,
                     const char *origin, const unsigned char sealed[SEALED_LOG_SEED_BYTES],
                     unsigned char seed[SEAL_KEY_BYTES])
{
    struct associated_data data;

    describe_log_seed(&data, data_key_id, origin);
    return unseal(key, &data, sealed, SEALED_LOG_SEED_BYTES, seed);
}
