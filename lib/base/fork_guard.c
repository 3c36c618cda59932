/* SPDX-License-Identifier: MIT */
#include "base/fork_guard.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARD_SIZE 1 /* rounded up to a page by the kernel */

bool fork_guard_init(struct fork_guard *guard)
{
    guard->process = (long)getpid();
    guard->page = NULL;
#ifdef MADV_WIPEONFORK
    unsigned char *page =
        mmap(NULL, GUARD_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    if (madvise(page, GUARD_SIZE, MADV_WIPEONFORK) != 0) {
        munmap(page, GUARD_SIZE); /* an older kernel: getpid() will do */
        return true;
    }
    page[0] = 1;
    guard->page = page;
#endif
    return true;
}

bool fork_guard_is_ours(const struct fork_guard *guard)
{
    return guard->page ? guard->page[0] == 1 : guard->process == (long)getpid();
}

void fork_guard_release(struct fork_guard *guard)
{
    if (guard->page)
        munmap((void *)(size_t)guard->page, GUARD_SIZE);
    guard->page = NULL;
}
