/* SPDX-License-Identifier: MIT */
/* How the command explains itself, to persons and shells, and what it makes of a wrong command line
 * and of an output that cannot be written. */
#include "support/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fixture f;

static void open_fixture(void)
{
    command_fixture_open(&f);
}

static void close_fixture(void)
{
    fixture_close(&f);
}

/* ---- the table of commands, as the program lists it ---- */

struct words {
    char *text; /* which `list` points into */
    char *list[128];
    size_t count;
};

/* The first field of each line. */
static struct words fields_of(struct result result)
{
    struct words words = {.text = result.out};
    char *rest = NULL;

    ck_assert_int_eq(result.code, 0);
    ck_assert_str_eq(result.err, "");
    for (char *line = strtok_r(result.out, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        line[strcspn(line, "\t")] = '\0';
        ck_assert_uint_lt(words.count, 128);
        words.list[words.count++] = line;
    }
    free(result.err);
    return words;
}

static bool has_word(const struct words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->list[i], word) == 0)
            return true;
    }
    return false;
}

/* Of a command of two words, whose first is "audit"; NULL for the others. */
static const char *second_word(const char *command)
{
    const char *space = strchr(command, ' ');

    ck_assert(!space || strncmp(command, "audit ", 6) == 0);
    return space ? space + 1 : NULL;
}

START_TEST(the_overview_names_every_command)
{
    struct words commands = fields_of(RUN(&f, "--list-commands"));
    struct result overview = RUN(&f, "--help");

    ck_assert_int_eq(overview.code, 0);
    ck_assert_str_eq(overview.err, "");
    ck_assert_uint_eq(commands.count, 31);
    for (size_t i = 0; i < commands.count; i++)
        ck_assert_msg(strstr(overview.out, text("\n    %s ", commands.list[i])) != NULL,
                      "'%s' is missing", commands.list[i]);
    ck_assert_ptr_nonnull(strstr(overview.out, "\nQuick start\n    keyward init "));
    ck_assert_ptr_nonnull(strstr(overview.out, "\nExit codes\n"));
    assert_result(RUN(&f, "help"), 0, overview.out, "");
    assert_result(RUN(&f, "-h"), 0, overview.out, "");
    free(commands.text);
    result_drop(&overview);
}
END_TEST

START_TEST(every_command_explains_itself)
{
    struct words commands = fields_of(RUN(&f, "--list-commands"));

    for (size_t i = 0; i < commands.count; i++) {
        struct words options = fields_of(RUN(&f, "--list-options", commands.list[i]));
        const char *second = second_word(commands.list[i]);
        struct result help =
            second ? RUN(&f, "audit", second, "--help") : RUN(&f, commands.list[i], "--help");
        ck_assert_int_eq(help.code, 0);
        ck_assert_ptr_eq(strstr(help.out, text("Usage: keyward %s ", commands.list[i])), help.out);
        for (size_t j = 0; j < options.count; j++)
            ck_assert_msg(strstr(help.out, text("\n    %s", options.list[j])) != NULL,
                          "'%s' of '%s' is missing", options.list[j], commands.list[i]);
        if (second)
            assert_result(RUN(&f, "help", "audit", second), 0, help.out, "");
        else
            assert_result(RUN(&f, "help", commands.list[i]), 0, help.out, "");
        result_drop(&help);
        free(options.text);
    }
    free(commands.text);
}
END_TEST

/* A wide line is broken by the terminal where it hurts. */
START_TEST(help_fits_a_terminal)
{
    struct words commands = fields_of(RUN(&f, "--list-commands"));

    for (size_t i = 0; i < commands.count; i++) {
        const char *second = second_word(commands.list[i]);
        struct result help =
            second ? RUN(&f, "help", "audit", second) : RUN(&f, "help", commands.list[i]);
        char *rest = NULL;
        ck_assert_int_eq(help.code, 0);
        for (char *line = strtok_r(help.out, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            ck_assert_msg(strlen(line) <= 92, "%zu wide: '%s'", strlen(line), line);
        result_drop(&help);
    }
    free(commands.text);
}
END_TEST

START_TEST(version_is_the_librarys)
{
    json_t *object;

    assert_result(RUN(&f, "--version"), 0, "keyward " KEYWARD_VERSION "\n", "");
    assert_result(RUN(&f, "version"), 0, "keyward " KEYWARD_VERSION "\n", "");
    object = assert_json(RUN(&f, "version", "--json"), 0);
    assert_same_json(object, "{\"version\":\"" KEYWARD_VERSION "\"}");
    json_decref(object);
}
END_TEST

/* ---- wrong command lines ---- */

START_TEST(usage_errors_hint_at_help)
{
    assert_result(RUN(&f, NULL), KEYWARD_INVALID, "",
                  "keyward: which command?; see 'keyward --help'\n");
    assert_result(RUN(&f, "lst"), KEYWARD_INVALID, "",
                  "keyward: there is no command 'lst'; see 'keyward --help'\n");
    assert_result(RUN(&f, "list"), KEYWARD_INVALID, "",
                  "keyward: list: too few operands: list REPO; see 'keyward list --help'\n");
    assert_result(RUN(&f, "list", "a", "b"), KEYWARD_INVALID, "",
                  "keyward: list: too many operands: list REPO; see 'keyward list --help'\n");
    assert_result(RUN(&f, "list", "a", "--lmit", "3"), KEYWARD_INVALID, "",
                  "keyward: list: there is no option '--lmit'; see 'keyward list --help'\n");
    assert_result(RUN(&f, "list", "a", "--limit"), KEYWARD_INVALID, "",
                  "keyward: list: '--limit' needs a value: N; see 'keyward list --help'\n");
    assert_result(RUN(&f, "list", "a", "--all=yes"), KEYWARD_INVALID, "",
                  "keyward: list: '--all' takes no value; see 'keyward list --help'\n");
    assert_result(RUN(&f, "list", "a", "--overlap", "1d"), KEYWARD_INVALID, "",
                  "keyward: list: '--overlap' is no option of this command; see 'keyward list "
                  "--help'\n");
    assert_result(RUN(&f, "--limit", "3", "list", "a"), KEYWARD_INVALID, "",
                  "keyward: '--limit' must follow its command; see 'keyward --help'\n");
    assert_failure(RUN(&f, "list", "a", "-q"), KEYWARD_INVALID, "options have long names");
    assert_failure(RUN(&f, "list", "a", "--lim", "3"), KEYWARD_INVALID,
                   "there is no option '--lim'"); /* nor are there abbreviations */
    assert_failure(RUN(&f, "list", "a", "--limit", "3x"), KEYWARD_INVALID, "--limit: '3x'");
    assert_failure(RUN(&f, "list", "a", "--limit", "99999999999999999999"), KEYWARD_INVALID,
                   "--limit: '99999999999999999999'");
    assert_failure(RUN(&f, "list", "a", "--utc", "--local"), KEYWARD_INVALID, "exclude");
    assert_failure(RUN(&f, "list", "a", "--color", "blue"), KEYWARD_INVALID,
                   "--color is auto, always or never");
    assert_failure(RUN(&f, "create", "a", "b", "--provider", "acme"), KEYWARD_INVALID,
                   "--provider is OPENAI,");
    assert_failure(RUN(&f, "create", "a", "b", "--expires", "soon"), KEYWARD_INVALID,
                   "--expires: 'soon' is not a time such as");
    assert_failure(RUN(&f, "help", "lst"), KEYWARD_INVALID, "there is no command 'lst'");
    assert_failure(RUN(&f, "audit", "exprt"), KEYWARD_INVALID, "too many operands: audit");
    ck_assert_int_eq(count_events(f.path), 3);
}
END_TEST

START_TEST(a_usage_error_as_json)
{
    struct result refused = RUN(&f, "list", "--json", "a", "b");
    json_t *error = json_loads(refused.err, 0, NULL);

    ck_assert_int_eq(refused.code, KEYWARD_INVALID);
    assert_same_json(error, "{\"success\":false,\"status\":1,\"error\":\"INVALID\",\"message\":"
                            "\"too many operands: list REPO\"}");
    json_decref(error);
    result_drop(&refused);
    /* Also when what is wrong stands before it. */
    refused = RUN(&f, "list", "a", "--bogus", "--json");
    error = json_loads(refused.err, 0, NULL);
    ck_assert_str_eq(text_member(error, "message"), "there is no option '--bogus'");
    json_decref(error);
    result_drop(&refused);
}
END_TEST

START_TEST(global_options_stand_anywhere)
{
    assert_result(RUN(&f, "--utc", "--store", "keys.db", "users", "--as=rita", "repo-1", "--quiet"),
                  0,
                  "USER  ROLE    SINCE\n"
                  "anna  admin   2023-11-14T22:13:20Z\n"
                  "rita  reader  2023-11-14T22:13:20Z\n"
                  "will  writer  2023-11-14T22:13:20Z\n",
                  "");
    assert_result(RUN(&f, "users", "--quiet", "--", "--utc"), 0, "", "");
    assert_result(RUN(&f, "users", "--json", "--store", "no", "--store", "keys.db", "none"), 0, "",
                  "");
}
END_TEST

START_TEST(a_locale_without_utf_8_changes_nothing)
{
    keyward_key *key = command_key(&f, "漢字", NULL);
    struct result listed = run_call(&(struct call){
        .folder = f.folder, .locale = "C", .arguments = ARGUMENTS("list", "repo-1")});

    ck_assert_int_eq(listed.code, 0);
    ck_assert_msg(strstr(listed.out, "  漢字  OPENAI  ") != NULL, "'%s'", listed.out);
    result_drop(&listed);
    keyward_key_free(&key);
}
END_TEST

/* ---- output that cannot be written ---- */

START_TEST(a_full_disk_is_an_error)
{
    const char *const *const calls[] = {
        ARGUMENTS("users", "repo-1"), ARGUMENTS("audit"),  ARGUMENTS("audit", "--json"),
        ARGUMENTS("audit", "export"), ARGUMENTS("--help"), ARGUMENTS("--version"),
        ARGUMENTS("stats"),           ARGUMENTS("check"),  ARGUMENTS("--list-commands"),
    };

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct result failed = run_call(
            &(struct call){.folder = f.folder, .out_path = "/dev/full", .arguments = calls[i]});
        ck_assert_msg(failed.code == KEYWARD_IO, "call %zu: %d", i, failed.code);
        if (strcmp(calls[i][0], "--list-commands") != 0)
            ck_assert_msg(strstr(failed.err, "standard output cannot be written: No space left "
                                             "on device") != NULL,
                          "call %zu: '%s'", i, failed.err);
        result_drop(&failed);
    }
}
END_TEST

START_TEST(a_closed_pipe_is_an_error_without_words)
{
    const char *const *const calls[] = {
        ARGUMENTS("users", "repo-1"),
        ARGUMENTS("audit"),
        ARGUMENTS("audit", "export"),
        ARGUMENTS("--help"),
        ARGUMENTS("audit", "--follow"), /* does not wait for events that nobody reads */
        ARGUMENTS("audit", "--follow", "--json"),
        ARGUMENTS("audit", "--follow", "--after", "99"),
    };

    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct result failed =
            run_call(&(struct call){.folder = f.folder, .closes_out = true, .arguments = calls[i]});
        ck_assert_msg(failed.code == KEYWARD_IO, "call %zu: %d", i, failed.code);
        ck_assert_str_eq(failed.err, "");
        result_drop(&failed);
    }
}
END_TEST

/* ---- completion ---- */

/* Completes in bash what is typed: the last argument is the word under the cursor. */
static struct words complete(const char *const *arguments)
{
    char script[4096], line[2048] = "";
    struct words words = {.count = 0};
    char *rest = NULL, *bytes;
    size_t count = 0, size;

    for (; arguments[count]; count++) {
        strcat(line, "'");
        strcat(line, arguments[count]);
        strcat(line, "' ");
    }
    snprintf(script, sizeof script,
             "cd '%s' && bash --norc -c '. \"$1\"/keyward.bash; shift; COMP_WORDS=(\"$@\"); "
             "COMP_CWORD=$(($# - 1)); _keyward 2>/dev/null; printf \"%%s\\n\" \"${COMPREPLY[@]}\"' "
             "bash '%s' '%s' %s > '%s'",
             f.folder, KEYWARD_COMPLETION, KEYWARD_PROGRAM, line, path_in(&f, "completed"));
    ck_assert_int_eq(system(script), 0);
    bytes = (char *)read_whole(path_in(&f, "completed"), &size);
    bytes[size] = '\0';
    words.text = bytes;
    for (char *word = strtok_r(bytes, "\n", &rest); word; word = strtok_r(NULL, "\n", &rest))
        words.list[words.count++] = word;
    return words;
}

static void assert_completed(const char *const *arguments, const char *const *wanted)
{
    struct words words = complete(arguments);
    size_t count = 0;

    for (; wanted[count]; count++)
        ck_assert_msg(has_word(&words, wanted[count]), "'%s' is not offered", wanted[count]);
    ck_assert_msg(words.count == count, "%zu offered, not %zu; the first is '%s'", words.count,
                  count, words.count > 0 ? words.list[0] : "");
    free(words.text);
}

START_TEST(bash_completes_what_the_table_has)
{
    struct words commands = fields_of(RUN(&f, "--list-commands"));
    struct words offered = complete(ARGUMENTS(""));

    for (size_t i = 0; i < commands.count; i++) {
        struct words options = fields_of(RUN(&f, "--list-options", commands.list[i])),
                     offered_options;
        const char *second = second_word(commands.list[i]);
        ck_assert(second || has_word(&offered, commands.list[i]));
        ck_assert(!second || !has_word(&offered, second));
        offered_options = second ? complete(ARGUMENTS("audit", second, "--"))
                                 : complete(ARGUMENTS(commands.list[i], "--"));
        ck_assert_uint_eq(offered_options.count, options.count);
        for (size_t j = 0; j < options.count; j++)
            ck_assert(has_word(&offered_options, options.list[j]));
        free(offered_options.text);
        free(options.text);
    }
    free(offered.text);
    free(commands.text);
}
END_TEST

START_TEST(bash_completes_words_and_values)
{
    assert_completed(ARGUMENTS("re"), ARGUMENTS("rekey", "revoke", "rename", "restore", "reveal"));
    assert_completed(ARGUMENTS("grant", "repo-1", "anna", ""),
                     ARGUMENTS("reader", "writer", "admin"));
    assert_completed(ARGUMENTS("--as", "x", "grant", "repo-1", "anna", "--reason", "y", "w"),
                     ARGUMENTS("writer"));
    assert_completed(ARGUMENTS("create", "--provider", "A"), ARGUMENTS("ANTHROPIC", "AWS"));
    assert_completed(ARGUMENTS("create", "--provider", "=", "O"), ARGUMENTS("OPENAI", "OTHER"));
    assert_completed(ARGUMENTS("delete", "repo-1", "k", "--why", ""),
                     ARGUMENTS("unused", "rotated", "compromised", "offboarding", "other"));
    assert_completed(ARGUMENTS("audit", "--action", "key.del"),
                     ARGUMENTS("key.deleted", "key.delete_denied"));
    assert_completed(ARGUMENTS("--color", ""), ARGUMENTS("auto", "always", "never"));
    assert_completed(ARGUMENTS("expire", "r", "k", ""), ARGUMENTS("never"));
    assert_completed(ARGUMENTS("audit", "ex"), ARGUMENTS("export"));
    assert_completed(ARGUMENTS("audit", "--repo", "r", "c"),
                     ARGUMENTS("checkpoint", "consistency", "cosign"));
    assert_completed(ARGUMENTS("audit", "cosign", "master"), ARGUMENTS("master.key"));
    assert_completed(ARGUMENTS("audit", "publish", "master"), ARGUMENTS(NULL)); /* no folder */
    assert_completed(ARGUMENTS("audit", "receipt", ""), ARGUMENTS(NULL));
    assert_completed(ARGUMENTS("verify", "--receipt", "master"), ARGUMENTS("master.key"));
    assert_completed(ARGUMENTS("ex"), ARGUMENTS("expire")); /* 'export' alone is no command */
    assert_completed(ARGUMENTS("help", "rek"), ARGUMENTS("rekey"));
    assert_completed(ARGUMENTS("--store", "master"), ARGUMENTS("master.key"));
    assert_completed(ARGUMENTS("backup", "master"), ARGUMENTS("master.key"));
    assert_completed(ARGUMENTS("rotate", "r", "k", "--overlap", ""), ARGUMENTS(NULL));
    assert_completed(ARGUMENTS("delete", "r", ""), ARGUMENTS(NULL));
    assert_completed(ARGUMENTS("bogus", ""), ARGUMENTS(NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_usage");
    TCase *tests = suite_add_case(suite, "usage", open_fixture, close_fixture);

    tcase_add_test(tests, the_overview_names_every_command);
    tcase_add_test(tests, every_command_explains_itself);
    tcase_add_test(tests, help_fits_a_terminal);
    tcase_add_test(tests, version_is_the_librarys);
    tcase_add_test(tests, usage_errors_hint_at_help);
    tcase_add_test(tests, a_usage_error_as_json);
    tcase_add_test(tests, global_options_stand_anywhere);
    tcase_add_test(tests, a_locale_without_utf_8_changes_nothing);
    tcase_add_test(tests, a_full_disk_is_an_error);
    tcase_add_test(tests, a_closed_pipe_is_an_error_without_words);
    tcase_add_test(tests, bash_completes_what_the_table_has);
    tcase_add_test(tests, bash_completes_words_and_values);
    return run_suite(suite);
}
