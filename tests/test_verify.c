/* SPDX-License-Identifier: MIT */
/*
 * What is verified without a store: receipts and consistency proofs of a log that support/log.c
 * makes by the RFC's own definitions, and every way to change them.
 */
#include "fault/memory.h"
#include "support/crew.h"
#include "support/fixture.h"
#include "support/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define WITNESSES 4
#define DASH "\xE2\x80\x94 "

static struct signer log_signer, witnesses[WITNESSES], stranger;
static const char *witness_keys[WITNESSES];
static keyward_trust trust;
static keyward_proven proven;

static void begin(void)
{
    ck_assert_int_ge(sodium_init(), 0);
    log_signer = signer_of(1, "log.example/audit", 1);
    stranger = signer_of(4, "stranger.example", 2);
    for (int i = 0; i < WITNESSES; i++) {
        witnesses[i] = signer_of(4, compose("witness.example/w%d", i + 1), (unsigned char)(10 + i));
        witness_keys[i] = witnesses[i].key;
    }
    trust = (keyward_trust){.log_key = log_signer.key};
}

static void trust_witnesses(size_t count, size_t needed)
{
    trust.witness_keys = witness_keys;
    trust.witness_count = count;
    trust.witnesses_needed = needed;
}

/* ---- calls and what they come to ---- */

static const keyward_proven nothing;

static enum keyward_status verify(const char *receipt, const char *event)
{
    memset(&proven, 0xff, sizeof proven);
    return keyward_verify_receipt(receipt, strlen(receipt), &trust, event,
                                  event ? strlen(event) : 0, &proven);
}

static enum keyward_status verify_consistency(const char *old, const char *proof)
{
    memset(&proven, 0xff, sizeof proven);
    return keyward_verify_consistency(old, strlen(old), proof, strlen(proof), &trust, &proven);
}

static void assert_proven(enum keyward_status status, int64_t sequence, int64_t size,
                          int64_t old_size)
{
    assert_status(NULL, status, KEYWARD_OK);
    ck_assert_str_eq(keyward_last_error(NULL)->message, "done");
    ck_assert_int_eq(proven.sequence, sequence);
    ck_assert_int_eq(proven.size, size);
    ck_assert_int_eq(proven.old_size, old_size);
}

static void assert_witnessed(size_t count, int64_t at)
{
    ck_assert_uint_eq(proven.witnesses, count);
    ck_assert_int_eq(proven.witnessed_at, at);
}

static void assert_refused(enum keyward_status status, enum keyward_status wanted,
                           const char *message)
{
    assert_status(NULL, status, wanted);
    ck_assert_str_eq(keyward_last_error(NULL)->message, message);
    ck_assert_int_eq(keyward_last_error(NULL)->status, wanted);
    ck_assert_mem_eq(&proven, &nothing, sizeof proven);
}

#define assert_unproven(status, message) assert_refused(status, KEYWARD_UNPROVEN, message)

static const char *body_of(int size)
{
    return log_body(log_signer.name, size);
}

/* The log's line and those of the first so many witnesses, the first at 101 s, the next at 102. */
static const char *signatures_of(const char *body, int count)
{
    const char *signatures = signed_line(&log_signer, body, 0);

    for (int i = 0; i < count; i++)
        signatures =
            compose("%s%s", signatures, signed_line(&witnesses[i], body, 101 + (uint64_t)i));
    return signatures;
}

static const char *receipt_of(int index, int size, int count)
{
    const char *body = body_of(size);
    return log_receipt(index, size, body, signatures_of(body, count));
}

static const char *checkpoint_of(int size, int count)
{
    const char *body = body_of(size);
    return compose("%s\n%s", body, signatures_of(body, count));
}

static const char *proof_of(int old_size, int size, int count)
{
    return compose("old %d\n%s\n%s", old_size, log_consistency(old_size, size),
                   checkpoint_of(size, count));
}

/* ---- what holds ---- */

START_TEST(every_event_of_a_log_is_proven_by_its_receipt)
{
    for (int size = 1; size <= 20; size++) {
        const char *body = body_of(size), *signature = signed_line(&log_signer, body, 0);
        for (int index = 0; index < size; index++) {
            const char *receipt = log_receipt(index, size, body, signature);
            assert_proven(verify(receipt, log_event(index)), index + 1, size, 0);
            assert_proven(verify(receipt, NULL), index + 1, size, 0);
            assert_witnessed(0, 0);
            assert_unproven(verify(receipt, log_event((index + 1) % LOG_MAX)),
                            "the event is not the one that the log has in this place");
        }
    }
}
END_TEST

START_TEST(every_checkpoint_of_a_log_is_continued_by_every_later_one)
{
    for (int size = 0; size <= 16; size++) {
        for (int old_size = 0; old_size <= size; old_size++) {
            const char *old = checkpoint_of(old_size, 0), *proof = proof_of(old_size, size, 0);
            assert_proven(verify_consistency(old, proof), 0, size, old_size);
            assert_witnessed(0, 0);
        }
    }
}
END_TEST

START_TEST(a_receipt_carries_its_event)
{
    const char *receipt = receipt_of(3, 7, 2);
    keyward_text *event = NULL;

    assert_status(NULL, keyward_receipt_event(receipt, strlen(receipt), &event), KEYWARD_OK);
    ck_assert_str_eq(event->text, log_event(3));
    ck_assert_uint_eq(event->length, strlen(log_event(3)));
    keyward_text_free(&event);
    ck_assert_ptr_null(event);
    keyward_text_free(&event);
    keyward_text_free(NULL);
}
END_TEST

static const char *with_extra(const char *line)
{
    const char *body = body_of(1);

    return compose("c2sp.org/tlog-proof@v1\n%sindex 0\n\n%s\n%s", line, body,
                   signed_line(&log_signer, body, 0));
}

static void assert_carries_none(const char *extra, const char *message)
{
    keyward_text *event = (keyward_text *)&trust;
    const char *receipt = with_extra(extra);

    assert_unproven(verify(receipt, NULL), message);
    assert_unproven(keyward_receipt_event(receipt, strlen(receipt), &event), message);
    ck_assert_ptr_null(event);
    assert_proven(verify(receipt, log_event(0)), 1, 1, 0);
}

START_TEST(a_receipt_need_not_carry_an_event)
{
    static const char none[] = "the receipt: carries no event",
                      other[] = "the receipt: the event it carries is not a line of text";
    static const char *const bytes[] = {"\n",       "{}\n",         "\x1b[2J", "\t",  "\xff",
                                        "\xC0\x80", "\xED\xA0\x80", "a\r",     "\x1f"};

    assert_carries_none("", none);
    for (size_t i = 0; i < COUNT(bytes); i++)
        assert_carries_none(compose("extra %s\n", base64(bytes[i], strlen(bytes[i]))), other);
    assert_carries_none(compose("extra %s\n", base64("{\0}", 3)), other);
    assert_unproven(verify(with_extra("extra e30=\n"), NULL),
                    "the event is not the one that the log has in this place");
}
END_TEST

START_TEST(the_event_given_is_the_one_that_counts)
{
    const char *receipt = with_extra(compose("extra %s\n", base64("another", 7)));

    assert_proven(verify(receipt, log_event(0)), 1, 1, 0);
    assert_unproven(verify(receipt, "another"),
                    "the event is not the one that the log has in this place");
    assert_unproven(verify(receipt, compose("%s\n", log_event(0))),
                    "the event is not the one that the log has in this place");
    assert_unproven(verify(receipt, ""), "the event is not the one that the log has in this place");
}
END_TEST

START_TEST(a_checkpoint_may_have_extension_lines)
{
    const char *body = compose("%sextension 1\n", body_of(5));

    trust_witnesses(2, 2);
    assert_proven(verify(log_receipt(2, 5, body, signatures_of(body, 2)), NULL), 3, 5, 0);
    assert_unproven(verify(log_receipt(2, 5, body, signatures_of(body_of(5), 2)), NULL),
                    "the checkpoint: the log's signature does not hold");
}
END_TEST

/* ---- what does not: messages ---- */

START_TEST(a_malformed_text_is_named_by_its_line)
{
    const char *good = checkpoint_of(3, 0), *receipt = receipt_of(1, 3, 0);

    assert_unproven(verify("", NULL), "the receipt: is empty");
    assert_unproven(verify("hello\n", NULL),
                    "the receipt: line 1: must be 'c2sp.org/tlog-proof@v1'");
    assert_unproven(verify(compose("%s\n", receipt), NULL),
                    "the receipt: line 13: no signature follows");
    assert_unproven(verify(compose("%s \n", receipt), NULL),
                    "the receipt: line 12: is not a signature");
    assert_unproven(verify_consistency("", proof_of(3, 5, 0)), "the old checkpoint: is empty");
    assert_unproven(verify_consistency("a\r\n", proof_of(3, 5, 0)),
                    "the old checkpoint: has a control character in it");
    assert_unproven(verify_consistency(good, "old 03\n"),
                    "the proof: line 1: must be 'old' and a number");
    assert_unproven(verify_consistency(good, good),
                    "the proof: line 1: must be 'old' and a number");
    memset(&proven, 0, sizeof proven);
    assert_unproven(keyward_verify_receipt("a\0b\n", 4, &trust, NULL, 0, &proven),
                    "the receipt: has a control character in it");
}
END_TEST

START_TEST(the_log_must_be_the_trusted_one_and_have_signed)
{
    const char *body = body_of(5), *other_body = log_body("other.example", 5);
    const struct signer other = signer_of(1, "other.example", 1);
    const struct signer other_key = signer_of(1, log_signer.name, 3);
    static const char other_log[] =
        "the checkpoint: is of another log: its origin is not the name of the log's key";

    assert_unproven(verify(log_receipt(2, 5, other_body, signed_line(&other, other_body, 0)), NULL),
                    other_log);
    assert_unproven(
        verify(log_receipt(2, 5, other_body, signed_line(&log_signer, other_body, 0)), NULL),
        other_log);
    assert_unproven(verify(log_receipt(2, 5, body, signed_line(&other, body, 0)), NULL),
                    "the checkpoint: is not signed by the log's key");
    assert_unproven(verify(log_receipt(2, 5, body, signed_line(&other_key, body, 0)), NULL),
                    "the checkpoint: is not signed by the log's key");
    assert_unproven(verify(log_receipt(2, 5, body, signed_line(&log_signer, body_of(4), 0)), NULL),
                    "the checkpoint: the log's signature does not hold");
    assert_proven(verify(log_receipt(2, 5, body,
                                     compose("%s%s", signed_line(&other_key, body_of(4), 0),
                                             signed_line(&log_signer, body, 0))),
                         NULL),
                  3, 5, 0);
    assert_unproven(verify_consistency(compose("%s\n%s", other_body, signed_line(&other, body, 0)),
                                       proof_of(5, 6, 0)),
                    "the old checkpoint: is of another log: its origin is not the name of the "
                    "log's key");
    assert_unproven(verify_consistency(compose("%s\n%s", body, signed_line(&other, body, 0)),
                                       proof_of(5, 6, 0)),
                    "the old checkpoint: is not signed by the log's key");
}
END_TEST

START_TEST(an_index_is_the_event_s_own)
{
    static const char elsewhere[] = "the event is not the one that the log has in this place";
    const char *body = body_of(6), *signature = signed_line(&log_signer, body, 0);

    for (int index = 0; index < 6; index++) {
        for (int claimed = 0; claimed < 8; claimed++) {
            const char *receipt = compose("c2sp.org/tlog-proof@v1\nindex %d\n%s\n%s\n%s", claimed,
                                          log_inclusion(index, 6), body, signature);
            if (claimed == index)
                assert_proven(verify(receipt, log_event(index)), index + 1, 6, 0);
            else
                assert_unproven(verify(receipt, log_event(index)),
                                claimed < 6 ? elsewhere
                                            : "the receipt: its index is not below the "
                                              "checkpoint's size");
        }
    }
}
END_TEST

START_TEST(a_proof_has_neither_more_nor_fewer_hashes)
{
    const char *body = body_of(6), *signature = signed_line(&log_signer, body, 0);
    const char *hashes = log_inclusion(2, 6), *first = compose("%.45s", hashes);
    static const char elsewhere[] = "the event is not the one that the log has in this place";
    const char *const wrong[] = {"", hashes + 45, compose("%.90s", hashes),
                                 compose("%s%s", hashes, first), compose("%s%s", first, hashes)};

    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_unproven(verify(compose("c2sp.org/tlog-proof@v1\nindex 2\n%s\n%s\n%s", wrong[i],
                                       body, signature),
                               log_event(2)),
                        elsewhere);
    assert_unproven(verify_consistency(checkpoint_of(0, 0),
                                       compose("old 0\n%s\n%s", first, checkpoint_of(6, 0))),
                    "the proof does not show that the log continues the old checkpoint");
}
END_TEST

START_TEST(a_log_that_was_rewritten_does_not_continue_the_old_one)
{
    static const char does_not[] =
        "the proof does not show that the log continues the old checkpoint";
    const char *rewritten =
        compose("%s\n3\n%s\n", log_signer.name, base64(log_signer.public_key, 32));

    rewritten = compose("%s\n%s", rewritten, signed_line(&log_signer, rewritten, 0));
    assert_unproven(verify_consistency(rewritten, proof_of(3, 5, 0)), does_not);
    assert_unproven(verify_consistency(checkpoint_of(3, 0), compose("old 3\n\n%s", rewritten)),
                    does_not);
    assert_unproven(verify_consistency(checkpoint_of(4, 0), proof_of(3, 5, 0)),
                    "the proof: begins at another size than the old checkpoint's");
    assert_unproven(
        verify_consistency(checkpoint_of(5, 0), compose("old 5\n\n%s", checkpoint_of(3, 0))),
        "the proof: its old size is above the checkpoint's size");
    assert_unproven(
        verify_consistency(checkpoint_of(3, 0),
                           compose("old 3\n%s\n%s", log_consistency(4, 5), checkpoint_of(5, 0))),
        does_not);
}
END_TEST

/* ---- witnesses ---- */

/* The time of the k-th earliest of the witnesses in the set. */
static int64_t kth_earliest(const uint64_t *seconds, unsigned set, size_t k)
{
    for (uint64_t at = 1; k > 0; at++) {
        for (int i = 0; i < WITNESSES; i++) {
            if ((set >> i & 1) && seconds[i] == at && --k == 0)
                return (int64_t)at * 1000;
        }
    }
    return 0;
}

static const char *signed_by_set(const char *body, unsigned set, const uint64_t *seconds)
{
    const char *signatures = signed_line(&log_signer, body, 0);

    for (int i = 0; i < WITNESSES; i++) {
        if (set >> i & 1)
            signatures = compose("%s%s", signed_line(&witnesses[i], body, seconds[i]), signatures);
    }
    return signatures;
}

START_TEST(so_many_witnesses_are_needed)
{
    static const uint64_t seconds[WITNESSES] = {30, 10, 40, 20};
    const char *body = body_of(5);

    for (unsigned set = 0; set < 1 << WITNESSES; set++) {
        const char *receipt = log_receipt(2, 5, body, signed_by_set(body, set, seconds));
        size_t count = (size_t)__builtin_popcount(set);
        for (size_t needed = 0; needed <= WITNESSES; needed++) {
            trust_witnesses(WITNESSES, needed);
            if (count < needed) {
                assert_unproven(
                    verify(receipt, NULL),
                    compose("the checkpoint: %zu of the witnesses have cosigned it, not "
                            "%zu",
                            count, needed));
                continue;
            }
            assert_proven(verify(receipt, NULL), 3, 5, 0);
            assert_witnessed(count, kth_earliest(seconds, set, needed));
        }
    }
}
END_TEST

START_TEST(the_newer_checkpoint_is_the_one_that_must_be_cosigned)
{
    trust_witnesses(2, 2);
    assert_proven(verify_consistency(checkpoint_of(3, 0), proof_of(3, 5, 2)), 0, 5, 3);
    assert_witnessed(2, 102000);
    assert_unproven(verify_consistency(checkpoint_of(3, 2), proof_of(3, 5, 1)),
                    "the checkpoint: 1 of the witnesses have cosigned it, not 2");
}
END_TEST

START_TEST(a_witness_counts_once)
{
    const char *body = body_of(5), *signatures = signatures_of(body, 1);

    trust_witnesses(2, 2);
    signatures = compose("%s%s%s", signatures, signed_line(&witnesses[0], body, 50),
                         signed_line(&witnesses[0], body, 60));
    assert_unproven(verify(log_receipt(2, 5, body, signatures), NULL),
                    "the checkpoint: 1 of the witnesses have cosigned it, not 2");
    trust.witnesses_needed = 1;
    assert_proven(verify(log_receipt(2, 5, body, signatures), NULL), 3, 5, 0);
    assert_witnessed(1, 50000);
}
END_TEST

START_TEST(a_witness_with_two_keys_counts_once)
{
    const struct signer renewed = signer_of(4, witnesses[0].name, 77);
    const char *keys[] = {witnesses[1].key, witnesses[0].key, renewed.key}, *body = body_of(5);
    const char *both = compose("%s%s", signatures_of(body, 1), signed_line(&renewed, body, 50));

    trust.witness_keys = keys;
    trust.witness_count = 3;
    trust.witnesses_needed = 2;
    assert_unproven(verify(log_receipt(2, 5, body, both), NULL),
                    "the checkpoint: 1 of the witnesses have cosigned it, not 2");
    assert_proven(
        verify(log_receipt(2, 5, body, compose("%s%s", both, signed_line(&witnesses[1], body, 55))),
               NULL),
        3, 5, 0);
    assert_witnessed(2, 55000);
    trust.witnesses_needed = 1;
    assert_proven(verify(log_receipt(2, 5, body, both), NULL), 3, 5, 0);
    assert_witnessed(1, 50000);
    keys[1] = renewed.key; /* the earlier signature is the first key's then */
    keys[2] = witnesses[0].key;
    assert_proven(verify(log_receipt(2, 5, body, both), NULL), 3, 5, 0);
    assert_witnessed(1, 50000);
}
END_TEST

START_TEST(one_wrong_signature_of_a_known_key_spoils_all)
{
    const char *body = body_of(5), *good = signatures_of(body, 2);
    const char *wrong = signed_line(&witnesses[1], body_of(4), 9);
    const char *receipt = log_receipt(2, 5, body, compose("%s%s", good, wrong));
    static const char message[] =
        "the checkpoint: the cosignature of witness_keys[1] does not hold";

    trust_witnesses(2, 0);
    assert_unproven(verify(receipt, NULL), message);
    assert_unproven(
        verify(log_receipt(2, 5, body, compose("%s%s", good, signed_line(&witnesses[1], body, 0))),
               NULL),
        message);
    assert_unproven(verify_consistency(compose("%s\n%s%s", body, good, wrong), proof_of(5, 6, 2)),
                    "the old checkpoint: the cosignature of witness_keys[1] does not hold");
    trust_witnesses(1, 1); /* it is unknown now */
    assert_proven(verify(receipt, NULL), 3, 5, 0);
    assert_witnessed(1, 101000);
}
END_TEST

/* The name alone, or the id alone, does not make it the witness's. */
START_TEST(a_stranger_is_passed_over)
{
    const struct signer same_name = signer_of(4, witnesses[0].name, 78);
    struct signer same_id = witnesses[0];
    const char *body = body_of(5), *wrong;

    same_id.name = "other.example";
    wrong = compose("%s%s%s%s", signed_line(&same_name, body, 1), signed_line(&same_id, body, 1),
                    signed_line(&same_name, "x\n", 1), signed_line(&same_id, "x\n", 0));
    trust_witnesses(1, 1);
    assert_unproven(
        verify(log_receipt(2, 5, body, compose("%s%s", signatures_of(body, 0), wrong)), NULL),
        "the checkpoint: 0 of the witnesses have cosigned it, not 1");
    assert_proven(
        verify(log_receipt(2, 5, body, compose("%s%s", wrong, signatures_of(body, 1))), NULL), 3, 5,
        0);
    assert_witnessed(1, 101000);
}
END_TEST

START_TEST(there_are_64_signatures_at_most)
{
    const char *body = body_of(5), *signatures = "";

    trust_witnesses(2, 2);
    for (int i = 0; i < 61; i++)
        signatures = compose("%s%s", signatures, signed_line(&stranger, body, 1));
    signatures = compose("%s%s", signatures, signatures_of(body, 2));
    assert_proven(verify(log_receipt(2, 5, body, signatures), NULL), 3, 5, 0);
    assert_unproven(
        verify(
            log_receipt(2, 5, body, compose("%s%s", signatures, signed_line(&stranger, body, 1))),
            NULL),
        "the receipt: line 76: there are more than 64 signatures");
}
END_TEST

/* ---- every bit ---- */

/* Where something stands in a text. */
struct part {
    size_t from, until;
};

static struct part part_of(const char *whole, const char *piece)
{
    const char *at = strstr(whole, piece);

    ck_assert_ptr_nonnull(at);
    return (struct part){(size_t)(at - whole), (size_t)(at - whole) + strlen(piece)};
}

static bool is_in(size_t at, struct part part)
{
    return at >= part.from && at < part.until;
}

/* Decodes by libsodium; false unless encoding gives the same text. */
static bool is_canonical(const char *whole, struct part part, unsigned char *bytes)
{
    size_t length = part.until - part.from, got;

    return sodium_base642bin(bytes, 1000, whole + part.from, length, NULL, &got, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           strncmp(base64(bytes, got), whole + part.from, length) == 0;
}

/* A line's name and base64. */
static void parts_of_line(const char *whole, const char *line, const struct signer *who,
                          struct part *name, struct part *encoded)
{
    struct part all = part_of(whole, line);

    name->from = all.from + strlen(DASH);
    name->until = encoded->from = name->from + strlen(who->name);
    encoded->from++;
    encoded->until = all.until - 1;
}

static bool is_name_byte(char byte)
{
    return byte > ' ' && (unsigned char)byte < 0x80 && byte != '+';
}

static char *flipped(const char *whole, size_t bit)
{
    char *changed = compose("%s", whole);

    changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
    return changed;
}

static enum keyward_status verify_sized(const char *receipt, size_t length, const char *event)
{
    memset(&proven, 0xff, sizeof proven);
    return keyward_verify_receipt(receipt, length, &trust, event, strlen(event), &proven);
}

/* Nothing that is trusted changes: an extra line that is not used, and a stranger's signature. */
START_TEST(every_changed_bit_of_a_receipt_is_refused_but_where_nothing_depends_on_it)
{
    const char *body = body_of(5), *strange = signed_line(&stranger, body, 7);
    const char *event = log_event(2), *carried = base64(event, strlen(event));
    const char *receipt = log_receipt(2, 5, body,
                                      compose("%s%s%s%s", signed_line(&log_signer, body, 0),
                                              strange, signed_line(&witnesses[0], body, 8),
                                              signed_line(&witnesses[1], body, 9)));
    struct part extra = part_of(receipt, carried), name, encoded;
    size_t accepted[3] = {0};
    unsigned char bytes[1000];

    trust_witnesses(2, 2);
    parts_of_line(receipt, strange, &stranger, &name, &encoded);
    for (size_t bit = 0; bit < 8 * strlen(receipt); bit++) {
        char *changed = flipped(receipt, bit);
        size_t at = bit / 8;
        bool in_extra = is_in(at, extra) && is_canonical(changed, extra, bytes);
        bool in_name = is_in(at, name) && is_name_byte(changed[at]);
        bool in_line = is_in(at, encoded) && is_canonical(changed, encoded, bytes);
        enum keyward_status status = verify_sized(changed, strlen(receipt), event);
        ck_assert_msg(status == (in_extra || in_name || in_line ? KEYWARD_OK : KEYWARD_UNPROVEN),
                      "bit %zu of byte %zu: %d", bit % 8, at, status);
        accepted[0] += in_extra;
        accepted[1] += in_name;
        accepted[2] += in_line;
        if (status == KEYWARD_OK)
            assert_witnessed(2, 9000);
    }
    ck_assert_uint_eq(accepted[0], 520);
    ck_assert_uint_eq(accepted[1], 111);
    ck_assert_uint_eq(accepted[2], 523);
}
END_TEST

/* With the event that it carries no bit of the extra line may change. */
START_TEST(every_changed_bit_of_a_carried_event_is_refused)
{
    const char *receipt = receipt_of(2, 5, 0);
    struct part extra = part_of(receipt, base64(log_event(2), strlen(log_event(2))));

    for (size_t bit = 8 * extra.from; bit < 8 * extra.until; bit++) {
        char *changed = flipped(receipt, bit);
        ck_assert_int_eq(keyward_verify_receipt(changed, strlen(receipt), &trust, NULL, 0, &proven),
                         KEYWARD_UNPROVEN);
    }
}
END_TEST

/* A witness who is not needed and whose line bears another name or id now is a stranger. */
START_TEST(a_changed_bit_makes_a_stranger_of_a_witness_at_most)
{
    const char *body = body_of(5), *line = signed_line(&witnesses[1], body, 9);
    const char *receipt = log_receipt(2, 5, body, compose("%s%s", signatures_of(body, 1), line));
    struct part name, encoded, all = part_of(receipt, line);
    size_t accepted = 0;
    unsigned char bytes[1000];

    trust_witnesses(2, 1);
    parts_of_line(receipt, line, &witnesses[1], &name, &encoded);
    for (size_t bit = 8 * all.from; bit < 8 * all.until; bit++) {
        char *changed = flipped(receipt, bit);
        bool other_name = is_in(bit / 8, name) && is_name_byte(changed[bit / 8]);
        bool other_id = is_in(bit / 8, encoded) && is_canonical(changed, encoded, bytes) &&
                        memcmp(bytes, witnesses[1].id, 4) != 0;
        enum keyward_status status = verify_sized(changed, strlen(receipt), log_event(2));
        ck_assert_msg(status == (other_name || other_id ? KEYWARD_OK : KEYWARD_UNPROVEN),
                      "bit %zu of byte %zu: %d", bit % 8, bit / 8, status);
        if (status == KEYWARD_OK)
            assert_witnessed(1, 101000);
        accepted += status == KEYWARD_OK;
    }
    ck_assert_uint_eq(accepted, 152);
}
END_TEST

START_TEST(every_changed_bit_of_an_event_is_refused)
{
    const char *receipt = receipt_of(2, 5, 0), *event = log_event(2);

    for (size_t bit = 0; bit < 8 * strlen(event); bit++) {
        char *changed = flipped(event, bit);
        memset(&proven, 0xff, sizeof proven);
        assert_unproven(keyward_verify_receipt(receipt, strlen(receipt), &trust, changed,
                                               strlen(event), &proven),
                        "the event is not the one that the log has in this place");
    }
}
END_TEST

static enum keyward_status verify_sized_proof(const char *old, size_t old_length, const char *proof,
                                              size_t length)
{
    memset(&proven, 0xff, sizeof proven);
    return keyward_verify_consistency(old, old_length, proof, length, &trust, &proven);
}

START_TEST(every_changed_bit_of_a_consistency_proof_is_refused)
{
    const char *old = checkpoint_of(3, 0), *proof = proof_of(3, 7, 2);
    size_t old_length = strlen(old), length = strlen(proof);

    trust_witnesses(2, 2);
    assert_proven(verify_consistency(old, proof), 0, 7, 3);
    for (size_t bit = 0; bit < 8 * old_length; bit++)
        ck_assert_int_eq(verify_sized_proof(flipped(old, bit), old_length, proof, length),
                         KEYWARD_UNPROVEN);
    for (size_t bit = 0; bit < 8 * length; bit++)
        ck_assert_int_eq(verify_sized_proof(old, old_length, flipped(proof, bit), length),
                         KEYWARD_UNPROVEN);
    ck_assert_mem_eq(&proven, &nothing, sizeof proven);
}
END_TEST

START_TEST(every_changed_bit_of_a_key_is_refused)
{
    const char *receipt = receipt_of(2, 5, 1), *keys[] = {NULL};

    for (size_t bit = 0; bit < 8 * strlen(log_signer.key); bit++) {
        trust.log_key = flipped(log_signer.key, bit);
        ck_assert_int_eq(verify(receipt, NULL), KEYWARD_INVALID);
    }
    trust.log_key = log_signer.key;
    trust.witness_keys = keys;
    trust.witness_count = 1;
    for (size_t bit = 0; bit < 8 * strlen(witnesses[0].key); bit++) {
        keys[0] = flipped(witnesses[0].key, bit);
        ck_assert_int_eq(verify(receipt, NULL), KEYWARD_INVALID);
    }
}
END_TEST

START_TEST(every_cut_is_refused)
{
    const char *receipt = receipt_of(2, 5, 2), *old = checkpoint_of(3, 0);
    const char *proof = proof_of(3, 7, 2), *event = log_event(2);

    trust_witnesses(2, 2);
    for (size_t length = 0; length < strlen(receipt); length++)
        ck_assert_int_eq(verify_sized(compose_bytes(receipt, length), length, event),
                         KEYWARD_UNPROVEN);
    for (size_t length = 0; length < strlen(old); length++)
        ck_assert_int_eq(
            verify_sized_proof(compose_bytes(old, length), length, proof, strlen(proof)),
            KEYWARD_UNPROVEN);
    for (size_t length = 0; length < strlen(proof); length++)
        ck_assert_int_eq(verify_sized_proof(old, strlen(old), compose_bytes(proof, length), length),
                         KEYWARD_UNPROVEN);
    for (size_t length = 1; length <= strlen(receipt); length++)
        ck_assert_int_eq(verify_sized(receipt + length, strlen(receipt) - length, event),
                         KEYWARD_UNPROVEN);
}
END_TEST

/* ---- limits ---- */

START_TEST(a_receipt_has_a_mebibyte_at_most)
{
    const char *body = body_of(1), *head = "c2sp.org/tlog-proof@v1\nextra ", *filled;
    size_t without = strlen(head) + strlen(compose("\nindex 0\n\n%s\n%s" DASH " AQIDBAU=\n", body,
                                                   signed_line(&log_signer, body, 0)));
    size_t groups = (KEYWARD_RECEIPT_MAX - without - 1) / 4;
    int name = (int)(KEYWARD_RECEIPT_MAX - without - 4 * groups);
    char *event = compose("%*s", (int)(3 * groups), "x");
    keyward_text *carried = NULL;

    for (int more = 0; more <= 1; more++) {
        filled = compose("%s%s\nindex 0\n\n%s\n%s" DASH "%.*s AQIDBAU=\n", head,
                         base64(event, 3 * groups), body, signed_line(&log_signer, body, 0),
                         name + more, "nnnnnnnn");
        ck_assert_uint_eq(strlen(filled), (size_t)(KEYWARD_RECEIPT_MAX + more));
        if (more) {
            assert_unproven(verify(filled, log_event(0)),
                            "the receipt: has more than 1048576 bytes");
            continue;
        }
        assert_proven(verify(filled, log_event(0)), 1, 1, 0);
        assert_status(NULL, keyward_receipt_event(filled, strlen(filled), &carried), KEYWARD_OK);
        ck_assert_uint_eq(carried->length, 3 * groups);
        ck_assert_str_eq(carried->text, event);
        keyward_text_free(&carried);
    }
    filled = compose("%*s\n", KEYWARD_RECEIPT_MAX, "");
    assert_unproven(verify_consistency(filled, filled),
                    "the old checkpoint: has more than 1048576 bytes");
    assert_unproven(verify_consistency(checkpoint_of(1, 0), filled),
                    "the proof: has more than 1048576 bytes");
}
END_TEST

/* ---- arguments ---- */

static void assert_trust_refused(const char *message)
{
    const char *receipt = receipt_of(2, 5, 0);

    assert_refused(verify(receipt, NULL), KEYWARD_INVALID, message);
    assert_refused(verify_consistency(checkpoint_of(3, 0), proof_of(3, 5, 0)), KEYWARD_INVALID,
                   message);
}

START_TEST(the_log_s_key_must_be_one)
{
    static const char none[] = "trust.log_key: is not a verifier key, or was mistyped";

    trust.log_key = NULL;
    assert_trust_refused("trust.log_key: must not be NULL");
    trust.log_key = "";
    assert_trust_refused("trust.log_key: must not be empty");
    trust.log_key = compose("%320s", "");
    assert_trust_refused("trust.log_key: must have at most 319 bytes");
    trust.log_key = "\xff";
    assert_trust_refused("trust.log_key: must be UTF-8");
    trust.log_key = log_signer.name;
    assert_trust_refused(none);
    trust.log_key = compose("%s\n", log_signer.key);
    assert_trust_refused(none);
    trust.log_key = signer_of(4, log_signer.name, 1).key;
    assert_trust_refused("trust.log_key: must be a log's key (Ed25519, type 0x01)");
    trust.log_key = signer_of(6, log_signer.name, 1).key;
    assert_trust_refused(none);
}
END_TEST

START_TEST(a_name_has_255_bytes_at_most)
{
    static const char none[] = "trust.log_key: is not a verifier key, or was mistyped";
    const struct signer longest = signer_of(1, compose("%.*s", 255, compose("%0300d", 0)), 5);
    const struct signer longer = signer_of(1, compose("%s0", longest.name), 5);
    const char *body = log_body(longest.name, 5);

    trust.log_key = longest.key;
    assert_proven(verify(log_receipt(2, 5, body, signed_line(&longest, body, 0)), NULL), 3, 5, 0);
    trust.log_key = longer.key;
    assert_trust_refused(none);
}
END_TEST

START_TEST(the_witnesses_keys_must_be_such)
{
    const char *keys[33] = {witnesses[0].key};

    trust.witness_count = 1;
    assert_trust_refused("trust.witness_keys: must not be NULL");
    trust.witness_keys = keys;
    trust.witness_count = 33;
    assert_trust_refused("trust.witness_count: must be at most 32");
    trust.witness_count = 2;
    trust.witnesses_needed = 3;
    assert_trust_refused("trust.witnesses_needed: must be at most witness_count");
    trust.witnesses_needed = 2;
    assert_trust_refused("trust.witness_keys[1]: must not be NULL");
    keys[1] = witnesses[0].key;
    assert_trust_refused("trust.witness_keys[1]: must not be given twice");
    keys[1] = signer_of(4, "other.example", 10).key;
    assert_trust_refused("trust.witness_keys[1]: must not be given twice");
    keys[1] = signer_of(4, "other.example", 1).key;
    assert_trust_refused("trust.witness_keys[1]: must not be the log's own key");
    keys[1] = signer_of(1, "other.example", 99).key;
    assert_trust_refused("trust.witness_keys[1]: must be a witness's key (cosignature/v1, type "
                         "0x04)");
    keys[1] = "other.example";
    assert_trust_refused("trust.witness_keys[1]: is not a verifier key, or was mistyped");
    /* two whose ids are the same, found by trying */
    keys[0] = "twin.example+18623258+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAG4Y";
    keys[1] = "twin.example+18623258+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAN0O";
    assert_trust_refused("trust.witness_keys[1]: has the name and id of another key");
}
END_TEST

START_TEST(there_are_32_witnesses_at_most)
{
    const char *keys[32], *body = body_of(5), *signatures = signatures_of(body, 0);

    for (int i = 0; i < 32; i++) {
        const struct signer one = signer_of(4, compose("w%d", i), (unsigned char)(100 + i));
        keys[i] = one.key;
        signatures = compose("%s%s", signatures, signed_line(&one, body, (uint64_t)(132 - i)));
    }
    trust.witness_keys = keys;
    trust.witness_count = trust.witnesses_needed = 32;
    assert_proven(verify(log_receipt(2, 5, body, signatures), NULL), 3, 5, 0);
    assert_witnessed(32, 132000);
    trust.witnesses_needed = 1;
    assert_proven(verify(log_receipt(2, 5, body, signatures), NULL), 3, 5, 0);
    assert_witnessed(32, 101000);
}
END_TEST

START_TEST(no_argument_may_be_null)
{
    const char *receipt = receipt_of(2, 5, 0), *old = checkpoint_of(3, 0);
    const char *proof = proof_of(3, 5, 0);
    size_t length = strlen(receipt), old_length = strlen(old), proof_length = strlen(proof);
    keyward_text *event = (keyward_text *)&trust;

    memset(&proven, 0, sizeof proven);
    assert_refused(keyward_verify_receipt(NULL, length, &trust, NULL, 0, &proven), KEYWARD_INVALID,
                   "receipt: must not be NULL");
    assert_refused(keyward_verify_receipt(receipt, length, NULL, NULL, 0, &proven), KEYWARD_INVALID,
                   "trust: must not be NULL");
    assert_refused(keyward_verify_receipt(receipt, length, &trust, NULL, 1, &proven),
                   KEYWARD_INVALID, "event: must not be NULL");
    assert_refused(keyward_verify_receipt(receipt, length, &trust, NULL, 0, NULL), KEYWARD_INVALID,
                   "proven: must not be NULL");
    assert_refused(
        keyward_verify_consistency(NULL, old_length, proof, proof_length, &trust, &proven),
        KEYWARD_INVALID, "old_checkpoint: must not be NULL");
    assert_refused(keyward_verify_consistency(old, old_length, NULL, proof_length, &trust, &proven),
                   KEYWARD_INVALID, "proof: must not be NULL");
    assert_refused(keyward_verify_consistency(old, old_length, proof, proof_length, NULL, &proven),
                   KEYWARD_INVALID, "trust: must not be NULL");
    assert_refused(keyward_verify_consistency(old, old_length, proof, proof_length, &trust, NULL),
                   KEYWARD_INVALID, "proven: must not be NULL");
    assert_refused(keyward_receipt_event(NULL, length, &event), KEYWARD_INVALID,
                   "receipt: must not be NULL");
    ck_assert_ptr_null(event);
    assert_refused(keyward_receipt_event(receipt, length, NULL), KEYWARD_INVALID,
                   "event: must not be NULL");
}
END_TEST

START_TEST(without_memory_nothing_is_proven)
{
    const char *receipt = receipt_of(2, 5, 0);
    size_t length = strlen(receipt);
    int nth, failed = 1;

    for (nth = 1; failed > 0; nth++) {
        keyward_text *event = NULL;
        enum keyward_status status, event_status;
        memory_fail(MEMORY_OF_LIBRARY, nth, FAIL_ONCE);
        status = keyward_verify_receipt(receipt, length, &trust, NULL, 0, &proven);
        failed = memory_stop();
        memory_fail(MEMORY_OF_LIBRARY, nth, FAIL_ONCE);
        event_status = keyward_receipt_event(receipt, length, &event);
        ck_assert_int_eq(memory_stop(), failed);
        ck_assert_int_eq(status, failed ? KEYWARD_NOMEM : KEYWARD_OK);
        ck_assert_int_eq(event_status, failed ? KEYWARD_NOMEM : KEYWARD_OK);
        ck_assert_int_eq(event == NULL, failed > 0);
        ck_assert_int_eq(proven.sequence, failed ? 0 : 3);
        keyward_text_free(&event);
    }
    ck_assert_int_eq(nth, 4); /* two allocations, and the round without a failure */
}
END_TEST

/* ---- threads ---- */

#define THREADS 8
#define SIZES 8

struct work {
    const char *receipts[SIZES][SIZES], *olds[SIZES], *proofs[SIZES][SIZES];
};

static int verify_all(void *context, int number)
{
    const struct work *work = context;
    keyward_proven mine;

    for (int i = 0; i < SIZES * SIZES * 2; i++) {
        int size = (i + number) % SIZES, index = (i / SIZES) % (size + 1);
        const char *receipt = work->receipts[size][index], *old = work->olds[index];
        const char *proof = work->proofs[size][index];
        if (keyward_verify_receipt(receipt, strlen(receipt), &trust, NULL, 0, &mine) !=
                KEYWARD_OK ||
            mine.sequence != index + 1 || mine.size != size + 1 || mine.witnesses != 2)
            return 1;
        if (keyward_verify_receipt(receipt, strlen(receipt) - 1, &trust, NULL, 0, &mine) !=
                KEYWARD_UNPROVEN ||
            strcmp(keyward_last_error(NULL)->message,
                   "the receipt: does not end with a new line") != 0)
            return 2;
        if (keyward_verify_consistency(old, strlen(old), proof, strlen(proof), &trust, &mine) !=
                KEYWARD_OK ||
            mine.old_size != index + 1 || mine.size != size + 1)
            return 3;
    }
    return 0;
}

START_TEST(threads_verify_at_once)
{
    struct work work;

    trust_witnesses(2, 2);
    for (int size = 0; size < SIZES; size++) {
        work.olds[size] = checkpoint_of(size + 1, 0);
        for (int index = 0; index <= size; index++) {
            work.receipts[size][index] = receipt_of(index, size + 1, 2);
            work.proofs[size][index] = proof_of(index + 1, size + 1, 2);
        }
    }
    run_crew(THREADS, verify_all, &work, NULL);
}
END_TEST

static void add_holding(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "what holds", begin, compose_free);

    tcase_add_test(tests, every_event_of_a_log_is_proven_by_its_receipt);
    tcase_add_test(tests, every_checkpoint_of_a_log_is_continued_by_every_later_one);
    tcase_add_test(tests, a_receipt_carries_its_event);
    tcase_add_test(tests, a_receipt_need_not_carry_an_event);
    tcase_add_test(tests, the_event_given_is_the_one_that_counts);
    tcase_add_test(tests, a_checkpoint_may_have_extension_lines);
    tcase_add_test(tests, threads_verify_at_once);
}

static void add_refused(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "what does not", begin, compose_free);

    tcase_add_test(tests, a_malformed_text_is_named_by_its_line);
    tcase_add_test(tests, the_log_must_be_the_trusted_one_and_have_signed);
    tcase_add_test(tests, an_index_is_the_event_s_own);
    tcase_add_test(tests, a_proof_has_neither_more_nor_fewer_hashes);
    tcase_add_test(tests, a_log_that_was_rewritten_does_not_continue_the_old_one);
    tcase_add_test(tests, a_receipt_has_a_mebibyte_at_most);
    tcase_add_test(tests,
                   every_changed_bit_of_a_receipt_is_refused_but_where_nothing_depends_on_it);
    tcase_add_test(tests, every_changed_bit_of_a_carried_event_is_refused);
    tcase_add_test(tests, a_changed_bit_makes_a_stranger_of_a_witness_at_most);
    tcase_add_test(tests, every_changed_bit_of_an_event_is_refused);
    tcase_add_test(tests, every_changed_bit_of_a_consistency_proof_is_refused);
    tcase_add_test(tests, every_changed_bit_of_a_key_is_refused);
    tcase_add_test(tests, every_cut_is_refused);
}

static void add_witnesses(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "witnesses", begin, compose_free);

    tcase_add_test(tests, so_many_witnesses_are_needed);
    tcase_add_test(tests, the_newer_checkpoint_is_the_one_that_must_be_cosigned);
    tcase_add_test(tests, a_witness_counts_once);
    tcase_add_test(tests, a_witness_with_two_keys_counts_once);
    tcase_add_test(tests, one_wrong_signature_of_a_known_key_spoils_all);
    tcase_add_test(tests, a_stranger_is_passed_over);
    tcase_add_test(tests, there_are_64_signatures_at_most);
    tcase_add_test(tests, there_are_32_witnesses_at_most);
}

static void add_arguments(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "arguments", begin, compose_free);

    tcase_add_test(tests, the_log_s_key_must_be_one);
    tcase_add_test(tests, a_name_has_255_bytes_at_most);
    tcase_add_test(tests, the_witnesses_keys_must_be_such);
    tcase_add_test(tests, no_argument_may_be_null);
    tcase_add_test(tests, without_memory_nothing_is_proven);
}

int main(void)
{
    Suite *suite = suite_create("verify");

    add_holding(suite);
    add_refused(suite);
    add_witnesses(suite);
    add_arguments(suite);
    return run_suite(suite);
}
