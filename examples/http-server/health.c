/* SPDX-License-Identifier: MIT */
/* For who watches the server. */
#include "handlers.h"
#include "moment.h"
#include "request.h"
#include "server.h"

#define FAILURE_COUNTS_US 10000000 /* ten seconds */

static const keyward_actor host = {.is_host = true};

/* Begins a write, as a deletion of nothing, and undoes it. */
static enum keyward_status try_to_write(keyward *store)
{
    keyward_delete_request nothing = {.repo_id = "healthz",
                                      .key_id = "00000000-0000-7000-8000-000000000000"};
    keyward_changes *changes = NULL;
    enum keyward_status status = keyward_preview_delete_keys(store, &host, &nothing, 1, &changes);

    keyward_changes_free(&changes);
    return status;
}

/* What a write that is undone cannot see, a full disk or a broken one, the last one that was not
 * has told. It counts for a while only: to whom nobody sends requests any more, none goes well. */
static bool has_failed_lately(struct server *server)
{
    int64_t failed = atomic_load(&server->write_failed);

    return failed != 0 && clock_us() - failed < FAILURE_COUNTS_US;
}

void handle_health(struct request *request, struct answer *answer)
{
    enum keyward_status status = try_to_write(request->server->store);

    if (status == KEYWARD_OK && !has_failed_lately(request->server)) {
        answer_json(answer, json_pack("{s:b, s:s}", "success", 1, "status", "ok"));
        return;
    }
    if (status != KEYWARD_OK)
        request_refuse(request, answer, status);
    if (answer->status != MHD_HTTP_SERVICE_UNAVAILABLE) {
        answer_release(answer);
        answer_failure(answer, MHD_HTTP_SERVICE_UNAVAILABLE, "The store cannot be written");
        answer->retry = true;
    }
}

void handle_metrics(struct request *request, struct answer *answer)
{
    struct server *server = request->server;
    keyward_activity *activity = NULL;
    struct text text = {0};
    enum keyward_status status = keyward_get_activity(server->store, &activity);

    if (status == KEYWARD_OK) {
        metrics_tell(&server->metrics, activity, connections_count(&server->connections), &text);
        answer_text(answer, "text/plain; version=0.0.4; charset=utf-8", &text);
    } else {
        request_refuse(request, answer, status);
    }
    keyward_activity_free(&activity);
}
