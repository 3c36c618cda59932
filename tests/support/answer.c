/* SPDX-License-Identifier: MIT */
#include "support/server.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* ---- asking, with libcurl ---- */

struct growing {
    char *bytes;
    size_t length;
};

static size_t take(char *bytes, size_t size, size_t count, void *context)
{
    struct growing *growing = context;
    char *larger = realloc(growing->bytes, growing->length + size * count + 1);

    if (!larger)
        return 0;
    memcpy(larger + growing->length, bytes, size * count);
    growing->bytes = larger;
    growing->length += size * count;
    growing->bytes[growing->length] = '\0';
    return size * count;
}

/* Adds a line of the header; not by text(), whose buffers are the test's. */
__attribute__((format(printf, 2, 3))) static void add_line(struct curl_slist **lines,
                                                           const char *format, ...)
{
    char line[16384];
    va_list values;

    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    *lines = curl_slist_append(*lines, line);
    ck_assert_ptr_nonnull(*lines);
}

static struct curl_slist *headers_of(const struct request *request)
{
    const char *type = request->type ? request->type : "application/json";
    struct curl_slist *lines = NULL;
    char token[TOKEN_LENGTH + 1];

    add_line(&lines, "Expect:");
    if (request->as)
        add_line(&lines, "Authorization: Bearer %s", write_token(token, request->as));
    if ((request->body || request->type) && *type)
        add_line(&lines, "Content-Type: %s", type);
    else
        add_line(&lines, "Content-Type:"); /* libcurl's own would be that of a form */
    if (request->id)
        add_line(&lines, "X-Request-Id: %s", request->id);
    for (size_t i = 0; request->headers && request->headers[i]; i++)
        add_line(&lines, "%s", request->headers[i]);
    return lines;
}

/* One handle for all requests, so that they share a connection. */
static CURL *client_of(struct server *server)
{
    void **place = server_client(server);
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%d/", server_port(server));
    if (!*place)
        *place = curl_easy_init();
    ck_assert_ptr_nonnull(*place);
    curl_easy_reset(*place);
    curl_easy_setopt(*place, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(*place, CURLOPT_PROXY, "");
    curl_easy_setopt(*place, CURLOPT_USERAGENT, TEST_AGENT);
    curl_easy_setopt(*place, CURLOPT_URL, url);
    return *place;
}

void server_client_free(struct server *server)
{
    curl_easy_cleanup(*server_client(server));
    *server_client(server) = NULL;
}

static void set_request(CURL *client, const struct request *request, struct curl_slist *headers)
{
    const char *method = request->method ? request->method : "GET";

    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(client, CURLOPT_NOBODY, 1L);
    if (request->body) {
        curl_easy_setopt(client, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->body));
        curl_easy_setopt(client, CURLOPT_POSTFIELDS, request->body);
    }
    curl_easy_setopt(client, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(client, CURLOPT_REQUEST_TARGET, request->target);
    curl_easy_setopt(client, CURLOPT_HTTPHEADER, headers);
}

struct answer server_ask(struct server *server, const struct request *request)
{
    struct growing head = {NULL, 0}, body = {NULL, 0};
    struct curl_slist *headers = headers_of(request);
    CURL *client = client_of(server);
    struct answer answer = {0};
    CURLcode code;
    long status;

    set_request(client, request, headers);
    curl_easy_setopt(client, CURLOPT_HEADERFUNCTION, take);
    curl_easy_setopt(client, CURLOPT_HEADERDATA, &head);
    curl_easy_setopt(client, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(client, CURLOPT_WRITEDATA, &body);
    code = curl_easy_perform(client);
    ck_assert_msg(code == CURLE_OK, "%s %.500s: %s", request->method ? request->method : "GET",
                  request->target, curl_easy_strerror(code));
    curl_easy_getinfo(client, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    answer.status = (int)status;
    answer.head = head.bytes;
    answer.body = body.bytes ? body.bytes : calloc(1, 1);
    answer.length = body.length;
    answer.json = json_loadb(answer.body, answer.length, JSON_REJECT_DUPLICATES, NULL);
    assert_common(server, &answer);
    return answer;
}

/* ---- looking at an answer ---- */

void answer_drop(struct answer *answer)
{
    free(answer->head);
    free(answer->body);
    json_decref(answer->json);
    memset(answer, 0, sizeof *answer);
}

/* The line after this one, or NULL. */
static const char *next_line(const char *line)
{
    const char *end = strstr(line, "\r\n");

    return end && end[2] ? end + 2 : NULL;
}

static bool is_header(const char *line, const char *name)
{
    size_t length = strlen(name);

    return strncasecmp(line, name, length) == 0 && line[length] == ':';
}

/* Where the value begins, up to "\r"; NULL: there is no such header. */
static const char *find_header(const struct answer *answer, const char *name)
{
    const char *value = NULL;

    for (const char *line = answer->head; line; line = next_line(line)) {
        if (!is_header(line, name))
            continue;
        ck_assert_msg(value == NULL, "two headers '%s' in '%s'", name, answer->head);
        value = line + strlen(name) + 1;
        value += strspn(value, " \t");
    }
    return value;
}

const char *answer_header(const struct answer *answer, const char *name)
{
    const char *value = find_header(answer, name);

    return value ? text("%.*s", (int)strcspn(value, "\r"), value) : NULL;
}

static void assert_header(const struct answer *answer, const char *name, const char *wanted)
{
    const char *value = find_header(answer, name);

    ck_assert_msg(value != NULL, "no %s in '%s'", name, answer->head);
    ck_assert_msg(strcspn(value, "\r") == strlen(wanted) &&
                      strncmp(value, wanted, strlen(wanted)) == 0,
                  "%s is not '%s' in '%s'", name, wanted, answer->head);
}

static void assert_request_id(const struct answer *answer)
{
    const char *id = find_header(answer, "X-Request-Id");
    size_t length = id ? strcspn(id, "\r") : 0;

    ck_assert_msg(length >= 1 && length <= 255, "X-Request-Id in '%s'", answer->head);
    for (size_t i = 0; i < length; i++)
        ck_assert_msg(id[i] > ' ' && id[i] < 0x7F, "X-Request-Id in '%s'", answer->head);
}

/* What each status brings with it, and nothing else does. */
static void assert_status_headers(const struct answer *answer)
{
    if (answer->status == 401)
        assert_header(answer, "WWW-Authenticate", "Bearer realm=\"keyward\"");
    else
        ck_assert_msg(!find_header(answer, "WWW-Authenticate"), "'%s'", answer->head);
    if (answer->status == 503)
        assert_header(answer, "Retry-After", "1");
    else
        ck_assert_msg(!find_header(answer, "Retry-After"), "'%s'", answer->head);
    ck_assert_int_eq(find_header(answer, "Allow") != NULL,
                     answer->status == 405 || answer->status == 204);
}

static void assert_failure_shape(const struct server *server, const struct answer *answer)
{
    const char *message = json_string_value(json_object_get(answer->json, "message"));
    size_t members = json_object_get(answer->json, "lastUsedAt") ? 3 : 2;

    ck_assert_msg(message != NULL && *message, "%d: '%s'", answer->status, answer->body);
    ck_assert_msg(json_is_false(json_object_get(answer->json, "success")), "'%s'", answer->body);
    ck_assert_uint_eq(json_object_size(answer->json), members);
    ck_assert_int_eq(members == 3, answer->status == 409 && strstr(message, "used") != NULL);
    ck_assert_msg(strstr(message, server_fixture(server)->folder) == NULL, "'%s'", message);
    ck_assert_msg(strstr(message, "keys.db") == NULL, "'%s'", message);
    ck_assert_msg(strcasestr(message, "sqlite") == NULL, "'%s'", message);
}

void assert_common(const struct server *server, const struct answer *answer)
{
    assert_header(answer, "Cache-Control", "no-store");
    assert_header(answer, "X-Content-Type-Options", "nosniff");
    assert_request_id(answer);
    assert_status_headers(answer);
    server_assert_discreet(server, answer->head);
    if (answer->length == 0)
        return;
    if (answer->status >= 400 || answer->json)
        assert_header(answer, "Content-Type", "application/json");
    if (answer->json) /* the page and its parts may say what they like */
        server_assert_discreet(server, answer->body);
    if (answer->status >= 400)
        assert_failure_shape(server, answer);
}

/* ---- asserting ---- */

static void assert_code(const struct answer *answer, int status)
{
    ck_assert_msg(answer->status == status, "status %d, not %d; body '%.2000s', head '%s'",
                  answer->status, status, answer->body, answer->head);
}

void assert_answer(struct answer answer, int status, const char *json)
{
    assert_code(&answer, status);
    ck_assert_msg(answer.json != NULL, "no JSON: '%s'", answer.body);
    assert_same_json(answer.json, json);
    answer_drop(&answer);
}

void assert_refusal(struct answer answer, int status, const char *message)
{
    json_t *wanted = json_pack("{s:b,s:s}", "success", 0, "message", message);
    char *json = json_dumps(wanted, JSON_COMPACT);

    assert_code(&answer, status);
    ck_assert_str_eq(answer.body, json);
    free(json);
    json_decref(wanted);
    answer_drop(&answer);
}

void assert_malformed(struct answer answer, const char *part)
{
    const char *message = json_string_value(json_object_get(answer.json, "message"));

    assert_code(&answer, 400);
    ck_assert_msg(strstr(message, part) != NULL, "'%s' is not in '%s'", part, message);
    answer_drop(&answer);
}

json_t *assert_answer_json(struct answer answer, int status)
{
    json_t *json;

    assert_code(&answer, status);
    ck_assert_msg(answer.json != NULL, "no JSON: '%s'", answer.body);
    json = json_incref(answer.json);
    answer_drop(&answer);
    return json;
}

void assert_answer_status(struct answer answer, int status)
{
    assert_code(&answer, status);
    answer_drop(&answer);
}

/* Lets the date's line be that of another moment. */
static char *without_date(const char *head)
{
    char *copy = strdup(head);

    for (char *line = copy; line && *line; line = (char *)(uintptr_t)next_line(line)) {
        if (is_header(line, "Date"))
            memset(line, '-', strcspn(line, "\r"));
    }
    return copy;
}

void assert_same_answer(struct answer answer, struct answer other)
{
    char *head = without_date(answer.head), *other_head = without_date(other.head);

    ck_assert_str_eq(head, other_head);
    ck_assert_uint_eq(answer.length, other.length);
    ck_assert_mem_eq(answer.body, other.body, answer.length);
    free(head);
    free(other_head);
    answer_drop(&answer);
    answer_drop(&other);
}

/* ---- what stands behind it ---- */

void assert_server_event(const struct fixture *fixture, int64_t sequence, const char *format, ...)
{
    char *row = event_row(fixture->path, sequence);
    char wanted[16384];
    va_list values;

    va_start(values, format);
    vsnprintf(wanted, sizeof wanted, format, values);
    va_end(values);
    ck_assert_pstr_eq(strchr(row, ' ') + 1, wanted);
    free(row);
}

const char *origin(const char *request_id)
{
    return text(" request=%s address=127.0.0.1 agent=" TEST_AGENT, request_id);
}

const char *keys_of(const char *repo_id)
{
    return text("/repo/%s/ai/apikey", repo_id);
}

const char *key_target(const keyward_key *key)
{
    return text("/repo/%s/ai/apikey/%s", key->repo_id, key->id);
}

const char *iso(int64_t at)
{
    time_t seconds = (time_t)(at / 1000);
    struct tm parts;
    char date[32];

    gmtime_r(&seconds, &parts);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    return text("%s.%03dZ", date, (int)(at % 1000));
}
