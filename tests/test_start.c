/* SPDX-License-Identifier: MIT */
/* A libsodium that does not start, a process that gets no guard against forks, an empty store. */
#include "base/fork_guard.h"
#include "seal/keyring.h"
#include "support/fixture.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
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

static int refuse_to_write(void *context, const char *bytes, size_t length)
{
    (void)context;
    ck_abort_msg("%zu bytes: %.*s", length, (int)length, bytes);
    return 1;
}

/* Its first data key is made without an event, so that its log begins with what its host does. */
START_TEST(a_log_without_events_is_exported_as_nothing)
{
    const keyward_export destination = {.format = KEYWARD_JSON_LINES, .write = refuse_to_write};

    fixture_reopen(&f);
    ck_assert_int_eq(count_events(f.path), 0);
    assert_status(f.store, keyward_export_events(f.store, &host, NULL, &destination), KEYWARD_OK);
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
    tcase_add_test(tests, a_log_without_events_is_exported_as_nothing);
    return run_suite(suite);
}
