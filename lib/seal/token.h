/* SPDX-License-Identifier: MIT */
/*
 * Access keys and secrets as text: "<prefix>_ak_" or "<prefix>_sk_", random letters and digits, and
 * six more that are a CRC-32 of all before them. The prefix lets secret scanners find a leaked one;
 * the checksum refuses a mistyped one without a look-up. It is no defence: the randomness is.
 */
#ifndef KEYWARD_SEAL_TOKEN_H
#define KEYWARD_SEAL_TOKEN_H

#include <keyward/keyward.h>

#define TOKEN_PREFIX_DEFAULT "kw"
#define ACCESS_KEY_RANDOM_BYTES 16
#define SECRET_RANDOM_BYTES 32
#define ACCESS_KEY_SIZE (KEYWARD_PREFIX_MAX + 4 + 22 + 6 + 1) /* at most, with the NUL */
#define SECRET_SIZE (KEYWARD_PREFIX_MAX + 4 + 43 + 6 + 1)     /* at most, with the NUL */

/* True for 1 to KEYWARD_PREFIX_MAX of a-z and 0-9. */
bool token_prefix_is_valid(const char *prefix);

/* Writes an access key of a valid prefix and 128 random bits. */
void token_access_key(const char *prefix, const unsigned char random[ACCESS_KEY_RANDOM_BYTES],
                      char text[ACCESS_KEY_SIZE]);

/* Writes a secret of a valid prefix and 256 random bits, in time that does not depend on them;
 * returns its length. */
size_t token_secret(const char *prefix, const unsigned char random[SECRET_RANDOM_BYTES],
                    char text[SECRET_SIZE]);

/* True when `text` has the form of an access key and its checksum fits. */
bool token_is_access_key(const char *text, size_t length);

/* True when `text` has the form of a generated secret but its checksum does not fit. Anything of
 * another form may be a provider's own secret and is not ours to judge. */
bool token_is_mistyped_secret(const char *text, size_t length);

#endif
