/* SPDX-License-Identifier: MIT */
/* Authentication: who is let in, how the rest is refused, and that a deletion counts at once. */
#include "seal/token.h"
#include "support/fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A store with one key and its secret. */
struct scene {
    struct fixture f;
    keyward_key *key;
    keyward_secret *secret;
};

static void scene_open(struct scene *scene)
{
    fixture_open(&scene->f);
    scene->key = make_key(&scene->f, "repo-1", "CI", &scene->secret);
}

static void scene_close(struct scene *scene)
{
    keyward_key_free(&scene->key);
    keyward_secret_free(&scene->secret);
    fixture_close(&scene->f);
}

static enum keyward_status try_pair(struct scene *scene, const char *access_key, const char *secret)
{
    keyward_identity identity;

    return keyward_authenticate(scene->f.store, access_key, secret, strlen(secret), &identity);
}

static bool is_zeroed(const keyward_identity *identity)
{
    const unsigned char *bytes = (const unsigned char *)identity;

    for (size_t i = 0; i < sizeof *identity; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* The pair is refused for this cause, with nothing about a deletion, and the identity is zeroed. */
static void assert_refused(struct scene *scene, const char *access_key, const char *secret,
                           size_t length, enum keyward_cause cause)
{
    const keyward_error *error;
    keyward_identity identity;

    memset(&identity, 0xA5, sizeof identity);
    assert_status(scene->f.store,
                  keyward_authenticate(scene->f.store, access_key, secret, length, &identity),
                  KEYWARD_REFUSED);
    error = keyward_last_error(scene->f.store);
    ck_assert_msg(error->cause == cause, "cause of '%s' with '%.*s' is %d, not %d", access_key,
                  (int)length, secret, error->cause, cause);
    ck_assert_int_eq(error->status, KEYWARD_REFUSED);
    ck_assert_str_eq(error->message, "the access key or the secret is not valid");
    ck_assert_int_eq(error->sqlite_code, 0);
    if (cause != KEYWARD_CAUSE_DELETED) {
        ck_assert_int_eq(error->deleted_at, 0);
        ck_assert_int_eq(error->deleted_event, 0);
    }
    ck_assert(is_zeroed(&identity));
}

/* An access key that no store has, well-formed. */
static void unknown_access_key(char text[ACCESS_KEY_SIZE])
{
    static const unsigned char random[ACCESS_KEY_RANDOM_BYTES] = "never drawn";

    token_access_key("kw", random, text);
}

/* ---- let in ---- */

START_TEST(a_live_key_tells_what_it_opens)
{
    struct scene s;
    keyward_identity identity;
    const keyward_error *error;

    scene_open(&s);
    memset(&identity, 0xA5, sizeof identity);
    assert_status(s.f.store,
                  keyward_authenticate(s.f.store, s.key->access_key, s.secret->text,
                                       s.secret->length, &identity),
                  KEYWARD_OK);
    ck_assert_str_eq(identity.repo_id, "repo-1");
    ck_assert_str_eq(identity.key_id, s.key->id);
    ck_assert_int_eq(identity.provider, KEYWARD_OPENAI);
    error = keyward_last_error(s.f.store);
    ck_assert_int_eq(error->status, KEYWARD_OK);
    ck_assert_int_eq(error->cause, KEYWARD_CAUSE_NONE);
    scene_close(&s);
}
END_TEST

START_TEST(the_longest_repository_id_fits_an_identity)
{
    struct scene s;
    char repo_id[KEYWARD_ID_MAX + 1];
    keyward_identity identity;
    keyward_secret *secret;
    keyward_key *key;

    scene_open(&s);
    memset(repo_id, 'r', KEYWARD_ID_MAX);
    repo_id[KEYWARD_ID_MAX] = '\0';
    key = make_key(&s.f, repo_id, "CI", &secret);
    assert_status(
        s.f.store,
        keyward_authenticate(s.f.store, key->access_key, secret->text, secret->length, &identity),
        KEYWARD_OK);
    ck_assert_str_eq(identity.repo_id, repo_id);
    ck_assert_str_eq(identity.key_id, key->id);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    scene_close(&s);
}
END_TEST

START_TEST(a_secret_need_not_be_terminated)
{
    struct scene s;
    char secret[SECRET_SIZE + 8];

    scene_open(&s);
    memset(secret, 'x', sizeof secret);
    memcpy(secret, s.secret->text, s.secret->length);
    keyward_identity identity;
    assert_status(
        s.f.store,
        keyward_authenticate(s.f.store, s.key->access_key, secret, s.secret->length, &identity),
        KEYWARD_OK);
    scene_close(&s);
}
END_TEST

START_TEST(each_prefix_authenticates_in_a_store_that_has_moved_on_to_another)
{
    static const char *const prefixes[] = {"a", "a234567890123456", "0"};
    struct scene s;

    scene_open(&s);
    for (size_t i = 0; i < COUNT(prefixes); i++) {
        keyward_secret *secret;
        keyward_key *key;

        s.f.options.access_key_prefix = prefixes[i];
        fixture_reopen(&s.f);
        key = make_key(&s.f, "repo-1", prefixes[i], &secret);
        ck_assert_int_eq(strncmp(key->access_key, prefixes[i], strlen(prefixes[i])), 0);
        ck_assert_int_eq(strncmp(secret->text, prefixes[i], strlen(prefixes[i])), 0);
        assert_status(s.f.store, try_key(&s.f, key, secret), KEYWARD_OK);
        assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_OK);
        keyward_key_free(&key);
        keyward_secret_free(&secret);
    }
    scene_close(&s);
}
END_TEST

/* ---- refused ---- */

START_TEST(a_malformed_access_key_is_refused)
{
    static const char *const malformed[] = {"x", "kw_ak_", "kw_ak_00000000000000000000000XRoWs",
                                            "not an access key at all"};
    struct scene s;

    scene_open(&s);
    for (size_t i = 0; i < COUNT(malformed); i++)
        assert_refused(&s, malformed[i], s.secret->text, s.secret->length, KEYWARD_CAUSE_MALFORMED);
    scene_close(&s);
}
END_TEST

START_TEST(an_unknown_access_key_is_refused)
{
    struct scene s;
    char access_key[ACCESS_KEY_SIZE];

    scene_open(&s);
    unknown_access_key(access_key);
    assert_refused(&s, access_key, s.secret->text, s.secret->length, KEYWARD_CAUSE_UNKNOWN);
    assert_refused(&s, access_key, "any", 3, KEYWARD_CAUSE_UNKNOWN);
    scene_close(&s);
}
END_TEST

START_TEST(a_key_of_the_repository_the_decoy_names_is_a_key_like_any)
{
    struct scene s;
    char access_key[ACCESS_KEY_SIZE];
    keyward_secret *secret;
    keyward_key *key;

    scene_open(&s);
    key = make_key(&s.f, "decoy", "CI", &secret);
    unknown_access_key(access_key);
    assert_status(s.f.store, try_key(&s.f, key, secret), KEYWARD_OK);
    assert_refused(&s, access_key, secret->text, secret->length, KEYWARD_CAUSE_UNKNOWN);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    scene_close(&s);
}
END_TEST

START_TEST(a_wrong_secret_is_refused)
{
    static const unsigned char random[SECRET_RANDOM_BYTES] = "never drawn";
    struct scene s;
    char secret[SECRET_SIZE];

    scene_open(&s);
    token_secret("kw", random, secret);
    assert_refused(&s, s.key->access_key, secret, strlen(secret), KEYWARD_CAUSE_WRONG_SECRET);
    assert_refused(&s, s.key->access_key, s.key->access_key, strlen(s.key->access_key),
                   KEYWARD_CAUSE_WRONG_SECRET);
    scene_close(&s);
}
END_TEST

START_TEST(a_secret_of_another_length_is_refused)
{
    struct scene s;
    size_t right;
    char *longest = malloc(KEYWARD_SECRET_MAX);

    scene_open(&s);
    right = s.secret->length;
    memset(longest, 'x', KEYWARD_SECRET_MAX);
    memcpy(longest, s.secret->text, right);
    for (size_t length = 1; length < right; length++)
        assert_refused(&s, s.key->access_key, longest, length, KEYWARD_CAUSE_WRONG_SECRET);
    assert_refused(&s, s.key->access_key, longest, right + 1, KEYWARD_CAUSE_WRONG_SECRET);
    assert_refused(&s, s.key->access_key, longest, KEYWARD_SECRET_MAX, KEYWARD_CAUSE_WRONG_SECRET);
    free(longest);
    scene_close(&s);
}
END_TEST

START_TEST(the_secret_of_another_key_is_refused)
{
    static const char *const repositories[] = {"repo-1", "repo-2"};
    struct scene s;

    scene_open(&s);
    for (size_t i = 0; i < COUNT(repositories); i++) {
        keyward_secret *secret;
        keyward_key *key = make_key(&s.f, repositories[i], "other", &secret);

        assert_refused(&s, key->access_key, s.secret->text, s.secret->length,
                       KEYWARD_CAUSE_WRONG_SECRET);
        assert_refused(&s, s.key->access_key, secret->text, secret->length,
                       KEYWARD_CAUSE_WRONG_SECRET);
        keyward_key_free(&key);
        keyward_secret_free(&secret);
    }
    scene_close(&s);
}
END_TEST

/* Another character that a token may have. */
static char mistyped(char right)
{
    return right == '0' ? '1' : '0';
}

START_TEST(an_access_key_mistyped_anywhere_is_malformed)
{
    struct scene s;
    char access_key[ACCESS_KEY_SIZE];

    scene_open(&s);
    for (size_t at = 0; at < strlen(s.key->access_key); at++) {
        strcpy(access_key, s.key->access_key);
        access_key[at] = mistyped(access_key[at]);
        assert_refused(&s, access_key, s.secret->text, s.secret->length, KEYWARD_CAUSE_MALFORMED);
        access_key[at] = '\0';
        if (at > 0)
            assert_refused(&s, access_key, s.secret->text, s.secret->length,
                           KEYWARD_CAUSE_MALFORMED);
    }
    scene_close(&s);
}
END_TEST

START_TEST(a_secret_mistyped_anywhere_is_refused)
{
    struct scene s;
    char secret[SECRET_SIZE];

    scene_open(&s);
    for (size_t at = 0; at < s.secret->length; at++) {
        bool in_mark = at >= strlen("kw") && at < strlen("kw_sk_"); /* no longer our form */
        strcpy(secret, s.secret->text);
        secret[at] = mistyped(secret[at]);
        assert_refused(&s, s.key->access_key, secret, s.secret->length,
                       in_mark ? KEYWARD_CAUSE_WRONG_SECRET : KEYWARD_CAUSE_MALFORMED);
    }
    scene_close(&s);
}
END_TEST

START_TEST(a_deleted_key_is_refused_with_its_deletion)
{
    struct scene s;
    const keyward_error *error;
    int64_t event;

    scene_open(&s);
    s.f.now += 1234;
    event = drop_key(&s.f, "repo-1", s.key->id);
    s.f.now += 1;
    assert_refused(&s, s.key->access_key, s.secret->text, s.secret->length, KEYWARD_CAUSE_DELETED);
    error = keyward_last_error(s.f.store);
    ck_assert_int_eq(error->deleted_at, 1700000001234);
    ck_assert_int_eq(error->deleted_event, event);
    ck_assert_int_eq(event, 5);
    scene_close(&s);
}
END_TEST

START_TEST(a_wrong_secret_does_not_tell_that_the_key_is_deleted)
{
    struct scene s;

    scene_open(&s);
    drop_key(&s.f, "repo-1", s.key->id);
    assert_refused(&s, s.key->access_key, "wrong", 5, KEYWARD_CAUSE_WRONG_SECRET);
    scene_close(&s);
}
END_TEST

/* The detail of a refusal, without its cause and the deletion it is about. */
static void outward(struct scene *scene, char text[300])
{
    const keyward_error *error = keyward_last_error(scene->f.store);

    snprintf(text, 300, "%d %d %s", error->status, error->sqlite_code, error->message);
}

START_TEST(all_refusals_look_the_same_from_outside)
{
    struct scene s;
    char access_key[ACCESS_KEY_SIZE], malformed[300], unknown[300], wrong[300], deleted[300];

    scene_open(&s);
    unknown_access_key(access_key);
    assert_status(s.f.store, try_pair(&s, "x", s.secret->text), KEYWARD_REFUSED);
    outward(&s, malformed);
    assert_status(s.f.store, try_pair(&s, access_key, s.secret->text), KEYWARD_REFUSED);
    outward(&s, unknown);
    assert_status(s.f.store, try_pair(&s, s.key->access_key, "wrong"), KEYWARD_REFUSED);
    outward(&s, wrong);
    drop_key(&s.f, "repo-1", s.key->id);
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_REFUSED);
    outward(&s, deleted);
    ck_assert_str_eq(malformed, unknown);
    ck_assert_str_eq(unknown, wrong);
    ck_assert_str_eq(wrong, deleted);
    scene_close(&s);
}
END_TEST

START_TEST(a_refusal_leaves_no_event)
{
    struct scene s;
    int64_t events;

    scene_open(&s);
    events = sql_number(s.f.path, "SELECT count(*) FROM audit_events");
    assert_status(s.f.store, try_pair(&s, s.key->access_key, "wrong"), KEYWARD_REFUSED);
    assert_status(s.f.store, try_pair(&s, "x", "wrong"), KEYWARD_REFUSED);
    ck_assert_int_eq(sql_number(s.f.path, "SELECT count(*) FROM audit_events"), events);
    scene_close(&s);
}
END_TEST

START_TEST(the_next_call_forgets_the_cause)
{
    struct scene s;

    scene_open(&s);
    drop_key(&s.f, "repo-1", s.key->id);
    assert_refused(&s, s.key->access_key, s.secret->text, s.secret->length, KEYWARD_CAUSE_DELETED);
    assert_status(s.f.store, keyward_restore_key(s.f.store, &anna, "repo-1", s.key->id),
                  KEYWARD_OK);
    ck_assert_int_eq(keyward_last_error(s.f.store)->cause, KEYWARD_CAUSE_NONE);
    ck_assert_int_eq(keyward_last_error(s.f.store)->deleted_at, 0);
    ck_assert_int_eq(keyward_last_error(s.f.store)->deleted_event, 0);
    scene_close(&s);
}
END_TEST

/* ---- at once ---- */

START_TEST(a_restored_key_works_again)
{
    struct scene s;

    scene_open(&s);
    for (int round = 0; round < 3; round++) {
        drop_key(&s.f, "repo-1", s.key->id);
        assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_REFUSED);
        assert_status(s.f.store, keyward_restore_key(s.f.store, &anna, "repo-1", s.key->id),
                      KEYWARD_OK);
        assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_OK);
    }
    scene_close(&s);
}
END_TEST

START_TEST(a_renamed_key_goes_on_working)
{
    struct scene s;

    scene_open(&s);
    assert_status(s.f.store, keyward_rename_key(s.f.store, &will, "repo-1", s.key->id, "new"),
                  KEYWARD_OK);
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_OK);
    scene_close(&s);
}
END_TEST

/* The other process: started before this one opens its store, so that the two share nothing but the
 * file. Deletes the key whose id comes through the pipe; its exit code is the status. */
static pid_t start_deleter(struct fixture *fixture, int *to_child)
{
    char id[KEYWARD_KEY_ID_LENGTH + 1] = "";
    enum keyward_status status;
    int ends[2];
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    *to_child = ends[1];
    if (child > 0) {
        close(ends[0]);
        return child;
    }
    close(ends[1]);
    if (read(ends[0], id, KEYWARD_KEY_ID_LENGTH) != KEYWARD_KEY_ID_LENGTH)
        _exit(100);
    status = keyward_open(&fixture->store, fixture->path, &fixture->options);
    if (status == KEYWARD_OK)
        status = keyward_delete_key(fixture->store, &host, "repo-1", id, NULL);
    keyward_close(&fixture->store);
    _exit((int)status);
}

static void assert_child_succeeded(pid_t child)
{
    int code;

    ck_assert_int_eq(waitpid(child, &code, 0), child);
    ck_assert(WIFEXITED(code));
    ck_assert_int_eq(WEXITSTATUS(code), KEYWARD_OK);
}

START_TEST(a_deletion_by_another_process_counts_at_once)
{
    struct scene s;
    pid_t child;
    int to_child;

    fixture_init(&s.f);
    child = start_deleter(&s.f, &to_child);
    fixture_reopen(&s.f);
    s.key = make_key(&s.f, "repo-1", "CI", &s.secret);
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_OK);
    ck_assert_int_eq(write(to_child, s.key->id, KEYWARD_KEY_ID_LENGTH), KEYWARD_KEY_ID_LENGTH);
    close(to_child);
    assert_child_succeeded(child);
    assert_refused(&s, s.key->access_key, s.secret->text, s.secret->length, KEYWARD_CAUSE_DELETED);
    ck_assert_int_eq(keyward_last_error(s.f.store)->deleted_event, 2);
    assert_sound(&s.f);
    scene_close(&s);
}
END_TEST

#define EVENT_FOR_CI(action)                                                             \
    "INSERT INTO audit_events (sequence, at, action, repo_id, key_id)"                   \
    " SELECT (SELECT max(sequence) + 1 FROM audit_events), 1700000009999, '" action "'," \
    " repo_id, id FROM api_keys WHERE name = 'CI'"

START_TEST(a_deletion_by_sql_counts_at_once)
{
    struct scene s;

    scene_open(&s);
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_OK);
    ck_assert_int_eq(sql(s.f.path, EVENT_FOR_CI("key.deleted")), SQLITE_OK);
    assert_refused(&s, s.key->access_key, s.secret->text, s.secret->length, KEYWARD_CAUSE_DELETED);
    ck_assert_int_eq(keyward_last_error(s.f.store)->deleted_at, 1700000009999);
    ck_assert_int_eq(keyward_last_error(s.f.store)->deleted_event, 5);
    ck_assert_int_eq(sql(s.f.path, EVENT_FOR_CI("key.restored")), SQLITE_OK);
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_OK);
    assert_sound(&s.f);
    scene_close(&s);
}
END_TEST

START_TEST(a_deletion_through_another_store_of_the_process_counts_at_once)
{
    struct scene s;
    keyward *other;

    scene_open(&s);
    assert_status(NULL, keyward_open(&other, s.f.path, &s.f.options), KEYWARD_OK);
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_OK);
    assert_status(other, keyward_delete_key(other, &host, "repo-1", s.key->id, NULL), KEYWARD_OK);
    assert_refused(&s, s.key->access_key, s.secret->text, s.secret->length, KEYWARD_CAUSE_DELETED);
    keyward_close(&other);
    scene_close(&s);
}
END_TEST

START_TEST(authentication_waits_for_no_writer)
{
    struct scene s;
    sqlite3 *writer;

    scene_open(&s);
    s.f.options.busy_timeout_ms = 0;
    fixture_reopen(&s.f);
    ck_assert_int_eq(sqlite3_open(s.f.path, &writer), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(writer, "BEGIN IMMEDIATE; " EVENT_FOR_CI("key.deleted"), NULL, NULL, NULL),
        SQLITE_OK);
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_OK); /* not yet committed */
    ck_assert_int_eq(sqlite3_exec(writer, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_REFUSED);
    sqlite3_close(writer);
    scene_close(&s);
}
END_TEST

/* ---- damage ---- */

/* Runs SQL as if the trigger were not there, and puts it back as it was. */
static void past_trigger(const char *path, const char *trigger, const char *text)
{
    char query[256], *definition;

    snprintf(query, sizeof query, "SELECT sql FROM sqlite_schema WHERE name = '%s'", trigger);
    definition = sql_text(path, query);
    ck_assert_ptr_nonnull(definition);
    snprintf(query, sizeof query, "DROP TRIGGER %s", trigger);
    ck_assert_int_eq(sql(path, query), SQLITE_OK);
    ck_assert_int_eq(sql(path, text), SQLITE_OK);
    ck_assert_int_eq(sql(path, definition), SQLITE_OK);
    free(definition);
}

/* The same past all triggers of a table, for good. */
static void past_triggers_of(const char *path, const char *table, const char *text)
{
    char query[256], *drops;

    snprintf(query, sizeof query,
             "SELECT group_concat('DROP TRIGGER ' || name, ';') FROM sqlite_schema"
             " WHERE type = 'trigger' AND tbl_name = '%s'",
             table);
    drops = sql_text(path, query);
    ck_assert_int_eq(sql(path, drops), SQLITE_OK);
    ck_assert_int_eq(sql(path, text), SQLITE_OK);
    free(drops);
}

/* Damages the store past a trigger; then the right pair is KEYWARD_CORRUPT, with nothing told. */
static void assert_corrupt_after(const char *trigger, const char *text, const char *message)
{
    struct scene s;
    keyward_identity identity;

    scene_open(&s);
    past_trigger(s.f.path, trigger, text);
    memset(&identity, 0xA5, sizeof identity);
    assert_status(s.f.store,
                  keyward_authenticate(s.f.store, s.key->access_key, s.secret->text,
                                       s.secret->length, &identity),
                  KEYWARD_CORRUPT);
    ck_assert_str_eq(keyward_last_error(s.f.store)->message, message);
    ck_assert_int_eq(keyward_last_error(s.f.store)->cause, KEYWARD_CAUSE_NONE);
    ck_assert(is_zeroed(&identity));
    scene_close(&s);
}

START_TEST(a_sealed_secret_that_was_changed_is_corrupt)
{
    static const char *const changes[] = {
        "UPDATE sealed_secrets SET sealed = zeroblob(length(sealed))",
        ("UPDATE sealed_secrets SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) ||"
         " CASE substr(sealed, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB)"),
        "UPDATE sealed_secrets SET sealed = substr(sealed, 1, 41)",
        "UPDATE sealed_secrets SET sealed = zeroblob(65576)",
        "UPDATE sealed_secrets SET repo_id = 'repo-2'",
        "UPDATE sealed_secrets SET repo_id = CAST(zeroblob(300) AS TEXT)",
        "UPDATE sealed_secrets SET key_id = 'another'",
        "UPDATE sealed_secrets SET data_key_id = 2",
    };

    assert_corrupt_after("sealed_secrets_stay_as_written", changes[_i],
                         "a sealed secret does not open");
}
END_TEST

START_TEST(a_sealed_secret_without_its_key_is_corrupt)
{
    assert_corrupt_after("api_keys_stay", "DELETE FROM api_keys", "a key's row is damaged");
}
END_TEST

/* A deletion has two marks: a bit of the row's header can take one away, and no key comes to life.
 */
START_TEST(a_deletion_of_which_half_is_left_is_corrupt)
{
    static const char *const changes[] = {
        "PRAGMA ignore_check_constraints = ON; UPDATE api_keys SET deleted_event = NULL",
        "PRAGMA ignore_check_constraints = ON; UPDATE api_keys SET deleted_event = 0",
        ("PRAGMA ignore_check_constraints = ON; UPDATE api_keys SET deleted_event = NULL,"
         " expires_at = 1"),
    };
    keyward_secret *shown;
    struct scene s;

    scene_open(&s);
    drop_key(&s.f, "repo-1", s.key->id);
    past_triggers_of(s.f.path, "api_keys", changes[_i]);
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_CORRUPT);
    ck_assert_str_eq(keyward_last_error(s.f.store)->message, "a key's row is damaged");
    assert_status(s.f.store, keyward_reveal_key(s.f.store, &anna, "repo-1", s.key->id, &shown),
                  KEYWARD_ALREADY_DELETED);
    scene_close(&s);
}
END_TEST

START_TEST(the_row_of_another_key_is_corrupt)
{
    keyward_key *other;
    struct scene s;

    scene_open(&s);
    other = make_key(&s.f, "repo-1", "other", NULL);
    past_triggers_of(s.f.path, "api_keys",
                     "UPDATE api_keys SET access_key = (SELECT access_key FROM api_keys"
                     " WHERE name = 'other') WHERE name = 'CI'");
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_CORRUPT);
    ck_assert_str_eq(keyward_last_error(s.f.store)->message, "a key's row is damaged");
    keyward_key_free(&other);
    scene_close(&s);
}
END_TEST

START_TEST(a_deletion_without_its_time_is_one)
{
    struct scene s;

    scene_open(&s);
    drop_key(&s.f, "repo-1", s.key->id);
    past_triggers_of(s.f.path, "api_keys",
                     "PRAGMA ignore_check_constraints = ON; UPDATE api_keys SET deleted_at = NULL");
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(s.f.store)->cause, KEYWARD_CAUSE_DELETED);
    scene_close(&s);
}
END_TEST

START_TEST(a_sealed_secret_moved_to_another_access_key_does_not_open)
{
    struct scene s;
    keyward_secret *secret;
    keyward_key *key;

    scene_open(&s);
    key = make_key(&s.f, "repo-1", "other", &secret);
    past_trigger(s.f.path, "sealed_secrets_stay_as_written",
                 "UPDATE sealed_secrets SET (repo_id, key_id, data_key_id, sealed) = (SELECT"
                 " s.repo_id, s.key_id, s.data_key_id, s.sealed FROM sealed_secrets AS s JOIN"
                 " api_keys AS k ON k.access_key = s.access_key WHERE k.name = 'CI')"
                 " WHERE access_key = (SELECT access_key FROM api_keys WHERE name = 'other')");
    assert_status(s.f.store, try_pair(&s, key->access_key, s.secret->text), KEYWARD_CORRUPT);
    assert_status(s.f.store, try_pair(&s, key->access_key, secret->text), KEYWARD_CORRUPT);
    assert_status(s.f.store, try_key(&s.f, s.key, s.secret), KEYWARD_OK);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    scene_close(&s);
}
END_TEST

/* ---- arguments ---- */

START_TEST(a_wrong_argument_is_invalid_and_zeroes_the_identity)
{
    struct scene s;
    keyward_identity identity;
    char longest[KEYWARD_ACCESS_KEY_MAX + 2];
    char *secret = malloc(KEYWARD_SECRET_MAX + 1);

    scene_open(&s);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memset(secret, 'x', KEYWARD_SECRET_MAX + 1);
#define TRY(access_key, text, length)          \
    (memset(&identity, 0xA5, sizeof identity), \
     keyward_authenticate(s.f.store, access_key, text, length, &identity))
    assert_invalid(s.f.store, TRY(NULL, "x", 1), "access_key");
    ck_assert(is_zeroed(&identity));
    assert_invalid(s.f.store, TRY("", "x", 1), "access_key");
    assert_invalid(s.f.store, TRY(longest, "x", 1), "access_key");
    assert_invalid(s.f.store, TRY("\xFF", "x", 1), "access_key");
    assert_invalid(s.f.store, TRY("x", NULL, 1), "secret");
    assert_invalid(s.f.store, TRY("x", "x", 0), "secret");
    assert_invalid(s.f.store, TRY("x", "a\0b", 3), "secret");
    assert_invalid(s.f.store, TRY("x", "\xC3", 1), "secret");
    assert_invalid(s.f.store, TRY("x", secret, KEYWARD_SECRET_MAX + 1), "secret");
    ck_assert(is_zeroed(&identity));
    assert_invalid(s.f.store, keyward_authenticate(s.f.store, "x", "x", 1, NULL), "identity");
    memset(&identity, 0xA5, sizeof identity);
    assert_invalid(NULL, keyward_authenticate(NULL, "x", "x", 1, &identity), "store");
    ck_assert(is_zeroed(&identity));
#undef TRY
    free(secret);
    scene_close(&s);
}
END_TEST

static TCase *let_in_and_refused(void)
{
    TCase *tests = tcase_create("let in and refused");

    tcase_add_test(tests, a_live_key_tells_what_it_opens);
    tcase_add_test(tests, the_longest_repository_id_fits_an_identity);
    tcase_add_test(tests, a_secret_need_not_be_terminated);
    tcase_add_test(tests, each_prefix_authenticates_in_a_store_that_has_moved_on_to_another);
    tcase_add_test(tests, a_malformed_access_key_is_refused);
    tcase_add_test(tests, an_unknown_access_key_is_refused);
    tcase_add_test(tests, a_key_of_the_repository_the_decoy_names_is_a_key_like_any);
    tcase_add_test(tests, a_wrong_secret_is_refused);
    tcase_add_test(tests, a_secret_of_another_length_is_refused);
    tcase_add_test(tests, the_secret_of_another_key_is_refused);
    tcase_add_test(tests, an_access_key_mistyped_anywhere_is_malformed);
    tcase_add_test(tests, a_secret_mistyped_anywhere_is_refused);
    tcase_add_test(tests, a_deleted_key_is_refused_with_its_deletion);
    tcase_add_test(tests, a_wrong_secret_does_not_tell_that_the_key_is_deleted);
    tcase_add_test(tests, all_refusals_look_the_same_from_outside);
    tcase_add_test(tests, a_refusal_leaves_no_event);
    tcase_add_test(tests, the_next_call_forgets_the_cause);
    return tests;
}

static TCase *changes(void)
{
    TCase *tests = tcase_create("changes");

    tcase_add_test(tests, a_restored_key_works_again);
    tcase_add_test(tests, a_renamed_key_goes_on_working);
    tcase_add_test(tests, a_deletion_by_another_process_counts_at_once);
    tcase_add_test(tests, a_deletion_by_sql_counts_at_once);
    tcase_add_test(tests, a_deletion_through_another_store_of_the_process_counts_at_once);
    tcase_add_test(tests, authentication_waits_for_no_writer);
    tcase_add_loop_test(tests, a_sealed_secret_that_was_changed_is_corrupt, 0, 8);
    tcase_add_test(tests, a_sealed_secret_without_its_key_is_corrupt);
    tcase_add_loop_test(tests, a_deletion_of_which_half_is_left_is_corrupt, 0, 3);
    tcase_add_test(tests, a_deletion_without_its_time_is_one);
    tcase_add_test(tests, the_row_of_another_key_is_corrupt);
    tcase_add_test(tests, a_sealed_secret_moved_to_another_access_key_does_not_open);
    tcase_add_test(tests, a_wrong_argument_is_invalid_and_zeroes_the_identity);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("authenticate");

    suite_add_tcase(suite, let_in_and_refused());
    suite_add_tcase(suite, changes());
    return run_suite(suite);
}
