/* SPDX-License-Identifier: MIT */
/* What a function that was called has left behind. */
#ifndef KEYWARD_BASE_STACK_H
#define KEYWARD_BASE_STACK_H

/* Wipes what libsodium's functions, called from where this is called, have left on the stack below
 * and in registers: they wipe their variables, but not where the compiler has put them meanwhile.
 */
void stack_wipe(void);

#endif
