/* SPDX-License-Identifier: MIT */
/* audit publish: the log as files for a static web server. */
#include "commands.h"
#include "failure.h"
#include "log.h"
#include "memory.h"
#include "publish.h"
#include "tile_folder.h"
#include "values.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- what was published before ---- */

/* Its size; 0: nothing was. A folder of another log, or of a later state of this one, is left
 * alone: two logs under one name are what nobody must ever see. */
static enum keyward_status find_published(struct session *session, const char *folder, int64_t size,
                                          int64_t *published)
{
    char *path = format_text("%s/checkpoint", folder);
    struct text_file old = {.path = NULL};
    keyward_text *proof = NULL;
    struct stat about;
    enum keyward_status status = KEYWARD_OK;

    *published = 0;
    if (stat(path, &about) == 0) {
        status = text_file_read(&old, path);
        if (status == KEYWARD_OK)
            status = log_continues(session, &old, size, &proof);
        if (status == KEYWARD_OK)
            *published = checkpoint_size(old.bytes);
        else
            failure_add("nothing was published");
    }
    keyward_text_free(&proof);
    text_file_free(&old);
    free(path);
    return status;
}

/* ---- publishing ---- */

static enum keyward_status write_tiles(struct session *session, struct tile_folder *folder,
                                       int64_t published, int64_t size)
{
    const keyward_publication publication = {.published_size = published,
                                             .checkpoint_size = size,
                                             .write = tile_folder_write,
                                             .write_context = folder};
    enum keyward_status status;

    progress_begin(&folder->progress, "publishing files", !session->quiet);
    status = keyward_audit_publish(session->store, &session->actor, &publication);
    progress_end(&folder->progress);
    if (folder->status != KEYWARD_OK) /* which has noted more than that it was cancelled */
        return folder->status;
    if (status == KEYWARD_CANCELLED)
        return fail(status, "stopped; what is written stays, and the next time goes on from there");
    return checked(session->store, status);
}

/* What was appended since is no part of it, which is easily overlooked. */
static void remark_rest(struct session *session, int64_t size)
{
    const keyward_event_query newest = {.limit = 1};
    keyward_event_list *found = NULL;

    if (keyward_list_events(session->store, &session->actor, &newest, &found) == KEYWARD_OK &&
        found->count > 0 && found->events[0]->sequence > size)
        remark(session,
               "event %" PRId64 ", the newest, is not in it: sign it with 'keyward audit "
               "checkpoint' and publish again",
               found->events[0]->sequence);
    keyward_event_list_free(&found);
}

static void print_published(struct session *session, const struct tile_folder *folder,
                            int64_t published, int64_t size)
{
    if (session->json) {
        json_t *object = json_success();
        json_put_text(object, "folder", folder->path);
        json_put(object, "size", json_integer(size));
        json_put(object, "published_size", json_integer(published));
        json_put(object, "files_written", json_integer(folder->written));
        json_put(object, "files_kept", json_integer(folder->kept));
        json_print(&object, stdout);
        return;
    }
    tell(session,
         "%s has the log up to event %" PRId64 ": %" PRId64 " files written, %" PRId64
         " were there",
         folder->path, size, folder->written, folder->kept);
    remark_rest(session, size);
}

enum keyward_status publish(struct session *session, const char *path, int64_t size)
{
    struct tile_folder folder = {.fd = -1};
    keyward_text *proof = NULL;
    const char *checkpoint;
    int64_t published = 0;
    enum keyward_status status = log_checkpoint(session, size, &proof, &checkpoint);

    if (status == KEYWARD_OK) /* from now on this one, whatever is signed meanwhile */
        size = checkpoint_size(checkpoint);
    keyward_text_free(&proof);
    if (status == KEYWARD_OK)
        status = tile_folder_open(&folder, path);
    if (status == KEYWARD_OK)
        status = find_published(session, path, size, &published);
    if (status == KEYWARD_OK)
        status = write_tiles(session, &folder, published, size);
    if (status == KEYWARD_OK)
        print_published(session, &folder, published, size);
    tile_folder_close(&folder);
    return status;
}

static enum keyward_status run_publish(struct session *session)
{
    int64_t size = 0;
    enum keyward_status status = option_number(session, OPTION_CHECKPOINT, 1, INT64_MAX, &size);

    if (status == KEYWARD_OK)
        status = session_open(session);
    return status == KEYWARD_OK ? publish(session, operand(session, 0), size) : status;
}

const struct command command_audit_publish = {
    .name = "audit publish",
    .usage = {"FOLDER"},
    .summary = "write the log for a static web server",
    .help =
        "Writes the log as far as its newest checkpoint, or that of --checkpoint, covers it, as\n"
        "files that any static web server can hand out (c2sp.org/tlog-tiles): a monitor reads and\n"
        "checks all of it from there. FOLDER is made if it is missing. What was published before\n"
        "its own file 'checkpoint' says: the log must continue that (exit code 29 if it does\n"
        "not), and only what is new is written, 'checkpoint' last. Each file appears when it is\n"
        "whole, so that it may be served meanwhile; after Ctrl-C the next time goes on.\n"
        "The events are in it as 'keyward audit export' has them: mind who can read them. Host\n"
        "only.\n",
    .least = 1,
    .most = 1,
    .run = run_publish,
    .options = {OPTION_CHECKPOINT},
};
