/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

int main(void)
{
    char *volatile bytes = malloc(8);

    if (!PLANTED)
        free(bytes);
    bytes = NULL; /* what still points somewhere is no leak */
    return 0;
}
