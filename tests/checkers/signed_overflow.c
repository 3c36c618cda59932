/* SPDX-License-Identifier: MIT */
#include <limits.h>

int main(void)
{
    volatile int number = PLANTED ? INT_MAX : 0; /* volatile: hides the fault from the compiler */

    number = number + 1;
    return 0;
}
