/* SPDX-License-Identifier: MIT */
/*
 * Not getopt_long: it takes abbreviations, which break scripts as options are added, and quotes in
 * its messages what somebody may have taken for the place of a secret.
 */
#include "arguments.h"

#include "command.h"
#include "failure.h"

#include <string.h>

const struct option_about options_about[OPTION_COUNT] = {
    [OPTION_STORE] = {"store", "FILE", "the store (default: keys.db)"},
    [OPTION_MASTER_KEY_FILE] = {"master-key-file", "FILE", "its master key (default: master.key)"},
    [OPTION_MASTER_KEY_FD] = {"master-key-fd", "N", "read the master key from this descriptor"},
    [OPTION_MASTER_KEY_STDIN] = {"master-key-stdin", NULL, "read it from standard input"},
    [OPTION_MASTER_KEY_PROMPT] = {"master-key-prompt", NULL,
                                  "ask for its 64 digits on the terminal, without echo"},
    [OPTION_AS] = {"as", "USER", "act as this user, whose role decides (default: the host)"},
    [OPTION_REASON] = {"reason", "TEXT", "why; goes into the audit event"},
    [OPTION_REQUEST_ID] = {"request-id", "ID", "likewise: the request that this belongs to"},
    [OPTION_CLIENT_ADDRESS] = {"client-address", "ADDRESS", "likewise: where it came from"},
    [OPTION_JSON] = {"json", NULL, "print JSON, one object a line, times in ms since 1970"},
    [OPTION_UTC] = {"utc", NULL, "times without an offset are UTC; show times in UTC"},
    [OPTION_LOCAL] = {"local", NULL, "they are local time (default)"},
    [OPTION_BUSY_TIMEOUT] = {"busy-timeout", "DURATION",
                             "wait so long for another writer (default: 5s)"},
    [OPTION_COLOR] = {"color", "COLOR",
                      "auto, always or never (default: auto; NO_COLOR is heeded)"},
    [OPTION_QUIET] = {"quiet", NULL, "print what was asked for and nothing else"},
    [OPTION_HELP] = {"help", NULL, "explain the command"},
    [OPTION_VERSION] = {"version", NULL, "print the version"},
    [OPTION_ACCESS_KEY] = {"access-key", NULL,
                           "the operands are access keys, as a leak report has them"},
    [OPTION_ACTION] = {"action", "ACTION", "only this action, as key.deleted"},
    [OPTION_AFTER] = {"after", "SEQUENCE", "only events after this one, as when you go on reading"},
    [OPTION_ALL] = {"all", NULL, "all of the repository"},
    [OPTION_CHECKPOINT] = {"checkpoint", "SIZE",
                           "the checkpoint of this size (default: the newest)"},
    [OPTION_CHECKPOINT_FILE] = {"checkpoint", "FILE",
                                "the log continues this checkpoint, which was kept elsewhere"},
    [OPTION_CONSISTENCY] = {"consistency", "FILE", "the consistency proof to verify"},
    [OPTION_CREATED_BY] = {"created-by", "USER", "all that this user created"},
    [OPTION_CSV] = {"csv", NULL, "write CSV (RFC 4180) instead of JSON lines"},
    [OPTION_DATA_KEY_ONLY] = {"data-key-only", NULL,
                              "keep the master key; seal new secrets with a new data key"},
    [OPTION_DELETED] = {"deleted", NULL, "deleted keys only"},
    [OPTION_DRY_RUN] = {"dry-run", NULL, "show what would be written, and write nothing"},
    [OPTION_EVENT] = {"event", "FILE", "the event, as exported (default: the one in the receipt)"},
    [OPTION_EXPIRES] = {"expires", "WHEN", "the new key's deadline"},
    [OPTION_FOLLOW] = {"follow", NULL, "go on printing events as they come, until Ctrl-C"},
    [OPTION_FREE_NAMES] = {"free-names", NULL, "live keys of a repository may share a name"},
    [OPTION_IMPORT] = {"import", NULL, "the successor's secret is one that you give"},
    [OPTION_KEY] = {"key", "KEY-ID", "only events of this key"},
    [OPTION_KNOWN] = {"known", "FILE",
                      "sign only what continues this one, which was kept elsewhere"},
    [OPTION_LIMIT] = {"limit", "N", "so many at most"},
    [OPTION_LOG_KEY] = {"log-key", "KEY", "the log's, as 'keyward audit key' prints it"},
    [OPTION_NEW_MASTER_KEY_FILE] = {"new-master-key-file", "FILE",
                                    "the new master key; made if there is no such file"},
    [OPTION_NEW_MASTER_KEY_FD] = {"new-master-key-fd", "N", "read it from this descriptor"},
    [OPTION_NEW_MASTER_KEY_STDIN] = {"new-master-key-stdin", NULL, "read it from standard input"},
    [OPTION_NEW_MASTER_KEY_PROMPT] = {"new-master-key-prompt", NULL,
                                      "ask for its 64 digits on the terminal, twice"},
    [OPTION_NOTE] = {"note", "TEXT", "why, in your own words"},
    [OPTION_OLD] = {"old", "FILE", "prove it from this checkpoint on, which was kept elsewhere"},
    [OPTION_OLD_CHECKPOINT] = {"old-checkpoint", "FILE", "the one from which on it is proven"},
    [OPTION_OLDEST_FIRST] = {"oldest-first", NULL, "in the order in which they happened"},
    [OPTION_ORIGIN] = {"origin", "NAME",
                       "the log's name, for good, as example.com/keys; makes the key"},
    [OPTION_OUTPUT] = {"output", "FILE", "write to this new file (mode 0600)"},
    [OPTION_OVERLAP] = {"overlap", "DURATION", "the old key goes on for so long (default: 1d)"},
    [OPTION_PROVIDER] = {"provider", "PROVIDER",
                         "OPENAI, GOOGLE, ANTHROPIC, AWS or OTHER (default: OTHER)"},
    [OPTION_RECEIPT] = {"receipt", "FILE", "the receipt to verify"},
    [OPTION_RECEIPT_OUT] = {"receipt", "FILE",
                            "write the deletion's receipt to this new file (mode 0600)"},
    [OPTION_REPO] = {"repo", "REPO", "only events of this repository"},
    [OPTION_RETENTION] = {"retention", "DURATION",
                          "purge only what was deleted at least so long ago (required)"},
    [OPTION_SECRET_FILE] = {"secret-file", "FILE", "read the secret from this file"},
    [OPTION_SECRET_FD] = {"secret-fd", "N", "read it from this descriptor"},
    [OPTION_SECRET_STDIN] = {"secret-stdin", NULL, "read it from standard input"},
    [OPTION_SECRET_OUT] = {"secret-out", "FILE",
                           "write the secret to this new file (mode 0600) instead"},
    [OPTION_SINCE] = {"since", "WHEN", "from then on; a bare duration, as 12h, is so long ago"},
    [OPTION_TILES] = {"tiles", "FOLDER", "write the log as a static web server publishes it"},
    [OPTION_UNIQUE_NAMES] = {"unique-names", NULL,
                             "no two live keys of a repository may share a name"},
    [OPTION_UNLESS_USED_WITHIN] = {"unless-used-within", "DURATION",
                                   "leave a key that was used in the last so long"},
    [OPTION_UNTIL] = {"until", "WHEN", "before then, likewise"},
    [OPTION_USER] = {"user", "USER", "only events of this user: he acted, or his access changed"},
    [OPTION_VERBOSE] = {"verbose", NULL, "tell the cause of a refusal; do not pass it on"},
    [OPTION_WHY] = {"why", "WHY", "unused, rotated, compromised, offboarding or other"},
    [OPTION_WITNESS_KEY] = {"witness-key", "KEY", "a witness's; give it once for each of them"},
    [OPTION_WITNESSES_NEEDED] = {"witnesses-needed", "N",
                                 "so many of them must have cosigned (default: all)"},
    [OPTION_YES] = {"yes", NULL, "do not ask"},
};

bool option_belongs(enum option option, const struct command *command)
{
    if (option < OPTION_GLOBAL_COUNT)
        return true;
    for (size_t i = 0; command && i < COMMAND_OPTIONS_MAX; i++) {
        if (command->options[i] == option)
            return true;
    }
    return false;
}

/* Letters and hyphens, and few: no secret looks like that. */
static bool is_harmless(const char *name, size_t length)
{
    return length <= 24 && strspn(name, "abcdefghijklmnopqrstuvwxyz-") >= length;
}

/* Quotes only what comes before '=' and is no secret. */
static enum keyward_status no_such_option(const char *name, size_t length,
                                          const struct command *command)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options_about[i].name) == length &&
            memcmp(options_about[i].name, name, length) == 0)
            return command ? fail_usage("'--%.*s' is no option of this command", (int)length, name)
                           : fail_usage("'--%.*s' must follow its command", (int)length, name);
    }
    if (length >= 6 && memcmp(name, "secret", 6) == 0)
        return fail_usage("there is no such option; a secret is never taken from the command line");
    if (!is_harmless(name, length))
        return fail_usage("there is no such option");
    return fail_usage("there is no option '--%.*s'", (int)length, name);
}

static enum option find_option(const char *name, size_t length, const struct command *command)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options_about[i].name) == length &&
            memcmp(options_about[i].name, name, length) == 0 &&
            option_belongs((enum option)i, command))
            return (enum option)i;
    }
    return OPTION_COUNT;
}

static bool take_witness_key(const char *key, struct arguments *arguments)
{
    if (arguments->witness_count == KEYWARD_WITNESSES_MAX)
        return false;
    arguments->witness_keys[arguments->witness_count++] = key;
    return true;
}

/* The option at argv[*index], and its value, which may be the next argument. */
static enum keyward_status take_option(char **argv, int *index, struct arguments *arguments)
{
    const char *name = argv[*index] + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    enum option option = find_option(name, length, arguments->command);
    const char *value = equals ? equals + 1 : NULL;

    if (option == OPTION_COUNT)
        return no_such_option(name, length, arguments->command);
    if (!options_about[option].value && value)
        return fail_usage("'--%s' takes no value", options_about[option].name);
    if (options_about[option].value && !equals)
        value = argv[*index + 1];
    if (options_about[option].value && !value)
        return fail_usage("'--%s' needs a value: %s", options_about[option].name,
                          options_about[option].value);
    if (options_about[option].value && !equals)
        (*index)++;
    if (option == OPTION_WITNESS_KEY && !take_witness_key(value, arguments))
        return fail_usage("'--witness-key' can be given %d times", KEYWARD_WITNESSES_MAX);
    arguments->given[option] = value ? value : "";
    return KEYWARD_OK;
}

/* Some are one command of two words, as "audit export". */
static enum keyward_status take_command(char **argv, int *index, struct arguments *arguments)
{
    int words = 1;

    arguments->command = command_find(argv[*index], argv[*index + 1], &words);
    *index += words - 1;
    if (!arguments->command)
        return fail_usage("there is no command '%s'", argv[*index]);
    return KEYWARD_OK;
}

static enum keyward_status take_argument(char **argv, int *index, bool *options_end,
                                         struct arguments *arguments)
{
    const char *argument = argv[*index];

    if (!*options_end && strcmp(argument, "--") == 0) {
        *options_end = true;
        return KEYWARD_OK;
    }
    if (!*options_end && strcmp(argument, "-h") == 0) {
        arguments->given[OPTION_HELP] = "";
        return KEYWARD_OK;
    }
    if (!*options_end && strncmp(argument, "--", 2) == 0)
        return take_option(argv, index, arguments);
    if (!*options_end && argument[0] == '-' && argument[1] != '\0')
        return fail_usage("options have long names, as --quiet; put '--' before an operand that "
                          "begins with a hyphen");
    if (!arguments->command)
        return take_command(argv, index, arguments);
    arguments->operands[arguments->operand_count++] = argv[*index];
    return KEYWARD_OK;
}

static bool asks_for_json(char **argv)
{
    for (; *argv && strcmp(*argv, "--") != 0; argv++) {
        if (strcmp(*argv, "--json") == 0)
            return true;
    }
    return false;
}

enum keyward_status arguments_parse(int argc, char **argv, struct arguments *arguments, bool *json)
{
    enum keyward_status status = KEYWARD_OK;
    bool options_end = false;

    memset(arguments, 0, sizeof *arguments);
    arguments->operands = argv; /* there are never more of them than were read */
    *json = asks_for_json(argv);
    for (int i = 1; i < argc && status == KEYWARD_OK; i++)
        status = take_argument(argv, &i, &options_end, arguments);
    return status;
}
