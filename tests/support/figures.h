/* SPDX-License-Identifier: MIT */
/* What a long test has counted, shown after all that Check says: the last line of a campaign. */
#ifndef KEYWARD_TESTS_FIGURES_H
#define KEYWARD_TESTS_FIGURES_H

/* Before the suite runs: its tests have processes of their own. */
void figures_init(void);

/* For a test to set, and for main() to show; nothing is shown where nothing was set. */
__attribute__((format(printf, 1, 2))) void figures_set(const char *format, ...);
void figures_show(void);

#endif
