/* SPDX-License-Identifier: MIT */
/*
 * A page of SQLite's file format, as far as it concerns what no cell of it uses any more. SQLite
 * leaves there what stood there before: when it splits a page, parts of cells that are elsewhere
 * now, and of sealed secrets with them.
 */
#ifndef KEYWARD_CONNECTION_PAGE_H
#define KEYWARD_CONNECTION_PAGE_H

#include <stdbool.h>
#include <stddef.h>

/* Zeros what is unused in a page of a B-tree; `is_first` of the file. Any other page, and one whose
 * numbers do not add up, is left as it is: the first byte of an overflow page is that of a page's
 * number, and so this is for files of less than 2^25 pages. */
void page_clean(unsigned char *page, size_t length, bool is_first);

#endif
