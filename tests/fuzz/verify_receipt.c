/* SPDX-License-Identifier: MIT */
/*
 * Hostile text as everything that is verified without a store: receipt, consistency proof, old
 * checkpoint, verifier key. For libFuzzer (see tests/CMakeLists.txt); fuzz/replay.c runs the corpus
 * in every test run.
 *
 * Nobody can sign in a fuzzer: what holds must be what the corpus has, the events of one small log
 * and its checkpoint. Anything else that comes out aborts.
 */
#include "fuzz/require.h"
#include "fuzz/target.h"
#include "support/log.h"

#include <keyward/keyward.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define OLD_SIZE 3
#define SIZE 7

/* Of the inputs so far, those that held as what they were taken for. */
static struct {
    size_t receipts, proofs, old_checkpoints, keys;
} held;

static struct {
    struct signer log, witnesses[2];
    const char *witness_keys[2];
    keyward_trust trust;
    const char *events[SIZE], *receipt, *old, *proof;
} known;

static void begin(void)
{
    const char *body, *old_body, *signatures;

    if (known.receipt)
        return;
    if (sodium_init() < 0)
        abort();
    known.log = signer_of(1, "log.example/fuzz", 1);
    known.witnesses[0] = signer_of(4, "w1.example", 2);
    known.witnesses[1] = signer_of(4, "w2.example", 3);
    for (int i = 0; i < 2; i++)
        known.witness_keys[i] = known.witnesses[i].key;
    known.trust = (keyward_trust){known.log.key, known.witness_keys, 2, 1};
    body = log_body(known.log.name, SIZE);
    old_body = log_body(known.log.name, OLD_SIZE);
    signatures = compose("%s%s%s", signed_line(&known.log, body, 0),
                         signed_line(&known.witnesses[0], body, 1700000001),
                         signed_line(&known.witnesses[1], body, 1700000002));
    known.receipt = log_receipt(4, SIZE, body, signatures);
    known.old = compose("%s\n%s", old_body, signed_line(&known.log, old_body, 0));
    known.proof =
        compose("old %d\n%s\n%s\n%s", OLD_SIZE, log_consistency(OLD_SIZE, SIZE), body, signatures);
    for (int i = 0; i < SIZE; i++)
        known.events[i] = log_event(i);
}

/* What a call came to, and that nothing is said to be proven where nothing was. True where it was
 * proven. */
static bool is_proven(enum keyward_status status, const keyward_proven *proven)
{
    static const keyward_proven nothing;
    const char *message = keyward_last_error(NULL)->message;

    REQUIRE(status == KEYWARD_OK || status == KEYWARD_UNPROVEN || status == KEYWARD_INVALID);
    REQUIRE(keyward_last_error(NULL)->status == status && strlen(message) > 0);
    if (status == KEYWARD_OK)
        return true;
    REQUIRE(memcmp(proven, &nothing, sizeof nothing) == 0);
    return false;
}

static void fuzz_receipt(const char *bytes, size_t length)
{
    keyward_proven proven;
    keyward_text *carried = NULL;
    bool has_event = keyward_receipt_event(bytes, length, &carried) == KEYWARD_OK;

    if (is_proven(keyward_verify_receipt(bytes, length, &known.trust, NULL, 0, &proven), &proven)) {
        const char *event;
        REQUIRE(proven.size == SIZE && proven.sequence >= 1 && proven.sequence <= SIZE);
        event = known.events[proven.sequence - 1];
        REQUIRE(has_event && carried->length == strlen(event) &&
                memcmp(carried->text, event, carried->length) == 0);
        held.receipts++;
    }
    if (is_proven(keyward_verify_receipt(bytes, length, &known.trust, known.events[4],
                                         strlen(known.events[4]), &proven),
                  &proven))
        REQUIRE(proven.size == SIZE && proven.sequence == 5 && proven.witnesses >= 1);
    REQUIRE(has_event == (carried != NULL));
    keyward_text_free(&carried);
}

static void fuzz_consistency(const char *bytes, size_t length)
{
    keyward_proven proven;

    if (is_proven(keyward_verify_consistency(known.old, strlen(known.old), bytes, length,
                                             &known.trust, &proven),
                  &proven)) {
        REQUIRE(proven.old_size == OLD_SIZE && proven.size == SIZE && proven.witnesses >= 1);
        held.proofs++;
    }
    if (is_proven(keyward_verify_consistency(bytes, length, known.proof, strlen(known.proof),
                                             &known.trust, &proven),
                  &proven)) {
        REQUIRE(proven.old_size == OLD_SIZE && proven.size == SIZE);
        held.old_checkpoints++;
    }
}

static void fuzz_key(const char *key)
{
    const char *const keys[] = {key};
    keyward_trust trust = {.log_key = key};
    keyward_proven proven;
    size_t length = strlen(known.receipt);

    if (is_proven(keyward_verify_receipt(known.receipt, length, &trust, NULL, 0, &proven),
                  &proven)) {
        REQUIRE(strcmp(key, known.log.key) == 0);
        held.keys++;
    }
    trust = (keyward_trust){known.log.key, keys, 1, 0};
    if (is_proven(keyward_verify_receipt(known.receipt, length, &trust, NULL, 0, &proven),
                  &proven) &&
        proven.witnesses == 1) {
        REQUIRE(strcmp(key, known.witness_keys[0]) == 0 || strcmp(key, known.witness_keys[1]) == 0);
        held.keys++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *key = malloc(size + 1);

    begin();
    REQUIRE(key != NULL);
    if (size > 0)
        memcpy(key, data, size);
    key[size] = '\0';
    fuzz_receipt((const char *)data, size);
    fuzz_consistency((const char *)data, size);
    fuzz_key(key);
    free(key);
    return 0;
}

bool fuzz_account(void)
{
    printf("held: %zu receipts, %zu proofs, %zu old checkpoints, %zu keys\n", held.receipts,
           held.proofs, held.old_checkpoints, held.keys);
    return held.receipts > 0 && held.proofs > 0 && held.old_checkpoints > 0 && held.keys > 0;
}
