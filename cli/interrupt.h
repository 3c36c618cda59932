/* SPDX-License-Identifier: MIT */
/* Ctrl-C for work that ends in its own time: it is noted, and the work asks. */
#ifndef KEYWARD_CLI_INTERRUPT_H
#define KEYWARD_CLI_INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT and SIGTERM are noted instead of ending the program. */
void interrupt_watch(void);

bool interrupted(void);

#endif
