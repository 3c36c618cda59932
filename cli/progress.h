/* SPDX-License-Identifier: MIT */
/* A bar on stderr for what takes a while: only when stderr is a terminal. Ctrl-C stops the work. */
#ifndef KEYWARD_CLI_PROGRESS_H
#define KEYWARD_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *label;
    bool is_shown;
    int64_t drawn_at; /* ms of a clock that only goes forward */
};

/* Draws it empty if `wanted` and stderr is a terminal, and begins to watch for Ctrl-C. */
void progress_begin(struct progress *progress, const char *label, bool wanted);

/* The library's callback, with a struct progress: 0, or 1 after Ctrl-C. `total` 0: not known. */
int progress_step(void *progress, int64_t done, int64_t total);

/* Takes it off the terminal. */
void progress_end(struct progress *progress);

#endif
