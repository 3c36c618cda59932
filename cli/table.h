/* SPDX-License-Identifier: MIT */
/* Tables for a person: aligned by what a terminal shows. On a terminal they shrink to its width; in
 * a pipe or a file nothing is cut. */
#ifndef KEYWARD_CLI_TABLE_H
#define KEYWARD_CLI_TABLE_H

#include "session.h"

enum style { STYLE_PLAIN, STYLE_TITLE, STYLE_FAINT, STYLE_GOOD, STYLE_BAD };

struct column {
    const char *title;
    bool is_number; /* to the right */
    size_t least;   /* it may be cut to so many columns; 0: it is never cut */
};

struct table;

struct table *table_new(const struct session *session, const struct column *columns, size_t count);

/* Adds the next cell, row after row; the text may hold anything. NULL: an empty one. */
void table_cell(struct table *table, enum style style, const char *text);

/* The same, with a text that stands for it when the terminal is too narrow. */
void table_cell_or(struct table *table, enum style style, const char *text, const char *shorter);

/* Prints the rows added since the last time; the first time, and if there are any, titles first.
 * The columns never become narrower. */
void table_print(struct table *table);

/* Rows added since the last table_print. */
size_t table_rows(const struct table *table);

void table_free(struct table **table); /* accepts NULL within */

/* Switches a style on and off on stdout; "" without colour. */
const char *style_on(const struct session *session, enum style style);
const char *style_off(const struct session *session, enum style style);

/* A line "name   value"; nothing if the value is NULL. */
void print_field(const struct session *session, const char *name, const char *value);

#endif
