/* SPDX-License-Identifier: MIT */
#include "operations/uses.h"
#include "api/call.h"
#include "operations/use_keep.h"

/* What others make due meanwhile is not waited for. */
enum keyward_status store_flush_uses(keyward *store, struct error *error)
{
    size_t due = uses_make_all_due(store->services.uses);
    enum keyward_status status = KEYWARD_OK;

    for (size_t kept = 0; status == KEYWARD_OK && kept < due; kept += USES_AT_ONCE)
        status = store_write(store, use_keep, store->services.uses, error);
    return status;
}

enum keyward_status keyward_flush_uses(keyward *store)
{
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (status == KEYWARD_OK)
        status = store_flush_uses(store, error);
    return call_end(error, status);
}
