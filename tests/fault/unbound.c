/* SPDX-License-Identifier: MIT */
/* Takes the associated data out of every seal: a secret is bound to no place any more. The names
 * are the linker's (--wrap=...). */
#include <sodium.h>

int __real_crypto_aead_xchacha20poly1305_ietf_encrypt(
    unsigned char *sealed, unsigned long long *sealed_length, const unsigned char *plain,
    unsigned long long length, const unsigned char *data, unsigned long long data_length,
    const unsigned char *secret_nonce, const unsigned char *nonce, const unsigned char *key);
int __wrap_crypto_aead_xchacha20poly1305_ietf_encrypt(
    unsigned char *sealed, unsigned long long *sealed_length, const unsigned char *plain,
    unsigned long long length, const unsigned char *data, unsigned long long data_length,
    const unsigned char *secret_nonce, const unsigned char *nonce, const unsigned char *key);
int __real_crypto_aead_xchacha20poly1305_ietf_decrypt(
    unsigned char *plain, unsigned long long *plain_length, unsigned char *secret_nonce,
    const unsigned char *sealed, unsigned long long length, const unsigned char *data,
    unsigned long long data_length, const unsigned char *nonce, const unsigned char *key);
int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(
    unsigned char *plain, unsigned long long *plain_length, unsigned char *secret_nonce,
    const unsigned char *sealed, unsigned long long length, const unsigned char *data,
    unsigned long long data_length, const unsigned char *nonce, const unsigned char *key);

int __wrap_crypto_aead_xchacha20poly1305_ietf_encrypt(
    unsigned char *sealed, unsigned long long *sealed_length, const unsigned char *plain,
    unsigned long long length, const unsigned char *data, unsigned long long data_length,
    const unsigned char *secret_nonce, const unsigned char *nonce, const unsigned char *key)
{
    (void)data;
    (void)data_length;
    return __real_crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, sealed_length, plain, length,
                                                             NULL, 0, secret_nonce, nonce, key);
}

int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(
    unsigned char *plain, unsigned long long *plain_length, unsigned char *secret_nonce,
    const unsigned char *sealed, unsigned long long length, const unsigned char *data,
    unsigned long long data_length, const unsigned char *nonce, const unsigned char *key)
{
    (void)data;
    (void)data_length;
    return __real_crypto_aead_xchacha20poly1305_ietf_decrypt(plain, plain_length, secret_nonce,
                                                             sealed, length, NULL, 0, nonce, key);
}
