/* SPDX-License-Identifier: MIT */
/* Who may ask the HTTP server: bearer tokens, their file, and keys that authenticate. */
#include "support/served_key.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TOKEN_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static const char no_token[] = "Missing or invalid bearer token";
static const char refused_body[] = "{\"success\":false,\"message\":\"Invalid API key\"}";

/* ---- bearer tokens ---- */

static struct answer list_with(const char *const *headers)
{
    return ASK(server, .target = keys_of("repo-1"), .headers = headers);
}

static struct answer list_bearing(const char *authorization)
{
    return list_with(ARGUMENTS(text("Authorization: %s", authorization)));
}

static void assert_listed(struct answer answer)
{
    json_t *all = assert_answer_json(answer, 200);

    ck_assert_uint_eq(json_array_size(json_object_get(all, "apiKeys")), 1);
    json_decref(all);
}

START_TEST(a_bearer_token_lets_in)
{
    assert_listed(list_bearing(text("Bearer %s", token_of("rita"))));
    assert_listed(list_bearing(text("bearer %s", token_of("rita"))));
    assert_listed(list_bearing(text("BEARER %s", token_of("rita"))));
    assert_listed(list_with(ARGUMENTS(text("authorization: Bearer %s", token_of("rita")))));
}
END_TEST

START_TEST(anything_else_is_refused)
{
    const char *token = token_of("anna");
    char hash[65], *stored = strdup(token_line("anna", ""));
    const char *const bad[] = {"Bearer",
                               "Bearer \t",
                               "Bearer wrong",
                               token,
                               text("Basic %s", token),
                               text("Bearer%s", token),
                               text("Bearer %sA", token),
                               text("Bearer %.*s", (int)strlen(token) - 1, token),
                               text("Bearer %s extra", token),
                               text("Bearer %s, Bearer %s", token, token),
                               text("Bearer \"%s\"", token),
                               text("Bearer KWT_%s", token + 4),
                               text("Bearer %s\xFF", token),
                               text("Token %s", token),
                               text("Bearer %04000d", 0)};

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refusal(list_bearing(bad[i]), 401, no_token);
    assert_refusal(list_with(NULL), 401, no_token);
    assert_refusal(list_with(ARGUMENTS("Authorization;")), 401, no_token); /* an empty one */
    assert_refusal(list_with(ARGUMENTS(text("Cookie: token=%s", token))), 401, no_token);
    ck_assert_int_eq(sscanf(stored, "{\"sha256\":\"%64[0-9a-f]\"", hash), 1);
    assert_refusal(list_bearing(text("Bearer %s", hash)), 401, no_token); /* what is stored */
    ck_assert_int_eq(count_events(f.path), 5);
    free(stored);
}
END_TEST

START_TEST(two_tokens_are_none)
{
    const char *good = text("Authorization: Bearer %s", token_of("anna"));

    assert_refusal(list_with(ARGUMENTS(good, "Authorization: Bearer wrong")), 401, no_token);
    assert_refusal(list_with(ARGUMENTS("Authorization: Bearer wrong", good)), 401, no_token);
    assert_refusal(list_with(ARGUMENTS(good, good)), 401, no_token);
}
END_TEST

START_TEST(every_route_of_the_store_wants_a_token)
{
    const struct {
        const char *method, *target;
    } routes[] = {
        {"GET", keys_of("repo-1")}, {"HEAD", keys_of("repo-1")}, {"POST", keys_of("repo-1")},
        {"PUT", key_target(key)},   {"DELETE", key_target(key)}, {"POST", "/systemevent"},
    };

    for (size_t i = 0; i < COUNT(routes); i++) {
        struct answer answer = ASK(server, .method = routes[i].method, .target = routes[i].target);

        ck_assert_str_eq(answer_header(&answer, "WWW-Authenticate"), "Bearer realm=\"keyward\"");
        if (strcmp(routes[i].method, "HEAD") == 0)
            assert_answer_status(answer, 401);
        else
            assert_refusal(answer, 401, no_token);
    }
    ck_assert_int_eq(count_events(f.path), 5);
}
END_TEST

START_TEST(what_is_public_wants_none)
{
    static const char *const targets[] = {"/",        "/page.css", "/page.js",     "/icon.svg",
                                          "/healthz", "/metrics",  "/openapi.json"};

    for (size_t i = 0; i < COUNT(targets); i++)
        assert_answer_status(ASK(server, .target = targets[i]), 200);
}
END_TEST

/* ---- the token file ---- */

static void assert_knows(const char *user, bool wanted)
{
    assert_answer_status(ASK(server, .target = keys_of("repo-1"), .as = user), wanted ? 200 : 401);
}

START_TEST(a_hangup_rereads_the_tokens)
{
    write_tokens(&f, text("%s\n  \n%s", token_line("will", ""), token_line("rita", "")));
    assert_knows("anna", true); /* not before it is told */
    server_signal(server, SIGHUP);
    server_await(server, "tokens: 2 read\n");
    assert_knows("anna", false);
    assert_knows("will", true);
    assert_knows("rita", true);
    write_tokens(
        &f, text("%s%s%s", token_line("anna", ""), token_line("will", ""), token_line("rita", "")));
    server_signal(server, SIGHUP);
    server_await(server, "tokens: 3 read\n");
    assert_knows("anna", true);
    assert_knows("will", true);
}
END_TEST

/* Files that are refused, and what they have beside a good line. */
static const char *bad_line(size_t number)
{
    const char *hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const char *const lines[] = {
        "no JSON",
        "{",
        "[]",
        "\"text\"",
        "{}",
        text("{\"sha256\":\"%s\"}", hash),
        "{\"userId\":\"anna\"}",
        text("{\"sha256\":\"%.63s\",\"userId\":\"anna\"}", hash),
        text("{\"sha256\":\"%s0\",\"userId\":\"anna\"}", hash),
        text("{\"sha256\":\"g%.63s\",\"userId\":\"anna\"}", hash),
        text("{\"sha256\":\"\",\"userId\":\"anna\"}"),
        text("{\"sha256\":5,\"userId\":\"anna\"}"),
        text("{\"sha256\":\"%s\",\"userId\":\"\"}", hash),
        text("{\"sha256\":\"%s\",\"userId\":7}", hash),
        text("{\"sha256\":\"%s\",\"userId\":null}", hash),
        text("{\"sha256\":\"%s\",\"userId\":\"%0256d\"}", hash, 0),
        text("{\"sha256\":\"%s\",\"userId\":\"a\\u0000\"}", hash),
        text("{\"sha256\":\"%s\",\"userId\":\"\xFF\"}", hash),
        text("{\"sha256\":\"%s\",\"userId\":\"anna\",\"userName\":5}", hash),
        text("{\"sha256\":\"%s\",\"userId\":\"anna\",\"userEmail\":[]}", hash),
        text("{\"sha256\":\"%s\",\"userId\":\"anna\",\"role\":\"admin\"}", hash),
        text("{\"sha256\":\"%s\",\"userId\":\"anna\",\"userId\":\"otto\"}", hash),
        text("{\"sha256\":\"%s\",\"userId\":\"anna\"} {}", hash),
    };

    return number < COUNT(lines) ? lines[number] : NULL;
}

START_TEST(a_bad_file_keeps_the_old_tokens)
{
    write_tokens(&f, token_line("anna", ""));
    server_signal(server, SIGHUP);
    server_await(server, "tokens: 1 read\n");
    for (size_t i = 0; bad_line(i); i++) {
        write_tokens(&f, text("%s%s\n", token_line("will", ""), bad_line(i)));
        server_signal(server, SIGHUP);
        server_await(server, "\n");
        assert_knows("anna", true);
        assert_knows("will", false);
    }
    ck_assert_int_eq(unlink(path_in(&f, "tokens.jsonl")), 0);
    server_signal(server, SIGHUP);
    server_await(server, "\n");
    assert_knows("anna", true);
    write_tokens(&f, text("%s%s", token_line("will", ""), token_line("rita", "")));
    server_signal(server, SIGHUP);
    server_await(server, "tokens: 2 read\n");
    assert_knows("anna", false);
}
END_TEST

/* Ends with this code, nothing on stdout and one line on stderr, which has this in it; a wrong
 * command line is told of --help by another. */
static void assert_ends(struct result result, int code, const char *part)
{
    const char *end = strchr(result.err, '\n');

    if (code == 2 && end)
        end = strchr(end + 1, '\n');

    ck_assert_msg(result.code == code, "exit code %d, not %d; stdout '%s', stderr '%s'",
                  result.code, code, result.out, result.err);
    ck_assert_str_eq(result.out, "");
    ck_assert_msg(strstr(result.err, part) != NULL, "'%s' is not in '%s'", part, result.err);
    ck_assert_msg(end && end[1] == '\0', "more or less lines: '%s'", result.err);
    ck_assert_ptr_null(strstr(result.err, "kwt_"));
    result_drop(&result);
}

START_TEST(a_bad_file_is_refused_at_the_start)
{
    for (size_t i = 0; bad_line(i); i++) {
        write_tokens(&f, text("%s\n%s\n", token_line("will", ""), bad_line(i)));
        assert_ends(SERVER_RUN(&f, "--store", f.path, "--master-key", "master.key", "--tokens",
                               "tokens.jsonl", "--listen", "127.0.0.1:0"),
                    1, "");
    }
    ck_assert_int_eq(unlink(path_in(&f, "tokens.jsonl")), 0);
    assert_ends(SERVER_RUN(&f, "--store", f.path, "--master-key", "master.key", "--tokens",
                           "tokens.jsonl", "--listen", "127.0.0.1:0"),
                1, "tokens.jsonl");
}
END_TEST

/* ---- --new-token ---- */

/* The one token in what --new-token has printed. */
static const char *printed_token(struct result *result)
{
    const char *token = strstr(result->out, "kwt_");
    size_t length;

    ck_assert_msg(result->code == 0, "exit code %d, stderr '%s'", result->code, result->err);
    ck_assert_msg(token != NULL, "'%s'", result->out);
    length = strspn(token + 4, TOKEN_LETTERS);
    ck_assert_uint_eq(length, 43);
    ck_assert_ptr_null(strstr(token + 4, "kwt_"));
    ck_assert_ptr_null(strstr(result->err, "kwt_"));
    token = text("%.47s", token);
    result_drop(result);
    return token;
}

/* The last line of a token file. */
static json_t *last_line(const char *name)
{
    size_t size;
    char *lines = (char *)read_whole(path_in(&f, name), &size), *start;
    json_t *object;

    ck_assert_uint_gt(size, 0);
    ck_assert_int_eq(lines[size - 1], '\n');
    lines[size - 1] = '\0';
    start = strrchr(lines, '\n');
    object = json_loads(start ? start + 1 : lines, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(object != NULL, "'%s'", lines);
    free(lines);
    return object;
}

static const char *hash_of(const char *token)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char digits[2 * sizeof hash + 1];

    crypto_hash_sha256(hash, (const unsigned char *)token, strlen(token));
    return text("%s", sodium_bin2hex(digits, sizeof digits, hash, sizeof hash));
}

START_TEST(a_new_token_makes_the_file)
{
    struct result made = SERVER_RUN(&f, "--tokens", "new.jsonl", "--new-token", "zoe", "--name",
                                    "Zoe \"Z\"\n\xC3\xA9", "--email", "zoe@example.org");
    const char *token = printed_token(&made);
    json_t *line = last_line("new.jsonl");
    struct stat about;

    assert_same_json(line, text("{\"sha256\":\"%s\",\"userId\":\"zoe\",\"userName\":\"Zoe "
                                "\\\"Z\\\"\\né\",\"userEmail\":\"zoe@example.org\"}",
                                hash_of(token)));
    ck_assert_int_eq(stat(path_in(&f, "new.jsonl"), &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0600);
    ck_assert(!file_contains(path_in(&f, "new.jsonl"), token, strlen(token)));
    json_decref(line);
}
END_TEST

START_TEST(a_new_token_lets_in)
{
    struct result first, second;
    const char *token, *other;

    first = SERVER_RUN(&f, "--tokens", "tokens.jsonl", "--new-token", "rita");
    token = printed_token(&first);
    second = SERVER_RUN(&f, "--tokens", "tokens.jsonl", "--new-token", "rita", "--name", "Rita");
    other = printed_token(&second);
    ck_assert_str_ne(token, other);
    server_guard(server, token);
    server_guard(server, other);
    server_signal(server, SIGHUP);
    server_await(server, "tokens: 7 read\n");
    assert_listed(list_bearing(text("Bearer %s", token)));
    assert_listed(list_bearing(text("Bearer %s", other)));
    assert_knows("rita", true);
}
END_TEST

/* A file that a person has edited may end without a line feed. */
START_TEST(a_new_token_has_a_line_of_its_own)
{
    const char *line = token_line("anna", "");
    struct result made;
    const char *token;

    write_tokens(&f, text("%.*s", (int)strlen(line) - 1, line));
    made = SERVER_RUN(&f, "--tokens", "tokens.jsonl", "--new-token", "will");
    token = printed_token(&made);
    server_signal(server, SIGHUP);
    server_await(server, "tokens: 2 read\n");
    assert_knows("anna", true);
    assert_listed(list_bearing(text("Bearer %s", token)));
}
END_TEST

START_TEST(a_new_token_needs_a_user)
{
    const char *too_long = text("%0256d", 0);

    assert_ends(SERVER_RUN(&f, "--tokens", "new.jsonl", "--new-token", ""), 2, "");
    assert_ends(SERVER_RUN(&f, "--tokens", "new.jsonl", "--new-token", too_long), 2, "");
    assert_ends(SERVER_RUN(&f, "--new-token", "zoe"), 2, "");
    assert_ends(SERVER_RUN(&f, "--tokens", "no-folder/new.jsonl", "--new-token", "zoe"), 1, "");
    ck_assert_int_ne(access(path_in(&f, "new.jsonl"), F_OK), 0);
}
END_TEST

/* ---- keys that authenticate ---- */

static struct answer verify_text(const char *body)
{
    return ASK(server, .method = "POST", .target = "/auth/verify", .body = body, .id = "the-same");
}

static struct answer verify(const char *access_key, const char *its_secret)
{
    return verify_text(text("{\"key\":\"%s\",\"secret\":\"%s\"}", access_key, its_secret));
}

static void assert_verified(const char *expires)
{
    assert_answer(verify(key->access_key, secret->text), 200,
                  text("{\"success\":true,\"id\":\"%s\",\"repoId\":\"repo-1\",\"aiType\":"
                       "\"OPENAI\",\"expiresAt\":%s}",
                       key->id, expires));
}

START_TEST(a_right_pair_is_told_what_it_opens)
{
    assert_verified("null");
    assert_status(f.store, keyward_set_key_expiry(f.store, &host, "repo-1", key->id, 4070908800123),
                  KEYWARD_OK);
    assert_verified("\"2099-01-01T00:00:00.123Z\"");
    ck_assert_int_eq(count_events(f.path), 6);
    server_stop(&server);
    ck_assert_int_gt(sql_number(f.path, "SELECT last_used_at FROM key_details"), key->created_at);
}
END_TEST

START_TEST(a_bearer_token_plays_no_part_in_it)
{
    assert_answer_status(
        ASK(server, .method = "POST", .target = "/auth/verify",
            .body = text("{\"key\":\"%s\",\"secret\":\"%s\"}", key->access_key, secret->text),
            .headers = ARGUMENTS("Authorization: Bearer wrong")),
        200);
}
END_TEST

/* A key of the kind whose secret does not count any more. */
static keyward_key *dead_key(const char *kind, keyward_secret **its_secret)
{
    keyward_key *dead = make_key(&f, "repo-1", kind, its_secret);

    if (strcmp(kind, "expired") == 0)
        assert_status(f.store,
                      keyward_set_key_expiry(f.store, &host, "repo-1", dead->id, f.now + 1),
                      KEYWARD_OK);
    else
        drop_key(&f, "repo-1", dead->id);
    if (strcmp(kind, "purged") == 0) {
        f.options.purge_retention = 1;
        fixture_reopen(&f);
        f.now += 10;
        assert_status(f.store, keyward_purge_keys(f.store, &host, "repo-1", dead->id, NULL),
                      KEYWARD_OK);
    }
    server_guard(server, (*its_secret)->text);
    return dead;
}

static void assert_refused(struct answer answer)
{
    ck_assert_str_eq(answer.body, refused_body);
    ck_assert_int_eq(answer.status, 401);
    assert_same_answer(answer, verify("kw_ak_unknown", "kw_sk_unknown"));
}

START_TEST(dead_keys_are_refused_alike)
{
    static const char *const kinds[] = {"deleted", "expired", "purged"};

    for (size_t i = 0; i < COUNT(kinds); i++) {
        keyward_secret *its_secret;
        keyward_key *dead = dead_key(kinds[i], &its_secret);

        assert_refused(verify(dead->access_key, its_secret->text));
        keyward_secret_free(&its_secret);
        keyward_key_free(&dead);
    }
}
END_TEST

START_TEST(wrong_pairs_are_refused_alike)
{
    keyward_secret *other_secret;
    keyward_key *other = make_key(&f, "repo-1", "other", &other_secret);
    char mistyped[128], *body = malloc(61000);

    snprintf(mistyped, sizeof mistyped, "%s", secret->text);
    mistyped[20] = mistyped[20] == 'a' ? 'b' : 'a';
    snprintf(body, 61000, "{\"key\":\"%s\",\"secret\":\"%060000d\"}", key->access_key, 0);
    assert_refused(verify(key->access_key, other_secret->text));
    assert_refused(verify(key->access_key, mistyped));
    assert_refused(verify(key->id, secret->text));
    assert_refused(verify("", secret->text));
    assert_refused(verify(key->access_key, ""));
    assert_refused(verify("", ""));
    assert_refused(verify(text("%0256d", 0), secret->text));
    assert_refused(verify(text("%016000d", 0), secret->text));
    assert_refused(verify(text("%s ", key->access_key), secret->text));
    assert_refused(verify("kw_ak_漢字\\n\\\"", "\\u0001"));
    assert_refused(verify_text(body));
    free(body);
    keyward_secret_free(&other_secret);
    keyward_key_free(&other);
}
END_TEST

START_TEST(a_deleted_key_is_refused_from_then_on)
{
    assert_verified("null");
    assert_answer_status(ASK(server, .method = "DELETE", .target = key_target(key), .as = "will"),
                         200);
    assert_refused(verify(key->access_key, secret->text));
    assert_status(f.store, keyward_restore_key(f.store, &host, "repo-1", key->id), KEYWARD_OK);
    assert_verified("null");
    drop_key(&f, "repo-1", key->id); /* by another process than the server */
    assert_refused(verify(key->access_key, secret->text));
}
END_TEST

START_TEST(a_body_without_a_pair_is_malformed)
{
    static const struct {
        const char *body, *part;
    } bad[] = {
        {"{}", "\"key\""},
        {"{\"secret\":\"s\"}", "\"key\""},
        {"{\"key\":\"k\"}", "\"secret\""},
        {"{\"key\":null,\"secret\":\"s\"}", "\"key\""},
        {"{\"key\":\"k\",\"secret\":null}", "\"secret\""},
        {"{\"key\":5,\"secret\":\"s\"}", "\"key\""},
        {"{\"key\":\"k\",\"secret\":[\"s\"]}", "\"secret\""},
        {"{\"key\":\"k\",\"secret\":\"s\",\"key\":\"k\"}", ""},
        {"[]", ""},
        {"", ""},
        {"key", ""},
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_malformed(verify_text(bad[i].body), bad[i].part);
    assert_refusal(ASK(server, .method = "POST", .target = "/auth/verify", .body = "{}",
                       .type = "application/x-www-form-urlencoded"),
                   415, "The content type must be application/json");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_auth");
    TCase *tests = suite_add_case(suite, "tokens", open_fixture, close_fixture);
    TCase *without = suite_add_case(suite, "without a server", open_store, close_fixture);

    tcase_add_test(tests, a_bearer_token_lets_in);
    tcase_add_test(tests, anything_else_is_refused);
    tcase_add_test(tests, two_tokens_are_none);
    tcase_add_test(tests, every_route_of_the_store_wants_a_token);
    tcase_add_test(tests, what_is_public_wants_none);
    tcase_add_test(tests, a_hangup_rereads_the_tokens);
    tcase_add_test(tests, a_bad_file_keeps_the_old_tokens);
    tcase_add_test(tests, a_new_token_lets_in);
    tcase_add_test(tests, a_new_token_has_a_line_of_its_own);
    tcase_add_test(tests, a_right_pair_is_told_what_it_opens);
    tcase_add_test(tests, a_bearer_token_plays_no_part_in_it);
    tcase_add_test(tests, dead_keys_are_refused_alike);
    tcase_add_test(tests, wrong_pairs_are_refused_alike);
    tcase_add_test(tests, a_deleted_key_is_refused_from_then_on);
    tcase_add_test(tests, a_body_without_a_pair_is_malformed);
    tcase_add_test(without, a_bad_file_is_refused_at_the_start);
    tcase_add_test(without, a_new_token_makes_the_file);
    tcase_add_test(without, a_new_token_needs_a_user);
    return run_suite(suite);
}
