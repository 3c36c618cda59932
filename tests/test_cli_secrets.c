/* SPDX-License-Identifier: MIT */
/* The command and secrets: where they come from, where they go, and that they are nowhere else. */
#include "support/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define IMPORTED "sk-proj-0123456789-of-the-provider"

static struct fixture f;
static keyward_key *key; /* "CI" of "repo-1" */
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

static void write_file(const char *name, const char *content)
{
    write_whole(path_in(&f, name), content, strlen(content));
}

static void assert_file(const char *name, const char *content)
{
    size_t size;
    unsigned char *bytes = read_whole(path_in(&f, name), &size);
    struct stat about;

    ck_assert_uint_eq(size, strlen(content));
    ck_assert_mem_eq(bytes, content, size);
    ck_assert_int_eq(stat(path_in(&f, name), &about), 0);
    ck_assert_int_eq(about.st_mode & 0777, 0600);
    free(bytes);
}

static bool exists(const char *name)
{
    struct stat about;

    return stat(path_in(&f, name), &about) == 0;
}

static enum keyward_status try_secret(const char *access_key, const char *text)
{
    keyward_identity identity;

    return keyward_authenticate(f.store, access_key, text, strlen(text), &identity);
}

/* The key of an import that succeeded opens with this secret. */
static void assert_imported(struct result result, const char *text)
{
    json_t *made = assert_json(result, 0);
    json_t *made_key = json_object_get(made, "key");

    ck_assert_ptr_null(json_object_get(made, "secret"));
    assert_status(f.store, try_secret(text_member(made_key, "access_key"), text), KEYWARD_OK);
    json_decref(made);
}

/* ---- import: all ways in ---- */

START_TEST(import_from_standard_input)
{
    struct result made;

    assert_imported(RUN_WITH(&f, IMPORTED, "import", "repo-1", "a", "--json"), IMPORTED);
    assert_imported(
        RUN_WITH(&f, IMPORTED "\n", "import", "repo-1", "b", "--json", "--secret-stdin"), IMPORTED);
    assert_imported(RUN_WITH(&f, IMPORTED "\r\n", "import", "repo-1", "c", "--json"), IMPORTED);
    assert_imported(RUN_WITH(&f, IMPORTED "\n\n", "import", "repo-1", "d", "--json"),
                    IMPORTED "\n"); /* one line end only */
    made = RUN_WITH(&f, IMPORTED, "import", "repo-1", "e", "--provider", "aws");
    ck_assert_int_eq(made.code, 0);
    ck_assert_ptr_nonnull(strstr(made.out, "name            e\nprovider        AWS\n"));
    ck_assert_ptr_null(strstr(made.out, "secret"));
    result_drop(&made);
}
END_TEST

START_TEST(import_from_a_file)
{
    write_file("secret", IMPORTED "\n");
    assert_imported(RUN(&f, "import", "repo-1", "a", "--json", "--secret-file", "secret"),
                    IMPORTED);
    assert_imported(RUN(&f, "import", "repo-1", "b", "--json", "--secret-file=secret"), IMPORTED);
    assert_failure(RUN(&f, "import", "repo-1", "c", "--secret-file", "nowhere"), KEYWARD_INVALID,
                   "'nowhere': there is no such file");
    assert_failure(RUN(&f, "import", "repo-1", "c", "--secret-file", "."), KEYWARD_IO, "'.'");
}
END_TEST

START_TEST(import_from_a_descriptor)
{
    assert_imported(run_call(&(struct call){.folder = f.folder,
                                            .third = IMPORTED "\n",
                                            .arguments = ARGUMENTS("import", "repo-1", "a",
                                                                   "--json", "--secret-fd", "3")}),
                    IMPORTED);
    assert_imported(
        run_call(&(struct call){.folder = f.folder,
                                .third = IMPORTED,
                                .arguments = ARGUMENTS("import", "repo-1", "b", "--json",
                                                       "--secret-file", "/dev/fd/3")}),
        IMPORTED);
    assert_failure(RUN(&f, "import", "repo-1", "c", "--secret-fd", "9"), KEYWARD_IO,
                   "descriptor 9");
    assert_failure(RUN(&f, "import", "repo-1", "c", "--secret-fd", "x"), KEYWARD_INVALID,
                   "--secret-fd: 'x'");
    assert_failure(RUN(&f, "import", "repo-1", "c", "--secret-fd", "-1"), KEYWARD_INVALID,
                   "--secret-fd: '-1'");
    assert_failure(RUN(&f, "import", "repo-1", "c", "--secret-fd", "99999999999"), KEYWARD_INVALID,
                   "--secret-fd");
}
END_TEST

START_TEST(a_secret_is_given_in_one_way)
{
    assert_failure(RUN(&f, "import", "repo-1", "a", "--secret-stdin", "--secret-fd", "3"),
                   KEYWARD_INVALID, "in one way");
    assert_failure(RUN(&f, "import", "repo-1", "a", "--secret-stdin", "--master-key-stdin"),
                   KEYWARD_INVALID, "cannot be both");
    ck_assert_int_eq(count_events(f.path), 4);
}
END_TEST

START_TEST(a_secret_has_a_size)
{
    static char most[KEYWARD_SECRET_MAX + 2];
    struct call call = {.folder = f.folder,
                        .input = most,
                        .arguments = ARGUMENTS("import", "repo-1", "most", "--json")};

    memset(most, 's', KEYWARD_SECRET_MAX + 1);
    call.input_length = KEYWARD_SECRET_MAX + 1;
    assert_result(run_call(&(struct call){.folder = f.folder,
                                          .input = most,
                                          .input_length = KEYWARD_SECRET_MAX + 1,
                                          .arguments = ARGUMENTS("import", "repo-1", "more")}),
                  KEYWARD_INVALID, "", "keyward: import: the secret is longer than 65536 bytes\n");
    most[KEYWARD_SECRET_MAX] = '\n'; /* taken off, it fits */
    call.input_length = KEYWARD_SECRET_MAX + 1;
    {
        struct result result = run_call(&call);
        most[KEYWARD_SECRET_MAX] = '\0';
        assert_imported(result, most);
    }
    assert_failure(RUN(&f, "import", "repo-1", "none"), KEYWARD_INVALID, "the secret is empty");
    assert_failure(RUN_WITH(&f, "\n", "import", "repo-1", "none"), KEYWARD_INVALID,
                   "the secret is empty");
    assert_failure(run_call(&(struct call){.folder = f.folder,
                                           .input = "a\0b",
                                           .input_length = 3,
                                           .arguments = ARGUMENTS("import", "repo-1", "nul")}),
                   KEYWARD_INVALID, "secret");
}
END_TEST

START_TEST(no_secret_on_the_command_line)
{
    static const char *const attempts[][3] = {
        {"--secret", IMPORTED},
        {"--secret=" IMPORTED},
        {"--" IMPORTED},
        {"-" IMPORTED},
        {"--secret-stdin=" IMPORTED},
        {"--master-key=" IMPORTED},
        {"--secret-key=" IMPORTED},
        {"--secret-file", IMPORTED "/nowhere", "--bogus=" IMPORTED},
    };

    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        struct result refused =
            run_call(&(struct call){.folder = f.folder,
                                    .arguments = ARGUMENTS("import", "repo-1", "a", attempts[i][0],
                                                           attempts[i][1], attempts[i][2])});
        ck_assert_int_eq(refused.code, KEYWARD_INVALID);
        ck_assert_msg(strstr(refused.err, IMPORTED) == NULL, "quoted: '%s'", refused.err);
        ck_assert_str_eq(refused.out, "");
        result_drop(&refused);
    }
    assert_failure(RUN(&f, "import", "repo-1", "a", "--secret=" IMPORTED), KEYWARD_INVALID,
                   "a secret is never taken from the command line; see 'keyward import --help'");
    ck_assert_int_eq(count_events(f.path), 4);
}
END_TEST

/* ---- the way out ---- */

START_TEST(create_writes_the_secret_to_a_file)
{
    struct result made = RUN(&f, "create", "repo-1", "b", "--secret-out", "secret.txt");
    size_t size;
    char *bytes, access_key[64];

    ck_assert_int_eq(made.code, 0);
    ck_assert_ptr_null(strstr(made.out, "kw_sk_"));
    ck_assert_ptr_nonnull(strstr(made.out, "\nThe secret is in secret.txt; no list shows it.\n"));
    ck_assert_int_eq(sscanf(strstr(made.out, "access key"), "access key %63s", access_key), 1);
    bytes = (char *)read_whole(path_in(&f, "secret.txt"), &size);
    bytes[size] = '\0';
    assert_file("secret.txt", bytes);
    assert_status(f.store, try_secret(access_key, bytes), KEYWARD_OK);
    free(bytes);
    result_drop(&made);
    /* An existing file is left, and then there is no key either. */
    assert_failure(RUN(&f, "create", "repo-1", "c", "--secret-out", "secret.txt"), KEYWARD_EXISTS,
                   "'secret.txt'");
    assert_failure(RUN(&f, "create", "repo-1", "c", "--secret-out", "no/folder"), KEYWARD_NO_FOLDER,
                   "'no/folder'");
    ck_assert_int_eq(count_events(f.path), 5);
    /* And without a key there is no file. */
    assert_failure(RUN(&f, "create", "repo-1", "c", "--secret-out", "other", "--as", "rita"),
                   KEYWARD_FORBIDDEN, "create");
    ck_assert(!exists("other"));
}
END_TEST

START_TEST(secret_out_as_json)
{
    json_t *made =
        assert_json(RUN(&f, "create", "repo-1", "b", "--secret-out", "secret.txt", "--json"), 0);

    ck_assert_ptr_null(json_object_get(made, "secret"));
    ck_assert_str_eq(text_member(made, "secret_file"), "secret.txt");
    ck_assert(exists("secret.txt"));
    json_decref(made);
}
END_TEST

START_TEST(reveal_prints_the_secret_alone)
{
    keyward_event_list *last;
    json_t *object;

    assert_result(RUN(&f, "reveal", "repo-1", "CI", "--as", "anna"), 0, secret->text, "");
    last = last_event(&f);
    ck_assert_int_eq(last->events[0]->action, KEYWARD_KEY_REVEALED);
    keyward_event_list_free(&last);
    object = assert_json(RUN(&f, "reveal", "repo-1", key->access_key, "--json"), 0);
    assert_same_json(object, text("{\"success\":true,\"secret\":\"%s\"}", secret->text));
    json_decref(object);
    assert_result(RUN(&f, "reveal", "repo-1", "CI", "--secret-out", "out"), 0,
                  "The secret is in out.\n", "");
    assert_file("out", secret->text);
    assert_failure(RUN(&f, "reveal", "repo-1", "CI", "--as", "will"), KEYWARD_FORBIDDEN, "reveal");
    assert_failure(RUN(&f, "reveal", "repo-1", "CI", "--as", "will", "--secret-out", "no"),
                   KEYWARD_FORBIDDEN, "reveal");
    ck_assert(!exists("no"));
    drop_key(&f, "repo-1", key->id);
    assert_failure(RUN(&f, "reveal", "repo-1", key->id), KEYWARD_ALREADY_DELETED, "reveal");
}
END_TEST

START_TEST(a_secret_that_cannot_be_handed_over_is_reported)
{
    struct result failed =
        run_call(&(struct call){.folder = f.folder,
                                .out_path = "/dev/full",
                                .arguments = ARGUMENTS("create", "repo-1", "lost")});
    ck_assert_int_eq(failed.code, KEYWARD_IO);
    ck_assert_ptr_nonnull(strstr(failed.err, "keyward: create: standard output cannot be written: "
                                             "No space left on device; key 0"));
    ck_assert_ptr_nonnull(strstr(
        failed.err,
        " was made all the same, but its secret was not handed over: reveal or delete it\n"));
    result_drop(&failed);
    failed = run_call(&(struct call){.folder = f.folder,
                                     .closes_out = true,
                                     .arguments = ARGUMENTS("create", "repo-1", "lost")});
    ck_assert_int_eq(failed.code, KEYWARD_IO);
    ck_assert_ptr_nonnull(strstr(failed.err, "its secret was not handed over"));
    result_drop(&failed);
}
END_TEST

/* ---- auth ---- */

START_TEST(auth_tells_what_a_key_opens)
{
    json_t *object;

    assert_result(
        RUN_WITH(&f, secret->text, "auth", key->access_key), 0,
        text("repository      repo-1\nkey             %s\nprovider        OPENAI\n", key->id), "");
    object =
        assert_json(RUN_WITH(&f, text("%s\n", secret->text), "auth", key->access_key, "--json"), 0);
    assert_same_json(object, text("{\"success\":true,\"repo_id\":\"repo-1\",\"key_id\":\"%s\","
                                  "\"provider\":\"OPENAI\"}",
                                  key->id));
    json_decref(object);
}
END_TEST

static void assert_refused(const char *access_key, const char *typed, const char *cause)
{
    struct result refused;
    json_t *object;

    assert_result(RUN_WITH(&f, typed, "auth", access_key), KEYWARD_REFUSED, "",
                  "keyward: auth: the access key or the secret is not valid\n");
    assert_result(
        RUN_WITH(&f, typed, "auth", access_key, "--verbose"), KEYWARD_REFUSED, "",
        text("keyward: auth: the access key or the secret is not valid (cause: %s)\n", cause));
    refused = RUN_WITH(&f, typed, "auth", access_key, "--json");
    object = json_loads(refused.err, 0, NULL);
    ck_assert_int_eq(refused.code, KEYWARD_REFUSED);
    ck_assert_str_eq(text_member(object, "cause"), cause);
    ck_assert_str_eq(text_member(object, "error"), "REFUSED");
    json_decref(object);
    result_drop(&refused);
}

START_TEST(auth_refuses_alike_for_every_cause)
{
    keyward_secret *other_secret;
    keyward_key *other = command_key(&f, "other", &other_secret);
    const char *mistyped;

    assert_refused(key->access_key, other_secret->text, "wrong secret");
    mistyped = text("%.*s%c", (int)secret->length - 1, secret->text,
                    secret->text[secret->length - 1] == '0' ? '1' : '0');
    assert_refused(key->access_key, mistyped, "malformed");
    drop_key(&f, "repo-1", key->id);
    assert_refused(key->access_key, secret->text, "deleted");
    assert_status(f.store, keyward_set_key_expiry(f.store, &host, "repo-1", other->id, f.now + 1),
                  KEYWARD_OK);
    assert_refused(other->access_key, other_secret->text, "expired");
    keyward_key_free(&other);
    keyward_secret_free(&other_secret);
}
END_TEST

/* ---- nowhere else ---- */

START_TEST(a_secret_is_in_no_other_output)
{
    const char *const *const calls[] = {
        ARGUMENTS("list", "repo-1"),
        ARGUMENTS("list", "repo-1", "--json", "--all"),
        ARGUMENTS("show", "repo-1", "CI"),
        ARGUMENTS("audit"),
        ARGUMENTS("audit", "--json"),
        ARGUMENTS("audit", "export", "--csv"),
        ARGUMENTS("delete", "repo-1", "CI", "--dry-run", "--json"),
        ARGUMENTS("auth", key->access_key, "--secret-file", "wrong"),
        ARGUMENTS("import", "repo-1", "x", "--secret-file", "wrong", "--as", "rita"),
        ARGUMENTS("import", "repo-1", "", "--secret-file", "wrong"),
        ARGUMENTS("stats"),
        ARGUMENTS("check"),
    };

    write_file("wrong", IMPORTED);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct result result = run_call(&(struct call){.folder = f.folder, .arguments = calls[i]});
        ck_assert_msg(!strstr(result.out, secret->text) && !strstr(result.err, secret->text) &&
                          !strstr(result.out, IMPORTED) && !strstr(result.err, IMPORTED),
                      "call %zu shows a secret: '%s' '%s'", i, result.out, result.err);
        ck_assert_uint_gt(strlen(result.out) + strlen(result.err), 0);
        result_drop(&result);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_secrets");
    TCase *tests = suite_add_case(suite, "secrets", open_fixture, close_fixture);

    tcase_add_test(tests, import_from_standard_input);
    tcase_add_test(tests, import_from_a_file);
    tcase_add_test(tests, import_from_a_descriptor);
    tcase_add_test(tests, a_secret_is_given_in_one_way);
    tcase_add_test(tests, a_secret_has_a_size);
    tcase_add_test(tests, no_secret_on_the_command_line);
    tcase_add_test(tests, create_writes_the_secret_to_a_file);
    tcase_add_test(tests, secret_out_as_json);
    tcase_add_test(tests, reveal_prints_the_secret_alone);
    tcase_add_test(tests, a_secret_that_cannot_be_handed_over_is_reported);
    tcase_add_test(tests, auth_tells_what_a_key_opens);
    tcase_add_test(tests, auth_refuses_alike_for_every_cause);
    tcase_add_test(tests, a_secret_is_in_no_other_output);
    return run_suite(suite);
}
