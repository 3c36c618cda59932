/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints from elsewhere, given to a store: a witness's cosignatures, a checkpoint that was
 * kept, and the keys of whom to trust.
 *
 * A fuzzer cannot sign, so it says what is to be signed: of an input whose first byte is odd the
 * rest is the body of a note, and the log and a witness sign it here. The log's key is known, since
 * the store draws the bytes that it asks for.
 */
#include "fuzz/place.h"
#include "fuzz/require.h"
#include "fuzz/target.h"
#include "support/log.h"

#include <keyward/keyward.h>
#include <string.h>

#define EVENTS 5
#define LOG_SEED 9 /* each byte of what the store draws */
#define KEYS_MAX (KEYWARD_WITNESSES_MAX + 2)

static const keyward_actor host = {.is_host = true};

static struct {
    keyward *store;
    struct signer log, witnesses[2];
    keyward_text *checkpoints[EVENTS + 1]; /* over so many events */
    keyward_text *receipt;
} known;

static struct {
    size_t kept, cosigned, foreign, trusted;
} reached;

/* ---- the store ---- */

static int draw(void *context, void *buffer, size_t length)
{
    (void)context;
    memset(buffer, LOG_SEED, length);
    return 0;
}

/* With a checkpoint over each number of events. */
static void append_events(void)
{
    static const char *const users[EVENTS] = {"anna", "will", "rita", "a", "b"};

    for (int i = 0; i < EVENTS; i++) {
        REQUIRE(keyward_grant(known.store, &host, "repo-1", users[i], KEYWARD_ADMIN) == KEYWARD_OK);
        REQUIRE(keyward_audit_checkpoint(known.store, &host, NULL, 0, &known.checkpoints[i + 1]) ==
                KEYWARD_OK);
    }
    REQUIRE(keyward_audit_receipt(known.store, &host, 2, 0, &known.receipt) == KEYWARD_OK);
}

/* What compose() gives lives for one input. */
static struct signer keep_signer(struct signer signer)
{
    signer.key = strdup(signer.key);
    REQUIRE(signer.key);
    return signer;
}

static void drop_signer(struct signer *signer)
{
    free((void *)(uintptr_t)signer->key);
}

static void end(void)
{
    for (int i = 1; i <= EVENTS; i++)
        keyward_text_free(&known.checkpoints[i]);
    keyward_text_free(&known.receipt);
    keyward_close(&known.store);
    drop_signer(&known.log);
    drop_signer(&known.witnesses[0]);
    drop_signer(&known.witnesses[1]);
}

static int64_t stand_still(void *context)
{
    (void)context;
    return INT64_C(1700000000000);
}

static void begin(void)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;
    keyward_text *key;
    char path[96];

    if (known.store)
        return;
    snprintf(path, sizeof path, "%s/keys.db", place_folder());
    options.master_key = (const unsigned char *)"0123456789abcdef0123456789abcdef";
    options.random = draw;
    options.clock = stand_still;
    REQUIRE(keyward_open(&known.store, path, &options) == KEYWARD_OK);
    known.log = keep_signer(signer_of(1, "log.example/fuzz", LOG_SEED));
    known.witnesses[0] = keep_signer(signer_of(4, "w1.example", 2));
    known.witnesses[1] = keep_signer(signer_of(4, "w2.example", 3));
    REQUIRE(keyward_audit_log_key(known.store, &host, known.log.name, &key) == KEYWARD_OK);
    REQUIRE(strcmp(key->text, known.log.key) == 0);
    keyward_text_free(&key);
    append_events();
    atexit(end);
}

/* ---- what is given to it ---- */

/* The size of the checkpoint of ours that begins with these lines, or 0. */
static int size_of(const char *note, size_t length)
{
    for (int i = 1; i <= EVENTS; i++) {
        size_t body =
            (size_t)(strstr(known.checkpoints[i]->text, "\n\n") + 1 - known.checkpoints[i]->text);
        if (length >= body && memcmp(note, known.checkpoints[i]->text, body) == 0)
            return i;
    }
    return 0;
}

/* A log that has not begun is continued by every log: origin, 0, and the hash of nothing. */
static bool is_of_no_events(const char *note, size_t length)
{
    const char *body = log_body(known.log.name, 0);

    return length >= strlen(body) && memcmp(note, body, strlen(body)) == 0;
}

static void give_known(const char *note, size_t length)
{
    keyward_text *checkpoint = NULL;
    enum keyward_status status =
        keyward_audit_checkpoint(known.store, &host, note, length, &checkpoint);

    REQUIRE(status == KEYWARD_OK || status == KEYWARD_UNPROVEN || status == KEYWARD_INCONSISTENT);
    REQUIRE((status == KEYWARD_OK) == (checkpoint != NULL));
    if (status == KEYWARD_OK) {
        REQUIRE(size_of(note, length) > 0 || is_of_no_events(note, length));
        REQUIRE(size_of(checkpoint->text, checkpoint->length) == EVENTS);
    }
    reached.kept += status == KEYWARD_OK;
    reached.foreign += status == KEYWARD_INCONSISTENT;
    keyward_text_free(&checkpoint);
}

/* Whatever was added, what is handed out is believed by who trusts both witnesses. */
static void require_belief(int64_t size)
{
    const char *const keys[] = {known.witnesses[0].key, known.witnesses[1].key};
    const keyward_trust trust = {known.log.key, keys, 2, 0};
    keyward_text *receipt = NULL;
    keyward_proven proven;

    REQUIRE(keyward_audit_receipt(known.store, &host, 1, size, &receipt) == KEYWARD_OK);
    REQUIRE(keyward_verify_receipt(receipt->text, receipt->length, &trust, NULL, 0, &proven) ==
            KEYWARD_OK);
    REQUIRE(proven.size == size && proven.sequence == 1);
    keyward_text_free(&receipt);
}

static void give_cosigned(const char *note, size_t length)
{
    const char *const keys[] = {known.witnesses[0].key, known.witnesses[1].key};
    const keyward_trust trust = {known.log.key, keys, 2, 0};
    enum keyward_status status =
        keyward_audit_add_cosignatures(known.store, &host, &trust, note, length);
    int size = size_of(note, length);

    REQUIRE(status == KEYWARD_OK || status == KEYWARD_UNPROVEN || status == KEYWARD_NOT_FOUND ||
            status == KEYWARD_INCONSISTENT || status == KEYWARD_FULL);
    if (status == KEYWARD_OK) {
        REQUIRE(size > 0);
        require_belief(size);
        reached.cosigned++;
    }
}

/* ---- whom to trust ---- */

/* The lines of a text as witnesses' keys; the text is cut into them. */
static size_t split(char *text, const char *keys[KEYS_MAX])
{
    size_t count = 0;

    for (char *next; text && count < KEYS_MAX; text = next) {
        next = strchr(text, '\n');
        if (next)
            *next++ = '\0';
        keys[count++] = text;
    }
    return count;
}

static void give_keys(const char *bytes, size_t length)
{
    char *text = compose_bytes(bytes, length);
    const char *keys[KEYS_MAX];
    const size_t count = split(text, keys);
    const keyward_trust trust = {known.log.key, keys, count, 0};
    keyward_proven proven;
    enum keyward_status status = keyward_verify_receipt(known.receipt->text, known.receipt->length,
                                                        &trust, NULL, 0, &proven);

    REQUIRE(status == KEYWARD_OK || status == KEYWARD_INVALID);
    REQUIRE(status == KEYWARD_INVALID || count <= KEYWARD_WITNESSES_MAX);
    reached.trusted += status == KEYWARD_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *note = (const char *)data + 1;
    size_t length = size - 1;

    if (size == 0)
        return 0;
    begin();
    if (data[0] & 1) {
        const char *body = compose_bytes(note, length);
        note = compose("%s\n%s%s", body, signed_line(&known.log, body, 0),
                       signed_line(&known.witnesses[0], body, data[0]));
        length = strlen(note);
    }
    give_known(note, length);
    give_cosigned(note, length);
    give_keys((const char *)data + 1, size - 1);
    compose_free();
    return 0;
}

bool fuzz_account(void)
{
    printf("known: %zu, cosigned: %zu, of another log: %zu, trusted keys: %zu\n", reached.kept,
           reached.cosigned, reached.foreign, reached.trusted);
    return reached.kept > 0 && reached.cosigned > 0 && reached.foreign > 0 && reached.trusted > 0;
}
