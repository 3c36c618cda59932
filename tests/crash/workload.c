/* SPDX-License-Identifier: MIT */
#include "crash/workload.h"
#include "support/chance.h"

#include <stdio.h>
#include <string.h>

static const keyward_actor host = {.is_host = true};

/* A change that is being made. */
struct step {
    struct worker *worker;
    struct change *change;
    char repo_id[LEDGER_TEXT], request_id[LEDGER_TEXT];
    keyward_actor actor;
};

static struct page *page_of(struct worker *worker)
{
    return &worker->ledger->pages[worker->number];
}

static int below(struct worker *worker, int limit)
{
    return (int)chance_below(&worker->chance, (uint64_t)limit);
}

/* ---- the ledger's side of a step ---- */

static struct step step_new(struct worker *worker)
{
    struct page *page = page_of(worker);
    struct step step = {.worker = worker, .change = &page->changes[page->change_count]};

    repository_name(step.repo_id, worker->number);
    change_name(step.request_id, worker->number, page->change_count);
    step.change->effect_count = 0;
    return step;
}

static const keyward_actor *actor_of(struct step *step)
{
    step->actor = (keyward_actor){.is_host = true, .request_id = step->request_id};
    return &step->actor;
}

static void add_effect(struct step *step, enum keyward_action action, int key, int other,
                       int64_t number)
{
    step->change->effects[step->change->effect_count++] =
        (struct effect){.action = action, .key = key, .other = other, .number = number};
}

static void step_begin(struct step *step)
{
    page_of(step->worker)->change_count++;
    step->change->begun = step->worker->now();
    if (step->worker->boasts)
        step->change->ended = step->worker->now();
}

static bool is_stale(struct worker *worker, enum keyward_status status)
{
    if (status != KEYWARD_WRONG_MASTER_KEY || !worker->is_stale)
        return false;
    atomic_store(worker->is_stale, true);
    return true;
}

/* The change is made, or it is a failure. */
static bool step_end(struct step *step, enum keyward_status status, enum keyward_status wanted)
{
    struct worker *worker = step->worker;

    if (is_stale(worker, status)) {
        step->change->begun = step->change->ended = NEVER; /* nothing was done */
        return false;
    }
    if (status != wanted) {
        ledger_fail(worker->ledger, "%s (%s): %d (%s)", step->request_id,
                    keyward_action_text(step->change->effects[0].action), status,
                    keyward_last_error(worker->store)->message);
        return false;
    }
    step->change->ended = worker->now();
    for (int i = 0; i < step->change->effect_count; i++)
        effect_apply(&step->change->effects[i], worker->states);
    atomic_fetch_add(&worker->ledger->acknowledged, 1);
    if (worker->acknowledged)
        worker->acknowledged();
    return true;
}

/* ---- keys ---- */

static struct ledger_key *key_at(struct worker *worker, int place)
{
    return &page_of(worker)->keys[place];
}

static int number_of(const struct worker *worker, int place)
{
    return worker->number * KEYS_EACH + place;
}

enum key_kind { LIVE_KEY, UNROTATED_KEY, DELETED_KEY };

static bool is_of_kind(const struct key_state *state, enum key_kind kind)
{
    if (!state->is_there)
        return false;
    if (kind == DELETED_KEY)
        return state->is_deleted && !state->is_purged;
    return !state->is_deleted && (kind == LIVE_KEY || state->successor == NO_KEY);
}

/* One of his keys of this kind, or NO_KEY. */
static int pick(struct worker *worker, enum key_kind kind)
{
    int count = page_of(worker)->key_count, from = count > 0 ? below(worker, count) : 0;

    for (int i = 0; i < count; i++) {
        int place = (from + i) % count;
        if (is_of_kind(&worker->states[place], kind))
            return place;
    }
    return NO_KEY;
}

static void take_down(struct ledger_key *known, const keyward_key *key, const char *secret)
{
    snprintf(known->id, sizeof known->id, "%s", key->id);
    snprintf(known->access_key, sizeof known->access_key, "%s", key->access_key);
    snprintf(known->secret, sizeof known->secret, "%s", secret);
}

/* A place for one more key; NO_KEY: his page is full. */
static int new_place(struct worker *worker)
{
    struct page *page = page_of(worker);

    if (page->key_count == KEYS_EACH)
        return NO_KEY;
    page->keys[page->key_count] = (struct ledger_key){.id = ""};
    return page->key_count++;
}

static void create(struct worker *worker)
{
    struct step step = step_new(worker);
    int place = new_place(worker), number = below(worker, 1000);
    bool imports = below(worker, 6) == 0;
    char name[LEDGER_TEXT];
    const char *brought = imports ? "a secret that its provider has made" : NULL;
    keyward_new_key new_key = {.name = name, .provider = KEYWARD_OPENAI, .secret = brought};
    keyward_key *key = NULL;
    keyward_secret *secret = NULL;
    enum keyward_status status;

    if (place == NO_KEY)
        return;
    key_name(name, number);
    new_key.secret_length = brought ? strlen(brought) : 0;
    add_effect(&step, imports ? KEYWARD_KEY_IMPORTED : KEYWARD_KEY_CREATED,
               number_of(worker, place), NO_KEY, number);
    step_begin(&step);
    status =
        keyward_create_key(worker->store, actor_of(&step), step.repo_id, &new_key, &key, &secret);
    if (status == KEYWARD_OK)
        take_down(key_at(worker, place), key, secret ? secret->text : brought);
    step_end(&step, status, KEYWARD_OK);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}

static void rotate(struct worker *worker)
{
    struct step step = step_new(worker);
    int old = pick(worker, UNROTATED_KEY), place = old == NO_KEY ? NO_KEY : new_place(worker);
    keyward_key *key = NULL;
    keyward_secret *secret = NULL;
    enum keyward_status status;

    if (place == NO_KEY)
        return;
    add_effect(&step, KEYWARD_KEY_ROTATED, number_of(worker, old), number_of(worker, place), 0);
    add_effect(&step, KEYWARD_KEY_CREATED, number_of(worker, place), number_of(worker, old),
               worker->states[old].name);
    step_begin(&step);
    status = keyward_rotate_key(worker->store, actor_of(&step), step.repo_id,
                                key_at(worker, old)->id, NULL, &key, &secret);
    if (status == KEYWARD_OK)
        take_down(key_at(worker, place), key, secret->text);
    step_end(&step, status, KEYWARD_OK);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}

static void delete_one(struct worker *worker)
{
    struct step step = step_new(worker);
    int place = pick(worker, LIVE_KEY);

    if (place == NO_KEY)
        return;
    add_effect(&step, KEYWARD_KEY_DELETED, number_of(worker, place), NO_KEY, 0);
    step_begin(&step);
    step_end(&step,
             keyward_delete_key(worker->store, actor_of(&step), step.repo_id,
                                key_at(worker, place)->id, NULL),
             KEYWARD_OK);
}

/* In one transaction: all of them, or none. */
static void delete_many(struct worker *worker)
{
    struct step step = step_new(worker);
    keyward_delete_request requests[EFFECTS_MAX];
    size_t count = 0;

    for (int i = 0; i < page_of(worker)->key_count && count < EFFECTS_MAX; i++) {
        if (!is_of_kind(&worker->states[i], LIVE_KEY) || below(worker, 2) == 0)
            continue;
        requests[count++] =
            (keyward_delete_request){.repo_id = step.repo_id, .key_id = key_at(worker, i)->id};
        add_effect(&step, KEYWARD_KEY_DELETED, number_of(worker, i), NO_KEY, 0);
    }
    if (count == 0)
        return;
    step_begin(&step);
    step_end(&step, keyward_delete_keys(worker->store, actor_of(&step), requests, count),
             KEYWARD_OK);
}

static void restore(struct worker *worker)
{
    struct step step = step_new(worker);
    int place = pick(worker, DELETED_KEY);

    if (place == NO_KEY)
        return;
    add_effect(&step, KEYWARD_KEY_RESTORED, number_of(worker, place), NO_KEY, 0);
    step_begin(&step);
    step_end(&step,
             keyward_restore_key(worker->store, actor_of(&step), step.repo_id,
                                 key_at(worker, place)->id),
             KEYWARD_OK);
}

static void purge(struct worker *worker)
{
    struct step step = step_new(worker);
    int place = pick(worker, DELETED_KEY);

    if (place == NO_KEY)
        return;
    add_effect(&step, KEYWARD_KEY_PURGED, number_of(worker, place), NO_KEY, 0);
    step_begin(&step);
    step_end(&step,
             keyward_purge_keys(worker->store, actor_of(&step), step.repo_id,
                                key_at(worker, place)->id, NULL),
             KEYWARD_OK);
}

static void rename_key(struct worker *worker)
{
    struct step step = step_new(worker);
    int place = pick(worker, LIVE_KEY), number = 1000 + below(worker, 1000);
    char name[LEDGER_TEXT];

    if (place == NO_KEY || worker->states[place].name == number)
        return;
    key_name(name, number);
    add_effect(&step, KEYWARD_KEY_RENAMED, number_of(worker, place), NO_KEY, number);
    step_begin(&step);
    step_end(&step,
             keyward_rename_key(worker->store, actor_of(&step), step.repo_id,
                                key_at(worker, place)->id, name),
             KEYWARD_OK);
}

/* So far away that no run comes to it. */
static void set_expiry(struct worker *worker)
{
    struct step step = step_new(worker);
    int place = pick(worker, LIVE_KEY);
    int64_t at = KEYWARD_TIME_MAX - below(worker, 1000000);

    if (place == NO_KEY || worker->states[place].expires_at == at)
        return;
    add_effect(&step, KEYWARD_KEY_EXPIRY_SET, number_of(worker, place), NO_KEY, at);
    step_begin(&step);
    step_end(&step,
             keyward_set_key_expiry(worker->store, actor_of(&step), step.repo_id,
                                    key_at(worker, place)->id, at),
             KEYWARD_OK);
}

static void reveal(struct worker *worker)
{
    struct step step = step_new(worker);
    int place = pick(worker, LIVE_KEY);
    keyward_secret *secret = NULL;

    if (place == NO_KEY)
        return;
    add_effect(&step, KEYWARD_KEY_REVEALED, number_of(worker, place), NO_KEY, 0);
    step_begin(&step);
    if (step_end(&step,
                 keyward_reveal_key(worker->store, actor_of(&step), step.repo_id,
                                    key_at(worker, place)->id, &secret),
                 KEYWARD_OK) &&
        strcmp(secret->text, key_at(worker, place)->secret) != 0)
        ledger_fail(worker->ledger, "%s: another secret", step.request_id);
    keyward_secret_free(&secret);
}

static void authenticate(struct worker *worker)
{
    int place = pick(worker, LIVE_KEY);
    const struct ledger_key *key = place == NO_KEY ? NULL : key_at(worker, place);
    keyward_identity identity;
    enum keyward_status status;

    if (!key)
        return;
    status = keyward_authenticate(worker->store, key->access_key, key->secret, strlen(key->secret),
                                  &identity);
    if (status != KEYWARD_OK && !is_stale(worker, status))
        ledger_fail(worker->ledger, "authenticate %s: %d (%s)", key->id, status,
                    keyward_last_error(worker->store)->message);
}

/* ---- access ---- */

static void be_refused(struct worker *worker)
{
    struct step step = step_new(worker);
    int place = pick(worker, LIVE_KEY);
    keyward_actor nobody = {.user_id = "nobody", .request_id = step.request_id};

    if (place == NO_KEY)
        return;
    add_effect(&step, KEYWARD_KEY_DELETE_DENIED, number_of(worker, place), NO_KEY, 0);
    step_begin(&step);
    step_end(
        &step,
        keyward_delete_key(worker->store, &nobody, step.repo_id, key_at(worker, place)->id, NULL),
        KEYWARD_FORBIDDEN);
}

/* He has a role and loses it, in turn, by what is there. */
static void change_role(struct worker *worker)
{
    struct step step = step_new(worker);
    char user_id[LEDGER_TEXT];
    keyward_user *user = NULL;
    enum keyward_status status;

    user_name(user_id, worker->number);
    status = keyward_get_user(worker->store, &host, step.repo_id, user_id, &user);
    if (status == KEYWARD_OK) {
        add_effect(&step, KEYWARD_ACCESS_REVOKED, NO_KEY, NO_KEY, 0);
        step_begin(&step);
        status = keyward_revoke(worker->store, actor_of(&step), step.repo_id, user_id);
    } else {
        enum keyward_role role = (enum keyward_role)(KEYWARD_READER + below(worker, 3));
        add_effect(&step, KEYWARD_ACCESS_GRANTED, NO_KEY, NO_KEY, role);
        step_begin(&step);
        status = keyward_grant(worker->store, actor_of(&step), step.repo_id, user_id, role);
    }
    step_end(&step, status, KEYWARD_OK);
    keyward_user_free(&user);
}

/* ---- the store's keeper ---- */

static void change_master_key(struct worker *worker)
{
    struct step step = step_new(worker);
    int number = atomic_fetch_add(&worker->ledger->master_keys, 1);
    unsigned char bytes[KEYWARD_MASTER_KEY_BYTES];
    const keyward_master_key master_key = {.key = bytes};

    master_key_of(bytes, number);
    add_effect(&step, KEYWARD_MASTER_KEY_CHANGED, NO_KEY, NO_KEY, number);
    add_effect(&step, KEYWARD_DATA_KEY_CREATED, NO_KEY, NO_KEY, 0);
    step_begin(&step);
    step_end(&step, keyward_change_master_key(worker->store, actor_of(&step), &master_key),
             KEYWARD_OK);
}

static void create_data_key(struct worker *worker)
{
    struct step step = step_new(worker);

    add_effect(&step, KEYWARD_DATA_KEY_CREATED, NO_KEY, NO_KEY, 0);
    step_begin(&step);
    step_end(&step, keyward_create_data_key(worker->store, actor_of(&step)), KEYWARD_OK);
}

static void sign_checkpoint(struct worker *worker)
{
    struct page *page = page_of(worker);
    struct promise *promise = &page->promises[page->promise_count];
    keyward_text *text = NULL, *log_key = NULL;
    enum keyward_status status;

    if (page->promise_count == PROMISES_MAX || worker->ledger->acknowledged == 0)
        return;
    status = keyward_audit_log_key(worker->store, &host, "example.com/keys", &log_key);
    if (status == KEYWARD_OK)
        status = keyward_audit_checkpoint(worker->store, &host, NULL, 0, &text);
    if (status == KEYWARD_OK && text->length < sizeof promise->text) {
        memcpy(promise->text, text->text, text->length + 1);
        promise->length = text->length;
        promise->ended = worker->now();
        page->promise_count++;
    } else if (!is_stale(worker, status)) {
        ledger_fail(worker->ledger, "checkpoint: %d (%s)", status,
                    keyward_last_error(worker->store)->message);
    }
    keyward_text_free(&text);
    keyward_text_free(&log_key);
}

void backup_path(char path[128], const char *store_path, int worker, int number)
{
    snprintf(path, 128, "%s-copy-%d-%d", store_path, worker, number);
}

static void back_up(struct worker *worker)
{
    struct page *page = page_of(worker);
    struct ledger_backup *backup = &page->backups[page->backup_count];
    char path[128];
    enum keyward_status status;

    if (page->backup_count == BACKUPS_MAX)
        return;
    backup_path(path, worker->path, worker->number, page->backup_count++);
    backup->master_key = worker->ledger->master_keys - 1;
    backup->begun = worker->now();
    status = keyward_backup(worker->store, path, NULL);
    if (status == KEYWARD_OK)
        backup->ended = worker->now();
    else
        ledger_fail(worker->ledger, "backup: %d (%s)", status,
                    keyward_last_error(worker->store)->message);
}

static void keep_store(struct worker *worker)
{
    switch (below(worker, 8)) {
    case 0:
    case 1:
        change_master_key(worker);
        break;
    case 2:
        create_data_key(worker);
        break;
    case 3:
        back_up(worker);
        break;
    default:
        sign_checkpoint(worker);
        break;
    }
}

/* ---- a worker's day ---- */

/* Of a hundred steps so many are of each kind. */
static const struct {
    int share;
    void (*make)(struct worker *worker);
} kinds[] = {{28, create},    {18, delete_one}, {5, delete_many}, {9, restore},
             {10, rotate},    {6, rename_key},  {3, set_expiry},  {2, purge},
             {5, be_refused}, {4, change_role}, {2, reveal},      {8, authenticate}};

static void make_step(struct worker *worker)
{
    int left = below(worker, 100);

    if (worker->keeps_store && below(worker, 3) == 0) {
        keep_store(worker);
        return;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        left -= kinds[i].share;
        if (left < 0) {
            kinds[i].make(worker);
            return;
        }
    }
}

void worker_work(struct worker *worker, int steps)
{
    for (int i = 0; i < steps && worker->ledger->failures == 0 &&
                    page_of(worker)->change_count < CHANGES_EACH &&
                    !(worker->is_stale && atomic_load(worker->is_stale));
         i++)
        make_step(worker);
}
