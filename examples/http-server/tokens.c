/* SPDX-License-Identifier: MIT */
#include "tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOKEN_BYTES 32
#define TOKEN_PREFIX "kwt_"

struct token {
    unsigned char hash[crypto_hash_sha256_BYTES];
    struct user user;
};

/* Sorted by hash. */
struct token_table {
    size_t count, capacity;
    struct token *tokens;
};

static void hash_token(const char *token, unsigned char hash[crypto_hash_sha256_BYTES])
{
    crypto_hash_sha256(hash, (const unsigned char *)token, strlen(token));
}

static int compare(const void *left, const void *right)
{
    return memcmp(((const struct token *)left)->hash, ((const struct token *)right)->hash,
                  crypto_hash_sha256_BYTES);
}

/* ---- reading the file ---- */

static bool read_text(const json_t *value, char *field, size_t size)
{
    const char *text = json_string_value(value);

    if (!text || json_string_length(value) >= size)
        return false;
    memcpy(field, text, json_string_length(value) + 1);
    return true;
}

static bool read_hash(const json_t *value, unsigned char hash[crypto_hash_sha256_BYTES])
{
    const char *text = json_string_value(value), *end;
    size_t length;

    return text && json_string_length(value) == crypto_hash_sha256_BYTES * (size_t)2 &&
           sodium_hex2bin(hash, crypto_hash_sha256_BYTES, text, json_string_length(value), NULL,
                          &length, &end) == 0 &&
           length == crypto_hash_sha256_BYTES;
}

/* NULL, or what is wrong with the line. */
static const char *read_object(const json_t *object, struct token *token)
{
    const char *member;
    json_t *value;

    if (!json_is_object(object))
        return "not a JSON object";
    if (!read_hash(json_object_get(object, "sha256"), token->hash))
        return "\"sha256\" must be 64 hexadecimal digits";
    if (!read_text(json_object_get(object, "userId"), token->user.id, sizeof token->user.id) ||
        token->user.id[0] == '\0')
        return "\"userId\" must be a string of 1 to 255 bytes";
    json_object_foreach((json_t *)(uintptr_t)object, member, value)
    {
        if (strcmp(member, "userName") == 0) {
            if (!read_text(value, token->user.name, sizeof token->user.name))
                return "\"userName\" must be a string of up to 255 bytes";
        } else if (strcmp(member, "userEmail") == 0) {
            if (!read_text(value, token->user.email, sizeof token->user.email))
                return "\"userEmail\" must be a string of up to 255 bytes";
        } else if (strcmp(member, "sha256") != 0 && strcmp(member, "userId") != 0) {
            return "it has a member that is none of sha256, userId, userName, userEmail";
        }
    }
    return NULL;
}

static const char *read_line(const char *line, size_t length, struct token *token)
{
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    const char *problem = object ? read_object(object, token) : "not a JSON object";

    json_decref(object);
    return problem;
}

static struct token *table_add(struct token_table *table)
{
    if (table->count == table->capacity) {
        size_t capacity = table->capacity ? table->capacity * 2 : 16;
        struct token *tokens = realloc(table->tokens, capacity * sizeof *tokens);
        if (!tokens)
            return NULL;
        table->tokens = tokens;
        table->capacity = capacity;
    }
    memset(&table->tokens[table->count], 0, sizeof *table->tokens);
    return &table->tokens[table->count++];
}

static void table_free(struct token_table *table)
{
    if (!table)
        return;
    free(table->tokens);
    free(table);
}

/* Line by line into the table; NULL, or what is wrong with line `*number`. */
static const char *read_lines(FILE *file, struct token_table *table, size_t *number)
{
    const char *problem = NULL;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;

    for (*number = 1; !problem && (length = getline(&line, &capacity, file)) >= 0; ++*number) {
        struct token *token;
        if (strspn(line, " \t\r\n") == (size_t)length)
            continue;
        token = table_add(table);
        problem = token ? read_line(line, (size_t)length, token) : "no memory";
        if (problem)
            break;
    }
    if (!problem && ferror(file))
        problem = "it cannot be read";
    free(line);
    return problem;
}

static bool has_twins(const struct token_table *table)
{
    for (size_t i = 1; i < table->count; i++)
        if (compare(&table->tokens[i - 1], &table->tokens[i]) == 0)
            return true;
    return false;
}

static struct token_table *read_table(const char *path, char problem[TOKEN_PROBLEM])
{
    struct token_table *table = calloc(1, sizeof *table);
    FILE *file = fopen(path, "re");
    const char *wrong = NULL;
    size_t number = 0;

    if (!table || !file) {
        snprintf(problem, TOKEN_PROBLEM, "%s: %s", path, strerror(file ? ENOMEM : errno));
    } else {
        wrong = read_lines(file, table, &number);
        if (wrong)
            snprintf(problem, TOKEN_PROBLEM, "%s:%zu: %s", path, number, wrong);
        if (table->count > 1)
            qsort(table->tokens, table->count, sizeof *table->tokens, compare);
        if (!wrong && has_twins(table)) {
            wrong = "twins";
            snprintf(problem, TOKEN_PROBLEM, "%s: two lines have the same \"sha256\"", path);
        }
    }
    if (!file || wrong) {
        table_free(table);
        table = NULL;
    }
    if (file)
        fclose(file);
    return table;
}

bool tokens_open(struct tokens *tokens, const char *path, char problem[TOKEN_PROBLEM])
{
    tokens->path = path;
    tokens->table = read_table(path, problem);
    if (!tokens->table)
        return false;
    pthread_rwlock_init(&tokens->lock, NULL);
    return true;
}

bool tokens_reload(struct tokens *tokens, char problem[TOKEN_PROBLEM])
{
    struct token_table *table = read_table(tokens->path, problem), *old;

    if (!table)
        return false;
    pthread_rwlock_wrlock(&tokens->lock);
    old = tokens->table;
    tokens->table = table;
    pthread_rwlock_unlock(&tokens->lock);
    table_free(old);
    return true;
}

size_t tokens_count(struct tokens *tokens)
{
    size_t count;

    pthread_rwlock_rdlock(&tokens->lock);
    count = tokens->table->count;
    pthread_rwlock_unlock(&tokens->lock);
    return count;
}

void tokens_close(struct tokens *tokens)
{
    if (!tokens->table)
        return;
    table_free(tokens->table);
    tokens->table = NULL;
    pthread_rwlock_destroy(&tokens->lock);
}

/* ---- looking up ---- */

/* What a search by hash gives away in time is of the hash, which nobody can choose. */
bool tokens_find(struct tokens *tokens, const char *token, struct user *user)
{
    struct token wanted = {.hash = {0}};
    const struct token *found = NULL;

    hash_token(token, wanted.hash);
    pthread_rwlock_rdlock(&tokens->lock);
    if (tokens->table->count > 0)
        found =
            bsearch(&wanted, tokens->table->tokens, tokens->table->count, sizeof wanted, compare);
    if (found)
        *user = found->user;
    pthread_rwlock_unlock(&tokens->lock);
    return found != NULL;
}

bool tokens_describe(struct tokens *tokens, const char *user_id, struct user *user)
{
    bool found = false;

    memset(user, 0, sizeof *user);
    pthread_rwlock_rdlock(&tokens->lock);
    for (size_t i = 0; !found && i < tokens->table->count; i++) {
        found = strcmp(tokens->table->tokens[i].user.id, user_id) == 0;
        if (found)
            *user = tokens->table->tokens[i].user;
    }
    pthread_rwlock_unlock(&tokens->lock);
    return found;
}

/* ---- making one ---- */

static void make_token(char token[TOKEN_SIZE])
{
    unsigned char random[TOKEN_BYTES];

    randombytes_buf(random, sizeof random);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the rest follows */
    memcpy(token, TOKEN_PREFIX, strlen(TOKEN_PREFIX));
    sodium_bin2base64(token + strlen(TOKEN_PREFIX), TOKEN_SIZE - strlen(TOKEN_PREFIX), random,
                      sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(random, sizeof random);
}

static json_t *describe_token(const char *token, const struct user *user)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[crypto_hash_sha256_BYTES * 2 + 1];
    json_t *object;

    hash_token(token, hash);
    sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    object = json_pack("{s:s, s:s}", "sha256", text, "userId", user->id);
    if (object && user->name[0] != '\0')
        json_object_set_new(object, "userName", json_string(user->name));
    if (object && user->email[0] != '\0')
        json_object_set_new(object, "userEmail", json_string(user->email));
    return object;
}

/* An editor may have left the last line without its end. */
static bool ends_within_a_line(int descriptor)
{
    char last = '\n';
    off_t length = lseek(descriptor, 0, SEEK_END);

    return length > 0 && pread(descriptor, &last, 1, length - 1) == 1 && last != '\n';
}

/* The line is written at once: a file that others append to keeps whole lines. */
static bool append_line(const char *path, const json_t *object)
{
    FILE *file = NULL;
    int descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool written = false;

    if (descriptor >= 0)
        file = fdopen(descriptor, "a");
    if (file)
        written = (!ends_within_a_line(descriptor) || fputc('\n', file) != EOF) &&
                  json_dumpf(object, file, JSON_COMPACT) == 0 && fputc('\n', file) != EOF &&
                  fflush(file) == 0 && fsync(descriptor) == 0;
    if (file)
        written = fclose(file) == 0 && written;
    else if (descriptor >= 0)
        close(descriptor);
    return written;
}

bool tokens_create(const char *path, const struct user *user, char token[TOKEN_SIZE],
                   char problem[TOKEN_PROBLEM])
{
    json_t *object;
    bool written;

    make_token(token);
    object = describe_token(token, user);
    errno = ENOMEM;
    written = object && append_line(path, object);
    if (!written)
        snprintf(problem, TOKEN_PROBLEM, "%s: %s", path, strerror(errno));
    json_decref(object);
    return written;
}
