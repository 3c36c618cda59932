/* SPDX-License-Identifier: MIT */
/* The command at a terminal: prompts, confirmations, tables that fit, progress, Ctrl-C. */
#include "support/command.h"
#include "support/dialog.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TYPED "sk-typed-by-a-person"

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

static bool exists(const char *name)
{
    struct stat about;

    return stat(path_in(&f, name), &about) == 0;
}

static void assert_ends(struct dialog **dialog, int code, const char *shown)
{
    int got = dialog_wait(*dialog);

    ck_assert_msg(got == code, "exit code %d, not %d; the terminal shows '%s'", got, code,
                  dialog_screen(*dialog));
    ck_assert_msg(strstr(dialog_screen(*dialog), shown) != NULL, "'%s' is not in '%s'", shown,
                  dialog_screen(*dialog));
    ck_assert(dialog_echoes(*dialog));
    dialog_free(dialog);
}

/* ---- secrets are typed unseen ---- */

START_TEST(import_asks_twice_without_echo)
{
    struct dialog *dialog = DIALOG(&f, "import", "repo-1", "typed", "--color", "never");
    char access_key[64];
    keyward_identity identity;

    dialog_expect(dialog, "Secret: ");
    ck_assert(!dialog_echoes(dialog));
    dialog_type(dialog, TYPED "\n");
    dialog_expect(dialog, "Secret, again: ");
    ck_assert(!dialog_echoes(dialog));
    dialog_type(dialog, TYPED "\n");
    dialog_expect(dialog, "access key      ");
    dialog_expect(dialog, "\n");
    ck_assert_int_eq(
        sscanf(strstr(dialog_screen(dialog), "access key"), "access key %63s", access_key), 1);
    ck_assert_int_eq(dialog_wait(dialog), 0);
    ck_assert_ptr_null(strstr(dialog_screen(dialog), TYPED));
    ck_assert(dialog_echoes(dialog));
    assert_status(f.store,
                  keyward_authenticate(f.store, access_key, TYPED, strlen(TYPED), &identity),
                  KEYWARD_OK);
    dialog_free(&dialog);
}
END_TEST

START_TEST(two_different_secrets_are_refused)
{
    struct dialog *dialog = DIALOG(&f, "import", "repo-1", "typed");

    dialog_expect(dialog, "Secret: ");
    dialog_type(dialog, TYPED "\n");
    dialog_expect(dialog, "again: ");
    dialog_type(dialog, TYPED "!\n");
    assert_ends(&dialog, KEYWARD_INVALID, "keyward: import: the two that were typed differ");
    ck_assert_int_eq(count_events(f.path), 4);
}
END_TEST

START_TEST(a_prompt_has_the_few_keys_that_matter)
{
    struct dialog *dialog = DIALOG(&f, "auth", key->access_key, "--color", "never");

    dialog_expect(dialog, "Secret: ");
    dialog_type(dialog, "wrong\x15");    /* Ctrl-U: all */
    dialog_type(dialog, "\xc3\xa9\x7f"); /* a letter of two bytes, and back */
    dialog_type(dialog, secret->text);
    dialog_type(dialog, "x\x7f\n");
    assert_ends(&dialog, 0, "repository      repo-1\r\n");
}
END_TEST

START_TEST(a_long_secret_is_typed_whole)
{
    static char typed[6001];
    struct dialog *dialog = DIALOG(&f, "import", "repo-1", "long", "--json");
    keyward_identity identity;
    json_t *made;

    memset(typed, 'x', sizeof typed - 1);
    dialog_expect(dialog, "Secret: ");
    dialog_type(dialog, typed);
    dialog_type(dialog, "\n");
    dialog_expect(dialog, "again: ");
    dialog_type(dialog, typed);
    dialog_type(dialog, "\n");
    ck_assert_int_eq(dialog_wait(dialog), 0);
    made = json_loads(strchr(dialog_screen(dialog), '{'), JSON_DISABLE_EOF_CHECK, NULL);
    assert_status(f.store,
                  keyward_authenticate(f.store,
                                       text_member(json_object_get(made, "key"), "access_key"),
                                       typed, sizeof typed - 1, &identity),
                  KEYWARD_OK);
    json_decref(made);
    dialog_free(&dialog);
}
END_TEST

START_TEST(the_end_of_input_is_no_secret)
{
    struct dialog *dialog = DIALOG(&f, "auth", key->access_key);

    dialog_expect(dialog, "Secret: ");
    dialog_type(dialog, "\x04");
    assert_ends(&dialog, KEYWARD_CANCELLED, "keyward: auth: nothing was typed");
}
END_TEST

START_TEST(a_master_key_may_be_typed)
{
    struct dialog *dialog = DIALOG(&f, "users", "repo-1", "--master-key-prompt");

    dialog_expect(dialog, "Master key: ");
    ck_assert(!dialog_echoes(dialog));
    dialog_type(dialog, "30313233343536373839616263646566"
                        "3031323334353637383961626364\n");
    assert_ends(&dialog, KEYWARD_NO_MASTER_KEY, "must be 64 hexadecimal digits");
    dialog = DIALOG(&f, "users", "repo-1", "--master-key-prompt");
    dialog_expect(dialog, "Master key: ");
    dialog_type(dialog, "30313233343536373839616263646566"
                        "30313233343536373839616263646500\n");
    assert_ends(&dialog, 0, "rita  reader");
}
END_TEST

START_TEST(a_new_master_key_is_typed_twice)
{
    static const char typed[] =
        "000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f\n";
    struct dialog *dialog = DIALOG(&f, "rekey", "--new-master-key-prompt");

    dialog_expect(dialog, "New master key: ");
    dialog_type(dialog, typed);
    dialog_expect(dialog, "New master key, again: ");
    dialog_type(dialog, typed);
    assert_ends(&dialog, 0, "what you gave is the master key of keys.db from now on");
}
END_TEST

START_TEST(the_prompt_is_on_the_terminal_wherever_output_goes)
{
    struct dialog *dialog =
        dialog_start(&(struct dialog_options){.folder = f.folder,
                                              .out = path_in(&f, "out"),
                                              .err = path_in(&f, "err"),
                                              .arguments = ARGUMENTS("auth", key->access_key)});
    size_t size;
    char *out;

    dialog_expect(dialog, "Secret: ");
    dialog_type(dialog, secret->text);
    dialog_type(dialog, "\n");
    ck_assert_int_eq(dialog_wait(dialog), 0);
    ck_assert_str_eq(dialog_screen(dialog), "Secret: \r\n");
    dialog_free(&dialog);
    out = (char *)read_whole(path_in(&f, "out"), &size);
    out[size] = '\0';
    ck_assert_str_eq(
        out, text("repository      repo-1\nkey             %s\nprovider        OPENAI\n", key->id));
    free(out);
}
END_TEST

/* ---- signals at a prompt ---- */

static void interrupt_prompt(const char *how, int number)
{
    struct dialog *dialog = DIALOG(&f, "import", "repo-1", "typed");

    dialog_expect(dialog, "Secret: ");
    dialog_type(dialog, "half a sec");
    ck_assert(!dialog_echoes(dialog));
    if (how)
        dialog_type(dialog, how);
    else
        dialog_signal(dialog, number);
    assert_ends(&dialog, 128 + number, "Secret: ");
    ck_assert_int_eq(count_events(f.path), 4);
}

START_TEST(a_signal_at_a_prompt_leaves_the_terminal_as_it_was)
{
    interrupt_prompt("\x03", SIGINT);
    interrupt_prompt("\x1c", SIGQUIT);
    interrupt_prompt(NULL, SIGTERM);
    interrupt_prompt(NULL, SIGHUP);
}
END_TEST

/* ---- confirmations ---- */

START_TEST(deleting_all_is_confirmed_by_name)
{
    struct dialog *dialog = DIALOG(&f, "delete", "--all", "repo-1");

    dialog_expect(dialog, "This deletes 1 live key in repo-1. Type repo-1 to go on: ");
    ck_assert(dialog_echoes(dialog));
    dialog_type(dialog, "yes\n");
    assert_ends(&dialog, KEYWARD_CANCELLED, "not confirmed; nothing was changed");
    ck_assert_int_eq(count_events(f.path), 4);

    dialog = DIALOG(&f, "delete", "--all", "repo-1");
    dialog_expect(dialog, "to go on: ");
    dialog_type(dialog, "repo-1\n");
    assert_ends(&dialog, 0, "1 key deleted");
    ck_assert_int_eq(count_events(f.path), 5);

    dialog = DIALOG(&f, "delete", "--all", "repo-1"); /* there are none to ask about */
    assert_ends(&dialog, 0, "0 keys deleted");
}
END_TEST

START_TEST(deleting_what_a_user_created_is_confirmed)
{
    const keyward_new_key new_key = {.name = "his"};
    keyward_key *his;
    keyward_secret *his_secret;
    struct dialog *dialog;

    assert_status(f.store,
                  keyward_create_key(f.store, &will, "repo-1", &new_key, &his, &his_secret),
                  KEYWARD_OK);
    dialog = DIALOG(&f, "delete", "--created-by", "will");
    dialog_expect(dialog, "This deletes 1 live key created by will in all repositories. Type will");
    dialog_type(dialog, "will\n");
    assert_ends(&dialog, 0, "1 key deleted");
    keyward_key_free(&his);
    keyward_secret_free(&his_secret);
}
END_TEST

START_TEST(a_purge_is_confirmed_and_says_there_is_no_way_back)
{
    struct dialog *dialog;

    drop_key(&f, "repo-1", key->id);
    dialog = DIALOG(&f, "purge", "repo-1", "CI", "--retention", "1d");
    dialog_expect(dialog, "This destroys the secret of 1 deleted key of repo-1; there is no way "
                          "back. Type repo-1 to go on: ");
    dialog_type(dialog, "\x03");
    assert_ends(&dialog, 128 + SIGINT, "to go on: ");
    ck_assert_int_eq(count_events(f.path), 5);
    dialog = DIALOG(&f, "purge", "repo-1", "CI", "--retention", "1d");
    dialog_expect(dialog, "to go on: ");
    dialog_type(dialog, "repo-1\n");
    assert_ends(&dialog, 0, "1 secret destroyed for good");
}
END_TEST

/* ---- what a terminal gets, and nothing else does ---- */

START_TEST(a_table_shrinks_to_the_terminal)
{
    keyward_key *long_name =
        command_key(&f, "a name that is much too long for a terminal of eighty columns", NULL);
    struct dialog *dialog = DIALOG(&f, "list", "repo-1", "--utc", "--color", "never");

    ck_assert_int_eq(dialog_wait(dialog), 0);
    ck_assert_str_eq(
        dialog_screen(dialog),
        text("KEY        NAME                   PROVIDER  CREATED     LAST USED  EXPIRES  NOTE\r\n"
             "…%s  a name that is much …  OPENAI    2023-11-14\r\n"
             "…%s  CI                     OPENAI    2023-11-14\r\n",
             long_name->id + 28, key->id + 28));
    dialog_free(&dialog);
    dialog = dialog_start(
        &(struct dialog_options){.folder = f.folder,
                                 .columns = 200,
                                 .arguments = ARGUMENTS("list", "repo-1", "--color", "never")});
    assert_ends(&dialog, 0,
                text("%s  a name that is much too long for a terminal of eighty "
                     "columns  OPENAI",
                     long_name->id));
    keyward_key_free(&long_name);
}
END_TEST

START_TEST(colour_is_for_a_terminal)
{
    struct dialog *dialog = DIALOG(&f, "list", "repo-1");
    struct result piped;

    assert_ends(&dialog, 0, "\033[1mKEY\033[0m");
    dialog = DIALOG(&f, "list", "repo-1", "--color", "never");
    ck_assert_int_eq(dialog_wait(dialog), 0);
    ck_assert_ptr_null(strchr(dialog_screen(dialog), '\033'));
    dialog_free(&dialog);
    piped = RUN(&f, "list", "repo-1");
    ck_assert_ptr_null(strchr(piped.out, '\033'));
    result_drop(&piped);
    setenv("NO_COLOR", "1", 1);
    piped = RUN(&f, "list", "repo-1", "--color", "always");
    ck_assert_ptr_nonnull(strstr(piped.out, "\033[1mKEY\033[0m"));
    result_drop(&piped);
    unsetenv("NO_COLOR");
}
END_TEST

START_TEST(reveal_ends_the_line_on_a_terminal)
{
    const keyward_new_key hostile = {.name = "hostile", .secret = "\033[2J", .secret_length = 4};
    struct dialog *dialog = DIALOG(&f, "reveal", "repo-1", "CI");
    keyward_key *imported;

    ck_assert_int_eq(dialog_wait(dialog), 0);
    ck_assert_str_eq(dialog_screen(dialog), text("%s\r\n", secret->text));
    dialog_free(&dialog);
    assert_status(f.store, keyward_create_key(f.store, &host, "repo-1", &hostile, &imported, NULL),
                  KEYWARD_OK);
    dialog = DIALOG(&f, "reveal", "repo-1", "hostile");
    assert_ends(&dialog, KEYWARD_INVALID, "control characters");
    assert_result(RUN(&f, "reveal", "repo-1", "hostile"), 0, "\033[2J", "");
    keyward_key_free(&imported);
}
END_TEST

START_TEST(progress_is_for_a_terminal)
{
    struct dialog *dialog = DIALOG(&f, "check");

    dialog_expect(dialog, "\rchecking [..............................]   0 %\033[K");
    assert_ends(&dialog, 0, "\r\033[K1 keys and 4 events checked, 0 problems\r\n");
    dialog = DIALOG(&f, "backup", "copy.db");
    dialog_expect(dialog, "\rbacking up [");
    assert_ends(&dialog, 0, "\r\033[Kcopy.db is a copy");
    dialog = DIALOG(&f, "check", "--quiet");
    ck_assert_int_eq(dialog_wait(dialog), 0);
    ck_assert_str_eq(dialog_screen(dialog), "");
    dialog_free(&dialog);
    dialog = dialog_start(&(struct dialog_options){
        .folder = f.folder, .err = path_in(&f, "err"), .arguments = ARGUMENTS("check")});
    ck_assert_int_eq(dialog_wait(dialog), 0);
    ck_assert_str_eq(dialog_screen(dialog), "1 keys and 4 events checked, 0 problems\r\n");
    dialog_free(&dialog);
}
END_TEST

START_TEST(an_export_shows_progress_beside_its_output)
{
    struct dialog *dialog = DIALOG(&f, "audit", "export");

    ck_assert_int_eq(dialog_wait(dialog), 0);
    ck_assert_ptr_null(strstr(dialog_screen(dialog), "exporting"));
    dialog_free(&dialog);
    dialog = DIALOG(&f, "audit", "export", "--output", "log");
    dialog_expect(dialog, "\rexporting events ");
    assert_ends(&dialog, 0, "4 lines are in log");
    dialog = dialog_start(&(struct dialog_options){.folder = f.folder,
                                                   .out = path_in(&f, "piped"),
                                                   .arguments = ARGUMENTS("audit", "export")});
    dialog_expect(dialog, "\rexporting events ");
    assert_ends(&dialog, 0, "exporting");
}
END_TEST

/* ---- Ctrl-C for what takes a while ---- */

START_TEST(an_interrupted_backup_leaves_nothing)
{
    struct dialog *dialog = dialog_start(&(struct dialog_options){
        .folder = f.folder, .is_interrupted = true, .arguments = ARGUMENTS("backup", "copy.db")});

    assert_ends(&dialog, KEYWARD_CANCELLED, "keyward: backup: ");
    ck_assert(!exists("copy.db"));
}
END_TEST

START_TEST(an_interrupted_check_and_export_are_cancelled)
{
    struct dialog *dialog = dialog_start(&(struct dialog_options){
        .folder = f.folder, .is_interrupted = true, .arguments = ARGUMENTS("check")});

    assert_ends(&dialog, KEYWARD_CANCELLED, "keyward: check: ");
    dialog = dialog_start(
        &(struct dialog_options){.folder = f.folder,
                                 .is_interrupted = true,
                                 .arguments = ARGUMENTS("audit", "export", "--output", "log")});
    assert_ends(&dialog, KEYWARD_CANCELLED, "keyward: audit export: ");
    ck_assert(!exists("log"));
}
END_TEST

START_TEST(follow_prints_events_as_they_come)
{
    struct dialog *dialog =
        DIALOG(&f, "audit", "--follow", "--limit", "2", "--utc", "--color", "never");
    keyward_key *second;

    dialog_expect(dialog, "    3  ");
    dialog_expect(dialog, "rita as reader");
    dialog_expect(dialog, "    4  ");
    second = command_key(&f, "Nightly", NULL);
    dialog_expect(dialog, "    5  ");
    dialog_expect(dialog, "Nightly, key ");
    drop_key(&f, "repo-1", second->id);
    dialog_expect(dialog, "    6  ");
    dialog_expect(dialog, "key.deleted");
    dialog_type(dialog, "\x03");
    ck_assert_int_eq(dialog_wait(dialog), 0);
    ck_assert_ptr_null(strstr(dialog_screen(dialog), "    2  "));
    dialog_free(&dialog);
    keyward_key_free(&second);
}
END_TEST

START_TEST(follow_heeds_its_filters)
{
    struct dialog *dialog = DIALOG(&f, "audit", "--follow", "--json", "--after", "4", "--repo",
                                   "repo-1", "--action", "key.deleted", "--as", "rita");
    keyward_key *second = command_key(&f, "Nightly", NULL);
    keyward_key *elsewhere = make_key(&f, "repo-2", "Nightly", NULL);

    drop_key(&f, "repo-2", elsewhere->id);
    drop_key(&f, "repo-1", second->id);
    dialog_expect(dialog, "\"sequence\":8}\r\n");
    drop_key(&f, "repo-1", key->id);
    dialog_expect(dialog, "\"sequence\":9}\r\n");
    dialog_signal(dialog, SIGTERM);
    ck_assert_int_eq(dialog_wait(dialog), 0);
    ck_assert_ptr_null(strstr(dialog_screen(dialog), "repo-2"));
    ck_assert_ptr_null(strstr(dialog_screen(dialog), "key.created"));
    dialog_free(&dialog);
    keyward_key_free(&second);
    keyward_key_free(&elsewhere);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cli_terminal");
    TCase *tests = suite_add_case(suite, "terminal", open_fixture, close_fixture);

    tcase_add_test(tests, import_asks_twice_without_echo);
    tcase_add_test(tests, two_different_secrets_are_refused);
    tcase_add_test(tests, a_prompt_has_the_few_keys_that_matter);
    tcase_add_test(tests, a_long_secret_is_typed_whole);
    tcase_add_test(tests, the_end_of_input_is_no_secret);
    tcase_add_test(tests, a_master_key_may_be_typed);
    tcase_add_test(tests, a_new_master_key_is_typed_twice);
    tcase_add_test(tests, the_prompt_is_on_the_terminal_wherever_output_goes);
    tcase_add_test(tests, a_signal_at_a_prompt_leaves_the_terminal_as_it_was);
    tcase_add_test(tests, deleting_all_is_confirmed_by_name);
    tcase_add_test(tests, deleting_what_a_user_created_is_confirmed);
    tcase_add_test(tests, a_purge_is_confirmed_and_says_there_is_no_way_back);
    tcase_add_test(tests, a_table_shrinks_to_the_terminal);
    tcase_add_test(tests, colour_is_for_a_terminal);
    tcase_add_test(tests, reveal_ends_the_line_on_a_terminal);
    tcase_add_test(tests, progress_is_for_a_terminal);
    tcase_add_test(tests, an_export_shows_progress_beside_its_output);
    tcase_add_test(tests, an_interrupted_backup_leaves_nothing);
    tcase_add_test(tests, an_interrupted_check_and_export_are_cancelled);
    tcase_add_test(tests, follow_prints_events_as_they_come);
    tcase_add_test(tests, follow_heeds_its_filters);
    return run_suite(suite);
}
