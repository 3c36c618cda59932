/* SPDX-License-Identifier: MIT */
#include "operations/verified.h"
#include "base/stack.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_COUNT 16384 /* a power of two; memory is touched only as entries are used */
#define FINGERPRINT_KEY_BYTES crypto_generichash_KEYBYTES

/* What an entry says, and its length in the words that are copied one by one. */
struct content {
    struct verified_pair pair;
    struct data_version version;
    keyward_identity identity;
};
#define CONTENT_WORDS ((sizeof(struct content) + 7) / 8)

/* A sequence lock: odd while it is written; a reader who saw it change saw nothing. Each word is
 * stored with release and loaded with acquire, which orders it against the sequence without a
 * fence. */
struct entry {
    _Atomic uint64_t sequence;
    _Atomic uint64_t words[CONTENT_WORDS];
};

struct verified {
    unsigned char *key; /* guarded */
    struct entry *entries;
};

struct verified *verified_new(void)
{
    struct verified *verified = calloc(1, sizeof *verified);

    if (!verified)
        return NULL;
    verified->key = sodium_malloc(FINGERPRINT_KEY_BYTES);
    verified->entries = calloc(ENTRY_COUNT, sizeof *verified->entries);
    if (!verified->key || !verified->entries) {
        verified_free(&verified);
        return NULL;
    }
    crypto_generichash_keygen(verified->key);
    sodium_mprotect_readonly(verified->key);
    return verified;
}

void verified_free(struct verified **verified)
{
    struct verified *freed = *verified;

    *verified = NULL;
    if (!freed)
        return;
    sodium_free(freed->key);
    free(freed->entries);
    free(freed);
}

void verified_fingerprint(const struct verified *verified, const char *access_key,
                          const char *secret, size_t secret_length, struct verified_pair *pair)
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, verified->key, FINGERPRINT_KEY_BYTES, sizeof pair->words);
    crypto_generichash_update(&state, (const unsigned char *)access_key, strlen(access_key) + 1);
    crypto_generichash_update(&state, (const unsigned char *)secret, secret_length);
    crypto_generichash_final(&state, (unsigned char *)pair->words, sizeof pair->words);
    sodium_memzero(&state, sizeof state);
    stack_wipe();
}

static struct entry *entry_of(const struct verified *verified, const struct verified_pair *pair)
{
    return &verified->entries[pair->words[0] % ENTRY_COUNT];
}

/* Copies the entry as it was at one moment; false when a writer came between. */
static bool read_entry(const struct entry *entry, struct content *content)
{
    uint64_t words[CONTENT_WORDS];
    uint64_t sequence = atomic_load_explicit(&entry->sequence, memory_order_acquire);

    if (sequence % 2 != 0)
        return false;
    for (size_t i = 0; i < CONTENT_WORDS; i++)
        words[i] = atomic_load_explicit(&entry->words[i], memory_order_acquire);
    memcpy(content, words, sizeof *content);
    return atomic_load_explicit(&entry->sequence, memory_order_relaxed) == sequence;
}

bool verified_find(const struct verified *verified, const struct verified_pair *pair,
                   const struct data_version *version, int64_t now, keyward_identity *identity)
{
    struct content content;

    if (!read_entry(entry_of(verified, pair), &content))
        return false;
    if (!data_version_equal(&content.version, version) ||
        sodium_memcmp(&content.pair, pair, sizeof *pair) != 0 ||
        (content.identity.expires_at != 0 && now >= content.identity.expires_at))
        return false;
    *identity = content.identity;
    return true;
}

void verified_keep(struct verified *verified, const struct verified_pair *pair,
                   const struct data_version *version, const keyward_identity *identity)
{
    struct entry *entry = entry_of(verified, pair);
    struct content content = {.pair = *pair, .version = *version, .identity = *identity};
    uint64_t words[CONTENT_WORDS] = {0};
    uint64_t sequence = atomic_load_explicit(&entry->sequence, memory_order_relaxed);

    memcpy(words, &content, sizeof content);
    /* covered by chance: another thread keeps what it verified in the same entry */
    if (sequence % 2 != 0 ||
        !atomic_compare_exchange_strong_explicit(&entry->sequence, &sequence, sequence + 1,
                                                 memory_order_acquire, memory_order_relaxed))
        return; /* somebody else is keeping his: one of the two is enough */
    for (size_t i = 0; i < CONTENT_WORDS; i++)
        atomic_store_explicit(&entry->words[i], words[i], memory_order_release);
    atomic_store_explicit(&entry->sequence, sequence + 2, memory_order_release);
}
