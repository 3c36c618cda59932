/* SPDX-License-Identifier: MIT */
/* A store of which a page or a table is gone: every call that meets that says so, and what is whole
 * goes on working. */
#include "fault/sweep.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE_AT = 16, KEYS_FOR_AN_INTERIOR_PAGE = 120 };

/* Spoils the root page of api_keys, an interior one, in the closed store. */
static void damage_keys(struct fixture *f)
{
    int64_t root = sql_number(f->path, "SELECT rootpage FROM sqlite_schema"
                                       " WHERE type = 'table' AND name = 'api_keys'");
    unsigned char *bytes;
    size_t size, page_size, at;

    bytes = read_whole(f->path, &size);
    page_size = (size_t)bytes[PAGE_SIZE_AT] << 8 | bytes[PAGE_SIZE_AT + 1];
    at = (size_t)(root - 1) * page_size;
    ck_assert_uint_lt(at, size);
    ck_assert_int_eq(bytes[at], 2); /* an interior page of an index tree */
    for (size_t i = 0; i < 12; i++)
        bytes[at + i] ^= 0xFF;
    write_whole(f->path, bytes, size);
    free(bytes);
}

/* Every operation that meets the damage says so, the next one too. */
static void expect_corrupt(struct work *w, const char *first, const char *last)
{
    for (size_t i = call_index(first); i <= call_index(last); i++) {
        enum keyward_status status = call_at(i)->run(w);
        assert_status(w->f.store, status, KEYWARD_CORRUPT);
        ck_assert_int_ne(keyward_last_error(w->f.store)->sqlite_code, 0);
        assert_message_is_clean(w, keyward_last_error(w->f.store)->message);
        if (i == call_index("delete many"))
            expect_deleted_none(w, status);
        else
            expect_no_result(w, status);
    }
}

static void expect_corrupt_report(struct work *w)
{
    assert_status(w->f.store, run_check(w), KEYWARD_CORRUPT);
    ck_assert_ptr_nonnull(w->report);
    ck_assert_int_gt(w->report->findings_total, 0);
    for (size_t i = 0; i < w->report->count; i++)
        ck_assert_ptr_nonnull(w->report->findings[i]->problem);
    keyward_report_free(&w->report);
}

START_TEST(a_damaged_page_is_told_and_harms_nothing)
{
    struct work w = {.round = 0};
    int64_t events;

    fixture_open(&w.f);
    for (int i = 0; i < KEYS_FOR_AN_INTERIOR_PAGE; i++) {
        free_prepared(&w);
        prepare_key(&w);
    }
    w.keys[1] = make_key(&w.f, "repo-1", "k", NULL);
    w.keys[2] = make_key(&w.f, "repo-1", "k", NULL);
    events = sql_number(w.f.path, "SELECT max(sequence) FROM audit_events");
    keyward_close(&w.f.store);
    damage_keys(&w.f);
    fixture_reopen(&w.f);
    expect_corrupt(&w, "create", "delete many");
    expect_corrupt(&w, "restore", "restore");
    expect_corrupt(&w, "list", "get");
    expect_corrupt(&w, "authenticate", "authenticate");
    expect_corrupt_report(&w);
    prepare_user(&w);
    assert_status(w.f.store, run_grant(&w), KEYWARD_OK); /* what is whole goes on working */
    ck_assert_int_eq(sql_number(w.f.path, "SELECT max(sequence) FROM audit_events"), events + 1);
    free_prepared(&w);
    fixture_close(&w.f);
}
END_TEST

static void drop_table(const char *name, bool while_open, const char *first, const char *last)
{
    struct work w = {.round = 0};
    char drop[64];

    fixture_open(&w.f);
    prepare_key(&w);
    w.keys[1] = make_key(&w.f, "repo-1", "before", NULL);
    w.keys[2] = make_key(&w.f, "repo-1", "before", NULL);
    prepare_user(&w);
    call_at(call_index("change master key"))->prepare(&w);
    assert_status(w.f.store, run_authenticate(&w), KEYWARD_OK);
    memset(&w.identity, 0, sizeof w.identity);
    if (!while_open)
        keyward_close(&w.f.store);
    snprintf(drop, sizeof drop, "DROP TABLE %s", name);
    ck_assert_int_eq(sql(w.f.path, drop), SQLITE_OK);
    if (!while_open)
        fixture_reopen(&w.f);
    expect_corrupt(&w, first, last);
    expect_corrupt_report(&w);
    free_prepared(&w);
    fixture_close(&w.f);
}

START_TEST(a_dropped_table_is_told)
{
    bool while_open = _i == 1;

    drop_table("access", while_open, "create", "purge");
    drop_table("access", while_open, "list", "get user");
    drop_table("access", while_open, "preview of a delete", "preview of a purge");
    drop_table("audit_events", while_open, "create", "denied delete");
    drop_table("audit_events", while_open, "grant", "grant");
    drop_table("audit_events", while_open, "import", "delete all");
    drop_table("audit_events", while_open, "create data key", "change master key");
    drop_table("audit_events", while_open, "preview of a delete", "preview of delete all");
    drop_table("key_details", while_open, "expire", "reveal");
    drop_table("key_details", while_open, "guarded delete", "purge");
    drop_table("api_keys", while_open, "create", "delete many");
    drop_table("api_keys", while_open, "authenticate", "authenticate");
    drop_table("sealed_secrets", while_open, "authenticate", "authenticate");
    drop_table("audit_log_key", while_open, "log key", "checkpoint");
    drop_table("audit_log_key", while_open, "log key, read", "log key, read");
    drop_table("audit_checkpoints", while_open, "receipt", "publication");
}
END_TEST

static Suite *damage_suite(void)
{
    Suite *suite = suite_create("faults_damage");
    TCase *damage = tcase_create("damage");

    tcase_add_test(damage, a_damaged_page_is_told_and_harms_nothing);
    tcase_add_loop_test(damage, a_dropped_table_is_told, 0, 2);
    suite_add_tcase(suite, damage);
    return suite;
}

int main(void)
{
    return run_suite(damage_suite());
}
