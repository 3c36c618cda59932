/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

int main(void)
{
    char *volatile bytes = calloc(8, 1); /* volatile: hides the fault from the compiler */
    volatile int last = PLANTED ? 8 : 7;
    int byte = bytes ? bytes[last] : 1;

    free(bytes);
    return byte;
}
