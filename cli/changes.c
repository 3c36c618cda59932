/* SPDX-License-Identifier: MIT */
#include "changes.h"

#include "view.h"

#include <stdio.h>
#include <stdlib.h>

static void print_json(const keyward_changes *changes, json_t *members)
{
    json_t *object = json_of_changes(changes);

    json_put(object, "dry_run", json_true());
    if (members && json_object_update(object, members) != 0)
        abort();
    json_decref(members);
    json_print(&object, stdout);
}

static void print_keys(const struct session *session, const keyward_changes *changes)
{
    struct table *table = key_table(session);

    for (size_t i = 0; i < changes->key_count; i++)
        key_row(session, table, changes->keys[i]);
    table_print(table);
    table_free(&table);
}

static void print_events(const struct session *session, const keyward_changes *changes)
{
    struct table *table = event_table(session);

    for (size_t i = 0; i < changes->event_count; i++)
        event_row(session, table, changes->events[i]);
    table_print(table);
    table_free(&table);
}

void print_dry_run(const struct session *session, const keyward_changes *changes, json_t *members)
{
    if (session->json) {
        print_json(changes, members);
        return;
    }
    json_decref(members);
    printf("Dry run: nothing was changed. It would write %zu %s and %zu %s%s\n", changes->key_count,
           changes->key_count == 1 ? "key" : "keys", changes->event_count,
           changes->event_count == 1 ? "event" : "events",
           changes->key_count + changes->event_count > 0 ? ":" : ".");
    if (changes->key_count > 0)
        putchar('\n');
    print_keys(session, changes);
    if (changes->event_count > 0)
        putchar('\n');
    print_events(session, changes);
    if (changes->in_use > 0)
        printf("\n%lld more would be left, because they were used too recently.\n",
               (long long)changes->in_use);
}
