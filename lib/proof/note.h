/* SPDX-License-Identifier: MIT */
/*
 * Signed notes and the keys that verify them (https://c2sp.org/signed-note), of the two kinds of
 * key that keyward knows: the log's, which signs the note's text, and a witness's, whose
 * cosignature/v1 (https://c2sp.org/tlog-cosignature) signs it with a time.
 */
#ifndef KEYWARD_PROOF_NOTE_H
#define KEYWARD_PROOF_NOTE_H

#include "proof/lines.h"

#define NOTE_SIGNATURES_MAX 64 /* lines of them in a note; the specification demands 16 */
#define NOTE_COSIGNED_MAX 4096 /* bytes of a text that a cosignature can hold for */
#define KEY_ID_BYTES 4
#define PUBLIC_KEY_BYTES 32
#define SECRET_KEY_BYTES 64 /* libsodium's form: the seed and the public key */
#define SIGNATURE_BYTES 64

enum key_type {
    KEY_ED25519 = 0x01,    /* signs the text */
    KEY_COSIGNATURE = 0x04 /* signs time and text */
};

struct verifier_key {
    struct span name; /* points into the caller's text */
    enum key_type type;
    unsigned char id[KEY_ID_BYTES];
    unsigned char public_key[PUBLIC_KEY_BYTES];
};

/* True for 1 to KEYWARD_ORIGIN_MAX bytes of UTF-8 without spaces (Unicode's), control characters
 * and "+". */
bool key_name_is_valid(struct span name);

/* Makes a key of its parts; its id follows from them. The name must be valid. */
void verifier_key_make(struct verifier_key *key, enum key_type type, struct span name,
                       const unsigned char public_key[PUBLIC_KEY_BYTES]);

/* Reads "<name>+<id>+<base64>". False where anything is wrong with it, the id included, and for
 * types that keyward does not know. */
bool verifier_key_parse(struct verifier_key *key, struct span text);

void verifier_key_add(struct buffer *buffer, const struct verifier_key *key);

struct note_signature {
    struct span line; /* with its new line */
    struct span name;
    unsigned char key_id[KEY_ID_BYTES];
    struct span base64; /* of the key's id and the signature */
};

struct note {
    struct span text; /* with its last new line */
    size_t count;     /* of signatures, at least one */
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
};

/* Reads what is left of the lines as a note. KEYWARD_OK, or KEYWARD_UNPROVEN with a message. No
 * signature is verified by this. */
enum keyward_status note_parse(struct note *note, struct lines *lines, struct error *error);

/* What a note's signatures of one key come to. */
enum signed_by {
    SIGNED_NOT,     /* there is none */
    SIGNED_RIGHTLY, /* there are some, and each of them holds */
    SIGNED_WRONGLY  /* one does not: the note must be rejected, whoever else has signed */
};

/* Verifies all signatures of the key in the note; those of other keys are ignored. For a
 * cosignature `at` is its time (the earliest of several) in milliseconds, else 0. */
enum signed_by note_signed_by(const struct note *note, const struct verifier_key *key, int64_t *at);

/* Signs the note's text, which is all that the buffer holds and ends with a new line, and adds the
 * empty line and the signature's. The key is of KEY_ED25519, the secret key its own. */
void note_sign(struct buffer *note, const struct verifier_key *key,
               const unsigned char secret_key[SECRET_KEY_BYTES]);

#endif
