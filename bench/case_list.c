/* SPDX-License-Identifier: MIT */
/* A list of ten live keys, among ever more deleted ones. */
#include "cases.h"
#include "contest.h"
#include "fail.h"
#include "report.h"
#include "settings.h"
#include "subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVE 10
#define LISTS 3
#define A_CALL 4096

struct list {
    keyward *store;
    char repo[32];
    size_t deleted;
    /* While it is filled. */
    char (*ids)[KEYWARD_KEY_ID_LENGTH + 1];
    _Atomic size_t next;
};

static size_t create_step(void *context, struct lane *lane)
{
    struct list *list = context;
    const keyward_new_key new_key = {.name = "deployment key", .provider = KEYWARD_OPENAI};
    size_t number = atomic_fetch_add(&list->next, 1);
    keyward_secret *secret;
    keyward_key *key;

    (void)lane;
    stop_if_interrupted();
    if (number >= list->deleted + LIVE)
        return 0;
    subject_must(
        list->store,
        keyward_create_key(list->store, &subject_user, list->repo, &new_key, &key, &secret),
        "create");
    strcpy(list->ids[number], key->id);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
    return 1;
}

static void delete_these(struct list *list, keyward_delete_request *requests, size_t count)
{
    if (count == 0)
        return;
    subject_must(list->store, keyward_delete_keys(list->store, &subject_user, requests, count),
                 "delete");
    for (size_t i = 0; i < count; i++)
        if (requests[i].status != KEYWARD_OK)
            die("delete: %s", keyward_status_text(requests[i].status));
}

/* All but ten, which are spread over the whole. */
static void delete_most(struct list *list)
{
    keyward_delete_request *requests = must_allocate(A_CALL, sizeof *requests);
    size_t stretch = (list->deleted + LIVE) / LIVE, count = 0;

    for (size_t i = 0; i < list->deleted + LIVE; i++) {
        if (i % stretch == stretch / 2 && i / stretch < LIVE)
            continue;
        requests[count++] = (keyward_delete_request){.repo_id = list->repo, .key_id = list->ids[i]};
        if (count == A_CALL) {
            delete_these(list, requests, count);
            count = 0;
        }
    }
    delete_these(list, requests, count);
    free(requests);
}

static void fill(struct list *list, keyward *store, size_t deleted)
{
    struct crew crew = {
        .threads = SUBJECT_FILL_THREADS, .timed_every = 1, .step = create_step, .context = list};
    struct slice slice;

    *list = (struct list){.store = store, .deleted = deleted};
    snprintf(list->repo, sizeof list->repo, "list-%zu", deleted);
    list->ids = must_allocate(deleted + LIVE, sizeof *list->ids);
    subject_must(store,
                 keyward_grant(store, &subject_host, list->repo, DATASET_USER, KEYWARD_WRITER),
                 "grant");
    crew_run(&crew, 1e9, &slice);
    delete_most(list);
    free(list->ids);
    list->ids = NULL;
}

static size_t list_step(void *context, struct lane *lane)
{
    struct list *list = context;
    keyward_key_list *keys;

    (void)lane;
    subject_must(list->store,
                 keyward_list_keys(list->store, &subject_user, list->repo, NULL, &keys), "list");
    if (keys->count != LIVE || keys->more)
        die("list: %zu keys instead of %d", keys->count, LIVE);
    keyward_key_list_free(&keys);
    return 1;
}

static void report(const struct list lists[LISTS], const struct contender contenders[LISTS])
{
    char name[CASE_NAME_SIZE];
    struct result result;

    for (size_t i = 0; i < LISTS; i++) {
        snprintf(name, sizeof name, "list/deleted=%zu", lists[i].deleted);
        result = report_result(name, &contenders[i]);
        if (i > 0)
            report_set_floor(&result, "list/deleted=0", &contenders[i], &contenders[0]);
        report_add(&result);
    }
}

void cases_list(void)
{
    const size_t deleted[LISTS] = {0, 1000, settings.list_deleted};
    struct list lists[LISTS];
    struct crew crews[LISTS];
    struct contender contenders[LISTS] = {{.run = NULL}};
    char path[PATH_SIZE];
    keyward *store;

    report_section("a list of 10 live keys", "among N deleted ones");
    folder_file("lists.db", path);
    store = subject_open(path, KEYWARD_SURVIVES_CRASH);
    for (size_t i = 0; i < LISTS; i++) {
        fill(&lists[i], store, deleted[i]);
        crews[i] =
            (struct crew){.threads = 1, .timed_every = 1, .step = list_step, .context = &lists[i]};
        contenders[i] = (struct contender){.run = run_crew, .context = &crews[i]};
    }
    contest(contenders, LISTS);
    keyward_close(&store);
    folder_remove_store(path);
    report(lists, contenders);
}
