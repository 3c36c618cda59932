/* SPDX-License-Identifier: MIT */
/*
 * The keyward command with any command line and any standard input, in this process: on a store
 * whose names are as hostile as they can be, at a terminal or not. Whatever is asked of it, it ends
 * with an exit code of its own, says why in a line, prints JSON where JSON is asked for, and sends
 * nothing to a terminal that could take it over.
 *
 * An input: a byte of flags, one for the terminal's columns, one for the number of arguments;
 * these, each with a NUL behind it; the rest is standard input. Files are in a folder of its own,
 * and what would name others is left out.
 */
#include "fuzz/input.h"
#include "fuzz/place.h"
#include "fuzz/require.h"
#include "fuzz/streams.h"
#include "fuzz/target.h"
#include "fuzz/visible.h"

#include "failure.h"
#include "memory.h"
#include "terminal.h"
#include "text.h"

#include <errno.h>
#include <jansson.h>
#include <keyward/keyward.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARGUMENTS_MAX 15
#define FLAG_TERMINAL 1 /* standard output and error are one, and somebody can be asked */
#define LAST_STATUS KEYWARD_WRONG_LIBRARY

int keyward_main(int argc, char **argv);

static struct {
    char folder[96];
    unsigned char *template;
    size_t template_length;
    int in, out, err; /* files in memory */
    bool is_running, is_terminal;
    uint8_t columns;
} command;

static struct {
    size_t by_status[LAST_STATUS + 1];
} reached;

/* ---- what the command must not have of this process ---- */

int __wrap_isatty(int fd);
int __wrap_atexit(void (*function)(void));
int __wrap_prctl(int option, ...);
ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);
size_t __wrap_terminal_width(int fd);
enum keyward_status __wrap_terminal_ask(const char *prompt, bool echo, struct secret_buffer *line);
bool __wrap_output_wait(int milliseconds);
int __real_atexit(void (*function)(void));

int __wrap_isatty(int fd)
{
    return command.is_running && command.is_terminal && fd <= STDERR_FILENO;
}

size_t __wrap_terminal_width(int fd)
{
    return __wrap_isatty(fd) ? command.columns : 0;
}

/* One function more for each run would fill the memory. */
int __wrap_atexit(void (*function)(void))
{
    return command.is_running ? 0 : __real_atexit(function);
}

/* A process that cannot be traced cannot be searched for leaks. */
int __wrap_prctl(int option, ...)
{
    (void)option;
    return 0;
}

/* The fuzzer's own terminal is not for reading secrets from. */
ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
    if (command.is_running && (fd == STDOUT_FILENO || fd == STDERR_FILENO)) {
        errno = EBADF;
        return -1;
    }
    return __real_read(fd, buffer, size);
}

/* What is typed is the next line of standard input. */
enum keyward_status __wrap_terminal_ask(const char *prompt, bool echo, struct secret_buffer *line)
{
    char *visible = text_visible(prompt), letter = 0;

    (void)echo;
    REQUIRE(is_fit_for_terminal(visible, strlen(visible)));
    free(visible);
    if (!command.is_terminal)
        return fail_usage("there is no terminal to ask on");
    for (line->length = 0; line->length < SECRET_BUFFER_SIZE - 1 &&
                           read(STDIN_FILENO, &letter, 1) == 1 && letter != '\n';)
        line->text[line->length++] = letter;
    line->text[line->length] = '\0';
    return letter == '\n' ? KEYWARD_OK : fail(KEYWARD_CANCELLED, "nothing was typed");
}

/* Who follows the log goes away after the first look. */
bool __wrap_output_wait(int milliseconds)
{
    (void)milliseconds;
    return false;
}

/* ---- the store ---- */

static const keyward_actor host = {.is_host = true};

static int64_t stand_still(void *context)
{
    (void)context;
    return INT64_C(1700000000000);
}

static const char *const names[] = {
    "CI",
    "\x1b]0;taken over\x07\x1b[2J\x7f",
    "\xe2\x80\xae"
    "drawkcab\xe2\x81\xa6",
    "\xc2\x9b"
    "31mC1 \xf0\x9f\x94\x91\xe5\xaf\x86\xe9\x92\xa5",
    "line\nline\r\ttab",
    "twice",
    "twice",
};
#define NAMES (sizeof names / sizeof *names)

static void fill_store(keyward *store)
{
    keyward_text *text;

    REQUIRE(keyward_grant(store, &host, "r", "anna", KEYWARD_ADMIN) == KEYWARD_OK);
    REQUIRE(keyward_grant(store, &host, "r", names[2], KEYWARD_WRITER) == KEYWARD_OK);
    REQUIRE(keyward_grant(store, &host, names[1], "rita", KEYWARD_READER) == KEYWARD_OK);
    for (size_t i = 0; i < NAMES; i++) {
        const keyward_new_key new_key = {
            .name = names[i], .secret = names[i], .secret_length = strlen(names[i])};
        keyward_key *key;
        REQUIRE(keyward_create_key(store, &host, "r", &new_key, &key, NULL) == KEYWARD_OK);
        if (i % 3 == 2)
            REQUIRE(keyward_delete_key(store, &host, "r", key->id, NULL) == KEYWARD_OK);
        keyward_key_free(&key);
    }
    REQUIRE(keyward_audit_log_key(store, &host, "log.example/fuzz", &text) == KEYWARD_OK);
    place_write("log-key", text->text, text->length);
    keyward_text_free(&text);
    REQUIRE(keyward_audit_checkpoint(store, &host, NULL, 0, &text) == KEYWARD_OK);
    place_write("checkpoint", text->text, text->length);
    keyward_text_free(&text);
    REQUIRE(keyward_audit_receipt(store, &host, 2, 0, &text) == KEYWARD_OK);
    place_write("receipt", text->text, text->length);
    keyward_text_free(&text);
}

static void make_template(void)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;
    keyward *store;

    options.master_key = (const unsigned char *)"0123456789abcdef0123456789abcdef";
    options.clock = stand_still;
    REQUIRE(keyward_open(&store, "keys.db", &options) == KEYWARD_OK);
    fill_store(store);
    keyward_close(&store);
    command.template = place_read("keys.db", &command.template_length);
}

static void leave_folder(void)
{
    free(command.template);
    REQUIRE(chdir("/") == 0);
}

static int file_in_memory(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    REQUIRE(fd >= 0);
    return fd;
}

static void begin(void)
{
    if (command.template)
        return;
    snprintf(command.folder, sizeof command.folder, "%s/work", place_folder());
    REQUIRE(mkdir(command.folder, 0700) == 0 && chdir(command.folder) == 0);
    atexit(leave_folder);
    place_seed(1);
    setenv("TZ", "UTC", 1);
    make_template();
    command.in = file_in_memory("in");
    command.out = file_in_memory("out");
    command.err = file_in_memory("err");
    REQUIRE(dup2(command.in, STDIN_FILENO) == STDIN_FILENO);
}

/* The files that a command line may name are the same at the beginning of every run: those that
 * this one leaves behind are taken away. */
static void set_up_folder(void)
{
    static char *log_key, *checkpoint, *receipt;
    static size_t log_key_length, checkpoint_length, receipt_length;

    if (!log_key) {
        log_key = (char *)place_read("log-key", &log_key_length);
        checkpoint = (char *)place_read("checkpoint", &checkpoint_length);
        receipt = (char *)place_read("receipt", &receipt_length);
    }
    place_empty(command.folder);
    place_write("keys.db", command.template, command.template_length);
    place_write("master.key", "0123456789abcdef0123456789abcdef", KEYWARD_MASTER_KEY_BYTES);
    place_write("log-key", log_key, log_key_length);
    place_write("checkpoint", checkpoint, checkpoint_length);
    place_write("receipt", receipt, receipt_length);
}

/* ---- a run ---- */

struct call {
    int count;
    char *arguments[ARGUMENTS_MAX + 2]; /* the command puts them in another order */
    bool is_json, is_data;              /* what it is asked to print */
    struct input input;                 /* what is left is standard input */
};

/* No path leads out of the folder. */
static bool stays_within(const char *argument)
{
    return argument[0] != '/' && !strstr(argument, "=/") && !strstr(argument, "..");
}

/* False: it would name files elsewhere. */
static bool read_arguments(struct call *call, char *text, size_t wanted)
{
    static char program[] = "keyward";
    char *end = text + call->input.left;

    call->arguments[0] = program;
    call->count = 1;
    for (size_t i = 0; i < wanted && text < end; i++) {
        char *next = text + strlen(text) + 1;
        if (!stays_within(text))
            return false;
        call->arguments[call->count++] = text;
        text = next;
    }
    call->input.left = text < end ? (size_t)(end - text) : 0;
    call->input.at = (const uint8_t *)text;
    return true;
}

static void empty(int fd)
{
    REQUIRE(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
}

static void write_in(const struct input *input)
{
    empty(command.in);
    REQUIRE(write(command.in, input->at, input->left) == (ssize_t)input->left);
    REQUIRE(lseek(command.in, 0, SEEK_SET) == 0);
}

/* What was printed, malloc'd, with a NUL behind it. */
static char *read_output(int fd, size_t *length)
{
    char *text;
    off_t size = lseek(fd, 0, SEEK_END);

    REQUIRE(size >= 0);
    *length = (size_t)size;
    text = calloc(1, *length + 1);
    REQUIRE(text && pread(fd, text, *length, 0) == size);
    return text;
}

static bool is_given(const struct call *call, const char *word)
{
    for (int i = 1; i < call->count; i++)
        if (strcmp(call->arguments[i], word) == 0)
            return true;
    return false;
}

/* One value a line. */
static void require_json(char *text)
{
    for (char *next; *text; text = next) {
        json_t *value;
        next = strchr(text, '\n');
        REQUIRE(next);
        *next++ = '\0';
        value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        REQUIRE(json_is_object(value));
        json_decref(value);
    }
}

/* JSON, exports and revealed secrets are data, and go out as they are; the last not to a terminal.
 */
static void look_at_arguments(struct call *call)
{
    call->is_json = is_given(call, "--json") && !is_given(call, "--");
    call->is_data = call->is_json || is_given(call, "export") || is_given(call, "audit export") ||
                    (is_given(call, "reveal") && !command.is_terminal);
}

static void require_output(const struct call *call, int status, const char *out, size_t out_length,
                           char *err, size_t err_length)
{
    REQUIRE(status >= 0 && status <= LAST_STATUS);
    REQUIRE(call->is_data || is_fit_for_terminal(out, out_length));
    REQUIRE(call->is_json || is_fit_for_terminal(err, err_length));
    if (status != KEYWARD_OK && status != KEYWARD_IO)
        REQUIRE(err_length > 0 && err[err_length - 1] == '\n');
    if (call->is_json && status != KEYWARD_OK && !command.is_terminal) /* which has progress bars */
        require_json(err);
}

static void run(struct call *call)
{
    size_t out_length, err_length;
    char *out, *err;
    int status;

    look_at_arguments(call);
    set_up_folder();
    write_in(&call->input);
    empty(command.out);
    empty(command.err);
    streams_lead(command.out, command.err);
    command.is_running = true;
    status = keyward_main(call->count, call->arguments);
    command.is_running = false;
    streams_give_back();
    out = read_output(command.out, &out_length);
    err = read_output(command.err, &err_length);
    require_output(call, status, out, out_length, err, err_length);
    reached.by_status[status]++;
    free(out);
    free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct call call = {.input = {data, size}};
    char *text;
    size_t count;

    begin();
    command.is_terminal = input_byte(&call.input) & FLAG_TERMINAL;
    command.columns = input_byte(&call.input);
    count = input_pick(&call.input, ARGUMENTS_MAX + 1);
    text = calloc(1, call.input.left + 1);
    REQUIRE(text);
    if (call.input.left > 0)
        memcpy(text, call.input.at, call.input.left);
    if (read_arguments(&call, text, count))
        run(&call);
    free(text);
    return 0;
}

bool fuzz_account(void)
{
    size_t statuses = 0;

    for (size_t i = 0; i <= LAST_STATUS; i++)
        statuses += reached.by_status[i] > 0;
    printf("%zu kinds of exit codes, %zu times 0\n", statuses, reached.by_status[KEYWARD_OK]);
    return statuses >= 10 && reached.by_status[KEYWARD_OK] > 0;
}
