/* SPDX-License-Identifier: MIT */
/* What must not reach a terminal. */
#ifndef KEYWARD_TESTS_FUZZ_VISIBLE_H
#define KEYWARD_TESTS_FUZZ_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>

/* There is no control character in it (C0, DEL, C1) but line ends, and no mark that turns the
 * direction of writing: looked for by their bytes, without a library's tables. */
bool is_visible(const char *text, size_t length);

/* The same where the command's own colours and progress bars may stand. */
bool is_fit_for_terminal(const char *text, size_t length);

#endif
