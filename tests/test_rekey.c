/* SPDX-License-Identifier: MIT */
/* Another master key, another data key: what is written, what other handles and processes make of
 * it, and what a crash leaves. */
#include "api/new_key.h"
#include "api/store.h"
#include "operations/data_keys.h"
#include "support/crew.h"
#include "support/fixture.h"
#include "support/rows.h"

#include <semaphore.h>
#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const unsigned char other_master_key[KEYWARD_MASTER_KEY_BYTES] =
    "another-master-key-of-32-bytes!";

/* A key "old" (event 4), sealed by the first data key. */
static struct fixture f;
static keyward_key *old;
static keyward_secret *old_secret;

static void open_fixture(void)
{
    fixture_open(&f);
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    old = make_key(&f, "repo-1", "old", &old_secret);
}

static void close_fixture(void)
{
    keyward_key_free(&old);
    keyward_secret_free(&old_secret);
    fixture_close(&f);
}

/* ---- calls ---- */

static int give_other(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES])
{
    ck_assert_ptr_eq(context, &f);
    memcpy(key, other_master_key, KEYWARD_MASTER_KEY_BYTES);
    return 0;
}

static int give_none(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES])
{
    (void)context;
    (void)key;
    return 1;
}

static enum keyward_status change_to(keyward *store, const unsigned char *key)
{
    const keyward_master_key master_key = {.key = key};
    return keyward_change_master_key(store, &host, &master_key);
}

static void assert_change(keyward *store, const unsigned char *key, enum keyward_status wanted)
{
    assert_status(store, change_to(store, key), wanted);
    ck_assert_int_eq(keyward_last_error(store)->status, wanted);
}

static enum keyward_status open_with(const unsigned char *key, keyward **store)
{
    keyward_options options = f.options;

    options.master_key = key;
    return keyward_open(store, f.path, &options);
}

/* The key alone opens the store. */
static void assert_master_key(const unsigned char *key, const unsigned char *refused)
{
    keyward *store;

    assert_status(NULL, open_with(refused, &store), KEYWARD_WRONG_MASTER_KEY);
    ck_assert_ptr_null(store);
    assert_status(NULL, open_with(key, &store), KEYWARD_OK);
    keyward_close(&store);
}

static enum keyward_status try_on(keyward *store, const keyward_key *key,
                                  const keyward_secret *secret)
{
    keyward_identity identity;
    return keyward_authenticate(store, key->access_key, secret->text, secret->length, &identity);
}

static enum keyward_status create_on(keyward *store)
{
    const keyward_new_key new_key = {.name = "new"};
    keyward_key *key;
    keyward_secret *secret;
    enum keyward_status status =
        keyward_create_key(store, &host, "repo-1", &new_key, &key, &secret);

    keyward_key_free(&key);
    keyward_secret_free(&secret);
    return status;
}

static enum keyward_status reveal_on(keyward *store, const keyward_key *key,
                                     const keyward_secret *wanted)
{
    keyward_secret *secret;
    enum keyward_status status = keyward_reveal_key(store, &host, key->repo_id, key->id, &secret);

    if (status == KEYWARD_OK)
        ck_assert_str_eq(secret->text, wanted->text);
    keyward_secret_free(&secret);
    return status;
}

#define ALL_SECRETS                                                                    \
    "SELECT group_concat(access_key||repo_id||key_id||data_key_id||hex(sealed)) FROM " \
    "(SELECT * FROM sealed_secrets ORDER BY access_key)"

static int64_t data_key_of(const keyward_key *key)
{
    char query[256];

    snprintf(query, sizeof query, "SELECT data_key_id FROM sealed_secrets WHERE access_key = '%s'",
             key->access_key);
    return sql_number(f.path, query);
}

/* ---- one handle ---- */

static void write_key_file(char path[128], const unsigned char *key)
{
    char digits[2 * KEYWARD_MASTER_KEY_BYTES + 1];

    snprintf(path, 128, "%s/other.key", f.folder);
    sodium_bin2hex(digits, sizeof digits, key, KEYWARD_MASTER_KEY_BYTES);
    write_whole(path, digits, sizeof digits - 1);
}

START_TEST(another_master_key_is_in_force_however_it_is_given)
{
    char file[128], *secrets = sql_text(f.path, ALL_SECRETS),
                    *sealed = sql_text(f.path, "SELECT hex(sealed) FROM data_keys"),
                    *id = sql_text(f.path, "SELECT hex(master_key_id) FROM store"), *now;
    const keyward_master_key ways[] = {
        {.key = other_master_key},
        {.file = file},
        {.callback = give_other, .callback_context = &f},
    };

    write_key_file(file, other_master_key);
    f.now += 5;
    assert_status(f.store, keyward_change_master_key(f.store, &host, &ways[_i]), KEYWARD_OK);
    assert_event(&f, 5, "action=store.master_key_changed");
    assert_event(&f, 6, "action=store.data_key_created name=2");
    ck_assert_int_eq(count_events(f.path), 6);
    assert_row_of(f.path, ALL_SECRETS, "%s", secrets);
    assert_row_of(f.path, "SELECT group_concat(id||'|'||created_at) FROM data_keys",
                  "1|1700000000000,2|1700000000005");
    now = sql_text(f.path, "SELECT hex(sealed) FROM data_keys WHERE id = 1");
    ck_assert_str_ne(now, sealed);
    free(now);
    now = sql_text(f.path, "SELECT hex(master_key_id) FROM store");
    ck_assert_str_ne(now, id);
    free(now);
    ck_assert_int_eq(try_key(&f, old, old_secret), KEYWARD_OK);
    assert_sound(&f);
    keyward_close(&f.store);
    assert_master_key(other_master_key, test_master_key);
    f.options.master_key = other_master_key;
    fixture_reopen(&f);
    ck_assert_int_eq(try_key(&f, old, old_secret), KEYWARD_OK);
    assert_sound(&f);
    free(secrets);
    free(sealed);
    free(id);
}
END_TEST

START_TEST(new_secrets_are_sealed_by_the_new_data_key)
{
    keyward_key *key;
    keyward_secret *secret;

    assert_change(f.store, other_master_key, KEYWARD_OK);
    key = make_key(&f, "repo-1", "young", &secret);
    ck_assert_int_eq(data_key_of(old), 1);
    ck_assert_int_eq(data_key_of(key), 2);
    ck_assert_int_eq(try_key(&f, key, secret), KEYWARD_OK);
    f.options.master_key = other_master_key;
    fixture_reopen(&f);
    ck_assert_int_eq(try_key(&f, key, secret), KEYWARD_OK);
    ck_assert_int_eq(reveal_on(f.store, key, secret), KEYWARD_OK);
    assert_sound(&f);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}
END_TEST

START_TEST(a_data_key_comes_alone_too)
{
    char *sealed = sql_text(f.path, "SELECT hex(sealed) FROM data_keys");
    keyward_key *key;

    f.now += 9;
    assert_status(f.store, keyward_create_data_key(f.store, &host), KEYWARD_OK);
    assert_event(&f, 5, "action=store.data_key_created name=2");
    ck_assert_int_eq(count_events(f.path), 5);
    assert_row_of(f.path, "SELECT hex(sealed) FROM data_keys WHERE id = 1", "%s", sealed);
    assert_row_of(f.path, "SELECT group_concat(id||'|'||created_at) FROM data_keys",
                  "1|1700000000000,2|1700000000009");
    key = make_key(&f, "repo-1", "young", NULL);
    ck_assert_int_eq(data_key_of(key), 2);
    assert_sound(&f);
    fixture_reopen(&f);
    assert_sound(&f);
    keyward_key_free(&key);
    free(sealed);
}
END_TEST

START_TEST(the_actors_texts_are_in_the_events)
{
    const keyward_actor actor = {
        .is_host = true, .request_id = "r-1", .client_address = "::1", .user_agent = "ops"};
    const keyward_master_key master_key = {.key = other_master_key};

    assert_status(f.store, keyward_change_master_key(f.store, &actor, &master_key), KEYWARD_OK);
    assert_event(&f, 5, "action=store.master_key_changed request=r-1 address=::1 agent=ops");
    assert_event(&f, 6, "action=store.data_key_created name=2 request=r-1 address=::1 agent=ops");
}
END_TEST

START_TEST(the_key_may_change_back_and_forth)
{
    for (int i = 0; i < 4; i++)
        assert_change(f.store, i % 2 == 0 ? other_master_key : test_master_key, KEYWARD_OK);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM data_keys"), 5);
    ck_assert_int_eq(try_key(&f, old, old_secret), KEYWARD_OK);
    assert_sound(&f);
    keyward_close(&f.store);
    assert_master_key(test_master_key, other_master_key);
}
END_TEST

START_TEST(what_is_wrong_is_refused_and_writes_nothing)
{
    char missing[128], shorter[128];
    const keyward_master_key wrong[] = {
        {.key = NULL},
        {.key = other_master_key, .callback = give_other},
        {.key = test_master_key}, /* the one that it has */
    };
    const keyward_master_key without_key[] = {
        {.callback = give_none}, {.file = missing}, {.file = shorter}};
    char *before = dump(f.path);

    snprintf(missing, sizeof missing, "%s/no.key", f.folder);
    write_key_file(shorter, other_master_key);
    ck_assert_int_eq(truncate(shorter, 31), 0);
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_invalid(f.store, keyward_change_master_key(f.store, &host, &wrong[i]), "master_key");
    assert_invalid(f.store, keyward_change_master_key(f.store, &host, NULL), "master_key");
    assert_invalid(f.store, keyward_change_master_key(f.store, NULL, wrong), "actor");
    assert_invalid(f.store, keyward_create_data_key(f.store, NULL), "actor");
    for (size_t i = 0; i < COUNT(without_key); i++)
        assert_status(f.store, keyward_change_master_key(f.store, &host, &without_key[i]),
                      KEYWARD_NO_MASTER_KEY);
    assert_same_dump(f.path, before);
    assert_change(f.store, other_master_key, KEYWARD_OK); /* nothing stands in its way */
}
END_TEST

START_TEST(only_the_host_may)
{
    const keyward_actor *const refused[] = {&anna, &will, &rita, &nobody};
    const keyward_master_key master_key = {.key = other_master_key};
    char *before = dump(f.path);

    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_status(f.store, keyward_change_master_key(f.store, refused[i], &master_key),
                      KEYWARD_FORBIDDEN);
        assert_status(f.store, keyward_create_data_key(f.store, refused[i]), KEYWARD_FORBIDDEN);
    }
    assert_same_dump(f.path, before);
}
END_TEST

START_TEST(there_are_1024_data_keys_at_most)
{
    char *before;
    keyward_key *key;
    keyward_secret *secret;

    for (int i = 1; i < KEYWARD_DATA_KEYS_MAX; i++)
        assert_status(f.store, keyward_create_data_key(f.store, &host), KEYWARD_OK);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM data_keys"), KEYWARD_DATA_KEYS_MAX);
    before = dump(f.path);
    assert_status(f.store, keyward_create_data_key(f.store, &host), KEYWARD_FULL);
    assert_change(f.store, other_master_key, KEYWARD_FULL);
    assert_same_dump(f.path, before);
    key = make_key(&f, "repo-1", "last", &secret);
    ck_assert_int_eq(data_key_of(key), KEYWARD_DATA_KEYS_MAX);
    fixture_reopen(&f); /* the old key stayed in force */
    ck_assert_int_eq(try_key(&f, key, secret), KEYWARD_OK);
    ck_assert_int_eq(try_key(&f, old, old_secret), KEYWARD_OK);
    assert_sound(&f);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}
END_TEST

/* ---- another handle ---- */

START_TEST(another_handle_goes_on_until_it_meets_a_younger_secret)
{
    keyward *other;
    keyward_key *key;
    keyward_secret *secret;

    assert_status(NULL, open_with(test_master_key, &other), KEYWARD_OK);
    assert_change(f.store, other_master_key, KEYWARD_OK);
    key = make_key(&f, "repo-1", "young", &secret);
    assert_status(other, try_on(other, old, old_secret), KEYWARD_OK);
    assert_status(other, reveal_on(other, old, old_secret), KEYWARD_OK);
    assert_status(other, try_on(other, key, secret), KEYWARD_WRONG_MASTER_KEY);
    assert_status(other, reveal_on(other, key, secret), KEYWARD_WRONG_MASTER_KEY);
    assert_status(other, try_on(other, old, old_secret), KEYWARD_OK);
    assert_status(other, keyward_delete_key(other, &host, "repo-1", key->id, NULL), KEYWARD_OK);
    keyward_close(&other);
    assert_status(NULL, open_with(other_master_key, &other), KEYWARD_OK);
    assert_status(other, try_on(other, key, secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(other)->cause, KEYWARD_CAUSE_DELETED);
    assert_status(other, try_on(other, old, old_secret), KEYWARD_OK);
    keyward_close(&other);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}
END_TEST

START_TEST(a_handle_with_the_old_master_key_seals_nothing)
{
    static const unsigned char third[KEYWARD_MASTER_KEY_BYTES] = "a third one";
    keyward *other;
    char *before;

    assert_status(NULL, open_with(test_master_key, &other), KEYWARD_OK);
    assert_change(f.store, other_master_key, KEYWARD_OK);
    before = dump(f.path);
    assert_status(other, create_on(other), KEYWARD_WRONG_MASTER_KEY);
    assert_status(other, keyward_create_data_key(other, &host), KEYWARD_WRONG_MASTER_KEY);
    assert_change(other, third, KEYWARD_WRONG_MASTER_KEY);
    assert_change(other, other_master_key, KEYWARD_WRONG_MASTER_KEY);
    assert_same_dump(f.path, before);
    assert_status(other, try_on(other, old, old_secret), KEYWARD_OK);
    keyward_close(&other);
    assert_sound(&f);
}
END_TEST

static int change_and_create(void *context, int number)
{
    keyward *store;
    int result = 1;

    (void)context;
    (void)number;
    keyward_close(&f.store); /* the parent's */
    if (open_with(test_master_key, &store) == KEYWARD_OK &&
        change_to(store, other_master_key) == KEYWARD_OK && create_on(store) == KEYWARD_OK)
        result = 0;
    keyward_close(&store);
    return result;
}

START_TEST(another_process_changes_it)
{
    char *before;

    ck_assert_int_eq(run_process(change_and_create, NULL), 0);
    before = dump(f.path);
    ck_assert_int_eq(try_key(&f, old, old_secret), KEYWARD_OK);
    assert_status(f.store, create_on(f.store), KEYWARD_WRONG_MASTER_KEY);
    assert_status(f.store, keyward_create_data_key(f.store, &host), KEYWARD_WRONG_MASTER_KEY);
    assert_same_dump(f.path, before);
    f.options.master_key = other_master_key;
    fixture_reopen(&f);
    assert_status(f.store, create_on(f.store), KEYWARD_OK);
    assert_sound(&f);
}
END_TEST

/* What meets the data key that another handle has added: it is known from then on. */
enum meeting { AUTHENTICATING, CREATING, REVEALING, CHECKING, MEETINGS };

START_TEST(a_data_key_of_another_handle_is_found)
{
    keyward *other;
    keyward_key *key;
    keyward_secret *secret;
    keyward_report *report;
    enum keyward_status status = KEYWARD_NOMEM;

    assert_status(NULL, open_with(test_master_key, &other), KEYWARD_OK);
    assert_status(f.store, keyward_create_data_key(f.store, &host), KEYWARD_OK);
    key = make_key(&f, "repo-1", "young", &secret);
    if (_i == AUTHENTICATING)
        status = try_on(other, key, secret);
    if (_i == CREATING)
        status = create_on(other);
    if (_i == REVEALING)
        status = reveal_on(other, key, secret);
    if (_i == CHECKING) {
        status = keyward_check(other, NULL, &report);
        keyward_report_free(&report);
    }
    assert_status(other, status, KEYWARD_OK);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM sealed_secrets WHERE data_key_id = "
                                        "2"),
                     _i == CREATING ? 2 : 1);
    assert_sound(&f);
    keyward_close(&other);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}
END_TEST

/* ---- a transaction that is undone ---- */

struct both {
    struct rekey rekey;
    struct key_create create;
};

/* As when both are in one batch, whose commit fails. */
static enum keyward_status rekey_create_and_fail(struct transaction *transaction, void *request)
{
    struct both *both = request;
    enum keyward_status status = rekey(transaction, &both->rekey);

    if (status == KEYWARD_OK)
        status = key_create(transaction, &both->create);
    return status == KEYWARD_OK ? KEYWARD_IO : status;
}

static void undo_a_data_key_and_its_use(void)
{
    struct both both = {
        .rekey = {.actor = &host,
                  .data_key = sodium_malloc(SEAL_KEY_BYTES),
                  .work = sodium_malloc(SEAL_KEY_BYTES)},
        .create = {.actor = &host, .repo_id = "repo-1", .name = "undone"},
    };
    struct error error = {.store_stamp = 0};
    struct new_key made;
    int64_t newest;

    randombytes_buf(both.rekey.data_key, SEAL_KEY_BYTES);
    ck_assert_int_eq(new_key_make(&f.store->services, &both.create, &made, &error), KEYWARD_OK);
    ck_assert_int_eq(
        database_write(f.store->database, rekey_create_and_fail, &both, &newest, &error),
        KEYWARD_IO);
    new_key_release(&made);
    sodium_free(both.rekey.data_key);
    sodium_free(both.rekey.work);
}

START_TEST(a_data_key_that_was_undone_seals_nothing)
{
    keyward_key *key;
    keyward_secret *secret;
    char *before = dump(f.path);

    undo_a_data_key_and_its_use();
    assert_same_dump(f.path, before);
    assert_status(f.store, keyward_create_data_key(f.store, &host), KEYWARD_OK);
    key = make_key(&f, "repo-1", "young", &secret);
    ck_assert_int_eq(data_key_of(key), 2);
    fixture_reopen(&f);
    ck_assert_int_eq(try_key(&f, key, secret), KEYWARD_OK);
    assert_sound(&f);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}
END_TEST

/* As when a data key was made in the batch that changes the master key: the ring, which outlives
 * the batch, has none of it before the commit. */
static enum keyward_status create_two(struct transaction *transaction, void *request)
{
    struct rekey *both = request;
    enum keyward_status status = rekey(transaction, &both[0]);

    if (status == KEYWARD_OK)
        status = data_keys_load(transaction, NULL);
    ck_assert_ptr_null(keyring_find(&transaction->services->keyring, 2));
    return status == KEYWARD_OK ? rekey(transaction, &both[1]) : status;
}

START_TEST(two_data_keys_of_one_transaction)
{
    struct rekey both[2];
    struct error error = {.store_stamp = 0};
    int64_t newest;

    for (int i = 0; i < 2; i++) {
        both[i] = (struct rekey){.actor = &host,
                                 .data_key = sodium_malloc(SEAL_KEY_BYTES),
                                 .work = sodium_malloc(SEAL_KEY_BYTES)};
        randombytes_buf(both[i].data_key, SEAL_KEY_BYTES);
        randombytes_buf(both[i].seed, sizeof both[i].seed);
    }
    ck_assert_int_eq(database_write(f.store->database, create_two, both, &newest, &error),
                     KEYWARD_OK);
    for (int i = 0; i < 2; i++) {
        sodium_free(both[i].data_key);
        sodium_free(both[i].work);
    }
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM data_keys"), 3);
    assert_status(f.store, create_on(f.store), KEYWARD_OK);
    assert_sound(&f);
    fixture_reopen(&f);
    assert_sound(&f);
}
END_TEST

/* ---- a reader with a snapshot from before the change ---- */

static enum keyward_status change_meanwhile(struct transaction *transaction, void *request)
{
    const struct data_key *data_key;
    int64_t id;
    enum keyward_status status = data_keys_newest_id(transaction, &id);

    (void)request;
    ck_assert_int_eq(status, KEYWARD_OK);
    ck_assert_int_eq(id, 2);
    assert_change(f.store, other_master_key, KEYWARD_OK);
    return data_key_find(transaction, 2, &data_key);
}

START_TEST(a_reader_from_before_the_change_still_finds_data_keys)
{
    struct error error = {.store_stamp = 0};
    keyward *other;

    assert_status(NULL, open_with(test_master_key, &other), KEYWARD_OK);
    assert_status(other, keyward_create_data_key(other, &host), KEYWARD_OK);
    keyward_close(&other);
    ck_assert_int_eq(database_read(f.store->database, change_meanwhile, NULL, &error), KEYWARD_OK);
}
END_TEST

/* ---- while others go on ---- */

#define THREADS 4
#define CHANGES 50

static atomic_bool changing;

static int change_often(void)
{
    unsigned char key[KEYWARD_MASTER_KEY_BYTES] = {1};
    int result = 0;

    for (int i = 0; i < CHANGES && result == 0; i++) {
        key[1] = (unsigned char)(i + 1);
        result = (int)change_to(f.store, key);
    }
    atomic_store(&changing, false);
    return result;
}

/* What it creates it authenticates with at once. */
static int create_and_try(void)
{
    const keyward_new_key new_key = {.name = "new"};
    keyward_key *key;
    keyward_secret *secret;
    enum keyward_status status =
        keyward_create_key(f.store, &host, "repo-1", &new_key, &key, &secret);

    if (status == KEYWARD_OK)
        status = try_on(f.store, key, secret);
    if (status == KEYWARD_OK)
        status = reveal_on(f.store, key, secret);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    return (int)status;
}

static int go_on(void *context, int number)
{
    int result = 0;

    (void)context;
    if (number == 0)
        return change_often();
    while (result == 0 && atomic_load(&changing)) {
        result = create_and_try();
        if (result == 0)
            result = (int)try_on(f.store, old, old_secret);
    }
    return result;
}

START_TEST(threads_go_on_while_it_changes)
{
    unsigned char last[KEYWARD_MASTER_KEY_BYTES] = {1, CHANGES};

    atomic_store(&changing, true);
    run_crew(THREADS, go_on, NULL, NULL);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM data_keys"), CHANGES + 1);
    assert_sound(&f);
    f.options.master_key = last;
    fixture_reopen(&f);
    assert_sound(&f);
    ck_assert_int_eq(try_key(&f, old, old_secret), KEYWARD_OK);
}
END_TEST

static int change_at_once(void *context, int number)
{
    unsigned char key[KEYWARD_MASTER_KEY_BYTES] = {2, (unsigned char)number};

    (void)context;
    return (int)change_to(f.store, key);
}

/* Who asks while another thread is at it, just before it writes. */
struct second_change {
    atomic_int draws;
    enum keyward_status second;
};

static int change_as_second(void *context, int number)
{
    (void)context;
    (void)number;
    return (int)change_to(f.store, (const unsigned char *)"a third master key, of 32 bytes.");
}

static int draw_and_meet(void *context, void *buffer, size_t length)
{
    struct second_change *meeting = context;
    int result;

    randombytes_buf(buffer, length);
    if (atomic_fetch_add(&meeting->draws, 1) == 0) {
        run_crew(1, change_as_second, NULL, &result);
        meeting->second = (enum keyward_status)result;
    }
    return 0;
}

START_TEST(a_second_thread_is_told_that_it_is_being_changed)
{
    struct second_change meeting = {.draws = 1000}; /* those of opening count for nothing */

    f.options.random = draw_and_meet;
    f.options.random_context = &meeting;
    fixture_reopen(&f);
    atomic_store(&meeting.draws, 0);
    assert_change(f.store, other_master_key, KEYWARD_OK);
    assert_status(NULL, meeting.second, KEYWARD_BUSY);
    assert_master_key(other_master_key, test_master_key);
}
END_TEST

/* One at a time: the others are told so, or come after it. */
START_TEST(threads_that_change_it_at_once)
{
    int results[THREADS], done = 0;

    run_crew(THREADS, change_at_once, NULL, results);
    for (int i = 0; i < THREADS; i++) {
        done += results[i] == KEYWARD_OK;
        ck_assert_msg(results[i] == KEYWARD_OK || results[i] == KEYWARD_BUSY, "%d", results[i]);
    }
    ck_assert_int_ge(done, 1);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM data_keys"), 1 + done);
    ck_assert_int_eq(count_events(f.path), 4 + 2 * done);
    assert_sound(&f);
}
END_TEST

/* ---- a data key that another thread creates between a change's commit and its end ---- */

static struct {
    bool awaited;     /* the change that follows */
    bool has_drawn;   /* its nonces: it frees nothing before it has committed */
    sem_t is_sealing; /* the creator is about to, in his transaction */
    sem_t goes_on;
    pthread_t creator;
    enum keyward_status created;
} overtaken;

static _Thread_local bool is_creator;

extern __typeof__(crypto_generichash) __real_crypto_generichash, __wrap_crypto_generichash;
extern __typeof__(sodium_free) __real_sodium_free, __wrap_sodium_free;

static void *create_meanwhile(void *context)
{
    (void)context;
    is_creator = true;
    overtaken.created = keyward_create_data_key(f.store, &host);
    return NULL;
}

int __wrap_crypto_generichash(unsigned char *hash, size_t hash_length, const unsigned char *message,
                              unsigned long long length, const unsigned char *key,
                              size_t key_length)
{
    if (is_creator) {
        sem_post(&overtaken.is_sealing);
        sem_wait(&overtaken.goes_on);
    } else if (overtaken.awaited) {
        overtaken.has_drawn = true;
    }
    return __real_crypto_generichash(hash, hash_length, message, length, key, key_length);
}

void __wrap_sodium_free(void *memory)
{
    if (overtaken.awaited && overtaken.has_drawn && !is_creator) {
        overtaken.awaited = false;
        ck_assert_int_eq(pthread_create(&overtaken.creator, NULL, create_meanwhile, NULL), 0);
        sem_wait(&overtaken.is_sealing);
    }
    __real_sodium_free(memory);
}

/* Whether another change has begun by then, or has even ended, which the write lock prevents. */
enum third_change { NO_THIRD_CHANGE, THIRD_BEGINS, THIRD_ENDS };

static void let_third_go(enum third_change third)
{
    const keyward_master_key given = {
        .key = (const unsigned char *)"a third master key, of 32 bytes."};
    struct keyring *keyring = &f.store->services.keyring;
    struct error error = {.store_stamp = 0};
    struct master_key *next;

    if (third == NO_THIRD_CHANGE)
        return;
    ck_assert_int_eq(master_key_obtain(&given, &next, &error), KEYWARD_OK);
    ck_assert(keyring_expect_master_key(keyring, &next));
    if (third == THIRD_ENDS)
        keyring_settle_master_key(keyring, true);
}

START_TEST(a_data_key_is_sealed_by_the_master_key_of_its_transaction)
{
    const enum third_change third = (enum third_change)_i;
    const bool refused = third == THIRD_ENDS;

    memset(&overtaken, 0, sizeof overtaken);
    ck_assert_int_eq(sem_init(&overtaken.is_sealing, 0, 0), 0);
    ck_assert_int_eq(sem_init(&overtaken.goes_on, 0, 0), 0);
    overtaken.awaited = true;
    assert_change(f.store, other_master_key, KEYWARD_OK);
    ck_assert(!overtaken.awaited);
    let_third_go(third);
    sem_post(&overtaken.goes_on);
    ck_assert_int_eq(pthread_join(overtaken.creator, NULL), 0);
    ck_assert_int_eq(overtaken.created, refused ? KEYWARD_WRONG_MASTER_KEY : KEYWARD_OK);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM data_keys"), refused ? 2 : 3);
    ck_assert_int_eq(count_events(f.path), refused ? 6 : 7);
    assert_master_key(other_master_key, test_master_key);
    sem_destroy(&overtaken.is_sealing);
    sem_destroy(&overtaken.goes_on);
}
END_TEST

/* ---- a crash ---- */

static _Noreturn void change_until_killed(int tell)
{
    keyward *store;

    keyward_close(&f.store);
    if (open_with(test_master_key, &store) != KEYWARD_OK)
        _exit(1);
    for (int i = 0; i < KEYWARD_DATA_KEYS_MAX - 2; i++) {
        if (change_to(store, i % 2 == 0 ? other_master_key : test_master_key) != KEYWARD_OK ||
            write(tell, "x", 1) != 1)
            _exit(2);
    }
    for (;;)
        pause();
}

/* Lets a child change the key some times and kills it at its next change, or near. */
static void crash_after(int changes)
{
    int ends[2], status;
    char heard;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    fflush(NULL);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        change_until_killed(ends[1]);
    for (int i = 0; i < changes; i++)
        ck_assert_int_eq(read(ends[0], &heard, 1), 1);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status));
    close(ends[0]);
    close(ends[1]);
}

START_TEST(a_crash_leaves_one_of_the_two_keys_in_force)
{
    keyward *first, *second;
    enum keyward_status with_old, with_new;

    keyward_close(&f.store);
    crash_after(_i + 1);
    with_old = open_with(test_master_key, &first);
    with_new = open_with(other_master_key, &second);
    ck_assert_msg((with_old == KEYWARD_OK && with_new == KEYWARD_WRONG_MASTER_KEY) ||
                      (with_new == KEYWARD_OK && with_old == KEYWARD_WRONG_MASTER_KEY),
                  "%d and %d", with_old, with_new);
    f.store = first ? first : second;
    ck_assert_int_eq(try_key(&f, old, old_secret), KEYWARD_OK);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM data_keys"),
                     1 + sql_number(f.path, "SELECT count(*) FROM audit_events WHERE action = "
                                            "'store.master_key_changed'"));
    assert_sound(&f);
}
END_TEST

/* ---- a person with the sqlite3 shell ---- */

START_TEST(the_shell_changes_no_key)
{
    static const char *const refused[] = {
        "UPDATE data_keys SET sealed = zeroblob(72)",
        "UPDATE data_keys SET id = 7",
        "UPDATE store SET master_key_id = zeroblob(16)",
        "DELETE FROM data_keys",
        ("INSERT INTO audit_events (sequence, at, action) SELECT max(sequence) + 1, max(at), "
         "'store.other' FROM audit_events"),
    };
    char *before = dump(f.path);

    for (size_t i = 0; i < COUNT(refused); i++)
        ck_assert_msg(sql(f.path, refused[i]) == SQLITE_CONSTRAINT, "%s", refused[i]);
    assert_same_dump(f.path, before);
}
END_TEST

static void add_cases(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "one handle", open_fixture, close_fixture);

    tcase_add_loop_test(tests, another_master_key_is_in_force_however_it_is_given, 0, 3);
    tcase_add_test(tests, new_secrets_are_sealed_by_the_new_data_key);
    tcase_add_test(tests, a_data_key_comes_alone_too);
    tcase_add_test(tests, the_actors_texts_are_in_the_events);
    tcase_add_test(tests, the_key_may_change_back_and_forth);
    tcase_add_test(tests, what_is_wrong_is_refused_and_writes_nothing);
    tcase_add_test(tests, only_the_host_may);
    tcase_add_test(tests, there_are_1024_data_keys_at_most);
    tcase_add_test(tests, the_shell_changes_no_key);
    tests = suite_add_case(suite, "others", open_fixture, close_fixture);
    tcase_add_test(tests, another_handle_goes_on_until_it_meets_a_younger_secret);
    tcase_add_test(tests, a_handle_with_the_old_master_key_seals_nothing);
    tcase_add_test(tests, another_process_changes_it);
    tcase_add_loop_test(tests, a_data_key_of_another_handle_is_found, 0, MEETINGS);
    tcase_add_test(tests, a_data_key_that_was_undone_seals_nothing);
    tcase_add_test(tests, two_data_keys_of_one_transaction);
    tcase_add_test(tests, a_reader_from_before_the_change_still_finds_data_keys);
    tcase_add_test(tests, threads_go_on_while_it_changes);
    tcase_add_test(tests, a_second_thread_is_told_that_it_is_being_changed);
    tcase_add_test(tests, threads_that_change_it_at_once);
    tcase_add_loop_test(tests, a_data_key_is_sealed_by_the_master_key_of_its_transaction, 0, 3);
    tcase_add_loop_test(tests, a_crash_leaves_one_of_the_two_keys_in_force, 0, 20);
}

int main(void)
{
    Suite *suite = suite_create("rekey");

    add_cases(suite);
    return run_suite(suite);
}
