/* SPDX-License-Identifier: MIT */
#include "damage/answers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An access key and a secret of the right form that no store has. */
#define STRANGE_ACCESS_KEY "kw_ak_0000000000000000000000000000"
#define STRANGE_SECRET "a provider's own secret, which could be anything"

static const char *const repositories[] = {"repo-1", "repo-2", "repo-3"};
static const char *const users[] = {"anna", "will", "rita", "nobody"};
#define COUNT(array) (sizeof(array) / sizeof *(array))

struct asking {
    keyward *store;
    const struct known_keys *known;
    struct answers *answers;
    FILE *text;
};

static enum keyward_status note(struct answers *answers, enum keyward_status status)
{
    answers->statuses |= UINT64_C(1) << status;
    return status;
}

/* A call's name, what it was asked, and what it came to. */
static enum keyward_status say(struct asking *asking, const char *call, const char *about,
                               enum keyward_status status)
{
    fprintf(asking->text, "%s %s: %d", call, about, note(asking->answers, status));
    fputc('\n', asking->text);
    return status;
}

static const char *or_none(const char *text)
{
    return text ? text : "-";
}

/* ---- authentication ---- */

enum keyward_status ask_key(keyward *store, const struct known_key *key, const char *secret,
                            struct answers *answers)
{
    keyward_identity identity;
    enum keyward_status status = note(
        answers, keyward_authenticate(store, key->access_key, secret, strlen(secret), &identity));

    if (status != KEYWARD_OK)
        return status;
    if (strcmp(secret, key->secret) != 0)
        answers->wrong = "a secret opens a key that is not its own";
    if (strcmp(identity.repo_id, key->repo_id) != 0 || strcmp(identity.key_id, key->id) != 0)
        answers->wrong = "a key opens what is not its own";
    return status;
}

static void ask_to_open(struct asking *asking, size_t index)
{
    const struct known_key *key = &asking->known->keys[index];
    const struct known_key *next = &asking->known->keys[(index + 1) % asking->known->count];
    struct answers *answers = asking->answers;
    const keyward_error *error;

    if (ask_key(asking->store, key, key->secret, answers) == KEYWARD_OK)
        answers->opened |= UINT64_C(1) << index;
    error = keyward_last_error(asking->store);
    if (error->cause == KEYWARD_CAUSE_DELETED || error->cause == KEYWARD_CAUSE_PURGED)
        answers->deleted |= UINT64_C(1) << index;
    fprintf(asking->text,
            "open %zu: %d, cause %d, deleted %" PRId64 " by %" PRId64 ", expired %" PRId64 "\n",
            index, error->status, error->cause, error->deleted_at, error->deleted_event,
            error->expired_at);
    ask_key(asking->store, key, next->secret, answers);
    ask_key(asking->store, key, STRANGE_SECRET, answers);
    fprintf(asking->text, "not open %zu: cause %d\n", index,
            keyward_last_error(asking->store)->cause);
}

static void ask_for_a_stranger(struct asking *asking)
{
    struct known_key stranger = {.access_key = STRANGE_ACCESS_KEY};

    say(asking, "open", "a stranger",
        ask_key(asking->store, &stranger, asking->known->keys[0].secret, asking->answers));
}

/* ---- keys and users ---- */

static void tell_key(struct asking *asking, const keyward_key *key)
{
    fprintf(asking->text, "  %s in %s: %s '%s' %d, created %" PRId64 " by %s, ", key->id,
            key->repo_id, key->access_key, key->name, key->provider, key->created_at,
            or_none(key->created_by));
    fprintf(asking->text, "deleted %" PRId64 " by %s in %" PRId64 ", expires %" PRId64 " %d, ",
            key->deleted_at, or_none(key->deleted_by), key->deleted_event, key->expires_at,
            key->expired);
    fprintf(asking->text, "after %s before %s, purged %" PRId64 " in %" PRId64 "\n",
            or_none(key->predecessor_id), or_none(key->successor_id), key->purged_at,
            key->purged_event);
}

static void ask_for_key(struct asking *asking, const struct known_key *known)
{
    keyward_key *key = NULL;

    if (say(asking, "get", known->id,
            keyward_get_key(asking->store, &host, known->repo_id, known->id,
                            KEYWARD_LIVE_AND_DELETED, &key)) == KEYWARD_OK)
        tell_key(asking, key);
    keyward_key_free(&key);
}

static void ask_for_keys(struct asking *asking, const char *repo_id, const keyward_actor *actor,
                         enum keyward_include include)
{
    const keyward_key_query query = {.include = include};
    keyward_key_list *keys = NULL;

    say(asking, "list", repo_id, keyward_list_keys(asking->store, actor, repo_id, &query, &keys));
    for (size_t i = 0; keys && i < keys->count; i++)
        tell_key(asking, keys->keys[i]);
    keyward_key_list_free(&keys);
}

static void ask_for_users(struct asking *asking, const char *repo_id)
{
    keyward_user_list *list = NULL;

    say(asking, "users", repo_id, keyward_list_users(asking->store, &host, repo_id, NULL, &list));
    for (size_t i = 0; list && i < list->count; i++)
        fprintf(asking->text, "  %s %d %" PRId64 "\n", list->users[i]->user_id,
                list->users[i]->role, list->users[i]->granted_at);
    keyward_user_list_free(&list);
}

static void ask_for_repository(struct asking *asking, const char *repo_id)
{
    for (int include = KEYWARD_LIVE; include <= KEYWARD_LIVE_AND_DELETED; include++)
        ask_for_keys(asking, repo_id, &host, (enum keyward_include)include);
    for (size_t i = 0; i < COUNT(users); i++)
        ask_for_keys(asking, repo_id, &(keyward_actor){.user_id = users[i]}, KEYWARD_DELETED);
    ask_for_users(asking, repo_id);
}

/* ---- the log ---- */

static int add_export(void *context, const char *bytes, size_t length)
{
    fwrite(bytes, 1, length, context);
    return 0;
}

static int add_nothing(void *context, const char *path, const void *bytes, size_t length)
{
    (void)context;
    (void)path;
    return length > 0 && !bytes;
}

static int64_t ask_for_events(struct asking *asking)
{
    const keyward_event_query query = {.oldest_first = true, .limit = KEYWARD_PAGE_MAX};
    const keyward_export destination = {KEYWARD_JSON_LINES, add_export, asking->text};
    keyward_event_list *events = NULL;
    int64_t last = 0;

    say(asking, "events", "all", keyward_list_events(asking->store, &host, &query, &events));
    if (events && events->count > 0)
        last = events->events[events->count - 1]->sequence;
    fprintf(asking->text, "  %zu, the last %" PRId64 "\n", events ? events->count : 0, last);
    keyward_event_list_free(&events);
    say(asking, "export", "all", keyward_export_events(asking->store, &host, &query, &destination));
    return last;
}

/* What is handed out is proven by the key that the log has always had. */
static void verify(struct asking *asking, const keyward_text *receipt)
{
    const keyward_trust trust = {.log_key = asking->known->log_key};
    keyward_proven proven;

    if (trust.log_key[0] != '\0' && keyward_verify_receipt(receipt->text, receipt->length, &trust,
                                                           NULL, 0, &proven) != KEYWARD_OK)
        asking->answers->wrong = "a receipt does not hold";
}

static void ask_for_proofs(struct asking *asking, int64_t last)
{
    const keyward_publication publication = {.write = add_nothing};
    keyward *store = asking->store;
    keyward_text *text = NULL;

    say(asking, "log key", "", keyward_audit_log_key(store, &host, NULL, &text));
    if (text)
        fprintf(asking->text, "  %s\n", text->text);
    keyward_text_free(&text);
    for (int64_t sequence = 1; sequence <= last && sequence <= KEYWARD_PAGE_MAX; sequence += 9) {
        if (note(asking->answers, keyward_audit_receipt(store, &host, sequence, 0, &text)) ==
            KEYWARD_OK)
            verify(asking, text);
        keyward_text_free(&text);
    }
    note(asking->answers, keyward_audit_consistency(store, &host, 3, 0, &text));
    keyward_text_free(&text);
    note(asking->answers, keyward_audit_publish(store, &host, &publication));
}

static void ask_for_stats(struct asking *asking)
{
    keyward_stats *stats = NULL;

    if (say(asking, "stats", "", keyward_get_stats(asking->store, &stats)) == KEYWARD_OK)
        fprintf(asking->text,
                "  %" PRId64 " live, %" PRId64 " expired, %" PRId64 " deleted, %" PRId64
                " purged, %" PRId64 " repositories, %" PRId64 " users, %" PRId64 " events, %" PRId64
                " to %" PRId64 ", %" PRId64 " data keys, schema %d, unique %d\n",
                stats->live_keys, stats->expired_keys, stats->deleted_keys, stats->purged_keys,
                stats->repositories, stats->users, stats->events, stats->first_event_at,
                stats->last_event_at, stats->data_keys, stats->schema_version, stats->unique_names);
    keyward_stats_free(&stats);
}

struct answers ask(keyward *store, const struct known_keys *known)
{
    struct answers answers = {.text = NULL};
    size_t size;
    struct asking asking = {store, known, &answers, open_memstream(&answers.text, &size)};
    int64_t last;

    if (!asking.text)
        abort();
    for (size_t i = 0; i < known->count; i++)
        ask_to_open(&asking, i);
    ask_for_a_stranger(&asking);
    for (size_t i = 0; i < known->count; i++)
        ask_for_key(&asking, &known->keys[i]);
    for (size_t i = 0; i < COUNT(repositories); i++)
        ask_for_repository(&asking, repositories[i]);
    last = ask_for_events(&asking);
    ask_for_proofs(&asking, last);
    ask_for_stats(&asking);
    fclose(asking.text);
    return answers;
}
