/* SPDX-License-Identifier: MIT */
/* The HTTP server as a program: its command line, what it prints, and what it logs. */
#include "support/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct fixture f;
static struct server *server;
static keyward_key *key; /* "CI" of "repo-1", made by the host (event 5) */
static keyward_secret *secret;

static void open_store(void)
{
    server_fixture_open(&f);
    key = make_key(&f, "repo-1", "CI", &secret);
}

/* Empties the folder that the demonstration makes. */
static void remove_demo(void)
{
    static const char *const names[] = {"keys.db", "keys.db-wal", "keys.db-shm", "master.key",
                                        "tokens.jsonl"};

    for (size_t i = 0; i < COUNT(names); i++)
        unlink(path_in(&f, text("demo/%s", names[i])));
    rmdir(path_in(&f, "demo"));
}

static void close_fixture(void)
{
    server_stop(&server);
    remove_demo();
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    fixture_close(&f);
}

/* ---- the command line ---- */

static void assert_refused(struct result result, int code, const char *part)
{
    ck_assert_msg(result.code == code, "exit code %d, not %d; stdout '%s', stderr '%s'",
                  result.code, code, result.out, result.err);
    ck_assert_str_eq(result.out, "");
    ck_assert_msg(strstr(result.err, part) != NULL, "'%s' is not in '%s'", part, result.err);
    result_drop(&result);
}

#define FILES "--store", "keys.db", "--master-key", "master.key", "--tokens", "tokens.jsonl"

START_TEST(a_wrong_command_line_is_2)
{
    const char *const *const wrong[] = {
        ARGUMENTS(NULL),
        ARGUMENTS("--store", "keys.db"),
        ARGUMENTS("--store", "keys.db", "--tokens", "tokens.jsonl"),
        ARGUMENTS("--master-key", "master.key", "--tokens", "tokens.jsonl"),
        ARGUMENTS("--store"),
        ARGUMENTS(FILES, "--bogus"),
        ARGUMENTS(FILES, "extra"),
        ARGUMENTS(FILES, "--listen", "127.0.0.1"),
        ARGUMENTS(FILES, "--listen", "127.0.0.1:"),
        ARGUMENTS(FILES, "--listen", "127.0.0.1:65536"),
        ARGUMENTS(FILES, "--listen", "127.0.0.1:http"),
        ARGUMENTS(FILES, "--listen", "127.0.0.1:-1"),
        ARGUMENTS(FILES, "--connections", "0"),
        ARGUMENTS(FILES, "--connections", "many"),
        ARGUMENTS(FILES, "--connections", "-5"),
        ARGUMENTS(FILES, "--connections", ""),
        ARGUMENTS(FILES, "--idle-timeout", "0"),
        ARGUMENTS(FILES, "--idle-timeout", "1.5"),
        ARGUMENTS(FILES, "--request-timeout", "0"),
        ARGUMENTS(FILES, "--request-timeout", "99999999999999999999"),
        ARGUMENTS(FILES, "--busy-timeout", "3600001"),
        ARGUMENTS(FILES, "--busy-timeout", "5s"),
        ARGUMENTS(FILES, "--demo", "demo"),
    };

    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_refused(server_run(&f, wrong[i]), 2, "--help");
}
END_TEST

START_TEST(what_is_not_there_is_1)
{
    assert_refused(SERVER_RUN(&f, "--store", "none.db", "--master-key", "master.key", "--tokens",
                              "tokens.jsonl", "--listen", "127.0.0.1:0"),
                   1, "none.db");
    ck_assert_int_ne(access(path_in(&f, "none.db"), F_OK), 0);
    assert_refused(SERVER_RUN(&f, "--store", "keys.db", "--master-key", "none.key", "--tokens",
                              "tokens.jsonl", "--listen", "127.0.0.1:0"),
                   1, "");
    assert_refused(SERVER_RUN(&f, "--store", "keys.db", "--master-key", "master.key", "--tokens",
                              "none.jsonl", "--listen", "127.0.0.1:0"),
                   1, "none.jsonl");
    assert_refused(SERVER_RUN(&f, "--store", "master.key", "--master-key", "master.key", "--tokens",
                              "tokens.jsonl", "--listen", "127.0.0.1:0"),
                   1, "");
    assert_refused(SERVER_RUN(&f, "--store", "keys.db", "--master-key", "tokens.jsonl", "--tokens",
                              "tokens.jsonl", "--listen", "127.0.0.1:0"),
                   1, "");
}
END_TEST

START_TEST(a_port_is_taken_once)
{
    server = SERVER_START(&f, NULL);
    assert_refused(SERVER_RUN(&f, FILES, "--listen", text("127.0.0.1:%d", server_port(server))), 1,
                   "");
    assert_answer_status(ASK(server, .target = "/healthz"), 200);
}
END_TEST

START_TEST(help_and_version)
{
    static const char *const options[] = {
        "--store",           "--master-key",   "--tokens",    "--demo",        "--new-token",
        "--email",           "--name",         "--listen",    "--connections", "--idle-timeout",
        "--request-timeout", "--busy-timeout", "--access-log"};
    struct result help = SERVER_RUN(&f, "--help"), version = SERVER_RUN(&f, "--version");

    ck_assert_int_eq(help.code, 0);
    ck_assert_str_eq(help.err, "");
    for (size_t i = 0; i < COUNT(options); i++)
        ck_assert_msg(strstr(help.out, options[i]) != NULL, "%s", options[i]);
    ck_assert_int_eq(version.code, 0);
    ck_assert_ptr_nonnull(strstr(version.out, keyward_version()));
    result_drop(&help);
    result_drop(&version);
}
END_TEST

START_TEST(it_listens_on_ipv6)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct wire wire = {.fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};

    if (wire.fd < 0 || bind(wire.fd, (struct sockaddr *)&address, sizeof address) != 0) {
        wire_close(&wire);
        return; /* this machine has none */
    }
    server = server_start_bare(&f, ARGUMENTS("--store", f.path, "--master-key",
                                             path_in(&f, "master.key"), "--tokens",
                                             path_in(&f, "tokens.jsonl"), "--listen", "[::1]:0"));
    ck_assert_str_eq(server_address(server), text("[::1]:%d", server_port(server)));
    address.sin6_port = htons((uint16_t)server_port(server));
    ck_assert_int_eq(connect(wire.fd, (struct sockaddr *)&address, sizeof address), 0);
    wire_print(&wire, "%s\r\n", head_of("DELETE", key_target(key), "will"));
    assert_answer_status(wire_answer(&wire), 200);
    assert_row_of(f.path, "SELECT client_address FROM audit_events WHERE sequence = 6", "::1");
    wire_close(&wire);
}
END_TEST

/* ---- --demo ---- */

static struct server *start_demo(void)
{
    return server_start_bare(&f,
                             ARGUMENTS("--demo", path_in(&f, "demo"), "--listen", "127.0.0.1:0"));
}

/* The token that stands behind this user's name. */
static const char *token_in(const char *greeting, const char *user)
{
    const char *found = strstr(greeting, user);

    found = found ? strstr(found, "kwt_") : NULL;
    ck_assert_msg(found != NULL, "'%s'", greeting);
    return text("%.47s", found);
}

static struct answer list_demo(const char *token)
{
    return ASK(server, .target = keys_of("demo"),
               .headers = ARGUMENTS(text("Authorization: Bearer %s", token)));
}

static struct answer create_in_demo(const char *token)
{
    return ASK(server, .method = "POST", .target = keys_of("demo"),
               .body = "{\"name\":\"mine\",\"aiType\":\"AWS\"}",
               .headers = ARGUMENTS(text("Authorization: Bearer %s", token)));
}

static void assert_private(const char *name)
{
    struct stat about;

    ck_assert_int_eq(stat(path_in(&f, text("demo/%s", name)), &about), 0);
    ck_assert_msg((about.st_mode & 0777) == 0600, "%s: %o", name, about.st_mode);
}

START_TEST(a_demonstration_is_made_once)
{
    char anna_token[48], ben_token[48];
    json_t *listed;

    server = start_demo();
    snprintf(anna_token, sizeof anna_token, "%s", token_in(server_greeting(server), "anna"));
    snprintf(ben_token, sizeof ben_token, "%s", token_in(server_greeting(server), "ben"));
    listed = assert_answer_json(list_demo(ben_token), 200);
    ck_assert_uint_eq(json_array_size(json_object_get(listed, "apiKeys")), 3);
    json_decref(listed);
    assert_answer_status(create_in_demo(ben_token), 403);
    assert_answer_status(create_in_demo(anna_token), 200);
    assert_private("keys.db");
    assert_private("master.key");
    assert_private("tokens.jsonl");
    server_stop(&server);
    server = start_demo();
    ck_assert_ptr_null(strstr(server_greeting(server), "kwt_"));
    listed = assert_answer_json(list_demo(anna_token), 200);
    ck_assert_uint_eq(json_array_size(json_object_get(listed, "apiKeys")), 4);
    json_decref(listed);
}
END_TEST

/* ---- what it logs ---- */

START_TEST(it_is_silent_without_being_asked)
{
    char *log;

    server = SERVER_START(&f, NULL);
    assert_answer_status(ASK(server, .target = keys_of("repo-1"), .as = "anna"), 200);
    assert_answer_status(ASK(server, .target = keys_of("repo-1")), 401);
    assert_answer_status(ASK(server, .target = "/nothing"), 404);
    log = server_stop_for_log(&server);
    ck_assert_str_eq(log, "");
    free(log);
}
END_TEST

static size_t count_lines(const char *lines)
{
    size_t count = 0;

    for (; (lines = strchr(lines, '\n')); lines++)
        count++;
    return count;
}

/* One line each, whatever the client says, and never what opens anything. */
START_TEST(the_access_log_has_a_line_a_request)
{
    char *log;

    server = SERVER_START(&f, "--access-log");
    server_guard(server, secret->text);
    server_guard(server, "wrong-token");
    for (int i = 0; i < 3; i++)
        assert_answer_status(ASK(server, .target = keys_of("repo-1"), .as = "anna"), 200);
    assert_answer_status(
        ASK(server, .method = "POST", .target = "/auth/verify",
            .body = text("{\"key\":\"%s\",\"secret\":\"%s\"}", key->access_key, secret->text)),
        200);
    assert_answer_status(ASK(server, .target = keys_of("%0Aforged%20line"), .as = "anna",
                             .headers = ARGUMENTS("User-Agent: a\tb\033[31m\"")),
                         403);
    assert_answer_status(ASK(server, .target = keys_of("repo-1"),
                             .headers = ARGUMENTS("Authorization: Bearer wrong-token")),
                         401);
    assert_answer_status(ASK(server, .method = "DELETE", .as = "will", .id = "the-last",
                             .target = text("%s?reason=other&reasonText=%%0Ax", key_target(key))),
                         200);
    log = server_stop_for_log(&server);
    ck_assert_msg(count_lines(log) == 7, "'%s'", log);
    ck_assert_msg(strstr(log, "the-last") != NULL, "'%s'", log);
    ck_assert_ptr_null(strchr(log, '\033'));
    free(log);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_program");
    TCase *tests = suite_add_case(suite, "program", open_store, close_fixture);

    tcase_add_test(tests, a_wrong_command_line_is_2);
    tcase_add_test(tests, what_is_not_there_is_1);
    tcase_add_test(tests, a_port_is_taken_once);
    tcase_add_test(tests, help_and_version);
    tcase_add_test(tests, it_listens_on_ipv6);
    tcase_add_test(tests, a_demonstration_is_made_once);
    tcase_add_test(tests, it_is_silent_without_being_asked);
    tcase_add_test(tests, the_access_log_has_a_line_a_request);
    return run_suite(suite);
}
