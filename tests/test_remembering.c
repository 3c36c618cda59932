/* SPDX-License-Identifier: MIT */
/* What authentication remembers of a pair, where the store changes or cannot be asked just while it
 * looks the pair up: nothing. */
#include "support/fixture.h"
#include "transaction/transaction.h"

/* The call after the one that begins an authentication. */
#define AFTER_THE_LOOK_UP 2

static struct fixture f;
static keyward_key *key;
static keyward_secret *secret;
static int versions_read, look_ups;

enum trouble { NONE, CANNOT_BE_READ, HAS_CHANGED };
static enum trouble trouble;

/* ---- the names are the linker's ---- */

bool __real_database_version(const struct database *database, struct data_version *version);
bool __wrap_database_version(const struct database *database, struct data_version *version);
enum keyward_status __real_database_look_up(struct database *database, operation run, void *request,
                                            struct error *error);
enum keyward_status __wrap_database_look_up(struct database *database, operation run, void *request,
                                            struct error *error);

bool __wrap_database_version(const struct database *database, struct data_version *version)
{
    bool read = __real_database_version(database, version);

    if (++versions_read != AFTER_THE_LOOK_UP || trouble == NONE)
        return read;
    version->words[1]++;
    return trouble == HAS_CHANGED && read;
}

enum keyward_status __wrap_database_look_up(struct database *database, operation run, void *request,
                                            struct error *error)
{
    look_ups++;
    return __real_database_look_up(database, run, request, error);
}

/* ---- tests ---- */

static void open_fixture(void)
{
    fixture_open(&f);
    key = make_key(&f, "repo-1", "remembered", &secret);
    trouble = NONE;
}

static void close_fixture(void)
{
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    fixture_close(&f);
}

/* Authenticates, and returns how many look-ups that took. */
static int authenticate(void)
{
    versions_read = look_ups = 0;
    ck_assert_int_eq(try_key(&f, key, secret), KEYWARD_OK);
    return look_ups;
}

START_TEST(a_pair_is_looked_up_once)
{
    ck_assert_int_eq(authenticate(), 1);
    ck_assert_int_eq(authenticate(), 0);
}
END_TEST

START_TEST(a_pair_that_met_trouble_is_looked_up_again)
{
    trouble = (enum trouble)_i;
    ck_assert_int_eq(authenticate(), 1);
    trouble = NONE;
    ck_assert_int_eq(authenticate(), 1);
    ck_assert_int_eq(authenticate(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("remembering");
    TCase *tests = suite_add_case(suite, "remembering", open_fixture, close_fixture);

    tcase_add_test(tests, a_pair_is_looked_up_once);
    tcase_add_loop_test(tests, a_pair_that_met_trouble_is_looked_up_again, CANNOT_BE_READ,
                        HAS_CHANGED + 1);
    return run_suite(suite);
}
