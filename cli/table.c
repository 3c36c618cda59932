/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "memory.h"
#include "terminal.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GAP 2

struct cell {
    char *text, *shorter; /* visible; `shorter` may be NULL */
    enum style style;
};

struct state {
    size_t width, shorter_width; /* of the widest cell, in either form */
    size_t printed_width;        /* as chosen */
    bool is_short;
};

struct table {
    const struct session *session;
    const struct column *columns;
    size_t column_count, cell_count, room;
    struct cell *cells;
    struct state *states;
    bool is_titled;
};

/* ---- styles ---- */

static const char *const codes[] = {
    [STYLE_PLAIN] = "",        [STYLE_TITLE] = "\033[1m", [STYLE_FAINT] = "\033[2m",
    [STYLE_GOOD] = "\033[32m", [STYLE_BAD] = "\033[31m",
};

const char *style_on(const struct session *session, enum style style)
{
    return session->color ? codes[style] : "";
}

const char *style_off(const struct session *session, enum style style)
{
    return session->color && style != STYLE_PLAIN ? "\033[0m" : "";
}

void print_field(const struct session *session, const char *name, const char *value)
{
    char *visible;

    if (!value)
        return;
    visible = text_visible(value);
    printf("%s%-14s%s  %s\n", style_on(session, STYLE_FAINT), name, style_off(session, STYLE_FAINT),
           visible);
    free(visible);
}

/* ---- gathering ---- */

struct table *table_new(const struct session *session, const struct column *columns, size_t count)
{
    struct table *table = allocate(1, sizeof *table);

    table->session = session;
    table->columns = columns;
    table->column_count = count;
    table->states = allocate(count, sizeof *table->states);
    for (size_t i = 0; i < count; i++)
        table->states[i].width = table->states[i].shorter_width = text_width(columns[i].title);
    return table;
}

static size_t max(size_t a, size_t b)
{
    return a > b ? a : b;
}

void table_cell_or(struct table *table, enum style style, const char *text, const char *shorter)
{
    struct state *state = &table->states[table->cell_count % table->column_count];
    struct cell *cell;

    if (table->cell_count == table->room) {
        table->room = max(64, table->room * 2);
        table->cells = reallocate(table->cells, table->room, sizeof *table->cells);
    }
    cell = &table->cells[table->cell_count++];
    cell->style = style;
    cell->text = text_visible(text ? text : "");
    cell->shorter = shorter ? text_visible(shorter) : NULL;
    state->width = max(state->width, text_width(cell->text));
    state->shorter_width =
        max(state->shorter_width, text_width(cell->shorter ? cell->shorter : cell->text));
}

void table_cell(struct table *table, enum style style, const char *text)
{
    table_cell_or(table, style, text, NULL);
}

size_t table_rows(const struct table *table)
{
    return table->cell_count / table->column_count;
}

static void drop_cells(struct table *table)
{
    for (size_t i = 0; i < table->cell_count; i++) {
        free(table->cells[i].text);
        free(table->cells[i].shorter);
    }
    table->cell_count = 0;
}

void table_free(struct table **table)
{
    if (*table) {
        drop_cells(*table);
        free((*table)->cells);
        free((*table)->states);
        free(*table);
    }
    *table = NULL;
}

/* ---- fitting ---- */

static size_t total_width(const struct table *table)
{
    size_t total = (table->column_count - 1) * GAP;

    for (size_t i = 0; i < table->column_count; i++)
        total += table->states[i].printed_width;
    return total;
}

/* The widest column that may still be cut, or NULL. */
static struct state *widest(struct table *table)
{
    struct state *found = NULL;

    for (size_t i = 0; i < table->column_count; i++) {
        struct state *state = &table->states[i];
        size_t least = max(table->columns[i].least, text_width(table->columns[i].title));
        if (table->columns[i].least > 0 && state->printed_width > least &&
            (!found || state->printed_width > found->printed_width))
            found = state;
    }
    return found;
}

/* Shorter forms from the right on, as the left says what a row is about; then cuts, a little from
 * each. What still does not fit is left to the terminal to wrap. */
static void fit(struct table *table)
{
    size_t room = terminal_width(STDOUT_FILENO);
    struct state *state;

    for (size_t i = 0; i < table->column_count; i++) {
        state = &table->states[i];
        state->printed_width = state->is_short ? state->shorter_width : state->width;
    }
    if (room == 0)
        return;
    for (size_t i = table->column_count; i-- > 0 && total_width(table) > room;) {
        state = &table->states[i];
        if (state->shorter_width < state->width) {
            state->is_short = true;
            state->printed_width = state->shorter_width;
        }
    }
    while (total_width(table) > room && (state = widest(table)))
        state->printed_width--;
}

/* ---- printing ---- */

static void print_spaces(size_t count)
{
    printf("%*s", (int)count, "");
}

/* `pending` spaces stand before it: so no line ends in spaces. */
static void print_cell(const struct table *table, const char *text, enum style style, size_t column,
                       size_t *pending)
{
    size_t room = table->states[column].printed_width, width = text_width(text);
    size_t length = strlen(text);
    const char *mark = "";

    if (width > room) {
        length = text_fit(text, room - 1, &width);
        width++; /* of the mark */
        mark = "…";
    }
    if (table->columns[column].is_number)
        *pending += room - width;
    if (length > 0) {
        print_spaces(*pending);
        *pending = 0;
        printf("%s%.*s%s%s", style_on(table->session, style), (int)length, text, mark,
               style_off(table->session, style));
    } else {
        *pending += width;
    }
    if (!table->columns[column].is_number)
        *pending += room - width;
    *pending += GAP;
}

static void print_titles(const struct table *table)
{
    size_t pending = 0;

    for (size_t i = 0; i < table->column_count; i++)
        print_cell(table, table->columns[i].title, STYLE_TITLE, i, &pending);
    putchar('\n');
}

void table_print(struct table *table)
{
    size_t pending = 0;

    if (table->cell_count == 0)
        return;
    fit(table);
    if (!table->is_titled)
        print_titles(table);
    table->is_titled = true;
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t column = i % table->column_count;
        const struct cell *cell = &table->cells[i];
        bool is_short = table->states[column].is_short && cell->shorter;
        print_cell(table, is_short ? cell->shorter : cell->text, cell->style, column, &pending);
        if (column + 1 == table->column_count) {
            putchar('\n');
            pending = 0;
        }
    }
    drop_cells(table);
}
