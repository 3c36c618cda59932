/* SPDX-License-Identifier: MIT */
/* Runs the keyward command as a person does: at a pseudo-terminal of its own. */
#ifndef KEYWARD_TESTS_DIALOG_H
#define KEYWARD_TESTS_DIALOG_H

#include "support/fixture.h"

struct dialog_options {
    const char *folder;         /* to run it in */
    int columns;                /* of the terminal; 0: 80 */
    const char *in, *out, *err; /* files instead of the terminal; NULL: the terminal */
    bool is_interrupted;        /* SIGINT waits for it from the beginning */
    const char *const *arguments;
};

struct dialog;

struct dialog *dialog_start(const struct dialog_options *options);

/* Reads until this text comes, after all that was expected before. */
void dialog_expect(struct dialog *dialog, const char *text);

void dialog_type(struct dialog *dialog, const char *text);

/* Whether the terminal shows what is typed, and edits lines. */
bool dialog_echoes(struct dialog *dialog);

/* Sends the program a signal. */
void dialog_signal(struct dialog *dialog, int number);

/* Waits for its end: the exit code, or 128 + the signal that ended it. The terminal is there still.
 */
int dialog_wait(struct dialog *dialog);

/* All that the terminal has shown. */
const char *dialog_screen(const struct dialog *dialog);

void dialog_free(struct dialog **dialog);

#define DIALOG(fixture, ...)                                           \
    dialog_start(&(struct dialog_options){.folder = (fixture)->folder, \
                                          .arguments = (const char *const[]){__VA_ARGS__, NULL}})

#endif
