/* SPDX-License-Identifier: MIT */
/*
 * The log's tree. Every root, proof and verdict is compared with what the definitions of RFC 6962,
 * section 2.1, say when they are written down as they stand there: MTH, PATH and SUBPROOF below,
 * and the same recursions run backwards as a second checker. They share no code with the library.
 *
 * The known answers are those of the reference implementation of Certificate Transparency
 * (google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc; the same stand in the tests
 * of transparency-dev/merkle): a tree of eight leaves, its nine roots, and some of its proofs. Its
 * paths count leaves from 1, these from 0.
 *
 * What is random comes from a seed that is printed; KEYWARD_TEST_SEED=<seed> replays it.
 */
#include "proof/merkle.h"
#include "support/chance.h"
#include "support/fixture.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define LEVELS 63     /* of the largest tree */
#define SMALL 300     /* up to this size everything is tried */
#define TINY 16       /* and up to this every bit of everything */
#define LARGE 1000000 /* leaves of the tree that random proofs are from */
#define POWER(exponent) ((int64_t)1 << (exponent))

/* ck_assert tells of each success, too, which takes longer than what is asserted here. */
#define REQUIRE(condition, ...)        \
    do {                               \
        if (!(condition))              \
            ck_abort_msg(__VA_ARGS__); \
    } while (0)

/* ---- SHA-256 as the RFC uses it ---- */

static void hash_entry(const void *data, size_t length, struct hash *hash)
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)"\x00", 1);
    crypto_hash_sha256_update(&state, data, length);
    crypto_hash_sha256_final(&state, hash->bytes);
}

static void hash_pair(const struct hash *left, const struct hash *right, struct hash *hash)
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)"\x01", 1);
    crypto_hash_sha256_update(&state, left->bytes, sizeof left->bytes);
    crypto_hash_sha256_update(&state, right->bytes, sizeof right->bytes);
    crypto_hash_sha256_final(&state, hash->bytes);
}

static bool same(const struct hash *one, const struct hash *other)
{
    return memcmp(one, other, sizeof *one) == 0;
}

static struct hash from_hex(const char *text)
{
    struct hash hash;
    size_t length;

    REQUIRE(sodium_hex2bin(hash.bytes, sizeof hash.bytes, text, strlen(text), NULL, &length,
                           NULL) == 0 &&
                length == sizeof hash.bytes,
            "no hash: %s", text);
    return hash;
}

static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* ---- chance ---- */

static uint64_t random_state;

static int64_t below(int64_t limit)
{
    return (int64_t)chance_below(&random_state, (uint64_t)limit);
}

/* ---- the tree that a test is about: the roots of its full subtrees ---- */

/* Here a full subtree's root is had; there are two kinds of trees. */
static void (*stored)(int level, int64_t position, struct hash *hash);

/* All hashes in memory. */
static struct hash *grown[LEVELS];

static void stored_in_memory(int level, int64_t position, struct hash *hash)
{
    *hash = grown[level][position];
}

/* Pairs the leaves of grown[0] and what comes of it. */
static void grow_up(int64_t size)
{
    for (int level = 1; size >> level > 0; level++) {
        grown[level] = calloc((size_t)(size >> level), sizeof **grown);
        for (int64_t i = 0; i < size >> level; i++)
            hash_pair(&grown[level - 1][2 * i], &grown[level - 1][2 * i + 1], &grown[level][i]);
    }
    stored = stored_in_memory;
}

static void grow(int64_t size)
{
    grown[0] = calloc((size_t)size, sizeof **grown);
    for (int64_t i = 0; i < size; i++) {
        char entry[32];
        int length = snprintf(entry, sizeof entry, "event %" PRId64, i);
        hash_entry(entry, (size_t)length, &grown[0][i]);
    }
    grow_up(size);
}

static void cut_down(void)
{
    for (int level = 0; level < LEVELS; level++) {
        free(grown[level]);
        grown[level] = NULL;
    }
}

static void grow_small(void)
{
    grow(SMALL);
}

static void grow_large(void)
{
    random_state = chance_seed();
    grow(LARGE);
}

/* Of any size: all leaves are alike but for these. */
static int64_t marked[4];
static struct hash unmarked[LEVELS]; /* the root of a full subtree without a marked leaf */

static void stored_by_marks(int level, int64_t position, struct hash *hash)
{
    struct hash left, right;
    bool is_marked = false;

    for (size_t i = 0; i < COUNT(marked); i++)
        is_marked = is_marked || marked[i] >> level == position;
    if (!is_marked) {
        *hash = unmarked[level];
    } else if (level == 0) {
        hash_entry(&position, sizeof position, hash);
    } else {
        stored_by_marks(level - 1, 2 * position, &left);
        stored_by_marks(level - 1, 2 * position + 1, &right);
        hash_pair(&left, &right, hash);
    }
}

static void mark(int64_t first, int64_t second, int64_t third, int64_t fourth)
{
    const int64_t leaves[] = {first, second, third, fourth};

    memcpy(marked, leaves, sizeof marked);
    hash_entry("all alike", 9, &unmarked[0]);
    for (int level = 1; level < LEVELS; level++)
        hash_pair(&unmarked[level - 1], &unmarked[level - 1], &unmarked[level]);
    stored = stored_by_marks;
}

/* ---- the RFC's definitions ---- */

/* k: the largest power of two smaller than n. */
static int64_t split(int64_t n)
{
    int64_t k = 1;

    while (k < n - k)
        k *= 2;
    return k;
}

/* MTH(D[begin:end]), of at least one leaf. */
static void mth(int64_t begin, int64_t end, struct hash *hash)
{
    const int64_t k = split(end - begin);
    struct hash left, right;

    if (end - begin == 1) {
        stored(0, begin, hash);
        return;
    }
    mth(begin, begin + k, &left);
    mth(begin + k, end, &right);
    hash_pair(&left, &right, hash);
}

static int bits_set(int64_t number)
{
    int set = 0;

    for (; number > 0; number &= number - 1)
        set++;
    return set;
}

/* The same, where what is full is not computed anew each time. */
static void quick_mth(int64_t begin, int64_t end, struct hash *hash)
{
    const int64_t n = end - begin, k = split(n);
    struct hash left, right;

    if (bits_set(n) == 1) {
        int level = 0;
        while (POWER(level) < n)
            level++;
        stored(level, begin >> level, hash);
        return;
    }
    quick_mth(begin, begin + k, &left);
    quick_mth(begin + k, end, &right);
    hash_pair(&left, &right, hash);
}

static struct hash root_of(int64_t size)
{
    struct hash root = from_hex(nothing);

    if (size > 0)
        quick_mth(0, size, &root);
    return root;
}

/* A proof by definition. */
struct wanted {
    struct merkle_proof proof;
    int reads;      /* of full subtrees; no fewer will do */
    int not_full;   /* hashes that are of no full subtree */
    char shape[80]; /* what is on which side: what of a proof its hashes do not say */
};

static void want(struct wanted *wanted, char side, int64_t begin, int64_t end)
{
    quick_mth(begin, end, &wanted->proof.hashes[wanted->proof.count]);
    wanted->shape[wanted->proof.count++] = side;
    wanted->reads += bits_set(end - begin);
    wanted->not_full += bits_set(end - begin) > 1;
}

/* PATH(m, D[begin:end]) */
static void path(int64_t m, int64_t begin, int64_t end, struct wanted *wanted)
{
    const int64_t n = end - begin, k = split(n);

    if (n == 1)
        return;
    if (m < k) {
        path(m, begin, begin + k, wanted);
        want(wanted, 'R', begin + k, end);
    } else {
        path(m - k, begin + k, end, wanted);
        want(wanted, 'L', begin, begin + k);
    }
}

/* SUBPROOF(m, D[begin:end], is_whole) */
static void subproof(int64_t m, int64_t begin, int64_t end, bool is_whole, struct wanted *wanted)
{
    const int64_t n = end - begin, k = split(n);

    if (m == n) {
        if (!is_whole)
            want(wanted, '=', begin, end);
    } else if (m <= k) {
        subproof(m, begin, begin + k, is_whole, wanted);
        want(wanted, 'R', begin + k, end);
    } else {
        subproof(m - k, begin + k, end, false, wanted);
        want(wanted, 'L', begin, begin + k);
    }
}

/* PATH backwards: the root that leaf and hashes lead to. False when they are too many or few. */
static bool follow_path(int64_t m, int64_t n, const struct hash *hashes, size_t count,
                        const struct hash *leaf, struct hash *root)
{
    const int64_t k = split(n);
    struct hash part;

    *root = *leaf;
    if (n == 1 || count == 0)
        return n == 1 && count == 0;
    if (!follow_path(m < k ? m : m - k, m < k ? k : n - k, hashes, count - 1, leaf, &part))
        return false;
    if (m < k)
        hash_pair(&part, &hashes[count - 1], root);
    else
        hash_pair(&hashes[count - 1], &part, root);
    return true;
}

/* SUBPROOF backwards: the roots of both trees. */
static bool follow_subproof(int64_t m, int64_t n, bool is_whole, const struct hash *hashes,
                            size_t count, const struct hash *old_root, struct hash *old,
                            struct hash *new)
{
    const int64_t k = split(n);

    if (m == n) {
        *old = *new = is_whole ? *old_root : hashes[0];
        return count == (is_whole ? 0 : 1);
    }
    if (count == 0)
        return false;
    count--;
    if (m <= k) {
        if (!follow_subproof(m, k, is_whole, hashes, count, old_root, old, new))
            return false;
        hash_pair(new, &hashes[count], new);
        return true;
    }
    if (!follow_subproof(m - k, n - k, false, hashes, count, old_root, old, new))
        return false;
    hash_pair(&hashes[count], old, old);
    hash_pair(&hashes[count], new, new);
    return true;
}

/* ---- what a proof claims, of either kind ---- */

enum kind { INCLUSION, CONSISTENCY };

struct claim {
    enum kind kind;
    int64_t first, size;     /* index and size, or both sizes */
    struct hash known, root; /* leaf and root, or both roots */
    struct merkle_proof proof;
};

static bool holds_by_definition(const struct claim *claim)
{
    const struct merkle_proof *proof = &claim->proof;
    struct hash old = claim->known, root, empty = from_hex(nothing);

    if (claim->size > POWER(62) || claim->first < 0 || proof->count > PROOF_HASHES_MAX)
        return false;
    if (claim->kind == INCLUSION)
        return claim->first < claim->size &&
               follow_path(claim->first, claim->size, proof->hashes, proof->count, &claim->known,
                           &root) &&
               same(&root, &claim->root);
    if (claim->first > claim->size)
        return false;
    if (claim->first == 0) /* the RFC has no proof for this: the empty tree begins every one */
        return proof->count == 0 && same(&claim->known, &empty) &&
               (claim->size > 0 || same(&claim->root, &empty));
    return follow_subproof(claim->first, claim->size, true, proof->hashes, proof->count,
                           &claim->known, &old, &root) &&
           same(&old, &claim->known) && same(&root, &claim->root);
}

/* The library's verdict, which must be that of the definition. */
static bool holds(const struct claim *claim)
{
    bool verdict = claim->kind == INCLUSION
                       ? merkle_check_inclusion(&claim->known, claim->first, claim->size,
                                                &claim->proof, &claim->root)
                       : merkle_check_consistency(claim->first, &claim->known, claim->size,
                                                  &claim->root, &claim->proof);

    REQUIRE(verdict == holds_by_definition(claim),
            "%s %" PRId64 " of %" PRId64 " with %zu hashes: %d, not by definition",
            claim->kind == INCLUSION ? "inclusion" : "consistency", claim->first, claim->size,
            claim->proof.count, verdict);
    return verdict;
}

/* ---- a reader that counts, looks at what it is asked for, and fails on order ---- */

struct reader {
    int64_t size; /* of the tree: nothing outside of it may be asked for */
    int reads, fail_at;
    enum keyward_status failure;
};

static enum keyward_status read_stored(void *context, int level, int64_t position,
                                       struct hash *hash)
{
    struct reader *reader = context;

    REQUIRE(level >= 0 && level < LEVELS && position >= 0 && position < reader->size >> level,
            "read of %" PRId64 " on level %d in a tree of %" PRId64, position, level, reader->size);
    REQUIRE(reader->failure == KEYWARD_OK || reader->reads < reader->fail_at,
            "read on after a failure");
    if (++reader->reads == reader->fail_at && reader->failure != KEYWARD_OK)
        return reader->failure;
    stored(level, position, hash);
    return KEYWARD_OK;
}

static enum keyward_status prove(enum kind kind, int64_t first, int64_t size, struct reader *reader,
                                 struct merkle_proof *proof)
{
    reader->size = size;
    return kind == INCLUSION ? merkle_prove_inclusion(first, size, read_stored, reader, proof)
                             : merkle_prove_consistency(first, size, read_stored, reader, proof);
}

static void define(enum kind kind, int64_t first, int64_t size, struct wanted *wanted)
{
    memset(wanted, 0, sizeof *wanted);
    if (kind == INCLUSION)
        path(first, 0, size, wanted);
    else if (first > 0)
        subproof(first, 0, size, true, wanted);
}

/* A claim with its proof, which is what the definition yields, with as few reads as can be, and
 * holds. */
static void make_claim(enum kind kind, int64_t first, int64_t size, struct claim *claim)
{
    struct reader reader = {.reads = 0};
    struct wanted wanted;

    memset(claim, 0, sizeof *claim);
    claim->kind = kind;
    claim->first = first;
    claim->size = size;
    claim->root = root_of(size);
    if (kind == INCLUSION)
        stored(0, first, &claim->known);
    else
        claim->known = root_of(first);
    define(kind, first, size, &wanted);
    REQUIRE(prove(kind, first, size, &reader, &claim->proof) == KEYWARD_OK &&
                claim->proof.count == wanted.proof.count &&
                memcmp(claim->proof.hashes, wanted.proof.hashes,
                       wanted.proof.count * sizeof *wanted.proof.hashes) == 0,
            "kind %d, %" PRId64 " of %" PRId64 ": another proof", kind, first, size);
    REQUIRE(reader.reads == wanted.reads && wanted.not_full <= 1 &&
                (wanted.not_full || reader.reads == (int)claim->proof.count),
            "kind %d, %" PRId64 " of %" PRId64 ": %d reads for %zu hashes", kind, first, size,
            reader.reads, claim->proof.count);
    REQUIRE(holds(claim), "kind %d, %" PRId64 " of %" PRId64 " does not hold", kind, first, size);
}

/* ---- known answers ---- */

static const struct {
    size_t length;
    const char *bytes;
} known_leaves[] = {
    {0, ""},
    {1, "\x00"},
    {1, "\x10"},
    {2, "\x20\x21"},
    {2, "\x30\x31"},
    {4, "\x40\x41\x42\x43"},
    {8, "\x50\x51\x52\x53\x54\x55\x56\x57"},
    {16, "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"},
};

static const char *const known_roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static const struct {
    enum kind kind;
    int64_t first, size;
    const char *hashes[4]; /* up to a NULL */
} known_proofs[] = {
    {INCLUSION, 0, 1, {NULL}},
    {INCLUSION,
     0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {INCLUSION,
     5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {INCLUSION, 2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {INCLUSION,
     1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
    {CONSISTENCY, 1, 1, {NULL}},
    {CONSISTENCY,
     1,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {CONSISTENCY,
     6,
     8,
     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {CONSISTENCY,
     2,
     5,
     {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

static void grow_known(void)
{
    grown[0] = calloc(COUNT(known_leaves), sizeof **grown);
    for (size_t i = 0; i < COUNT(known_leaves); i++)
        merkle_leaf(known_leaves[i].bytes, known_leaves[i].length, &grown[0][i]);
    grow_up(COUNT(known_leaves));
}

START_TEST(known_trees_have_their_known_roots)
{
    const struct hash wanted = from_hex(known_roots[_i]);
    struct reader reader = {.size = _i};
    struct hash root;

    ck_assert_int_eq(merkle_root(_i, read_stored, &reader, &root), KEYWARD_OK);
    ck_assert_mem_eq(&root, &wanted, sizeof root);
    if (_i > 0) {
        merkle_fold(grown[0], (size_t)_i, &root);
        ck_assert_mem_eq(&root, &wanted, sizeof root);
    }
}
END_TEST

START_TEST(known_proofs_are_made_and_hold)
{
    struct claim claim;
    size_t count = 0;

    make_claim(known_proofs[_i].kind, known_proofs[_i].first, known_proofs[_i].size, &claim);
    for (; known_proofs[_i].hashes[count]; count++) {
        const struct hash wanted = from_hex(known_proofs[_i].hashes[count]);
        ck_assert_mem_eq(&claim.proof.hashes[count], &wanted, sizeof wanted);
    }
    ck_assert_uint_eq(claim.proof.count, count);
    ck_assert(holds(&claim));
}
END_TEST

START_TEST(an_empty_entry_needs_no_bytes)
{
    const struct hash wanted = from_hex(known_roots[1]);
    struct hash leaf;

    merkle_leaf(NULL, 0, &leaf);
    ck_assert_mem_eq(&leaf, &wanted, sizeof leaf);
}
END_TEST

START_TEST(no_entry_has_the_hash_of_a_node)
{
    struct hash leaf, node;

    merkle_leaf(grown[0], 2 * sizeof **grown, &leaf);
    merkle_node(&grown[0][0], &grown[0][1], &node);
    ck_assert_mem_eq(&node, &grown[1][0], sizeof node);
    ck_assert_mem_ne(&node, &leaf, sizeof node);
}
END_TEST

START_TEST(a_node_may_take_the_place_of_either_child)
{
    struct hash left = grown[0][0], right = grown[0][1];

    merkle_node(&left, &grown[0][1], &left);
    merkle_node(&grown[0][0], &right, &right);
    ck_assert_mem_eq(&left, &grown[1][0], sizeof left);
    ck_assert_mem_eq(&right, &grown[1][0], sizeof right);
}
END_TEST

/* ---- all small trees ---- */

START_TEST(roots_are_as_defined_with_one_read_a_bit)
{
    for (int64_t size = 1; size <= SMALL; size++) {
        struct reader reader = {.size = size};
        struct hash root, wanted;

        mth(0, size, &wanted);
        REQUIRE(merkle_root(size, read_stored, &reader, &root) == KEYWARD_OK &&
                    same(&root, &wanted),
                "the root of %" PRId64, size);
        REQUIRE(reader.reads == bits_set(size), "%d reads for the root of %" PRId64, reader.reads,
                size);
        wanted = root_of(size);
        REQUIRE(same(&root, &wanted), "the quick root of %" PRId64, size);
    }
}
END_TEST

START_TEST(an_empty_tree_is_the_hash_of_nothing_without_a_read)
{
    const struct hash wanted = from_hex(nothing);
    struct reader reader = {.size = 0};
    struct hash root;

    ck_assert_int_eq(merkle_root(0, read_stored, &reader, &root), KEYWARD_OK);
    ck_assert_mem_eq(&root, &wanted, sizeof root);
    ck_assert_int_eq(reader.reads, 0);
}
END_TEST

START_TEST(each_leaf_of_a_small_tree_is_proven)
{
    struct claim claim;

    for (int64_t size = 1; size <= SMALL; size++)
        for (int64_t index = 0; index < size; index++)
            make_claim(INCLUSION, index, size, &claim);
}
END_TEST

START_TEST(each_small_tree_is_proven_to_continue_each_smaller_one)
{
    struct claim claim;

    for (int64_t size = 0; size <= SMALL; size++)
        for (int64_t old_size = 0; old_size <= size; old_size++)
            make_claim(CONSISTENCY, old_size, size, &claim);
}
END_TEST

START_TEST(subtrees_of_any_height_fold_to_their_root)
{
    for (int level = 0; SMALL >> level > 0; level++) {
        for (int64_t count = 1; count <= SMALL >> level; count++) {
            struct hash root, wanted;

            mth(0, count << level, &wanted);
            merkle_fold(grown[level], (size_t)count, &root);
            REQUIRE(same(&root, &wanted), "%" PRId64 " of level %d", count, level);
        }
    }
}
END_TEST

/* ---- what folding takes ---- */

static struct {
    bool armed;
    int hashes, allocations;
    unsigned long long other_lengths; /* than a node's */
} cost;

int __real_crypto_hash_sha256(unsigned char *out, const unsigned char *in,
                              unsigned long long length);
int __wrap_crypto_hash_sha256(unsigned char *out, const unsigned char *in,
                              unsigned long long length);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

int __wrap_crypto_hash_sha256(unsigned char *out, const unsigned char *in,
                              unsigned long long length)
{
    cost.hashes += cost.armed;
    cost.other_lengths += cost.armed && length != 1 + 2 * HASH_BYTES;
    return __real_crypto_hash_sha256(out, in, length);
}

void *__wrap_malloc(size_t size)
{
    cost.allocations += cost.armed;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    cost.allocations += cost.armed;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    cost.allocations += cost.armed;
    return __real_realloc(memory, size);
}

START_TEST(folding_hashes_each_node_once_and_allocates_nothing)
{
    for (size_t count = 1; count <= SMALL; count++) {
        struct hash root;

        memset(&cost, 0, sizeof cost);
        cost.armed = true;
        merkle_fold(grown[0], count, &root);
        cost.armed = false;
        ck_assert_int_eq(cost.hashes, (int)count - 1);
        ck_assert_uint_eq(cost.other_lengths, 0);
        ck_assert_int_eq(cost.allocations, 0);
    }
}
END_TEST

/* ---- what is changed does not hold ---- */

/* The claim with one bit of these bytes, which are in it, turned, bit by bit. */
static void refuse_each_bit(struct claim *claim, struct hash *hash)
{
    for (int bit = 0; bit < 8 * HASH_BYTES; bit++) {
        const unsigned char mask = (unsigned char)(1 << bit % 8);

        hash->bytes[bit / 8] ^= mask;
        REQUIRE(!holds(claim), "kind %d, %" PRId64 " of %" PRId64 ": bit %d does not matter",
                claim->kind, claim->first, claim->size, bit);
        hash->bytes[bit / 8] ^= mask;
    }
}

/* A proof of the empty tree says nothing of the newer one. */
static bool root_matters(const struct claim *claim)
{
    return claim->kind == INCLUSION || claim->first > 0 || claim->size == 0;
}

static void refuse_changed_bits(struct claim *claim)
{
    refuse_each_bit(claim, &claim->known);
    if (root_matters(claim))
        refuse_each_bit(claim, &claim->root);
    for (size_t i = 0; i < claim->proof.count; i++)
        refuse_each_bit(claim, &claim->proof.hashes[i]);
    REQUIRE(holds(claim), "changed back, it does not hold");
}

static void refuse_swapped_hashes(struct claim *claim)
{
    struct hash *hashes = claim->proof.hashes;

    for (size_t i = 0; i < claim->proof.count; i++) {
        for (size_t j = i + 1; j < claim->proof.count; j++) {
            const struct hash kept = hashes[i];

            hashes[i] = hashes[j];
            hashes[j] = kept;
            REQUIRE(same(&hashes[i], &kept) || !holds(claim),
                    "kind %d, %" PRId64 " of %" PRId64 ": hashes %zu and %zu may be swapped",
                    claim->kind, claim->first, claim->size, i, j);
            hashes[j] = hashes[i];
            hashes[i] = kept;
        }
    }
}

/* The same proof with the hash at `at` taken out, or with another put there. */
static void refuse_other_count(const struct claim *claim, size_t at, const struct hash *added)
{
    struct claim other = *claim;
    struct hash *hashes = other.proof.hashes;

    if (added) {
        memmove(hashes + at + 1, hashes + at, (other.proof.count - at) * sizeof *hashes);
        hashes[at] = *added;
        other.proof.count++;
    } else {
        other.proof.count--;
        memmove(hashes + at, hashes + at + 1, (other.proof.count - at) * sizeof *hashes);
    }
    REQUIRE(!holds(&other), "kind %d, %" PRId64 " of %" PRId64 ": holds with %zu hashes",
            claim->kind, claim->first, claim->size, other.proof.count);
}

static void refuse_other_counts(const struct claim *claim)
{
    const struct hash *hashes = claim->proof.hashes;
    const size_t count = claim->proof.count;

    for (size_t at = 0; at <= count; at++) {
        refuse_other_count(claim, at, &claim->known);
        refuse_other_count(claim, at, &claim->root);
        if (at < count) {
            refuse_other_count(claim, at, NULL);
            refuse_other_count(claim, at, &hashes[at]);
        }
    }
}

static int64_t turn(int64_t number, int bit)
{
    return (int64_t)((uint64_t)number ^ (uint64_t)1 << bit);
}

/* Another first number, that is; with some other sizes a proof rightly holds. */
static void refuse_other_numbers(struct claim *claim)
{
    const int64_t first = claim->first, size = claim->size;

    for (int bit = 0; bit < 64; bit++) {
        claim->first = turn(first, bit);
        REQUIRE(!holds(claim), "kind %d, %" PRId64 " of %" PRId64 " with the proof for %" PRId64,
                claim->kind, claim->first, size, first);
        claim->first = first;
        claim->size = turn(size, bit);
        (void)holds(claim); /* fails when the checkers differ */
        claim->size = size;
    }
}

static void refuse_changes(struct claim *claim)
{
    refuse_other_numbers(claim);
    refuse_changed_bits(claim);
    refuse_swapped_hashes(claim);
    refuse_other_counts(claim);
}

START_TEST(no_bit_of_a_tiny_tree_s_proofs_may_change)
{
    struct claim claim;

    for (int64_t size = 1; size <= TINY; size++) {
        for (int64_t first = _i == INCLUSION ? 0 : 1; first < size + _i; first++) {
            make_claim((enum kind)_i, first, size, &claim);
            refuse_changes(&claim);
        }
    }
}
END_TEST

START_TEST(no_bit_of_a_larger_tree_s_proofs_may_change)
{
    static const int64_t sizes[] = {63, 64, 65, 127, 171, 255, 256, 257, SMALL};
    struct claim claim;

    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (int64_t first = 1; first < sizes[i]; first += 1 + sizes[i] / 5) {
            make_claim((enum kind)_i, first, sizes[i], &claim);
            refuse_changes(&claim);
        }
        make_claim((enum kind)_i, sizes[i] - 1, sizes[i], &claim);
        refuse_changes(&claim);
    }
}
END_TEST

/* `_i`: the size of the newer tree. */
START_TEST(the_empty_tree_begins_every_one_and_needs_its_root)
{
    struct claim claim;

    make_claim(CONSISTENCY, 0, _i, &claim);
    ck_assert_uint_eq(claim.proof.count, 0);
    refuse_changes(&claim);
    claim.known = grown[0][0];
    ck_assert(!holds(&claim));
}
END_TEST

/* ---- other sizes and places ---- */

#define PLACES 33 /* trees up to this size are mistaken for each other */

struct place {
    int64_t first, size;
    char shape[80];
};

static struct place places[PLACES * (PLACES + 1)];
static size_t place_count;

static void list_places(enum kind kind)
{
    place_count = 0;
    for (int64_t size = 1; size <= PLACES; size++) {
        for (int64_t first = kind == INCLUSION ? 0 : 1; first < size + (int)kind; first++) {
            struct place *place = &places[place_count++];
            struct wanted wanted;

            define(kind, first, size, &wanted);
            place->first = first;
            place->size = size;
            memcpy(place->shape, wanted.shape, sizeof place->shape);
        }
    }
}

/* A proof holds for another place if and only if the same hashes stand on the same sides there,
 * which in a tree of the same size is never so. */
START_TEST(a_proof_holds_for_no_other_place_or_size_that_shows)
{
    struct claim claim;

    list_places((enum kind)_i);
    for (size_t i = 0; i < place_count; i++) {
        make_claim((enum kind)_i, places[i].first, places[i].size, &claim);
        for (size_t j = 0; j < place_count; j++) {
            const bool is_alike = strcmp(places[i].shape, places[j].shape) == 0;

            claim.first = places[j].first;
            claim.size = places[j].size;
            REQUIRE(holds(&claim) == is_alike,
                    "%" PRId64 " of %" PRId64 " taken for %" PRId64 " of %" PRId64, places[i].first,
                    places[i].size, claim.first, claim.size);
            REQUIRE(i == j || !is_alike || places[i].size != places[j].size,
                    "alike in one tree of %" PRId64, claim.size);
        }
    }
}
END_TEST

START_TEST(a_tree_continues_itself_only_by_the_same_root)
{
    struct claim claim;

    for (int64_t size = 1; size <= SMALL; size++) {
        make_claim(CONSISTENCY, size, size, &claim);
        ck_assert_uint_eq(claim.proof.count, 0);
        claim.root = root_of(size - 1);
        REQUIRE(!holds(&claim), "%" PRId64, size);
    }
}
END_TEST

/* ---- trees as large as can be ---- */

static const int64_t huge_sizes[] = {
    POWER(62),
    POWER(62) - 1,
    POWER(62) - 2,
    POWER(62) - POWER(31),
    POWER(61) + POWER(60),
    POWER(61) + 1,
    POWER(61),
    POWER(61) - 1,
    0x2AAAAAAAAAAAAAAA,
    0x1555555555555555,
    POWER(33) - 1,
    POWER(32) + 1,
    POWER(32),
    POWER(31) - 1,
    65537,
    1,
};

/* What the claim says of one place only. */
static void refuse_other_places(struct claim *claim)
{
    const int64_t first = claim->first,
                  others[] = {-1, first - 1, first + 1, first ^ POWER(30), first ^ POWER(61)};

    for (size_t i = 0; i < COUNT(others); i++) {
        claim->first = others[i];
        REQUIRE(!holds(claim), "kind %d, %" PRId64 " of %" PRId64 ": also %" PRId64, claim->kind,
                first, claim->size, others[i]);
    }
    claim->first = first;
}

static void try_huge(enum kind kind, int64_t first, int64_t size)
{
    struct claim claim;

    if (first < 0 || first > size || (kind == INCLUSION && first == size))
        return;
    mark(first, first - 1, size - 1, size / 2);
    make_claim(kind, first, size, &claim);
    if (kind == INCLUSION)
        refuse_other_places(&claim);
    refuse_other_count(&claim, claim.proof.count, &claim.root);
    if (claim.proof.count > 0)
        refuse_other_count(&claim, claim.proof.count - 1, NULL);
    for (size_t i = (size_t)first % 5; i < claim.proof.count; i += 5) {
        claim.proof.hashes[i].bytes[i % HASH_BYTES] ^= 1;
        REQUIRE(!holds(&claim), "hash %zu does not matter", i);
        claim.proof.hashes[i].bytes[i % HASH_BYTES] ^= 1;
    }
}

START_TEST(huge_trees_are_proven_like_small_ones)
{
    for (size_t i = 0; i < COUNT(huge_sizes); i++) {
        const int64_t size = huge_sizes[i];

        try_huge((enum kind)_i, 0, size);
        try_huge((enum kind)_i, 1, size);
        try_huge((enum kind)_i, size / 3, size);
        try_huge((enum kind)_i, size / 2 - 1, size);
        for (size_t j = 0; j < COUNT(huge_sizes); j++)
            for (int64_t aside = -1; aside <= 1; aside++)
                try_huge((enum kind)_i, huge_sizes[j] + aside, size);
    }
}
END_TEST

START_TEST(huge_trees_have_roots)
{
    for (size_t i = 0; i < COUNT(huge_sizes); i++) {
        struct reader reader = {.size = huge_sizes[i]};
        struct hash root, wanted;

        mark(0, huge_sizes[i] - 1, huge_sizes[i] / 2, huge_sizes[i] / 3);
        wanted = root_of(huge_sizes[i]);
        ck_assert_int_eq(merkle_root(huge_sizes[i], read_stored, &reader, &root), KEYWARD_OK);
        ck_assert_mem_eq(&root, &wanted, sizeof root);
        ck_assert_int_eq(reader.reads, bits_set(huge_sizes[i]));
    }
}
END_TEST

/* ---- failures ---- */

static const enum keyward_status failures[] = {KEYWARD_IO, KEYWARD_CORRUPT, KEYWARD_NOMEM,
                                               KEYWARD_BUSY, (enum keyward_status) - 7};

/* `kind` 2: the root. */
static enum keyward_status run_reader(int kind, int64_t first, int64_t size, struct reader *reader)
{
    struct merkle_proof proof;
    struct hash root;

    reader->size = size;
    return kind == 2 ? merkle_root(size, read_stored, reader, &root)
                     : prove((enum kind)kind, first, size, reader, &proof);
}

START_TEST(a_read_that_fails_is_the_last_one_and_what_is_returned)
{
    for (int64_t size = 1; size <= 40; size++) {
        for (int64_t first = 1; first < size; first++) {
            struct reader all = {.reads = 0};

            ck_assert_int_eq(run_reader(_i, first, size, &all), KEYWARD_OK);
            for (int nth = 1; nth <= all.reads; nth++) {
                struct reader reader = {.fail_at = nth,
                                        .failure = failures[nth % (int)COUNT(failures)]};
                enum keyward_status status = run_reader(_i, first, size, &reader);
                REQUIRE(status == reader.failure && reader.reads == nth,
                        "%" PRId64 " of %" PRId64 ": %d after read %d of %d", first, size, status,
                        reader.reads, nth);
            }
        }
    }
}
END_TEST

START_TEST(what_cannot_be_is_invalid_and_not_read)
{
    static const struct {
        int kind;
        int64_t first, size;
    } wrong[] = {
        {INCLUSION, 0, 0},
        {INCLUSION, -1, 5},
        {INCLUSION, 5, 5},
        {INCLUSION, 6, 5},
        {INCLUSION, INT64_MIN, 5},
        {INCLUSION, INT64_MAX, INT64_MAX},
        {INCLUSION, 0, -1},
        {INCLUSION, 0, INT64_MIN},
        {INCLUSION, INT64_MIN, INT64_MIN},
        {INCLUSION, 0, POWER(62) + 1},
        {INCLUSION, 0, INT64_MAX},
        {CONSISTENCY, -1, 5},
        {CONSISTENCY, 6, 5},
        {CONSISTENCY, 1, 0},
        {CONSISTENCY, -5, -5},
        {CONSISTENCY, INT64_MIN, INT64_MAX},
        {CONSISTENCY, 0, POWER(62) + 1},
        {CONSISTENCY, INT64_MAX, INT64_MAX},
        {2, 0, -1},
        {2, 0, INT64_MIN},
        {2, 0, POWER(62) + 1},
        {2, 0, INT64_MAX},
    };

    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct reader reader = {.reads = 0};
        ck_assert_int_eq(run_reader(wrong[i].kind, wrong[i].first, wrong[i].size, &reader),
                         KEYWARD_INVALID);
        ck_assert_int_eq(reader.reads, 0);
    }
}
END_TEST

/* ---- what an enemy sends ---- */

static const int64_t extremes[] = {
    INT64_MIN,
    INT64_MIN + 1,
    -POWER(62),
    -256,
    -2,
    -1,
    0,
    1,
    2,
    3,
    4,
    255,
    256,
    POWER(31) - 1,
    POWER(31),
    POWER(32) + 1,
    POWER(61),
    POWER(62) - 1,
    POWER(62),
    POWER(62) + 1,
    POWER(62) + POWER(61),
    INT64_MAX - 1,
    INT64_MAX,
};

static const size_t counts[] = {0, 1, 2, 61, 62, 63, 64, 65, 1000, SIZE_MAX / 32, SIZE_MAX};

/* On the heap, with nothing behind the proof, where a sanitizer sees a step too far. */
START_TEST(no_numbers_make_garbage_hold)
{
    struct claim *claim = malloc(sizeof *claim);

    memset(claim, 0x5A, sizeof *claim);
    claim->kind = (enum kind)_i;
    claim->root.bytes[0] = 0;
    for (size_t i = 0; i < COUNT(extremes); i++) {
        for (size_t j = 0; j < COUNT(extremes); j++) {
            for (size_t k = 0; k < COUNT(counts); k++) {
                claim->first = extremes[i];
                claim->size = extremes[j];
                claim->proof.count = counts[k];
                ck_assert(!holds(claim));
            }
        }
    }
    free(claim);
}
END_TEST

/* A true claim with some of its parts replaced. */
static void spoil(struct claim *claim)
{
    const int64_t extreme = extremes[below(COUNT(extremes))];
    struct hash *hash = &claim->proof.hashes[below(PROOF_HASHES_MAX)];

    switch (below(6)) {
    case 0:
        claim->first = extreme;
        break;
    case 1:
        claim->size = extreme;
        break;
    case 2:
        claim->proof.count = (size_t)below(PROOF_HASHES_MAX + 1);
        break;
    case 3:
        claim->first ^= POWER(below(63));
        break;
    case 4:
        claim->size ^= POWER(below(63));
        break;
    default:
        hash->bytes[below(HASH_BYTES)] ^= (unsigned char)(1 + below(255));
        break;
    }
}

START_TEST(whatever_is_spoilt_both_checkers_say_the_same)
{
    struct claim *spoilt = malloc(sizeof *spoilt);

    for (int round = 0; round < 3000; round++) {
        const int64_t size = 1 + below(SMALL), first = below(size);
        struct claim claim;

        make_claim((enum kind)_i, first, size, &claim);
        for (int i = 0; i < 10; i++) {
            *spoilt = claim;
            for (int64_t parts = 1 + below(3); parts > 0; parts--)
                spoil(spoilt);
            (void)holds(spoilt); /* fails when they differ */
        }
    }
    free(spoilt);
}
END_TEST

static void grow_seeded(void)
{
    random_state = chance_seed();
    grow_small();
}

/* ---- trees of any size ---- */

START_TEST(proofs_from_a_large_tree_hold)
{
    for (int round = 0; round < 2000; round++) {
        const int64_t size = 1 + below(LARGE >> below(20));
        const int64_t first = below(size + _i); /* an old size may be the same */
        struct claim claim;

        make_claim((enum kind)_i, first, size, &claim);
        refuse_other_counts(&claim);
        if (claim.proof.count == 0)
            continue;
        claim.proof.hashes[below((int64_t)claim.proof.count)].bytes[below(HASH_BYTES)] ^=
            (unsigned char)(1 << below(8));
        REQUIRE(!holds(&claim), "%" PRId64 " of %" PRId64, first, size);
    }
}
END_TEST

START_TEST(roots_of_a_large_tree_are_as_defined)
{
    for (int round = 0; round < 200; round++) {
        const int64_t size = 1 + below(LARGE);
        struct reader reader = {.size = size};
        struct hash root, wanted = root_of(size), folded;

        ck_assert_int_eq(merkle_root(size, read_stored, &reader, &root), KEYWARD_OK);
        ck_assert_mem_eq(&root, &wanted, sizeof root);
        if (round < 3) {
            merkle_fold(grown[0], (size_t)size, &folded);
            ck_assert_mem_eq(&folded, &wanted, sizeof folded);
        }
    }
}
END_TEST

static void add_small_trees(Suite *suite)
{
    TCase *known = suite_add_case(suite, "known answers", grow_known, cut_down);
    TCase *small = suite_add_case(suite, "small trees", grow_small, cut_down);

    tcase_add_loop_test(known, known_trees_have_their_known_roots, 0, COUNT(known_roots));
    tcase_add_loop_test(known, known_proofs_are_made_and_hold, 0, COUNT(known_proofs));
    tcase_add_test(known, an_empty_entry_needs_no_bytes);
    tcase_add_test(known, no_entry_has_the_hash_of_a_node);
    tcase_add_test(known, a_node_may_take_the_place_of_either_child);
    tcase_add_test(small, roots_are_as_defined_with_one_read_a_bit);
    tcase_add_test(small, an_empty_tree_is_the_hash_of_nothing_without_a_read);
    tcase_add_test(small, each_leaf_of_a_small_tree_is_proven);
    tcase_add_test(small, each_small_tree_is_proven_to_continue_each_smaller_one);
    tcase_add_test(small, subtrees_of_any_height_fold_to_their_root);
    tcase_add_test(small, folding_hashes_each_node_once_and_allocates_nothing);
}

static void add_refusals(Suite *suite)
{
    TCase *changed = suite_add_case(suite, "changed proofs", grow_small, cut_down);
    TCase *spoilt = suite_add_case(suite, "spoilt proofs", grow_seeded, cut_down);

    tcase_add_loop_test(changed, no_bit_of_a_tiny_tree_s_proofs_may_change, 0, 2);
    tcase_add_loop_test(changed, no_bit_of_a_larger_tree_s_proofs_may_change, 0, 2);
    tcase_add_loop_test(changed, the_empty_tree_begins_every_one_and_needs_its_root, 0, TINY);
    tcase_add_loop_test(changed, a_proof_holds_for_no_other_place_or_size_that_shows, 0, 2);
    tcase_add_test(changed, a_tree_continues_itself_only_by_the_same_root);
    tcase_add_loop_test(changed, a_read_that_fails_is_the_last_one_and_what_is_returned, 0, 3);
    tcase_add_test(changed, what_cannot_be_is_invalid_and_not_read);
    tcase_add_loop_test(spoilt, no_numbers_make_garbage_hold, 0, 2);
    tcase_add_loop_test(spoilt, whatever_is_spoilt_both_checkers_say_the_same, 0, 2);
}

int main(void)
{
    Suite *suite = suite_create("merkle");
    TCase *huge = tcase_create("huge trees");
    TCase *large = suite_add_case(suite, "large trees", grow_large, cut_down);

    add_small_trees(suite);
    add_refusals(suite);
    tcase_add_loop_test(huge, huge_trees_are_proven_like_small_ones, 0, 2);
    tcase_add_test(huge, huge_trees_have_roots);
    suite_add_tcase(suite, huge);
    tcase_add_loop_test(large, proofs_from_a_large_tree_hold, 0, 2);
    tcase_add_test(large, roots_of_a_large_tree_are_as_defined);
    return run_suite(suite);
}
