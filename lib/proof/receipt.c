/* SPDX-License-Identifier: MIT */
#include "proof/receipt.h"

#include <assert.h>
#include <string.h>

#define FIRST_LINE "c2sp.org/tlog-proof@v1"
#define EXTRA "extra "
#define INDEX "index "
#define OLD "old "
#define HASHES_MAX 63 /* no proof of a log of 2^62 leaves has more */

static_assert(HASHES_MAX <= PROOF_HASHES_MAX, "what is read has room");

/* A line of "<word> <decimal>". */
static bool parse_number(struct span line, const char *word, int64_t *number)
{
    return span_begins(line, word) &&
           decimal_parse(span_after(line, strlen(word)), TREE_SIZE_MAX, number);
}

/* Hashes, one a line, up to the empty line. */
static enum keyward_status parse_hashes(struct merkle_proof *proof, struct lines *lines,
                                        struct error *error)
{
    struct span line;

    proof->count = 0;
    while (lines_next(lines, &line)) {
        if (line.length == 0)
            return KEYWARD_OK;
        if (proof->count == HASHES_MAX)
            return lines_wrong(lines, "there are more than 63 hashes", error);
        if (!hash_parse(line, &proof->hashes[proof->count]))
            return lines_wrong(lines, "must be a hash in base64", error);
        proof->count++;
    }
    return lines_wrong(lines, "no empty line follows", error);
}

static enum keyward_status parse_head(struct receipt *receipt, struct lines *lines,
                                      struct error *error)
{
    struct span line;
    bool more;

    /* not covered: there is a first line, lines_begin() has seen to that */
    if (!lines_next(lines, &line) || !span_is(line, FIRST_LINE))
        return lines_wrong(lines, "must be '" FIRST_LINE "'", error);
    more = lines_next(lines, &line);
    receipt->extra_length = receipt->extra.length = 0;
    if (more && span_begins(line, EXTRA)) {
        receipt->extra = span_after(line, strlen(EXTRA));
        if (!base64_decode(receipt->extra, NULL, 0, &receipt->extra_length))
            return lines_wrong(lines, "must be 'extra' and base64", error);
        more = lines_next(lines, &line);
    }
    if (!more || !parse_number(line, INDEX, &receipt->index))
        return lines_wrong(lines, "must be 'index' and a number", error);
    return KEYWARD_OK;
}

enum keyward_status receipt_parse(struct receipt *receipt, const char *text, size_t length,
                                  struct error *error)
{
    struct lines lines;
    enum keyward_status status = lines_begin(&lines, "the receipt", text, length, error);

    if (status == KEYWARD_OK)
        status = parse_head(receipt, &lines, error);
    if (status == KEYWARD_OK)
        status = parse_hashes(&receipt->proof, &lines, error);
    if (status == KEYWARD_OK)
        status = checkpoint_parse(&receipt->checkpoint, &lines, error);
    if (status == KEYWARD_OK && receipt->index >= receipt->checkpoint.size)
        status = error_set(error, KEYWARD_UNPROVEN,
                           "the receipt: its index is not below the checkpoint's size");
    return status;
}

enum keyward_status consistency_parse(struct consistency *consistency, const char *text,
                                      size_t length, struct error *error)
{
    struct lines lines;
    struct span line;
    enum keyward_status status = lines_begin(&lines, "the proof", text, length, error);

    if (status != KEYWARD_OK)
        return status;
    /* not covered: there is a first line, lines_begin() has seen to that */
    if (!lines_next(&lines, &line) || !parse_number(line, OLD, &consistency->old_size))
        status = lines_wrong(&lines, "must be 'old' and a number", error);
    if (status == KEYWARD_OK)
        status = parse_hashes(&consistency->proof, &lines, error);
    if (status == KEYWARD_OK)
        status = checkpoint_parse(&consistency->checkpoint, &lines, error);
    if (status == KEYWARD_OK && consistency->old_size > consistency->checkpoint.size)
        status = error_set(error, KEYWARD_UNPROVEN,
                           "the proof: its old size is above the checkpoint's size");
    return status;
}

void receipt_copy_extra(const struct receipt *receipt, void *bytes)
{
    size_t length;
    (void)base64_decode(receipt->extra, bytes, receipt->extra_length, &length);
}

static void add_hashes(struct buffer *buffer, const struct merkle_proof *proof)
{
    for (size_t i = 0; i < proof->count; i++)
        hash_add_line(buffer, &proof->hashes[i]);
    buffer_add_text(buffer, "\n");
}

void receipt_add(struct buffer *buffer, const void *extra, size_t extra_length, int64_t index,
                 const struct merkle_proof *proof, struct span checkpoint)
{
    buffer_add_text(buffer, FIRST_LINE "\n");
    if (extra_length > 0) {
        buffer_add_text(buffer, EXTRA);
        base64_add(buffer, extra, extra_length);
        buffer_add_text(buffer, "\n");
    }
    buffer_add_text(buffer, INDEX);
    decimal_add(buffer, index);
    buffer_add_text(buffer, "\n");
    add_hashes(buffer, proof);
    buffer_add(buffer, checkpoint.at, checkpoint.length);
}

void consistency_add(struct buffer *buffer, int64_t old_size, const struct merkle_proof *proof,
                     struct span checkpoint)
{
    buffer_add_text(buffer, OLD);
    decimal_add(buffer, old_size);
    buffer_add_text(buffer, "\n");
    add_hashes(buffer, proof);
    buffer_add(buffer, checkpoint.at, checkpoint.length);
}
