/* SPDX-License-Identifier: MIT */
/*
 * The life of keys, played on a real store in a folder of its own: a repository, its users and
 * keys, a deletion with everything that must and must not happen around it, a rotation, a guarded
 * deletion, another master key. Each promise is checked as it is shown; the exit status is that of
 * the worst one.
 *
 * Only the "auditor" at the end looks past keyward's header: it reads the sealed bytes with SQLite.
 */
#include "stage.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPO "acme/website"
#define KEYS 5
#define HOURS(n) (INT64_C(3600000) * (n))
#define DAYS(n) (INT64_C(86400000) * (n))

static const keyward_actor host = {.is_host = true};
static const keyward_actor anna = {.user_id = "anna"};
static const keyward_actor will = {
    .user_id = "will", .request_id = "req-17", .client_address = "192.0.2.7"};
static const keyward_actor rita = {.user_id = "rita"};
static const keyward_actor mallory = {.user_id = "mallory", .client_address = "203.0.113.66"};

static char folder[] = "/tmp/keyward-demo-XXXXXX";
static char store_path[64], master_path[64], new_master_path[64];

static struct {
    keyward_key *key;
    keyward_secret *secret;
} keys[KEYS];

/* ---- the auditor, who reads the file itself ---- */

struct blob {
    unsigned char bytes[256];
    size_t length;
};

static struct blob sealed_secret(const char *access_key)
{
    struct blob blob = {.length = 0};
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;

    if (sqlite3_open_v2(store_path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT sealed FROM sealed_secrets WHERE access_key = ?1", -1,
                           &statement, NULL) == SQLITE_OK &&
        sqlite3_bind_text(statement, 1, access_key, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        size_t length = (size_t)sqlite3_column_bytes(statement, 0);
        if (length <= sizeof blob.bytes) {
            memcpy(blob.bytes, sqlite3_column_blob(statement, 0), length);
            blob.length = length;
        }
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return blob;
}

/* ---- the story ---- */

/* Time passes in the story as it tells. */
static enum keyward_status open_store(keyward **store, const char *master_key_file)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;

    options.master_key_file = master_key_file;
    options.clock = stage_clock;
    return keyward_open(store, store_path, &options);
}

static keyward *open_new_store(void)
{
    keyward *store = NULL;
    struct stat file;

    chapter("A new store");
    must(NULL, keyward_create_master_key_file(master_path), "master key");
    must(NULL, open_store(&store, master_path), "open");
    promise(stat(store_path, &file) == 0 && (file.st_mode & 0777) == 0600,
            "keys.db, one SQLite file, readable by its owner only");
    promise(stat(master_path, &file) == 0 && (file.st_mode & 0777) == 0600,
            "master.key, 256 random bits, kept apart from it");
    return store;
}

static void invite_users(keyward *store)
{
    keyward_user_list *users;

    chapter("A repository and its users");
    must(store, keyward_grant(store, &host, REPO, "anna", KEYWARD_ADMIN), "grant");
    must(store, keyward_grant(store, &anna, REPO, "will", KEYWARD_WRITER), "grant");
    must(store, keyward_grant(store, &anna, REPO, "rita", KEYWARD_READER), "grant");
    must(store, keyward_list_users(store, &anna, REPO, NULL, &users), "list users");
    for (size_t i = 0; i < users->count; i++)
        printf("      %-9s %s\n", users->users[i]->user_id,
               keyward_role_text(users->users[i]->role));
    printf("      %-9s %sno access%s\n", "mallory", dim, plain);
    keyward_user_list_free(&users);
}

static void create_keys(keyward *store)
{
    static const keyward_new_key wanted[KEYS] = {
        {.name = "CI pipeline", .provider = KEYWARD_OPENAI},
        {.name = "Nightly batch", .provider = KEYWARD_GOOGLE},
        {.name = "Chat widget", .provider = KEYWARD_ANTHROPIC},
        {.name = "Image resize", .provider = KEYWARD_AWS},
        {.name = "Old scanner", .provider = KEYWARD_OTHER},
    };

    chapter("Will creates keys; each secret is shown this once");
    for (int i = 0; i < KEYS; i++) {
        /* The last one belongs to another repository, for the refusals below. */
        const keyward_actor *actor = i == KEYS - 1 ? &host : &will;
        const char *repo = i == KEYS - 1 ? "acme/other" : REPO;
        must(store,
             keyward_create_key(store, actor, repo, &wanted[i], &keys[i].key, &keys[i].secret),
             "create");
        if (i < KEYS - 1)
            printf("      %-14s %-10s %s\n      %s%25s %s%s\n", wanted[i].name,
                   keyward_provider_text(wanted[i].provider), keys[i].key->access_key, dim,
                   "secret", keys[i].secret->text, plain);
    }
}

static size_t show_list(keyward *store, bool *found, const char *key_id)
{
    keyward_key_list *list;
    size_t count;
    char time[32];

    *found = false;
    must(store, keyward_list_keys(store, &rita, REPO, NULL, &list), "list");
    for (size_t i = 0; i < list->count; i++) {
        const keyward_key *key = list->keys[i];
        printf("      %-14s %-10s %s  %sby %s at %s%s\n", key->name,
               keyward_provider_text(key->provider), key->access_key, dim, key->created_by,
               clock_time(key->created_at, time), plain);
        *found = *found || strcmp(key->id, key_id) == 0;
    }
    count = list->count;
    keyward_key_list_free(&list);
    return count;
}

static enum keyward_status authenticate(keyward *store, int i, keyward_identity *identity)
{
    return keyward_authenticate(store, keys[i].key->access_key, keys[i].secret->text,
                                keys[i].secret->length, identity);
}

static void list_and_authenticate(keyward *store)
{
    keyward_identity identity;
    bool found;
    size_t count;

    chapter("Rita lists them: newest first, never a secret");
    count = show_list(store, &found, keys[0].key->id);
    promise(count == KEYS - 1 && found, "four keys");

    chapter("The CI pipeline authenticates");
    answer(store, "access key and secret of 'CI pipeline'", authenticate(store, 0, &identity),
           KEYWARD_OK);
    printf("      opens %s%s%s for %s, key %s\n", bold, identity.repo_id, plain,
           keyward_provider_text(identity.provider), identity.key_id);
}

static void try_without_right(keyward *store)
{
    chapter("Who may not, cannot: refused alike, so that nothing is told");
    answer(store, "mallory deletes 'CI pipeline'",
           keyward_delete_key(store, &mallory, REPO, keys[0].key->id, NULL), KEYWARD_FORBIDDEN);
    answer(store, "mallory deletes a key that does not exist",
           keyward_delete_key(store, &mallory, REPO, "00000000-0000-7000-8000-000000000000", NULL),
           KEYWARD_FORBIDDEN);
    answer(store, "rita, a reader, deletes 'CI pipeline'",
           keyward_delete_key(store, &rita, REPO, keys[0].key->id, NULL), KEYWARD_FORBIDDEN);
    answer(store, "will deletes a key of another repository",
           keyward_delete_key(store, &will, REPO, keys[KEYS - 1].key->id, NULL), KEYWARD_NOT_FOUND);
}

static int64_t delete_key(keyward *store)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_COMPROMISED,
                                 .reason_text = "found in a public log"};
    keyward_deletion again = {.reason = KEYWARD_REASON_NONE};
    char time[32], line[96];

    chapter("Will deletes it: one durable transaction");
    answer(store, "will deletes 'CI pipeline', compromised",
           keyward_delete_key(store, &will, REPO, keys[0].key->id, &deletion), KEYWARD_OK);
    snprintf(line, sizeof line, "marked and recorded together: event %lld at %s",
             (long long)deletion.event, clock_time(deletion.deleted_at, time));
    promise(deletion.event > 0, line);
    answer(store, "will deletes it again",
           keyward_delete_key(store, &will, REPO, keys[0].key->id, &again),
           KEYWARD_ALREADY_DELETED);
    promise(again.event == deletion.event && again.deleted_at == deletion.deleted_at,
            "the second answer names the first deletion, so that a retry is safe");
    return deletion.event;
}

static void try_deleted_key(keyward *store, int64_t event)
{
    keyward_identity identity;
    char line[96];
    bool found;
    size_t count;

    chapter("The deleted key opens nothing any more, in no thread and no process");
    answer(store, "access key and secret of 'CI pipeline'", authenticate(store, 0, &identity),
           KEYWARD_REFUSED);
    snprintf(line, sizeof line, "only the host is told why: deleted by event %lld",
             (long long)keyward_last_error(store)->deleted_event);
    promise(keyward_last_error(store)->cause == KEYWARD_CAUSE_DELETED &&
                keyward_last_error(store)->deleted_event == event,
            line);
    answer(store, "a secret that is wrong",
           keyward_authenticate(store, keys[1].key->access_key, keys[2].secret->text,
                                keys[2].secret->length, &identity),
           KEYWARD_REFUSED);
    answer(store, "the other keys", authenticate(store, 1, &identity), KEYWARD_OK);

    chapter("The list is without it");
    count = show_list(store, &found, keys[0].key->id);
    promise(count == KEYS - 2 && !found, "three keys");
}

static enum keyward_status try_pair(keyward *store, const keyward_key *key,
                                    const keyward_secret *secret)
{
    keyward_identity identity;
    return keyward_authenticate(store, key->access_key, secret->text, secret->length, &identity);
}

static void rotate_key(keyward *store)
{
    const keyward_rotation rotation = {.overlap = HOURS(12)};
    keyward_key *successor, *old;
    keyward_secret *secret;

    chapter("Will rotates 'Nightly batch': a successor first, and no outage");
    answer(store, "will rotates it, with an overlap of 12 hours",
           keyward_rotate_key(store, &will, REPO, keys[1].key->id, &rotation, &successor, &secret),
           KEYWARD_OK);
    must(store, keyward_get_key(store, &rita, REPO, keys[1].key->id, KEYWARD_LIVE, &old), "get");
    promise(strcmp(old->successor_id, successor->id) == 0 &&
                strcmp(successor->predecessor_id, old->id) == 0,
            "the two are linked, and lists show it");
    answer(store, "the new pair", try_pair(store, successor, secret), KEYWARD_OK);
    answer(store, "the old pair, meanwhile", try_pair(store, old, keys[1].secret), KEYWARD_OK);
    let_pass(HOURS(12), "12 hours");
    answer(store, "the old pair", try_pair(store, old, keys[1].secret), KEYWARD_REFUSED);
    promise(keyward_last_error(store)->cause == KEYWARD_CAUSE_EXPIRED,
            "its deadline has passed: only the host is told");
    answer(store, "the new pair", try_pair(store, successor, secret), KEYWARD_OK);
    keyward_key_free(&old);
    keyward_key_free(&successor);
    keyward_secret_free(&secret);
}

static void delete_idle_key(keyward *store)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_UNUSED, .unless_used_within = DAYS(7)};
    char time[32], line[96];

    chapter("Will deletes 'Chat widget', unless somebody still uses it");
    answer(store, "the chat widget authenticates", try_pair(store, keys[2].key, keys[2].secret),
           KEYWARD_OK);
    answer(store, "will deletes it, if unused for 7 days",
           keyward_delete_key(store, &will, REPO, keys[2].key->id, &deletion), KEYWARD_IN_USE);
    snprintf(line, sizeof line, "it was last used at %s",
             clock_time(keyward_last_error(store)->last_used_at, time));
    promise(keyward_last_error(store)->last_used_at > 0, line);
    let_pass(DAYS(7), "7 quiet days");
    answer(store, "will deletes it, if unused for 7 days",
           keyward_delete_key(store, &will, REPO, keys[2].key->id, &deletion), KEYWARD_OK);
    answer(store, "the chat widget", try_pair(store, keys[2].key, keys[2].secret), KEYWARD_REFUSED);
}

/* Closes the store and opens it with the new key. */
static keyward *change_master_key(keyward *store)
{
    const keyward_master_key new_master_key = {.file = new_master_path};
    struct blob before = sealed_secret(keys[3].key->access_key), after;
    keyward *refused = NULL;

    chapter("Another master key");
    must(NULL, keyward_create_master_key_file(new_master_path), "new master key");
    answer(store, "the host changes it", keyward_change_master_key(store, &host, &new_master_key),
           KEYWARD_OK);
    after = sealed_secret(keys[3].key->access_key);
    promise(after.length == before.length && memcmp(after.bytes, before.bytes, after.length) == 0,
            "no sealed secret was touched: only the keys that seal them");
    keyward_close(&store);
    answer(NULL, "opening the store with the old one", open_store(&refused, master_path),
           KEYWARD_WRONG_MASTER_KEY);
    answer(NULL, "opening it with the new one", open_store(&store, new_master_path), KEYWARD_OK);
    answer(store, "access key and secret of 'Image resize'",
           try_pair(store, keys[3].key, keys[3].secret), KEYWARD_OK);
    return store;
}

static const char *subject_of(const keyward_event *event)
{
    return event->name      ? event->name
           : event->user_id ? event->user_id
           : event->key_id  ? event->key_id
                            : "";
}

static void show_event(const keyward_event *event)
{
    char time[32];

    printf("    %4lld  %s%s%s  %-24s %-8s %s%s%s%s%s%s%s\n", (long long)event->sequence, dim,
           clock_time(event->at, time), plain, keyward_action_text(event->action),
           event->actor_id ? event->actor_id : "(host)", subject_of(event),
           event->role ? " → " : "", event->role ? event->role : "", event->reason ? ", " : "",
           event->reason ? event->reason : "", event->reason_text ? ": " : "",
           event->reason_text ? event->reason_text : "");
}

static void show_audit(keyward *store, const struct blob *before)
{
    const keyward_event_query query = {.oldest_first = true, .limit = KEYWARD_PAGE_MAX};
    unsigned char hash[crypto_hash_sha256_BYTES];
    keyward_event_list *events;
    bool gapless = true, hash_kept = false;

    crypto_hash_sha256(hash, before->bytes, before->length);
    chapter("The audit trail");
    must(store, keyward_list_events(store, &host, &query, &events), "events");
    for (size_t i = 0; i < events->count; i++) {
        const keyward_event *event = events->events[i];
        show_event(event);
        gapless = gapless && event->sequence == (int64_t)i + 1;
        hash_kept = hash_kept || (event->action == KEYWARD_KEY_CREATED &&
                                  strcmp(event->key_id, keys[0].key->id) == 0 &&
                                  memcmp(event->sealed_sha256, hash, sizeof hash) == 0);
    }
    promise(gapless, "every change and every refused deletion, in order, without a gap");
    promise(hash_kept, "the creation event carries the SHA-256 of the sealed secret");
    keyward_event_list_free(&events);
}

static void show_sealed(const struct blob *before)
{
    struct blob after = sealed_secret(keys[0].key->access_key);

    chapter("The auditors' copy: the sealed secret is as it was");
    print_hex("before", before->bytes, 20, before->length);
    print_hex("after", after.bytes, 20, after.length);
    promise(after.length > 0 && after.length == before->length &&
                memcmp(after.bytes, before->bytes, after.length) == 0,
            "byte for byte");
}

static void check(keyward *store)
{
    keyward_report *report = NULL;
    enum keyward_status status;
    char line[96] = "the check did not end";

    chapter("keyward checks itself");
    status = keyward_check(store, NULL, &report);
    if (report)
        snprintf(line, sizeof line, "%lld secrets opened, %lld events followed, %lld problems",
                 (long long)report->keys_checked, (long long)report->events_checked,
                 (long long)report->findings_total);
    promise(status == KEYWARD_OK, line);
    keyward_report_free(&report);
}

static void clean_up(keyward **store)
{
    for (int i = 0; i < KEYS; i++) {
        keyward_key_free(&keys[i].key);
        keyward_secret_free(&keys[i].secret);
    }
    keyward_close(store);
    unlink(store_path);
    unlink(master_path);
    unlink(new_master_path);
    rmdir(folder);
}

int main(void)
{
    keyward *store;
    struct blob before;
    int64_t event;

    choose_colours();
    if (sodium_init() < 0 || !mkdtemp(folder)) {
        fprintf(stderr, "demo: no temporary folder can be made\n");
        return EXIT_FAILURE;
    }
    snprintf(store_path, sizeof store_path, "%s/keys.db", folder);
    snprintf(master_path, sizeof master_path, "%s/master.key", folder);
    snprintf(new_master_path, sizeof new_master_path, "%s/new-master.key", folder);
    printf("%skeyward %s%s  the life and death of an API key, on a real store\n", bold,
           keyward_version(), plain);

    store = open_new_store();
    invite_users(store);
    create_keys(store);
    before = sealed_secret(keys[0].key->access_key);
    list_and_authenticate(store);
    try_without_right(store);
    event = delete_key(store);
    try_deleted_key(store, event);
    show_sealed(&before);
    rotate_key(store);
    delete_idle_key(store);
    store = change_master_key(store);
    show_audit(store, &before);
    check(store);
    clean_up(&store);

    printf("\n%s%s%s\n", broken_promises() ? red : bold,
           broken_promises() ? "Something was not as promised: see the ✗ above."
                             : "Everything was as promised.",
           plain);
    return broken_promises() ? EXIT_FAILURE : EXIT_SUCCESS;
}
