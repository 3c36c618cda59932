/* SPDX-License-Identifier: MIT */
#include "fault/sweep.h"
#include "support/crew.h"
#include "support/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum keyward_durability durability = KEYWARD_SURVIVES_POWER_LOSS;

/* ---- the rows: how many transactions have been committed ---- */

#define INDEX_BYTES 32768 /* of the log's index that SQLite maps at a time */
#define CHANGE_COUNTER 2  /* the word in its header that each commit increments */

static sqlite3_file *file_of(sqlite3 *db)
{
    sqlite3_file *file = NULL;

    ck_assert_int_eq(sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file), SQLITE_OK);
    return file;
}

/* Not PRAGMA data_version: that moves without a commit, too, when a writer begins the log anew and
 * fails then. */
uint32_t commits_of(const struct work *w)
{
    sqlite3_file *file = file_of(w->db);
    volatile void *index = NULL;

    ck_assert_int_eq(file->pMethods->xShmMap(file, 0, INDEX_BYTES, 0, &index), SQLITE_OK);
    return ((const volatile uint32_t *)index)[CHANGE_COUNTER];
}

/* SQLite itself has to begin with the index, or it does not let go of it. */
void look_past_library(struct work *w)
{
    ck_assert_int_eq(sqlite3_open(w->f.path, &w->db), SQLITE_OK);
    number(w, "SELECT count(*) FROM store");
}

/* Calls that the store has committed so far, each by itself. */
static int64_t writes_of(const struct work *w)
{
    keyward_activity *activity;
    int64_t writes;

    assert_status(w->f.store, keyward_get_activity(w->f.store, &activity), KEYWARD_OK);
    writes = activity->writes;
    ck_assert_int_eq(activity->commits, writes);
    ck_assert_int_eq(activity->commits_by_size[0], writes);
    keyward_activity_free(&activity);
    return writes;
}

/* The whole effect is there, and what wrote an event is counted, once. To ask begins the thread's
 * error record anew, in which an effect may be; and to look for one may write. */
static void expect_counted(struct work *w, const struct call *call, int64_t writes)
{
    bool is_writing = call->traits & WRITES;

    if (is_writing)
        ck_assert_int_eq(writes_of(w), writes + !(call->traits & NO_EVENT));
    call->expect(w);
    if (!is_writing)
        ck_assert_int_eq(writes_of(w), writes);
}

/* ---- the locks ---- */

#define LOG_LOCKS_AT 120 /* in the file of the log's index */

/* Every lock of the log can be had at once: nobody in this process reads or writes. */
static bool nobody_here_locks(const struct work *w)
{
    sqlite3_file *file = file_of(w->db);
    int code =
        file->pMethods->xShmLock(file, 0, SQLITE_SHM_NLOCK, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);

    if (code == SQLITE_OK)
        file->pMethods->xShmLock(file, 0, SQLITE_SHM_NLOCK,
                                 SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
    return code == SQLITE_OK;
}

/* A worker for a process of its own, to which this one's locks are another's. */
static int find_lock(void *context, int unused)
{
    const struct work *w = context;
    struct flock lock = {.l_type = F_WRLCK,
                         .l_whence = SEEK_SET,
                         .l_start = LOG_LOCKS_AT,
                         .l_len = SQLITE_SHM_NLOCK};
    char path[160];
    int fd;

    (void)unused;
    snprintf(path, sizeof path, "%s-shm", w->f.path);
    fd = open(path, O_RDWR | O_CLOEXEC);
    return fd < 0 || fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

void assert_unlocked(struct work *w, const char *name, const struct fault *fault, int nth,
                     bool by_process)
{
    ck_assert_msg(nobody_here_locks(w), "%s, %s %d: a lock is held", name, fault->name, nth);
    if (by_process)
        ck_assert_msg(run_process(find_lock, w) == 0, "%s, %s %d: a lock is held for others", name,
                      fault->name, nth);
}

/* ---- memory and files ---- */

#define DESCRIPTORS 256

struct holdings holdings_now(void)
{
    struct holdings now = {.descriptors = 0};

    for (int kind = 0; kind < MEMORY_KINDS; kind++)
        now.blocks[kind] = memory_blocks((enum memory_kind)kind);
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        now.descriptors += fcntl(fd, F_GETFD) != -1;
    return now;
}

void assert_holdings(const char *name, const struct fault *fault, const struct holdings *before)
{
    struct holdings now = holdings_now();

    ck_assert_msg(memcmp(&now, before, sizeof now) == 0,
                  "%s, %s: left are %d blocks of SQLite, %d of the library, %d open files", name,
                  fault->name, now.blocks[MEMORY_OF_SQLITE] - before->blocks[MEMORY_OF_SQLITE],
                  now.blocks[MEMORY_OF_LIBRARY] - before->blocks[MEMORY_OF_LIBRARY],
                  now.descriptors - before->descriptors);
}

/* ---- the failure itself ---- */

void assert_message_is_clean(const struct work *w, const char *message)
{
    static const char *const words[] = {"SELECT", "INSERT", "UPDATE", "DELETE FROM",
                                        "BEGIN",  "COMMIT", "PRAGMA", "api_keys"};

    ck_assert_ptr_nonnull(message);
    ck_assert_str_ne(message, "");
    for (size_t i = 0; i < COUNT(words); i++)
        ck_assert_msg(!strstr(message, words[i]), "'%s' has %s", message, words[i]);
    if (w->secret)
        ck_assert_msg(!strstr(message, w->secret->text), "'%s' has the secret", message);
    ck_assert_msg(!strstr(message, "_sk_"), "'%s' has a secret", message);
}

void assert_failure(const struct work *w, keyward *store, const char *name,
                    const struct fault *fault, int nth, enum keyward_status status)
{
    const keyward_error *error = keyward_last_error(store);

    ck_assert_msg(fault_explains(fault, status), "%s, %s %d: got %d (%s), wanted %d (%s)", name,
                  fault->name, nth, status, error->message, fault->status,
                  keyward_status_text(fault->status));
    ck_assert_msg(error->status == status, "%s, %s %d: the detail is of %d", name, fault->name, nth,
                  error->status);
    ck_assert_msg(fault_explains_code(fault, error->sqlite_code),
                  "%s, %s %d: SQLite's code is %d (%s)", name, fault->name, nth, error->sqlite_code,
                  error->message);
    assert_message_is_clean(w, error->message);
}

static bool is_a_flush(const struct fault *fault)
{
    return (fault->source == DISK && fault->kind == IO_SYNC) ||
           (fault->source == KERNEL && fault->kind == UNIX_FLUSH) ||
           (fault->source == OWN && fault->kind == SYSTEM_FSYNC);
}

/* Nothing was done: no row, no result, no lock, no count. */
static void expect_nothing(struct work *w, const struct call *call, const struct fault *fault,
                           int nth, enum keyward_status status, uint32_t commits, bool by_process)
{
    keyward *store = call->traits & NO_STORE ? NULL : w->f.store;

    assert_failure(w, store, call->name, fault, nth, status);
    ck_assert_msg(commits_of(w) == commits, "%s, %s %d: something stayed", call->name, fault->name,
                  nth);
    assert_unlocked(w, call->name, fault, nth, by_process);
    call->expect_none(w, status);
}

/* One fault: the call, what it left behind, and the same call without it. */
static bool provoke(struct work *w, const struct call *call, const struct fault *fault, int nth,
                    enum fault_length length, struct tally *tally)
{
    uint32_t commits = commits_of(w);
    int64_t writes = writes_of(w);
    enum keyward_status status;
    bool reached;

    fault_begin(fault, nth, length);
    status = call->run(w);
    reached = fault_end(fault) > 0;
    if (status != call->success) {
        ck_assert_msg(reached, "%s fails by itself: %s", call->name,
                      keyward_last_error(w->f.store)->message);
        expect_nothing(w, call, fault, nth, status, commits, tally->failed == 0);
        ck_assert_int_eq(writes_of(w), writes);
        tally->failed++;
        assert_status(w->f.store, call->run(w), call->success);
    } else if (is_a_flush(fault) && !(call->traits & (FLUSHES_LATER | NEVER_FAILS))) {
        ck_assert_msg(!reached, "%s: a flush failed and nobody was told", call->name);
    }
    tally->points += reached;
    expect_counted(w, call, writes);
    return reached;
}

/* ---- all points ---- */

bool every_point(void)
{
    return getenv("KEYWARD_TEST_EVERY_POINT");
}

int step_of(const struct fault *fault, int tried)
{
    return every_point() ? 1 : 1 + fault_calls(fault) / tried;
}

static void begin_round(struct work *w, const struct call *call, enum start start)
{
    call->prepare(w);
    if (start == COLD)
        fixture_reopen(&w->f);
}

static int choose_step(struct work *w, const struct call *call, const struct fault *fault,
                       enum start start, int tried)
{
    begin_round(w, call, start);
    fault_begin(fault, POINTS_MAX, FAIL_ONCE);
    assert_status(w->f.store, call->run(w), call->success);
    ck_assert_int_eq(fault_end(fault), 0);
    end_round(w, call);
    /* Most of a purge's calls empty the log, which harms nobody when it fails. */
    return step_of(fault, call->traits & FLUSHES_LATER ? 4 * tried : tried);
}

static void provoke_each(struct work *w, const struct call *call, const struct fault *fault,
                         enum fault_length length, enum start start, int tried, struct tally *tally)
{
    int step = choose_step(w, call, fault, start, tried);
    bool reached = true;

    for (int nth = 1; reached; nth += step) {
        ck_assert_int_lt(nth, POINTS_MAX);
        begin_round(w, call, start);
        reached = provoke(w, call, fault, nth, length, tally);
        end_round(w, call);
    }
}

static bool is_a_write(const struct fault *fault)
{
    return (fault->source == DISK && fault->kind == IO_WRITE) ||
           (fault->source == KERNEL && fault->kind == UNIX_WRITE);
}

void settle(void)
{
    static bool settled;
    struct fixture f;

    if (settled)
        return;
    fixture_open(&f);
    fixture_close(&f);
    settled = true;
}

/* The writes that extend the log, which harm nobody when they fail, can take all the points of a
 * first time; those of a second one are the commits' own. */
void sweep(const struct call *call, const struct fault *fault, enum fault_length length,
           enum start start, int tried, struct tally *tally)
{
    struct work w = {.round = 0};
    struct holdings before;

    settle();
    before = holdings_now();
    fixture_open(&w.f);
    w.f.options.busy_timeout_ms = 0; /* a lock that fails is not waited for */
    w.f.options.purge_retention = 1;
    w.f.options.durability = durability;
    fixture_reopen(&w.f);
    look_past_library(&w);
    provoke_each(&w, call, fault, length, start, tried, tally);
    if (is_a_write(fault))
        provoke_each(&w, call, fault, length, start, tried, tally);
    free_prepared(&w);
    compose_free();
    assert_sound(&w.f);
    sqlite3_close(w.db);
    fixture_close(&w.f);
    assert_holdings(call->name, fault, &before);
}

void assert_hit(const char *name, const struct fault *fault, const struct tally *tally, int floor)
{
    printf("%s, %s: %d points, %d failures\n", name, fault->name, tally->points, tally->failed);
    fflush(stdout);
    ck_assert_msg(tally->failed >= floor, "%s, %s: only %d failures", name, fault->name,
                  tally->failed);
}
