/* SPDX-License-Identifier: MIT */
/* Opening and closing: new files, master keys, files that are not ours to touch, threads, forks. */
#include "support/fixture.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- helpers ---- */

/* "folder/name" in the fixture's folder; good until the next call with the same buffer. */
static const char *in_folder(const struct fixture *fixture, const char *name, char path[160])
{
    snprintf(path, 160, "%s/%s", fixture->folder, name);
    return path;
}

static bool exists(const char *path)
{
    struct stat file;

    return lstat(path, &file) == 0;
}

/* True if a file stands beside the store with this suffix. */
static bool beside_exists(const struct fixture *fixture, const char *suffix)
{
    char path[160];

    snprintf(path, sizeof path, "%s%s", fixture->path, suffix);
    return exists(path);
}

static unsigned mode_of(const char *path)
{
    struct stat file;

    ck_assert_int_eq(stat(path, &file), 0);
    return file.st_mode & 07777;
}

/* A file's bytes, to compare it with later; a missing one has none. */
struct contents {
    char path[160];
    unsigned char *bytes;
    size_t size;
};

static struct contents contents_of(const char *path)
{
    struct contents contents = {.bytes = NULL};

    snprintf(contents.path, sizeof contents.path, "%s", path);
    if (exists(path))
        contents.bytes = read_whole(path, &contents.size);
    return contents;
}

static void assert_unchanged(struct contents *before)
{
    struct contents now = contents_of(before->path);

    ck_assert_msg((now.bytes != NULL) == (before->bytes != NULL), "%s came or went", before->path);
    ck_assert_msg(now.size == before->size, "%s: %zu bytes, not %zu", before->path, now.size,
                  before->size);
    if (now.bytes)
        ck_assert_msg(memcmp(now.bytes, before->bytes, now.size) == 0, "%s changed", before->path);
    free(now.bytes);
    free(before->bytes);
    before->bytes = NULL;
}

/* Opening `path` fails so, the error record says so in these words (or a part of them), there is no
 * store, and the files at the path are byte for byte what they were. */
static void assert_not_opened_at(struct fixture *fixture, const char *path,
                                 enum keyward_status status, const char *words)
{
    keyward *store = (keyward *)fixture;
    char beside[176];
    struct contents file, log;

    snprintf(beside, sizeof beside, "%s-wal", path ? path : "");
    file = contents_of(path ? path : "");
    log = contents_of(beside);
    assert_status(NULL, keyward_open(&store, path, &fixture->options), status);
    ck_assert_ptr_null(store);
    ck_assert_int_eq(keyward_last_error(NULL)->status, status);
    ck_assert_msg(strstr(keyward_last_error(NULL)->message, words) != NULL,
                  "the message is '%s', without '%s'", keyward_last_error(NULL)->message, words);
    assert_unchanged(&file);
    assert_unchanged(&log);
}

static void assert_not_opened(struct fixture *fixture, enum keyward_status status,
                              const char *words)
{
    assert_not_opened_at(fixture, fixture->path, status, words);
}

/* Creates, authenticates, deletes and checks: a store that works. */
static void assert_works(struct fixture *fixture)
{
    keyward_secret *secret;
    keyward_key *key = make_key(fixture, "works", "probe", &secret);

    assert_status(fixture->store, try_key(fixture, key, secret), KEYWARD_OK);
    drop_key(fixture, "works", key->id);
    assert_status(fixture->store, try_key(fixture, key, secret), KEYWARD_REFUSED);
    assert_sound(fixture);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}

static size_t count_keys(keyward *store, const char *repo_id)
{
    keyward_key_list *keys;
    size_t count;

    assert_status(store, keyward_list_keys(store, &host, repo_id, NULL, &keys), KEYWARD_OK);
    count = keys->count;
    keyward_key_list_free(&keys);
    return count;
}

static sqlite3 *open_raw(const char *path)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static void run_raw(sqlite3 *db, const char *text)
{
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", text,
                  sqlite3_errmsg(db));
}

/* Copies the store's file and its log as a crash would leave them. */
static void crash_copy(const struct fixture *from, struct fixture *to)
{
    static const char *const suffixes[] = {"", "-wal"};

    for (size_t i = 0; i < COUNT(suffixes); i++) {
        char source[160], target[160];
        unsigned char *bytes;
        size_t size;

        snprintf(source, sizeof source, "%s%s", from->path, suffixes[i]);
        snprintf(target, sizeof target, "%s%s", to->path, suffixes[i]);
        bytes = read_whole(source, &size);
        write_whole(target, bytes, size);
        free(bytes);
    }
}

/* ---- a file of its own ---- */

START_TEST(a_new_store_is_readable_for_its_owner_only)
{
    struct fixture f;
    mode_t mask = umask(0);
    char log[160];

    fixture_open(&f);
    umask(mask);
    ck_assert_uint_eq(mode_of(f.path), 0600);
    ck_assert_uint_eq(mode_of(in_folder(&f, "keys.db-wal", log)), 0600);
    ck_assert_uint_eq(mode_of(in_folder(&f, "keys.db-shm", log)), 0600);
    assert_works(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(a_store_keeps_everything_when_it_is_opened_again)
{
    struct fixture f;
    keyward_secret *secret;
    keyward_key *key;

    fixture_open(&f);
    key = make_key(&f, "repo-1", "CI", &secret);
    for (int i = 0; i < 3; i++) {
        fixture_reopen(&f);
        assert_status(f.store, try_key(&f, key, secret), KEYWARD_OK);
        ck_assert_uint_eq(count_keys(f.store, "repo-1"), 1);
        ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_events"), 4);
    }
    drop_key(&f, "repo-1", key->id);
    fixture_reopen(&f);
    assert_status(f.store, try_key(&f, key, secret), KEYWARD_REFUSED);
    assert_sound(&f);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    fixture_close(&f);
}
END_TEST

START_TEST(an_empty_file_becomes_a_store_and_keeps_its_mode)
{
    struct fixture f;

    fixture_init(&f);
    write_whole(f.path, "", 0);
    ck_assert_int_eq(chmod(f.path, 0640), 0);
    fixture_reopen(&f);
    ck_assert_uint_eq(mode_of(f.path), 0640);
    assert_works(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(closing_leaves_one_file)
{
    struct fixture f;
    keyward_key *key;

    fixture_open(&f);
    key = make_key(&f, "repo-1", "CI", NULL);
    keyward_close(&f.store);
    ck_assert_ptr_null(f.store);
    keyward_close(&f.store);
    keyward_close(NULL);
    ck_assert(!beside_exists(&f, "-wal"));
    ck_assert(!beside_exists(&f, "-shm"));
    ck_assert(!beside_exists(&f, "-journal"));
    fixture_reopen(&f);
    keyward_close(&f.store); /* nothing written this time */
    ck_assert(!beside_exists(&f, "-wal"));
    fixture_reopen(&f);
    ck_assert_uint_eq(count_keys(f.store, "repo-1"), 1);
    keyward_key_free(&key);
    fixture_close(&f);
}
END_TEST

START_TEST(what_a_crash_leaves_opens_with_everything_in_it)
{
    struct fixture f, copy;
    keyward_secret *secret, *gone_secret;
    keyward_key *key, *gone;

    fixture_open(&f);
    key = make_key(&f, "repo-1", "stays", &secret);
    gone = make_key(&f, "repo-1", "goes", &gone_secret);
    drop_key(&f, "repo-1", gone->id);
    fixture_init(&copy);
    ck_assert(beside_exists(&f, "-wal"));
    crash_copy(&f, &copy);
    fixture_reopen(&copy);
    assert_status(copy.store, try_key(&copy, key, secret), KEYWARD_OK);
    assert_status(copy.store, try_key(&copy, gone, gone_secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(copy.store)->cause, KEYWARD_CAUSE_DELETED);
    ck_assert_int_eq(keyward_last_error(copy.store)->deleted_event, 6);
    ck_assert_int_eq(sql_number(copy.path, "SELECT count(*) FROM audit_events"), 6);
    assert_works(&copy);
    keyward_key_free(&key);
    keyward_key_free(&gone);
    keyward_secret_free(&secret);
    keyward_secret_free(&gone_secret);
    fixture_close(&copy);
    fixture_close(&f);
}
END_TEST

START_TEST(a_path_that_looks_like_a_uri_is_a_file_name)
{
    static const char *const names[] = {"file:x.db", "file:y.db?mode=memory&cache=shared",
                                        "file:", "file::memory:", "z.db?mode=ro"};
    struct fixture f;
    char *folder = getcwd(NULL, 0);

    fixture_init(&f);
    ck_assert_int_eq(chdir(f.folder), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(f.path, sizeof f.path, "%s", names[i]);
        fixture_reopen(&f);
        assert_works(&f);
        keyward_close(&f.store);
        ck_assert_msg(exists(names[i]), "%s", names[i]);
        ck_assert_uint_eq(mode_of(names[i]), 0600);
    }
    ck_assert_int_eq(chdir(folder), 0);
    free(folder);
    fixture_close(&f);
}
END_TEST

START_TEST(a_path_with_utf8_and_blanks_is_a_file_name)
{
    struct fixture f;

    fixture_init(&f);
    snprintf(f.path, sizeof f.path, "%s/Schl\xC3\xBCssel 100%%.db", f.folder);
    fixture_reopen(&f);
    assert_works(&f);
    ck_assert(exists(f.path));
    fixture_close(&f);
}
END_TEST

/* ---- arguments ---- */

START_TEST(a_path_must_name_a_file)
{
    struct fixture f;

    fixture_init(&f);
    assert_not_opened_at(&f, "", KEYWARD_INVALID, "path: must not be empty");
    assert_not_opened_at(&f, ":memory:", KEYWARD_INVALID, "path: must name a file");
    assert_not_opened_at(&f, NULL, KEYWARD_INVALID, "path: must not be NULL");
    ck_assert(!exists(":memory:"));
    fixture_close(&f);
}
END_TEST

/* The options as they are now are refused, and no file is made. */
static void assert_options_invalid(struct fixture *fixture, const char *words)
{
    assert_not_opened(fixture, KEYWARD_INVALID, words);
    ck_assert(!exists(fixture->path));
}

static int no_key(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES])
{
    (void)context;
    memset(key, 0xA5, KEYWARD_MASTER_KEY_BYTES);
    return 1;
}

START_TEST(a_master_key_is_given_in_exactly_one_way)
{
    static const char words[] = "options.master_key: ";
    struct fixture f;

    fixture_init(&f);
    f.options.master_key_file = "master.key";
    assert_options_invalid(&f, words);
    f.options.master_key_callback = no_key;
    assert_options_invalid(&f, words);
    f.options.master_key = NULL;
    assert_options_invalid(&f, words);
    f.options.master_key_file = NULL;
    f.options.master_key_callback = NULL;
    assert_options_invalid(&f, words);
    fixture_close(&f);
}
END_TEST

START_TEST(an_option_out_of_its_range_is_invalid)
{
    struct fixture f;
    keyward *store;

    fixture_init(&f);
    f.options.version = 0;
    assert_options_invalid(&f, "options.version: ");
    f.options.version = KEYWARD_OPTIONS_VERSION + 1;
    assert_options_invalid(&f, "options.version: ");
    f.options.version = KEYWARD_OPTIONS_VERSION;
    f.options.busy_timeout_ms = -1;
    assert_options_invalid(&f, "options.busy_timeout_ms: ");
    f.options.busy_timeout_ms = 3600001;
    assert_options_invalid(&f, "options.busy_timeout_ms: ");
    f.options.busy_timeout_ms = 3600000;
    f.options.access_key_prefix = "Kw";
    assert_options_invalid(&f, "options.access_key_prefix: ");
    f.options.access_key_prefix = "a2345678901234567";
    assert_options_invalid(&f, "options.access_key_prefix: ");
    f.options.access_key_prefix = "";
    assert_options_invalid(&f, "options.access_key_prefix: ");
    f.options.access_key_prefix = "a234567890123456";
    f.options.durability = (enum keyward_durability)2;
    assert_options_invalid(&f, "options.durability: ");
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    assert_invalid(NULL, keyward_open(&store, f.path, NULL), "options");
    ck_assert_ptr_null(store);
    assert_invalid(NULL, keyward_open(NULL, f.path, &f.options), "store");
    fixture_reopen(&f);
    assert_works(&f);
    fixture_close(&f);
}
END_TEST

/* ---- master keys ---- */

static int give_key(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES])
{
    ++*(int *)context;
    memcpy(key, test_master_key, KEYWARD_MASTER_KEY_BYTES);
    return 0;
}

#define HEX "3031323334353637383961626364656630313233343536373839616263646500"

/* Names a master key file with this content in the options. */
static void use_key_file(struct fixture *fixture, const void *bytes, size_t size, char path[160])
{
    fixture->options.master_key = NULL;
    fixture->options.master_key_file = in_folder(fixture, "master.key", path);
    write_whole(path, bytes, size);
}

START_TEST(a_master_key_is_the_same_however_it_is_given)
{
    static const char *const lines[] = {HEX, HEX "\n", HEX "\r\n"};
    struct fixture f;
    char path[160];
    int calls = 0;

    fixture_open(&f); /* by bytes */
    for (size_t i = 0; i < COUNT(lines); i++) {
        use_key_file(&f, lines[i], strlen(lines[i]), path);
        fixture_reopen(&f);
    }
    use_key_file(&f, test_master_key, KEYWARD_MASTER_KEY_BYTES, path);
    fixture_reopen(&f);
    f.options.master_key_file = NULL;
    f.options.master_key_callback = give_key;
    f.options.master_key_context = &calls;
    fixture_reopen(&f);
    ck_assert_int_eq(calls, 1);
    assert_works(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(a_key_file_that_holds_no_key_opens_nothing)
{
    static const char *const contents[] = {
        "",        "\n",         "too short", HEX "0",  HEX " ",
        HEX "\n0", HEX "\n\n\n", "0x" HEX,    "zz" HEX, "0123456789abcdef0123456789abcdef0"};
    struct fixture f;
    char path[160];

    fixture_init(&f);
    for (size_t i = 0; i < COUNT(contents); i++) {
        use_key_file(&f, contents[i], strlen(contents[i]), path);
        assert_not_opened(&f, KEYWARD_NO_MASTER_KEY, "master_key_file: must hold");
    }
    use_key_file(&f, HEX, 62, path);
    assert_not_opened(&f, KEYWARD_NO_MASTER_KEY, "master_key_file: must hold");
    use_key_file(&f, "g" HEX, 64, path);
    assert_not_opened(&f, KEYWARD_NO_MASTER_KEY, "master_key_file: must hold");
    use_key_file(&f, test_master_key, KEYWARD_MASTER_KEY_BYTES - 1, path);
    assert_not_opened(&f, KEYWARD_NO_MASTER_KEY, "master_key_file: must hold");
    ck_assert(!exists(f.path));
    fixture_close(&f);
}
END_TEST

START_TEST(a_key_file_that_cannot_be_read_opens_nothing)
{
    struct fixture f;
    char path[160];

    fixture_init(&f);
    f.options.master_key = NULL;
    f.options.master_key_file = in_folder(&f, "missing.key", path);
    assert_not_opened(&f, KEYWARD_NO_MASTER_KEY, "master_key_file: cannot be read: there is no");
    f.options.master_key_file = f.folder;
    assert_not_opened(&f, KEYWARD_NO_MASTER_KEY, "master_key_file: ");
    ck_assert(!exists(f.path));
    fixture_close(&f);
}
END_TEST

START_TEST(a_callback_that_fails_opens_nothing)
{
    struct fixture f;

    fixture_init(&f);
    f.options.master_key = NULL;
    f.options.master_key_callback = no_key;
    assert_not_opened(&f, KEYWARD_NO_MASTER_KEY, "master_key_callback: reported a failure");
    ck_assert(!exists(f.path));
    fixture_close(&f);
}
END_TEST

START_TEST(a_message_about_a_key_file_does_not_tell_what_is_in_it)
{
    struct fixture f;
    char path[160];

    fixture_init(&f);
    use_key_file(&f, "hunter2 hunter2", 15, path);
    assert_not_opened(&f, KEYWARD_NO_MASTER_KEY, "master_key_file: ");
    ck_assert_ptr_null(strstr(keyward_last_error(NULL)->message, "hunter2"));
    fixture_close(&f);
}
END_TEST

START_TEST(a_wrong_master_key_leaves_the_store_alone)
{
    static const unsigned char other[KEYWARD_MASTER_KEY_BYTES] = "another key of 32 bytes at all";
    struct fixture f, copy;

    fixture_open(&f);
    fixture_init(&copy);
    crash_copy(&f, &copy); /* all of it still in the log */
    copy.options.master_key = other;
    assert_not_opened(&copy, KEYWARD_WRONG_MASTER_KEY, "another master key");
    assert_not_opened(&copy, KEYWARD_WRONG_MASTER_KEY, "another master key");
    keyward_close(&f.store);
    f.options.master_key = other;
    assert_not_opened(&f, KEYWARD_WRONG_MASTER_KEY, "another master key");
    ck_assert(!beside_exists(&f, "-wal"));
    f.options.master_key = copy.options.master_key = test_master_key;
    fixture_reopen(&f);
    assert_works(&f);
    fixture_reopen(&copy);
    ck_assert_int_eq(sql_number(copy.path, "SELECT count(*) FROM audit_events"), 3);
    assert_works(&copy);
    fixture_close(&copy);
    fixture_close(&f);
}
END_TEST

START_TEST(a_master_key_file_is_made_for_its_owner_only)
{
    struct fixture f;
    char path[160];
    unsigned char *bytes;
    size_t size;

    fixture_init(&f);
    in_folder(&f, "master.key", path);
    assert_status(NULL, keyward_create_master_key_file(path), KEYWARD_OK);
    ck_assert_uint_eq(mode_of(path), 0600);
    bytes = read_whole(path, &size);
    ck_assert_uint_eq(size, 65);
    bytes[size] = '\0';
    ck_assert_uint_eq(strspn((const char *)bytes, "0123456789abcdef"), 64);
    ck_assert_int_eq(bytes[64], '\n');
    f.options.master_key = NULL;
    f.options.master_key_file = path;
    fixture_reopen(&f);
    fixture_reopen(&f);
    assert_works(&f);
    free(bytes);
    fixture_close(&f);
}
END_TEST

START_TEST(two_master_key_files_are_two_keys)
{
    struct fixture f;
    char path[160], other[160];

    fixture_init(&f);
    assert_status(NULL, keyward_create_master_key_file(in_folder(&f, "a.key", path)), KEYWARD_OK);
    assert_status(NULL, keyward_create_master_key_file(in_folder(&f, "b.key", other)), KEYWARD_OK);
    f.options.master_key = NULL;
    f.options.master_key_file = path;
    fixture_reopen(&f);
    keyward_close(&f.store);
    f.options.master_key_file = other;
    assert_not_opened(&f, KEYWARD_WRONG_MASTER_KEY, "another master key");
    fixture_close(&f);
}
END_TEST

START_TEST(a_master_key_file_never_replaces_a_file)
{
    static const char *const contents[] = {"", "precious"};
    struct fixture f;
    char path[160];

    fixture_init(&f);
    in_folder(&f, "master.key", path);
    for (size_t i = 0; i < COUNT(contents); i++) {
        struct contents before;

        write_whole(path, contents[i], strlen(contents[i]));
        before = contents_of(path);
        assert_status(NULL, keyward_create_master_key_file(path), KEYWARD_EXISTS);
        ck_assert_int_eq(keyward_last_error(NULL)->status, KEYWARD_EXISTS);
        assert_unchanged(&before);
    }
    assert_status(NULL, keyward_create_master_key_file(f.folder), KEYWARD_EXISTS);
    fixture_close(&f);
}
END_TEST

START_TEST(a_master_key_file_needs_a_folder)
{
    struct fixture f;
    char path[160];

    fixture_init(&f);
    assert_status(NULL, keyward_create_master_key_file(in_folder(&f, "none/master.key", path)),
                  KEYWARD_NO_FOLDER);
    ck_assert_ptr_nonnull(strstr(keyward_last_error(NULL)->message, path));
    write_whole(f.path, "", 0);
    assert_status(NULL, keyward_create_master_key_file(in_folder(&f, "keys.db/master.key", path)),
                  KEYWARD_NO_FOLDER);
    assert_invalid(NULL, keyward_create_master_key_file(NULL), "path");
    assert_invalid(NULL, keyward_create_master_key_file(""), "path");
    fixture_close(&f);
}
END_TEST

/* ---- files that are no store ---- */

START_TEST(a_file_of_something_else_is_left_alone)
{
    static const char text[] = "Dear diary,\n";
    static const char header[] = "SQLite format 3";
    unsigned char bytes[8192];
    struct fixture f;

    fixture_init(&f);
    write_whole(f.path, text, sizeof text - 1);
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, f.path);
    memset(bytes, 0, sizeof bytes);
    write_whole(f.path, bytes, 50);
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, f.path);
    write_whole(f.path, bytes, sizeof bytes);
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, f.path);
    memcpy(bytes, header, sizeof header);
    write_whole(f.path, bytes, 50); /* cut off */
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, f.path);
    memset(bytes, 'x', sizeof bytes);
    write_whole(f.path, bytes, sizeof bytes);
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, f.path);
    ck_assert(!beside_exists(&f, "-wal"));
    ck_assert(!beside_exists(&f, "-shm"));
    fixture_close(&f);
}
END_TEST

START_TEST(a_file_of_one_byte_is_not_empty)
{
    struct fixture f;

    fixture_init(&f);
    write_whole(f.path, "x", 1);
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, f.path);
    fixture_close(&f);
}
END_TEST

START_TEST(a_text_file_with_a_journal_beside_it_is_left_alone)
{
    static const char text[] = "a text of more than a hundred bytes, so that it could have the "
                               "header of a database: but it has not, whatever stands beside it.";
    struct fixture f;
    char journal[160];

    fixture_init(&f);
    write_whole(f.path, text, sizeof text - 1);
    write_whole(in_folder(&f, "keys.db-journal", journal), text, sizeof text - 1);
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, f.path);
    fixture_close(&f);
}
END_TEST

START_TEST(another_database_is_left_alone)
{
    struct fixture f;
    sqlite3 *db;

    fixture_init(&f);
    db = open_raw(f.path);
    run_raw(db, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1); PRAGMA user_version = 7");
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, f.path);
    run_raw(db, "PRAGMA application_id = 1");
    sqlite3_close(db);
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, f.path);
    ck_assert_int_eq(sql_number(f.path, "SELECT x FROM theirs"), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(another_database_with_a_log_is_left_alone)
{
    struct fixture f;
    sqlite3 *db;

    fixture_init(&f);
    db = open_raw(f.path);
    run_raw(db, "PRAGMA journal_mode = WAL; CREATE TABLE theirs (x)");
    run_raw(db, "PRAGMA wal_checkpoint; INSERT INTO theirs VALUES (1)");
    ck_assert(beside_exists(&f, "-wal"));
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, f.path);
    sqlite3_close(db);
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, f.path);
    ck_assert_int_eq(sql_number(f.path, "SELECT x FROM theirs"), 1);
    fixture_close(&f);
}
END_TEST

/* A copy of a database in the middle of a transaction that has already reached the file: the
 * journal beside it is what undoes that, and it is not ours to play back. */
static void make_hot_journal(const struct fixture *fixture)
{
    static const char *const suffixes[] = {"", "-journal"};
    char path[160], copy[160];
    sqlite3 *db = open_raw(in_folder(fixture, "theirs.db", path));

    run_raw(db, "PRAGMA cache_size = 1; CREATE TABLE theirs (x)");
    run_raw(db, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100)"
                " INSERT INTO theirs SELECT zeroblob(1000) FROM n");
    run_raw(db, "BEGIN; UPDATE theirs SET x = randomblob(1000)");
    for (size_t i = 0; i < COUNT(suffixes); i++) {
        unsigned char *bytes;
        size_t size;

        snprintf(path, sizeof path, "%s/theirs.db%s", fixture->folder, suffixes[i]);
        snprintf(copy, sizeof copy, "%s%s", fixture->path, suffixes[i]);
        bytes = read_whole(path, &size);
        write_whole(copy, bytes, size);
        free(bytes);
    }
    run_raw(db, "ROLLBACK");
    sqlite3_close(db);
}

START_TEST(another_database_cut_off_in_its_transaction_is_left_alone)
{
    struct fixture f;
    struct contents journal;
    char path[160];

    fixture_init(&f);
    make_hot_journal(&f);
    journal = contents_of(in_folder(&f, "keys.db-journal", path));
    ck_assert_ptr_nonnull(journal.bytes);
    assert_not_opened(&f, KEYWARD_NOT_A_STORE, "");
    assert_unchanged(&journal);
    fixture_close(&f);
}
END_TEST

START_TEST(a_folder_is_no_store)
{
    struct fixture f;

    fixture_init(&f);
    ck_assert_int_eq(mkdir(f.path, 0700), 0);
    keyward *store;
    assert_status(NULL, keyward_open(&store, f.path, &f.options), KEYWARD_NOT_A_STORE);
    ck_assert_ptr_null(store);
    ck_assert_ptr_nonnull(strstr(keyward_last_error(NULL)->message, f.path));
    ck_assert_int_eq(rmdir(f.path), 0); /* still there, and empty */
    fixture_close(&f);
}
END_TEST

START_TEST(a_store_needs_a_folder)
{
    struct fixture f;
    char path[160];

    fixture_init(&f);
    assert_not_opened_at(&f, in_folder(&f, "none/keys.db", path), KEYWARD_NO_FOLDER, path);
    write_whole(in_folder(&f, "file", path), "", 0);
    assert_not_opened_at(&f, in_folder(&f, "file/keys.db", path), KEYWARD_NO_FOLDER, path);
    fixture_close(&f);
}
END_TEST

START_TEST(a_store_of_a_newer_schema_is_left_alone)
{
    struct fixture f;

    fixture_open(&f);
    keyward_close(&f.store);
    ck_assert_int_eq(sql(f.path, "PRAGMA user_version = 99"), SQLITE_OK);
    assert_not_opened(&f, KEYWARD_NEWER_SCHEMA, "schema 99");
    ck_assert(!beside_exists(&f, "-wal"));
    fixture_close(&f);
}
END_TEST

START_TEST(a_newer_schema_that_stands_in_the_log_only_is_seen)
{
    struct fixture f, copy;

    fixture_open(&f);
    ck_assert_int_eq(sql(f.path, "PRAGMA user_version = 99"), SQLITE_OK);
    fixture_init(&copy);
    crash_copy(&f, &copy);
    assert_not_opened(&copy, KEYWARD_NEWER_SCHEMA, "schema 99");
    assert_not_opened(&copy, KEYWARD_NEWER_SCHEMA, "schema 99");
    fixture_close(&copy);
    fixture_close(&f);
}
END_TEST

/* ---- what cannot be written ---- */

#define UNNAMED 100
#define CHILD_FAILED 99
#define NOBODY 65534

/* Opens the store as a user who does not own the files: who is root becomes nobody. The exit code
 * is the status, with UNNAMED added when the message names neither the path nor the folder. */
static int status_as_somebody_else(struct fixture *fixture)
{
    pid_t child = fork();
    int code;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        enum keyward_status status;

        if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
            _exit(CHILD_FAILED);
        status = keyward_open(&fixture->store, fixture->path, &fixture->options);
        if (status != KEYWARD_OK && !strstr(keyward_last_error(NULL)->message, fixture->path) &&
            !strstr(keyward_last_error(NULL)->message, "folder"))
            _exit(UNNAMED + (int)status);
        _exit((int)status);
    }
    ck_assert_int_eq(waitpid(child, &code, 0), child);
    ck_assert(WIFEXITED(code));
    return WEXITSTATUS(code);
}

START_TEST(a_file_that_cannot_be_written_is_read_only)
{
    struct fixture f;
    struct contents before;

    fixture_open(&f);
    keyward_close(&f.store);
    before = contents_of(f.path);
    ck_assert_int_eq(chmod(f.folder, 0777), 0);
    ck_assert_int_eq(chmod(f.path, 0444), 0);
    ck_assert_int_eq(status_as_somebody_else(&f), KEYWARD_READ_ONLY);
    assert_unchanged(&before);
    fixture_close(&f);
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_takes_no_new_store)
{
    struct fixture f;

    fixture_init(&f);
    ck_assert_int_eq(chmod(f.folder, 0555), 0);
    ck_assert_int_eq(status_as_somebody_else(&f), KEYWARD_READ_ONLY);
    ck_assert(!exists(f.path));
    ck_assert_int_eq(chmod(f.folder, 0700), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(a_folder_that_cannot_be_searched_is_read_only)
{
    struct fixture f;

    fixture_init(&f);
    ck_assert_int_eq(chmod(f.folder, 0), 0);
    ck_assert_int_eq(status_as_somebody_else(&f), KEYWARD_READ_ONLY);
    ck_assert_int_eq(chmod(f.folder, 0700), 0);
    ck_assert(!exists(f.path));
    fixture_close(&f);
}
END_TEST

START_TEST(a_store_in_a_folder_that_cannot_be_written_is_read_only)
{
    struct fixture f;
    struct contents before;
    int status;

    fixture_open(&f);
    keyward_close(&f.store);
    before = contents_of(f.path);
    ck_assert_int_eq(chmod(f.path, 0666), 0);
    ck_assert_int_eq(chmod(f.folder, 0555), 0);
    status = status_as_somebody_else(&f);
    ck_assert_int_eq(chmod(f.folder, 0700), 0);
    assert_unchanged(&before);
    ck_assert_int_eq(status, KEYWARD_READ_ONLY);
    fixture_close(&f);
}
END_TEST

/* ---- more than one store, more than one thread ---- */

START_TEST(two_stores_of_a_process_are_independent)
{
    struct fixture a, b;
    keyward_secret *secret;
    keyward_key *key;

    fixture_open(&a);
    fixture_open(&b);
    key = make_key(&a, "repo-1", "CI", &secret);
    assert_status(a.store, try_key(&a, key, secret), KEYWARD_OK);
    assert_status(b.store, try_key(&b, key, secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(b.store)->cause, KEYWARD_CAUSE_UNKNOWN);
    ck_assert_uint_eq(count_keys(a.store, "repo-1"), 1);
    ck_assert_uint_eq(count_keys(b.store, "repo-1"), 0);
    fixture_close(&a);
    assert_works(&b);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    fixture_close(&b);
}
END_TEST

START_TEST(an_error_is_told_of_its_own_store_only)
{
    struct fixture a, b;
    keyward_key *key;

    fixture_open(&a);
    fixture_open(&b);
    assert_status(a.store, keyward_get_key(a.store, &host, "repo-1", "none", KEYWARD_LIVE, &key),
                  KEYWARD_NOT_FOUND);
    ck_assert_int_eq(keyward_last_error(a.store)->status, KEYWARD_NOT_FOUND);
    ck_assert_int_eq(keyward_last_error(b.store)->status, KEYWARD_OK);
    ck_assert_int_eq(keyward_last_error(NULL)->status, KEYWARD_OK);
    assert_status(b.store, keyward_get_key(b.store, &nobody, "repo-1", "none", KEYWARD_LIVE, &key),
                  KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_last_error(b.store)->status, KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_last_error(a.store)->status, KEYWARD_OK);
    ck_assert_uint_eq(count_keys(b.store, "repo-1"), 0);
    ck_assert_int_eq(keyward_last_error(b.store)->status, KEYWARD_OK);
    ck_assert_str_eq(keyward_last_error(b.store)->message, "done");
    fixture_close(&a);
    fixture_close(&b);
}
END_TEST

START_TEST(a_file_opened_twice_is_one_store)
{
    struct fixture f;
    keyward *first, *second;

    fixture_open(&f);
    first = f.store;
    assert_status(NULL, keyward_open(&second, f.path, &f.options), KEYWARD_OK);
    for (int i = 1; i <= 5; i++) {
        keyward_key *key;

        f.store = i % 2 ? first : second;
        key = make_key(&f, "repo-1", "CI", NULL);
        ck_assert_uint_eq(count_keys(first, "repo-1"), (size_t)i);
        ck_assert_uint_eq(count_keys(second, "repo-1"), (size_t)i);
        keyward_key_free(&key);
    }
    keyward_close(&first);
    f.store = second; /* the lock it has on the file outlives the other */
    assert_works(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(a_failed_opening_leaves_an_open_store_its_locks)
{
    static const unsigned char other[KEYWARD_MASTER_KEY_BYTES] = "another key of 32 bytes at all";
    struct fixture f;
    keyward *store;

    fixture_open(&f);
    f.options.master_key = other;
    assert_status(NULL, keyward_open(&store, f.path, &f.options), KEYWARD_WRONG_MASTER_KEY);
    f.options.master_key = test_master_key;
    ck_assert_int_eq(sql(f.path, "SELECT 1"), SQLITE_OK);
    ck_assert(beside_exists(&f, "-wal"));
    assert_works(&f);
    fixture_reopen(&f);
    assert_works(&f);
    fixture_close(&f);
}
END_TEST

struct fails_elsewhere {
    keyward *store;
    enum keyward_status own, callers;
};

static void *fail_elsewhere(void *context)
{
    struct fails_elsewhere *elsewhere = context;
    keyward_key *key;

    elsewhere->callers = keyward_last_error(elsewhere->store)->status;
    if (keyward_get_key(elsewhere->store, &nobody, "repo-1", "none", KEYWARD_LIVE, &key) ==
        KEYWARD_FORBIDDEN)
        elsewhere->own = keyward_last_error(elsewhere->store)->status;
    return NULL;
}

START_TEST(an_error_is_told_to_its_own_thread_only)
{
    struct fixture f;
    struct fails_elsewhere elsewhere = {.own = KEYWARD_OK, .callers = KEYWARD_NOMEM};
    keyward_key *key;
    pthread_t thread;

    fixture_open(&f);
    elsewhere.store = f.store;
    assert_status(f.store, keyward_get_key(f.store, &host, "repo-1", "none", KEYWARD_LIVE, &key),
                  KEYWARD_NOT_FOUND);
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, &elsewhere), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(elsewhere.callers, KEYWARD_OK);
    ck_assert_int_eq(elsewhere.own, KEYWARD_FORBIDDEN);
    ck_assert_int_eq(keyward_last_error(f.store)->status, KEYWARD_NOT_FOUND);
    fixture_close(&f);
}
END_TEST

static void *fail_to_open(void *context)
{
    keyward *store;

    (void)context;
    return (void *)(uintptr_t)keyward_open(&store, "", NULL);
}

START_TEST(a_failed_opening_is_told_to_its_own_thread_only)
{
    struct fixture f;
    pthread_t thread;
    void *status;

    fixture_open(&f);
    ck_assert_int_eq(keyward_last_error(NULL)->status, KEYWARD_OK);
    ck_assert_int_eq(pthread_create(&thread, NULL, fail_to_open, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &status), 0);
    ck_assert_uint_eq((uintptr_t)status, KEYWARD_INVALID);
    ck_assert_int_eq(keyward_last_error(NULL)->status, KEYWARD_OK);
    fixture_close(&f);
}
END_TEST

/* ---- forks ---- */

#define ID "00000000-0000-7000-8000-000000000000"

/* A pair that the parent has let in, so that a child might find it remembered. */
static keyward_key *known_key;
static keyward_secret *known_secret;

static int write_nothing(void *context, const char *bytes, size_t length)
{
    (void)context;
    (void)bytes;
    (void)length;
    return 0;
}

/* Which public function does not return KEYWARD_FORKED, counted from 1, or which leaves something
 * in its out-pointer, or 0. Runs in the child. */
static int first_not_forked(keyward *store)
{
    const keyward_new_key new_key = {.name = "CI"};
    keyward_delete_request request = {.repo_id = "repo-1", .key_id = ID};
    keyward_user *user = (keyward_user *)&request;
    keyward_user_list *users = (keyward_user_list *)&request;
    keyward_key_list *keys = (keyward_key_list *)&request;
    keyward_event_list *events = (keyward_event_list *)&request;
    keyward_report *report = (keyward_report *)&request;
    keyward_stats *stats = (keyward_stats *)&request;
    keyward_activity *activity = (keyward_activity *)&request;
    const keyward_export destination = {.write = write_nothing};
    keyward_key *key = (keyward_key *)&request;
    keyward_secret *secret = (keyward_secret *)&request;
    keyward_identity identity;
    const enum keyward_status got[] = {
        keyward_grant(store, &host, "repo-1", "mallory", KEYWARD_ADMIN),
        keyward_revoke(store, &host, "repo-1", "will"),
        keyward_get_user(store, &host, "repo-1", "will", &user),
        keyward_list_users(store, &host, "repo-1", NULL, &users),
        keyward_create_key(store, &host, "repo-1", &new_key, &key, &secret),
        keyward_get_key(store, &host, "repo-1", ID, KEYWARD_LIVE, &key),
        keyward_list_keys(store, &host, "repo-1", NULL, &keys),
        keyward_rename_key(store, &host, "repo-1", ID, "new"),
        keyward_delete_key(store, &host, "repo-1", ID, NULL),
        keyward_delete_keys(store, &host, &request, 1),
        keyward_restore_key(store, &host, "repo-1", ID),
        keyward_authenticate(store, known_key->access_key, known_secret->text, known_secret->length,
                             &identity),
        keyward_list_events(store, &host, NULL, &events),
        keyward_check(store, NULL, &report),
        keyward_export_events(store, &host, NULL, &destination),
        keyward_backup(store, "copy.db", NULL),
        keyward_get_stats(store, &stats),
        keyward_get_activity(store, &activity),
    };

    for (size_t i = 0; i < COUNT(got); i++) {
        if (got[i] != KEYWARD_FORKED)
            return (int)i + 1;
    }
    if (user || users || keys || events || report || stats || activity || key || secret)
        return 50;
    return keyward_last_error(store)->status == KEYWARD_FORKED ? 0 : 51;
}

/* Runs `work` in a child and returns its exit code. */
static int in_child(int (*work)(struct fixture *fixture), struct fixture *fixture)
{
    pid_t child = fork();
    int code;

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(work(fixture));
    ck_assert_int_eq(waitpid(child, &code, 0), child);
    ck_assert_msg(WIFEXITED(code), "the child died of signal %d", WTERMSIG(code));
    return WEXITSTATUS(code);
}

static int use_parents_store(struct fixture *fixture)
{
    return first_not_forked(fixture->store);
}

static int close_parents_store(struct fixture *fixture)
{
    keyward_close(&fixture->store);
    return fixture->store != NULL;
}

/* Lets go of the parent's store, as a child must, and opens its own of the same file. */
static int open_own_store(struct fixture *fixture)
{
    const keyward_new_key new_key = {.name = "the child's"};
    keyward_secret *secret = NULL;
    keyward_key *key = NULL;
    keyward_identity identity;
    keyward *store;
    enum keyward_status status;

    keyward_close(&fixture->store);
    status = keyward_open(&store, fixture->path, &fixture->options);
    if (status == KEYWARD_OK)
        status = keyward_create_key(store, &host, "repo-1", &new_key, &key, &secret);
    if (status == KEYWARD_OK)
        status =
            keyward_authenticate(store, key->access_key, secret->text, secret->length, &identity);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    keyward_close(&store);
    return (int)status;
}

START_TEST(a_child_cannot_use_its_parents_store)
{
    struct fixture f;

    fixture_open(&f);
    known_key = make_key(&f, "repo-1", "CI", &known_secret);
    for (int i = 0; i < 3; i++)
        assert_status(f.store, try_key(&f, known_key, known_secret), KEYWARD_OK);
    ck_assert_int_eq(in_child(use_parents_store, &f), 0);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_events"), 4);
    assert_works(&f);
    keyward_key_free(&known_key);
    keyward_secret_free(&known_secret);
    fixture_close(&f);
}
END_TEST

START_TEST(a_child_that_closes_leaves_its_parents_store_working)
{
    struct fixture f;
    keyward_secret *secret;
    keyward_key *key;

    fixture_open(&f);
    key = make_key(&f, "repo-1", "CI", &secret);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(in_child(close_parents_store, &f), 0);
        ck_assert(beside_exists(&f, "-wal"));
        assert_works(&f);
        assert_status(f.store, try_key(&f, key, secret), KEYWARD_OK);
    }
    fixture_reopen(&f);
    assert_status(f.store, try_key(&f, key, secret), KEYWARD_OK);
    assert_sound(&f);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    fixture_close(&f);
}
END_TEST

START_TEST(a_child_may_open_its_own_store)
{
    struct fixture f;

    fixture_open(&f);
    for (size_t i = 1; i <= 3; i++) {
        ck_assert_int_eq(in_child(open_own_store, &f), KEYWARD_OK);
        ck_assert_uint_eq(count_keys(f.store, "repo-1"), i);
        assert_works(&f);
    }
    fixture_reopen(&f);
    ck_assert_uint_eq(count_keys(f.store, "repo-1"), 3);
    assert_works(&f);
    fixture_close(&f);
}
END_TEST

/* A worker that opens its own store, tells the parent, and writes once the parent has closed his.
 * The exit code is the status. */
static pid_t start_worker(struct fixture *fixture, int *from_child, int *to_child)
{
    int up[2], down[2];
    pid_t child;
    char byte = 0;
    const keyward_new_key new_key = {.name = "the worker's"};
    keyward_secret *secret;
    keyward_key *key;
    keyward *store;
    enum keyward_status status;

    ck_assert_int_eq(pipe(up), 0);
    ck_assert_int_eq(pipe(down), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    *from_child = up[0];
    *to_child = down[1];
    close(child == 0 ? up[0] : up[1]);
    close(child == 0 ? down[1] : down[0]);
    if (child != 0)
        return child;
    keyward_close(&fixture->store);
    status = keyward_open(&store, fixture->path, &fixture->options);
    if (write(up[1], &byte, 1) != 1 || read(down[0], &byte, 1) != 1)
        _exit(CHILD_FAILED);
    if (status == KEYWARD_OK)
        status = keyward_create_key(store, &host, "repo-1", &new_key, &key, &secret);
    keyward_close(&store);
    _exit((int)status);
}

START_TEST(what_a_child_writes_after_its_parent_has_closed_is_kept)
{
    struct fixture f;
    int from_child, to_child, code;
    pid_t child;
    char byte = 0;

    fixture_open(&f);
    child = start_worker(&f, &from_child, &to_child);
    ck_assert_int_eq(read(from_child, &byte, 1), 1);
    keyward_close(&f.store);
    ck_assert_int_eq(write(to_child, &byte, 1), 1);
    ck_assert_int_eq(waitpid(child, &code, 0), child);
    ck_assert(WIFEXITED(code));
    ck_assert_int_eq(WEXITSTATUS(code), KEYWARD_OK);
    close(from_child);
    close(to_child);
    fixture_reopen(&f);
    ck_assert_uint_eq(count_keys(f.store, "repo-1"), 1);
    assert_sound(&f);
    fixture_close(&f);
}
END_TEST

/* ---- locks ---- */

static enum keyward_status try_to_create(struct fixture *fixture)
{
    const keyward_new_key new_key = {.name = "CI"};
    keyward_secret *secret;
    keyward_key *key;
    enum keyward_status status =
        keyward_create_key(fixture->store, &host, "repo-1", &new_key, &key, &secret);

    if (status != KEYWARD_OK) {
        ck_assert_ptr_null(key);
        ck_assert_ptr_null(secret);
    }
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    return status;
}

START_TEST(a_lock_held_elsewhere_makes_a_store_busy)
{
    struct fixture f;
    sqlite3 *other;

    fixture_open(&f);
    f.options.busy_timeout_ms = 0;
    fixture_reopen(&f);
    other = open_raw(f.path);
    run_raw(other, "BEGIN IMMEDIATE");
    assert_status(f.store, try_to_create(&f), KEYWARD_BUSY);
    ck_assert_int_eq(keyward_last_error(f.store)->sqlite_code & 0xFF, SQLITE_BUSY);
    assert_status(f.store, keyward_grant(f.store, &host, "repo-1", "x", KEYWARD_READER),
                  KEYWARD_BUSY);
    ck_assert_uint_eq(count_keys(f.store, "repo-1"), 0); /* readers wait for no writer */
    run_raw(other, "COMMIT");
    assert_status(f.store, try_to_create(&f), KEYWARD_OK);
    ck_assert_uint_eq(count_keys(f.store, "repo-1"), 1);
    sqlite3_close(other);
    assert_works(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(an_existing_store_opens_beside_a_writer)
{
    struct fixture f;
    sqlite3 *other;

    fixture_open(&f);
    keyward_close(&f.store);
    f.options.busy_timeout_ms = 0;
    other = open_raw(f.path);
    run_raw(other, "BEGIN IMMEDIATE");
    fixture_reopen(&f);
    ck_assert_uint_eq(count_keys(f.store, "repo-1"), 0);
    run_raw(other, "ROLLBACK");
    sqlite3_close(other);
    assert_works(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(a_new_store_whose_file_is_locked_is_busy)
{
    struct fixture f;
    sqlite3 *other;

    fixture_init(&f);
    f.options.busy_timeout_ms = 0;
    write_whole(f.path, "", 0);
    other = open_raw(f.path);
    run_raw(other, "BEGIN EXCLUSIVE");
    assert_not_opened(&f, KEYWARD_BUSY, "locked");
    run_raw(other, "ROLLBACK");
    sqlite3_close(other);
    fixture_reopen(&f);
    assert_works(&f);
    fixture_close(&f);
}
END_TEST

/* ---- randomness ---- */

/* Works as often as the context says, then fails. */
static int random_so_often(void *context, void *buffer, size_t length)
{
    int *left = context;

    for (size_t i = 0; i < length; i++)
        ((unsigned char *)buffer)[i] = (unsigned char)(i + 1);
    return (*left)-- > 0 ? 0 : -1;
}

/* More calls than opening a new store or creating a key makes. */
#define MANY_CALLS 20

START_TEST(without_randomness_no_new_store_is_bound_to_a_key)
{
    static const unsigned char other[KEYWARD_MASTER_KEY_BYTES] = "another key of 32 bytes at all";
    int works = 0;

    for (; works < MANY_CALLS; works++) {
        int left = works;
        struct fixture f;

        fixture_init(&f);
        f.options.random = random_so_often;
        f.options.random_context = &left;
        if (keyward_open(&f.store, f.path, &f.options) == KEYWARD_OK) {
            fixture_close(&f);
            break;
        }
        ck_assert_int_eq(keyward_last_error(NULL)->status, KEYWARD_IO);
        ck_assert_str_eq(keyward_last_error(NULL)->message, "random: reported a failure");
        f.options.random = NULL;
        f.options.master_key = other;
        fixture_reopen(&f);
        assert_works(&f);
        fixture_close(&f);
    }
    ck_assert_int_gt(works, 0);
    ck_assert_int_lt(works, MANY_CALLS);
}
END_TEST

START_TEST(without_randomness_an_empty_file_stays_empty)
{
    enum keyward_status status = KEYWARD_IO;
    int works = 0;

    for (; works < MANY_CALLS && status != KEYWARD_OK; works++) {
        int left = works;
        struct fixture f;
        struct contents before;

        fixture_init(&f);
        f.options.random = random_so_often;
        f.options.random_context = &left;
        write_whole(f.path, "", 0);
        before = contents_of(f.path);
        status = keyward_open(&f.store, f.path, &f.options);
        if (status != KEYWARD_OK) {
            assert_status(NULL, status, KEYWARD_IO);
            assert_unchanged(&before);
        }
        free(before.bytes);
        fixture_close(&f);
    }
    ck_assert_int_gt(works, 1);
    ck_assert_int_eq(status, KEYWARD_OK);
}
END_TEST

START_TEST(without_randomness_an_existing_store_is_left_alone)
{
    struct fixture f;
    int left = 0;

    fixture_open(&f);
    keyward_close(&f.store);
    f.options.random = random_so_often;
    f.options.random_context = &left;
    assert_not_opened(&f, KEYWARD_IO, "random: reported a failure");
    f.options.random = NULL;
    fixture_reopen(&f);
    assert_works(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(without_randomness_no_key_is_created)
{
    struct fixture f;
    int left = MANY_CALLS, works = 0;

    fixture_open(&f);
    f.options.random = random_so_often;
    f.options.random_context = &left;
    fixture_reopen(&f);
    for (; works < MANY_CALLS; works++) {
        left = works;
        if (try_to_create(&f) == KEYWARD_OK)
            break;
        ck_assert_int_eq(keyward_last_error(f.store)->status, KEYWARD_IO);
        ck_assert_str_eq(keyward_last_error(f.store)->message, "random: reported a failure");
        ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_events"), 3);
        ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM sealed_secrets"), 0);
    }
    ck_assert_int_gt(works, 0);
    ck_assert_int_lt(works, MANY_CALLS);
    ck_assert_uint_eq(count_keys(f.store, "repo-1"), 1);
    assert_sound(&f);
    fixture_close(&f);
}
END_TEST

/* ---- the suite ---- */

static TCase *files(void)
{
    TCase *tests = tcase_create("files");

    tcase_add_test(tests, a_new_store_is_readable_for_its_owner_only);
    tcase_add_test(tests, a_store_keeps_everything_when_it_is_opened_again);
    tcase_add_test(tests, an_empty_file_becomes_a_store_and_keeps_its_mode);
    tcase_add_test(tests, closing_leaves_one_file);
    tcase_add_test(tests, what_a_crash_leaves_opens_with_everything_in_it);
    tcase_add_test(tests, a_path_that_looks_like_a_uri_is_a_file_name);
    tcase_add_test(tests, a_path_with_utf8_and_blanks_is_a_file_name);
    tcase_add_test(tests, a_path_must_name_a_file);
    tcase_add_test(tests, a_master_key_is_given_in_exactly_one_way);
    tcase_add_test(tests, an_option_out_of_its_range_is_invalid);
    return tests;
}

static TCase *master_keys(void)
{
    TCase *tests = tcase_create("master keys");

    tcase_add_test(tests, a_master_key_is_the_same_however_it_is_given);
    tcase_add_test(tests, a_key_file_that_holds_no_key_opens_nothing);
    tcase_add_test(tests, a_key_file_that_cannot_be_read_opens_nothing);
    tcase_add_test(tests, a_callback_that_fails_opens_nothing);
    tcase_add_test(tests, a_message_about_a_key_file_does_not_tell_what_is_in_it);
    tcase_add_test(tests, a_wrong_master_key_leaves_the_store_alone);
    tcase_add_test(tests, a_master_key_file_is_made_for_its_owner_only);
    tcase_add_test(tests, two_master_key_files_are_two_keys);
    tcase_add_test(tests, a_master_key_file_never_replaces_a_file);
    tcase_add_test(tests, a_master_key_file_needs_a_folder);
    return tests;
}

static TCase *refused_files(void)
{
    TCase *tests = tcase_create("refused files");

    tcase_add_test(tests, a_file_of_something_else_is_left_alone);
    tcase_add_test(tests, a_file_of_one_byte_is_not_empty);
    tcase_add_test(tests, a_text_file_with_a_journal_beside_it_is_left_alone);
    tcase_add_test(tests, another_database_is_left_alone);
    tcase_add_test(tests, another_database_with_a_log_is_left_alone);
    tcase_add_test(tests, another_database_cut_off_in_its_transaction_is_left_alone);
    tcase_add_test(tests, a_folder_is_no_store);
    tcase_add_test(tests, a_store_needs_a_folder);
    tcase_add_test(tests, a_store_of_a_newer_schema_is_left_alone);
    tcase_add_test(tests, a_newer_schema_that_stands_in_the_log_only_is_seen);
    tcase_add_test(tests, a_file_that_cannot_be_written_is_read_only);
    tcase_add_test(tests, a_folder_that_cannot_be_written_takes_no_new_store);
    tcase_add_test(tests, a_folder_that_cannot_be_searched_is_read_only);
    tcase_add_test(tests, a_store_in_a_folder_that_cannot_be_written_is_read_only);
    return tests;
}

static TCase *neighbours(void)
{
    TCase *tests = tcase_create("neighbours");

    tcase_add_test(tests, two_stores_of_a_process_are_independent);
    tcase_add_test(tests, an_error_is_told_of_its_own_store_only);
    tcase_add_test(tests, a_file_opened_twice_is_one_store);
    tcase_add_test(tests, a_failed_opening_leaves_an_open_store_its_locks);
    tcase_add_test(tests, an_error_is_told_to_its_own_thread_only);
    tcase_add_test(tests, a_failed_opening_is_told_to_its_own_thread_only);
    tcase_add_test(tests, a_child_cannot_use_its_parents_store);
    tcase_add_test(tests, a_child_that_closes_leaves_its_parents_store_working);
    tcase_add_test(tests, a_child_may_open_its_own_store);
    tcase_add_test(tests, what_a_child_writes_after_its_parent_has_closed_is_kept);
    tcase_add_test(tests, a_lock_held_elsewhere_makes_a_store_busy);
    tcase_add_test(tests, an_existing_store_opens_beside_a_writer);
    tcase_add_test(tests, a_new_store_whose_file_is_locked_is_busy);
    return tests;
}

static TCase *randomness(void)
{
    TCase *tests = tcase_create("randomness");

    tcase_add_test(tests, without_randomness_no_new_store_is_bound_to_a_key);
    tcase_add_test(tests, without_randomness_an_empty_file_stays_empty);
    tcase_add_test(tests, without_randomness_an_existing_store_is_left_alone);
    tcase_add_test(tests, without_randomness_no_key_is_created);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("store");

    suite_add_tcase(suite, files());
    suite_add_tcase(suite, master_keys());
    suite_add_tcase(suite, refused_files());
    suite_add_tcase(suite, neighbours());
    suite_add_tcase(suite, randomness());
    return run_suite(suite);
}
