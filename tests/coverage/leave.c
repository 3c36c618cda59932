/* SPDX-License-Identifier: MIT */
/* A process that a test ends by _exit() leaves behind what it has counted, as exit() would: what it
 * took of the library counts as well. The name is the linker's (--wrap=_exit). */
#include <unistd.h>

int __llvm_profile_write_file(void); /* of clang's runtime */

extern __typeof__(_exit) __real__exit, __wrap__exit;

void __wrap__exit(int status)
{
    (void)__llvm_profile_write_file();
    __real__exit(status);
}
