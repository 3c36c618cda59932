/* SPDX-License-Identifier: MIT */
/* keyward itself behind HTTP: the server of examples/http-server on a copy of the store, each
 * client on a keep-alive connection over the loopback. */
#include "deletions.h"
#include "fail.h"
#include "folder.h"
#include "http.h"
#include "peer.h"
#include "server.h"
#include "settings.h"
#include "sqlite.h"
#include "subject.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_SIZE (sizeof((struct server *)NULL)->data + 32)
#define TOKEN "kwt_benchmarkbenchmarkbenchmarkbenchmarkbenchma"

static struct server server;
static unsigned port;

/* ---- the server ---- */

static void require(void)
{
    if (!settings.http_server)
        die("built without the HTTP server: install libmicrohttpd and jansson (on Debian: "
            "libmicrohttpd-dev libjansson-dev) and configure again, or name one with --server");
    if (access(settings.http_server, X_OK) != 0)
        die("the HTTP server %s: %s", settings.http_server, strerror(errno));
}

static void file_of(const char *name, char path[FILE_SIZE])
{
    snprintf(path, FILE_SIZE, "%s/%s", server.data, name);
}

/* The server keeps its tokens by their hash. */
static void write_tokens(const char *path)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[crypto_hash_sha256_BYTES * 2 + 1];
    FILE *file = fopen(path, "wx");

    crypto_hash_sha256(hash, (const unsigned char *)TOKEN, strlen(TOKEN));
    sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    if (!file || fprintf(file, "{\"sha256\":\"%s\",\"userId\":\"" DATASET_USER "\"}\n", text) < 0 ||
        fclose(file) != 0)
        die("%s: cannot be written", path);
}

static void wait_for_server(void)
{
    char text[16];

    for (int attempt = 0;
         !server_said(&server, "listening on http://127.0.0.1:", text, sizeof text); attempt++)
        server_wait(&server, attempt);
    if (sscanf(text, "%u", &port) != 1)
        die("the HTTP server does not tell its port");
}

static const struct sample *start(const struct fixture *fixture)
{
    char path[PATH_MAX], store[FILE_SIZE], master_key[FILE_SIZE], tokens[FILE_SIZE];
    const char *const version[] = {path, "--version", NULL};
    const char *const serve[] = {path,       "--store", store,      "--master-key-file", master_key,
                                 "--tokens", tokens,    "--listen", "127.0.0.1:0",       NULL};

    if (!realpath(settings.http_server, path)) /* it will be started in another folder */
        die("the HTTP server %s: %s", settings.http_server, strerror(errno));
    server_prepare(&server, "http", SERVER_OWN);
    file_of("keys.db", store);
    file_of("master.key", master_key);
    file_of("tokens.jsonl", tokens);
    folder_copy(fixture->subject_path, store);
    subject_write_master_key(master_key);
    write_tokens(tokens);
    server_run(&server, version);
    server_start(&server, serve, SIGTERM);
    wait_for_server();
    return &fixture->subject_sample;
}

static void tell_version(char *text, size_t size)
{
    if (!server_said(&server, "keyward-http-server ", text, size))
        die("the HTTP server does not tell its version");
}

static void stop(void)
{
    server_stop(&server);
}

/* ---- a client ---- */

static void *connect_client(void)
{
    return http_open(port);
}

static void delete_key(void *client, const struct bench_key *key)
{
    struct http *http = client;
    char repo[DATASET_REPO_SIZE], request[HTTP_SIZE];
    int length;

    dataset_repo(key->number, repo);
    length = snprintf(request, sizeof request,
                      "DELETE /repo/%s/ai/apikey/%s?reason=" DATASET_REASON " HTTP/1.1\r\n"
                      "Host: 127.0.0.1:%u\r\n"
                      "Authorization: Bearer " TOKEN "\r\n"
                      "X-Request-Id: " DATASET_REQUEST_ID "\r\n\r\n",
                      repo, key->id, port);
    if (http_exchange(http, request, (size_t)length) != 200)
        die("HTTP: %s", http->answer);
}

static void disconnect(void *client)
{
    http_close(client);
}

/* ---- what is in its file ---- */

/* Keys are handed out in their order, and none is left out: those that were acknowledged are the
 * first so many. */
static void check_keys(const char *store, const struct deletions *deletions)
{
    sqlite3 *db = sqlite_open(store, SQLITE_OPEN_READONLY);
    sqlite3_stmt *find = sqlite_prepare(
        db, "SELECT 1 FROM api_keys WHERE repo_id = ?1 AND id = ?2 AND deleted_at IS NOT NULL");
    char repo[DATASET_REPO_SIZE];

    for (size_t i = 0; i < atomic_load(&deletions->acknowledged); i++) {
        dataset_repo(deletions->keys[i].number, repo);
        sqlite_bind_text(find, 1, repo);
        sqlite_bind_text(find, 2, deletions->keys[i].id);
        if (!sqlite_row(find))
            die("HTTP: the deletion of key %s was acknowledged, but it is live",
                deletions->keys[i].id);
        sqlite3_reset(find);
    }
    sqlite3_finalize(find);
    sqlite_close(db);
}

static void check(const struct deletions *deletions)
{
    char store[FILE_SIZE];

    file_of("keys.db", store);
    subject_check(store, deletions);
    check_keys(store, deletions);
}

const struct peer peer_http = {
    .name = "http",
    .title = "keyward over HTTP, server",
    .settings = "a thread a connection; clients beside it on the same cores, over kept connections "
                "of the loopback; library: keyward alone, in as many threads",
    .require = require,
    .start = start,
    .tell_version = tell_version,
    .connect = connect_client,
    .delete = delete_key,
    .disconnect = disconnect,
    .check = check,
    .stop = stop,
};
