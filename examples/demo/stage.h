/* SPDX-License-Identifier: MIT */
/* What a person sees of the demo, and the time that passes in it. */
#ifndef KEYWARD_DEMO_STAGE_H
#define KEYWARD_DEMO_STAGE_H

#include <keyward/keyward.h>

/* Escapes of a terminal, "" where there is none. */
extern const char *bold, *dim, *green, *red, *plain;

void choose_colours(void);
void chapter(const char *title);

/* Shows a promise and whether it held. */
void promise(bool kept, const char *text);

/* Shows who tried what, the answer, and whether it is the one that was promised. */
void answer(keyward *store, const char *attempt, enum keyward_status got,
            enum keyward_status wanted);

/* How many promises have not held. */
int broken_promises(void);

/* For what the demo cannot go on without. */
void must(keyward *store, enum keyward_status status, const char *what);

/* "12:34:56.789Z" */
const char *clock_time(int64_t milliseconds, char text[32]);

void print_hex(const char *label, const unsigned char *bytes, size_t shown, size_t length);

/* The store's clock: the system's, and what was let pass. */
int64_t stage_clock(void *context);
void let_pass(int64_t milliseconds, const char *how_long);

#endif
