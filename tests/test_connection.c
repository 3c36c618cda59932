/* SPDX-License-Identifier: MIT */
/*
 * One SQLite connection, by itself: what its result codes mean, how it is opened, closed and backed
 * up when any of SQLite's functions fails, and the files that it has open, in front of which the
 * log's buffer and the cleaning of pages stand.
 */
#include "base/result.h"
#include "connection/backup.h"
#include "connection/data_version.h"
#include "connection/file_hook.h"
#include "connection/log.h"
#include "connection/log_buffer.h"
#include "connection/page.h"
#include "connection/schema.h"
#include "connection/statement.h"
#include "connection/store_file.h"
#include "connection/write_back.h"
#include "fault/memory.h"
#include "fault/planted_file.h"
#include "fault/sqlite.h"
#include "support/crew.h"
#include "support/fixture.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define CALLS_MAX 500 /* what takes more of SQLite's calls does not end */
#define WATCH 2       /* by which the file is found in front of which pages are cleaned */
#define SWITCH 2      /* of those of sqlite3_exec(): the one that switches to the log */
#define NOBODY 65534
#define GIB ((sqlite3_int64)1 << 30)

static struct fixture f;
static struct error error;
static struct connection *connection;
static struct planted_file file;

static void nothing_open(void)
{
    fixture_init(&f);
    error_reset(&error);
    connection = NULL;
    planted_file_init(&file);
}

static struct connection_options options(void)
{
    return (struct connection_options){
        .path = f.path, .busy_timeout_ms = 0, .durability = KEYWARD_SURVIVES_POWER_LOSS};
}

static enum keyward_status open_connection(bool create)
{
    const struct connection_options how = options();

    error_reset(&error);
    return connection_open(&connection, &how, create, &error);
}

/* A store without a schema. */
static void one_open(void)
{
    nothing_open();
    ck_assert_int_eq(open_connection(true), KEYWARD_OK);
}

static void all_closed(void)
{
    sqlite_show_file(NULL);
    connection_close(&connection);
    fixture_close(&f);
}

/* ---- what SQLite's codes mean ---- */

static const struct {
    int code;
    enum keyward_status status;
} codes[] = {
    {SQLITE_BUSY, KEYWARD_BUSY},
    {SQLITE_BUSY_SNAPSHOT, KEYWARD_BUSY},
    {SQLITE_LOCKED, KEYWARD_BUSY},
    {SQLITE_PROTOCOL, KEYWARD_BUSY},
    {SQLITE_NOMEM, KEYWARD_NOMEM},
    {SQLITE_IOERR_NOMEM, KEYWARD_NOMEM},
    {SQLITE_FULL, KEYWARD_FULL},
    {SQLITE_IOERR_FSYNC, KEYWARD_IO},
    {SQLITE_CANTOPEN, KEYWARD_IO},
    {SQLITE_PERM, KEYWARD_IO},
    {SQLITE_AUTH, KEYWARD_IO},
    {SQLITE_READONLY_DIRECTORY, KEYWARD_READ_ONLY},
    {SQLITE_CORRUPT, KEYWARD_CORRUPT},
    {SQLITE_NOTADB, KEYWARD_CORRUPT},
    {SQLITE_CONSTRAINT_TRIGGER, KEYWARD_CORRUPT},
    {SQLITE_ERROR, KEYWARD_CORRUPT},
};

START_TEST(a_code_of_sqlite_is_a_status_with_its_text)
{
    struct connection other = {.error = &error};
    char wanted[160];

    ck_assert_int_eq(sqlite3_open(":memory:", &other.db), SQLITE_OK);
    ck_assert_int_eq(connection_failed(&other, codes[_i].code), codes[_i].status);
    snprintf(wanted, sizeof wanted, "%s (SQLite %d: %s)", keyward_status_text(codes[_i].status),
             codes[_i].code, sqlite3_errstr(codes[_i].code));
    ck_assert_str_eq(error.detail.message, wanted);
    ck_assert_int_eq(error.detail.status, codes[_i].status);
    ck_assert_int_eq(error.detail.sqlite_code, codes[_i].code);
    sqlite3_close(other.db);
}
END_TEST

static const struct {
    const char *text;
    enum keyward_status status;
} integrity[] = {
    {"ok", KEYWARD_OK},
    {"wrong # of entries in index i", KEYWARD_CORRUPT},
    {NULL, KEYWARD_CORRUPT},
    {"Tree 5 page 7: btreeInitPage() returns error code 11", KEYWARD_CORRUPT},
    {"Tree 5 page 7: unable to get the page. error code=11", KEYWARD_CORRUPT},
    {"Tree 5 page 7: unable to get the page. error code=", KEYWARD_CORRUPT},
    {"Tree 5 page 7: unable to get the page. error code=266", KEYWARD_IO},
    {"Tree 5 page 7: unable to get the page. error code=7", KEYWARD_NOMEM},
};

START_TEST(what_an_integrity_check_could_not_read_is_no_damage)
{
    struct connection other = {.error = &error};

    ck_assert_int_eq(connection_integrity(&other, integrity[_i].text), integrity[_i].status);
}
END_TEST

/* ---- every call of SQLite fails in turn ---- */

/* Runs `work` with the first call failing, then with the second, and so on until there are no more;
 * each time `begin` makes what it needs and `end` looks at what it has left. The status is the
 * failure's; only without the call of the number `dispensable`, if it is not 0, does it go on. */
static void fail_each(void (*begin)(void), enum keyward_status (*work)(void),
                      void (*end)(enum keyward_status status), int dispensable)
{
    int nth = 0, failed;

    do {
        enum keyward_status status;

        ck_assert_int_lt(++nth, CALLS_MAX);
        begin();
        sqlite_fail(nth, FAIL_ONCE, SQLITE_IOERR_READ);
        status = work();
        failed = sqlite_stop();
        ck_assert_msg(status == (failed > 0 && nth != dispensable ? KEYWARD_IO : KEYWARD_OK),
                      "call %d, of %s: %d", nth, sqlite_failed(), (int)status);
        end(status);
    } while (failed > 0);
    ck_assert_int_gt(nth, 1);
}

static void remove_store(void)
{
    unlink(f.path);
}

static void leave_store(void)
{
}

static enum keyward_status open_new(void)
{
    return open_connection(true);
}

static enum keyward_status open_old(void)
{
    return open_connection(false);
}

static void close_and_open_again(enum keyward_status status)
{
    int64_t id = 0;

    ck_assert_int_eq(connection != NULL, status == KEYWARD_OK);
    connection_close(&connection);
    ck_assert_int_eq(open_connection(true), KEYWARD_OK);
    ck_assert_int_eq(connection_read_number(connection, "PRAGMA application_id", &id), KEYWARD_OK);
    ck_assert_int_eq(id, STORE_APPLICATION_ID);
    connection_close(&connection);
}

START_TEST(opening_a_new_store_fails_whole_and_works_the_next_time)
{
    fail_each(remove_store, open_new, close_and_open_again, WATCH);
}
END_TEST

START_TEST(opening_a_store_fails_whole_and_works_the_next_time)
{
    ck_assert_int_eq(open_connection(true), KEYWARD_OK);
    connection_close(&connection);
    fail_each(leave_store, open_old, close_and_open_again, WATCH);
}
END_TEST

static enum keyward_status open_in_memory(void)
{
    error_reset(&error);
    return connection_open_memory(&connection, &error);
}

static void close_it(enum keyward_status status)
{
    ck_assert_int_eq(connection != NULL, status == KEYWARD_OK);
    connection_close(&connection);
}

START_TEST(opening_a_database_in_memory_fails_whole)
{
    fail_each(leave_store, open_in_memory, close_it, 0);
}
END_TEST

/* SQLite may have no errno for it: a name that it takes for too long, for one. */
START_TEST(a_file_that_sqlite_does_not_open_is_an_error_of_the_disk)
{
    sqlite_fail_only("open_v2", 1, FAIL_ONCE, SQLITE_CANTOPEN);
    ck_assert_int_eq(open_connection(true), KEYWARD_IO);
    ck_assert_int_eq(sqlite_stop(), 1);
    ck_assert_int_eq(error.detail.sqlite_code, SQLITE_CANTOPEN);
    ck_assert_ptr_nonnull(strstr(error.detail.message, "(SQLite 14: "));
    sqlite_fail_only("open_v2", 1, FAIL_ONCE, SQLITE_NOMEM); /* and no connection */
    ck_assert_int_eq(open_connection(true), KEYWARD_NOMEM);
    ck_assert_int_eq(sqlite_stop(), 1);
}
END_TEST

START_TEST(a_log_that_cannot_be_made_says_that_its_folder_is_read_only)
{
    ck_assert_int_eq(open_connection(true), KEYWARD_OK);
    connection_close(&connection);
    sqlite_fail_only("exec", SWITCH, FAIL_ONCE, SQLITE_READONLY_DIRECTORY);
    ck_assert_int_eq(open_connection(true), KEYWARD_READ_ONLY);
    ck_assert_int_eq(sqlite_stop(), 1);
    ck_assert_ptr_nonnull(strstr(error.detail.message, "the folder of '"));
    ck_assert_ptr_null(connection);
}
END_TEST

static enum keyward_status upgrade(void)
{
    error_reset(&error);
    return schema_upgrade(connection);
}

static void begin_store(void)
{
    remove_store();
    ck_assert_int_eq(open_connection(true), KEYWARD_OK);
}

/* Every step has been taken whole, or not at all. */
static void upgrade_the_rest(enum keyward_status status)
{
    int64_t objects = 0;
    int version = -1;

    ck_assert(!connection_in_transaction(connection));
    ck_assert_int_eq(schema_read_version(connection, &version), KEYWARD_OK);
    if (status == KEYWARD_OK)
        ck_assert_int_eq(version, schema_newest_version());
    ck_assert_int_eq(
        connection_read_number(connection, "SELECT count(*) FROM sqlite_schema", &objects),
        KEYWARD_OK);
    ck_assert_int_eq(objects == 0, version == 0);
    ck_assert_int_eq(upgrade(), KEYWARD_OK);
    connection_close(&connection);
}

START_TEST(an_upgrade_that_fails_leaves_whole_steps)
{
    fail_each(begin_store, upgrade, upgrade_the_rest, 0);
}
END_TEST

static void upgrade_by_another(void *context)
{
    struct connection *mine = connection;

    (void)context;
    ck_assert_int_eq(open_connection(false), KEYWARD_OK);
    ck_assert_int_eq(upgrade(), KEYWARD_OK);
    connection_close(&connection);
    connection = mine;
}

START_TEST(a_step_that_another_process_has_taken_meanwhile_is_not_taken_again)
{
    begin_store();
    sqlite_before("BEGIN IMMEDIATE", upgrade_by_another, NULL);
    ck_assert_int_eq(upgrade(), KEYWARD_OK);
    upgrade_the_rest(KEYWARD_OK);
}
END_TEST

static char copy[128];

static void prepare_copy(void)
{
    snprintf(copy, sizeof copy, "%s.copy", f.path);
    unlink(copy);
    ck_assert_int_eq(store_file_create(copy, &error), KEYWARD_OK);
}

static enum keyward_status back_up(void)
{
    struct backup backup;
    enum keyward_status status = backup_begin(&backup, connection, copy);

    while (status == KEYWARD_OK && backup.left != 0)
        status = backup_copy(&backup, 1);
    backup_end(&backup);
    return status;
}

static void look_at_copy(enum keyward_status status)
{
    if (status == KEYWARD_OK)
        ck_assert_int_eq(sql_number(copy, "PRAGMA user_version"), schema_newest_version());
}

START_TEST(a_backup_fails_with_the_call_that_fails)
{
    ck_assert_int_eq(schema_upgrade(connection), KEYWARD_OK);
    for (int nth = 1, failed = 1; failed > 0; nth++) {
        enum keyward_status status;

        prepare_copy();
        sqlite_fail(nth, FAIL_ONCE, SQLITE_IOERR_READ);
        status = back_up();
        failed = sqlite_stop();
        if (failed == 0)
            ck_assert_int_eq(status, KEYWARD_OK);
        else if (strcmp(sqlite_failed(), "backup_init") == 0) /* it was asked for another name */
            ck_assert_int_eq(status, KEYWARD_CORRUPT);
        else
            ck_assert_int_eq(status, KEYWARD_IO);
        look_at_copy(status);
        ck_assert_int_lt(nth, CALLS_MAX);
    }
    unlink(copy);
}
END_TEST

/* ---- memory: Check itself needs some for each assertion, so that none stands where it fails ----
 */

START_TEST(without_memory_nothing_is_backed_up)
{
    enum keyward_status status;

    prepare_copy();
    memory_fail(MEMORY_OF_LIBRARY, 1, FAIL_ONCE);
    status = back_up();
    ck_assert_int_eq(memory_stop(), 1);
    ck_assert_int_eq(status, KEYWARD_NOMEM);
    unlink(copy);
}
END_TEST

START_TEST(without_memory_nothing_is_opened)
{
    int failed, nth = 0;

    do {
        enum keyward_status status;

        ck_assert_int_lt(++nth, CALLS_MAX);
        remove_store();
        memory_fail(MEMORY_OF_LIBRARY, nth, FAIL_ONCE);
        status = open_connection(true);
        failed = memory_stop();
        ck_assert_int_eq(status, failed > 0 ? KEYWARD_NOMEM : KEYWARD_OK);
        close_and_open_again(status);
    } while (failed > 0);
    ck_assert_int_gt(nth, 1);
}
END_TEST

START_TEST(without_memory_a_log_is_written_as_sqlite_does)
{
    memory_fail(MEMORY_OF_LIBRARY, 1, FAIL_ONCE);
    log_watch(connection, true);
    ck_assert_int_eq(memory_stop(), 1);
    ck_assert_ptr_null(connection->log_buffer);
    ck_assert_int_eq(schema_upgrade(connection), KEYWARD_OK);
    ck_assert_int_gt(connection->log_pages, 0);
}
END_TEST

/* ---- the file of a store ---- */

START_TEST(a_name_that_leads_nowhere_is_no_file)
{
    char nowhere[128];

    snprintf(nowhere, sizeof nowhere, "%s/no-folder/keys.db", f.folder);
    ck_assert_int_eq(symlink(nowhere, f.path), 0);
    ck_assert_int_eq(open_connection(true), KEYWARD_NO_FOLDER);
    ck_assert_int_eq(access(nowhere, F_OK), -1);
}
END_TEST

/* Who is root is nobody for a moment: root may search any folder. */
START_TEST(a_folder_that_cannot_be_searched_is_told)
{
    bool is_root = geteuid() == 0;
    enum keyward_status status;

    ck_assert_int_eq(chmod(f.folder, 0), 0);
    if (is_root)
        ck_assert_int_eq(seteuid(NOBODY), 0);
    status = store_file_create(f.path, &error);
    if (is_root)
        ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(chmod(f.folder, 0700), 0);
    ck_assert_int_eq(status, KEYWARD_READ_ONLY);
    ck_assert_ptr_nonnull(strstr(error.detail.message, "cannot be searched"));
    ck_assert_int_eq(access(f.path, F_OK), -1);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_told)
{
    struct connection reading = {.error = &error};

    write_whole(f.path, "", 0);
    ck_assert_int_eq(sqlite3_open_v2(f.path, &reading.db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    ck_assert_int_eq(store_file_recognise(&reading, f.path), KEYWARD_READ_ONLY);
    ck_assert_ptr_nonnull(strstr(error.detail.message, f.path));
    sqlite3_close(reading.db);
}
END_TEST

static enum keyward_status recognise(void)
{
    enum keyward_status status;

    sqlite_show_file(&file.base);
    error_reset(&error);
    status = store_file_recognise(connection, f.path);
    sqlite_show_file(NULL);
    return status;
}

START_TEST(a_file_is_recognised_by_its_header)
{
    file.size = 0;
    ck_assert_int_eq(recognise(), KEYWARD_OK);
    ck_assert_str_eq(planted_file_told(&file), "size, ");
    file.size = 99;
    ck_assert_int_eq(recognise(), KEYWARD_NOT_A_STORE);
    ck_assert_str_eq(planted_file_told(&file), "size, ");
    file.size = 4096;
    memcpy(file.bytes, "SQLite format 3", 16);
    ck_assert_int_eq(recognise(), KEYWARD_NOT_A_STORE);
    ck_assert_str_eq(planted_file_told(&file), "size, read 100 at 0, ");
    memcpy(file.bytes + 68, "kwrd", 4);
    ck_assert_int_eq(recognise(), KEYWARD_OK);
    file.bytes[0] = 's';
    ck_assert_int_eq(recognise(), KEYWARD_NOT_A_STORE);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_no_other_kind_of_file)
{
    file.size = 4096;
    file.read_code = SQLITE_IOERR_READ;
    ck_assert_int_eq(recognise(), KEYWARD_IO);
    ck_assert_int_eq(error.detail.sqlite_code, SQLITE_IOERR_READ);
    file.read_code = SQLITE_IOERR_SHORT_READ; /* it has been cut off since */
    ck_assert_int_eq(recognise(), KEYWARD_NOT_A_STORE);
    file.size_code = SQLITE_IOERR_FSTAT;
    ck_assert_int_eq(recognise(), KEYWARD_IO);
    ck_assert_int_eq(error.detail.sqlite_code, SQLITE_IOERR_FSTAT);
}
END_TEST

START_TEST(a_store_cut_off_in_its_first_transaction_has_a_journal)
{
    enum keyward_status status;
    char journal[128];

    snprintf(journal, sizeof journal, "%s-journal", f.path);
    file.size = 4096;
    ck_assert_int_eq(recognise(), KEYWARD_NOT_A_STORE);
    write_whole(journal, "x", 1);
    ck_assert_int_eq(recognise(), KEYWARD_OK);
    memory_fail(MEMORY_OF_LIBRARY, 1, FAIL_ONCE);
    status = recognise();
    ck_assert_int_eq(memory_stop(), 1);
    ck_assert_int_eq(status, KEYWARD_NOMEM);
    unlink(journal);
}
END_TEST

static void fill_with_another_table(void *context)
{
    (void)context;
    ck_assert_int_eq(sql(f.path, "CREATE TABLE t (x)"), SQLITE_OK);
}

static void mark_by_another(void *context)
{
    (void)context;
    ck_assert_int_eq(sql(f.path, "PRAGMA application_id = 0x6B777264"), SQLITE_OK);
}

/* What another process does to an empty file, just before we would mark it. */
START_TEST(a_file_that_another_program_fills_meanwhile_is_left_to_it)
{
    sqlite_before("BEGIN IMMEDIATE", fill_with_another_table, NULL);
    ck_assert_int_eq(open_connection(true), KEYWARD_NOT_A_STORE);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM t"), 0);
    ck_assert_int_eq(sql_number(f.path, "PRAGMA application_id"), 0);
}
END_TEST

START_TEST(a_file_that_another_process_makes_a_store_meanwhile_is_one)
{
    sqlite_before("BEGIN IMMEDIATE", mark_by_another, NULL);
    ck_assert_int_eq(open_connection(true), KEYWARD_OK);
    ck_assert_int_eq(sql_number(f.path, "PRAGMA application_id"), STORE_APPLICATION_ID);
}
END_TEST

/* To switch to the log, SQLite needs the file alone: it is waited for, but not for ever. */
START_TEST(a_new_store_that_somebody_reads_is_busy_until_he_has_read)
{
    struct connection_options patient = options();
    sqlite3 *reader;

    write_whole(f.path, "", 0);
    ck_assert_int_eq(sql(f.path, "PRAGMA application_id = 0x6B777264"), SQLITE_OK);
    ck_assert_int_eq(sqlite3_open_v2(f.path, &reader, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL),
        SQLITE_OK);
    ck_assert_int_eq(open_connection(true), KEYWARD_BUSY);
    ck_assert_int_eq(sqlite3_close(reader), SQLITE_OK);
    patient.busy_timeout_ms = 60000;
    sqlite_fail_only("exec", SWITCH, FAIL_ONCE, SQLITE_BUSY);
    ck_assert_int_eq(connection_open(&connection, &patient, true, &error), KEYWARD_OK);
    ck_assert_int_eq(sqlite_stop(), 1);
}
END_TEST

/* ---- a child after fork ---- */

static int close_in_child(void *context, int number)
{
    (void)context;
    (void)number;
    connection_close_in_child(&connection);
    return connection != NULL;
}

/* The transaction is so large that its pages are in the log already, behind those of another one:
 * to roll back there would take them out of the index, which is in shared memory. */
START_TEST(a_child_lets_go_of_a_connection_and_its_transaction_goes_on)
{
    struct connection *none = NULL;
    int64_t sum = 0;

    connection_close_in_child(&none);
    ck_assert_int_eq(run_process(close_in_child, NULL), 0);
    ck_assert_int_eq(
        connection_execute(connection, "PRAGMA cache_size = 2; CREATE TABLE t (x); BEGIN IMMEDIATE;"
                                       "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                                       " LIMIT 50000) INSERT INTO t SELECT i FROM n"),
        KEYWARD_OK);
    ck_assert_int_gt(log_size(&f), 0);
    ck_assert_int_eq(run_process(close_in_child, NULL), 0);
    ck_assert_int_eq(connection_end(connection, KEYWARD_OK), KEYWARD_OK);
    ck_assert_int_eq(connection_read_number(connection, "SELECT sum(x) FROM t", &sum), KEYWARD_OK);
    ck_assert_int_eq(sum, INT64_C(50000) * 50001 / 2);
    ck_assert_int_eq(sql_number(f.path, "SELECT sum(x) FROM t"), sum);
}
END_TEST

/* ---- statements ---- */

static const struct query change_one = {QUERY_KEY_RENAME, "UPDATE t SET x = 2"};

START_TEST(a_change_of_one_row_that_is_not_there_is_damage)
{
    struct statement statement;

    ck_assert_int_eq(connection_execute(connection, "CREATE TABLE t (x)"), KEYWARD_OK);
    statement = statement_begin(connection, &change_one);
    ck_assert_int_eq(statement_run_on_one_row(&statement), KEYWARD_CORRUPT);
    ck_assert_int_eq(connection_execute(connection, "INSERT INTO t VALUES (1)"), KEYWARD_OK);
    statement = statement_begin(connection, &change_one);
    ck_assert_int_eq(statement_run_on_one_row(&statement), KEYWARD_OK);
    statement = statement_begin(connection, &change_one);
    sqlite_fail(1, FAIL_ONCE, SQLITE_IOERR_WRITE);
    ck_assert_int_eq(statement_run_on_one_row(&statement), KEYWARD_IO);
    ck_assert_int_eq(sqlite_stop(), 1);
}
END_TEST

static const struct query bind_all = {QUERY_KEY_GET, "SELECT ?, ?, ?, ?"};

/* The first failure is the one that is told, and nothing is done after it. */
START_TEST(the_first_failure_of_a_statement_sticks)
{
    for (int nth = 1, failed = 1; failed > 0; nth++) {
        struct statement statement;
        bool row;

        sqlite_fail(nth, FAIL_ONCE, SQLITE_IOERR_READ);
        statement = statement_begin(connection, &bind_all);
        statement_bind_text(&statement, "text");
        statement_bind_number(&statement, 7);
        statement_bind_optional(&statement, 0);
        statement_bind_blob(&statement, "blob", 4);
        row = statement_row(&statement);
        ck_assert_int_eq(row, sqlite_stop() == 0);
        failed = sqlite_stop();
        if (row)
            ck_assert_int_eq(statement_number(&statement, 1), 7);
        ck_assert_int_eq(statement_end(&statement), failed > 0 ? KEYWARD_IO : KEYWARD_OK);
    }
}
END_TEST

static const struct query one_text = {QUERY_KEY_GET, "SELECT 'text', NULL"};

START_TEST(a_text_that_is_handed_out_is_a_copy_and_null_stays_null)
{
    struct statement statement = statement_begin(connection, &one_text);
    void *result = result_new(1);
    const char *copied = NULL, *none = "";
    bool got, missed;

    ck_assert(statement_row(&statement));
    ck_assert(statement_copy_text(&statement, 0, result, &copied));
    ck_assert(statement_copy_text(&statement, 1, result, &none));
    ck_assert_ptr_null(none);
    do { /* until what hangs on the result needs another piece of memory */
        memory_fail(MEMORY_OF_LIBRARY, 1, FAIL_ONCE);
        got = statement_copy_text(&statement, 0, result, &none);
        missed = memory_stop() > 0;
        ck_assert_int_eq(got, !missed);
    } while (!missed);
    ck_assert_ptr_null(none);
    ck_assert_int_eq(statement_end(&statement), KEYWARD_OK);
    ck_assert_str_eq(copied, "text");
    result_free(result);
}
END_TEST

/* SQLite has taken the whole transaction back by then: to go on as if the column were NULL would be
 * to write outside of one. */
START_TEST(a_column_that_finds_no_memory_fails_its_statement)
{
    static const struct query one_number = {QUERY_KEY_GET, "SELECT x FROM t"};
    struct statement statement;

    ck_assert_int_eq(connection_execute(connection, "CREATE TABLE t (x); BEGIN;"
                                                    "INSERT INTO t VALUES (1234567890)"),
                     KEYWARD_OK);
    statement = statement_begin(connection, &one_number);
    ck_assert(statement_row(&statement));
    memory_fail(MEMORY_OF_SQLITE, 1, FAIL_ONCE);
    ck_assert_ptr_null(statement_text(&statement, 0));
    ck_assert_int_eq(memory_stop(), 1);
    ck_assert_int_eq(statement_end(&statement), KEYWARD_NOMEM);
    ck_assert(!connection_in_transaction(connection));
    statement = statement_begin(connection, &one_number);
    ck_assert(!statement_row(&statement));
    ck_assert_int_eq(statement_end(&statement), KEYWARD_OK);
}
END_TEST

/* ---- where the version of the data stands ---- */

START_TEST(a_file_without_shared_memory_has_no_version)
{
    uint32_t header[8] = {3007000};

    sqlite_show_file(&file.base);
    file.shared = header;
    ck_assert(data_version_locate(connection) == header);
    ck_assert_str_eq(planted_file_told(&file), "map 0 of 32768, ");
    header[0]++; /* of an SQLite to come */
    ck_assert(data_version_locate(connection) == NULL);
    file.shared = NULL; /* nobody has it open */
    ck_assert(data_version_locate(connection) == NULL);
    file.map_code = SQLITE_IOERR_SHMMAP;
    ck_assert(data_version_locate(connection) == NULL);
    ck_assert_str_eq(planted_file_told(&file), "map 0 of 32768, map 0 of 32768, map 0 of 32768, ");
    file.methods.iVersion = 1; /* a VFS that knows of none */
    ck_assert(data_version_locate(connection) == NULL);
    ck_assert_str_eq(planted_file_told(&file), "");
    file.base.pMethods = NULL;
    ck_assert(data_version_locate(connection) == NULL);
}
END_TEST

/* ---- in front of a file ---- */

START_TEST(a_hook_is_put_on_an_open_file_once)
{
    struct file_hook hook;

    ck_assert(!file_hook_put(&hook, NULL));
    ck_assert(file_hook_put(&hook, &file.base));
    ck_assert_ptr_eq(file.base.pMethods, &hook.methods);
    ck_assert_ptr_eq(hook.real, &file.methods);
    ck_assert_ptr_eq(file_hook_of(&file.base), &hook);
    ck_assert(!file_hook_put(&hook, &file.base));
    ck_assert_ptr_eq(hook.real, &file.methods);
}
END_TEST

START_TEST(a_file_of_an_older_sqlite_gets_no_hook)
{
    struct file_hook hook;

    file.methods.iVersion = 2;
    ck_assert(!file_hook_put(&hook, &file.base));
    ck_assert_ptr_eq(file.base.pMethods, &file.methods);
}
END_TEST

static struct log_buffer buffer;

static void buffer_before_a_file(void)
{
    nothing_open();
    memset(&buffer, 0, sizeof buffer);
    log_buffer_put(&buffer, &file.base);
}

static int append(int length, sqlite3_int64 at)
{
    static const unsigned char bytes[LOG_BUFFER_BYTES + 1];
    return file.base.pMethods->xWrite(&file.base, bytes, length, at);
}

static void append_twice(void)
{
    ck_assert_int_eq(append(24, 32), SQLITE_OK);
    ck_assert_int_eq(append(2048, 56), SQLITE_OK);
    ck_assert_str_eq(planted_file_told(&file), "");
}

START_TEST(what_is_appended_is_written_when_it_is_flushed)
{
    append_twice();
    ck_assert_int_eq(file.base.pMethods->xSync(&file.base, SQLITE_SYNC_NORMAL), SQLITE_OK);
    ck_assert_str_eq(planted_file_told(&file), "write 2072 at 32, sync, ");
    ck_assert_int_eq(file.base.pMethods->xSync(&file.base, SQLITE_SYNC_NORMAL), SQLITE_OK);
    ck_assert_str_eq(planted_file_told(&file), "sync, ");
}
END_TEST

START_TEST(what_is_appended_is_there_for_whoever_reads_measures_or_cuts)
{
    sqlite3_int64 size;
    unsigned char bytes[24];

    append_twice();
    ck_assert_int_eq(file.base.pMethods->xRead(&file.base, bytes, 24, 32), SQLITE_OK);
    ck_assert_str_eq(planted_file_told(&file), "write 2072 at 32, read 24 at 32, ");
    append_twice();
    ck_assert_int_eq(file.base.pMethods->xFileSize(&file.base, &size), SQLITE_OK);
    ck_assert_str_eq(planted_file_told(&file), "write 2072 at 32, size, ");
    append_twice();
    ck_assert_int_eq(file.base.pMethods->xTruncate(&file.base, 0), SQLITE_OK);
    ck_assert_str_eq(planted_file_told(&file), "write 2072 at 32, truncate to 0, ");
}
END_TEST

START_TEST(what_goes_elsewhere_or_is_too_long_is_written_apart)
{
    append_twice();
    ck_assert_int_eq(append(24, 5000), SQLITE_OK);
    ck_assert_str_eq(planted_file_told(&file), "write 2072 at 32, ");
    ck_assert_int_eq(append(LOG_BUFFER_BYTES - 24, 5024), SQLITE_OK); /* full to the last byte */
    ck_assert_str_eq(planted_file_told(&file), "");
    ck_assert_int_eq(append(1, 5000 + LOG_BUFFER_BYTES), SQLITE_OK);
    ck_assert_str_eq(planted_file_told(&file), "write 65536 at 5000, ");
    ck_assert_int_eq(append(LOG_BUFFER_BYTES + 1, 100000), SQLITE_OK);
    ck_assert_str_eq(planted_file_told(&file), "write 1 at 70536, write 65537 at 100000, ");
}
END_TEST

/* The commit that wanted it fails, and nothing of it comes after another's. */
START_TEST(what_cannot_be_written_fails_whoever_needs_it_and_is_forgotten)
{
    const sqlite3_io_methods *methods = file.base.pMethods;
    sqlite3_int64 size;
    unsigned char bytes[24];

    for (int kind = 0; kind < 5; kind++) {
        int code = SQLITE_OK;

        append_twice();
        file.write_code = SQLITE_FULL;
        switch (kind) {
        case 0:
            code = methods->xSync(&file.base, SQLITE_SYNC_NORMAL);
            break;
        case 1:
            code = methods->xRead(&file.base, bytes, sizeof bytes, 0);
            break;
        case 2:
            code = methods->xTruncate(&file.base, 0);
            break;
        case 3:
            code = methods->xFileSize(&file.base, &size);
            break;
        case 4:
            code = append(24, 5000);
            break;
        }
        ck_assert_int_eq(code, SQLITE_FULL);
        ck_assert_str_eq(planted_file_told(&file), "write 2072 at 32, ");
        file.write_code = SQLITE_OK;
        ck_assert_int_eq(methods->xSync(&file.base, SQLITE_SYNC_NORMAL), SQLITE_OK);
        ck_assert_str_eq(planted_file_told(&file), "sync, ");
    }
}
END_TEST

START_TEST(a_buffer_is_put_before_a_log_once)
{
    append_twice();
    log_buffer_put(&buffer, &file.base);
    ck_assert_int_eq(buffer.length, 2072);
    ck_assert_ptr_eq(log_buffer_methods(&file.base), &file.methods);
    file.base.pMethods = &file.methods;
    ck_assert_ptr_eq(log_buffer_methods(&file.base), &file.methods);
}
END_TEST

/* ---- writing back ---- */

/* A leaf with one cell of 8 bytes at 2040; between its header and that, what was destroyed. */
static void used_page(unsigned char page[STORE_PAGE_SIZE])
{
    static const unsigned char header[] = {10,        0,          0, 0,         1,
                                           2040 >> 8, 2040 & 255, 0, 2040 >> 8, 2040 & 255};

    memset(page, 'x', STORE_PAGE_SIZE);
    memcpy(page, header, sizeof header);
}

static int write_back_page(int length)
{
    unsigned char page[2 * STORE_PAGE_SIZE] = {0};

    used_page(page);
    return file.base.pMethods->xWrite(&file.base, page, length, STORE_PAGE_SIZE);
}

static void watch_planted(void)
{
    ck_assert_int_eq(open_in_memory(), KEYWARD_OK);
    sqlite_show_file(&file.base);
    ck_assert(write_back_watch(connection));
}

static bool is_cleaned(void)
{
    return !memchr(file.bytes + 10, 'x', 2030);
}

START_TEST(a_page_is_cleaned_on_its_way_into_the_file)
{
    watch_planted();
    write_back_prepare(connection, false);
    ck_assert_int_eq(write_back_page(STORE_PAGE_SIZE), SQLITE_OK);
    ck_assert(is_cleaned());
    ck_assert_int_eq(write_back_page(2 * STORE_PAGE_SIZE), SQLITE_OK); /* after a VACUUM */
    ck_assert(!is_cleaned());
    ck_assert_str_eq(planted_file_told(&file), "size, write 2048 at 2048, write 4096 at 2048, ");
}
END_TEST

/* The first byte of an overflow page could be taken for a page's kind there. */
START_TEST(a_file_that_is_too_large_for_it_or_of_unknown_size_is_not_cleaned)
{
    watch_planted();
    file.size = 32 * GIB;
    write_back_prepare(connection, false);
    ck_assert_int_eq(write_back_page(STORE_PAGE_SIZE), SQLITE_OK);
    ck_assert(!is_cleaned());
    file.size--;
    write_back_prepare(connection, false);
    ck_assert_int_eq(write_back_page(STORE_PAGE_SIZE), SQLITE_OK);
    ck_assert(is_cleaned());
    file.size_code = SQLITE_IOERR_FSTAT;
    write_back_prepare(connection, false);
    ck_assert_int_eq(write_back_page(STORE_PAGE_SIZE), SQLITE_OK);
    ck_assert(!is_cleaned());
    sqlite_show_file(NULL); /* in memory there is none */
    write_back_prepare(connection, false);
    ck_assert_int_eq(write_back_page(STORE_PAGE_SIZE), SQLITE_OK);
    ck_assert(!is_cleaned());
}
END_TEST

START_TEST(what_is_written_back_in_portions_is_flushed_with_each)
{
    watch_planted();
    write_back_prepare(connection, true);
    for (int i = 1; i < 128; i++) {
        ck_assert_int_eq(write_back_page(STORE_PAGE_SIZE), SQLITE_OK);
        ck_assert_ptr_null(strstr(planted_file_told(&file), "sync"));
    }
    file.sync_code = SQLITE_IOERR_FSYNC;
    ck_assert_int_eq(write_back_page(STORE_PAGE_SIZE), SQLITE_IOERR_FSYNC);
    ck_assert_str_eq(planted_file_told(&file), "write 2048 at 2048, sync, ");
    file.write_code = SQLITE_FULL;
    ck_assert_int_eq(write_back_page(STORE_PAGE_SIZE), SQLITE_FULL);
}
END_TEST

START_TEST(a_file_too_old_for_a_hook_is_written_back_as_it_is)
{
    file.methods.iVersion = 1;
    watch_planted();
    ck_assert_ptr_eq(file.base.pMethods, &file.methods);
}
END_TEST

/* ---- the log, ahead of need ---- */

START_TEST(a_log_is_not_extended_where_there_is_none_or_its_size_is_unknown)
{
    static const char *const told[] = {"", "size, ", "size, "};

    file.size = 1 << 20;
    connection->log_pages = 500;
    for (int kind = 0; kind < 3; kind++) {
        sqlite_show_file(kind == 0 ? NULL : &file.base);
        if (kind == 0)
            sqlite_fail_only("file_control", 1, FAIL_ONCE, SQLITE_ERROR);
        file.size_code = kind == 1 ? SQLITE_IOERR_FSTAT : SQLITE_OK;
        if (kind == 2)
            file.size = 31; /* no header yet */
        log_extend(connection);
        if (kind == 0)
            ck_assert_int_eq(sqlite_stop(), 1);
        ck_assert_str_eq(planted_file_told(&file), told[kind]);
    }
    sqlite_show_file(NULL);
}
END_TEST

START_TEST(a_log_is_extended_until_the_disk_is_full)
{
    sqlite_show_file(&file.base);
    connection->log_pages = 0;
    file.size = 32;
    file.write_code = SQLITE_FULL;
    log_extend(connection);
    ck_assert_str_eq(planted_file_told(&file), "size, write 16384 at 32, ");
    ck_assert_int_eq(connection->log_size, 32);
    file.write_code = SQLITE_OK;
    log_extend(connection);
    ck_assert_int_eq(connection->log_size, 32 + 16 * 16384);
    sqlite_show_file(NULL);
}
END_TEST

/* ---- pages whose numbers do not add up ---- */

START_TEST(a_free_block_that_is_no_block_ends_the_list)
{
    static const struct {
        unsigned char block[4], cleaned;
    } blocks[] = {
        {{0, 0, 0, 40}, true},                  /* a block of 40 bytes */
        {{0, 0, 0, 3}, false},                  /* shorter than its own head */
        {{0, 0, 0xFF, 0xFF}, false},            /* longer than the page */
        {{0, 0, 48 >> 8, 49}, false},           /* by one byte */
        {{0, 0, 48 >> 8, 48}, true},            /* up to its end */
        {{2000 >> 8, 2000 & 255, 0, 40}, true}, /* the next one is the same again */
    };
    unsigned char page[STORE_PAGE_SIZE];

    used_page(page);
    page[1] = page[5] = 2000 >> 8;
    page[2] = page[6] = 2000 & 255;
    memcpy(page + 2000, blocks[_i].block, 4);
    page_clean(page, sizeof page, false);
    ck_assert_int_eq(!memchr(page + 2004, 'x', 36), blocks[_i].cleaned);
    ck_assert_mem_eq(page + 2000, blocks[_i].block, 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connection");
    TCase *tests;

    memory_install();
    tests = suite_add_case(suite, "codes", nothing_open, all_closed);
    tcase_add_loop_test(tests, a_code_of_sqlite_is_a_status_with_its_text, 0, COUNT(codes));
    tcase_add_loop_test(tests, what_an_integrity_check_could_not_read_is_no_damage, 0,
                        COUNT(integrity));
    tests = suite_add_case(suite, "opening", nothing_open, all_closed);
    tcase_add_test(tests, opening_a_new_store_fails_whole_and_works_the_next_time);
    tcase_add_test(tests, opening_a_store_fails_whole_and_works_the_next_time);
    tcase_add_test(tests, opening_a_database_in_memory_fails_whole);
    tcase_add_test(tests, a_file_that_sqlite_does_not_open_is_an_error_of_the_disk);
    tcase_add_test(tests, a_log_that_cannot_be_made_says_that_its_folder_is_read_only);
    tcase_add_test(tests, an_upgrade_that_fails_leaves_whole_steps);
    tcase_add_test(tests, a_step_that_another_process_has_taken_meanwhile_is_not_taken_again);
    tcase_add_test(tests, without_memory_nothing_is_opened);
    tcase_add_test(tests, a_folder_that_cannot_be_searched_is_told);
    tcase_add_test(tests, a_file_that_cannot_be_written_is_told);
    tcase_add_test(tests, a_name_that_leads_nowhere_is_no_file);
    tcase_add_test(tests, a_file_that_another_program_fills_meanwhile_is_left_to_it);
    tcase_add_test(tests, a_file_that_another_process_makes_a_store_meanwhile_is_one);
    tcase_add_test(tests, a_new_store_that_somebody_reads_is_busy_until_he_has_read);
    tests = suite_add_case(suite, "open", one_open, all_closed);
    tcase_add_test(tests, a_backup_fails_with_the_call_that_fails);
    tcase_add_test(tests, without_memory_nothing_is_backed_up);
    tcase_add_test(tests, without_memory_a_log_is_written_as_sqlite_does);
    tcase_add_test(tests, a_file_is_recognised_by_its_header);
    tcase_add_test(tests, a_file_that_cannot_be_read_is_no_other_kind_of_file);
    tcase_add_test(tests, a_store_cut_off_in_its_first_transaction_has_a_journal);
    tcase_add_test(tests, a_child_lets_go_of_a_connection_and_its_transaction_goes_on);
    tcase_add_test(tests, a_change_of_one_row_that_is_not_there_is_damage);
    tcase_add_test(tests, the_first_failure_of_a_statement_sticks);
    tcase_add_test(tests, a_text_that_is_handed_out_is_a_copy_and_null_stays_null);
    tcase_add_test(tests, a_column_that_finds_no_memory_fails_its_statement);
    tcase_add_test(tests, a_file_without_shared_memory_has_no_version);
    tcase_add_test(tests, a_log_is_not_extended_where_there_is_none_or_its_size_is_unknown);
    tcase_add_test(tests, a_log_is_extended_until_the_disk_is_full);
    tests = suite_add_case(suite, "in front of a file", nothing_open, all_closed);
    tcase_add_test(tests, a_hook_is_put_on_an_open_file_once);
    tcase_add_test(tests, a_file_of_an_older_sqlite_gets_no_hook);
    tcase_add_test(tests, a_page_is_cleaned_on_its_way_into_the_file);
    tcase_add_test(tests, a_file_that_is_too_large_for_it_or_of_unknown_size_is_not_cleaned);
    tcase_add_test(tests, what_is_written_back_in_portions_is_flushed_with_each);
    tcase_add_test(tests, a_file_too_old_for_a_hook_is_written_back_as_it_is);
    tcase_add_loop_test(tests, a_free_block_that_is_no_block_ends_the_list, 0, 6);
    tests = suite_add_case(suite, "the log's buffer", buffer_before_a_file, all_closed);
    tcase_add_test(tests, what_is_appended_is_written_when_it_is_flushed);
    tcase_add_test(tests, what_is_appended_is_there_for_whoever_reads_measures_or_cuts);
    tcase_add_test(tests, what_goes_elsewhere_or_is_too_long_is_written_apart);
    tcase_add_test(tests, what_cannot_be_written_fails_whoever_needs_it_and_is_forgotten);
    tcase_add_test(tests, a_buffer_is_put_before_a_log_once);
    return run_suite(suite);
}
