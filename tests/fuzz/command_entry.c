/* SPDX-License-Identifier: MIT */
/* The command's main function under a name that a fuzzer can call. */
int keyward_main(int argc, char **argv);

#define main keyward_main
#include "../../cli/main.c"
