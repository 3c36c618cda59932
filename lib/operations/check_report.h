/* SPDX-License-Identifier: MIT */
#ifndef KEYWARD_OPERATIONS_CHECK_REPORT_H
#define KEYWARD_OPERATIONS_CHECK_REPORT_H

#include <keyward/keyward.h>

/* An empty report, or NULL; freed with result_free(). */
keyward_report *report_new(void);

/* Adds a finding, "problem" or "problem: detail"; past the first thousand it is only counted.
 * KEYWARD_OK or KEYWARD_NOMEM. */
enum keyward_status report_finding(keyward_report *report, const char *problem, const char *detail,
                                   const char *repo_id, const char *key_id, int64_t sequence);

#endif
