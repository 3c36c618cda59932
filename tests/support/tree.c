/* SPDX-License-Identifier: MIT */
#include "support/tree.h"
#include "support/chance.h"
#include "support/log.h"

#include <inttypes.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- the lines ---- */

struct exported {
    char *bytes;
    size_t length, room;
};

static int take(void *context, const char *bytes, size_t length)
{
    struct exported *exported = context;

    if (exported->length + length + 1 > exported->room) {
        exported->room = 2 * (exported->room + length + 1);
        exported->bytes = realloc(exported->bytes, exported->room);
        if (!exported->bytes)
            abort();
    }
    memcpy(exported->bytes + exported->length, bytes, length);
    exported->length += length;
    exported->bytes[exported->length] = '\0';
    return 0;
}

static size_t count_lines(const struct exported *exported)
{
    size_t count = 0;

    for (size_t i = 0; i < exported->length; i++)
        count += exported->bytes[i] == '\n';
    return count;
}

void tree_open(struct tree *tree, const struct fixture *f)
{
    const keyward_event_query query = {.oldest_first = true};
    struct exported exported = {.bytes = NULL};
    const keyward_export destination = {.write = take, .write_context = &exported};
    char *line;

    assert_status(f->store, keyward_export_events(f->store, &host, &query, &destination),
                  KEYWARD_OK);
    *tree = (struct tree){.count = count_lines(&exported), .exported = exported.bytes};
    tree->lines = calloc(tree->count + 1, sizeof *tree->lines);
    tree->leaves = calloc(tree->count + 1, sizeof *tree->leaves);
    line = exported.bytes;
    for (size_t i = 0; i < tree->count; i++) {
        char *end = strchr(line, '\n');
        *end = '\0';
        tree->lines[i] = line;
        tree->leaves[i] = leaf_of(line, (size_t)(end - line));
        line = end + 1;
    }
}

void tree_close(struct tree *tree)
{
    free(tree->lines);
    free(tree->leaves);
    free(tree->exported);
    memset(tree, 0, sizeof *tree);
}

/* ---- hashes ---- */

struct node leaf_of(const void *data, size_t length)
{
    crypto_hash_sha256_state state;
    struct node leaf;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)"", 1);
    crypto_hash_sha256_update(&state, data, length);
    crypto_hash_sha256_final(&state, leaf.bytes);
    return leaf;
}

/* The largest power of two below it. */
static size_t split(size_t count)
{
    size_t k = 1;

    while (k * 2 < count)
        k *= 2;
    return k;
}

struct node tree_hash(const struct tree *tree, size_t first, size_t count)
{
    unsigned char data[65] = {1};
    struct node halves[2], root;
    size_t k = split(count);

    ck_assert_uint_ge(count, 1);
    ck_assert_uint_le(first + count, tree->count);
    if (count == 1)
        return tree->leaves[first];
    halves[0] = tree_hash(tree, first, k);
    halves[1] = tree_hash(tree, first + k, count - k);
    memcpy(data + 1, halves, sizeof halves);
    crypto_hash_sha256(root.bytes, data, sizeof data);
    return root;
}

static const char *line_of_hash(struct node node)
{
    return compose("%s\n", base64(node.bytes, sizeof node.bytes));
}

static const char *path(const struct tree *tree, size_t m, size_t first, size_t n)
{
    size_t k = split(n);

    if (n == 1)
        return "";
    if (m < k)
        return compose("%s%s", path(tree, m, first, k),
                       line_of_hash(tree_hash(tree, first + k, n - k)));
    return compose("%s%s", path(tree, m - k, first + k, n - k),
                   line_of_hash(tree_hash(tree, first, k)));
}

const char *tree_path(const struct tree *tree, size_t index, size_t size)
{
    return path(tree, index, 0, size);
}

static const char *subproof(const struct tree *tree, size_t m, size_t first, size_t n, bool whole)
{
    size_t k = split(n);

    if (m == n)
        return whole ? "" : line_of_hash(tree_hash(tree, first, n));
    if (m <= k)
        return compose("%s%s", subproof(tree, m, first, k, whole),
                       line_of_hash(tree_hash(tree, first + k, n - k)));
    return compose("%s%s", subproof(tree, m - k, first + k, n - k, false),
                   line_of_hash(tree_hash(tree, first, k)));
}

const char *tree_proof(const struct tree *tree, size_t old_size, size_t size)
{
    return old_size == 0 ? "" : subproof(tree, old_size, 0, size, true);
}

/* ---- what stands in the store ---- */

static sqlite3 *open_store(const struct fixture *f)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *query)
{
    sqlite3_stmt *statement;

    ck_assert_int_eq(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

static void assert_column_is(sqlite3_stmt *row, int column, const struct node *node,
                             const char *what, long long number)
{
    ck_assert_msg(sqlite3_column_bytes(row, column) == 32, "%s %lld has %d bytes", what, number,
                  sqlite3_column_bytes(row, column));
    ck_assert_msg(memcmp(sqlite3_column_blob(row, column), node, 32) == 0, "%s %lld is another",
                  what, number);
}

static void assert_leaves(sqlite3 *db, const struct tree *tree)
{
    sqlite3_stmt *rows = prepare(db, "SELECT sequence, leaf FROM audit_events ORDER BY sequence");
    size_t count = 0;

    while (sqlite3_step(rows) == SQLITE_ROW) {
        ck_assert_uint_lt(count, tree->count);
        ck_assert_int_eq(sqlite3_column_int64(rows, 0), (int64_t)count + 1);
        assert_column_is(rows, 1, &tree->leaves[count], "the leaf of event", (long long)count + 1);
        count++;
    }
    sqlite3_finalize(rows);
    ck_assert_uint_eq(count, tree->count);
}

static void assert_inner_hashes(sqlite3 *db, const struct tree *tree)
{
    sqlite3_stmt *rows =
        prepare(db, "SELECT level, position, hash FROM audit_tree ORDER BY level, position");

    for (int level = 1; tree->count >> (8 * level) > 0; level++) {
        size_t leaves = (size_t)1 << (8 * level);
        for (size_t position = 0; position < tree->count / leaves; position++) {
            struct node hash = tree_hash(tree, position * leaves, leaves);
            ck_assert_msg(sqlite3_step(rows) == SQLITE_ROW, "level %d, %zu is missing", level,
                          position);
            ck_assert_int_eq(sqlite3_column_int64(rows, 0), level);
            ck_assert_int_eq(sqlite3_column_int64(rows, 1), (int64_t)position);
            assert_column_is(rows, 2, &hash, "the inner hash at", (long long)position);
        }
    }
    ck_assert_int_eq(sqlite3_step(rows), SQLITE_DONE);
    sqlite3_finalize(rows);
}

void assert_tree_stored(const struct fixture *f, const struct tree *tree)
{
    sqlite3 *db = open_store(f);

    assert_leaves(db, tree);
    assert_inner_hashes(db, tree);
    sqlite3_close(db);
}

void assert_tree(const struct fixture *f)
{
    struct tree tree;

    tree_open(&tree, f);
    assert_tree_stored(f, &tree);
    tree_close(&tree);
}

/* ---- checkpoints ---- */

char *log_key_of(const struct fixture *f)
{
    keyward_text *log_key;
    char *copy;

    assert_status(f->store, keyward_audit_log_key(f->store, &host, ORIGIN, &log_key), KEYWARD_OK);
    ck_assert_uint_eq(strlen(log_key->text), log_key->length);
    copy = strdup(log_key->text);
    keyward_text_free(&log_key);
    return copy;
}

keyward_text *sign_checkpoint(const struct fixture *f)
{
    keyward_text *checkpoint;

    assert_status(f->store, keyward_audit_checkpoint(f->store, &host, NULL, 0, &checkpoint),
                  KEYWARD_OK);
    return checkpoint;
}

/* The parts of "<origin>+<id>+<base64 of the type and the key>". */
static void read_key(const char *log_key, unsigned char id[4], unsigned char public_key[32])
{
    unsigned char hash[32], bytes[33];
    const char *hex = log_key + strlen(ORIGIN "+");
    crypto_hash_sha256_state state;
    size_t length;

    ck_assert_int_eq(strncmp(log_key, ORIGIN "+", strlen(ORIGIN "+")), 0);
    ck_assert_int_eq(sodium_base642bin(bytes, sizeof bytes, hex + 9, strlen(hex + 9), NULL, &length,
                                       NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    ck_assert_uint_eq(length, sizeof bytes);
    ck_assert_int_eq(bytes[0], 1); /* Ed25519 */
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)ORIGIN "\n", strlen(ORIGIN) + 1);
    crypto_hash_sha256_update(&state, bytes, sizeof bytes);
    crypto_hash_sha256_final(&state, hash);
    memcpy(id, hash, 4);
    ck_assert_str_eq(log_key, compose(ORIGIN "+%02x%02x%02x%02x+%s", hash[0], hash[1], hash[2],
                                      hash[3], base64(bytes, sizeof bytes)));
    memcpy(public_key, bytes + 1, 32);
}

void assert_checkpoint(const keyward_text *checkpoint, const char *log_key, const struct tree *tree,
                       size_t size)
{
    struct node root = tree_hash(tree, 0, size);
    const char *body = compose(ORIGIN "\n%zu\n%s\n", size, base64(&root, sizeof root));
    const char *begin = compose("%s\n\u2014 " ORIGIN " ", body);
    unsigned char id[4], public_key[32], signature[68];
    const char *rest;
    size_t length;

    read_key(log_key, id, public_key);
    ck_assert_msg(strncmp(checkpoint->text, begin, strlen(begin)) == 0,
                  "the checkpoint is\n%s\nand not\n%s", checkpoint->text, begin);
    rest = checkpoint->text + strlen(begin);
    ck_assert_uint_eq(checkpoint->length, strlen(begin) + strlen(rest));
    ck_assert_int_eq(sodium_base642bin(signature, sizeof signature, rest, strlen(rest), "\n",
                                       &length, NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    ck_assert_uint_eq(length, sizeof signature);
    ck_assert_str_eq(rest, compose("%s\n", base64(signature, sizeof signature)));
    ck_assert_mem_eq(signature, id, 4);
    ck_assert_int_eq(crypto_sign_verify_detached(signature + 4, (const unsigned char *)body,
                                                 strlen(body), public_key),
                     0);
    compose_free();
}

/* ---- what is done to a store ---- */

void rewrite(const struct fixture *f, const char *text)
{
    char *drops = sql_text(f->path, "SELECT group_concat('DROP TRIGGER ' || name, ';') FROM"
                                    " sqlite_schema WHERE type = 'trigger'");
    char *triggers = sql_text(f->path, "SELECT group_concat(sql, ';') FROM sqlite_schema WHERE"
                                       " type = 'trigger'");
    int code;

    ck_assert_int_eq(sql(f->path, drops), SQLITE_OK);
    code = sql(f->path, text);
    ck_assert_msg(code == SQLITE_OK, "code %d for: %s", code, text);
    ck_assert_int_eq(sql(f->path, triggers), SQLITE_OK);
    free(drops);
    free(triggers);
}

void append_by_hand(const struct fixture *f, int count)
{
    char query[512];

    snprintf(
        query, sizeof query,
        "INSERT INTO audit_events (sequence, at, action, repo_id, user_id, role) WITH"
        " RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d), old (m, t) AS"
        " MATERIALIZED (SELECT coalesce(max(sequence), 0), coalesce(max(at), 0) FROM"
        " audit_events) SELECT m + i, t, 'access.grant_denied', 'repo-1', 'user-' || i, 'reader'"
        " FROM n, old",
        count);
    ck_assert_int_eq(sql(f->path, query), SQLITE_OK);
}

void append(const struct fixture *f, int count)
{
    static const char newest[] = "SELECT coalesce(max(sequence), 0) FROM audit_events";
    int64_t last = sql_number(f->path, newest);
    char user[32];

    for (int64_t i = last; i < last + count; i++) {
        snprintf(user, sizeof user, "user-%lld", (long long)i);
        assert_status(f->store, keyward_grant(f->store, &host, "repo-9", user, KEYWARD_READER),
                      KEYWARD_OK);
    }
    ck_assert_int_eq(sql_number(f->path, newest), last + count);
}

/* ---- chance ---- */

static uint64_t random_state;

void choose_seed(void)
{
    random_state = chance_seed();
}

int below(int limit)
{
    return chance_index(&random_state, limit);
}
