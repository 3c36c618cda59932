/* SPDX-License-Identifier: MIT */
/* The HTTP server when the store cannot be written or read, and when it is told to end: what it
 * says, what stands in the store, and that it goes on. */
#include "fault/preload.h"
#include "support/crew.h"
#include "support/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char healthy[] = "{\"success\":true,\"status\":\"ok\"}";
static const char deleted[] = "{\"success\":true,\"message\":\"AI API key deleted successfully\"}";

static struct fixture f;
static struct server *server;
static struct preload_faults *faults; /* of the server's system calls */
static keyward_key *key;              /* "CI" of "repo-1", made by the host (event 5) */
static keyward_secret *secret;

static void open_store(void)
{
    server_fixture_open(&f);
    key = make_key(&f, "repo-1", "CI", &secret);
}

/* The page of memory that the server shares with this process. */
static void share_faults(void)
{
    struct preload_faults none = {{0}, {0}};
    int fd;

    write_whole(path_in(&f, "faults"), &none, sizeof none);
    fd = open(path_in(&f, "faults"), O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    faults = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(faults, MAP_FAILED);
    close(fd);
}

/* A server whose system calls can be made to fail, and which does not wait long for a lock. What it
 * says never has the store's path in it. */
static void open_fixture(void)
{
    const char *sanitizer = getenv("ASAN_OPTIONS");

    open_store();
    share_faults();
    server = server_start_with(
        &f, ARGUMENTS("--busy-timeout", "50"),
        ARGUMENTS("LD_PRELOAD=" KEYWARD_FAULT_PRELOAD,
                  text("KEYWARD_FAULT_FILE=%s", path_in(&f, "faults")),
                  text("ASAN_OPTIONS=%s:verify_asan_link_order=0", sanitizer ? sanitizer : "")));
    server_guard(server, secret->text);
    server_guard(server, f.folder);
}

static void close_fixture(void)
{
    server_stop(&server);
    assert_sound(&f);
    if (faults)
        munmap(faults, sizeof *faults);
    faults = NULL;
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    fixture_close(&f);
}

/* ---- each operation, and what it says when it fails ---- */

static struct answer create(void)
{
    return ASK(server, .method = "POST", .target = keys_of("repo-1"), .as = "will",
               .body = "{\"name\":\"new\",\"aiType\":\"AWS\"}");
}

static struct answer rename_it(void)
{
    return ASK(server, .method = "PUT", .target = key_target(key), .as = "will",
               .body = "{\"name\":\"renamed\"}");
}

static struct answer delete_it(void)
{
    return ASK(server, .method = "DELETE", .target = key_target(key), .as = "will", .id = "req-1");
}

static struct answer list(void)
{
    return ASK(server, .target = keys_of("repo-1"), .as = "rita");
}

static struct answer read_events(void)
{
    return ASK(server, .method = "POST", .target = "/systemevent", .as = "anna",
               .body = "{\"from_timestamp\":\"2000-01-01\"}");
}

static struct answer verify(void)
{
    return ASK(server, .method = "POST", .target = "/auth/verify",
               .body = text("{\"key\":\"%s\",\"secret\":\"%s\"}", key->access_key, secret->text));
}

static struct answer health(void)
{
    return ASK(server, .target = "/healthz");
}

/* In an order in which each still finds its key. */
static const struct {
    struct answer (*ask)(void);
    const char *failure;
} writes[] = {{create, "Failed to create AI API key"},
              {rename_it, "Failed to update AI API key"},
              {delete_it, "Failed to delete AI API key"}},
  reads[] = {{list, "Failed to list AI API keys"},
             {read_events, "Failed to read events"},
             {verify, "Failed to verify API key"}};

static void assert_all_work(void)
{
    for (size_t i = 0; i < COUNT(reads); i++)
        assert_answer_status(reads[i].ask(), 200);
    for (size_t i = 0; i < COUNT(writes); i++)
        assert_answer_status(writes[i].ask(), 200);
    ck_assert_int_eq(count_events(f.path), 8);
    assert_server_event(&f, 8, "action=key.deleted actor=will repo=repo-1 key=%s name=renamed%s",
                        key->id, origin("req-1"));
    assert_answer(health(), 200, healthy);
}

/* ---- a store that is locked ---- */

static sqlite3 *lock_store(void)
{
    sqlite3 *locker;

    ck_assert_int_eq(sqlite3_open_v2(f.path, &locker, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(locker, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return locker;
}

START_TEST(a_locked_store_is_busy)
{
    sqlite3 *locker = lock_store();

    for (size_t i = 0; i < COUNT(writes); i++)
        assert_refusal(writes[i].ask(), 503, "The store is busy");
    for (size_t i = 0; i < COUNT(reads); i++)
        assert_answer_status(reads[i].ask(), 200); /* nobody who reads waits */
    assert_answer_status(health(), 503);
    ck_assert_int_eq(sqlite3_close(locker), SQLITE_OK);
    ck_assert_int_eq(count_events(f.path), 5);
    assert_answer(health(), 200, healthy);
    assert_all_work();
}
END_TEST

/* Who waits long enough is served. */
START_TEST(a_lock_is_waited_for)
{
    struct wire wire;
    sqlite3 *locker;

    server_stop(&server);
    server = SERVER_START(&f, NULL);
    locker = lock_store();
    wire = wire_open(server);
    wire_print(&wire, "%s\r\n", head_of("DELETE", key_target(key), "will"));
    assert_answer_status(list(), 200);
    ck_assert_int_eq(sqlite3_close(locker), SQLITE_OK);
    assert_answer(wire_answer(&wire), 200, deleted);
    wire_close(&wire);
}
END_TEST

/* ---- a disk that is full, or broken ---- */

static void fail_with(enum preload_call call, int number)
{
    atomic_store(&faults->number[call], number);
}

/* All calls of that kind have gone wrong, and there were some. */
static void repair(enum preload_call call)
{
    ck_assert_int_gt(atomic_load(&faults->failed[call]), 0);
    atomic_store(&faults->number[call], 0);
}

START_TEST(a_full_disk_is_told)
{
    char *before = dump(f.path);

    fail_with(PRELOAD_WRITE, ENOSPC);
    for (size_t i = 0; i < COUNT(writes); i++)
        assert_refusal(writes[i].ask(), 503, "The store is full");
    for (size_t i = 0; i < COUNT(reads); i++)
        assert_answer_status(reads[i].ask(), 200);
    assert_answer_status(health(), 503);
    assert_same_dump(f.path, before);
    repair(PRELOAD_WRITE);
    assert_all_work();
}
END_TEST

/* _i: which kind of call it is that fails. */
START_TEST(a_broken_disk_is_told)
{
    const enum preload_call call = _i == 0 ? PRELOAD_WRITE : PRELOAD_FLUSH;
    char *before = dump(f.path);

    fail_with(call, EIO);
    for (size_t i = 0; i < COUNT(writes); i++)
        assert_refusal(writes[i].ask(), 500, writes[i].failure);
    assert_answer_status(health(), 503);
    assert_same_dump(f.path, before);
    repair(call);
    assert_all_work();
}
END_TEST

/* Somebody else has written, so that the server has to read the file again. */
START_TEST(what_cannot_be_read_is_told)
{
    for (size_t i = 0; i < COUNT(reads); i++) {
        assert_answer_status(reads[i].ask(), 200);
        assert_status(f.store,
                      keyward_rename_key(f.store, &host, "repo-1", key->id, text("name %zu", i)),
                      KEYWARD_OK);
        fail_with(PRELOAD_READ, EIO);
        assert_refusal(reads[i].ask(), 500, reads[i].failure);
        repair(PRELOAD_READ);
        assert_answer_status(reads[i].ask(), 200);
    }
}
END_TEST

/* What it said of a failure is for who runs it, on stderr. */
START_TEST(a_failure_is_logged)
{
    char *log;

    fail_with(PRELOAD_WRITE, EIO);
    assert_answer_status(delete_it(), 500);
    repair(PRELOAD_WRITE);
    log = server_stop_for_log(&server);
    ck_assert_msg(strstr(log, "req-1") != NULL, "'%s'", log);
    free(log);
}
END_TEST

/* ---- a store that others have damaged, or locked for good ---- */

/* Writes other bytes for the one sealed secret, past the trigger that forbids it. */
static void write_sealed(const char *hexadecimal, const char *trigger)
{
    ck_assert_int_eq(sql(f.path, text("DROP TRIGGER IF EXISTS sealed_secrets_stay_as_written;"
                                      "UPDATE sealed_secrets SET sealed = X'%s';%s",
                                      hexadecimal, trigger)),
                     SQLITE_OK);
}

START_TEST(a_damaged_secret_is_told)
{
    char *trigger = sql_text(f.path, "SELECT sql FROM sqlite_schema"
                                     " WHERE name = 'sealed_secrets_stay_as_written'");
    char *sealed = sql_text(f.path, "SELECT hex(sealed) FROM sealed_secrets");
    size_t end = strlen(sealed) - 1;

    write_sealed(text("%.*s%c", (int)end, sealed, sealed[end] == '0' ? '1' : '0'), trigger);
    assert_refusal(verify(), 500, "Failed to verify API key");
    write_sealed(sealed, trigger);
    assert_answer_status(verify(), 200);
    free(trigger);
    free(sealed);
}
END_TEST

START_TEST(another_master_key_is_told)
{
    const keyward_master_key other = {.key =
                                          (const unsigned char *)"another key of thirty-two bytes"};

    assert_status(f.store, keyward_change_master_key(f.store, &host, &other), KEYWARD_OK);
    assert_refusal(create(), 500, "Failed to create AI API key");
    assert_answer_status(list(), 200);
    assert_answer(delete_it(), 200, deleted); /* which needs no secret */
}
END_TEST

/* ---- the end ---- */

/* The server lets nobody in any more. */
static void await_quiet(int port)
{
    int fd;

    while ((fd = wire_connect(port)) >= 0)
        close(fd);
}

START_TEST(idle_connections_are_closed)
{
    const int signals[] = {SIGTERM, SIGINT};
    struct wire asked, silent;

    server_stop(&server);
    server = SERVER_START(&f, NULL);
    asked = wire_open(server);
    silent = wire_open(server);
    wire_print(&asked, "%s\r\n", head_of("GET", "/healthz", NULL));
    assert_answer(wire_answer(&asked), 200, healthy);
    server_signal(server, signals[_i]);
    assert_closed(&asked);
    assert_closed(&silent);
    server_wait(&server);
    wire_close(&asked);
    wire_close(&silent);
}
END_TEST

static const char late[] = "{\"name\":\"late\",\"aiType\":\"AWS\"}";

/* Sends a request but for the rest of its body, and waits until the server has taken it up. */
static struct wire begin_request(void)
{
    struct wire wire = wire_open(server);

    wire_print(&wire,
               "%sContent-Type: application/json\r\nContent-Length: %zu\r\n"
               "Expect: 100-continue\r\n\r\n",
               head_of("POST", keys_of("repo-1"), "will"), strlen(late));
    assert_answer_status(wire_answer(&wire), 100);
    wire_send(&wire, late, 10);
    return wire;
}

/* The answer is the connection's last, and the server then ends. */
static void assert_last_answer(struct wire *wire)
{
    struct answer answer = wire_answer(wire);

    assert_common(server, &answer);
    ck_assert_str_eq(answer_header(&answer, "Connection"), "close");
    assert_answer_status(answer, 200);
    assert_closed(wire);
    server_wait(&server);
    assert_row_of(f.path, "SELECT name FROM audit_events WHERE sequence = 6", "late");
    wire_close(wire);
}

START_TEST(a_running_request_is_answered)
{
    struct wire wire = begin_request();
    int port = server_port(server);

    server_signal(server, SIGTERM);
    await_quiet(port);
    wire_send(&wire, late + 10, strlen(late) - 10);
    assert_last_answer(&wire);
}
END_TEST

/* Also one that waits for the store. */
START_TEST(a_waiting_request_is_answered)
{
    sqlite3 *locker;
    struct wire wire;
    int port;

    server_stop(&server);
    server = SERVER_START(&f, NULL);
    port = server_port(server);
    wire = begin_request();
    locker = lock_store();
    wire_send(&wire, late + 10, strlen(late) - 10);
    server_signal(server, SIGTERM);
    await_quiet(port);
    ck_assert_int_eq(sqlite3_close(locker), SQLITE_OK);
    assert_last_answer(&wire);
}
END_TEST

/* Half a head is no request that runs; it must not keep the server from ending. */
START_TEST(half_a_head_ends)
{
    struct wire wire;

    server_stop(&server);
    server = SERVER_START(&f, "--idle-timeout", "1");
    wire = wire_open(server);
    wire_print(&wire, "GET /healthz HTTP/1.1\r\nHost: lo");
    server_signal(server, SIGTERM);
    wire_drain(&wire);
    server_wait(&server);
    wire_close(&wire);
}
END_TEST

#define WORKERS 16
#define KEYS_EACH 40

struct work {
    int port;
    char *requests[WORKERS][KEYS_EACH], *ids[WORKERS][KEYS_EACH];
    bool acknowledged[WORKERS][KEYS_EACH];
    atomic_int count; /* of those */
    sem_t half_way;
    void (*end)(void);
};

static void prepare_work(struct work *work)
{
    server_stop(&server);
    server = SERVER_START(&f, NULL); /* which waits for its own locks as long as it takes */
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    for (int who = 0; who < WORKERS; who++) {
        for (int i = 0; i < KEYS_EACH; i++) {
            keyward_key *one = make_key(&f, "repo-1", "one", NULL);

            work->ids[who][i] = strdup(one->id);
            work->requests[who][i] =
                strdup(text("%s\r\n", head_of("DELETE", key_target(one), "will")));
            keyward_key_free(&one);
        }
    }
    work->port = server_port(server);
    ck_assert_int_eq(sem_init(&work->half_way, 0, 0), 0);
}

/* Deletes over one connection, one key after the other, as long as the server answers. */
static int delete_keys(struct work *work, int number)
{
    struct wire wire = {.fd = wire_connect(work->port)};
    int result = wire.fd < 0;

    for (int i = 0; result == 0 && i < KEYS_EACH; i++) {
        const char *request = work->requests[number][i];
        int status = 0;

        if (wire_try_send(&wire, request, strlen(request)))
            status = wire_try_status(&wire);
        if (status == 0)
            break; /* the connection has ended */
        if (status != 200)
            result = status;
        work->acknowledged[number][i] = status == 200;
        if (atomic_fetch_add(&work->count, 1) + 1 == WORKERS * KEYS_EACH / 3)
            sem_post(&work->half_way);
    }
    sem_post(&work->half_way); /* also when it went wrong: nobody waits for ever */
    wire_close(&wire);
    return result;
}

/* One of the crew ends the server when a third of the work is done, or one has done all of his. */
static int work_or_end(void *context, int number)
{
    struct work *work = context;

    if (number < WORKERS)
        return delete_keys(work, number);
    while (sem_wait(&work->half_way) != 0)
        ;
    work->end();
    return 0;
}

/* How many keys are deleted that nobody was told of; what was acknowledged must be deleted. */
static int compare_work(const struct work *work)
{
    int untold = 0;

    for (int who = 0; who < WORKERS; who++) {
        for (int i = 0; i < KEYS_EACH; i++) {
            keyward_key *one = look_at(&f, "repo-1", work->ids[who][i]);
            bool is_deleted = one->deleted_event != 0;

            ck_assert(is_deleted || !work->acknowledged[who][i]);
            untold += is_deleted && !work->acknowledged[who][i];
            keyward_key_free(&one);
        }
    }
    return untold;
}

static void free_work(struct work *work)
{
    for (int who = 0; who < WORKERS; who++) {
        for (int i = 0; i < KEYS_EACH; i++) {
            free(work->ids[who][i]);
            free(work->requests[who][i]);
        }
    }
    sem_destroy(&work->half_way);
}

static void terminate(void)
{
    server_signal(server, SIGTERM);
}

static void slay(void)
{
    server_signal(server, SIGKILL);
}

/* What the clients were told is what stands in the store: no more, no less. */
START_TEST(the_drain_deletes_what_it_acknowledges)
{
    static struct work work;

    memset(&work, 0, sizeof work);
    prepare_work(&work);
    work.end = terminate;
    run_crew(WORKERS + 1, work_or_end, &work, NULL);
    server_wait(&server);
    ck_assert_int_lt(atomic_load(&work.count), WORKERS * KEYS_EACH);
    ck_assert_int_eq(compare_work(&work), 0);
    ck_assert_int_eq(sql_number(f.path, "SELECT count(*) FROM audit_events"
                                        " WHERE action = 'key.deleted'"),
                     atomic_load(&work.count));
    free_work(&work);
}
END_TEST

/* A server that dies has kept what it acknowledged; of the rest, one request a connection at most
 * was carried out without a word. */
START_TEST(a_dead_server_has_kept_its_word)
{
    static struct work work;

    memset(&work, 0, sizeof work);
    prepare_work(&work);
    work.end = slay;
    run_crew(WORKERS + 1, work_or_end, &work, NULL);
    server_kill(&server);
    ck_assert_int_le(compare_work(&work), WORKERS);
    free_work(&work);
    server = SERVER_START(&f, NULL);
    assert_answer(delete_it(), 200, deleted);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_faults");
    TCase *tests = suite_add_case(suite, "faults", open_fixture, close_fixture);

    tcase_add_test(tests, a_locked_store_is_busy);
    tcase_add_test(tests, a_lock_is_waited_for);
    tcase_add_test(tests, a_full_disk_is_told);
    tcase_add_loop_test(tests, a_broken_disk_is_told, 0, 2);
    tcase_add_test(tests, what_cannot_be_read_is_told);
    tcase_add_test(tests, a_failure_is_logged);
    tcase_add_test(tests, a_damaged_secret_is_told);
    tcase_add_test(tests, another_master_key_is_told);
    tcase_add_loop_test(tests, idle_connections_are_closed, 0, 2);
    tcase_add_test(tests, a_running_request_is_answered);
    tcase_add_test(tests, a_waiting_request_is_answered);
    tcase_add_test(tests, half_a_head_ends);
    tcase_add_loop_test(tests, the_drain_deletes_what_it_acknowledges, 0, 5);
    tcase_add_test(tests, a_dead_server_has_kept_its_word);
    return run_suite(suite);
}
