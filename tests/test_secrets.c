/* SPDX-License-Identifier: MIT */
/*
 * Secrets stay secret. A host (secrets/subject.c) makes every call that meets one, and stands still
 * after each; then all of its memory, whatever its protection, and all of its files are searched
 * for any 16 bytes of what was secret in it. Where which secret may be, and must be, or else the
 * search is blind:
 *
 *     a master key                 nowhere
 *     the key derived from it      in guarded memory that cannot be read, while the store is open
 *     a data key                   in guarded memory, while the store is open
 *     a key's secret, as text      in guarded memory, while the caller holds it
 *     other forms of these, the seed of the log's key, and what is made of each on the way: nowhere
 *
 * Guarded memory is left out of core dumps; a dump of an aborted host holds none of it.
 */
#include "seal/token.h"
#include "secrets/image.h"
#include "secrets/needles.h"
#include "secrets/stream.h"
#include "support/fixture.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STREAMS 4000          /* numbers of the stream that can be told apart */
#define REGISTERS "/dev/zero" /* the stack on which the host stands still */
#define DATA_KEYS 8           /* the last ones */

/* What was found at one mark, and what should have been. */
struct search {
    char folder[64], host_folder[80];
    pid_t host;
    FILE *said;
    int answer; /* where the host waits for a byte */
    struct needles *needles;
    size_t draws, last_draw; /* how many, and the length of the last one */
    unsigned char data_keys[DATA_KEYS][32];
    size_t data_key_count;
    bool is_open, held[STREAMS];
    /* ---- of one mark ---- */
    size_t forbidden, wrapping_keys, data_keys_found, markers;
    bool found_held[STREAMS];
    char report[1024]; /* of the first that is forbidden */
    /* ---- of all ---- */
    int marks;
    size_t bytes, files;
};

/* ---- what is searched for ---- */

static void add_forms(struct search *search, enum needle_kind kind, size_t owner,
                      const unsigned char *bytes, size_t length)
{
    needles_add(search->needles, kind, owner, "bytes", bytes, length);
    needles_add_encoded(search->needles, owner, bytes, length);
}

static void add_master_key(struct search *search, size_t owner, const unsigned char *key)
{
    unsigned char wrapping_key[32];

    add_forms(search, NEEDLE_MASTER_KEY, owner, key, KEYWARD_MASTER_KEY_BYTES);
    crypto_kdf_derive_from_key(wrapping_key, sizeof wrapping_key, 1, "keyward1", key);
    add_forms(search, NEEDLE_WRAPPING_KEY, owner, wrapping_key, sizeof wrapping_key);
}

/* XChaCha20 makes a key of its own of the key and the first 16 bytes of the nonce. */
static void add_message_key(struct search *search, size_t owner, const unsigned char *key,
                            const unsigned char *nonce)
{
    unsigned char made[32];

    crypto_core_hchacha20(made, nonce, key, NULL);
    needles_add(search->needles, NEEDLE_OTHER, owner, "key of a message", made, sizeof made);
}

/* A nonce is used with one of the data keys that there are, or were just before. */
static void add_nonce(struct search *search, const unsigned char *nonce)
{
    for (size_t i = 0; i < DATA_KEYS; i++)
        add_message_key(search, i, search->data_keys[i], nonce);
}

static void add_private_half(struct search *search, size_t owner, const unsigned char *random)
{
    char text[SECRET_SIZE];

    needles_add(search->needles, NEEDLE_OTHER, owner, "random bytes", random, 32);
    needles_add_encoded(search->needles, owner, random, 32);
    token_secret(TOKEN_PREFIX_DEFAULT, random, text);
    add_forms(search, NEEDLE_SECRET, owner, (const unsigned char *)text, strlen(text));
}

/* Or the seed of the log's key, which is drawn in the same way; Ed25519 hashes it. */
static void add_data_key(struct search *search, size_t owner, const unsigned char *random)
{
    unsigned char expanded[crypto_hash_sha512_BYTES];

    add_forms(search, NEEDLE_DATA_KEY, owner, random, 32);
    memcpy(search->data_keys[search->data_key_count++ % DATA_KEYS], random, 32);
    crypto_hash_sha512(expanded, random, 32);
    needles_add(search->needles, NEEDLE_OTHER, owner, "expanded seed", expanded, sizeof expanded);
}

/* What was drawn is told by its length and the one before. Behind an access key comes the private
 * half, behind a data key the seed of nonces, which are no secret. */
static void add_draw(struct search *search, size_t length)
{
    size_t owner = FIRST_DRAW + search->draws++;
    unsigned char random[112];
    size_t before = search->last_draw;

    ck_assert_uint_le(length, sizeof random);
    stream_bytes(owner, random, length);
    search->last_draw = length == 32 && before == 32 ? 0 : length;
    if (length == 24) {
        add_nonce(search, random);
    } else if (length == 32 && before == 16) {
        add_private_half(search, owner, random);
    } else if (length == 32 && before != 32) {
        add_data_key(search, owner, random);
    } else if (length == 112) { /* for opening: a data key, a nonce, the decoy, a nonce */
        add_data_key(search, owner, random);
        add_nonce(search, random + 32);
        add_private_half(search, owner, random + 56);
        add_nonce(search, random + 88);
    }
}

static void add_imported(struct search *search, size_t owner, size_t length)
{
    static char text[IMPORTED_LONG_BYTES];

    stream_text(owner, text, length);
    add_forms(search, NEEDLE_SECRET, owner, (const unsigned char *)text, length);
}

static void add_key_file(struct search *search)
{
    unsigned char key[KEYWARD_MASTER_KEY_BYTES], *text;
    char path[96];
    size_t size;

    snprintf(path, sizeof path, "%s.new", search->host_folder);
    text = read_whole(path, &size);
    ck_assert_int_eq(sodium_hex2bin(key, sizeof key, (char *)text, size, "\n", NULL, NULL), 0);
    add_master_key(search, 0, key);
    free(text);
}

static void add_what_is_known(struct search *search)
{
    unsigned char bytes[MARKER_BYTES];

    for (size_t number = MASTER_KEY_A; number <= MASTER_KEY_B; number++) {
        stream_bytes(number, bytes, KEYWARD_MASTER_KEY_BYTES);
        add_master_key(search, number, bytes);
    }
    add_imported(search, IMPORTED, IMPORTED_BYTES);
    add_imported(search, IMPORTED_LONG, IMPORTED_LONG_BYTES);
    stream_bytes(MARKER, bytes, MARKER_BYTES);
    needles_add(search->needles, NEEDLE_MARKER, MARKER, "marker", bytes, MARKER_BYTES);
}

/* ---- what was found, and whether it may be there ---- */

struct place {
    struct search *search;
    const struct piece *piece;
};

static bool is_allowed(struct search *search, const struct needle *needle,
                       const struct piece *piece)
{
    switch (needle->kind) {
    case NEEDLE_MARKER:
        search->markers++;
        return true;
    case NEEDLE_WRAPPING_KEY:
        search->wrapping_keys++;
        return search->is_open && piece->guarded && !piece->readable;
    case NEEDLE_DATA_KEY:
        search->data_keys_found++;
        return search->is_open && piece->guarded;
    case NEEDLE_SECRET:
        search->found_held[needle->owner] = true;
        return search->held[needle->owner] && piece->guarded;
    case NEEDLE_MASTER_KEY:
    case NEEDLE_OTHER:
        break;
    }
    return false;
}

static void note_found(void *context, const struct needle *needle, size_t within, size_t at,
                       size_t length)
{
    const struct place *place = context;
    const struct piece *piece = place->piece;
    static const char *const kinds[] = {"a master key", "a wrapping key", "a data key",
                                        "a secret's text", "something made of a secret"};

    if (is_allowed(place->search, needle, piece) || place->search->forbidden++ > 0)
        return;
    snprintf(place->search->report, sizeof place->search->report,
             "%zu bytes of %s (%s, number %zu) from its byte %zu on, at %zx of '%s' (%lx)", length,
             kinds[needle->kind], needle->form, needle->owner, within, at, piece->name,
             piece->address);
}

static void search_piece(void *context, const struct piece *piece)
{
    struct place place = {context, piece};

    if (strncmp(piece->name, REGISTERS, sizeof REGISTERS - 1) == 0)
        return;
    needles_search(place.search->needles, piece->bytes, piece->size, note_found, &place);
}

static void begin_search(struct search *search)
{
    search->forbidden = search->wrapping_keys = search->data_keys_found = search->markers = 0;
    memset(search->found_held, 0, sizeof search->found_held);
}

static void search_host(struct search *search)
{
    begin_search(search);
    search->bytes += image_of_memory(search->host, search_piece, search);
    search->files += image_of_files(search->host, search->host_folder, search_piece, search);
    search->marks++;
}

/* Where it may be it must be, or the search has seen nothing. */
static void assert_not_blind(struct search *search, const char *name)
{
    ck_assert_msg(search->markers > 0, "at '%s' the marker was not found", name);
    if (search->is_open) {
        ck_assert_msg(search->wrapping_keys > 0, "at '%s' no wrapping key was found", name);
        ck_assert_msg(search->data_keys_found > 0, "at '%s' no data key was found", name);
    }
    for (size_t i = 0; i < STREAMS; i++)
        ck_assert_msg(!search->held[i] || search->found_held[i],
                      "at '%s' secret %zu was not found in the hands of the caller", name, i);
}

/* ---- the host ---- */

static void host_run(struct search *search, const char *fault)
{
    int said[2], answer[2];

    ck_assert_int_eq(pipe(said), 0);
    ck_assert_int_eq(pipe(answer), 0);
    search->host = fork();
    ck_assert_int_ge(search->host, 0);
    if (search->host == 0) {
        dup2(answer[0], STDIN_FILENO);
        dup2(said[1], STDOUT_FILENO);
        for (int fd = 3; fd < 64; fd++)
            close(fd);
        execl(KEYWARD_SUBJECT, "subject", search->host_folder, fault, (char *)NULL);
        _exit(127);
    }
    close(said[1]);
    close(answer[0]);
    search->said = fdopen(said[0], "r");
    ck_assert_ptr_nonnull(search->said);
    search->answer = answer[1];
}

static void host_go_on(struct search *search)
{
    ck_assert_int_eq(write(search->answer, "", 1), 1);
}

static int host_wait(struct search *search)
{
    int status;

    while (waitpid(search->host, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    fclose(search->said);
    close(search->answer);
    return status;
}

static bool starts(const char *line, const char *word, const char **rest)
{
    size_t length = strlen(word);

    *rest = line + length;
    return strncmp(line, word, length) == 0;
}

/* Takes note of a line; true at a mark, whose name `*rest` is then. */
static bool take_line(struct search *search, const char *line, const char **rest)
{
    if (starts(line, "mark ", rest))
        return true;
    if (starts(line, "draw ", rest))
        add_draw(search, strtoul(*rest, NULL, 10));
    else if (starts(line, "hold ", rest))
        search->held[strtoul(*rest, NULL, 10)] = true;
    else if (starts(line, "drop ", rest))
        search->held[strtoul(*rest, NULL, 10)] = false;
    else if (starts(line, "open ", rest))
        search->is_open = true;
    else if (starts(line, "keyfile ", rest))
        add_key_file(search);
    else if (starts(line, "close ", rest))
        search->is_open = false;
    else
        ck_assert_msg(starts(line, "end", rest), "the host said '%s'", line);
    return false;
}

/* The name of the next mark, in `line`; false at the end of all. */
static bool next_mark(struct search *search, char line[256], const char **name)
{
    while (fgets(line, 256, search->said)) {
        line[strcspn(line, "\n")] = '\0';
        if (take_line(search, line, name))
            return true;
    }
    return false;
}

/* ---- a test's beginning and end ---- */

static struct search *search;

static void open_search(void)
{
    search = calloc(1, sizeof *search);
    ck_assert_ptr_nonnull(search);
    strcpy(search->folder, "/tmp/keyward-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(search->folder));
    snprintf(search->host_folder, sizeof search->host_folder, "%s/host", search->folder);
    ck_assert_int_eq(mkdir(search->host_folder, 0700), 0);
    search->needles = needles_new();
    add_what_is_known(search);
}

static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char file[512];

    while (folder && (entry = readdir(folder))) {
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        unlink(file);
    }
    if (folder)
        closedir(folder);
    rmdir(path);
}

static void close_search(void)
{
    remove_folder(search->host_folder);
    remove_folder(search->folder);
    needles_free(search->needles);
    free(search);
}

/* ---- the tests ---- */

START_TEST(no_secret_is_where_it_must_not_be)
{
    char line[256];
    const char *name;
    int status;

    host_run(search, NULL);
    while (next_mark(search, line, &name)) {
        search_host(search);
        ck_assert_msg(search->forbidden == 0, "after '%s' there are %s", name, search->report);
        assert_not_blind(search, name);
        host_go_on(search);
    }
    status = host_wait(search);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the host ended with %d", status);
    ck_assert_int_gt(search->marks, 100);
    ck_assert_uint_gt(search->files, 5 * (size_t)search->marks);
    if (getenv("KEYWARD_TEST_FIGURES"))
        fprintf(stderr, "%d searches, %zu MiB of memory, %zu files\n", search->marks,
                search->bytes >> 20, search->files);
}
END_TEST

static const char *const faults[] = {"heap", "stack",       "static", "thread",
                                     "file", "hexadecimal", "base64"};

START_TEST(what_leaks_is_found)
{
    char line[256];
    const char *name;
    size_t found = 0;

    host_run(search, faults[_i]);
    while (next_mark(search, line, &name)) {
        search_host(search);
        if (strncmp(name, "planted", 7) == 0)
            found += search->forbidden;
        else
            ck_assert_msg(search->forbidden == 0, "after '%s' there are %s", name, search->report);
        host_go_on(search);
    }
    ck_assert_int_eq(host_wait(search), 0);
    ck_assert_msg(found > 0, "planted, and not found: '%s'", faults[_i]);
}
END_TEST

/* The kernel hands a dump to a program, or puts it elsewhere, where its pattern is not a mere name:
 * then what the others say of guarded memory must do. */
static bool dumps_go_to_the_folder(void)
{
    size_t size;
    char pattern[256] = "";
    FILE *file = fopen("/proc/sys/kernel/core_pattern", "re");

    if (file) {
        size = fread(pattern, 1, sizeof pattern - 1, file);
        pattern[size] = '\0';
        fclose(file);
    }
    return isalpha((unsigned char)pattern[0]) && !strchr(pattern, '/');
}

START_TEST(a_core_dump_has_no_secret)
{
    char line[256];
    const char *name;
    int status;

    host_run(search, "abort");
    while (next_mark(search, line, &name)) {
        search_host(search);
        ck_assert_msg(search->forbidden == 0, "after '%s' there are %s", name, search->report);
        assert_not_blind(search, name);
        host_go_on(search);
    }
    status = host_wait(search);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    if (!WCOREDUMP(status) || !dumps_go_to_the_folder())
        return;
    memset(search->held, 0, sizeof search->held); /* they are not in it, held or not */
    search->is_open = false;
    begin_search(search);
    image_of_files(getpid(), search->host_folder, search_piece, search);
    ck_assert_msg(search->forbidden == 0, "the dump has %s", search->report);
    ck_assert_msg(search->markers > 0, "the dump was not found");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secrets");
    TCase *tests = suite_add_case(suite, "secrets", open_search, close_search);

    tcase_add_test(tests, no_secret_is_where_it_must_not_be);
    tcase_add_loop_test(tests, what_leaks_is_found, 0, sizeof faults / sizeof *faults);
    tcase_add_test(tests, a_core_dump_has_no_secret);
    return run_suite(suite);
}
