/* SPDX-License-Identifier: MIT */
/* What must not be found, and the search for any 16 bytes of it. */
#ifndef KEYWARD_TESTS_NEEDLES_H
#define KEYWARD_TESTS_NEEDLES_H

#include <stddef.h>

#define PIECE 16 /* bytes in a row that count as found */

/* What a needle is; it decides where it may be. */
enum needle_kind {
    NEEDLE_MASTER_KEY,
    NEEDLE_WRAPPING_KEY,
    NEEDLE_DATA_KEY,
    NEEDLE_SECRET, /* its text, where it is handed out */
    NEEDLE_OTHER,  /* other forms of these, and what is made of them */
    NEEDLE_MARKER
};

struct needle {
    enum needle_kind kind;
    size_t owner; /* the number of the stream it is of */
    const char *form;
    unsigned char *bytes;
    size_t length;
};

struct needles; /* many of them */

struct needles *needles_new(void);
void needles_free(struct needles *needles);

/* Copies the bytes. */
void needles_add(struct needles *needles, enum needle_kind kind, size_t owner, const char *form,
                 const void *bytes, size_t length);

/* The same in hexadecimal and base64, as NEEDLE_OTHER. */
void needles_add_encoded(struct needles *needles, size_t owner, const void *bytes, size_t length);

/* Calls `found` for each piece: `length` bytes at `bytes + at` are those of the needle from
 * `within` on. `bytes` is aligned to 8. */
typedef void needle_found(void *context, const struct needle *needle, size_t within, size_t at,
                          size_t length);
void needles_search(struct needles *needles, const unsigned char *bytes, size_t size,
                    needle_found *found, void *context);

#endif
