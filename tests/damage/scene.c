/* SPDX-License-Identifier: MIT */
#include "damage/scene.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORIGIN "example.com/keys"
#define HOUR 3600000
#define LOG_HEADER 32
#define FRAME (24 + 2048)

const char *const scene_names[SCENES] = {"closed", "hot", "written-back"};

/* ---- a place ---- */

static int draw(void *context, void *buffer, size_t length)
{
    unsigned char seed[randombytes_SEEDBYTES] = {0};

    memcpy(seed, context, sizeof(uint64_t));
    ++*(uint64_t *)context;
    randombytes_buf_deterministic(buffer, length, seed);
    return 0;
}

void place_open(struct place *place, uint64_t seed)
{
    struct fixture *f = &place->fixture;

    fixture_init(f);
    if (access("/dev/shm", W_OK) == 0) {
        rmdir(f->folder);
        strcpy(f->folder, "/dev/shm/keyward-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(f->folder));
        snprintf(f->path, sizeof f->path, "%s/keys.db", f->folder);
    }
    place->drawn = seed << 32;
    f->options.random = draw;
    f->options.random_context = &place->drawn;
    f->options.purge_retention = 1;
    f->options.names = KEYWARD_NAMES_KEPT;
}

void place_close(struct place *place)
{
    fixture_close(&place->fixture);
}

static void put(const char *path, const char *suffix, const struct bytes *bytes)
{
    char name[128];

    snprintf(name, sizeof name, "%s%s", path, suffix);
    if (bytes->at)
        write_whole(name, bytes->at, bytes->length);
    else
        unlink(name);
}

void place_put(const struct place *place, const struct image *image)
{
    static const struct bytes none;
    const char *path = place->fixture.path;

    put(path, "", &image->database);
    put(path, "-wal", &image->log);
    put(path, "-shm", &none);
    put(path, "-journal", &none);
}

static struct bytes get(const char *path, const char *suffix)
{
    struct bytes bytes;
    char name[128];

    snprintf(name, sizeof name, "%s%s", path, suffix);
    bytes.at = read_whole(name, &bytes.length);
    return bytes;
}

/* ---- what is done to the store ---- */

struct making {
    struct fixture *f;
    struct known_keys *known;
};

/* Keeps what was handed out, which is freed, and returns its place. */
static int keep(struct making *making, keyward_key *key, keyward_secret *secret,
                const char *imported)
{
    struct known_keys *known = making->known;
    struct known_key *kept = &known->keys[known->count];

    ck_assert_uint_lt(known->count, KNOWN_KEYS_MAX);
    snprintf(kept->repo_id, sizeof kept->repo_id, "%s", key->repo_id);
    snprintf(kept->id, sizeof kept->id, "%s", key->id);
    snprintf(kept->access_key, sizeof kept->access_key, "%s", key->access_key);
    snprintf(kept->secret, sizeof kept->secret, "%s", imported ? imported : secret->text);
    keyward_key_free(&key);
    keyward_secret_free(&secret);
    return (int)known->count++;
}

static int create(struct making *making, const keyward_actor *actor, const char *repo_id,
                  const keyward_new_key *new_key)
{
    keyward_key *key;
    keyward_secret *secret;

    assert_status(making->f->store,
                  keyward_create_key(making->f->store, actor, repo_id, new_key, &key, &secret),
                  KEYWARD_OK);
    return keep(making, key, secret, new_key->secret);
}

static int make(struct making *making, const char *repo_id, const char *name)
{
    return create(making, &host, repo_id,
                  &(keyward_new_key){.name = name, .provider = KEYWARD_ANTHROPIC});
}

static void rotate(struct making *making, int index)
{
    const struct known_key *old = &making->known->keys[index];
    keyward_key *key;
    keyward_secret *secret;

    assert_status(
        making->f->store,
        keyward_rotate_key(making->f->store, &host, old->repo_id, old->id, NULL, &key, &secret),
        KEYWARD_OK);
    keep(making, key, secret, NULL);
}

/* A call about a key that was made. */
#define ON(making, call, actor, index, ...)                                             \
    assert_status((making)->f->store,                                                   \
                  call((making)->f->store, actor, (making)->known->keys[index].repo_id, \
                       (making)->known->keys[index].id, __VA_ARGS__),                   \
                  KEYWARD_OK)

static void restore(struct making *making, int index)
{
    const struct known_key *key = &making->known->keys[index];

    assert_status(making->f->store,
                  keyward_restore_key(making->f->store, &anna, key->repo_id, key->id), KEYWARD_OK);
}

static void grant(struct making *making, const char *repo_id, const char *user,
                  enum keyward_role role)
{
    assert_status(making->f->store, keyward_grant(making->f->store, &host, repo_id, user, role),
                  KEYWARD_OK);
}

static void take_away(struct making *making, const char *user)
{
    assert_status(making->f->store, keyward_revoke(making->f->store, &anna, "repo-1", user),
                  KEYWARD_OK);
}

static void checkpoint(struct making *making)
{
    char *log_key = making->known->log_key;
    keyward_text *text;

    assert_status(making->f->store, keyward_audit_log_key(making->f->store, &host, ORIGIN, &text),
                  KEYWARD_OK);
    snprintf(log_key, sizeof making->known->log_key, "%s", text->text);
    keyward_text_free(&text);
    assert_status(making->f->store,
                  keyward_audit_checkpoint(making->f->store, &host, NULL, 0, &text), KEYWARD_OK);
    keyward_text_free(&text);
}

enum { ONE, TWO, THREE, FOUR, FIVE, SIX, SUCCESSOR, SEVEN, EIGHT, NINE, TEN, ELEVEN };

/* Up to the moment at which `older` is taken. */
static void begin(struct making *making)
{
    struct fixture *f = making->f;

    grant(making, "repo-1", "anna", KEYWARD_ADMIN);
    grant(making, "repo-1", "will", KEYWARD_WRITER);
    grant(making, "repo-1", "rita", KEYWARD_READER);
    grant(making, "repo-2", "anna", KEYWARD_ADMIN);
    grant(making, "repo-3", "will", KEYWARD_ADMIN);
    create(making, &will, "repo-1", &(keyward_new_key){.name = "one"});
    create(making, &will, "repo-1",
           &(keyward_new_key){.name = "two", .expires_at = f->now + 100 * (int64_t)HOUR});
    create(making, &anna, "repo-1",
           &(keyward_new_key){.name = "three", .expires_at = f->now + HOUR});
    make(making, "repo-1", "four");
    make(making, "repo-1", "five");
    make(making, "repo-1", "six");
    rotate(making, SIX);
    create(making, &anna, "repo-1",
           &(keyward_new_key){.name = "seven",
                              .provider = KEYWARD_AWS,
                              .secret = "AKIA/not+a real one",
                              .secret_length = 19});
    make(making, "repo-1", "eight");
    make(making, "repo-2", "nine");
    make(making, "repo-2", "ten");
    f->now += 2 * HOUR;
}

static void go_on(struct making *making)
{
    struct fixture *f = making->f;
    keyward_deletion deletion = {.reason = KEYWARD_REASON_COMPROMISED, .reason_text = "leaked"};

    assert_status(f->store, keyward_create_data_key(f->store, &host), KEYWARD_OK);
    make(making, "repo-3", "eleven");
    ON(making, keyward_delete_key, &will, FOUR, &deletion);
    ON(making, keyward_delete_key, &will, FIVE, NULL);
    restore(making, FIVE);
    ON(making, keyward_delete_key, &anna, EIGHT, NULL);
    ON(making, keyward_delete_key, &anna, TEN, NULL);
    f->now += HOUR;
    ON(making, keyward_purge_keys, &anna, EIGHT, NULL);
    ON(making, keyward_rename_key, &anna, NINE, "neuf");
    checkpoint(making);
    grant(making, "repo-1", "zoe", KEYWARD_READER);
    take_away(making, "zoe");
    assert_status(f->store, keyward_revoke(f->store, &nobody, "repo-1", "rita"), KEYWARD_FORBIDDEN);
}

/* Each of these is a commit. */
static void stay_open(struct making *making)
{
    struct fixture *f = making->f;

    f->now += HOUR;
    ON(making, keyward_delete_key, &will, ONE, NULL);
    make(making, "repo-2", "twelve");
    ON(making, keyward_rename_key, &will, SEVEN, "sept");
    grant(making, "repo-2", "will", KEYWARD_WRITER);
    take_away(making, "rita");
    restore(making, FOUR);
    checkpoint(making);
    rotate(making, SEVEN);
    ON(making, keyward_set_key_expiry, &will, TWO, 0);
    ON(making, keyward_delete_key, &host, ELEVEN, NULL);
}

/* ---- what it may answer ---- */

static void add_state(struct scene *scene, const struct image *image)
{
    struct place place;
    struct fixture *f = &place.fixture;
    struct answers answers;

    place_open(&place, 2);
    f->now += 5 * HOUR;
    place_put(&place, image);
    fixture_reopen(f);
    answers = ask(f->store, &scene->known);
    ck_assert_ptr_null(answers.wrong);
    assert_sound(f);
    place_close(&place);
    for (size_t i = 0; i < scene->known.count; i++)
        scene->known.keys[i].may_open |= !(answers.deleted >> i & 1);
    if (scene->states > 0 && strcmp(scene->answers[scene->states - 1], answers.text) == 0) {
        free(answers.text);
        return;
    }
    ck_assert_uint_lt(scene->states, STATES_MAX);
    scene->answers[scene->states++] = answers.text;
}

/* What a store has whose log ends behind each of its frames. */
static void find_states(struct scene *scene, const struct image *hot)
{
    struct image image = *hot;

    for (size_t length = LOG_HEADER; length + FRAME <= hot->log.length; length += FRAME) {
        static const unsigned char nothing[4];
        image.log.length = length;
        add_state(scene, &image);
        if (memcmp(hot->log.at + length, nothing, sizeof nothing) == 0)
            break; /* zeros, for what is to come */
    }
}

void scene_make(struct scene *scene, enum scene_kind kind)
{
    struct place place;
    struct making making = {&place.fixture, &scene->known};
    struct image hot;

    memset(scene, 0, sizeof *scene);
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, 1, NULL); /* of the log's salt */
    place_open(&place, 1);
    place.fixture.options.names = KEYWARD_NAMES_UNIQUE;
    fixture_reopen(&place.fixture);
    begin(&making);
    keyward_close(&place.fixture.store);
    scene->older = get(place.fixture.path, "");
    fixture_reopen(&place.fixture);
    go_on(&making);
    if (kind == SCENE_CLOSED) {
        keyward_close(&place.fixture.store);
        scene->image.database = get(place.fixture.path, "");
        add_state(scene, &scene->image);
    } else {
        fixture_reopen(&place.fixture);
        stay_open(&making);
        hot = (struct image){get(place.fixture.path, ""), get(place.fixture.path, "-wal")};
        find_states(scene, &hot);
        scene->image = hot;
    }
    if (kind == SCENE_WRITTEN_BACK) {
        ck_assert_int_eq(sql(place.fixture.path, "PRAGMA wal_checkpoint(PASSIVE)"), SQLITE_OK);
        free(scene->image.database.at);
        scene->image.database = get(place.fixture.path, "");
    }
    place_close(&place);
}

void scene_free(struct scene *scene)
{
    free(scene->image.database.at);
    free(scene->image.log.at);
    free(scene->older.at);
    for (size_t i = 0; i < scene->states; i++)
        free(scene->answers[i]);
}
