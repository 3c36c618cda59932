/* SPDX-License-Identifier: MIT */
/*
 * Under valgrind's memcheck: every secret is marked as undefined as it enters the library, and so
 * every branch and every index into memory that depends on one is reported (the way of ctgrind).
 * What may be known of it is declared so at these places only, which the linker leads here; each
 * function itself is checked:
 *
 *     text_is_plain               whether it is ASCII: one bit of the whole
 *     token_is_mistyped_secret    whether it has the form of ours, and the wrong checksum: likewise
 *     sodium_memcmp               whether two are equal: the answer
 *     ..._decrypt                 whether a blob opens: it is public, and so is that
 *     ..._encrypt, crypto_sign    what has been sealed and signed is public
 *     crypto_sign_..._keypair     its public half
 *     crypto_kdf                  the id of a master key stands in the file
 *     verified_fingerprint        a hash, keyed with what only the process knows: whoever sees
 * which entry is looked at learns no more than that two pairs are the same
 */
#include "operations/verified.h"
#include "seal/token.h"
#include "support/fixture.h"

#include <sodium.h>
#include <string.h>
#include <valgrind/memcheck.h>

#define SECRET(bytes, length) VALGRIND_MAKE_MEM_UNDEFINED(bytes, length)
#define PUBLIC(bytes, length) VALGRIND_MAKE_MEM_DEFINED(bytes, length)

/* ---- what may be known; the names are the linker's ---- */

#define WRAPPED(type, name, parameters) \
    type __real_##name parameters;      \
    type __wrap_##name parameters;      \
    type __wrap_##name parameters

WRAPPED(bool, text_is_plain, (const char *text, size_t length))
{
    bool is_plain = __real_text_is_plain(text, length);

    PUBLIC(&is_plain, sizeof is_plain);
    return is_plain;
}

WRAPPED(bool, token_is_mistyped_secret, (const char *text, size_t length))
{
    bool is_mistyped = __real_token_is_mistyped_secret(text, length);

    PUBLIC(&is_mistyped, sizeof is_mistyped);
    return is_mistyped;
}

#ifdef PLANTED /* what everybody writes first */
static int compare(const void *a, const void *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (((const unsigned char *)a)[i] != ((const unsigned char *)b)[i])
            return -1;
    }
    return 0;
}
#else
int __real_sodium_memcmp(const void *a, const void *b, size_t length);

static int compare(const void *a, const void *b, size_t length)
{
    return __real_sodium_memcmp(a, b, length);
}
#endif

int __wrap_sodium_memcmp(const void *a, const void *b, size_t length);
int __wrap_sodium_memcmp(const void *a, const void *b, size_t length)
{
    int differ = compare(a, b, length);

    PUBLIC(&differ, sizeof differ);
    return differ;
}

WRAPPED(int, crypto_aead_xchacha20poly1305_ietf_decrypt,
        (unsigned char *plain, unsigned long long *plain_length, unsigned char *none,
         const unsigned char *sealed, unsigned long long length, const unsigned char *data,
         unsigned long long data_length, const unsigned char *nonce, const unsigned char *key))
{
    int failed = __real_crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, plain_length, none, sealed, length, data, data_length, nonce, key);

    PUBLIC(&failed, sizeof failed);
    return failed;
}

WRAPPED(int, crypto_aead_xchacha20poly1305_ietf_encrypt,
        (unsigned char *sealed, unsigned long long *sealed_length, const unsigned char *plain,
         unsigned long long length, const unsigned char *data, unsigned long long data_length,
         const unsigned char *none, const unsigned char *nonce, const unsigned char *key))
{
    int result = __real_crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed, sealed_length, plain, length, data, data_length, none, nonce, key);

    PUBLIC(sealed, length + crypto_aead_xchacha20poly1305_ietf_ABYTES);
    return result;
}

WRAPPED(int, crypto_sign_ed25519_seed_keypair,
        (unsigned char *public_key, unsigned char *secret_key, const unsigned char *seed))
{
    int result = __real_crypto_sign_ed25519_seed_keypair(public_key, secret_key, seed);

    PUBLIC(public_key, crypto_sign_PUBLICKEYBYTES);
    PUBLIC(secret_key + crypto_sign_SEEDBYTES, crypto_sign_PUBLICKEYBYTES); /* once more */
    return result;
}

WRAPPED(int, crypto_sign_detached,
        (unsigned char *signature, unsigned long long *signature_length,
         const unsigned char *message, unsigned long long length, const unsigned char *secret_key))
{
    int result =
        __real_crypto_sign_detached(signature, signature_length, message, length, secret_key);

    PUBLIC(signature, crypto_sign_BYTES);
    return result;
}

WRAPPED(int, crypto_kdf_derive_from_key,
        (unsigned char *subkey, size_t length, uint64_t id, const char *context,
         const unsigned char *key))
{
    int result = __real_crypto_kdf_derive_from_key(subkey, length, id, context, key);

    if (id == 2)
        PUBLIC(subkey, length);
    return result;
}

WRAPPED(void, verified_fingerprint,
        (const struct verified *verified, const char *access_key, const char *secret, size_t length,
         struct verified_pair *pair))
{
    __real_verified_fingerprint(verified, access_key, secret, length, pair);
    PUBLIC(pair, sizeof *pair);
}

/* ---- what is secret ---- */

/* By the lengths of what the library draws: the private half of a key, a data key or the seed of
 * the log's key; right behind a data key the seed of nonces, which are public; and for opening a
 * data key, a nonce, the decoy's secret, a nonce. */
static int draw(void *context, void *buffer, size_t length)
{
    static bool after_data_key;
    static size_t before;
    unsigned char *bytes = buffer;

    (void)context;
    randombytes_buf(buffer, length);
    after_data_key = length == 32 && before == 32 && !after_data_key;
    before = length;
    if (length == 32 && !after_data_key)
        SECRET(bytes, 32);
    if (length == 112) {
        SECRET(bytes, 32);
        SECRET(bytes + 56, 32);
    }
    return 0;
}

static int give_other_key(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES])
{
    (void)context;
    memset(key, 7, KEYWARD_MASTER_KEY_BYTES);
    SECRET(key, KEYWARD_MASTER_KEY_BYTES);
    return 0;
}

static struct fixture f;
static unsigned char master_key[KEYWARD_MASTER_KEY_BYTES];

static void open_fixture(void)
{
    fixture_init(&f);
    memcpy(master_key, test_master_key, sizeof master_key);
    SECRET(master_key, sizeof master_key);
    f.options.master_key = master_key;
    f.options.random = draw;
    f.options.purge_retention = 1;
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
}

static void close_fixture(void)
{
    fixture_close(&f);
}

/* All but the prefix and the mark of a generated one is undefined, or the rest shows nothing. */
static bool is_secret(const char *text, size_t length)
{
    unsigned char undefined[128];
    size_t count = 0;

    ck_assert_uint_le(length, sizeof undefined);
    ck_assert_int_eq(VALGRIND_GET_VBITS(text, undefined, length), 1);
    for (size_t i = 0; i < length; i++)
        count += undefined[i] != 0;
    return count + strlen("kw_sk_") >= length;
}

static void authenticate(const keyward_key *key, const char *text, size_t length,
                         enum keyward_status status, enum keyward_cause cause)
{
    keyward_identity identity;

    assert_status(f.store, keyward_authenticate(f.store, key->access_key, text, length, &identity),
                  status);
    ck_assert_int_eq(keyward_last_error(f.store)->cause, cause);
}

static void authenticate_with(const keyward_key *key, const keyward_secret *secret,
                              enum keyward_cause cause)
{
    ck_assert(is_secret(secret->text, secret->length));
    authenticate(key, secret->text, secret->length,
                 cause == KEYWARD_CAUSE_NONE ? KEYWARD_OK : KEYWARD_REFUSED, cause);
}

/* ---- the tests ---- */

START_TEST(authentication)
{
    static const unsigned char nobody_drew[ACCESS_KEY_RANDOM_BYTES] = "never drawn";
    char unknown[ACCESS_KEY_SIZE];
    const keyward_key stranger = {.access_key = unknown};
    keyward_secret *secret, *other_secret;
    keyward_key *key = make_key(&f, "repo-1", "a", &secret);
    keyward_key *other = make_key(&f, "repo-1", "b", &other_secret);

    token_access_key("kw", nobody_drew, unknown);
    authenticate_with(key, secret, KEYWARD_CAUSE_NONE);
    authenticate_with(key, secret, KEYWARD_CAUSE_NONE); /* by the fingerprint */
    authenticate_with(key, other_secret, KEYWARD_CAUSE_WRONG_SECRET);
    authenticate_with(&stranger, secret, KEYWARD_CAUSE_UNKNOWN);
    authenticate(key, secret->text + 1, secret->length - 1, KEYWARD_REFUSED,
                 KEYWARD_CAUSE_MALFORMED);
    assert_status(f.store, keyward_set_key_expiry(f.store, &host, "repo-1", other->id, f.now + 1),
                  KEYWARD_OK);
    f.now += 2;
    authenticate_with(other, other_secret, KEYWARD_CAUSE_EXPIRED);
    drop_key(&f, "repo-1", key->id);
    authenticate_with(key, secret, KEYWARD_CAUSE_DELETED);
    authenticate_with(key, other_secret, KEYWARD_CAUSE_WRONG_SECRET);
    f.now += 2;
    assert_status(f.store, keyward_purge_keys(f.store, &host, "repo-1", key->id, NULL), KEYWARD_OK);
    authenticate_with(key, secret, KEYWARD_CAUSE_PURGED);
    keyward_key_free(&key);
    keyward_key_free(&other);
    keyward_secret_free(&secret);
    keyward_secret_free(&other_secret);
}
END_TEST

START_TEST(imported_and_revealed)
{
    char text[] = "sk-proj-0123456789-of-the-provider";
    const keyward_new_key new_key = {.name = "a", .secret = text, .secret_length = sizeof text - 1};
    keyward_secret *secret;
    keyward_key *key, *successor;

    SECRET(text, sizeof text - 1);
    assert_status(f.store, keyward_create_key(f.store, &host, "repo-1", &new_key, &key, NULL),
                  KEYWARD_OK);
    authenticate(key, text, sizeof text - 1, KEYWARD_OK, KEYWARD_CAUSE_NONE);
    authenticate(key, text, sizeof text - 2, KEYWARD_REFUSED, KEYWARD_CAUSE_WRONG_SECRET);
    assert_status(f.store, keyward_reveal_key(f.store, &host, "repo-1", key->id, &secret),
                  KEYWARD_OK);
    authenticate_with(key, secret, KEYWARD_CAUSE_NONE);
    keyward_secret_free(&secret);
    assert_status(f.store,
                  keyward_rotate_key(f.store, &host, "repo-1", key->id, NULL, &successor, &secret),
                  KEYWARD_OK);
    authenticate_with(successor, secret, KEYWARD_CAUSE_NONE);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
    keyward_key_free(&successor);
}
END_TEST

START_TEST(keys_of_the_store)
{
    const keyward_master_key other = {.callback = give_other_key};
    keyward_secret *secret;
    keyward_key *key = make_key(&f, "repo-1", "a", &secret);
    keyward_text *text;
    keyward *none;

    assert_status(f.store, keyward_audit_log_key(f.store, &host, "example.com/keys", &text),
                  KEYWARD_OK);
    keyward_text_free(&text);
    assert_status(f.store, keyward_audit_checkpoint(f.store, &host, NULL, 0, &text), KEYWARD_OK);
    keyward_text_free(&text);
    fixture_reopen(&f);
    authenticate_with(key, secret, KEYWARD_CAUSE_NONE);
    assert_status(f.store, keyward_create_data_key(f.store, &host), KEYWARD_OK);
    assert_status(f.store, keyward_change_master_key(f.store, &host, &other), KEYWARD_OK);
    authenticate_with(key, secret, KEYWARD_CAUSE_NONE);
    assert_sound(&f);
    keyward_close(&f.store);
    assert_status(NULL, keyward_open(&none, f.path, &f.options), KEYWARD_WRONG_MASTER_KEY);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("undefined");
    TCase *tests = suite_add_case(suite, "undefined", open_fixture, close_fixture);

    if (!RUNNING_ON_VALGRIND)
        return 77; /* it would have shown nothing */
    tcase_add_test(tests, authentication);
    tcase_add_test(tests, imported_and_revealed);
    tcase_add_test(tests, keys_of_the_store);
    return run_suite(suite);
}
