/* SPDX-License-Identifier: MIT */
/* init, check, stats, backup: the store as a whole. */
#include "commands.h"
#include "failure.h"
#include "json.h"
#include "memory.h"
#include "progress.h"
#include "text_file.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- init ---- */

static const char *master_key_path(const struct session *session)
{
    return session->options.master_key_file;
}

static void print_init(const struct session *session, bool made_master_key)
{
    if (session->json) {
        json_t *object = json_success();
        json_put_text(object, "store", session->store_path);
        json_put_text(object, "master_key_file", master_key_path(session));
        json_put(object, "made_master_key", json_boolean(made_master_key));
        json_print(&object, stdout);
        return;
    }
    if (made_master_key)
        tell(session, "made the master key %s: keep a copy apart; without it no secret opens",
             master_key_path(session));
    tell(session, "made the store %s", session->store_path);
}

static enum keyward_status run_init(struct session *session)
{
    bool unique = option_given(session, OPTION_UNIQUE_NAMES),
         are_free = option_given(session, OPTION_FREE_NAMES), made_master_key = false;
    enum keyward_status status = KEYWARD_OK;

    if (unique && are_free)
        return fail_usage("--unique-names and --free-names exclude each other");
    if (unique)
        session->options.names = KEYWARD_NAMES_UNIQUE;
    else if (are_free)
        session->options.names = KEYWARD_NAMES_FREE;
    status = session_create(session, &made_master_key);
    if (status == KEYWARD_OK)
        print_init(session, made_master_key);
    else if (made_master_key)
        failure_add("the master key %s was made all the same", master_key_path(session));
    return status;
}

/* ---- check ---- */

static void print_findings(const struct session *session, const keyward_report *report)
{
    static const struct column columns[] = {
        {"REPOSITORY", false, 10}, {"KEY", false, 0}, {"EVENT", true, 0}, {"PROBLEM", false, 0}};
    struct table *table = table_new(session, columns, 4);

    for (size_t i = 0; i < report->count; i++) {
        const keyward_finding *finding = report->findings[i];
        char event[24] = "";
        if (finding->sequence != 0)
            snprintf(event, sizeof event, "%lld", (long long)finding->sequence);
        table_cell(table, STYLE_PLAIN, finding->repo_id);
        table_cell(table, STYLE_PLAIN, finding->key_id);
        table_cell(table, STYLE_PLAIN, event);
        table_cell(table, STYLE_BAD, finding->problem);
    }
    table_print(table);
    table_free(&table);
}

static void print_report_json(const keyward_report *report)
{
    json_t *object = json_object(), *findings = json_array();

    for (size_t i = 0; i < report->count; i++) {
        const keyward_finding *finding = report->findings[i];
        json_t *item = json_object();
        json_put_text(item, "problem", finding->problem);
        json_put_text(item, "repo_id", finding->repo_id);
        json_put_text(item, "key_id", finding->key_id);
        json_put_number(item, "sequence", finding->sequence);
        json_array_append_new(findings, item);
    }
    json_put(object, "success", json_boolean(report->findings_total == 0));
    json_put(object, "keys_checked", json_integer(report->keys_checked));
    json_put(object, "events_checked", json_integer(report->events_checked));
    json_put(object, "findings_total", json_integer(report->findings_total));
    json_put(object, "findings", findings);
    json_print(&object, stdout);
}

static void print_report(const struct session *session, const keyward_report *report)
{
    if (session->json) {
        print_report_json(report);
        return;
    }
    print_findings(session, report);
    tell(session, "%lld keys and %lld events checked, %lld problems",
         (long long)report->keys_checked, (long long)report->events_checked,
         (long long)report->findings_total);
}

static enum keyward_status check(struct session *session, const struct text_file *checkpoint)
{
    struct progress progress;
    const keyward_check_options options = {.progress = progress_step,
                                           .progress_context = &progress,
                                           .checkpoint = checkpoint->bytes,
                                           .checkpoint_length = checkpoint->length};
    keyward_report *report = NULL;
    enum keyward_status status;

    progress_begin(&progress, "checking", !session->quiet);
    status = checked(session->store, keyward_check(session->store, &options, &report));
    progress_end(&progress);
    if (report)
        print_report(session, report);
    keyward_report_free(&report);
    return status;
}

static enum keyward_status run_check(struct session *session)
{
    struct text_file checkpoint;
    enum keyward_status status =
        text_file_read(&checkpoint, option_text(session, OPTION_CHECKPOINT_FILE));

    if (status == KEYWARD_OK)
        status = session_open(session);
    if (status == KEYWARD_OK)
        status = check(session, &checkpoint);
    text_file_free(&checkpoint);
    return status;
}

/* ---- stats ---- */

static char *human_bytes(int64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes / 1024;
    int unit = 0;

    if (bytes < 1024)
        return format_text("%lld bytes", (long long)bytes);
    for (; value >= 1024 && unit < 3; unit++)
        value /= 1024;
    return format_text("%.1f %s (%lld bytes)", value, units[unit], (long long)bytes);
}

__attribute__((format(printf, 3, 4))) static void field(const struct session *session,
                                                        const char *name, const char *format, ...)
{
    va_list values;
    char *text;

    va_start(values, format);
    text = format_text_list(format, values);
    va_end(values);
    print_field(session, name, text);
    free(text);
}

static void print_stats(const struct session *session, const keyward_stats *stats)
{
    char first[MOMENT_SIZE], last[MOMENT_SIZE], *bytes = human_bytes(stats->file_bytes);

    field(session, "store", "%s", session->store_path);
    field(session, "created", "%s", when(session, stats->created_at, first));
    field(session, "size", "%s", bytes);
    field(session, "live keys", "%lld, %lld of them expired", (long long)stats->live_keys,
          (long long)stats->expired_keys);
    field(session, "deleted keys", "%lld, %lld of them purged", (long long)stats->deleted_keys,
          (long long)stats->purged_keys);
    field(session, "repositories", "%lld", (long long)stats->repositories);
    field(session, "users", "%lld", (long long)stats->users);
    if (stats->events > 0)
        field(session, "events", "%lld, from %s to %s", (long long)stats->events,
              when(session, stats->first_event_at, first),
              when(session, stats->last_event_at, last));
    else
        field(session, "events", "none");
    field(session, "names", "%s",
          stats->unique_names ? "unique among a repository's live keys" : "free");
    field(session, "data keys", "%lld", (long long)stats->data_keys);
    field(session, "schema", "%d", stats->schema_version);
    free(bytes);
}

static void print_stats_json(const struct session *session, const keyward_stats *stats)
{
    json_t *object = json_success();

    json_put_text(object, "store", session->store_path);
    json_put(object, "live_keys", json_integer(stats->live_keys));
    json_put(object, "expired_keys", json_integer(stats->expired_keys));
    json_put(object, "deleted_keys", json_integer(stats->deleted_keys));
    json_put(object, "purged_keys", json_integer(stats->purged_keys));
    json_put(object, "repositories", json_integer(stats->repositories));
    json_put(object, "users", json_integer(stats->users));
    json_put(object, "events", json_integer(stats->events));
    json_put_number(object, "first_event_at", stats->first_event_at);
    json_put_number(object, "last_event_at", stats->last_event_at);
    json_put(object, "data_keys", json_integer(stats->data_keys));
    json_put(object, "file_bytes", json_integer(stats->file_bytes));
    json_put(object, "schema_version", json_integer(stats->schema_version));
    json_put(object, "unique_names", json_boolean(stats->unique_names));
    json_put(object, "created_at", json_integer(stats->created_at));
    json_print(&object, stdout);
}

static enum keyward_status run_stats(struct session *session)
{
    keyward_stats *stats = NULL;
    enum keyward_status status = session_open(session);

    if (status == KEYWARD_OK)
        status = checked(session->store, keyward_get_stats(session->store, &stats));
    if (status == KEYWARD_OK && session->json)
        print_stats_json(session, stats);
    else if (status == KEYWARD_OK)
        print_stats(session, stats);
    keyward_stats_free(&stats);
    return status;
}

/* ---- backup ---- */

static enum keyward_status run_backup(struct session *session)
{
    const char *path = operand(session, 0);
    struct progress progress;
    const keyward_backup_options options = {progress_step, &progress};
    enum keyward_status status = session_open(session);

    if (status != KEYWARD_OK)
        return status;
    progress_begin(&progress, "backing up", !session->quiet);
    status = checked(session->store, keyward_backup(session->store, path, &options));
    progress_end(&progress);
    if (status == KEYWARD_OK && session->json) {
        json_t *object = json_success();
        json_put_text(object, "file", path);
        json_print(&object, stdout);
    }
    if (status == KEYWARD_OK)
        tell(session, "%s is a copy of %s; it opens with the master key of today", path,
             session->store_path);
    return status;
}

const struct command command_init = {
    .name = "init",
    .usage = {""},
    .summary = "make a store and its master key",
    .help = "Makes the store (--store, default keys.db) and, if it is to be a file and there is\n"
            "none, the master key (--master-key-file, default master.key). What exists is never\n"
            "touched. Lose the master key and every secret is lost; whoever has it and the store\n"
            "can open them all.\n",
    .least = 0,
    .most = 0,
    .run = run_init,
    .options = {OPTION_UNIQUE_NAMES, OPTION_FREE_NAMES},
};

const struct command command_check = {
    .name = "check",
    .usage = {""},
    .summary = "check the store for damage and tampering",
    .help =
        "Checks the whole store while others go on: its file, its schema, every sealed secret,\n"
        "every event, and the audit log's tree of hashes, made anew from the events, against\n"
        "every checkpoint that was signed. Exit code 0: nothing is wrong; 12: the table says\n"
        "what is. Ctrl-C stops it.\n"
        "That the whole store was replaced by an older or another one only a checkpoint can\n"
        "tell that was kept elsewhere: give it with --checkpoint.\n",
    .least = 0,
    .most = 0,
    .run = run_check,
    .options = {OPTION_CHECKPOINT_FILE},
};

const struct command command_stats = {
    .name = "stats",
    .usage = {""},
    .summary = "count what the store holds",
    .help = "Counts keys, repositories, users and events. It reads every key.\n",
    .least = 0,
    .most = 0,
    .run = run_stats,
};

const struct command command_backup = {
    .name = "backup",
    .usage = {"FILE"},
    .summary = "copy the store while others use it",
    .help = "Copies the store as it is at one moment into FILE, which must not exist yet. FILE\n"
            "appears when it is complete; Ctrl-C stops, and there is no copy then. To restore,\n"
            "use the copy as --store, with the master key of today.\n",
    .least = 1,
    .most = 1,
    .run = run_backup,
};
