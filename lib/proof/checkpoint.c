/* SPDX-License-Identifier: MIT */
#include "proof/checkpoint.h"

#include <sodium.h>
#include <string.h>

bool hash_parse(struct span line, struct hash *hash)
{
    size_t length;
    return base64_decode(line, hash->bytes, HASH_BYTES, &length) && length == HASH_BYTES;
}

void hash_add_line(struct buffer *buffer, const struct hash *hash)
{
    base64_add(buffer, hash->bytes, HASH_BYTES);
    buffer_add_text(buffer, "\n");
}

static bool root_is_possible(int64_t size, const struct hash *root)
{
    struct hash empty;

    if (size > 0)
        return true;
    crypto_hash_sha256(empty.bytes, NULL, 0);
    return memcmp(empty.bytes, root->bytes, HASH_BYTES) == 0;
}

/* Opaque lines may follow the three; none of them is empty. */
static enum keyward_status pass_extensions(struct lines *body, struct error *error)
{
    struct span line;

    while (lines_next(body, &line)) {
        if (line.length == 0)
            return lines_wrong(body, "must not be empty", error);
    }
    return KEYWARD_OK;
}

static enum keyward_status parse_body(struct checkpoint *checkpoint, struct lines *body,
                                      struct error *error)
{
    struct span line;

    /* not covered: there is a first line, since a note's text is not empty */
    if (!lines_next(body, &line) || line.length == 0)
        return lines_wrong(body, "must be the checkpoint's origin", error);
    checkpoint->origin = line;
    if (!lines_next(body, &line) || !decimal_parse(line, TREE_SIZE_MAX, &checkpoint->size))
        return lines_wrong(body, "must be the checkpoint's size", error);
    if (!lines_next(body, &line) || !hash_parse(line, &checkpoint->root))
        return lines_wrong(body, "must be the checkpoint's root in base64", error);
    if (!root_is_possible(checkpoint->size, &checkpoint->root))
        return lines_wrong(body, "must be the root of an empty log", error);
    return pass_extensions(body, error);
}

enum keyward_status checkpoint_parse(struct checkpoint *checkpoint, struct lines *lines,
                                     struct error *error)
{
    struct lines body = *lines;
    enum keyward_status status = note_parse(&checkpoint->note, lines, error);

    if (status != KEYWARD_OK)
        return status;
    if (checkpoint->note.text.length > CHECKPOINT_BODY_MAX)
        return error_set(error, KEYWARD_UNPROVEN,
                         "%s: the checkpoint has more than %d bytes before its signatures",
                         lines->what, CHECKPOINT_BODY_MAX);
    body.end = body.at + checkpoint->note.text.length;
    return parse_body(checkpoint, &body, error);
}

void checkpoint_add_body(struct buffer *buffer, struct span origin, int64_t size,
                         const struct hash *root)
{
    buffer_add(buffer, origin.at, origin.length);
    buffer_add_text(buffer, "\n");
    decimal_add(buffer, size);
    buffer_add_text(buffer, "\n");
    hash_add_line(buffer, root);
}

void checkpoint_sign(struct buffer *buffer, const struct verifier_key *key,
                     const unsigned char secret_key[SECRET_KEY_BYTES], int64_t size,
                     const struct hash *root)
{
    checkpoint_add_body(buffer, key->name, size, root);
    note_sign(buffer, key, secret_key);
}
