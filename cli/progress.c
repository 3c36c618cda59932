/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include "interrupt.h"
#include "terminal.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR 30
#define REDRAW 100 /* ms between two drawings: faster than one reads */

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void draw(struct progress *progress, int64_t done, int64_t total)
{
    char bar[BAR + 1];
    int filled = total > 0 && done < total ? (int)((double)done / (double)total * BAR) : BAR;

    progress->drawn_at = milliseconds();
    for (int i = 0; i < BAR; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR] = '\0';
    if (total > 0)
        fprintf(stderr, "\r%s [%s] %3d %%\033[K", progress->label, bar, filled * 100 / BAR);
    else
        fprintf(stderr, "\r%s %lld\033[K", progress->label, (long long)done);
    fflush(stderr);
}

void progress_begin(struct progress *progress, const char *label, bool wanted)
{
    progress->label = label;
    progress->is_shown = wanted && terminal_is(STDERR_FILENO);
    interrupt_watch();
    if (progress->is_shown)
        draw(progress, 0, 1);
}

int progress_step(void *context, int64_t done, int64_t total)
{
    struct progress *progress = context;

    if (progress->is_shown && milliseconds() - progress->drawn_at >= REDRAW)
        draw(progress, done, total);
    return interrupted() ? 1 : 0;
}

void progress_end(struct progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", stderr);
    progress->is_shown = false;
}
