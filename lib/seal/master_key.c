/* SPDX-License-Identifier: MIT */
#include "seal/master_key.h"
#include "base/file.h"
#include "base/system_error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

static_assert(KEYWARD_MASTER_KEY_BYTES == crypto_kdf_KEYBYTES, "master key");

#define HEX_DIGITS (KEYWARD_MASTER_KEY_BYTES * 2)
#define FILE_MAX (HEX_DIGITS + 2) /* with a line end, be it CR LF */

enum subkey { SUBKEY_WRAPPING = 1, SUBKEY_ID = 2 };
static const char kdf_context[crypto_kdf_CONTEXTBYTES + 1] = "keyward1";

/* Reads up to `size` bytes of a file; -1 with errno on failure. */
static ssize_t read_file(const char *path, unsigned char *bytes, size_t size)
{
    int fd = file_open(path, O_RDONLY | O_NOCTTY);
    size_t length = 0;
    ssize_t got = fd < 0 ? -1 : 0;
    int number;

    while (fd >= 0 && length < size) {
        got = read(fd, bytes + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    number = errno;
    if (fd >= 0)
        close(fd);
    errno = number;
    return got < 0 ? -1 : (ssize_t)length;
}

/* Text of 64 hexadecimal digits with or without a line end, or 32 bytes as they are. */
static bool parse_file(const unsigned char *bytes, size_t length, unsigned char *key)
{
    const char *end = NULL;

    if (length == KEYWARD_MASTER_KEY_BYTES) {
        memcpy(key, bytes, KEYWARD_MASTER_KEY_BYTES);
        return true;
    }
    if (length < HEX_DIGITS || length > FILE_MAX)
        return false;
    for (size_t i = HEX_DIGITS; i < length; i++) {
        if (bytes[i] != '\n' && bytes[i] != '\r')
            return false;
    }
    return sodium_hex2bin(key, KEYWARD_MASTER_KEY_BYTES, (const char *)bytes, HEX_DIGITS, NULL,
                          NULL, &end) == 0 &&
           end == (const char *)bytes + HEX_DIGITS;
}

static enum keyward_status read_key_file(const char *path, unsigned char *key, struct error *error)
{
    enum keyward_status status = KEYWARD_OK;
    unsigned char *bytes = sodium_malloc(FILE_MAX + 1); /* one more, to see a file that is longer */
    char text[SYSTEM_ERROR_SIZE];
    ssize_t length;

    if (!bytes)
        return KEYWARD_NOMEM;
    length = read_file(path, bytes, FILE_MAX + 1);
    if (length < 0)
        status =
            error_set(error, KEYWARD_NO_MASTER_KEY, "master_key_file: cannot be read: %s",
                      errno == ENOENT ? "there is no such file" : system_error_text(errno, text));
    else if (!parse_file(bytes, (size_t)length, key))
        status = error_set(error, KEYWARD_NO_MASTER_KEY,
                           "master_key_file: must hold 64 hexadecimal digits or 32 bytes");
    sodium_free(bytes);
    return status;
}

static enum keyward_status read_master_key(const keyward_master_key *source, unsigned char *key,
                                           struct error *error)
{
    if (source->key) {
        memcpy(key, source->key, KEYWARD_MASTER_KEY_BYTES);
        return KEYWARD_OK;
    }
    if (source->file)
        return read_key_file(source->file, key, error);
    if (source->callback(source->callback_context, key) != 0)
        return error_set(error, KEYWARD_NO_MASTER_KEY, "master_key_callback: reported a failure");
    return KEYWARD_OK;
}

enum keyward_status master_key_obtain(const keyward_master_key *source, struct master_key **key,
                                      struct error *error)
{
    enum keyward_status status = KEYWARD_NOMEM;
    unsigned char *root = sodium_malloc(KEYWARD_MASTER_KEY_BYTES);
    struct master_key *derived = sodium_malloc(sizeof *derived);

    *key = NULL;
    if (root && derived)
        status = read_master_key(source, root, error);
    if (status == KEYWARD_OK) {
        crypto_kdf_derive_from_key(derived->wrapping_key, sizeof derived->wrapping_key,
                                   SUBKEY_WRAPPING, kdf_context, root);
        crypto_kdf_derive_from_key(derived->id, sizeof derived->id, SUBKEY_ID, kdf_context, root);
        *key = derived;
        derived = NULL;
    }
    sodium_free(derived);
    sodium_free(root);
    return status;
}

void master_key_free(struct master_key **key)
{
    sodium_free(*key); /* wipes */
    *key = NULL;
}
