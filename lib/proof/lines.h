/* SPDX-License-Identifier: MIT */
/*
 * Text of lines that others wrote, read strictly: what is not exactly as its specification has it
 * is refused. What is read is not copied: spans point into the caller's text.
 */
#ifndef KEYWARD_PROOF_LINES_H
#define KEYWARD_PROOF_LINES_H

#include "base/buffer.h"
#include "base/error.h"

struct span {
    const char *at;
    size_t length;
};

struct lines {
    const char *what; /* the text's name in messages, as "the receipt" */
    const char *at, *end;
    size_t number; /* of the line that was read last or is missing, from 1 */
};

/* What the buffer holds, until it holds more. */
struct span span_of(const struct buffer *buffer);

bool span_equal(struct span a, struct span b);
bool span_is(struct span span, const char *text);
bool span_begins(struct span span, const char *prefix);
struct span span_after(struct span span, size_t count);

/* True where no byte is a control character (below U+0020), but for the new lines of a text that
 * may have them. */
bool text_is_printable(const char *text, size_t length, bool lines);

/*
 * Begins at the first line. Refuses what is empty, longer than KEYWARD_RECEIPT_MAX, no UTF-8, has a
 * control character other than the new line or does not end with one. Returns KEYWARD_OK or
 * KEYWARD_UNPROVEN with a message.
 */
enum keyward_status lines_begin(struct lines *lines, const char *what, const char *text,
                                size_t length, struct error *error);

/* The next line without its new line; false at the end. */
bool lines_next(struct lines *lines, struct span *line);

/* Records what is wrong with that line; returns KEYWARD_UNPROVEN. */
enum keyward_status lines_wrong(const struct lines *lines, const char *problem,
                                struct error *error);

/* A decimal from 0 to `largest`, without sign and leading zeros. */
bool decimal_parse(struct span text, int64_t largest, int64_t *number);

/* The bytes of canonical base64 (RFC 4648, section 4: padded, no bits left over). Writes up to
 * `room` of them; `length` is how many there are, one or more. */
bool base64_decode(struct span text, void *bytes, size_t room, size_t *length);

void base64_add(struct buffer *buffer, const void *bytes, size_t length);
void decimal_add(struct buffer *buffer, int64_t number);

#endif
