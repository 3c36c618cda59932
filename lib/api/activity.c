/* SPDX-License-Identifier: MIT */
#include "api/arguments.h"
#include "api/call.h"
#include "base/result.h"

enum keyward_status keyward_get_activity(keyward *store, keyward_activity **activity)
{
    keyward_activity *read;
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (activity)
        *activity = NULL;
    if (status == KEYWARD_OK && !argument_is_given(error, "activity", activity))
        status = KEYWARD_INVALID;
    if (status != KEYWARD_OK)
        return call_end(error, status);
    read = result_new(sizeof *read);
    if (!read)
        return call_end(error, KEYWARD_NOMEM);
    database_activity(store->database, read);
    *activity = read;
    return call_end(error, KEYWARD_OK);
}

void keyward_activity_free(keyward_activity **activity)
{
    if (!activity)
        return;
    result_free(*activity);
    *activity = NULL;
}
