/* SPDX-License-Identifier: MIT */
#include "subject.h"

#include "fail.h"
#include "folder.h"
#include "sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const keyward_actor subject_host = {.is_host = true};
const keyward_actor subject_user = {.user_id = DATASET_USER,
                                    .request_id = DATASET_REQUEST_ID,
                                    .client_address = DATASET_CLIENT_ADDRESS};

static const unsigned char master_key[KEYWARD_MASTER_KEY_BYTES] = "keyward-bench";

void subject_must(keyward *store, enum keyward_status status, const char *what)
{
    if (status != KEYWARD_OK)
        die("%s: %s", what, keyward_last_error(store)->message);
}

keyward *subject_open(const char *path, enum keyward_durability durability)
{
    keyward_options options = KEYWARD_OPTIONS_INIT;
    keyward *store = NULL;

    options.master_key = master_key;
    options.durability = durability;
    options.busy_timeout_ms = 30000;
    subject_must(NULL, keyward_open(&store, path, &options), "open");
    return store;
}

void subject_write_master_key(const char *path)
{
    FILE *file = fopen(path, "wx");

    if (!file || fwrite(master_key, sizeof master_key, 1, file) != 1 || fclose(file) != 0)
        die("%s: cannot be written", path);
}

/* ---- filling ---- */

struct filling {
    keyward *store;
    struct sample *sample;
    _Atomic uint32_t next;
};

static void create_key(struct filling *fill, uint32_t number, const char *repo)
{
    char name[DATASET_NAME_SIZE];
    const keyward_new_key new_key = {.name = name, .provider = KEYWARD_OPENAI};
    struct bench_key kept = {.number = number};
    keyward_secret *secret;
    keyward_key *key;

    dataset_name(number, name);
    subject_must(fill->store,
                 keyward_create_key(fill->store, &subject_user, repo, &new_key, &key, &secret),
                 "create");
    if (strlen(key->id) >= sizeof kept.id || strlen(key->access_key) >= sizeof kept.access_key ||
        secret->length >= sizeof kept.secret)
        die("a new key is longer than expected");
    strcpy(kept.id, key->id);
    strcpy(kept.access_key, key->access_key);
    strcpy(kept.secret, secret->text);
    sample_offer(fill->sample, &kept);
    keyward_secret_free(&secret);
    keyward_key_free(&key);
}

/* One repository. */
static size_t fill_step(void *context, struct lane *lane)
{
    struct filling *fill = context;
    uint32_t first = atomic_fetch_add(&fill->next, DATASET_KEYS_A_REPO), number = first;
    char repo[DATASET_REPO_SIZE];

    (void)lane;
    stop_if_interrupted();
    if (first >= fill->sample->total)
        return 0;
    dataset_repo(first, repo);
    subject_must(fill->store,
                 keyward_grant(fill->store, &subject_host, repo, DATASET_USER, KEYWARD_WRITER),
                 "grant");
    for (; number < first + DATASET_KEYS_A_REPO && number < fill->sample->total; number++)
        create_key(fill, number, repo);
    return 1;
}

void subject_fill(const char *path, struct sample *sample)
{
    struct filling fill = {.sample = sample};
    struct crew crew = {
        .threads = SUBJECT_FILL_THREADS, .timed_every = 1, .step = fill_step, .context = &fill};
    struct slice slice;

    fill.store = subject_open(path, KEYWARD_SURVIVES_CRASH);
    crew_run(&crew, 1e9, &slice);
    keyward_close(&fill.store);
    folder_flush(path);
    sample_shuffle(sample);
}

/* ---- deleting ---- */

static size_t delete_one(struct subject_deletes *deletes, const struct bench_key *key)
{
    keyward_deletion deletion = {.reason = KEYWARD_REASON_ROTATED};
    char repo[DATASET_REPO_SIZE];

    dataset_repo(key->number, repo);
    subject_must(deletes->store,
                 keyward_delete_key(deletes->store, &subject_user, repo, key->id, &deletion),
                 "delete");
    return 1;
}

static size_t delete_batch(struct subject_deletes *deletes, const struct bench_key *keys)
{
    keyward_delete_request *requests = must_allocate(deletes->batch, sizeof *requests);
    char(*repos)[DATASET_REPO_SIZE] = must_allocate(deletes->batch, sizeof *repos);

    for (size_t i = 0; i < deletes->batch; i++) {
        dataset_repo(keys[i].number, repos[i]);
        requests[i] = (keyward_delete_request){
            .repo_id = repos[i], .key_id = keys[i].id, .deletion.reason = KEYWARD_REASON_ROTATED};
    }
    subject_must(deletes->store,
                 keyward_delete_keys(deletes->store, &subject_user, requests, deletes->batch),
                 "delete a batch");
    for (size_t i = 0; i < deletes->batch; i++)
        if (requests[i].status != KEYWARD_OK)
            die("delete in a batch: %s", keyward_status_text(requests[i].status));
    free(repos);
    free(requests);
    return deletes->batch;
}

static size_t delete_step(void *context, struct lane *lane)
{
    struct subject_deletes *deletes = context;
    const struct bench_key *keys;
    size_t done;

    (void)lane;
    if (!deletions_take(deletes->deletions, deletes->batch, &keys))
        return 0;
    done = deletes->batch == 1 ? delete_one(deletes, keys) : delete_batch(deletes, keys);
    atomic_fetch_add(&deletes->deletions->acknowledged, done);
    return done;
}

struct crew subject_delete_crew(struct subject_deletes *deletes)
{
    return (struct crew){
        .threads = deletes->threads, .timed_every = 1, .step = delete_step, .context = deletes};
}

void subject_run_deletes(void *context, double seconds, struct slice *slice)
{
    struct subject_deletes *deletes = context;
    struct crew crew = subject_delete_crew(deletes);

    deletions_open_slice(deletes->deletions);
    crew_run(&crew, seconds, slice);
}

/* Counted in the file itself, not by those who wrote it. */
void subject_check(const char *path, const struct deletions *deletions)
{
    deletions_check(
        deletions, "keyward", sqlite_count(path, "SELECT count(deleted_at) FROM api_keys"),
        sqlite_count(path, "SELECT count(*) FROM audit_events WHERE action = 'key.deleted'"));
}
