/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESULTS_MAX 128

static struct result results[RESULTS_MAX];
static size_t results_count;

static const char *style(const char *escape)
{
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") ? escape : "";
}

const char *count_text(double number, char text[COUNT_TEXT_SIZE])
{
    char digits[COUNT_TEXT_SIZE / 2];
    int length = snprintf(digits, sizeof digits, "%.0f", number), at = 0;

    for (int i = 0; i < length && i < (int)sizeof digits - 1; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return text;
}

static const char *time_text(double microseconds, char text[COUNT_TEXT_SIZE])
{
    static const char *const units[] = {"ns", "µs", "ms", "s"};
    double value = microseconds * 1000;
    size_t unit = 0;

    for (; unit < 3 && value >= 999.5; unit++)
        value /= 1000;
    if (microseconds <= 0)
        return "";
    snprintf(text, COUNT_TEXT_SIZE, "%.*f %s", value < 9.995 && unit > 0 ? 1 : 0, value,
             units[unit]);
    return text;
}

/* printf counts bytes; a column is as wide as its characters. */
static void print_right(const char *text, int width)
{
    int shown = 0;

    for (const char *c = text; *c; c++)
        shown += (*c & 0xc0) != 0x80;
    printf("%*s%s", width > shown ? width - shown : 0, "", text);
}

static void print_note(const char *note)
{
    if (note)
        printf("%s  %s%s\n", style("\033[2m"), note, style("\033[0m"));
    fflush(stdout);
}

void report_section(const char *title, const char *note)
{
    printf("\n%s%-40s%12s %9s %9s %9s %10s%s\n", style("\033[1m"), title, "a second", "p50", "p99",
           "p99.9", "to floor", style("\033[0m"));
    print_note(note);
}

void report_heading(const char *title, const char *note)
{
    printf("\n%s%s%s\n", style("\033[1m"), title, style("\033[0m"));
    print_note(note);
}

static void print_pages(const struct result *result)
{
    printf("  %-38s %11.2f = %4.1f KiB  %sby hand %.2f = %4.1f KiB%s\n", result->name,
           result->pages_a_delete, result->bytes_a_delete / 1024, style("\033[2m"),
           result->floor_pages_a_delete, result->floor_bytes_a_delete / 1024, style("\033[0m"));
}

static void print_extras(const struct result *result)
{
    char one[COUNT_TEXT_SIZE], other[COUNT_TEXT_SIZE];

    if (result->keyward_ratio > 0)
        printf("  %skeyward beside it: %.2f ×%s\n", style("\033[2m"), result->keyward_ratio,
               style("\033[0m"));
    if (result->bytes_a_key > 0)
        printf("  %sfile: %s bytes a key (by hand %s); memory in use: %.1f MiB%s\n",
               style("\033[2m"), count_text(result->bytes_a_key, one),
               count_text(result->floor_bytes_a_key, other), result->memory_bytes / 1048576,
               style("\033[0m"));
}

static void print_rate(const struct result *result)
{
    char text[COUNT_TEXT_SIZE];

    printf("  %-38s", result->name);
    print_right(count_text(result->per_second, text), 12);
    print_right(time_text(result->p50_us, text), 10);
    print_right(time_text(result->p99_us, text), 10);
    print_right(time_text(result->p999_us, text), 10);
    if (result->floor[0])
        printf(" %8.2f ×  %s%s %s%s", result->ratio, style("\033[2m"), result->floor,
               count_text(result->floor_per_second, text), style("\033[0m"));
    putchar('\n');
    print_extras(result);
}

void report_add(const struct result *result)
{
    if (results_count == RESULTS_MAX)
        die("too many cases");
    results[results_count++] = *result;
    if (result->pages_a_delete > 0)
        print_pages(result);
    else
        print_rate(result);
    fflush(stdout);
}

struct result report_result(const char *name, const struct contender *contender)
{
    struct result result = {
        .per_second = contender->per_second,
        .p50_us = histogram_quantile(&contender->latencies, 0.5) / 1000,
        .p99_us = histogram_quantile(&contender->latencies, 0.99) / 1000,
        .p999_us = histogram_quantile(&contender->latencies, 0.999) / 1000,
    };

    snprintf(result.name, sizeof result.name, "%s", name);
    return result;
}

void report_set_floor(struct result *result, const char *name, const struct contender *contender,
                      const struct contender *floor)
{
    snprintf(result->floor, sizeof result->floor, "%s", name);
    result->floor_per_second = floor->per_second;
    result->ratio = contest_ratio(contender, floor);
}

const struct result *report_results(size_t *count)
{
    *count = results_count;
    return results;
}

const struct result *report_find(const char *name)
{
    for (size_t i = 0; i < results_count; i++)
        if (strcmp(results[i].name, name) == 0)
            return &results[i];
    return NULL;
}
