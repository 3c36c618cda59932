/* SPDX-License-Identifier: MIT */
/* The HTTP server on keys: what it answers, exactly, and what it did to the store. */
#include "support/crew.h"
#include "support/served_key.h"
#include "support/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char created_message[] = "AI API key created successfully";
static const char updated[] = "{\"success\":true,\"message\":\"AI API key updated successfully\"}";
static const char deleted[] = "{\"success\":true,\"message\":\"AI API key deleted successfully\"}";
static const char forbidden[] = "Insufficient permissions";
static const char not_found[] = "AI API key not found";
static const char already_deleted[] = "AI API key already deleted";
static const char unknown_id[] = "018bcfe5-6800-7000-8000-000000000000";

static struct answer create(const char *as, const char *repo_id, const char *body)
{
    return ASK(server, .method = "POST", .target = keys_of(repo_id), .as = as, .body = body,
               .id = "req-1");
}

static struct answer list(const char *as, const char *repo_id)
{
    return ASK(server, .target = keys_of(repo_id), .as = as);
}

static struct answer rename_to(const char *as, const char *target, const char *body)
{
    return ASK(server, .method = "PUT", .target = target, .as = as, .body = body, .id = "req-1");
}

static struct answer delete_as(const char *as, const char *target)
{
    return ASK(server, .method = "DELETE", .target = target, .as = as, .id = "req-1");
}

/* Deletes "CI" with this query. */
static struct answer delete_with(const char *query)
{
    return delete_as("will", text("%s?%s", key_target(key), query));
}

static void assert_nothing_written(int64_t events)
{
    ck_assert_int_eq(count_events(f.path), events);
}

/* ---- create ---- */

START_TEST(create_shows_the_secret_once)
{
    json_t *made = assert_answer_json(
        create("will", "repo-1", "{\"name\":\"Chat\",\"aiType\":\"ANTHROPIC\"}"), 200);
    const char *id = text_member(made, "id"), *made_secret = text_member(made, "secret");
    keyward_key *seen = look_at(&f, "repo-1", id);
    keyward_identity identity;

    ck_assert_uint_eq(json_object_size(made), 5);
    ck_assert(json_is_true(json_object_get(made, "success")));
    ck_assert_str_eq(text_member(made, "message"), created_message);
    ck_assert_str_eq(text_member(made, "key"), seen->access_key);
    ck_assert_str_eq(seen->name, "Chat");
    ck_assert_int_eq(seen->provider, KEYWARD_ANTHROPIC);
    ck_assert_str_eq(seen->created_by, "will");
    assert_status(f.store,
                  keyward_authenticate(f.store, seen->access_key, made_secret, strlen(made_secret),
                                       &identity),
                  KEYWARD_OK);
    ck_assert_str_eq(identity.key_id, id);
    assert_nothing_written(6);
    assert_server_event(&f, 6,
                        "action=key.created actor=will repo=repo-1 key=%s name=Chat "
                        "provider=ANTHROPIC%s hash=1",
                        id, origin("req-1"));
    server_guard(server, made_secret);
    keyward_key_free(&seen);
    json_decref(made);
    assert_answer_status(list("anna", "repo-1"), 200);
}
END_TEST

START_TEST(create_knows_every_provider)
{
    static const char *const words[] = {"OTHER", "OPENAI", "GOOGLE", "ANTHROPIC", "AWS"};

    for (int provider = 0; provider < (int)COUNT(words); provider++) {
        const char *body = text("{\"aiType\":\"%s\",\"name\":\"n\"}", words[provider]);
        json_t *made = assert_answer_json(create("anna", "repo-1", body), 200);
        keyward_key *seen = look_at(&f, "repo-1", text_member(made, "id"));

        ck_assert_int_eq((int)seen->provider, provider);
        keyward_key_free(&seen);
        json_decref(made);
    }
}
END_TEST

/* Creates a key of this name, which stands in the store as `wanted`. */
static void assert_creates(const char *name, const char *wanted)
{
    const char *body = text("{\"name\":\"%s\",\"aiType\":\"AWS\",\"unknown\":[{},null]}", name);
    json_t *made = assert_answer_json(create("will", "repo-1", body), 200);
    keyward_key *seen = look_at(&f, "repo-1", text_member(made, "id"));

    ck_assert_str_eq(seen->name, wanted);
    keyward_key_free(&seen);
    json_decref(made);
}

START_TEST(create_takes_any_text_as_a_name)
{
    char longest[KEYWARD_NAME_MAX + 1] = "";

    memset(longest, 'n', KEYWARD_NAME_MAX);
    assert_creates(longest, longest);
    assert_creates("x", "x");
    assert_creates(" ", " ");
    assert_creates("漢字 \\u00e9 \\\"quoted\\\" \\\\ / \\ud83d\\ude00", "漢字 é \"quoted\" \\ / 😀");
    assert_creates("\\u0001\\n\\u001b[2J", "\001\n\033[2J");
    assert_creates("'; DROP TABLE api_keys; --", "'; DROP TABLE api_keys; --");
    assert_answer_status(list("rita", "repo-1"), 200);
}
END_TEST

START_TEST(create_refuses_what_is_no_key)
{
    static const struct {
        const char *body, *part;
    } bad[] = {
        {"{\"aiType\":\"AWS\"}", "\"name\""},
        {"{\"name\":null,\"aiType\":\"AWS\"}", "\"name\""},
        {"{\"name\":5,\"aiType\":\"AWS\"}", "\"name\""},
        {"{\"name\":[\"n\"],\"aiType\":\"AWS\"}", "\"name\""},
        {"{\"name\":\"\",\"aiType\":\"AWS\"}", "\"name\" must be a string of 1 to 255 bytes"},
        {"{\"name\":\"a\\u0000b\",\"aiType\":\"AWS\"}", ""},
        {"{\"name\":\"n\"}", "\"aiType\""},
        {"{\"name\":\"n\",\"aiType\":null}", "\"aiType\""},
        {"{\"name\":\"n\",\"aiType\":1}", "\"aiType\""},
        {"{\"name\":\"n\",\"aiType\":\"\"}", "\"aiType\""},
        {"{\"name\":\"n\",\"aiType\":\"openai\"}", "\"aiType\""},
        {"{\"name\":\"n\",\"aiType\":\"OPENAI \"}", "\"aiType\""},
        {"{\"name\":\"n\",\"aiType\":\"MISTRAL\"}", "\"aiType\""},
        {"{\"name\":\"n\",\"aiType\":\"AWS\",\"name\":\"n\"}", ""},
        {"{\"name\":\"n\",\"aiType\":\"AWS\",\"x\":1,\"x\":1}", ""},
        {"{\"name\":\"n\",\"aiType\":\"AWS\"} {}", ""},
        {"{\"name\":\"n\",\"aiType\":\"AWS\"", ""},
        {"{'name':'n','aiType':'AWS'}", ""},
        {"{\"name\":\"\xC3\x28\",\"aiType\":\"AWS\"}", ""},
        {"{\"name\":\"\\ud800\",\"aiType\":\"AWS\"}", ""},
        {"[\"n\",\"AWS\"]", ""},
        {"\"n\"", ""},
        {"null", ""},
        {"name=n&aiType=AWS", ""},
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_malformed(create("will", "repo-1", bad[i].body), bad[i].part);
    assert_malformed(create("will", "repo-1", text("{\"name\":\"%0256d\",\"aiType\":\"AWS\"}", 0)),
                     "\"name\"");
    assert_nothing_written(5);
}
END_TEST

START_TEST(create_needs_a_writer)
{
    const char *body = "{\"name\":\"Chat\",\"aiType\":\"AWS\"}";

    assert_refusal(create("rita", "repo-1", body), 403, forbidden);
    assert_server_event(&f, 6,
                        "action=key.create_denied actor=rita repo=repo-1 name=Chat provider=AWS%s",
                        origin("req-1"));
    assert_refusal(create("otto", "repo-1", body), 403, forbidden);
    assert_refusal(create("will", "no-repo", body), 403, forbidden);
    assert_server_event(&f, 8,
                        "action=key.create_denied actor=will repo=no-repo name=Chat provider=AWS%s",
                        origin("req-1"));
    assert_nothing_written(8);
}
END_TEST

/* ---- list ---- */

static const char *listed(const keyward_key *one, const char *name, const char *type)
{
    return text("{\"id\":\"%s\",\"name\":\"%s\",\"repoId\":\"%s\",\"key\":\"%s\",\"aiType\":\"%s\","
                "\"createdAt\":\"%s\",\"deletedAt\":null}",
                one->id, name, one->repo_id, one->access_key, type, iso(one->created_at));
}

START_TEST(list_is_newest_first)
{
    keyward_key *second, *third;

    f.now += 1234;
    second = make_key(&f, "repo-1", "Nightly", NULL);
    f.now += 1;
    third = make_key(&f, "repo-1", "\033\"é", NULL);
    ck_assert_str_eq(iso(key->created_at), AT);
    assert_answer(list("rita", "repo-1"), 200,
                  text("{\"success\":true,\"apiKeys\":[%s,%s,%s]}",
                       listed(third, "\\u001b\\\"é", "OPENAI"), listed(second, "Nightly", "OPENAI"),
                       listed(key, "CI", "OPENAI")));
    assert_nothing_written(7);
    keyward_key_free(&second);
    keyward_key_free(&third);
}
END_TEST

START_TEST(list_of_nothing_is_empty)
{
    assert_answer(list("otto", "repo-2"), 200, "{\"success\":true,\"apiKeys\":[]}");
    drop_key(&f, "repo-1", key->id);
    assert_answer(list("rita", "repo-1"), 200, "{\"success\":true,\"apiKeys\":[]}");
}
END_TEST

START_TEST(list_shows_expired_and_rotated_keys_but_no_deleted_ones)
{
    keyward_key *gone = make_key(&f, "repo-1", "gone", NULL), *successor;
    keyward_secret *successor_secret;

    drop_key(&f, "repo-1", gone->id);
    assert_status(
        f.store,
        keyward_rotate_key(f.store, &host, "repo-1", key->id, NULL, &successor, &successor_secret),
        KEYWARD_OK); /* a day after the fixture's time: long ago for the server */
    server_guard(server, successor_secret->text);
    assert_answer(list("will", "repo-1"), 200,
                  text("{\"success\":true,\"apiKeys\":[%s,%s]}", listed(successor, "CI", "OPENAI"),
                       listed(key, "CI", "OPENAI")));
    keyward_secret_free(&successor_secret);
    keyward_key_free(&successor);
    keyward_key_free(&gone);
}
END_TEST

START_TEST(list_has_all_keys_of_many_pages)
{
    const int count = 2 * KEYWARD_PAGE_MAX + 3;
    json_t *all, *keys;

    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    for (int i = 1; i < count; i++) {
        keyward_key *one = make_key(&f, "repo-1", text("key %d", i), NULL);
        keyward_key_free(&one);
    }
    all = assert_answer_json(list("rita", "repo-1"), 200);
    keys = json_object_get(all, "apiKeys");
    ck_assert_int_eq((int)json_array_size(keys), count);
    for (int i = 1; i < count; i++)
        ck_assert_str_eq(text_member(json_array_get(keys, (size_t)(count - 1 - i)), "name"),
                         text("key %d", i));
    ck_assert_str_eq(text_member(json_array_get(keys, (size_t)count - 1), "id"), key->id);
    json_decref(all);
}
END_TEST

START_TEST(list_needs_a_reader)
{
    assert_refusal(list("nobody", "repo-1"), 403, forbidden);
    assert_refusal(list("otto", "repo-1"), 403, forbidden);
    assert_refusal(list("anna", "no-repo"), 403, forbidden);
    assert_nothing_written(5);
}
END_TEST

/* ---- rename ---- */

START_TEST(rename_gives_another_name)
{
    assert_answer(rename_to("will", key_target(key), "{\"name\":\"Deploy é\"}"), 200, updated);
    assert_nothing_written(6);
    assert_server_event(
        &f, 6, "action=key.renamed actor=will repo=repo-1 key=%s name=Deploy é previous=CI%s",
        key->id, origin("req-1"));
    assert_row_of(f.path, "SELECT name FROM api_keys", "Deploy é");
    assert_answer(rename_to("anna", key_target(key), "{\"name\":\"Deploy é\"}"), 200, updated);
    assert_nothing_written(6); /* it has that name */
}
END_TEST

START_TEST(rename_without_a_name_changes_nothing)
{
    char *before = dump(f.path);

    assert_answer(rename_to("will", key_target(key), "{}"), 200, updated);
    assert_answer(rename_to("anna", key_target(key), "{\"name\":null}"), 200, updated);
    assert_answer(rename_to("anna", key_target(key), "{\"unknown\":1}"), 200, updated);
    assert_refusal(rename_to("will", text("%s/%s", keys_of("repo-1"), unknown_id), "{}"), 404,
                   not_found);
    assert_same_dump(f.path, before);
    assert_refusal(rename_to("rita", key_target(key), "{}"), 403, forbidden);
    assert_refusal(rename_to("nobody", key_target(key), "{}"), 403, forbidden);
    assert_refusal(rename_to("will", text("%s/%s", keys_of("no-repo"), key->id), "{}"), 403,
                   forbidden);
    assert_row_of(f.path, "SELECT name FROM api_keys", "CI");
    drop_key(&f, "repo-1", key->id);
    assert_refusal(rename_to("will", key_target(key), "{}"), 404, already_deleted);
    assert_refusal(rename_to("rita", key_target(key), "{}"), 403, forbidden);
}
END_TEST

START_TEST(rename_refuses_what_is_no_name)
{
    static const char *const bad[] = {"{\"name\":\"\"}", "{\"name\":7}", "{\"name\":false}",
                                      "{\"name\":{}}"};

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_malformed(rename_to("will", key_target(key), bad[i]), "\"name\"");
    assert_malformed(rename_to("will", key_target(key), text("{\"name\":\"%0256d\"}", 0)),
                     "\"name\"");
    assert_malformed(rename_to("will", key_target(key), "{\"name\":\"a\",\"name\":\"b\"}"), "");
    assert_malformed(rename_to("will", key_target(key), "[]"), "");
    assert_malformed(rename_to("will", key_target(key), ""), "");
    assert_nothing_written(5);
}
END_TEST

START_TEST(rename_needs_a_writer_and_a_live_key)
{
    const char *body = "{\"name\":\"mine\"}";

    assert_refusal(rename_to("rita", key_target(key), body), 403, forbidden);
    assert_server_event(&f, 6, "action=key.rename_denied actor=rita repo=repo-1 key=%s name=mine%s",
                        key->id, origin("req-1"));
    assert_refusal(rename_to("will", text("%s/%s", keys_of("repo-1"), unknown_id), body), 404,
                   not_found);
    assert_refusal(rename_to("otto", text("%s/%s", keys_of("repo-2"), key->id), body), 404,
                   not_found);
    drop_key(&f, "repo-1", key->id);
    assert_refusal(rename_to("will", key_target(key), body), 404, already_deleted);
    assert_nothing_written(7);
    assert_row_of(f.path, "SELECT name FROM api_keys", "CI");
}
END_TEST

START_TEST(names_are_unique_where_the_store_wants_it)
{
    keyward_key *other;

    f.options.names = KEYWARD_NAMES_UNIQUE;
    fixture_reopen(&f);
    other = make_key(&f, "repo-1", "other", NULL);
    assert_refusal(create("will", "repo-1", "{\"name\":\"CI\",\"aiType\":\"AWS\"}"), 409,
                   "Another AI API key of this repository has this name");
    assert_refusal(rename_to("will", key_target(other), "{\"name\":\"CI\"}"), 409,
                   "Another AI API key of this repository has this name");
    assert_nothing_written(6);
    assert_answer(delete_as("will", key_target(key)), 200, deleted);
    assert_answer(rename_to("will", key_target(other), "{\"name\":\"CI\"}"), 200, updated);
    keyward_key_free(&other);
}
END_TEST

/* ---- delete ---- */

START_TEST(delete_marks_the_key_and_writes_its_event)
{
    keyward_key *seen;

    assert_answer(delete_as("will", key_target(key)), 200, deleted);
    assert_nothing_written(6);
    assert_server_event(&f, 6, "action=key.deleted actor=will repo=repo-1 key=%s name=CI%s",
                        key->id, origin("req-1"));
    seen = look_at(&f, "repo-1", key->id);
    ck_assert_int_gt(seen->deleted_at, seen->created_at);
    ck_assert_int_eq(seen->deleted_event, 6);
    ck_assert_str_eq(seen->deleted_by, "will");
    ck_assert_int_eq(try_key(&f, key, secret), KEYWARD_REFUSED);
    keyward_key_free(&seen);
}
END_TEST

START_TEST(delete_again_says_so)
{
    assert_answer(delete_as("will", key_target(key)), 200, deleted);
    assert_refusal(delete_as("will", key_target(key)), 404, already_deleted);
    assert_refusal(delete_with("reason=unused&unlessUsedWithin=1h"), 404, already_deleted);
    assert_refusal(delete_as("anna", text("%s/%s", keys_of("repo-1"), unknown_id)), 404, not_found);
    assert_refusal(delete_as("anna", text("%s/not-an-id", keys_of("repo-1"))), 404, not_found);
    assert_refusal(delete_as("otto", text("%s/%s", keys_of("repo-2"), key->id)), 404, not_found);
    assert_nothing_written(6);
}
END_TEST

START_TEST(delete_ignores_a_body)
{
    assert_answer(ASK(server, .method = "DELETE", .target = key_target(key), .as = "anna",
                      .body = "{\"reason\":5", .type = "text/plain"),
                  200, deleted);
    assert_nothing_written(6);
}
END_TEST

START_TEST(delete_keeps_each_reason)
{
    static const struct {
        const char *query, *row;
    } reasons[] = {
        {"reason=unused", " reason=unused"},
        {"reason=rotated", " reason=rotated"},
        {"reason=compromised&reasonText=found%20in%20a%20log",
         " reason=compromised text=found in a "
         "log"},
        {"reasonText=x&reason=offboarding", " reason=offboarding text=x"},
        {"reason=other&reasonText=%C3%A9%26%3D%2B%25%22'", " reason=other text=é&=+%\"'"},
        {"reason=%75nused", " reason=unused"},
    };

    for (size_t i = 0; i < COUNT(reasons); i++) {
        keyward_key *one = make_key(&f, "repo-1", "one", NULL);
        const char *target = text("%s?%s", key_target(one), reasons[i].query);

        assert_answer(delete_as("will", target), 200, deleted);
        assert_server_event(&f, count_events(f.path),
                            "action=key.deleted actor=will repo=repo-1 key=%s name=one%s%s",
                            one->id, reasons[i].row, origin("req-1"));
        keyward_key_free(&one);
    }
}
END_TEST

START_TEST(delete_keeps_a_text_of_the_longest_length)
{
    char longest[KEYWARD_LONG_TEXT_MAX + 2] = "";

    memset(longest, 't', KEYWARD_LONG_TEXT_MAX + 1);
    assert_malformed(delete_with(text("reason=other&reasonText=%s", longest)), "reasonText");
    assert_nothing_written(5);
    longest[KEYWARD_LONG_TEXT_MAX] = '\0';
    assert_answer(delete_with(text("reason=other&reasonText=%s", longest)), 200, deleted);
    assert_row_of(f.path, "SELECT reason_text FROM audit_events WHERE sequence = 6", "%s", longest);
}
END_TEST

START_TEST(delete_refuses_a_mistyped_query)
{
    static const struct {
        const char *query, *part;
    } bad[] = {
        {"reason=unusd", "reason"},
        {"reason=", "reason"},
        {"reason=none", "reason"},
        {"reason=Unused", "reason"},
        {"reason=unused%20", "reason"},
        {"reason=other", "reasonText"},
        {"reason=other&reasonText=", "reasonText"},
        {"reason=unused&reason=unused", "reason"},
        {"reason=unused&%72eason=unused", "reason"},
        {"reasonText=a&reasonText=a&reason=other", "reasonText"},
        {"unlessUsedWithin=1d&unlessUsedWithin=1d", "unlessUsedWithin"},
        {"unlessUsedwithin=1d", ""},
        {"unless_used_within=1d", ""},
        {"Reason=unused", ""},
        {"dryRun=true", ""},
        {"reason=unused&x=1", ""},
        {"reason=%zz", ""},
        {"reason=unused%", ""},
        {"reason=unused%2", ""},
        {"reason=other&reasonText=a%00b", ""},
        {"reason=other&reasonText=%ff", ""},
        {"reason=other&reasonText=%C0%AF", ""},
        {"reason%00=unused", ""},
    };

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_malformed(delete_with(bad[i].query), bad[i].part);
    assert_nothing_written(5);
    assert_row_of(f.path, "SELECT count(*) FROM api_keys WHERE deleted_at IS NOT NULL", "0");
}
END_TEST

START_TEST(delete_refuses_what_is_no_time)
{
    static const char *const bad[] = {"",
                                      "1",
                                      "d",
                                      "-1d",
                                      "1D",
                                      "1.5h",
                                      "1y",
                                      "1dd",
                                      "d1",
                                      "1 d",
                                      "0x1d",
                                      "1d%20",
                                      "%201d",
                                      "99999999999999999999s",
                                      "9223372036854775807w"};

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_malformed(delete_with(text("unlessUsedWithin=%s", bad[i])), "unlessUsedWithin");
    assert_nothing_written(5);
}
END_TEST

START_TEST(delete_leaves_a_key_in_use)
{
    static const char *const times[] = {"2000w", "20000d", "400000h", "20000000m", "900000000s"};
    const char *in_use =
        "{\"success\":false,\"message\":\"AI API key was used too recently\",\"lastUsedAt\":\"" AT
        "\"}";

    ck_assert_int_eq(try_key(&f, key, secret), KEYWARD_OK);
    assert_status(f.store, keyward_flush_uses(f.store), KEYWARD_OK);
    for (size_t i = 0; i < COUNT(times); i++)
        assert_answer(delete_with(text("unlessUsedWithin=%s", times[i])), 409, in_use);
    assert_nothing_written(5);
    assert_answer(delete_with("unlessUsedWithin=1d&reason=unused"), 200, deleted);
    assert_server_event(&f, 6,
                        "action=key.deleted actor=will repo=repo-1 key=%s name=CI reason=unused%s",
                        key->id, origin("req-1"));
}
END_TEST

/* The server itself has authenticated the key, and tells exactly that moment. */
START_TEST(delete_knows_what_the_server_verified)
{
    json_t *in_use;

    assert_answer_status(
        ASK(server, .method = "POST", .target = "/auth/verify",
            .body = text("{\"key\":\"%s\",\"secret\":\"%s\"}", key->access_key, secret->text)),
        200);
    in_use = assert_answer_json(delete_with("unlessUsedWithin=1d"), 409);
    server_stop(&server); /* which writes the use to the file */
    ck_assert_str_eq(text_member(in_use, "lastUsedAt"),
                     iso(sql_number(f.path, "SELECT last_used_at FROM key_details")));
    assert_nothing_written(5);
    json_decref(in_use);
}
END_TEST

/* A worker's one request, which all send at once; returns the status. */
struct race {
    int port;
    const char *request;
};

static int send_once(void *context, int number)
{
    const struct race *race = context;
    struct wire wire = {.fd = wire_connect(race->port)};
    int status = 0;

    (void)number;
    if (wire.fd >= 0 && wire_try_send(&wire, race->request, strlen(race->request)))
        status = wire_try_status(&wire);
    wire_close(&wire);
    return status;
}

START_TEST(one_of_many_deletes_the_key)
{
    struct race race = {.port = server_port(server)};
    int statuses[16], deletions = 0;

    race.request = text("%s\r\n", head_of("DELETE", key_target(key), "will"));
    run_crew(16, send_once, &race, statuses);
    for (int i = 0; i < 16; i++) {
        deletions += statuses[i] == 200;
        ck_assert_msg(statuses[i] == 200 || statuses[i] == 404, "%d", statuses[i]);
    }
    ck_assert_int_eq(deletions, 1);
    assert_nothing_written(6);
}
END_TEST

/* Nothing tells a key that one may not see from one that does not exist. */
START_TEST(a_refusal_is_the_same_for_everything)
{
    static const char *const methods[] = {"DELETE", "PUT"};

    for (size_t i = 0; i < COUNT(methods); i++) {
        struct request request = {.method = methods[i], .as = "otto", .id = "the-same"};

        request.body = i == 1 ? "{\"name\":\"x\"}" : NULL;
        for (int other = 0; other < 3; other++) {
            const char *const targets[] = {text("%s/%s", keys_of("repo-1"), unknown_id),
                                           text("%s/%s", keys_of("no-repo"), key->id),
                                           text("%s/%s", keys_of("no-repo"), unknown_id)};
            struct answer foreign;

            request.target = key_target(key);
            foreign = server_ask(server, &request);
            ck_assert_int_eq(foreign.status, 403);
            ck_assert_str_eq(foreign.body,
                             "{\"success\":false,\"message\":\"Insufficient permissions\"}");
            request.target = targets[other];
            assert_same_answer(foreign, server_ask(server, &request));
        }
    }
    assert_server_event(&f, 6, "action=key.delete_denied actor=otto repo=repo-1 key=%s%s", key->id,
                        origin("the-same"));
    assert_server_event(&f, 9, "action=key.delete_denied actor=otto repo=no-repo key=%s%s", key->id,
                        origin("the-same"));
    assert_nothing_written(17);
}
END_TEST

START_TEST(a_reader_may_not_delete)
{
    assert_refusal(delete_as("rita", key_target(key)), 403, forbidden);
    assert_refusal(delete_as("nobody", text("%s?reason=unused", key_target(key))), 403, forbidden);
    assert_server_event(&f, 7,
                        "action=key.delete_denied actor=nobody repo=repo-1 key=%s reason=unused%s",
                        key->id, origin("req-1"));
    drop_key(&f, "repo-1", key->id);
    assert_refusal(delete_as("rita", key_target(key)), 403, forbidden);
    assert_nothing_written(9);
}
END_TEST

/* ---- what goes into the events ---- */

static const char *last_origin(void)
{
    const char *query = "SELECT '['||request_id||'] ['||client_address||'] ['||user_agent||']'"
                        " FROM audit_events ORDER BY sequence DESC LIMIT 1";
    char *row = sql_text(f.path, query);
    const char *copy = text("%s", row ? row : "(one of them is missing)");

    free(row);
    return copy;
}

static struct answer rename_with(const char *name, const char *const *headers)
{
    return ASK(server, .method = "PUT", .target = key_target(key), .as = "will",
               .body = text("{\"name\":\"%s\"}", name), .headers = headers);
}

START_TEST(the_clients_request_id_is_kept)
{
    char longest[256] = "";
    struct answer answer;

    memset(longest, 'i', 255);
    answer = rename_with("a", ARGUMENTS(text("X-Request-Id: %s", longest)));
    ck_assert_str_eq(answer_header(&answer, "X-Request-Id"), longest);
    ck_assert_str_eq(last_origin(), text("[%s] [127.0.0.1] [" TEST_AGENT "]", longest));
    answer_drop(&answer);
    answer = rename_with("b", ARGUMENTS("X-Request-Id: !~\"<script>\\%00"));
    ck_assert_str_eq(answer_header(&answer, "X-Request-Id"), "!~\"<script>\\%00");
    ck_assert_str_eq(last_origin(), "[!~\"<script>\\%00] [127.0.0.1] [" TEST_AGENT "]");
    answer_drop(&answer);
}
END_TEST

START_TEST(a_bad_request_id_is_replaced)
{
    const char *const bad[] = {text("X-Request-Id: %0256d", 0),
                               "X-Request-Id: two words",
                               "X-Request-Id: \xC3\xA9",
                               "X-Request-Id: a\tb",
                               "X-Request-Id;",
                               "X-Other: x"};
    char *before = strdup("");

    for (size_t i = 0; i < COUNT(bad); i++) {
        struct answer answer = rename_with(text("name %zu", i), ARGUMENTS(bad[i]));
        const char *id = answer_header(&answer, "X-Request-Id");

        ck_assert_int_eq(answer.status, 200);
        ck_assert_ptr_null(strstr(bad[i], id));
        ck_assert_str_ne(id, before);
        ck_assert_str_eq(last_origin(), text("[%s] [127.0.0.1] [" TEST_AGENT "]", id));
        free(before);
        before = strdup(id);
        answer_drop(&answer);
    }
    free(before);
}
END_TEST

/* What a client says of itself is no reason to refuse what it may do. */
START_TEST(a_strange_user_agent_does_no_harm)
{
    char agent[2048 + 16] = "User-Agent: ";

    memset(agent + strlen(agent), 'u', 2048);
    assert_answer(rename_with("a", ARGUMENTS(agent)), 200, updated);
    assert_answer(rename_with("b", ARGUMENTS("User-Agent: \xFF\xFE")), 200, updated);
    assert_answer(rename_with("c", ARGUMENTS("User-Agent:")), 200, updated);
    assert_nothing_written(8);
    assert_row_of(f.path, "SELECT ifnull(user_agent, 'none') FROM audit_events WHERE sequence = 8",
                  "none");
}
END_TEST

/* ---- ids in the path ---- */

START_TEST(ids_are_decoded_once)
{
    static const struct {
        const char *id, *segment;
    } ids[] = {
        {"a/b", "a%2Fb"},
        {"a b", "a%20b"},
        {"a+b", "a+b"},
        {"é漢😀", "%C3%A9%E6%BC%A2%f0%9f%98%80"},
        {"\"quoted\" 'x'", "%22quoted%22%20'x'"},
        {"%2F", "%252F"},
        {"..", ".."},
        {".", "%2E"},
        {"../repo-1", "..%2Frepo-1"},
        {"a?b#c&d=e", "a%3Fb%23c%26d%3De"},
        {"line\nfeed\001", "line%0Afeed%01"},
        {"';--", "';--"},
        {"REPO-1", "REPO-1"},
    };

    for (size_t i = 0; i < COUNT(ids); i++) {
        keyward_key *one;
        json_t *all;

        assert_status(f.store, keyward_grant(f.store, &host, ids[i].id, "anna", KEYWARD_ADMIN),
                      KEYWARD_OK);
        one = make_key(&f, ids[i].id, "one", NULL);
        all = assert_answer_json(list("anna", ids[i].segment), 200);
        ck_assert_uint_eq(json_array_size(json_object_get(all, "apiKeys")), 1);
        ck_assert_str_eq(text_member(json_array_get(json_object_get(all, "apiKeys"), 0), "repoId"),
                         ids[i].id);
        assert_answer(delete_as("anna", text("%s/%s", keys_of(ids[i].segment), one->id)), 200,
                      deleted);
        assert_row_of(f.path,
                      "SELECT repo_id FROM audit_events WHERE action = 'key.deleted'"
                      " ORDER BY sequence DESC LIMIT 1",
                      "%s", ids[i].id);
        keyward_key_free(&one);
        json_decref(all);
    }
}
END_TEST

START_TEST(a_key_id_is_decoded_too)
{
    const char *escaped = text("%s/%%%02x%s", keys_of("repo-1"), key->id[0], key->id + 1);

    assert_refusal(delete_as("anna", text("%s/%%2F", keys_of("repo-1"))), 404, not_found);
    assert_refusal(delete_as("anna", text("%s/..", keys_of("repo-1"))), 404, not_found);
    assert_refusal(delete_as("anna", text("%s/%s%%20", keys_of("repo-1"), key->id)), 404,
                   not_found);
    assert_answer(delete_as("anna", escaped), 200, deleted);
}
END_TEST

START_TEST(a_malformed_id_is_refused)
{
    static const char *const bad[] = {
        "%00", "a%00b",  "%",      "%2",        "%zz", "a%2", "%u00e9",       "%ff",
        "%C3", "%C3%28", "%C0%AF", "%ED%A0%80", "%80", "%-1", "%F5%80%80%80", "%E2%82"};

    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_malformed(list("anna", bad[i]), "");
        assert_malformed(delete_as("anna", text("%s/%s", keys_of("repo-1"), bad[i])), "");
        assert_malformed(delete_as("anna", text("%s/%s", keys_of(bad[i]), key->id)), "");
    }
    assert_nothing_written(5);
}
END_TEST

START_TEST(ids_have_a_length)
{
    char longest[KEYWARD_ID_MAX + 2] = "";

    memset(longest, 'r', KEYWARD_ID_MAX);
    assert_status(f.store, keyward_grant(f.store, &host, longest, "anna", KEYWARD_ADMIN),
                  KEYWARD_OK);
    assert_answer(list("anna", longest), 200, "{\"success\":true,\"apiKeys\":[]}");
    assert_refusal(delete_as("anna", text("%s/%s", keys_of("repo-1"), longest)), 404, not_found);
    longest[KEYWARD_ID_MAX] = 'r';
    assert_malformed(list("anna", longest), "");
    assert_malformed(delete_as("anna", text("%s/%s", keys_of("repo-1"), longest)), "");
    assert_nothing_written(6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_keys");
    TCase *tests = suite_add_case(suite, "keys", open_fixture, close_fixture);

    tcase_add_test(tests, create_shows_the_secret_once);
    tcase_add_test(tests, create_knows_every_provider);
    tcase_add_test(tests, create_takes_any_text_as_a_name);
    tcase_add_test(tests, create_refuses_what_is_no_key);
    tcase_add_test(tests, create_needs_a_writer);
    tcase_add_test(tests, list_is_newest_first);
    tcase_add_test(tests, list_of_nothing_is_empty);
    tcase_add_test(tests, list_shows_expired_and_rotated_keys_but_no_deleted_ones);
    tcase_add_test(tests, list_has_all_keys_of_many_pages);
    tcase_add_test(tests, list_needs_a_reader);
    tcase_add_test(tests, rename_gives_another_name);
    tcase_add_test(tests, rename_without_a_name_changes_nothing);
    tcase_add_test(tests, rename_refuses_what_is_no_name);
    tcase_add_test(tests, rename_needs_a_writer_and_a_live_key);
    tcase_add_test(tests, names_are_unique_where_the_store_wants_it);
    tcase_add_test(tests, delete_marks_the_key_and_writes_its_event);
    tcase_add_test(tests, delete_again_says_so);
    tcase_add_test(tests, delete_ignores_a_body);
    tcase_add_test(tests, delete_keeps_each_reason);
    tcase_add_test(tests, delete_keeps_a_text_of_the_longest_length);
    tcase_add_test(tests, delete_refuses_a_mistyped_query);
    tcase_add_test(tests, delete_refuses_what_is_no_time);
    tcase_add_test(tests, delete_leaves_a_key_in_use);
    tcase_add_test(tests, delete_knows_what_the_server_verified);
    tcase_add_test(tests, one_of_many_deletes_the_key);
    tcase_add_test(tests, a_refusal_is_the_same_for_everything);
    tcase_add_test(tests, a_reader_may_not_delete);
    tcase_add_test(tests, the_clients_request_id_is_kept);
    tcase_add_test(tests, a_bad_request_id_is_replaced);
    tcase_add_test(tests, a_strange_user_agent_does_no_harm);
    tcase_add_test(tests, ids_are_decoded_once);
    tcase_add_test(tests, a_key_id_is_decoded_too);
    tcase_add_test(tests, a_malformed_id_is_refused);
    tcase_add_test(tests, ids_have_a_length);
    return run_suite(suite);
}
