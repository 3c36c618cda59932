/* SPDX-License-Identifier: MIT */
/* A libsodium that does not start, a process that gets no guard against forks, randomness that
 * fails. */
#include "base/fork_guard.h"
#include "seal/keyring.h"
#include "support/fixture.h"
#include "support/rows.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool sodium_fails, guard_fails, keyring_fails;

/* ---- the names are the linker's ---- */

int __real_sodium_init(void);
int __wrap_sodium_init(void);
bool __real_fork_guard_init(struct fork_guard *guard);
bool __wrap_fork_guard_init(struct fork_guard *guard);
bool __real_keyring_init(struct keyring *keyring);
bool __wrap_keyring_init(struct keyring *keyring);

int __wrap_sodium_init(void)
{
    return sodium_fails ? -1 : __real_sodium_init();
}

bool __wrap_fork_guard_init(struct fork_guard *guard)
{
    return !guard_fails && __real_fork_guard_init(guard);
}

bool __wrap_keyring_init(struct keyring *keyring)
{
    return !keyring_fails && __real_keyring_init(keyring);
}

/* ---- tests ---- */

static struct fixture f;

static void open_fixture(void)
{
    sodium_fails = guard_fails = keyring_fails = false;
    fixture_init(&f);
}

static void close_fixture(void)
{
    sodium_fails = guard_fails = keyring_fails = false;
    fixture_close(&f);
}

/* Nothing was made; without the fault it is. */
static void assert_no_store(void)
{
    ck_assert_ptr_null(f.store);
    ck_assert_int_eq(access(f.path, F_OK), -1);
    ck_assert_int_eq(errno, ENOENT);
    sodium_fails = guard_fails = keyring_fails = false;
    fixture_reopen(&f);
}

START_TEST(no_store_opens_without_libsodium)
{
    sodium_fails = true;
    assert_status(NULL, keyward_open(&f.store, f.path, &f.options), KEYWARD_NOMEM);
    assert_no_store();
}
END_TEST

START_TEST(no_store_opens_without_a_guard_against_forks)
{
    guard_fails = true;
    assert_status(NULL, keyward_open(&f.store, f.path, &f.options), KEYWARD_NOMEM);
    assert_no_store();
}
END_TEST

START_TEST(no_store_opens_without_memory_for_its_data_keys)
{
    keyring_fails = true;
    assert_status(NULL, keyward_open(&f.store, f.path, &f.options), KEYWARD_NOMEM);
    assert_no_store();
}
END_TEST

START_TEST(nothing_is_made_or_verified_without_libsodium)
{
    const keyward_trust trust = {
        .log_key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"};
    char path[96];
    keyward_proven proven;
    keyward_text *event = (keyward_text *)&f;

    snprintf(path, sizeof path, "%s/master.key", f.folder);
    sodium_fails = true;
    assert_status(NULL, keyward_create_master_key_file(path), KEYWARD_NOMEM);
    ck_assert_int_eq(access(path, F_OK), -1);
    assert_status(NULL, keyward_verify_receipt("r", 1, &trust, NULL, 0, &proven), KEYWARD_NOMEM);
    assert_status(NULL, keyward_receipt_event("r", 1, &event), KEYWARD_NOMEM);
    ck_assert_ptr_null(event);
    assert_status(NULL, keyward_verify_consistency("o", 1, "p", 1, &trust, &proven), KEYWARD_NOMEM);
    sodium_fails = false;
    assert_status(NULL, keyward_verify_receipt("r", 1, &trust, NULL, 0, &proven), KEYWARD_UNPROVEN);
    assert_status(NULL, keyward_receipt_event("r", 1, &event), KEYWARD_UNPROVEN);
    assert_status(NULL, keyward_verify_consistency("o", 1, "p", 1, &trust, &proven),
                  KEYWARD_UNPROVEN);
}
END_TEST

/* ---- randomness ---- */

static int draws_left;

static int draw_so_often(void *context, void *buffer, size_t length)
{
    (void)context;
    randombytes_buf(buffer, length);
    return draws_left-- > 0 ? 0 : -1;
}

static enum keyward_status change_master_key(void)
{
    static const unsigned char other[KEYWARD_MASTER_KEY_BYTES] = "another key of 32 bytes at all";
    const keyward_master_key master_key = {.key = other};

    return keyward_change_master_key(f.store, &host, &master_key);
}

static enum keyward_status create_data_key(void)
{
    return keyward_create_data_key(f.store, &host);
}

static enum keyward_status make_log_key(void)
{
    keyward_text *text;
    enum keyward_status status = keyward_audit_log_key(f.store, &host, "example.org/log", &text);

    if (status != KEYWARD_OK)
        ck_assert_ptr_null(text);
    keyward_text_free(&text);
    return status;
}

static enum keyward_status create_key(void)
{
    const keyward_new_key new_key = {.name = "new"};
    keyward_key *key;
    keyward_secret *secret;
    enum keyward_status status =
        keyward_create_key(f.store, &host, "repo-1", &new_key, &key, &secret);

    keyward_key_free(&key);
    keyward_secret_free(&secret);
    return status;
}

static enum keyward_status (*const that_draw[])(void) = {change_master_key, create_data_key,
                                                         make_log_key, create_key};
#define CALLS_THAT_DRAW (sizeof that_draw / sizeof *that_draw)
#define MANY_DRAWS 20

START_TEST(without_randomness_nothing_is_written)
{
    enum keyward_status status = KEYWARD_IO;
    int works;

    f.options.random = draw_so_often;
    draws_left = MANY_DRAWS;
    fixture_reopen(&f);
    for (works = 0; works < MANY_DRAWS && status != KEYWARD_OK; works++) {
        char *before = dump(f.path);

        draws_left = works;
        status = that_draw[_i]();
        if (status != KEYWARD_OK) {
            assert_status(f.store, status, KEYWARD_IO);
            ck_assert_str_eq(keyward_last_error(f.store)->message, "random: reported a failure");
            assert_same_dump(f.path, before);
        } else {
            free(before);
        }
    }
    ck_assert_int_gt(works, 2); /* the first draw failed, and the second */
    assert_status(f.store, status, KEYWARD_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("start");
    TCase *tests = suite_add_case(suite, "start", open_fixture, close_fixture);

    tcase_add_test(tests, no_store_opens_without_libsodium);
    tcase_add_test(tests, no_store_opens_without_a_guard_against_forks);
    tcase_add_test(tests, no_store_opens_without_memory_for_its_data_keys);
    tcase_add_test(tests, nothing_is_made_or_verified_without_libsodium);
    tcase_add_loop_test(tests, without_randomness_nothing_is_written, 0, CALLS_THAT_DRAW);
    return run_suite(suite);
}
