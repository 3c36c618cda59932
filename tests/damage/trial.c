/* SPDX-License-Identifier: MIT */
#include "damage/trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BIT(status) (UINT64_C(1) << (status))

/* What a call on a damaged store may come to. KEYWARD_READ_ONLY: its header says that it is of a
 * format that SQLite can read, and not write. */
#define OPENING                                                          \
    (BIT(KEYWARD_OK) | BIT(KEYWARD_CORRUPT) | BIT(KEYWARD_NOT_A_STORE) | \
     BIT(KEYWARD_NEWER_SCHEMA) | BIT(KEYWARD_READ_ONLY) | BIT(KEYWARD_WRONG_MASTER_KEY))
#define READING                                                               \
    (BIT(KEYWARD_OK) | BIT(KEYWARD_CORRUPT) | BIT(KEYWARD_WRONG_MASTER_KEY) | \
     BIT(KEYWARD_REFUSED) | BIT(KEYWARD_FORBIDDEN) | BIT(KEYWARD_NOT_FOUND) | \
     BIT(KEYWARD_INCONSISTENT))
#define CHECKING (BIT(KEYWARD_OK) | BIT(KEYWARD_CORRUPT) | BIT(KEYWARD_WRONG_MASTER_KEY))
#define WRITING                                                                                  \
    (READING | BIT(KEYWARD_READ_ONLY) | BIT(KEYWARD_NAME_TAKEN) | BIT(KEYWARD_ALREADY_DELETED) | \
     BIT(KEYWARD_NOT_DELETED) | BIT(KEYWARD_PURGED))

__attribute__((format(printf, 2, 3))) static void say_wrong(struct trial *trial, const char *format,
                                                            ...)
{
    va_list arguments;

    if (trial->wrong[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(trial->wrong, sizeof trial->wrong, format, arguments);
    va_end(arguments);
}

static void require_allowed(struct trial *trial, const char *doing, uint64_t statuses,
                            uint64_t allowed)
{
    for (int status = 0; status < 64; status++) {
        if ((statuses & ~allowed) >> status & 1)
            say_wrong(trial, "%s came to %d (%s)", doing, status,
                      keyward_status_text((enum keyward_status)status));
    }
}

static enum keyward_status check(keyward *store, char finding[256])
{
    keyward_report *report = NULL;
    enum keyward_status status = keyward_check(store, NULL, &report);

    snprintf(finding, 256, "%s",
             report && report->count > 0 ? report->findings[0]->problem : "nothing");
    keyward_report_free(&report);
    return status;
}

/* ---- reading ---- */

static void compare_line(struct trial *trial, const char *got, const char *wanted)
{
    size_t at = 0;

    while (got[at] && got[at] == wanted[at])
        at++;
    while (at > 0 && got[at - 1] != '\n')
        at--;
    say_wrong(trial, "the check finds nothing, and the answers differ: '%.*s' for '%.*s'",
              (int)strcspn(got + at, "\n"), got + at, (int)strcspn(wanted + at, "\n"), wanted + at);
}

/* Clean: the answers are those of a state, all of them. */
static void compare_answers(struct trial *trial, const struct answers *answers)
{
    const struct scene *scene = trial->scene;

    for (size_t i = 0; i < scene->states; i++) {
        if (strcmp(scene->answers[i], answers->text) == 0)
            return;
    }
    compare_line(trial, answers->text, scene->answers[scene->states - 1]);
}

static void judge_answers(struct trial *trial, const struct answers *answers, bool clean)
{
    const struct known_keys *known = &trial->scene->known;

    require_allowed(trial, "reading", answers->statuses, READING);
    if (answers->wrong)
        say_wrong(trial, "%s", answers->wrong);
    if (clean)
        compare_answers(trial, answers);
    for (size_t i = 0; i < known->count; i++) {
        if (!(answers->opened >> i & 1) || known->keys[i].may_open)
            continue;
        trial->opened_deleted = true;
        if (!trial->pages_moved)
            say_wrong(trial, "key %zu opens, which is deleted", i);
    }
}

/* ---- writing ---- */

/* A store in which nothing is wrong does what it says. */
static void require_done(struct trial *trial, bool clean, const char *what,
                         enum keyward_status status, enum keyward_status wanted)
{
    require_allowed(trial, what, BIT(status), WRITING);
    if (clean && status != wanted && status != KEYWARD_READ_ONLY)
        say_wrong(trial, "the check finds nothing, and %s came to %d (%s)", what, status,
                  keyward_last_error(trial->place->fixture.store)->message);
}

static void delete_known(struct trial *trial, const struct known_key *key, bool clean)
{
    struct answers answers = {.text = NULL};
    keyward *store = trial->place->fixture.store;
    enum keyward_status status = keyward_delete_key(store, &host, key->repo_id, key->id, NULL);

    require_done(trial, clean, "deleting", status, KEYWARD_OK);
    if (ask_key(store, key, key->secret, &answers) == KEYWARD_OK && status == KEYWARD_OK) {
        trial->opened_deleted = true;
        if (clean)
            say_wrong(trial, "a key opens that was just deleted");
    }
    if (status == KEYWARD_OK)
        require_done(trial, clean, "restoring",
                     keyward_restore_key(store, &host, key->repo_id, key->id), KEYWARD_OK);
}

static void create_and_delete(struct trial *trial, bool clean)
{
    const keyward_new_key new_key = {.name = "made after the damage"};
    keyward *store = trial->place->fixture.store;
    struct known_key made = {.repo_id = "repo-1"};
    struct answers answers = {.text = NULL};
    keyward_key *key = NULL;
    keyward_secret *secret = NULL;
    enum keyward_status status =
        keyward_create_key(store, &host, made.repo_id, &new_key, &key, &secret);

    require_done(trial, clean, "creating", status, KEYWARD_OK);
    if (status == KEYWARD_OK) {
        snprintf(made.id, sizeof made.id, "%s", key->id);
        snprintf(made.access_key, sizeof made.access_key, "%s", key->access_key);
        snprintf(made.secret, sizeof made.secret, "%s", secret->text);
        require_done(trial, clean, "opening what was created",
                     ask_key(store, &made, made.secret, &answers), KEYWARD_OK);
        delete_known(trial, &made, clean);
        if (answers.wrong)
            say_wrong(trial, "%s", answers.wrong);
    }
    keyward_key_free(&key);
    keyward_secret_free(&secret);
}

static const struct known_key *live_key(const struct trial *trial, uint64_t opened)
{
    const struct known_keys *known = &trial->scene->known;

    for (size_t i = 0; i < known->count; i++) {
        if (opened >> i & 1)
            return &known->keys[i];
    }
    return &known->keys[0];
}

static void write_to(struct trial *trial, uint64_t opened, bool clean)
{
    keyward *store = trial->place->fixture.store;
    keyward_text *text = NULL;
    char finding[256];

    create_and_delete(trial, clean);
    delete_known(trial, live_key(trial, opened), clean);
    require_done(trial, clean, "signing a checkpoint",
                 keyward_audit_checkpoint(store, &host, NULL, 0, &text), KEYWARD_OK);
    keyward_text_free(&text);
    if (clean && check(store, finding) != KEYWARD_OK)
        say_wrong(trial, "the check finds nothing, and after writing it finds: %s", finding);
}

/* ---- a copy ---- */

static void back_up(struct trial *trial, bool clean)
{
    struct fixture *f = &trial->place->fixture;
    enum keyward_status status;
    keyward *copy = NULL;
    char path[128], finding[256] = "it does not open";

    snprintf(path, sizeof path, "%s.copy", f->path);
    status = keyward_backup(f->store, path, NULL);
    require_allowed(trial, "backing up", BIT(status), CHECKING);
    if (clean && status != KEYWARD_OK)
        say_wrong(trial, "the check finds nothing, and backing up came to %d (%s)", status,
                  keyward_last_error(f->store)->message);
    if (clean && (keyward_open(&copy, path, &f->options) != KEYWARD_OK ||
                  check(copy, finding) != KEYWARD_OK))
        say_wrong(trial, "the check finds nothing, and of the backup it says: %s", finding);
    keyward_close(&copy);
    unlink(path);
}

/* ---- all of it ---- */

static void run_opened(struct trial *trial)
{
    keyward *store = trial->place->fixture.store;
    struct answers answers = ask(store, &trial->scene->known);
    char finding[256];
    enum keyward_status status = check(store, finding);
    bool clean = status == KEYWARD_OK && !trial->hostile;

    trial->outcome = status == KEYWARD_OK ? OUTCOME_SOUND : OUTCOME_FOUND;
    require_allowed(trial, "checking", BIT(status), CHECKING);
    judge_answers(trial, &answers, clean);
    back_up(trial, clean);
    write_to(trial, answers.opened, clean);
    free(answers.text);
}

void trial_run(struct trial *trial)
{
    struct fixture *f = &trial->place->fixture;
    enum keyward_status status = keyward_open(&f->store, f->path, &f->options);

    trial->outcome = OUTCOME_REFUSED;
    trial->opened_deleted = false;
    trial->wrong[0] = '\0';
    require_allowed(trial, "opening", BIT(status), OPENING);
    if (status == KEYWARD_OK)
        run_opened(trial);
    keyward_close(&f->store);
}
