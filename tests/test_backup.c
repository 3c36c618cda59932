/* SPDX-License-Identifier: MIT */
/* Backup: the copy is the store of one moment, whatever goes on meanwhile; it has its name only
 * when it is whole, and nothing that is there is ever touched. */
#include "fault/system.h"
#include "support/fixture.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PARTIAL ".partial-"

/* ---- a store with something in it, and a place for its copy ---- */

struct scene {
    struct fixture f;
    struct fixture copy; /* opened by open_copy() */
    keyward_key *live, *gone;
    keyward_secret *live_secret, *gone_secret;
};

static void scene_open(struct scene *s)
{
    memset(s, 0, sizeof *s);
    fixture_open(&s->f);
    s->live = make_key(&s->f, "repo-1", "live", &s->live_secret);
    s->gone = make_key(&s->f, "repo-1", "gone", &s->gone_secret);
    drop_key(&s->f, "repo-1", s->gone->id);
    s->copy = s->f;
    s->copy.store = NULL;
    snprintf(s->copy.path, sizeof s->copy.path, "%.60s/copy.db", s->f.folder);
}

static void scene_close(struct scene *s)
{
    keyward_key_free(&s->live);
    keyward_key_free(&s->gone);
    keyward_secret_free(&s->live_secret);
    keyward_secret_free(&s->gone_secret);
    keyward_close(&s->copy.store);
    fixture_close(&s->f);
}

/* Commits that cost no flush, for a store that gets many. */
static void hurry(struct scene *s)
{
    s->f.options.durability = s->copy.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&s->f);
}

static void make_keys(struct scene *s, int count)
{
    for (int i = 0; i < count; i++) {
        keyward_key *key = make_key(&s->f, i % 3 ? "repo-1" : "repo-2", "one of many", NULL);
        if (i % 4 == 0)
            drop_key(&s->f, key->repo_id, key->id);
        keyward_key_free(&key);
    }
}

static enum keyward_status back_up(struct scene *s)
{
    return keyward_backup(s->f.store, s->copy.path, NULL);
}

static void must_back_up(struct scene *s)
{
    assert_status(s->f.store, back_up(s), KEYWARD_OK);
}

static void open_copy(struct scene *s)
{
    assert_status(NULL, keyward_open(&s->copy.store, s->copy.path, &s->copy.options), KEYWARD_OK);
    assert_sound(&s->copy);
}

static void remove_copy(struct scene *s)
{
    keyward_close(&s->copy.store);
    ck_assert_int_eq(unlink(s->copy.path), 0);
}

/* How many names in the folder begin so; the last of them is left in `name`. */
static int count_names(const struct scene *s, const char *beginning, char name[256])
{
    DIR *folder = opendir(s->f.folder);
    struct dirent *entry;
    int count = 0;

    ck_assert_ptr_nonnull(folder);
    while ((entry = readdir(folder))) {
        if (strncmp(entry->d_name, beginning, strlen(beginning)) != 0)
            continue;
        count++;
        if (name)
            snprintf(name, 256, "%s", entry->d_name);
    }
    closedir(folder);
    return count;
}

static void assert_nothing_left(const struct scene *s)
{
    ck_assert_int_eq(count_names(s, "copy.db", NULL), 0);
}

static void assert_fails(struct scene *s, enum keyward_status wanted)
{
    assert_status(s->f.store, back_up(s), wanted);
    ck_assert_int_eq(keyward_last_error(s->f.store)->status, wanted);
    assert_nothing_left(s);
}

/* ---- comparing ---- */

static const char *const tables[] = {"store",          "data_keys", "access",       "audit_events",
                                     "sealed_secrets", "api_keys",  "sqlite_schema"};

/* Rows of one that the other has not, in both directions, with those of the store up to an event.
 */
static int64_t differences(sqlite3 *db, const char *table, const char *condition)
{
    char query[512];
    sqlite3_stmt *statement;
    int64_t count;

    snprintf(query, sizeof query,
             "SELECT (SELECT count(*) FROM (SELECT * FROM main.%s %s EXCEPT SELECT * FROM"
             " copy.%s)) + (SELECT count(*) FROM (SELECT * FROM copy.%s EXCEPT SELECT * FROM"
             " main.%s))",
             table, condition, table, table, table);
    ck_assert_int_eq(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    count = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return count;
}

static sqlite3 *open_both(const struct scene *s)
{
    char attach[160];
    sqlite3 *db;

    snprintf(attach, sizeof attach, "ATTACH '%s' AS copy", s->copy.path);
    ck_assert_int_eq(sqlite3_open(s->f.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, attach, NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void assert_equal(const struct scene *s)
{
    sqlite3 *db = open_both(s);

    for (size_t i = 0; i < COUNT(tables); i++)
        ck_assert_msg(differences(db, tables[i], "") == 0, "%s differs", tables[i]);
    sqlite3_close(db);
}

/* ---- what a copy is ---- */

START_TEST(a_copy_has_every_row_of_the_store)
{
    struct scene s;
    struct stat about;

    scene_open(&s);
    must_back_up(&s);
    ck_assert_int_eq(count_names(&s, "copy.db", NULL), 1);
    ck_assert_int_eq(lstat(s.copy.path, &about), 0);
    ck_assert(S_ISREG(about.st_mode));
    ck_assert_int_eq(about.st_mode & 07777, 0600);
    ck_assert_uint_eq(about.st_nlink, 1);
    assert_equal(&s);
    assert_row_of(s.copy.path, "PRAGMA journal_mode", "wal");
    ck_assert_int_eq(sql_number(s.copy.path, "PRAGMA page_size"),
                     sql_number(s.f.path, "PRAGMA page_size"));
    ck_assert_int_eq(sql_number(s.copy.path, "PRAGMA user_version"),
                     sql_number(s.f.path, "PRAGMA user_version"));
    scene_close(&s);
}
END_TEST

START_TEST(a_copy_is_a_store)
{
    struct scene s;
    keyward_key *made;

    scene_open(&s);
    must_back_up(&s);
    open_copy(&s);
    assert_status(s.copy.store, try_key(&s.copy, s.live, s.live_secret), KEYWARD_OK);
    assert_status(s.copy.store, try_key(&s.copy, s.gone, s.gone_secret), KEYWARD_REFUSED);
    ck_assert_int_eq(keyward_last_error(s.copy.store)->cause, KEYWARD_CAUSE_DELETED);
    assert_status(s.copy.store, keyward_restore_key(s.copy.store, &anna, "repo-1", s.gone->id),
                  KEYWARD_OK);
    assert_status(s.copy.store, try_key(&s.copy, s.gone, s.gone_secret), KEYWARD_OK);
    made = make_key(&s.copy, "repo-1", "of the copy", NULL);
    keyward_key_free(&made);
    assert_sound(&s.copy);
    scene_close(&s);
}
END_TEST

START_TEST(store_and_copy_go_their_own_ways)
{
    struct scene s;
    int64_t events;

    scene_open(&s);
    must_back_up(&s);
    open_copy(&s);
    events = count_events(s.copy.path);
    drop_key(&s.f, "repo-1", s.live->id);
    assert_status(s.f.store, try_key(&s.f, s.live, s.live_secret), KEYWARD_REFUSED);
    assert_status(s.copy.store, try_key(&s.copy, s.live, s.live_secret), KEYWARD_OK);
    ck_assert_int_eq(count_events(s.copy.path), events);
    assert_sound(&s.f);
    remove_copy(&s);
    must_back_up(&s);
    assert_equal(&s);
    scene_close(&s);
}
END_TEST

START_TEST(a_copy_needs_the_master_key)
{
    static const unsigned char other[KEYWARD_MASTER_KEY_BYTES] = "another master key, of no use.";
    struct scene s;

    scene_open(&s);
    must_back_up(&s);
    s.copy.options.master_key = other;
    assert_status(NULL, keyward_open(&s.copy.store, s.copy.path, &s.copy.options),
                  KEYWARD_WRONG_MASTER_KEY);
    scene_close(&s);
}
END_TEST

START_TEST(a_copy_keeps_the_master_key_of_its_moment)
{
    static const unsigned char other[KEYWARD_MASTER_KEY_BYTES] = "another master key, from now on";
    const keyward_master_key next = {.key = other};
    struct scene s;

    scene_open(&s);
    must_back_up(&s);
    assert_status(s.f.store, keyward_change_master_key(s.f.store, &host, &next), KEYWARD_OK);
    open_copy(&s);
    assert_status(s.copy.store, try_key(&s.copy, s.live, s.live_secret), KEYWARD_OK);
    remove_copy(&s);
    must_back_up(&s);
    assert_status(NULL, keyward_open(&s.copy.store, s.copy.path, &s.copy.options),
                  KEYWARD_WRONG_MASTER_KEY);
    s.copy.options.master_key = other;
    open_copy(&s);
    assert_status(s.copy.store, try_key(&s.copy, s.live, s.live_secret), KEYWARD_OK);
    scene_close(&s);
}
END_TEST

START_TEST(a_copy_can_be_copied)
{
    struct scene s;
    char again[128];

    scene_open(&s);
    must_back_up(&s);
    open_copy(&s);
    snprintf(again, sizeof again, "%s/again.db", s.f.folder);
    assert_status(s.copy.store, keyward_backup(s.copy.store, again, NULL), KEYWARD_OK);
    ck_assert_int_eq(count_events(again), count_events(s.f.path));
    scene_close(&s);
}
END_TEST

START_TEST(an_empty_store_can_be_copied)
{
    struct scene s;

    scene_open(&s);
    keyward_close(&s.f.store);
    unlink(s.f.path);
    fixture_reopen(&s.f);
    must_back_up(&s);
    open_copy(&s);
    ck_assert_int_eq(count_events(s.copy.path), 0);
    scene_close(&s);
}
END_TEST

/* What is committed may be in the log alone, and the file's pages of another size. */
START_TEST(a_store_with_other_pages_is_copied_as_it_is)
{
    struct scene s;

    scene_open(&s);
    keyward_close(&s.f.store);
    ck_assert_int_eq(sql(s.f.path, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 8192; VACUUM;"
                                   "PRAGMA journal_mode = WAL"),
                     SQLITE_OK);
    fixture_reopen(&s.f);
    must_back_up(&s);
    assert_equal(&s);
    ck_assert_int_eq(sql_number(s.copy.path, "PRAGMA page_size"), 8192);
    open_copy(&s);
    scene_close(&s);
}
END_TEST

START_TEST(a_name_that_looks_like_a_uri_is_a_name)
{
    struct scene s;
    char here[4096], name[64] = "file:copy.db?mode=memory";

    scene_open(&s);
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(s.f.folder), 0);
    assert_status(s.f.store, keyward_backup(s.f.store, name, NULL), KEYWARD_OK);
    assert_status(s.f.store, keyward_backup(s.f.store, "copy.db", NULL), KEYWARD_OK);
    ck_assert_int_eq(count_names(&s, "file:copy.db?mode=memory", NULL), 1);
    assert_status(NULL, keyward_open(&s.copy.store, name, &s.copy.options), KEYWARD_OK);
    assert_sound(&s.copy);
    keyward_close(&s.copy.store);
    ck_assert_int_eq(chdir(here), 0);
    scene_close(&s);
}
END_TEST

/* ---- progress ---- */

struct progress {
    const struct scene *s;
    int calls, stop_at; /* stops at that call, counted from 1; 0: never */
    int64_t last_done, total;
    bool seen_badly; /* the copy had its name already, or was not alone and private */
};

static int note_progress(void *context, int64_t done, int64_t total)
{
    struct progress *progress = context;
    char name[256], path[512];
    struct stat about;
    bool first = progress->calls++ == 0;

    ck_assert_int_eq(done == 0, first);
    ck_assert(first || done > progress->last_done);
    ck_assert(first || total == progress->total);
    ck_assert_int_le(done, total);
    progress->last_done = done;
    progress->total = total;
    ck_assert_int_eq(count_names(progress->s, "copy.db", name), 1);
    ck_assert_int_eq(strncmp(name, "copy.db" PARTIAL, strlen("copy.db" PARTIAL)), 0);
    snprintf(path, sizeof path, "%s/%s", progress->s->f.folder, name);
    ck_assert_int_eq(lstat(path, &about), 0);
    ck_assert_int_eq(about.st_mode & 07777, 0600);
    return progress->calls == progress->stop_at ? -1 : 0;
}

static enum keyward_status back_up_with(struct scene *s, struct progress *progress)
{
    const keyward_backup_options options = {.progress = note_progress,
                                            .progress_context = progress};

    progress->s = s;
    return keyward_backup(s->f.store, s->copy.path, &options);
}

START_TEST(a_small_copy_reports_its_beginning_and_its_end)
{
    struct scene s;
    struct progress progress = {.calls = 0};

    scene_open(&s);
    assert_status(s.f.store, back_up_with(&s, &progress), KEYWARD_OK);
    ck_assert_int_eq(progress.calls, 2);
    ck_assert_int_eq(progress.last_done, progress.total);
    ck_assert_int_eq(progress.total, sql_number(s.f.path, "PRAGMA page_count"));
    scene_close(&s);
}
END_TEST

START_TEST(a_large_copy_reports_its_way_from_nothing_to_all)
{
    struct scene s;
    struct progress progress = {.calls = 0};

    scene_open(&s);
    hurry(&s);
    make_keys(&s, 4000);
    assert_status(s.f.store, back_up_with(&s, &progress), KEYWARD_OK);
    ck_assert_int_ge(progress.calls, 5);
    ck_assert_int_eq(progress.last_done, progress.total);
    ck_assert_int_eq(progress.total, sql_number(s.copy.path, "PRAGMA page_count"));
    assert_equal(&s);
    open_copy(&s);
    ck_assert_int_eq(sql_number(s.copy.path, "SELECT count(*) FROM api_keys WHERE deleted"), 1001);
    scene_close(&s);
}
END_TEST

START_TEST(a_copy_cancelled_at_any_call_leaves_nothing_behind)
{
    struct scene s;
    struct progress all = {.calls = 0};

    scene_open(&s);
    hurry(&s);
    make_keys(&s, 1000);
    assert_status(s.f.store, back_up_with(&s, &all), KEYWARD_OK);
    remove_copy(&s);
    ck_assert_int_ge(all.calls, 3);
    for (int stop_at = 1; stop_at <= all.calls; stop_at++) {
        struct progress progress = {.stop_at = stop_at};

        assert_status(s.f.store, back_up_with(&s, &progress), KEYWARD_CANCELLED);
        ck_assert_int_eq(progress.calls, stop_at);
        ck_assert_int_eq(keyward_last_error(s.f.store)->status, KEYWARD_CANCELLED);
        assert_nothing_left(&s);
    }
    make_keys(&s, 1);
    must_back_up(&s);
    assert_equal(&s);
    scene_close(&s);
}
END_TEST

/* ---- what is there stays ---- */

static int count_calls(void *context, int64_t done, int64_t total)
{
    (void)done;
    (void)total;
    ++*(int *)context;
    return 0;
}

/* Refused before a page is copied, and the path's own bytes, mode and kind untouched. */
static void assert_refused(struct scene *s, const char *path)
{
    int calls = 0;
    const keyward_backup_options options = {.progress = count_calls, .progress_context = &calls};
    struct stat before, after;
    int exists = lstat(path, &before);

    assert_status(s->f.store, keyward_backup(s->f.store, path, &options), KEYWARD_EXISTS);
    ck_assert_int_eq(calls, 0);
    ck_assert_int_eq(count_names(s, "copy.db" PARTIAL, NULL), 0);
    ck_assert_int_eq(count_names(s, "keys.db" PARTIAL, NULL), 0);
    ck_assert_int_eq(lstat(path, &after), exists);
    if (exists != 0)
        return;
    ck_assert_uint_eq(after.st_ino, before.st_ino);
    ck_assert_uint_eq(after.st_mode, before.st_mode);
    ck_assert_int_eq(after.st_size, before.st_size);
    ck_assert_int_eq(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
    ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

START_TEST(an_existing_file_is_left_as_it_is)
{
    struct scene s;
    unsigned char *bytes;
    size_t size;

    scene_open(&s);
    write_whole(s.copy.path, "precious", 8);
    assert_refused(&s, s.copy.path);
    bytes = read_whole(s.copy.path, &size);
    ck_assert_uint_eq(size, 8);
    ck_assert_mem_eq(bytes, "precious", 8);
    free(bytes);
    write_whole(s.copy.path, "", 0);
    assert_refused(&s, s.copy.path);
    remove_copy(&s);
    must_back_up(&s);
    assert_refused(&s, s.copy.path); /* by now a copy itself */
    scene_close(&s);
}
END_TEST

START_TEST(a_store_is_not_copied_onto_itself)
{
    struct scene s;
    char other[128];

    scene_open(&s);
    assert_refused(&s, s.f.path);
    snprintf(other, sizeof other, "%s/./keys.db", s.f.folder);
    assert_refused(&s, other);
    ck_assert_int_eq(link(s.f.path, s.copy.path), 0);
    assert_refused(&s, s.copy.path);
    ck_assert_int_eq(unlink(s.copy.path), 0);
    ck_assert_int_eq(symlink(s.f.path, s.copy.path), 0);
    assert_refused(&s, s.copy.path);
    assert_sound(&s.f);
    drop_key(&s.f, "repo-1", s.live->id);
    scene_close(&s);
}
END_TEST

START_TEST(whatever_has_the_name_is_left_alone)
{
    struct scene s;
    char target[128];
    struct stat about;

    scene_open(&s);
    snprintf(target, sizeof target, "%s/nowhere", s.f.folder);
    ck_assert_int_eq(symlink(target, s.copy.path), 0);
    assert_refused(&s, s.copy.path);
    ck_assert_int_ne(lstat(target, &about), 0);
    ck_assert_int_eq(unlink(s.copy.path), 0);
    ck_assert_int_eq(mkdir(s.copy.path, 0700), 0);
    assert_refused(&s, s.copy.path);
    ck_assert_int_eq(rmdir(s.copy.path), 0);
    ck_assert_int_eq(mkfifo(s.copy.path, 0600), 0);
    assert_refused(&s, s.copy.path);
    scene_close(&s);
}
END_TEST

/* SQLite would take them for the copy's own and play the changes of another store into it. */
START_TEST(the_log_of_another_store_is_not_laid_beside_a_copy)
{
    static const char *const suffixes[] = {"-wal", "-journal"};
    struct scene s;
    char left[128];

    scene_open(&s);
    snprintf(left, sizeof left, "%s%s", s.copy.path, suffixes[_i]);
    write_whole(left, "left", 4);
    assert_refused(&s, s.copy.path);
    ck_assert_ptr_nonnull(strstr(keyward_last_error(s.f.store)->message, suffixes[_i]));
    ck_assert_int_eq(unlink(left), 0);
    must_back_up(&s);
    scene_close(&s);
}
END_TEST

static int make_file(void *context, int64_t done, int64_t total)
{
    if (done == total)
        write_whole(context, "precious", 8);
    return 0;
}

/* The name is taken while the pages are copied, however the system gives names. */
static void take_name_meanwhile(struct scene *s)
{
    const keyward_backup_options options = {.progress = make_file,
                                            .progress_context = s->copy.path};
    unsigned char *bytes;
    size_t size;

    assert_status(s->f.store, keyward_backup(s->f.store, s->copy.path, &options), KEYWARD_EXISTS);
    bytes = read_whole(s->copy.path, &size);
    ck_assert_uint_eq(size, 8);
    ck_assert_mem_eq(bytes, "precious", 8);
    free(bytes);
    remove_copy(s);
    assert_nothing_left(s);
}

#define FILE_SYSTEMS 4

/* 0: renames without overwriting, where the C library can; 1: has hard links; 2 and 3: neither.
 * Returns how many of its calls will fail. */
static int use_file_system(int kind)
{
    static const int renaming[] = {0, EINVAL, ENOSYS, EOPNOTSUPP},
                     linking[] = {0, 0, EPERM, ENOTSUP};
    bool no_renaming = renaming[kind] != 0 && SYSTEM_NAMING == SYSTEM_RENAMEAT2,
         no_linking = linking[kind] != 0;

    if (no_renaming)
        system_fail(SYSTEM_RENAMEAT2, 1, FAIL_FROM_THEN_ON, renaming[kind]);
    if (no_linking)
        system_fail(SYSTEM_LINK, 1, FAIL_FROM_THEN_ON, linking[kind]);
    return no_renaming + no_linking;
}

START_TEST(a_name_that_is_taken_meanwhile_is_not_overwritten)
{
    struct scene s;
    int failing;

    scene_open(&s);
    failing = use_file_system(_i);
    take_name_meanwhile(&s);
    ck_assert_int_eq(system_stop(), failing);
    scene_close(&s);
}
END_TEST

START_TEST(a_copy_gets_its_name_on_any_file_system)
{
    struct scene s;
    struct stat about;
    int failing;

    scene_open(&s);
    failing = use_file_system(_i);
    must_back_up(&s);
    ck_assert_int_eq(system_stop(), failing);
    ck_assert_int_eq(count_names(&s, "copy.db", NULL), 1);
    ck_assert_int_eq(lstat(s.copy.path, &about), 0);
    ck_assert_int_eq(about.st_mode & 07777, 0600);
    ck_assert_uint_eq(about.st_nlink, 1);
    assert_equal(&s);
    open_copy(&s);
    scene_close(&s);
}
END_TEST

/* ---- where nothing can be written ---- */

START_TEST(a_folder_that_does_not_exist_is_told)
{
    struct scene s;
    char path[160];

    scene_open(&s);
    snprintf(path, sizeof path, "%s/no folder/copy.db", s.f.folder);
    assert_status(s.f.store, keyward_backup(s.f.store, path, NULL), KEYWARD_NO_FOLDER);
    snprintf(path, sizeof path, "%s/copy.db", s.f.path);
    assert_status(s.f.store, keyward_backup(s.f.store, path, NULL), KEYWARD_NO_FOLDER);
    snprintf(path, sizeof path, "%s/copy.db/", s.f.folder);
    assert_status(s.f.store, keyward_backup(s.f.store, path, NULL), KEYWARD_NO_FOLDER);
    must_back_up(&s);
    scene_close(&s);
}
END_TEST

START_TEST(a_name_that_is_too_long_is_told)
{
    struct scene s;
    char path[400];

    scene_open(&s);
    snprintf(path, sizeof path, "%s/%0300d", s.f.folder, 0);
    assert_status(s.f.store, keyward_backup(s.f.store, path, NULL), KEYWARD_IO);
    ck_assert_int_eq(count_names(&s, "0", NULL), 0);
    scene_close(&s);
}
END_TEST

#define CHILD_FAILED 99
#define NOBODY 65534

/* In a child, which becomes nobody where it is root: a store of its own, and its copy in a folder
 * that it cannot write to. The exit code is the status. */
static int back_up_as_nobody(const struct scene *s, const char *folder)
{
    pid_t child = fork();
    int code;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        keyward *store;
        char path[160];

        if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
            _exit(CHILD_FAILED);
        snprintf(path, sizeof path, "%s/nobody.db", s->f.folder);
        if (keyward_open(&store, path, &s->f.options) != KEYWARD_OK)
            _exit(CHILD_FAILED);
        snprintf(path, sizeof path, "%s/copy.db", folder);
        _exit((int)keyward_backup(store, path, NULL));
    }
    ck_assert_int_eq(waitpid(child, &code, 0), child);
    ck_assert(WIFEXITED(code));
    return WEXITSTATUS(code);
}

START_TEST(a_folder_that_cannot_be_written_is_read_only)
{
    static const mode_t modes[] = {0555, 0000};
    struct scene s;
    char folder[128];

    scene_open(&s);
    ck_assert_int_eq(chmod(s.f.folder, 0777), 0);
    snprintf(folder, sizeof folder, "%s/closed", s.f.folder);
    ck_assert_int_eq(mkdir(folder, 0777), 0);
    ck_assert_int_eq(chmod(folder, modes[_i]), 0);
    ck_assert_int_eq(back_up_as_nobody(&s, folder), KEYWARD_READ_ONLY);
    ck_assert_int_eq(rmdir(folder), 0); /* it is empty */
    scene_close(&s);
}
END_TEST

/* Every system call of the library's own fails in turn, in every way. */
static const struct {
    enum system_call call;
    int calls; /* of a copy */
} own_calls[] = {{SYSTEM_OPEN, 3}, {SYSTEM_FSYNC, 2}, {SYSTEM_NAMING, 1}};

static const struct {
    int number;
    enum keyward_status status;
} system_errors[] = {
    {EIO, KEYWARD_IO},           {ENOSPC, KEYWARD_FULL},      {EDQUOT, KEYWARD_FULL},
    {ENOMEM, KEYWARD_NOMEM},     {EACCES, KEYWARD_READ_ONLY}, {EROFS, KEYWARD_READ_ONLY},
    {ENOENT, KEYWARD_NO_FOLDER}, {EMFILE, KEYWARD_IO},
};

START_TEST(a_failed_system_call_leaves_nothing_behind)
{
    struct scene s;
    int failed = 0;

    scene_open(&s);
    for (size_t i = 0; i < COUNT(own_calls); i++) {
        for (int nth = 1; nth <= own_calls[i].calls; nth++) {
            system_fail(own_calls[i].call, nth, FAIL_ONCE, system_errors[_i].number);
            assert_fails(&s, system_errors[_i].status);
            failed += system_stop();
            ck_assert_ptr_nonnull(strstr(keyward_last_error(s.f.store)->message, s.copy.path));
            ck_assert_ptr_null(strstr(keyward_last_error(s.f.store)->message, PARTIAL));
        }
        system_fail(own_calls[i].call, own_calls[i].calls + 1, FAIL_ONCE, EIO);
        must_back_up(&s);
        ck_assert_int_eq(system_stop(), 0); /* there are no more of them */
        remove_copy(&s);
    }
    ck_assert_int_eq(failed, 6);
    must_back_up(&s);
    assert_equal(&s);
    scene_close(&s);
}
END_TEST

START_TEST(a_failed_last_resort_leaves_nothing_behind)
{
    struct scene s;
    int failing;

    scene_open(&s);
    failing = use_file_system(1);
    system_fail(SYSTEM_LINK, 1, FAIL_ONCE, EIO);
    assert_fails(&s, KEYWARD_IO);
    ck_assert_int_eq(system_stop(), failing + 1);
    failing = use_file_system(2);
    system_fail(SYSTEM_OPEN, 3, FAIL_ONCE, ENOSPC);
    assert_fails(&s, KEYWARD_FULL);
    ck_assert_int_eq(system_stop(), failing + 1);
    failing = use_file_system(2);
    system_fail(SYSTEM_RENAME, 1, FAIL_ONCE, EIO);
    assert_fails(&s, KEYWARD_IO);
    ck_assert_int_eq(system_stop(), failing + 1);
    must_back_up(&s);
    scene_close(&s);
}
END_TEST

/* ---- while others go on ---- */

#define WRITERS 4
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COPIES 3
#else
#define COPIES 10
#endif

/* They write while a copy is made, and pause while it is compared. */
enum phase { PAUSE, WRITE, STOP };

struct writer {
    pthread_t thread;
    keyward *store;
    const char *repo_id;
    _Atomic(enum phase) *phase;
    enum keyward_status status;
    int written;
};

static void *write_on(void *context)
{
    struct writer *writer = context;
    const keyward_new_key new_key = {.name = "CI"};

    while (writer->status == KEYWARD_OK && atomic_load(writer->phase) != STOP) {
        keyward_secret *secret;
        keyward_key *key;

        if (atomic_load(writer->phase) == PAUSE) {
            sched_yield();
            continue;
        }
        writer->status =
            keyward_create_key(writer->store, &host, writer->repo_id, &new_key, &key, &secret);
        if (writer->status == KEYWARD_OK && writer->written % 4 > 0)
            writer->status =
                keyward_delete_key(writer->store, &host, writer->repo_id, key->id, NULL);
        keyward_key_free(&key);
        keyward_secret_free(&secret);
        writer->written++;
    }
    return NULL;
}

static int64_t newest_event(struct fixture *f)
{
    keyward_event_list *events = last_event(f);
    int64_t sequence = events->events[0]->sequence;

    keyward_event_list_free(&events);
    return sequence;
}

/* The copy has what was committed before the call, nothing from after it, and no gap. */
static void assert_copy_of_a_moment(struct scene *s, int64_t before, int64_t after)
{
    char condition[64];
    int64_t newest;
    sqlite3 *db;

    open_copy(s);
    newest = newest_event(&s->copy);
    ck_assert_int_ge(newest, before);
    ck_assert_int_le(newest, after);
    ck_assert_int_eq(count_events(s->copy.path), newest);
    snprintf(condition, sizeof condition, "WHERE sequence <= %lld", (long long)newest);
    db = open_both(s);
    ck_assert_int_eq(differences(db, "audit_events", condition), 0);
    sqlite3_close(db);
    remove_copy(s);
}

/* Returns once some more have been committed: others are writing. */
static int64_t wait_for_events(struct scene *s, int64_t seen)
{
    int64_t newest = seen;

    while (newest < seen + WRITERS)
        newest = newest_event(&s->f);
    return newest;
}

static void copy_while_others_write(struct scene *s, keyward *const stores[WRITERS])
{
    static const char *const repos[] = {"repo-1", "repo-1", "repo-2", "repo-3"};
    struct writer writers[WRITERS];
    _Atomic(enum phase) phase;
    int64_t before, after;

    atomic_init(&phase, PAUSE);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.store = stores[i], .repo_id = repos[i], .phase = &phase};
        ck_assert_int_eq(pthread_create(&writers[i].thread, NULL, write_on, &writers[i]), 0);
    }
    for (int i = 0; i < COPIES; i++) {
        atomic_store(&phase, WRITE);
        before = wait_for_events(s, newest_event(&s->f));
        must_back_up(s);
        after = wait_for_events(s, newest_event(&s->f));
        atomic_store(&phase, PAUSE);
        assert_copy_of_a_moment(s, before, after);
    }
    atomic_store(&phase, STOP);
    for (int i = 0; i < WRITERS; i++) {
        ck_assert_int_eq(pthread_join(writers[i].thread, NULL), 0);
        ck_assert_int_eq(writers[i].status, KEYWARD_OK);
        ck_assert_int_gt(writers[i].written, 0);
    }
}

START_TEST(a_copy_is_of_one_moment_while_threads_write)
{
    struct scene s;

    scene_open(&s);
    hurry(&s);
    make_keys(&s, 1000);
    copy_while_others_write(&s, (keyward *const[]){s.f.store, s.f.store, s.f.store, s.f.store});
    must_back_up(&s);
    assert_equal(&s);
    assert_sound(&s.f);
    scene_close(&s);
}
END_TEST

/* As another process has it: SQLite sees a change that was not made through this handle. */
START_TEST(a_copy_is_of_one_moment_while_another_store_of_the_file_writes)
{
    struct scene s;
    keyward *other;

    scene_open(&s);
    hurry(&s);
    make_keys(&s, 1000);
    assert_status(NULL, keyward_open(&other, s.f.path, &s.f.options), KEYWARD_OK);
    copy_while_others_write(&s, (keyward *const[]){other, s.f.store, other, other});
    keyward_close(&other);
    must_back_up(&s);
    assert_equal(&s);
    scene_close(&s);
}
END_TEST

/* The whole time of the copy, every page may have changed between two portions of it. */
static int let_others_write(void *context, int64_t done, int64_t total)
{
    (void)total;
    if (done > 0)
        return 0;
    return sql(context, "UPDATE api_keys SET name = 'while it was copied'"
                        " WHERE deleted_event IS NULL") == SQLITE_OK
               ? 0
               : 1;
}

START_TEST(what_changes_during_a_copy_is_not_in_it)
{
    struct scene s;
    const keyward_backup_options options = {.progress = let_others_write,
                                            .progress_context = s.f.path};

    scene_open(&s);
    hurry(&s);
    make_keys(&s, 1000);
    assert_status(s.f.store, keyward_backup(s.f.store, s.copy.path, &options), KEYWARD_OK);
    ck_assert_int_gt(sql_number(s.f.path, "SELECT count(*) FROM api_keys WHERE name LIKE 'while%'"),
                     700);
    ck_assert_int_eq(
        sql_number(s.copy.path, "SELECT count(*) FROM api_keys WHERE name LIKE 'while%'"), 0);
    open_copy(&s);
    scene_close(&s);
}
END_TEST

struct copier {
    pthread_t thread;
    keyward *store;
    char path[128];
    enum keyward_status status;
};

static void *copy_once(void *context)
{
    struct copier *copier = context;

    copier->status = keyward_backup(copier->store, copier->path, NULL);
    return NULL;
}

/* To names of their own, or all to one, which a single one of them gets. */
START_TEST(threads_may_copy_at_the_same_time)
{
    struct copier copiers[WRITERS];
    struct scene s;
    int done = 0;

    scene_open(&s);
    hurry(&s);
    make_keys(&s, 500);
    for (int i = 0; i < WRITERS; i++) {
        copiers[i].store = s.f.store;
        snprintf(copiers[i].path, sizeof copiers[i].path, "%s%d", s.copy.path, _i ? 0 : i);
        ck_assert_int_eq(pthread_create(&copiers[i].thread, NULL, copy_once, &copiers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        ck_assert_int_eq(pthread_join(copiers[i].thread, NULL), 0);
        ck_assert(copiers[i].status == KEYWARD_OK || (_i && copiers[i].status == KEYWARD_EXISTS));
        done += copiers[i].status == KEYWARD_OK;
    }
    ck_assert_int_eq(done, _i ? 1 : WRITERS);
    ck_assert_int_eq(count_names(&s, "copy.db", NULL), done);
    ck_assert_int_eq(count_events(copiers[0].path), count_events(s.f.path));
    scene_close(&s);
}
END_TEST

/* ---- the log ---- */

/* How often the log has begun anew: bytes 12 to 15 of its header. */
static uint32_t log_generation(const struct fixture *f)
{
    unsigned char header[16];
    char path[160];
    FILE *log;

    snprintf(path, sizeof path, "%s-wal", f->path);
    log = fopen(path, "rb");
    ck_assert_ptr_nonnull(log);
    ck_assert_uint_eq(fread(header, 1, sizeof header, log), sizeof header);
    fclose(log);
    return (uint32_t)header[12] << 24 | (uint32_t)header[13] << 16 | (uint32_t)header[14] << 8 |
           header[15];
}

#define LONG_LOG (9 * INT64_C(1024) * 1024) /* more than the store lets it grow in peace */
#define EVENTS_ENOUGH 20000

/* Events of some two pages each. */
static enum keyward_status write_much(keyward *store)
{
    char agent[KEYWARD_LONG_TEXT_MAX + 1], why[KEYWARD_LONG_TEXT_MAX + 1];
    const keyward_actor actor = {.user_id = "rita", .user_agent = agent, .reason = why};

    memset(agent, 'a', sizeof agent - 1);
    memset(why, 'w', sizeof why - 1);
    agent[sizeof agent - 1] = why[sizeof why - 1] = '\0';
    return keyward_delete_key(store, &actor, "repo-1", "no key", NULL);
}

static void *grow_log(void *context)
{
    struct scene *s = context;

    for (int i = 0; i < EVENTS_ENOUGH && log_size(&s->f) < LONG_LOG; i++) {
        if (write_much(s->f.store) != KEYWARD_FORBIDDEN)
            break;
    }
    return NULL;
}

/* The callback itself must not call the library; another thread may. */
static int grow_log_meanwhile(void *context, int64_t done, int64_t total)
{
    pthread_t thread;

    (void)total;
    if (done > 0)
        return 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, grow_log, context), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    return 0;
}

START_TEST(the_log_begins_anew_after_a_copy)
{
    struct scene s;
    const keyward_backup_options options = {.progress = grow_log_meanwhile, .progress_context = &s};
    uint32_t generation;
    int events = 0;

    scene_open(&s);
    hurry(&s);
    make_keys(&s, 1);
    generation = log_generation(&s.f);
    assert_status(s.f.store, keyward_backup(s.f.store, s.copy.path, &options), KEYWARD_OK);
    ck_assert_int_ge(log_size(&s.f), LONG_LOG);
    ck_assert_uint_eq(log_generation(&s.f), generation);
    while (log_generation(&s.f) == generation && events++ < EVENTS_ENOUGH)
        assert_status(s.f.store, write_much(s.f.store), KEYWARD_FORBIDDEN);
    ck_assert_int_lt(events, EVENTS_ENOUGH);
    open_copy(&s);
    assert_sound(&s.f);
    scene_close(&s);
}
END_TEST

/* ---- the suite ---- */

static void add_copies(Suite *suite)
{
    TCase *tests = tcase_create("copies");

    tcase_add_test(tests, a_copy_has_every_row_of_the_store);
    tcase_add_test(tests, a_copy_is_a_store);
    tcase_add_test(tests, store_and_copy_go_their_own_ways);
    tcase_add_test(tests, a_copy_needs_the_master_key);
    tcase_add_test(tests, a_copy_keeps_the_master_key_of_its_moment);
    tcase_add_test(tests, a_copy_can_be_copied);
    tcase_add_test(tests, an_empty_store_can_be_copied);
    tcase_add_test(tests, a_store_with_other_pages_is_copied_as_it_is);
    tcase_add_test(tests, a_name_that_looks_like_a_uri_is_a_name);
    tcase_add_test(tests, a_small_copy_reports_its_beginning_and_its_end);
    tcase_add_test(tests, a_large_copy_reports_its_way_from_nothing_to_all);
    tcase_add_test(tests, a_copy_cancelled_at_any_call_leaves_nothing_behind);
    suite_add_tcase(suite, tests);
}

static void add_names(Suite *suite)
{
    TCase *tests = tcase_create("names");

    tcase_add_test(tests, an_existing_file_is_left_as_it_is);
    tcase_add_test(tests, a_store_is_not_copied_onto_itself);
    tcase_add_test(tests, whatever_has_the_name_is_left_alone);
    tcase_add_loop_test(tests, the_log_of_another_store_is_not_laid_beside_a_copy, 0, 2);
    tcase_add_loop_test(tests, a_name_that_is_taken_meanwhile_is_not_overwritten, 0, FILE_SYSTEMS);
    tcase_add_loop_test(tests, a_copy_gets_its_name_on_any_file_system, 0, FILE_SYSTEMS);
    tcase_add_test(tests, a_folder_that_does_not_exist_is_told);
    tcase_add_test(tests, a_name_that_is_too_long_is_told);
    tcase_add_loop_test(tests, a_folder_that_cannot_be_written_is_read_only, 0, 2);
    tcase_add_loop_test(tests, a_failed_system_call_leaves_nothing_behind, 0,
                        (int)COUNT(system_errors));
    tcase_add_test(tests, a_failed_last_resort_leaves_nothing_behind);
    suite_add_tcase(suite, tests);
}

static void add_neighbours(Suite *suite)
{
    TCase *tests = tcase_create("neighbours");

    tcase_add_test(tests, a_copy_is_of_one_moment_while_threads_write);
    tcase_add_test(tests, a_copy_is_of_one_moment_while_another_store_of_the_file_writes);
    tcase_add_test(tests, what_changes_during_a_copy_is_not_in_it);
    tcase_add_loop_test(tests, threads_may_copy_at_the_same_time, 0, 2);
    tcase_add_test(tests, the_log_begins_anew_after_a_copy);
    suite_add_tcase(suite, tests);
}

int main(void)
{
    Suite *suite = suite_create("backup");

    add_copies(suite);
    add_names(suite);
    add_neighbours(suite);
    return run_suite(suite);
}
