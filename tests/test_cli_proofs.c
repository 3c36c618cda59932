/* SPDX-License-Identifier: MIT */
/*
 * What the command signs, proves, publishes and verifies of the audit log. A published folder is
 * read by a checker of its own, which follows RFC 6962 and c2sp.org/tlog-tiles and knows nothing of
 * the library.
 */
#include "support/command.h"
#include "support/log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORIGIN "example.com/log"

static struct fixture f;
static char log_key[256]; /* once have_key() has made it */

static void open_fixture(void)
{
    ck_assert_int_ge(sodium_init(), 0);
    umask(022);
    command_fixture_open(&f);
}

static void close_fixture(void)
{
    const char *command = text("rm -rf '%s'", f.folder);

    keyward_close(&f.store);
    ck_assert_int_eq(system(command), 0);
    compose_free();
}

/* ---- short cuts ---- */

static void have_key(void)
{
    keyward_text *key;

    assert_status(f.store, keyward_audit_log_key(f.store, &host, ORIGIN, &key), KEYWARD_OK);
    snprintf(log_key, sizeof log_key, "%s", key->text);
    keyward_text_free(&key);
}

/* What the command prints, which succeeds and says nothing else; it lives for a while, as text().
 */
static const char *printed(struct result result)
{
    const char *out = compose("%s", result.out);

    ck_assert_msg(result.code == 0, "exit code %d: '%s'", result.code, result.err);
    ck_assert_str_eq(result.err, "");
    result_drop(&result);
    return out;
}

static void put_file(const char *name, const char *bytes)
{
    write_whole(path_in(&f, name), bytes, strlen(bytes));
}

static const char *get_file(const char *name)
{
    size_t size;
    char *bytes = (char *)read_whole(path_in(&f, name), &size);
    const char *copy = compose("%.*s", (int)size, bytes);

    free(bytes);
    return copy;
}

static int mode_of(const char *name)
{
    struct stat about;

    return stat(path_in(&f, name), &about) == 0 ? (int)(about.st_mode & 0777) : -1;
}

/* A new event. */
static void grant_once(const char *user)
{
    assert_status(f.store, keyward_grant(f.store, &host, "repo-1", user, KEYWARD_READER),
                  KEYWARD_OK);
}

/* A checkpoint over what there is, in this file. */
static void checkpoint_into(const char *name)
{
    put_file(name, printed(RUN(&f, "audit", "checkpoint")));
}

static const char *event_line(int64_t sequence)
{
    return printed(
        RUN(&f, "audit", "export", "--after", text("%" PRId64, sequence - 1), "--limit", "1"));
}

/* ---- hashes of RFC 6962, with the byte that tells leaves from nodes ---- */

struct hash_of {
    unsigned char bytes[32];
};

static struct hash_of hash_of(unsigned char head, const void *one, size_t one_length,
                              const void *two, size_t two_length)
{
    crypto_hash_sha256_state state;
    struct hash_of hash;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &head, 1);
    crypto_hash_sha256_update(&state, one, one_length);
    if (two_length > 0)
        crypto_hash_sha256_update(&state, two, two_length);
    crypto_hash_sha256_final(&state, hash.bytes);
    return hash;
}

/* ---- audit key ---- */

START_TEST(the_key_is_made_once)
{
    const char *key;
    json_t *object;
    struct result made;

    assert_result(RUN(&f, "audit", "key"), KEYWARD_NOT_FOUND, "",
                  "keyward: audit key: the audit log has no key yet; make one with 'keyward audit "
                  "key --origin NAME', with a name as example.com/keys\n");
    assert_failure(RUN(&f, "audit", "key", "--origin", "a b"), KEYWARD_INVALID, "origin: must");
    assert_failure(RUN(&f, "audit", "key", "--origin", ORIGIN, "--as", "anna"), KEYWARD_FORBIDDEN,
                   "audit key");
    made = RUN(&f, "audit", "key", "--origin", ORIGIN);
    ck_assert_int_eq(made.code, 0);
    ck_assert_str_eq(made.err, "made the log's key: hand it to those who are to verify, on a safe "
                               "way\n");
    have_key();
    ck_assert_str_eq(made.out, text("%s\n", log_key));
    result_drop(&made);
    key = printed(RUN(&f, "audit", "key"));
    ck_assert_str_eq(key, text("%s\n", log_key));
    assert_result(RUN(&f, "audit", "key", "--origin", ORIGIN), 0, key, "");
    assert_result(RUN(&f, "audit", "key", "--origin", "other.com"), KEYWARD_EXISTS, "",
                  "keyward: audit key: the log is called '" ORIGIN "', and is so for good\n");
    object = assert_json(RUN(&f, "audit", "key", "--json"), 0);
    assert_same_json(object, text("{\"success\":true,\"log_key\":\"%s\",\"origin\":\"" ORIGIN "\","
                                  "\"made_log_key\":false}",
                                  log_key));
    json_decref(object);
}
END_TEST

START_TEST(the_key_as_json_when_it_is_made)
{
    json_t *object = assert_json(RUN(&f, "audit", "key", "--origin", ORIGIN, "--json"), 0);

    ck_assert(json_is_true(json_object_get(object, "made_log_key")));
    have_key();
    ck_assert_str_eq(text_member(object, "log_key"), log_key);
    json_decref(object);
}
END_TEST

/* ---- audit checkpoint ---- */

START_TEST(a_checkpoint_is_printed_or_written)
{
    const char *first, *second;
    json_t *object;

    assert_failure(RUN(&f, "audit", "checkpoint"), KEYWARD_NOT_FOUND, "--origin NAME");
    have_key();
    assert_failure(RUN(&f, "audit", "checkpoint", "--as", "anna"), KEYWARD_FORBIDDEN, "checkpoint");
    first = printed(RUN(&f, "audit", "checkpoint"));
    ck_assert_msg(strncmp(first, ORIGIN "\n3\n", strlen(ORIGIN) + 3) == 0, "'%s'", first);
    ck_assert_ptr_nonnull(strstr(first, "\n\n\xe2\x80\x94 " ORIGIN " "));
    assert_result(RUN(&f, "audit", "checkpoint"), 0, first, "");
    object = assert_json(RUN(&f, "audit", "checkpoint", "--json"), 0);
    ck_assert_int_eq(number_member(object, "size"), 3);
    ck_assert_str_eq(text_member(object, "checkpoint"), first);
    ck_assert_uint_eq(json_object_size(object), 3);
    json_decref(object);

    grant_once("zoe");
    put_file("there", "mine");
    assert_failure(RUN(&f, "audit", "checkpoint", "--output", "there"), KEYWARD_EXISTS, "there");
    ck_assert_str_eq(get_file("there"), "mine");
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_checkpoints"), 1);
    assert_result(RUN(&f, "audit", "checkpoint", "--output", "new"), 0, "",
                  "the checkpoint is in new\n");
    second = printed(RUN(&f, "audit", "checkpoint"));
    ck_assert_str_eq(get_file("new"), second);
    ck_assert_int_eq(mode_of("new"), 0600);
    object = assert_json(RUN(&f, "audit", "checkpoint", "--output", "newer", "--json"), 0);
    assert_same_json(object, "{\"success\":true,\"size\":4,\"file\":\"newer\"}");
    json_decref(object);
}
END_TEST

START_TEST(a_known_checkpoint_is_continued_or_nothing_is_signed)
{
    const struct signer other = signer_of(1, ORIGIN, 7);
    const char *body = log_body(ORIGIN, 3);

    have_key();
    checkpoint_into("known");
    grant_once("zoe");
    assert_failure(RUN(&f, "audit", "checkpoint", "--known", "missing"), KEYWARD_INVALID,
                   "'missing': there is no such file");
    put_file("empty", "");
    assert_result(RUN(&f, "audit", "checkpoint", "--known", "empty"), KEYWARD_UNPROVEN, "",
                  "keyward: audit checkpoint: 'empty' is empty; a shell empties the file that it "
                  "redirects into: use --output with a new one\n");
    put_file("foreign", compose("%s\n%s", body, signed_line(&other, body, 0)));
    assert_failure(RUN(&f, "audit", "checkpoint", "--known", "foreign"), KEYWARD_UNPROVEN,
                   "the known checkpoint: is not signed by the log's key");
    put_file("short", ORIGIN "\n");
    assert_failure(RUN(&f, "audit", "checkpoint", "--known", "short"), KEYWARD_UNPROVEN,
                   "the known checkpoint: ");
    write_whole(path_in(&f, "nul"), "a\0b", 3);
    assert_failure(RUN(&f, "audit", "checkpoint", "--known", "nul"), KEYWARD_UNPROVEN,
                   "'nul' is not a text");
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_checkpoints"), 1);
    ck_assert_ptr_nonnull(
        strstr(printed(RUN(&f, "audit", "checkpoint", "--known", "known")), ORIGIN "\n4\n"));
}
END_TEST

/* ---- audit receipt ---- */

START_TEST(a_receipt_is_printed_or_written)
{
    const char *receipt, *older;
    json_t *object;

    have_key();
    assert_result(
        RUN(&f, "audit", "receipt", "2"), KEYWARD_NOT_FOUND, "",
        "keyward: audit receipt: no checkpoint covers event 2 yet; sign one with 'keyward "
        "audit checkpoint'\n");
    checkpoint_into("three");
    older = printed(RUN(&f, "audit", "receipt", "2"));
    grant_once("zoe");
    checkpoint_into("four");
    receipt = printed(RUN(&f, "audit", "receipt", "2"));
    ck_assert_msg(strncmp(receipt, "c2sp.org/tlog-proof@v1\nextra ", 29) == 0, "'%s'", receipt);
    ck_assert_str_eq(strstr(receipt, "\n\n") + 2, get_file("four"));
    assert_result(RUN(&f, "audit", "receipt", "2", "--checkpoint", "3"), 0, older, "");
    assert_result(RUN(&f, "audit", "receipt", "2", "--checkpoint", "4"), 0, receipt, "");
    assert_result(RUN(&f, "audit", "receipt", "2", "--as", "rita"), 0, receipt, "");
    object = assert_json(RUN(&f, "audit", "receipt", "2", "--json"), 0);
    ck_assert_int_eq(number_member(object, "sequence"), 2);
    ck_assert_str_eq(text_member(object, "receipt"), receipt);
    ck_assert_uint_eq(json_object_size(object), 3);
    json_decref(object);

    assert_result(RUN(&f, "audit", "receipt", "2", "--output", "new"), 0, "",
                  "the receipt is in new\n");
    ck_assert_str_eq(get_file("new"), receipt);
    ck_assert_int_eq(mode_of("new"), 0600);
    assert_failure(RUN(&f, "audit", "receipt", "2", "--output", "new"), KEYWARD_EXISTS, "new");
    object = assert_json(RUN(&f, "audit", "receipt", "2", "--output", "newer", "--json"), 0);
    assert_same_json(object, "{\"success\":true,\"sequence\":2,\"file\":\"newer\"}");
    json_decref(object);
}
END_TEST

START_TEST(a_receipt_that_cannot_be_had)
{
    have_key();
    checkpoint_into("three");
    grant_once("zoe");
    assert_failure(RUN(&f, "audit", "receipt", "9"), KEYWARD_NOT_FOUND, "there is no event 9");
    assert_failure(RUN(&f, "audit", "receipt", "4"), KEYWARD_NOT_FOUND, "covers event 4 yet");
    assert_failure(RUN(&f, "audit", "receipt", "4", "--as", "rita"), KEYWARD_NOT_FOUND,
                   "covers event 4 yet");
    assert_failure(RUN(&f, "audit", "receipt", "4", "--checkpoint", "3"), KEYWARD_NOT_FOUND,
                   "there is no checkpoint of size 3, or it does not cover event 4");
    assert_failure(RUN(&f, "audit", "receipt", "1", "--checkpoint", "2"), KEYWARD_NOT_FOUND,
                   "there is no checkpoint of size 2");
    assert_failure(RUN(&f, "audit", "receipt", "1", "--as", "nobody"), KEYWARD_FORBIDDEN,
                   "audit receipt");
    assert_failure(RUN(&f, "audit", "receipt", "9", "--as", "rita"), KEYWARD_FORBIDDEN,
                   "audit receipt");
    assert_failure(RUN(&f, "audit", "receipt", "0"), KEYWARD_INVALID,
                   "SEQUENCE: '0' is not such a number");
    assert_failure(RUN(&f, "audit", "receipt", "1x"), KEYWARD_INVALID, "SEQUENCE: '1x'");
    assert_failure(RUN(&f, "audit", "receipt"), KEYWARD_INVALID, "audit receipt SEQUENCE");
    assert_failure(RUN(&f, "audit", "receipt", "9", "--output", "none"), KEYWARD_NOT_FOUND, "9");
    ck_assert_int_eq(mode_of("none"), -1);
}
END_TEST

/* ---- audit consistency ---- */

START_TEST(consistency_is_proven_from_a_size_or_a_file)
{
    const char *proof;
    json_t *object;

    have_key();
    assert_result(RUN(&f, "audit", "consistency", "3"), KEYWARD_NOT_FOUND, "",
                  "keyward: audit consistency: there is no checkpoint of size 3 or more; sign one "
                  "with 'keyward audit checkpoint'\n");
    checkpoint_into("three");
    grant_once("zoe");
    checkpoint_into("four");
    proof = printed(RUN(&f, "audit", "consistency", "3"));
    ck_assert_msg(strncmp(proof, "old 3\n", 6) == 0, "'%s'", proof);
    ck_assert_str_eq(strstr(proof, "\n\n") + 2, get_file("four"));
    assert_result(RUN(&f, "audit", "consistency", "--old", "three"), 0, proof, "");
    assert_result(RUN(&f, "audit", "consistency", "--old", "three", "--output", "new"), 0, "",
                  "the proof is in new\n");
    ck_assert_str_eq(get_file("new"), proof);
    assert_result(RUN(&f, "audit", "consistency", "3", "--checkpoint", "3"), 0,
                  text("old 3\n\n%s", get_file("three")), "");
    object = assert_json(RUN(&f, "audit", "consistency", "3", "--json"), 0);
    ck_assert_str_eq(text_member(object, "proof"), proof);
    ck_assert_uint_eq(json_object_size(object), 2);
    json_decref(object);

    assert_failure(RUN(&f, "audit", "consistency"), KEYWARD_INVALID, "OLD-SIZE, or --old FILE");
    assert_failure(RUN(&f, "audit", "consistency", "3", "--old", "three"), KEYWARD_INVALID,
                   "OLD-SIZE, or --old FILE");
    assert_failure(RUN(&f, "audit", "consistency", "-3"), KEYWARD_INVALID, "hyphen");
    assert_failure(RUN(&f, "audit", "consistency", "x"), KEYWARD_INVALID, "OLD-SIZE: 'x'");
    assert_failure(RUN(&f, "audit", "consistency", "4", "--checkpoint", "3"), KEYWARD_NOT_FOUND,
                   "there is no checkpoint of size 3, or it is older than 4");
    assert_failure(RUN(&f, "audit", "consistency", "--old", "four", "--checkpoint", "3"),
                   KEYWARD_NOT_FOUND, "of size 3, or it is older than 'four' of 4");
    assert_failure(RUN(&f, "audit", "consistency", "--old", "master.key"), KEYWARD_UNPROVEN,
                   "'master.key': the old checkpoint: ");
    assert_failure(RUN(&f, "audit", "consistency", "3", "--as", "anna"), KEYWARD_FORBIDDEN,
                   "audit consistency");
}
END_TEST

/* ---- audit cosign ---- */

/* The text that is signed, of a checkpoint. */
static const char *body_of(const char *checkpoint)
{
    return compose("%.*s", (int)(strstr(checkpoint, "\n\n") + 1 - checkpoint), checkpoint);
}

START_TEST(cosignatures_are_kept)
{
    const struct signer one = signer_of(4, "one.example", 1), two = signer_of(4, "two.example", 2);
    const char *checkpoint, *first, *second;
    json_t *object;

    have_key();
    checkpoint_into("three");
    checkpoint = compose("%s", get_file("three"));
    first = signed_line(&one, body_of(checkpoint), 1700000001);
    second = signed_line(&two, body_of(checkpoint), 1700000002);
    put_file("whole", compose("%s%s", checkpoint, first));
    assert_failure(RUN(&f, "audit", "cosign", "whole"), KEYWARD_INVALID, "--witness-key");
    assert_failure(RUN(&f, "audit", "cosign", "whole", "--witness-key", two.key), KEYWARD_UNPROVEN,
                   "'whole' has no cosignature of this witness");
    assert_result(RUN(&f, "audit", "checkpoint"), 0, checkpoint, "");
    assert_result(
        RUN(&f, "audit", "cosign", "whole", "--witness-key", one.key, "--witness-key", two.key), 0,
        "the checkpoint of size 3 is cosigned by 1 of the 2\n", "");
    assert_result(RUN(&f, "audit", "checkpoint"), 0, compose("%s%s", checkpoint, first), "");

    /* The other one answers with his line alone, when the log has gone on. */
    grant_once("zoe");
    checkpoint_into("four");
    put_file("line", second);
    assert_failure(RUN(&f, "audit", "cosign", "line", "--witness-key", two.key), KEYWARD_UNPROVEN,
                   "the cosignature of");
    object = assert_json(RUN(&f, "audit", "cosign", "line", "--checkpoint", "3", "--witness-key",
                             one.key, "--witness-key", two.key, "--json"),
                         0);
    assert_same_json(object, "{\"success\":true,\"size\":3,\"witnesses\":2}");
    json_decref(object);
    assert_result(RUN(&f, "audit", "consistency", "3", "--checkpoint", "3"), 0,
                  compose("old 3\n\n%s%s%s", checkpoint, first, second), "");
    assert_failure(
        RUN(&f, "audit", "cosign", "line", "--checkpoint", "2", "--witness-key", one.key),
        KEYWARD_NOT_FOUND, "there is no checkpoint of size 2");
    assert_failure(RUN(&f, "audit", "cosign", "line", "--witness-key", "nonsense"), KEYWARD_INVALID,
                   "is not a verifier key");
}
END_TEST

/* ---- verify ---- */

/* In a folder without a store. */
#define VERIFY(...)                                        \
    run_call(&(struct call){.folder = path_in(&f, "away"), \
                            .arguments = ARGUMENTS("verify", __VA_ARGS__)})

/* "receipt" of the deletion of a key, which is event 5, at a log of 6, and its line in "event". */
static keyward_key *have_receipt(void)
{
    keyward_key *key = command_key(&f, "CI", NULL);
    keyward_deletion deletion = {.reason = KEYWARD_REASON_OTHER, .reason_text = "“moved”"};

    have_key();
    ck_assert_int_eq(mkdir(path_in(&f, "away"), 0700), 0);
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", key->id, &deletion),
                  KEYWARD_OK);
    grant_once("zoe");
    checkpoint_into("away/six");
    put_file("away/receipt", printed(RUN(&f, "audit", "receipt", "5")));
    put_file("away/event", event_line(5));
    return key;
}

START_TEST(a_receipt_is_verified_without_a_store)
{
    keyward_key *key = have_receipt();
    const char *shown = text("event           5 of the 6 that the log had when it signed\n"
                             "time            2023-11-14T22:13:20Z\n"
                             "action          key.deleted\n"
                             "actor           will\n"
                             "repository      repo-1\n"
                             "name            CI\n"
                             "key             %s\n"
                             "reason          other\n"
                             "in words        “moved”\n",
                             key->id);
    const char *wanted = compose("proven: the log " ORIGIN " has this event\n%s", shown);
    json_t *object;

    assert_result(VERIFY("--receipt", "receipt", "--log-key", log_key, "--utc"), 0, wanted, "");
    assert_result(VERIFY("--receipt", "receipt", "--event", "event", "--log-key", log_key, "--utc"),
                  0, wanted, "");
    put_file("away/event", text("%.*s", (int)strlen(get_file("away/event")) - 1,
                                get_file("away/event"))); /* without its line end */
    assert_result(VERIFY("--receipt", "receipt", "--event", "event", "--log-key", log_key, "--utc",
                         "--quiet"),
                  0, shown, "");
    object = assert_json(VERIFY("--receipt", "receipt", "--log-key", log_key, "--json"), 0);
    assert_same_json(object, text("{\"success\":true,\"origin\":\"" ORIGIN "\",\"sequence\":5,"
                                  "\"size\":6,\"witnesses\":0,\"event\":%s}",
                                  get_file("away/event")));
    json_decref(object);
    keyward_key_free(&key);
}
END_TEST

/* A log may sign whatever it likes, also what would take a terminal over. */
START_TEST(a_proven_event_does_no_harm_to_a_terminal)
{
    static const char event[] = "{\"at\":\"soon\",\"name\":\"\\u001b[2J\",\"sequence\":7,"
                                "\"zeal\":[1,{\"a\":null}]}",
                      line[] = "not JSON, \xe2\x80\xae but text";
    const struct signer log = signer_of(1, ORIGIN, 5);
    const char *const events[] = {event, line};
    const char *const wanted[] = {"time            soon\n"
                                  "name            \\x1b[2J\n"
                                  "sequence        7\n"
                                  "zeal            [1,{\"a\":null}]\n",
                                  "text            not JSON, \\xe2\\x80\\xae but text\n"};
    json_t *object;

    for (int i = 0; i < 2; i++) {
        struct hash_of leaf = hash_of(0, events[i], strlen(events[i]), NULL, 0);
        const char *body = compose(ORIGIN "\n1\n%s\n", base64(leaf.bytes, 32));
        put_file("receipt",
                 compose("c2sp.org/tlog-proof@v1\nextra %s\nindex 0\n\n%s\n%s",
                         base64(events[i], strlen(events[i])), body, signed_line(&log, body, 0)));
        assert_result(RUN(&f, "verify", "--receipt", "receipt", "--log-key", log.key), 0,
                      compose("proven: the log " ORIGIN " has this event\n"
                              "event           1 of the 1 that the log had when it signed\n%s",
                              wanted[i]),
                      "");
    }
    object =
        assert_json(RUN(&f, "verify", "--receipt", "receipt", "--log-key", log.key, "--json"), 0);
    assert_same_json(object, compose("{\"success\":true,\"origin\":\"" ORIGIN "\",\"sequence\":1,"
                                     "\"size\":1,\"witnesses\":0,\"event\":\"%s\"}",
                                     line));
    json_decref(object);
}
END_TEST

START_TEST(an_edited_event_is_refused)
{
    keyward_key *key = have_receipt();
    const char *line = compose("%s", get_file("away/event"));
    size_t length = strlen(line) - 1;
    struct result refused;
    json_t *object;

    for (size_t i = 0; i < length; i++) {
        char *edited = compose("%s", line);
        edited[i] = (char)(edited[i] ^ 1);
        put_file("away/event", edited);
        assert_result(
            VERIFY("--receipt", "receipt", "--event", "event", "--log-key", log_key),
            KEYWARD_UNPROVEN, "",
            "keyward: verify: not proven: 'event' is not the event of this receipt, event "
            "5: it was changed, or is another one\n");
    }
    put_file("away/event", compose("%s\n", line)); /* one line end too many */
    assert_failure(VERIFY("--receipt", "receipt", "--event", "event", "--log-key", log_key),
                   KEYWARD_UNPROVEN, "it has more than one line");
    put_file("away/event", "\n");
    refused = VERIFY("--receipt", "receipt", "--event", "event", "--log-key", log_key, "--json");
    ck_assert_int_eq(refused.code, KEYWARD_UNPROVEN);
    ck_assert_str_eq(refused.out, "");
    object = json_loads(refused.err, 0, NULL);
    ck_assert_str_eq(text_member(object, "error"), "UNPROVEN");
    ck_assert_int_eq(number_member(object, "status"), 28);
    json_decref(object);
    result_drop(&refused);
    keyward_key_free(&key);
}
END_TEST

START_TEST(a_receipt_that_does_not_hold_is_refused)
{
    keyward_key *key = have_receipt();
    const char *receipt = compose("%s", get_file("away/receipt"));
    char *edited;

    edited = compose("%s", receipt);
    strstr(edited, "\nindex ")[7]--;
    put_file("away/edited", edited);
    assert_result(VERIFY("--receipt", "edited", "--log-key", log_key), KEYWARD_UNPROVEN, "",
                  "keyward: verify: not proven: the event is not the one that the log has in this "
                  "place\n");
    edited = compose("%s", receipt);
    edited[strlen("c2sp.org/tlog-proof@v1\nextra ") + 3] ^= 1; /* within the carried event */
    put_file("away/edited", edited);
    assert_failure(VERIFY("--receipt", "edited", "--log-key", log_key), KEYWARD_UNPROVEN,
                   "not proven: ");
    put_file("away/edited", compose("%s\n", receipt));
    assert_failure(VERIFY("--receipt", "edited", "--log-key", log_key), KEYWARD_UNPROVEN,
                   "not proven: the receipt: ");
    assert_failure(VERIFY("--receipt", "event", "--log-key", log_key), KEYWARD_UNPROVEN,
                   "not proven: the receipt: ");
    assert_failure(VERIFY("--receipt", "receipt", "--log-key", signer_of(1, ORIGIN, 3).key),
                   KEYWARD_UNPROVEN, "the checkpoint: is not signed by the log's key");
    assert_failure(VERIFY("--receipt", "receipt", "--log-key", signer_of(1, "other", 3).key),
                   KEYWARD_UNPROVEN, "the checkpoint: is of another log");
    /* Where neither holds, the receipt is to blame. */
    put_file("away/event", "{}");
    assert_failure(VERIFY("--receipt", "edited", "--event", "event", "--log-key", log_key),
                   KEYWARD_UNPROVEN, "not proven: the receipt: ");
    put_file("away/empty", "");
    assert_failure(VERIFY("--receipt", "empty", "--log-key", log_key), KEYWARD_UNPROVEN,
                   "'empty' is empty");
    edited = calloc(1, KEYWARD_RECEIPT_MAX + 2);
    memset(edited, 'x', KEYWARD_RECEIPT_MAX + 2);
    write_whole(path_in(&f, "away/long"), edited, KEYWARD_RECEIPT_MAX + 2);
    free(edited);
    assert_failure(VERIFY("--receipt", "long", "--log-key", log_key), KEYWARD_UNPROVEN,
                   "'long' is longer than 1048576 bytes");
    keyward_key_free(&key);
}
END_TEST

START_TEST(witnesses_are_needed_as_given)
{
    const struct signer one = signer_of(4, "one.example", 1), two = signer_of(4, "two.example", 2),
                        three = signer_of(4, "three.example", 3);
    keyward_key *key = have_receipt();
    const char *body = body_of(get_file("away/six")), *holds;
    json_t *object;

    put_file("answer", compose("%s%s", signed_line(&one, body, 1700000060),
                               signed_line(&two, body, 1700000120)));
    assert_result(
        RUN(&f, "audit", "cosign", "answer", "--witness-key", one.key, "--witness-key", two.key), 0,
        "the checkpoint of size 6 is cosigned by 2 of the 2\n", "");
    put_file("away/cosigned", printed(RUN(&f, "audit", "receipt", "5")));

    holds = printed(VERIFY("--receipt", "cosigned", "--log-key", log_key, "--utc", "--witness-key",
                           one.key, "--witness-key", two.key, "--witness-key", three.key,
                           "--witnesses-needed", "2"));
    ck_assert_ptr_nonnull(strstr(holds, "\nwitnesses       2 of 3 have cosigned it, 2 of them by "
                                        "2023-11-14T22:15:20Z\n"));
    holds = printed(VERIFY("--receipt", "receipt", "--log-key", log_key, "--witness-key", one.key,
                           "--witnesses-needed", "0"));
    ck_assert_ptr_nonnull(strstr(holds, "\nwitnesses       0 of 1 have cosigned it\n"));
    object = assert_json(VERIFY("--receipt", "cosigned", "--log-key", log_key, "--witness-key",
                                one.key, "--witness-key", two.key, "--json"),
                         0);
    ck_assert_int_eq(number_member(object, "witnesses"), 2);
    ck_assert_int_eq(number_member(object, "witnessed_at"), 1700000120000);
    json_decref(object);

    /* Unless it is said how many, all of them. */
    assert_result(VERIFY("--receipt", "cosigned", "--log-key", log_key, "--witness-key", one.key,
                         "--witness-key", three.key),
                  KEYWARD_UNPROVEN, "",
                  "keyward: verify: not proven: the checkpoint: 1 of the witnesses have cosigned "
                  "it, not 2\n");
    assert_failure(VERIFY("--receipt", "receipt", "--log-key", log_key, "--witness-key", one.key),
                   KEYWARD_UNPROVEN, "0 of the witnesses have cosigned it, not 1");
    assert_failure(VERIFY("--receipt", "cosigned", "--log-key", log_key, "--witness-key", one.key,
                          "--witnesses-needed", "2"),
                   KEYWARD_INVALID, "--witnesses-needed is more");
    keyward_key_free(&key);
}
END_TEST

START_TEST(verify_says_what_is_wrong_with_its_command_line)
{
    const char *arguments[80] = {"verify", "--receipt", "receipt", "--log-key", log_key};
    const struct signer one = signer_of(4, "one.example", 1);
    keyward_key *key = have_receipt();
    size_t count = 5;

    assert_failure(VERIFY("--log-key", log_key), KEYWARD_INVALID, "say what to verify");
    assert_failure(VERIFY("--receipt", "receipt", "--consistency", "receipt", "--log-key", log_key),
                   KEYWARD_INVALID, "say what to verify");
    assert_failure(VERIFY("--receipt", "receipt"), KEYWARD_INVALID, "--log-key is needed");
    assert_failure(VERIFY("--consistency", "six", "--log-key", log_key), KEYWARD_INVALID,
                   "--consistency and --old-checkpoint need each other");
    assert_failure(VERIFY("--receipt", "receipt", "--old-checkpoint", "six", "--log-key", log_key),
                   KEYWARD_INVALID, "--consistency and --old-checkpoint need each other");
    assert_failure(VERIFY("--consistency", "six", "--old-checkpoint", "six", "--event", "event",
                          "--log-key", log_key),
                   KEYWARD_INVALID, "--event goes with --receipt");
    assert_failure(VERIFY("--receipt", "missing", "--log-key", log_key), KEYWARD_INVALID,
                   "'missing': there is no such file");
    assert_failure(VERIFY("--receipt", "receipt", "--log-key", "nonsense"), KEYWARD_INVALID,
                   "verify: --log-key: is not a verifier key, or was mistyped");
    assert_failure(VERIFY("--receipt", "receipt", "--log-key", one.key), KEYWARD_INVALID,
                   "verify: --log-key: must be a log's key");
    assert_failure(VERIFY("--receipt", "receipt", "--log-key", log_key, "--witness-key", one.key,
                          "--witness-key", log_key),
                   KEYWARD_INVALID, "verify: --witness-key, the 2. one: must be a witness's key");
    for (int i = 0; i <= KEYWARD_WITNESSES_MAX; i++) {
        arguments[count++] = compose("--witness-key=%s", signer_of(4, "w", (unsigned char)i).key);
    }
    assert_failure(run_call(&(struct call){.folder = path_in(&f, "away"), .arguments = arguments}),
                   KEYWARD_INVALID, "'--witness-key' can be given 32 times");
    keyward_key_free(&key);
}
END_TEST

START_TEST(consistency_is_verified_without_a_store)
{
    keyward_key *key = have_receipt();
    json_t *object;

    grant_once("yan");
    checkpoint_into("away/seven");
    put_file("away/proof", printed(RUN(&f, "audit", "consistency", "--old", "away/six")));
    assert_result(VERIFY("--consistency", "proof", "--old-checkpoint", "six", "--log-key", log_key),
                  0,
                  "proven: the log " ORIGIN " of 7 events begins with all 6 of the old checkpoint, "
                  "unchanged\n",
                  "");
    object = assert_json(
        VERIFY("--consistency", "proof", "--old-checkpoint", "six", "--log-key", log_key, "--json"),
        0);
    assert_same_json(object, "{\"success\":true,\"origin\":\"" ORIGIN "\",\"size\":7,"
                             "\"old_size\":6,\"witnesses\":0}");
    json_decref(object);
    assert_failure(
        VERIFY("--consistency", "proof", "--old-checkpoint", "seven", "--log-key", log_key),
        KEYWARD_UNPROVEN, "not proven: the proof: begins at another size");
    assert_failure(VERIFY("--consistency", "six", "--old-checkpoint", "six", "--log-key", log_key),
                   KEYWARD_UNPROVEN, "not proven: the proof: ");
    keyward_key_free(&key);
}
END_TEST

/* ---- delete --receipt ---- */

static int64_t live_keys(void)
{
    return sql_number(f.path, "SELECT count(*) FROM api_keys WHERE deleted_at IS NULL");
}

START_TEST(a_deletion_comes_with_its_receipt)
{
    keyward_key *key = command_key(&f, "CI", NULL), *other = command_key(&f, "two", NULL);
    const char *holds;
    json_t *object;

    have_key();
    assert_result(RUN(&f, "delete", "repo-1", "CI", "--receipt", "receipt", "--as", "will"), 0,
                  text("key %s deleted, event 6\nits receipt is in receipt\n", key->id), "");
    ck_assert_int_eq(mode_of("receipt"), 0600);
    assert_result(RUN(&f, "audit", "receipt", "6"), 0, get_file("receipt"), "");
    holds = printed(RUN(&f, "verify", "--receipt", "receipt", "--log-key", log_key));
    ck_assert_ptr_nonnull(strstr(holds, "\nevent           6 of the 6 that "));
    ck_assert_ptr_nonnull(strstr(holds, "\naction          key.deleted\n"));

    object = assert_json(
        RUN(&f, "delete", "--access-key", other->access_key, "--receipt", "second", "--json"), 0);
    drop_member(json_array_get(json_object_get(object, "results"), 0), "deleted_at");
    assert_same_json(object, text("{\"success\":true,\"results\":[{\"status\":0,\"access_key\":"
                                  "\"%s\",\"deleted_event\":7,\"receipt\":\"second\"}]}",
                                  other->access_key));
    json_decref(object);
    printed(RUN(&f, "verify", "--receipt", "second", "--log-key", log_key));

    assert_failure(RUN(&f, "delete", "repo-1", key->id, "--receipt", "third"),
                   KEYWARD_ALREADY_DELETED, "; for its receipt: 'keyward audit receipt 6'");
    ck_assert_int_eq(mode_of("third"), -1);
    keyward_key_free(&key);
    keyward_key_free(&other);
}
END_TEST

START_TEST(what_stands_in_a_receipts_way_is_found_before_the_deletion)
{
    keyward_key *key = command_key(&f, "CI", NULL), *other = command_key(&f, "two", NULL);

    assert_result(RUN(&f, "delete", "repo-1", "CI", "--receipt", "receipt"), KEYWARD_NOT_FOUND, "",
                  "keyward: delete: the audit log has no key yet; make one with 'keyward audit key "
                  "--origin NAME', with a name as example.com/keys; nothing was deleted\n");
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--receipt", "receipt", "--dry-run"),
                   KEYWARD_NOT_FOUND, "nothing was deleted");
    have_key();
    put_file("there", "mine");
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--receipt", "there"), KEYWARD_EXISTS,
                   "; nothing was deleted");
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--receipt", "there", "--dry-run"),
                   KEYWARD_EXISTS, "; nothing was deleted");
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--receipt", "no/where"), KEYWARD_NO_FOLDER,
                   "; nothing was deleted");
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "two", "--receipt", "receipt"),
                   KEYWARD_INVALID, "--receipt is for one key");
    assert_failure(RUN(&f, "delete", "--access-key", key->access_key, other->access_key,
                       "--receipt", "receipt"),
                   KEYWARD_INVALID, "--receipt is for one key");
    assert_failure(RUN(&f, "delete", "--all", "repo-1", "--yes", "--receipt", "receipt"),
                   KEYWARD_INVALID, "--receipt is for one key");
    ck_assert_str_eq(get_file("there"), "mine");
    ck_assert_int_eq(live_keys(), 2);
    ck_assert_int_eq(count_events(f.path), 5);

    /* A dry run makes no file, and a deletion that is refused leaves none. */
    printed(RUN(&f, "delete", "repo-1", "CI", "--receipt", "receipt", "--dry-run"));
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--receipt", "receipt", "--as", "rita"),
                   KEYWARD_FORBIDDEN, "delete");
    assert_failure(RUN(&f, "delete", "repo-1", "none", "--receipt", "receipt"), KEYWARD_NOT_FOUND,
                   "no live key is called 'none'");
    ck_assert_int_eq(mode_of("receipt"), -1);
    ck_assert_int_eq(live_keys(), 2);
    keyward_key_free(&key);
    keyward_key_free(&other);
}
END_TEST

/* ---- a store that was edited, or replaced ---- */

/* As somebody does who may write the file. */
static void edit(const char *change)
{
    char *trigger = sql_text(f.path, "SELECT sql FROM sqlite_schema WHERE name = "
                                     "'audit_events_stay_as_written'");

    ck_assert_int_eq(sql(f.path, "DROP TRIGGER audit_events_stay_as_written"), 0);
    ck_assert_int_eq(sql(f.path, change), 0);
    ck_assert_int_eq(sql(f.path, trigger), 0);
    free(trigger);
}

START_TEST(an_edited_store_is_found_and_not_signed)
{
    keyward_key *key = command_key(&f, "CI", NULL);
    struct result found;

    have_key();
    checkpoint_into("known");
    grant_once("zoe");
    edit("UPDATE audit_events SET user_id = 'eve' WHERE sequence = 5");
    found = RUN(&f, "check");
    ck_assert_int_eq(found.code, KEYWARD_CORRUPT);
    ck_assert_msg(strstr(found.out, "    5  the event is not the one that its leaf hash was made "
                                    "of\n") != NULL,
                  "'%s'", found.out);
    result_drop(&found);
    assert_result(RUN(&f, "audit", "checkpoint"), KEYWARD_INCONSISTENT, "",
                  "keyward: audit checkpoint: event 5 was changed after it had been appended; "
                  "nothing was signed; 'keyward check' names what does not fit\n");
    assert_failure(RUN(&f, "audit", "checkpoint", "--known", "known"), KEYWARD_INCONSISTENT,
                   "'keyward check --checkpoint known' names");
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--receipt", "receipt"), KEYWARD_INCONSISTENT,
                   "event 5 was changed after it had been appended; nothing was deleted");
    ck_assert_int_eq(live_keys(), 1);
    ck_assert_int_eq(mode_of("receipt"), -1);
    keyward_key_free(&key);
}
END_TEST

/* The store's files, as a person copies them who has stopped all that use it. */
static void copy_store(const char *command)
{
    const char *script = text("cd '%s' && %s", f.folder, command);

    keyward_close(&f.store);
    ck_assert_int_eq(system(script), 0);
    fixture_reopen(&f);
}

START_TEST(a_store_rolled_back_is_found_by_what_was_kept)
{
    struct result found;
    json_t *report;

    have_key();
    checkpoint_into("three");
    copy_store("mkdir kept && cp keys.db* kept");
    grant_once("zoe");
    checkpoint_into("four");
    assert_result(RUN(&f, "check", "--checkpoint", "four"), 0,
                  "0 keys and 4 events checked, 0 problems\n", "");
    printed(RUN(&f, "audit", "publish", "public"));
    copy_store("rm keys.db* && cp kept/keys.db* .");

    assert_result(RUN(&f, "check"), 0, "0 keys and 3 events checked, 0 problems\n", "");
    assert_result(RUN(&f, "check", "--checkpoint", "three"), 0,
                  "0 keys and 3 events checked, 0 problems\n", "");
    found = RUN(&f, "check", "--checkpoint", "four");
    ck_assert_int_eq(found.code, KEYWARD_CORRUPT);
    ck_assert_msg(strstr(found.out, "    4  the log was cut off before this event: a checkpoint "
                                    "covers more\n") != NULL,
                  "'%s'", found.out);
    result_drop(&found);
    assert_failure(RUN(&f, "audit", "checkpoint", "--known", "four"), KEYWARD_INCONSISTENT,
                   "was signed over 4 events, and the log has 3: it was cut off or rolled back");
    assert_failure(
        RUN(&f, "audit", "consistency", "--old", "four"), KEYWARD_INCONSISTENT,
        "'four' was signed over 4 events, and no checkpoint in the store covers so many");
    assert_failure(RUN(&f, "audit", "publish", "public"), KEYWARD_INCONSISTENT,
                   "the store was rolled back; nothing was published");

    /* And when it has gone on differently, even further. */
    grant_once("eve");
    grant_once("mallory");
    checkpoint_into("forked");
    assert_failure(RUN(&f, "audit", "checkpoint", "--known", "four"), KEYWARD_INCONSISTENT,
                   "the first 4 events are not those that the known checkpoint was signed over");
    assert_failure(RUN(&f, "audit", "consistency", "--old", "four"), KEYWARD_INCONSISTENT,
                   "the log does not continue 'four': it was rewritten");
    assert_failure(RUN(&f, "audit", "publish", "public"), KEYWARD_INCONSISTENT,
                   "it was rewritten; ");
    ck_assert_str_eq(get_file("public/checkpoint"), get_file("four"));
    found = RUN(&f, "check", "--checkpoint", "four", "--json");
    ck_assert_int_eq(found.code, KEYWARD_CORRUPT);
    report = json_loads(found.out, 0, NULL);
    ck_assert_int_eq(number_member(report, "findings_total"), 1);
    assert_same_json(json_array_get(json_object_get(report, "findings"), 0),
                     "{\"sequence\":4,\"problem\":\"the events up to this one are not "
                     "those of the given checkpoint\"}");
    json_decref(report);
    result_drop(&found);
}
END_TEST

START_TEST(check_takes_only_a_checkpoint_of_this_log)
{
    struct result found;

    have_key();
    checkpoint_into("three");
    put_file("empty", "");
    assert_failure(RUN(&f, "check", "--checkpoint", "empty"), KEYWARD_UNPROVEN, "'empty' is empty");
    assert_failure(RUN(&f, "check", "--checkpoint", "none"), KEYWARD_INVALID, "no such file");
    found = RUN(&f, "check", "--checkpoint", "master.key");
    ck_assert_int_eq(found.code, KEYWARD_CORRUPT);
    ck_assert_ptr_nonnull(strstr(found.out, "the given checkpoint is not one of this log"));
    result_drop(&found);
}
END_TEST

/* ---- the published folder, read by itself ---- */

struct bytes {
    unsigned char *at;
    size_t length;
};

static struct bytes published(const char *folder, const char *path)
{
    struct bytes bytes;

    bytes.at = read_whole(path_in(&f, text("%s/%s", folder, path)), &bytes.length);
    return bytes;
}

/* The path of a tile, as c2sp.org/tlog-tiles has it for fewer than 1,000 tiles a level. */
static const char *tile_path(const char *level, int64_t position, int64_t width)
{
    return width == 256 ? text("tile/%s/%03" PRId64, level, position)
                        : text("tile/%s/%03" PRId64 ".p/%" PRId64, level, position, width);
}

/* MTH of RFC 6962, section 2.1, over hashes of leaves, or of full subtrees side by side. */
static struct hash_of root_of(const struct hash_of *hashes, int64_t count)
{
    struct hash_of left, right;
    int64_t half = 1;

    if (count == 1)
        return hashes[0];
    while (half * 2 < count)
        half *= 2;
    left = root_of(hashes, half);
    right = root_of(hashes + half, count - half);
    return hash_of(1, left.bytes, 32, right.bytes, 32);
}

/* Every entry of the bundles is the next line of the export; their leaf hashes. */
static struct hash_of *read_leaves(const char *folder, int64_t size)
{
    struct hash_of *leaves = calloc((size_t)size, sizeof *leaves);
    struct result lines = RUN(&f, "audit", "export");
    const char *line = lines.out;

    for (int64_t first = 0; first < size; first += 256) {
        int64_t width = size - first < 256 ? size - first : 256;
        struct bytes bundle = published(folder, tile_path("entries", first / 256, width));
        const unsigned char *entry = bundle.at;
        for (int64_t i = first; i < first + width; i++) {
            size_t length = (size_t)(entry[0] << 8 | entry[1]);
            ck_assert_uint_eq(strcspn(line, "\n"), length);
            ck_assert_mem_eq(line, entry + 2, length);
            leaves[i] = hash_of(0, entry + 2, length, NULL, 0);
            entry += 2 + length;
            line += length + 1;
        }
        ck_assert_ptr_eq(entry, bundle.at + bundle.length);
        free(bundle.at);
    }
    result_drop(&lines);
    return leaves;
}

/* The tiles of a level have these hashes; the full ones become the hashes of the next. */
static int64_t check_level(const char *folder, int level, struct hash_of *hashes, int64_t count)
{
    for (int64_t first = 0; first < count; first += 256) {
        int64_t width = count - first < 256 ? count - first : 256;
        struct bytes tile = published(folder, tile_path(text("%d", level), first / 256, width));
        ck_assert_uint_eq(tile.length, 32 * (size_t)width);
        ck_assert_mem_eq(tile.at, hashes + first, tile.length);
        free(tile.at);
    }
    for (int64_t i = 0; i < count / 256; i++)
        hashes[i] = root_of(hashes + 256 * i, 256);
    return count / 256;
}

/* The last line of the log's signature holds for the text, by the key that was printed. */
static void check_signature(const char *checkpoint)
{
    unsigned char key[64], signature[128];
    size_t length;
    const char *line = strstr(checkpoint, "\n\n") + 2,
               *base = strchr(strchr(line, ' ') + 1, ' ') + 1,
               *encoded = strchr(strchr(log_key, '+') + 1, '+') + 1;

    ck_assert_int_eq(sodium_base642bin(key, sizeof key, encoded, strlen(encoded), NULL, &length,
                                       NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    ck_assert_uint_eq(length, 33);
    ck_assert_int_eq(key[0], 1);
    ck_assert_int_eq(sodium_base642bin(signature, sizeof signature, base, strcspn(base, "\n"), NULL,
                                       &length, NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    ck_assert_uint_eq(length, 68);
    ck_assert_int_eq(crypto_sign_verify_detached(signature + 4, (const unsigned char *)checkpoint,
                                                 (size_t)(line - 1 - checkpoint), key + 1),
                     0);
}

/* All that the folder's checkpoint promises is there, and is what the log's export has. */
static void check_folder(const char *folder, int64_t size)
{
    const char *checkpoint = get_file(text("%s/checkpoint", folder));
    struct hash_of *hashes = read_leaves(folder, size), root = root_of(hashes, size);
    char root_text[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)];
    int level = 0;

    sodium_bin2base64(root_text, sizeof root_text, root.bytes, 32, sodium_base64_VARIANT_ORIGINAL);
    ck_assert_str_eq(text("%.*s", (int)(strstr(checkpoint, "\n\n") + 1 - checkpoint), checkpoint),
                     text(ORIGIN "\n%" PRId64 "\n%s\n", size, root_text));
    check_signature(checkpoint);
    for (int64_t count = size; count > 0; level++)
        count = check_level(folder, level, hashes, count);
    free(hashes);
}

/* ---- audit publish ---- */

/* So that there are `size` events in all. */
static void grow(int64_t size)
{
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    for (int64_t i = count_events(f.path); i < size; i++)
        grant_once(text("user%" PRId64, i));
}

static void assert_published(struct result result, int64_t size, int64_t before, int64_t written,
                             int64_t kept)
{
    json_t *object = assert_json(result, 0);

    assert_same_json(object, text("{\"success\":true,\"folder\":\"public\",\"size\":%" PRId64
                                  ",\"published_size\":%" PRId64 ",\"files_written\":%" PRId64
                                  ",\"files_kept\":%" PRId64 "}",
                                  size, before, written, kept));
    json_decref(object);
}

START_TEST(a_log_is_published_and_goes_on)
{
    char before[1024] = "";
    const char *listed;
    FILE *reader;

    have_key();
    assert_failure(RUN(&f, "audit", "publish", "public"), KEYWARD_NOT_FOUND,
                   "there is no checkpoint yet; sign one with 'keyward audit checkpoint'");
    ck_assert_int_eq(mode_of("public"), -1);
    checkpoint_into("three");
    assert_result(RUN(&f, "audit", "publish", "public"), 0,
                  "public has the log up to event 3: 3 files written, 0 were there\n", "");
    check_folder("public", 3);
    ck_assert_int_eq(mode_of("public"), 0755);
    ck_assert_int_eq(mode_of("public/checkpoint"), 0644);
    ck_assert_int_eq(mode_of("public/tile/entries/000.p/3"), 0644);
    assert_published(RUN(&f, "audit", "publish", "public", "--json"), 3, 3, 0, 3);

    grow(600);
    assert_result(
        RUN(&f, "audit", "publish", "public"), 0,
        "public has the log up to event 3: 0 files written, 3 were there\n",
        "event 600, the newest, is not in it: sign it with 'keyward audit checkpoint' and "
        "publish again\n");
    checkpoint_into("more");
    reader = fopen(path_in(&f, "public/checkpoint"), "r");
    ck_assert_ptr_nonnull(reader);
    /* Of the leaves and of the entries two full tiles and a part, of level 1 a part. */
    assert_published(RUN(&f, "audit", "publish", "public", "--json"), 600, 3, 8, 0);
    check_folder("public", 600);
    /* Who was reading the file before goes on with it as it was; and nothing else is left. */
    ck_assert_uint_eq(fread(before, 1, sizeof before - 1, reader), strlen(get_file("three")));
    ck_assert_str_eq(before, get_file("three"));
    fclose(reader);
    listed =
        text("cd '%s/public' && [ \"$(ls -A | tr '\\n' ' ')\" = 'checkpoint tile ' ]", f.folder);
    ck_assert_int_eq(system(listed), 0);
    assert_published(RUN(&f, "audit", "publish", "public", "--json"), 600, 600, 0, 4);

    grow(512 + 256);
    checkpoint_into("most");
    assert_published(RUN(&f, "audit", "publish", "public", "--json"), 768, 600, 4, 0);
    check_folder("public", 768);
    /* The state of an older checkpoint is to be had elsewhere, not here. */
    printed(RUN(&f, "audit", "publish", "elsewhere", "--checkpoint", "600", "--quiet"));
    check_folder("elsewhere", 600);
    assert_failure(RUN(&f, "audit", "publish", "public", "--checkpoint", "600"), KEYWARD_NOT_FOUND,
                   "of size 600, or it is older than 'public/checkpoint' of 768; nothing was");
    assert_failure(RUN(&f, "audit", "publish", "public", "--checkpoint", "5"), KEYWARD_NOT_FOUND,
                   "there is no checkpoint of size 5");
    assert_failure(RUN(&f, "audit", "publish", "public", "--as", "anna"), KEYWARD_FORBIDDEN,
                   "audit publish");
    check_folder("public", 768);
}
END_TEST

static int64_t inode_of(const char *name)
{
    struct stat about;

    ck_assert_int_eq(stat(path_in(&f, name), &about), 0);
    return (int64_t)about.st_ino;
}

START_TEST(a_publication_that_was_cut_off_goes_on)
{
    const char *script;
    int64_t kept;

    have_key();
    checkpoint_into("three");
    printed(RUN(&f, "audit", "publish", "public"));
    grow(600);
    checkpoint_into("more");
    printed(RUN(&f, "audit", "publish", "public"));
    /* As if it had ended in between: some files are missing, one is cut off by somebody else, and
     * the checkpoint is the one of before. */
    script = text("cd '%s' && cp three public/checkpoint && cd public/tile && "
                  "rm entries/001 && rm -r 1 && truncate -s 100 0/001 && "
                  "printf x | dd of=entries/002.p/88 bs=1 seek=1000 conv=notrunc 2>/dev/null",
                  f.folder);
    ck_assert_int_eq(system(script), 0);
    kept = inode_of("public/tile/entries/000");
    assert_published(RUN(&f, "audit", "publish", "public", "--json"), 600, 3, 5, 3);
    check_folder("public", 600);
    ck_assert_int_eq(inode_of("public/tile/entries/000"), kept);
}
END_TEST

START_TEST(one_at_a_time_publishes_in_a_folder)
{
    int fd;

    have_key();
    checkpoint_into("three");
    ck_assert_int_eq(mkdir(path_in(&f, "public"), 0755), 0);
    fd = open(path_in(&f, "public"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    assert_result(RUN(&f, "audit", "publish", "public"), KEYWARD_BUSY, "",
                  "keyward: audit publish: another process is publishing in 'public'\n");
    ck_assert_int_eq(mode_of("public/checkpoint"), -1);
    close(fd);
    printed(RUN(&f, "audit", "publish", "public"));
}
END_TEST

START_TEST(a_folder_of_another_log_is_left_alone)
{
    const struct signer other = signer_of(1, "other.com", 9);
    const char *body = log_body("other.com", 3),
               *foreign = compose("%s\n%s", body, signed_line(&other, body, 0));

    have_key();
    checkpoint_into("three");
    ck_assert_int_eq(mkdir(path_in(&f, "public"), 0755), 0);
    put_file("public/checkpoint", foreign);
    assert_failure(RUN(&f, "audit", "publish", "public"), KEYWARD_UNPROVEN,
                   "'public/checkpoint': the old checkpoint: is of another log");
    put_file("public/checkpoint", "");
    assert_failure(RUN(&f, "audit", "publish", "public"), KEYWARD_UNPROVEN,
                   "'public/checkpoint' is empty; nothing was published");
    ck_assert_int_eq(mode_of("public/tile"), -1);
    assert_failure(RUN(&f, "audit", "publish", "no/where"), KEYWARD_NO_FOLDER, "no/where");
    assert_failure(RUN(&f, "audit", "publish", "master.key"), KEYWARD_NO_FOLDER, "master.key");
}
END_TEST

START_TEST(an_export_of_tiles_is_the_publication)
{
    have_key();
    checkpoint_into("three");
    assert_result(RUN(&f, "audit", "export", "--tiles", "public"), 0,
                  "public has the log up to event 3: 3 files written, 0 were there\n", "");
    check_folder("public", 3);
    assert_published(RUN(&f, "audit", "export", "--tiles", "public", "--json"), 3, 3, 0, 3);
    assert_failure(RUN(&f, "audit", "export", "--tiles", "public", "--csv"), KEYWARD_INVALID,
                   "--tiles writes the whole log: '--csv' does not go with it");
    assert_failure(RUN(&f, "audit", "export", "--tiles", "public", "--repo", "repo-1"),
                   KEYWARD_INVALID, "'--repo' does not go with it");
    assert_failure(RUN(&f, "audit", "export", "--tiles", "public", "--output", "x"),
                   KEYWARD_INVALID, "'--output' does not go with it");
}
END_TEST

/* ---- output ---- */

START_TEST(proofs_on_a_full_disk_are_errors)
{
    const char *const *const calls[] = {
        ARGUMENTS("audit", "key"),
        ARGUMENTS("audit", "checkpoint"),
        ARGUMENTS("audit", "receipt", "1"),
        ARGUMENTS("audit", "consistency", "1", "--json"),
        ARGUMENTS("audit", "publish", "public"),
        ARGUMENTS("verify", "--receipt", "receipt", "--log-key", log_key),
    };

    have_key();
    checkpoint_into("three");
    put_file("receipt", printed(RUN(&f, "audit", "receipt", "1")));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct result failed = run_call(
            &(struct call){.folder = f.folder, .out_path = "/dev/full", .arguments = calls[i]});
        ck_assert_msg(failed.code == KEYWARD_IO, "call %zu: %d", i, failed.code);
        result_drop(&failed);
    }
    assert_failure(RUN(&f, "audit", "receipt", "1", "--output", "/dev/full"), KEYWARD_EXISTS,
                   "/dev/full");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_proofs");
    TCase *log = suite_add_case(suite, "log", open_fixture, close_fixture);
    TCase *verify = suite_add_case(suite, "verify", open_fixture, close_fixture);
    TCase *deletion = suite_add_case(suite, "deletion", open_fixture, close_fixture);
    TCase *tampering = suite_add_case(suite, "tampering", open_fixture, close_fixture);
    TCase *publish = suite_add_case(suite, "publish", open_fixture, close_fixture);

    tcase_add_test(log, the_key_is_made_once);
    tcase_add_test(log, the_key_as_json_when_it_is_made);
    tcase_add_test(log, a_checkpoint_is_printed_or_written);
    tcase_add_test(log, a_known_checkpoint_is_continued_or_nothing_is_signed);
    tcase_add_test(log, a_receipt_is_printed_or_written);
    tcase_add_test(log, a_receipt_that_cannot_be_had);
    tcase_add_test(log, consistency_is_proven_from_a_size_or_a_file);
    tcase_add_test(log, cosignatures_are_kept);
    tcase_add_test(log, proofs_on_a_full_disk_are_errors);
    tcase_add_test(verify, a_receipt_is_verified_without_a_store);
    tcase_add_test(verify, a_proven_event_does_no_harm_to_a_terminal);
    tcase_add_test(verify, an_edited_event_is_refused);
    tcase_add_test(verify, a_receipt_that_does_not_hold_is_refused);
    tcase_add_test(verify, witnesses_are_needed_as_given);
    tcase_add_test(verify, verify_says_what_is_wrong_with_its_command_line);
    tcase_add_test(verify, consistency_is_verified_without_a_store);
    tcase_add_test(deletion, a_deletion_comes_with_its_receipt);
    tcase_add_test(deletion, what_stands_in_a_receipts_way_is_found_before_the_deletion);
    tcase_add_test(tampering, an_edited_store_is_found_and_not_signed);
    tcase_add_test(tampering, a_store_rolled_back_is_found_by_what_was_kept);
    tcase_add_test(tampering, check_takes_only_a_checkpoint_of_this_log);
    tcase_add_test(publish, a_log_is_published_and_goes_on);
    tcase_add_test(publish, a_publication_that_was_cut_off_goes_on);
    tcase_add_test(publish, one_at_a_time_publishes_in_a_folder);
    tcase_add_test(publish, a_folder_of_another_log_is_left_alone);
    tcase_add_test(publish, an_export_of_tiles_is_the_publication);
    return run_suite(suite);
}
