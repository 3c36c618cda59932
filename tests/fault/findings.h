/* SPDX-License-Identifier: MIT */
/* A check that has no memory for what it finds. The linker leads report_finding() here (--wrap). */
#ifndef KEYWARD_TESTS_FAULT_FINDINGS_H
#define KEYWARD_TESTS_FAULT_FINDINGS_H

#include <keyward/keyward.h>

/* Checks a damaged store again and again, each time with another of its findings failing for want
 * of memory, the first 3 at most: the check must say so and hand out nothing. */
void assert_findings_need_memory(keyward *store, const keyward_check_options *options);

#endif
