/* SPDX-License-Identifier: MIT */
/* What a long test has counted, shown after all that Check says: the last line of a campaign. */
#ifndef KEYWARD_TESTS_FIGURES_H
#define KEYWARD_TESTS_FIGURES_H

#include <check.h>

/* run_suite(), and then the figures, if a test has set any. */
int run_suite_with_figures(Suite *suite);

__attribute__((format(printf, 1, 2))) void figures_set(const char *format, ...);

#endif
