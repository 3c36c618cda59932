/* SPDX-License-Identifier: MIT */
/* Redis: one Lua script a delete, by its hash, over a unix socket; the append-only file is flushed
 * before each answer. */
#include "clock.h"
#include "fail.h"
#include "peer.h"
#include "server.h"

#include <hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE 128
#define PIPELINE 1000
#define SEALED_BYTES 95

#define SETTINGS                                                                                \
    "--port", "0", "--unixsocketperm", "700", "--appendonly", "yes", "--appendfsync", "always", \
        "--save", "", "--auto-aof-rewrite-percentage", "0"

static struct server server;
static char script_hash[41];
static size_t events_loaded;

static const char script[] =
    "local role = redis.call('HGET', KEYS[1], ARGV[1])\n"
    "if role ~= 'writer' and role ~= 'admin' then return 1 end\n"
    "local key = redis.call('HMGET', KEYS[2], 'name', 'deleted_at')\n"
    "if not key[1] then return 2 end\n"
    "if key[2] then return 3 end\n"
    "local event = redis.call('XADD', KEYS[3], '*', 'at', ARGV[2], 'action', 'key.deleted',\n"
    " 'actor_id', ARGV[1], 'repo_id', ARGV[3], 'key_id', ARGV[4], 'name', key[1],\n"
    " 'reason', ARGV[5], 'request_id', ARGV[6], 'client_address', ARGV[7])\n"
    "redis.call('HSET', KEYS[2], 'deleted_at', ARGV[2], 'deleted_by', ARGV[1],\n"
    " 'deleted_event', event)\n"
    "return 0\n";

/* ---- the server ---- */

static void socket_path(char path[NAME_SIZE * 2])
{
    snprintf(path, NAME_SIZE * 2, "%s/redis", server.socket);
}

static void find(char path[NAME_SIZE])
{
    static const char *const places[] = {"/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin", NULL};

    if (!server_find("redis-server", places, path, NAME_SIZE))
        die("redis-server is not installed (on Debian: apt-get install redis-server)");
}

static void require(void)
{
    char path[NAME_SIZE];

    find(path);
}

static redisContext *open_connection(void)
{
    char path[NAME_SIZE * 2];

    socket_path(path);
    return redisConnectUnix(path);
}

static void wait_for_server(void)
{
    redisContext *connection = open_connection();

    for (int attempt = 0; !connection || connection->err; attempt++) {
        if (connection)
            redisFree(connection);
        server_wait(&server, attempt);
        connection = open_connection();
    }
    redisFree(connection);
}

static void start_empty(void)
{
    char redis[NAME_SIZE], socket[NAME_SIZE * 2];
    const char *const serve[] = {redis,       "--unixsocket", socket, "--dir",
                                 server.data, SETTINGS,       NULL};

    find(redis);
    server_prepare(&server, "redis", SERVER_UNPRIVILEGED);
    socket_path(socket);
    server_start(&server, serve, SIGTERM);
    wait_for_server();
}

static void stop(void)
{
    server_stop(&server);
}

/* ---- commands ---- */

static redisContext *must_connect(void)
{
    redisContext *connection = open_connection();

    if (!connection || connection->err)
        die("Redis: no connection");
    return connection;
}

static redisReply *must_reply(redisContext *connection, redisReply *reply)
{
    if (!reply)
        die("Redis: %s", connection->errstr);
    if (reply->type == REDIS_REPLY_ERROR)
        die("Redis: %s", reply->str);
    return reply;
}

static redisReply *next_reply(redisContext *connection)
{
    void *reply = NULL;

    if (redisGetReply(connection, &reply) != REDIS_OK)
        die("Redis: %s", connection->errstr);
    return must_reply(connection, reply);
}

static void tell_version(char *text, size_t size)
{
    redisContext *connection = must_connect();
    redisReply *reply = must_reply(connection, redisCommand(connection, "INFO server"));
    const char *version = strstr(reply->str, "redis_version:");

    snprintf(text, size, "%.*s", version ? (int)strcspn(version + 14, "\r\n") : 0,
             version ? version + 14 : "");
    freeReplyObject(reply);
    redisFree(connection);
}

/* ---- loading ---- */

static size_t send_key(redisContext *connection, const struct bench_key *key)
{
    char repo[DATASET_REPO_SIZE], name[DATASET_NAME_SIZE], sealed[SEALED_BYTES];
    size_t sent = 3;

    dataset_repo(key->number, repo);
    dataset_name(key->number, name);
    for (size_t i = 0; i < sizeof sealed; i++)
        sealed[i] = key->secret[i % strlen(key->secret)];
    redisAppendCommand(connection,
                       "HSET key:%s:%s access_key %s name %s provider " DATASET_PROVIDER
                       " created_at 1700000000000 created_by " DATASET_USER " created_event %u",
                       repo, key->id, key->access_key, name, key->number + 1);
    redisAppendCommand(connection, "HSET secret:%s repo_id %s key_id %s sealed %b", key->access_key,
                       repo, key->id, sealed, sizeof sealed);
    redisAppendCommand(connection,
                       "XADD events * at 1700000000000 action key.created actor_id " DATASET_USER
                       " repo_id %s key_id %s name %s provider " DATASET_PROVIDER,
                       repo, key->id, name);
    if (key->number % DATASET_KEYS_A_REPO == 0) {
        redisAppendCommand(connection, "HSET access:%s " DATASET_USER " " DATASET_ROLE, repo);
        sent++;
    }
    return sent;
}

static void receive(redisContext *connection, size_t count)
{
    while (count-- > 0)
        freeReplyObject(next_reply(connection));
}

static void load(const struct sample *sample)
{
    redisContext *connection = must_connect();
    struct bench_key key;
    redisReply *reply;
    size_t sent = 0;

    for (size_t i = 0; i < sample->total; i++) {
        dataset_make_key(sample->seed, (uint32_t)i, &key);
        sent += send_key(connection, &key);
        if (sent >= PIPELINE) {
            receive(connection, sent);
            sent = 0;
        }
    }
    receive(connection, sent);
    events_loaded = sample->total;
    reply = must_reply(connection, redisCommand(connection, "SCRIPT LOAD %s", script));
    snprintf(script_hash, sizeof script_hash, "%s", reply->str);
    freeReplyObject(reply);
    redisFree(connection);
}

static const struct sample *start(const struct fixture *fixture)
{
    start_empty();
    load(&fixture->floor_sample);
    return &fixture->floor_sample;
}

/* ---- a client ---- */

static void *connect_client(void)
{
    return must_connect();
}

static void delete_key(void *client, const struct bench_key *key)
{
    char repo[DATASET_REPO_SIZE], access[NAME_SIZE], row[NAME_SIZE], now[24];
    const char *arguments[] = {"EVALSHA",
                               script_hash,
                               "3",
                               access,
                               row,
                               "events",
                               DATASET_USER,
                               now,
                               repo,
                               key->id,
                               DATASET_REASON,
                               DATASET_REQUEST_ID,
                               DATASET_CLIENT_ADDRESS};
    redisReply *reply;

    dataset_repo(key->number, repo);
    snprintf(access, sizeof access, "access:%s", repo);
    snprintf(row, sizeof row, "key:%s:%s", repo, key->id);
    snprintf(now, sizeof now, "%lld", (long long)clock_date());
    reply = must_reply(
        client, redisCommandArgv(client, sizeof arguments / sizeof *arguments, arguments, NULL));
    if (reply->type != REDIS_REPLY_INTEGER || reply->integer != 0)
        die("Redis: the script answers %lld", (long long)reply->integer);
    freeReplyObject(reply);
}

static void disconnect(void *client)
{
    redisFree(client);
}

static size_t count_deleted(void)
{
    static const char counter[] =
        "local count, cursor = 0, '0'\n"
        "repeat\n"
        " local page = redis.call('SCAN', cursor, 'MATCH', 'key:*', 'COUNT', 1000)\n"
        " cursor = page[1]\n"
        " for _, key in ipairs(page[2]) do count = count + redis.call('HEXISTS', key, "
        "'deleted_at') end\n"
        "until cursor == '0'\n"
        "return count\n";
    redisContext *connection = must_connect();
    redisReply *reply = must_reply(connection, redisCommand(connection, "EVAL %s 0", counter));
    size_t count = (size_t)reply->integer;

    freeReplyObject(reply);
    redisFree(connection);
    return count;
}

static size_t count_events(void)
{
    redisContext *connection = must_connect();
    redisReply *reply = must_reply(connection, redisCommand(connection, "XLEN events"));
    size_t count = (size_t)reply->integer;

    freeReplyObject(reply);
    redisFree(connection);
    return count - events_loaded;
}

static void check(const struct deletions *deletions)
{
    deletions_check(deletions, "Redis", count_deleted(), count_events());
}

const struct peer peer_redis = {
    .name = "redis",
    .title = "Redis",
    .settings = "appendonly yes, appendfsync always, no snapshots, no rewriting of the file during "
                "the run; one Lua script a delete by EVALSHA",
    .require = require,
    .start = start,
    .tell_version = tell_version,
    .connect = connect_client,
    .delete = delete_key,
    .disconnect = disconnect,
    .check = check,
    .stop = stop,
};
