/* SPDX-License-Identifier: MIT */
/*
 * Deletion by hand: access check, a check that the key exists and is live, mark, audit event,
 * commit, durable; statements prepared once, keys clustered by repository, sealed secrets in a
 * table that no delete touches, a write-ahead log flushed at each commit. There are no triggers or
 * CHECKs and no help for lists: this is the least that keeps the promise.
 */
#include "floor.h"

#include "clock.h"
#include "fail.h"
#include "folder.h"
#include "sqlite.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const char schema[] =
    "CREATE TABLE access (repo_id TEXT, user_id TEXT, role TEXT NOT NULL, granted_at INTEGER,"
    " PRIMARY KEY (repo_id, user_id)) WITHOUT ROWID;"
    "CREATE TABLE keys (repo_id TEXT, id TEXT, access_key TEXT NOT NULL, name TEXT NOT NULL,"
    " provider TEXT NOT NULL, created_at INTEGER, created_by TEXT, created_event INTEGER,"
    " deleted_at INTEGER, deleted_by TEXT, deleted_event INTEGER,"
    " PRIMARY KEY (repo_id, id)) WITHOUT ROWID;"
    "CREATE TABLE secrets (access_key TEXT PRIMARY KEY, repo_id TEXT NOT NULL,"
    " key_id TEXT NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE events (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, action TEXT NOT NULL,"
    " actor_id TEXT, repo_id TEXT, key_id TEXT, name TEXT, provider TEXT, reason TEXT,"
    " request_id TEXT, client_address TEXT, sealed_sha256 BLOB);";

static const char durable[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                              "PRAGMA fullfsync = ON; PRAGMA cache_size = -65536";

static const unsigned char data_key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES] = "floor";

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SEALED_MAX (NONCE_BYTES + TAG_BYTES + sizeof((struct bench_key *)0)->secret)

/* ---- filling ---- */

struct filling {
    sqlite3_stmt *access, *key, *secret, *event;
    int64_t sequence;
};

static size_t seal(const struct bench_key *key, unsigned char sealed[SEALED_MAX])
{
    unsigned long long length;

    randombytes_buf(sealed, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        sealed + NONCE_BYTES, &length, (const unsigned char *)key->secret, strlen(key->secret),
        (const unsigned char *)key->id, strlen(key->id), NULL, sealed, data_key);
    return NONCE_BYTES + (size_t)length;
}

static void append_creation(struct filling *fill, const struct bench_key *key, const char *repo,
                            const char *name)
{
    unsigned char sealed[SEALED_MAX], hash[crypto_hash_sha256_BYTES];
    size_t length = seal(key, sealed);

    crypto_hash_sha256(hash, sealed, length);
    sqlite_bind_text(fill->event, 1, repo);
    sqlite_bind_text(fill->event, 2, key->id);
    sqlite_bind_text(fill->event, 3, name);
    sqlite3_bind_blob(fill->event, 4, hash, sizeof hash, SQLITE_STATIC);
    sqlite3_bind_int64(fill->event, 5, ++fill->sequence);
    sqlite_run(fill->event);
    sqlite_bind_text(fill->secret, 1, key->access_key);
    sqlite_bind_text(fill->secret, 2, repo);
    sqlite_bind_text(fill->secret, 3, key->id);
    sqlite3_bind_blob(fill->secret, 4, sealed, (int)length, SQLITE_STATIC);
    sqlite_run(fill->secret);
}

static void add_key(struct filling *fill, const struct bench_key *key)
{
    char repo[DATASET_REPO_SIZE], name[DATASET_NAME_SIZE];

    dataset_repo(key->number, repo);
    dataset_name(key->number, name);
    if (key->number % DATASET_KEYS_A_REPO == 0) {
        sqlite_bind_text(fill->access, 1, repo);
        sqlite_run(fill->access);
    }
    append_creation(fill, key, repo, name);
    sqlite_bind_text(fill->key, 1, repo);
    sqlite_bind_text(fill->key, 2, key->id);
    sqlite_bind_text(fill->key, 3, key->access_key);
    sqlite_bind_text(fill->key, 4, name);
    sqlite3_bind_int64(fill->key, 5, fill->sequence);
    sqlite_run(fill->key);
}

static void prepare_filling(struct filling *fill, sqlite3 *db)
{
    fill->access = sqlite_prepare(db, "INSERT INTO access VALUES (?1, '" DATASET_USER
                                      "', '" DATASET_ROLE "', 1700000000000)");
    fill->key = sqlite_prepare(db, "INSERT INTO keys VALUES (?1, ?2, ?3, ?4, '" DATASET_PROVIDER
                                   "', 1700000000000, '" DATASET_USER "', ?5, NULL, NULL, NULL)");
    fill->secret = sqlite_prepare(db, "INSERT INTO secrets VALUES (?1, ?2, ?3, ?4)");
    fill->event = sqlite_prepare(
        db, "INSERT INTO events VALUES (?5, 1700000000000, 'key.created', '" DATASET_USER
            "', ?1, ?2, ?3, '" DATASET_PROVIDER "', NULL, NULL, NULL, ?4)");
}

void floor_fill(const char *path, struct sample *sample)
{
    sqlite3 *db = sqlite_open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    struct filling fill = {.sequence = 0};
    struct bench_key key;

    sqlite_execute(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                       "PRAGMA cache_size = -1000000");
    sqlite_execute(db, schema);
    sqlite_execute(db, "BEGIN");
    prepare_filling(&fill, db);
    for (size_t i = 0; i < sample->total; i++) {
        dataset_make_key(sample->seed, (uint32_t)i, &key);
        add_key(&fill, &key);
        sample_offer(sample, &key);
        stop_if_interrupted();
    }
    sqlite_execute(db, "COMMIT");
    sqlite3_finalize(fill.access);
    sqlite3_finalize(fill.key);
    sqlite3_finalize(fill.secret);
    sqlite3_finalize(fill.event);
    sqlite_execute(db, durable);
    sqlite_close(db);
    folder_flush(path);
    sample_shuffle(sample);
}

/* ---- deleting ---- */

/* A short log is soon written over in place, which flushes faster than one that grows; large
 * transactions gain more from a longer one, checkpointed less often. */
static const char short_log[] = "PRAGMA wal_autocheckpoint = 1000";
static const char long_log[] = "PRAGMA wal_autocheckpoint = 10000";

struct floor {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *last, *access, *find, *mark, *append;
};

struct floor *floor_open(const char *path, size_t batch)
{
    struct floor *floor = must_allocate(1, sizeof *floor);
    sqlite3 *db = floor->db = sqlite_open(path, SQLITE_OPEN_READWRITE);

    sqlite_execute(db, durable);
    sqlite_execute(db, batch == 1 ? short_log : long_log);
    floor->begin = sqlite_prepare(db, "BEGIN IMMEDIATE");
    floor->commit = sqlite_prepare(db, "COMMIT");
    floor->last = sqlite_prepare(db, "SELECT max(sequence) FROM events");
    floor->access =
        sqlite_prepare(db, "SELECT role FROM access WHERE repo_id = ?1 AND user_id = ?2");
    floor->find = sqlite_prepare(
        db, "SELECT deleted_at IS NOT NULL, name FROM keys WHERE repo_id = ?1 AND id = ?2");
    floor->mark = sqlite_prepare(db, "UPDATE keys SET deleted_at = ?3, deleted_by = ?4,"
                                     " deleted_event = ?5 WHERE repo_id = ?1 AND id = ?2");
    floor->append = sqlite_prepare(
        db, "INSERT INTO events (sequence, at, action, actor_id, repo_id, key_id, name, reason,"
            " request_id, client_address) VALUES (?5, ?3, 'key.deleted', ?4, ?1, ?2, ?6,"
            " '" DATASET_REASON "', ?7, ?8)");
    return floor;
}

void floor_close(struct floor **floor)
{
    sqlite3_stmt *const statements[] = {
        (*floor)->begin, (*floor)->commit, (*floor)->last,   (*floor)->access,
        (*floor)->find,  (*floor)->mark,   (*floor)->append,
    };

    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        sqlite3_finalize(statements[i]);
    sqlite_close((*floor)->db);
    free(*floor);
    *floor = NULL;
}

static bool may_delete(struct floor *floor, const char *repo)
{
    const char *role;
    bool allowed = false;

    sqlite_bind_text(floor->access, 1, repo);
    sqlite_bind_text(floor->access, 2, DATASET_USER);
    if (sqlite_row(floor->access)) {
        role = (const char *)sqlite3_column_text(floor->access, 0);
        allowed = strcmp(role, "writer") == 0 || strcmp(role, "admin") == 0;
    }
    sqlite3_reset(floor->access);
    return allowed;
}

static void bind_deletion(sqlite3_stmt *statement, const char *repo, const struct bench_key *key,
                          int64_t at, int64_t sequence)
{
    sqlite_bind_text(statement, 1, repo);
    sqlite_bind_text(statement, 2, key->id);
    sqlite3_bind_int64(statement, 3, at);
    sqlite_bind_text(statement, 4, DATASET_USER);
    sqlite3_bind_int64(statement, 5, sequence);
}

static void delete_one(struct floor *floor, const struct bench_key *key, int64_t at,
                       int64_t sequence)
{
    char repo[DATASET_REPO_SIZE];

    dataset_repo(key->number, repo);
    if (!may_delete(floor, repo))
        die("floor: forbidden");
    sqlite_bind_text(floor->find, 1, repo);
    sqlite_bind_text(floor->find, 2, key->id);
    if (!sqlite_row(floor->find))
        die("floor: not found");
    if (sqlite3_column_int(floor->find, 0))
        die("floor: already deleted");
    bind_deletion(floor->append, repo, key, at, sequence);
    sqlite3_bind_value(floor->append, 6, sqlite3_column_value(floor->find, 1));
    sqlite3_reset(floor->find);
    sqlite_bind_text(floor->append, 7, DATASET_REQUEST_ID);
    sqlite_bind_text(floor->append, 8, DATASET_CLIENT_ADDRESS);
    bind_deletion(floor->mark, repo, key, at, sequence);
    sqlite_run(floor->mark);
    sqlite_run(floor->append);
}

void floor_delete(struct floor *floor, const struct bench_key *keys, size_t count)
{
    int64_t at = clock_date(), sequence;

    sqlite_run(floor->begin);
    if (!sqlite_row(floor->last))
        die("floor: no sequence");
    sequence = sqlite3_column_int64(floor->last, 0);
    sqlite3_reset(floor->last);
    for (size_t i = 0; i < count; i++)
        delete_one(floor, &keys[i], at, ++sequence);
    sqlite_run(floor->commit);
}

static size_t delete_step(void *context, struct lane *lane)
{
    struct floor_deletes *deletes = context;
    const struct bench_key *keys;

    (void)lane;
    if (!deletions_take(&deletes->deletions, deletes->batch, &keys))
        return 0;
    floor_delete(deletes->floor, keys, deletes->batch);
    atomic_fetch_add(&deletes->deletions.acknowledged, deletes->batch);
    return deletes->batch;
}

void floor_run_deletes(void *context, double seconds, struct slice *slice)
{
    struct floor_deletes *deletes = context;
    struct crew crew = {.threads = 1, .timed_every = 1, .step = delete_step, .context = deletes};

    deletions_open_slice(&deletes->deletions);
    crew_run(&crew, seconds, slice);
}

void floor_check(const char *path, const struct deletions *deletions)
{
    deletions_check(deletions, "floor", sqlite_count(path, "SELECT count(deleted_at) FROM keys"),
                    sqlite_count(path, "SELECT count(*) FROM events WHERE action = 'key.deleted'"));
}

/* ---- looking up ---- */

struct floor_reader {
    sqlite3 *db;
    sqlite3_stmt *find;
};

struct floor_reader *floor_open_reader(const char *path)
{
    struct floor_reader *reader = must_allocate(1, sizeof *reader);

    reader->db = sqlite_open(path, SQLITE_OPEN_READWRITE);
    sqlite_execute(reader->db, durable);
    reader->find = sqlite_prepare(
        reader->db, "SELECT s.sealed, k.id, k.repo_id, k.provider, k.deleted_at IS NULL"
                    " FROM secrets AS s JOIN keys AS k ON k.repo_id = s.repo_id AND k.id = s.key_id"
                    " WHERE s.access_key = ?1");
    return reader;
}

void floor_close_reader(struct floor_reader **reader)
{
    sqlite3_finalize((*reader)->find);
    sqlite_close((*reader)->db);
    free(*reader);
    *reader = NULL;
}

static bool opens_with(sqlite3_stmt *row, const char *secret)
{
    const unsigned char *sealed = sqlite3_column_blob(row, 0), *id = sqlite3_column_text(row, 1);
    size_t length = (size_t)sqlite3_column_bytes(row, 0), secret_length = strlen(secret);
    unsigned char opened[SEALED_MAX];
    unsigned long long id_length = (unsigned long long)sqlite3_column_bytes(row, 1), opened_length;

    if (length < NONCE_BYTES + TAG_BYTES || length > SEALED_MAX)
        die("floor: a sealed secret is damaged");
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(opened, &opened_length, NULL,
                                                   sealed + NONCE_BYTES, length - NONCE_BYTES, id,
                                                   id_length, sealed, data_key) != 0)
        die("floor: a sealed secret does not open");
    return opened_length == secret_length && sodium_memcmp(opened, secret, secret_length) == 0;
}

bool floor_authenticate(struct floor_reader *reader, const char *access_key, const char *secret)
{
    bool right;

    sqlite_bind_text(reader->find, 1, access_key);
    right = sqlite_row(reader->find) && opens_with(reader->find, secret) &&
            sqlite3_column_int(reader->find, 4);
    sqlite3_reset(reader->find);
    return right;
}
