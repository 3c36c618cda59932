/* SPDX-License-Identifier: MIT */
/*
 * A small log in memory, its proofs by the recursive definitions of RFC 6962, section 2.1, and its
 * texts as the specifications have them: made with libsodium and printf alone, so that the library
 * is compared with something else than itself. The same calls always give the same bytes.
 */
#ifndef KEYWARD_TESTS_LOG_H
#define KEYWARD_TESTS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_MAX 64 /* events */

/* ---- text ---- */

/* Formatted text that lives until compose_free(). For one thread. */
__attribute__((format(printf, 1, 2))) char *compose(const char *format, ...);

/* The same of bytes, with a NUL behind them, or in base64. */
char *compose_bytes(const void *bytes, size_t length);
char *base64(const void *bytes, size_t length);

void compose_free(void);

/* ---- keys ---- */

struct signer {
    const char *name;
    unsigned char type; /* 1: a log's, 4: a witness's */
    unsigned char id[4], public_key[32], secret_key[64];
    const char *key; /* the verifier key */
};

/* The pair of keys follows from the seed. */
struct signer signer_of(unsigned char type, const char *name, unsigned char seed);

/* The line of a signature over the body of a note; a witness's is of that second. */
const char *signed_line(const struct signer *signer, const char *body, uint64_t seconds);

/* A signature's line of that name whose base64 stands for these bytes. */
const char *line_of(const char *name, const void *bytes, size_t length);

/* ---- the log ---- */

/* The event with this index, as JSON. */
const char *log_event(int index);

/* The three lines that are signed, and the hashes of a proof, one a line. */
const char *log_body(const char *origin, int size);
const char *log_inclusion(int index, int size);
const char *log_consistency(int old_size, int size);

/* A whole receipt of the event with its extra line; `signatures` are whole lines. */
const char *log_receipt(int index, int size, const char *body, const char *signatures);

#endif
