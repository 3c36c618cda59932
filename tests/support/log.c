/* SPDX-License-Identifier: MIT */
#include "support/log.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- text ---- */

static struct piece {
    struct piece *next;
    char bytes[];
} * pieces;

static char *piece_new(size_t length)
{
    struct piece *piece = calloc(1, sizeof *piece + length + 1);

    if (!piece)
        abort();
    piece->next = pieces;
    pieces = piece;
    return piece->bytes;
}

char *compose(const char *format, ...)
{
    va_list arguments;
    char *copy;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    copy = piece_new((size_t)length);
    va_start(arguments, format);
    vsnprintf(copy, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return copy;
}

char *compose_bytes(const void *bytes, size_t length)
{
    return memcpy(piece_new(length), bytes, length);
}

char *base64(const void *bytes, size_t length)
{
    size_t room = sodium_base64_encoded_len(length, sodium_base64_VARIANT_ORIGINAL);

    return sodium_bin2base64(piece_new(room), room, bytes, length, sodium_base64_VARIANT_ORIGINAL);
}

void compose_free(void)
{
    for (struct piece *next; pieces; pieces = next) {
        next = pieces->next;
        free(pieces);
    }
}

/* ---- keys ---- */

struct signer signer_of(unsigned char type, const char *name, unsigned char seed)
{
    struct signer signer = {.name = name, .type = type};
    unsigned char seeds[crypto_sign_SEEDBYTES], bytes[33], hash[32];
    char *preimage;

    memset(seeds, seed, sizeof seeds);
    crypto_sign_seed_keypair(signer.public_key, signer.secret_key, seeds);
    bytes[0] = type;
    memcpy(bytes + 1, signer.public_key, 32);
    preimage = compose_bytes(compose("%s\n%33s", name, ""), strlen(name) + 1 + 33);
    memcpy(preimage + strlen(name) + 1, bytes, 33);
    crypto_hash_sha256(hash, (const unsigned char *)preimage, strlen(name) + 1 + 33);
    memcpy(signer.id, hash, 4);
    signer.key = compose("%s+%02x%02x%02x%02x+%s", name, hash[0], hash[1], hash[2], hash[3],
                         base64(bytes, sizeof bytes));
    return signer;
}

const char *line_of(const char *name, const void *bytes, size_t length)
{
    return compose("\u2014 %s %s\n", name, base64(bytes, length));
}

const char *signed_line(const struct signer *signer, const char *body, uint64_t seconds)
{
    const char *message = body;
    unsigned char bytes[4 + 8 + 64];
    size_t length = 4;

    memcpy(bytes, signer->id, 4);
    if (signer->type == 4) {
        message = compose("cosignature/v1\ntime %llu\n%s", (unsigned long long)seconds, body);
        for (int i = 0; i < 8; i++)
            bytes[length++] = (unsigned char)(seconds >> (56 - 8 * i));
    }
    crypto_sign_detached(bytes + length, NULL, (const unsigned char *)message, strlen(message),
                         signer->secret_key);
    return line_of(signer->name, bytes, length + 64);
}

/* ---- the log ---- */

struct node {
    unsigned char bytes[32];
};

const char *log_event(int index)
{
    return compose(
        "{\"action\":\"key.deleted\",\"at\":%lld,\"key_id\":\"k\u00e9y-%d\",\"sequence\":%d}",
        1700000000000LL + index, index, index + 1);
}

static struct node leaf_of(int index)
{
    const char *event = log_event(index);
    char *data = compose(" %s", event);
    struct node leaf;

    data[0] = 0;
    crypto_hash_sha256(leaf.bytes, (const unsigned char *)data, 1 + strlen(event));
    return leaf;
}

/* The largest power of two below n. */
static int split(int n)
{
    int k = 1;

    while (k * 2 < n)
        k *= 2;
    return k;
}

/* MTH(D[first:first+n]) */
static struct node tree_hash(int first, int n)
{
    struct node nodes[2], root;
    unsigned char data[65] = {1};

    if (n == 1)
        return leaf_of(first);
    if (n == 0) {
        crypto_hash_sha256(root.bytes, NULL, 0);
        return root;
    }
    nodes[0] = tree_hash(first, split(n));
    nodes[1] = tree_hash(first + split(n), n - split(n));
    memcpy(data + 1, nodes, 64);
    crypto_hash_sha256(root.bytes, data, sizeof data);
    return root;
}

static const char *hash_line(struct node node)
{
    return compose("%s\n", base64(node.bytes, 32));
}

/* PATH(m, D[first:first+n]) */
static const char *path(int m, int first, int n)
{
    int k = split(n);

    if (n == 1)
        return "";
    if (m < k)
        return compose("%s%s", path(m, first, k), hash_line(tree_hash(first + k, n - k)));
    return compose("%s%s", path(m - k, first + k, n - k), hash_line(tree_hash(first, k)));
}

/* SUBPROOF(m, D[first:first+n], whole) */
static const char *subproof(int m, int first, int n, bool whole)
{
    int k = split(n);

    if (m == n)
        return whole ? "" : hash_line(tree_hash(first, n));
    if (m <= k)
        return compose("%s%s", subproof(m, first, k, whole),
                       hash_line(tree_hash(first + k, n - k)));
    return compose("%s%s", subproof(m - k, first + k, n - k, false),
                   hash_line(tree_hash(first, k)));
}

const char *log_body(const char *origin, int size)
{
    return compose("%s\n%d\n%s", origin, size, hash_line(tree_hash(0, size)));
}

const char *log_inclusion(int index, int size)
{
    return path(index, 0, size);
}

const char *log_consistency(int old_size, int size)
{
    return old_size == 0 ? "" : subproof(old_size, 0, size, true);
}

const char *log_receipt(int index, int size, const char *body, const char *signatures)
{
    const char *event = log_event(index);

    return compose("c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n%s\n%s\n%s",
                   base64(event, strlen(event)), index, log_inclusion(index, size), body,
                   signatures);
}
