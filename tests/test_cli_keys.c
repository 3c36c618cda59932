/* SPDX-License-Identifier: MIT */
/* The command on keys, through pipes: what it prints, exactly, and what it did to the store. */
#include "support/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT "2023-11-14T22:13:20Z" /* where the fixture's clock stands */
#define AT_MS "1700000000000"

static struct fixture f;
static keyward_key *key; /* "CI" of "repo-1", made by the host */
static keyward_secret *secret;

static void open_fixture(void)
{
    command_fixture_open(&f);
    key = command_key(&f, "CI", &secret);
}

static void close_fixture(void)
{
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    fixture_close(&f);
}

static keyward_key *read_key(const char *id)
{
    keyward_key *found;

    assert_status(f.store,
                  keyward_get_key(f.store, &host, "repo-1", id, KEYWARD_LIVE_AND_DELETED, &found),
                  KEYWARD_OK);
    return found;
}

static void assert_action(enum keyward_action action)
{
    keyward_event_list *last = last_event(&f);

    ck_assert_str_eq(keyward_action_text(last->events[0]->action), keyward_action_text(action));
    keyward_event_list_free(&last);
}

static enum keyward_status try_secret(const char *access_key, const char *text)
{
    keyward_identity identity;

    return keyward_authenticate(f.store, access_key, text, strlen(text), &identity);
}

/* ---- create ---- */

START_TEST(create_prints_the_secret_once)
{
    struct result made = RUN(&f, "create", "repo-1", "Chat", "--provider", "anthropic");
    char id[64], access_key[64], text_[128];

    ck_assert_int_eq(sscanf(made.out,
                            "key             %63s\n"
                            "name            Chat\n"
                            "provider        ANTHROPIC\n"
                            "access key      %63s\n"
                            "secret          %127s\n",
                            id, access_key, text_),
                     3);
    assert_status(f.store, try_secret(access_key, text_), KEYWARD_OK);
    assert_result(made, 0,
                  text("key             %s\nname            Chat\nprovider        ANTHROPIC\n"
                       "access key      %s\nsecret          %s\n"
                       "This secret is shown once: put it where it is to be used. No list shows "
                       "it.\n",
                       id, access_key, text_),
                  "");
}
END_TEST

START_TEST(create_as_json)
{
    json_t *made = assert_json(
        RUN(&f, "create", "repo-1", "Chat", "--json", "--expires", "2099-01-01", "--utc"), 0);
    json_t *made_key = json_object_get(made, "key");

    assert_status(f.store,
                  try_secret(text_member(made_key, "access_key"), text_member(made, "secret")),
                  KEYWARD_OK);
    drop_member(made, "secret");
    drop_member(made_key, "id");
    drop_member(made_key, "access_key");
    drop_member(made_key, "created_at");
    assert_same_json(made, "{\"success\":true,\"key\":{\"repo_id\":\"repo-1\",\"name\":\"Chat\","
                           "\"provider\":\"OTHER\",\"expires_at\":4070908800000,"
                           "\"expired\":false}}");
    json_decref(made);
}
END_TEST

START_TEST(create_acts_as_a_user)
{
    json_t *made =
        assert_json(RUN(&f, "create", "repo-1", "Chat", "--as", "will", "--json", "--request-id",
                        "req-1", "--client-address", "192.0.2.1", "--reason", "ticket 7"),
                    0);
    keyward_event_list *last = last_event(&f);

    ck_assert_str_eq(text_member(json_object_get(made, "key"), "created_by"), "will");
    ck_assert_str_eq(last->events[0]->actor_id, "will");
    ck_assert_str_eq(last->events[0]->request_id, "req-1");
    ck_assert_str_eq(last->events[0]->client_address, "192.0.2.1");
    ck_assert_str_eq(last->events[0]->reason_text, "ticket 7");
    keyward_event_list_free(&last);
    json_decref(made);
    assert_failure(RUN(&f, "create", "repo-1", "Chat", "--as", "rita"), KEYWARD_FORBIDDEN,
                   "keyward: create: the actor has no such right");
    assert_action(KEYWARD_KEY_CREATE_DENIED);
}
END_TEST

START_TEST(a_failure_as_json)
{
    struct result refused = RUN(&f, "create", "repo-1", "Chat", "--as", "rita", "--json");
    json_t *error = json_loads(refused.err, 0, NULL);

    ck_assert_int_eq(refused.code, KEYWARD_FORBIDDEN);
    ck_assert_str_eq(refused.out, "");
    assert_same_json(error, "{\"success\":false,\"status\":2,\"error\":\"FORBIDDEN\",\"message\":"
                            "\"the actor has no such right in this repository\"}");
    json_decref(error);
    result_drop(&refused);
}
END_TEST

/* ---- list ---- */

START_TEST(list_is_a_table)
{
    keyward_key *second;

    f.now += 1000;
    second = command_key(&f, "Nightly", NULL);
    assert_status(f.store,
                  keyward_authenticate(f.store, key->access_key, secret->text, secret->length,
                                       &(keyward_identity){.repo_id = ""}),
                  KEYWARD_OK);
    assert_status(f.store,
                  keyward_set_key_expiry(f.store, &host, "repo-1", second->id, 4070908800000),
                  KEYWARD_OK);
    assert_result(RUN(&f, "list", "repo-1", "--utc"), 0,
                  text("KEY                                   NAME     PROVIDER  CREATED        "
                       "       LAST USED             EXPIRES               NOTE\n"
                       "%s  Nightly  OPENAI    2023-11-14T22:13:21Z                        "
                       "2099-01-01T00:00:00Z\n"
                       "%s  CI       OPENAI    " AT "  2023-11-14T22:13:21Z\n",
                       second->id, key->id),
                  "");
    keyward_key_free(&second);
}
END_TEST

START_TEST(list_as_json)
{
    json_t *listed = assert_json(RUN(&f, "list", "repo-1", "--json"), 0);

    assert_same_json(listed, text("{\"id\":\"%s\",\"repo_id\":\"repo-1\",\"access_key\":\"%s\","
                                  "\"name\":\"CI\",\"provider\":\"OPENAI\",\"created_at\":" AT_MS
                                  ",\"expired\":false}",
                                  key->id, key->access_key));
    json_decref(listed);
}
END_TEST

START_TEST(list_shows_deleted_keys_to_who_asks)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_UNUSED};

    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", key->id, &deletion),
                  KEYWARD_OK);
    assert_result(RUN(&f, "list", "repo-1"), 0, "", "repo-1 has no live keys\n");
    assert_result(RUN(&f, "list", "repo-1", "--quiet"), 0, "", "");
    assert_result(RUN(&f, "list", "repo-1", "--json"), 0, "", "");
    assert_result(RUN(&f, "list", "repo-1", "--deleted", "--utc", "--as", "anna"), 0,
                  text("KEY                                   NAME  PROVIDER  CREATED           "
                       "    LAST USED  EXPIRES  NOTE\n"
                       "%s  CI    OPENAI    " AT "                      deleted " AT " by will\n",
                       key->id),
                  "");
    assert_failure(RUN(&f, "list", "repo-1", "--all", "--as", "rita"), KEYWARD_FORBIDDEN, "list");
    assert_failure(RUN(&f, "list", "repo-1", "--all", "--deleted"), KEYWARD_INVALID,
                   "exclude each other; see 'keyward list --help'");
}
END_TEST

static size_t count_lines(const char *lines)
{
    size_t count = 0;

    for (; (lines = strchr(lines, '\n')); lines++)
        count++;
    return count;
}

/* More than two pages, each key once. */
START_TEST(list_pages_through_all)
{
    keyward_key_list *page;
    struct result listed;
    char name[32];
    int count = 2 * KEYWARD_PAGE_MAX + 3;

    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    for (int i = 1; i < count; i++) {
        keyward_key *one;
        snprintf(name, sizeof name, "key %d", i);
        one = command_key(&f, name, NULL);
        keyward_key_free(&one);
    }
    listed = RUN(&f, "list", "repo-1", "--json");
    ck_assert_uint_eq(count_lines(listed.out), (size_t)count);
    for (int i = 1; i < count; i++) {
        snprintf(name, sizeof name, "\"name\":\"key %d\",", i);
        ck_assert_msg(strstr(listed.out, name) != NULL, "%s is missing", name);
    }
    result_drop(&listed);
    listed = RUN(&f, "list", "repo-1");
    ck_assert_uint_eq(count_lines(listed.out), (size_t)count + 1); /* and the titles, once */
    result_drop(&listed);
    listed = RUN(&f, "list", "repo-1", "--limit", "1001", "--json");
    ck_assert_uint_eq(count_lines(listed.out), 1001);
    result_drop(&listed);
    assert_status(f.store, keyward_list_keys(f.store, &host, "repo-1", NULL, &page), KEYWARD_OK);
    ck_assert(page->more);
    keyward_key_list_free(&page);
}
END_TEST

START_TEST(hostile_names_stay_text)
{
    keyward_key *hostile = command_key(&f, "\033[2J\nrm -rf\t漢字", NULL);
    struct result listed = RUN(&f, "list", "repo-1", "--utc");
    json_t *shown;

    ck_assert_msg(strstr(listed.out, "\\x1b[2J\\x0arm -rf\\x09漢字  OPENAI    " AT) != NULL, "'%s'",
                  listed.out);
    ck_assert_ptr_null(strchr(listed.out, '\033'));
    /* the other row is padded to the same width on a terminal: letters of two columns count two */
    ck_assert_msg(strstr(listed.out, "  CI                         OPENAI    " AT) != NULL, "'%s'",
                  listed.out);
    result_drop(&listed);
    assert_failure(RUN(&f, "list", "repo-1", "--as", "\033[31m\nme"), KEYWARD_FORBIDDEN, "list");
    assert_failure(RUN(&f, "show", "repo-1", "--bogus\033[31m"), KEYWARD_INVALID,
                   "there is no such option");
    assert_failure(RUN(&f, "\033[31mshow"), KEYWARD_INVALID, "'\\x1b[31mshow'");
    shown = assert_json(RUN(&f, "show", "repo-1", hostile->id, "--json"), 0);
    ck_assert_str_eq(text_member(shown, "name"), "\033[2J\nrm -rf\t漢字");
    json_decref(shown);
    keyward_key_free(&hostile);
}
END_TEST

/* ---- show, and how keys are named ---- */

static const char *shown_key(void)
{
    return text("key             %s\n"
                "repository      repo-1\n"
                "name            CI\n"
                "access key      %s\n"
                "provider        OPENAI\n"
                "state           live\n"
                "created         " AT " by (host)\n"
                "last used       never\n"
                "expires         never\n",
                key->id, key->access_key);
}

START_TEST(show_finds_a_key_by_all_its_names)
{
    assert_result(RUN(&f, "show", "repo-1", key->id, "--utc"), 0, shown_key(), "");
    assert_result(RUN(&f, "show", "repo-1", key->access_key, "--utc"), 0, shown_key(), "");
    assert_result(RUN(&f, "show", "repo-1", "CI", "--utc", "--as", "rita"), 0, shown_key(), "");
    assert_result(RUN(&f, "show", "repo-1", key->id + 28, "--utc"), 0, shown_key(), "");
    assert_result(RUN(&f, "show", "repo-1", text("…%s", key->id + 28), "--utc"), 0, shown_key(),
                  "");
    assert_failure(RUN(&f, "show", "repo-1", key->id + 29), KEYWARD_NOT_FOUND, "show");
    assert_failure(RUN(&f, "show", "repo-1", "C"), KEYWARD_NOT_FOUND, "show");
    assert_failure(RUN(&f, "show", "repo-2", "CI"), KEYWARD_NOT_FOUND, "show");
    assert_failure(RUN(&f, "show", "repo-1", "CI", "--as", "nobody"), KEYWARD_FORBIDDEN, "show");
}
END_TEST

START_TEST(an_ambiguous_name_is_refused)
{
    keyward_key *same = command_key(&f, "CI", NULL);

    assert_result(RUN(&f, "delete", "repo-1", "CI"), KEYWARD_INVALID, "",
                  text("keyward: delete: 'CI' may be any of %s, %s\n", same->id, key->id));
    assert_status(f.store, keyward_delete_key(f.store, &host, "repo-1", same->id, NULL),
                  KEYWARD_OK);
    assert_result(RUN(&f, "rename", "repo-1", "CI", "CI", "--quiet"), 0, "", "");
    keyward_key_free(&same);
}
END_TEST

START_TEST(show_tells_the_end_of_a_key)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_UNUSED};
    json_t *shown;

    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", key->id, &deletion),
                  KEYWARD_OK);
    f.now += 60000;
    assert_status(f.store, try_secret(key->access_key, secret->text), KEYWARD_REFUSED);
    assert_status(f.store, keyward_flush_uses(f.store), KEYWARD_OK);
    assert_result(RUN(&f, "show", "repo-1", "CI", "--utc", "--as", "anna"), 0,
                  text("key             %s\n"
                       "repository      repo-1\n"
                       "name            CI\n"
                       "access key      %s\n"
                       "provider        OPENAI\n"
                       "state           deleted\n"
                       "created         " AT " by (host)\n"
                       "last used       never\n"
                       "expires         never\n"
                       "deleted         " AT " by will, event 5\n"
                       "refused         1 attempt with its secret, first 2023-11-14T22:14:20Z, "
                       "last 2023-11-14T22:14:20Z\n",
                       key->id, key->access_key),
                  "");
    shown = assert_json(RUN(&f, "show", "repo-1", key->id, "--json"), 0);
    ck_assert_str_eq(text_member(shown, "deleted_by"), "will");
    ck_assert_int_eq(number_member(shown, "deleted_event"), 5);
    ck_assert_int_eq(number_member(shown, "deleted_at"), INT64_C(1700000000000));
    ck_assert_int_eq(number_member(shown, "refused_count"), 1);
    json_decref(shown);
    /* To a reader there is no such key. */
    assert_failure(RUN(&f, "show", "repo-1", key->id, "--as", "rita"), KEYWARD_NOT_FOUND, "show");
}
END_TEST

/* ---- rename, expire ---- */

START_TEST(rename_gives_a_name)
{
    keyward_key *renamed;
    json_t *object;

    assert_result(RUN(&f, "rename", "repo-1", "CI", "Build"), 0,
                  text("key %s is now called Build\n", key->id), "");
    renamed = read_key(key->id);
    ck_assert_str_eq(renamed->name, "Build");
    keyward_key_free(&renamed);
    object = assert_json(RUN(&f, "--json", "rename", "repo-1", "Build", "CI"), 0);
    assert_same_json(object, text("{\"success\":true,\"repo_id\":\"repo-1\",\"key_id\":\"%s\","
                                  "\"name\":\"CI\"}",
                                  key->id));
    json_decref(object);
    assert_failure(RUN(&f, "rename", "repo-1", "CI", ""), KEYWARD_INVALID, "rename: name:");
    assert_failure(RUN(&f, "rename", "repo-1", "CI", "x", "--as", "rita"), KEYWARD_FORBIDDEN,
                   "rename");
    assert_action(KEYWARD_KEY_RENAME_DENIED);
}
END_TEST

START_TEST(expire_sets_and_clears_a_deadline)
{
    json_t *object;

    assert_result(RUN(&f, "expire", "repo-1", "CI", "2099-01-01", "--utc"), 0,
                  text("key %s expires at 2099-01-01T00:00:00Z\n", key->id), "");
    object = assert_json(RUN(&f, "expire", "repo-1", "CI", "2099-01-02T00:00Z", "--json"), 0);
    assert_same_json(object, text("{\"success\":true,\"repo_id\":\"repo-1\",\"key_id\":\"%s\","
                                  "\"expires_at\":4070995200000}",
                                  key->id));
    json_decref(object);
    assert_result(RUN(&f, "expire", "repo-1", "CI", "never"), 0,
                  text("key %s never expires\n", key->id), "");
    assert_failure(RUN(&f, "expire", "repo-1", "CI", "2020-01-01"), KEYWARD_INVALID,
                   "expire: expires_at:");
    assert_failure(RUN(&f, "expire", "repo-1", "CI", "tomorrow"), KEYWARD_INVALID,
                   "'tomorrow' is not a time such as 2027-01-31");
    assert_action(KEYWARD_KEY_EXPIRY_SET);
}
END_TEST

START_TEST(an_expired_key_is_marked)
{
    struct result listed;

    assert_status(f.store, keyward_set_key_expiry(f.store, &host, "repo-1", key->id, f.now + 1000),
                  KEYWARD_OK);
    listed = RUN(&f, "list", "repo-1", "--utc");
    ck_assert_msg(strstr(listed.out, "expired 2023-11-14T22:13:21Z\n") != NULL, "'%s'", listed.out);
    result_drop(&listed);
    listed = RUN(&f, "list", "repo-1", "--utc", "--color", "always");
    ck_assert_msg(strstr(listed.out, "\033[31mexpired 2023-11-14T22:13:21Z\033[0m\n") != NULL,
                  "'%s'", listed.out);
    result_drop(&listed);
}
END_TEST

/* ---- rotate ---- */

START_TEST(rotate_makes_a_successor)
{
    json_t *made = assert_json(
        RUN(&f, "rotate", "repo-1", "CI", "--overlap", "2h", "--json", "--as", "will"), 0);
    json_t *successor = json_object_get(made, "key"), *old = json_object_get(made, "predecessor");
    keyward_event_list *events = all_events(&f);
    int64_t at = events->events[4]->at;

    ck_assert_str_eq(text_member(successor, "predecessor_id"), key->id);
    ck_assert_str_eq(text_member(successor, "name"), "CI");
    ck_assert_str_eq(text_member(old, "id"), key->id);
    ck_assert_str_eq(text_member(old, "successor_id"), text_member(successor, "id"));
    /* by the system's clock, which is read for the deadline a moment before it is for the event */
    ck_assert_int_le(number_member(old, "expires_at"), at + 7200000);
    ck_assert_int_gt(number_member(old, "expires_at"), at + 7200000 - 60000);
    assert_status(f.store,
                  try_secret(text_member(successor, "access_key"), text_member(made, "secret")),
                  KEYWARD_OK);
    assert_failure(RUN(&f, "rotate", "repo-1", key->id), KEYWARD_ALREADY_ROTATED, "rotate");
    keyward_event_list_free(&events);
    json_decref(made);
}
END_TEST

START_TEST(rotate_says_how_long_the_old_key_goes_on)
{
    struct result rotated = RUN(&f, "rotate", "repo-1", "CI", "--utc");
    keyward_key *old = read_key(key->id);
    json_t *listed;

    ck_assert_msg(strstr(rotated.out, text("The old key %s goes on until 2", key->id)) != NULL,
                  "'%s'", rotated.out);
    result_drop(&rotated);
    rotated = RUN(&f, "list", "repo-1");
    ck_assert_msg(strstr(rotated.out, text("→ …%s\n", old->successor_id + 28)) != NULL, "'%s'",
                  rotated.out);
    ck_assert_msg(strstr(rotated.out, text("← …%s\n", key->id + 28)) != NULL, "'%s'", rotated.out);
    result_drop(&rotated);
    assert_failure(RUN(&f, "show", "repo-1", "CI"), KEYWARD_INVALID,
                   text("'CI' may be any of %s, %s (rotated)", old->successor_id, key->id));
    listed = assert_json(RUN(&f, "show", "repo-1", old->successor_id, "--json"), 0);
    ck_assert_str_eq(text_member(listed, "predecessor_id"), key->id);
    json_decref(listed);
    keyward_key_free(&old);
}
END_TEST

START_TEST(rotate_imports_a_secret)
{
    json_t *made = assert_json(
        RUN_WITH(&f, "sk-of-the-provider\n", "rotate", "repo-1", "CI", "--import", "--json"), 0);

    ck_assert_ptr_null(json_object_get(made, "secret"));
    assert_status(
        f.store,
        try_secret(text_member(json_object_get(made, "key"), "access_key"), "sk-of-the-provider"),
        KEYWARD_OK);
    json_decref(made);
    assert_failure(RUN(&f, "rotate", "repo-1", key->id, "--secret-stdin"), KEYWARD_INVALID,
                   "with --import only");
}
END_TEST

/* ---- delete, restore ---- */

START_TEST(delete_by_name)
{
    keyward_event_list *last;

    assert_result(RUN(&f, "delete", "repo-1", "CI", "--why", "compromised", "--note", "in a log",
                      "--as", "will"),
                  0, text("key %s deleted, event 5\n", key->id), "");
    last = last_event(&f);
    ck_assert_str_eq(last->events[0]->reason, "compromised");
    ck_assert_str_eq(last->events[0]->reason_text, "in a log");
    ck_assert_str_eq(last->events[0]->actor_id, "will");
    keyward_event_list_free(&last);
    assert_status(f.store, try_secret(key->access_key, secret->text), KEYWARD_REFUSED);
    assert_failure(RUN(&f, "delete", "repo-1", "CI"), KEYWARD_NOT_FOUND,
                   "no live key is called 'CI'");
}
END_TEST

START_TEST(delete_again_names_the_first_deletion)
{
    struct result again;
    json_t *object;

    drop_key(&f, "repo-1", key->id);
    assert_failure(RUN(&f, "delete", "repo-1", key->id, "--utc"), KEYWARD_ALREADY_DELETED,
                   "already deleted: at " AT ", event 5");
    again = RUN(&f, "delete", "repo-1", key->id, "--json");
    ck_assert_int_eq(again.code, KEYWARD_ALREADY_DELETED);
    object = json_loads(again.out, 0, NULL);
    assert_same_json(object, text("{\"success\":false,\"results\":[{\"status\":4,\"error\":"
                                  "\"ALREADY_DELETED\",\"repo_id\":\"repo-1\",\"key_id\":\"%s\","
                                  "\"deleted_at\":" AT_MS ",\"deleted_event\":5}]}",
                                  key->id));
    json_decref(object);
    object = json_loads(again.err, 0, NULL);
    ck_assert_str_eq(text_member(object, "error"), "ALREADY_DELETED");
    json_decref(object);
    result_drop(&again);
}
END_TEST

START_TEST(delete_many_decides_each)
{
    keyward_key *second = command_key(&f, "Nightly", NULL);

    assert_result(RUN(&f, "delete", "repo-1", "CI", "nope", "Nightly"), KEYWARD_NOT_FOUND,
                  text("key %s deleted, event 6\n"
                       "key nope left: no live key is called 'nope'\n"
                       "key %s deleted, event 7\n",
                       key->id, second->id),
                  "keyward: delete: 1 of 3 keys are left; the first one: no live key is called "
                  "'nope'\n");
    keyward_key_free(&second);
}
END_TEST

START_TEST(delete_by_access_key)
{
    json_t *object = assert_json(RUN(&f, "delete", "--access-key", key->access_key, "--json"), 0);
    keyward_key *deleted = read_key(key->id);

    json_decref(object);
    ck_assert_int_eq(deleted->deleted_event, 5);
    keyward_key_free(&deleted);
    assert_failure(RUN(&f, "delete", "--access-key", "kw_ak_nobodyhasthis"), KEYWARD_NOT_FOUND,
                   "'kw_ak_nobodyhasthis'");
    assert_failure(RUN(&f, "delete", "--access-key"), KEYWARD_INVALID, "too few operands");
}
END_TEST

START_TEST(delete_leaves_what_is_in_use)
{
    assert_status(f.store, try_secret(key->access_key, secret->text), KEYWARD_OK);
    assert_status(f.store, keyward_flush_uses(f.store), KEYWARD_OK);
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--unless-used-within", "2000w", "--utc"),
                   KEYWARD_IN_USE, "last used at " AT);
    assert_result(RUN(&f, "delete", "repo-1", "CI", "--unless-used-within", "1d", "--quiet"), 0, "",
                  "");
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--unless-used-within", "0s"), KEYWARD_INVALID,
                   "--unless-used-within: '0s' is no time at all");
}
END_TEST

START_TEST(delete_without_a_right_is_recorded)
{
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--as", "rita"), KEYWARD_FORBIDDEN,
                   "delete: the actor has no such right");
    assert_action(KEYWARD_KEY_DELETE_DENIED);
    /* Who may not even look is told no more. */
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--as", "nobody"), KEYWARD_FORBIDDEN,
                   "delete: the actor has no such right");
    ck_assert_int_eq(count_events(f.path), 6);
}
END_TEST

START_TEST(a_dry_run_writes_nothing)
{
    struct result dry = RUN(&f, "delete", "repo-1", "CI", "--dry-run", "--why", "unused", "--utc");
    json_t *object, *events;

    ck_assert_int_eq(dry.code, 0);
    ck_assert_ptr_eq(strstr(dry.out, "Dry run: nothing was changed. It would write 1 key and 1 "
                                     "event:\n\nKEY  "),
                     dry.out);
    ck_assert_ptr_nonnull(strstr(dry.out, text("\nEVENT  TIME                  ACTOR   ACTION    "
                                               "   REPOSITORY  ABOUT\n    5  ")));
    ck_assert_ptr_nonnull(
        strstr(dry.out, text("  (host)  key.deleted  repo-1      CI, key %s, unused\n", key->id)));
    result_drop(&dry);
    object = assert_json(RUN(&f, "delete", "repo-1", "CI", "--dry-run", "--json"), 0);
    ck_assert(json_is_true(json_object_get(object, "dry_run")));
    ck_assert_uint_eq(json_array_size(json_object_get(object, "keys")), 1);
    events = json_object_get(object, "events");
    ck_assert_uint_eq(json_array_size(events), 1);
    ck_assert_str_eq(text_member(json_array_get(events, 0), "action"), "key.deleted");
    json_decref(object);
    ck_assert_int_eq(count_events(f.path), 4);
    assert_status(f.store, try_secret(key->access_key, secret->text), KEYWARD_OK);
}
END_TEST

START_TEST(delete_all_of_a_repository)
{
    keyward_key *second = command_key(&f, "Nightly", NULL);
    json_t *object;

    assert_failure(RUN(&f, "delete", "--all", "repo-1"), KEYWARD_INVALID,
                   "confirm it with --yes; see 'keyward delete --help'");
    ck_assert_int_eq(count_events(f.path), 5);
    object = assert_json(RUN(&f, "delete", "--all", "repo-1", "--dry-run", "--json"), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(object, "events")), 2);
    json_decref(object);
    ck_assert_int_eq(count_events(f.path), 5);
    assert_result(RUN(&f, "delete", "--all", "repo-1", "--yes"), 0, "2 keys deleted\n", "");
    assert_result(RUN(&f, "delete", "--all", "repo-1", "--yes"), 0, "0 keys deleted\n", "");
    assert_failure(RUN(&f, "delete", "--all", "repo-1", "--yes", "--as", "rita"), KEYWARD_FORBIDDEN,
                   "delete");
    assert_action(KEYWARD_KEY_DELETE_DENIED);
    keyward_key_free(&second);
}
END_TEST

START_TEST(delete_what_a_user_created)
{
    const keyward_new_key new_key = {.name = "will's"};
    keyward_key *his;
    keyward_secret *his_secret;
    json_t *object;

    assert_status(f.store,
                  keyward_create_key(f.store, &will, "repo-1", &new_key, &his, &his_secret),
                  KEYWARD_OK);
    object = assert_json(RUN(&f, "delete", "--created-by", "will", "--yes", "--json"), 0);
    ck_assert_str_eq(text_member(json_array_get(json_object_get(object, "keys"), 0), "id"),
                     his->id);
    ck_assert_uint_eq(json_array_size(json_object_get(object, "keys")), 1);
    ck_assert_int_eq(number_member(object, "in_use"), 0);
    json_decref(object);
    assert_result(RUN(&f, "delete", "--created-by", "will", "repo-1", "--yes"), 0,
                  "0 keys deleted\n", "");
    keyward_key_free(&his);
    keyward_secret_free(&his_secret);
}
END_TEST

START_TEST(ways_to_delete_exclude_each_other)
{
    assert_failure(RUN(&f, "delete", "--all", "--access-key", "repo-1"), KEYWARD_INVALID,
                   "exclude each other");
    assert_failure(RUN(&f, "delete", "--all", "repo-1", "CI"), KEYWARD_INVALID, "one operand");
    assert_failure(RUN(&f, "delete", "repo-1"), KEYWARD_INVALID, "too few operands");
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--why", "other"), KEYWARD_INVALID,
                   "needs --note");
    assert_failure(RUN(&f, "delete", "repo-1", "CI", "--why", "boredom"), KEYWARD_INVALID,
                   "--why is unused,");
    ck_assert_int_eq(count_events(f.path), 4);
}
END_TEST

START_TEST(restore_brings_a_key_back)
{
    json_t *object;

    drop_key(&f, "repo-1", key->id);
    assert_result(RUN(&f, "restore", "repo-1", "CI", "--as", "anna"), 0,
                  text("key %s is live again, with the secret it had\n", key->id), "");
    assert_status(f.store, try_secret(key->access_key, secret->text), KEYWARD_OK);
    assert_failure(RUN(&f, "restore", "repo-1", key->id), KEYWARD_NOT_DELETED, "restore");
    drop_key(&f, "repo-1", key->id);
    object = assert_json(RUN(&f, "restore", "repo-1", key->access_key, "--json"), 0);
    assert_same_json(object,
                     text("{\"success\":true,\"repo_id\":\"repo-1\",\"key_id\":\"%s\"}", key->id));
    json_decref(object);
    drop_key(&f, "repo-1", key->id);
    assert_failure(RUN(&f, "restore", "repo-1", "CI", "--as", "will"), KEYWARD_FORBIDDEN,
                   "restore");
    assert_action(KEYWARD_KEY_RESTORE_DENIED);
}
END_TEST

/* ---- purge ---- */

START_TEST(purge_destroys_old_secrets)
{
    struct result dry;
    json_t *object;

    drop_key(&f, "repo-1", key->id);
    assert_failure(RUN(&f, "purge", "repo-1", "--yes"), KEYWARD_INVALID, "--retention");
    assert_failure(RUN(&f, "purge", "repo-1", "--retention", "1d"), KEYWARD_INVALID,
                   "confirm it with --yes");
    assert_failure(RUN(&f, "purge", "repo-1", "CI", "--retention", "2000w", "--yes"),
                   KEYWARD_RETAINED, "purge");
    dry = RUN(&f, "purge", "repo-1", "CI", "--retention", "1d", "--dry-run");
    ck_assert_int_eq(dry.code, 0);
    ck_assert_ptr_nonnull(strstr(dry.out, "Dry run: nothing was changed."));
    ck_assert_ptr_nonnull(strstr(dry.out, "there is no way back"));
    result_drop(&dry);
    ck_assert_int_eq(count_events(f.path), 5);
    object = assert_json(RUN(&f, "purge", "repo-1", "--retention", "1d", "--yes", "--json"), 0);
    ck_assert_uint_eq(json_array_size(json_object_get(object, "keys")), 1);
    json_decref(object);
    assert_action(KEYWARD_KEY_PURGED);
    assert_result(RUN(&f, "purge", "repo-1", "--retention", "1d", "--yes"), 0,
                  "0 secrets destroyed for good\n", "");
    assert_failure(RUN(&f, "restore", "repo-1", "CI"), KEYWARD_PURGED, "restore");
    dry = RUN(&f, "show", "repo-1", "CI");
    ck_assert_ptr_nonnull(strstr(dry.out, "state           deleted, secret destroyed\n"));
    ck_assert_ptr_nonnull(strstr(dry.out, "\npurged          2"));
    result_drop(&dry);
}
END_TEST

START_TEST(a_refused_purge_is_recorded)
{
    drop_key(&f, "repo-1", key->id);
    assert_failure(RUN(&f, "purge", "repo-1", "CI", "--retention", "1d", "--yes", "--as", "will"),
                   KEYWARD_FORBIDDEN, "purge");
    assert_action(KEYWARD_KEY_PURGE_DENIED);
}
END_TEST

START_TEST(unique_names_are_kept)
{
    assert_result(RUN(&f, "init", "--store", "unique.db", "--unique-names", "--quiet"), 0, "", "");
    assert_failure(RUN_WITH(&f, "x", "import", "r", "", "--store", "unique.db"), KEYWARD_INVALID,
                   "name");
    json_decref(
        assert_json(RUN_WITH(&f, "x", "import", "r", "one", "--store", "unique.db", "--json"), 0));
    assert_failure(RUN_WITH(&f, "x", "import", "r", "one", "--store", "unique.db"),
                   KEYWARD_NAME_TAKEN, "import");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_keys");
    TCase *tests = suite_add_case(suite, "keys", open_fixture, close_fixture);

    tcase_add_test(tests, create_prints_the_secret_once);
    tcase_add_test(tests, create_as_json);
    tcase_add_test(tests, create_acts_as_a_user);
    tcase_add_test(tests, a_failure_as_json);
    tcase_add_test(tests, list_is_a_table);
    tcase_add_test(tests, list_as_json);
    tcase_add_test(tests, list_shows_deleted_keys_to_who_asks);
    tcase_add_test(tests, list_pages_through_all);
    tcase_add_test(tests, hostile_names_stay_text);
    tcase_add_test(tests, show_finds_a_key_by_all_its_names);
    tcase_add_test(tests, an_ambiguous_name_is_refused);
    tcase_add_test(tests, show_tells_the_end_of_a_key);
    tcase_add_test(tests, rename_gives_a_name);
    tcase_add_test(tests, expire_sets_and_clears_a_deadline);
    tcase_add_test(tests, an_expired_key_is_marked);
    tcase_add_test(tests, rotate_makes_a_successor);
    tcase_add_test(tests, rotate_says_how_long_the_old_key_goes_on);
    tcase_add_test(tests, rotate_imports_a_secret);
    tcase_add_test(tests, delete_by_name);
    tcase_add_test(tests, delete_again_names_the_first_deletion);
    tcase_add_test(tests, delete_many_decides_each);
    tcase_add_test(tests, delete_by_access_key);
    tcase_add_test(tests, delete_leaves_what_is_in_use);
    tcase_add_test(tests, delete_without_a_right_is_recorded);
    tcase_add_test(tests, a_dry_run_writes_nothing);
    tcase_add_test(tests, delete_all_of_a_repository);
    tcase_add_test(tests, delete_what_a_user_created);
    tcase_add_test(tests, ways_to_delete_exclude_each_other);
    tcase_add_test(tests, restore_brings_a_key_back);
    tcase_add_test(tests, purge_destroys_old_secrets);
    tcase_add_test(tests, a_refused_purge_is_recorded);
    tcase_add_test(tests, unique_names_are_kept);
    return run_suite(suite);
}
