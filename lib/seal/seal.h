/* SPDX-License-Identifier: MIT */
/*
 * Sealing: XChaCha20-Poly1305 (libsodium's IETF construction), nonce in front, tag behind.
 *
 * What a blob belongs to is its associated data, so that one moved to another row does not open.
 */
#ifndef KEYWARD_SEAL_SEAL_H
#define KEYWARD_SEAL_SEAL_H

#include <keyward/keyward.h>

#define SEAL_KEY_BYTES 32
#define SEAL_NONCE_BYTES 24
#define SEAL_TAG_BYTES 16
#define SEAL_OVERHEAD (SEAL_NONCE_BYTES + SEAL_TAG_BYTES)
#define SEALED_DATA_KEY_BYTES (SEAL_KEY_BYTES + SEAL_OVERHEAD)
#define SEALED_SECRET_MAX (KEYWARD_SECRET_MAX + SEAL_OVERHEAD)

/* Where a sealed secret lives. The text need not be NUL-terminated. */
struct seal_place {
    int64_t data_key_id;
    const char *repo_id, *key_id, *access_key;
    size_t repo_id_length, key_id_length, access_key_length;
};

/* Seals `length` bytes into `sealed`, which has room for SEAL_OVERHEAD more. The nonce is the
 * caller's and must never be used twice with a key: 24 random bytes are enough for that. */
void seal_secret(const unsigned char key[SEAL_KEY_BYTES], const struct seal_place *place,
                 const unsigned char nonce[SEAL_NONCE_BYTES], const void *secret, size_t length,
                 unsigned char *sealed);

/* Opens a blob into `secret`, which has room for what is left without the overhead. False when it
 * is not that key's, not that place's, or was changed by a bit. */
bool unseal_secret(const unsigned char key[SEAL_KEY_BYTES], const struct seal_place *place,
                   const unsigned char *sealed, size_t sealed_length, unsigned char *secret);

/* The same for a data key under the master's wrapping key. */
void seal_data_key(const unsigned char wrapping_key[SEAL_KEY_BYTES], int64_t data_key_id,
                   const unsigned char nonce[SEAL_NONCE_BYTES],
                   const unsigned char data_key[SEAL_KEY_BYTES],
                   unsigned char sealed[SEALED_DATA_KEY_BYTES]);
bool unseal_data_key(const unsigned char wrapping_key[SEAL_KEY_BYTES], int64_t data_key_id,
                     const unsigned char sealed[SEALED_DATA_KEY_BYTES],
                     unsigned char data_key[SEAL_KEY_BYTES]);

/* The same for the seed of the audit log's key, under a data key, bound to the log's origin. */
#define SEALED_LOG_SEED_BYTES (SEAL_KEY_BYTES + SEAL_OVERHEAD)
void seal_log_seed(const unsigned char key[SEAL_KEY_BYTES], int64_t data_key_id, const char *origin,
                   const unsigned char nonce[SEAL_NONCE_BYTES],
                   const unsigned char seed[SEAL_KEY_BYTES],
                   unsigned char sealed[SEALED_LOG_SEED_BYTES]);
bool unseal_log_seed(const unsigned char key[SEAL_KEY_BYTES], int64_t data_key_id,
                     const char *origin, const unsigned char sealed[SEALED_LOG_SEED_BYTES],
                     unsigned char seed[SEAL_KEY_BYTES]);

#endif
