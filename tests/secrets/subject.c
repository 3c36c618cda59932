/* SPDX-License-Identifier: MIT */
/*
 * A host that calls the library with everything that meets a secret, and stands still after each
 * call so that another process can search it. What it says on standard output:
 *
 *     draw LENGTH      the library has drawn so many bytes: the next number of the stream
 *     open N, close 0  the store is open, is closed
 *     hold N, drop N   the caller has, has no more, the secret of that draw (or imported one)
 *     keyfile 0        the library has made a master key, in FOLDER.new
 *     mark NAME        it stands still until a byte comes on standard input
 *
 * It keeps no copy of a secret: what it gives to the library it makes anew each time, and wipes.
 *     subject FOLDER [PLANTED-FAULT | abort]
 */
#include "fault/memory.h"
#include "secrets/stream.h"

#include <inttypes.h>
#include <keyward/keyward.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORKERS 3
#define STACK_BYTES 262144

static const keyward_actor host = {.is_host = true}, nobody = {.user_id = "nobody"};
static const char *folder;
static const char *fault = "";
static keyward *store;
static int64_t now = 1700000000000;
static uint64_t draws; /* so far */
static pthread_mutex_t saying = PTHREAD_MUTEX_INITIALIZER, drawing = PTHREAD_MUTEX_INITIALIZER;
static unsigned char own_copy[IMPORTED_LONG_BYTES]; /* what a host gives; wiped after each call */
static unsigned char marker[MARKER_BYTES];          /* no secret: for the search to find */
static unsigned char *volatile kept = marker;       /* or a compiler leaves it out */

/* ---- what it says ---- */

/* Until the next mark it is only noted: to say it needs stack, on which something may lie. */
static struct {
    const char *word;
    uint64_t number;
} notes[4096];
static size_t noted;

static void note(const char *word, uint64_t number)
{
    pthread_mutex_lock(&saying);
    if (noted == sizeof notes / sizeof *notes)
        exit(4);
    notes[noted].word = word;
    notes[noted++].number = number;
    pthread_mutex_unlock(&saying);
}

/* What a host's log has: the message of the last call. */
static void log_error(const char *name)
{
    const keyward_error *error = keyward_last_error(store);
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/log", folder);
    file = fopen(path, "ae");
    if (!file)
        exit(4);
    fprintf(file, "%s: %d %d %s\n", name, error->status, error->cause, error->message);
    fclose(file);
}

/* Runs on a stack of its own, so that the one below stays as the library left it. The kernel saves
 * the registers on it, which are nobody's memory: the search knows it by what it is mapped from. */
static const char *volatile marked;

static void stand_still(int number)
{
    char byte;

    (void)number;
    log_error(marked);
    for (size_t i = 0; i < noted; i++)
        printf("%s %" PRIu64 "\n", notes[i].word, notes[i].number);
    noted = 0;
    printf("mark %s\n", marked);
    fflush(stdout);
    if (read(STDIN_FILENO, &byte, 1) != 1)
        exit(5); /* nobody is there any more */
}

static void prepare_marks(void)
{
    const struct sigaction action = {.sa_handler = stand_still, .sa_flags = SA_ONSTACK};
    const stack_t stack = {
        .ss_sp = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
        .ss_size = STACK_BYTES,
    };

    if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) != 0 ||
        sigaction(SIGUSR1, &action, NULL) != 0)
        exit(4);
}

static void mark(const char *name)
{
    marked = name;
    syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
}

static void must(const char *name, enum keyward_status got, enum keyward_status wanted)
{
    if (got == wanted)
        return;
    fprintf(stderr, "host: %s: %s: %s\n", name, keyward_status_text(got),
            keyward_last_error(store)->message);
    exit(3);
}

static void must_be(const char *name, enum keyward_status got, enum keyward_status wanted)
{
    must(name, got, wanted);
    mark(name);
}

/* ---- what the library asks for ---- */

static int draw(void *context, void *buffer, size_t length)
{
    (void)context;
    pthread_mutex_lock(&drawing);
    stream_bytes(FIRST_DRAW + draws++, buffer, length);
    note("draw", length);
    pthread_mutex_unlock(&drawing);
    return 0;
}

static int64_t read_clock(void *context)
{
    (void)context;
    return now;
}

static int give_key_b(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES])
{
    (void)context;
    stream_bytes(MASTER_KEY_B, key, KEYWARD_MASTER_KEY_BYTES);
    return 0;
}

static int refuse_key(void *context, unsigned char key[KEYWARD_MASTER_KEY_BYTES])
{
    give_key_b(context, key);
    return 1;
}

/* ---- opening ---- */

static keyward_options options_of(void)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;

    options.durability = KEYWARD_SURVIVES_CRASH;
    options.clock = read_clock;
    options.random = draw;
    options.purge_retention = 1;
    return options;
}

static const char *store_path(void)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/keys.db", folder);
    return path;
}

static enum keyward_status open_by_bytes(uint64_t number)
{
    keyward_options options = options_of();
    enum keyward_status status;

    stream_bytes(number, own_copy, KEYWARD_MASTER_KEY_BYTES);
    options.master_key = own_copy;
    status = keyward_open(&store, store_path(), &options);
    sodium_memzero(own_copy, KEYWARD_MASTER_KEY_BYTES);
    return status;
}

static enum keyward_status open_by_callback(int (*callback)(void *, unsigned char *))
{
    keyward_options options = options_of();

    options.master_key_callback = callback;
    return keyward_open(&store, store_path(), &options);
}

/* The file stands outside the folder that is searched. */
static const char *key_file(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s.%s", folder, name);
    return path;
}

static enum keyward_status open_by_file(const char *name)
{
    keyward_options options = options_of();

    options.master_key_file = key_file(name);
    return keyward_open(&store, store_path(), &options);
}

static void write_key_file(const char *name, uint64_t number)
{
    FILE *file = fopen(key_file(name), "we");

    if (!file)
        exit(4);
    setbuf(file, NULL);
    stream_bytes(number, own_copy, KEYWARD_MASTER_KEY_BYTES);
    if (fwrite(own_copy, KEYWARD_MASTER_KEY_BYTES, 1, file) != 1 || fclose(file) != 0)
        exit(4);
    sodium_memzero(own_copy, KEYWARD_MASTER_KEY_BYTES);
}

static void close_store(void)
{
    keyward_close(&store);
    note("close", 0);
    mark("close");
}

/* ---- keys ---- */

/* A key, and by which draw its secret was made; 0 for an imported one. */
struct owned {
    keyward_key *key;
    keyward_secret *secret;
    uint64_t number;
};

static void hold(struct owned *owned, uint64_t number)
{
    owned->number = number;
    note("hold", (size_t)number);
}

static void drop_secret(struct owned *owned)
{
    keyward_secret_free(&owned->secret);
    note("drop", (size_t)owned->number);
}

/* The second of a key's four draws. */
static uint64_t number_of_last_secret(void)
{
    return FIRST_DRAW + draws - 3;
}

static enum keyward_status create(struct owned *owned, const char *name)
{
    const keyward_new_key new_key = {.name = name, .provider = KEYWARD_OPENAI};
    enum keyward_status status =
        keyward_create_key(store, &host, "repo-1", &new_key, &owned->key, &owned->secret);

    if (status == KEYWARD_OK)
        hold(owned, number_of_last_secret());
    return status;
}

static enum keyward_status import(struct owned *owned, const char *name, uint64_t number,
                                  size_t length)
{
    const char *text = (const char *)own_copy;
    const keyward_new_key new_key = {.name = name, .secret = text, .secret_length = length};
    enum keyward_status status;

    stream_text(number, (char *)own_copy, length);
    status = keyward_create_key(store, &host, "repo-1", &new_key, &owned->key, NULL);
    owned->number = number;
    sodium_memzero(own_copy, length);
    return status;
}

static enum keyward_status reveal(struct owned *owned)
{
    enum keyward_status status =
        keyward_reveal_key(store, &host, "repo-1", owned->key->id, &owned->secret);

    if (status == KEYWARD_OK)
        hold(owned, owned->number);
    return status;
}

static enum keyward_status try_text(const char *access_key, const char *text, size_t length)
{
    keyward_identity identity;

    return keyward_authenticate(store, access_key, text, length, &identity);
}

static enum keyward_status try_key(const struct owned *owned, const keyward_secret *secret)
{
    return try_text(owned->key->access_key, secret->text, secret->length);
}

static enum keyward_status try_imported(const struct owned *owned, size_t length)
{
    enum keyward_status status;

    stream_text(owned->number, (char *)own_copy, length);
    status = try_text(owned->key->access_key, (const char *)own_copy, length);
    sodium_memzero(own_copy, length);
    return status;
}

/* ---- the scenes ---- */

static void create_and_import(struct owned *a, struct owned *b, struct owned *c, struct owned *d)
{
    must_be("create", create(a, "a"), KEYWARD_OK);
    drop_secret(a);
    mark("drop");
    must_be("create-and-hold", create(b, "b"), KEYWARD_OK);
    must_be("import", import(c, "c", IMPORTED, IMPORTED_BYTES), KEYWARD_OK);
    must_be("import-long", import(d, "d", IMPORTED_LONG, IMPORTED_LONG_BYTES), KEYWARD_OK);
}

/* `b` is held. */
static void authenticate(struct owned *a, struct owned *b, struct owned *c, struct owned *d)
{
    must_be("authenticate", try_key(b, b->secret), KEYWARD_OK);
    must_be("authenticate-again", try_key(b, b->secret), KEYWARD_OK);
    must_be("authenticate-wrong", try_key(a, b->secret), KEYWARD_REFUSED);
    must_be("authenticate-unknown",
            try_text("kw_ak_0000000000000000000000000000", b->secret->text, b->secret->length),
            KEYWARD_REFUSED);
    must_be("authenticate-malformed",
            try_text(b->key->access_key, b->secret->text, b->secret->length - 1), KEYWARD_REFUSED);
    must_be("authenticate-invalid", try_text("", b->secret->text, b->secret->length),
            KEYWARD_INVALID);
    must_be("authenticate-imported", try_imported(c, IMPORTED_BYTES), KEYWARD_OK);
    must_be("authenticate-long", try_imported(d, IMPORTED_LONG_BYTES), KEYWARD_OK);
    must_be("authenticate-part", try_imported(d, IMPORTED_LONG_BYTES - 1), KEYWARD_REFUSED);
}

static void reveal_and_rotate(struct owned *a, struct owned *d)
{
    struct owned e = {.key = NULL};

    must_be("reveal", reveal(a), KEYWARD_OK);
    drop_secret(a);
    mark("drop");
    must_be("reveal-long", reveal(d), KEYWARD_OK);
    drop_secret(d);
    mark("drop");
    must("rotate", keyward_rotate_key(store, &host, "repo-1", a->key->id, NULL, &e.key, &e.secret),
         KEYWARD_OK);
    hold(&e, number_of_last_secret());
    mark("rotate");
    drop_secret(&e);
    mark("drop");
    must_be("reveal-forbidden", keyward_reveal_key(store, &nobody, "repo-1", a->key->id, &e.secret),
            KEYWARD_FORBIDDEN);
    keyward_key_free(&e.key);
}

static int mark_progress(void *context, int64_t done, int64_t total)
{
    int *marks = context;

    (void)total;
    if (done > 0 && (*marks)++ < 2)
        mark("progress");
    return 0;
}

static int write_export(void *context, const char *bytes, size_t length)
{
    return fwrite(bytes, length, 1, context) == 1 ? 0 : 1;
}

static int write_tile(void *context, const char *path, const void *bytes, size_t length)
{
    (void)path;
    return fwrite(bytes, length, 1, context) == 1 ? 0 : 1;
}

static FILE *new_file(const char *name)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "we");
    if (!file)
        exit(4);
    return file;
}

static void prove(void)
{
    FILE *file = new_file("tiles");
    const keyward_publication publication = {.write = write_tile, .write_context = file};
    keyward_text *text;

    must_be("audit_log_key", keyward_audit_log_key(store, &host, "example.com/keys", &text),
            KEYWARD_OK);
    keyward_text_free(&text);
    must_be("audit_checkpoint", keyward_audit_checkpoint(store, &host, NULL, 0, &text), KEYWARD_OK);
    keyward_text_free(&text);
    must_be("audit_receipt", keyward_audit_receipt(store, &host, 1, 0, &text), KEYWARD_OK);
    keyward_text_free(&text);
    must_be("audit_publish", keyward_audit_publish(store, &host, &publication), KEYWARD_OK);
    fclose(file);
}

static void look(void)
{
    int marks = 0;
    const keyward_backup_options backup = {.progress = mark_progress, .progress_context = &marks};
    const keyward_check_options check = {.progress = mark_progress, .progress_context = &marks};
    FILE *file = new_file("export");
    const keyward_export export = {.write = write_export, .write_context = file};
    char path[256];
    keyward_report *report;
    keyward_key_list *keys;

    snprintf(path, sizeof path, "%s/backup", folder);
    must_be("backup", keyward_backup(store, path, &backup), KEYWARD_OK);
    marks = 0;
    must_be("check", keyward_check(store, &check, &report), KEYWARD_OK);
    keyward_report_free(&report);
    must_be("export", keyward_export_events(store, &host, NULL, &export), KEYWARD_OK);
    fclose(file);
    must_be("list", keyward_list_keys(store, &host, "repo-1", NULL, &keys), KEYWARD_OK);
    keyward_key_list_free(&keys);
}

static void change_keys(void)
{
    const keyward_master_key next = {.callback = give_key_b}, none = {.callback = refuse_key};

    must_be("change-refused", keyward_change_master_key(store, &host, &none),
            KEYWARD_NO_MASTER_KEY);
    must("change_master_key", keyward_change_master_key(store, &host, &next), KEYWARD_OK);
    note("open", MASTER_KEY_B);
    mark("change_master_key");
    must_be("create_data_key", keyward_create_data_key(store, &host), KEYWARD_OK);
}

/* `a` is deleted, restored, expired, purged; `b` is held. */
static void end_keys(struct owned *a, struct owned *b)
{
    keyward_changes *changes;

    must("delete", keyward_delete_key(store, &host, "repo-1", b->key->id, NULL), KEYWARD_OK);
    must_be("authenticate-deleted", try_key(b, b->secret), KEYWARD_REFUSED);
    must("restore", keyward_restore_key(store, &host, "repo-1", b->key->id), KEYWARD_OK);
    must("expire", keyward_set_key_expiry(store, &host, "repo-1", b->key->id, now + 1), KEYWARD_OK);
    now += 2;
    must_be("authenticate-expired", try_key(b, b->secret), KEYWARD_REFUSED);
    must_be("flush", keyward_flush_uses(store), KEYWARD_OK);
    must("delete", keyward_delete_key(store, &host, "repo-1", a->key->id, NULL), KEYWARD_OK);
    now += 2;
    must_be("purge", keyward_purge_keys(store, &host, "repo-1", a->key->id, &changes), KEYWARD_OK);
    keyward_changes_free(&changes);
    must_be("authenticate-purged", try_key(a, b->secret), KEYWARD_REFUSED);
    drop_secret(b);
    mark("drop");
}

/* ---- threads: each has a stack of its own, and may have its own part of the heap ---- */

static pthread_barrier_t barrier;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void *work(void *context)
{
    struct owned *owned = context;

    pthread_mutex_lock(&turn); /* so that it knows which draws are its own */
    must("thread: create", create(owned, "thread"), KEYWARD_OK);
    pthread_mutex_unlock(&turn);
    must("thread: authenticate", try_key(owned, owned->secret), KEYWARD_OK);
    drop_secret(owned);
    must("thread: reveal", reveal(owned), KEYWARD_OK);
    must("thread: authenticate", try_key(owned, owned->secret), KEYWARD_OK);
    drop_secret(owned);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier); /* meanwhile it stands still, without a secret */
    keyward_key_free(&owned->key);
    return NULL;
}

static void run_threads(void)
{
    struct owned owned[WORKERS] = {{.key = NULL}};
    pthread_t threads[WORKERS];

    pthread_barrier_init(&barrier, NULL, WORKERS + 1);
    for (int i = 0; i < WORKERS; i++) {
        if (pthread_create(&threads[i], NULL, work, &owned[i]) != 0)
            exit(4);
    }
    pthread_barrier_wait(&barrier);
    mark("threads");
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    mark("threads-joined");
    pthread_barrier_destroy(&barrier);
}

/* ---- what fails ---- */

/* Each allocation of the call in turn, of the library's and then of SQLite's, until it succeeds. */
static void fail_memory(const char *name, enum keyward_status (*call)(void))
{
    for (int kind = MEMORY_OF_SQLITE; kind <= MEMORY_OF_LIBRARY; kind++) {
        enum keyward_status status;
        int failed, nth = 0;
        do {
            nth += kind == MEMORY_OF_LIBRARY ? 1 : 19;
            memory_fail((enum memory_kind)kind, nth, FAIL_FROM_THEN_ON);
            status = call();
            failed = memory_stop();
            if (failed > 0 && nth % 2 == 1)
                mark(name);
        } while (failed > 0);
        must(name, status, KEYWARD_OK);
    }
}

static struct owned failing; /* the key that these calls are about */

static enum keyward_status create_and_drop(void)
{
    struct owned owned = {.key = NULL};
    enum keyward_status status = create(&owned, "x");

    if (status == KEYWARD_OK)
        drop_secret(&owned);
    keyward_key_free(&owned.key);
    return status;
}

static enum keyward_status reveal_and_drop(void)
{
    enum keyward_status status = reveal(&failing);

    if (status == KEYWARD_OK)
        drop_secret(&failing);
    return status;
}

static enum keyward_status import_long(void)
{
    struct owned owned = {.key = NULL};
    enum keyward_status status = import(&owned, "x", IMPORTED_LONG, IMPORTED_LONG_BYTES);

    keyward_key_free(&owned.key);
    return status;
}

static enum keyward_status sign(void)
{
    keyward_text *text;
    enum keyward_status status = create_and_drop(); /* there is something new to sign */

    if (status == KEYWARD_OK)
        status = keyward_audit_checkpoint(store, &host, NULL, 0, &text);
    if (status == KEYWARD_OK)
        keyward_text_free(&text);
    return status;
}

static uint64_t next_master_key = MASTER_KEY_A; /* and after that the other, B, and so on */

static enum keyward_status rekey(void)
{
    const keyward_master_key key = {.key = own_copy};
    enum keyward_status status;

    stream_bytes(next_master_key, own_copy, KEYWARD_MASTER_KEY_BYTES);
    status = keyward_change_master_key(store, &host, &key);
    sodium_memzero(own_copy, KEYWARD_MASTER_KEY_BYTES);
    if (status == KEYWARD_OK)
        next_master_key = MASTER_KEY_A + MASTER_KEY_B - next_master_key;
    return status;
}

static enum keyward_status reopen(void)
{
    enum keyward_status status;

    keyward_close(&store);
    note("close", 0);
    status = open_by_file("b");
    if (status == KEYWARD_OK)
        note("open", MASTER_KEY_B);
    return status;
}

static void fail_all(void)
{
    must("create", create(&failing, "failing"), KEYWARD_OK);
    drop_secret(&failing);
    fail_memory("no-memory-create", create_and_drop);
    fail_memory("no-memory-import", import_long);
    fail_memory("no-memory-reveal", reveal_and_drop);
    fail_memory("no-memory-sign", sign);
    fail_memory("no-memory-rekey", rekey);
    /* It succeeded as often as SQLite could do without what failed. */
    if (next_master_key == MASTER_KEY_B)
        must("rekey", rekey(), KEYWARD_OK);
    fail_memory("no-memory-open", reopen);
    keyward_key_free(&failing.key);
}

/* A file that may not grow is a disk that is full. */
static void fill_disk(void)
{
    struct rlimit before, none = {4096, 4096};
    struct owned owned = {.key = NULL};
    enum keyward_status status;

    signal(SIGXFSZ, SIG_IGN); /* an error is enough */
    getrlimit(RLIMIT_FSIZE, &before);
    none.rlim_max = before.rlim_max;
    mark("disk-is-full-next");
    setrlimit(RLIMIT_FSIZE, &none);
    status = create(&owned, "y");
    setrlimit(RLIMIT_FSIZE, &before);
    if (status == KEYWARD_OK)
        must("create on a full disk", status, KEYWARD_FULL);
    mark("disk-is-full");
}

/* ---- faults that are planted ---- */

/* Copies what no compiler may leave out. */
static void leak(volatile char *to, const char *from, size_t length)
{
    for (size_t i = 0; i < length; i++)
        to[i] = from[i];
}

/* Deep down, where the next calls do not reach. */
__attribute__((noinline)) static void leave_on_stack(const keyward_secret *secret)
{
    char copy[8192];

    leak(copy + 1000, secret->text + 9, 20);
}

static char in_static[64];

static void *stay(void *context)
{
    leave_on_stack(context);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void write_leak(const void *bytes, size_t length)
{
    FILE *file = new_file("leak");

    setbuf(file, NULL);
    if (fwrite(bytes, length, 1, file) != 1)
        exit(4);
    fclose(file);
}

static void plant(const keyward_secret *secret)
{
    char encoded[256];
    pthread_t thread;

    if (strcmp(fault, "heap") == 0) {
        char *copy = malloc(4096); /* its first bytes are the allocator's afterwards */
        leak(copy + 1001, secret->text + 20, 17);
        free(copy);
    } else if (strcmp(fault, "stack") == 0) {
        leave_on_stack(secret);
    } else if (strcmp(fault, "static") == 0) {
        leak(in_static + 3, secret->text + 10, 16);
    } else if (strcmp(fault, "file") == 0) {
        write_leak(secret->text + 11, 16);
    } else if (strcmp(fault, "hexadecimal") == 0) {
        sodium_bin2hex(encoded, sizeof encoded, (const unsigned char *)secret->text, 30);
        write_leak(encoded + 1, 40);
        sodium_memzero(encoded, sizeof encoded);
    } else if (strcmp(fault, "base64") == 0) {
        sodium_bin2base64(encoded, sizeof encoded, (const unsigned char *)secret->text + 1, 48,
                          sodium_base64_VARIANT_ORIGINAL);
        write_leak(encoded + 3, 40);
        sodium_memzero(encoded, sizeof encoded);
    } else if (strcmp(fault, "thread") == 0) {
        keyward_secret *guarded = sodium_malloc(sizeof *guarded);
        *guarded = *secret;
        pthread_barrier_init(&barrier, NULL, 2);
        pthread_create(&thread, NULL, stay, guarded);
        pthread_barrier_wait(&barrier);
        mark("planted-in-thread");
        pthread_barrier_wait(&barrier);
        pthread_join(thread, NULL);
    }
}

/* ---- all of it ---- */

static void run_with_fault(void)
{
    struct owned a = {.key = NULL};

    must("open", open_by_bytes(MASTER_KEY_A), KEYWARD_OK);
    note("open", MASTER_KEY_A);
    mark("open");
    must_be("create", create(&a, "a"), KEYWARD_OK);
    if (strcmp(fault, "abort") == 0) {
        const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
        setrlimit(RLIMIT_CORE, &unlimited);
        if (chdir(folder) != 0)
            exit(4);
        must("reveal", keyward_reveal_key(store, &host, "repo-1", a.key->id, &a.secret),
             KEYWARD_OK); /* the first one stays as well */
        must("authenticate", try_key(&a, a.secret), KEYWARD_OK);
        mark("abort");
        abort();
    }
    plant(a.secret);
    drop_secret(&a);
    mark("planted");
}

static void run(void)
{
    struct owned a = {.key = NULL}, b = a, c = a, d = a;

    must("open", open_by_bytes(MASTER_KEY_A), KEYWARD_OK);
    note("open", 1);
    mark("open-by-bytes");
    create_and_import(&a, &b, &c, &d);
    authenticate(&a, &b, &c, &d);
    reveal_and_rotate(&a, &d);
    prove();
    look();
    change_keys();
    end_keys(&a, &b);
    run_threads();
    close_store();

    must_be("open-wrong-bytes", open_by_bytes(MASTER_KEY_A), KEYWARD_WRONG_MASTER_KEY);
    must_be("open-refused", open_by_callback(refuse_key), KEYWARD_NO_MASTER_KEY);
    must("open", open_by_callback(give_key_b), KEYWARD_OK);
    note("open", MASTER_KEY_B);
    mark("open-by-callback");
    close_store();

    write_key_file("a", MASTER_KEY_A);
    write_key_file("b", MASTER_KEY_B);
    must_be("open-wrong-file", open_by_file("a"), KEYWARD_WRONG_MASTER_KEY);
    must_be("create_master_key_file", keyward_create_master_key_file(key_file("new")), KEYWARD_OK);
    note("keyfile", 0);
    mark("keyfile");
    must_be("open-new-file", open_by_file("new"), KEYWARD_WRONG_MASTER_KEY);
    must("open", open_by_file("b"), KEYWARD_OK);
    note("open", MASTER_KEY_B);
    mark("open-by-file");
    fail_all();
    fill_disk();
    keyward_key_free(&a.key);
    keyward_key_free(&b.key);
    keyward_key_free(&c.key);
    keyward_key_free(&d.key);
    close_store();
}

int main(int count, char **arguments)
{
    if (count < 2 || count > 3 || !memory_install() || sodium_init() < 0)
        return 2;
    folder = arguments[1];
    fault = count > 2 ? arguments[2] : "";
    stream_bytes(MARKER, kept, sizeof marker);
    prepare_marks();
    mark("start");
    if (*fault)
        run_with_fault();
    else
        run();
    puts("end");
    return 0;
}
