/* SPDX-License-Identifier: MIT */
/* Keys from their creation to another name: created, found, listed, renamed. */
#include "support/fixture.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1700000000000) /* where the fixture's clock stands */
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char unknown_id[] = "018bcfe5-6800-7000-8000-000000000000";

static struct fixture f;

static void open_fixture(void)
{
    fixture_open(&f);
}

static void close_fixture(void)
{
    fixture_close(&f);
}

/* Opens the store again so that a commit costs no flush, for tests that make many. */
static void hurry(void)
{
    f.options.durability = KEYWARD_SURVIVES_CRASH;
    fixture_reopen(&f);
}

/* ---- what stands in the file ---- */

#define LAST_EVENT                                                                          \
    "SELECT sequence||'|'||at||'|'||action||'|'||ifnull(actor_id,'-')||'|'||repo_id||'|'||" \
    "ifnull(key_id,'-')||'|'||ifnull(user_id,'-')||'|'||ifnull(name,'-')||'|'||"            \
    "ifnull(previous_name,'-')||'|'||ifnull(provider,'-')||'|'||ifnull(role,'-')||'|'||"    \
    "ifnull(reason,'-')||'|'||ifnull(reason_text,'-')||'|'||ifnull(request_id,'-')||'|'||"  \
    "ifnull(client_address,'-')||'|'||ifnull(user_agent,'-')||'|'||"                        \
    "(sealed_sha256 IS NOT NULL) FROM audit_events ORDER BY sequence DESC LIMIT 1"

#define EVERYTHING                                                                             \
    "SELECT (SELECT count(*) FROM audit_events)||'|'||(SELECT count(*) FROM sealed_secrets)||" \
    "'|'||ifnull((SELECT group_concat(repo_id||id||name||deleted) FROM api_keys),'')"

#define ONE_KEY                                                                      \
    "SELECT repo_id||'|'||deleted||'|'||name||'|'||provider||'|'||created_at||'|'||" \
    "ifnull(created_by,'-')||'|'||created_event||'|'||ifnull(deleted_at,'-')||'|'||" \
    "ifnull(deleted_by,'-')||'|'||ifnull(deleted_event,'-') FROM api_keys"

#define assert_row(...) assert_row_of(f.path, __VA_ARGS__)

/* ---- calls ---- */

static keyward_key *create_as(const keyward_actor *actor, const keyward_new_key *new_key,
                              keyward_secret **secret)
{
    keyward_key *key;

    assert_status(f.store, keyward_create_key(f.store, actor, "repo-1", new_key, &key, secret),
                  KEYWARD_OK);
    return key;
}

static keyward_key *get(const char *repo_id, const char *key_id)
{
    keyward_key *key;

    assert_status(f.store,
                  keyward_get_key(f.store, &host, repo_id, key_id, KEYWARD_LIVE_AND_DELETED, &key),
                  KEYWARD_OK);
    return key;
}

static void assert_same_key(const keyward_key *got, const keyward_key *wanted)
{
    ck_assert_str_eq(got->id, wanted->id);
    ck_assert_str_eq(got->repo_id, wanted->repo_id);
    ck_assert_str_eq(got->access_key, wanted->access_key);
    ck_assert_str_eq(got->name, wanted->name);
    ck_assert_int_eq(got->provider, wanted->provider);
    ck_assert_int_eq(got->created_at, wanted->created_at);
    ck_assert_pstr_eq(got->created_by, wanted->created_by);
    ck_assert_int_eq(got->deleted_at, wanted->deleted_at);
    ck_assert_pstr_eq(got->deleted_by, wanted->deleted_by);
    ck_assert_int_eq(got->deleted_event, wanted->deleted_event);
}

/* ---- creating ---- */

START_TEST(a_created_key_tells_everything_about_itself)
{
    const keyward_new_key new_key = {.name = "CI \xC3\xBC", .provider = KEYWARD_GOOGLE};
    keyward_secret *secret;
    keyward_key *key = create_as(&will, &new_key, &secret), *found;

    ck_assert_str_eq(key->repo_id, "repo-1");
    ck_assert_str_eq(key->name, "CI \xC3\xBC");
    ck_assert_int_eq(key->provider, KEYWARD_GOOGLE);
    ck_assert_int_eq(key->created_at, START);
    ck_assert_str_eq(key->created_by, "will");
    ck_assert_int_eq(key->deleted_at, 0);
    ck_assert_ptr_null(key->deleted_by);
    ck_assert_int_eq(key->deleted_event, 0);
    assert_row(ONE_KEY, "repo-1|0|CI \xC3\xBC|GOOGLE|%lld|will|4|-|-|-", (long long)START);
    found = get("repo-1", key->id);
    assert_same_key(found, key);
    assert_sound(&f);
    keyward_key_free(&found);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}
END_TEST

/* "<prefix><mark>" and so many letters and digits. */
static void assert_token(const char *text, const char *prefix, const char *mark, size_t digits)
{
    size_t head = strlen(prefix) + strlen(mark);

    ck_assert_uint_eq(strlen(text), head + digits);
    ck_assert_int_eq(strncmp(text, prefix, strlen(prefix)), 0);
    ck_assert_int_eq(strncmp(text + strlen(prefix), mark, strlen(mark)), 0);
    for (const char *at = text + head; *at; at++)
        ck_assert(isalnum((unsigned char)*at));
}

static void assert_made_with_prefix(const char *prefix)
{
    keyward_secret *secret;
    keyward_key *key = make_key(&f, "repo-1", "a key", &secret);

    assert_token(key->access_key, prefix, "_ak_", 28);
    assert_token(secret->text, prefix, "_sk_", 49);
    ck_assert_uint_eq(secret->length, strlen(secret->text));
    assert_status(f.store, try_key(&f, key, secret), KEYWARD_OK);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}

START_TEST(access_keys_and_secrets_have_their_form)
{
    assert_made_with_prefix("kw");
}
END_TEST

START_TEST(the_prefix_option_stands_in_front_of_both_halves)
{
    static const char *const prefixes[] = {"a", "acme7", "0123456789abcdef"};
    keyward_secret *secret;
    keyward_key *key = make_key(&f, "repo-1", "made before", &secret);

    for (size_t i = 0; i < COUNT(prefixes); i++) {
        f.options.access_key_prefix = prefixes[i];
        fixture_reopen(&f);
        assert_made_with_prefix(prefixes[i]);
    }
    assert_status(f.store, try_key(&f, key, secret), KEYWARD_OK);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}
END_TEST

START_TEST(an_id_is_a_version_7_uuid_of_the_time)
{
    keyward_key *key = make_key(&f, "repo-1", "a key", NULL);

    ck_assert_uint_eq(strlen(key->id), KEYWARD_KEY_ID_LENGTH);
    ck_assert_int_eq(strncmp(key->id, "018bcfe5-6800-7", 15), 0); /* START in hexadecimal */
    ck_assert_ptr_nonnull(strchr("89ab", key->id[19]));
    for (size_t i = 0; i < KEYWARD_KEY_ID_LENGTH; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        ck_assert_msg(hyphen ? key->id[i] == '-' : strchr("0123456789abcdef", key->id[i]) != NULL,
                      "%s", key->id);
    }
    keyward_key_free(&key);
}
END_TEST

START_TEST(a_secret_opens_its_own_key_and_no_other)
{
    keyward_secret *secrets[2];
    keyward_key *keys[2];
    keyward_identity identity;

    for (size_t i = 0; i < 2; i++)
        keys[i] = make_key(&f, i == 0 ? "repo-1" : "repo-2", "a key", &secrets[i]);
    for (size_t i = 0; i < 2; i++) {
        assert_status(f.store,
                      keyward_authenticate(f.store, keys[i]->access_key, secrets[i]->text,
                                           secrets[i]->length, &identity),
                      KEYWARD_OK);
        ck_assert_str_eq(identity.repo_id, keys[i]->repo_id);
        ck_assert_str_eq(identity.key_id, keys[i]->id);
        ck_assert_int_eq(identity.provider, KEYWARD_OPENAI);
        assert_status(f.store, try_key(&f, keys[i], secrets[1 - i]), KEYWARD_REFUSED);
        ck_assert_int_eq(keyward_last_error(f.store)->cause, KEYWARD_CAUSE_WRONG_SECRET);
    }
    for (size_t i = 0; i < 2; i++) {
        keyward_secret_free(&secrets[i]);
        keyward_key_free(&keys[i]);
    }
}
END_TEST

START_TEST(two_keys_of_one_name_share_nothing_else)
{
    keyward_secret *secrets[2];
    keyward_key *keys[2];

    for (size_t i = 0; i < 2; i++)
        keys[i] = make_key(&f, "repo-1", "same name", &secrets[i]);
    ck_assert_str_ne(keys[0]->id, keys[1]->id);
    ck_assert_str_ne(keys[0]->access_key, keys[1]->access_key);
    ck_assert_str_ne(secrets[0]->text, secrets[1]->text);
    for (size_t i = 0; i < 2; i++) {
        keyward_secret_free(&secrets[i]);
        keyward_key_free(&keys[i]);
    }
}
END_TEST

START_TEST(every_provider_is_kept_and_named_in_the_event)
{
    static const char *const words[] = {"OTHER", "OPENAI", "GOOGLE", "ANTHROPIC", "AWS"};
    const keyward_new_key new_key = {.name = "a key", .provider = (enum keyward_provider)_i};
    keyward_secret *secret;
    keyward_key *key = create_as(&anna, &new_key, &secret), *found;
    keyward_event_list *events = last_event(&f);
    keyward_identity identity;

    ck_assert_int_eq(key->provider, new_key.provider);
    ck_assert_str_eq(events->events[0]->provider, words[_i]);
    assert_row("SELECT provider FROM api_keys", "%s", words[_i]);
    found = get("repo-1", key->id);
    ck_assert_int_eq(found->provider, new_key.provider);
    assert_status(
        f.store,
        keyward_authenticate(f.store, key->access_key, secret->text, secret->length, &identity),
        KEYWARD_OK);
    ck_assert_int_eq(identity.provider, new_key.provider);
    keyward_key_free(&found);
    keyward_event_list_free(&events);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}
END_TEST

START_TEST(the_creation_event_has_every_field)
{
    const keyward_actor actor = {.user_id = "will",
                                 .request_id = "req-17",
                                 .client_address = "192.0.2.7",
                                 .user_agent = "curl/8",
                                 .reason = "for the CI"};
    const keyward_new_key new_key = {.name = "CI", .provider = KEYWARD_AWS};
    keyward_secret *secret;
    keyward_key *key = create_as(&actor, &new_key, &secret);
    keyward_event_list *events = last_event(&f);
    const keyward_event *event = events->events[0];

    ck_assert_int_eq(event->sequence, 4);
    ck_assert_int_eq(event->at, START);
    ck_assert_int_eq(event->action, KEYWARD_KEY_CREATED);
    ck_assert_str_eq(event->actor_id, "will");
    ck_assert_str_eq(event->repo_id, "repo-1");
    ck_assert_str_eq(event->key_id, key->id);
    ck_assert_ptr_null(event->user_id);
    ck_assert_str_eq(event->name, "CI");
    ck_assert_ptr_null(event->previous_name);
    ck_assert_str_eq(event->provider, "AWS");
    ck_assert_ptr_null(event->role);
    ck_assert_ptr_null(event->reason);
    ck_assert_str_eq(event->reason_text, "for the CI");
    ck_assert_str_eq(event->request_id, "req-17");
    ck_assert_str_eq(event->client_address, "192.0.2.7");
    ck_assert_str_eq(event->user_agent, "curl/8");
    ck_assert_ptr_nonnull(event->sealed_sha256);
    assert_row(LAST_EVENT,
               "4|%lld|key.created|will|repo-1|%s|-|CI|-|AWS|-|-|for the CI|req-17|192.0.2.7|"
               "curl/8|1",
               (long long)START, key->id);
    keyward_event_list_free(&events);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}
END_TEST

START_TEST(the_creation_event_carries_the_hash_of_the_sealed_secret)
{
    keyward_key *key = make_key(&f, "repo-1", "a key", NULL);
    keyward_event_list *events = last_event(&f);
    char *hex = sql_text(f.path, "SELECT hex(sealed) FROM sealed_secrets");
    unsigned char sealed[256], hash[crypto_hash_sha256_BYTES];
    size_t length;

    ck_assert_int_eq(sodium_hex2bin(sealed, sizeof sealed, hex, strlen(hex), NULL, &length, NULL),
                     0);
    ck_assert_uint_eq(length, strlen("kw_sk_") + 49 + 24 + 16); /* with nonce and tag */
    crypto_hash_sha256(hash, sealed, length);
    ck_assert_mem_eq(events->events[0]->sealed_sha256, hash, sizeof hash);
    free(hex);
    keyward_event_list_free(&events);
    keyward_key_free(&key);
}
END_TEST

static void assert_not_in_file(const char *suffix, const char *text)
{
    char path[128];
    size_t size;
    unsigned char *bytes;

    snprintf(path, sizeof path, "%s%s", f.path, suffix);
    bytes = read_whole(path, &size);
    ck_assert_ptr_null(memmem(bytes, size, text, strlen(text)));
    free(bytes);
}

START_TEST(no_file_of_the_store_holds_the_secret)
{
    keyward_secret *secret;
    keyward_key *key = make_key(&f, "repo-1", "a key", &secret);

    assert_not_in_file("", secret->text + strlen("kw_sk_"));
    assert_not_in_file("-wal", secret->text + strlen("kw_sk_"));
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}
END_TEST

START_TEST(a_key_made_by_the_host_has_no_creator)
{
    keyward_key *key = make_key(&f, "repo-1", "a key", NULL), *found = get("repo-1", key->id);

    ck_assert_ptr_null(key->created_by);
    ck_assert_ptr_null(found->created_by);
    assert_row(ONE_KEY, "repo-1|0|a key|OPENAI|%lld|-|4|-|-|-", (long long)START);
    assert_row(LAST_EVENT, "4|%lld|key.created|-|repo-1|%s|-|a key|-|OPENAI|-|-|-|-|-|-|1",
               (long long)START, key->id);
    keyward_key_free(&found);
    keyward_key_free(&key);
}
END_TEST

START_TEST(creating_is_refused_below_the_writer_and_leaves_only_its_event)
{
    static const struct {
        const keyward_actor *actor;
        const char *repo_id;
    } refused[] = {{&rita, "repo-1"}, {&nobody, "repo-1"}, {&anna, "repo-2"}};
    const keyward_new_key new_key = {.name = "CI", .provider = KEYWARD_AWS};

    for (size_t i = 0; i < COUNT(refused); i++) {
        keyward_key *key = (keyward_key *)&f;
        keyward_secret *secret = (keyward_secret *)&f;
        assert_status(f.store,
                      keyward_create_key(f.store, refused[i].actor, refused[i].repo_id, &new_key,
                                         &key, &secret),
                      KEYWARD_FORBIDDEN);
        ck_assert_ptr_null(key);
        ck_assert_ptr_null(secret);
        assert_row(LAST_EVENT, "%zu|%lld|key.create_denied|%s|%s|-|-|CI|-|AWS|-|-|-|-|-|-|0", i + 4,
                   (long long)START, refused[i].actor->user_id, refused[i].repo_id);
    }
    assert_row(EVERYTHING, "6|0|");
    assert_sound(&f);
}
END_TEST

/* The order of ids when the clock moves so many milliseconds before each creation. */
static void assert_ids_ascend(const int64_t *moves, size_t count, size_t times)
{
    char previous[KEYWARD_KEY_ID_LENGTH + 1] = "";
    int64_t previous_at = 0;

    for (size_t i = 0; i < count * times; i++) {
        keyward_key *key;
        f.now += moves[i % count];
        key = make_key(&f, "repo-1", "a key", NULL);
        ck_assert_msg(strcmp(previous, key->id) < 0, "%s comes before %s", key->id, previous);
        ck_assert_int_ge(key->created_at, previous_at);
        strcpy(previous, key->id);
        previous_at = key->created_at;
        keyward_key_free(&key);
    }
    assert_row("SELECT group_concat(created_event) = (SELECT group_concat(created_event) FROM"
               " (SELECT created_event FROM api_keys ORDER BY created_event)) FROM"
               " (SELECT created_event FROM api_keys ORDER BY id)",
               "1");
    assert_sound(&f);
}

START_TEST(ids_sort_by_creation_while_the_clock_stands_still)
{
    const int64_t moves[] = {0};

    hurry();
    assert_ids_ascend(moves, COUNT(moves), 4100); /* more than one millisecond can number */
}
END_TEST

START_TEST(ids_sort_by_creation_when_the_clock_goes_back)
{
    const int64_t moves[] = {-1, -3600000, 0, 1, 3600001, -5, 5};

    hurry();
    assert_ids_ascend(moves, COUNT(moves), 30);
}
END_TEST

START_TEST(ids_sort_behind_deleted_keys_as_well)
{
    keyward_key *first = make_key(&f, "repo-1", "first", NULL), *second;

    drop_key(&f, "repo-1", first->id);
    f.now -= 60000;
    second = make_key(&f, "repo-1", "second", NULL);
    ck_assert_int_lt(strcmp(first->id, second->id), 0);
    ck_assert_int_eq(second->created_at, START); /* not before the event before it */
    keyward_key_free(&first);
    keyward_key_free(&second);
}
END_TEST

/* ---- finding one ---- */

/* A live and a deleted key of "repo-1". */
struct pair {
    keyward_key *live, *deleted;
};

static struct pair make_pair(void)
{
    struct pair pair = {.deleted = make_key(&f, "repo-1", "deleted", NULL)};

    assert_status(f.store, keyward_delete_key(f.store, &will, "repo-1", pair.deleted->id, NULL),
                  KEYWARD_OK);
    pair.live = make_key(&f, "repo-1", "live", NULL);
    return pair;
}

static void free_pair(struct pair *pair)
{
    keyward_key_free(&pair->live);
    keyward_key_free(&pair->deleted);
}

static void assert_get(const keyward_actor *actor, const char *repo_id, const char *key_id,
                       enum keyward_include include, enum keyward_status wanted)
{
    keyward_key *key = (keyward_key *)&f;

    assert_status(f.store, keyward_get_key(f.store, actor, repo_id, key_id, include, &key), wanted);
    ck_assert_int_eq(keyward_last_error(f.store)->status, wanted);
    if (wanted == KEYWARD_OK)
        ck_assert_str_eq(key->id, key_id);
    else
        ck_assert_ptr_null(key);
    keyward_key_free(&key);
}

static void assert_get_all_ways(const keyward_actor *actor, const struct pair *pair,
                                enum keyward_status live, enum keyward_status missing,
                                enum keyward_status deleted, enum keyward_status not_deleted)
{
    assert_get(actor, "repo-1", pair->live->id, KEYWARD_LIVE, live);
    assert_get(actor, "repo-1", pair->deleted->id, KEYWARD_LIVE, missing);
    assert_get(actor, "repo-1", unknown_id, KEYWARD_LIVE, missing);
    assert_get(actor, "repo-1", "no uuid", KEYWARD_LIVE, missing);
    assert_get(actor, "repo-1", pair->live->id, KEYWARD_LIVE_AND_DELETED, deleted);
    assert_get(actor, "repo-1", pair->deleted->id, KEYWARD_LIVE_AND_DELETED, deleted);
    assert_get(actor, "repo-1", pair->deleted->id, KEYWARD_DELETED, deleted);
    assert_get(actor, "repo-1", pair->live->id, KEYWARD_DELETED, not_deleted);
    assert_get(actor, "repo-1", unknown_id, KEYWARD_DELETED, not_deleted);
    assert_get(actor, "repo-1", unknown_id, KEYWARD_LIVE_AND_DELETED, not_deleted);
}

START_TEST(the_role_decides_which_keys_can_be_found)
{
    struct pair pair = make_pair();
    int64_t events = count_events(f.path);

    assert_get_all_ways(&rita, &pair, KEYWARD_OK, KEYWARD_NOT_FOUND, KEYWARD_FORBIDDEN,
                        KEYWARD_FORBIDDEN);
    assert_get_all_ways(&will, &pair, KEYWARD_OK, KEYWARD_NOT_FOUND, KEYWARD_FORBIDDEN,
                        KEYWARD_FORBIDDEN);
    assert_get_all_ways(&anna, &pair, KEYWARD_OK, KEYWARD_NOT_FOUND, KEYWARD_OK, KEYWARD_NOT_FOUND);
    assert_get_all_ways(&host, &pair, KEYWARD_OK, KEYWARD_NOT_FOUND, KEYWARD_OK, KEYWARD_NOT_FOUND);
    assert_get_all_ways(&nobody, &pair, KEYWARD_FORBIDDEN, KEYWARD_FORBIDDEN, KEYWARD_FORBIDDEN,
                        KEYWARD_FORBIDDEN);
    ck_assert_int_eq(count_events(f.path), events);
    free_pair(&pair);
}
END_TEST

START_TEST(a_key_is_found_in_its_own_repository_only)
{
    keyward_key *other = make_key(&f, "repo-2", "a key", NULL);

    assert_get(&anna, "repo-1", other->id, KEYWARD_LIVE, KEYWARD_NOT_FOUND);
    assert_get(&anna, "repo-2", other->id, KEYWARD_LIVE, KEYWARD_FORBIDDEN);
    assert_get(&host, "repo-1", other->id, KEYWARD_LIVE, KEYWARD_NOT_FOUND);
    assert_get(&host, "repo-2", other->id, KEYWARD_LIVE, KEYWARD_OK);
    assert_get(&host, "no repository", other->id, KEYWARD_LIVE, KEYWARD_NOT_FOUND);
    keyward_key_free(&other);
}
END_TEST

START_TEST(a_deleted_key_tells_who_deleted_it_and_when)
{
    struct pair pair;
    keyward_key *key;

    f.now = START + 5;
    pair = make_pair();
    key = get("repo-1", pair.deleted->id);
    ck_assert_int_eq(key->deleted_at, START + 5);
    ck_assert_str_eq(key->deleted_by, "will");
    ck_assert_int_eq(key->deleted_event, 5);
    ck_assert_str_eq(key->name, "deleted");
    ck_assert_str_eq(key->access_key, pair.deleted->access_key);
    keyward_key_free(&key);
    drop_key(&f, "repo-1", pair.live->id);
    key = get("repo-1", pair.live->id);
    ck_assert_ptr_null(key->deleted_by); /* the host */
    ck_assert_int_eq(key->deleted_event, 7);
    keyward_key_free(&key);
    free_pair(&pair);
}
END_TEST

/* ---- listing ---- */

static keyward_key_list *list_as(const keyward_actor *actor, const char *repo_id,
                                 const keyward_key_query *query)
{
    keyward_key_list *page;

    assert_status(f.store, keyward_list_keys(f.store, actor, repo_id, query, &page), KEYWARD_OK);
    return page;
}

/* Makes keys "0", "1", ... and deletes every third. */
static void make_many(const char *repo_id, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[16];
        keyward_key *key;
        snprintf(name, sizeof name, "%zu", i);
        key = make_key(&f, repo_id, name, NULL);
        if (i % 3 == 2)
            drop_key(&f, repo_id, key->id);
        keyward_key_free(&key);
    }
}

static bool belongs(size_t number, enum keyward_include include)
{
    bool deleted = number % 3 == 2;
    return include == KEYWARD_LIVE_AND_DELETED || deleted == (include == KEYWARD_DELETED);
}

/* Walks all pages; the names must be those of make_many from the newest down, each once. */
static void assert_walk(const char *repo_id, enum keyward_include include, int limit, size_t count)
{
    char before[KEYWARD_KEY_ID_LENGTH + 1] = "";
    keyward_key_query query = {.include = include, .limit = limit};
    size_t next = count;
    bool more = true;

    while (more) {
        keyward_key_list *page = list_as(&host, repo_id, &query);
        ck_assert_uint_le(page->count, (size_t)limit);
        for (size_t i = 0; i < page->count; i++) {
            do {
                ck_assert_uint_gt(next, 0);
                next--;
            } while (!belongs(next, include));
            ck_assert_uint_eq(strtoul(page->keys[i]->name, NULL, 10), next);
            ck_assert_int_eq(page->keys[i]->deleted_event != 0, next % 3 == 2);
            ck_assert_str_eq(page->keys[i]->repo_id, repo_id);
            strcpy(before, page->keys[i]->id);
        }
        more = page->more;
        if (more)
            ck_assert_uint_eq(page->count, (size_t)limit);
        query.before_key_id = before;
        keyward_key_list_free(&page);
    }
    while (next > 0)
        ck_assert(!belongs(--next, include)); /* nothing was left out */
}

START_TEST(pages_of_every_size_walk_every_key_once)
{
    static const int limits[] = {1, 2, 3, 5, 6, 12, 17, 18, 19, KEYWARD_PAGE_MAX};

    hurry();
    make_many("repo-1", 18);
    make_many("repo-2", 7);
    for (size_t i = 0; i < COUNT(limits); i++) {
        for (int include = KEYWARD_LIVE; include <= KEYWARD_LIVE_AND_DELETED; include++) {
            assert_walk("repo-1", (enum keyward_include)include, limits[i], 18);
            assert_walk("repo-2", (enum keyward_include)include, limits[i], 7);
        }
    }
}
END_TEST

static void assert_page(const keyward_actor *actor, const char *repo_id,
                        const keyward_key_query *query, const char *wanted_names, bool wanted_more)
{
    keyward_key_list *page = list_as(actor, repo_id, query);
    char names[256] = "";

    for (size_t i = 0; i < page->count; i++) {
        if (i > 0)
            strcat(names, ",");
        strcat(names, page->keys[i]->name);
    }
    ck_assert_str_eq(names, wanted_names);
    ck_assert_int_eq(page->more, wanted_more);
    keyward_key_list_free(&page);
}

START_TEST(more_tells_whether_there_are_older_keys)
{
    make_many("repo-1", 3); /* the last is deleted */
    assert_page(&rita, "repo-1", &(keyward_key_query){.limit = 1}, "1", true);
    assert_page(&rita, "repo-1", &(keyward_key_query){.limit = 2}, "1,0", false);
    assert_page(&rita, "repo-1", &(keyward_key_query){.limit = 3}, "1,0", false);
    assert_page(&anna, "repo-1",
                &(keyward_key_query){.include = KEYWARD_LIVE_AND_DELETED, .limit = 2}, "2,1", true);
    assert_page(&anna, "repo-1", &(keyward_key_query){.include = KEYWARD_DELETED, .limit = 1}, "2",
                false);
}
END_TEST

START_TEST(a_list_starts_before_any_id_there_is_or_not)
{
    keyward_key *first = make_key(&f, "repo-1", "first", NULL);
    keyward_key *second = make_key(&f, "repo-1", "second", NULL);

    assert_page(&rita, "repo-1", &(keyward_key_query){.before_key_id = second->id}, "first", false);
    assert_page(&rita, "repo-1", &(keyward_key_query){.before_key_id = first->id}, "", false);
    assert_page(&rita, "repo-1", &(keyward_key_query){.before_key_id = unknown_id}, "", false);
    assert_page(&rita, "repo-1",
                &(keyward_key_query){.before_key_id = "ffffffff-ffff-7fff-bfff-ffffffffffff"},
                "second,first", false);
    drop_key(&f, "repo-1", second->id); /* between two pages */
    assert_page(&rita, "repo-1", &(keyward_key_query){.before_key_id = second->id}, "first", false);
    keyward_key_free(&first);
    keyward_key_free(&second);
}
END_TEST

START_TEST(a_listed_key_has_all_its_fields)
{
    const keyward_key_query query = {.include = KEYWARD_LIVE_AND_DELETED};
    struct pair pair = make_pair();
    keyward_key_list *page = list_as(&anna, "repo-1", &query);
    keyward_key *deleted = get("repo-1", pair.deleted->id);

    ck_assert_uint_eq(page->count, 2);
    assert_same_key(page->keys[0], pair.live);
    assert_same_key(page->keys[1], deleted);
    keyward_key_free(&deleted);
    keyward_key_list_free(&page);
    free_pair(&pair);
}
END_TEST

static void assert_list_status(const keyward_actor *actor, const char *repo_id,
                               enum keyward_include include, enum keyward_status wanted)
{
    const keyward_key_query query = {.include = include};
    keyward_key_list *page = (keyward_key_list *)&f;

    assert_status(f.store, keyward_list_keys(f.store, actor, repo_id, &query, &page), wanted);
    if (wanted != KEYWARD_OK)
        ck_assert_ptr_null(page);
    keyward_key_list_free(&page);
}

START_TEST(the_role_decides_which_keys_are_listed)
{
    struct pair pair = make_pair();
    int64_t events = count_events(f.path);

    for (int include = KEYWARD_LIVE; include <= KEYWARD_LIVE_AND_DELETED; include++) {
        enum keyward_include each = (enum keyward_include)include;
        enum keyward_status below_admin = each == KEYWARD_LIVE ? KEYWARD_OK : KEYWARD_FORBIDDEN;
        assert_list_status(&rita, "repo-1", each, below_admin);
        assert_list_status(&will, "repo-1", each, below_admin);
        assert_list_status(&anna, "repo-1", each, KEYWARD_OK);
        assert_list_status(&host, "repo-1", each, KEYWARD_OK);
        assert_list_status(&nobody, "repo-1", each, KEYWARD_FORBIDDEN);
        assert_list_status(&anna, "repo-2", each, KEYWARD_FORBIDDEN);
    }
    assert_page(&rita, "repo-1", NULL, "live", false);
    assert_page(&host, "no repository", NULL, "", false);
    ck_assert_int_eq(count_events(f.path), events); /* a look leaves no event, refused or not */
    free_pair(&pair);
}
END_TEST

START_TEST(a_list_has_the_default_or_the_maximal_number_of_keys)
{
    keyward_key_query query = {.limit = KEYWARD_PAGE_MAX};
    keyward_key_list *page;

    hurry();
    for (int i = 0; i <= KEYWARD_PAGE_MAX; i++) {
        keyward_key *key = make_key(&f, "repo-1", "a key", NULL);
        keyward_key_free(&key);
    }
    page = list_as(&rita, "repo-1", NULL);
    ck_assert_uint_eq(page->count, KEYWARD_PAGE_DEFAULT);
    ck_assert(page->more);
    keyward_key_list_free(&page);
    page = list_as(&rita, "repo-1", &query);
    ck_assert_uint_eq(page->count, KEYWARD_PAGE_MAX);
    ck_assert(page->more);
    query.before_key_id = page->keys[0]->id;
    keyward_key_list *rest = list_as(&rita, "repo-1", &query);
    ck_assert_uint_eq(rest->count, KEYWARD_PAGE_MAX);
    ck_assert(!rest->more);
    keyward_key_list_free(&rest);
    keyward_key_list_free(&page);
}
END_TEST

/* ---- renaming ---- */

static void assert_rename(const keyward_actor *actor, const char *repo_id, const char *key_id,
                          const char *name, enum keyward_status wanted)
{
    assert_status(f.store, keyward_rename_key(f.store, actor, repo_id, key_id, name), wanted);
}

static void assert_name(const char *repo_id, const char *key_id, const char *wanted)
{
    keyward_key *key = get(repo_id, key_id);

    ck_assert_str_eq(key->name, wanted);
    keyward_key_free(&key);
}

START_TEST(a_renamed_key_has_the_new_name_and_an_event_with_both)
{
    const keyward_actor actor = {.user_id = "will",
                                 .request_id = "req-9",
                                 .client_address = "::1",
                                 .user_agent = "ui",
                                 .reason = "typo"};
    keyward_secret *secret;
    keyward_key *key = make_key(&f, "repo-1", "old", &secret);
    char *sealed = sql_text(f.path, "SELECT hex(sealed) FROM sealed_secrets");

    f.now++;
    assert_rename(&actor, "repo-1", key->id, "new", KEYWARD_OK);
    assert_row(ONE_KEY, "repo-1|0|new|OPENAI|%lld|-|4|-|-|-", (long long)START);
    assert_row(LAST_EVENT, "5|%lld|key.renamed|will|repo-1|%s|-|new|old|-|-|-|typo|req-9|::1|ui|0",
               (long long)START + 1, key->id);
    assert_name("repo-1", key->id, "new");
    assert_status(f.store, try_key(&f, key, secret), KEYWARD_OK);
    assert_row("SELECT hex(sealed) FROM sealed_secrets", "%s", sealed);
    assert_sound(&f);
    free(sealed);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}
END_TEST

START_TEST(the_host_and_the_admin_may_rename_too)
{
    keyward_key *key = make_key(&f, "repo-1", "a", NULL);

    assert_rename(&anna, "repo-1", key->id, "b", KEYWARD_OK);
    assert_row(LAST_EVENT, "5|%lld|key.renamed|anna|repo-1|%s|-|b|a|-|-|-|-|-|-|-|0",
               (long long)START, key->id);
    assert_rename(&host, "repo-1", key->id, "c", KEYWARD_OK);
    assert_row(LAST_EVENT, "6|%lld|key.renamed|-|repo-1|%s|-|c|b|-|-|-|-|-|-|-|0", (long long)START,
               key->id);
    keyward_key_free(&key);
}
END_TEST

START_TEST(the_name_it_had_writes_nothing)
{
    keyward_key *key = make_key(&f, "repo-1", "same", NULL);

    assert_rename(&will, "repo-1", key->id, "same", KEYWARD_OK);
    assert_row(EVERYTHING, "4|1|repo-1%ssame0", key->id);
    keyward_key_free(&key);
}
END_TEST

START_TEST(a_name_may_be_taken_already)
{
    keyward_key *first = make_key(&f, "repo-1", "first", NULL);
    keyward_key *second = make_key(&f, "repo-1", "second", NULL);

    assert_rename(&will, "repo-1", second->id, "first", KEYWARD_OK);
    assert_name("repo-1", first->id, "first");
    assert_name("repo-1", second->id, "first");
    keyward_key_free(&first);
    keyward_key_free(&second);
}
END_TEST

START_TEST(a_deleted_key_keeps_its_name)
{
    struct pair pair = make_pair();
    const keyward_error *error;

    assert_rename(&will, "repo-1", pair.deleted->id, "new", KEYWARD_ALREADY_DELETED);
    error = keyward_last_error(f.store);
    ck_assert_int_eq(error->status, KEYWARD_ALREADY_DELETED);
    ck_assert_int_eq(error->deleted_at, START);
    ck_assert_int_eq(error->deleted_event, 5);
    assert_rename(&will, "repo-1", pair.deleted->id, "deleted", KEYWARD_ALREADY_DELETED);
    assert_name("repo-1", pair.deleted->id, "deleted");
    ck_assert_int_eq(count_events(f.path), 6);
    free_pair(&pair);
}
END_TEST

START_TEST(an_unknown_key_cannot_be_renamed)
{
    keyward_key *other = make_key(&f, "repo-2", "other", NULL);

    assert_rename(&will, "repo-1", unknown_id, "new", KEYWARD_NOT_FOUND);
    assert_rename(&will, "repo-1", "no uuid", "new", KEYWARD_NOT_FOUND);
    assert_rename(&will, "repo-1", other->id, "new", KEYWARD_NOT_FOUND);
    assert_rename(&host, "repo-1", other->id, "new", KEYWARD_NOT_FOUND);
    assert_rename(&host, "no repository", other->id, "new", KEYWARD_NOT_FOUND);
    assert_row(EVERYTHING, "4|1|repo-2%sother0", other->id);
    keyward_key_free(&other);
}
END_TEST

START_TEST(renaming_is_refused_below_the_writer_whatever_exists)
{
    struct pair pair = make_pair();
    const struct {
        const keyward_actor *actor;
        const char *repo_id, *key_id;
    } refused[] = {{&rita, "repo-1", pair.live->id}, {&rita, "repo-1", pair.deleted->id},
                   {&rita, "repo-1", unknown_id},    {&nobody, "repo-1", pair.live->id},
                   {&anna, "repo-2", pair.live->id}, {&nobody, "no repository", unknown_id}};

    for (size_t i = 0; i < COUNT(refused); i++) {
        assert_rename(refused[i].actor, refused[i].repo_id, refused[i].key_id, "new",
                      KEYWARD_FORBIDDEN);
        ck_assert_str_eq(keyward_last_error(f.store)->message,
                         keyward_status_text(KEYWARD_FORBIDDEN));
        ck_assert_int_eq(keyward_last_error(f.store)->deleted_event, 0);
        assert_row(LAST_EVENT, "%zu|%lld|key.rename_denied|%s|%s|%s|-|new|-|-|-|-|-|-|-|-|0", i + 7,
                   (long long)START, refused[i].actor->user_id, refused[i].repo_id,
                   refused[i].key_id);
    }
    assert_name("repo-1", pair.live->id, "live");
    assert_sound(&f);
    free_pair(&pair);
}
END_TEST

/* ---- the suite ---- */

static void add_creating(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "create", open_fixture, close_fixture);

    tcase_add_test(tests, a_created_key_tells_everything_about_itself);
    tcase_add_test(tests, access_keys_and_secrets_have_their_form);
    tcase_add_test(tests, the_prefix_option_stands_in_front_of_both_halves);
    tcase_add_test(tests, an_id_is_a_version_7_uuid_of_the_time);
    tcase_add_test(tests, a_secret_opens_its_own_key_and_no_other);
    tcase_add_test(tests, two_keys_of_one_name_share_nothing_else);
    tcase_add_loop_test(tests, every_provider_is_kept_and_named_in_the_event, KEYWARD_OTHER,
                        KEYWARD_AWS + 1);
    tcase_add_test(tests, the_creation_event_has_every_field);
    tcase_add_test(tests, the_creation_event_carries_the_hash_of_the_sealed_secret);
    tcase_add_test(tests, no_file_of_the_store_holds_the_secret);
    tcase_add_test(tests, a_key_made_by_the_host_has_no_creator);
    tcase_add_test(tests, creating_is_refused_below_the_writer_and_leaves_only_its_event);
    tcase_add_test(tests, ids_sort_by_creation_while_the_clock_stands_still);
    tcase_add_test(tests, ids_sort_by_creation_when_the_clock_goes_back);
    tcase_add_test(tests, ids_sort_behind_deleted_keys_as_well);
}

static void add_reading(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "get and list", open_fixture, close_fixture);

    tcase_add_test(tests, the_role_decides_which_keys_can_be_found);
    tcase_add_test(tests, a_key_is_found_in_its_own_repository_only);
    tcase_add_test(tests, a_deleted_key_tells_who_deleted_it_and_when);
    tcase_add_test(tests, pages_of_every_size_walk_every_key_once);
    tcase_add_test(tests, more_tells_whether_there_are_older_keys);
    tcase_add_test(tests, a_list_starts_before_any_id_there_is_or_not);
    tcase_add_test(tests, a_listed_key_has_all_its_fields);
    tcase_add_test(tests, the_role_decides_which_keys_are_listed);
    tcase_add_test(tests, a_list_has_the_default_or_the_maximal_number_of_keys);
}

static void add_renaming(Suite *suite)
{
    TCase *tests = suite_add_case(suite, "rename", open_fixture, close_fixture);

    tcase_add_test(tests, a_renamed_key_has_the_new_name_and_an_event_with_both);
    tcase_add_test(tests, the_host_and_the_admin_may_rename_too);
    tcase_add_test(tests, the_name_it_had_writes_nothing);
    tcase_add_test(tests, a_name_may_be_taken_already);
    tcase_add_test(tests, a_deleted_key_keeps_its_name);
    tcase_add_test(tests, an_unknown_key_cannot_be_renamed);
    tcase_add_test(tests, renaming_is_refused_below_the_writer_whatever_exists);
}

int main(void)
{
    Suite *suite = suite_create("keys");

    add_creating(suite);
    add_reading(suite);
    add_renaming(suite);
    return run_suite(suite);
}
