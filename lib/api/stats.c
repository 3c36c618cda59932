/* SPDX-License-Identifier: MIT */
#include "operations/stats.h"
#include "api/arguments.h"
#include "api/call.h"
#include "base/result.h"

enum keyward_status keyward_get_stats(keyward *store, keyward_stats **stats)
{
    keyward_stats *counted = NULL;
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (stats)
        *stats = NULL;
    if (status == KEYWARD_OK && !argument_is_given(error, "stats", stats))
        status = KEYWARD_INVALID;
    if (status == KEYWARD_OK) {
        counted = result_new(sizeof *counted);
        status =
            counted ? database_read(store->database, stats_read, counted, error) : KEYWARD_NOMEM;
    }
    if (status == KEYWARD_OK)
        *stats = counted;
    else
        keyward_stats_free(&counted);
    return call_end(error, status);
}

void keyward_stats_free(keyward_stats **stats)
{
    if (!stats)
        return;
    result_free(*stats);
    *stats = NULL;
}
