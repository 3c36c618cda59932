/* SPDX-License-Identifier: MIT */
#include "support/fixture.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const unsigned char test_master_key[KEYWARD_MASTER_KEY_BYTES] = "0123456789abcdef0123456789abcde";

const keyward_actor host = {.is_host = true};
const keyward_actor anna = {.user_id = "anna"};
const keyward_actor will = {.user_id = "will"};
const keyward_actor rita = {.user_id = "rita"};
const keyward_actor nobody = {.user_id = "nobody"};

#if defined(__SANITIZE_THREAD__)
/* A race in a child process is a failed test, not a line that nobody reads. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "halt_on_error=1";
}
#endif

int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    if (srunner_ntests_run(runner) == 0)
        failed = 1; /* a suite that ran nothing has shown nothing */
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

TCase *suite_add_case(Suite *suite, const char *name, SFun open, SFun close)
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, open, close);
    suite_add_tcase(suite, tests);
    return tests;
}

static int64_t fixture_clock(void *context)
{
    return ((struct fixture *)context)->now;
}

void fixture_init(struct fixture *fixture)
{
    const keyward_options defaults = KEYWARD_OPTIONS_INIT;

    memset(fixture, 0, sizeof *fixture);
    strcpy(fixture->folder, "/tmp/keyward-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/keys.db", fixture->folder);
    fixture->options = defaults;
    fixture->options.master_key = test_master_key;
    fixture->options.clock = fixture_clock;
    fixture->options.clock_context = fixture;
    fixture->now = 1700000000000;
}

void fixture_reopen(struct fixture *fixture)
{
    keyward_close(&fixture->store);
    assert_status(NULL, keyward_open(&fixture->store, fixture->path, &fixture->options),
                  KEYWARD_OK);
}

static void grant(struct fixture *fixture, const keyward_actor *user, enum keyward_role role)
{
    assert_status(fixture->store,
                  keyward_grant(fixture->store, &host, "repo-1", user->user_id, role), KEYWARD_OK);
}

void fixture_open(struct fixture *fixture)
{
    fixture_init(fixture);
    fixture_reopen(fixture);
    grant(fixture, &anna, KEYWARD_ADMIN);
    grant(fixture, &will, KEYWARD_WRITER);
    grant(fixture, &rita, KEYWARD_READER);
}

void fixture_close(struct fixture *fixture)
{
    DIR *folder = opendir(fixture->folder);
    struct dirent *entry;
    char path[512];

    keyward_close(&fixture->store);
    while (folder && (entry = readdir(folder))) {
        snprintf(path, sizeof path, "%s/%s", fixture->folder, entry->d_name);
        unlink(path);
    }
    if (folder)
        closedir(folder);
    rmdir(fixture->folder);
}

keyward_key *make_key(struct fixture *fixture, const char *repo_id, const char *name,
                      keyward_secret **secret)
{
    const keyward_new_key new_key = {.name = name, .provider = KEYWARD_OPENAI};
    keyward_key *key;
    keyward_secret *made;

    assert_status(fixture->store,
                  keyward_create_key(fixture->store, &host, repo_id, &new_key, &key, &made),
                  KEYWARD_OK);
    if (secret)
        *secret = made;
    else
        keyward_secret_free(&made);
    return key;
}

int64_t drop_key(struct fixture *fixture, const char *repo_id, const char *key_id)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE};

    assert_status(fixture->store,
                  keyward_delete_key(fixture->store, &host, repo_id, key_id, &deletion),
                  KEYWARD_OK);
    return deletion.event;
}

static keyward_event_list *list_events(struct fixture *fixture, const keyward_event_query *query)
{
    keyward_event_list *events;

    assert_status(fixture->store, keyward_list_events(fixture->store, &host, query, &events),
                  KEYWARD_OK);
    return events;
}

keyward_event_list *all_events(struct fixture *fixture)
{
    const keyward_event_query query = {.oldest_first = true, .limit = KEYWARD_PAGE_MAX};
    return list_events(fixture, &query);
}

keyward_event_list *last_event(struct fixture *fixture)
{
    const keyward_event_query query = {.limit = 1};
    return list_events(fixture, &query);
}

enum keyward_status try_key(struct fixture *fixture, const keyward_key *key,
                            const keyward_secret *secret)
{
    keyward_identity identity;
    return keyward_authenticate(fixture->store, key->access_key, secret->text, secret->length,
                                &identity);
}

void assert_sound(struct fixture *fixture)
{
    keyward_report *report = NULL;
    enum keyward_status status = keyward_check(fixture->store, NULL, &report);

    ck_assert_msg(status == KEYWARD_OK, "check: %s, first finding: %s",
                  keyward_last_error(fixture->store)->message,
                  report && report->count > 0 ? report->findings[0]->problem : "none");
    keyward_report_free(&report);
}

static sqlite3 *open_raw(const char *path)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

int sql(const char *path, const char *text)
{
    sqlite3 *db = open_raw(path);
    int code = sqlite3_exec(db, text, NULL, NULL, NULL);

    sqlite3_close(db);
    return code & 0xFF;
}

int64_t sql_number(const char *path, const char *text)
{
    char *value = sql_text(path, text);
    int64_t number;

    ck_assert_ptr_nonnull(value);
    number = strtoll(value, NULL, 10);
    free(value);
    return number;
}

char *sql_text(const char *path, const char *text)
{
    sqlite3 *db = open_raw(path);
    sqlite3_stmt *statement;
    const char *value;
    char *copy;

    ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    value = (const char *)sqlite3_column_text(statement, 0);
    copy = value ? strdup(value) : NULL;
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return copy;
}

void assert_row_of(const char *path, const char *query, const char *format, ...)
{
    char wanted[4096], *got = sql_text(path, query);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(wanted, sizeof wanted, format, arguments);
    va_end(arguments);
    ck_assert_pstr_eq(got, wanted);
    free(got);
}

int64_t count_events(const char *path)
{
    return sql_number(path, "SELECT count(*) FROM audit_events");
}

unsigned char *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes;
    long length;

    ck_assert_msg(file != NULL, "%s cannot be read", path);
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    rewind(file);
    bytes = malloc((size_t)length + 1);
    ck_assert_ptr_nonnull(bytes);
    *size = fread(bytes, 1, (size_t)length, file);
    ck_assert_uint_eq(*size, (size_t)length);
    fclose(file);
    return bytes;
}

void write_whole(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    ck_assert_msg(file != NULL, "%s cannot be written", path);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

int64_t log_size(const struct fixture *f)
{
    char path[160];
    struct stat about;

    snprintf(path, sizeof path, "%s-wal", f->path);
    ck_assert_int_eq(stat(path, &about), 0);
    return about.st_size;
}
