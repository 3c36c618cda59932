/* SPDX-License-Identifier: MIT */
/*
 * Verifier keys, signed notes, checkpoints, receipts and consistency proofs as text, from inside.
 *
 * Published vectors, and what can be done with each:
 * - RFC 8032, section 7.1, tests 1 to 3: the signatures are the same.
 * - signed-note.md (C2SP): the key example.com/foo verifies its note. The note of quasimodo.example
 *   is shown without its key, and parses.
 * - golang.org/x/mod/sumdb/note, its documentation: PeterNeumann's key verifies his note, and his
 *   secret key signs it with the same bytes.
 * - tlog-checkpoint.md, tlog-cosignature.md: their keys are not published; they parse, to the size,
 *   the root, the key's id and the time that the text names.
 * - tlog-witness.md: the request's body parses as a consistency proof; its hashes are too few for
 *   its sizes. The lines of the response parse behind its checkpoint.
 * - tlog-proof.md: its signatures are shortened in print and refused; with others it parses.
 */
#include "proof/receipt.h"
#include "proof/trust.h"
#include "support/fixture.h"
#include "support/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOO_LARGE ((size_t)KEYWARD_RECEIPT_MAX + 1)
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define DASH "\xE2\x80\x94 "

static struct error failure;
static struct lines lines;
static struct note note;
static struct checkpoint checkpoint;
static struct receipt receipt;
static struct consistency consistency;
static struct buffer buffer;

static void begin(void)
{
    ck_assert_int_ge(sodium_init(), 0);
}

static void end(void)
{
    buffer_release(&buffer);
    compose_free();
}

static struct span span(const char *bytes)
{
    return (struct span){bytes, strlen(bytes)};
}

static void assert_span(struct span got, const char *wanted)
{
    ck_assert_str_eq(compose("%.*s", (int)got.length, got.at), wanted);
}

static void assert_buffer(const char *wanted)
{
    ck_assert(!buffer.failed);
    ck_assert_str_eq(compose_bytes(buffer.bytes, buffer.length), wanted);
    buffer_release(&buffer);
}

static void unhex(const char *digits, unsigned char *bytes, size_t length)
{
    size_t got;

    ck_assert_int_eq(sodium_hex2bin(bytes, length, digits, strlen(digits), NULL, &got, NULL), 0);
    ck_assert_uint_eq(got, length);
}

/* Parses with a name of three letters; the message says what is wrong, NULL: nothing is. */
#define assert_parses(parse, into, bytes, size, message)            \
    do {                                                            \
        enum keyward_status status_;                                \
        error_reset(&failure);                                      \
        status_ = lines_begin(&lines, "it", bytes, size, &failure); \
        if (status_ == KEYWARD_OK)                                  \
            status_ = parse(into, &lines, &failure);                \
        assert_outcome(status_, message);                           \
    } while (0)

static void assert_outcome(enum keyward_status status, const char *message)
{
    if (message) {
        ck_assert_int_eq(status, KEYWARD_UNPROVEN);
        ck_assert_str_eq(failure.detail.message, message);
    } else {
        ck_assert_msg(status == KEYWARD_OK, "%s", failure.detail.message);
    }
}

static void parse_note(const char *bytes, const char *message)
{
    assert_parses(note_parse, &note, bytes, strlen(bytes), message);
}

static void parse_checkpoint(const char *bytes, const char *message)
{
    assert_parses(checkpoint_parse, &checkpoint, bytes, strlen(bytes), message);
}

static void parse_receipt(const char *bytes, const char *message)
{
    error_reset(&failure);
    assert_outcome(receipt_parse(&receipt, bytes, strlen(bytes), &failure), message);
}

static void parse_consistency(const char *bytes, const char *message)
{
    error_reset(&failure);
    assert_outcome(consistency_parse(&consistency, bytes, strlen(bytes), &failure), message);
}

static struct verifier_key key_of(const char *bytes)
{
    struct verifier_key key;

    ck_assert_msg(verifier_key_parse(&key, span(bytes)), "%s", bytes);
    return key;
}

/* ---- numbers and base64 ---- */

START_TEST(a_decimal_has_one_form)
{
    static const char *const wrong[] = {"",
                                        "00",
                                        "01",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "0x1",
                                        "1.0",
                                        "1e3",
                                        "\xD9\xA1",
                                        "a",
                                        "1a2",
                                        "101",
                                        "1000",
                                        "9223372036854775808",
                                        "18446744073709551617",
                                        "/",
                                        ":"};
    int64_t number;

    for (int i = 0; i <= 100; i++) {
        ck_assert(decimal_parse(span(compose("%d", i)), 100, &number));
        ck_assert_int_eq(number, i);
    }
    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(!decimal_parse(span(wrong[i]), 100, &number), "'%s'", wrong[i]);
    ck_assert(!decimal_parse((struct span){"1\0", 2}, 100, &number));
    ck_assert(decimal_parse(span("9223372036854775807"), INT64_MAX, &number));
    ck_assert_int_eq(number, INT64_MAX);
    ck_assert(!decimal_parse(span("9223372036854775808"), INT64_MAX, &number));
    decimal_add(&buffer, INT64_MAX);
    assert_buffer("9223372036854775807");
}
END_TEST

static void assert_not_base64(const char *bytes, size_t length)
{
    unsigned char decoded[64];
    size_t got;

    ck_assert_msg(!base64_decode((struct span){bytes, length}, decoded, sizeof decoded, &got),
                  "'%s'", bytes);
}

START_TEST(base64_is_that_of_the_rfc)
{
    static const char *const vectors[][2] = {{"f", "Zg=="},         {"fo", "Zm8="},
                                             {"foo", "Zm9v"},       {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    char decoded[8];
    size_t length;

    for (size_t i = 0; i < COUNT(vectors); i++) {
        ck_assert(base64_decode(span(vectors[i][1]), decoded, sizeof decoded, &length));
        ck_assert_str_eq(compose_bytes(decoded, length), vectors[i][0]);
        base64_add(&buffer, vectors[i][0], strlen(vectors[i][0]));
        assert_buffer(vectors[i][1]);
    }
}
END_TEST

START_TEST(base64_of_another_form_is_refused)
{
    static const char *const wrong[] = {"",         "=",        "Z",        "Zg",
                                        "Zg=",      "Zg===",    "Z===",     "====",
                                        "Zm9vZg",   "Zg==Zg==", "Zg==\n",   "Zm9 ",
                                        " Zm9v",    "Zm9v\n",   "Zm-_",     "Zm\xC3\xA9",
                                        "Zm9v====", "=Zm9",     "Z=g=",     "Zm=v",
                                        "Zm9vZ===", "Zm9v,,,,", "Zm9v@@@@", "Zm9v[[[[",
                                        "Zm9v``{{"};

    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_not_base64(wrong[i], strlen(wrong[i]));
    assert_not_base64("Zm\0v", 4);
}
END_TEST

/* All endings of one or two bytes: of the digits that stand for the same bytes one is canonical. */
START_TEST(base64_with_bits_left_over_is_refused)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char decoded[3];
    size_t length, accepted = 0;

    for (size_t i = 0; i < 64; i++) {
        for (size_t j = 0; j < 64; j++) {
            char one[] = {digits[i], digits[j], '=', '='}, two[] = {'Q', digits[i], digits[j], '='};
            ck_assert_int_eq(base64_decode((struct span){one, 4}, decoded, 3, &length),
                             j % 16 == 0);
            ck_assert_int_eq(base64_decode((struct span){two, 4}, decoded, 3, &length), j % 4 == 0);
            accepted += (j % 16 == 0 ? 1U : 0) + (j % 4 == 0 ? 1U : 0);
        }
    }
    ck_assert_uint_eq(accepted, 256 + 1024);
}
END_TEST

START_TEST(base64_of_any_length_is_that_of_libsodium)
{
    unsigned char bytes[200], decoded[200];
    size_t got;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 151 + 7);
    for (size_t length = 1; length <= sizeof bytes; length++) {
        const char *wanted = base64(bytes, length);
        ck_assert(base64_decode(span(wanted), decoded, length, &got));
        ck_assert_uint_eq(got, length);
        ck_assert_mem_eq(decoded, bytes, length);
        base64_add(&buffer, bytes, length);
        assert_buffer(wanted);
    }
}
END_TEST

START_TEST(base64_is_written_only_where_there_is_room)
{
    unsigned char decoded[4] = {1, 2, 3, 4};
    size_t length;

    ck_assert(base64_decode(span("Zm9vYmFy"), decoded, 2, &length));
    ck_assert_uint_eq(length, 6);
    ck_assert_mem_eq(decoded, "fo\3\4", 4);
    ck_assert(base64_decode(span("Zm9vYmFy"), NULL, 0, &length));
    ck_assert_uint_eq(length, 6);
}
END_TEST

/* ---- Ed25519 ---- */

START_TEST(signatures_are_those_of_rfc_8032)
{
    static const char *const vectors[][4] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "84dc6594a7c15e9716ed28dc027beceea1ec40a"}};

    for (size_t i = 0; i < COUNT(vectors); i++) {
        unsigned char seed[32], public_key[32], secret_key[64], message[2], signature[64];
        unsigned char wanted_key[32], wanted[64];
        size_t length = strlen(vectors[i][2]) / 2;
        unhex(vectors[i][0], seed, 32);
        unhex(vectors[i][1], wanted_key, 32);
        unhex(vectors[i][2], message, length);
        unhex(vectors[i][3], wanted, 64);
        crypto_sign_seed_keypair(public_key, secret_key, seed);
        ck_assert_mem_eq(public_key, wanted_key, 32);
        crypto_sign_detached(signature, NULL, message, length, secret_key);
        ck_assert_mem_eq(signature, wanted, 64);
        ck_assert_int_eq(crypto_sign_verify_detached(signature, message, length, public_key), 0);
    }
}
END_TEST

/* ---- verifier keys ---- */

#define FOO_KEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define FOO_NOTE                                                                                   \
    "This is an example message.\n\n" DASH                                                         \
    "example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuw" \
    "HjG1Yu72IneyaQM=\n"

START_TEST(a_key_is_read_and_written)
{
    const struct verifier_key key = key_of(FOO_KEY);

    assert_span(key.name, "example.com/foo");
    ck_assert_int_eq(key.type, KEY_ED25519);
    ck_assert_mem_eq(key.id, "\x53\x0d\x90\x3a", 4);
    verifier_key_add(&buffer, &key);
    assert_buffer(FOO_KEY);
}
END_TEST

START_TEST(keys_of_both_types_are_made)
{
    for (unsigned char type = 1; type <= 4; type = (unsigned char)(type + 3)) {
        const struct signer signer = signer_of(type, "w\u00eftness.example/w1", 7);
        struct verifier_key key;
        verifier_key_make(&key, (enum key_type)type, span(signer.name), signer.public_key);
        verifier_key_add(&buffer, &key);
        assert_buffer(signer.key);
        key = key_of(signer.key);
        ck_assert_int_eq(key.type, type);
        ck_assert_mem_eq(key.public_key, signer.public_key, 32);
        ck_assert_mem_eq(key.id, signer.id, 4);
    }
}
END_TEST

START_TEST(a_key_that_differs_by_a_bit_is_none)
{
    const struct signer witness = signer_of(4, "witness.example/w1", 7);
    const char *const keys[] = {FOO_KEY, witness.key};
    struct verifier_key key;

    for (size_t i = 0; i < COUNT(keys); i++) {
        for (size_t bit = 0; bit < 8 * strlen(keys[i]); bit++) {
            char *changed = compose("%s", keys[i]);
            changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
            ck_assert_msg(!verifier_key_parse(&key, (struct span){changed, strlen(keys[i])}),
                          "bit %zu of %s", bit, keys[i]);
        }
        for (size_t length = 0; length < strlen(keys[i]); length++)
            ck_assert(!verifier_key_parse(&key, (struct span){keys[i], length}));
    }
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
    static const char *const wrong[] = {
        "",
        "+",
        "++",
        "example.com/foo",
        "example.com/foo+530d903a",
        "example.com/foo+530d903a+",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+0530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U0=",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAA==",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
        "example.com/foo +530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    };
    static const unsigned char types[] = {0, 2, 3, 5, 6, 0xfa, 0xff};
    struct verifier_key key;

    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(!verifier_key_parse(&key, span(wrong[i])), "'%s'", wrong[i]);
    for (size_t i = 0; i < COUNT(types); i++)
        ck_assert(!verifier_key_parse(&key, span(signer_of(types[i], "name", 1).key)));
}
END_TEST

START_TEST(a_name_has_neither_spaces_nor_a_plus)
{
    static const char *const good[] = {
        "a",      "example.com/log42", "\u00e9", "\u200b", "a=b", "\x7f", "\u2027",
        "\u180e", "\U0001F511"};
    static const char *const wrong[] = {
        "",        " ",       "a b",    "a ",        "a+b",     "+",        "a\tb",
        "a\n",     "a\r",     "\x1f",   "a\xC2\x85", "a\u00a0", "\u1680a",  "\u2000a",
        "\u2001a", "\u2002a", "\u2003", "\u2004",    "\u2005",  "\u2006",   "\u2007",
        "\u2008",  "\u2009",  "\u200a", "\u2028",    "\u2029",  "\u202f",   "\u205f",
        "\u3000",  "\xff",    "a\xc3",  "a\xc2",     "a\xe2",   "a\xe2\x80"}; /* what could be a
                                                                                 space is cut off */
    char longest[KEYWARD_ORIGIN_MAX + 2];

    for (size_t i = 0; i < COUNT(good); i++)
        ck_assert_msg(key_name_is_valid(span(good[i])), "good %zu", i);
    for (size_t i = 0; i < COUNT(wrong); i++)
        ck_assert_msg(!key_name_is_valid(span(wrong[i])), "wrong %zu", i);
    ck_assert(!key_name_is_valid((struct span){"a\0b", 3}));
    memset(longest, 'a', sizeof longest);
    ck_assert(key_name_is_valid((struct span){longest, KEYWARD_ORIGIN_MAX}));
    ck_assert(!key_name_is_valid((struct span){longest, KEYWARD_ORIGIN_MAX + 1}));
}
END_TEST

START_TEST(every_space_of_unicode_is_known)
{
    static const unsigned spaces[] = {0x85,   0xa0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003,
                                      0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a,
                                      0x2028, 0x2029, 0x202f, 0x205f, 0x3000};
    size_t next = 0;

    for (unsigned point = 0x80; point < 0x10000; point++) {
        char name[] = {(char)(0xE0 | point >> 12), (char)(0x80 | (point >> 6 & 0x3F)),
                       (char)(0x80 | (point & 0x3F))};
        struct span bytes = {name, 3};
        bool is_space = next < COUNT(spaces) && point == spaces[next];
        if (point < 0x800) {
            name[1] = (char)(0xC0 | point >> 6);
            bytes = span_after(bytes, 1);
        }
        if (point >= 0xD800 && point <= 0xDFFF)
            continue;
        ck_assert_msg(key_name_is_valid(bytes) == !is_space, "U+%04X", point);
        next += is_space ? 1 : 0;
    }
    ck_assert_uint_eq(next, COUNT(spaces));
}
END_TEST

/* ---- notes: the published ones ---- */

static enum signed_by signed_by(const struct verifier_key *key)
{
    int64_t at;
    return note_signed_by(&note, key, &at);
}

START_TEST(the_example_of_signed_note_verifies)
{
    const struct verifier_key key = key_of(FOO_KEY);

    parse_note(FOO_NOTE, NULL);
    assert_span(note.text, "This is an example message.\n");
    ck_assert_uint_eq(note.count, 1);
    ck_assert_int_eq(signed_by(&key), SIGNED_RIGHTLY);
}
END_TEST

START_TEST(the_note_of_quasimodo_parses)
{
    static const char body[] = "Ognuno sta solo sul cuor della terra\n"
                               "trafitto da un raggio di sole:\n\n\xC3\xA8 subito sera.\n";

    parse_note(compose("%s\n" DASH
                       "quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5dd"
                       "nGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n",
                       body),
               NULL);
    assert_span(note.text, body);
    ck_assert_uint_eq(note.count, 1);
    assert_span(note.signatures[0].name, "quasimodo.example/salvatore");
    ck_assert_mem_eq(note.signatures[0].key_id, "\x36\x7b\xa0\x4b", 4);
}
END_TEST

#define NEUMANN_TEXT                                             \
    "If you think cryptography is the answer to your problem,\n" \
    "then you don't know what your problem is.\n"
#define NEUMANN_LINE                                                                              \
    DASH "PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo" \
         "tpRZb6KE6RyyBwJnAM=\n"

START_TEST(the_example_of_the_go_library_verifies_and_is_signed_alike)
{
    const struct verifier_key key =
        key_of("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    unsigned char seed[33], public_key[32], secret_key[64];
    size_t length;

    parse_note(NEUMANN_TEXT "\n" NEUMANN_LINE, NULL);
    ck_assert_int_eq(signed_by(&key), SIGNED_RIGHTLY);
    ck_assert(
        base64_decode(span("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"), seed, 33, &length));
    crypto_sign_seed_keypair(public_key, secret_key, seed + 1);
    ck_assert_mem_eq(public_key, key.public_key, 32);
    buffer_add_text(&buffer, NEUMANN_TEXT);
    note_sign(&buffer, &key, secret_key);
    assert_buffer(NEUMANN_TEXT "\n" NEUMANN_LINE);
}
END_TEST

#define SOFA_BODY                   \
    "example.com/behind-the-sofa\n" \
    "20852163\n"                    \
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define SOFA                                                                                      \
    SOFA_BODY "\n" DASH "example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDe" \
              "OoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"

static void assert_sofa(size_t signatures)
{
    unsigned char root[32];

    unhex("0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62", root, 32);
    assert_span(checkpoint.origin, "example.com/behind-the-sofa");
    ck_assert_int_eq(checkpoint.size, 20852163);
    ck_assert_mem_eq(checkpoint.root.bytes, root, 32);
    assert_span(checkpoint.note.text, SOFA_BODY);
    ck_assert_uint_eq(checkpoint.note.count, signatures);
    assert_span(checkpoint.note.signatures[0].name, "example.com/behind-the-sofa");
    ck_assert_mem_eq(checkpoint.note.signatures[0].key_id, "\x03\x3d\xe0\xae", 4);
}

START_TEST(the_example_of_tlog_checkpoint_parses)
{
    parse_checkpoint(SOFA, NULL);
    assert_sofa(1);
    checkpoint_add_body(&buffer, checkpoint.origin, checkpoint.size, &checkpoint.root);
    assert_buffer(SOFA_BODY);
}
END_TEST

START_TEST(the_example_of_tlog_cosignature_parses)
{
    static const char line[] =
        DASH "witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlr"
             "DJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    unsigned char bytes[76];
    size_t length;

    parse_checkpoint(compose("%s%s", SOFA, line), NULL);
    assert_sofa(2);
    assert_span(checkpoint.note.signatures[1].line, line);
    assert_span(checkpoint.note.signatures[1].name, "witness.example.com/w1");
    ck_assert(base64_decode(checkpoint.note.signatures[1].base64, bytes, sizeof bytes, &length));
    ck_assert_uint_eq(length, 76);
    ck_assert_mem_eq(bytes, "\x8d\x66\xcf\x3f\0\0\0\0\x64\x18\x50\xcb", 12); /* 1679315147 */
}
END_TEST

START_TEST(the_examples_of_tlog_witness_parse)
{
    static const char old[] = "old 20852014\n"
                              "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
                              "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
                              "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
                              "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n";
    static const char second[] =
        DASH "example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks"
             "+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
    static const char response[] =
        DASH "witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSv"
             "VjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==\n" DASH
             "witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKb"
             "YKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==\n";

    parse_consistency(compose("%s%s%s", old, SOFA, second), NULL);
    ck_assert_int_eq(consistency.old_size, 20852014);
    ck_assert_uint_eq(consistency.proof.count, 4);
    ck_assert_mem_eq(consistency.proof.hashes[0].bytes, "\x3e\x54\x4d\x0a", 4);
    ck_assert_uint_eq(consistency.checkpoint.note.count, 2);
    consistency_add(&buffer, 20852014, &consistency.proof, span(SOFA));
    assert_buffer(compose("%s%s", old, SOFA));
    parse_checkpoint(compose("%s%s", SOFA, response), NULL);
    assert_sofa(3);
}
END_TEST

#define FANCY_PROOF                                                \
    "c2sp.org/tlog-proof@v1\n"                                     \
    "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ\n" \
    "index 73894\n"                                                \
    "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"               \
    "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"               \
    "EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\n"               \
    "RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\n"               \
    "AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n\n"
#define FANCY_BODY           \
    "example.com/fancylog\n" \
    "109482\n"               \
    "sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n"

START_TEST(the_example_of_tlog_proof_parses_but_for_what_is_left_out)
{
    const struct signer log = signer_of(1, "example.com/fancylog", 1);
    const char *whole = compose("%s\n%s", FANCY_BODY, signed_line(&log, FANCY_BODY, 0));
    unsigned char extra[39];

    parse_receipt(FANCY_PROOF FANCY_BODY "\n" DASH "example.com/fancylog hI2DJw[...]1roloI=\n",
                  "the receipt: line 14: is not a signature");
    parse_receipt(compose("%s%s", FANCY_PROOF, whole), NULL);
    ck_assert_int_eq(receipt.index, 73894);
    ck_assert_uint_eq(receipt.proof.count, 5);
    ck_assert_int_eq(receipt.checkpoint.size, 109482);
    ck_assert_uint_eq(receipt.extra_length, sizeof extra);
    receipt_copy_extra(&receipt, extra);
    ck_assert_mem_eq(extra, "age-v1.2.1-darwin-arm64.tar.gz", 30);
    receipt_add(&buffer, extra, sizeof extra, 73894, &receipt.proof, span(whole));
    assert_buffer(compose("%s%s", FANCY_PROOF, whole));
}
END_TEST

/* ---- notes: their form ---- */

#define LINE DASH "n AQIDBAU=\n" /* the shortest signature there is: one byte behind the id */

START_TEST(a_text_that_is_no_lines_is_refused)
{
    char *large = compose_bytes(compose("%*s", (int)TOO_LARGE, ""), TOO_LARGE);

    parse_note("", "it: is empty");
    parse_note("a\r\n\n" LINE, "it: has a control character in it");
    parse_note("a\tb\n\n" LINE, "it: has a control character in it");
    parse_note("a\x1f\n\n" LINE, "it: has a control character in it");
    parse_note("a\x7f\n\n" LINE, NULL);
    assert_parses(note_parse, &note, "a\0\n\n" LINE, sizeof "a\0\n\n" LINE - 1,
                  "it: has a control character in it");
    parse_note("a\xC0\x80\n\n" LINE, "it: is not UTF-8");
    parse_note("a\xED\xA0\x80\n\n" LINE, "it: is not UTF-8");
    parse_note("a\n\n" DASH "n AQIDBAU=", "it: does not end with a new line");
    large[KEYWARD_RECEIPT_MAX] = '\n';
    assert_parses(note_parse, &note, large, TOO_LARGE, "it: has more than 1048576 bytes");
    assert_parses(note_parse, &note, large + 1, KEYWARD_RECEIPT_MAX,
                  "it: has no empty line between a text and signatures");
}
END_TEST

START_TEST(a_note_is_a_text_an_empty_line_and_signatures)
{
    static const char not_a_signature[] = "it: line 3: is not a signature";
    static const char *const wrong[][2] = {
        {"\n", "it: has no empty line between a text and signatures"},
        {"a\n", "it: has no empty line between a text and signatures"},
        {LINE, "it: has no empty line between a text and signatures"},
        {"a\n" LINE, "it: has no empty line between a text and signatures"},
        {"\n" LINE, "it: has no empty line between a text and signatures"},
        {"a\n\n", "it: line 3: no signature follows"},
        {"\n\n", "it: line 3: no signature follows"},
        {"a\n\n" LINE "\n", "it: line 5: no signature follows"},
        {"a\n\n" LINE "\n" LINE "b\n", "it: line 6: is not a signature"},
        {"a\n\nb\n", not_a_signature},
        {"a\n\n- n AQIDBAU=\n", not_a_signature},
        {"a\n\n\xE2\x80\x93 n AQIDBAU=\n", not_a_signature},
        {"a\n\n" DASH "\n", not_a_signature},
        {"a\n\n" DASH " AQIDBAU=\n", not_a_signature},
        {"a\n\n" DASH "n\n", not_a_signature},
        {"a\n\n" DASH "n \n", not_a_signature},
        {"a\n\n" DASH "n  AQIDBAU=\n", not_a_signature},
        {"a\n\n" DASH " n AQIDBAU=\n", not_a_signature},
        {"a\n\n " LINE, not_a_signature},
        {"a\n\n" DASH "n AQIDBAU= \n", not_a_signature},
        {"a\n\n" DASH "n AQIDBAU=x\n", not_a_signature},
        {"a\n\n" DASH "n AQIDBAV=\n", not_a_signature},
        {"a\n\n" DASH "n AQIDBAU\n", not_a_signature},
        {"a\n\n" DASH "n AQIDBA==\n", not_a_signature},
        {"a\n\n" DASH "n+m AQIDBAU=\n", not_a_signature},
        {"a\n\n" DASH "n\u00a0m AQIDBAU=\n", not_a_signature},
        {"a\n\n\xE2\x80\x94\u00a0n AQIDBAU=\n", not_a_signature},
    };

    for (size_t i = 0; i < COUNT(wrong); i++)
        parse_note(wrong[i][0], wrong[i][1]);
}
END_TEST

START_TEST(the_last_empty_line_ends_the_text)
{
    parse_note("\n\n" LINE, NULL);
    assert_span(note.text, "\n");
    parse_note("a\n\n" LINE "\n" LINE LINE, NULL);
    assert_span(note.text, "a\n\n" LINE);
    ck_assert_uint_eq(note.count, 2);
    assert_span(note.signatures[1].line, LINE);
    assert_span(note.signatures[1].name, "n");
    ck_assert_mem_eq(note.signatures[1].key_id, "\1\2\3\4", 4);
    parse_note("a\n\n\n\n" LINE, NULL);
    assert_span(note.text, "a\n\n\n");
}
END_TEST

START_TEST(a_note_has_64_signatures_at_most)
{
    const char *signatures = "";

    for (int i = 0; i < 64; i++)
        signatures = compose("%s%s", signatures, LINE);
    parse_note(compose("a\n\n%s", signatures), NULL);
    ck_assert_uint_eq(note.count, 64);
    parse_note(compose("a\n\n%s%s", signatures, LINE),
               "it: line 67: there are more than 64 signatures");
}
END_TEST

/* As post-quantum ones are. */
START_TEST(a_long_signature_of_an_unknown_key_is_passed_over)
{
    const struct verifier_key key = key_of(FOO_KEY);
    unsigned char bytes[5000] = {6};

    parse_note(compose("%s%s", FOO_NOTE, line_of("example.com/foo", bytes, sizeof bytes)), NULL);
    ck_assert_int_eq(signed_by(&key), SIGNED_RIGHTLY);
    ck_assert_uint_eq(note.count, 2);
}
END_TEST

/* ---- notes: who has signed ---- */

#define BODY "a text\n"

static struct signer signer, witness;
static struct verifier_key signer_key, witness_key;

static void begin_with_signers(void)
{
    begin();
    signer = signer_of(1, "log.example", 1);
    witness = signer_of(4, "witness.example", 2);
    signer_key = key_of(signer.key);
    witness_key = key_of(witness.key);
}

/* A note of these lines, and what it is worth to a key. */
static void assert_signed(const struct verifier_key *key, const char *signatures,
                          enum signed_by wanted, int64_t wanted_at)
{
    int64_t at = -1;

    parse_note(compose("%s\n%s", BODY, signatures), NULL);
    ck_assert_int_eq(note_signed_by(&note, key, &at), wanted);
    if (wanted != SIGNED_WRONGLY)
        ck_assert_int_eq(at, wanted_at);
}

/* The line with a bit of what its base64 stands for changed, from behind the dash and the name. */
static const char *line_with_bit_changed(const struct signer *who, const char *line, size_t bit)
{
    unsigned char bytes[76];
    struct span encoded = span_after(span(line), strlen(DASH) + strlen(who->name) + 1);
    size_t length;

    encoded.length--;
    ck_assert(base64_decode(encoded, bytes, sizeof bytes, &length));
    bytes[bit / 8] = (unsigned char)(bytes[bit / 8] ^ (1 << bit % 8));
    return line_of(who->name, bytes, length);
}

START_TEST(a_signature_is_of_the_text_and_the_key)
{
    const char *good = signed_line(&signer, BODY, 0);
    const char *of_another_text = signed_line(&signer, "another text\n", 0);

    assert_signed(&signer_key, good, SIGNED_RIGHTLY, 0);
    assert_signed(&witness_key, good, SIGNED_NOT, 0);
    assert_signed(&signer_key, of_another_text, SIGNED_WRONGLY, 0);
    assert_signed(&signer_key, compose("%s%s", good, good), SIGNED_RIGHTLY, 0);
    assert_signed(&signer_key, compose("%s%s", good, of_another_text), SIGNED_WRONGLY, 0);
    assert_signed(&signer_key, compose("%s%s", of_another_text, good), SIGNED_WRONGLY, 0);
    assert_signed(&signer_key, compose("%s%s", LINE, good), SIGNED_RIGHTLY, 0);
}
END_TEST

START_TEST(a_key_is_known_by_its_name_and_id_together)
{
    struct signer same_id = signer, same_name = signer_of(1, signer.name, 9);
    const char *other;

    same_id.name = "other.example";
    other = compose("%s%s", signed_line(&same_id, "another text\n", 0),
                    signed_line(&same_name, "another text\n", 0));
    assert_signed(&signer_key, other, SIGNED_NOT, 0);
    assert_signed(&signer_key, compose("%s%s", other, signed_line(&signer, BODY, 0)),
                  SIGNED_RIGHTLY, 0);
    memcpy(same_name.id, signer.id, 4); /* an id is short enough to be hit on purpose */
    assert_signed(&signer_key, signed_line(&same_name, BODY, 0), SIGNED_WRONGLY, 0);
}
END_TEST

START_TEST(a_signature_of_another_length_does_not_hold)
{
    unsigned char bytes[140] = {0};

    for (size_t length = 5; length <= sizeof bytes; length++) {
        memcpy(bytes, signer.id, 4);
        assert_signed(&signer_key, line_of(signer.name, bytes, length), SIGNED_WRONGLY, 0);
        memcpy(bytes, witness.id, 4);
        assert_signed(&witness_key, line_of(witness.name, bytes, length), SIGNED_WRONGLY, 0);
    }
}
END_TEST

START_TEST(a_signature_that_differs_by_a_bit_does_not_hold)
{
    const char *good = signed_line(&signer, BODY, 0);
    const char *cosigned = signed_line(&witness, BODY, 1679315147);

    for (size_t bit = 0; bit < 8 * 68; bit++)
        assert_signed(&signer_key, line_with_bit_changed(&signer, good, bit),
                      bit < 32 ? SIGNED_NOT : SIGNED_WRONGLY, 0);
    for (size_t bit = 0; bit < 8 * 76; bit++)
        assert_signed(&witness_key, line_with_bit_changed(&witness, cosigned, bit),
                      bit < 32 ? SIGNED_NOT : SIGNED_WRONGLY, 0);
}
END_TEST

/* S + L has the same value modulo L: a second signature that a lax verifier would take. */
START_TEST(a_signature_has_one_form)
{
    static const unsigned char order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                            0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                            0,    0,    0,    0,    0,    0,    0,    0,
                                            0,    0,    0,    0,    0,    0,    0,    0x10};
    unsigned char bytes[68];

    memcpy(bytes, signer.id, 4);
    crypto_sign_detached(bytes + 4, NULL, (const unsigned char *)BODY, strlen(BODY),
                         signer.secret_key);
    assert_signed(&signer_key, line_of(signer.name, bytes, 68), SIGNED_RIGHTLY, 0);
    sodium_add(bytes + 36, order, 32);
    assert_signed(&signer_key, line_of(signer.name, bytes, 68), SIGNED_WRONGLY, 0);
}
END_TEST

/* Of small order is a key for which anybody can make signatures. */
START_TEST(a_key_of_small_order_verifies_nothing)
{
    struct signer neutral = {.name = "log.example", .public_key = {1}};
    unsigned char bytes[68] = {0};
    struct verifier_key key;

    verifier_key_make(&key, KEY_ED25519, span(neutral.name), neutral.public_key);
    memcpy(bytes, key.id, 4);
    bytes[4] = 1;
    assert_signed(&key, line_of(neutral.name, bytes, 68), SIGNED_WRONGLY, 0);
}
END_TEST

START_TEST(a_cosignature_has_a_time)
{
    static const struct {
        uint64_t seconds;
        enum signed_by wanted;
    } times[] = {{1, SIGNED_RIGHTLY},
                 {1679315147, SIGNED_RIGHTLY},
                 {KEYWARD_TIME_MAX / 1000, SIGNED_RIGHTLY},
                 {0, SIGNED_WRONGLY},
                 {KEYWARD_TIME_MAX / 1000 + 1, SIGNED_WRONGLY},
                 {INT64_MAX, SIGNED_WRONGLY},
                 {(uint64_t)INT64_MAX + 1, SIGNED_WRONGLY},
                 {UINT64_MAX, SIGNED_WRONGLY}};

    for (size_t i = 0; i < COUNT(times); i++)
        assert_signed(&witness_key, signed_line(&witness, BODY, times[i].seconds), times[i].wanted,
                      times[i].wanted == SIGNED_RIGHTLY ? (int64_t)times[i].seconds * 1000 : 0);
}
END_TEST

START_TEST(of_several_cosignatures_the_earliest_counts)
{
    const char *five = signed_line(&witness, BODY, 5), *nine = signed_line(&witness, BODY, 9);

    assert_signed(&witness_key, compose("%s%s", five, nine), SIGNED_RIGHTLY, 5000);
    assert_signed(&witness_key, compose("%s%s", nine, five), SIGNED_RIGHTLY, 5000);
    assert_signed(&witness_key, compose("%s%s%s", nine, five, signed_line(&witness, "b\n", 7)),
                  SIGNED_WRONGLY, 0);
}
END_TEST

/* The kinds of signature are not taken for each other, even of one key. */
START_TEST(a_note_s_signature_is_no_cosignature)
{
    const struct signer log = signer_of(1, "n", 1), both = signer_of(4, "n", 1);
    const struct verifier_key log_key = key_of(log.key), both_key = key_of(both.key);
    unsigned char bytes[76] = {0};

    assert_signed(&log_key, signed_line(&both, BODY, 5), SIGNED_NOT, 0);
    assert_signed(&both_key, signed_line(&log, BODY, 0), SIGNED_NOT, 0);
    bytes[11] = 5;
    memcpy(bytes, both.id, 4);
    crypto_sign_detached(bytes + 12, NULL, (const unsigned char *)BODY, strlen(BODY),
                         both.secret_key);
    assert_signed(&both_key, line_of("n", bytes, 76), SIGNED_WRONGLY, 0);
}
END_TEST

START_TEST(a_cosigned_text_has_4096_bytes_at_most)
{
    for (int length = 4095; length <= 4097; length++) {
        const char *body = compose("%*s\n", length - 1, "x");
        parse_note(compose("%s\n%s", body, signed_line(&witness, body, 5)), NULL);
        ck_assert_int_eq(signed_by(&witness_key),
                         length <= NOTE_COSIGNED_MAX ? SIGNED_RIGHTLY : SIGNED_WRONGLY);
    }
}
END_TEST

START_TEST(a_note_that_is_signed_here_is_a_note)
{
    unsigned char *secret = sodium_malloc(SECRET_KEY_BYTES);

    memcpy(secret, signer.secret_key, SECRET_KEY_BYTES);
    ck_assert_int_eq(sodium_mprotect_readonly(secret), 0);
    buffer_add_text(&buffer, BODY);
    note_sign(&buffer, &signer_key, secret);
    sodium_free(secret);
    assert_buffer(compose("%s\n%s", BODY, signed_line(&signer, BODY, 0)));
}
END_TEST

START_TEST(a_text_for_which_there_was_no_memory_is_not_signed)
{
    buffer_add_text(&buffer, BODY);
    buffer.failed = true;
    note_sign(&buffer, &signer_key, signer.secret_key);
    ck_assert(buffer.failed);
    ck_assert_uint_eq(buffer.length, strlen(BODY));
}
END_TEST

/* ---- checkpoints ---- */

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

START_TEST(a_checkpoint_has_an_origin_a_size_and_a_root)
{
    static const char size[] = "it: line 2: must be the checkpoint's size",
                      root[] = "it: line 3: must be the checkpoint's root in base64",
                      empty[] = "it: line 4: must not be empty";
    static const char *const wrong[][2] = {
        {"\n", "it: line 1: must be the checkpoint's origin"},
        {"\no\n1\n" ROOT "\n", "it: line 1: must be the checkpoint's origin"},
        {"o\n", size},
        {"o\n\n1\n" ROOT "\n", size},
        {"o\n01\n" ROOT "\n", size},
        {"o\n00\n" ROOT "\n", size},
        {"o\n-1\n" ROOT "\n", size},
        {"o\n 1\n" ROOT "\n", size},
        {"o\n1 \n" ROOT "\n", size},
        {"o\n4611686018427387905\n" ROOT "\n", size},
        {"o\n18446744073709551617\n" ROOT "\n", size},
        {"o\n1\n", root},
        {"o\n1\n\n" ROOT "\n", root},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", root},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n", root},
        {"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n", root},
        {"o\n1\n" ROOT " \n", root},
        {"o\n0\n" ROOT "\n", "it: line 3: must be the root of an empty log"},
        {"o\n1\n" ROOT "\n\n", empty},
        {"o\n1\n" ROOT "\n\nextension\n", empty},
        {"o\n1\n" ROOT "\nextension\n\n", "it: line 5: must not be empty"},
    };

    for (size_t i = 0; i < COUNT(wrong); i++)
        parse_checkpoint(compose("%s\n%s", wrong[i][0], LINE), wrong[i][1]);
    parse_checkpoint("o\n1\n" ROOT "\n", "it: has no empty line between a text and signatures");
    parse_checkpoint("o\n1\n" ROOT "\n\n", "it: line 5: no signature follows");
}
END_TEST

START_TEST(a_checkpoint_may_have_extension_lines)
{
    parse_checkpoint("an origin\n0\n" EMPTY_ROOT "\n\n" LINE, NULL);
    ck_assert_int_eq(checkpoint.size, 0);
    parse_checkpoint("o\n4611686018427387904\n" ROOT "\n\n" LINE, NULL);
    ck_assert_int_eq(checkpoint.size, INT64_C(1) << 62);
    parse_checkpoint("o\n1\n" ROOT "\none\n two \n\n" LINE, NULL);
    assert_span(checkpoint.note.text, "o\n1\n" ROOT "\none\n two \n");
    assert_span(checkpoint.origin, "o");
}
END_TEST

START_TEST(what_is_signed_of_a_checkpoint_has_4096_bytes_at_most)
{
    const int rest = 4096 - (int)strlen("o\n1\n" ROOT "\n\n");

    parse_checkpoint(compose("o\n1\n" ROOT "\n%*s\n\n" LINE, rest, "x"), NULL);
    ck_assert_uint_eq(checkpoint.note.text.length, 4096);
    parse_checkpoint(compose("o\n1\n" ROOT "\n%*s\n\n" LINE, rest + 1, "x"),
                     "it: the checkpoint has more than 4096 bytes before its signatures");
}
END_TEST

START_TEST(a_checkpoint_that_is_signed_here_verifies)
{
    for (int size = 0; size <= LOG_MAX; size += 7) {
        const char *body = log_body(signer.name, size);
        struct hash root;
        parse_checkpoint(compose("%s\n" LINE, body), NULL);
        root = checkpoint.root;
        checkpoint_sign(&buffer, &signer_key, signer.secret_key, size, &root);
        assert_buffer(compose("%s\n%s", body, signed_line(&signer, body, 0)));
    }
}
END_TEST

/* ---- receipts and consistency proofs ---- */

#define HASH ROOT "\n"
#define CHECKPOINT "o\n9\n" ROOT "\n\n" LINE

START_TEST(a_receipt_has_its_lines_in_order)
{
    static const char first[] = "the receipt: line 1: must be 'c2sp.org/tlog-proof@v1'",
                      index[] = "the receipt: line 2: must be 'index' and a number",
                      extra[] = "the receipt: line 2: must be 'extra' and base64",
                      after[] = "the receipt: line 3: must be 'index' and a number",
                      hash[] = "the receipt: line 3: must be a hash in base64";
    static const char *const wrong[][2] = {
        {"\n", first},
        {"c2sp.org/tlog-proof@v2\nindex 1\n\n", first},
        {"c2sp.org/tlog-proof@v1 \nindex 1\n\n", first},
        {"\nc2sp.org/tlog-proof@v1\nindex 1\n\n", first},
        {"c2sp.org/tlog-proof@v1\n\nindex 1\n\n", index},
        {"c2sp.org/tlog-proof@v1\nindex\n\n", index},
        {"c2sp.org/tlog-proof@v1\nindex \n\n", index},
        {"c2sp.org/tlog-proof@v1\nindex  1\n\n", index},
        {"c2sp.org/tlog-proof@v1\nindex 01\n\n", index},
        {"c2sp.org/tlog-proof@v1\nindex -1\n\n", index},
        {"c2sp.org/tlog-proof@v1\nindex 1 \n\n", index},
        {"c2sp.org/tlog-proof@v1\nIndex 1\n\n", index},
        {"c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\n", index},
        {"c2sp.org/tlog-proof@v1\nextra\nindex 1\n\n", index},
        {"c2sp.org/tlog-proof@v1\nextra \nindex 1\n\n", extra},
        {"c2sp.org/tlog-proof@v1\nextra Zh==\nindex 1\n\n", extra},
        {"c2sp.org/tlog-proof@v1\nextra  Zg==\nindex 1\n\n", extra},
        {"c2sp.org/tlog-proof@v1\nextra Zg==\n\nindex 1\n\n", after},
        {"c2sp.org/tlog-proof@v1\nextra Zg==\nextra Zg==\nindex 1\n\n", after},
        {"c2sp.org/tlog-proof@v1\nindex 1\nindex 1\n\n", hash},
        {"c2sp.org/tlog-proof@v1\nindex 1\nextra Zg==\n\n", hash},
        {"c2sp.org/tlog-proof@v1\nindex 1\n " HASH "\n", hash},
        {"c2sp.org/tlog-proof@v1\nindex 1\nZg==\n\n", hash},
        {"c2sp.org/tlog-proof@v1\nindex 1\n", hash},
        {"c2sp.org/tlog-proof@v1\nindex 1\n\n\n",
         "the receipt: line 4: must be the checkpoint's origin"},
        {"c2sp.org/tlog-proof@v1\nindex 1\n\n" HASH "\n",
         "the receipt: line 5: must be the checkpoint's size"},
        {"c2sp.org/tlog-proof@v1\nindex 9\n\n",
         "the receipt: its index is not below the checkpoint's size"},
    };

    for (size_t i = 0; i < COUNT(wrong); i++)
        parse_receipt(compose("%s%s", wrong[i][0], CHECKPOINT), wrong[i][1]);
    parse_receipt("c2sp.org/tlog-proof@v1\n", index);
    parse_receipt("c2sp.org/tlog-proof@v1\nextra Zg==\n", after);
    parse_receipt("c2sp.org/tlog-proof@v1\nindex 1\n" HASH,
                  "the receipt: line 4: no empty line follows");
    parse_receipt("c2sp.org/tlog-proof@v1\nindex 1\n\n",
                  "the receipt: has no empty line between a text and signatures");
    parse_receipt("c2sp.org/tlog-proof@v1\nindex 8\n\n" CHECKPOINT, NULL);
    ck_assert_uint_eq(receipt.extra.length, 0);
    ck_assert_uint_eq(receipt.extra_length, 0);
}
END_TEST

START_TEST(a_consistency_proof_has_its_lines_in_order)
{
    static const char first[] = "the proof: line 1: must be 'old' and a number",
                      hash[] = "the proof: line 2: must be a hash in base64";
    static const char *const wrong[][2] = {
        {"\n", first},
        {"old\n\n", first},
        {"old 01\n\n", first},
        {"old -0\n\n", first},
        {"old  1\n\n", first},
        {"Old 1\n\n", first},
        {"\nold 1\n\n", first},
        {"old 4611686018427387905\n\n", first},
        {"old 1\nold 1\n\n", hash},
        {"old 1\n" HASH "x\n\n", "the proof: line 3: must be a hash in base64"},
        {"old 10\n\n", "the proof: its old size is above the checkpoint's size"},
    };

    for (size_t i = 0; i < COUNT(wrong); i++)
        parse_consistency(compose("%s%s", wrong[i][0], CHECKPOINT), wrong[i][1]);
    parse_consistency("old 9\n\n" CHECKPOINT, NULL);
    ck_assert_int_eq(consistency.old_size, 9);
}
END_TEST

START_TEST(a_proof_has_63_hashes_at_most)
{
    const char *hashes = "";

    for (int i = 0; i < 63; i++)
        hashes = compose("%s%s", hashes, HASH);
    parse_receipt(compose("c2sp.org/tlog-proof@v1\nindex 1\n%s\n%s", hashes, CHECKPOINT), NULL);
    ck_assert_uint_eq(receipt.proof.count, 63);
    parse_receipt(compose("c2sp.org/tlog-proof@v1\nindex 1\n%s%s\n%s", hashes, HASH, CHECKPOINT),
                  "the receipt: line 66: there are more than 63 hashes");
    parse_consistency(compose("old 1\n%s\n%s", hashes, CHECKPOINT), NULL);
    ck_assert_uint_eq(consistency.proof.count, 63);
    parse_consistency(compose("old 1\n%s%s\n%s", hashes, HASH, CHECKPOINT),
                      "the proof: line 65: there are more than 63 hashes");
}
END_TEST

START_TEST(what_is_written_is_what_was_read)
{
    for (int size = 1; size <= 20; size++) {
        const char *body = log_body(signer.name, size), *line = signed_line(&signer, body, 0);
        const char *signed_body = compose("%s\n%s", body, line);
        for (int index = 0; index < size; index++) {
            const char *wanted = log_receipt(index, size, body, line), *event = log_event(index);
            parse_receipt(wanted, NULL);
            receipt_add(&buffer, event, strlen(event), receipt.index, &receipt.proof,
                        span(signed_body));
            assert_buffer(wanted);
            wanted = compose("old %d\n%s\n%s", index, log_consistency(index, size), signed_body);
            parse_consistency(wanted, NULL);
            consistency_add(&buffer, index, &consistency.proof, span(signed_body));
            assert_buffer(wanted);
        }
    }
    receipt_add(&buffer, NULL, 0, 0, &(struct merkle_proof){.count = 0}, span("x\n"));
    assert_buffer("c2sp.org/tlog-proof@v1\nindex 0\n\nx\n");
}
END_TEST

static void add_text_tests(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "text and keys", begin, end);

    tcase_add_test(tests, a_decimal_has_one_form);
    tcase_add_test(tests, base64_is_that_of_the_rfc);
    tcase_add_test(tests, base64_of_another_form_is_refused);
    tcase_add_test(tests, base64_with_bits_left_over_is_refused);
    tcase_add_test(tests, base64_of_any_length_is_that_of_libsodium);
    tcase_add_test(tests, base64_is_written_only_where_there_is_room);
    tcase_add_test(tests, signatures_are_those_of_rfc_8032);
    tcase_add_test(tests, a_key_is_read_and_written);
    tcase_add_test(tests, keys_of_both_types_are_made);
    tcase_add_test(tests, a_key_that_differs_by_a_bit_is_none);
    tcase_add_test(tests, what_is_no_key_is_refused);
    tcase_add_test(tests, a_name_has_neither_spaces_nor_a_plus);
    tcase_add_test(tests, every_space_of_unicode_is_known);
}

static void add_vector_tests(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "published notes", begin, end);

    tcase_add_test(tests, the_example_of_signed_note_verifies);
    tcase_add_test(tests, the_note_of_quasimodo_parses);
    tcase_add_test(tests, the_example_of_the_go_library_verifies_and_is_signed_alike);
    tcase_add_test(tests, the_example_of_tlog_checkpoint_parses);
    tcase_add_test(tests, the_example_of_tlog_cosignature_parses);
    tcase_add_test(tests, the_examples_of_tlog_witness_parse);
    tcase_add_test(tests, the_example_of_tlog_proof_parses_but_for_what_is_left_out);
}

static void add_note_tests(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "notes", begin_with_signers, end);

    tcase_add_test(tests, a_text_that_is_no_lines_is_refused);
    tcase_add_test(tests, a_note_is_a_text_an_empty_line_and_signatures);
    tcase_add_test(tests, the_last_empty_line_ends_the_text);
    tcase_add_test(tests, a_note_has_64_signatures_at_most);
    tcase_add_test(tests, a_long_signature_of_an_unknown_key_is_passed_over);
    tcase_add_test(tests, a_signature_is_of_the_text_and_the_key);
    tcase_add_test(tests, a_key_is_known_by_its_name_and_id_together);
    tcase_add_test(tests, a_signature_of_another_length_does_not_hold);
    tcase_add_test(tests, a_signature_that_differs_by_a_bit_does_not_hold);
    tcase_add_test(tests, a_signature_has_one_form);
    tcase_add_test(tests, a_key_of_small_order_verifies_nothing);
    tcase_add_test(tests, a_cosignature_has_a_time);
    tcase_add_test(tests, of_several_cosignatures_the_earliest_counts);
    tcase_add_test(tests, a_note_s_signature_is_no_cosignature);
    tcase_add_test(tests, a_cosigned_text_has_4096_bytes_at_most);
    tcase_add_test(tests, a_note_that_is_signed_here_is_a_note);
    tcase_add_test(tests, a_text_for_which_there_was_no_memory_is_not_signed);
}

static void add_proof_tests(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "checkpoints and proofs", begin_with_signers, end);

    tcase_add_test(tests, a_checkpoint_has_an_origin_a_size_and_a_root);
    tcase_add_test(tests, a_checkpoint_may_have_extension_lines);
    tcase_add_test(tests, what_is_signed_of_a_checkpoint_has_4096_bytes_at_most);
    tcase_add_test(tests, a_checkpoint_that_is_signed_here_verifies);
    tcase_add_test(tests, a_receipt_has_its_lines_in_order);
    tcase_add_test(tests, a_consistency_proof_has_its_lines_in_order);
    tcase_add_test(tests, a_proof_has_63_hashes_at_most);
    tcase_add_test(tests, what_is_written_is_what_was_read);
}

int main(void)
{
    Suite *suite = suite_create("note");

    add_text_tests(suite);
    add_vector_tests(suite);
    add_note_tests(suite);
    add_proof_tests(suite);
    return run_suite(suite);
}
