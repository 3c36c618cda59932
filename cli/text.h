/* SPDX-License-Identifier: MIT */
/* Text as a terminal shows it: how wide it is, and without what could take the terminal over. */
#ifndef KEYWARD_CLI_TEXT_H
#define KEYWARD_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Chooses a locale that knows UTF-8, which all of the store's text is. Call it first. */
void text_start(void);

/* A copy in which every byte of what is not plainly visible (control characters, ESC among them,
 * marks that turn the direction of writing, bytes that are no UTF-8) stands as \xNN. */
char *text_visible(const char *text);

/* The columns that visible text takes. */
size_t text_width(const char *text);

/* The bytes of visible text that fit into so many columns, and how many these take. */
size_t text_fit(const char *text, size_t columns, size_t *width);

/* Whether it can go to a terminal as it is; line ends and tabs count as harmless. */
bool text_is_harmless(const char *text, size_t length);

#endif
