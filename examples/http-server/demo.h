/* SPDX-License-Identifier: MIT */
/* A store to try the server with. */
#ifndef HTTP_SERVER_DEMO_H
#define HTTP_SERVER_DEMO_H

#include "options.h"

#include <stdbool.h>

/* Makes what is missing in the folder `options->demo`, prints the tokens that it makes, and sets
 * the options for files to those in it, which live as long as the program. */
bool demo_prepare(struct options *options);

#endif
