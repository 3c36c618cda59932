/* SPDX-License-Identifier: MIT */
/* The audit log as the HTTP server tells it: what is found, who sees it, and what it says. */
#include "support/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define START                                                                           \
    INT64_C(1700000000000) /* where the fixture's clock stands: long ago for the server \
                            */
#define LONG_AGO "\"from_timestamp\":\"2000-01-01\""

/* A log of the fixture's time, see write_log(). Events 1 to 3 grant anna, will and rita their roles
 * in "repo-1", and 4 otto his in "repo-2"; all are the host's. */
static struct fixture f;
static struct server *server;
static keyward_key *a, *b, *imported, *successor;

static void must(enum keyward_status got, enum keyward_status wanted)
{
    assert_status(f.store, got, wanted);
}

static void write_denials(void)
{
    must(keyward_delete_key(f.store, &rita, "repo-1", a->id, NULL), KEYWARD_FORBIDDEN);   /* 17 */
    must(keyward_rename_key(f.store, &rita, "repo-1", a->id, "x"), KEYWARD_FORBIDDEN);    /* 18 */
    must(keyward_grant(f.store, &will, "repo-1", "x", KEYWARD_ADMIN), KEYWARD_FORBIDDEN); /* 19 */
    must(keyward_create_data_key(f.store, &host), KEYWARD_OK);                            /* 20 */
}

static keyward_key *create_as(const keyward_actor *actor, const keyward_new_key *new_key)
{
    keyward_key *made;
    keyward_secret *secret;

    must(keyward_create_key(f.store, actor, "repo-1", new_key, &made, &secret), KEYWARD_OK);
    keyward_secret_free(&secret);
    return made;
}

static void delete_because(const keyward_key *key, enum keyward_reason reason, const char *words)
{
    keyward_deletion deletion = {.reason = reason, .reason_text = words};

    must(keyward_delete_key(f.store, &will, "repo-1", key->id, &deletion), KEYWARD_OK);
}

/* Every action once at least, a millisecond apart: event n is of START + n - 4, from 5 on. */
static void write_log(void)
{
    const keyward_actor with_id = {.user_id = "will", .request_id = "req \"7\""};
    const keyward_new_key new_a = {
        .name = "a \"1\"\n\303\251", .provider = KEYWARD_ANTHROPIC, .expires_at = 4070908800000};
    const keyward_new_key given = {.name = "given", .secret = "of-a-provider", .secret_length = 13};
    keyward_secret *secret;

    f.now = START + 1;
    a = create_as(&with_id, &new_a); /* 5 */
    f.now++;
    imported = create_as(&anna, &given); /* 6 */
    f.now++;
    must(keyward_rename_key(f.store, &will, "repo-1", a->id, "A"), KEYWARD_OK); /* 7 */
    f.now++;
    must(keyward_set_key_expiry(f.store, &anna, "repo-1", a->id, 0), KEYWARD_OK); /* 8 */
    f.now++;
    must(keyward_reveal_key(f.store, &anna, "repo-1", a->id, &secret), KEYWARD_OK); /* 9 */
    keyward_secret_free(&secret);
    f.now++;
    delete_because(a, KEYWARD_REASON_OTHER, "moved \"on\""); /* 10 */
    f.now++;
    must(keyward_restore_key(f.store, &anna, "repo-1", a->id), KEYWARD_OK); /* 11 */
    f.now++;
    delete_because(imported, KEYWARD_REASON_NONE, NULL); /* 12 */
    f.now++;
    must(keyward_grant(f.store, &anna, "repo-1", "zoe", KEYWARD_READER), KEYWARD_OK); /* 13 */
    f.now++;
    must(keyward_revoke(f.store, &anna, "repo-1", "zoe"), KEYWARD_OK); /* 14 */
    f.now++;
    must(keyward_rotate_key(f.store, &will, "repo-1", a->id, NULL, &successor, &secret),
         KEYWARD_OK); /* 15 and 16 */
    keyward_secret_free(&secret);
    write_denials();
    f.now += 2;
    b = make_key(&f, "repo-2", "b", NULL); /* 21 */
    f.options.purge_retention = 1;
    fixture_reopen(&f);
    f.now++;
    must(keyward_purge_keys(f.store, &anna, "repo-1", imported->id, NULL), KEYWARD_OK); /* 22 */
}

static void open_fixture(void)
{
    server_fixture_open(&f);
    write_log();
    server = SERVER_START(&f, NULL);
}

static void close_fixture(void)
{
    server_stop(&server);
    keyward_key_free(&a);
    keyward_key_free(&b);
    keyward_key_free(&imported);
    keyward_key_free(&successor);
    fixture_close(&f);
}

static struct answer ask(const char *as, const char *body)
{
    return ASK(server, .method = "POST", .target = "/systemevent", .as = as, .body = body);
}

static json_t *found_by(const char *as, const char *body)
{
    json_t *found = assert_answer_json(ask(as, body), 200);

    ck_assert_uint_eq(json_object_size(found), 4);
    return found;
}

/* What is found, as "sequence,sequence,... of TOTAL skip SKIP take TAKE". */
static void assert_found(const char *as, const char *body, const char *wanted)
{
    json_t *found = found_by(as, body), *events = json_object_get(found, "events");
    char got[1024] = "";
    size_t length = 0, count = json_array_size(events);

    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(got + length, sizeof got - length, "%s%lld", i > 0 ? "," : "",
                                   (long long)number_member(json_array_get(events, i), "id"));
    snprintf(got + length, sizeof got - length, " of %lld skip %lld take %lld",
             (long long)number_member(found, "total"), (long long)number_member(found, "skip"),
             (long long)number_member(found, "take"));
    ck_assert_str_eq(got, wanted);
    json_decref(found);
}

/* All that anna finds with these members, which fit one page. */
static void assert_anna_finds(const char *members, const char *wanted)
{
    size_t count = *wanted ? 1 : 0;

    for (const char *letter = wanted; *letter; letter++)
        count += *letter == ',';
    assert_found("anna", text("{" LONG_AGO ",%s}", members),
                 text("%s of %zu skip 0 take 20", wanted, count));
}

/* ---- what it says ---- */

/* The event, without its jsonData, and that by itself. */
static void assert_event_says(int64_t sequence, const char *event, const char *data)
{
    json_t *found = found_by("anna", "{" LONG_AGO ",\"take\":100}"), *events, *one = NULL, *parsed;

    events = json_object_get(found, "events");
    for (size_t i = 0; i < json_array_size(events); i++) {
        if (number_member(json_array_get(events, i), "id") == sequence)
            one = json_array_get(events, i);
    }
    ck_assert_msg(one != NULL, "no event %lld", (long long)sequence);
    parsed = json_loads(text_member(one, "jsonData"), JSON_REJECT_DUPLICATES, NULL);
    assert_same_json(parsed, data);
    drop_member(one, "jsonData");
    assert_same_json(one, event);
    json_decref(parsed);
    json_decref(found);
}

/* The members that differ, and those that are the same everywhere. */
static const char *event_of(int64_t sequence, const char *context, const char *id, const char *kind,
                            const char *user)
{
    return text("{\"id\":%lld,\"timestamp\":\"%s\",\"contextId\":\"%s\",\"context\":\"%s\","
                "\"event\":\"%s\",\"orgId\":\"\",%s,\"workspaceId\":null,\"showUnread\":true}",
                (long long)sequence,
                iso(sql_number(f.path, text("SELECT at FROM audit_events WHERE"
                                            " sequence = %lld",
                                            (long long)sequence))),
                id, context, kind, user);
}

#define BY_ANNA "\"userId\":\"anna\",\"userName\":\"Anna\",\"userEmail\":\"anna@example.org\""
#define BY_WILL "\"userId\":\"will\",\"userName\":\"\",\"userEmail\":\"\""
#define BY_HOST "\"userId\":\"\",\"userName\":\"\",\"userEmail\":\"\""

START_TEST(a_created_key)
{
    assert_event_says(5, event_of(5, "aillmapikey", a->id, "created", BY_WILL),
                      "{\"action\":\"key.created\",\"repoId\":\"repo-1\",\"name\":\"a "
                      "\\\"1\\\"\\né\",\"aiType\":\"ANTHROPIC\",\"requestId\":\"req \\\"7\\\"\","
                      "\"expiresAt\":\"2099-01-01T00:00:00.000Z\"}");
    assert_event_says(6, event_of(6, "aillmapikey", imported->id, "created", BY_ANNA),
                      "{\"action\":\"key.imported\",\"repoId\":\"repo-1\",\"name\":\"given\","
                      "\"aiType\":\"OTHER\"}");
}
END_TEST

START_TEST(an_updated_key)
{
    assert_event_says(7, event_of(7, "aillmapikey", a->id, "updated", BY_WILL),
                      "{\"action\":\"key.renamed\",\"repoId\":\"repo-1\",\"name\":\"A\","
                      "\"previousName\":\"a \\\"1\\\"\\né\"}");
    assert_event_says(8, event_of(8, "aillmapikey", a->id, "updated", BY_ANNA),
                      "{\"action\":\"key.expiry_set\",\"repoId\":\"repo-1\",\"name\":\"A\"}");
    assert_event_says(9, event_of(9, "aillmapikey", a->id, "updated", BY_ANNA),
                      "{\"action\":\"key.revealed\",\"repoId\":\"repo-1\",\"name\":\"A\"}");
    assert_event_says(11, event_of(11, "aillmapikey", a->id, "updated", BY_ANNA),
                      "{\"action\":\"key.restored\",\"repoId\":\"repo-1\",\"name\":\"A\"}");
    assert_event_says(22, event_of(22, "aillmapikey", imported->id, "updated", BY_ANNA),
                      "{\"action\":\"key.purged\",\"repoId\":\"repo-1\",\"name\":\"given\"}");
}
END_TEST

START_TEST(a_deleted_key)
{
    assert_event_says(10, event_of(10, "aillmapikey", a->id, "deleted", BY_WILL),
                      "{\"action\":\"key.deleted\",\"repoId\":\"repo-1\",\"name\":\"A\","
                      "\"reason\":\"other\",\"reasonText\":\"moved \\\"on\\\"\"}");
    assert_event_says(12, event_of(12, "aillmapikey", imported->id, "deleted", BY_WILL),
                      "{\"action\":\"key.deleted\",\"repoId\":\"repo-1\",\"name\":\"given\"}");
}
END_TEST

START_TEST(a_rotated_key)
{
    assert_event_says(15, event_of(15, "aillmapikey", a->id, "updated", BY_WILL),
                      text("{\"action\":\"key.rotated\",\"repoId\":\"repo-1\",\"name\":\"A\","
                           "\"otherKeyId\":\"%s\",\"expiresAt\":\"%s\"}",
                           successor->id, iso(START + 11 + KEYWARD_OVERLAP_DEFAULT)));
    assert_event_says(16, event_of(16, "aillmapikey", successor->id, "created", BY_WILL),
                      text("{\"action\":\"key.created\",\"repoId\":\"repo-1\",\"name\":\"A\","
                           "\"aiType\":\"ANTHROPIC\",\"otherKeyId\":\"%s\"}",
                           a->id));
}
END_TEST

START_TEST(a_changed_access)
{
    assert_event_says(3, event_of(3, "repo", "repo-1", "updated", BY_HOST),
                      "{\"action\":\"access.granted\",\"repoId\":\"repo-1\",\"userId\":\"rita\","
                      "\"role\":\"reader\"}");
    assert_event_says(13, event_of(13, "repo", "repo-1", "updated", BY_ANNA),
                      "{\"action\":\"access.granted\",\"repoId\":\"repo-1\",\"userId\":\"zoe\","
                      "\"role\":\"reader\"}");
    assert_event_says(14, event_of(14, "repo", "repo-1", "updated", BY_ANNA),
                      "{\"action\":\"access.revoked\",\"repoId\":\"repo-1\",\"userId\":\"zoe\","
                      "\"role\":\"reader\"}");
}
END_TEST

/* What the server does itself is told the next moment, without any bound in time. */
START_TEST(an_event_of_just_now)
{
    assert_answer_status(ASK(server, .method = "DELETE", .as = "rita", .id = "req-2",
                             .target = text("%s?reason=unused", key_target(a))),
                         403);
    assert_answer_status(ASK(server, .method = "DELETE", .as = "will", .id = "req-3",
                             .target = text("%s?reason=unused", key_target(a))),
                         200);
    assert_found("anna", "{}", "24 of 1 skip 0 take 20");
    assert_event_says(24, event_of(24, "aillmapikey", a->id, "deleted", BY_WILL),
                      "{\"action\":\"key.deleted\",\"repoId\":\"repo-1\",\"name\":\"A\","
                      "\"reason\":\"unused\",\"requestId\":\"req-3\"}");
}
END_TEST

/* The names are those of the token file as it is now. */
START_TEST(names_are_json_too)
{
    json_t *found;
    const json_t *event;

    assert_answer_status(ASK(server, .method = "DELETE", .as = "rita", .target = key_target(a)),
                         403);
    must(keyward_grant(f.store, &host, "repo-1", "rita", KEYWARD_WRITER), KEYWARD_OK);
    assert_answer_status(ASK(server, .method = "DELETE", .as = "rita", .target = key_target(a)),
                         200);
    found = found_by("rita", "{}");
    ck_assert_int_eq(number_member(found, "total"), 1);
    event = json_array_get(json_object_get(found, "events"), 0);
    ck_assert_str_eq(text_member(event, "userName"), "Rita \"R\" Ähre");
    ck_assert_str_eq(text_member(event, "userEmail"), "");
    json_decref(found);
}
END_TEST

/* ---- who sees it ---- */

#define OF_REPO_1 "22,16,15,14,13,12,11,10,9,8,7,6,5,3,2,1"

START_TEST(an_admin_sees_all_of_the_repository)
{
    assert_anna_finds("\"take\":null", OF_REPO_1);
    assert_found("otto", "{" LONG_AGO "}", "21,4 of 2 skip 0 take 20");
}
END_TEST

START_TEST(others_see_what_they_did)
{
    assert_found("will", "{" LONG_AGO "}", "16,15,12,10,7,5 of 6 skip 0 take 20");
    assert_found("rita", "{" LONG_AGO "}", " of 0 skip 0 take 20");
    assert_found("nobody", "{" LONG_AGO "}", " of 0 skip 0 take 20");
    assert_found("will", "{" LONG_AGO ",\"userId\":\"anna\"}", " of 0 skip 0 take 20");
    assert_found("otto", text("{" LONG_AGO ",\"contextId\":\"%s\"}", a->id),
                 " of 0 skip 0 take 20");
}
END_TEST

/* His role is that of now, and what he did remains his. */
START_TEST(who_has_lost_his_role_sees_his_own)
{
    must(keyward_revoke(f.store, &host, "repo-1", "anna"), KEYWARD_OK);
    assert_found("anna", "{" LONG_AGO "}", "22,14,13,11,9,8,6 of 7 skip 0 take 20");
    must(keyward_grant(f.store, &host, "repo-1", "will", KEYWARD_ADMIN), KEYWARD_OK);
    assert_found("will", "{" LONG_AGO ",\"skip\":2}",
                 "22,16,15,14,13,12,11,10,9,8,7,6,5,3,2,1 of 18 skip 2 take 20");
}
END_TEST

/* ---- filters ---- */

START_TEST(a_context_narrows)
{
    for (int context = 0; context < 14; context++) {
        const char *wanted = context == 12  ? "22,16,15,12,11,10,9,8,7,6,5"
                             : context == 2 ? "14,13,3,2,1"
                                            : "";
        assert_anna_finds(text("\"context\":%d", context), wanted);
    }
    assert_anna_finds("\"context\":null", OF_REPO_1);
}
END_TEST

START_TEST(a_context_id_narrows)
{
    assert_anna_finds(text("\"contextId\":\"%s\"", a->id), "15,11,10,9,8,7,5");
    assert_anna_finds(text("\"contextId\":\"%s\",\"context\":12", a->id), "15,11,10,9,8,7,5");
    assert_anna_finds(text("\"contextId\":\"%s\",\"context\":2", a->id), "");
    assert_anna_finds("\"contextId\":\"repo-1\"", "14,13,3,2,1");
    assert_anna_finds("\"contextId\":\"repo-1\",\"context\":2", "14,13,3,2,1");
    assert_anna_finds("\"contextId\":\"repo-1\",\"context\":12", "");
    assert_anna_finds(text("\"contextId\":\"%s\"", b->id), "");
    assert_anna_finds("\"contextId\":\"repo-2\"", "");
    assert_anna_finds("\"contextId\":\"nothing\"", "");
    assert_anna_finds("\"contextId\":null", OF_REPO_1);
    assert_anna_finds(text("\"contextId\":\"%0256d\"", 0), "");
}
END_TEST

START_TEST(an_event_narrows)
{
    assert_anna_finds("\"event\":0", "16,6,5");
    assert_anna_finds("\"event\":1", "22,15,14,13,11,9,8,7,3,2,1");
    assert_anna_finds("\"event\":2", "12,10");
    assert_anna_finds("\"event\":null", OF_REPO_1);
    assert_anna_finds("\"event\":1,\"context\":2", "14,13,3,2,1");
    assert_anna_finds("\"event\":2,\"context\":2", "");
}
END_TEST

START_TEST(a_user_narrows_to_what_he_did)
{
    assert_anna_finds("\"userId\":\"will\"", "16,15,12,10,7,5");
    assert_anna_finds("\"userId\":\"anna\"", "22,14,13,11,9,8,6");
    assert_anna_finds("\"userId\":\"rita\"",
                      ""); /* whose access was changed, but who did nothing */
    assert_anna_finds("\"userId\":\"zoe\"", "");
    assert_anna_finds("\"userId\":null", OF_REPO_1);
    assert_anna_finds("\"userId\":\"will\",\"event\":2", "12,10");
}
END_TEST

START_TEST(there_are_no_workspaces_and_no_marks)
{
    assert_anna_finds("\"workspaceId\":\"w\"", "");
    assert_anna_finds("\"workspaceId\":null", OF_REPO_1);
    assert_anna_finds("\"showUnread\":true", OF_REPO_1);
    assert_anna_finds("\"showUnread\":null", OF_REPO_1);
    assert_anna_finds("\"unknown\":{\"a\":[1]}", OF_REPO_1);
}
END_TEST

/* ---- bounds in time ---- */

/* All of 22:13:20 UTC, with events 1 to 4 at .000 and event n from 5 on at n - 4 ms. */
static void assert_between(const char *from, const char *to, const char *wanted)
{
    size_t count = *wanted ? 1 : 0;

    for (const char *letter = wanted; *letter; letter++)
        count += *letter == ',';
    assert_found("will", text("{\"from_timestamp\":\"%s\",\"to_timestamp\":\"%s\"}", from, to),
                 text("%s of %zu skip 0 take 20", wanted, count));
}

#define SECOND "2023-11-14T22:13:20"

START_TEST(a_period_includes_its_start_only)
{
    assert_between(SECOND ".001Z", SECOND ".003Z", "5");
    assert_between(SECOND ".001Z", SECOND ".004Z", "7,5");
    assert_between(SECOND ".002Z", SECOND ".003Z", "");
    assert_between(SECOND ".003Z", SECOND ".003Z", "");
    assert_between(SECOND "Z", SECOND ".004Z", "7,5");
    assert_between(SECOND ".0Z", SECOND ".01Z", "12,10,7,5");
    assert_between(SECOND ".003000Z", "2023-11-14T22:13:21Z", "16,15,12,10,7");
    assert_between("2023-11-14", "2023-11-15", "16,15,12,10,7,5");
    assert_between("2023-11-13", "2023-11-14", "");
    assert_between("2023-11-15", "2023-11-16", "");
}
END_TEST

START_TEST(an_offset_shifts_a_bound)
{
    assert_between("2023-11-15T00:13:20.003+02:00", "2023-11-14T17:13:20.004-05:00", "7");
    assert_between("2023-11-15T03:58:20.003+05:45", "2023-11-14T22:13:20.004+00:00", "7");
    assert_between("2023-11-14T22:13:20.003-00:00", "2023-11-15T00:13:20.006+02:00", "7");
    assert_between("2023-11-15T00:13:20+02:00", "2023-11-14T22:13:20.004Z", "7,5");
}
END_TEST

START_TEST(a_period_begins_a_day_before_its_end)
{
    assert_found("will", "{}", " of 0 skip 0 take 20");
    assert_found("will", "{\"to_timestamp\":\"2023-11-15T22:13:20.003Z\"}",
                 "16,15,12,10,7 of 5 skip 0 take 20");
    assert_found("will", "{\"to_timestamp\":\"2023-11-15T22:13:20.004Z\",\"from_timestamp\":null}",
                 "16,15,12,10 of 4 skip 0 take 20");
    assert_found("will", "{\"from_timestamp\":\"2023-11-14T22:13:20.008Z\",\"to_timestamp\":null}",
                 "16,15,12 of 3 skip 0 take 20");
}
END_TEST

/* ---- pages ---- */

START_TEST(pages_follow_each_other)
{
    assert_found("anna", "{" LONG_AGO ",\"take\":5}", "22,16,15,14,13 of 16 skip 0 take 5");
    assert_found("anna", "{" LONG_AGO ",\"take\":5,\"skip\":5}",
                 "12,11,10,9,8 of 16 skip 5 take 5");
    assert_found("anna", "{" LONG_AGO ",\"take\":5,\"skip\":15}", "1 of 16 skip 15 take 5");
    assert_found("anna", "{" LONG_AGO ",\"take\":5,\"skip\":16}", " of 16 skip 16 take 5");
    assert_found("anna", "{" LONG_AGO ",\"skip\":1000000}", " of 16 skip 1000000 take 20");
    assert_found("anna", "{" LONG_AGO ",\"take\":1,\"event\":2,\"skip\":1}",
                 "10 of 2 skip 1 take 1");
    assert_found("anna", "{" LONG_AGO ",\"take\":100,\"skip\":14}", "2,1 of 16 skip 14 take 100");
}
END_TEST

/* More events than the library lists at once: none is missed, and all are counted. */
START_TEST(a_long_log_is_counted_wholly)
{
    const int count = 2 * KEYWARD_PAGE_MAX + 7;

    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    for (int i = 0; i < count; i++)
        must(keyward_rename_key(f.store, &will, "repo-1", a->id, text("name %d", i)), KEYWARD_OK);
    assert_found("will", "{" LONG_AGO ",\"take\":3}", "2029,2028,2027 of 2013 skip 0 take 3");
    assert_found("will", "{" LONG_AGO ",\"take\":8,\"skip\":2005}",
                 "24,23,16,15,12,10,7,5 of 2013 skip 2005 take 8");
    assert_found("anna", "{" LONG_AGO ",\"take\":2,\"skip\":999}",
                 "1030,1029 of 2023 skip 999 take 2");
    assert_found("otto", "{" LONG_AGO "}", "21,4 of 2 skip 0 take 20");
}
END_TEST

/* ---- what is refused ---- */

START_TEST(a_bad_value_is_refused)
{
    static const struct {
        const char *member, *values[12];
    } bad[] = {
        {"from_timestamp",
         {"0", "\"\"", "\"yesterday\"", "\"2023-13-01\"", "\"2023-02-30\"", "\"2023-11-14 22:13\"",
          "\"2023-11-14T24:00:00Z\"", "\"2023-11-14T22:13:20.Z\"", "\"2023-11-14T22:13:20Zx\"",
          "\"14.11.2023\"", "true"}},
        {"to_timestamp",
         {"1700000000000", "\"now\"", "\"2023-1-1\"", "\"2023-11-14T22:13:60Z\"",
          "\"2023-11-14T22:13:20+2\"", "\"2023-11-14T22:13:20+24:00\"", "\"99999-01-01\"", "[]"}},
        {"context", {"-1", "14", "1.5", "12.0", "\"repo\"", "\"2\"", "true", "[2]", "{}"}},
        {"event", {"-1", "3", "0.5", "\"deleted\"", "false", "4294967296"}},
        {"skip", {"-1", "0.5", "\"0\"", "true", "[]", "-9223372036854775808"}},
        {"take", {"0", "-1", "101", "20.0", "\"20\"", "false", "9223372036854775807"}},
        {"contextId", {"0", "[]", "{}", "true"}},
        {"userId", {"7", "[\"will\"]", "false"}},
        {"workspaceId", {"1", "{}", "true"}},
        {"showUnread", {"1", "\"true\"", "[]"}},
    };

    for (size_t i = 0; i < COUNT(bad); i++) {
        for (size_t j = 0; j < COUNT(bad[i].values) && bad[i].values[j]; j++)
            assert_malformed(ask("anna", text("{\"%s\":%s}", bad[i].member, bad[i].values[j])),
                             text("\"%s\"", bad[i].member));
    }
}
END_TEST

START_TEST(a_bad_body_is_refused)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "null",
                                      "{",
                                      "{}{}",
                                      "{\"take\":1e999}",
                                      "{\"take\":99999999999999999999}",
                                      "{\"take\":1,\"take\":1}",
                                      "{\"take\":NaN}",
                                      "{\"take\":01}",
                                      "{\"take\":1,}",
                                      "{\"userId\":\"a\\u0000b\"}",
                                      "{\"userId\":\"\xFF\"}"};

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_malformed(ask("anna", bad[i]), "");
    assert_malformed(ASK(server, .method = "POST", .target = "/systemevent", .as = "anna",
                         .type = "application/json"),
                     "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_events");
    TCase *tests = suite_add_case(suite, "events", open_fixture, close_fixture);

    tcase_add_test(tests, a_created_key);
    tcase_add_test(tests, an_updated_key);
    tcase_add_test(tests, a_deleted_key);
    tcase_add_test(tests, a_rotated_key);
    tcase_add_test(tests, a_changed_access);
    tcase_add_test(tests, an_event_of_just_now);
    tcase_add_test(tests, names_are_json_too);
    tcase_add_test(tests, an_admin_sees_all_of_the_repository);
    tcase_add_test(tests, others_see_what_they_did);
    tcase_add_test(tests, who_has_lost_his_role_sees_his_own);
    tcase_add_test(tests, a_context_narrows);
    tcase_add_test(tests, a_context_id_narrows);
    tcase_add_test(tests, an_event_narrows);
    tcase_add_test(tests, a_user_narrows_to_what_he_did);
    tcase_add_test(tests, there_are_no_workspaces_and_no_marks);
    tcase_add_test(tests, a_period_includes_its_start_only);
    tcase_add_test(tests, an_offset_shifts_a_bound);
    tcase_add_test(tests, a_period_begins_a_day_before_its_end);
    tcase_add_test(tests, pages_follow_each_other);
    tcase_add_test(tests, a_long_log_is_counted_wholly);
    tcase_add_test(tests, a_bad_value_is_refused);
    tcase_add_test(tests, a_bad_body_is_refused);
    return run_suite(suite);
}
