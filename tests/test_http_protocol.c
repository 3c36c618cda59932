/* SPDX-License-Identifier: MIT */
/* The HTTP server as a server of HTTP: methods, limits, connections, hostile clients, and what it
 * serves beside the keys. */
#include "support/crew.h"
#include "support/served_key.h"
#include "support/wire.h"

#include <netinet/in.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char healthy[] = "{\"success\":true,\"status\":\"ok\"}";
static const char not_allowed[] = "Method not allowed";
static const char wrong_type[] = "The content type must be application/json";
static const char body_too_large[] = "The body is larger than 65536 bytes";
static const char target_too_long[] = "The request target is too long";
static const char head_too_large[] = "The request head is too large";

/* Whatever went before, the next request is answered. */
static void assert_alive(void)
{
    assert_answer(ASK(server, .target = "/healthz"), 200, healthy);
}

/* The wire's next answer, with all that holds for every answer. */
static struct answer checked(struct wire *wire)
{
    struct answer answer = wire_answer(wire);

    assert_common(server, &answer);
    return answer;
}

/* ---- paths and methods ---- */

START_TEST(an_unknown_path_is_not_found)
{
    static const char *const targets[] = {"/x",
                                          "/repo",
                                          "/repo/",
                                          "/repo/repo-1",
                                          "/repo/repo-1/ai",
                                          "/repo/repo-1/ai/apikeys",
                                          "/repo/repo-1/ai/apikey/",
                                          "/repo/repo-1/ai/apikey/k/",
                                          "/repo/repo-1/ai/apikey/k/x",
                                          "/repo/repo-1/AI/apikey",
                                          "/x/repo/repo-1/ai/apikey",
                                          "//healthz",
                                          "/healthz/",
                                          "/HEALTHZ",
                                          "/healthz%20",
                                          "/metrics/",
                                          "/systemevent/",
                                          "/auth",
                                          "/auth/",
                                          "/auth/verify/",
                                          "/index.html",
                                          "/page.css/",
                                          "/favicon.ico",
                                          "/../healthz",
                                          "/page/../page.css",
                                          "/openapi"};
    static const char *const methods[] = {"GET", "POST", "DELETE", "OPTIONS", "BREW"};

    for (size_t i = 0; i < COUNT(targets); i++) {
        const char *method = methods[i % COUNT(methods)];
        assert_refusal(ASK(server, .method = method, .target = targets[i]), 404, "Not found");
        assert_refusal(ASK(server, .target = targets[i], .as = "anna"), 404, "Not found");
    }
}
END_TEST

static const struct {
    const char *target, *allow;
} routes[] = {
    {"/repo/repo-1/ai/apikey", "GET, HEAD, POST, OPTIONS"},
    {"/repo/repo-1/ai/apikey/some-key", "PUT, DELETE, OPTIONS"},
    {"/systemevent", "POST, OPTIONS"},
    {"/auth/verify", "POST, OPTIONS"},
    {"/healthz", "GET, HEAD, OPTIONS"},
    {"/metrics", "GET, HEAD, OPTIONS"},
    {"/openapi.json", "GET, HEAD, OPTIONS"},
    {"/", "GET, HEAD, OPTIONS"},
    {"/page.css", "GET, HEAD, OPTIONS"},
    {"/page.js", "GET, HEAD, OPTIONS"},
    {"/icon.svg", "GET, HEAD, OPTIONS"},
};

/* Before the token and the body are looked at. */
START_TEST(a_wrong_method_is_not_allowed)
{
    static const char *const methods[] = {"GET",   "POST",     "PUT", "DELETE", "PATCH",
                                          "TRACE", "PROPFIND", "gEt", "BREW"};

    for (size_t i = 0; i < COUNT(routes); i++) {
        for (size_t j = 0; j < COUNT(methods); j++) {
            struct answer answer;

            if (strstr(routes[i].allow, methods[j]))
                continue;
            answer = ASK(server, .method = methods[j], .target = routes[i].target);
            ck_assert_int_eq(answer.status, 405);
            ck_assert_str_eq(answer_header(&answer, "Allow"), routes[i].allow);
            assert_refusal(answer, 405, not_allowed);
        }
    }
    assert_answer_status(ASK(server, .method = "HEAD", .target = "/systemevent"), 405);
    ck_assert_int_eq(count_events(f.path), 5);
}
END_TEST

START_TEST(options_tell_what_is_allowed)
{
    for (size_t i = 0; i < COUNT(routes); i++) {
        struct answer answer = ASK(server, .method = "OPTIONS", .target = routes[i].target);

        ck_assert_int_eq(answer.status, 204);
        ck_assert_str_eq(answer_header(&answer, "Allow"), routes[i].allow);
        ck_assert_uint_eq(answer.length, 0);
        answer_drop(&answer);
    }
}
END_TEST

/* The same header as GET, and no body. */
START_TEST(head_is_get_without_a_body)
{
    static const char *const targets[] = {"/repo/repo-1/ai/apikey",
                                          "/repo/no-repo/ai/apikey",
                                          "/healthz",
                                          "/openapi.json",
                                          "/",
                                          "/page.css",
                                          "/page.js",
                                          "/icon.svg"};

    for (size_t i = 0; i < COUNT(targets); i++) {
        struct answer get = ASK(server, .target = targets[i], .as = "rita");
        struct answer head = ASK(server, .method = "HEAD", .target = targets[i], .as = "rita");

        ck_assert_int_eq(head.status, get.status);
        ck_assert_uint_eq(head.length, 0);
        ck_assert_str_eq(answer_header(&head, "Content-Length"), text("%zu", get.length));
        ck_assert_str_eq(answer_header(&head, "Content-Type"), answer_header(&get, "Content-Type"));
        answer_drop(&get);
        answer_drop(&head);
    }
    assert_answer_status(ASK(server, .method = "HEAD", .target = "/metrics"), 200);
    assert_answer_status(ASK(server, .method = "HEAD", .target = keys_of("repo-1")), 401);
}
END_TEST

/* On the wire there is no byte of it: the next answer follows at once. */
START_TEST(head_sends_nothing_behind_its_header)
{
    struct wire wire = wire_open(server);
    struct answer answer;

    wire_print(&wire, "%s\r\n%s\r\n", head_of("HEAD", "/healthz", NULL),
               head_of("OPTIONS", "/healthz", NULL));
    answer = wire_head_answer(&wire);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(answer_header(&answer, "Content-Length"), text("%zu", strlen(healthy)));
    answer_drop(&answer);
    assert_answer_status(checked(&wire), 204);
    wire_close(&wire);
}
END_TEST

/* ---- content types, and the order of the checks ---- */

static struct answer create_as_type(const char *as, const char *type, const char *body)
{
    return ASK(server, .method = "POST", .target = keys_of("repo-1"), .as = as, .type = type,
               .body = body);
}

START_TEST(a_content_type_is_json)
{
    static const char *const bad[] = {"",
                                      "text/plain",
                                      "application/x-www-form-urlencoded",
                                      "application/jsonx",
                                      "application/json-seq",
                                      "application",
                                      "text/json",
                                      "xapplication/json",
                                      "multipart/form-data; boundary=application/json"};
    static const char *const good[] = {"application/json", "application/json; charset=utf-8",
                                       "application/json;charset=utf-8", "Application/JSON",
                                       "application/json ; a=b"};
    const char *body = "{\"name\":\"n\",\"aiType\":\"AWS\"}";

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refusal(create_as_type("will", bad[i], body), 415, wrong_type);
    ck_assert_int_eq(count_events(f.path), 5);
    assert_refusal(ASK(server, .method = "PUT", .target = key_target(key), .as = "will",
                       .type = "text/plain", .body = "{}"),
                   415, wrong_type);
    for (size_t i = 0; i < COUNT(good); i++)
        assert_answer_status(create_as_type("will", good[i], body), 200);
}
END_TEST

/* Each request is wrong in two ways, and the answer is about the one that is looked at first. */
START_TEST(checks_have_an_order)
{
    char *long_target = malloc(8300), *large = malloc(70000);

    snprintf(long_target, 8300, "/systemevent?%08200d", 0);
    snprintf(large, 70000, "%069000d", 0);
    assert_refusal(ASK(server, .method = "BREW", .target = "/nothing", .body = large), 404,
                   "Not found");
    assert_refusal(ASK(server, .method = "GET", .target = long_target), 405, not_allowed);
    assert_refusal(ASK(server, .method = "PUT", .target = "/systemevent", .body = large), 405,
                   not_allowed);
    assert_refusal(ASK(server, .method = "POST", .target = long_target, .body = large), 414,
                   target_too_long);
    assert_refusal(ASK(server, .method = "POST", .target = "/systemevent", .body = large), 413,
                   body_too_large);
    assert_refusal(
        ASK(server, .method = "POST", .target = "/systemevent", .body = "no", .type = "text/plain"),
        401, "Missing or invalid bearer token");
    assert_refusal(create_as_type("nobody", "text/plain", "no"), 415, wrong_type);
    assert_malformed(create_as_type("nobody", NULL, "no"), "");
    assert_refusal(create_as_type("nobody", NULL, "{\"name\":\"n\",\"aiType\":\"AWS\"}"), 403,
                   "Insufficient permissions");
    free(long_target);
    free(large);
}
END_TEST

/* ---- limits ---- */

/* A body of exactly so many bytes that creates a key. */
static char *body_of(size_t size)
{
    const char *start = "{\"name\":\"n\",\"aiType\":\"AWS\"";
    char *body = malloc(size + 1);

    memset(body, ' ', size);
    memcpy(body, start, strlen(start));
    body[size - 1] = '}';
    body[size] = '\0';
    return body;
}

START_TEST(a_body_has_a_limit)
{
    char *largest = body_of(65536), *larger = body_of(65537);

    assert_answer_status(create_as_type("will", NULL, largest), 200);
    assert_refusal(create_as_type("will", NULL, larger), 413, body_too_large);
    assert_refusal(
        ASK(server, .method = "DELETE", .target = key_target(key), .as = "will", .body = larger),
        413, body_too_large);
    ck_assert_int_eq(count_events(f.path), 6);
    free(largest);
    free(larger);
    assert_alive();
}
END_TEST

static void send_chunk(struct wire *wire, const char *bytes, size_t length)
{
    wire_print(wire, "%zx\r\n", length);
    wire_send(wire, bytes, length);
    wire_print(wire, "\r\n");
}

static void begin_chunked(struct wire *wire)
{
    wire_print(wire, "%sContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
               head_of("POST", keys_of("repo-1"), "will"));
}

START_TEST(a_body_may_come_in_chunks)
{
    struct wire wire = wire_open(server);
    char *body = body_of(65536);

    begin_chunked(&wire);
    for (size_t at = 0; at < 65536; at += 4096)
        send_chunk(&wire, body + at, 4096);
    wire_print(&wire, "0\r\n\r\n");
    assert_answer_status(checked(&wire), 200);
    begin_chunked(&wire);
    wire_print(&wire, "1;extension=x\r\n{\r\n8\r\n\"name\":1\r\n1\r\n}\r\n0\r\nTrailer: t\r\n\r\n");
    assert_malformed(checked(&wire), "\"name\"");
    ck_assert_int_eq(count_events(f.path), 6);
    wire_close(&wire);
    free(body);
}
END_TEST

START_TEST(chunks_have_a_limit_together)
{
    struct wire wire = wire_open(server);
    char *body = body_of(65536);

    begin_chunked(&wire);
    send_chunk(&wire, body, 65536);
    send_chunk(&wire, " ", 1);
    wire_print(&wire, "0\r\n\r\n");
    assert_refusal(checked(&wire), 413, body_too_large);
    wire_close(&wire);
    ck_assert_int_eq(count_events(f.path), 5);
    assert_alive();
    free(body);
}
END_TEST

START_TEST(a_target_has_a_limit)
{
    char *target = calloc(1, 8194);

    snprintf(target, 8194, "/healthz?%08183d", 0);
    ck_assert_uint_eq(strlen(target), 8192);
    assert_answer(ASK(server, .target = target), 200, healthy);
    strcat(target, "0");
    assert_refusal(ASK(server, .target = target), 414, target_too_long);
    free(target);
    assert_alive();
}
END_TEST

/* A head of exactly so many bytes, in headers of some 1,000. */
static char *head_of_size(size_t size)
{
    char *head = calloc(1, size + 2048);
    size_t length = (size_t)sprintf(head, "%s", head_of("GET", "/healthz", NULL));

    while (size - length > 2000) {
        length += (size_t)sprintf(head + length, "X-Filling: %0987d\r\n", 0);
    }
    sprintf(head + length, "X-Filling: %0*d\r\n\r\n", (int)(size - length - 15), 0);
    ck_assert_uint_eq(strlen(head), size);
    return head;
}

START_TEST(a_head_has_a_limit)
{
    char *largest = head_of_size(16384), *larger = head_of_size(16385);
    struct wire wire = wire_open(server);

    wire_send(&wire, largest, strlen(largest));
    assert_answer(checked(&wire), 200, healthy);
    wire_close(&wire);
    wire = wire_open(server);
    wire_send(&wire, larger, strlen(larger));
    assert_refusal(checked(&wire), 431, head_too_large);
    wire_close(&wire);
    free(largest);
    free(larger);
    assert_alive();
}
END_TEST

/* Each header takes some seventy bytes of the memory of its connection besides its own. */
START_TEST(many_small_headers_are_served)
{
    char *head = calloc(1, 17000);
    struct wire wire = wire_open(server);

    sprintf(head, "%s", head_of("GET", "/healthz", NULL));
    for (int i = 0; i < 400; i++)
        strcat(head, "a:\r\n");
    strcat(head, "\r\n");
    wire_send(&wire, head, strlen(head));
    assert_answer(checked(&wire), 200, healthy);
    wire_close(&wire);
    free(head);
}
END_TEST

START_TEST(too_many_small_headers_are_refused)
{
    char *head = calloc(1, 17000);
    struct wire wire = wire_open(server);

    sprintf(head, "%s", head_of("GET", "/healthz", NULL));
    while (strlen(head) + strlen("a:\r\n\r\n") <= 16384)
        strcat(head, "a:\r\n");
    strcat(head, "\r\n");
    wire_send(&wire, head, strlen(head));
    ck_assert_int_eq(wire_try_status(&wire), 431);
    wire_close(&wire);
    free(head);
    assert_alive();
}
END_TEST

static const char *const parameters[] = {"a=b&", "a&", "&", "=&", "reason=unused&"};

START_TEST(many_parameters_are_refused)
{
    char *target = calloc(1, 8300);

    for (size_t i = 0; i < COUNT(parameters); i++) {
        sprintf(target, "%s?", key_target(key));
        for (int k = 0; k < 400; k++)
            strcat(target, parameters[i]);
        assert_malformed(ASK(server, .method = "DELETE", .target = target, .as = "anna"), "");
    }
    ck_assert_int_eq(count_events(f.path), 5);
    free(target);
}
END_TEST

/* More than the memory of a connection holds: nothing is done, and nothing of them stays behind. */
START_TEST(too_many_parameters_do_nothing)
{
    char *target = calloc(1, 8300);

    for (size_t i = 0; i < COUNT(parameters); i++) {
        struct wire wire = wire_open(server);
        int status;
        sprintf(target, "%s?", key_target(key));
        while (strlen(target) + strlen(parameters[i]) <= 8192)
            strcat(target, parameters[i]);
        wire_print(&wire, "%s\r\n", head_of("DELETE", target, "anna"));
        status = wire_try_status(&wire);
        ck_assert_msg(status == 0 || status == 400 || status == 431, "'%s': %d", parameters[i],
                      status);
        wire_close(&wire);
        assert_alive();
    }
    ck_assert_int_eq(count_events(f.path), 5);
    free(target);
}
END_TEST

/* Whatever the answer is, it is a refusal, and the connection does not go on. */
START_TEST(a_monstrous_head_is_cut_off)
{
    static const size_t sizes[] = {40000, 70000, 200000, 1000000};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *monster = head_of_size(sizes[i]);
        struct wire wire = wire_open(server);
        int status;

        (void)wire_try_send(&wire, monster, strlen(monster));
        status = wire_try_status(&wire);
        ck_assert_msg(status == 431 || status == 0, "%zu: %d", sizes[i], status);
        wire_close(&wire);
        free(monster);
        assert_alive();
    }
}
END_TEST

/* ---- connections ---- */

START_TEST(a_connection_is_kept)
{
    struct wire wire = wire_open(server);

    for (int i = 0; i < 5; i++) {
        wire_print(&wire, "%s\r\n", head_of("GET", "/healthz", NULL));
        assert_answer(checked(&wire), 200, healthy);
        wire_print(&wire, "%s\r\n", head_of("GET", "/nothing", NULL));
        assert_refusal(checked(&wire), 404, "Not found");
    }
    wire_print(&wire, "%sConnection: close\r\n\r\n", head_of("GET", "/healthz", NULL));
    assert_answer(checked(&wire), 200, healthy);
    assert_closed(&wire);
    wire_close(&wire);
}
END_TEST

START_TEST(an_old_client_is_served)
{
    struct wire wire = wire_open(server);

    wire_print(&wire, "GET /healthz HTTP/1.0\r\n\r\n");
    assert_answer(checked(&wire), 200, healthy);
    assert_closed(&wire);
    wire_close(&wire);
}
END_TEST

/* Twenty requests in one write; each answer is the one to its request. */
START_TEST(pipelined_requests_are_answered_in_order)
{
    struct wire wire = wire_open(server);
    char *all = calloc(1, 65536);
    size_t length = 0;

    for (int i = 0; i < 20; i++) {
        const char *body = text("{\"name\":\"pipelined %d\",\"aiType\":\"AWS\"}", i);
        const char *head =
            i % 2 ? head_of("POST", keys_of("repo-1"), "will") : head_of("GET", "/healthz", NULL);
        length += (size_t)sprintf(all + length, "%sX-Request-Id: number-%d\r\n", head, i);
        if (i % 2)
            length += (size_t)sprintf(
                all + length, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                strlen(body), body);
        else
            length += (size_t)sprintf(all + length, "\r\n");
    }
    wire_send(&wire, all, length);
    for (int i = 0; i < 20; i++) {
        struct answer answer = checked(&wire);
        ck_assert_str_eq(answer_header(&answer, "X-Request-Id"), text("number-%d", i));
        assert_answer_status(answer, 200);
    }
    ck_assert_int_eq(count_events(f.path), 15);
    assert_row_of(f.path, "SELECT name FROM audit_events WHERE sequence = 15", "pipelined 19");
    wire_close(&wire);
    free(all);
}
END_TEST

static const char *head_with_length(size_t length)
{
    return text("%sContent-Type: application/json\r\nContent-Length: %zu\r\n",
                head_of("POST", keys_of("repo-1"), "will"), length);
}

START_TEST(a_client_may_expect_to_go_on)
{
    const char *body = "{\"name\":\"n\",\"aiType\":\"AWS\"}";
    struct wire wire = wire_open(server);

    wire_print(&wire, "%sExpect: 100-continue\r\n\r\n", head_with_length(strlen(body)));
    assert_answer_status(wire_answer(&wire), 100);
    wire_print(&wire, "%s", body);
    assert_answer_status(checked(&wire), 200);
    wire_print(&wire, "%sExpect: 100-continue\r\n\r\n", head_with_length(65537));
    assert_refusal(checked(&wire), 413, body_too_large);
    wire_close(&wire);
}
END_TEST

/* Two lengths are how requests are smuggled past a proxy: what follows is no request. */
START_TEST(an_ambiguous_length_is_refused)
{
    static const char *const lengths[] = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    };

    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct wire wire = wire_open(server);

        wire_print(&wire, "%sContent-Type: application/json\r\n%s\r\n0\r\n\r\n%s\r\n",
                   head_of("POST", keys_of("repo-1"), "will"), lengths[i],
                   head_of("DELETE", key_target(key), "anna"));
        assert_malformed(checked(&wire), "");
        assert_closed(&wire);
        wire_close(&wire);
    }
    ck_assert_int_eq(count_events(f.path), 5);
}
END_TEST

/* Refused, or not answered at all; and what follows is never taken for a request. */
START_TEST(a_wrong_length_is_refused)
{
    static const char *const lengths[] = {
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: five\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: 18446744073709551615\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    };

    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct wire wire = wire_open(server);
        int status;

        wire_print(&wire, "%sContent-Type: application/json\r\n%s\r\n0\r\n\r\n%s\r\n",
                   head_of("POST", keys_of("repo-1"), "will"), lengths[i],
                   head_of("DELETE", key_target(key), "anna"));
        shutdown(wire.fd, SHUT_WR);
        status = wire_try_status(&wire);
        ck_assert_msg(status == 0 || status == 400 || status == 413 || status == 501, "%s: %d",
                      lengths[i], status);
        wire_drain(&wire);
        wire_close(&wire);
        ck_assert_msg(count_events(f.path) == 5, "%s", lengths[i]);
    }
    assert_alive();
}
END_TEST

START_TEST(a_host_is_named_once)
{
    static const char *const heads[] = {
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    };

    for (size_t i = 0; i < COUNT(heads); i++) {
        struct wire wire = wire_open(server);
        wire_print(&wire, "%s", heads[i]);
        assert_malformed(checked(&wire), "");
        wire_close(&wire);
    }
    assert_alive();
}
END_TEST

/* Heads that two programs may read in two ways. */
START_TEST(a_mangled_head_is_refused)
{
    static const struct {
        const char *bytes;
        size_t length;
    } heads[] = {
#define HEAD(text) {text, sizeof text - 1}
        HEAD("GET /healthz\0x HTTP/1.1\r\nHost: a\r\n\r\n"),
        HEAD("GET /healthz?\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
        HEAD("GET /healthz HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n"),
        HEAD("GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n"),
        HEAD("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length\t: 5\r\n\r\n"),
#undef HEAD
    };

    for (size_t i = 0; i < COUNT(heads); i++) {
        struct wire wire = wire_open(server);
        int status;

        wire_send(&wire, heads[i].bytes, heads[i].length);
        status = wire_try_status(&wire);
        ck_assert_msg(status == 400, "%s: %d", heads[i].bytes, status);
        wire_close(&wire);
    }
    assert_alive();
}
END_TEST

/* ---- more connections than there may be ---- */

/* Asks once how many connections there are, and returns that; -1 without an answer. */
static int count_once(void *context, int number)
{
    static const char request[] =
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const int *port = context;
    struct wire wire = {.fd = wire_connect(*port)};
    char *body = NULL, *gauge = NULL;
    int count = -1;

    (void)number;
    if (wire.fd >= 0 && wire_try_send(&wire, request, sizeof request - 1) &&
        wire_try_body(&wire, &body) == 200)
        gauge = strstr(body, "\nkeyward_http_connections ");
    if (gauge)
        count = atoi(strchr(gauge, ' '));
    free(body);
    wire_close(&wire);
    return count;
}

START_TEST(more_connections_wait_for_their_turn)
{
    struct wire first, second, third;

    server = SERVER_START(&f, "--connections", "2");
    first = wire_open(server);
    wire_print(&first, "%s\r\n", head_of("GET", "/healthz", NULL));
    assert_answer(checked(&first), 200, healthy);
    second = wire_open(server);
    wire_print(&second, "%s\r\n", head_of("GET", "/healthz", NULL));
    assert_answer(checked(&second), 200, healthy);
    third = wire_open(server);
    wire_print(&third, "%s\r\n", head_of("GET", "/healthz", NULL));
    wire_close(&first);
    assert_answer(checked(&third), 200, healthy);
    wire_close(&second);
    wire_close(&third);
}
END_TEST

/* However many come at once, all are served, and never are there more than may be. */
START_TEST(a_rush_is_served_in_turn)
{
    int counts[32], port;

    server = SERVER_START(&f, "--connections", "2");
    port = server_port(server);
    for (int round = 0; round < 4; round++) {
        run_crew(32, count_once, &port, counts);
        for (int i = 0; i < 32; i++)
            ck_assert_msg(counts[i] == 1 || counts[i] == 2, "%d connections", counts[i]);
    }
}
END_TEST

/* ---- slow clients ---- */

static const char *slow_text(void)
{
    return text("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: %08000d", 0);
}

START_TEST(a_head_must_come_in_time)
{
    struct wire wire;

    server = SERVER_START(&f, "--idle-timeout", "1");
    wire = wire_open(server);
    wire_dribble(&wire, slow_text());
    wire_close(&wire);
    wire = wire_open(server);
    assert_closed(&wire); /* who says nothing at all */
    wire_close(&wire);
    wire = wire_open(server);
    wire_print(&wire, "GET /healthz HTTP/1.1\r\n"); /* the first line is not all of it */
    wire_dribble(&wire, strchr(slow_text(), '\n') + 1);
    wire_close(&wire);
    wire = wire_open(server);
    wire_print(&wire, "%s\r\n", head_of("GET", "/healthz", NULL));
    assert_answer(checked(&wire), 200, healthy);
    assert_closed(&wire); /* who stays without asking again */
    wire_close(&wire);
    wire = wire_open(server);
    wire_print(&wire, "%s\r\n", head_of("GET", "/healthz", NULL));
    assert_answer(checked(&wire), 200, healthy);
    wire_dribble(&wire, slow_text()); /* nor may the second head take longer */
    wire_close(&wire);
    assert_alive();
}
END_TEST

START_TEST(a_body_must_come_in_time)
{
    struct wire wire;

    server = SERVER_START(&f, "--request-timeout", "1");
    wire = wire_open(server);
    wire_print(&wire, "%s\r\n", head_with_length(60000));
    wire_dribble(&wire, text("{\"name\":\"%08000d", 0));
    wire_close(&wire);
    wire = wire_open(server);
    begin_chunked(&wire);
    wire_dribble(&wire, text("1f40\r\n%08000d", 0));
    wire_close(&wire);
    wire = wire_open(server);
    wire_print(&wire, "%s\r\n{\"name\":\"n\"", head_with_length(26)); /* and then nothing */
    wire_drain(&wire);
    wire_close(&wire);
    ck_assert_int_eq(count_events(f.path), 5);
    assert_alive();
}
END_TEST

/* Keys whose names take up 1,530 bytes each in a list. */
static void make_large_list(int count)
{
    char name[KEYWARD_NAME_MAX + 1] = "";

    memset(name, '\001', KEYWARD_NAME_MAX);
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    for (int i = 0; i < count; i++) {
        keyward_key *one = make_key(&f, "repo-1", name, NULL);
        keyward_key_free(&one);
    }
}

/* There is room for one connection. While its answers fill all buffers and nobody reads them,
 * another one waits; that it is served shows that the first was closed. */
START_TEST(an_answer_must_be_taken_in_time)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct wire greedy = {.fd = socket(AF_INET, SOCK_STREAM, 0)}, other;
    int room = 4096;

    make_large_list(1000);
    server =
        SERVER_START(&f, "--request-timeout", "1", "--idle-timeout", "3600", "--connections", "1");
    setsockopt(greedy.fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)server_port(server));
    ck_assert_int_eq(connect(greedy.fd, (struct sockaddr *)&address, sizeof address), 0);
    wire_print(&greedy, "%s\r\n", head_of("GET", "/healthz", NULL));
    assert_answer(checked(&greedy), 200, healthy); /* it has the one place */
    for (int i = 0; i < 20; i++)
        wire_print(&greedy, "%s\r\n", head_of("GET", keys_of("repo-1"), "rita"));
    other = wire_open(server);
    wire_print(&other, "%s\r\n", head_of("GET", "/healthz", NULL));
    assert_answer(checked(&other), 200, healthy);
    wire_close(&greedy);
    wire_close(&other);
}
END_TEST

/* ---- garbage ---- */

static void send_garbage(const char *bytes, size_t length)
{
    struct wire wire = wire_open(server);
    int status;

    (void)wire_try_send(&wire, bytes, length);
    shutdown(wire.fd, SHUT_WR);
    status = wire_try_status(&wire);
    ck_assert_msg(status == 0 || (status >= 400 && status <= 505), "'%s': %d", bytes, status);
    wire_drain(&wire);
    wire_close(&wire);
}

START_TEST(garbage_does_no_harm)
{
    static const char *const garbage[] = {
        "\r\n\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET /healthz\r\n\r\n",
        "GET  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET /healthz FTP/1.1\r\nHost: a\r\n\r\n",
        "GET /nothing here HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\xFC\x03\x03 not text at all",
        "GET /nothing HTTP/1.1\nHost: a\n\n",
        "GET /nothing HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /nothing HTTP/1.1\r\n: no name\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET /nothing HTTP/1.1\r\n\tHost: a\r\n\r\n",
        "POST /systemevent HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST /systemevent HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
        "POST /systemevent HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}}\r\n",
        "GET /nothing HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xFF\xFE\x80\r\n\r\n",
        "GET",
        "",
    };
    static const char with_nul[] = "GET /heal\0thz HTTP/1.1\r\nHost: a\0b\r\n\r\n";

    for (size_t i = 0; i < COUNT(garbage); i++)
        send_garbage(garbage[i], strlen(garbage[i]));
    send_garbage(with_nul, sizeof with_nul - 1);
    assert_alive();
    ck_assert_int_eq(count_events(f.path), 5);
}
END_TEST

static uint64_t random_state;

static unsigned random_below(unsigned limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(random_state >> 33) % limit;
}

/* A right request with some of its bytes changed, or cut off. */
START_TEST(mutilated_requests_do_no_harm)
{
    const char *seed = getenv("KEYWARD_TEST_SEED");

    random_state = seed ? (uint64_t)strtoull(seed, NULL, 10) : (uint64_t)getpid();
    printf("seed of mutilated_requests_do_no_harm: %llu\n", (unsigned long long)random_state);
    for (int i = 0; i < 100; i++) {
        struct wire wire = wire_open(server);
        char request[1024];
        size_t length =
            (size_t)snprintf(request, sizeof request,
                             "%sContent-Type: application/json\r\nContent-Length: 12\r\n"
                             "\r\n{\"name\":\"n\"}",
                             head_of("PUT", key_target(key), "rita"));

        for (unsigned changes = random_below(4); changes > 0; changes--)
            request[random_below((unsigned)length)] = (char)random_below(256);
        if (random_below(3) == 0)
            length = random_below((unsigned)length);
        (void)wire_try_send(&wire, request, length);
        shutdown(wire.fd, SHUT_WR);
        wire_drain(&wire);
        wire_close(&wire);
    }
    assert_alive();
    assert_row_of(f.path, "SELECT count(*) FROM audit_events WHERE action = 'key.renamed'", "0");
}
END_TEST

/* Who goes away in the middle of it leaves nothing behind. */
START_TEST(a_client_may_vanish)
{
    const char *body = "{\"name\":\"n\",\"aiType\":\"AWS\"}";
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    for (size_t sent = 0; sent < strlen(body); sent += 5) {
        struct wire wire = wire_open(server);

        wire_print(&wire, "%s\r\n", head_with_length(strlen(body)));
        wire_send(&wire, body, sent);
        if (sent % 2) /* once with an end, once with a reset */
            setsockopt(wire.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        wire_close(&wire);
    }
    assert_alive();
    ck_assert_int_eq(count_events(f.path), 5);
}
END_TEST

/* ---- bodies ---- */

START_TEST(a_deep_body_is_refused)
{
    static const char *const targets[] = {"/systemevent", "/auth/verify", "/repo/repo-1/ai/apikey"};
    char *deep = malloc(65537);

    for (size_t i = 0; i < COUNT(targets); i++) {
        memset(deep, '[', 65536);
        deep[65536] = '\0';
        assert_malformed(
            ASK(server, .method = "POST", .target = targets[i], .as = "anna", .body = deep), "");
        for (size_t at = 0; at + 5 <= 65536; at += 5)
            memcpy(deep + at, "{\"a\":", 5);
        assert_malformed(
            ASK(server, .method = "POST", .target = targets[i], .as = "anna", .body = deep), "");
        snprintf(deep, 65537, "{\"x\":%032000d}", 1);
        assert_malformed(
            ASK(server, .method = "POST", .target = targets[i], .as = "anna", .body = deep), "");
    }
    free(deep);
    assert_alive();
}
END_TEST

/* ---- health and metrics ---- */

START_TEST(health_is_told_to_everybody)
{
    assert_answer(ASK(server, .target = "/healthz"), 200, healthy);
    assert_answer(ASK(server, .target = "/healthz", .headers = ARGUMENTS("Authorization: x")), 200,
                  healthy);
    ck_assert_int_eq(count_events(f.path), 5); /* what it tries, it undoes */
}
END_TEST

/* All lines of /metrics; malloc'd. */
static char *read_metrics(void)
{
    struct answer answer = ASK(server, .target = "/metrics");
    char *lines = strdup(answer.body);

    ck_assert_str_eq(answer_header(&answer, "Content-Type"),
                     "text/plain; version=0.0.4; charset=utf-8");
    assert_answer_status(answer, 200);
    return lines;
}

/* The value of a sample "name{label="value",...}", or -1 if there is none. */
static double value_of(const char *lines, const char *sample)
{
    size_t length = strlen(sample);

    for (const char *line = lines; *line; line += strcspn(line, "\n") + 1) {
        if (strncmp(line, sample, length) == 0 && line[length] == ' ')
            return strtod(line + length, NULL);
    }
    return -1;
}

static void assert_value(const char *lines, const char *sample, double wanted)
{
    double got = value_of(lines, sample);

    ck_assert_msg(got == wanted, "%s is %g, not %g", sample, got, wanted);
}

/* The type that is declared for the family of a sample, "" for none. */
static const char *type_of(const char *lines, const char *name)
{
    static const char *const suffixes[] = {"", "_bucket", "_sum", "_count"};

    for (size_t i = 0; i < COUNT(suffixes); i++) {
        size_t length = strlen(name), end = strlen(suffixes[i]);
        const char *found;

        if (length <= end || strcmp(name + length - end, suffixes[i]) != 0)
            continue;
        found = strstr(lines, text("# TYPE %.*s ", (int)(length - end), name));
        if (found) {
            found = strchr(found + strlen("# TYPE "), ' ') + 1;
            return text("%.*s", (int)strcspn(found, "\n"), found);
        }
    }
    return "";
}

#define LABEL "[a-z_]+=\"([^\"\\\\\n]|\\\\.)*\""

START_TEST(metrics_are_well_formed)
{
    char *lines, *rest, *line;
    regex_t sample;

    ck_assert_int_eq(regcomp(&sample, "^[a-z_]+([{]" LABEL "(," LABEL ")*[}])? [-+0-9.eE]+$",
                             REG_EXTENDED | REG_NOSUB),
                     0);
    assert_answer_status(ASK(server, .target = "/zebra\"\\path"), 404);
    lines = read_metrics();
    ck_assert_int_eq(lines[strlen(lines) - 1], '\n');
    ck_assert_ptr_null(strstr(lines, "zebra")); /* nobody makes labels of his own */
    ck_assert_str_eq(type_of(lines, "keyward_http_requests_total"), "counter");
    ck_assert_str_eq(type_of(lines, "keyward_http_request_duration_seconds"), "histogram");
    ck_assert_str_eq(type_of(lines, "keyward_deletes_total"), "counter");
    ck_assert_str_eq(type_of(lines, "keyward_refusals_total"), "counter");
    ck_assert_str_eq(type_of(lines, "keyward_commit_batch_size"), "histogram");
    ck_assert_str_eq(type_of(lines, "keyward_http_connections"), "gauge");
    rest = strdup(lines);
    for (char *start = rest; (line = strsep(&start, "\n")) && start;) {
        if (strncmp(line, "# HELP ", 7) == 0 || strncmp(line, "# TYPE ", 7) == 0)
            continue;
        ck_assert_msg(regexec(&sample, line, 0, NULL, 0) == 0, "'%s'", line);
        ck_assert_msg(*type_of(lines, text("%.*s", (int)strcspn(line, "{ "), line)), "'%s'", line);
    }
    regfree(&sample);
    free(rest);
    free(lines);
}
END_TEST

#define REQUESTS(route, method, code) \
    "keyward_http_requests_total{route=\"" route "\",method=\"" method "\",code=\"" code "\"}"
#define ONE_KEY "/repo/{repoId}/ai/apikey/{apikeyId}"
#define ALL_KEYS "/repo/{repoId}/ai/apikey"

START_TEST(requests_are_counted)
{
    char *lines;

    for (int i = 0; i < 3; i++)
        assert_answer_status(ASK(server, .target = keys_of("repo-1"), .as = "rita"), 200);
    assert_answer_status(ASK(server, .target = keys_of("other"), .as = "rita"), 403);
    assert_answer_status(ASK(server, .target = keys_of("other")), 401);
    for (int i = 0; i < 3; i++)
        assert_answer_status(
            ASK(server, .method = "DELETE", .target = key_target(key), .as = "will"),
            i == 0 ? 200 : 404);
    assert_answer_status(ASK(server, .method = "PUT", .target = "/healthz"), 405);
    lines = read_metrics();
    assert_value(lines, REQUESTS(ALL_KEYS, "GET", "200"), 3);
    assert_value(lines, REQUESTS(ALL_KEYS, "GET", "403"), 1);
    assert_value(lines, REQUESTS(ALL_KEYS, "GET", "401"), 1);
    assert_value(lines, REQUESTS(ONE_KEY, "DELETE", "200"), 1);
    assert_value(lines, REQUESTS(ONE_KEY, "DELETE", "404"), 2);
    assert_value(lines, REQUESTS("other", "other", "405"), 1);
    assert_value(lines, "keyward_deletes_total", 1);
    free(lines);
}
END_TEST

static void try_to_verify(const char *access_key, const char *its_secret)
{
    assert_answer_status(
        ASK(server, .method = "POST", .target = "/auth/verify",
            .body = text("{\"key\":\"%s\",\"secret\":\"%s\"}", access_key, its_secret)),
        401);
}

/* A secret of the right form that is none of this store's. */
static void make_foreign(char access_key[64], char its_secret[128])
{
    struct fixture other;
    keyward_secret *made;
    keyward_key *foreign;

    fixture_open(&other);
    foreign = make_key(&other, "repo-1", "foreign", &made);
    snprintf(access_key, 64, "%s", foreign->access_key);
    snprintf(its_secret, 128, "%s", made->text);
    keyward_secret_free(&made);
    keyward_key_free(&foreign);
    fixture_close(&other);
}

static void try_often(int times, const char *access_key, const char *its_secret)
{
    for (int i = 0; i < times; i++)
        try_to_verify(access_key, its_secret);
}

static void expire(const keyward_key *one)
{
    assert_status(f.store, keyward_set_key_expiry(f.store, &host, "repo-1", one->id, f.now + 1),
                  KEYWARD_OK);
}

static void purge(const keyward_key *one)
{
    f.options.purge_retention = 1;
    f.now += 10;
    fixture_reopen(&f);
    assert_status(f.store, keyward_purge_keys(f.store, &host, "repo-1", one->id, NULL), KEYWARD_OK);
}

/* One refusal of the first cause, two of the second, and so on. */
static void be_refused(void)
{
    keyward_secret *old_secret, *brief_secret;
    keyward_key *old = make_key(&f, "repo-1", "old", &old_secret);
    keyward_key *brief = make_key(&f, "repo-1", "brief", &brief_secret);
    char foreign[64], foreign_secret[128];

    make_foreign(foreign, foreign_secret);
    try_often(1, foreign, foreign_secret);
    try_often(2, key->access_key, foreign_secret);
    foreign_secret[20] = foreign_secret[20] == 'a' ? 'b' : 'a';
    try_often(3, key->access_key, foreign_secret);
    drop_key(&f, "repo-1", old->id);
    try_often(4, old->access_key, old_secret->text);
    expire(brief);
    try_often(5, brief->access_key, brief_secret->text);
    purge(old);
    try_often(6, old->access_key, old_secret->text);
    for (int i = 0; i < 7; i++)
        assert_answer_status(ASK(server, .target = keys_of("repo-1")), 401);
    for (int i = 0; i < 8; i++)
        assert_answer_status(ASK(server, .target = keys_of("repo-1"), .as = "nobody"), 403);
    keyward_secret_free(&old_secret);
    keyward_secret_free(&brief_secret);
    keyward_key_free(&old);
    keyward_key_free(&brief);
}

START_TEST(refusals_are_counted_by_cause)
{
    static const char *const causes[] = {"unknown", "wrong_secret", "malformed",       "deleted",
                                         "expired", "purged",       "unauthenticated", "forbidden"};
    char *lines;

    be_refused();
    lines = read_metrics();
    for (size_t i = 0; i < COUNT(causes); i++)
        assert_value(lines, text("keyward_refusals_total{cause=\"%s\"}", causes[i]), (double)i + 1);
    free(lines);
}
END_TEST

/* The buckets of a histogram never fall, and end with its count. `labels` is "" or ends in ",". */
static double assert_cumulative(const char *lines, const char *name, const char *labels)
{
    const char *start = text("%s_bucket{%sle=\"", name, labels);
    double last = 0, bound = -1;
    int buckets = 0;
    char *own = strdup(labels);

    if (*own)
        own[strlen(own) - 1] = '\0';
    for (const char *line = lines; *line; line += strcspn(line, "\n") + 1) {
        double value, least;

        if (strncmp(line, start, strlen(start)) != 0)
            continue;
        least = strtod(line + strlen(start), NULL); /* also +Inf */
        value = strtod(strstr(line, "\"} ") + 3, NULL);
        ck_assert_msg(value >= last && least > bound, "%s%g\"} falls", start, least);
        last = value;
        bound = least;
        buckets++;
    }
    ck_assert_int_gt(buckets, 1);
    ck_assert_msg(value_of(lines, text("%s+Inf\"}", start)) == last, "%s+Inf", start);
    assert_value(lines, *own ? text("%s_count{%s}", name, own) : text("%s_count", name), last);
    ck_assert_msg(value_of(lines, *own ? text("%s_sum{%s}", name, own) : text("%s_sum", name)) >= 0,
                  "no sum of %s", name);
    free(own);
    return last;
}

START_TEST(histograms_are_cumulative)
{
    static const char *const bounds[] = {"1",  "2",  "4",   "8",   "16",
                                         "32", "64", "128", "256", "+Inf"};
    char *lines;

    for (int i = 0; i < 3; i++)
        assert_answer_status(
            ASK(server, .method = "DELETE", .target = key_target(key), .as = "will"),
            i == 0 ? 200 : 404);
    lines = read_metrics();
    ck_assert(assert_cumulative(lines, "keyward_http_request_duration_seconds",
                                "route=\"" ONE_KEY "\",method=\"DELETE\",") == 3);
    ck_assert(assert_cumulative(lines, "keyward_commit_batch_size", "") >= 1);
    for (size_t i = 0; i < COUNT(bounds); i++)
        ck_assert_msg(
            value_of(lines, text("keyward_commit_batch_size_bucket{le=\"%s\"}", bounds[i])) >= 1,
            "%s in '%s'", bounds[i], lines);
    free(lines);
}
END_TEST

START_TEST(connections_are_gauged)
{
    struct wire wires[3];
    char *lines;

    for (size_t i = 0; i < COUNT(wires); i++) {
        wires[i] = wire_open(server);
        wire_print(&wires[i], "%s\r\n", head_of("GET", "/healthz", NULL));
        assert_answer(checked(&wires[i]), 200, healthy);
    }
    lines = read_metrics();
    assert_value(lines, "keyward_http_connections", 4); /* and the one that asks */
    free(lines);
    for (size_t i = 0; i < COUNT(wires); i++)
        wire_close(&wires[i]);
}
END_TEST

/* ---- what is served beside ---- */

START_TEST(the_page_may_do_nothing_else)
{
    struct answer page = ASK(server, .target = "/");

    ck_assert_int_eq(page.status, 200);
    ck_assert_str_eq(answer_header(&page, "Content-Type"), "text/html; charset=utf-8");
    ck_assert_str_eq(answer_header(&page, "Content-Security-Policy"),
                     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                     "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    ck_assert_str_eq(answer_header(&page, "Referrer-Policy"), "no-referrer");
    answer_drop(&page);
}
END_TEST

START_TEST(files_have_their_types)
{
    static const struct {
        const char *target, *type;
    } files[] = {{"/page.css", "text/css"},
                 {"/page.js", "text/javascript"},
                 {"/icon.svg", "image/svg+xml"},
                 {"/openapi.json", "application/json"}};

    for (size_t i = 0; i < COUNT(files); i++) {
        struct answer file = ASK(server, .target = files[i].target);
        const char *type = answer_header(&file, "Content-Type");

        ck_assert_int_eq(file.status, 200);
        ck_assert_msg(strncmp(type, files[i].type, strlen(files[i].type)) == 0, "%s: '%s'",
                      files[i].target, type);
        answer_drop(&file);
    }
}
END_TEST

static void add_requests(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "requests", open_fixture, close_fixture);

    tcase_add_test(tests, an_unknown_path_is_not_found);
    tcase_add_test(tests, a_wrong_method_is_not_allowed);
    tcase_add_test(tests, options_tell_what_is_allowed);
    tcase_add_test(tests, head_is_get_without_a_body);
    tcase_add_test(tests, head_sends_nothing_behind_its_header);
    tcase_add_test(tests, a_content_type_is_json);
    tcase_add_test(tests, checks_have_an_order);
    tcase_add_test(tests, a_body_has_a_limit);
    tcase_add_test(tests, a_body_may_come_in_chunks);
    tcase_add_test(tests, chunks_have_a_limit_together);
    tcase_add_test(tests, a_target_has_a_limit);
    tcase_add_test(tests, a_head_has_a_limit);
    tcase_add_test(tests, many_small_headers_are_served);
    tcase_add_test(tests, too_many_small_headers_are_refused);
    tcase_add_test(tests, many_parameters_are_refused);
    tcase_add_test(tests, too_many_parameters_do_nothing);
    tcase_add_test(tests, a_monstrous_head_is_cut_off);
    tcase_add_test(tests, a_connection_is_kept);
    tcase_add_test(tests, an_old_client_is_served);
    tcase_add_test(tests, pipelined_requests_are_answered_in_order);
    tcase_add_test(tests, a_client_may_expect_to_go_on);
    tcase_add_test(tests, an_ambiguous_length_is_refused);
    tcase_add_test(tests, a_wrong_length_is_refused);
    tcase_add_test(tests, a_host_is_named_once);
    tcase_add_test(tests, a_mangled_head_is_refused);
}

static void add_limits(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "limits", open_store, close_fixture);

    tcase_add_test(tests, more_connections_wait_for_their_turn);
    tcase_add_test(tests, a_rush_is_served_in_turn);
    tcase_add_test(tests, a_head_must_come_in_time);
    tcase_add_test(tests, a_body_must_come_in_time);
    tcase_add_test(tests, an_answer_must_be_taken_in_time);
}

static void add_hostile_clients(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "hostile clients", open_fixture, close_fixture);

    tcase_add_test(tests, garbage_does_no_harm);
    tcase_add_test(tests, mutilated_requests_do_no_harm);
    tcase_add_test(tests, a_client_may_vanish);
    tcase_add_test(tests, a_deep_body_is_refused);
}

static void add_other_routes(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "other routes", open_fixture, close_fixture);

    tcase_add_test(tests, health_is_told_to_everybody);
    tcase_add_test(tests, metrics_are_well_formed);
    tcase_add_test(tests, requests_are_counted);
    tcase_add_test(tests, refusals_are_counted_by_cause);
    tcase_add_test(tests, histograms_are_cumulative);
    tcase_add_test(tests, connections_are_gauged);
    tcase_add_test(tests, the_page_may_do_nothing_else);
    tcase_add_test(tests, files_have_their_types);
}

int main(void)
{
    Suite *suite = suite_create("http_protocol");

    add_requests(suite);
    add_limits(suite);
    add_hostile_clients(suite);
    add_other_routes(suite);
    return run_suite(suite);
}
