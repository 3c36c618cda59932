/* SPDX-License-Identifier: MIT */
#include "proof/note.h"
#include "base/text.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MARK "\xE2\x80\x94 " /* an em dash and a space begin a signature's line */
#define KEY_ID_DIGITS (KEY_ID_BYTES * 2)
#define KEY_BYTES (1 + PUBLIC_KEY_BYTES) /* as a verifier key has it: with the type in front */
#define TIME_BYTES 8
#define SECONDS_MAX (KEYWARD_TIME_MAX / 1000)

/* ---- verifier keys ---- */

/* Whether UTF-8 begins with one of Unicode's White_Space above U+007F. */
static bool begins_with_space(struct span text)
{
    const unsigned char *bytes = (const unsigned char *)text.at;
    unsigned point = 0;

    if (bytes[0] == 0xC2 && text.length >= 2)
        point = 0x80U | (bytes[1] & 0x3FU);
    else if (bytes[0] >= 0xE1 && bytes[0] <= 0xE3 && text.length >= 3)
        point = (bytes[0] & 0xFU) << 12 | (bytes[1] & 0x3FU) << 6 | (bytes[2] & 0x3FU);
    return point == 0x85 || point == 0xA0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 ||
           point == 0x202F || point == 0x205F || point == 0x3000;
}

/* What a name in a signature's line may be; it may be longer than those of our keys. */
static bool name_is_well_formed(struct span name)
{
    for (size_t i = 0; i < name.length; i++) {
        unsigned char byte = (unsigned char)name.at[i];
        if (byte <= ' ' || byte == '+' || (byte >= 0xC2 && begins_with_space(span_after(name, i))))
            return false;
    }
    return name.length > 0;
}

bool key_name_is_valid(struct span name)
{
    return name.length <= KEYWARD_ORIGIN_MAX && name_is_well_formed(name) &&
           text_is_utf8(name.at, name.length);
}

void verifier_key_make(struct verifier_key *key, enum key_type type, struct span name,
                       const unsigned char public_key[PUBLIC_KEY_BYTES])
{
    const unsigned char type_byte = (unsigned char)type;
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)name.at, name.length);
    crypto_hash_sha256_update(&state, (const unsigned char *)"\n", 1);
    crypto_hash_sha256_update(&state, &type_byte, 1);
    crypto_hash_sha256_update(&state, public_key, PUBLIC_KEY_BYTES);
    crypto_hash_sha256_final(&state, hash);
    key->name = name;
    key->type = type;
    memcpy(key->id, hash, KEY_ID_BYTES);
    memcpy(key->public_key, public_key, PUBLIC_KEY_BYTES);
}

static void write_id(const struct verifier_key *key, char digits[KEY_ID_DIGITS + 1])
{
    sodium_bin2hex(digits, KEY_ID_DIGITS + 1, key->id, KEY_ID_BYTES);
}

bool verifier_key_parse(struct verifier_key *key, struct span text)
{
    const char *plus = memchr(text.at, '+', text.length);
    unsigned char bytes[KEY_BYTES];
    char digits[KEY_ID_DIGITS + 1];
    struct span name, rest;
    size_t length;

    if (!plus)
        return false;
    name = (struct span){text.at, (size_t)(plus - text.at)};
    rest = span_after(text, name.length + 1);
    if (!key_name_is_valid(name) || rest.length <= KEY_ID_DIGITS || rest.at[KEY_ID_DIGITS] != '+')
        return false;
    if (!base64_decode(span_after(rest, KEY_ID_DIGITS + 1), bytes, sizeof bytes, &length) ||
        length != sizeof bytes || (bytes[0] != KEY_ED25519 && bytes[0] != KEY_COSIGNATURE))
        return false;
    verifier_key_make(key, (enum key_type)bytes[0], name, bytes + 1);
    write_id(key, digits);
    return memcmp(digits, rest.at, KEY_ID_DIGITS) == 0;
}

void verifier_key_add(struct buffer *buffer, const struct verifier_key *key)
{
    unsigned char bytes[KEY_BYTES];
    char digits[KEY_ID_DIGITS + 1];

    bytes[0] = (unsigned char)key->type;
    memcpy(bytes + 1, key->public_key, PUBLIC_KEY_BYTES);
    write_id(key, digits);
    buffer_add(buffer, key->name.at, key->name.length);
    buffer_add_text(buffer, "+");
    buffer_add_text(buffer, digits);
    buffer_add_text(buffer, "+");
    base64_add(buffer, bytes, sizeof bytes);
}

/* ---- reading ---- */

static bool parse_signature(struct note_signature *signature, struct span line)
{
    const char *space;
    struct span rest;
    size_t length;

    if (!span_begins(line, MARK))
        return false;
    rest = span_after(line, strlen(MARK));
    space = memchr(rest.at, ' ', rest.length);
    if (!space)
        return false;
    signature->line = (struct span){line.at, line.length + 1};
    signature->name = (struct span){rest.at, (size_t)(space - rest.at)};
    signature->base64 = span_after(rest, signature->name.length + 1);
    return name_is_well_formed(signature->name) &&
           base64_decode(signature->base64, signature->key_id, KEY_ID_BYTES, &length) &&
           length > KEY_ID_BYTES;
}

/* The text ends where the last empty line begins; false where there is none behind a text. */
static bool find_text(const struct lines *lines, struct span *text)
{
    for (const char *at = lines->end - 1; at > lines->at; at--) {
        if (at[-1] == '\n' && at[0] == '\n') {
            *text = (struct span){lines->at, (size_t)(at - lines->at)};
            return true;
        }
    }
    return false;
}

enum keyward_status note_parse(struct note *note, struct lines *lines, struct error *error)
{
    struct span line = {NULL, 0};

    note->count = 0;
    if (!find_text(lines, &note->text))
        return error_set(error, KEYWARD_UNPROVEN,
                         "%s: has no empty line between a text and signatures", lines->what);
    do /* up to the empty line behind the text */
        lines_next(lines, &line);
    while (line.at != note->text.at + note->text.length);
    while (lines_next(lines, &line)) {
        if (note->count == NOTE_SIGNATURES_MAX)
            return lines_wrong(lines, "there are more than 64 signatures", error);
        if (!parse_signature(&note->signatures[note->count], line))
            return lines_wrong(lines, "is not a signature", error);
        note->count++;
    }
    if (note->count == 0)
        return lines_wrong(lines, "no signature follows", error);
    return KEYWARD_OK;
}

/* ---- verifying ---- */

static bool signature_holds(const unsigned char *signature, const void *message, size_t length,
                            const struct verifier_key *key)
{
    return crypto_sign_verify_detached(signature, message, length, key->public_key) == 0;
}

/* The seconds in front of a cosignature, in big-endian order; -1 where they are no time that a
 * witness may give: none at all, or after the year 9999. */
static int64_t cosigned_at(const unsigned char time[TIME_BYTES])
{
    uint64_t seconds = 0;

    for (size_t i = 0; i < TIME_BYTES; i++)
        seconds = seconds << 8 | time[i];
    return seconds >= 1 && seconds <= SECONDS_MAX ? (int64_t)seconds : -1;
}

static bool cosignature_holds(const unsigned char *signature, struct span text,
                              const struct verifier_key *key, int64_t *at)
{
    int64_t seconds = cosigned_at(signature);
    char message[48 + NOTE_COSIGNED_MAX];
    int length;

    if (seconds < 0 || text.length > NOTE_COSIGNED_MAX)
        return false;
    length = snprintf(message, 48, "cosignature/v1\ntime %lld\n", (long long)seconds);
    memcpy(message + length, text.at, text.length);
    *at = seconds * 1000;
    return signature_holds(signature + TIME_BYTES, message, (size_t)length + text.length, key);
}

/* One signature that bears the key's name and id. */
static bool line_holds(const struct note *note, const struct note_signature *signature,
                       const struct verifier_key *key, int64_t *at)
{
    unsigned char bytes[KEY_ID_BYTES + TIME_BYTES + SIGNATURE_BYTES];
    const unsigned char *behind_id = bytes + KEY_ID_BYTES;
    bool is_cosignature = key->type == KEY_COSIGNATURE;
    size_t length, wanted = is_cosignature ? sizeof bytes : KEY_ID_BYTES + SIGNATURE_BYTES;

    *at = 0;
    /* not covered: it is base64, or the note would not have been parsed */
    if (!base64_decode(signature->base64, bytes, sizeof bytes, &length) || length != wanted)
        return false;
    return is_cosignature ? cosignature_holds(behind_id, note->text, key, at)
                          : signature_holds(behind_id, note->text.at, note->text.length, key);
}

enum signed_by note_signed_by(const struct note *note, const struct verifier_key *key, int64_t *at)
{
    enum signed_by answer = SIGNED_NOT;

    *at = 0;
    for (size_t i = 0; i < note->count; i++) {
        const struct note_signature *signature = &note->signatures[i];
        int64_t time;
        if (!span_equal(signature->name, key->name) ||
            memcmp(signature->key_id, key->id, KEY_ID_BYTES) != 0)
            continue;
        if (!line_holds(note, signature, key, &time))
            return SIGNED_WRONGLY;
        if (answer == SIGNED_NOT || time < *at)
            *at = time;
        answer = SIGNED_RIGHTLY;
    }
    return answer;
}

/* ---- signing ---- */

void note_sign(struct buffer *note, const struct verifier_key *key,
               const unsigned char secret_key[SECRET_KEY_BYTES])
{
    unsigned char bytes[KEY_ID_BYTES + SIGNATURE_BYTES];

    if (note->failed)
        return;
    memcpy(bytes, key->id, KEY_ID_BYTES);
    crypto_sign_detached(bytes + KEY_ID_BYTES, NULL, (const unsigned char *)note->bytes,
                         note->length, secret_key);
    buffer_add_text(note, "\n" MARK);
    buffer_add(note, key->name.at, key->name.length);
    buffer_add_text(note, " ");
    base64_add(note, bytes, sizeof bytes);
    buffer_add_text(note, "\n");
}
