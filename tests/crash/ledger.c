/* SPDX-License-Identifier: MIT */
#include "crash/ledger.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define START INT64_C(1700000000000)
#define PATIENCE 60000 /* ms: nobody is meant to meet the busy timeout */

void ledger_init(struct ledger *ledger)
{
    memset(ledger, 0, sizeof *ledger);
    atomic_init(&ledger->clock, START);
    atomic_init(&ledger->master_keys, 1);
    for (int worker = 0; worker < WORKERS_MAX; worker++) {
        struct page *page = &ledger->pages[worker];
        for (int i = 0; i < CHANGES_EACH; i++) {
            atomic_init(&page->changes[i].begun, NEVER);
            atomic_init(&page->changes[i].ended, NEVER);
        }
        for (int i = 0; i < BACKUPS_MAX; i++) {
            atomic_init(&page->backups[i].begun, NEVER);
            atomic_init(&page->backups[i].ended, NEVER);
        }
        for (int i = 0; i < PROMISES_MAX; i++)
            atomic_init(&page->promises[i].ended, NEVER);
    }
}

void ledger_fail(struct ledger *ledger, const char *format, ...)
{
    va_list arguments;

    if (atomic_fetch_add(&ledger->failures, 1) > 0)
        return;
    va_start(arguments, format);
    vsnprintf(ledger->first_failure, sizeof ledger->first_failure, format, arguments);
    va_end(arguments);
}

struct ledger_key *ledger_key(struct ledger *ledger, int key)
{
    return &ledger->pages[key / KEYS_EACH].keys[key % KEYS_EACH];
}

static void forget_keys(struct ledger *ledger, const struct change *change)
{
    for (int i = 0; change->ended == NEVER && i < change->effect_count; i++) {
        const struct effect *effect = &change->effects[i];
        if (effect->action == KEYWARD_KEY_CREATED || effect->action == KEYWARD_KEY_IMPORTED)
            memset(ledger_key(ledger, effect->key), 0, sizeof(struct ledger_key));
    }
}

void ledger_forget_unacknowledged(struct ledger *ledger)
{
    for (int worker = 0; worker < WORKERS_MAX; worker++) {
        const struct page *page = &ledger->pages[worker];
        for (int i = 0; i < page->change_count; i++)
            forget_keys(ledger, &page->changes[i]);
    }
}

void repository_name(char text[LEDGER_TEXT], int worker)
{
    snprintf(text, LEDGER_TEXT, "repo-%d", worker);
}

void user_name(char text[LEDGER_TEXT], int worker)
{
    snprintf(text, LEDGER_TEXT, "user-%d", worker);
}

void key_name(char text[LEDGER_TEXT], int64_t number)
{
    snprintf(text, LEDGER_TEXT, "name-%lld", (long long)number);
}

void change_name(char text[LEDGER_TEXT], int worker, int number)
{
    snprintf(text, LEDGER_TEXT, "worker-%d.%d", worker, number);
}

bool change_of(const char *text, int *worker, int *number)
{
    return text && sscanf(text, "worker-%d.%d", worker, number) == 2 && *worker >= 0 &&
           *worker < WORKERS_MAX && *number >= 0 && *number < CHANGES_EACH;
}

void master_key_of(unsigned char bytes[KEYWARD_MASTER_KEY_BYTES], int number)
{
    for (int i = 0; i < KEYWARD_MASTER_KEY_BYTES; i++)
        bytes[i] = (unsigned char)(number * 7 + i);
}

void effect_apply(const struct effect *effect, struct key_state *states)
{
    struct key_state *state = effect->key == NO_KEY ? NULL : &states[effect->key % KEYS_EACH];

    switch (effect->action) {
    case KEYWARD_KEY_CREATED:
    case KEYWARD_KEY_IMPORTED:
        *state = (struct key_state){.is_there = true,
                                    .predecessor = effect->other,
                                    .successor = NO_KEY,
                                    .name = effect->number};
        break;
    case KEYWARD_KEY_DELETED:
        state->is_deleted = true;
        break;
    case KEYWARD_KEY_RESTORED:
        state->is_deleted = false;
        break;
    case KEYWARD_KEY_PURGED:
        state->is_purged = true;
        break;
    case KEYWARD_KEY_ROTATED:
        state->successor = effect->other;
        break;
    case KEYWARD_KEY_RENAMED:
        state->name = effect->number;
        break;
    case KEYWARD_KEY_EXPIRY_SET:
        state->expires_at = effect->number;
        break;
    default: /* no key's row shows it */
        break;
    }
}

static int64_t tell_time(void *context)
{
    return atomic_fetch_add(&((struct ledger *)context)->clock, 1);
}

keyward_options ledger_options(struct ledger *ledger, const unsigned char *master_key)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;

    options.master_key = master_key;
    options.clock = tell_time;
    options.clock_context = ledger;
    options.purge_retention = 1;
    options.busy_timeout_ms = PATIENCE;
    return options;
}

int ledger_open(struct ledger *ledger, const char *path, int newest, keyward **store)
{
    unsigned char master_key[KEYWARD_MASTER_KEY_BYTES];
    const keyward_options options = ledger_options(ledger, master_key);
    enum keyward_status status = KEYWARD_WRONG_MASTER_KEY;
    int number = newest + 1;

    while (status == KEYWARD_WRONG_MASTER_KEY && number > 0) {
        master_key_of(master_key, --number);
        status = keyward_open(store, path, &options);
    }
    return status == KEYWARD_OK ? number : NO_KEY;
}
