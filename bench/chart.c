/* SPDX-License-Identifier: MIT */
/* Horizontal bars in groups; the colours follow the reader's light or dark scheme. */
#include "chart.h"

#include "fail.h"
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 800
#define LEFT 250 /* where bars begin */
#define RIGHT 96 /* kept free for the figures behind them */
#define TOP 62
#define BAR 18
#define STEP 24
#define GROUP_GAP 14
#define BOTTOM 40

static const struct {
    const char *group; /* NULL: the same as above */
    const char *label, *name, *colour;
} bars[] = {
    {"keyward", "1 thread", "delete/threads=1", "own"},
    {NULL, "4 threads", "delete/threads=4", "own"},
    {NULL, "16 threads", "delete/threads=16", "own"},
    {NULL, "64 threads", "delete/threads=64", "own"},
    {NULL, "256 threads", "delete/threads=256", "own"},
    {NULL, "batch of 64", "delete/batch=64", "own"},
    {NULL, "batch of 1,024", "delete/batch=1024", "own"},
    {"its HTTP server", "1 connection", "http/connections=1", "own"},
    {NULL, "16 connections", "http/connections=16", "own"},
    {NULL, "64 connections", "http/connections=64", "own"},
    {"SQLite by hand", "1 a transaction", "floor/naive", "floor"},
    {NULL, "64 a transaction", "floor/batch=64", "floor"},
    {NULL, "1,024 a transaction", "floor/batch=1024", "floor"},
    {"PostgreSQL", "1 client", "peer/postgresql/clients=1", "peer"},
    {NULL, "16 clients", "peer/postgresql/clients=16", "peer"},
    {NULL, "64 clients", "peer/postgresql/clients=64", "peer"},
    {"Redis", "1 client", "peer/redis/clients=1", "peer"},
    {NULL, "16 clients", "peer/redis/clients=16", "peer"},
    {NULL, "64 clients", "peer/redis/clients=64", "peer"},
};
#define BARS (sizeof bars / sizeof *bars)

static const char head[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
    "role=\"img\" aria-label=\"Durable deletes a second\">\n"
    "<style>\n"
    "text { font: 13px system-ui, sans-serif; fill: #24292f }\n"
    ".title { font-size: 17px; font-weight: 600 }\n"
    ".group { font-weight: 600 }\n"
    ".faint { fill: #6e7781; font-size: 12px }\n"
    ".value { font-variant-numeric: tabular-nums }\n"
    "line { stroke: #d0d7de }\n"
    ".own { fill: #0f766e } .floor { fill: #94a3b8 } .peer { fill: #c2803a }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "text { fill: #e6edf3 } .faint { fill: #8d96a0 } line { stroke: #30363d }\n"
    ".own { fill: #2dd4bf } .floor { fill: #64748b } .peer { fill: #d9a05b }\n"
    "}\n"
    "</style>\n"
    "<text class=\"title\" x=\"16\" y=\"28\">Durable deletes a second</text>\n"
    "<text class=\"faint\" x=\"16\" y=\"47\">each with its access check and audit event, on the "
    "disk before it is answered</text>\n";

static double largest(void)
{
    double most = 1;

    for (size_t i = 0; i < BARS; i++) {
        const struct result *result = report_find(bars[i].name);
        if (result && result->per_second > most)
            most = result->per_second;
    }
    return most;
}

/* 1, 2 or 5 times a power of ten: four to nine steps to the longest bar. */
static double grid_step(double most)
{
    double power = 1, step;

    while (power * 10 <= most / 4)
        power *= 10;
    step = most / 4 / power;
    return power * (step >= 5 ? 5 : step >= 2 ? 2 : 1);
}

static double scale(double value, double most)
{
    return value / most * (WIDTH - LEFT - RIGHT);
}

static void put_grid(FILE *file, double most, int bottom)
{
    char text[COUNT_TEXT_SIZE];
    double step = grid_step(most);

    for (int i = 0; step * i <= most; i++) {
        double x = LEFT + scale(step * i, most);
        fprintf(file, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n", x, TOP, x, bottom);
        fprintf(file,
                "<text class=\"faint\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x,
                bottom + 18, count_text(step * i, text));
    }
}

static void put_bar(FILE *file, size_t i, double value, double most, int y)
{
    char text[COUNT_TEXT_SIZE];
    double length = scale(value, most);

    fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 10, y + 14,
            bars[i].label);
    fprintf(file, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n",
            bars[i].colour, LEFT, y, length, BAR);
    fprintf(file, "<text class=\"value\" x=\"%.1f\" y=\"%d\">%s</text>\n", LEFT + length + 6,
            y + 14, count_text(value, text));
}

/* Returns where the next thing would stand; without a file it only measures. */
static int put_bars(FILE *file, double most)
{
    const char *group = NULL;
    int y = TOP - GROUP_GAP + 8;

    for (size_t i = 0; i < BARS; i++) {
        const struct result *result = report_find(bars[i].name);
        group = bars[i].group ? bars[i].group : group;
        if (!result)
            continue;
        if (group)
            y += GROUP_GAP;
        if (file && group)
            fprintf(file, "<text class=\"group\" x=\"16\" y=\"%d\">%s</text>\n", y + 14, group);
        group = NULL;
        if (file)
            put_bar(file, i, result->per_second, most, y);
        y += STEP;
    }
    return y;
}

void chart_write(const char *path)
{
    FILE *file = fopen(path, "w");
    double most = largest();
    int bottom = put_bars(NULL, most);

    if (!file)
        die("%s: %s", path, strerror(errno));
    fprintf(file, head, WIDTH, bottom + BOTTOM, WIDTH, bottom + BOTTOM);
    put_grid(file, most, bottom);
    put_bars(file, most);
    fputs("</svg>\n", file);
    if (fclose(file) != 0)
        die("%s: %s", path, strerror(errno));
}
