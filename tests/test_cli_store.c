/* SPDX-License-Identifier: MIT */
/* The command on the store as a whole: init, master keys, access, audit, check, backup, stats. */
#include "support/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT "2023-11-14T22:13:20Z" /* where the fixture's clock stands */
#define AT_MS "1700000000000"

static const char digits[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static struct fixture f;

static void open_fixture(void)
{
    command_fixture_open(&f);
}

static void close_fixture(void)
{
    fixture_close(&f);
}

static int mode_of(const char *name)
{
    struct stat about;

    return stat(path_in(&f, name), &about) == 0 ? (int)(about.st_mode & 0777) : -1;
}

/* ---- init, and where the master key comes from ---- */

START_TEST(init_makes_what_is_missing)
{
    json_t *object;

    assert_result(RUN(&f, "init", "--store", "new.db", "--master-key-file", "new.key"), 0,
                  "made the master key new.key: keep a copy apart; without it no secret opens\n"
                  "made the store new.db\n",
                  "");
    ck_assert_int_eq(mode_of("new.db"), 0600);
    ck_assert_int_eq(mode_of("new.key"), 0600);
    assert_failure(RUN(&f, "init", "--store", "new.db", "--master-key-file", "new.key"),
                   KEYWARD_EXISTS, "'new.db' exists already and was left as it is");
    /* A key that is there is used. */
    assert_result(RUN(&f, "init", "--store", "other.db", "--master-key-file", "new.key"), 0,
                  "made the store other.db\n", "");
    object = assert_json(RUN(&f, "init", "--store", "third.db", "--json"), 0);
    assert_same_json(object, "{\"success\":true,\"store\":\"third.db\",\"master_key_file\":"
                             "\"master.key\",\"made_master_key\":false}");
    json_decref(object);
    assert_failure(RUN(&f, "init", "--store", "fourth.db", "--unique-names", "--free-names"),
                   KEYWARD_INVALID, "exclude each other");
    ck_assert_int_eq(mode_of("fourth.db"), -1);
}
END_TEST

START_TEST(init_takes_a_master_key_from_elsewhere)
{
    assert_result(RUN_WITH(&f, digits, "init", "--store", "new.db", "--master-key-stdin"), 0,
                  "made the store new.db\n", "");
    assert_result(RUN_WITH(&f, text("%s\n", digits), "users", "r", "--store", "new.db",
                           "--master-key-stdin", "--quiet"),
                  0, "", "");
    assert_result(
        run_call(&(struct call){.folder = f.folder,
                                .third = digits,
                                .arguments = ARGUMENTS("users", "r", "--store", "new.db",
                                                       "--master-key-fd", "3", "--quiet")}),
        0, "", "");
    assert_result(run_call(&(struct call){.folder = f.folder,
                                          .input = "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17"
                                                   "\20\21\22\23\24\25\26\27\30\31\32\33\34\35"
                                                   "\36\37",
                                          .input_length = 32,
                                          .arguments = ARGUMENTS("users", "r", "--store", "new.db",
                                                                 "--master-key-stdin", "--quiet")}),
                  0, "", "");
    assert_failure(RUN_WITH(&f, "0123", "users", "r", "--store", "new.db", "--master-key-stdin"),
                   KEYWARD_NO_MASTER_KEY, "must be 64 hexadecimal digits or 32 bytes");
    assert_failure(
        RUN(&f, "users", "r", "--store", "new.db", "--master-key-stdin", "--master-key-fd", "3"),
        KEYWARD_INVALID, "master key in one way");
}
END_TEST

START_TEST(a_secret_and_a_master_key_share_no_input)
{
    keyward_secret *secret;
    keyward_key *key = command_key(&f, "CI", &secret);

    /* The default of a secret gives way to the master key; and here nobody can be asked. */
    assert_failure(RUN_WITH(&f, text("%s", digits), "auth", key->access_key, "--master-key-stdin"),
                   KEYWARD_WRONG_MASTER_KEY, "auth");
    assert_result(run_call(&(struct call){
                      .folder = f.folder,
                      .input = secret->text,
                      .third = "30313233343536373839616263646566"
                               "3031323334353637383961626364650a",
                      .arguments = ARGUMENTS("auth", key->access_key, "--master-key-fd", "3")}),
                  KEYWARD_WRONG_MASTER_KEY, "",
                  "keyward: auth: the store belongs to another master key\n");
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}
END_TEST

START_TEST(a_missing_store_is_not_made)
{
    static const char *const commands[][6] = {
        {"list", "r"},
        {"users", "r"},
        {"create", "r", "n"},
        {"check"},
        {"stats"},
        {"audit"},
        {"audit", "export"},
        {"audit", "export", "--tiles", "folder"},
        {"audit", "key", "--origin", "example.com/log"},
        {"audit", "checkpoint"},
        {"audit", "receipt", "1"},
        {"audit", "consistency", "1"},
        {"audit", "publish", "folder"},
        {"backup", "copy"},
        {"grant", "r", "u", "admin"},
        {"delete", "r", "k"},
        {"restore", "r", "k"},
        {"rekey", "--data-key-only"},
        {"reveal", "r", "k"},
        {"auth", "k"},
        {"purge", "r", "--retention", "1d", "--yes"},
    };

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        assert_failure(
            run_call(&(struct call){.folder = f.folder,
                                    .arguments = ARGUMENTS("--store", "missing.db", commands[i][0],
                                                           commands[i][1], commands[i][2],
                                                           commands[i][3], commands[i][4])}),
            KEYWARD_NOT_A_STORE, "there is no store 'missing.db'; make one with 'keyward init'");
        ck_assert_int_eq(mode_of("missing.db"), -1);
    }
    write_whole(path_in(&f, "empty.db"), "", 0);
    assert_failure(RUN(&f, "check", "--store", "empty.db"), KEYWARD_NOT_A_STORE, "is empty");
    write_whole(path_in(&f, "text.db"), "not a store at all, but some text\n", 34);
    assert_failure(RUN(&f, "check", "--store", "text.db"), KEYWARD_NOT_A_STORE, "check");
}
END_TEST

START_TEST(a_wrong_master_key_opens_nothing)
{
    write_whole(path_in(&f, "wrong.key"), digits, 64);
    assert_failure(RUN(&f, "list", "repo-1", "--master-key-file", "wrong.key"),
                   KEYWARD_WRONG_MASTER_KEY, "list: the store belongs to another master key");
    assert_failure(RUN(&f, "list", "repo-1", "--master-key-file", "nowhere"), KEYWARD_NO_MASTER_KEY,
                   "list: master_key_file");
}
END_TEST

/* ---- access ---- */

START_TEST(access_is_given_listed_and_taken)
{
    json_t *object;

    assert_result(RUN(&f, "grant", "repo-1", "zoe", "writer", "--as", "anna"), 0,
                  "zoe is writer of repo-1\n", "");
    assert_result(RUN(&f, "revoke", "repo-1", "zoe"), 0, "zoe has no role in repo-1 any more\n",
                  "");
    assert_failure(RUN(&f, "revoke", "repo-1", "zoe"), KEYWARD_NOT_FOUND, "revoke");
    object = assert_json(RUN(&f, "grant", "repo-2", "zoe", "admin", "--json"), 0);
    assert_same_json(object, "{\"success\":true,\"repo_id\":\"repo-2\",\"user_id\":\"zoe\","
                             "\"role\":\"admin\"}");
    json_decref(object);
    assert_failure(RUN(&f, "revoke", "repo-2", "zoe", "--as", "zoe"), KEYWARD_LAST_ADMIN, "revoke");
    object = assert_json(RUN(&f, "revoke", "repo-2", "zoe", "--json"), 0);
    assert_same_json(object, "{\"success\":true,\"repo_id\":\"repo-2\",\"user_id\":\"zoe\"}");
    json_decref(object);
    assert_failure(RUN(&f, "grant", "repo-1", "zoe", "owner"), KEYWARD_INVALID,
                   "ROLE is reader, writer or admin");
    assert_failure(RUN(&f, "grant", "repo-1", "zoe", "reader", "--as", "will"), KEYWARD_FORBIDDEN,
                   "grant");
}
END_TEST

START_TEST(users_are_a_table)
{
    struct result listed;

    assert_result(RUN(&f, "users", "repo-1", "--utc", "--as", "rita"), 0,
                  "USER  ROLE    SINCE\n"
                  "anna  admin   " AT "\n"
                  "rita  reader  " AT "\n"
                  "will  writer  " AT "\n",
                  "");
    listed = RUN(&f, "users", "repo-1", "--json");
    ck_assert_str_eq(listed.out,
                     "{\"granted_at\":" AT_MS ",\"role\":\"admin\",\"user_id\":\"anna\"}\n"
                     "{\"granted_at\":" AT_MS ",\"role\":\"reader\",\"user_id\":\"rita\"}\n"
                     "{\"granted_at\":" AT_MS ",\"role\":\"writer\",\"user_id\":\"will\"}\n");
    result_drop(&listed);
    assert_result(RUN(&f, "users", "repo-9"), 0, "", "nobody has a role in repo-9\n");
    assert_failure(RUN(&f, "users", "repo-1", "--as", "nobody"), KEYWARD_FORBIDDEN, "users");
}
END_TEST

START_TEST(users_page_through_all)
{
    struct result listed;
    char user[16];

    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
    for (int i = 0; i < KEYWARD_PAGE_MAX + 1; i++) {
        snprintf(user, sizeof user, "user%04d", i);
        assert_status(f.store, keyward_grant(f.store, &host, "big", user, KEYWARD_READER),
                      KEYWARD_OK);
    }
    listed = RUN(&f, "users", "big");
    ck_assert_ptr_nonnull(strstr(listed.out, "user0000  reader  "));
    ck_assert_ptr_nonnull(strstr(listed.out, "user1000  reader  "));
    ck_assert_ptr_eq(strstr(listed.out, "USER"), listed.out);
    ck_assert_ptr_null(strstr(listed.out + 1, "USER")); /* titles once */
    result_drop(&listed);
}
END_TEST

/* ---- audit ---- */

START_TEST(audit_is_a_table)
{
    keyward_key *key = command_key(&f, "CI", NULL);
    keyward_deletion deletion = {.reason = KEYWARD_REASON_OTHER, .reason_text = "moved"};

    assert_status(f.store, keyward_delete_key(f.store, &rita, "repo-1", key->id, NULL),
                  KEYWARD_FORBIDDEN);
    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", key->id, &deletion),
                  KEYWARD_OK);
    assert_result(RUN(&f, "audit", "--utc", "--limit", "4"), 0,
                  text("EVENT  TIME                  ACTOR   ACTION             REPOSITORY  ABOUT\n"
                       "    6  " AT
                       "  will    key.deleted        repo-1      CI, key %s, other, “moved”\n"
                       "    5  " AT "  rita    key.delete_denied  repo-1      key %s\n"
                       "    4  " AT "  (host)  key.created        repo-1      CI, key %s, OPENAI\n"
                       "    3  " AT "  (host)  access.granted     repo-1      rita as reader\n",
                       key->id, key->id, key->id),
                  "");
    keyward_key_free(&key);
}
END_TEST

static char *export_of(const keyward_event_query *query);

START_TEST(audit_filters)
{
    keyward_key *key = command_key(&f, "CI", NULL);
    struct result listed;

    assert_result(RUN(&f, "audit", "--utc", "--repo", "repo-1", "--user", "rita", "--action",
                      "access.granted"),
                  0,
                  "EVENT  TIME                  ACTOR   ACTION          REPOSITORY  ABOUT\n"
                  "    3  " AT "  (host)  access.granted  repo-1      rita as reader\n",
                  "");
    listed = RUN(&f, "audit", "--repo", "repo-1", "--key", "CI", "--json");
    ck_assert_ptr_nonnull(strstr(listed.out, "\"sequence\":4}\n"));
    ck_assert_ptr_eq(strchr(listed.out, '\n'), listed.out + strlen(listed.out) - 1);
    result_drop(&listed);
    assert_result(RUN(&f, "audit", "--since", "1d"), 0, "", "no such events\n");
    assert_result(RUN(&f, "audit", "--until", "2023-11-14", "--utc", "--json"), 0, "", "");
    listed = RUN(&f, "audit", "--since", "2023-11-14T22:13:20Z", "--oldest-first", "--limit", "1");
    ck_assert_ptr_nonnull(strstr(listed.out, "\n    1  "));
    ck_assert_ptr_null(strstr(listed.out, "\n    2  "));
    result_drop(&listed);
    listed = RUN(&f, "audit", "--after", "3");
    ck_assert_ptr_nonnull(strstr(listed.out, "\n    4  "));
    ck_assert_ptr_null(strstr(listed.out, "\n    3  "));
    result_drop(&listed);
    assert_failure(RUN(&f, "audit", "--key", "CI"), KEYWARD_INVALID, "with --repo");
    assert_failure(RUN(&f, "audit", "--action", "key.eaten"), KEYWARD_INVALID, "--action");
    assert_failure(RUN(&f, "audit", "--limit", "0"), KEYWARD_INVALID, "--limit: '0'");
    assert_failure(RUN(&f, "audit", "--since", "1d", "--until", "2d"), KEYWARD_INVALID,
                   "--until must be later");
    assert_failure(RUN(&f, "audit", "--as", "rita"), KEYWARD_INVALID, "name it with --repo");
    assert_failure(RUN(&f, "audit", "--as", "nobody", "--repo", "repo-1"), KEYWARD_FORBIDDEN,
                   "audit");
    keyward_key_free(&key);
}
END_TEST

struct gathered {
    char *bytes;
    size_t length;
};

static int gather(void *context, const char *bytes, size_t length)
{
    struct gathered *gathered = context;

    gathered->bytes = realloc(gathered->bytes, gathered->length + length + 1);
    ck_assert_ptr_nonnull(gathered->bytes);
    memcpy(gathered->bytes + gathered->length, bytes, length);
    gathered->length += length;
    gathered->bytes[gathered->length] = '\0';
    return 0;
}

static char *export_of(const keyward_event_query *query)
{
    struct gathered gathered = {NULL, 0};
    const keyward_export lines = {.write = gather, .write_context = &gathered};

    assert_status(f.store, keyward_export_events(f.store, &host, query, &lines), KEYWARD_OK);
    return gathered.bytes;
}

START_TEST(audit_as_json_is_the_export)
{
    keyward_key *key = command_key(&f, "\033 漢字 \"CI\"", NULL);
    char *wanted = export_of(NULL);
    json_t *dry;

    assert_result(RUN(&f, "audit", "--json"), 0, wanted, "");
    free(wanted);
    wanted = export_of(&(keyward_event_query){.oldest_first = true});
    assert_result(RUN(&f, "audit", "export"), 0, wanted, "");
    assert_result(RUN(&f, "audit", "--oldest-first", "--json"), 0, wanted, "");
    /* The command's own way to write an event, for dry runs, is the same. */
    dry = assert_json(RUN(&f, "delete", "repo-1", key->id, "--dry-run", "--json"), 0);
    free(wanted);
    assert_status(f.store, keyward_delete_key(f.store, &host, "repo-1", key->id, NULL), KEYWARD_OK);
    wanted = export_of(&(keyward_event_query){.limit = 1});
    {
        json_t *event = json_array_get(json_object_get(dry, "events"), 0);
        json_t *real = json_loads(wanted, 0, NULL);
        drop_member(event, "at");
        drop_member(real, "at");
        wanted = (free(wanted), json_dumps(real, 0));
        assert_same_json(event, wanted);
        json_decref(real);
    }
    json_decref(dry);
    free(wanted);
    keyward_key_free(&key);
}
END_TEST

START_TEST(export_to_a_file)
{
    struct result shown = RUN(&f, "audit", "export", "--csv");
    size_t size;
    unsigned char *bytes;

    ck_assert_ptr_nonnull(strstr(shown.out, "sequence"));
    assert_result(RUN(&f, "audit", "export", "--csv", "--output", "log.csv"), 0, "",
                  "4 lines are in log.csv\n");
    bytes = read_whole(path_in(&f, "log.csv"), &size);
    ck_assert_uint_eq(size, shown.out_length);
    ck_assert_mem_eq(bytes, shown.out, size);
    ck_assert_int_eq(mode_of("log.csv"), 0600);
    assert_failure(RUN(&f, "audit", "export", "--output", "log.csv"), KEYWARD_EXISTS,
                   "keyward: audit export: 'log.csv'");
    assert_failure(
        RUN(&f, "audit", "export", "--output", "no.csv", "--as", "nobody", "--repo", "repo-1"),
        KEYWARD_FORBIDDEN, "audit export");
    ck_assert_int_eq(mode_of("no.csv"), -1);
    assert_result(RUN(&f, "audit", "export", "--output", "all", "--quiet"), 0, "", "");
    free(bytes);
    result_drop(&shown);
}
END_TEST

/* ---- check, stats, backup, rekey ---- */

START_TEST(check_finds_nothing_or_names_it)
{
    keyward_key *key = command_key(&f, "CI", NULL);
    struct result checked;
    json_t *object;

    assert_result(RUN(&f, "check"), 0, "1 keys and 4 events checked, 0 problems\n", "");
    object = assert_json(RUN(&f, "check", "--json"), 0);
    assert_same_json(object, "{\"success\":true,\"keys_checked\":1,\"events_checked\":4,"
                             "\"findings_total\":0,\"findings\":[]}");
    json_decref(object);
    keyward_close(&f.store);
    ck_assert_int_eq(sql(f.path, "DROP TRIGGER sealed_secrets_stay_as_they_are"), 1);
    ck_assert_int_eq(sql(f.path, "CREATE TABLE intruder (a)"), 0);
    checked = RUN(&f, "check", "--json");
    ck_assert_int_eq(checked.code, KEYWARD_CORRUPT);
    object = json_loads(checked.out, 0, NULL);
    ck_assert(json_is_false(json_object_get(object, "success")));
    ck_assert_uint_ge(json_array_size(json_object_get(object, "findings")), 1);
    json_decref(object);
    result_drop(&checked);
    checked = RUN(&f, "check");
    ck_assert_int_eq(checked.code, KEYWARD_CORRUPT);
    ck_assert_ptr_eq(strstr(checked.out, "REPOSITORY  KEY  EVENT  PROBLEM\n"), checked.out);
    result_drop(&checked);
    keyward_key_free(&key);
}
END_TEST

START_TEST(stats_count)
{
    keyward_key *key = command_key(&f, "CI", NULL);
    struct result shown;
    json_t *object;
    int64_t bytes;

    drop_key(&f, "repo-1", key->id);
    object = assert_json(RUN(&f, "stats", "--json"), 0);
    bytes = number_member(object, "file_bytes");
    ck_assert_int_gt(bytes, 0);
    drop_member(object, "file_bytes");
    drop_member(object, "schema_version");
    assert_same_json(object, "{\"success\":true,\"store\":\"keys.db\",\"live_keys\":0,"
                             "\"expired_keys\":0,\"deleted_keys\":1,\"purged_keys\":0,"
                             "\"repositories\":1,\"users\":3,\"events\":5,\"first_event_at\":" AT_MS
                             ",\"last_event_at\":" AT_MS ",\"data_keys\":1,\"unique_names\":false,"
                             "\"created_at\":" AT_MS "}");
    json_decref(object);
    shown = RUN(&f, "stats", "--utc");
    ck_assert_ptr_nonnull(strstr(shown.out, "store           keys.db\n"
                                            "created         " AT "\n"
                                            "size            "));
    ck_assert_ptr_nonnull(strstr(shown.out, text(" KiB (%lld bytes)\n", (long long)bytes)));
    ck_assert_ptr_nonnull(strstr(shown.out, "live keys       0, 0 of them expired\n"
                                            "deleted keys    1, 0 of them purged\n"
                                            "repositories    1\n"
                                            "users           3\n"
                                            "events          5, from " AT " to " AT "\n"
                                            "names           free\n"
                                            "data keys       1\n"));
    result_drop(&shown);
    keyward_key_free(&key);
}
END_TEST

START_TEST(backup_is_a_store)
{
    keyward_key *key = command_key(&f, "CI", NULL);
    json_t *object;

    assert_result(RUN(&f, "backup", "copy.db"), 0,
                  "copy.db is a copy of keys.db; it opens with the master key of today\n", "");
    ck_assert_int_eq(mode_of("copy.db"), 0600);
    assert_result(RUN(&f, "check", "--store", "copy.db"), 0,
                  "1 keys and 4 events checked, 0 problems\n", "");
    assert_failure(RUN(&f, "backup", "copy.db"), KEYWARD_EXISTS, "backup");
    assert_failure(RUN(&f, "backup", "keys.db"), KEYWARD_EXISTS, "backup");
    assert_failure(RUN(&f, "backup", "no/copy.db"), KEYWARD_NO_FOLDER, "backup");
    object = assert_json(RUN(&f, "backup", "other.db", "--json"), 0);
    assert_same_json(object, "{\"success\":true,\"file\":\"other.db\"}");
    json_decref(object);
    keyward_key_free(&key);
}
END_TEST

START_TEST(rekey_changes_the_master_key)
{
    json_t *object;

    assert_result(RUN(&f, "backup", "before.db", "--quiet"), 0, "", "");
    assert_result(RUN(&f, "rekey", "--new-master-key-file", "new.key"), 0,
                  "made the master key new.key: keep a copy apart\n"
                  "new.key is the master key of keys.db from now on; name it with "
                  "--master-key-file\n"
                  "master.key opens this store no more, but still opens the backups made until "
                  "now: keep it as long as those\n",
                  "");
    assert_failure(RUN(&f, "users", "repo-1"), KEYWARD_WRONG_MASTER_KEY, "users");
    assert_result(RUN(&f, "users", "none", "--quiet", "--master-key-file", "new.key"), 0, "", "");
    assert_result(RUN(&f, "users", "none", "--quiet", "--store", "before.db"), 0, "", "");
    object = assert_json(RUN(&f, "rekey", "--master-key-file", "new.key", "--new-master-key-file",
                             "master.key", "--json"),
                         0);
    assert_same_json(object, "{\"success\":true,\"master_key_file\":\"master.key\","
                             "\"made_master_key\":false}");
    json_decref(object);
    assert_result(RUN_WITH(&f, digits, "rekey", "--new-master-key-stdin", "--quiet"), 0, "", "");
    assert_result(RUN_WITH(&f, digits, "users", "none", "--quiet", "--master-key-stdin"), 0, "",
                  "");
}
END_TEST

START_TEST(rekey_asks_for_one_thing)
{
    assert_failure(RUN(&f, "rekey"), KEYWARD_INVALID, "say where the new master key is");
    assert_failure(RUN(&f, "rekey", "--data-key-only", "--new-master-key-fd", "3"), KEYWARD_INVALID,
                   "keeps the master key");
    assert_failure(RUN(&f, "rekey", "--new-master-key-fd", "3", "--new-master-key-file", "x"),
                   KEYWARD_INVALID, "new master key in one way");
    assert_failure(RUN(&f, "rekey", "--master-key-stdin", "--new-master-key-stdin"),
                   KEYWARD_INVALID, "cannot be both master keys");
    ck_assert_int_eq(count_events(f.path), 3);
    assert_result(RUN(&f, "rekey", "--data-key-only"), 0,
                  "new secrets are sealed with a new data key; the master key stays\n", "");
    json_decref(assert_json(RUN(&f, "rekey", "--data-key-only", "--json"), 0));
    assert_failure(RUN(&f, "rekey", "--data-key-only", "--as", "anna"), KEYWARD_FORBIDDEN, "rekey");
}
END_TEST

START_TEST(a_busy_store_is_waited_for_no_longer_than_told)
{
    assert_failure(RUN(&f, "list", "repo-1", "--busy-timeout", "2h"), KEYWARD_INVALID,
                   "an hour at most");
    assert_failure(RUN(&f, "list", "repo-1", "--busy-timeout", "soon"), KEYWARD_INVALID,
                   "--busy-timeout: 'soon'");
    assert_result(RUN(&f, "list", "repo-1", "--busy-timeout", "0s", "--quiet"), 0, "", "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_store");
    TCase *tests = suite_add_case(suite, "store", open_fixture, close_fixture);

    tcase_add_test(tests, init_makes_what_is_missing);
    tcase_add_test(tests, init_takes_a_master_key_from_elsewhere);
    tcase_add_test(tests, a_secret_and_a_master_key_share_no_input);
    tcase_add_test(tests, a_missing_store_is_not_made);
    tcase_add_test(tests, a_wrong_master_key_opens_nothing);
    tcase_add_test(tests, access_is_given_listed_and_taken);
    tcase_add_test(tests, users_are_a_table);
    tcase_add_test(tests, users_page_through_all);
    tcase_add_test(tests, audit_is_a_table);
    tcase_add_test(tests, audit_filters);
    tcase_add_test(tests, audit_as_json_is_the_export);
    tcase_add_test(tests, export_to_a_file);
    tcase_add_test(tests, check_finds_nothing_or_names_it);
    tcase_add_test(tests, stats_count);
    tcase_add_test(tests, backup_is_a_store);
    tcase_add_test(tests, rekey_changes_the_master_key);
    tcase_add_test(tests, rekey_asks_for_one_thing);
    tcase_add_test(tests, a_busy_store_is_waited_for_no_longer_than_told);
    return run_suite(suite);
}
