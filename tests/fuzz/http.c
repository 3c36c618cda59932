/* SPDX-License-Identifier: MIT */
/*
 * Bytes as they come over a connection, given to the whole HTTP server in this process: through
 * libmicrohttpd, admission and endpoints to a store. Anna, Will and Rita have tokens, which a
 * corpus can know: "token-of-anna" and so on.
 *
 * Who does not name a token of somebody who may changes nothing; no secret that was there comes
 * back; and nothing that a client can send makes the server fail.
 */
#include "fuzz/place.h"
#include "fuzz/require.h"
#include "fuzz/target.h"

#include "memory.h"
#include "server.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX (1U << 20)

static const keyward_actor host = {.is_host = true};

static struct {
    char store[96], master_key[96], tokens[96];
    struct server server;
    unsigned char *template;
    size_t template_length;
    keyward_stats *before;
    char secret[KEYWARD_SECRET_MAX + 1], key_id[KEYWARD_KEY_ID_LENGTH + 1];
} served;

static struct {
    size_t answers, changes, deletions;
} reached;

/* ---- the server ---- */

static void write_tokens(void)
{
    static const char *const users[] = {"anna", "will", "rita"};
    FILE *file = fopen(served.tokens, "w");

    REQUIRE(file);
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        unsigned char hash[crypto_hash_sha256_BYTES];
        char token[32], text[2 * sizeof hash + 1];
        snprintf(token, sizeof token, "token-of-%s", users[i]);
        crypto_hash_sha256(hash, (const unsigned char *)token, strlen(token));
        sodium_bin2hex(text, sizeof text, hash, sizeof hash);
        fprintf(file, "{\"sha256\":\"%s\",\"userId\":\"%s\"}\n", text, users[i]);
    }
    REQUIRE(fclose(file) == 0);
}

/* Two keys in "r", of which one is deleted; the same in every run, so that a corpus has their ids.
 */
static void fill_store(keyward *store)
{
    keyward_key *key;
    keyward_secret *secret;

    REQUIRE(keyward_grant(store, &host, "r", "anna", KEYWARD_ADMIN) == KEYWARD_OK);
    REQUIRE(keyward_grant(store, &host, "r", "will", KEYWARD_WRITER) == KEYWARD_OK);
    REQUIRE(keyward_grant(store, &host, "r", "rita", KEYWARD_READER) == KEYWARD_OK);
    for (int i = 0; i < 2; i++) {
        const keyward_new_key new_key = {.name = i == 0 ? "CI" : "old"};
        REQUIRE(keyward_create_key(store, &host, "r", &new_key, &key, &secret) == KEYWARD_OK);
        if (i == 0) {
            snprintf(served.key_id, sizeof served.key_id, "%s", key->id);
            snprintf(served.secret, sizeof served.secret, "%s", secret->text);
        } else {
            REQUIRE(keyward_delete_key(store, &host, "r", key->id, NULL) == KEYWARD_OK);
        }
        keyward_key_free(&key);
        keyward_secret_free(&secret);
    }
}

static int64_t stand_still(void *context)
{
    (void)context;
    return INT64_C(1700000000000);
}

static void make_template(void)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;
    keyward *store;

    REQUIRE(keyward_create_master_key_file(served.master_key) == KEYWARD_OK);
    options.master_key_file = served.master_key;
    options.clock = stand_still;
    REQUIRE(keyward_open(&store, served.store, &options) == KEYWARD_OK);
    fill_store(store);
    keyward_close(&store);
    served.template = place_read(served.store, &served.template_length);
}

static void open_store(void)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;

    options.master_key_file = served.master_key;
    options.durability = KEYWARD_SURVIVES_CRASH;
    REQUIRE(keyward_open(&served.server.store, served.store, &options) == KEYWARD_OK);
    keyward_stats_free(&served.before);
    REQUIRE(keyward_get_stats(served.server.store, &served.before) == KEYWARD_OK);
}

/* The store as it was at first. */
static void reset_store(void)
{
    keyward_close(&served.server.store);
    place_remove_store(served.store);
    place_write(served.store, served.template, served.template_length);
    open_store();
}

static void end(void)
{
    server_stop(&served.server);
    keyward_stats_free(&served.before);
    free(served.template);
}

static void begin(void)
{
    struct options options = {.address = "127.0.0.1",
                              .connections = 8,
                              .idle_timeout = 3600, /* a wait that would not end is seen */
                              .request_timeout = 3600,
                              .busy_timeout = 5000};
    const char *folder = place_folder();

    if (served.template)
        return;
    REQUIRE(sodium_init() >= 0);
    place_seed(1);
    memory_serve_json();
    snprintf(served.store, sizeof served.store, "%s/keys.db", folder);
    snprintf(served.master_key, sizeof served.master_key, "%s/master.key", folder);
    snprintf(served.tokens, sizeof served.tokens, "%s/tokens", folder);
    write_tokens();
    make_template();
    options.store = served.store;
    options.master_key = served.master_key;
    options.tokens = served.tokens;
    REQUIRE(server_start(&served.server, &options));
    reset_store();
    atexit(end);
}

/* ---- a connection ---- */

static int connect_to_server(void)
{
    /* As if it had come over the network; the server only reads it. */
    static const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = 1};
    int ends[2];

    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    REQUIRE(connections_take_place(&served.server.connections));
    REQUIRE(MHD_add_connection(served.server.daemon, ends[1], (const struct sockaddr *)&address,
                               sizeof address) == MHD_YES);
    return ends[0];
}

/* Sends what goes; true once all is sent, or nobody reads it any more. */
static bool send_some(int client, const uint8_t **at, size_t *left)
{
    ssize_t sent = *left > 0 ? send(client, *at, *left, MSG_NOSIGNAL) : 0;

    if (sent > 0) {
        *at += sent;
        *left -= (size_t)sent;
    }
    if (*left > 0 && (sent >= 0 || errno == EAGAIN))
        return false;
    shutdown(client, SHUT_WR);
    return true;
}

/* Until something is there to read or to send; the fuzzer's own alarm may come in between. */
static short wait_for(int client, bool is_sent)
{
    struct pollfd wait = {.fd = client, .events = is_sent ? POLLIN : POLLIN | POLLOUT};
    int ready;

    do {
        ready = poll(&wait, 1, 20000);
    } while (ready < 0 && errno == EINTR);
    REQUIRE(ready == 1); /* the server neither answers nor hangs up */
    return wait.revents;
}

/* Sends the bytes and then nothing more; `answer` becomes all that comes back. */
static size_t exchange(const uint8_t *at, size_t left, char *answer)
{
    int client = connect_to_server();
    bool is_sent = false;
    size_t length = 0;
    ssize_t got = -1;

    while (got != 0) {
        if (wait_for(client, is_sent) & (POLLOUT | POLLERR | POLLHUP) && !is_sent)
            is_sent = send_some(client, &at, &left);
        got = recv(client, answer + length, ANSWER_MAX - length, 0);
        REQUIRE(got >= 0 || errno == EAGAIN || errno == ECONNRESET);
        if (got < 0 && errno == ECONNRESET)
            break;
        length += got > 0 ? (size_t)got : 0;
        REQUIRE(length < ANSWER_MAX);
    }
    close(client);
    connections_wait_for_end(&served.server.connections);
    return length;
}

/* ---- what must hold ---- */

static bool has(const void *bytes, size_t length, const char *text)
{
    return memmem(bytes, length, text, strlen(text)) != NULL;
}

/* Each answer has a head that no request has written into, and none is of a failure. */
static void require_answers(const char *answer, size_t length)
{
    const char *end = answer + length, *at = answer;

    REQUIRE(length == 0 || (length > 12 && memcmp(answer, "HTTP/1.", 7) == 0));
    while ((at = memmem(at, (size_t)(end - at), "\r\nX-Request-Id: ", 16))) {
        at += 16;
        for (; at < end && *at != '\r'; at++)
            REQUIRE(*at > ' ' && *at <= '~');
        reached.answers++;
    }
    REQUIRE(!has(answer, length, "HTTP/1.1 500 ") && !has(answer, length, "HTTP/1.0 500 "));
    REQUIRE(!has(answer, length, "HTTP/1.1 503 ") && !has(answer, length, "HTTP/1.0 503 "));
}

/* Nobody reads or changes more than the token that he names allows. */
static void require_rights(const uint8_t *data, size_t size)
{
    bool may_write = has(data, size, "token-of-anna") || has(data, size, "token-of-will");
    bool is_user = may_write || has(data, size, "token-of-rita");
    keyward_stats *after;

    REQUIRE(keyward_get_stats(served.server.store, &after) == KEYWARD_OK);
    REQUIRE(is_user || after->events == served.before->events);
    REQUIRE(may_write || (after->live_keys == served.before->live_keys &&
                          after->deleted_keys == served.before->deleted_keys));
    reached.changes += after->events != served.before->events;
    reached.deletions += after->deleted_keys > served.before->deleted_keys;
    if (after->events != served.before->events)
        reset_store();
    keyward_stats_free(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char answer[ANSWER_MAX];
    size_t length;

    begin();
    length = exchange(data, size, answer);
    require_answers(answer, length);
    REQUIRE(has(data, size, served.secret) || !has(answer, length, served.secret));
    require_rights(data, size);
    return 0;
}

bool fuzz_account(void)
{
    printf("%zu answers; the store was changed %zu times, by a deletion %zu times\n",
           reached.answers, reached.changes, reached.deletions);
    return reached.answers > 0 && reached.changes > 0 && reached.deletions > 0;
}
