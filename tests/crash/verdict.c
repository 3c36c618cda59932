/* SPDX-License-Identifier: MIT */
#include "crash/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AFTERWARDS "afterwards" /* the repository in which a look at a store makes its changes */

static const keyward_actor host = {.is_host = true};

/* What one look at a store gathers. */
struct look {
    struct verdict *verdict;
    struct ledger *ledger;
    keyward *store;
    struct span span;
    int64_t sequence;                    /* of the newest event so far */
    int64_t added;                       /* events of looks that were before */
    int master_key;                      /* that the events say is in force */
    int seen[WORKERS_MAX][CHANGES_EACH]; /* events of each change */
    int role[WORKERS_MAX];               /* of each worker's user; 0: none */
    struct key_state states[WORKERS_MAX][KEYS_EACH];
};

bool verdict_bad(struct verdict *verdict, const char *format, ...)
{
    va_list arguments;

    if (!verdict->is_bad) {
        va_start(arguments, format);
        vsnprintf(verdict->text, sizeof verdict->text, format, arguments);
        va_end(arguments);
    }
    verdict->is_bad = true;
    return false;
}

/* A call that must succeed. */
static bool did(struct look *look, enum keyward_status status, const char *what)
{
    return status == KEYWARD_OK || verdict_bad(look->verdict, "%s: %d (%s)", what, status,
                                               keyward_last_error(look->store)->message);
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* ---- the events ---- */

/* One whose acknowledgement never came has its id from here. */
static bool is_key(struct ledger *ledger, int key, const char *id)
{
    struct ledger_key *known;

    if (key == NO_KEY)
        return !id;
    known = ledger_key(ledger, key);
    if (id && known->id[0] == '\0')
        snprintf(known->id, sizeof known->id, "%s", id);
    return id && strcmp(known->id, id) == 0;
}

static bool says(struct ledger *ledger, const keyward_event *event, const struct effect *effect)
{
    char name[LEDGER_TEXT];

    if (event->action != effect->action || !is_key(ledger, effect->key, event->key_id))
        return false;
    switch (event->action) {
    case KEYWARD_KEY_CREATED:
    case KEYWARD_KEY_IMPORTED:
    case KEYWARD_KEY_RENAMED:
        key_name(name, effect->number);
        return same(event->name, name);
    case KEYWARD_KEY_ROTATED:
        return is_key(ledger, effect->other, event->other_key_id);
    case KEYWARD_KEY_EXPIRY_SET:
        return event->expires_at == effect->number;
    case KEYWARD_ACCESS_GRANTED:
        return same(event->role, keyward_role_text((enum keyward_role)effect->number));
    default:
        return true;
    }
}

static void take_in(struct look *look, const keyward_event *event, const struct effect *effect,
                    int worker)
{
    struct key_state *states = look->states[worker];

    effect_apply(effect, states);
    switch (event->action) {
    case KEYWARD_KEY_DELETED:
        states[effect->key % KEYS_EACH].deleted_event = event->sequence;
        break;
    case KEYWARD_KEY_ROTATED:
        states[effect->key % KEYS_EACH].expires_at = event->expires_at;
        break;
    case KEYWARD_ACCESS_GRANTED:
        look->role[worker] = (int)effect->number;
        break;
    case KEYWARD_ACCESS_REVOKED:
        look->role[worker] = 0;
        break;
    case KEYWARD_MASTER_KEY_CHANGED:
        look->master_key = (int)effect->number;
        break;
    default:
        break;
    }
}

static bool read_event(struct look *look, const keyward_event *event)
{
    int worker, number, place;
    const struct change *change;

    if (event->sequence != look->sequence + 1)
        return verdict_bad(look->verdict, "event %lld follows %lld", (long long)event->sequence,
                           (long long)look->sequence);
    look->sequence = event->sequence;
    if (event->repo_id && strcmp(event->repo_id, AFTERWARDS) == 0) {
        look->added++;
        return true;
    }
    if (look->added > 0)
        return verdict_bad(look->verdict, "event %lld is younger than a look at the store",
                           (long long)event->sequence);
    if (!change_of(event->request_id, &worker, &number))
        return verdict_bad(look->verdict, "event %lld is nobody's", (long long)event->sequence);
    change = &look->ledger->pages[worker].changes[number];
    place = look->seen[worker][number]++;
    if (place >= change->effect_count || !says(look->ledger, event, &change->effects[place]))
        return verdict_bad(look->verdict, "event %lld, %s, is not the one of %s",
                           (long long)event->sequence, keyward_action_text(event->action),
                           event->request_id);
    take_in(look, event, &change->effects[place], worker);
    return true;
}

static bool read_events(struct look *look)
{
    keyward_event_query query = {.oldest_first = true, .limit = KEYWARD_PAGE_MAX};
    keyward_event_list *events = NULL;
    bool more = true;

    while (more) {
        query.after_sequence = look->sequence;
        if (!did(look, keyward_list_events(look->store, &host, &query, &events), "list events"))
            return false;
        for (size_t i = 0; i < events->count && !look->verdict->is_bad; i++)
            read_event(look, events->events[i]);
        more = events->more && !look->verdict->is_bad;
        keyward_event_list_free(&events);
    }
    return !look->verdict->is_bad;
}

static bool compare_change(struct look *look, int worker, int number)
{
    const struct change *change = &look->ledger->pages[worker].changes[number];
    const char *what = keyward_action_text(change->effects[0].action);
    int seen = look->seen[worker][number];

    if (seen != 0 && seen != change->effect_count)
        return verdict_bad(look->verdict, "worker-%d.%d (%s): %d of its %d events are there",
                           worker, number, what, seen, change->effect_count);
    if (seen == 0 && change->ended <= look->span.from)
        return verdict_bad(look->verdict, "worker-%d.%d (%s) was acknowledged and is gone", worker,
                           number, what);
    if (seen > 0 && change->begun > look->span.until)
        return verdict_bad(look->verdict, "worker-%d.%d (%s) is there before it was asked for",
                           worker, number, what);
    return true;
}

static bool compare_changes(struct look *look)
{
    for (int worker = 0; worker < WORKERS_MAX; worker++) {
        const struct page *page = &look->ledger->pages[worker];
        for (int number = 0; number < page->change_count; number++) {
            if (!compare_change(look, worker, number))
                return false;
        }
    }
    return true;
}

/* ---- the rows ---- */

static const char *id_of(struct ledger *ledger, int key)
{
    return key == NO_KEY ? NULL : ledger_key(ledger, key)->id;
}

static bool compare_key(struct look *look, int key, const keyward_key *row)
{
    const struct key_state *state = &look->states[key / KEYS_EACH][key % KEYS_EACH];
    char name[LEDGER_TEXT];

    key_name(name, state->name);
    if (!state->is_there || (row->deleted_at != 0) != state->is_deleted ||
        (row->purged_at != 0) != state->is_purged || row->expires_at != state->expires_at ||
        row->deleted_event != (state->is_deleted ? state->deleted_event : 0) ||
        !same(row->name, name) || !same(row->successor_id, id_of(look->ledger, state->successor)) ||
        !same(row->predecessor_id, id_of(look->ledger, state->predecessor)))
        return verdict_bad(look->verdict, "the row of key %d is not what its events say", key);
    return true;
}

/* The keys' order is that of their creation, whoever knows them. */
static int find_key(const struct page *page, const char *id)
{
    for (int i = page->key_count - 1; i >= 0; i--) {
        if (strcmp(page->keys[i].id, id) == 0)
            return i;
    }
    return NO_KEY;
}

static bool compare_keys(struct look *look, int worker)
{
    const struct page *page = &look->ledger->pages[worker];
    keyward_key_query query = {.include = KEYWARD_LIVE_AND_DELETED, .limit = KEYWARD_PAGE_MAX};
    keyward_key_list *keys = NULL;
    char repo_id[LEDGER_TEXT];
    int wanted = 0;

    repository_name(repo_id, worker);
    if (!did(look, keyward_list_keys(look->store, &host, repo_id, &query, &keys), "list keys"))
        return false;
    for (int i = 0; i < page->key_count; i++)
        wanted += look->states[worker][i].is_there;
    if ((int)keys->count != wanted)
        verdict_bad(look->verdict, "%s has %d keys, its events say %d", repo_id, (int)keys->count,
                    wanted);
    for (size_t i = 0; i < keys->count && !look->verdict->is_bad; i++) {
        int place = find_key(page, keys->keys[i]->id);
        if (place == NO_KEY)
            verdict_bad(look->verdict, "%s has an unknown key", repo_id);
        else
            compare_key(look, worker * KEYS_EACH + place, keys->keys[i]);
    }
    keyward_key_list_free(&keys);
    return !look->verdict->is_bad;
}

static bool compare_user(struct look *look, int worker)
{
    char repo_id[LEDGER_TEXT], user_id[LEDGER_TEXT];
    keyward_user *user = NULL;
    enum keyward_status status, wanted = look->role[worker] ? KEYWARD_OK : KEYWARD_NOT_FOUND;

    repository_name(repo_id, worker);
    user_name(user_id, worker);
    status = keyward_get_user(look->store, &host, repo_id, user_id, &user);
    if (status != wanted || (user && (int)user->role != look->role[worker]))
        verdict_bad(look->verdict, "the role of %s in %s is not what the events say", user_id,
                    repo_id);
    keyward_user_free(&user);
    return !look->verdict->is_bad;
}

/* ---- the secrets ---- */

static bool try_secret(struct look *look, const struct ledger_key *key,
                       const struct key_state *state)
{
    enum keyward_cause cause = state->is_purged    ? KEYWARD_CAUSE_PURGED
                               : state->is_deleted ? KEYWARD_CAUSE_DELETED
                                                   : KEYWARD_CAUSE_NONE;
    enum keyward_status wanted = cause == KEYWARD_CAUSE_NONE ? KEYWARD_OK : KEYWARD_REFUSED;
    keyward_identity identity;
    enum keyward_status status = keyward_authenticate(look->store, key->access_key, key->secret,
                                                      strlen(key->secret), &identity);

    if (status != wanted || keyward_last_error(look->store)->cause != cause ||
        (status == KEYWARD_OK && strcmp(identity.key_id, key->id) != 0))
        return verdict_bad(look->verdict, "key %s with its secret: %d (%s), wanted %d, cause %d",
                           key->id, status, keyward_last_error(look->store)->message, wanted,
                           cause);
    return true;
}

static bool try_secrets(struct look *look, int worker)
{
    const struct page *page = &look->ledger->pages[worker];

    for (int i = 0; i < page->key_count; i++) {
        if (look->states[worker][i].is_there && page->keys[i].secret[0] != '\0' &&
            !try_secret(look, &page->keys[i], &look->states[worker][i]))
            return false;
    }
    return true;
}

/* ---- the whole ---- */

/* The newest checkpoint that was handed out by then. */
static const struct promise *newest_promise(const struct look *look)
{
    const struct promise *newest = NULL;

    for (int worker = 0; worker < WORKERS_MAX; worker++) {
        const struct page *page = &look->ledger->pages[worker];
        for (int i = 0; i < page->promise_count; i++) {
            const struct promise *promise = &page->promises[i];
            if (promise->ended <= look->span.from && (!newest || promise->ended > newest->ended))
                newest = promise;
        }
    }
    return newest;
}

static bool check(struct look *look)
{
    const struct promise *promise = newest_promise(look);
    keyward_check_options options = {.checkpoint = promise ? promise->text : NULL,
                                     .checkpoint_length = promise ? promise->length : 0};
    keyward_report *report = NULL;
    enum keyward_status status = keyward_check(look->store, &options, &report);

    if (status != KEYWARD_OK)
        verdict_bad(look->verdict, "check: %d (%s): %s", status,
                    keyward_last_error(look->store)->message,
                    report && report->count > 0 ? report->findings[0]->problem : "no finding");
    keyward_report_free(&report);
    return !look->verdict->is_bad;
}

/* A log that was not recovered as it should be is met by whoever writes next. */
static bool goes_on(struct look *look)
{
    const keyward_new_key new_key = {.name = AFTERWARDS};
    keyward_key *key = NULL;
    keyward_secret *secret = NULL;
    keyward_identity identity;
    keyward_deletion deletion = {.reason = KEYWARD_REASON_NONE};
    bool good =
        did(look, keyward_create_key(look->store, &host, AFTERWARDS, &new_key, &key, &secret),
            "create afterwards") &&
        did(look,
            keyward_authenticate(look->store, key->access_key, secret->text, secret->length,
                                 &identity),
            "authenticate afterwards") &&
        did(look, keyward_delete_key(look->store, &host, AFTERWARDS, key->id, &deletion),
            "delete afterwards");

    if (good && deletion.event != look->sequence + 2)
        good = verdict_bad(look->verdict, "the events afterwards do not follow");
    keyward_secret_free(&secret);
    keyward_key_free(&key);
    return good;
}

static bool look_around(struct look *look, int master_key)
{
    bool good = read_events(look) && compare_changes(look);

    if (good && look->master_key != master_key)
        good = verdict_bad(look->verdict, "master key %d opens it, its events say %d", master_key,
                           look->master_key);
    for (int worker = 0; good && worker < WORKERS_MAX; worker++) {
        if (look->ledger->pages[worker].change_count > 0)
            good = compare_keys(look, worker) && compare_user(look, worker) &&
                   try_secrets(look, worker);
    }
    return good && check(look) && goes_on(look);
}

/* The newest that was begun to be put in force. */
static int newest_master_key(const struct look *look)
{
    int newest = 0;

    for (int worker = 0; worker < WORKERS_MAX; worker++) {
        const struct page *page = &look->ledger->pages[worker];
        for (int i = 0; i < page->change_count; i++) {
            const struct effect *effect = &page->changes[i].effects[0];
            if (effect->action == KEYWARD_MASTER_KEY_CHANGED && effect->number > newest &&
                page->changes[i].begun <= look->span.until)
                newest = (int)effect->number;
        }
    }
    return newest;
}

bool verdict_of_store(struct verdict *verdict, struct ledger *ledger, const char *path,
                      struct span span, int master_key)
{
    struct look *look = calloc(1, sizeof *look);
    int opened_by;

    if (!look)
        return verdict_bad(verdict, "no memory");
    *look = (struct look){.verdict = verdict, .ledger = ledger, .span = span};
    opened_by = ledger_open(ledger, path, newest_master_key(look), &look->store);
    if (opened_by == NO_KEY)
        verdict_bad(verdict, "open: %s", keyward_last_error(NULL)->message);
    if (master_key != NO_KEY && opened_by != NO_KEY && opened_by != master_key)
        verdict_bad(verdict, "master key %d opens the copy, not %d", opened_by, master_key);
    if (opened_by != NO_KEY)
        look_around(look, opened_by);
    verdict->events = look->sequence - look->added;
    keyward_close(&look->store);
    free(look);
    return !verdict->is_bad;
}
