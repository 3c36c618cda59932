/* SPDX-License-Identifier: MIT */
#include "operations/check_report.h"
#include "base/result.h"

#include <stdio.h>
#include <string.h>

#define FINDINGS_KEPT ((size_t)1000)

keyward_report *report_new(void)
{
    keyward_report *report = result_new(sizeof *report);

    if (report)
        report->findings = result_alloc(report, FINDINGS_KEPT * sizeof *report->findings);
    if (report && !report->findings) {
        result_free(report);
        report = NULL;
    }
    return report;
}

enum keyward_status report_finding(keyward_report *report, const char *problem, const char *detail,
                                   const char *repo_id, const char *key_id, int64_t sequence)
{
    /* The report made this array, writable, in report_new(). */
    const keyward_finding **findings = (const keyward_finding **)(size_t)report->findings;
    keyward_finding *finding;
    char line[256];
    bool complete = true;

    report->findings_total++;
    if (report->count == FINDINGS_KEPT)
        return KEYWARD_OK;
    finding = result_alloc(report, sizeof *finding);
    if (!finding)
        return KEYWARD_NOMEM;
    snprintf(line, sizeof line, "%s%s%s", problem, detail ? ": " : "", detail ? detail : "");
    finding->problem = result_keep(report, line, &complete);
    finding->repo_id = result_keep(report, repo_id, &complete);
    finding->key_id = result_keep(report, key_id, &complete);
    finding->sequence = sequence;
    findings[report->count++] = finding;
    return complete ? KEYWARD_OK : KEYWARD_NOMEM;
}
