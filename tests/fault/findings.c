/* SPDX-License-Identifier: MIT */
#include "fault/findings.h"
#include "operations/check_report.h"
#include "support/fixture.h"

#define TRIED 3

static int calls, failing; /* which one fails; 0: none */

enum keyward_status __real_report_finding(keyward_report *report, const char *problem,
                                          const char *detail, const char *repo_id,
                                          const char *key_id, int64_t sequence);
enum keyward_status __wrap_report_finding(keyward_report *report, const char *problem,
                                          const char *detail, const char *repo_id,
                                          const char *key_id, int64_t sequence);

enum keyward_status __wrap_report_finding(keyward_report *report, const char *problem,
                                          const char *detail, const char *repo_id,
                                          const char *key_id, int64_t sequence)
{
    if (++calls == failing)
        return KEYWARD_NOMEM;
    return __real_report_finding(report, problem, detail, repo_id, key_id, sequence);
}

void assert_findings_need_memory(keyward *store, const keyward_check_options *options)
{
    keyward_report *report = NULL;
    enum keyward_status status;

    for (failing = 1; failing <= TRIED; failing++) {
        calls = 0;
        status = keyward_check(store, options, &report);
        if (calls < failing)
            break;
        assert_status(store, status, KEYWARD_NOMEM);
        ck_assert_ptr_null(report);
    }
    ck_assert_int_gt(failing, 1); /* there was one to fail */
    failing = 0;
    keyward_report_free(&report);
}
