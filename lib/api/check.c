/* SPDX-License-Identifier: MIT */
#include "operations/check.h"
#include "api/arguments.h"
#include "api/call.h"
#include "base/result.h"
#include "operations/check_report.h"

/* What stops a check of a damaged file is a finding like any other. */
static enum keyward_status conclude(const struct check *check, enum keyward_status status,
                                    const struct error *error)
{
    keyward_report *report = check->report;

    if (status == KEYWARD_CORRUPT)
        return report_finding(report, "the check could not go on", error->detail.message, NULL,
                              NULL, 0) == KEYWARD_OK
                   ? KEYWARD_CORRUPT
                   : KEYWARD_NOMEM;
    return status == KEYWARD_OK && report->findings_total > 0 ? KEYWARD_CORRUPT : status;
}

static bool checkpoint_is_given(struct error *error, const keyward_check_options *options)
{
    return !options || options->checkpoint_length == 0 ||
           argument_is_given(error, "options.checkpoint", options->checkpoint);
}

enum keyward_status keyward_check(keyward *store, const keyward_check_options *options,
                                  keyward_report **report)
{
    struct check check = {.options = options};
    struct error *error = call_begin(store);
    enum keyward_status status = store_check(store, error);

    if (report)
        *report = NULL;
    if (status == KEYWARD_OK)
        status = arguments_status(argument_is_given(error, "report", report) &&
                                  checkpoint_is_given(error, options));
    if (status != KEYWARD_OK)
        return call_end(error, status);
    check.report = report_new();
    status =
        check.report ? database_read(store->database, check_store, &check, error) : KEYWARD_NOMEM;
    if (check.report)
        status = conclude(&check, status, error);
    if (status == KEYWARD_OK || status == KEYWARD_CORRUPT)
        *report = check.report;
    else
        keyward_report_free(&check.report);
    return call_end(error, status);
}

void keyward_report_free(keyward_report **report)
{
    if (!report)
        return;
    result_free(*report);
    *report = NULL;
}
