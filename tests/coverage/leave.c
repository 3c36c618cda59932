/* SPDX-License-Identifier: MIT */
/* Counts are written at exit, which a child that a test forked leaves out. The linker leads its
 * _exit() here (--wrap), in a build that counts. */
#include <unistd.h>

int __llvm_profile_write_file(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

void __wrap__exit(int status)
{
    __llvm_profile_write_file();
    __real__exit(status);
}
