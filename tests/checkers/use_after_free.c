/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

int main(void)
{
    char *volatile bytes = calloc(8, 1); /* volatile: hides the fault from the compiler */
    int byte;

    if (PLANTED)
        free(bytes);
    byte = bytes[0];
    if (!PLANTED)
        free(bytes);
    return byte;
}
